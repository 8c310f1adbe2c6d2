"""The folder of a lesson: each file is written whole, so that a server that is killed loses no order it accepted."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict

from ..common import files
from ..common.checks import BadInput
from ..scenario import reading
from .course import Change, Course
from .game import Game
from .saved import SAVED, SavedCourse, SavedPlay, course_document, parse, play_document, play_of

FORMAT = "jit_gym lesson 1"
LESSON = "lesson.json"
GAMES = "games"


@dataclass(frozen=True)
class SavedStudent:
    """A student."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    name: str
    table: int
    seat: str
    browser: str = ""


@dataclass(frozen=True)
class SavedBranch:
    """A branch, without its games."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    changes: tuple[Change, ...]
    age: int
    back_to: int


@dataclass(frozen=True)
class SavedLesson:
    """A lesson, without its games."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    format: Literal["jit_gym lesson 1"]
    course: SavedCourse
    here: str
    status: Literal["lobby", "open", "paused", "over"]
    pace: Literal["together", "own"]
    timer: int | None
    teacher: str
    cookie: str
    branches: dict[str, SavedBranch]
    students: dict[str, SavedStudent] = field(default_factory=dict)


@dataclass(frozen=True)
class SavedTable:
    """A game of a lesson: its age, and what was ordered."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    age: int
    play: SavedPlay


class Store:
    """Writes a lesson into a folder, and reads it again."""

    def __init__(self, folder: Path) -> None:
        """Take a folder, which need not be there yet."""
        self.folder = folder
        self._course: tuple[Course, dict[str, Any]] | None = None

    @property
    def has_lesson(self) -> bool:
        """Tell whether there is a lesson in it."""
        return self.path.exists()

    def write_lesson(self, course: Course, lesson: dict[str, Any]) -> None:
        """Write all but the games; only its owner may read it, as it has the names and the secret links.

        Args:
            course: that is played, with changes or without.
            lesson: the rest of a `SavedLesson`, as plain JSON.
        """
        base = course.unchanged
        if self._course is None or self._course[0] is not base:
            self._course = base, course_document(base)
        document = {"format": FORMAT, "course": self._course[1]} | lesson
        is_new = not self.path.exists()
        files.write(self.path, json.dumps(document, allow_nan=False))
        if is_new:
            os.chmod(self.path, 0o600)  # a file that is there keeps its mode

    def write_game(self, branch: str, table: int, game: Game, age: int) -> None:
        """Write a game."""
        document = {"age": age, "play": play_document(game)}
        files.write(self._path(branch, table), json.dumps(document, allow_nan=False))

    def read_lesson(self) -> SavedLesson:
        """Return a lesson without its games.

        Raises:
            BadInput: in one line, with the file, for what is not there or no lesson.
        """
        saved = parse(SavedLesson, reading.read(self.path, SAVED), str(self.path))
        if saved.here not in saved.branches:
            raise BadInput(f"{self.path}: here: must be one of {', '.join(saved.branches)}, got {saved.here}")
        return saved

    def read_game(self, branch: str, table: int, course: Course, age: int, back_to: int) -> Game:
        """Return the game of a table, played again; one that did not go back when the class did goes back now.

        Raises:
            BadInput: in one line, with the file, for what is not there or no game of this course.
        """
        path = self._path(branch, table)
        saved = parse(SavedTable, reading.read(path, SAVED), str(path))
        try:
            game = play_of(saved.play, course)
        except BadInput as error:
            raise BadInput(f"{path}: {error}") from None
        if saved.age < age:  # the server was killed while the class went back
            game.rollback(min(back_to, game.week))
        return game

    def tables(self, branch: str) -> set[int]:
        """Return the tables that have a game, whether or not anybody sits there."""
        found = (path.stem.partition("-")[2] for path in (self.folder / GAMES).glob(f"{branch}-*.json"))
        return {int(number) for number in found if number.isdigit()}

    @property
    def path(self) -> Path:
        """Return the file of all but the games."""
        return self.folder / LESSON

    def _path(self, branch: str, table: int) -> Path:
        return self.folder / GAMES / f"{branch}-{table:04}.json"
