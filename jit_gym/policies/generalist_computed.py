"""What `agent:generalist` does where no network is needed: the best s and S of each period, computed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..physics import View
from .base import positive
from .generalist_stock import OneStock
from .periodic_levels import Levels, losing_levels, waiting_levels
from .plan import PlanningData
from .reorder_levels import best_levels, crossing, in_sequence, newsvendor

MOST = 4096  # positions that are looked at
KEPT = 4096  # levels that are not computed again


class Season(NamedTuple):
    """What is done in each period of a season, in units."""

    s: np.ndarray  # (periods,)
    up_to: np.ndarray
    usual: np.ndarray  # the mean demand of each, and of those until an order arrives (periods, reach + 1)


class ComputedLevels:
    """The levels of one stock whose customers wait, or whose orders arrive at once: with a fixed cost or without.

    They are levels of the inventory position, and the best where demand is steady (Scarf 1960; Robinson et al. 2001 for
    orders that cross), or has a season and orders arrive in their sequence (Karlin 1960). In a season each period has
    an s and an S of its own, by dynamic programming; where that is not exact, it says how far they are from those of a
    steady demand, and the rest is as without a season. Levels move as the level that covers what is forecast until an
    order arrives, with the spikes that may begin until then.

    Attributes:
        shop: the numbers of the stock.
        cost: of an order, in holding costs of a period's mean demand.
        lot: the economic lot, in the mean demand.
        short: the cost of a unit that is short, in that of holding one for a period.
        lost: whether customers are lost.
        crosses: whether orders overtake one another.
    """

    corrected: ClassVar[bool] = False  # by a network
    context_names: ClassVar[tuple[str, ...]] = ()
    stock: ClassVar[type[OneStock]] = OneStock

    def __init__(self, plan: PlanningData) -> None:
        """Take the one stock of a plan, and its only lane."""
        self.plan, self.shop = plan, self.stock(plan)
        self.mean, self.whole, self.ratio = self.shop.mean, self.shop.whole, self.shop.ratio
        self.short = self.ratio / (1.0 - self.ratio) if self.ratio < 1.0 else np.inf
        held = float(plan.holding_cost[0]) * self.mean
        self.cost = float(plan.fixed_cost[0]) / held if held > 0 else np.inf
        self.lot = np.sqrt(2.0 * self.cost)
        self.lost = self.shop.scenario.demands[self.shop.demand].unmet == "lost"
        self.crosses = self.shop.varies and self.shop.scenario.lanes[self.shop.lane].crossing
        self._season: Season | None = None
        self._covers: dict[tuple[float, ...], float] = {}

    def check(self, place: str) -> None:
        """Raise a PolicyError, in one line that begins with `place`, for costs or a demand that say nothing."""
        self.shop.check(place)

    @property
    def cycle(self) -> int | None:
        """Return after how many periods what it does is as before; None where it never is."""
        return self.shop.cycle

    @cached_property
    def context(self) -> np.ndarray:
        """Return what a network sees of this world (numbers,), by `context_names`."""
        return np.zeros(0)

    @cached_property
    def best(self) -> tuple[float, float]:
        """Return the s and S with the least cost where customers wait and demand is steady, in units."""
        shop, step = self.shop, self.shop.step
        if self.crosses:
            step *= int(np.ceil(2.0 * len(shop.later) * shop.base_mean / (step * MOST)))
            below = crossing(shop.multiple(shop.step / step), shop.later)
        else:
            below = in_sequence(shop.chances, shop.exposed)
        mean = shop.base_mean / step
        longest = 2 * (int(2.0 * self.lot * mean + 3.0 * mean) + 2) if self.cost else 1  # steps: four economic lots
        s, up_to, _ = best_levels(below, self.cost * mean, self.short, longest)
        return s * step, up_to * step

    def steady(self, network: Any) -> tuple[float, float]:
        """Return the s and S where demand is steady, in units; where it is asked, by a network."""
        return self.best

    def by_period(self, factors: Sequence[float]) -> Levels:
        """Return the s and S of each period of a season, in units, by dynamic programming.

        Args:
            factors: what is asked for in each period, in the mean of the distribution.
        """
        shop, longest = self.shop, len(self.shop.chances) * max(factors)
        lot = 4.0 * (self.lot + 1.0) * self.mean / shop.step  # steps: four economic lots, and more
        wide = int(np.ceil((lot + (shop.lead_time + 2) * longest) / MOST))  # steps that are one from here on
        demand = [shop.multiple(factor / wide) for factor in factors]
        step, most = shop.step * wide, int(lot / wide) + 2
        fixed = self.cost * self.mean / step
        if self.lost:
            found = losing_levels(demand, shop.lead_time, fixed, self.short, most)
        else:
            found = waiting_levels(demand, shop.outstanding, fixed, self.short, most)
        return Levels(*(each * step for each in found))

    @cached_property
    def usual(self) -> np.ndarray:
        """Return the mean demand of each period of a season, and of each until an order arrives (season, periods).

        It is in units. Without a season there is one period. A trend never comes back: the one is then the mean demand.
        """
        shop = self.shop
        seasons = [shop.usual(np.array(t)) for t in range(shop.repeats)] if shop.cycle else [shop.usual(None)]
        return np.array(seasons, float)[:, : shop.reach + 1]

    def season(self, network: Any) -> Season:
        """Return what is done in each period of a season, which is one period where there is none.

        A trend never comes back: levels are then those of the mean demand, and move with what is expected.
        """
        usual = self.usual
        factors = [float(each) / self.shop.base_mean for each in usual[:, 0]]
        exact = not self.corrected and not self.crosses
        if exact and (self.lost or len(usual) > 1):
            found = self.by_period(factors)
        else:
            found = Levels(*(np.array([level], float) for level in self.steady(network)))
            if len(usual) > 1:
                here, flat = self.by_period(factors), self.by_period([self.mean / self.shop.base_mean])
                found = Levels(*(level + more - less for level, more, less in zip(found, here, flat, strict=True)))
        return Season(*found, usual)

    def orders(self, view: View, network: Any) -> np.ndarray:
        """Return orders (paths, 1), in units, for the corrections that a network makes of its inputs."""
        if self._season is None:
            self._season = self.season(network)
        periods = len(self._season.s)
        # A policy that looks at the period must say when its orders repeat.
        return self.order(view, *(each[0 if periods == 1 else view.period % periods] for each in self._season))

    def order(self, view: View, s: Any, up_to: Any, usual: Any) -> np.ndarray:
        """Return orders (paths, 1), in units.

        Args:
            view: the start of a period.
            s, up_to: levels, in units.
            usual: the mean demand that they are for, in units: of this period, and of each until an order arrives.
        """
        means = self.shop.foreseen(view)
        below = self.position(view, means) - (self.moved(view, means, usual) if self.moves else 0.0)
        quantity = positive(up_to - below)
        return np.where(below <= s, self.rounded(quantity), 0.0)[:, None]

    @property
    def moves(self) -> bool:
        """Tell whether more may be expected than the levels are for."""
        return self.shop.changes or self.shop.surge is not None

    def moved(self, view: View, means: list[Any], usual: Any) -> Any:
        """Return how much higher levels are than for the usual demand (paths,), in units.

        Args:
            view: the start of a period.
            means: the mean demand that is expected of this period, and of each until an order arrives, in units.
            usual: the same, that levels are for.
        """
        shop, n = self.shop, self.shop.lead_time + 1
        known = np.stack(np.broadcast_arrays(*means[:n]), -1).reshape(-1, n)
        alone = np.stack(shop.usual(None if shop.cycle == 1 else view.period)[:n], -1).reshape(-1, n)
        spike = np.abs(known - alone) > 1e-6 * shop.mean
        last = np.where(spike.any(axis=-1), n - 1 - spike[:, ::-1].argmax(axis=-1), -2)
        announced = -1 if shop.surge is None or shop.surge.seen != "at-once" else shop.surge.announced
        first = np.full(len(known), n) if shop.surge is None else np.maximum(last + 2, announced + 1)
        then = np.reshape(np.asarray(usual)[..., :n], (-1, n))
        return self.cover(known, first) - self.cover(then, np.full(len(then), n))

    def cover(self, means: np.ndarray, first: np.ndarray) -> np.ndarray:
        """Return the levels that cover demands best (n,), in units.

        With a lot of Q periods' demand one period in Q may run out, so that p / (p + Q) are covered (Hadley and Whitin
        1963), and never more than without a lot.

        Args:
            means: the mean demand of each period (n, periods), as it is known, in units.
            first: from which of them on a spike may begin of which nothing is known (n,).
        """
        rows = np.column_stack([np.round(means / self.shop.base_mean, 6), first])
        unique, places = np.unique(rows, axis=0, return_inverse=True)
        if len(self._covers) > KEPT:
            self._covers.clear()  # with a trend no period is like another
        for row in map(tuple, unique):
            if row not in self._covers:
                level, _ = newsvendor(self.shop.total(row[:-1], int(row[-1])), self.short / max(self.lot, 1.0))
                self._covers[row] = level * self.shop.step
        return np.array([self._covers[tuple(row)] for row in unique])[places.reshape(-1)]

    def rounded(self, quantity: Any) -> Any:
        """Return a quantity in whole units, where units are whole: rounded up where customers wait."""
        if not self.whole:
            return quantity
        return np.floor(quantity + 0.5) if self.lost else np.ceil(quantity - 1e-9)

    def position(self, view: View, means: list[Any]) -> Any:
        """Return what levels are of (paths,), in units: the inventory position, whatever is expected."""
        return view.inventory_position[:, 0]
