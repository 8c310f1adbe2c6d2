"""Random lead times: independent ones, with which orders may cross, and Kaplan's, with which they cannot."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.cache import compiled
from ..scenario import Distribution
from .tables import Table, counts, fill


@compiled
def _first_arrival(draws: Any, out: Any) -> None:
    """Set the lead time of an order of period t: the first age k at which the draw of period t + k is at most k."""
    periods, paths = out.shape[0], out.shape[1]
    for t in range(periods):
        for b in range(paths):
            k = 0
            while draws[t + k, b] > k:
                k += 1
            out[t, b] = k


def ages(table: Table) -> Table:
    """Return the distribution of Kaplan's arrival ages whose lead times are distributed as `table`.

    With independent ages A_t, every shipment of age A_t or more arrives in period t, so none overtakes another, and
    P(lead time = k | lead time >= k) = P(A <= k) (Kaplan 1970).
    """
    rising = np.maximum.accumulate(_chance_to_arrive(table)[0])
    return Table.of(np.arange(len(rising)), np.diff(rising, prepend=0.0))


def keep_sequence(distribution: Distribution) -> bool:
    """Tell whether Kaplan's model can have this distribution of lead times, without crossing.

    The chance to arrive at age k is then P(A <= k) for an arrival age A, which cannot fall with k.
    """
    chance, under_way = _chance_to_arrive(counts(distribution))
    return bool(np.all((np.maximum.accumulate(chance) - chance) * under_way < 1e-9))


def _chance_to_arrive(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Return P(lead time = k | lead time >= k) and P(lead time >= k) for each k from 0 up."""
    chances = np.zeros(int(table.values[-1]) + 1)
    chances[table.values.astype(int)] = table.probabilities
    under_way = np.cumsum(chances[::-1])[::-1]
    return np.divide(chances, under_way, out=np.ones_like(chances), where=under_way > 0), under_way


def longest(distribution: Distribution) -> int:
    """Return the longest lead time that can be drawn."""
    return int(counts(distribution).values[-1])


def varies(distribution: Distribution) -> bool:
    """Tell whether lead times need to be drawn: whether there is more than one possible value."""
    return len(counts(distribution).values) > 1


def fill_lead_times(
    out: np.ndarray,
    column: int,
    keys: np.ndarray,
    paths: np.ndarray,
    distribution: Distribution,
    crossing: bool,
    first: int = 0,
) -> None:
    """Draw a lead time for each period's shipment into one column of `out` (periods, paths, columns).

    It is that of the periods from `first` on, a multiple of 4.
    """
    table = counts(distribution)
    if crossing:
        fill(out, column, keys, paths, table, first)
        return
    draws = np.empty((out.shape[0] + int(table.values[-1]), len(paths), 1))
    fill(draws, 0, keys, paths, ages(table), first)
    _first_arrival(draws[:, :, 0], out[:, :, column])
