"""Read the text of a CSV file into a table of texts, whose lines are known."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..common.text import nearest, quoted
from . import limits, reading
from .errors import ScenarioError, at

if TYPE_CHECKING:
    import pandas as pd


def table_of(text: str, name: str, wanted: Iterable[str] = (), separator: str = ",", first: int = 1) -> pd.DataFrame:
    """Return a text with a first line of columns as a table of texts, indexed by line, without its empty lines.

    Args:
        text: of the file, from the line of its columns on.
        name: of the file, for errors.
        wanted: columns that must be there, once each.
        separator: between columns.
        first: the line of the file that has the columns.

    Raises:
        ScenarioError: for what is no table, a wanted column that is missing or there twice, or more than the limits.
    """
    import pandas as pd

    with at(name):
        columns = columns_of(text, separator)
        _check_columns(columns, wanted)
        if (cells := (text.count("\n") + 1) * len(columns)) > limits.CSV_CELLS:
            raise ScenarioError(f"must have {limits.CSV_CELLS:,} cells or less, got {cells:,} ({reading.CSV.instead})")
        try:
            table = pd.read_csv(
                io.StringIO(text), sep=separator, dtype=str, keep_default_na=False, skip_blank_lines=False
            )
        except (ValueError, OverflowError) as error:
            reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
            raise ScenarioError(f"cannot be read: {reason}") from None
    if not isinstance(table.index, pd.RangeIndex):
        raise ScenarioError(f"{name} line {first + 1}: there are more fields than columns")
    if table.shape[1] != len(columns):
        raise ScenarioError(f"{name} line {first}: cannot be read (is a quote not closed?)")
    often = Counter(columns)
    table.columns = pd.Index(
        [mine if often[mine] == 1 else theirs for mine, theirs in zip(columns, table.columns, strict=True)]
    )
    table.index += first + 1  # lines count from 1, and the first has the columns
    return table.fillna("")[table.notna().any(axis=1) & (table != "").any(axis=1)]


def columns_of(text: str, separator: str = ",") -> list[str]:
    """Return the names of the columns, from the first line."""
    if not text.strip():
        raise ScenarioError("is empty")
    first = text[: limits.CSV_COLUMNS * 100]
    try:
        columns = [column.strip() for column in next(csv.reader(io.StringIO(first), delimiter=separator))]
    except csv.Error as error:
        raise ScenarioError(f"line 1: cannot be read: {error}") from None
    if len(columns) > limits.CSV_COLUMNS:
        raise ScenarioError(f"line 1: must have {limits.CSV_COLUMNS:,} columns or less, got more")
    return columns


def _check_columns(columns: list[str], wanted: Iterable[str]) -> None:
    """Refuse columns of which a wanted one is missing, or is there twice."""
    for column in wanted:
        if (times := columns.count(column)) > 1:
            raise ScenarioError(f"line 1: there are {times} columns {column!r} (rename or remove the others)")
        if not times:
            there = ", ".join(quoted(column)[1:-1] for column in columns[:20]) + (", ..." if len(columns) > 20 else "")
            if len(columns) == 1 and (found := next((mark for mark in ";\t|" if mark in columns[0]), None)):
                there += f"; are its columns separated by {found!r}? Separate them by commas"
            raise ScenarioError(f"has no column {column!r}{nearest(column, columns) or f' (it has {there})'}")
