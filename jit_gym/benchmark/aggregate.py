"""Figures over many instances and seeds, with intervals: what Agarwal et al. (2021) ask of a benchmark.

A `Sample` holds what one policy scored: on each instance a number a seed, less is better. All figures are of these
instances; an interval tells what else might have been found with other seeds and other paths on the *same* instances
(a bootstrap whose strata are the instances), and nothing about instances that are not among them.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from ..common.checks import BadInput
from ..common.statistics import Estimate, interquartile_means

RESAMPLES = 2000


class Runs(NamedTuple):
    """What a policy scored on one instance: a value for each seed, and the standard error of each.

    The error is that of the simulation that judged it, 0 for an exact cost.
    """

    values: np.ndarray
    errors: np.ndarray


class Profile(NamedTuple):
    """The share of runs with a score of at most `at`, and the band that holds it with 95 %, point by point."""

    at: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Sample:
    """Scores of one policy by instance; `name` decides which random numbers resample it.

    Every instance counts the same, however many seeds it has. Resampling draws the seeds of each instance anew, and to
    each instance adds an error of simulation that its seeds share, as they were judged on the same paths.
    """

    name: str
    runs: Mapping[str, Runs]
    resamples: int = RESAMPLES

    def __post_init__(self) -> None:
        """Refuse what cannot be resampled."""
        if not self.runs:
            raise BadInput(f"{self.name}: has no runs")
        for instance, (values, errors) in self.runs.items():
            if len(values) == 0 or len(values) != len(errors):
                raise BadInput(f"{self.name}, {instance}: needs a value and an error for each seed")
            if not (np.isfinite(values).all() and np.isfinite(errors).all() and (np.asarray(errors) >= 0).all()):
                raise BadInput(f"{self.name}, {instance}: scores and their errors must be finite")

    @property
    def instances(self) -> list[str]:
        """Return the names of the instances, in alphabetical order."""
        return sorted(self.runs)

    @property
    def seeds(self) -> tuple[int, int]:
        """Return the fewest and the most seeds that an instance has."""
        counts = [len(each.values) for each in self.runs.values()]
        return min(counts), max(counts)

    def only(self, instances: Sequence[str]) -> Sample:
        """Return the scores on some of the instances."""
        return Sample(self.name, {each: self.runs[each] for each in instances}, self.resamples)

    def less(self, other: Sample) -> Sample:
        """Return how much more this policy scored than another on the instances of both, seed by seed.

        Where one of the two has a single seed, that one is compared with every seed of the other.
        """
        found: dict[str, Runs] = {}
        for instance in sorted(self.runs.keys() & other.runs.keys()):
            mine, theirs = self.runs[instance], other.runs[instance]
            if len(mine.values) != len(theirs.values) and 1 not in (len(mine.values), len(theirs.values)):
                raise BadInput(f"{self.name}, {instance}: {len(mine.values)} seeds against {len(theirs.values)}")
            found[instance] = Runs(mine.values - theirs.values, np.hypot(mine.errors, theirs.errors))
        return Sample(f"{self.name} less {other.name}", found, self.resamples)

    @property
    def averaged(self) -> Sample:
        """Return the mean of the seeds of each instance as one score, with the error of that mean."""
        found: dict[str, Runs] = {}
        for instance, (values, errors) in self.runs.items():
            between = np.var(values, ddof=1) / len(values) if len(values) > 1 else 0.0
            error = np.sqrt(np.mean(np.square(errors)) + between)
            found[instance] = Runs(np.array([np.mean(values)]), np.array([error]))
        return Sample(f"{self.name}, averaged", found, self.resamples)

    @cached_property
    def _pooled(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all values (runs,), and their weights, which are 1 together for each instance."""
        values = [np.asarray(self.runs[each].values, float) for each in self.instances]
        return np.concatenate(values), np.concatenate([np.full(len(each), 1 / len(each)) for each in values])

    @cached_property
    def _drawn(self) -> np.ndarray:
        """Return resampled values (resamples, runs); those of an instance depend on no other."""
        parts = []
        for instance in self.instances:
            values, errors = (tuple(map(float, each)) for each in self.runs[instance])
            parts.append(_resampled(f"{self.name}\n{instance}", values, errors, self.resamples))
        return np.concatenate(parts, axis=1)

    @cached_property
    def drawn_means(self) -> np.ndarray:
        """Return the interquartile mean of each resample (resamples,)."""
        return interquartile_means(self._drawn, self._pooled[1])

    @property
    def interquartile_mean(self) -> Estimate:
        """Return the mean of the middle half of the runs, with its 95 % interval (percentiles of the bootstrap)."""
        return _estimate(float(interquartile_means(*self._pooled)), self.drawn_means)

    @property
    def mean(self) -> Estimate:
        """Return the mean over the instances, with its 95 % interval: the worst runs decide, too."""
        values, weights = self._pooled
        shares = weights / weights.sum()
        return _estimate(float(values @ shares), self._drawn @ shares)

    @property
    def worst(self) -> tuple[str, float]:
        """Return the instance whose mean over the seeds is the highest, and that mean."""
        means = {each: float(np.mean(self.runs[each].values)) for each in self.instances}
        instance = max(means, key=lambda each: means[each])
        return instance, means[instance]

    def profile(self, at: np.ndarray) -> Profile:
        """Return the share of runs that score at most each of some values in order (n,) (Dolan and Moré 2002)."""
        values, weights = self._pooled
        shares = weights / weights.sum()
        low, high = np.quantile(_shares_within(self._drawn, shares, at), [0.025, 0.975], axis=0)
        return Profile(at, _shares_within(values[None], shares, at)[0], low, high)

    @property
    def below_zero(self) -> Estimate:
        """Return the probability that a run on an instance taken at random scores below 0; 0 itself counts half.

        Of differences to the best rule it is the probability of improvement.
        """
        values, weights = self._pooled
        shares = weights / weights.sum()
        return _estimate(float(_half_steps(values) @ shares), _half_steps(self._drawn) @ shares)


