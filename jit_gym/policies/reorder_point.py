"""Order when the inventory position is low, and enough for a while: where an order costs something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from ..physics.formulas import quantile
from .base import Fault, Parameter, Rule, positive
from .just_in_time import reviewed, reviews_repeat
from .plan import PlanningData


def power_approximation(plan: PlanningData, review: Any = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return s and S - s by the revised power approximation (Ehrhardt and Mosier 1984b), for a review of some periods.

    It was fitted to optimal policies where customers wait, and is mostly within a percent or two of them; up to 8 % off
    where an order lasts for one and a half to three periods. Where nothing is random, or an order, a unit held or a
    unit short costs nothing, s + 1 is the newsvendor's level and S - s the economic lot.
    """
    lead_time, ratio = plan.lead_time + review - 1.0, plan.critical_ratio
    mean, held = plan.mean * review, plan.holding_cost * review
    exposed, spread = plan.exposed_mean(lead_time), plan.deviation(lead_time)
    fits = (plan.fixed_cost > 0) & (held > 0) & (ratio > 0) & (ratio < 1) & (spread > 0) & (mean > 0)
    with np.errstate(all="ignore"):
        lot = 1.30 * mean**0.494 * (plan.fixed_cost / held) ** 0.506 * (1.0 + (spread / mean) ** 2) ** 0.116
        z = np.sqrt(lot * (1.0 - ratio) / (ratio * spread))
        s = 0.973 * exposed + spread * (0.183 / z + 1.063 - 2.192 * z)
        level = exposed + quantile(ratio) * spread
        few = lot <= 1.5 * mean  # an order in nearly every review
        s, up_to = np.where(few, np.minimum(s, level), s), np.where(few, np.minimum(s + lot, level), s + lot)
    if plan.whole:
        s, up_to = np.floor(s + 0.5), np.floor(up_to + 0.5)
    s = np.maximum(s, _lowest(plan))
    unit = 1.0 if plan.whole else 0.0
    usual = point(plan, review - 1.0), np.maximum(lot_size(plan) - (review - 1.0) * plan.mean, unit)
    return np.where(fits, s, usual[0]), np.where(fits, np.maximum(up_to - s, unit), usual[1])


def point(plan: PlanningData, more: Any = 0.0) -> np.ndarray:
    """Return the reorder point by formula: a unit below the newsvendor's level, over the lead time and `more`."""
    unit = 1.0 if plan.whole else 0.0
    return np.maximum(plan.level(plan.critical_ratio, plan.lead_time + more) - unit, 0.0)


def best_point(plan: PlanningData, lot: np.ndarray) -> np.ndarray:
    """Return R for lots of a size: the mean of P(demand <= y) over positions y from R to R + Q is p / (p + h)."""
    from scipy.special import ndtr

    mean, spread = plan.exposed_mean(), np.maximum(plan.deviation(), 1e-9)
    low, high = mean - lot - 6.0 * spread, mean + 6.0 * spread

    def served(point: np.ndarray) -> np.ndarray:
        ends = [(y - mean) / spread for y in (point, point + lot)]
        first, last = (spread * (z * ndtr(z) + np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)) for z in ends)
        return (last - first) / np.maximum(lot, 1e-9)

    for _ in range(60):
        middle = 0.5 * (low + high)
        less = served(middle) < plan.critical_ratio
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return np.maximum(np.floor(high + 0.5) if plan.whole else high, _lowest(plan))


def _lowest(plan: PlanningData) -> np.ndarray:
    """Return the least reorder point: 0, or none for a stock whose customers all wait (stocks,)."""
    waits = np.array([demand.unmet == "backlog" for demand in plan.scenario.demands.values()])
    needed = plan.needs > 0
    return np.where(needed.any(axis=0) & (needed[~waits].sum(axis=0) == 0), -np.inf, 0.0)


def lot_size(plan: PlanningData) -> np.ndarray:
    """Return the economic lot sqrt(2 K m / h) (Harris 1913), in whole units at least one."""
    lot = plan.rounded(plan.economic_cycle * plan.mean)
    return np.maximum(lot, 1.0) if plan.whole else lot


