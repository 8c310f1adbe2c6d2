r"""The best s and S where customers wait and each order has a fixed cost: for lead times that vary, too.

At the end of a period that begins j periods after the last order, S - x - O - D is left: x was asked for since that
order, O is on its way of it and of those before it, and D is asked for in the period. With the lot S - s given, the
distribution of Y = x + O + D over a cycle, from an order to the next, does not depend on S. So the best S is the
newsvendor's quantile of Y, and with T periods in a cycle the pair costs

.. math:: K / E T + \min_S E((S - Y)^+ + p (Y - S)^+)

a period. Where lead times are fixed no policy is better (Scarf 1960); where they vary it is the best s and S.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RARE = 1e-6  # the chance of a lead time that is not looked at
MANY = 16  # lots that are looked at at once
FAR = 12.0  # deviations of demand that may be asked for while orders are on their way

Below = Callable[[int], tuple[np.ndarray, float]]
"""What tells of a lot, in steps, the chances of Y = 0, 1, 2, ... steps, and E T."""


def best_levels(below: Below, fixed: float, short: float, longest: int) -> tuple[int, int, float]:
    """Return the best s and S, in steps, and what they cost a period.

    Args:
        below: what tells of Y and T.
        fixed: the cost of an order, in the cost of holding a step for a period.
        short: the cost of a missing step for a period, in that of holding one.
        longest: the largest lot that is looked at, in steps.
    """
    known: dict[int, tuple[float, int]] = {}
    low, high = 1, longest
    while True:
        some = np.arange(low, high + 1) if high - low <= MANY else np.geomspace(low, high, MANY).astype(int)
        for lot in map(int, some):
            if lot not in known:
                chances, periods = below(lot)
                level, cost = newsvendor(chances, short)
                known[lot] = fixed / periods + cost, level
        best = min(known, key=known.__getitem__)
        if high - low <= MANY:
            return known[best][1] - best, known[best][1], known[best][0]
        tried = sorted(known)
        place = tried.index(best)
        low, high = tried[max(place - 1, 0)], tried[min(place + 1, len(tried) - 1)]


def in_sequence(demand: np.ndarray, exposed: np.ndarray) -> Below:
    """Return what tells of Y where orders arrive in their sequence: O and D are the demand of a lead time and a period.

    Args:
        demand: P(D = 0, 1, 2, ...) of a period, in steps.
        exposed: the same, of a lead time and a period more.
    """
    from scipy.signal import fftconvolve

    def below(lot: int) -> tuple[np.ndarray, float]:
        visits = renewals(demand, lot)
        return np.maximum(fftconvolve(visits, exposed), 0.0) / visits.sum(), float(visits.sum())

    return below


def crossing(demand: np.ndarray, later: np.ndarray) -> Below:
    """Return what tells of Y where orders cross.

    An order that is k periods old is on its way with the chance P(L > k), whatever becomes of the others (Robinson et
    al. 2001), and ages and sizes of orders are renewals.

    Args:
        demand: P(D = 0, 1, 2, ...) of a period, in steps.
        later: P(L > 0, 1, 2, ...).
    """
    from scipy.fft import irfft, next_fast_len, rfft

    later = later[: max(int(np.count_nonzero(later > RARE)), 1)]
    longest, values = len(later), np.arange(len(demand))
    mean = float(demand @ values)
    deviation = float(np.sqrt(demand @ (values - mean) ** 2))
    most = len(values) + (longest + 2) * mean + FAR * np.sqrt(longest + 2.0) * deviation

    def below(lot: int) -> tuple[np.ndarray, float]:
        # What was asked for in the j periods since the last order, as long as that is less than the lot (ages, steps);
        # and what is ordered next, after 1, 2, ... periods (periods, steps). The last rows are of all later ones.
        asked, ordered = np.zeros((longest + 1, lot)), np.zeros((longest + 1, lot + len(values)))
        asked[0, 0] = 1.0
        for j in range(longest):
            after = np.convolve(asked[j], demand)
            asked[j + 1] = after[:lot]
            ordered[j, lot : len(after)] = after[lot:]
        visits = renewals(demand, lot)
        asked[-1] = visits - asked[:-1].sum(axis=0)
        after = np.convolve(visits, demand)
        ordered[-1, lot : len(after)] = after[lot:] - ordered[:-1, lot : len(after)].sum(axis=0)
        # From here on distributions are Fourier transforms: on_order[a] is that of what is on its way of an order of
        # age a and of those before it, the next of which is T periods older.
        size = next_fast_len(int(most + 2 * lot), real=True)
        sizes, often = rfft(ordered, size, axis=1), ordered.sum(axis=1)[:, None]
        on_order = np.ones((2 * longest + 1, sizes.shape[1]), complex)
        for a in reversed(range(longest)):
            this_one = later[a] * sizes + (1.0 - later[a]) * often
            on_order[a] = (this_one * on_order[a + 1 : a + 2 + longest]).sum(axis=0)
        found = (rfft(asked, size, axis=1) * on_order[: longest + 1]).sum(axis=0) * rfft(demand, size)
        periods = float(visits.sum())
        return np.maximum(irfft(found, size), 0.0) / periods, periods

    return below


def renewals(demand: np.ndarray, lot: int) -> np.ndarray:
    """Return in how many periods 0, 1, 2, ... steps were asked for since the last order, if less than a lot (lot,)."""
    from scipy.signal import lfilter

    first = np.zeros(lot)
    first[0] = 1.0
    found: np.ndarray = lfilter([1.0], [1.0 - demand[0], *-demand[1:]], first)
    return found


def newsvendor(chances: np.ndarray, short: float) -> tuple[int, float]:
    """Return the level that covers a demand best, in steps, and what is left and short then costs: 1, and `short`."""
    level = int(np.searchsorted(np.cumsum(chances), short / (1.0 + short) - 1e-12))
    left = (level - np.arange(len(chances))) * chances
    return level, float(left[:level].sum() - short * left[level:].sum())
