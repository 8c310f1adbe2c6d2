"""Demand: its distribution, moments and draws; it does not depend on orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..scenario import Demand, Distribution, History, Horizon, Scenario, ScenarioError
from .bits import uniforms
from .regimes import in_the_long_run, transition
from .tables import Table, fill, quantile, tabulate


def moments(scenario: Scenario, name: str) -> tuple[float, float]:
    """Return the mean and variance of one period's demand: without trend and spikes, over a whole season.

    They are those of a period picked at random; autocorrelation and forecasts do not change them.
    """
    demand = scenario.demands[name]
    mean, variance = level(scenario, name)
    if demand.season:
        factors = np.asarray(demand.season)
        square = np.mean(factors**2) * (variance + mean**2)
        mean = mean * factors.mean()
        variance = square - mean**2
    return float(mean), float(max(variance, 0.0))


def level(scenario: Scenario, name: str) -> tuple[float, float]:
    """Return the long-run mean and variance of a period's demand before season, trend and spikes."""
    demand = scenario.demands[name]
    if demand.history is not None:
        values = _past(demand.history, scenario.units == "whole")
        return float(values.mean()), float(values.var())
    parts = np.array([marginal.moments for marginal in marginals(scenario, name)])
    if not demand.regimes:
        return float(parts[0, 0]), float(parts[0, 1])
    weights, (means, variances) = in_the_long_run(transition(demand.regimes)), parts.T
    mean = weights @ means
    return float(mean), float(weights @ (variances + (means - mean) ** 2))


@dataclass(frozen=True)
class Marginal:
    """The distribution of one period's demand before season, trend and spikes."""

    distribution: Distribution
    occurs: float
    whole: bool
    table: Table | None  # to draw from, if the draws are whole numbers and not too many

    @classmethod
    def of(cls, scenario: Scenario, distribution: Distribution, occurs: float) -> Marginal:
        """Return the distribution of a demand that is 0 unless it occurs, and is then drawn from `distribution`."""
        whole = scenario.units == "whole"
        table = tabulate(distribution) if whole or distribution.is_whole else None
        return cls(distribution, occurs, whole, table and table.thinned(occurs))

    @property
    def moments(self) -> tuple[float, float]:
        """Return the mean and variance of a draw."""
        if self.table is not None:
            return self.table.mean, self.table.variance
        if self.distribution.lowest >= 0:
            mean, variance = self.distribution.mean, self.distribution.variance
        else:
            mean, variance = _moments_cut_at_zero(self.distribution)
        return self.occurs * mean, self.occurs * (variance + (1.0 - self.occurs) * mean**2)

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Return the quantiles at `u`, numbers between 0 and 1."""
        if self.table is not None:
            return self.table.values[np.searchsorted(self.table.cumulative, u, side="left")]
        if self.occurs == 1.0:
            return quantile(self.distribution, u, self.whole)
        out, some = np.zeros(u.shape), u > 1.0 - self.occurs
        out[some] = quantile(self.distribution, (u[some] - (1.0 - self.occurs)) / self.occurs, self.whole)
        return out


def marginals(scenario: Scenario, name: str) -> list[Marginal]:
    """Return the distribution of a period's demand in each of its regimes, or the only one it has."""
    demand = scenario.demands[name]
    given = [demand.distribution, *(regime.distribution for regime in demand.regimes.values())]
    return [Marginal.of(scenario, each, demand.occurs) for each in given if each]


def _moments_cut_at_zero(distribution: Distribution) -> tuple[float, float]:
    u = (np.arange(1 << 16) + 0.5) / (1 << 16)
    draws = np.maximum(distribution.frozen.ppf(u), 0.0)
    return float(draws.mean()), float(draws.var())


def pattern(demand: Demand, periods: int, horizon: Horizon, first: int = 0) -> np.ndarray | None:
    """Return the factor of season, trend and markdown in each period from `first` on (periods,); None without any."""
    if not demand.season and not demand.trend and not demand.markdown:
        return None
    t = np.arange(first, first + periods)
    factor = np.maximum(1.0 + demand.trend * t, 0.0)
    if (markdown := demand.markdown) is not None:
        answer = (markdown.price / demand.price) ** -markdown.elasticity
        factor = factor * np.where(t >= horizon.period_of(markdown.starts), answer, 1.0)
    return factor * np.asarray(demand.season)[t % len(demand.season)] if demand.season else factor


def price_left(demand: Demand, horizon: Horizon, t: Any) -> Any:
    """Return what share of a demand's price is left in some periods, after erosion and the markdown."""
    left = (1.0 - demand.price_erosion) ** t
    if (markdown := demand.markdown) is None:
        return left
    return left * np.where(t >= horizon.period_of(markdown.starts), markdown.price / demand.price, 1.0)


