"""The log of a shop's orders: a row an item and day, whole or not at all."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from ..common import files
from ..common.checks import BadInput
from . import cells
from .folder import LOG
from .spreadsheet import spreadsheet

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("date", "item", "supplier", "ordered", "arrives", "position", "rule")
KEY = ("date", "item", "supplier")


def with_orders(folder: str | Path, orders: pd.DataFrame, *, replace: bool = False) -> str:
    """Return the text of a shop's log with the orders of a day, in the order of days; nothing is written.

    Args:
        folder: of the shop; its orders.csv may not be there yet.
        orders: the `frame` of a day's orders. Items without a known stock are left out.
        replace: whether rows of the same day and item give way.

    Raises:
        BadInput: where there is a row of the same day, item and supplier, unless `replace`; and for a log that is none.
    """
    path, rows = Path(folder) / LOG, dict[tuple[str, ...], tuple[str, ...]]()
    if path.is_file():
        for row in _texts(path).itertuples(index=False, name=None):
            rows[row[:3]] = row
    for row in orders[orders["ordered"].notna()][list(COLUMNS)].itertuples(index=False, name=None):
        told = tuple(f"{value:.12g}" if isinstance(value, float) else str(value) for value in row)
        if told[:3] in rows and not replace:
            raise BadInput(
                f"{path}: has an order of {told[0]} for {told[1]} already, which stays as it is (add --replace)"
            )
        rows[told[:3]] = told
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([COLUMNS, *sorted(rows.values(), key=lambda row: row[0])])
    return out.getvalue()


def write_log(folder: str | Path, orders: pd.DataFrame, *, replace: bool = False) -> None:
    """Write the orders of a day into the log of a shop (`with_orders`)."""
    files.write(Path(folder) / LOG, with_orders(folder, orders, replace=replace))


def past_orders(folder: str | Path) -> pd.DataFrame:
    """Return the log of a shop: `date` and `arrives` as days, `ordered` and `position` as numbers; empty without one.

    Raises:
        BadInput: in one line, for a log without its columns, or with what is no date or number.
    """
    import pandas as pd

    path = Path(folder) / LOG
    table = _texts(path) if path.is_file() else pd.DataFrame(columns=list(COLUMNS), dtype=str)
    out = table.copy()
    for column in ("ordered", "position"):
        out[column] = cells.numbers(table[column], path.name).values
    out["date"] = cells.dates(table["date"], path.name).values if len(table) else pd.to_datetime(table["date"])
    told = table["arrives"].str.strip() != ""
    out["arrives"] = pd.Series(pd.NaT, table.index, dtype="datetime64[s]")
    if told.any():
        out.loc[told, "arrives"] = cells.dates(table["arrives"][told], path.name).values
    return out


def _texts(path: Path) -> pd.DataFrame:
    opened = spreadsheet(path)
    there = [str(column) for column in opened.table.columns]
    if missing := [column for column in COLUMNS if column not in there]:
        raise BadInput(f"{path}: is no log of orders, as it has no column {missing[0]!r} (it has {', '.join(there)})")
    return opened.table[list(COLUMNS)]
