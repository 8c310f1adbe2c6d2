"""Read sales as people have them: any spreadsheet becomes a series for each item, and a list of what was done to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..common.checks import BadInput
from ..common.text import plain, plural, quoted
from ..scenario import limits
from . import cells, columns, stockouts
from .grid import PERIODS, Grid, Rows, grid_like, grid_of, rows_like, rows_of
from .spreadsheet import spreadsheet

if TYPE_CHECKING:
    import pandas as pd

SUM = r"(?i)^(?:grand )?(?:total|sum|summe|gesamt)\b"
"""What begins a row of sums."""
CLEANED = ("item_name", "units", "short", "promotion")
"""The last columns of the cleaned sales."""
LONGEST_NAME = 60  # characters of an item's name in a scenario


@dataclass(frozen=True)
class Sales:
    """What was sold of each item in each period, and what is known of it.

    `units` (periods, items) is nan where it is not known. `short` (periods, items) tells where stock had run out, so
    that demand was what was sold or more; `promoted` where there was a promotion. `values` has, for each further column
    that was asked for, its last number of each item (items,).
    """

    file: str
    items: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    by: tuple[str, ...]
    grid: Grid
    units: np.ndarray
    short: np.ndarray
    promoted: np.ndarray
    values: dict[str, np.ndarray]
    notes: tuple[str, ...]
    suppliers: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Tell whether all quantities are whole units."""
        known = self.units[np.isfinite(self.units)]
        return bool((known == np.floor(known)).all())

    def frame(self) -> pd.DataFrame:
        """Return it as a table with a row an item and period: what `jit-gym new` writes beside the scenario."""
        import pandas as pd

        starts = np.datetime_as_string(self.grid.starts)
        periods, items = self.units.shape
        table = {self.grid.period: np.tile(starts, items)}
        for place, column in enumerate(self.by):
            table[column] = np.repeat([key[place] for key in self.keys], periods)
        values = (
            np.repeat(self.items, periods),
            self.units.T.ravel(),
            *(flags.T.ravel().astype(int) for flags in (self.short, self.promoted)),
        )
        return pd.DataFrame({**table, **dict(zip(CLEANED, values, strict=True))})


