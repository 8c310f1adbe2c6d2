"""A comparison as a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..evaluation import Comparison, Estimate
from .words import (
    a,
    conventions,
    descriptions,
    digits,
    gap_sentence,
    half,
    in_business,
    labels,
    number,
    settings,
    verdict,
)

if TYPE_CHECKING:
    from rich.console import Console
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


def columns(comparison: Comparison) -> list[Column]:
    """Return the columns that say anything, those that decide first; what is 0 or undefined for all is left out."""
    period, figure = comparison.scenario.horizon.period, comparison.figure
    shown = [
        *_money(comparison, figure, 0),
        *_against_the_first(comparison),
        *against_the_best(comparison),
        *_figure(comparison, "fill_rate", "fill\nrate", 2),
        *_figure(comparison, "stopped_periods", f"stopped\n{period}s", 4),
        *_figure(comparison, "periods_of_supply", f"{period}s of\nsupply", 3),
        *(_money(comparison, other, 6) if (other := {"profit": "cost"}.get(figure)) else ()),
        *(_money(comparison, "profit", 6) if figure == "discounted_reward" else ()),
        *_figure(comparison, "stockout_periods", f"stockout\n{period}s", 5),
        *_figure(comparison, "cycle_service_level", "cycle\nservice", 7),
        *_figure(comparison, "inventory_value", "cash\ntied up", 8),
        *_figure(comparison, "turns", "turns\na year", 9),
        *_figure(comparison, "orders", f"orders\n{a(period)}", 10),
        *_figure(comparison, "bullwhip", "bull-\nwhip", 11),
    ]
    return [column for column in shown if column.cells]


def print_table(comparison: Comparison, console: Console, by: str | None = None) -> None:
    """Print the table, in as many columns as fit, what each policy is, and the verdict."""
    from rich.text import Text

    names = labels(comparison)
    best = comparison.results.index(comparison.best)
    table, left_out = grid(names, columns(comparison), console.width, best)
    console.print(Text(comparison.scenario.title or comparison.scenario.name, "bold"))
    console.print(Text(settings(comparison), "dim"))
    console.print(table)
    if (details := _what_they_are(comparison, console.width)) is not None:
        console.print(details)
    console.print(Text(verdict(comparison)))
    console.print(Text(in_business(comparison)))
    if comparison.optimality_gap is not None:
        console.print(Text(gap_sentence(comparison), "dim"))
    if said := conventions(comparison):
        console.print(Text(said, "dim"))
    if comparison.resilience is not None:
        from .resilience import print_resilience

        print_resilience(names, comparison.resilience, console)
    for note in comparison.notes:
        console.print(Text.assemble(("Note: ", "bold yellow"), note))
    if by is not None:
        from .items import print_items

        print_items(comparison, by, console)
    if left_out:
        console.print(Text("A wider terminal shows more columns, and the report all figures.", "dim"))


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


def _what_they_are(comparison: Comparison, width: int) -> Table | None:
    """Return what there is to each policy beside its label: its parameters, or what it was trained on."""
    from rich.table import Table
    from rich.text import Text

    texts = descriptions(comparison, longest=max(3 * width, 120))
    if not any(texts):
        return None
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in zip(labels(comparison), texts, strict=True):
        if text:
            grid.add_row(Text(f"  {name}", "dim"), Text(text, "dim"))
    grid.add_row("", "")
    return grid


def _money(comparison: Comparison, figure: str, rank: int) -> list[Column]:
    estimates = [result.estimate(figure) for result in comparison.results]
    points = digits([each.mean for each in estimates], map(half, estimates))
    name = f"{figure}\n{a(comparison.scenario.horizon.period)}"
    if figure == "discounted_reward":
        name = "discounted\nreward"
    return [Column(name, [plus_minus(each, points) for each in estimates], rank)]


def _against_the_first(comparison: Comparison) -> list[Column]:
    first, *others = comparison.results
    gaps = [comparison.against(result, first) for result in others]
    points = digits([each.mean for each in gaps], map(half, gaps))
    name = f"vs\n{labels(comparison)[0]}"
    columns = [
        Column(name, ["", *(plus_minus(each, points, "+") for each in gaps)], 1),
        Column("", ["", *(comparison.judged(each) for each in gaps)], 1),
    ]
    return [column for column in columns if any(column.cells)]


def against_the_best(comparison: Comparison) -> list[Column]:
    """Return how far each policy is from what it is compared with, in per cent, or in money where that is 0."""
    best = comparison.optimality_gap
    if best is None:
        return []
    shares_of_it = [best.share(result) for result in comparison.results]
    relative = bool(np.isfinite([each.mean for each in shares_of_it]).all())
    if relative:
        gaps = [Estimate(*(100 * value for value in each)) for each in shares_of_it]
    else:
        gaps = [best.of(result) for result in comparison.results]
    points = digits([each.mean for each in gaps], map(half, gaps), significant=3)
    cells = [plus_minus(each, points, "+") + (" %" if relative else "") for each in gaps]
    most = "gap, at\nmost" if best.to == "bound" else f"gap to\n{best.to}"
    return [Column(most, cells, 1)]


def _figure(comparison: Comparison, figure: str, name: str, rank: int) -> list[Column]:
    """Return the column of a figure without its interval, or none if there is nothing in it."""
    values = [result.mean(figure) for result in comparison.results]
    if not any(np.isfinite(value) and value != 0 for value in values):
        return []
    if figure in ("fill_rate", "cycle_service_level"):
        return [Column(name, shares(values), rank)]
    points = min(digits(values, significant=3), 2)
    return [Column(name, ["–" if np.isnan(value) else number(value, points) for value in values], rank)]


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
