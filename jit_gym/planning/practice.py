"""Take what is done today: a rule, parameters of each item in a file, or the orders that were placed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.checks import BadInput
from ..common.text import plural, quoted
from ..physics import View
from ..policies import Policy, Rule
from ..policies.base_stock import BaseStock
from ..policies.just_in_time import Kanban
from ..policies.reorder_point import FixedLot, ReorderPoint
from . import cells, columns
from .folder import LOG
from .grid import Grid
from .spreadsheet import spreadsheet

if TYPE_CHECKING:
    import pandas as pd

FILES = (".csv", ".xlsx", ".xls", ".tsv", ".txt")
COVER = re.compile(r"\s*base-stock\(\s*cover\s*=\s*([0-9.]+)\s*\)\s*")
UNTOLD = "base-stock"
"""What stands for today's practice where none is told: base-stock by formula."""
WITH: dict[tuple[str, ...], type[Rule]] = {
    ("level",): BaseStock,
    ("s", "S"): ReorderPoint,
    ("R", "Q"): FixedLot,
    ("cards", "container"): Kanban,
}
"""The rule that a file of parameters is of, by its columns."""
ORDERED = (
    "ordered",
    "order",
    "quantity",
    "qty",
    "units",
    "order_quantity",
    "ordered_units",
    "units_ordered",
    "bestellt",
)
DATED = ("date", "ordered_on", "order_date", "day", "week", "month", "period")


class NoOrders(BadInput):
    """Past orders of which none tells what is done today."""


@dataclass(frozen=True)
class Practice:
    """What is done today.

    Attributes:
        words: what it is, as a reader is told.
        told: whether anybody said so; otherwise base-stock by formula stands for it.
        rule: that orders; None where orders are known.
        cover: the level of base-stock, in periods of mean demand.
        orders: what was ordered of each item in each period (periods,), with the periods of the sales.
        span: the first and the last period with an order.
    """

    words: str
    told: bool
    rule: Rule | None = None
    cover: float | None = None
    orders: Mapping[str, np.ndarray] | None = None
    span: tuple[int, int] | None = None

    def of(self, item: str) -> Practice:
        """Return what of it is of one item."""
        if self.orders is not None:
            return replace(self, orders={name: each for name, each in self.orders.items() if name == item})
        return self if self.rule is None else replace(self, rule=self.rule_for(item, 0.0))

    def rule_for(self, item: str, mean: float) -> Rule:
        """Return the rule that orders an item, whose mean demand a period is known."""
        if self.cover is not None:
            return BaseStock(level=float(np.ceil(self.cover * mean)))
        rule = self.rule if self.rule is not None else BaseStock()
        own: dict[str, Any] = {
            name: _of(value, item) for name, value in rule.parameters.items() if isinstance(value, Mapping)
        }
        return replace(rule, **own) if own else rule

    def ordered(self, item: str) -> np.ndarray | None:
        """Return what was ordered of an item in each period (periods,); None where that is not known."""
        return None if self.orders is None else self.orders.get(item)


def _of(values: Mapping[str, Any], item: str) -> dict[str, Any] | None:
    return {item: values[item]} if item in values else None


class Ordered(Policy):
    """Orders what was ordered, period by period."""

    name = "orders"

    def __init__(self, orders: np.ndarray) -> None:
        """Take orders (periods, lanes)."""
        self.orders = orders

    def __call__(self, view: View) -> np.ndarray:
        """Return the orders of this period, the same on every path (paths, lanes)."""
        orders: np.ndarray = np.broadcast_to(self.orders[view.period], (len(view.on_hand), self.orders.shape[1]))
        return orders

    def __str__(self) -> str:
        return "the orders as they were"


def practice_of(
    told: str | None, folder: Path, items: Sequence[str], keys: Sequence[tuple[str, ...]], by: Sequence[str], grid: Grid
) -> Practice:
    """Return today's practice.

    Args:
        told: a rule, `base-stock(cover=2)` for a level of two periods of mean demand, or a file of orders or of
            parameters; None for the orders that the folder keeps, and else for base-stock by formula.
        folder: of the shop.
        items: the names of its items.
        keys: what tells them apart in a spreadsheet, the values of the columns `by`.
        by: these columns.
        grid: the periods of the sales.

    Raises:
        BadInput: in one line, for a rule or a file that cannot be read.
    """
    if told is None:
        log, why = folder / LOG, "nothing was told"
        if log.is_file():
            try:
                return _from_file(log, items, keys, by, grid)
            except NoOrders as none:
                why = str(none)
        return Practice(f"{UNTOLD} by formula, as {why}", told=False, rule=BaseStock())
    if told.lower().endswith(FILES):
        return _from_file(Path(told), items, keys, by, grid)
    if match := COVER.fullmatch(told):
        try:
            cover = float(match[1])
        except ValueError:
            raise BadInput(f"--practice: cover must be a number of {grid.period}s, got {quoted(match[1])}") from None
        return Practice(f"base-stock with a level of {cover:g} {grid.period}s of mean demand", told=True, cover=cover)
    from ..policies import parse

    rule = parse(told)
    for value in rule.parameters.values():
        for item in value if isinstance(value, Mapping) else ():
            if item not in items:
                raise BadInput(f"--practice: there is no item {item!r} (as in sales.csv: {', '.join(items[:3])}, ...)")
    return Practice(told, told=True, rule=rule)