def read(
    path: str | Path,
    *,
    date: str | None = None,
    quantity: str | None = None,
    by: Sequence[str] | None = None,
    on_hand: str | None = None,
    promotion: str | None = None,
    values: Sequence[str] = (),
    supplier: str | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    period: str | None = None,
    missing: Literal["zero", "unknown"] | None = None,
    sheet: str | None = None,
    like: Grid | None = None,
) -> Sales:
    """Return the sales of a CSV or Excel file, a series for each item.

    What is done to rows, and said in `notes`:

    - Identical rows of one period count once, different ones are added up.
    - A quantity below 0 is a return, and no demand: of sales it is left out, and a period whose sum is below 0 is not
      known.
    - A period without a row is one without a sale where a row is a sale, or where the file never says 0; otherwise it
      is not known. It is not known either where a shop that sells much sold nothing at all.
    - A period whose stock on hand is 0 or less at its end, or a run of zeros that is too long to be chance in a fast
      mover (`stockouts.silent`), is one without stock: demand was what was sold, or more.

    Args:
        path: of the file.
        date: the column of the dates; like the next three it is guessed by its name when absent.
        quantity: the column of the units sold.
        by: the columns that tell items apart, such as store and item.
        on_hand: the column of the stock on hand at the end of the period.
        promotion: the column that says whether there was a promotion.
        values: further columns of numbers, of which the last one of each item is kept.
        supplier: the column of each item's supplier, of which the last one is kept.
        date_format: of the dates, as `%d.%m.%Y`.
        decimal: the decimal mark, `,` or `.`, where the numbers leave a doubt.
        period: day, week, month, quarter or year; by default what the dates say.
        missing: what a period without a row is.
        sheet: of an Excel file.
        like: periods of which these are to be a part, or to follow; by default what the dates say.

    Raises:
        BadInput: in one line, with the line, the column, the value and the fix.
    """
    opened = spreadsheet(Path(path), sheet)
    table, file = opened.table, opened.name
    if missing not in (None, "zero", "unknown"):
        raise BadInput(f"--missing: must be zero or unknown, got {quoted(missing)}")
    chosen = columns.choose(
        list(table.columns), file, date=date, quantity=quantity, by=by, on_hand=on_hand, promotion=promotion
    )
    for column in (*values, *filter(None, [supplier])):
        columns.check(column, list(table.columns), file)
    notes = [*opened.notes]
    if chosen.guessed:
        notes.append(f"guessed: {', '.join(chosen.guessed)}")
    table = _without_totals(table, chosen, notes)
    days = cells.dates(table[chosen.date], file, date_format)
    units = cells.numbers(table[chosen.quantity], file, decimal, opened.separator)
    notes += [*(note for note in days.notes if note != cells.TIME_OF_DAY), *units.notes]
    names, keys, codes = _items(table, chosen.by, file)
    when = days.values.to_numpy().astype("datetime64[D]")
    if like is None:
        rows = rows_of(codes, when, cells.TIME_OF_DAY in days.notes, period, file)
        grid, said = grid_of(when, rows)
    else:
        rows = rows_like(codes, when, cells.TIME_OF_DAY in days.notes, like)
        grid, said = grid_like(when, rows, like, file)
    notes.append(f"a row is a {rows.kind} ({rows.why}); periods are {rows.period}s")
    if (size := grid.many * len(names)) > limits.CSV_CELLS:
        raise BadInput(
            f"{file}: {grid.many:,} periods of {len(names):,} items are {size:,} numbers, and {limits.CSV_CELLS:,} "
            "are the most (say a longer --period, or fewer items)"
        )
    notes += said
    number = grid.number(when)
    inside = (number >= 0) & (number < grid.many)
    amount = units.values.to_numpy()
    kept = _kept(table, amount, rows.kind, inside, codes, number, notes)
    shape = (grid.many, len(names))
    flat = number[kept] * len(names) + codes[kept]
    total = np.bincount(flat, amount[kept], minlength=shape[0] * shape[1]).reshape(shape)
    there = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape) > 0
    blank = inside & ~np.isfinite(amount)
    total = _completed(total, there, rows.kind, missing, grid, codes[inside], number[inside], notes)
    if blank.any():
        total[number[blank], codes[blank]] = np.nan
        notes.append(
            f"{plural(blank.sum(), 'row')} without a quantity: not known (first at line {_first(table, blank)})"
        )
    if rows.kind == "period" and (below := total < 0).any():
        total[below] = np.nan
        notes.append(f"{plural(below.sum(), 'period')} with more returns than sales: demand not known")
    short = np.zeros(shape, bool)
    if chosen.on_hand is not None:
        shelf = cells.numbers(table[chosen.on_hand], file, decimal, opened.separator).values.to_numpy()
        empty = inside & (shelf <= 0)
        short[number[empty], codes[empty]] = True
        if short.any():
            notes.append(f"{plural(short.sum(), 'period')} ended without stock: demand was what was sold, or more")
    runs = np.stack([stockouts.silent(each, round(grid.per_year)) for each in total.T], axis=1) & ~short
    if runs.any():
        short |= runs
        many = f"{plural(runs.sum(), 'period')} of {plural(runs.any(axis=0).sum(), 'item')}"
        notes.append(f"{many} in runs of zeros too long to be chance: taken for periods without stock, not demand")
    offered = np.zeros(shape, bool)
    if chosen.promotion is not None:
        on = inside & cells.flags(table[chosen.promotion])
        offered[number[on], codes[on]] = True
        notes.append(f"{plural(offered.sum(), 'period')} with a promotion: they are fitted apart")
    further = {
        column: _last(cells.numbers(table[column], file, decimal, opened.separator).values, when, codes, len(names))
        for column in values
    }
    told = tuple(plain(note) for note in notes)
    who = () if supplier is None else _suppliers(table[supplier], when, codes, names, file)
    return Sales(file, names, keys, chosen.by, grid, total, short, offered, further, told, who)


def read_like(path: str | Path, sales: Sales) -> tuple[Sales, list[str]]:
    """Return further sales of a shop, of its items in their order and its periods, and what is to be said of them.

    Args:
        path: of a file with the columns of the sales that the shop was made from.
        sales: of the shop, cleaned.

    Raises:
        BadInput: in one line, as `read` does, and for a file without any of the shop's items.
    """
    new = read(path, by=sales.by or None, like=sales.grid)
    places = {key: k for k, key in enumerate(new.keys)}
    there = [places.get(key, -1) if sales.by else 0 for key in sales.keys]
    if max(there) < 0:
        raise BadInput(f"{new.file}: has none of the shop's items (it has {', '.join(new.items[:3])})")
    notes = [f"{new.file}: {note}" for note in new.notes]
    if more := len(new.keys) - sum(k >= 0 for k in there):
        notes.append(f"{new.file}: {plural(more, 'item')} that the shop does not have, left out")

    def chosen(values: np.ndarray, none: float) -> np.ndarray:
        return np.stack([values[:, k] if k >= 0 else np.full(len(values), none) for k in there], axis=1)

    units, short, promoted = chosen(new.units, np.nan), chosen(new.short, 0) > 0, chosen(new.promoted, 0) > 0
    return replace(
        new, items=sales.items, keys=sales.keys, values={}, units=units, short=short, promoted=promoted
    ), notes


