"""Figures by demand, stock, lane and warehouse: whose customers find nothing, and whose orders swing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..common.statistics import mean_of_defined
from ..evaluation import ITEM_METRICS, Comparison
from ..scenario import BadInput
from .words import digits, labels, number

if TYPE_CHECKING:
    from rich.console import Console

KINDS = {"demand": "demands", "stock": "stocks", "lane": "lanes", "warehouse": "warehouses"}
SHOWN = {  # the figures that are shown of each kind; a frame and JSON have all
    "demands": ("fill_rate", "shortage_cost"),
    "stocks": ("periods_of_supply", "holding_cost", "storage_cost", "waste"),
    "lanes": ("orders", "bullwhip"),
    "warehouses": ("space", "storage_cost"),
}
MOST = 20  # items of a table; those with the largest figures


class ItemTable(NamedTuple):
    """One figure of each item (rows) under each policy (columns), as texts."""

    title: str
    meaning: str
    policies: list[str]
    items: list[str]
    cells: list[list[str]]
    left_out: int


def kinds(by: str) -> list[str]:
    """Return the kinds of item that `--by` asks for: `demand`, `stock`, `lane`, `warehouse`, or `item`."""
    if by == "item":
        return list(KINDS.values())
    if by not in KINDS:
        raise BadInput(f"--by: must be one of item, {', '.join(KINDS)}, got {by!r}")
    return [KINDS[by]]


def item_tables(comparison: Comparison, by: str = "item") -> list[ItemTable]:
    """Return the tables of some kinds of item; those in which nothing differs from 0 are left out."""
    found: list[ItemTable] = []
    for kind in kinds(by):
        names = list(getattr(comparison.scenario, kind))
        for metric in ITEM_METRICS[kind]:
            if metric.name in SHOWN[kind]:
                means = [mean_of_defined(result.items[kind][metric.name]) for result in comparison.results]
                values = np.array(means).T
                if np.nansum(np.abs(values)) > 0:
                    title = f"{metric.name.replace('_', ' ').capitalize()} by {kind.removesuffix('s')}"
                    found.append(_table(title, metric.meaning, labels(comparison), names, values, metric.unit))
    return found


def _table(title: str, meaning: str, policies: list[str], names: list[str], values: np.ndarray, unit: str) -> ItemTable:
    order = list(range(len(names)))
    if len(names) > MOST:  # the worst served, or the largest
        size = np.nan_to_num(values).max(axis=1)
        worst = np.nan_to_num(values, nan=1.0).min(axis=1) if unit == "share" else -size
        order = sorted(np.argsort(worst, kind="stable")[:MOST].tolist())
    points = digits(np.nan_to_num(values[order]).ravel(), significant=3)

    def cell(value: float) -> str:
        if np.isnan(value):
            return "–"
        return f"{100 * value:.1f} %" if unit == "share" else number(value, min(points, 2))

    rows = [[cell(value) for value in values[k]] for k in order]
    return ItemTable(title, meaning, policies, [names[k] for k in order], rows, len(names) - len(rows))


def print_items(comparison: Comparison, by: str, console: Console) -> None:
    """Print the tables of some kinds of item; what there is less of, items or policies, makes the columns."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    for each in item_tables(comparison, by):
        heads, names, rows = each.policies, each.items, each.cells
        if len(names) <= len(heads):
            heads, names, rows = names, heads, [list(column) for column in zip(*rows, strict=True)]
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        table.add_column("", overflow="fold")
        for head in heads:
            table.add_column(head, justify="right", overflow="fold")
        for name, cells in zip(names, rows, strict=True):
            table.add_row(Text(name), *cells)
        console.print()
        console.print(Text.assemble((each.title, "bold"), (f": {each.meaning}", "dim")))
        console.print(table)
        if each.left_out:
            console.print(Text(f"{each.left_out} more; --json has all.", "dim"))
