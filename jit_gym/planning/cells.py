"""Read numbers and dates from texts as people write them, a column at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..common.checks import BadInput
from ..common.text import quoted
from ..scenario import limits

if TYPE_CHECKING:
    import pandas as pd

MISSING = frozenset({"", "-", "–", "n/a", "na", "nan", "null", "none", "#n/a", "?"})
"""What stands for no value, in small letters."""

DATES = {
    "%Y-%m-%d": "2024-12-31", "%Y/%m/%d": "2024/12/31", "%Y.%m.%d": "2024.12.31", "%Y%m%d": "20241231",
    "%d.%m.%Y": "31.12.2024", "%d/%m/%Y": "31/12/2024", "%m/%d/%Y": "12/31/2024", "%d-%m-%Y": "31-12-2024",
    "%m-%d-%Y": "12-31-2024", "%d.%m.%y": "31.12.24", "%d/%m/%y": "31/12/24", "%m/%d/%y": "12/31/24",
    "%d %b %Y": "31 Dec 2024", "%d %B %Y": "31 December 2024", "%d-%b-%Y": "31-Dec-2024", "%d-%b-%y": "31-Dec-24",
    "%b %d, %Y": "Dec 31, 2024", "%B %d, %Y": "December 31, 2024", "%b %d %Y": "Dec 31 2024",
    "%Y-%m": "2024-12", "%m/%Y": "12/2024", "%b %Y": "Dec 2024", "%B %Y": "December 2024", "%b-%y": "Dec-24",
    "%Y": "2024",
}  # fmt: skip
"""The forms of dates that are tried, each with an example."""
WEEK = r"^(?P<year>\d{4})[- ]?[wW](?P<week>\d{1,2})$"
QUARTER = r"^(?P<year>\d{4})[- ]?[qQ](?P<quarter>[1-4])$"
CLOCK = r"[T ,]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[AaPp][Mm])?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?$"
FIRST, LAST = np.datetime64("1950-01-01"), np.datetime64("2100-01-01")
SERIALS = (20_000, 60_000)
"""Days since 1899-12-30, by which Excel counts, that are taken for dates: 1954 to 2064."""


class Read(NamedTuple):
    """The values of a column, in the order of its rows, and what is to be said of how they were read."""

    values: pd.Series
    notes: tuple[str, ...]


def numbers(cells: pd.Series, file: str, decimal: str | None = None, separator: str = ",") -> Read:
    """Return a column of texts as numbers (nan where there is none).

    Currency signs, one word behind the numbers, blanks, apostrophes and thousands separators are taken away; a
    number in brackets, or with a sign behind it, is negative. Of a comma and a point in one number the last is the
    decimal mark. Where there is only one of them, and it always stands before three digits, it separates thousands:
    a comma anywhere, a point in a file whose columns are separated by semicolons.

    Args:
        cells: the texts, indexed by line.
        file: its name, for errors.
        decimal: the decimal mark, `,` or `.`, where the column leaves a doubt.
        separator: of the columns of the file.

    Raises:
        BadInput: for a text that is no number, with its line, its column and the fix.
    """
    import pandas as pd

    codes, unique = pd.factorize(cells.astype(str))
    raw = pd.Series(unique, dtype=str).str.strip()
    text = raw.str.replace(r"[\s\u00a0\u202f'’]|[$€£¥]|\b(?:EUR|USD|GBP|CHF)\b", "", regex=True)
    text = text.str.replace("\u2212", "-").str.replace(r"^\((.*)\)$", r"-\1", regex=True)
    text = text.str.replace(r"^([^-].*)-$", r"-\1", regex=True)
    missing = raw.str.casefold().isin(MISSING) | (text == "")
    text, unit = _without_unit(text, missing)
    mark, notes = _decimal_mark(text[~missing], cells, raw, file, decimal, separator)
    other = "," if mark == "." else "."
    grouped = text.str.contains(other, regex=False)
    whole = text.str.match(rf"^[+-]?\d{{1,3}}(?:{'[.]' if other == '.' else ','}\d{{3}})+(?:\D|$)")
    text = text.where(~(grouped & whole), text.str.replace(other, "", regex=False))
    if mark == ",":
        text = text.str.replace(",", ".", regex=False)
    found = pd.to_numeric(text.where(~missing, None), errors="coerce").astype(float)
    good = missing | (found.abs() <= limits.NUMBER)
    if not good.all():
        bad = int(np.flatnonzero(~good[codes].to_numpy())[0])
        hint = "" if decimal else " (correct it; or say --decimal , or --decimal . where it has one)"
        line = cells.index[bad]
        raise BadInput(f"{file} line {line}: {cells.name}: must be a number, got {quoted(str(cells.iloc[bad]))}{hint}")
    notes += (f"{cells.name}: {unit!r} behind numbers left out",) if unit else ()
    return Read(pd.Series(found.to_numpy()[codes], cells.index, name=cells.name), notes)


def _without_unit(text: pd.Series, missing: pd.Series) -> tuple[pd.Series, str]:
    """Return texts without the word behind their numbers, such as pcs, where there is no other; and that word."""
    parts = text[~missing].str.extract(r"^(?P<number>[+-]?[\d.,]*\d)(?P<unit>[^\W\d_]{1,10}\.?)$").dropna()
    units = parts["unit"].str.casefold().str.rstrip(".").unique()
    if len(units) != 1 or units[0] in ("e", "k", "m"):  # which may mean a power of ten
        return text, ""
    out = text.copy()
    out[parts.index] = parts["number"]
    return out, str(parts["unit"].iloc[0])


def _decimal_mark(
    text: pd.Series, cells: pd.Series, raw: pd.Series, file: str, decimal: str | None, separator: str
) -> tuple[str, tuple[str, ...]]:
    """Return the decimal mark of some different texts, and a note where it is not plain."""
    if decimal is not None:
        if decimal not in (",", "."):
            raise BadInput(f"--decimal: must be , or ., got {quoted(decimal)}")
        return decimal, ()
    comma, point = text.str.contains(",", regex=False), text.str.contains(".", regex=False)
    both = comma & point
    commas_last = both & (text.str.rfind(",") > text.str.rfind("."))
    comma_only, point_only = comma & ~point, point & ~comma
    threes = text.str.match(r"^[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+$")
    said_comma = commas_last | (comma_only & ~threes) | (point_only & (text.str.count(r"\.") > 1))
    said_point = (both & ~commas_last) | (point_only & ~threes) | (comma_only & (text.str.count(",") > 1))
    if said_comma.any() and said_point.any():
        ours = said_comma if said_comma.sum() <= said_point.sum() else said_point
        odd = raw[ours[ours].index[0]]
        line = cells.index[int(np.flatnonzero((cells.astype(str).str.strip() == odd).to_numpy())[0])]
        raise BadInput(
            f"{file} line {line}: {cells.name}: the decimal mark is a comma in some rows and a point in others, got "
            f"{odd!r} (write all alike, or say --decimal , or --decimal .)"
        )
    if said_comma.any() or said_point.any():
        mark = "," if said_comma.any() else "."
        return mark, (f"{cells.name}: decimal comma",) if mark == "," else ()
    if comma_only.any():
        return ".", (f"{cells.name}: commas separate thousands (--decimal , if they do not)",)
    if point_only.any() and separator == ";":
        return ",", (f"{cells.name}: points separate thousands (--decimal . if they do not)",)
    return ".", ()


def dates(cells: pd.Series, file: str, form: str | None = None) -> Read:
    """Return a column of texts as days, without their time of day, which is said where there is one.

    Args:
        cells: the texts, indexed by line.
        file: its name, for errors.
        form: of the dates, as `%d.%m.%Y`; by default the one that fits all of them.

    Raises:
        BadInput: for a text that is no date of the form that the others have, with its line, and for dates that may
            have the day or the month first.
    """
    import pandas as pd

    codes, unique = pd.factorize(cells.astype(str))
    text = pd.Series(unique, dtype=str).str.strip()
    notes = []
    if form is not None:
        try:
            found = pd.to_datetime(text, format=form, errors="coerce")
        except (ValueError, TypeError) as error:
            raise BadInput(f"--date-format: must be a form such as %d.%m.%Y, got {form!r} ({error})") from None
        example = form
    else:
        bare = text.str.replace(CLOCK, "", regex=True).str.strip()
        if (bare != text).any():
            notes.append(TIME_OF_DAY)
        found, example, said = _parsed(bare, cells, file)
        notes += [said] if said else []
    days = found.to_numpy().astype("datetime64[D]")
    alone = _far_away(days[codes])
    if alone is not None:
        what = f"{days[codes][alone]} is years away from all other dates"
        raise BadInput(f"{file} line {cells.index[alone]}: {cells.name}: {what} (correct it, or remove the row)")
    good = ~np.isnat(days) & (days >= FIRST) & (days < LAST)
    if not good.all():
        bad = int(np.flatnonzero(~good[codes])[0])
        what = f"must be a date such as {example}, got {quoted(str(cells.iloc[bad]) or None)}"
        fix = "correct it" if form else "correct it, or say --date-format, as in --date-format %d.%m.%Y"
        raise BadInput(f"{file} line {cells.index[bad]}: {cells.name}: {what} ({fix})")
    return Read(pd.Series(days[codes], cells.index, name=cells.name), tuple(notes))


def _far_away(days: np.ndarray) -> int | None:
    """Return the row of a date that lies behind a gap of two years or more, and of more than all others span; or None.

    One row in a hundred may lie there at most, or a single one; of fewer than six rows none is told apart.
    """
    there = np.flatnonzero(~np.isnat(days))
    if len(there) < 6:
        return None
    order = there[np.argsort(days[there], kind="stable")]
    gaps = np.diff(days[order]).astype(int)
    k = int(gaps.argmax())
    before, after = k + 1, len(order) - k - 1
    few = max(len(order) // 100, 1)
    rest = days[order[before:]] if before <= few else days[order[:before]]
    if min(before, after) > few or gaps[k] < max(730, int((rest.max() - rest.min()).astype(int))):
        return None
    return int(order[0] if before <= few else order[-1])


TIME_OF_DAY = "dates have a time of day"


def _parsed(text: pd.Series, cells: pd.Series, file: str) -> tuple[pd.Series, str, str]:
    """Return different texts as dates by the form that fits most of them, an example of it, and what is to be said."""
    import pandas as pd

    if (weeks := text.str.extract(WEEK)).notna().all(axis=1).mean() > 0.5:
        monday = weeks["year"] + "-" + weeks["week"].str.zfill(2) + "-1"
        return pd.to_datetime(monday, format="%G-%V-%u", errors="coerce"), "2024-W05", "dates are ISO weeks"
    if (quarters := text.str.extract(QUARTER)).notna().all(axis=1).mean() > 0.5:
        month = (pd.to_numeric(quarters["quarter"]) * 3 - 2).astype("Int64").astype(str)
        return pd.to_datetime(quarters["year"] + "-" + month, format="%Y-%m", errors="coerce"), "2024 Q1", ""
    as_number = pd.to_numeric(text, errors="coerce")
    if as_number.between(*SERIALS).mean() > 0.5 and not (text.str.len() == 8).any():
        origin = np.datetime64("1899-12-30")
        found = pd.to_datetime(as_number.where(as_number.between(*SERIALS)), unit="D", origin=pd.Timestamp(origin))
        return found, "45292", "dates are Excel's day numbers"
    sample = text.sample(min(len(text), 200), random_state=0)
    fits: dict[str, float] = {}
    for form in DATES:
        if share := float(pd.to_datetime(sample, format=form, errors="coerce").notna().mean()):
            fits[form] = share
    if not fits:
        return pd.Series(pd.NaT, text.index), "2024-12-31", ""
    likely = [form for form in fits if fits[form] >= 0.9 * max(fits.values())]
    parsed = {form: pd.to_datetime(text, format=form, errors="coerce") for form in likely}
    most = max(int(found.notna().sum()) for found in parsed.values())
    best = [form for form, found in parsed.items() if found.notna().sum() == most]
    found = parsed[best[0]]
    rivals = [form for form in best[1:] if not parsed[form].equals(found)]
    if rivals and _differ(found, parsed[rivals[0]]):
        raise BadInput(
            f"{file} line {cells.index[0]}: {cells.name}: {str(cells.iloc[0])!r} may have the day or the month first "
            f"(say --date-format {best[0]} or --date-format {rivals[0]})"
        )
    return found, DATES[best[0]], "" if best[0] == "%Y-%m-%d" else f"dates are read as {best[0]} ({DATES[best[0]]})"


def _differ(one: pd.Series, other: pd.Series) -> bool:
    """Tell whether two readings of the same texts give other dates within the years that are believed."""
    days = other.to_numpy().astype("datetime64[D]")
    believed = ~np.isnat(days) & (days >= FIRST) & (days < LAST)
    return bool(believed[other.notna().to_numpy()].all()) and not one.equals(other)


def flags(cells: pd.Series) -> np.ndarray:
    """Return a column of promotions as true and false: 0, no, false and blank are none, all else is one."""
    text = cells.astype(str).str.strip().str.casefold()
    return (~(text.isin(MISSING | {"0", "0.0", "no", "n", "false", "f", "nein", "non", "none"}))).to_numpy()
