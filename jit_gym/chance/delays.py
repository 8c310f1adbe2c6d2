"""Lead times that drift: the periods that a lane takes longer, by regime or by date."""

from __future__ import annotations

import numpy as np

from ..scenario import Scenario
from ..scenario.model import Delays, Horizon
from .regimes import in_the_long_run, passed_through, transition


def drawn(delays: Delays, horizon: Horizon, u: np.ndarray) -> np.ndarray:
    """Return the periods that are added in each period, from numbers between 0 and 1 (periods, paths)."""
    if delays.steps:
        return np.broadcast_to(_stepwise(delays, horizon, len(u))[:, None], u.shape)
    added = np.array([float(regime.periods) for regime in delays.regimes.values()])
    return added[passed_through(transition(delays.regimes), u)]


def mean_delay(scenario: Scenario, lane: str) -> float:
    """Return the mean of the periods that are added: in the long run, or over the horizon where they have dates."""
    delays = scenario.lanes[lane].delays
    if delays is None:
        return 0.0
    if delays.steps:
        return float(_stepwise(delays, scenario.horizon, scenario.horizon.periods).mean())
    added = [regime.periods for regime in delays.regimes.values()]
    return float(in_the_long_run(transition(delays.regimes)) @ added)


def in_sequence(lead_times: np.ndarray) -> np.ndarray:
    """Return lead times (periods, paths) with which no shipment arrives before an earlier one: L[t] >= L[t-1] - 1."""
    t = np.arange(len(lead_times))[:, None]
    return np.asarray(np.maximum.accumulate(lead_times + t, axis=0) - t)


def _stepwise(delays: Delays, horizon: Horizon, periods: int) -> np.ndarray:
    added = np.zeros(periods)
    for when, more in delays.steps:
        added[horizon.period_of(when) :] = more
    return added