def fill_demand(
    out: np.ndarray, column: int, scenario: Scenario, name: str, keys: np.ndarray, paths: np.ndarray, first: int = 0
) -> None:
    """Draw demand without season, trend and spikes into one column of `out` (periods, paths, columns).

    It is that of the periods from `first` on, a multiple of 4. This is for demands that are independent over periods;
    `Copula` draws the others.
    """
    demand = scenario.demands[name]
    whole = scenario.units == "whole"
    if demand.history is not None:
        values = _past(demand.history, whole)
        out[:, :, column] = replay(demand.history, values, keys, paths, out.shape[0], first)
        return
    (marginal,) = marginals(scenario, name)
    if marginal.table is not None:
        fill(out, column, keys, paths, marginal.table, first)
    else:
        out[:, :, column] = marginal.quantile(uniforms(keys, paths, out.shape[0], first))


def check_histories(scenario: Scenario, periods: int) -> None:
    """Refuse more periods than a history has that is replayed as it was."""
    for demand in scenario.demands.values():
        history = demand.history
        if history is not None and history.replay == "as-it-was" and periods > (length := len(history.values or ())):
            raise ScenarioError(f"the history has {length} periods and cannot be replayed for {periods}")


def _past(history: History, whole: bool) -> np.ndarray:
    values = np.asarray(history.values, float)
    return np.floor(values + 0.5) if whole else values


def replay(
    history: History, values: np.ndarray, keys: np.ndarray, paths: np.ndarray, periods: int, first: int = 0
) -> np.ndarray:
    """Return demand from a history (periods, paths): as it was on every path, or in blocks drawn at random.

    A block takes its values from a random season of the history, at its own place in the season (a seasonal
    block bootstrap, Politis 2001); without a season it may start anywhere in the history.
    """
    t = np.arange(first, first + periods)
    if history.replay == "as-it-was":
        return np.broadcast_to(values[t, None], (periods, len(paths)))
    block = t // history.block
    u = uniforms(keys, paths, block[-1] + 1 - block[0], block[0])[block - block[0]]
    return values[_place(history, len(values), t, np.floor(u * _seasons(history, len(values), t)[:, None]).astype(int))]


def _seasons(history: History, length: int, t: np.ndarray) -> np.ndarray:
    """Return from how many seasons of a history each period's block can be taken (periods,)."""
    place = t // history.block * history.block % history.season  # of its beginning; the history begins at place 0
    return (length - place + history.season - 1) // history.season


def _place(history: History, length: int, t: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return which value of a history each period has when its block is from a chosen season (periods, any)."""
    block, season = history.block, history.season
    first = t // block * block  # the period in which each period's block begins
    index = (first % season)[:, None] + season * chosen + (t - first)[:, None]
    turn = length // season * season  # an index past the end moves back by a whole number of seasons
    return index - np.maximum(index - length + turn, 0) // turn * turn


def seasonal(scenario: Scenario, name: str, periods: int, first: int = 0) -> np.ndarray | None:
    """Return the mean of each period from `first` on that is resampled from a history with a season (periods,).

    None without such a history.
    """
    history = scenario.demands[name].history
    if history is None or history.replay == "as-it-was" or history.season == 1:
        return None
    values, t = _past(history, scenario.units == "whole"), np.arange(first, first + periods)
    seasons = _seasons(history, len(values), t)[:, None]
    chosen = np.arange(seasons.max())
    drawn = values[_place(history, len(values), t, np.minimum(chosen, seasons - 1))]
    return np.where(chosen < seasons, drawn, 0.0).sum(axis=1) / seasons[:, 0]


def usage(
    scenario: Scenario, of: Callable[[Scenario, str], tuple[float, float]] = moments
) -> dict[str, tuple[float, float]]:
    """Return the mean and variance of what demands, and other stocks' replenishment, draw from each stock in a period.

    A lane carries its share of the usage of its stock, times its `uses`, to the stocks that it takes from. The
    variances of several demands on one stock are added, as if not correlated. `of` gives a demand's mean and variance.
    """
    total = {name: (0.0, 0.0) for name in scenario.stocks}
    for name, demand in scenario.demands.items():
        mean, variance = of(scenario, name)
        for stock, quantity in demand.draws_on.items():
            drawn = {stock: (quantity * mean, quantity**2 * variance)}
            for below in scenario.upstream(stock):  # a stock comes before its sources, so its usage is complete
                mean_below, variance_below = drawn[below]
                total[below] = (total[below][0] + mean_below, total[below][1] + variance_below)
                for lane in scenario.feeds[below]:
                    share = scenario.shares[lane]
                    for source, each in scenario.lanes[lane].uses.items():
                        before = drawn.get(source, (0.0, 0.0))
                        more = each * share * mean_below, (each * share) ** 2 * variance_below
                        drawn[source] = (before[0] + more[0], before[1] + more[1])
    return total
