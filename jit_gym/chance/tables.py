"""Draws from any distribution: by a table for a limited number of values, else by quantiles."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba.extending import register_jitable

from ..kernels.cache import compiled
from ..scenario import Distribution, ScenarioError
from .bits import UNIT, share_draws, words

GUIDES = 1024  # slices of [0, 1) in the guide table
LARGEST = 1 << 16  # values a table may have; beyond that, quantiles are computed draw by draw

_SHIFT = np.uint64(32 - GUIDES.bit_length() + 1)


class Table(NamedTuple):
    """A discrete distribution with a guide table, by which it is inverted in a few steps (Chen and Asau 1974)."""

    values: np.ndarray  # ascending
    cumulative: np.ndarray  # P(X <= values[k]); the last is 1
    guide: np.ndarray  # for each slice of [0, 1), the lowest k that a number in it maps to

    @classmethod
    def of(cls, values: np.ndarray, probabilities: np.ndarray) -> Table:
        """Return the table of ascending values with these probabilities, which are normalised."""
        cumulative = np.cumsum(probabilities) / np.sum(probabilities)
        cumulative[-1] = 1.0
        guide = np.searchsorted(cumulative, np.arange(GUIDES) / GUIDES, side="right")
        return cls(np.asarray(values, float), cumulative, np.minimum(guide, len(values) - 1))

    def thinned(self, occurs: float) -> Table:
        """Return the table of a draw that is replaced by 0 with chance 1 - `occurs`."""
        if occurs == 1.0:
            return self
        values, chances = np.append(self.values, 0.0), np.append(occurs * self.probabilities, 1.0 - occurs)
        return Table.of(*_merged(values, chances))

    @property
    def probabilities(self) -> np.ndarray:
        """Return P(X = values[k])."""
        return np.diff(self.cumulative, prepend=0.0)

    @property
    def mean(self) -> float:
        """Return the mean of a draw."""
        return float(self.values @ self.probabilities)

    @property
    def variance(self) -> float:
        """Return the variance of a draw."""
        return float((self.values - self.mean) ** 2 @ self.probabilities)


@lru_cache(maxsize=256)
def _tabulated(name: str, parameters: str, low: float) -> Table | None:
    import json

    distribution = Distribution.model_validate({"name": name, **json.loads(parameters)})
    if distribution.name in ("fixed", "empirical"):
        values, probabilities = distribution.points
        return Table.of(*_merged(np.maximum(np.floor(values + 0.5), low), probabilities))
    half = 0.0 if distribution.is_whole else 0.5
    with np.errstate(divide="ignore"):  # scipy's quantiles of geom(p=1) are 0, below its support
        least, most = distribution.frozen.ppf([UNIT / 2, 1 - UNIT / 2])
    first = max(low, np.floor(max(least, distribution.lowest) + half))
    last = max(first, np.floor(most + half))
    if last - first >= LARGEST:
        return None
    values = np.arange(first, last + 1)
    with np.errstate(divide="ignore"):
        cumulative = distribution.frozen.cdf(values + half)
    cumulative[-1] = 1.0
    return Table.of(values, np.diff(cumulative, prepend=0.0))


def _merged(values: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, index = np.unique(values, return_inverse=True)
    return values, np.bincount(index, probabilities)


def tabulate(distribution: Distribution, low: float = 0.0) -> Table | None:
    """Return the table of a distribution rounded to whole numbers and cut at `low`, or None if it is too large.

    Rounding is to the nearest; the mass below `low` is put on `low`, the tails beyond 2**-33 on the ends.
    """
    import json

    return _tabulated(distribution.name, json.dumps(distribution.parameters, sort_keys=True), low)


@lru_cache(maxsize=64)
def _cut(name: str, parameters: str) -> Table:
    """Return the table of the first LARGEST values of a distribution of whole numbers, with infinity for all others."""
    import json

    frozen = Distribution.model_validate({"name": name, **json.loads(parameters)}).frozen
    values = max(float(frozen.support()[0]), 0.0) + np.arange(LARGEST)
    cumulative = np.append(frozen.cdf(values), 1.0)
    return Table.of(np.append(values, np.inf), np.diff(cumulative, prepend=0.0))


def counts(distribution: Distribution, within: int | None = None) -> Table:
    """Return the table of a distribution of whole numbers from 0 up, such as a lead time or a duration.

    Where only the first `within` periods matter, longer ones may become infinity: the spell before an event that comes
    once in a million periods has too many values for a table.
    """
    import json

    table = tabulate(distribution)
    if table is None and within is not None and within <= LARGEST:
        table = _cut(distribution.name, json.dumps(distribution.parameters, sort_keys=True))
    if table is None:
        raise ScenarioError(f"{distribution} has more than {LARGEST} values, too many for a number of periods")
    return table


@register_jitable(forceinline=True)
def invert(word: Any, values: Any, cumulative: Any, guide: Any) -> Any:
    """Return the value of a table for a 32-bit word, by inversion."""
    u = (word + 0.5) * UNIT
    k = guide[np.int64(word >> _SHIFT)]
    while cumulative[k] < u:
        k += 1
    return values[k]


@compiled
def _fill(out: Any, first: Any, keys: Any, paths: Any, values: Any, cumulative: Any, guide: Any) -> None:
    periods = out.shape[0]
    drawn = np.empty((4, len(paths)), np.uint64)  # without the look-ups in this loop, the compiler vectorises it
    for block in range((periods + 3) // 4):
        for b in range(len(paths)):
            drawn[0, b], drawn[1, b], drawn[2, b], drawn[3, b] = words(keys[b], paths[b], first + block)
        for k in range(min(4, periods - 4 * block)):
            for b in range(len(paths)):
                out[4 * block + k, b] = invert(drawn[k, b], values, cumulative, guide)


def fill(out: np.ndarray, column: int, keys: np.ndarray, paths: np.ndarray, table: Table, first: int = 0) -> None:
    """Draw from a table into one column of `out` (periods, paths, columns), whose `first` period is a multiple of 4."""
    share_draws(_fill, out[:, :, column], first, keys, paths, *table)


def quantile(distribution: Distribution, u: np.ndarray, whole: bool) -> np.ndarray:
    """Return the quantiles of a distribution, cut at 0 and, where units are whole, rounded to the nearest."""
    draws = np.maximum(distribution.quantile(u), 0.0)
    return np.floor(draws + 0.5) if whole else draws
