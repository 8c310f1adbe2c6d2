"""What people do: anchor on what came in, and adjust for what they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from .plan import Plan
from .rule import Parameter, Rule, positive


@dataclass(eq=False)
class Anchoring(Rule):
    """Order the mean use, corrected for stock and supply line (Sterman 1989, "Modeling managerial behavior").

    O = max(0, L + alpha (target - S - beta SL)), with the stock S less what waits for it, and the supply line SL. The
    expected use L stays at `use` (Sterman's theta = 0). By formula: alpha = beta = 1, which is a base-stock rule with
    the level target + use; the target is the mean use over the time that an order and its goods travel.
    """

    name: ClassVar[str] = "anchoring"
    target: Parameter = None
    use: Parameter = None
    alpha: Parameter = None
    beta: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        target = plan.mean * plan.lead_time
        return {"target": np.ceil(target - 1e-9) if plan.whole else target, "use": plan.mean, "alpha": 1.0, "beta": 1.0}

    def quantities(self, view: View) -> Any:
        line = view.on_order @ self.plan.layout.into
        stock = view.inventory_position - line
        return positive(self.use + self.alpha * (self.target - stock - self.beta * line))
