"""The best orders where customers are lost, by what will be left and the last order: dynamic programming."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

GROWTH = 0.06  # of the steps between numbers, of those that are far apart
NEAR = 64  # values of a demand that are told apart, from the least on
RARE = 1e-7  # the chance of a demand that is not looked at
SPAN = 1e-4  # of the cost of a season, by which the policy may still cost more than the best
IMPROVEMENTS = 200  # of the policy, at most
PERIODS = 40  # that each policy is played before it is improved, where a season is not longer
DAMPED = 0.5  # the weight of the last value, without which lots of a whole number of periods never settle


class Orders(NamedTuple):
    """What is ordered in a period, by the position and the last order (positions, lasts)."""

    gain: np.ndarray  # what an order saves, in the holding cost of a step; less than 0 where none is the best
    amount: np.ndarray  # the best order, if there is one, in steps


def best_orders(world: Reduced) -> list[Orders]:
    """Return the best orders in each period of a season, by dynamic programming.

    The policy is improved until no other costs less by more than `SPAN`, by modified policy iteration (Puterman and
    Shin 1978), damped as Schweitzer (1971) makes a chain aperiodic.
    """
    season, again = range(len(world.demand))[::-1], PERIODS // len(world.demand)
    value = np.zeros(world.at_once[0].shape[:2])
    for _ in range(IMPROVEMENTS):
        before, played = value, []
        for t in season:
            costs = world.costs(t, value)
            if again:
                played.append(world.played(t, costs.argmin(axis=-1)))
            value = costs.min(axis=-1)
        more = value - before
        if np.ptp(more) <= SPAN * abs(more.mean()):
            break
        for _ in range(again):
            value = before = _settled(before, value)
            for cost, chances in played:
                value = cost + (chances @ value.ravel()).reshape(value.shape)
        value = _settled(before, value)
    found = []
    for t in season:
        costs = world.costs(t, value)
        found.append(_orders(costs, world.amounts))
        value = costs.min(axis=-1)
    return found[::-1]


def _settled(before: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return what states cost more than the best of them, between two values."""
    value = DAMPED * before + (1.0 - DAMPED) * value
    return value - value.min()


class Reduced:
    """A world of lost sales whose state is reduced to a position, and perhaps the last order.

    Attributes:
        demand: P(D = 0, 1, 2, ...) of each period of the season, in steps.
        amounts: orders that are looked at, in steps: 0, and more and more.
        at_once: the cost of each order, and of the period in which it arrives (periods; positions, lasts, amounts).
        follows: the place of the position in the next period, and how far it is on the way to the next place, by the
            position after this period's demand and the last order (periods; positions, lasts), or the one that is
            placed.
        by_order: whether the order that is placed is part of the next position; the last order is then no state.
        falls: the chances of the place of the position after a period's demand (periods; positions, positions).
    """

    at_once: list[np.ndarray]
    follows: list[tuple[np.ndarray, np.ndarray]]

    def __init__(
        self, demand: Sequence[np.ndarray], positions: np.ndarray, amounts: np.ndarray, by_order: bool
    ) -> None:
        """Take the demand, and consecutive positions; what is below the first counts as it, and above as the last."""
        self.demand, self.positions, self.amounts = [thinned(each) for each in demand], positions, amounts
        self.by_order = by_order
        self.falls = [left(np.arange(len(positions)), each) for each in self.demand]

    def of(self, t: int) -> np.ndarray:
        """Return the demand of a period, season after season."""
        return self.demand[t % len(self.demand)]

    def until(self, t: int, periods: int) -> np.ndarray:
        """Return the chances of 0, 1, 2, ... steps left of each position after some periods from t on."""
        return left(self.positions, reduce(np.convolve, [self.of(t + k) for k in range(periods)], np.ones(1)))

    def costs(self, t: int, value: np.ndarray) -> np.ndarray:
        """Return what each order costs from period t on (positions, lasts, amounts).

        Args:
            t: a period.
            value: what the periods after it cost (positions, lasts).
        """
        place, part = self.follows[t]
        there = value[place] * (1.0 - part)[..., None] + value[place + 1] * part[..., None]
        there = (self.falls[t] @ there.reshape(len(there), -1)).reshape(there.shape)
        return self.at_once[t] + (np.swapaxes(there, 1, 2) if self.by_order else there)

    def played(self, t: int, policy: np.ndarray) -> tuple[np.ndarray, Any]:
        """Return what period t costs (positions, lasts), and the chances of the states that follow (states, states).

        Args:
            t: a period.
            policy: the place of what is ordered in the amounts (positions, lasts).
        """
        from scipy.sparse import csr_array

        (place, part), asked = self.follows[t], np.flatnonzero(self.demand[t])[:, None, None]
        z, last = np.indices(policy.shape)
        fallen = np.maximum(z - asked, 0)
        by, kept = (policy, 0 * policy) if self.by_order else (last, policy)
        first, share, chance = place[fallen, by], part[fallen, by], self.demand[t][asked]
        columns = np.stack([first, first + 1]) * policy.shape[1] + kept
        chances = np.stack([chance * (1.0 - share), chance * share])
        rows = np.broadcast_to(np.arange(policy.size).reshape(policy.shape), columns.shape)
        moves = csr_array((chances.ravel(), (rows.ravel(), columns.ravel())), shape=(policy.size, policy.size))
        return np.take_along_axis(self.at_once[t], policy[..., None], axis=-1)[..., 0], moves


