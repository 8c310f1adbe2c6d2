"""Two lanes into each stock: a cheap slow one, and a dear fast one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ..physics import View
from ..physics.numbers import like
from ..scenario import Scenario
from .base import Parameter, PolicyError, Rule, positive
from .just_in_time import is_first, levelled, levelled_over
from .lead_times import outstanding
from .limits import listed
from .plan import PlanningData


class TwoLanes(Rule):
    """What rules for two lanes into each stock have in common: the faster one is the expedited."""

    fast: list[int]
    slow: list[int]
    soon: list[int]

    def check(self, plan: PlanningData) -> None:
        for stock, names in plan.scenario.feeds.items():
            fixed = not any(name in plan.random_lead_times for name in names)
            if len(names) != 2 or not fixed:
                got = f"{len(names)}" if len(names) != 2 else "random lead times"
                raise PolicyError(f"{self.name}: needs two lanes with fixed lead times into {stock!r}, got {got}")

    def fit(self, scenario: Scenario) -> Self:
        fitted = super().fit(scenario)
        fitted.fast, fitted.slow, fitted.soon = _lanes(fitted.plan)
        return fitted

    def __call__(self, view: View) -> Any:
        expedited, regular = self.two(view)
        orders = like(np.zeros((len(view.on_hand), len(self.plan.lanes))), view.on_hand)
        orders[:, self.fast] = expedited
        orders[:, self.slow] = regular
        return orders

    def notes(self) -> list[str]:
        apart = "the formula plans each lane as if it were the only one, and so for too much stock"
        return super().notes() + ([f"{self.name}: {apart}"] if self.relies_on_formulas else [])

    def two(self, view: View) -> tuple[Any, Any]:
        """Return the expedited and the regular orders for each stock (paths, stocks)."""
        raise NotImplementedError

    def expedited_index(self, view: View) -> Any:
        """Return what will be there of each stock when an order expedited now arrives (paths, stocks)."""
        arriving = np.stack([view.arriving(m, soon) for m, soon in zip(self.slow, self.soon, strict=True)], axis=-1)
        return view.inventory_position - (view.on_order[:, self.slow] - arriving)


@dataclass(eq=False)
class TwoLevels(TwoLanes):
    """A rule that expedites an index up to one level, then orders the inventory position up to another."""

    signed: ClassVar[tuple[str, ...]] = ("expedited_level",)
    planned: ClassVar[tuple[str, ...]] = ("expedited_level", "regular_level")
    expedited_level: Parameter = None
    regular_level: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return _levels(plan)

    def two(self, view: View) -> tuple[Any, Any]:
        expedited = positive(self.expedited_level - self.index(view))
        return expedited, positive(self.regular_level - (view.inventory_position + expedited))

    def index(self, view: View) -> Any:
        """Return what the expedited level is compared with (paths, stocks)."""
        raise NotImplementedError


@dataclass(eq=False)
class SingleIndex(TwoLevels):
    """Expedite up to one level of the inventory position, then order up to another (Scheller-Wolf et al. 2007).

    By formula as for `dual-index`.
    """

    name: ClassVar[str] = "single-index"

    def index(self, view: View) -> Any:
        return view.inventory_position


@dataclass(eq=False)
class DualIndex(TwoLevels):
    """Expedite up to one level, then order regularly up to another (Veeraraghavan and Scheller-Wolf 2008).

    The expedited index is what will be there when an expedited order arrives; the regular one is the inventory
    position, this period's expedited order included. By formula both are newsvendor's levels, over their own lanes'
    lead times.
    """

    name: ClassVar[str] = "dual-index"

    def index(self, view: View) -> Any:
        return self.expedited_index(view)


@dataclass(eq=False)
class CappedDualIndex(DualIndex):
    """A dual index whose regular orders are never more than `cap` (Sun and Van Mieghem 2019).

    By formula the cap is the regular level over the regular lead time plus one, as for `capped-base-stock`.
    """

    name: ClassVar[str] = "capped-dual-index"
    cap: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        formulas = super().formulas(plan)
        slow = np.array([slow for _, slow in _lead_times(plan)])
        return formulas | {"cap": plan.rounded(formulas["regular_level"] / (slow + 1.0))}

    def two(self, view: View) -> tuple[Any, Any]:
        expedited, regular = super().two(view)
        return expedited, np.minimum(regular, self.cap)


@dataclass(eq=False)
class TailoredBaseSurge(TwoLanes):
    """Order the same `base` regularly, and expedite up to a level for the surge (Allon and Van Mieghem 2010).

    By formula the level is the newsvendor's over the expedited lead time, and the base leaves a tenth of the mean use,
    or half a standard deviation where that is more, for the expedited lane. A fraction of a unit is levelled over the
    periods.
    """

    name: ClassVar[str] = "tailored-base-surge"
    planned: ClassVar[tuple[str, ...]] = (
        "expedited_level",
        "base",
    )
    signed: ClassVar[tuple[str, ...]] = ("expedited_level",)
    fine: ClassVar[tuple[str, ...]] = ("base",)
    expedited_level: Parameter = None
    base: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        base = positive(plan.mean - np.maximum(0.1 * plan.mean, 0.5 * np.sqrt(plan.variance)))
        return {"expedited_level": _levels(plan)["expedited_level"], "base": np.floor(base) if plan.whole else base}

    @property
    def cycle(self) -> int | None:
        return levelled_over(self.plan, self.base)

    def two(self, view: View) -> tuple[Any, Any]:
        return positive(self.expedited_level - self.expedited_index(view)), levelled(self.plan, view, self.base)


@dataclass(eq=False)
class QuickResponse(TwoLanes):
    """Order `early` units once, on the slow lane, then expedite up to a level (Fisher and Raman 1996).

    For a season: the early order is placed in the first period, when nothing has been sold yet, and what sells is
    ordered again on the fast lane while customers are forecast to ask for it in the period in which it arrives. By
    formula the early order is half of what is asked for in the horizon on average, and the level the newsvendor's over
    the expedited lead time.
    """

    name: ClassVar[str] = "quick-response"
    planned: ClassVar[tuple[str, ...]] = ("early", "expedited_level")
    knows: ClassVar[frozenset[str]] = frozenset({"season"})
    signed: ClassVar[tuple[str, ...]] = ("expedited_level",)
    early: Parameter = None
    expedited_level: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        early = plan.rounded(0.5 * plan.mean * plan.scenario.horizon.periods)
        return {"early": early, "expedited_level": _levels(plan)["expedited_level"]}

    def two(self, view: View) -> tuple[Any, Any]:
        arrives = np.array([fast for fast, _ in _lead_times(self.plan)])
        sold = self.plan.expected_over(view, arrives + 1.0) - self.plan.expected_over(view, arrives) > 1e-9
        level = np.where(sold & ~view.obsolete, self.expedited_level, 0.0)
        return positive(level - self.expedited_index(view)), np.where(is_first(view), self.early, 0.0)


@dataclass(eq=False)
class OrderSplitting(Rule):
    """Order up to `level`, in parts, one on each lane into a stock (Kelle and Silver 1990; Ramasesh et al. 1991).

    The first of several shipments comes sooner than a single one would. The main lane gets `main`, a share, the others
    the rest in equal parts. By formula all are equal, and the level is the newsvendor's for the lead time of an average
    unit: with a share w of each order on each lane, its mean is the sum of w L and its variance that of w^2 s_L^2,
    since the lanes are late independently of each other.
    """

    name: ClassVar[str] = "order-splitting"
    planned: ClassVar[tuple[str, ...]] = ("level",)
    shares: ClassVar[tuple[str, ...]] = ("main",)
    level: Parameter = None
    main: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        into = plan.into
        main = self.given_or("main", 1.0 / into.sum(axis=0), plan)
        shares = self.split(plan, main)
        mean, variance = np.array([outstanding(plan.scenario, name) for name in plan.lanes]).T
        delay = np.array([lane.order_delay for lane in plan.scenario.lanes.values()])
        late = plan.lead_time - np.array([plan.time_of(name) for name in plan.main])
        level = plan.level(
            plan.critical_ratio,
            (shares * (mean + delay)) @ into + late,
            lead_time_variance=(shares**2 * variance) @ into,
        )
        return {"level": level, "main": main}

    @staticmethod
    def split(plan: PlanningData, main: np.ndarray) -> np.ndarray:
        """Return the share of each lane (lanes,) or (paths, lanes), where the main ones have `main`."""
        into = plan.into
        is_main = np.isin(plan.lanes, plan.main)
        others = np.maximum(into.sum(axis=0) - 1.0, 1.0)
        main = np.where(into.sum(axis=0) == 1.0, 1.0, main)
        return np.where(is_main, main @ into.T, ((1.0 - main) / others) @ into.T)

    def __call__(self, view: View) -> Any:
        shares = self.split(self.plan, self.main)
        return self.plan.split_over_lanes(positive(self.level - view.inventory_position), shares)

    def notes(self) -> list[str]:
        alone = [name for name, lanes in self.scenario.feeds.items() if len(lanes) == 1]
        same = [f"{self.name}: one lane leads to {listed(alone)}, so there is nothing to split"] if alone else []
        return super().notes() + same


def _by_speed(plan: PlanningData) -> list[list[str]]:
    """Return the two lanes into each stock, the faster one first."""
    return [sorted(names, key=plan.time_of) for names in plan.scenario.feeds.values()]


def _lead_times(plan: PlanningData) -> list[tuple[float, float]]:
    return [(plan.time_of(fast), plan.time_of(slow)) for fast, slow in _by_speed(plan)]


def _levels(plan: PlanningData) -> dict[str, np.ndarray]:
    """Return the newsvendor's levels over the lead times of the two lanes into each stock."""
    expedited, regular = (np.array(times) for times in zip(*_lead_times(plan), strict=True))
    ratio = plan.critical_ratio
    return {"expedited_level": plan.level(ratio, expedited), "regular_level": plan.level(ratio, regular)}


def _lanes(plan: PlanningData) -> tuple[list[int], list[int], list[int]]:
    """Return the faster and the slower lane of each stock, and within how many periods a shipment comes soon enough."""
    fast, slow = zip(*_by_speed(plan), strict=True)
    place = plan.lanes.index
    return (
        [place(name) for name in fast],
        [place(name) for name in slow],
        [int(plan.time_of(name)) + 1 for name in fast],
    )