@lru_cache(maxsize=4096)  # selections of instances share them
def _resampled(name: str, values: tuple[float, ...], errors: tuple[float, ...], resamples: int) -> np.ndarray:
    """Return values drawn with replacement, each resample with an error that its values share (resamples, seeds).

    Drawing from n values varies by a share of 1 / n too little, which counts with five seeds; so their distances from
    their mean are stretched (Hesterberg 2015).
    """
    n, some = len(values), np.array(values)
    stretched = some.mean() + (some - some.mean()) * np.sqrt(n / max(n - 1, 1))
    random = np.random.default_rng(zlib.crc32(name.encode()))
    picked = random.integers(n, size=(resamples, n))
    return stretched[picked] + random.standard_normal((resamples, 1)) * np.array(errors)[picked]


def leading(samples: Sequence[Sample]) -> list[str]:
    """Return the policies that are not shown to score worse than the best one, best first.

    The policy that is the best of all, were seeds and paths without end, is among them with 95 % at least: each
    difference to the best has an interval so wide that all hold together (multiple comparisons with the best, Hsu 1984;
    Bonferroni's inequality). Errors of simulation are drawn for each policy by itself, though all met the same paths,
    so the group is rather too large than too small.

    Raises:
        BadInput: for policies that were not judged on the same instances.
    """
    if len({tuple(each.instances) for each in samples}) > 1:
        raise BadInput("leading: all policies must have been judged on the same instances")
    ranked = sorted(samples, key=lambda each: (each.interquartile_mean.mean, each.name))
    tail = 0.025 / max(len(ranked) - 1, 1)
    lowest = [float(np.quantile(each.drawn_means - ranked[0].drawn_means, tail)) for each in ranked]
    return [each.name for each, low in zip(ranked, lowest, strict=True) if low <= 0 or each is ranked[0]]


def _shares_within(values: np.ndarray, shares: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return which share of each row of values (rows, runs) is at most each of some others in order (rows, n)."""
    rows, bins = len(values), len(at) + 1
    places = np.searchsorted(at, values) + bins * np.arange(rows)[:, None]
    counted = np.bincount(places.ravel(), np.broadcast_to(shares, values.shape).ravel(), rows * bins)
    return np.cumsum(counted.reshape(rows, bins), axis=1)[:, :-1]


def _half_steps(values: np.ndarray) -> np.ndarray:
    """Return 1 for values below 0, 1/2 for 0, and 0 for those above."""
    return np.asarray(0.5 - 0.5 * np.sign(values))


def _estimate(value: float, drawn: np.ndarray) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(value, float(np.std(drawn)), float(low), float(high))
