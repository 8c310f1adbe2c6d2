"""Columns of figures, and the tables that they make in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..evaluation import Estimate
from .words import half, number

if TYPE_CHECKING:
    from rich.table import Table

COLOURS = {"better": "green", "worse": "red", "unclear": "yellow", "same": "dim"}


class Column(NamedTuple):
    """What a column is called, what it says of each policy, and its rank: the highest is the first to give way."""

    name: str
    cells: list[str]
    rank: int

    @property
    def width(self) -> int:
        """Return how many characters it takes, with the gap to the next one."""
        return 2 + max(map(len, [*self.name.split("\n"), *self.cells]))


def grid(names: Sequence[str], shown: Sequence[Column], width: int, best: int | None = None) -> tuple[Table, int]:
    """Return a table of policies in as many columns as fit into a width, and how many columns are left out."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    fits, widest = list(shown), max(map(len, names))
    while len(fits) > 1 and widest + sum(column.width for column in fits) > width:
        fits.remove(max(fits, key=lambda column: column.rank))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("policy", vertical="top", overflow="fold", min_width=min(widest, width // 3))
    for column in fits:
        table.add_column(column.name, justify="right", no_wrap=True, vertical="top")
    for k, name in enumerate(names):
        cells = [column.cells[k] for column in fits]
        table.add_row(Text(name, "bold" if k == best else ""), *(Text(cell, COLOURS.get(cell, "")) for cell in cells))
    return table, len(shown) - len(fits)


def shares(values: list[float]) -> list[str]:
    """Return shares in per cent, with as many digits as it takes to tell 100 % from almost."""
    points = 1
    while points < 4 and any(value < 1 and round(100 * value, points) == 100 for value in values):
        points += 1
    return ["–" if np.isnan(value) else f"{100 * value:.{points}f} %" for value in values]


def plus_minus(estimate: Estimate, points: int, sign: str = "") -> str:
    """Return a mean and half of its interval: `12.3 ± 0.4`; the mean alone where there is no interval."""
    mean, wide = number(estimate.mean, points), number(half(estimate), points)
    if estimate.mean > 0 and mean.strip("0."):
        mean = sign + mean
    if not estimate.error > 0:
        return mean
    return f"{mean} ± {wide}" if wide.strip("0.") else f"{mean} ± <{number(10.0**-points, points)}"
