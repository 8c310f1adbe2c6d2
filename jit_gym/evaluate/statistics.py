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
