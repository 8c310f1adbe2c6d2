"""Read the promotions and other events that are planned, and put them into the scenario of a shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.checks import BadInput
from ..common.text import plain, plural
from ..scenario import Scenario
from ..scenario.load import variant
from . import cells, columns
from .grid import Grid
from .spreadsheet import Spreadsheet, spreadsheet

if TYPE_CHECKING:
    import pandas as pd

ALL = frozenset({"*", "all", ""})
"""What stands for every item, or for every place."""
MOST = 100.0
"""Times the usual demand that an event may make of it, at most: more is a percentage, or units."""


@dataclass(frozen=True)
class Planned:
    """Periods in which demand is known to be another one, by item.

    `promoted` has the periods of each item's promotions, whose effect is that which was fitted; `times` those of events
    whose effect the file says, each with its factor. Periods are counted from the scenario's first. `unknown` are the
    items of the file that the shop does not have, each with its line.
    """

    promoted: Mapping[str, tuple[int, ...]]
    times: Mapping[str, tuple[tuple[int, float], ...]]
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def within(self, scenario: Scenario, item: str, first: int, last: int) -> tuple[dict[int, float], list[int]]:
        """Return what is known of an item's periods from one to before another.

        That is what multiplies demand, by period, and the promotions whose effect nobody knows.
        """
        known = dict[int, float]()
        own, unfitted = scenario.spikes.get(f"promotion-{item}"), list[int]()
        for period in self.promoted.get(item, ()):
            if first <= period < last and own is not None:
                known[period] = own.factor
            elif first <= period < last:
                unfitted.append(period)
        for period, factor in self.times.get(item, ()):
            if first <= period < last:
                known[period] = known.get(period, 1.0) * factor
        return known, unfitted


def read_planned(
    path: str | Path,
    items: Sequence[str],
    keys: Sequence[tuple[str, ...]],
    by: Sequence[str],
    grid: Grid,
    first: int,
    *,
    date_format: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
) -> Planned:
    """Return the promotions and events of a CSV or Excel file.

    A row has an item, the first day, and may have the last one (`to`) and what demand is multiplied by (`factor`).
    Without a factor it is a promotion as those of the history. A row for all items, or for all of a place, has * or
    nothing for them, and so has a file without their columns. A period that an event touches counts in full. The same
    event twice counts once; different ones multiply each other.

    Args:
        path: of the file.
        items: the shop's, by the names of its scenario.
        keys: the values of the columns `by` for each of them.
        by: the columns that tell the shop's items apart.
        grid: the periods of its sales.
        first: the number of the scenario's first period among them.
        date_format: of the dates, as `%d.%m.%Y`.
        decimal: the decimal mark, `,` or `.`, where the numbers leave a doubt.
        sheet: of an Excel file.

    Raises:
        BadInput: in one line, with the line, the column, the value and the fix.
    """
    opened = spreadsheet(Path(path), sheet)
    table, file, there = opened.table, opened.name, [str(column) for column in opened.table.columns]
    begins = columns.named("begins", there)
    if begins is None:
        raise BadInput(f"{file}: no column is called like a date (say date, or from and to; it has {', '.join(there)})")
    used = columns.of_items(there, by)
    notes = [] if used else [f"{file}: no column tells the items: its rows are for all of them"]
    begun = _days(table, begins, file, date_format)
    if np.isnat(begun).any():
        row = int(np.flatnonzero(np.isnat(begun))[0])
        raise BadInput(f"{file} line {table.index[row]}: {begins}: must be the first day of the event, got nothing")
    ended, until = begun, columns.named("until", there)
    if until is not None:
        ended = _days(table, until, file, date_format)
        ended = np.where(np.isnat(ended), begun, ended)
        if (ended < begun).any():
            row = int(np.flatnonzero(ended < begun)[0])
            raise BadInput(
                f"{file} line {table.index[row]}: {until}: must not be before {begins}, {begun[row]}, got {ended[row]}"
            )
    times = _factors(opened, there, decimal)
    places, unknown = _places(table, used, items, keys, file)
    promoted: dict[str, set[int]] = {}
    told: dict[str, set[tuple[int, float]]] = {}
    firsts, lasts = (np.atleast_1d(grid.number(days)) - first for days in (begun, ended))
    for row, own in enumerate(places):
        periods = range(max(int(firsts[row]), 0), int(lasts[row]) + 1)
        for k in own if periods else ():
            if np.isnan(times[row]):
                promoted.setdefault(items[k], set()).update(periods)
            else:
                told.setdefault(items[k], set()).update((period, float(times[row])) for period in periods)
    return Planned(
        {item: tuple(sorted(each)) for item, each in promoted.items()},
        {item: tuple(sorted(each)) for item, each in told.items()},
        tuple(unknown),
        tuple(plain(note) for note in dict.fromkeys([*opened.notes, *notes])),
    )


def with_planned(scenario: Scenario, planned: Planned) -> Scenario:
    """Return a scenario whose spikes are those that are planned, on their dates.

    A promotion that was fitted has its factor; an event whose effect is told is a spike of its own, announced a lead
    time and a review ahead, as promotions are. A promotion without a known effect is left out.
    """
    spikes: dict[str, Any] = {}
    for item, periods in planned.promoted.items():
        own = f"promotion-{item}"
        if own in scenario.spikes:
            starts = {**dict.fromkeys(("rate", "every", "once")), "at": list(periods)}
            spikes[own] = {"starts": starts, "lasts": 1}
    for item, events in planned.times.items():
        ahead = max(ceil(scenario.lanes[lane].lead_time.mean) for lane in scenario.feeds[item]) + 1
        hits = [name for name, demand in scenario.demands.items() if item in demand.draws_on]
        for k, factor in enumerate(sorted({each for _, each in events}), 1):
            spikes[f"planned-{item}-{k}"] = {
                "hits": hits, "starts": {"at": [period for period, each in events if each == factor]}, "lasts": 1,
                "factor": factor, "announced": ahead,
            }  # fmt: skip
    return variant(scenario, {"spikes": spikes}) if spikes else scenario


def _days(table: pd.DataFrame, column: str, file: str, form: str | None) -> np.ndarray:
    """Return a column of dates (rows,), NaT where a cell says nothing."""
    told = ~table[column].str.strip().str.casefold().isin(cells.MISSING).to_numpy()
    out = np.full(len(table), np.datetime64("NaT", "D"))
    if told.any():
        out[told] = cells.dates(table[column][told], file, form).values.to_numpy().astype("datetime64[D]")
    return out


def _factors(opened: Spreadsheet, there: Sequence[str], decimal: str | None) -> np.ndarray:
    """Return what each row multiplies demand by (rows,), nan where it does not say."""
    column = columns.named("factor", there)
    if column is None:
        return np.full(len(opened.table), np.nan)
    times = cells.numbers(opened.table[column], opened.name, decimal, opened.separator).values.to_numpy()
    if (wrong := (times < 0) | (times > MOST)).any():
        row = int(np.flatnonzero(wrong)[0])
        raise BadInput(
            f"{opened.name} line {opened.table.index[row]}: {column}: must be from 0 to {MOST:g} times the usual "
            f"demand, got {times[row]:.12g} (1.5 is half as much again)"
        )
    return times


def _places(
    table: pd.DataFrame, used: Sequence[str], items: Sequence[str], keys: Sequence[tuple[str, ...]], file: str
) -> tuple[list[list[int]], list[str]]:
    """Return the items of each row, by their places, and what of the file the shop does not have."""
    everything = list(range(len(items)))
    if not used:
        return [everything] * len(table), []
    names: list[set[tuple[str, ...]]] = [
        {tuple(part.casefold() for part in key)} | ({(item.casefold(),)} if len(used) == 1 else set())
        for item, key in zip(items, keys, strict=True)
    ]
    found: dict[tuple[str, ...], list[int]] = {}
    places, unknown = list[list[int]](), list[str]()
    for line, parts in zip(table.index, table[list(used)].itertuples(index=False, name=None), strict=True):
        asked = tuple(part.strip().casefold() for part in parts)
        if asked not in found:
            found[asked] = [
                k
                for k in everything
                if any(
                    len(own) == len(asked) and all(a in ALL or a == b for a, b in zip(asked, own, strict=True))
                    for own in names[k]
                )
            ]
        places.append(found[asked])
        if not found[asked]:
            unknown.append(f"{file} line {line}: the shop has no item {', '.join(map(str, parts))!r}")
    if unknown and not any(places):
        raise BadInput(f"{unknown[0]}, nor any other of this file (its items are as {', '.join(items[:3])})")
    return places, unknown


def said_of(planned: Planned, period: int) -> list[str]:
    """Return notes on what a file of plans has for a shop in some period."""
    notes = list(planned.notes)
    if planned.unknown:
        more = "; ..." if len(planned.unknown) > 3 else ""
        rows = plural(len(planned.unknown), "row")
        notes.append(f"{rows} of items that the shop does not have: {'; '.join(planned.unknown[:3])}{more}")
    last = max(
        [-1, *(each[-1] for each in planned.promoted.values()), *(each[-1][0] for each in planned.times.values())]
    )
    if last < period:
        notes.append("the promotions that are planned are all before the day of the order")
    return notes
