"""Tell whether a row is a sale or a period, and number the periods of dates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..common.checks import BadInput
from ..common.text import quoted
from ..scenario.history import DAYS
from ..scenario.horizon import PERIODS_PER_YEAR

PERIODS = ("day", "week", "month", "quarter", "year")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
REGULAR = 0.8
"""The share of gaps between dates that must be a period long for a row to be a period."""
TWICE = 0.02
"""The share of rows that may have the date of another one of their item where a row is a period."""
OFTEN = 0.3
"""The share of days with a sale from which sales are added up by the day; where there are less, by the week."""


class Grid(NamedTuple):
    """Consecutive periods: what they are called, on which weekday weeks begin, and which weekdays are open."""

    period: str
    weekday: int
    open: tuple[int, ...]
    first: int
    many: int

    def number(self, days: np.ndarray) -> np.ndarray:
        """Return the period that each day (n,) is in, counted from the first."""
        return _ordinal(days, self.period, self.weekday, self.open) - self.first

    @property
    def starts(self) -> np.ndarray:
        """Return the first day of each period."""
        return _days(np.arange(self.first, self.first + self.many), self.period, self.weekday, self.open)

    @property
    def per_year(self) -> float:
        """Return how many periods a year has."""
        year = float(PERIODS_PER_YEAR[self.period])
        return year * len(self.open) / 7 if self.period == "day" else year

    def begin(self, number: int | np.ndarray) -> np.ndarray:
        """Return the first day of a period, or of several, counted from the first one; any period, not these alone."""
        numbers = np.atleast_1d(np.asarray(number, int))
        return _days(self.first + numbers, self.period, self.weekday, self.open)

    def after(self) -> np.datetime64:
        """Return the first day after the last period."""
        return np.datetime64(self.begin(self.many)[0], "D")


class Rows(NamedTuple):
    """What a row is, the period of its dates, and why that is believed."""

    kind: str
    period: str
    why: str


def rows_of(keys: np.ndarray, days: np.ndarray, clock: bool, period: str | None, file: str) -> Rows:
    """Tell what a row is: a sale, of which a period has any number, or a period.

    A row is a sale where dates have a time of day, where more than 2 % of rows have the date of another row of their
    item, or where dates are not regularly a day, week, month, quarter or year apart.

    Args:
        keys: the item of each row, as a number.
        days: its date.
        clock: whether dates have a time of day.
        period: what a period is to be; None to tell it from the dates.
        file: its name, for errors.
    """
    if period is not None and period not in PERIODS:
        raise BadInput(f"--period: must be {', '.join(PERIODS)}, got {quoted(period)}")
    order = np.lexsort((days, keys))
    k, d = keys[order], days[order].astype(int)
    gaps = np.diff(d)[np.diff(k) == 0]
    twice = float(np.mean(gaps == 0)) if len(gaps) else 0.0
    gaps = gaps[gaps > 0]
    found = None
    if len(gaps):
        usual = float(np.median(gaps))
        found = next((name for name in PERIODS if DAYS[name][0] <= usual <= DAYS[name][1]), None)
        if found is not None and np.mean((gaps >= DAYS[found][0]) & (gaps <= DAYS[found][1])) < REGULAR:
            found = None
    if clock:
        kind, why = "sale", "dates have a time of day"
    elif twice > TWICE:
        kind, why = "sale", f"{twice:.0%} of the rows have the item and the date of another"
    elif found is None:
        kind, why = "sale", "dates are no regular period apart"
    else:
        kind, why = "period", f"dates are a {found} apart"
    if kind == "period":
        assert found is not None
        if period is not None and PERIODS.index(period) < PERIODS.index(found):
            raise BadInput(f"--period: must be {found} or longer, as {file} has a row a {found}, got {period}")
        if period is not None and period != found:
            kind, why = "sale", f"rows of a {found} are added up"
        return Rows(kind, period or found, why)
    share = len(np.unique(np.stack([k, d]), axis=1).T) / max((len(np.unique(k)) * (d.max() - d.min() + 1)), 1)
    return Rows(kind, period or ("day" if share >= OFTEN else "week"), why)


def grid_of(days: np.ndarray, rows: Rows) -> tuple[Grid, list[str]]:
    """Return the periods from the first date to the last, and what is to be said of them.

    Weekdays on which nobody ever sells are no periods. Of sales, weeks and months that the file does not cover in full,
    at its two ends, are left out: they would count as weak ones.
    """
    weekday = (days.astype(int) + 3) % 7  # 1970-01-01 was a Thursday
    counts = np.bincount(weekday, minlength=7)
    notes = []
    start = int(counts.argmax()) if (rows.kind, rows.period) == ("period", "week") else 0
    opened = tuple(range(7))
    if rows.period == "day" and np.ptp(days.astype(int)) >= 28:
        opened = tuple(int(day) for day in np.flatnonzero(counts))
        if closed := [WEEKDAYS[day] for day in range(7) if day not in opened]:
            notes.append(f"closed on {', '.join(closed)}: these days are no periods")
    ordinal = _ordinal(days, rows.period, start, opened)
    first, last = int(ordinal.min()), int(ordinal.max())
    if rows.kind == "sale" and rows.period != "day":
        begins = _days(np.array([first, last + 1]), rows.period, start, opened)
        if last > first and days.min() > begins[0]:
            first += 1
            notes.append(f"the first {rows.period} is not complete and left out")
        if last > first and days.max() < begins[1] - 1:
            last -= 1
            notes.append(f"the last {rows.period} is not complete and left out")
    return Grid(rows.period, start, opened, first, last - first + 1), notes


def rows_like(keys: np.ndarray, days: np.ndarray, clock: bool, grid: Grid) -> Rows:
    """Tell what a row of a file is whose periods are known: a period where each begins one, once for each item.

    Args:
        keys: the item of each row, as a number.
        days: its date.
        clock: whether dates have a time of day.
        grid: the periods.
    """
    number = grid.number(days)
    if clock or (grid.begin(number) != days).any():
        return Rows("sale", grid.period, f"dates are within the shop's {grid.period}s")
    if len(np.unique(np.stack([keys, number]), axis=1).T) < len(days):
        return Rows("sale", grid.period, "some have the item and the date of another")
    return Rows("period", grid.period, f"each begins one of the shop's {grid.period}s")


def grid_like(days: np.ndarray, rows: Rows, grid: Grid, file: str) -> tuple[Grid, list[str]]:
    """Return the known periods from the first date to the last, and what is to be said of them.

    Of sales, weeks and longer periods that the file does not cover in full, at its two ends, are left out.

    Raises:
        BadInput: where that leaves none.
    """
    number, notes = grid.number(days), []
    first, last = int(number.min()), int(number.max())
    if rows.kind == "sale" and rows.period != "day":
        if days.min() > grid.begin(first)[0]:
            first += 1
            notes.append(f"the first {rows.period} is not complete and left out")
        if days.max() < grid.begin(last + 1)[0] - 1:
            last -= 1
            notes.append(f"the last {rows.period} is not complete and left out")
    if last < first:
        raise BadInput(f"{file}: has no {rows.period} in full, from {days.min()} to {days.max()} (give a longer file)")
    return grid._replace(first=grid.first + first, many=last - first + 1), notes


def _ordinal(days: np.ndarray, period: str, weekday: int, opened: tuple[int, ...]) -> np.ndarray:
    if period == "day":
        if len(opened) == 7:
            return days.astype(int)
        week, day = np.divmod(days.astype(int) + 3, 7)
        return week * len(opened) + np.searchsorted(opened, day)
    if period == "week":
        return (days.astype(int) + 3 - weekday) // 7
    months = days.astype("datetime64[M]").astype(int)
    return months // {"month": 1, "quarter": 3, "year": 12}[period]


def _days(ordinals: np.ndarray, period: str, weekday: int, opened: tuple[int, ...]) -> np.ndarray:
    if period == "day":
        if len(opened) == 7:
            return ordinals.astype("datetime64[D]")
        week, place = np.divmod(ordinals, len(opened))
        return (week * 7 + np.array(opened)[place] - 3).astype("datetime64[D]")
    if period == "week":
        return (ordinals * 7 - 3 + weekday).astype("datetime64[D]")
    months = ordinals * {"month": 1, "quarter": 3, "year": 12}[period]
    return months.astype("datetime64[M]").astype("datetime64[D]")
