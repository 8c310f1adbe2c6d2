"""The best s and S of each period of a season, where each order has a fixed cost: by dynamic programming."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np

from .last_order import mean_left, sold
from .lead_times import demand_of_periods

RARE = 1e-9  # the chance of a demand that is not looked at
SPAN = 1e-7  # of the cost of a season, by which its value may still differ between positions
SEASONS = 400  # that are looked at, at most


class Levels(NamedTuple):
    """An s and an S for each period of a season (periods,)."""

    s: np.ndarray
    up_to: np.ndarray


def waiting_levels(
    demand: Sequence[np.ndarray], outstanding: np.ndarray, fixed: float, short: float, lot: int
) -> Levels:
    """Return the best s and S of the inventory position in each period of a season, where customers wait, in steps.

    They are exact where orders arrive in their sequence.

    Args:
        demand: P(D = 0, 1, 2, ...) of each period of the season, in steps.
        outstanding: the chances of a lead time of 0, 1, 2, ... periods.
        fixed: the cost of an order, in that of holding a step for a period.
        short: the cost of a missing step for a period, in the same.
        lot: as much is ordered at most, in steps.
    """
    exposed = [demand_of_periods(_from(demand, t, len(outstanding)), outstanding) for t in range(len(demand))]
    most = lot + max(int(np.searchsorted(np.cumsum(each), 1.0 - RARE)) for each in exposed)
    positions = np.arange(-most, most + 1)
    return periodic_levels(demand, [waiting_costs(positions, each, short) for each in exposed], -most, fixed)


def losing_levels(demand: Sequence[np.ndarray], lead_time: int, fixed: float, short: float, lot: int) -> Levels:
    """Return an s and an S of what will be left in each period of a season, where customers are lost, in steps.

    What will be left is the mean stock when an order placed now arrives; its deviation is taken to be that of the
    demand until then. They are the best where orders arrive at once.

    Args:
        demand, fixed, short, lot: as for `waiting_levels`.
        lead_time: in periods.
    """
    until = [reduce(np.convolve, _from(demand, t, lead_time), np.ones(1)) for t in range(len(demand))]
    then = [demand[(t + lead_time) % len(demand)] for t in range(len(demand))]
    positions = np.arange(lot + 2 * max(len(each) for each in demand))
    costs = [lost_costs(positions, *pair, short) for pair in zip(then, until, strict=True)]
    return periodic_levels(then, costs, 0, fixed)


def _from(demand: Sequence[np.ndarray], t: int, periods: int) -> list[np.ndarray]:
    """Return the demand of so many periods from period t on, season after season."""
    return [demand[k % len(demand)] for k in range(t, t + periods)]


def periodic_levels(demand: Sequence[np.ndarray], costs: Sequence[np.ndarray], lowest: int, fixed: float) -> Levels:
    """Return the s and S with the least cost in the long run, by value iteration over the periods of a season.

    With convex costs some s and S are optimal in each period (Scarf 1960; Karlin 1960 for demand with a season).

    Args:
        demand: P(D = 0, 1, 2, ...) of each period of the season, by which the position falls after it, in steps.
        costs: of each period of the season, at positions `lowest`, `lowest` + 1, ... after ordering (positions,). The
            position does not fall below the lowest.
        lowest: a position, in steps.
        fixed: the cost of an order.
    """
    from scipy.signal import convolve

    positions = np.arange(lowest, lowest + len(costs[0]))
    value = np.zeros(len(positions))
    s, up_to = np.zeros(len(demand), int), np.zeros(len(demand), int)
    for _ in range(SEASONS):
        before = value
        for t in reversed(range(len(demand))):
            fallen = np.concatenate([np.full(len(demand[t]) - 1, value[0]), value])
            there = costs[t] + convolve(fallen, demand[t], mode="valid")
            best = int(there.argmin())
            ordering = fixed + there[best]
            orders = there[:best] > ordering
            s[t] = positions[np.flatnonzero(orders)[-1]] if orders.any() else lowest - 1
            up_to[t] = positions[best]
            value = np.append(np.where(orders, ordering, there[:best]), there[best:])
        more = value - before
        if np.ptp(more) <= SPAN * abs(more.mean()):
            break
        value = value - value.min()
    return Levels(s, up_to)


def waiting_costs(positions: np.ndarray, exposed: np.ndarray, short: float) -> np.ndarray:
    """Return what a period costs at positions from which a demand is taken, where customers wait (positions,).

    Args:
        positions: in steps.
        exposed: P(0, 1, 2, ...) of what is asked for until an order placed now has arrived and been sold from.
        short: the cost of a missing step, in that of holding one.
    """
    left = np.where(positions > 0, mean_left(max(int(positions[-1]), 0) + 1, exposed)[np.maximum(positions, 0)], 0.0)
    mean = float(exposed @ np.arange(len(exposed)))
    cost: np.ndarray = left + short * (mean - positions + left)
    return cost


def lost_costs(positions: np.ndarray, demand: np.ndarray, until: np.ndarray, short: float) -> np.ndarray:
    """Return what a period costs at mean stocks when an order arrives, where customers are lost (positions,).

    The stock differs from its mean as what is asked for until then does, and is not less than 0.

    Args:
        positions: in steps.
        demand: P(D = 0, 1, 2, ...) of the period in which an order placed now arrives, in steps.
        until: the same, of the periods before it.
        short: the cost of a step that is lost, in that of holding one.
    """
    from scipy.signal import convolve

    whole, part = divmod(float(until @ np.arange(len(until))), 1.0)
    stocks = np.arange(int(positions[-1] + whole) + 2)
    of_stock = sold(demand, len(stocks), short)
    lowest = int(positions[0] + whole) - (len(until) - 1)  # the stock where as much as can be is asked for
    of_stock = np.append(np.full(max(-lowest, 0), of_stock[0]), of_stock[max(lowest, 0) :])
    cost: np.ndarray = convolve((1.0 - part) * of_stock[:-1] + part * of_stock[1:], until, mode="valid")
    return cost
