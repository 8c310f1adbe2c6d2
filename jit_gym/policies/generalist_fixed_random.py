"""What `agent:generalist` sees of one stock with a fixed cost, lost sales and lead times that vary."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..physics import View
from .generalist_computed import ComputedLevels
from .generalist_random import LATER, REACH, RandomLeadTimes
from .generalist_stock import STEADY
from .periodic_levels import Levels

MORE = ("fixed cost", "economic lot", "reorder point", "its distance")
"""What is seen of a world with fixed costs beside `generalist_stock.STEADY`."""
SEEN = (*STEADY, *MORE, *LATER)


class FixedCostRandomLeadTimes(ComputedLevels):
    """The numbers of a world with one stock, a fixed cost, lost sales and lead times that vary, without a scale.

    Its s and S are levels of the projected inventory level, the mean of what will be left when an order placed now
    arrives, which is nearly the best without a fixed cost (van Jaarsveld and Arts 2024): the position counts what will
    never be asked for again. It is a mean over the periods in which that may be, as the levels of a season are. The
    network corrects the economic lot Q, and the level s that runs out in a period with the chance h Q / (h Q + p E D)
    (Hadley and Whitin 1963).
    """

    corrected = True
    inputs: ClassVar[tuple[str, ...]] = SEEN
    context_names = SEEN
    outputs: ClassVar[int] = 2
    stock = RandomLeadTimes
    shop: RandomLeadTimes

    @cached_property
    def point(self) -> float:
        """Return the reorder point of what is left that the network corrects, in the mean demand."""
        return self.shop.quantile(self.shop.chances, self.short / (self.short + self.lot))

    @property
    def spread(self) -> float:
        """Return the deviation of a period's demand, and of half as long as lead times vary, up to half a period."""
        return float(np.hypot(self.shop.variation, 0.5 * min(self.shop.lead_time_deviation, 1.0)))

    @cached_property
    def context(self) -> np.ndarray:
        """Return what is seen of this world (numbers,), by `inputs`."""
        more = [np.log(self.cost), self.lot, self.point, (self.shop.newsvendor - self.point) / self.spread]
        return np.array([*self.shop.context[: len(STEADY)], *more, *self.shop.context[-len(LATER) :]])

    def levels(self, corrections: Any) -> tuple[Any, Any]:
        """Return s and S of what is left, in units, for corrections (..., 2).

        The first are multiples of `spread` on s, the second log factors on S - s.
        """
        s = (self.point + self.spread * corrections[..., 0]) * self.mean
        lot = self.lot * np.exp(np.clip(corrections[..., 1], -3.0, 3.0)) * self.mean
        return s, s + (np.maximum(lot, 1.0) if self.whole else lot)

    def steady(self, network: Any) -> tuple[float, float]:
        s, up_to = self.levels(np.asarray(network(self.context[None]), float)[0])
        return float(s), float(up_to)

    def by_period(self, factors: Sequence[float]) -> Levels:
        there, k = super().by_period(factors), np.arange(REACH) - self.shop.lead_time
        periods = (np.arange(len(factors))[:, None] + k) % len(factors)
        return Levels(*(each[periods] @ self.shop.arrives for each in there))

    def moved(self, view: View, means: list[Any], usual: Any) -> Any:
        return self.shop.more(means, np.asarray(usual))

    def position(self, view: View, means: list[Any]) -> Any:
        """Return what will be left when an order placed now arrives (paths,), in units."""
        return self.shop.left(*self.shop.stocks(view), means)
