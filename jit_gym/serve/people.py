"""Who has joined a lesson, and what may be a name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..common.checks import BadInput
from ..common.text import plain, quoted

LONGEST_NAME = 40


@dataclass
class Student:
    """Who has joined: a name for the class, and where he or she sits.

    Attributes:
        name: as it was typed; it leaves the teacher's computer in no file but the lesson's own.
        table: the number of the game, from 1 on.
        seat: the name of the seat.
        browser: the random name of the browser's cookie, by which whoever comes back is known again.
    """

    name: str
    table: int
    seat: str
    browser: str = ""


def checked_name(name: str, taken: Iterable[str]) -> str:
    """Return a name as it is shown; refuse one that nobody can read, is too long or taken."""
    shown = plain(re.sub(r"\s+", " ", name)).strip()
    if not re.search(r"\w", shown):
        raise BadInput("name: must have a letter or a digit")
    if len(shown) > LONGEST_NAME:
        raise BadInput(f"name: must have {LONGEST_NAME} characters or fewer, got {len(shown)}")
    if shown.casefold() in {each.casefold() for each in taken}:
        raise BadInput(f"name: {quoted(shown)} is taken (add an initial)")
    return shown
