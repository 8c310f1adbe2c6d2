"""Write values and texts for people: in one line, and so that no terminal, browser or encoder acts on them."""

from __future__ import annotations

import datetime as dt
import re
import reprlib
from collections.abc import Iterable


def nearest(word: object, known: Iterable[str]) -> str:
    """Return ` (did you mean '...'?)` for the known word nearest to `word`, or nothing if none is near."""
    from rapidfuzz import fuzz, process

    match = process.extractOne(
        str(word)[:100], sorted(known), scorer=fuzz.ratio, processor=str.casefold, score_cutoff=60
    )
    return f" (did you mean {match[0]!r}?)" if match else ""


def quoted(value: object) -> str:
    """Return a value as a complaint quotes it: short, on one line, whole numbers without a point."""
    if value is None:
        return "nothing"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, int) and abs(value) >= 10**20:  # Python refuses to write very long ones
        return f"a number of {int(value.bit_length() * 0.30103) + 1} digits"
    if isinstance(value, dt.date):
        return value.isoformat()
    return _SHORT.repr(value)


def counted(many: int) -> str:
    """Return a count as one reads it, however large it is."""
    return f"{many:,}" if many < 10**15 else f"10^{int(many.bit_length() * 0.30103)} or so"  # log10 of 2


def plural(count: int, thing: str) -> str:
    """Return how many things there are: 1 item, 2,000 items."""
    return f"{int(count):,} {thing}{'' if count == 1 else 's'}"


def plain(text: str) -> str:
    """Return a text on which no terminal, browser or encoder acts: control characters and lone surrogates escaped.

    Line breaks and tabs stay as they are. What is not in Unicode, such as a file's name in another encoding, is kept by
    Python as lone surrogates, which no UTF-8 file can hold.
    """
    return _UNPRINTABLE.sub(lambda match: repr(match[0])[1:-1], text)


_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
