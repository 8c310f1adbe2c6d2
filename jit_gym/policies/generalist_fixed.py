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

    Where customers are lost, the network corrects the reorder point s and the lot S - s of the revised power
    approximation (Ehrhardt and Mosier 1984b). Where they wait, the best pair is computed. Where demand is forecast to
    change, both levels move with the forecast.

    Attributes:
        shop: the numbers of the stock.
        cost: of an order, in holding costs of a period's mean demand.
        point, lot, deviation: s, S - s and the deviation of demand over the lead time and a period, in the mean demand.
    """

    inputs = (*CONTEXT, *MORE)
    context_names = inputs
    outputs = 2

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
        self._levels: tuple[Any, Any] | None = None

    @property
    def corrected(self) -> bool:
        """Tell whether the network has a say: where customers are lost."""
        return self.shop.scenario.demands[self.shop.demand].unmet == "lost"

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
        more = [
            np.log(self.cost),
            np.sqrt(2.0 * self.cost),
            float(not self.corrected),
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

    @cached_property
    def best(self) -> tuple[float, float]:
        r"""Return the s and S with the least cost where customers wait, in units (Scarf 1960).

        With G(y) the newsvendor's cost at position y, and m the renewal density of demand, a pair costs

        .. math:: c(s, S) = (K + \sum_{j < S - s} m_j G(S - j)) / \sum_{j < S - s} m_j

        a period (Zheng and Federgruen 1991); all pairs of steps are looked at that may be best. With orders that cross,
        G is that of one order a period.
        """
        chances, exposed, step = self.shop.chances, self.shop.exposed, self.shop.step
        mean = float(chances @ np.arange(len(chances)))
        fixed, short = self.cost * mean, self.ratio / (1.0 - self.ratio)
        level = int(self.shop.covers / step)
        reach = int(2.0 * np.sqrt(2.0 * self.cost) * mean + 3.0 * mean) + 2  # steps, twice the economic lot and more
        longest = 2 * reach
        density = np.zeros(longest)
        for j in range(longest):
            back = np.arange(1, min(j, len(chances) - 1) + 1)
            density[j] = (float(j == 0) + chances[back] @ density[j - back]) / (1.0 - chances[0])
        low, high = level - longest, level + reach
        positions = np.arange(low, high + 1)
        expected = float(exposed @ np.arange(len(exposed)))
        beyond = np.append(expected, expected - np.cumsum(1.0 - np.cumsum(exposed)))  # E(X - y)+ for y = 0, 1, ...
        there = beyond[np.clip(positions, 0, len(beyond) - 1)] * (positions < len(beyond))
        missing = np.where(positions < 0, expected - positions, there)
        cost = positions - expected + (1.0 + short) * missing
        periods, best = np.cumsum(density), (np.inf, 0, 0)
        for up_to in range(level, high + 1):
            back = up_to - low - np.arange(longest)
            back = back[back >= 0]
            found = (fixed + np.cumsum(density[: len(back)] * cost[back])) / periods[: len(back)]
            k = int(found.argmin())
            best = min(best, (float(found[k]), up_to - k - 1, up_to))
        return best[1] * step, best[2] * step

    def orders(self, view: View, network: Any) -> np.ndarray:
        """Return orders (paths, 1), in units, for the corrections that a network makes of its inputs."""
        if self._levels is None:
            made = self.levels(np.asarray(network(self.context[None]), float)[0]) if self.corrected else self.best
            self._levels = made
        s, up_to = self._levels
        more = self.shop.rounded_up(sum(self.shop.forecast(view)) - self.mean * (self.shop.lead_time + 1))
        below = view.inventory_position[:, 0] - more
        return np.where(below <= s, positive(up_to - below), 0.0)[:, None]
