"""Find where the level of a series changed for good, and whether an item has died."""

from __future__ import annotations

import numpy as np

CRITICAL = 16.0
"""What the statistic exceeds by chance in about one simulated series of two hundred, and in three of a hundred where
the autocorrelation is 0.6."""
SHORTEST = 10
"""Known periods that there must be on both sides of a shift, and with a demand above 0."""
MATTERS = 0.2
"""A level that changed by less than this share of it is left to the trend."""
MOST = 3
"""Shifts that are looked for, one after another, in the parts between those that were found."""
RARE = 0.01
"""How many runs of zeros as long may be expected in the whole series, if the one at its end is to mean its end."""


def shifts(demand: np.ndarray, season: np.ndarray) -> tuple[int, ...]:
    """Return the periods in which a new level began, in their order.

    The test is the largest Wald statistic of a change of the mean over all periods in which it may have been (Andrews
    1993), n1 n2 / n (m2 - m1)^2 / v, of demand / season. v is the long-run variance about the two means,
    s^2 (1 + r) / (1 - r) for the autocorrelation r. Where a straight line explains the series better it is a trend, and
    no shift. What is far from the median counts as 3.5 standard deviations, so that a spike is no shift either.

    Args:
        demand: of each period (n,); nan where it is not known.
        season: what the season and promotions multiply each by (n,).
    """
    series = demand / season
    found, parts = list[int](), [(0, len(demand))]
    while parts and len(found) < MOST:
        first, end = parts.pop(0)
        at = _shift(series[first:end])
        if at is not None:
            found.append(first + at)
            parts += [(first + at, end), (first, first + at)]
    return tuple(sorted(found))


def _shift(series: np.ndarray) -> int | None:
    """Return where the mean of a series changed, if it did."""
    t = np.flatnonzero(np.isfinite(series))
    n = len(t)
    if n < 2 * SHORTEST:
        return None
    y = _without_spikes(series[t])
    many = np.arange(1, n)
    sums = np.cumsum(y)[:-1]
    gain = (sums - many * y.mean()) ** 2 * n / (many * (n - many))  # of the sum of squares, by a change after `many`
    some = np.cumsum(series[t] > 0)
    allowed = (np.minimum(some[:-1], some[-1] - some[:-1]) >= SHORTEST) & (np.minimum(many, n - many) >= SHORTEST)
    if not allowed.any():
        return None
    k = int(np.argmax(np.where(allowed, gain, -1.0))) + 1
    before, after = float(y[:k].mean()), float(y[k:].mean())
    left = y - np.where(np.arange(n) < k, before, after)
    line = y - np.polyval(np.polyfit(t, y, 1), t)
    squares = float(left @ left)
    if not squares < float(line @ line) or abs(after - before) < MATTERS * max(before, after):
        return None
    r = float(left[:-1] @ left[1:]) / squares if squares > 0 else 0.0
    r = float(np.clip(r + (1 + 3 * r) / n, 0.0, 0.95))  # of its bias in short series (Kendall 1954)
    variance = squares / (n - 2) * (1 + r) / (1 - r)
    return int(t[k]) if gain[k - 1] > CRITICAL * variance else None


def _without_spikes(y: np.ndarray) -> np.ndarray:
    """Return a series in which what is far from the median of the periods about it is cut."""
    window = min(len(y), 2 * SHORTEST + 1)
    padded = np.pad(y, window // 2, mode="reflect")
    middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, window)[: len(y)], axis=1)
    spread = 1.4826 * float(np.median(np.abs(y - middle)))
    return np.clip(y, middle - 3.5 * spread, middle + 3.5 * spread) if spread > 0 else y


def silent_since(demand: np.ndarray) -> int:
    """Return the period since which nothing was sold, where that is too long to be chance; the end where it is not.

    With p, the chance of a period without a sale after one with a sale, and q, that after one without, n periods have
    about n p q^(k - 1) runs of k zeros or more. The run at the end must be more than twice as long as any before it,
    so that the off-season of a seasonal item is no end.

    Args:
        demand: of each period (n,); nan where it is not known.
    """
    known = np.isfinite(demand)
    some = np.flatnonzero(known & (demand > 0))
    if not len(some):
        return len(demand)
    last = int(some[-1])
    ending = int(known[last + 1 :].sum())
    sold = demand[: last + 1][known[: last + 1]] > 0
    runs = np.diff(np.flatnonzero(np.concatenate([[True], sold, [True]]))) - 1
    begun, zeros = int((runs > 0).sum()), int((~sold).sum())
    begins = (begun + 1) / (len(some) + 2)
    goes_on = (zeros - begun + 1) / (zeros + 2)
    often = len(demand) * begins * goes_on ** max(ending - 1, 0)
    return last + 1 if ending >= SHORTEST // 2 and ending > 2 * runs.max() and often < RARE else len(demand)
