"""Lead times as formulas need them: their distribution, with late suppliers, and the orders outstanding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..chance.delays import mean_delay
from ..chance.suppliers import supplier_of
from ..chance.tables import Table, counts
from ..scenario import Scenario


def outstanding(scenario: Scenario, name: str) -> tuple[float, float]:
    """Return the mean and variance of the number of orders that are on their way on a lane, in the long run.

    With an order in every period, that number is what a base-stock level has to cover, and not the lead time. Where
    orders arrive in their sequence both have the same distribution. Where they cross, the variance is the sum of
    P(L > k) P(L <= k) over k, which is less (Robinson et al. 2001; Bradley and Robinson 2005). The periods by which a
    supplier is late are part of the lead time, and let orders cross. Of lead times that drift it is the mean alone.
    """
    lane, late = scenario.lanes[name], supplier_of(scenario, name).late
    mean = lane.lead_time.mean + mean_delay(scenario, name) + (late.chance * late.by.mean if late is not None else 0.0)
    if lane.crossing:
        return mean, _variance_outstanding(lead_times(scenario, name))
    # The sum is exact for a fixed lead time, or a supplier who is never late.
    return mean, lane.lead_time.variance + _variance_outstanding(_lateness(scenario, name))


def mean_time(scenario: Scenario, name: str) -> float:
    """Return the mean time from an order on a lane, with its delay, to the arrival, in periods."""
    return scenario.lanes[name].order_delay + outstanding(scenario, name)[0]


def lead_times(scenario: Scenario, name: str) -> np.ndarray:
    """Return the chances of 0, 1, 2, ... periods from a shipment on a lane to its arrival, the lateness included."""
    return np.convolve(_chances(counts(scenario.lanes[name].lead_time)), _lateness(scenario, name))


def demand_of_periods(demand: Sequence[np.ndarray], chances: np.ndarray) -> np.ndarray:
    """Return the chances of 0, 1, 2, ... steps of demand in a random number of periods (steps,).

    Args:
        demand: P(D = 0, 1, 2, ...) of each period, in steps.
        chances: of the first period alone, the first two, ...: as many.
    """
    total = np.ones(1)
    found = np.zeros(1 + sum(len(each) - 1 for each in demand))
    for each, chance in zip(demand, chances, strict=True):
        total = np.convolve(total, each)
        found[: len(total)] += chance * total
    return found


def _lateness(scenario: Scenario, name: str) -> np.ndarray:
    """Return the chances that the supplier of a lane is late by 0, 1, 2, ... periods."""
    late = supplier_of(scenario, name).late
    if late is None or not late.chance:
        return np.ones(1)
    by = late.chance * _chances(counts(late.by))
    by[0] += 1.0 - late.chance
    return by


def _chances(table: Table) -> np.ndarray:
    """Return P(X = 0, 1, 2, ...) for a table of whole numbers."""
    chances = np.zeros(int(table.values[-1]) + 1)
    chances[table.values.astype(int)] = table.probabilities
    return chances


def _variance_outstanding(chances: np.ndarray) -> float:
    """Return the variance of the number of orders outstanding, for independent lead times with P(L = 0, 1, 2, ...).

    An order of k periods ago is outstanding with the chance P(L > k), so that it is the sum of P(L > k) P(L <= k).
    """
    by_then = np.minimum(np.cumsum(chances), 1.0)
    return float(((1.0 - by_then) * by_then).sum())
