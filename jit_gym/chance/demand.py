"""Demand: what customers ask for, before anybody has decided anything."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..scenario import Demand, Distribution, History, Scenario, ScenarioError
from .bits import uniforms
from .tables import Table, fill, fill_continuous, tabulate


def moments(scenario: Scenario, name: str) -> tuple[float, float]:
    """Return the mean and variance of one period's demand: without trend and spikes, over a whole season."""
    demand = scenario.demands[name]
    mean, variance = level(scenario, name)
    if demand.season:
        factors = np.asarray(demand.season)
        square = np.mean(factors**2) * (variance + mean**2)
        mean = mean * factors.mean()
        variance = square - mean**2
    return float(mean), float(max(variance, 0.0))


def level(scenario: Scenario, name: str) -> tuple[float, float]:
    """Return the mean and variance of what season, trend and spikes multiply."""
    demand = scenario.demands[name]
    if demand.history is not None:
        values = _past(demand.history, scenario.units == "whole")
        return float(values.mean()), float(values.var())
    assert demand.distribution is not None
    if (table := _table(scenario, demand.distribution)) is not None:
        return table.mean, table.variance
    if demand.distribution.lowest >= 0:
        return demand.distribution.mean, demand.distribution.variance
    return _moments_cut_at_zero(demand.distribution)


def _table(scenario: Scenario, distribution: Distribution) -> Table | None:
    """Return the table to draw a demand from, if its draws are whole numbers and not too many."""
    return tabulate(distribution) if scenario.units == "whole" or distribution.is_whole else None


def _moments_cut_at_zero(distribution: Distribution) -> tuple[float, float]:
    u = (np.arange(1 << 16) + 0.5) / (1 << 16)
    draws = np.maximum(distribution.frozen.ppf(u), 0.0)
    return float(draws.mean()), float(draws.var())


def pattern(demand: Demand, periods: int) -> np.ndarray | None:
    """Return the factor of season and trend in each period (periods,), or None where there is neither."""
    if not demand.season and not demand.trend:
        return None
    t = np.arange(periods)
    factor = np.maximum(1.0 + demand.trend * t, 0.0)
    return factor * np.resize(demand.season, periods) if demand.season else factor


def fill_demand(
    out: np.ndarray, column: int, scenario: Scenario, name: str, keys: np.ndarray, paths: np.ndarray
) -> None:
    """Draw demand without season, trend and spikes into one column of `out` (periods, paths, columns)."""
    demand = scenario.demands[name]
    whole = scenario.units == "whole"
    if demand.history is not None:
        values = _past(demand.history, whole)
        out[:, :, column] = replay(demand.history, values, keys, paths, out.shape[0])
        return
    assert demand.distribution is not None
    if (table := _table(scenario, demand.distribution)) is not None:
        fill(out, column, keys, paths, table)
    else:
        fill_continuous(out, column, keys, paths, demand.distribution, whole)


def _past(history: History, whole: bool) -> np.ndarray:
    values = np.asarray(history.values, float)
    return np.floor(values + 0.5) if whole else values


def replay(history: History, values: np.ndarray, keys: np.ndarray, paths: np.ndarray, periods: int) -> np.ndarray:
    """Return demand from a history (periods, paths): as it was on every path, or in blocks drawn at random.

    A block takes its values from a random season of the history, at its own place in the season (a seasonal
    block bootstrap, Politis 2001); without a season it may start anywhere in the history.
    """
    t = np.arange(periods)
    if history.replay == "as-it-was":
        if periods > len(values):
            raise ScenarioError(f"the history has {len(values)} periods and cannot be replayed for {periods}")
        return np.broadcast_to(values[t, None], (periods, len(paths)))
    block, season, length = history.block, history.season, len(values)
    first = t // block * block  # the period in which each period's block begins
    place = first % season  # where in a season that is; the history begins at place 0
    seasons = (length - place + season - 1) // season  # how many values the history has at that place
    u = uniforms(keys, paths, -(-periods // block))[t // block]
    chosen = place[:, None] + season * np.floor(u * seasons[:, None]).astype(int) + (t - first)[:, None]
    turn = length // season * season  # what runs past the end comes back a whole number of seasons earlier
    return values[chosen - np.maximum(chosen - length + turn, 0) // turn * turn]


def usage(
    scenario: Scenario, of: Callable[[Scenario, str], tuple[float, float]] = moments
) -> dict[str, tuple[float, float]]:
    """Return the mean and variance of what demands, and other stocks' replenishment, draw from each stock in a period.

    A lane carries its share of what its stock is used, and draws on the stocks that it uses as much as that takes. `of`
    tells the mean and variance of a demand.
    """
    total = {name: (0.0, 0.0) for name in scenario.stocks}

    def draw(stock: str, mean: float, variance: float) -> None:
        total[stock] = (total[stock][0] + mean, total[stock][1] + variance)
        for name in scenario.feeds[stock]:
            share = scenario.shares[name]
            for source, quantity in scenario.lanes[name].uses.items():
                draw(source, quantity * share * mean, (quantity * share) ** 2 * variance)

    for name, demand in scenario.demands.items():
        mean, variance = of(scenario, name)
        for stock, quantity in demand.draws_on.items():
            draw(stock, quantity * mean, quantity**2 * variance)
    return total
