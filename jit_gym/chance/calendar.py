"""The calendar: what follows from the date alone, as features between 0 and 1 for a neural network."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from ..scenario import Scenario
from ..scenario.model import Event
from .columns import ends_with_money

HARMONICS = 1, 2, 4
"""Multiples of a phase that are shown: the higher ones distinguish the weeks of a year."""


class Calendar:
    """Encodes the date, as far as demand, prices or announced events depend on it.

    For each season or cycle of n periods there are `season_n.sine_k` and `season_n.cosine_k`, (1 + sin(2 pi k t / n)) /
    2 and (1 + cos(2 pi k t / n)) / 2, for k = 1, 2 and 4 as far as they are not redundant (Fourier terms, Hyndman and
    Athanasopoulos 2021, section 7.4); and `horizon.passed`, the share of the horizon that has passed, where the
    world ends or a change is permanent. Hidden events are left out.
    """

    def __init__(self, scenario: Scenario) -> None:
        """Find the cycles of a scenario, and whether the number of the period matters."""
        self.horizon = scenario.horizon.periods
        self.cycles = sorted(set(_cycles(scenario)))
        self.passes = scenario.horizon.ends or _changes_for_good(scenario)

    @cached_property
    def names(self) -> list[str]:
        """Return the name of each number."""
        waves = [f"season_{n}.{wave}_{k}" for n in self.cycles for k in _multiples(n) for wave in ("sine", "cosine")]
        return waves + ["horizon.passed"] * self.passes

    def at(self, period: Any) -> np.ndarray:
        """Return the numbers (..., n) at the start of a period, or of several (...)."""
        t = np.asarray(period, float)[..., None]
        phases = [2 * np.pi * (k * np.mod(t, n)) / n for n in self.cycles for k in _multiples(n)]
        waves = [0.5 + 0.5 * np.round(wave(phase), 12) for phase in phases for wave in (np.sin, np.cos)]
        passed = [np.minimum(t / self.horizon, 1.0)] * self.passes
        return np.concatenate([*waves, *passed, np.zeros((*t.shape[:-1], 0))], axis=-1)

    def period_of(self, shown: np.ndarray) -> np.ndarray | None:
        """Return the periods (paths,) that these numbers (paths, n) encode, or None where they encode phases."""
        return np.round(shown[:, -1] * self.horizon) if self.passes else None


def _multiples(cycle: int) -> list[int]:
    """Return the multiples of a phase that are not redundant: those below half the number of periods."""
    return [k for k in HARMONICS if k == 1 or 2 * k < cycle]


def _cycles(scenario: Scenario) -> Iterator[int]:
    """Yield the fixed cycle lengths, in periods, of demand, its spikes, and announced disruptions."""
    for demand in scenario.demands.values():
        yield from [len(demand.season)] if len(demand.season) > 1 else []
        history = demand.history
        if history is not None and history.replay != "as-it-was" and history.season > 1:
            yield history.season
    for event in _known(scenario):
        spell, lasts = event.starts.spell, event.lasts
        goes_on = spell is not None and not event.never_begins and not lasts.is_forever
        if spell is not None and goes_on and spell.variance == lasts.variance == 0:
            yield round(spell.mean + lasts.mean)


def _known(scenario: Scenario) -> Iterator[Event]:
    """Yield the events that can be foreseen: spikes that are not hidden, and disruptions that are announced."""
    yield from (spike for spike in scenario.spikes.values() if spike.seen == "at-once")
    yield from (each for each in scenario.disruptions.values() if each.seen == "at-once" and each.announced)


def _changes_for_good(scenario: Scenario) -> bool:
    """Tell whether the number of the period matters: a trend, a history replayed as it was, a dated event."""
    demands, stocks = scenario.demands.values(), scenario.stocks.values()
    once = any(demand.history is not None and demand.history.replay == "as-it-was" for demand in demands)
    dated = any(event.starts.at is not None for event in _known(scenario))
    obsolete = any(stock.obsolete and stock.obsolete.at is not None for stock in stocks)
    lanes = scenario.lanes.values()
    dated |= any(demand.markdown for demand in demands)
    dated |= any(lane.delays and lane.delays.steps and lane.delays.seen == "at-once" for lane in lanes)
    return once or dated or obsolete or any(demand.trend for demand in demands) or ends_with_money(scenario)
