"""Order up to a level: base-stock, and just in case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ..chance.delays import mean_delay
from ..physics import View
from ..physics.formulas import quantile
from ..physics.numbers import like
from .base import Parameter, Rule, positive
from .limits import FORECAST, listed
from .plan import PlanningData


@dataclass(eq=False)
class BaseStock(Rule):
    """Order up to `level` units of inventory position (Karlin 1960; optimal with backlog and no fixed cost).

    By formula: the newsvendor's level, m (L + 1) + z sqrt((L + 1) s^2 + m^2 s_L^2), with z at the service level
    p / (p + h). Where orders may cross, s_L^2 is not the variance of the lead time, with which the level would be too
    high, but that of the number of orders outstanding (Robinson et al. 2001).
    """

    name: ClassVar[str] = "base-stock"
    planned: ClassVar[tuple[str, ...]] = ("level",)
    level: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return {"level": plan.level(plan.critical_ratio)}

    def quantities(self, view: View) -> Any:
        position = view.inventory_position
        return positive(like(self.level, position) - position)


@dataclass(eq=False)
class SafetyStock(Rule):
    """Order up to the forecast of the lead time plus a safety stock for a service level (Silver et al. 2017).

    The safety stock is z sqrt(V + m^2 s_L^2) (their section 6.7). V is the variance of what is asked for over lead time
    and review about its forecast: with an accuracy, what is not known of each period, summed over the periods ahead
    (Heath and Jackson 1994). A perfect forecast needs no safety stock. By formula the service level is what costs say,
    p / (p + h): safety stock by cost.
    """

    name: ClassVar[str] = "safety-stock"
    planned: ClassVar[tuple[str, ...]] = ("service_level",)
    knows: ClassVar[frozenset[str]] = FORECAST
    shares: ClassVar[tuple[str, ...]] = ("service_level",)
    derived: ClassVar[tuple[str, ...]] = ("buffer",)
    service_level: Parameter = None
    buffer: np.ndarray = field(init=False, repr=False)

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return {"service_level": plan.critical_ratio}

    @property
    def relies_on_formulas(self) -> bool:
        return True  # the safety stock for a service level

    def prepare(self) -> None:
        self.buffer = self.plan.safety_stock(self.service_level, demand_variance=self.plan.unforeseen)

    def quantities(self, view: View) -> Any:
        level = self.plan.rounded(positive(self.plan.expected(view) + self.buffer))
        return positive(level - view.inventory_position)


def outlasted(plan: PlanningData, service_level: np.ndarray) -> np.ndarray:
    """Return the periods of an outage that a stock should outlast, as far as it keeps (stocks,).

    A unit can be used in its first period and in shelf life - 1 more, of which the safety stock takes some.
    """
    lives = np.array([stock.shelf_life or np.inf for stock in plan.scenario.stocks.values()])
    safety = positive(plan.safety_stock(service_level, demand_variance=plan.unforeseen))
    keeps = lives - 1.0 - safety / np.where(plan.mean > 0, plan.mean, np.inf)
    return np.clip(plan.disruptions.longest_outage, 0.0, positive(keeps))


@dataclass(eq=False)
class JustInCase(SafetyStock):
    """Order up to the forecast of the lead time plus a safety stock, and enough to outlast a disruption.

    The safety stock is that of `safety-stock`; `cover` is so many periods of mean use on top. By formula the service
    level is 99 %, and the cover the longest mean outage that can hit one of the stock's own lanes, as far as the shelf
    life allows: what would be on hand for longer than it keeps, together with the safety stock, is not held.
    """

    name: ClassVar[str] = "just-in-case"
    knows: ClassVar[frozenset[str]] = FORECAST | {"disruptions", "shelf_life"}
    periods: ClassVar[tuple[str, ...]] = ("cover",)
    cover: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        service_level = self.given_or("service_level", 0.99, plan)
        return {"service_level": service_level, "cover": outlasted(plan, service_level)}

    def prepare(self) -> None:
        super().prepare()
        self.buffer = self.buffer + self.cover * self.plan.mean

    def notes(self) -> list[str]:
        notes = super().notes()
        if "cover" in self.by_formula:
            if not self.plan.disruptions.longest_outage.any():
                notes.append(f"{self.name}: no disruption can hit its lanes, so it covers none (cover: 0)")
            cut = (self.cover < self.plan.disruptions.longest_outage) & (self.plan.mean > 0)
            if cut.any():
                names = [name for name, less in zip(self.plan.stocks, cut, strict=True) if less]
                notes.append(f"{self.name}: {listed(names)} does not keep for as long as an outage lasts")
        return notes


@dataclass(eq=False)
class SafetyLeadTime(Rule):
    """Order what the forecast needs, and some periods early (safety lead time; Whybark and Williams 1976).

    An order is placed as if the lead time were longer: it is safe against deliveries that come late, and not against
    demand that is not as forecast. By formula one period, and as many standard deviations of the lead time on top as
    the service level p / (p + h) asks for.
    """

    name: ClassVar[str] = "safety-lead-time"
    planned: ClassVar[tuple[str, ...]] = ("periods_early",)
    knows: ClassVar[frozenset[str]] = FORECAST
    periods: ClassVar[tuple[str, ...]] = ("periods_early",)
    periods_early: Parameter = None

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        return {"periods_early": 1.0 + positive(quantile(plan.critical_ratio)) * np.sqrt(plan.lead_time_variance)}

    def quantities(self, view: View) -> Any:
        level = self.plan.rounded(self.plan.expected(view, self.periods_early))
        return positive(level - view.inventory_position)


@dataclass(eq=False)
class QuotedLeadTime(SafetyStock):
    """Order up to the forecast of the lead time that is quoted today, plus a safety stock (Song and Zipkin 1996b).

    `safety-stock` plans with the mean of a lead time that drifts; this rule plans with what its suppliers say today, on
    the main lane of each stock, and so orders more as soon as they take longer. Song and Zipkin showed that levels
    which follow the state of supply are optimal; to take those of today's lead time is a heuristic, as the next order
    may be shipped under another. By formula the service level is that of `safety-stock`.
    """

    name: ClassVar[str] = "quoted-lead-time"
    knows: ClassVar[frozenset[str]] = FORECAST | {"delays"}
    usual: np.ndarray = field(init=False, repr=False)

    def prepare(self) -> None:
        super().prepare()
        plan = self.plan
        self.usual = np.array([mean_delay(plan.scenario, name) if name in self.quoted else 0.0 for name in plan.main])

    @property
    def quoted(self) -> set[str]:
        """Return the main lanes whose lead time drifts, and is seen to."""
        return set(self.plan.main) & set(self.plan.layout.columns.seen_delay)

    def quantities(self, view: View) -> Any:
        plan = self.plan
        today = view.delay[..., [plan.lanes.index(name) for name in plan.main]]
        more = today - self.usual  # periods, (paths, stocks)
        unforeseen = plan.unforeseen * (plan.lead_time + more + 1.0) / (plan.lead_time + 1.0)
        buffer = plan.safety_stock(self.service_level, demand_variance=unforeseen)
        level = plan.rounded(positive(plan.expected(view, more) + buffer))
        return positive(level - view.inventory_position)

    def notes(self) -> list[str]:
        same = [f"{self.name}: no lead time is seen to drift on a main lane here, so it orders as safety-stock does"]
        return super().notes() + ([] if self.quoted else same)
