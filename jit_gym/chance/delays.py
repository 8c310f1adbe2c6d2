"""Lead times that drift: the periods that a lane takes longer, by regime or by date."""

from __future__ import annotations

import numpy as np

from ..scenario import Scenario
from ..scenario.model import Delays, Horizon
from .regimes import in_the_long_run, passed_through, transition


def by_regime(delays: Delays, u: np.ndarray, before: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the periods that are added in each period, and the index of its regime (periods, paths).

    They come from numbers between 0 and 1, and the regimes of the period before these (paths,), if there was one.
    """
    regimes = passed_through(transition(delays.regimes), u, before)
    return np.array([float(each.periods) for each in delays.regimes.values()])[regimes], regimes


def by_date(delays: Delays, horizon: Horizon, periods: int, first: int = 0) -> np.ndarray:
    """Return the periods that are added in each period from `first` on (periods,)."""
    t, added = np.arange(first, first + periods), np.zeros(periods)
    for when, more in delays.steps:
        added[t >= horizon.period_of(when)] = more
    return added


def mean_delay(scenario: Scenario, lane: str) -> float:
    """Return the mean of the periods that are added: in the long run, or over the horizon where they have dates."""
    delays = scenario.lanes[lane].delays
    if delays is None:
        return 0.0
    if delays.steps:
        return float(by_date(delays, scenario.horizon, scenario.horizon.periods).mean())
    added = [regime.periods for regime in delays.regimes.values()]
    return float(in_the_long_run(transition(delays.regimes)) @ added)


def in_sequence(lead_times: np.ndarray, before: np.ndarray | float) -> np.ndarray:
    """Return lead times (periods, paths) with which no shipment arrives before an earlier one: L[t] >= L[t-1] - 1.

    `before` is the lead time of the period before these (paths,), or 0.
    """
    t = np.arange(len(lead_times))[:, None]
    return np.asarray(np.maximum(np.maximum.accumulate(lead_times + t, axis=0), before - 1.0) - t)
