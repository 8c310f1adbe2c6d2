"""What `agent:generalist` orders in a season with a fixed cost an order, lost sales and lead times that vary."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..physics import View
from .generalist_lost import SAFE, LostSales
from .generalist_random import RandomLeadTimes
from .last_order import Reduced, between, left, sold


class LostSalesRandomLeadTimes(LostSales):
    """The orders of a world with one stock, lost sales and lead times that vary.

    How much is on order is known, and not since when. It is projected to the periods in which an order may arrive that
    is placed now; what is ordered for as much on hand that leaves the same mean is the best by dynamic programming, as
    if all on order were on hand. Without a season, and often in a weak one, a network is better.
    """

    stock = RandomLeadTimes
    shop: RandomLeadTimes
    until = 0

    @property
    def span(self) -> tuple[float, float]:
        late = self.shop.mean_time + 2.0 * self.shop.lead_time_deviation + 1.0
        total = self.usual[:, : int(np.ceil(late))].sum(axis=1).max()
        return 0.0, total + SAFE * self.shop.variation * self.mean * np.sqrt(late)

    @property
    def reduced(self) -> Reduced:
        return OnArrival(self)

    @cached_property
    def leaves(self) -> np.ndarray:
        on_hand = self.grid.unit * self.grid.positions
        return np.array([self.shop.left(on_hand, 0.0 * on_hand, list(usual)) for usual in self.usual])

    def state(self, view: View, periods: np.ndarray) -> tuple[Any, Any, Any]:
        means = self.shop.foreseen(view)
        there = self.shop.left(*self.shop.stocks(view), means)
        if self.moves:
            there = there - self.shop.more(means, self.usual[periods])
        return there, np.zeros(len(periods)), np.maximum(self.leaves[periods, 0] - there, 0.0)


class OnArrival(Reduced):
    """A world of lost sales whose lead times vary, by what is left when an order placed now arrives."""

    def __init__(self, world: LostSalesRandomLeadTimes) -> None:
        """Take the numbers of a world."""
        super().__init__(world.demand, world.grid.positions, world.grid.amounts, by_order=True)
        season = range(len(self.demand))
        self.at_once = [self._at_once(t, world) + world.fixed * (self.amounts > 0) for t in season]
        self.follows = [self._follows((t + 1) % len(season), world) for t in season]

    def _at_once(self, t: int, world: LostSalesRandomLeadTimes) -> np.ndarray:
        """Return what the period costs in which an order of period t arrives (positions, 1, amounts)."""
        stocks, total, asked = np.arange(self.positions[-1] + 1), 0.0, np.ones(1)
        for k, chance in enumerate(world.shop.arrives):
            if chance > 0.0:
                cost = sold(self.of(t + k), len(stocks) + self.amounts[-1], world.short)
                total = total + chance * (left(self.positions, asked) @ cost[stocks[:, None] + self.amounts])
            asked = np.convolve(asked, self.of(t + k))
            asked = np.append(asked[: len(stocks)], asked[len(stocks) :].sum())  # nothing is left of more
        return np.asarray(total)[:, None]

    def _follows(self, t: int, world: LostSalesRandomLeadTimes) -> tuple[np.ndarray, np.ndarray]:
        """Return where positions are in period t, after an order (positions, amounts)."""
        unit = world.grid.unit
        on_hand, on_order = np.broadcast_arrays(unit * self.positions[:, None], unit * self.amounts)
        return between(world.shop.left(on_hand, on_order, list(world.usual[t])), world.leaves[t])
