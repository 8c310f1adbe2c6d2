"""Just in time for everyday stocks, just in case for those that matter, and emergency orders."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from ..physics import View
from ..scenario import Scenario
from .base_stock import JustInCase
from .just_in_time import JustInTime
from .plan import Plan
from .rule import Mindful, Parameter, positive


@dataclass(eq=False)
class Hybrid(Mindful):
    """Order critical stocks by `just-in-case`, and everyday ones by `jit` (Sheffi 2005, chapter 10).

    A stock is critical where one of its lanes is. `service_level` and `cover` are those of `just-in-case`.
    """

    name: ClassVar[str] = "hybrid"
    shares: ClassVar[tuple[str, ...]] = ("service_level",)
    periods: ClassVar[tuple[str, ...]] = ("cover",)
    service_level: Parameter = None
    cover: Parameter = None
    everyday: JustInTime = field(init=False, repr=False)
    careful: JustInCase = field(init=False, repr=False)

    def formulas(self, plan: Plan) -> dict[str, Any]:
        return JustInCase().formulas(plan)

    @property
    def guarded(self) -> np.ndarray:
        """Return which stocks are guarded, (stocks,) or (paths, stocks)."""
        return self.plan.critical

    def fit(self, scenario: Scenario) -> Self:
        fresh = copy.copy(self)
        fresh.everyday, fresh.careful = JustInTime().fit(scenario), JustInCase().fit(scenario)
        return super(Hybrid, fresh).fit(scenario)

    def prepare(self) -> None:
        self.careful = self.careful.having({"service_level": self.service_level, "cover": self.cover})

    def begin(self, view: View) -> Any:
        return self.everyday.begin(view)

    def act(self, view: View, memory: np.ndarray | None) -> tuple[Any, np.ndarray]:
        lot, memory = self.everyday.lot(view, memory)
        return self.plan.spread(np.where(self.guarded, self.careful.quantities(view), lot)), memory


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

    def formulas(self, plan: Plan) -> dict[str, Any]:
        return super().formulas(plan) | {"dear": 0.8}

    @property
    def guarded(self) -> np.ndarray:
        plan = self.plan
        value = (plan.unit_value if plan.unit_value.all() else plan.holding_cost) * plan.mean
        order = np.argsort(-value, kind="stable")
        before = np.zeros(len(value))
        before[order] = np.cumsum(value[order]) - value[order]  # the value of all that is dearer
        return before >= self.dear * max(value.sum(), 1e-12) - 1e-12


@dataclass(eq=False)
class HybridByRisk(Hybrid):
    """Order stocks whose suppliers fail by `just-in-case`, and the others by `jit` (Tomlin 2006; Sheffi 2005).

    Guarded is a stock that is without supply for more than a share `risk` of the time, by formula 0: whoever can fail
    at all. `service_level` and `cover` are those of `just-in-case`.
    """

    name: ClassVar[str] = "hybrid-by-risk"
    shares: ClassVar[tuple[str, ...]] = ("service_level", "risk")
    risk: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        return super().formulas(plan) | {"risk": 0.0}

    @property
    def guarded(self) -> np.ndarray:
        return self.plan.down > self.risk


@dataclass(eq=False)
class Emergency(Mindful):
    """Order by `jit`, and at a `trigger` up to `level` by the fastest lane (Moinzadeh and Nahmias 1988).

    The trigger looks at what is on hand less what waits for it; the level counts what is on order too, so that one
    emergency is answered once. By formula the trigger is a period's mean use, and the level the newsvendor's.
    """

    name: ClassVar[str] = "emergency"
    trigger: Parameter = None
    level: Parameter = None
    everyday: JustInTime = field(init=False, repr=False)

    def formulas(self, plan: Plan) -> dict[str, Any]:
        return {"trigger": plan.rounded(plan.mean), "level": plan.level(plan.critical_ratio)}

    def fit(self, scenario: Scenario) -> Self:
        fresh = copy.copy(self)
        fresh.everyday = JustInTime().fit(scenario)
        return super(Emergency, fresh).fit(scenario)

    def begin(self, view: View) -> Any:
        return self.everyday.begin(view)

    def act(self, view: View, memory: np.ndarray | None) -> tuple[Any, np.ndarray]:
        plan = self.plan
        lot, memory = self.everyday.lot(view, memory)
        low = (view.on_hand - memory <= self.trigger) & (plan.mean > 0)
        more = np.where(low, positive(self.level - view.inventory_position - lot), 0.0)
        return plan.spread(lot) + more @ plan.fastest, memory
