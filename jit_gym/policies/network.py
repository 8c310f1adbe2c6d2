"""Networks: what is optimal in a line, and what people do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from .plan import Plan, quantile
from .rule import Parameter, Rule, positive


@dataclass(eq=False)
class EchelonBaseStock(Rule):
    """Order each stock, with all that it has gone into, up to a level (Clark and Scarf 1960; optimal in lines).

    A stock's echelon is what is in it, on the way to it, and contained in what it feeds, less the customers who wait.
    By formula the mean of two newsvendor's levels over the time through to the customer, for demand that is normal, at
    (b + H) / (b + h_1) and (b + H) / (b + h): holding costs of what goes into a unit H, of the unit h, and of what the
    customer gets h_1 (Shang and Song 2003, Management Science 49(5)). An assembly is a serial line in disguise (Rosling
    1989).
    """

    name: ClassVar[str] = "echelon-base-stock"
    level: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        direct = np.eye(len(plan.mean)) - np.linalg.inv(plan.content)
        h, b = plan.holding_cost, plan.shortage_cost
        inputs = np.minimum(direct @ h, h)
        ends = plan.layout.needs.any(axis=0)
        last = np.max(
            np.where(
                np.outer(ends, np.ones(len(h))).astype(bool) & (plan.content > 0),
                h[:, None] / np.maximum(plan.content, 1e-12),
                0.0,
            ),
            axis=0,
        )
        ratios = [(b + inputs) / np.where(b + cost > 0, b + cost, 1.0) for cost in (np.maximum(last, h), h)]
        z = sum(quantile(np.where(ratio > 0, ratio, 0.95)) for ratio in ratios) / 2
        exposed = plan.through + 1.0
        level = plan.mean * exposed + z * np.sqrt(exposed * plan.variance + plan.mean**2 * plan.lead_time_variance)
        return {"level": plan.rounded(np.maximum(level, 0.0))}

    def quantities(self, view: View) -> Any:
        return positive(self.level - self.plan.echelon_position(view))


@dataclass(eq=False)
class Anchoring(Rule):
    """Order the mean use, corrected for stock and supply line (Sterman 1989, "Modeling managerial behavior").

    O = max(0, L + alpha (target - S - beta SL)), with the stock S less what waits for it, and the supply line SL. The
    expected use L stays at `use` (Sterman's theta = 0). By formula: alpha = beta = 1, which is a base-stock rule with
    the level target + use; the target is the mean use over the time that an order and its goods travel.
    """

    name: ClassVar[str] = "anchoring"
    fine: ClassVar[tuple[str, ...]] = ("alpha", "beta")
    given: ClassVar[tuple[str, ...]] = ("use",)
    target: Parameter = None
    use: Parameter = None
    alpha: Parameter = None
    beta: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        target = plan.mean * plan.lead_time
        return {"target": plan.rounded(target) + 0.0, "use": plan.mean, "alpha": 1.0, "beta": 1.0}

    def quantities(self, view: View) -> Any:
        line = view.on_order @ self.plan.layout.into
        stock = view.inventory_position - line
        return positive(self.use + self.alpha * (self.target - stock - self.beta * line))