def _from_file(
    path: Path, items: Sequence[str], keys: Sequence[tuple[str, ...]], by: Sequence[str], grid: Grid
) -> Practice:
    """Return the practice of a file: orders where it has dates, else parameters of each item."""
    opened = spreadsheet(path)
    table, file, there = opened.table, opened.name, list(opened.table.columns)
    named = [_item_of(row, file, line) for line, row in _named(table, items, keys, by, file)]
    plain = {column.casefold().strip(): column for column in there}
    date = next((plain[name] for name in DATED if name in plain), None)
    if date is None:
        for parameters, rule in WITH.items():
            if all(name in there for name in parameters):
                found: dict[str, dict[str, float]] = {name: {} for name in parameters}
                for name in parameters:
                    values = cells.numbers(table[name], file, None, opened.separator).values.to_numpy()
                    found[name] = dict(zip(named, values.tolist(), strict=True))
                return Practice(f"{rule.name} with the parameters in {file}", told=True, rule=rule(**found))
        known = "; ".join(", ".join(each) for each in WITH)
        raise BadInput(f"{file}: must have a date of each order, or parameters of each item ({known})")
    units = next((plain[name] for name in ORDERED if name in plain), None) or columns.named("quantity", there)
    if units is None:
        raise BadInput(f"{file}: no column says how much was ordered (call it ordered; it has {', '.join(there)})")
    days = cells.dates(table[date], file, None).values.to_numpy().astype("datetime64[D]")
    amount = cells.numbers(table[units], file, None, opened.separator).values.to_numpy()
    if (bad := ~np.isfinite(amount) | (amount < 0)).any():
        line = int(table.index[int(np.flatnonzero(bad)[0])])
        raise BadInput(f"{file} line {line}: {units}: must be an order of 0 or more, got {amount[bad][0]:g}")
    number = grid.number(days)
    inside = (number >= 0) & (number < grid.many)
    if not inside.any():
        raise NoOrders(f"{file}: no order lies within the sales ({grid.starts[0]} to {grid.after()})")
    orders: dict[str, np.ndarray] = {}
    for item, when, much in zip(
        np.array(named)[inside].tolist(), number[inside].tolist(), amount[inside].tolist(), strict=True
    ):
        orders.setdefault(item, np.zeros(grid.many))[when] += much
    placed = number[inside & (amount > 0)]
    if not len(placed):
        raise NoOrders(f"{file}: no order within the sales is more than 0")
    words = f"the {plural(int((amount[inside] > 0).sum()), 'order')} in {file}, as they were"
    return Practice(words, told=True, orders=orders, span=(int(placed.min()), int(placed.max())))


def _named(
    table: pd.DataFrame, items: Sequence[str], keys: Sequence[tuple[str, ...]], by: Sequence[str], file: str
) -> list[tuple[int, tuple[str, str | None]]]:
    """Return the line of each row, what names its item there, and the item; of one item alone, that one."""
    lines = [int(line) for line in table.index]
    whole = bool(by) and all(column in table.columns for column in by)
    column = next((each for each in ("item_name", "stock", "item") if each in table.columns), None)
    if column is not None and not (column == "item" and whole):
        known = dict.fromkeys(items)
        texts = table[column].str.strip()
        return [(line, (text, text if text in known else None)) for line, text in zip(lines, texts, strict=True)]
    if whole:
        places = {key: item for key, item in zip(keys, items, strict=True)} | {(item,): item for item in items}
        rows = zip(*(table[column].str.strip() for column in by), strict=True)
        return [(line, (", ".join(row), places.get(tuple(row)))) for line, row in zip(lines, rows, strict=True)]
    if len(items) == 1:
        return [(line, (items[0], items[0])) for line in lines]
    needed = f"item_name, or {', '.join(by)}" if by else "item_name"
    raise BadInput(f"{file}: must say of which item each row is (columns {needed}; it has {', '.join(table.columns)})")


def _item_of(row: tuple[str, str | None], file: str, line: int) -> str:
    text, item = row
    if item is None:
        raise BadInput(f"{file} line {line}: there is no item {quoted(text)} in sales.csv")
    return item
