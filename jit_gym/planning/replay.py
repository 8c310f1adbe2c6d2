"""Replay sales as they were: the trace of a world whose demand is known, and what was foretold of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from ..chance import Chance, Trace
from ..chance.copula import Copula, Drawn
from ..chance.demand import level, marginals, pattern
from ..scenario import Scenario

CLIP = 3.0
"""The highest and lowest normal score that a demand of the past counts as in a forecast from it."""


class Known(NamedTuple):
    """What was sold of one item in each period (n,), with no gaps, and where there was a promotion."""

    units: np.ndarray
    promoted: np.ndarray


def known_trace(chance: Chance, seed: int, paths: int, sales: Mapping[str, Known]) -> Trace:
    """Return a trace whose demand is what was sold, the same on every path; all else is drawn as ever.

    A forecast knows what the scenario says (mean, season, trend), the past where demand is autocorrelated, and
    promotions from when they are announced, as they are planned. It does not know what is sold later.

    Args:
        chance: of the scenario, whose demand was fitted to what came before.
        seed: of lead times and of all else that is random.
        paths: how many.
        sales: for each demand, what was sold.
    """
    scenario = chance.scenario
    periods = len(next(iter(sales.values())).units)
    trace = chance.draw(seed, paths, periods)
    rows, columns = trace.rows, trace.columns
    for name, known in sales.items():
        rows[:periods, :, columns.demand[name]] = known.units[:, None]
        planned = promotions(scenario, name)
        on = np.concatenate([known.promoted, np.zeros(columns.ahead + 1, bool)])
        if name in columns.forecast:
            foretold = forecast(chance, name, known, planned)
            rows[:, :, columns.chance :][:, :, columns.forecast[name]] = foretold[:, None, :]
        for spike, column in columns.coming.items():
            if name in scenario.spikes[spike].hits:
                limit, now = scenario.spikes[spike].announced + 1, np.arange(len(on))
                times = np.where(on & (spike == planned), now, len(on) + limit)
                following = np.minimum.accumulate(times[::-1])[::-1]
                coming = np.minimum(following - now, limit)[: periods + 1] / limit
                rows[:, :, columns.chance + column] = coming[:, None]
    return trace


def promotions(scenario: Scenario, demand: str) -> str | None:
    """Return the spike that a demand's promotions are; None where there was none to fit."""
    name = f"promotion-{demand.removeprefix('sell-')}"
    return name if name in scenario.spikes else None


def forecast(chance: Chance, name: str, known: Known, planned: str | None) -> np.ndarray:
    """Return what was foretold of this and the next periods at the start of each (periods + 1, ahead)."""
    scenario, ahead, periods = chance.scenario, chance.columns.ahead, len(known.units)
    demand, beyond = scenario.demands[name], periods + ahead
    expected = pattern(demand, beyond, scenario.horizon)
    usual = np.ones(beyond) if expected is None else expected
    on = np.concatenate([known.promoted, np.zeros(ahead, bool)])
    factors = usual.copy()
    announced, now = 0, np.arange(periods + 1)
    begun = np.full(beyond, beyond + ahead)
    if planned is not None:
        spike = scenario.spikes[planned]
        factors[on] *= spike.factor
        announced = spike.announced
        starts = np.where(on & ~np.concatenate([[False], on[:-1]]), np.arange(beyond), -1)
        begun[on] = np.maximum.accumulate(starts)[on]
    means: Iterator[Any] = repeat(np.float64(level(scenario, name)[0]), ahead)
    if name in chance.copulas:
        drawn = _drawn(chance.copulas[name], scenario, name, known.units, factors[:periods], beyond)
        means = (np.broadcast_to(each, (periods + 1, 1))[:, 0] for each in drawn.foretold(periods + 1, ahead))
    out = np.empty((periods + 1, ahead))
    for h, mean in enumerate(means):
        out[:, h] = mean * usual[h : periods + 1 + h]
        if planned is not None:
            told = begun[h : periods + 1 + h] <= now + announced
            out[told, h] *= scenario.spikes[planned].factor
    return out


def foretold_before(scenario: Scenario, name: str, promoted: np.ndarray) -> np.ndarray:
    """Return the mean demand of each period (n,) as it was foretold before the first, promotions included."""
    mean = level(scenario, name)[0] * np.ones(len(promoted))
    expected = pattern(scenario.demands[name], len(promoted), scenario.horizon)
    if expected is not None:
        mean = mean * expected
    planned = promotions(scenario, name)
    return mean if planned is None else np.where(promoted, scenario.spikes[planned].factor, 1.0) * mean


def _drawn(copula: Copula, scenario: Scenario, name: str, units: np.ndarray, factors: np.ndarray, beyond: int) -> Drawn:
    """Return the draw of a demand whose normal scores are those of what was sold."""
    (marginal,) = marginals(scenario, name)
    usual = units / np.maximum(factors, 1e-9)
    if marginal.table is not None:
        values, cumulative = marginal.table.values, marginal.table.cumulative
        k = np.clip(np.searchsorted(values, np.floor(usual + 0.5)), 0, len(values) - 1)
        u = (cumulative[k] + np.where(k > 0, cumulative[np.maximum(k - 1, 0)], 0.0)) / 2
    else:
        below = marginal.distribution.frozen.cdf(usual)
        none = 1.0 - marginal.occurs
        u = np.where(usual > 0, none + marginal.occurs * below, none / 2 + (none == 0) * below)
    scores = np.clip(ndtri(u), -CLIP, CLIP)
    r = copula.autocorrelation
    new = np.zeros((beyond, 1))
    new[: len(scores), 0] = scores
    new[1 : len(scores), 0] = (scores[1:] - r * scores[:-1]) / np.sqrt(1.0 - r * r)
    return Drawn(copula, lambda source: ndtr(new))


def filled(units: np.ndarray, short: np.ndarray, foretold: np.ndarray, whole: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return demand (n,) without gaps, and where it is not known.

    Where sales are not known, and where stock had run out and less was sold than foretold, it is what was foretold.
    """
    unknown = ~np.isfinite(units) | short
    guess = np.floor(foretold + 0.5) if whole else foretold
    out = np.where(np.isfinite(units), units, guess)
    return np.where(short, np.maximum(out, guess), out), unknown
