"""What `agent:generalist` orders of one stock whose customers are lost, where dynamic programming says it."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np

from ..physics import View
from .generalist_computed import ComputedLevels
from .generalist_inputs import DENSITY, Projection, normal_distribution, project
from .last_order import LastOrder, Orders, Reduced, best_orders, between, spaced

LOTS = 2.0  # economic lots that are ordered at once, at most, with a period's demand and its safety stock
SAFE = 4.0  # deviations of demand that are looked at
NEAR = 24  # steps, up to which amounts are told apart
MOST_POSITIONS = 300
MOST_ACTIONS = 10_000_000  # of all states
LONG = 60  # periods of a season, with more of which, and no fixed cost, positions are too far apart
FEW = 6  # periods of a lead time; with more, and no fixed cost, the network does better by the many orders on their way


class Grid(NamedTuple):
    """What is told apart."""

    unit: float  # units in a step
    positions: np.ndarray  # steps
    amounts: np.ndarray  # steps


class LostSales(ComputedLevels):
    """The orders of a world with one stock, lost sales and a lead time of one period or more.

    All that is on hand or on its way is projected until the last order arrives. What is ordered for as much on hand as
    leaves the same mean, and for the last order, is the best by dynamic programming (`last_order.best_orders`). Where
    more is foreseen than the season, orders are those that leave as much in the usual demand, and the safety stock.
    """

    @property
    def moves(self) -> bool:
        shop = self.shop
        return shop.cycle is None or any(shop.demand in spike.hits for spike in shop.scenario.spikes.values())

    @property
    def fits(self) -> bool:
        """Tell whether no network is known to do better: with a fixed cost, and where little is on its way."""
        return self.cost > 0.0 or (self.shop.lead_time <= FEW and self.shop.repeats <= LONG and not self.moves)

    @property
    def until(self) -> int:
        """Return in how many periods the last order arrives."""
        return self.shop.lead_time - 1

    @property
    def span(self) -> tuple[float, float]:
        """Return the least position of which something may be left, and the most that are worth having, in units."""
        until, spread = self.until, SAFE * self.shop.variation * self.mean
        least = self.usual[:, 1:until].sum(axis=1).min() - spread * np.sqrt(until)
        return max(least, 0.0), self.usual[:, : until + 1].sum(axis=1).max() + spread * np.sqrt(until + 1)

    @cached_property
    def grid(self) -> Grid:
        """Return what is told apart: as much as is worth its time."""
        lowest, highest = self.span
        most = LOTS * self.lot * self.mean + self.usual.max() + SAFE * self.shop.variation * self.mean
        wide = 1
        while True:
            unit = wide * self.shop.step
            positions = np.arange(int(lowest / unit), int((highest + most) / unit) + 3)
            amounts = spaced(most / unit + 1.0, NEAR)
            actions = len(self.usual) * len(positions) * len(amounts) * (len(amounts) if self.until else 1)
            if len(positions) <= MOST_POSITIONS and actions <= MOST_ACTIONS:
                return Grid(unit, positions, amounts)
            wide += 1 + wide // 8

    @property
    def reduced(self) -> Reduced:
        """Return the world of which the best orders are known, in steps."""
        return LastOrder(
            self.demand, self.shop.lead_time, self.fixed, self.short, self.grid.positions, self.grid.amounts
        )

    @property
    def demand(self) -> list[np.ndarray]:
        """Return the chances of 0, 1, 2, ... steps of each period of a season."""
        shop = self.shop
        return [shop.multiple(each / shop.base_mean * shop.step / self.grid.unit) for each in self.usual[:, 0]]

    @property
    def fixed(self) -> float:
        """Return the cost of an order, in that of holding a step for a period."""
        return float(self.cost * self.mean / self.grid.unit)

    @cached_property
    def found(self) -> list[Orders]:
        """Return what is ordered in each period of a season, by the position and the last order."""
        return best_orders(self.reduced)

    @cached_property
    def leaves(self) -> np.ndarray:
        """Return what each position leaves when the last order arrives (season, positions), in units."""
        on_hand = self.grid.unit * self.grid.positions
        there = [on_hand, *[0.0 * on_hand] * (self.until - 1)]
        return np.array([self.left(there, list(usual)) for usual in self.usual])

    def left(self, there: list[Any], means: list[Any]) -> Any:
        """Return the mean of what is left when the last order arrives (paths,), in units.

        Args:
            there: what is on hand, and what arrives in the next periods, in units.
            means: the mean demand of this period and of the next ones, in units.
        """
        return self.projected(there[: self.until], means).stock * self.mean if self.until else there[0]

    def projected(self, there: list[Any], means: list[Any]) -> Projection:
        """Return what will be left of what is there, in the mean demand."""
        demand = [each / self.mean for each in means[: len(there)]]
        return project([each / self.mean for each in there], demand, [self.shop.variation * each for each in demand])

    def compared(self, there: list[Any], means: list[Any], safety: Any, usual: np.ndarray) -> tuple[Any, Any]:
        """Return what the last order finds in the usual demand, so that this order finds what it finds in another.

        Args:
            there: what is on hand, and what arrives in the next periods (paths,), in units.
            means: the mean demand that is expected of this period, and of the next ones, in units.
            safety: how much more this order must find than in the usual demand (paths,), in units.
            usual: the usual mean demand of the same periods (paths, periods), in units.

        Returns:
            What is left when the last order arrives, less than 0 where some of that order must be taken away; and how
            much more is missing than all of it (paths,), in units.
        """
        ahead, then = self.projected(there, means), usual[:, self.until]
        finds = ahead.stock * self.mean - safety
        deviation = self.mean * np.sqrt(ahead.variances[-2] + (self.shop.variation * then / self.mean) ** 2 + 1e-6)
        stock = then + deviation * leaving(np.maximum(finds, 0.0) / deviation)
        return stock - there[-1] if self.until else stock, np.maximum(-finds, 0.0)

    def orders(self, view: View, network: Any) -> np.ndarray:
        """Return orders (paths, 1), in units; no network is asked."""
        # A policy that looks at the period must say when its orders repeat.
        periods = np.broadcast_to(0 if len(self.usual) == 1 else view.period % len(self.usual), len(view.on_hand))
        left, last, missing = self.state(view, periods)
        quantity = np.zeros(len(left))
        for t in np.unique(periods):
            here = periods == t
            quantity[here] = self.quantity(t, left[here], last[here])
        return np.where(quantity > 0.0, self.rounded(quantity + missing), 0.0)[:, None]

    def state(self, view: View, periods: np.ndarray) -> tuple[Any, Any, Any]:
        """Return what is left when the last order arrives, that order, and what is missing even so (paths,), in units.

        Args:
            view: the start of a period.
            periods: that of the season (paths,).
        """
        there, means = self.shop.arrivals(view), self.shop.foreseen(view)
        if not self.moves:
            return self.left(there, means), there[-1], np.zeros(len(periods))
        usual, n = self.usual[periods], self.shop.lead_time
        known = sum(means[:n]) - usual[:, :n].sum(axis=1)  # the projection knows it
        left, missing = self.compared(there, means, self.moved(view, means, usual) - known, usual)
        return left, there[-1], missing

    def quantity(self, t: int, left: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return what is ordered in a period of the season (paths,), in units.

        Args:
            t: the period.
            left: what is left when the last order arrives, in units; less than 0 takes from that order.
            last: the last order, in units.
        """
        grid, found = self.grid, self.found[t]
        row, down = between(left, self.leaves[t])
        column, right = np.zeros(len(left), int), np.zeros(len(left))
        if self.until:
            last = np.maximum(last - np.maximum(self.leaves[t][0] - left, 0.0), 0.0)
            column, right = between(last, grid.unit * grid.amounts)

        def mean(table: np.ndarray) -> np.ndarray:
            beside = np.minimum(column + 1, table.shape[1] - 1)
            above, below = ((1.0 - right) * table[k, column] + right * table[k, beside] for k in (row, row + 1))
            return (1.0 - down) * above + down * below

        return np.where(mean(found.gain) > 0.0, grid.unit * mean(found.amount), 0.0)


def leaving(left: np.ndarray) -> np.ndarray:
    """Return x with E(x + Z)+ = `left`, for a standard normal Z."""
    x, mean = _left_of()
    return np.where(left < mean[-1], np.interp(left, mean, x), left)


@cache
def _left_of() -> tuple[np.ndarray, np.ndarray]:
    """Return numbers x, and E(x + Z)+ for a standard normal Z."""
    x = np.linspace(-4.0, 6.0, 1001)
    return x, x * normal_distribution(x) + DENSITY * np.exp(-0.5 * x * x)
