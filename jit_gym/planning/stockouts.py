"""Find the periods in which sales were less than demand, as nothing was there to be sold."""

from __future__ import annotations

import numpy as np

RARE = 0.01
"""How many runs of zeros as long may be expected in the whole series, if a run is to mean that the shelf was empty."""
FAST = 0.25
"""Of the periods that are known, the share without a sale up to which an item is a fast mover."""


def silent(units: np.ndarray, season: int) -> np.ndarray:
    """Return the periods (n,) of runs of zeros that are too long to be chance, in a fast mover.

    If each period were without a sale with chance p, independently, a series of n periods would have about n p^k runs
    of k zeros or more. p is estimated by how often a period without a sale follows one with a sale,
    (runs + 1) / (periods with a sale + 2), which long runs do not raise. A run is too long where n p^k is less than
    0.01. Periods that are 0 a season before or after as well are the season, and no run.

    Args:
        units: sold in each period; nan where that is not known.
        season: how many periods a year has.
    """
    known = np.isfinite(units)
    none = known & (units == 0)
    some = known & (units > 0)
    found = np.zeros(len(units), bool)
    if not some.any():
        return found
    first, last = np.flatnonzero(some)[[0, -1]]
    inside = np.zeros(len(units), bool)
    inside[first : last + 1] = True
    runs = _runs(none & inside)
    isolated = sum(stop - start for start, stop in runs if stop - start <= 2)
    if isolated > FAST * max(int((known & inside).sum()), 1):
        return found
    chance = (len(runs) + 1) / (int(some.sum()) + 2)
    seasonal = np.zeros(len(units), bool)
    if 2 <= season < len(units):
        seasonal[season:] |= none[:-season]
        seasonal[:-season] |= none[season:]
    for start, stop in runs:
        often = len(units) * chance ** (stop - start)
        if often < RARE and seasonal[start:stop].mean() <= 0.5:
            found[start:stop] = True
    return found


def _runs(where: np.ndarray) -> list[tuple[int, int]]:
    """Return where each run of True begins and ends."""
    turns = np.flatnonzero(np.diff(np.concatenate(([False], where, [False])).astype(int)))
    return list(zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True))
