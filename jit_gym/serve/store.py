"""The folder of a lesson: each file is written whole, so that a server that is killed loses no order it accepted."""

from __future__ import annotations

import json
import os
from concurrent.futures import Executor, Future
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


def write_private(path: Path, text: str) -> None:
    """Write a file whole that its owner alone can read."""
    is_new = not path.exists()
    files.write(path, text)
    if is_new:
        os.chmod(path, 0o600)  # a file that is there keeps its mode


class Store:
    """Writes a lesson into a folder, and reads it again."""

    def __init__(self, folder: Path, writer: Executor | None = None) -> None:
        """Take a folder, which need not be there yet.

        Args:
            folder: of the lesson.
            writer: what writes files one after the other beside the caller, who waits for `written` before saying that
                anything is kept; None: files are written at once.
        """
        self.folder, self.writer = folder, writer
        self.written: Future[None] | None = None
        """Done when all that was to be written is on the disk; None where nothing is under way."""
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
        self._write(self.path, json.dumps(document, allow_nan=False))

    def write_game(self, branch: str, table: int, game: Game, age: int) -> None:
        """Write a game."""
        document = {"age": age, "play": play_document(game)}
        self._write(self._path(branch, table), json.dumps(document, allow_nan=False))

    def _write(self, path: Path, text: str) -> None:
        if self.writer is None:
            write_private(path, text)
        else:
            self.written = self.writer.submit(write_private, path, text)

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