def cleaned(path: str | Path) -> Sales:
    """Return the sales that `Sales.frame` was written from, as `jit-gym new` does into `sales.csv`.

    Rows may stand in any order, so that new periods can be written below the others.

    Raises:
        BadInput: in one line, for a file of other columns, or whose periods do not follow one another.
    """
    import pandas as pd

    opened = spreadsheet(Path(path))
    table, file = opened.table, opened.name
    period, by = str(table.columns[0]), tuple(str(column) for column in table.columns[1:-4])
    if period not in PERIODS or tuple(table.columns[-4:]) != CLEANED:
        must = f"a period, what tells items apart, {', '.join(CLEANED)}"
        raise BadInput(
            f"{file}: must have the columns that jit-gym new writes ({must}), got {', '.join(table.columns)}"
        )
    days = cells.dates(table[period], file, "%Y-%m-%d").values.to_numpy().astype("datetime64[D]")
    grid, _ = grid_of(days, Rows("period", period, ""))
    codes, names = pd.factorize(table["item_name"].str.strip())
    place = codes * grid.many + grid.number(days)
    order = np.argsort(place, kind="stable")  # rows that were added to it may stand at its end
    shape, table = (grid.many, len(names)), table.iloc[order]
    if (place[order] != np.arange(shape[0] * shape[1])[: len(table)]).any() or len(table) != shape[0] * shape[1]:
        there = np.bincount(place, minlength=shape[0] * shape[1])
        wrong = int(np.flatnonzero(there != 1)[0])
        item, day, many = names[wrong // grid.many], grid.starts[wrong % grid.many], there[wrong]
        raise BadInput(
            f"{file}: must have a row for each item and {period}, and has {many or 'none'} of {item} in that of {day} "
            "(correct it; units may be blank)"
        )

    def column(name: str) -> np.ndarray:
        return cells.numbers(table[name], file, ".").values.to_numpy().reshape(shape[::-1]).T

    keys = tuple(tuple(row) for row in table[list(by)].iloc[:: grid.many].to_numpy(str).tolist())
    short, promoted = column("short") > 0, column("promotion") > 0
    return Sales(file, tuple(str(name) for name in names), keys, by, grid, column("units"), short, promoted, {}, ())


def _without_totals(table: pd.DataFrame, chosen: columns.Columns, notes: list[str]) -> pd.DataFrame:
    """Return the rows without those of sums, which exports put at their end."""
    end = table.iloc[-10:]
    is_sum = end.apply(lambda cells: cells.str.strip().str.match(SUM)).any(axis=1).to_numpy()
    blank = (end[chosen.date].str.strip() == "").to_numpy()
    rest = np.flatnonzero(~(is_sum | blank))
    many = len(end) - (int(rest[-1]) + 1 if len(rest) else 0)
    if not many or many == len(table) or not is_sum[-many:].any():
        return table
    notes.append(f"{plural(many, 'row')} of sums at the end left out")
    return table.iloc[:-many]


def _items(
    table: pd.DataFrame, by: tuple[str, ...], file: str
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], np.ndarray]:
    """Return the items' names for a scenario, their keys, and the item of each row as a number."""
    import pandas as pd

    if not by:
        return ("item",), ((),), np.zeros(len(table), int)
    codes = np.zeros(len(table), int)
    levels = []
    for column in by:
        each, unique = pd.factorize(table[column].str.strip(), sort=True)
        if (unique == "").any():
            line = _first(table, (table[column].str.strip() == "").to_numpy())
            raise BadInput(f"{file} line {line}: {column}: must name one, got nothing (fill it in, or leave out --by)")
        codes = codes * len(unique) + each
        levels.append(list(unique))
    present, codes = np.unique(codes, return_inverse=True)
    if len(present) > limits.PARTS:
        raise BadInput(
            f"--by: must tell {limits.PARTS:,} items apart or less, got {len(present):,} (of {', '.join(by)})"
        )
    keys = []
    for code in present.tolist():
        key: list[str] = []
        for level in reversed(levels):
            code, place = divmod(code, len(level))
            key.insert(0, str(level[place]))
        keys.append(tuple(key))
    return _names(keys), tuple(keys), codes


