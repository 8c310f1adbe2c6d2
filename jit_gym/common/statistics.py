"""Means with intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Estimate(NamedTuple):
    """A mean over paths, its standard error, and its 95 % interval (Student's t)."""

    mean: float
    error: float
    low: float
    high: float

    @classmethod
    def of(cls, values: np.ndarray, intervals: int = 1) -> Estimate:
        """Estimate the mean of independent values (paths,); those that are not defined (nan) are left out.

        Args:
            values: one a path. Where all are equal, nothing is left to chance, and the error is 0.
            intervals: how many are read together; each is so wide that all of them hold with 95 % (Bonferroni).
        """
        values = values[~np.isnan(values)]
        if len(values) == 0:
            return cls(np.nan, np.nan, np.nan, np.nan)
        mean = float(np.mean(values))
        if len(values) == 1 or not np.isfinite(values).all():
            return cls(mean, np.nan, np.nan, np.nan)
        if np.ptp(values) == 0:
            return cls(float(values[0]), 0.0, float(values[0]), float(values[0]))
        return cls.with_error(mean, float(np.std(values, ddof=1) / np.sqrt(len(values))), len(values), intervals)

    @classmethod
    def with_error(cls, mean: float, error: float, values: int, intervals: int = 1) -> Estimate:
        """Return the estimate of a mean with a standard error that comes from so many values."""
        from scipy.special import stdtrit  # the quantile of Student's t, without the import of all of scipy.stats

        half = float(stdtrit(values - 1, 1.0 - 0.025 / max(intervals, 1))) * error
        return cls(mean, error, mean - half, mean + half)

    def times(self, factor: float) -> Estimate:
        """Return the estimate of a multiple, by a factor of 0 or more."""
        return Estimate(*(factor * each for each in self))


def mean_of_defined(values: np.ndarray) -> np.ndarray:
    """Return the means of values (paths, n) over the paths where they are defined (n,); nan where they never are."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=0)
    return np.divide(
        np.where(defined, values, 0.0).sum(axis=0), count, out=np.full(count.shape, np.nan), where=count > 0
    )


def interquartile_mean(values: np.ndarray) -> float:
    """Return the mean of the middle half of some values (Agarwal et al. 2021, for runs with few seeds).

    A value that lies on the edge counts with the share of it that is inside.
    """
    values = np.ravel(values).astype(float)
    return float(interquartile_means(values, np.ones(len(values))))


def interquartile_means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean of the middle half of values, each row by itself: (..., n) become (...).

    Args:
        values: (..., n), finite.
        weights: (n,), 0 or more, of which some are not 0. Equal ones give `interquartile_mean`.
    """
    order = np.argsort(values, axis=-1)
    sorted_values, shares = np.take_along_axis(values, order, -1), weights[order]
    above, total = np.cumsum(shares, axis=-1), float(np.sum(weights))
    inside = np.minimum(above, 0.75 * total) - np.maximum(above - shares, 0.25 * total)
    inside = np.clip(inside, 0.0, None)
    return np.sum(sorted_values * inside, axis=-1) / np.sum(inside, axis=-1)


def bootstrap(values: np.ndarray, resamples: int = 2000, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentile interval of the interquartile mean of values (seeds,) or (tasks, seeds).

    The seeds of each task are drawn anew, as independent values (Efron 1979; Agarwal et al. 2021 for several tasks).
    """
    values = np.asarray(values, float)
    drawn = np.random.default_rng(seed).integers(values.shape[-1], size=(resamples, *values.shape))
    means = [interquartile_mean(np.take_along_axis(values, places, -1)) for places in drawn]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
