"""Fit lead times to a file of deliveries: when each was ordered, and when it arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..common.checks import BadInput
from ..common.text import plural, quoted
from ..scenario.model import LONGEST_WAIT, Distribution
from . import cells, columns
from .grid import Grid
from .spreadsheet import spreadsheet

ENOUGH = 8
"""Deliveries of an item from which it has a lead time of its own; with less it has that of all items."""
DAYS = {"week": 7.0, "month": 365 / 12, "quarter": 365 / 4, "year": 365.0}


@dataclass(frozen=True)
class LeadTime:
    """The lead time of one item: its distribution in periods, whether orders overtake one another, and of how many."""

    distribution: Distribution
    crossing: bool
    deliveries: int
    open: int
    own: bool


def lead_times(
    path: str | Path,
    grid: Grid,
    by: Sequence[str],
    keys: Sequence[tuple[str, ...]],
    *,
    ordered: str | None = None,
    arrived: str | None = None,
    date_format: str | None = None,
    sheet: str | None = None,
) -> tuple[list[LeadTime], list[str]]:
    """Return the lead time of each item, as it was, and what is to be said of the file.

    A lead time is in whole periods, rounded up: what comes a day after a week serves the demand of the week after next.
    An order that has not arrived has a lead time of its age or more, which the product-limit estimator (Kaplan and
    Meier 1958) takes into account. Items are told apart by those of the columns `by` that the file has.

    Args:
        path: a CSV or Excel file with a row a delivery.
        grid: the periods of the sales.
        by: the columns that tell the items of the sales apart.
        keys: their values, for each item.
        ordered: the column with the date of the order; guessed by its name when absent.
        arrived: the column with the date of arrival, blank for what has not arrived; guessed when absent.
        date_format: of the dates.
        sheet: of an Excel file.

    Raises:
        BadInput: for what is no date, with its line, for an arrival before its order, and for a file without arrivals.
    """
    opened = spreadsheet(Path(path), sheet)
    table, file, notes = opened.table, opened.name, [*opened.notes]
    there = list(table.columns)
    chosen: dict[str, str] = {}
    for what, given in (("ordered", ordered), ("arrived", arrived)):
        column = given or columns.named(what, [each for each in there if each not in chosen.values()])
        if column is None:
            raise BadInput(f"{file}: no column is called like {what} (say --{what}; it has {', '.join(there)})")
        columns.check(column, there, file, what)
        chosen[what] = column
        if given is None:
            notes.append(f"guessed: {what} in {column!r}")
    blank = table[chosen["arrived"]].str.strip().str.casefold().isin(cells.MISSING).to_numpy()
    if blank.all():
        raise BadInput(f"{file}: nothing has arrived: all of {chosen['arrived']!r} is blank (is it the right column?)")
    start = cells.dates(table[chosen["ordered"]], file, date_format).values.to_numpy().astype("datetime64[D]")
    end = np.full(len(table), start.max())
    end[~blank] = cells.dates(table[chosen["arrived"]][~blank], file, date_format).values.to_numpy().astype(end.dtype)
    end[blank] = max(start.max(), end[~blank].max())  # what is open was so on the last date of the file
    if (wrong := end < start).any():
        row = int(np.flatnonzero(wrong)[0])
        raise BadInput(
            f"{file} line {table.index[row]}: {chosen['arrived']}: must not be before {chosen['ordered']}, "
            f"{start[row]}, got {end[row]} (correct it)"
        )
    if grid.period == "day":
        periods = grid.number(end) - grid.number(start)
    else:
        periods = np.ceil((end - start).astype(int) / DAYS[grid.period] - 1e-9).astype(int)
    if (periods > LONGEST_WAIT).any():
        row = int(periods.argmax())
        got = quoted(int(periods[row]))
        raise BadInput(f"{file} line {table.index[row]}: a lead time must be {LONGEST_WAIT} periods or less, got {got}")
    shared = [column for column in by if column in there]
    rows = list(zip(*(table[column].str.strip() for column in shared), strict=True)) if shared else [()] * len(table)
    places: dict[tuple[str, ...], list[int]] = {}
    for place, row_key in enumerate(rows):
        places.setdefault(tuple(row_key), []).append(place)
    everyone = _fitted(start, end, periods, blank, own=False)
    found, of_all = [], 0
    for key in keys:
        mine = tuple(key[by.index(column)] for column in shared)
        its = np.array(places.get(mine, []), int)
        if shared and (~blank[its]).sum() >= ENOUGH:
            found.append(_fitted(start[its], end[its], periods[its], blank[its], own=True))
        else:
            found.append(everyone)
            of_all += 1
    if blank.any():
        notes.append(f"not arrived: {plural(blank.sum(), 'order')}, with a lead time of its age or more")
    if shared and of_all:
        notes.append(f"{of_all} of {len(keys)} items have less than {ENOUGH} deliveries, and the lead time of all")
    return found, notes


def _fitted(start: np.ndarray, end: np.ndarray, periods: np.ndarray, blank: np.ndarray, own: bool) -> LeadTime:
    """Return the lead time of some deliveries; what is never seen to arrive has the longest."""
    from scipy import stats

    data = stats.CensoredData(uncensored=periods[~blank].astype(float), right=periods[blank].astype(float))
    survival = stats.ecdf(data).sf
    left = np.concatenate([[1.0], survival.probabilities])
    weights = -np.diff(left)
    weights[-1] += left[-1]
    some = weights > 1e-12
    values, weights = survival.quantiles[some].astype(int), weights[some]
    if len(values) == 1:
        distribution = Distribution(name="fixed", value=int(values[0]))
    else:
        told = [float(f"{weight:.6g}") for weight in weights]
        distribution = Distribution(name="empirical", values=values.tolist(), weights=told)
    order = np.lexsort((end[~blank], start[~blank]))
    first, last = start[~blank][order], end[~blank][order]
    overtaken = bool(((np.maximum.accumulate(last)[:-1] > last[1:]) & (first[1:] > first[:-1])).any())
    return LeadTime(distribution, overtaken and len(values) > 1, int((~blank).sum()), int(blank.sum()), own)
