"""Just in time for everyday stocks, just in case for those that matter, and emergency orders."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from ..physics import View
from ..scenario import Scenario
from .base import Parameter, StatefulRule, positive
from .base_stock import JustInCase, outlasted
from .just_in_time import JustInTime
from .lead_times import outstanding
from .limits import FORECAST, listed
from .plan import PlanningData


def shown(shares: np.ndarray) -> str:
    """Return a share as one writes it, or the least and the largest of several."""
    low, high = float(np.min(shares)), float(np.max(shares))
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


@dataclass(eq=False)
class Hybrid(StatefulRule):
    """Order critical stocks by `just-in-case`, and everyday ones by `jit` (Sheffi 2005, chapter 10).

    A stock is critical where one of its lanes is. `service_level` and `cover` are those of `just-in-case`.
    """

    name: ClassVar[str] = "hybrid"
    knows: ClassVar[frozenset[str]] = FORECAST | {"disruptions", "shelf_life"}
    shares: ClassVar[tuple[str, ...]] = ("service_level",)
    periods: ClassVar[tuple[str, ...]] = ("cover",)
    service_level: Parameter = None
    cover: Parameter = None
    everyday: JustInTime = field(init=False, repr=False)
    careful: JustInCase = field(init=False, repr=False)

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        service_level = self.given_or("service_level", 0.99, plan)
        return {"service_level": service_level, "cover": outlasted(plan, service_level)}

    @property
    def guarded(self) -> np.ndarray:
        """Return which stocks are guarded, (stocks,) or (paths, stocks)."""
        return self.plan.critical

    @property
    def none_is_guarded(self) -> str:
        """Say why no stock is guarded, and what to change."""
        return "no lane is critical here, so it orders as jit does (set lanes.NAME.critical: true)"

    def notes(self) -> list[str]:
        guarded = self.guarded[..., self.plan.mean > 0]
        if not guarded.any():
            return [f"{self.name}: {self.none_is_guarded}"]
        same = [f"{self.name}: every stock is guarded here, so it orders as just-in-case does"] if guarded.all() else []
        return super().notes() + same

    def fit(self, scenario: Scenario) -> Self:
        fresh = copy.copy(self)
        fresh.everyday, fresh.careful = JustInTime().fit(scenario), JustInCase().fit(scenario)
        return super(Hybrid, fresh).fit(scenario)

    @property
    def relies_on_formulas(self) -> bool:
        return True  # the safety stock of those that are guarded

    def prepare(self) -> None:
        self.careful = self.careful.having({"service_level": self.service_level, "cover": self.cover})

    def begin(self, view: View) -> Any:
        return self.everyday.begin(view)

    def act(self, view: View, state: np.ndarray | None) -> tuple[Any, np.ndarray]:
        assert state is not None
        lot = self.everyday.lot(view, state)
        return self.plan.split_over_lanes(np.where(self.guarded, self.careful.wanted(view), lot)), state


@dataclass(eq=False)
class HybridByValue(Hybrid):
    """Order dear stocks by `jit`, and cheap ones by `just-in-case` (ABC analysis; Dickie 1951).

    Dear are the stocks that make up the first `dear` share of the value of all that is used, by formula 80 %: few as a
    rule. A stock without a unit value is valued by its holding cost. `service_level` and `cover` are those of
    `just-in-case`.
    """

    name: ClassVar[str] = "hybrid-by-value"
    shares: ClassVar[tuple[str, ...]] = ("service_level", "dear")
    dear: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return super().formulas(plan) | {"dear": 0.8}

    @property
    def guarded(self) -> np.ndarray:
        plan = self.plan
        value = (plan.unit_value if plan.unit_value.all() else plan.holding_cost) * plan.mean
        order = np.argsort(-value, kind="stable")
        before = np.zeros(len(value))
        before[order] = np.cumsum(value[order]) - value[order]  # the value of all that is dearer
        return before >= self.dear * max(value.sum(), 1e-12) - 1e-12

    @property
    def none_is_guarded(self) -> str:
        return f"no stock is cheap at dear={shown(self.dear)}, so it orders as jit does (lower dear)"


@dataclass(eq=False)
class HybridByRisk(Hybrid):
    """Order stocks whose suppliers fail by `just-in-case`, and the others by `jit` (Tomlin 2006; Sheffi 2005).

    Guarded is a stock that is without supply for more than a share `risk` of the time, by formula 0: a
    supplier that can fail at all. `service_level` and `cover` are those of `just-in-case`.
    """

    name: ClassVar[str] = "hybrid-by-risk"
    shares: ClassVar[tuple[str, ...]] = ("service_level", "risk")
    risk: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return super().formulas(plan) | {"risk": 0.0}

    @property
    def guarded(self) -> np.ndarray:
        return self.plan.disruptions.down > self.risk

    @property
    def none_is_guarded(self) -> str:
        return f"no supplier fails for more than risk={shown(self.risk)} of the time, so it orders as jit does"


@dataclass(eq=False)
class Emergency(StatefulRule):
    """Order by `jit`, and at a `trigger` up to `level` by the fastest lane (Moinzadeh and Nahmias 1988).

    Trigger and level look at what will be there when an emergency order arrives: on hand, less what waits for it, and
    what is expected on all lanes by then. What is ordered in an emergency is not ordered again by `jit`. By formula the
    trigger is the mean use until then, m (l + 1) for a lead time l of the fastest lane, and the level the newsvendor's
    over the same time.
    """

    name: ClassVar[str] = "emergency"
    planned: ClassVar[tuple[str, ...]] = ("level",)
    trigger: Parameter = None
    level: Parameter = None
    everyday: JustInTime = field(init=False, repr=False)

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        soon, variance = self.fastest(plan)
        level = plan.level(plan.critical_ratio, soon, lead_time_variance=variance)
        return {"trigger": plan.rounded(plan.exposed_mean(soon)), "level": level}

    @staticmethod
    def fastest(plan: PlanningData) -> tuple[np.ndarray, np.ndarray]:
        """Return the lead time of the fastest lane into each stock, and its variance (stocks,)."""
        lanes = [plan.lanes[m] for m in plan.split.fastest.argmax(axis=1)]
        variance = np.array([outstanding(plan.scenario, name)[1] for name in lanes])
        late = plan.lead_time - np.array([plan.time_of(name) for name in plan.main])
        return np.array([plan.time_of(name) for name in lanes]) + late, variance

    def fit(self, scenario: Scenario) -> Self:
        fresh = copy.copy(self)
        fresh.everyday = JustInTime().fit(scenario)
        return super(Emergency, fresh).fit(scenario)

    def begin(self, view: View) -> Any:
        return self.everyday.begin(view)

    def act(self, view: View, state: np.ndarray | None) -> tuple[Any, np.ndarray]:
        assert state is not None
        plan = self.plan
        there = self.soon(view)
        low = (there <= self.trigger) & (plan.mean > 0) & ~view.obsolete
        more = np.where(low, positive(self.level - there), 0.0)
        return plan.split_over_lanes(self.everyday.lot(view, state, more)) + more @ plan.split.fastest, state

    def soon(self, view: View) -> np.ndarray:
        """Return what will be there of each stock when an emergency order arrives (paths, stocks)."""
        plan = self.plan
        later = view.on_order + 0.0  # what arrives after it
        for m, name in enumerate(plan.lanes):
            i = int(plan.stock_of[m])
            fastest = plan.lanes[int(plan.split.fastest[i].argmax())]
            later[:, m] -= later[:, m] if name == fastest else plan.arriving(view, m, int(plan.time_of(fastest)) + 1)
        position: np.ndarray = view.inventory_position - later @ plan.into
        return position

    def notes(self) -> list[str]:
        alone = [name for name, lanes in self.scenario.feeds.items() if len(lanes) == 1]
        same = [f"{self.name}: one lane leads to {listed(alone)}, so emergency orders take it too"] if alone else []
        return super().notes() + same