@dataclass(eq=False)
class ReorderPoint(Rule):
    """When the inventory position is `s` or less, order up to `S` (Scarf 1960; optimal with backlog and a fixed cost).

    By formula both come from the revised power approximation (Ehrhardt and Mosier 1984b).
    """

    name: ClassVar[str] = "s-S"
    planned: ClassVar[tuple[str, ...]] = (
        "s",
        "S",
    )
    knows: ClassVar[frozenset[str]] = frozenset({"fixed_cost"})
    signed: ClassVar[tuple[str, ...]] = ("s",)
    s: Parameter = None
    S: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        s, lot = power_approximation(plan)
        return {"s": s, "S": self.given_or("s", s, plan) + lot}

    def starts(self) -> list[dict[str, np.ndarray]]:
        """Order in most periods, or in every second, third or fourth: each may be best, and none is near another.

        A lot a little above what so many periods use seldom leaves a rest that lasts for less than a period.
        """
        plan = self.plan
        lots = [plan.rounded((1.25 + more) * plan.mean) for more in (0.0, 1.0, 2.0)]
        often = {"s": point(plan), "S": point(plan) + (1.0 if plan.whole else 0.0)}
        return [often, *({"s": (s := best_point(plan, lot)), "S": s + lot} for lot in lots)]

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        yield Fault(self.s > self.S, "S must be s ({:g}) or more, got {:g}", (self.s, self.S))

    def quantities(self, view: View) -> Any:
        position = view.inventory_position
        return np.where(position <= self.s, positive(self.S - position), 0.0)


@dataclass(eq=False)
class ReviewedReorderPoint(ReorderPoint):
    """Every `R` periods, when the inventory position is `s` or less, order up to `S` (Silver et al. 2017).

    Their section 7.5. By formula R is 1, and the others come from the revised power approximation (Ehrhardt and Mosier
    1984b) of a world whose periods are reviews.
    """

    name: ClassVar[str] = "R-s-S"
    counts: ClassVar[tuple[str, ...]] = ("R",)
    R: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        review = self.given_or("R", 1.0, plan)
        s, lot = power_approximation(plan, review)
        return {"s": s, "S": self.given_or("s", s, plan) + lot, "R": review}

    @property
    def cycle(self) -> int | None:
        return reviews_repeat(self.R)

    def quantities(self, view: View) -> Any:
        return np.where(reviewed(view, self.R), super().quantities(view), 0.0)


@dataclass(eq=False)
class ModifiedReorderPoint(ReorderPoint):
    """When the position is `s` or less, order up to `S`, but no more than `q` at once (Bijvank et al. 2015).

    Their modified (s, S) policy for lost sales with a fixed cost: after a bad spell it does not order all at once what
    will not be short any more. By formula q is the larger of S - s and the cap of `capped-base-stock`.
    """

    name: ClassVar[str] = "s-S-q"
    q: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        formulas = super().formulas(plan)
        lot, level = formulas["S"] - formulas["s"], plan.level(plan.critical_ratio)
        return formulas | {"q": np.maximum(lot, plan.rounded(level / (plan.lead_time + 1.0)))}

    def quantities(self, view: View) -> Any:
        return np.minimum(super().quantities(view), self.q)


@dataclass(eq=False)
class FixedLot(Rule):
    """When the inventory position is `R` or less, order lots of `Q` until it is above (Hadley and Whitin 1963).

    By formula Q is the economic lot sqrt(2 K m / h) (Harris 1913), and R the best for it where demand is normal and
    customers wait: of positions from R to R + Q, all equally often, p / (p + h) serve it (Federgruen and Zheng 1992).
    """

    name: ClassVar[str] = "R-Q"
    planned: ClassVar[tuple[str, ...]] = (
        "R",
        "Q",
    )
    knows: ClassVar[frozenset[str]] = frozenset({"fixed_cost"})
    signed: ClassVar[tuple[str, ...]] = ("R",)
    R: Parameter = None
    Q: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        economic = lot_size(plan)
        lot = np.where(economic > 0, economic, np.maximum(plan.mean, 1.0))
        return {"R": best_point(plan, self.given_or("Q", lot, plan)), "Q": lot}

    def faults(self) -> Iterator[Fault]:
        yield from super().faults()
        yield Fault(self.Q <= 0, "Q must be more than 0, got {:g}", (self.Q,))

    def quantities(self, view: View) -> Any:
        below = self.R - view.inventory_position
        return np.where((below >= 0) & (self.plan.mean > 0), (np.floor(below / self.Q + 1e-9) + 1.0) * self.Q, 0.0)
