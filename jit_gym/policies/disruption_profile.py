"""How often and for how long the lanes of a scenario are disrupted, in the long run."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..chance.tables import LARGEST, counts
from ..physics import Layout
from ..scenario import Starts
from ..scenario.model import Horizon


class DisruptionProfile:
    """The share of the time that each stock is without supply, and the length of outages, from the scenario alone."""

    def __init__(self, layout: Layout) -> None:
        """Take the layout of a scenario."""
        self.layout, self.scenario = layout, layout.scenario

    @cached_property
    def down(self) -> np.ndarray:
        """Return the share of the time that each stock is without supply, in the long run (stocks,)."""
        shares = np.array([self.scenario.shares[name] for name in self.layout.lanes])
        return shares @ (self.layout.into * self._down_lanes[:, None])

    @cached_property
    def longest_outage(self) -> np.ndarray:
        """Return the longest mean spell of any disruption that hits a lane into each stock, in periods (stocks,)."""
        longest = np.zeros(len(self.layout.lanes))
        for m, name in enumerate(self.layout.lanes):
            stopping = [key for key in self.scenario.hit_by[name] if not self._only_destroys(key)]
            spells = [self.mean_spell(key) for key in stopping]
            longest[m] = max(spells, default=0.0)
        return (self.layout.into * longest[:, None]).max(axis=0)

    @cached_property
    def _down_lanes(self) -> np.ndarray:
        """Return the share of its capacity that each lane lacks in the long run (lanes,)."""
        up = np.ones(len(self.layout.lanes))
        for m, name in enumerate(self.layout.lanes):
            for key in self.scenario.hit_by[name]:
                disruption = self.scenario.disruptions[key]
                up[m] *= 1.0 - disruption.severity * self.outage(key)[0]
        return 1.0 - up

    def _only_destroys(self, key: str) -> bool:
        disruption = self.scenario.disruptions[key]
        return bool(disruption.destroys) and disruption.severity == 0

    def mean_spell(self, key: str) -> float:
        """Return how many periods a disruption lasts on average, 0 if it never begins, the horizon if it never ends."""
        disruption = self.scenario.disruptions[key]
        if disruption.never_begins:
            return 0.0
        return float(self.scenario.horizon.periods) if disruption.lasts.is_forever else disruption.lasts.mean

    def lasts_no_longer_than(self, key: str, chance: float) -> float:
        """Return the least number of periods that a disruption, once begun, lasts no longer than with a chance."""
        disruption, horizon = self.scenario.disruptions[key], self.scenario.horizon
        if disruption.lasts.is_forever:
            return float(horizon.periods)
        lasts = counts(disruption.lasts, horizon.periods)
        enough = np.cumsum(lasts.probabilities) >= chance - 1e-12
        return min(float(lasts.values[int(np.argmax(enough)) if enough.any() else -1]), float(horizon.periods))

    def outage(self, key: str) -> np.ndarray:
        """Return the chance that a disruption has been on for more than 0, 1, 2, ... periods, in the long run.

        From the renewal theorem: the mean periods that a spell goes on beyond so many, over the mean cycle. A
        disruption that is dated, or comes once, has the horizon over its mean number of events in it for a cycle. One
        that never ends is always on in the long run; where its start is given, it is on from then to the horizon.
        """
        disruption, horizon = self.scenario.disruptions[key], self.scenario.horizon
        if disruption.never_begins:
            return np.zeros(1)
        starts, chances = _starts_in(disruption.starts, horizon)
        if disruption.lasts.is_forever:
            if disruption.starts.spell is not None:
                return np.ones(horizon.periods)
            first, chances = (starts[:1], chances[:1]) if disruption.starts.at is not None else (starts, chances)
            left = horizon.periods - first[:, None] - np.arange(horizon.periods + 1)
            beyond = chances @ np.maximum(left, 0.0) / horizon.periods
            return beyond[: max(1, np.count_nonzero(beyond) + 1)]
        lasts = counts(disruption.lasts, horizon.periods)
        if disruption.starts.spell is not None:
            mean = lasts.mean if np.isfinite(lasts.mean) else disruption.lasts.mean
            cycle = mean + disruption.starts.spell.mean
        else:
            cycle = horizon.periods / max(chances.sum(), 1e-9)
        periods = np.minimum(lasts.values, max(horizon.periods, LARGEST)).astype(int)
        beyond = np.zeros(int(periods[-1]) + 1)
        np.add.at(beyond, periods - 1, lasts.probabilities)
        longer = np.cumsum(beyond[::-1])[::-1]  # P(lasts > n)
        return np.minimum(np.cumsum(longer[::-1])[::-1] / cycle, 1.0)


def _starts_in(starts: Starts, horizon: Horizon) -> tuple[np.ndarray, np.ndarray]:
    """Return the periods within the horizon in which events begin that are dated, or come once, and their chances."""
    if starts.once is not None:
        table = counts(starts.once, horizon.periods)
        within = table.values < horizon.periods
        return table.values[within], table.probabilities[within]
    dates = sorted(when for date in starts.at or () if (when := horizon.period_of(date)) < horizon.periods)
    return np.array(dates, float), np.ones(len(dates))
