"""The service that a scenario asks for (`objective.fill_rate`): who reaches it, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Literal, NamedTuple

import numpy as np

from ..common.statistics import Estimate
from ..common.text import quoted

Reaches = Literal["meets", "misses", "unclear"]


class Service(NamedTuple):
    """The fill rate of a policy beside the one that is asked for."""

    required: float
    fill_rate: Estimate

    def reaches(self, certain: bool = False) -> Reaches:
        """Return `meets` or `misses` where the 95 % interval is on one side of what is asked for, else `unclear`.

        Args:
            certain: whether nothing is left to chance, so that one path tells all.
        """
        low, high = (self.fill_rate.mean,) * 2 if certain else (self.fill_rate.low, self.fill_rate.high)
        if isfinite(low) and low >= self.required - 1e-12:
            return "meets"
        return "misses" if isfinite(high) and high < self.required - 1e-12 else "unclear"

    @property
    def lack(self) -> float:
        """Return 0 where what is asked for is surely reached, else by how much the interval begins below all demand."""
        return 0.0 if self.reaches() == "meets" else 1.0 - self.fill_rate.low

    def __str__(self) -> str:
        """Return the fill rate in per cent, with its interval."""
        mean, _, low, high = self.fill_rate.times(100.0)
        return f"{mean:.2f} %" + (f", {low:.2f} to {high:.2f}" if isfinite(low) and low < high else "")


def in_words(found: Iterable[tuple[str, Service]], certain: bool = False) -> Iterator[str]:
    """Yield a sentence on who reaches what is asked for: each policy's name and its service; none where there is none.

    Args:
        found: the policies, all of one scenario.
        certain: whether nothing is left to chance.
    """
    each = list(found)
    if not each:
        return
    parts = []
    for reaches, words in (("meets", "met by"), ("misses", "missed by"), ("unclear", "not told for")):
        names = [f"{name} ({service})" for name, service in each if service.reaches(certain) == reaches]
        if names:
            parts.append(f"{words} {', '.join(names)}")
    required = f"objective.fill_rate of {quoted(100 * each[0][1].required)} %"
    none = "" if any(service.reaches(certain) == "meets" for _, service in each) else "; nobody surely meets it"
    yield f"{required}: {'; '.join(parts)}{none}"


def shortfalls(fill_rates: np.ndarray, required: float) -> np.ndarray:
    """Return by how much the mean fill rates (candidates,) of some fall short of what is asked for, 0 where none do."""
    return np.maximum(required - fill_rates, 0.0)


def order_of(costs: np.ndarray, short: np.ndarray) -> np.ndarray:
    """Return the order of candidates, the best first: those that fall short behind all others, by how much they do.

    This is the rule of Deb (2000): of two that reach it, the cheaper; of two that do not, the one that is nearer to it.

    Args:
        costs: of each candidate (candidates,).
        short: how much it falls short of the service that is asked for (candidates,).
    """
    return np.lexsort((costs, short))
