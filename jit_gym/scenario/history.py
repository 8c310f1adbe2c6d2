"""Read a demand history from a CSV file."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.text import plain, quoted
from . import csv_table, limits, reading
from .errors import ScenarioError, at
from .model import History, Horizon

if TYPE_CHECKING:
    import pandas as pd


def read(history: History, horizon: Horizon) -> dict[str, Any]:
    """Return a history as a mapping with the values of its file, sorted by date, in place of the file.

    Raises ScenarioError for what is not a quantity (with its line and column), for a column or a filter that
    finds nothing (with what there is), for two rows of one date (with the filters that may be missing), and for dates
    that are not a period of the horizon apart. Warns of dates left out: a period without a row is not a period without
    demand.
    """
    import pandas as pd

    path, value, date = Path(history.file or ""), history.value or "", history.date
    rows = _table(path, dict.fromkeys(filter(None, [value, date, *history.where])))
    rows = _filtered(rows, history.where, path.name)
    if date is not None:
        rows = _in_order(rows, date, value, path.name, horizon)
    values = pd.to_numeric(rows[value], errors="coerce")
    _all_good(rows[value], values.between(0, float("inf"), inclusive="left"), path.name, "must be a number, 0 or more")
    _all_good(rows[value], values <= limits.NUMBER, path.name, f"must be {limits.NUMBER:g} or less")
    if len(values) > limits.VALUES:
        raise ScenarioError(f"{path.name}: must have {limits.VALUES:,} rows or less, got {len(values):,}")
    filters = "".join(f", {column} {wanted}" for column, wanted in history.where.items())
    kept = history.model_dump(exclude={"file", "value", "date", "where"}, exclude_unset=True)
    return {**kept, "values": (values.astype(float) + 0.0).tolist(), "source": plain(f"{path.name}: {value}{filters}")}


def _table(path: Path, wanted: Iterable[str]) -> pd.DataFrame:
    """Return a CSV file as texts, indexed by line; refuse it if a wanted column is missing or there twice."""
    content = reading.read(path, reading.CSV)
    with at(path.name):
        if content.startswith((b"\x1f\x8b", b"PK\x03\x04")):
            raise ScenarioError("is compressed, or a spreadsheet (save it as CSV)")
        text = reading.text(content)
    return csv_table.table_of(text, path.name, wanted)


def _filtered(rows: pd.DataFrame, where: dict[str, str | int | float], file: str) -> pd.DataFrame:
    """Return the rows that have the wanted values; numbers are compared by value, not as texts."""
    import pandas as pd

    if rows.empty:
        raise ScenarioError(f"{file} has no rows")
    passed = ""
    for column, wanted in where.items():
        cells = rows[column]
        fits = cells == str(wanted)
        if not isinstance(wanted, str):
            fits |= pd.to_numeric(cells, errors="coerce") == wanted
        if not fits.any():
            known = sorted(cells.unique())
            some = ", ".join(map(repr, known[:5])) + (", ..." if len(known) > 5 else "")
            raise ScenarioError(f"{file}: no row{passed} has {column} {wanted!r} (there are {some})")
        rows = rows[fits]
        passed += f"{' and' if passed else ' with'} {column} {wanted!r}"
    return rows


def _in_order(rows: pd.DataFrame, column: str, value: str, file: str, horizon: Horizon) -> pd.DataFrame:
    """Return the rows sorted by date, each date once; the first row tells whether dates are numbers."""
    import pandas as pd

    dates: pd.Series = pd.to_numeric(rows[column], errors="coerce")
    if are_times := bool(dates.isna().iloc[0]):
        dates = pd.to_datetime(rows[column], format="ISO8601", errors="coerce", utc=True)
    good = dates.notna() if are_times else dates.abs() <= limits.NUMBER
    _all_good(rows[column], good, file, "must be a date such as 2024-12-31 or a number")
    if dates.duplicated().any():
        same = rows[dates == dates[dates.duplicated()].iloc[0]]
        vary = [name for name in rows.columns if name != value and same[name].nunique() > 1]
        lines = f"lines {' and '.join(map(str, same.index[:2]))}"
        hint = f"a filter is missing on {' or '.join(vary)}" if vary else "one is too many"
        raise ScenarioError(f"{file} {lines}: {column} is {same[column].iloc[0]} in both ({hint})")
    rows = rows.loc[dates.sort_values().index]
    steps = dates.sort_values().diff().to_numpy()[1:]
    if are_times and len(steps):
        days = steps / np.timedelta64(1, "D")
        with at(file):
            _check_spacing(float(np.median(days)), float(days.min()), column, horizon)
        on = dates.sort_values().dt.tz_localize(None).to_numpy().astype("datetime64[D]")
        if horizon.period == "day" and np.is_busday(on).all():  # a file of working days has no gaps at weekends
            steps = np.busday_count(on[:-1], on[1:])
    if len(steps) and steps.max() >= 2 * steps.min():
        gap = int(steps.argmax())
        before, after = rows[column].iloc[gap : gap + 2]
        skipped = "a period without a row is skipped, not one without demand"
        warnings.warn(f"{file}: there is no row between {before} and {after} ({skipped})", stacklevel=2)
    return rows


def _check_spacing(days: float, least: float, column: str, horizon: Horizon) -> None:
    """Refuse dates that are not a period of the horizon apart, by their median; gaps are no reason.

    Months and quarters differ in length, a week may lack a holiday, and a day of business may follow a weekend.
    """
    period = horizon.period
    if period in DAYS:
        low, high = DAYS[period]
    elif horizon.periods_per_year:
        low, high = 0.6 * 365 / horizon.periods_per_year, 1.6 * 365 / horizon.periods_per_year
    else:
        return
    if low <= days <= high or (days > high and low <= least <= high):
        return
    found = next((name for name, (short, long) in DAYS.items() if short <= days <= long), None)
    row = _a(found) if found else f"every {days:.3g} days"
    change = f"set horizon.period={found}, with lead times and costs by the {found}" if found else "name another period"
    must = f"aggregate the file to {period}s" if days < low else f"use a file with a row {_a(period)}"
    raise ScenarioError(f"{column} has a row {row}, and horizon.period is {period} ({must}, or {change})")


DAYS = {
    "hour": (0.5 / 24, 1.5 / 24), "day": (0.5, 1.5), "week": (5, 9), "month": (25, 35), "quarter": (80, 100),
    "year": (350, 380),
}  # fmt: skip
"""How many days may lie between two rows of a history, the shortest and the longest, for each period."""


def _a(period: str) -> str:
    return f"an {period}" if period == "hour" else f"a {period}"


def _all_good(cells: pd.Series, good: pd.Series, file: str, must: str) -> None:
    if not good.all():
        bad = cells[~good]
        place = f"{file} line {bad.index[0]}"
        raise ScenarioError(f"{place}: {cells.name} {must}, got {quoted(bad.iloc[0] or None)}")
