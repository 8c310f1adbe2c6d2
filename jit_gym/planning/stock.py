"""Read what is on hand and on order from a spreadsheet: a row an item, or a row an order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..common.checks import BadInput
from ..common.text import plain, plural
from . import cells, columns
from .reading import SUM
from .spreadsheet import Spreadsheet, spreadsheet

if TYPE_CHECKING:
    import pandas as pd

NEVER = np.datetime64("NaT", "D")


class OpenOrder(NamedTuple):
    """An order that has not arrived: its item, units, the days it was ordered and is expected on, and its line.

    A day that is not told is NaT. `supplier` is what the file says, or nothing.
    """

    item: int
    units: float
    ordered: np.datetime64
    expected: np.datetime64
    supplier: str
    line: int


@dataclass(frozen=True)
class Stock:
    """What is on hand of each item (items,), nan where the file does not say, and the orders that are open.

    `unknown` are the items of the file that the shop does not have, each with its line; `counted` is the day of the
    stock, NaT where no column tells one.
    """

    file: str
    on_hand: np.ndarray
    orders: tuple[OpenOrder, ...]
    unknown: tuple[str, ...]
    counted: np.datetime64
    notes: tuple[str, ...]


def read_stock(
    path: str | Path,
    items: Sequence[str],
    keys: Sequence[tuple[str, ...]],
    by: Sequence[str],
    *,
    item: str | None = None,
    on_hand: str | None = None,
    on_order: str | None = None,
    ordered: str | None = None,
    expected: str | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
) -> Stock:
    """Return the stock of a CSV or Excel file.

    A row has an item and what is on hand of it, and may have what is on order, when it was ordered, when it is
    expected, from whom, and the day on which the stock was counted. An item with several orders has a row for each, and
    says what is on hand in one of them, or the same in all.

    Args:
        path: of the file.
        items: the shop's, by the names of its scenario.
        keys: the values of the columns `by` for each of them.
        by: the columns that tell the shop's items apart.
        item: the column of the items; by default the columns `by`, or else a column with the items' names or keys.
        on_hand: the column of the stock on hand; like the next ones it is guessed by its name when absent.
        on_order: the column of the units on order.
        ordered: the column of the day an order was placed on.
        expected: the column of the day it should arrive on.
        date_format: of the dates, as `%d.%m.%Y`.
        decimal: the decimal mark, `,` or `.`, where the numbers leave a doubt.
        sheet: of an Excel file.

    Raises:
        BadInput: in one line, with the line, the column, the value and the fix.
    """
    opened = spreadsheet(Path(path), sheet)
    table, file, there = opened.table, opened.name, [str(column) for column in opened.table.columns]
    chosen = _chosen(there, file, on_hand=on_hand, on_order=on_order, ordered=ordered, expected=expected)
    table, place, unknown, said = _items(table, file, items, keys, by, item, set(chosen.values()))
    notes = [*opened.notes, *said]
    shelf, more = _numbers(table, chosen["on_hand"], opened, decimal)
    notes += more
    found = np.full(len(items), np.nan)
    for row in np.flatnonzero((place >= 0) & np.isfinite(shelf)).tolist():
        k = int(place[row])
        if np.isfinite(found[k]) and found[k] != shelf[row]:
            got = f"{shelf[row]:.12g} after {found[k]:.12g}"
            raise BadInput(
                f"{file} line {table.index[row]}: {chosen['on_hand']}: {items[k]} must have one number on hand, got "
                f"{got} (say it once, and leave it blank in the other rows of the item)"
            )
        found[k] = shelf[row]
    orders, more = _orders(table, place, opened, chosen, date_format, decimal)
    notes += more
    counted = NEVER
    if "counted" in chosen and (told := ~_blank(table[chosen["counted"]])).any():
        read = cells.dates(table[chosen["counted"]][told], file, date_format)
        counted = read.values.to_numpy().astype("datetime64[D]").min()
        notes += [note for note in read.notes if note != cells.TIME_OF_DAY]
    return Stock(file, found, orders, unknown, counted, tuple(plain(note) for note in dict.fromkeys(notes)))


def _chosen(there: Sequence[str], file: str, **given: str | None) -> dict[str, str]:
    """Return which column says what, as given or else as guessed, for what any column says."""
    chosen: dict[str, str] = {}
    for what, column in given.items():
        if column is not None:
            columns.check(column, there, file, what.replace("_", "-"))
            chosen[what] = column
    for what in ("on_hand", "on_order", "expected", "ordered", "counted", "supplier"):
        if what not in chosen:
            column = columns.named(what, [each for each in there if each not in chosen.values()])
            if column is not None:
                chosen[what] = column
    if "on_hand" not in chosen:
        raise BadInput(f"{file}: no column is called like on hand (say --on-hand; it has {', '.join(there)})")
    return chosen


def _items(
    table: pd.DataFrame,
    file: str,
    items: Sequence[str],
    keys: Sequence[tuple[str, ...]],
    by: Sequence[str],
    column: str | None,
    taken: set[str],
) -> tuple[pd.DataFrame, np.ndarray, tuple[str, ...], list[str]]:
    """Return the rows of items, the shop's item of each (-1 where it has none), what is unknown, and notes."""
    there, notes = [str(each) for each in table.columns], []
    if column is not None:
        columns.check(column, there, file, "item")
        used = [column]
    elif used := columns.of_items([each for each in there if each not in taken], by):
        if [each.casefold() for each in used] != [each.casefold() for each in by]:
            notes.append(f"guessed: item in {used[0]!r}")
    else:
        need = f"the columns {', '.join(by)}, or " if by else ""
        raise BadInput(f"{file}: must have {need}a column of items (say --item; it has {', '.join(there)})")
    texts = [table[each].str.strip() for each in used]
    total = np.logical_and.reduce([(text == "") | text.str.match(SUM) for text in texts])
    if total.any() and not total.all():
        notes.append(f"{plural(total.sum(), 'row')} without an item, or of sums, left out")
        table, texts = table[~total], [text[~total] for text in texts]
    names: dict[tuple[str, ...], int] = {}
    for k, (name, key) in enumerate(zip(items, keys, strict=True)):
        names |= {(name.casefold(),): k} if len(used) == 1 else {}
        if len(key) == len(used):
            names[tuple(part.casefold() for part in key)] = k
    place = np.full(len(table), -1)
    unknown: dict[str, None] = {}
    for row, parts in enumerate(zip(*texts, strict=True)):
        place[row] = names.get(tuple(part.casefold() for part in parts), -1)
        if place[row] < 0:
            unknown[f"{file} line {table.index[row]}: the shop has no item {', '.join(parts)!r}"] = None
    if (place < 0).all():
        few = ", ".join(", ".join(key) if len(key) == len(used) and key else name
                        for name, key in list(zip(items, keys, strict=True))[:3])  # fmt: skip
        raise BadInput(f"{next(iter(unknown), file)}, nor any other of this file (its items are as {few}; say --item)")
    return table, place, tuple(unknown), notes


