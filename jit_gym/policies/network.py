"""Networks: what is optimal in a line, and what people do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from ..physics.formulas import base_stock_level, quantile
from .base import Parameter, Rule, StatefulRule, has_passed, positive
from .plan import PlanningData


@dataclass(eq=False)
class EchelonBaseStock(Rule):
    """Order each stock, with all that it has gone into, up to a level (Clark and Scarf 1960; optimal in lines).

    A stock's echelon is what is in it, on the way to it, and contained in what it feeds, less the customers who wait.
    By formula the mean of two newsvendor's levels over the time through to the customer, for demand that is normal, at
    (b + H) / (b + h_1) and (b + H) / (b + h): holding costs of what goes into a unit H, of the unit h, and of what the
    customer gets h_1 (Shang and Song 2003). An assembly is a serial line in disguise (Rosling 1989).
    """

    name: ClassVar[str] = "echelon-base-stock"
    planned: ClassVar[tuple[str, ...]] = ("level",)
    level: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        direct = np.eye(len(plan.mean)) - np.linalg.inv(plan.content)
        h, b = plan.holding_cost, plan.shortage_cost
        inputs = np.minimum(direct @ h, h)
        ends = plan.stocks_with_customers
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
        exposed = plan.longest_cumulative_lead_time + 1.0
        level = base_stock_level(plan.mean, plan.variance, exposed, z, plan.longest_cumulative_lead_time_variance)
        return {"level": plan.rounded(np.maximum(level, 0.0))}

    def quantities(self, view: View) -> Any:
        return positive(self.level - self.plan.echelon_position(view))


@dataclass(eq=False)
class Anchoring(StatefulRule):
    """Order the expected use, corrected for stock and supply line (Sterman 1989).

    O = max(0, L + alpha (target - S - beta SL)), with the stock S less what waits for it, and the supply line SL of
    what was ordered and has not arrived. The expected use L begins with `use` and is smoothed, L + theta (l - L), where
    l is what was asked for in the last period. `target` is his S', the target stock and beta times the target supply
    line.

    By formula alpha = beta = 1 and theta = 0, a base-stock rule with the level target + use, where the target is the
    mean use over the time that an order and its goods travel. Those who do not see the supply line have a small beta;
    the means of his estimates for the players of the beer game are theta = 0.36, alpha = 0.26, beta = 0.34 and S' = 17.
    """

    name: ClassVar[str] = "anchoring"
    shares: ClassVar[tuple[str, ...]] = ("theta",)
    fine: ClassVar[tuple[str, ...]] = ("alpha", "beta")
    given: ClassVar[tuple[str, ...]] = ("use", "theta")
    target: Parameter = None
    use: Parameter = None
    alpha: Parameter = None
    beta: Parameter = None
    theta: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        target = plan.rounded(plan.mean * plan.lead_time) + 0.0
        return {"target": target, "use": plan.mean, "alpha": 1.0, "beta": 1.0, "theta": 0.0}

    def begin(self, view: View) -> np.ndarray:
        return np.hstack([self.plan.owed(view), np.broadcast_to(self.use, view.on_hand.shape)])

    def act(self, view: View, state: np.ndarray | None) -> tuple[Any, np.ndarray]:
        assert state is not None
        owed, expected = np.hsplit(state, 2)
        theta = np.where(has_passed(view), self.theta, 0.0)
        expected = expected + theta * (self.plan.demand_last_period(view, owed) - expected)
        line = view.on_order @ self.plan.into
        stock = view.inventory_position - line
        orders = self.plan.split_over_lanes(positive(expected + self.alpha * (self.target - stock - self.beta * line)))
        return orders, np.hstack([self.plan.owed(view), expected])
