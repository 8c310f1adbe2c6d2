"""A comparison as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..evaluation import Comparison
from .columns import Column, grid, plus_minus, shares
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
        gaps = [each.times(100) for each in shares_of_it]
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
