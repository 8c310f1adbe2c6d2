"""Suppliers who fail: hold stock against it, go elsewhere, plan by their state, or bear it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from .base import Parameter, Rule, positive
from .base_stock import BaseStock
from .plan import PlanningData


def outlasting(plan: PlanningData) -> np.ndarray:
    """Return how many periods of an outage each stock should outlast, by costs (stocks,).

    The least n such that an outage has been on for n periods or less, or not at all, with the chance p / (p + h), which
    is optimal for steady demand (Snyder and Shen 2019, theorem 9.5; Schmitt et al. 2010). A lane's part counts by its
    share, and of several disruptions of a lane the worst.
    """
    periods = np.zeros(len(plan.stocks))
    for m, name in enumerate(plan.lanes):
        stock = int(plan.stock_of[m])
        needed = 0
        for key in plan.scenario.hit_by[name]:
            longer = np.append(plan.disruptions.outage(key), 0.0)  # P(on for more than 0, 1, ... periods)
            needed = max(needed, int(np.argmax(1.0 - longer >= plan.critical_ratio[stock] - 1e-12)))
        periods[stock] += plan.shares[m] * needed
    return periods


def undisturbed(rule: Rule) -> list[str]:
    """Return a note where nothing is ever disrupted."""
    same = f"{rule.name}: nothing is disrupted here, so it orders as base-stock does"
    return [] if rule.scenario.disruptions else [same]


def unseen(rule: Rule) -> list[str]:
    """Return a note where no disruption can be seen, for a rule that acts on what it sees."""
    same = f"{rule.name}: no disruption can be seen here (seen: hidden), so it orders as if there were none"
    return [] if rule.plan.sees_disruptions else [same]


@dataclass(eq=False)
class Acceptance(BaseStock):
    """Order up to the level that would do if no supplier ever failed, and bear disruptions as they come (Tomlin 2006).

    Passive acceptance: the cheapest where outages are rare and short. By formula the newsvendor's level.
    """

    name: ClassVar[str] = "acceptance"
    knows: ClassVar[frozenset[str]] = frozenset({"disruptions"})  # and bears them


@dataclass(eq=False)
class Mitigation(BaseStock):
    """Hold stock to outlast an outage, all the time (inventory mitigation; Tomlin 2006).

    By formula the newsvendor's level, and the mean use of as many periods of an outage as pay: an outage has lasted
    longer in no more than h / (p + h) of all periods (Snyder and Shen 2019, theorem 9.5).
    """

    name: ClassVar[str] = "mitigation"
    knows: ClassVar[frozenset[str]] = frozenset({"disruptions"})

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return {"level": plan.rounded(plan.level(plan.critical_ratio) + outlasting(plan) * plan.mean)}

    def notes(self) -> list[str]:
        return super().notes() + undisturbed(self)


@dataclass(eq=False)
class StateDependent(Rule):
    """Order up to `level` while all suppliers of a stock are up, and to `level_down` while one is not (Tomlin 2006).

    Song and Zipkin (1996b) showed that such a rule is optimal where the state of supply is seen. By formula the first
    is the level of `mitigation`, and the second the newsvendor's: what is ordered from a stopped supplier comes late,
    and all at once.
    """

    name: ClassVar[str] = "state-dependent"
    planned: ClassVar[tuple[str, ...]] = (
        "level",
        "level_down",
    )
    knows: ClassVar[frozenset[str]] = frozenset({"disruptions"})
    level: Parameter = None
    level_down: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return Mitigation().formulas(plan) | {"level_down": plan.level(plan.critical_ratio)}

    def quantities(self, view: View) -> Any:
        down = (view.available < 1.0) @ self.plan.into > 0
        return positive(np.where(down, self.level_down, self.level) - view.inventory_position)

    def notes(self) -> list[str]:
        return super().notes() + (undisturbed(self) or unseen(self))


@dataclass(eq=False)
class Rerouting(Rule):
    """Order up to `level`, from others while a supplier is known to be down (contingent rerouting; Tomlin 2006).

    What waits at a stopped supplier does not count as on order, and is ordered again elsewhere. Lanes that are up get
    their shares, or equal parts where none of them has a share; where all are down, the orders wait. By formula the
    newsvendor's level.
    """

    name: ClassVar[str] = "rerouting"
    planned: ClassVar[tuple[str, ...]] = ("level",)
    knows: ClassVar[frozenset[str]] = frozenset({"disruptions"})
    level: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return {"level": plan.level(plan.critical_ratio)}

    def __call__(self, view: View) -> Any:
        plan, into = self.plan, self.plan.into
        up = view.available >= 1.0
        elsewhere = up @ into > 0  # (paths, stocks): does any lane into it work?
        stuck = np.where(up, 0.0, view.waiting) @ into
        quantities = positive(self.level - view.inventory_position + np.where(elsewhere, stuck, 0.0))
        shares = np.where(up, plan.shares, 0.0)
        shares = np.where((shares @ into)[:, plan.stock_of] > 0, shares, up)
        shares = np.where(elsewhere[:, plan.stock_of], shares, plan.shares)
        return plan.split_over_lanes(quantities, shares / (shares @ into)[:, plan.stock_of])

    def notes(self) -> list[str]:
        return super().notes() + (undisturbed(self) or unseen(self))
