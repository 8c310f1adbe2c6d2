"""What `agent:generalist` sees of one stock with a fixed cost an order, and the reorder points that it corrects."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..physics import View
from .base import PolicyError, positive
from .generalist_inputs import CONTEXT, OneStock
from .plan import PlanningData
from .reorder_point import power_approximation

MORE = (
    "fixed cost",
    "economic cycle",
    "customers wait",
    "reorder point",
    "lot",
    "deviation",
)
"""What is seen of a world with fixed costs beside `generalist_inputs.CONTEXT`."""


class FixedCost:
    """The numbers of a world with one stock and a fixed cost, in units of its mean demand and its holding cost.

    The network corrects the reorder point s and the lot S - s of the revised power approximation (Ehrhardt and Mosier
    1984b), for customers who wait and for those who are lost. Where demand is forecast to change, both levels move with
    the forecast.

    Attributes:
        shop: the numbers of the stock.
        cost: of an order, in holding costs of a period's mean demand.
        point, lot, deviation: s, S - s and the deviation of demand over the lead time and a period, in the mean demand.
    """

    inputs = (*CONTEXT, *MORE)
    context_names = inputs
    outputs = 2
    corrected = True

    def __init__(self, plan: PlanningData) -> None:
        """Take the one stock of a plan, and its only lane."""
        self.plan, self.shop = plan, OneStock(plan)
        self.mean, self.whole, self.ratio = self.shop.mean, self.shop.whole, self.shop.ratio
        held = float(plan.holding_cost[0]) * self.mean
        self.cost = float(plan.fixed_cost[0]) / held if held > 0 else np.inf
        with np.errstate(all="ignore"):
            point, lot = power_approximation(plan)
        self.point, self.lot = (float(each[0]) / max(self.mean, 1e-12) for each in (point, lot))
        self.deviation = float(plan.deviation()[0]) / max(self.mean, 1e-12)
        self._corrections: np.ndarray | None = None

    @property
    def changes(self) -> bool:
        """Tell whether the demand that is expected depends on the period."""
        return self.shop.changes

    def check(self, place: str) -> None:
        """Raise a PolicyError, in one line that begins with `place`, for costs or a demand that say nothing."""
        self.shop.check(place)
        if not np.isfinite([self.cost, self.point, self.lot]).all() or self.lot <= 0:
            raise PolicyError(f"{place}: needs a fixed cost with a reorder point, got {self.cost:g}")

    @cached_property
    def context(self) -> np.ndarray:
        """Return what is seen of this world (numbers,), by `inputs`."""
        waits = self.shop.scenario.demands[self.shop.demand].unmet == "backlog"
        more = [
            np.log(self.cost),
            np.sqrt(2.0 * self.cost),
            float(waits),
            (self.point - float(self.plan.exposed_mean()[0]) / self.mean) / self.deviation,
            np.log(self.lot),
            self.deviation,
        ]
        return np.array([*self.shop.context, *more])

    def levels(self, corrections: Any) -> tuple[Any, Any]:
        """Return s and S, in units, for corrections (..., 2): deviations on s, and log factors on S - s."""
        s = (self.point + self.deviation * corrections[..., 0]) * self.mean
        lot = self.lot * np.exp(np.clip(corrections[..., 1], -3.0, 3.0)) * self.mean
        if self.whole:
            s, lot = np.floor(s + 0.5), np.maximum(np.floor(lot + 0.5), 1.0)
        return s, s + lot

    def orders(self, view: View, network: Any) -> np.ndarray:
        """Return orders (paths, 1), in units, for the corrections that a network makes of its inputs."""
        if self._corrections is None:
            self._corrections = np.asarray(network(self.context[None]), float)[0]
        s, up_to = self.levels(self._corrections)
        more = self.shop.rounded_up(sum(self.shop.forecast(view)) - self.mean * (self.shop.lead_time + 1))
        below = view.inventory_position[:, 0] - more
        return np.where(below <= s, positive(up_to - below), 0.0)[:, None]
