"""The demand that `agent:generalist` expects of one stock: its distribution, its season, and what a forecast shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..chance.demand import marginals, pattern, seasonal
from ..chance.tables import counts
from ..physics import View
from ..scenario import Scenario
from ..scenario.events import Spike, Starts
from .plan import PlanningData

FINE = 64  # steps in the mean demand, where units are divisible or demand has many values
MOST_VALUES = 1024  # of a demand in whole units that is looked at unit by unit
EVEN = (np.arange(1 << 14) + 0.5) / (1 << 14)
BEYOND = 4  # periods after the arrival of an order that are looked at
LONG = 64  # periods in which a hidden spike may have begun, at most
LEAST = 0.05  # of the mean demand, by which numbers are divided where next to nothing is expected


class Coming(NamedTuple):
    """The demand that is expected, in units: numbers, or one for each path (paths,)."""

    means: list[Any]  # of this period, of each until the order arrives, and of `BEYOND` after that
    deviations: list[Any]  # of this period, of each until the order arrives, and of one after that
    levels: list[Any]  # that cover each of these periods with the critical ratio
    unit: list[Any]  # one number, in which all is seen: the mean demand of a period until the order arrives


class ExpectedDemand:
    """The demand of one stock: what is expected of each period, and the level that covers it.

    A period's demand is that of the distribution times what is expected of the period, where units are whole rounded
    up or down by chance.

    Attributes:
        plan, scenario, demand: the world, and the name of its demand.
        mean: units asked for in a period, over a whole season.
        ratio: the critical ratio.
        season: the mean of each period of a history that is resampled with a season (periods,), or None.
        chances, step: P(D = 0, step, 2 step, ...) before season and spikes, and the step in units.
        repeats: the number of periods after which the season begins again; 1 without a season.
        reach: the number of periods until an order arrives.
    """

    reach: int

    def __init__(self, plan: PlanningData) -> None:
        """Take the one stock of a plan, and its demand."""
        self.plan, self.scenario = plan, plan.scenario
        (self.demand,) = self.scenario.demands
        self.mean = float(plan.mean[0])
        self.ratio = float(plan.critical_ratio[0])
        self.whole = plan.whole
        self.season = _season(self.scenario, self.demand)
        self.chances, self.step = _chances(self.scenario, self.demand, self.season)
        given = self.scenario.demands[self.demand]
        self.repeats = math.lcm(len(given.season or [1]), 1 if self.season is None else len(self.season))
        self.trend = given.trend
        self._known: dict[float, tuple[float, float]] = {}

    @cached_property
    def base_mean(self) -> float:
        """Return the mean of a period's demand before season and spikes, in units."""
        return float(self.chances @ np.arange(len(self.chances))) * self.step

    @cached_property
    def variation(self) -> float:
        """Return the coefficient of variation of a period's demand before season and spikes."""
        k = np.arange(len(self.chances))
        mean = float(self.chances @ k)
        return float(np.sqrt(self.chances @ (k - mean) ** 2) / mean)

    @cached_property
    def newsvendor(self) -> float:
        """Return the level that covers the demand of a period with the critical ratio, in the mean demand."""
        return self.quantile(self.chances)

    def quantile(self, chances: np.ndarray, ratio: float | None = None) -> float:
        """Return a level that covers a demand with the critical ratio, interpolated between steps; in the mean demand.

        A demand of k steps counts as one of anything between k - 1/2 and k + 1/2 steps.
        """
        ratio = self.ratio if ratio is None else ratio
        below = np.cumsum(chances)
        k = min(int(np.searchsorted(below, ratio - 1e-12)), len(chances) - 1)
        before = below[k - 1] if k else 0.0
        return float((k - 0.5 + (ratio - before) / (below[k] - before)) * self.step / self.base_mean)

    @property
    def cycle(self) -> int | None:
        """Return after how many periods what is expected is as before; None where it never is."""
        return None if self.trend else self.repeats

    @property
    def seasonal(self) -> bool:
        """Tell whether what is expected changes with a season, and without a trend."""
        return self.cycle is not None and self.cycle > 1

    @property
    def changes(self) -> bool:
        """Tell whether what is expected is not the same in all periods."""
        return bool(self.plan.layout.columns.forecast) or self.cycle != 1

    @cached_property
    def extremes(self) -> tuple[float, float]:
        """Return the least and the most that is expected of a period, in the mean demand."""
        periods = np.arange(self.scenario.horizon.periods if self.trend else self.repeats)
        usual = np.asarray(self.usual(periods)[0]) / self.mean
        spikes = [1.0, *(spike.factor for spike in self.scenario.spikes.values() if self.demand in spike.hits)]
        return float(usual.min() * min(spikes)), float(usual.max() * max(spikes))

    @cached_property
    def unforeseen(self) -> tuple[float, float, float]:
        """Return the mean and deviation of what spikes add that no forecast shows yet, in what is expected.

        Those of the period in which an order arrives, and the mean of all until then. A spike that is announced a
        periods ahead is not foreseen k periods ahead if it begins in the last k - a of them, and has not ended.
        """
        means, variance = np.zeros(self.reach + 1), 0.0
        for spike in self.scenario.spikes.values():
            if self.demand in spike.hits:
                known = spike.announced if spike.seen == "at-once" else -np.inf
                periods = np.clip(np.arange(self.reach + 1) - known, 0.0, spike.lasts.mean)
                chances = 1.0 - (1.0 - _rate(spike.starts)) ** periods
                means += chances * (spike.factor - 1.0)
                variance += float(chances[-1] * (1.0 - chances[-1])) * (spike.factor - 1.0) ** 2
        return float(means[-1]), float(np.sqrt(variance)), float(means.mean())

    @property
    def weights(self) -> np.ndarray:
        """Return how much each period until the order arrives counts in `Coming.unit` (reach + 1,)."""
        return np.ones(self.reach + 1)

    def usual(self, period: Any) -> list[Any]:
        """Return the mean demand of a period and of later ones by season and trend, as far as is looked at, in units.

        Args:
            period: numbers of periods (any,), or None where they are not known.
        """
        ahead = range(self.reach + 1 + BEYOND)
        if period is None or self.cycle == 1:
            return [self.mean for _ in ahead]
        t = np.asarray(period)
        first = int(t.min())
        periods = np.arange(first, int(t.max()) + len(ahead))
        factor = pattern(self.scenario.demands[self.demand], len(periods), self.scenario.horizon, first)
        base = self.base_mean if self.season is None else self.season[periods % len(self.season)]
        expected = np.broadcast_to(base if factor is None else base * factor, len(periods))
        return [expected[t - first + k] for k in ahead]

    def coming(self, usual: list[Any], shown: list[Any] | None = None) -> Coming:
        """Return the demand that is expected.

        Args:
            usual: the mean demand of each period by season and trend, as far as is looked at, in units.
            shown: the mean demand of each period until the order arrives, where a forecast shows it, in units. What it
                knows more than the season, of a spike, is taken to go on.
        """
        return self._coming(self._means(usual, shown))

    def _means(self, usual: list[Any], shown: list[Any] | None) -> list[Any]:
        """Return the mean demand of each period, as far as is looked at, in units."""
        if shown is None:
            return usual
        more: Any = 1.0
        for known, mean in zip(shown, usual, strict=False):
            more = np.where(mean > 0, known / np.where(mean > 0, mean, 1.0), more)
        return [*shown, *(more * mean for mean in usual[self.reach + 1 :])]

    def _coming(self, means: list[Any]) -> Coming:
        """Return the demand that is expected, with these means."""
        of = [self._demand(np.asarray(mean, float) / self.base_mean) for mean in means[: self.reach + 2]]
        unit = sum(weight * mean for weight, mean in zip(self.weights, means, strict=False)) / self.weights.sum()
        unit = np.maximum(unit, LEAST * self.mean)
        return Coming(means, [deviation for _, deviation in of], [level for level, _ in of], [unit])

    def _demand(self, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the newsvendor's level and the deviation of the distribution's demand times each factor, in units."""
        values, places = np.unique(np.round(factor, 6), return_inverse=True)
        for value in values:
            if value not in self._known:
                self._known[value] = self._times(float(value))
        found = np.array([self._known[value] for value in values])[places.reshape(np.shape(factor))]
        return found[..., 0], found[..., 1]

    def _times(self, factor: float) -> tuple[float, float]:
        """Return the newsvendor's level and the deviation of the distribution's demand times a factor, in units."""
        if not self.whole or self.step != 1.0:
            scale = factor * self.base_mean
            return self.newsvendor * scale, self.variation * scale
        chances = self.multiple(factor)
        k = np.arange(len(chances))
        mean = chances @ k
        return self.quantile(chances) * self.base_mean, float(np.sqrt(max(chances @ (k - mean) ** 2, 0.0)))

    def multiple(self, factor: float) -> np.ndarray:
        """Return the chances of 0, 1, 2, ... steps of the distribution's demand times a factor, rounded by chance."""
        many = factor * np.arange(len(self.chances))
        below = np.floor(many).astype(int)
        up = many - below
        chances = np.bincount(below, self.chances * (1.0 - up), below[-1] + 2)
        chances += np.bincount(below + 1, self.chances * up, below[-1] + 2)
        return chances

    @cached_property
    def surge(self) -> Spike | None:
        """Return the spike that begins by chance, of several the one that adds or takes most in the long run."""
        spikes = [each for each in self.scenario.spikes.values() if self.demand in each.hits and _rate(each.starts)]
        return max(spikes, key=lambda each: _rate(each.starts) * each.lasts.mean * abs(each.factor - 1.0), default=None)

    def total(self, factors: Sequence[float], first: int) -> np.ndarray:
        """Return P(0, 1, 2, ...) of the demand of some periods, in steps, in which the `surge` may begin.

        One that is hidden may have begun before them, too.

        Args:
            factors: what is asked for in each, as it is known, in the mean of the distribution.
            first: from which of them on it may begin without being known; as many as there are for none.
        """
        if self.surge is not None and self.surge.seen == "hidden" and first < len(factors):
            before = int(2.0 * (1.0 / _rate(self.surge.starts) + self.surge.lasts.mean))
            factors = (*[0.0] * min(before, LONG), *factors)  # nothing that was asked for before counts
        usual = [self.multiple(factor) for factor in factors]
        surge = [] if self.surge is None else [self.multiple(factor * self.surge.factor) for factor in factors]
        n, found = len(usual), [np.ones(1)]  # of the last 0, 1, 2, ... periods, if it may begin in the first of them
        for h in reversed(range(n)):
            quiet = np.convolve(usual[h], found[-1])
            found.append(quiet if self.surge is None or h < first else _with(self.surge, usual, surge, found))
        return found[-1]

    def expected(self, view: View) -> Coming:
        """Return the demand that is expected at the start of a period."""
        return self._coming(self.foreseen(view)) if self.changes else self.steady

    def foreseen(self, view: View) -> list[Any]:
        """Return the mean demand that is expected of this period and of each as far as is looked at, in units."""
        if not self.changes:
            return self.steady.means
        shows = self.plan.layout.columns.forecast
        shown = as_far(list(np.moveaxis(view.forecast[:, 0], -1, 0)), self.reach + 1) if shows else None
        # A policy that looks at the period must say when its orders repeat.
        return self._means(self.usual(None if self.cycle == 1 else view.period), shown)

    @cached_property
    def steady(self) -> Coming:
        """Return the demand that is expected where it is the same in all periods."""
        return self.coming(self.usual(None))


def _with(spike: Spike, usual: list[np.ndarray], surge: list[np.ndarray], found: list[np.ndarray]) -> np.ndarray:
    """Return the demand of one more period than the last of `found` has, if a spike may begin in its first (steps,).

    Args:
        spike: that may begin.
        usual, surge: the demand of each period without it and while it lasts, in steps.
        found: the demand of the last 0, 1, 2, ... periods.
    """
    n, h, rate = len(usual), len(usual) - len(found), _rate(spike.starts)
    lasts = counts(spike.lasts)
    total, rush = (1.0 - rate) * np.convolve(usual[h], found[-1]), np.ones(1)
    for end in range(h + 1, n + 1):
        rush = np.convolve(rush, surge[end - 1])
        if end < n:  # a quiet period follows
            chance = float(lasts.probabilities[lasts.values == end - h].sum())
            after = np.convolve(usual[end], found[n - end - 1])
        else:
            chance, after = float(lasts.probabilities[lasts.values >= end - h].sum()), np.ones(1)
        total = _added(total, rate * chance * np.convolve(rush, after))
    return total


def _added(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the sum of two distributions of different lengths."""
    total = np.zeros(max(len(a), len(b)))
    total[: len(a)] += a
    total[: len(b)] += b
    return total


def _rate(starts: Starts) -> float:
    """Return the chance that something begins in a quiet period; 0 where it does not recur by chance."""
    return 0.0 if starts.spell is None or starts.spell.is_forever else 1.0 / max(starts.spell.mean, 1.0)


def as_far(shown: list[Any], periods: int) -> list[Any]:
    """Return what a forecast shows of so many periods; of those that it does not reach, what it shows of the last."""
    return [shown[min(k, len(shown) - 1)] for k in range(periods)]


def _season(scenario: Scenario, demand: str) -> np.ndarray | None:
    """Return the mean of each period of a history that is resampled with a season (periods,), or None without."""
    history = scenario.demands[demand].history
    found = None if history is None else seasonal(scenario, demand, math.lcm(history.block, history.season))
    return None if found is None else np.maximum(found, 1e-3 * found.mean())


def _chances(scenario: Scenario, demand: str, season: np.ndarray | None) -> tuple[np.ndarray, float]:
    """Return P(D = 0, step, 2 step, ...) of a demand before season and spikes, and the step in units.

    Of a history with a season, it is what its values are to the season's, in the mean.
    """
    history = scenario.demands[demand].history
    whole = scenario.units == "whole"
    if history is not None:
        values = np.asarray(history.values, float)
        if season is not None:
            values, whole = values / np.resize(season, len(values)) * values.mean(), False
        weights = np.full(len(values), 1.0 / len(values))
    else:
        (marginal,) = marginals(scenario, demand)
        if marginal.table is not None:
            values, weights = marginal.table.values, marginal.table.probabilities
        else:
            values, weights = marginal.quantile(EVEN), np.full(len(EVEN), 1.0 / len(EVEN))
    mean = float(values @ weights)
    step = 1.0 if whole and values.max() < MOST_VALUES else max(mean / FINE, values.max() / MOST_VALUES)
    places = np.floor(values / step + 0.5).astype(int)
    return np.bincount(places, weights), step
