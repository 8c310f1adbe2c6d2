"""Fit all items of a shop, here or in several processes, with the same results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..common.executor import HERE, Executor, Tell
from .fit import Fitted, fit
from .grid import Grid
from .reading import Sales

MANY = 100
"""Items from which a command fits them in several processes, which take some seconds to start."""


class Series(NamedTuple):
    """The sales of one item: what `fit` takes."""

    units: np.ndarray
    grid: Grid
    item: str
    short: np.ndarray
    promoted: np.ndarray
    whole: bool


def fit_all(sales: Sales, executor: Executor = HERE, arrived: Callable[[int], Any] | None = None) -> list[Fitted]:
    """Return what is fitted to each item, in their order.

    Args:
        sales: of all items.
        executor: where they are fitted: here, in processes, or on a Ray cluster; the result is the same.
        arrived: told how many more were fitted, each time.
    """
    items = [
        Series(sales.units[:, k], sales.grid, item, sales.short[:, k], sales.promoted[:, k], sales.whole)
        for k, item in enumerate(sales.items)
    ]

    def told(place: int, fitted: Fitted) -> None:
        if arrived is not None:
            arrived(1)

    return executor.run(fit_series, items, arrived=told)


def fit_series(series: Series, progress: Tell) -> Fitted:
    """Fit one item."""
    return fit(
        series.units, series.grid, item=series.item, short=series.short, promoted=series.promoted, whole=series.whole
    )
