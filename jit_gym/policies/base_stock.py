"""Order up to a level: base-stock rules and their kin, and just in case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from ..scenario import Scenario
from .plan import Plan
from .rule import Parameter, PolicyError, Rule, positive


@dataclass(eq=False)
class BaseStock(Rule):
    """Order up to `level` units of inventory position (Scarf 1960; optimal with backlog and no fixed cost).

    By formula: the newsvendor's level, m (L + 1) + z sqrt((L + 1) s^2 + m^2 s_L^2), with z at the service level
    p / (p + h).
    """

    name: ClassVar[str] = "base-stock"
    level: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        return {"level": plan.level(plan.critical_ratio)}

    def quantities(self, view: View) -> Any:
        return positive(self.level - view.inventory_position)


@dataclass(eq=False)
class CappedBaseStock(Rule):
    """Order up to `level`, but never more than `cap` at once (Xin 2021, Operations Research 69(1)).

    By formula: the newsvendor's level S, and S / (L + 1) as the cap, which spreads the safety stock over the lead time.
    """

    name: ClassVar[str] = "capped-base-stock"
    level: Parameter = None
    cap: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        level = plan.level(plan.critical_ratio)
        cap = level / (plan.lead_time + 1.0)
        return {"level": level, "cap": np.ceil(cap - 1e-9) if plan.whole else cap}

    def quantities(self, view: View) -> Any:
        return np.minimum(positive(self.level - view.inventory_position), self.cap)


@dataclass(eq=False)
class ReorderPoint(Rule):
    """When the inventory position is `s` or less, order up to `S` (Scarf 1960; optimal with backlog and a fixed cost).

    By formula: s + 1 is the newsvendor's level, and S - s the economic lot sqrt(2 K m / h) (Harris 1913).
    """

    name: ClassVar[str] = "s-S"
    s: Parameter = None
    S: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        unit = 1.0 if plan.whole else 0.0
        lot = np.sqrt(2 * plan.fixed_cost * plan.mean / np.where(plan.holding_cost > 0, plan.holding_cost, np.inf))
        s = np.maximum(plan.level(plan.critical_ratio) - unit, 0.0)
        if self.s is not None:
            s = self._filled("s", self.s, s, list(plan.scenario.stocks))
        return {"s": s, "S": s + np.maximum(np.ceil(lot) if plan.whole else lot, unit)}

    def fit(self, scenario: Scenario) -> Any:
        fitted = super().fit(scenario)
        for s, S in zip(fitted.s, fitted.S, strict=True):
            if s > S:
                raise PolicyError(f"{self.name}: S must be s ({s:g}) or more, got {S:g}")
        return fitted

    def quantities(self, view: View) -> Any:
        position = view.inventory_position
        return np.where(position <= self.s, positive(self.S - position), 0.0)


@dataclass(eq=False)
class JustInCase(Rule):
    """Order up to the forecast of the lead time plus a safety stock, and enough to outlast a disruption.

    The safety stock is z sqrt((L + 1) s^2 + m^2 s_L^2) for a `service_level` over the lead time and its variance
    (Silver, Pyke and Thomas 2017, section 6.7); `cover` is so many periods of mean use on top. By formula the service
    level is 99 %, and the cover the longest mean outage of any supplier or route in the scenario: whoever is careful
    treats all alike.
    """

    name: ClassVar[str] = "just-in-case"
    service_level: Parameter = None
    cover: Parameter = None
    buffer: np.ndarray = field(init=False, repr=False)

    def formulas(self, plan: Plan) -> dict[str, Any]:
        outages = [disruption.lasts.mean for disruption in plan.scenario.disruptions.values()]
        return {"service_level": 0.99, "cover": max(outages, default=0.0)}

    def fit(self, scenario: Scenario) -> Any:
        fitted = super().fit(scenario)
        plan = fitted.plan
        if (most := fitted.service_level.max()) > 1:
            raise PolicyError(f"{self.name}: service_level must be 1 or less, got {most:g}")
        fitted.buffer = plan.safety_stock(fitted.service_level) + fitted.cover * plan.mean
        return fitted

    def quantities(self, view: View) -> Any:
        level = self.plan.expected(view) + self.buffer
        return positive((np.ceil(level - 1e-9) if self.plan.whole else level) - view.inventory_position)
