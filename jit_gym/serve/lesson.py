"""A lesson: a class that plays one course, each student or table in a game of its own, and the teacher's clock.

A plain object, too: the pages call it, and it says what there is. What must survive is written to a folder as it
happens, each file whole: `lesson.json`, and one file for each game.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from ..common.checks import BadInput, check_count
from ..common.text import quoted
from .course import Change, Course
from .game import Game
from .people import Student, checked_name
from .saved import course_of
from .store import Store

Status = Literal["lobby", "open", "paused", "over"]
Pace = Literal["together", "own"]
MOST_STUDENTS = 1000
MOST_BRANCHES = 8
LETTERS = "ABCDEFGH"
LONGEST_TIMER = 3600


@dataclass
class Branch:
    """One course of the lesson: the class plays in one of them, and can fork another from where it is.

    Attributes:
        course: the world with what was changed in it.
        games: by number of the table.
        age: how often the class went back; a game of a lower age goes back to `back_to` when it is read.
        back_to: the week to which the class last went back.
    """

    course: Course
    games: dict[int, Game] = field(default_factory=dict)
    age: int = 0
    back_to: int = 1


@dataclass
class Lesson:
    """A class that plays a game.

    Attributes:
        store: where it is written.
        branches: by letter; the class plays in branch `here`.
        students: by their keys, which are random and secret.
        status: `lobby` until the teacher opens; `over` when the results are shown.
        pace: `together`: a week is played when all have ordered, or the time is over; `own`: each table goes on when
            its seats have ordered.
        timer: seconds a week; None: none; 0: 45 for the first ten weeks, then 30.
        deadline: when the week is over, on the clock of `time.time`; None where no time runs.
        teacher: the secret of the teacher's link.
        cookie: the secret that signs the cookies by which browsers are known again.
    """

    store: Store
    branches: dict[str, Branch]
    here: str = "A"
    students: dict[str, Student] = field(default_factory=dict)
    status: Status = "lobby"
    pace: Pace = "together"
    timer: int | None = 0
    deadline: float | None = None
    left: float | None = None
    teacher: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    version: int = 0
    orders: int = 0
    """How many orders were taken and weeks played, for pages that look for what has changed."""
    _missing: tuple[tuple[int, int], int] = ((-1, -1), 0)

    @classmethod
    def begin(cls, course: Course, folder: Path) -> Self:
        """Begin a lesson in a folder that has none.

        Raises:
            BadInput: for a folder that has one.
        """
        store = Store(folder)
        if store.has_lesson:
            raise BadInput(f"{folder}: has a lesson already (--resume {folder} goes on with it)")
        lesson = cls(store, {LETTERS[0]: Branch(course)})
        lesson.changed()
        return lesson

    @classmethod
    def resume(cls, folder: Path) -> Self:
        """Return the lesson of a folder, as it was when it was last written; it is paused where it was open.

        Raises:
            BadInput: in one line, with the file, for what is not there or cannot be a lesson.
        """
        store = Store(folder)
        saved = store.read_lesson()
        students = {key: Student(**asdict(each)) for key, each in saved.students.items()}
        try:
            base = course_of(saved.course)
            courses = {letter: rebuilt(base, each.changes) for letter, each in saved.branches.items()}
            for student in students.values():
                base.setup.seat(student.seat)
        except BadInput as error:
            raise BadInput(f"{store.path}: {error}") from None
        branches = {}
        for letter, each in saved.branches.items():
            tables = {student.table for student in students.values()} | store.tables(letter)
            how = courses[letter], each.age, each.back_to
            games = {table: store.read_game(letter, table, *how) for table in sorted(tables)}
            branches[letter] = Branch(courses[letter], games, each.age, each.back_to)
        lesson = cls(store, branches, saved.here, students, "paused" if saved.status == "open" else saved.status)
        lesson.pace, lesson.timer, lesson.teacher, lesson.cookie = saved.pace, saved.timer, saved.teacher, saved.cookie
        return lesson

    # What there is.

    @property
    def branch(self) -> Branch:
        """Return the branch in which the class plays."""
        return self.branches[self.here]

    @property
    def course(self) -> Course:
        """Return the course that the class plays."""
        return self.branch.course

    @property
    def week(self) -> int:
        """Return the week that the class is in: the least of the tables where people sit; 1 before anybody joins."""
        games = [self.branch.games[table] for table in {student.table for student in self.students.values()}]
        return min((game.week for game in games or self.branch.games.values()), default=1)

    @property
    def played(self) -> int:
        """Return the weeks that every table has played."""
        return self.week - 1

    @property
    def all_over(self) -> bool:
        """Tell whether all tables have played all weeks."""
        return bool(self.branch.games) and self.week > self.course.setup.weeks

    @property
    def over(self) -> bool:
        """Tell whether the results are shown."""
        return self.status == "over"

    def seconds(self) -> int | None:
        """Return how long the class may think in this week, or None where no timer is set."""
        if self.timer is None or self.pace == "own":
            return None
        return self.timer or self.course.setup.seconds(self.week)

    def student(self, key: str) -> Student:
        """Return who has a key.

        Raises:
            BadInput: for a key that nobody has.
        """
        if key not in self.students:
            raise BadInput("link: nobody has joined with it (join again from the first page)")
        return self.students[key]

    def game(self, key: str) -> Game:
        """Return the game in which a student plays."""
        return self.branch.games[self.student(key).table]

    def free_seats(self) -> list[tuple[int, str]]:
        """Return the tables that have begun and the seats that nobody has taken there."""
        taken = {(student.table, student.seat) for student in self.students.values()}
        seats = [seat.name for seat in self.course.setup.seats]
        tables = sorted({student.table for student in self.students.values()})
        return [(table, seat) for table in tables for seat in seats if (table, seat) not in taken]

    def waiting(self) -> list[str]:
        """Return the keys of students for whose orders the week waits; nobody where the game is over."""
        if self.status == "over":
            return []
        missing = {(t, seat) for t, game in self.branch.games.items() for seat in game.waiting_for}
        return [key for key, student in self.students.items() if (student.table, student.seat) in missing]

    @property
    def missing(self) -> int:
        """Return how many students have not ordered."""
        now = self.version, self.orders
        if self._missing[0] != now:
            self._missing = now, len(self.waiting())
        return self._missing[1]

    # What students do.

    def join(self, name: str, seat: str | None = None, browser: str = "") -> str:
        """Let somebody join, and return the key by which he or she is known from then on.

        Args:
            name: for the class to read.
            seat: which seat; None: the next one that is free.
            browser: the random name of the browser's cookie.

        Raises:
            BadInput: for a name without letters, one that is too long or taken, or a class that is full or over.
        """
        name = checked_name(name, (student.name for student in self.students.values()))
        if self.status == "over":
            raise BadInput("join: the game is over")
        if len(self.students) >= MOST_STUDENTS:
            raise BadInput(f"join: the class is full ({MOST_STUDENTS:,} have joined)")
        if seat is not None:
            self.course.setup.seat(seat)
        free = [place for place in self.free_seats() if seat in (None, place[1])]
        first = seat or self.course.setup.seats[0].name
        table, chosen = free[0] if free else (max(self.branch.games, default=0) + 1, first)
        for letter, branch in self.branches.items():
            if table not in branch.games:
                branch.games[table] = self._new_game(branch)
            branch.games[table].sit(chosen, None)
            self.store.write_game(letter, table, branch.games[table], branch.age)
        key = secrets.token_urlsafe(12)
        self.students[key] = Student(name, table, chosen, browser)
        self.changed()
        return key

    def order(self, key: str, units: list[float]) -> None:
        """Order for a student's seat; with a pace of their own, the table goes on when all its seats have ordered.

        The order is on the disk when this returns.

        Raises:
            BadInput: for what cannot be ordered, or while the game is not open.
        """
        student, game = self.student(key), self.game(key)
        if self.status != "open":
            raise BadInput("order: the game is not open")
        game.order(student.seat, units)
        self.orders += 1
        if self.pace == "own" and not game.waiting_for:
            game.advance()
        self._write_game(student.table)
        if self.pace == "own" and self.all_over:
            self.finish()

    # What the teacher does.

    def open(self, now: float | None = None) -> None:
        """Let the class play, or play on.

        Raises:
            BadInput: where the game is over.
        """
        if self.status == "over":
            raise BadInput("open: the game is over (go back to a week first)")
        self.status = "open"
        self._start_clock(now, self.left)
        self.changed()

    def pause(self, now: float | None = None) -> None:
        """Stop the clock, and take no orders."""
        if self.status == "open":
            if self.deadline is not None:
                self.left = max(self.deadline - _now(now), 0.0)
            self.status, self.deadline = "paused", None
            self.changed()

    def set_pace(self, pace: Pace, timer: int | None, now: float | None = None) -> None:
        """Set whether all go on together, and the seconds for a week: None: no timer; 0: 45, then 30.

        Raises:
            BadInput: for what is no pace or no number of seconds.
        """
        if pace not in ("together", "own"):
            raise BadInput(f"pace: must be together or own, got {quoted(pace)}")
        if timer is not None:
            check_count("timer", timer, 0, LONGEST_TIMER)
        self.pace, self.timer = pace, timer
        self._start_clock(now)
        self.changed()

    def turn_week(self, now: float | None = None) -> Iterator[int]:
        """Play the week at each table that has not played it, with or without all orders; yield each table's number.

        A server may do other things between tables; where the class goes back or elsewhere meanwhile, the rest waits.
        """
        if self.over:
            return
        week, here, age = self.week, self.here, self.branch.age
        for table, game in sorted(self.branch.games.items()):
            if (self.here, self.branch.age) != (here, age) or self.over:
                return
            if game.week == week and not game.over:
                game.advance(force=True)
                self.orders += 1
                self._write_game(table)
                yield table
        if self.all_over:
            self.finish()
        else:
            self._start_clock(now)
            self.changed()

    def next_week(self, now: float | None = None) -> None:
        """Play the week now, whoever has not ordered.

        Raises:
            BadInput: before anybody has joined, or where the game is over.
        """
        if not self.branch.games or self.status == "over":
            raise BadInput("next week: nobody has joined" if not self.branch.games else "next week: the game is over")
        for _ in self.turn_week(now):
            pass

    def is_due(self, now: float | None = None) -> bool:
        """Tell whether the week is to be played: the time is over, or all have ordered."""
        if self.status != "open" or self.pace == "own" or not self.branch.games:
            return False
        late = self.deadline is not None and _now(now) >= self.deadline
        return late or not self.waiting()

    def rollback(self, week: int, now: float | None = None) -> None:
        """Go back to the start of a week at each table; what was to strike in it or later does not strike.

        Raises:
            BadInput: for a week that has not begun.
        """
        furthest = max((game.week for game in self.branch.games.values()), default=1)
        check_count("week", week, 1, furthest)
        branch = self.branch
        kept = tuple(change for change in branch.course.changes if change.week < week)
        branch.course, branch.back_to, branch.age = rebuilt(branch.course, kept), week, branch.age + 1
        if self.status == "over":
            self.status = "paused"
        self._start_clock(now)
        self.changed()
        for table, game in branch.games.items():
            game.rollback(min(week, game.week))
            game.follow(branch.course)
            self._write_game(table)

    def change(self, event: str, hits: tuple[str, ...], weeks: int | None = None, factor: float = 2.0) -> Change:
        """Let an event strike in the week that the class is in, or where tables have a pace of their own, the furthest.

        Raises:
            BadInput: for an event that does not fit the world.
        """
        week = max((game.week for game in self.branch.games.values()), default=1)
        found = Change(week, event, hits, weeks, factor)
        self.branch.course = self.course.changed(found)
        self.changed()
        for game in self.branch.games.values():
            game.follow(self.branch.course)
        return found

    def fork(self) -> str:
        """Keep this branch as it is, and go on in a copy of it; return the letter of the copy.

        Raises:
            BadInput: where there are too many already.
        """
        if len(self.branches) >= MOST_BRANCHES:
            raise BadInput(f"fork: there are {MOST_BRANCHES} branches already")
        letter = LETTERS[len(self.branches)]
        games = {table: game.fork() for table, game in self.branch.games.items()}
        copied = Branch(self.course, games, self.branch.age, self.branch.back_to)
        for table, game in games.items():
            self.store.write_game(letter, table, game, copied.age)
        self.branches[letter], self.here = copied, letter
        self.changed()
        return letter

    def switch(self, letter: str, now: float | None = None) -> None:
        """Go on in another branch.

        Raises:
            BadInput: for a branch that there is not.
        """
        if letter not in self.branches:
            raise BadInput(f"branch: must be one of {', '.join(self.branches)}, got {quoted(letter)}")
        self.here = letter
        if self.status == "over" and not self.all_over:
            self.status = "paused"
        self._start_clock(now)
        self.changed()

    def release(self, key: str) -> None:
        """Take a student out: the seat is played by the rule for empty seats from this week on."""
        student = self.student(key)
        for letter, branch in self.branches.items():
            game = branch.games[student.table]
            game.sit(student.seat, self.course.setup.empty_rule)
            self.store.write_game(letter, student.table, game, branch.age)
        del self.students[key]
        self.changed()

    def finish(self) -> None:
        """End the game and show the results."""
        self.status, self.deadline, self.left = "over", None, None
        self.changed()

    # How it is kept.

    def document(self) -> dict[str, Any]:
        """Return all but the games as plain JSON (`store.SavedLesson`)."""
        own = ("here", "status", "pace", "timer", "teacher", "cookie")
        branches = {
            letter: {"changes": [asdict(each) for each in branch.course.changes], "age": branch.age}
            | {"back_to": branch.back_to}
            for letter, branch in self.branches.items()
        }
        students = {key: asdict(student) for key, student in self.students.items()}
        return {name: getattr(self, name) for name in own} | {"branches": branches, "students": students}

    def changed(self) -> None:
        """Write the lesson, and let the pages know."""
        self.version += 1
        self.store.write_lesson(self.course, self.document())

    def _write_game(self, table: int) -> None:
        self.store.write_game(self.here, table, self.branch.games[table], self.branch.age)

    def _new_game(self, branch: Branch) -> Game:
        """Return a game that rules have played up to the week of the class."""
        setup = branch.course.setup
        week = self.week if branch is self.branch else min((each.week for each in branch.games.values()), default=1)
        game = Game(branch.course, dict.fromkeys((seat.name for seat in setup.seats), setup.empty_rule))
        while game.week < week:
            game.advance()
        return game

    def _start_clock(self, now: float | None, left: float | None = None) -> None:
        """Begin to count the seconds of this week, or what was left of them."""
        seconds = self.seconds() if self.status == "open" else None
        self.deadline = None if seconds is None else _now(now) + (seconds if left is None else left)
        self.left = None


def rebuilt(course: Course, changes: tuple[Change, ...]) -> Course:
    """Return a course with these changes in place of its own."""
    found = course.unchanged
    for change in changes:
        found = found.changed(change)
    return found


def _now(now: float | None) -> float:
    return time.time() if now is None else now
