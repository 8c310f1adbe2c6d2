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
    def of(cls, values: np.ndarray) -> Estimate:
        """Estimate the mean of independent values (paths,); those that are not defined (nan) are left out."""
        from scipy.stats import t

        values = values[np.isfinite(values)]
        if len(values) == 0:
            return cls(np.nan, np.nan, np.nan, np.nan)
        mean = float(np.mean(values))
        if len(values) == 1:
            return cls(mean, np.nan, np.nan, np.nan)
        error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
        half = float(t.ppf(0.975, len(values) - 1)) * error
        return cls(mean, error, mean - half, mean + half)


def interquartile_mean(values: np.ndarray) -> float:
    """Return the mean of the middle half of some values (Agarwal et al. 2021, for runs with few seeds).

    A value that lies on the edge counts with the share of it that is inside.
    """
    values = np.sort(np.ravel(values).astype(float))
    n = len(values)
    edges = np.clip(np.minimum(np.arange(1, n + 1) - n / 4, 3 * n / 4 - np.arange(n)), 0.0, 1.0)
    return float(values @ edges / edges.sum())


def bootstrap(values: np.ndarray, resamples: int = 2000, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentile interval of the interquartile mean of values (seeds,) or (tasks, seeds).

    The seeds of each task are drawn anew, as independent values (Efron 1979; Agarwal et al. 2021 for several tasks).
    """
    values = np.asarray(values, float)
    drawn = np.random.default_rng(seed).integers(values.shape[-1], size=(resamples, *values.shape))
    means = [interquartile_mean(np.take_along_axis(values, places, -1)) for places in drawn]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
