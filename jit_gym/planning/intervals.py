"""Intervals of what one history shows, from blocks of its periods."""

from __future__ import annotations

import numpy as np

from ..common.statistics import Estimate

RESAMPLES = 2000


def block_length(periods: int, lead_time: float) -> int:
    """Return how many consecutive periods are drawn together.

    That is the cube root of their number, or a lead time and review where that is longer, as shortages last so long;
    but a quarter of all at most.
    """
    return max(1, min(max(round(periods ** (1 / 3)), int(np.ceil(lead_time)) + 1), periods // 4))


def resampled(periods: int, block: int, seed: int = 0) -> np.ndarray:
    """Return the periods of each resample (resamples, periods): blocks of consecutive ones, which may wrap around.

    The moving block bootstrap (Künsch 1989) on a circle, so that each period is as likely as any other.
    """
    many = -(-periods // block)
    starts = np.random.default_rng(seed).integers(periods, size=(RESAMPLES, many))
    return ((starts[:, :, None] + np.arange(block)) % periods).reshape(RESAMPLES, -1)[:, :periods]


def estimated(values: np.ndarray, places: np.ndarray) -> Estimate:
    """Return the mean of values (periods,), and its 95 % interval from resamples of them (percentiles)."""
    means = values[places].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(float(values.mean()), float(means.std(ddof=1)), float(low), float(high))