def _names(keys: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return a name for each key that a scenario can have: letters, digits, - and _, each once."""
    found: dict[str, None] = {}
    for key in keys:
        name = re.sub(r"[^A-Za-z0-9_]+", "-", "-".join(key)).strip("-_")[:LONGEST_NAME] or "item"
        name, base, k = name if name[0].isalnum() else f"item-{name}", name, 2
        while name in found:
            name, k = f"{base}-{k}", k + 1
        found[name] = None
    return tuple(found)


def _kept(
    table: pd.DataFrame,
    amount: np.ndarray,
    kind: str,
    inside: np.ndarray,
    codes: np.ndarray,
    number: np.ndarray,
    notes: list[str],
) -> np.ndarray:
    """Return which rows count, and say which do not, and which are added up."""
    kept = inside & np.isfinite(amount)
    same = table.duplicated().to_numpy() & kept
    if kind == "period" and same.any():
        kept &= ~same
        notes.append(f"{plural(same.sum(), 'row')} twice, counted once (first at line {_first(table, same)})")
    elif same.any():
        notes.append(f"{plural(same.sum(), 'row')} like another: sales of their own, as a row is a sale")
    returned = kept & (amount < 0)
    if returned.any():
        what = f"{plural(returned.sum(), 'return')} of {-amount[returned].sum():,.10g} units"
        first = _first(table, returned)
        if kind == "sale":
            kept &= ~returned
            notes.append(f"{what}: left out, as they are no demand (first at line {first})")
        else:
            notes.append(f"{what} (first at line {first})")
    if kind == "period":
        place = number * (codes.max() + 1) + codes
        _, counts = np.unique(place[kept], return_counts=True)
        if (more := int((counts > 1).sum())) > 0:
            notes.append(f"{plural(more, 'period')} with several rows: added up")
    if not kept.any():
        raise BadInput("no row has a quantity that counts (is it the right column?)")
    return kept


def _completed(
    total: np.ndarray,
    there: np.ndarray,
    kind: str,
    missing: str | None,
    grid: Grid,
    codes: np.ndarray,
    number: np.ndarray,
    notes: list[str],
) -> np.ndarray:
    """Return the sums with what a period without a row is: without a sale, or not known; not known before the first.

    What was never sold in the last quarter of the file may be sold no longer: that is said.
    """
    first = np.full(total.shape[1], grid.many)
    np.minimum.at(first, codes, number)
    begun = np.arange(grid.many)[:, None] >= first
    gaps = ~there & begun
    if missing is None:
        has_zeros = bool((there & (total == 0)).any())
        missing = "unknown" if kind == "period" and has_zeros else "zero"
        why = {
            "zero": "a row is a sale" if kind == "sale" else "the file never says 0",
            "unknown": "the file says 0 where there was none",
        }[missing]
    else:
        why = "as told"
    total = total.copy()
    total[~begun] = np.nan
    if gaps.any():
        if missing == "unknown":
            total[gaps] = np.nan
        means = "no sale" if missing == "zero" else "not known"
        notes.append(f"{plural(gaps.sum(), 'period')} without a row: {means} ({why}; --missing says otherwise)")
    closed = ~there.any(axis=1)
    if kind == "sale" and closed.any() and grid.many * np.exp(-len(codes) / (~closed).sum()) < stockouts.RARE:
        total[closed] = np.nan  # with so many sales in the others, none at all is no chance
        notes.append(f"{plural(closed.sum(), 'period')} without any sale of any item: closed, and not known")
    late = int((~begun).any(axis=0).sum())
    if late:
        notes.append(f"{plural(late, 'item')} begin after the first {grid.period}: what was before is not known")
    recent = max(grid.many // 4, 1)
    ended = (np.nan_to_num(total[-recent:]) == 0).all(axis=0)
    if grid.many >= 8 and ended.any():
        notes.append(f"{plural(ended.sum(), 'item')} without a sale in the last {recent} {grid.period}s: still sold?")
    return total


def _last(values: pd.Series, when: np.ndarray, codes: np.ndarray, many: int) -> np.ndarray:
    """Return the last number of a column for each item (items,); nan for one that has none."""
    number = values.to_numpy()
    order = np.argsort(when, kind="stable")
    order = order[np.isfinite(number[order])]
    found = np.full(many, np.nan)
    found[codes[order]] = number[order]
    return found


def _suppliers(
    cells: pd.Series, when: np.ndarray, codes: np.ndarray, names: Sequence[str], file: str
) -> tuple[str, ...]:
    """Return the last supplier of each item, by a name that a scenario can have.

    Raises:
        BadInput: for an item without any.
    """
    text = cells.str.strip().to_numpy()
    found = np.full(len(names), "", object)
    for row in np.argsort(when, kind="stable").tolist():
        if text[row]:
            found[codes[row]] = text[row]
    if (found == "").any():
        item = names[int(np.flatnonzero(found == "")[0])]
        raise BadInput(f"{file}: {cells.name}: must tell a supplier of each item, got nothing for {item} (fill it in)")
    there = list(dict.fromkeys(found.tolist()))
    named = dict(zip(there, _names([(each,) for each in there]), strict=True))
    return tuple(f"supplier-{named[each]}" if named[each] in names else named[each] for each in found.tolist())


def _first(table: pd.DataFrame, which: np.ndarray) -> int:
    return int(table.index[int(np.flatnonzero(which)[0])])
