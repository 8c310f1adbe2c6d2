"""Goods that do not keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from .base import Parameter, PolicyError, Rule, positive
from .plan import PlanningData


@dataclass(eq=False)
class BaseStockWithWaste(Rule):
    """Order up to `level`, and what will be wasted before the order arrives (Broekmeulen and van Donselaar 2009).

    Waste is estimated as if the mean were asked for in every period, of the oldest units or the newest as they are
    issued. By formula the level is the newsvendor's, as far as the shelf life goes. A stock that keeps is ordered as by
    `base-stock`.
    """

    name: ClassVar[str] = "base-stock-with-waste"
    planned: ClassVar[tuple[str, ...]] = ("level",)
    knows: ClassVar[frozenset[str]] = frozenset({"shelf_life"})
    level: Parameter = None

    def check(self, plan: PlanningData) -> None:
        for name, lane in plan.scenario.lanes.items():
            if plan.scenario.stocks[lane.to].shelf_life and name in plan.random_lead_times:
                raise PolicyError(f"{self.name}: needs fixed lead times into {lane.to!r}, which does not keep")

    def formulas(self, plan: PlanningData) -> dict[str, Any]:
        lives = np.array([stock.shelf_life or np.inf for stock in plan.scenario.stocks.values()])
        exposed = np.minimum(plan.lead_time + 1.0, plan.lead_time + lives)
        return {"level": plan.level(plan.critical_ratio, exposed - 1.0)}

    def quantities(self, view: View) -> Any:
        waste = [self.waste(view, i) for i in range(len(self.plan.stocks))]
        return positive(self.level - view.inventory_position + np.stack(waste, axis=-1))

    def waste(self, view: View, i: int) -> np.ndarray:
        """Return what a stock is expected to waste before an order that is placed now arrives (paths,)."""
        plan, name = self.plan, self.plan.stocks[i]
        stock = plan.scenario.stocks[name]
        wasted = 0.0 * view.on_hand[:, i]
        if stock.shelf_life is None:
            return wasted
        ages = view.ages(i) + 0.0 * view.on_hand[:, :1]  # what lasts 1, 2, ... more periods
        oldest_first = list(range(stock.shelf_life))
        order = oldest_first if stock.issuing == "fifo" else oldest_first[::-1]
        lanes = np.flatnonzero(plan.into[:, i]).tolist()
        for k in range(int(plan.time_of(plan.main[i]))):
            for m in lanes:
                ages[:, -1] += view.arriving(m, k + 1) - view.arriving(m, k)
            wanted = np.full(len(ages), plan.mean[i])
            for age in order:
                taken = np.minimum(wanted, ages[:, age])
                ages[:, age] -= taken
                wanted = wanted - taken
            wasted += ages[:, 0]
            ages = np.hstack([ages[:, 1:], np.zeros((len(ages), 1))])
        return wasted