class LastOrder(Reduced):
    """A world of lost sales with a lead time of one period or more, by the last order and all that is left without it.

    The state of lost sales is what is on hand, and each order on its way: too much for most lead times. Here the last
    order is itself, and all others count as if they were on hand already: as much as leaves the same mean when the last
    one arrives, the position. That is exact for lead times of 1 and 2 periods, where no others are on their way.

    Attributes:
        lasts: last orders that are told apart; 0 alone for a lead time of a period, where the last one has arrived.
    """

    def __init__(
        self,
        demand: Sequence[np.ndarray],
        lead_time: int,
        fixed: float,
        short: float,
        positions: np.ndarray,
        amounts: np.ndarray,
    ) -> None:
        """Take a world in steps: `fixed` and `short` are the costs of an order, and of a step that is lost.

        They are in the cost of holding a step for a period.
        """
        super().__init__(demand, positions, amounts, by_order=lead_time == 1)
        self.lead_time, self.lasts = lead_time, amounts if lead_time > 1 else amounts[:1]
        season = range(len(demand))
        rest = [self.until(t, lead_time - 1) for t in season]
        self.at_once = [self._at_once(t, rest[t], short) + fixed * (amounts > 0) for t in season]
        self.follows = [self._follows(t, rest[(t + 1) % len(demand)]) for t in season]

    def _at_once(self, t: int, rest: np.ndarray, short: float) -> np.ndarray:
        """Return what the period costs in which an order of period t arrives (positions, lasts, amounts).

        Args:
            t: a period.
            rest: the chances of what is left of each position when the last order arrives.
            short: the cost of a step that is lost.
        """
        before = self.of(t + self.lead_time - 1)
        stocks = np.arange(rest.shape[1] + self.lasts[-1])
        cost = sold(self.of(t + self.lead_time), len(stocks) + self.amounts[-1], short)
        of_stock = np.zeros((len(stocks), len(self.amounts)))
        for k in np.flatnonzero(before):
            of_stock += before[k] * cost[np.maximum(stocks - k, 0)[:, None] + self.amounts]
        return np.stack([rest @ of_stock[last : last + rest.shape[1]] for last in self.lasts], axis=1)

    def _follows(self, t: int, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where positions are in the period after t.

        Args:
            t: a period.
            rest: the chances of what is left of each position when the last order arrives, in the period after t.
        """
        if self.lead_time == 1:
            return between(self.positions[:, None] + self.amounts, self.positions)
        soon = self.until(t + 1, self.lead_time - 2)
        then = mean_left(soon.shape[1] + self.lasts[-1], self.of(t + self.lead_time - 1))
        means = np.stack([soon @ then[last : last + soon.shape[1]] for last in self.lasts], axis=1)
        return between(means, rest @ np.arange(rest.shape[1]))


def _orders(costs: np.ndarray, amounts: np.ndarray) -> Orders:
    """Return what to order, for the cost of each amount (positions, lasts, amounts): between them, by a parabola."""
    best = costs[..., 1:].argmin(axis=-1) + 1
    middle = np.clip(best, 2, len(amounts) - 2)
    x = [amounts[middle + k] for k in (-1, 0, 1)]
    y = [np.take_along_axis(costs, (middle + k)[..., None], axis=-1)[..., 0] for k in (-1, 0, 1)]
    slopes = [(y[k + 1] - y[k]) / (x[k + 1] - x[k]) for k in (0, 1)]
    bends = slopes[1] - slopes[0]
    inner = (best == middle) & (bends > 0.0)
    least = 0.5 * (x[0] + x[1]) - 0.5 * (x[2] - x[0]) * slopes[0] / np.where(inner, bends, 1.0)
    return Orders(costs[..., 0] - costs[..., 1:].min(axis=-1), np.where(inner, least, amounts[best]))


def spaced(most: float, near: int) -> np.ndarray:
    """Return 0, 1, 2, ... and from `near` on numbers that grow by `GROWTH`, until `most` is reached."""
    numbers = [0]
    while numbers[-1] < most:
        numbers.append(numbers[-1] + (max(int(GROWTH * numbers[-1]), 1) if numbers[-1] >= near else 1))
    return np.array(numbers)


def thinned(chances: np.ndarray) -> np.ndarray:
    """Return P(D = 0, 1, 2, ...) with the same mean, and fewer values where there are many."""
    least, most = int(np.flatnonzero(chances)[0]), int(np.searchsorted(np.cumsum(chances), 1.0 - RARE))
    values = np.arange(least, most + 1)
    kept = least + spaced(most - least, NEAR)
    kept = np.append(kept, kept[-1] + 1)
    place, part = between(values, kept)
    found = np.zeros(kept[-1] + 1)
    np.add.at(found, kept[place], (1.0 - part) * chances[values])
    np.add.at(found, kept[place + 1], part * chances[values])
    return np.trim_zeros(found, "b") / found.sum()


def sold(demand: np.ndarray, n: int, short: float) -> np.ndarray:
    """Return what a period costs that begins with 0, 1, ..., n - 1 steps, in that of holding a step (n,)."""
    held = mean_left(n, demand)
    cost: np.ndarray = held + short * (demand @ np.arange(len(demand)) - np.arange(n) + held)
    return cost


def left(positions: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Return the chances of 0, 1, 2, ... steps left of each position after a demand (positions, steps)."""
    asked = positions[:, None] - np.arange(positions[-1] + 1)
    chances = np.where((asked >= 0) & (asked < len(demand)), demand[np.clip(asked, 0, len(demand) - 1)], 0.0)
    chances[:, 0] = 1.0 - chances[:, 1:].sum(axis=1)
    return chances


def mean_left(n: int, demand: np.ndarray) -> np.ndarray:
    """Return E(y - D)+ for y = 0, 1, ..., n - 1."""
    below = np.append(np.cumsum(demand), np.ones(n))[: n - 1]
    return np.append(0.0, np.cumsum(below))


def between(numbers: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of the last grid point that is not above a number, and how far it is on the way to the next."""
    place = np.clip(np.searchsorted(grid, numbers, side="right") - 1, 0, len(grid) - 2)
    way = np.maximum(grid[place + 1] - grid[place], 1e-12)
    return place, np.clip((numbers - grid[place]) / way, 0.0, 1.0)
