"""Two lanes into each stock: a cheap slow one, and a dear fast one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from ..scenario import Scenario
from .plan import Plan
from .rule import Parameter, PolicyError, Rule, positive


@dataclass(eq=False)
class DualIndex(Rule):
    """Expedite up to one level, then order regularly up to another (Veeraraghavan and Scheller-Wolf 2008).

    The expedited index is what will be there when an expedited order arrives; the regular one is the inventory
    position, this period's expedited order included. By formula both are newsvendor's levels, over their own lanes'
    lead times.
    """

    name: ClassVar[str] = "dual-index"
    expedited_level: Parameter = None
    regular_level: Parameter = None
    fast: list[int] = field(init=False, repr=False)
    slow: list[int] = field(init=False, repr=False)
    soon: list[int] = field(init=False, repr=False)

    def check(self, plan: Plan) -> None:
        for stock, names in plan.scenario.feeds.items():
            fixed = all(plan.scenario.lanes[name].lead_time.is_fixed for name in names)
            if len(names) != 2 or not fixed:
                got = f"{len(names)}" if len(names) != 2 else "random lead times"
                raise PolicyError(f"{self.name}: needs two lanes with fixed lead times into {stock!r}, got {got}")

    def formulas(self, plan: Plan) -> dict[str, Any]:
        expedited, regular = (np.array(times) for times in zip(*_lead_times(plan.scenario), strict=True))
        ratio = plan.critical_ratio
        return {"expedited_level": plan.level(ratio, expedited), "regular_level": plan.level(ratio, regular)}

    def fit(self, scenario: Scenario) -> Any:
        fitted = super().fit(scenario)
        fitted.fast, fitted.slow, fitted.soon = _lanes(fitted.plan)
        return fitted

    def __call__(self, view: View) -> Any:
        orders = np.zeros((len(view.on_hand), len(self.plan.layout.lanes)))
        arriving = np.stack([view.arriving(m, soon) for m, soon in zip(self.slow, self.soon, strict=True)], axis=-1)
        position = view.inventory_position
        slow_later = view.on_order[:, self.slow] - arriving
        expedited = positive(self.expedited_level - (position - slow_later))
        orders[:, self.fast] = expedited
        orders[:, self.slow] = self.regular(positive(self.regular_level - (position + expedited)))
        return orders

    def regular(self, quantities: Any) -> Any:
        """Return the regular orders, given what the regular index asks for."""
        return quantities


@dataclass(eq=False)
class CappedDualIndex(DualIndex):
    """A dual index whose regular orders are never more than `cap` (Sun and Van Mieghem 2019).

    By formula the cap is the regular level over the regular lead time plus one, as for `capped-base-stock`.
    """

    name: ClassVar[str] = "capped-dual-index"
    cap: Parameter = None

    def formulas(self, plan: Plan) -> dict[str, Any]:
        formulas = super().formulas(plan)
        cap = formulas["regular_level"] / (np.array([slow for _, slow in _lead_times(plan.scenario)]) + 1.0)
        return formulas | {"cap": np.ceil(cap - 1e-9) if plan.whole else cap}

    def regular(self, quantities: Any) -> Any:
        return np.minimum(quantities, self.cap)


def _by_speed(scenario: Scenario) -> list[list[str]]:
    """Return the two lanes into each stock, the faster one first."""
    return [sorted(names, key=lambda name: scenario.lanes[name].lead_time.mean) for names in scenario.feeds.values()]


def _lead_times(scenario: Scenario) -> list[tuple[float, float]]:
    return [(scenario.lanes[a].lead_time.mean, scenario.lanes[b].lead_time.mean) for a, b in _by_speed(scenario)]


def _lanes(plan: Plan) -> tuple[list[int], list[int], list[int]]:
    """Return the faster and the slower lane of each stock, and within how many periods a shipment comes soon enough."""
    fast, slow = zip(*_by_speed(plan.scenario), strict=True)
    place = plan.layout.lanes.index
    soon = [int(plan.scenario.lanes[name].lead_time.mean) + 1 for name in fast]
    return [place(name) for name in fast], [place(name) for name in slow], soon