def _orders(
    table: pd.DataFrame,
    place: np.ndarray,
    opened: Spreadsheet,
    chosen: dict[str, str],
    date_format: str | None,
    decimal: str | None,
) -> tuple[tuple[OpenOrder, ...], list[str]]:
    """Return the open orders of a table of stock, and notes."""
    if "on_order" not in chosen:
        return (), []
    units, notes = _numbers(table, chosen["on_order"], opened, decimal)
    here = (place >= 0) & np.isfinite(units)
    if (below := here & (units < 0)).any():
        row = int(np.flatnonzero(below)[0])
        raise BadInput(
            f"{opened.name} line {table.index[row]}: {chosen['on_order']}: must be 0 units or more, got "
            f"{units[row]:.12g} (correct it)"
        )
    here &= units > 0
    days = {what: np.full(len(table), NEVER) for what in ("ordered", "expected")}
    for what, found in days.items():
        if what in chosen and (told := here & ~_blank(table[chosen[what]])).any():
            read = cells.dates(table[chosen[what]][told], opened.name, date_format)
            found[told] = read.values.to_numpy().astype("datetime64[D]")
            notes += [note for note in read.notes if note != cells.TIME_OF_DAY]
    early = here & (days["expected"] < days["ordered"])
    if early.any():
        row = int(np.flatnonzero(early)[0])
        raise BadInput(
            f"{opened.name} line {table.index[row]}: {chosen['expected']}: must not be before {chosen['ordered']}, "
            f"{days['ordered'][row]}, got {days['expected'][row]} (correct it)"
        )
    who = table[chosen["supplier"]].str.strip().to_numpy() if "supplier" in chosen else np.full(len(table), "")
    return tuple(
        OpenOrder(int(place[row]), float(units[row]), days["ordered"][row], days["expected"][row], str(who[row]),
                  int(table.index[row]))
        for row in np.flatnonzero(here).tolist()
    ), notes  # fmt: skip


def _numbers(
    table: pd.DataFrame, column: str, opened: Spreadsheet, decimal: str | None
) -> tuple[np.ndarray, list[str]]:
    read = cells.numbers(table[column], opened.name, decimal, opened.separator)
    return read.values.to_numpy(), list(read.notes)


def _blank(column: pd.Series) -> np.ndarray:
    """Tell which cells say nothing."""
    return np.array([re.sub(r"\s+", " ", text.strip()).casefold() in cells.MISSING for text in column], bool)
