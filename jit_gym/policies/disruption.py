"""Suppliers who fail: hold stock against it, go elsewhere, plan by their state, or bear it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from .base import Parameter, Rule, positive
from .base_stock import BaseStock
from .limits import listed
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


def announced_by(plan: PlanningData, lane: str) -> list[str]:
    """Return the disruptions that hit a lane, are announced, and stop or slow it."""
    disruptions = plan.scenario.disruptions
    return [key for key in plan.scenario.hit_by[lane] if disruptions[key].announced and disruptions[key].severity > 0]


def slowed_steps(plan: PlanningData) -> np.ndarray:
    """Return in how many steps of its way a unit may wait in an announced disruption: in all, or in one (lanes,)."""
    steps = np.ones(len(plan.lanes))
    for m, name in enumerate(plan.lanes):
        if any(plan.scenario.disruptions[key].stops == "transit" for key in announced_by(plan, name)):
            steps[m] = max(plan.scenario.lanes[name].lead_time.mean, 1.0)
    return steps


def behind(plan: PlanningData, steps: np.ndarray, left: Any, lasts: Any) -> Any:
    """Return by how many periods of its use each lane falls behind while so much of it is left (..., lanes).

    A lane that stops falls behind by a period in each. One that is slowed falls behind for good only where what is left
    of its capacity is less than what is used. Elsewhere a share of what is wanted waits for the next period, again and
    again: (1 - left) / left periods, and so for each of the steps of the way where that is what is slowed.
    """
    use = np.maximum(plan.shares * plan.mean[plan.stock_of], 1e-12)
    able = np.where(left > 0, plan.most_shipped / use, 0.0) * left
    slowed = steps * (1.0 - left) / np.maximum(left, 1e-12)
    return np.maximum(np.minimum(lasts, slowed), lasts * np.clip(1.0 - able, 0.0, 1.0))


def to_bridge(plan: PlanningData) -> np.ndarray:
    """Return how many periods of use pay to be ordered for an outage that is announced, by costs (stocks,).

    The newsvendor's answer: an outage lasts no longer with the chance p / (p + h), and a lane falls behind as `behind`
    says. Of several disruptions, and of several lanes that are used, the one that takes most counts.
    """
    periods, steps = np.zeros(len(plan.stocks)), slowed_steps(plan)
    for m, name in enumerate(plan.lanes):
        stock = int(plan.stock_of[m])
        for key in announced_by(plan, name) if plan.shares[m] > 0 else ():
            left = np.full(len(plan.lanes), 1.0 - plan.scenario.disruptions[key].severity)
            lasts = plan.disruptions.lasts_no_longer_than(key, float(plan.critical_ratio[stock]))
            periods[stock] = max(periods[stock], float(behind(plan, steps, left, lasts)[m]))
    return periods


@dataclass(eq=False)
class StockUpOnWarning(Rule):
    """Order up to `level`, and from the warning of an outage until it begins for `cover` periods of use more.

    What is ordered then is to arrive before the outage, or while it lasts, and is used up in it; afterwards nothing is
    held for it. For a lane that will be slowed it is less, and of several lanes each counts by its share. With what is
    known of supply a level for each state of it is optimal (Song and Zipkin 1996b). By formula the newsvendor's level,
    and what is missing in an outage that lasts no longer with the chance p / (p + h).
    """

    name: ClassVar[str] = "stock-up-on-warning"
    planned: ClassVar[tuple[str, ...]] = ("level", "cover")
    periods: ClassVar[tuple[str, ...]] = ("cover",)
    knows: ClassVar[frozenset[str]] = frozenset({"disruptions"})
    level: Parameter = None
    cover: Parameter = None
    steps: np.ndarray = field(init=False, repr=False)

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return {"level": plan.level(plan.critical_ratio), "cover": to_bridge(plan)}

    def prepare(self) -> None:
        self.steps = slowed_steps(self.plan)

    def quantities(self, view: View) -> Any:
        plan, left = self.plan, view.outlook.min(axis=-1)
        missing = np.where(left < view.available, behind(plan, self.steps, left, self.cover[..., plan.stock_of]), 0.0)
        for_it = plan.rounded(plan.mean * ((missing * plan.shares) @ plan.into))
        return positive(self.level + for_it - view.inventory_position)

    def notes(self) -> list[str]:
        notes = super().notes()
        warned = {key for lane in self.plan.lanes for key in announced_by(self.plan, lane)}
        if not warned:
            return [*notes, f"{self.name}: no disruption is announced here, so it orders as base-stock does"]
        late = [key for key in sorted(warned) if self._comes_too_late(key)]
        if late:
            text = "is announced later than what is ordered on it arrives, so that a warning helps little"
            notes.append(f"{self.name}: {listed(late)} {text}")
        return notes

    def _comes_too_late(self, key: str) -> bool:
        """Tell whether a disruption stops what is under way, and is announced too late for it to arrive before."""
        disruption, scenario = self.scenario.disruptions[key], self.scenario
        if disruption.stops in ("ordering", "shipping"):
            return False
        hit = [lane for name, lane in scenario.lanes.items() if key in scenario.hit_by[name]]
        return all(disruption.announced <= lane.order_delay + lane.lead_time.mean for lane in hit)


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
