"""Just in time: order what was used, and nothing for safety."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from .plan import Plan
from .rule import Parameter, PolicyError, Rule, positive


@dataclass(eq=False)
class JustInTime(Rule):
    """Order what was used in the last period, and hold nothing for safety (lot-for-lot; Ohno 1988, Orlicky 1975).

    The line is primed once: the first order fills it up to `level`, the mean use over lead time and review. What is
    lost on the way afterwards is not replaced, and neither is what a stopped supplier could not ship and let lapse.
    """

    name: ClassVar[str] = "jit"
    level: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        return {"level": plan.level(0.5)}

    def quantities(self, view: View) -> Any:
        first = np.reshape(np.asarray(view.period) == 0, (-1, 1))
        return np.where(first, positive(self.level - view.inventory_position), view.used)


@dataclass(eq=False)
class Kanban(Rule):
    """Send a card back for each emptied container, and so order one container (Sugimori et al. 1977; Monden 2011).

    A stock has `cards` containers of `container` units on the shelf and on the way; a started container keeps its card.
    By formula: y = D (L + 1) (1 + a) / c cards with a = 10 %, and containers of a tenth of a period's use.
    """

    name: ClassVar[str] = "kanban"
    cards: Parameter = None
    container: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        tenth = plan.mean / 10.0
        container = np.maximum(np.floor(tenth + 0.5), 1.0) if plan.whole else np.where(tenth > 0, tenth, 1.0)
        if self.container is not None:
            container = self._filled("container", self.container, container, list(plan.scenario.stocks))
            if not container.all():
                raise PolicyError(f"{self.name}: container must be more than 0, got 0")
        return {"cards": np.ceil(1.1 * plan.exposed_mean() / container - 1e-9), "container": container}

    def quantities(self, view: View) -> Any:
        held = view.on_hand + view.on_order @ self.plan.layout.into
        free = self.cards - np.ceil(held / self.container - 1e-9)
        return positive(free) * self.container


@dataclass(eq=False)
class Constant(Rule):
    """Order the same every period: the takt of the line, by formula mean use (Reiman 2004 for lost sales).

    A fraction of a unit is levelled over the periods (heijunka): 0.3 a period is one unit in periods 3, 6, 9, ...
    """

    name: ClassVar[str] = "constant"
    quantity: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        return {"quantity": plan.mean}

    def quantities(self, view: View) -> Any:
        if not self.plan.whole or view.period is None:
            return np.broadcast_to(self.quantity, np.shape(view.on_hand))
        periods = np.reshape(view.period, (-1, 1))
        due = np.floor((periods + 1) * self.quantity + 1e-9) - np.floor(periods * self.quantity + 1e-9)
        return np.broadcast_to(due, np.shape(view.on_hand))
