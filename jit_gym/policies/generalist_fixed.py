"""What `agent:generalist` sees of one stock with a fixed cost an order, and the reorder points that it corrects."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..physics import View
from .base import PolicyError, positive
from .generalist_inputs import project
from .generalist_stock import STEADY, OneStock
from .plan import PlanningData

MORE = ("fixed cost", "economic lot", "reorder point", "its distance")
"""What is seen of a world with fixed costs beside `generalist_stock.STEADY`."""


class FixedCost:
    """The numbers of a world with one stock and a fixed cost, in units of its mean demand and its holding cost.

    Where customers wait, the best s and S of the inventory position are computed. Where they are lost, s and S are
    levels of the projected inventory level, the mean of what will be left when an order placed now arrives, which is
    nearly the best without a fixed cost (van Jaarsveld and Arts 2024): the position counts what will never be asked
    for again. The network corrects the economic lot Q, and the level s that runs out in a period with the chance
    h Q / (h Q + p E D) (Hadley and Whitin 1963). Where demand is forecast to change, levels move with the forecast.

    Attributes:
        shop: the numbers of the stock.
        cost: of an order, in holding costs of a period's mean demand.
        lot: the economic lot, in the mean demand.
    """

    inputs = (*STEADY, *MORE)
    context_names = inputs
    outputs = 2

    def __init__(self, plan: PlanningData) -> None:
        """Take the one stock of a plan, and its only lane."""
        self.plan, self.shop = plan, OneStock(plan)
        self.mean, self.whole, self.ratio = self.shop.mean, self.shop.whole, self.shop.ratio
        held = float(plan.holding_cost[0]) * self.mean
        self.cost = float(plan.fixed_cost[0]) / held if held > 0 else np.inf
        self.lot = np.sqrt(2.0 * self.cost)
        self._levels: tuple[Any, Any] | None = None

    @cached_property
    def point(self) -> float:
        """Return the reorder point of what is left that the network corrects, in the mean demand."""
        short = self.ratio / (1.0 - self.ratio)
        return self.shop.quantile(self.shop.chances, short / (short + self.lot))

    @property
    def corrected(self) -> bool:
        """Tell whether the network has a say: where customers are lost."""
        return self.shop.scenario.demands[self.shop.demand].unmet == "lost"

    @property
    def cycle(self) -> int | None:
        """Return 1 where nothing that is seen depends on the period, None elsewhere."""
        return self.shop.cycle

    def check(self, place: str) -> None:
        """Raise a PolicyError, in one line that begins with `place`, for costs or a demand that say nothing."""
        self.shop.check(place)
        if not np.isfinite(self.cost) or self.cost <= 0:
            raise PolicyError(f"{place}: needs a fixed cost and a holding cost, got a ratio of {self.cost:g}")

    @cached_property
    def context(self) -> np.ndarray:
        """Return what is seen of this world (numbers,), by `inputs`."""
        more = [np.log(self.cost), self.lot, self.point, (self.shop.newsvendor - self.point) / self.shop.variation]
        return np.array([*self.shop.context[: len(STEADY)], *more])

    def levels(self, corrections: Any) -> tuple[Any, Any]:
        """Return s and S of what is left, in units, for corrections (..., 2).

        The first are deviations of a period's demand on s, the second log factors on S - s.
        """
        s = (self.point + self.shop.variation * corrections[..., 0]) * self.mean
        lot = self.lot * np.exp(np.clip(corrections[..., 1], -3.0, 3.0)) * self.mean
        return s, s + (np.maximum(lot, 1.0) if self.whole else lot)

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
        return (self.by_what_is_left if self.corrected else self.by_position)(view, *self._levels)

    def by_position(self, view: View, s: Any, up_to: Any) -> np.ndarray:
        """Return orders (paths, 1) for levels of the inventory position."""
        exposed = self.shop.lead_time + 1
        more = self.shop.rounded_up(sum(self.shop.expected(view).means[:exposed]) - self.mean * exposed)
        below = view.inventory_position[:, 0] - more
        return np.where(below <= s, positive(up_to - below), 0.0)[:, None]

    def by_what_is_left(self, view: View, s: Any, up_to: Any) -> np.ndarray:
        """Return orders (paths, 1) for levels of what will be left when they arrive."""
        shop, forecast = self.shop, self.shop.expected(view).means[: self.shop.lead_time + 1]
        there = shop.arrivals(view)
        left = there[0]
        if shop.lead_time:
            there, demand = ([each / self.mean for each in numbers] for numbers in (there, forecast))
            left = project(there, demand, [shop.variation * each for each in demand]).stock * self.mean
        below = left - (forecast[-1] - self.mean)
        quantity = positive(up_to - below)
        return np.where(below <= s, np.floor(quantity + 0.5) if self.whole else quantity, 0.0)[:, None]
