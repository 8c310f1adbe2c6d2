"""Games as JSON: written whole, read again with everything checked. Nothing is unpickled or evaluated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..common import files
from ..common.checks import BadInput, one_line
from ..common.text import quoted
from ..scenario import load, reading
from ..scenario.errors import sentence
from .course import Change, Course
from .game import Game, Move, checked_units
from .games import GameSetup, Seat

FORMAT = "jit_gym game 1"
Read = TypeVar("Read")
SAVED = reading.Kind(1 << 28, "play fewer games in a class")


@dataclass(frozen=True)
class SavedCourse:
    """A course: the game's setup, with the whole scenario, and what was changed."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    scenario: dict[str, Any]
    seats: tuple[Seat, ...]
    past_weeks: int
    weeks: int
    periods: int
    word: str
    past_rule: str
    empty_rule: str
    rivals: tuple[str, ...]
    seed: int
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class SavedPlay:
    """Who plays a game, and what they ordered."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    players: dict[str, str | None]
    moves: list[dict[str, Move]] = field(default_factory=list)
    pending: dict[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class SavedGame:
    """A game by itself."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    format: Literal["jit_gym game 1"]
    course: SavedCourse
    play: SavedPlay


def course_document(course: Course) -> dict[str, Any]:
    """Return a course as plain JSON."""
    setup = course.setup
    plain = {name: getattr(setup, name) for name in SavedCourse.__dataclass_fields__ if hasattr(setup, name)}
    plain |= {"scenario": setup.scenario.resolved, "seats": [asdict(seat) for seat in setup.seats]}
    return plain | {"seed": course.seed, "changes": [asdict(change) for change in course.changes]}


def course_of(saved: SavedCourse) -> Course:
    """Return a course that was saved.

    Raises:
        BadInput: for a world that makes no sense, seats that do not fit it, or changes that do not.
    """
    scenario = load(saved.scenario)
    names = [lane for seat in saved.seats for lane in seat.lanes]
    if sorted(names) != sorted(scenario.lanes):
        raise BadInput("seats: must order on each lane of the scenario once")
    if len({seat.name for seat in saved.seats}) != len(saved.seats):
        raise BadInput("seats: must have different names")
    for seat in saved.seats:
        if not set(seat.stocks) <= set(scenario.stocks) or not set(seat.demands) <= set(scenario.demands):
            raise BadInput(f"seats: {seat.name} sees what is not in the scenario")
    given = {name: getattr(saved, name) for name in GameSetup.__dataclass_fields__}
    setup = GameSetup(**given | {"scenario": scenario})
    for name, least in (("past_weeks", 0), ("weeks", 1), ("periods", 1)):
        if getattr(setup, name) < least:
            raise BadInput(f"{name}: must be {least} or more, got {getattr(setup, name)}")
    scenario.check_length(setup.past_periods, setup.weeks * setup.periods)
    course = Course(setup, saved.seed)
    for change in saved.changes:
        course = course.changed(change)
    return course


def play_document(game: Game) -> dict[str, Any]:
    """Return who plays a game and all orders as plain JSON."""
    moves = [{seat: _without_defaults(move) for seat, move in week.items()} for week in game.moves]
    return {"players": game.players, "moves": moves, "pending": game.pending}


def play_of(saved: SavedPlay, course: Course) -> Game:
    """Return a game that was saved, played again up to where it was.

    Raises:
        BadInput: for orders that do not fit the seats.
    """
    setup, seats = course.setup, {seat.name: seat for seat in course.setup.seats}
    whole = course.scenario.units == "whole"
    if saved.players.keys() != seats.keys():
        raise BadInput(f"players: must be of the seats {', '.join(seats)}, got {', '.join(saved.players) or 'none'}")
    if len(saved.moves) > setup.weeks:
        raise BadInput(f"moves: must be of {setup.weeks} weeks or fewer, got {len(saved.moves)}")
    for week, moves in enumerate(saved.moves, 1):
        if moves.keys() != seats.keys():
            raise BadInput(f"moves: week {week} must have one of each seat")
        for name, move in moves.items():
            _check_move(move, seats[name], setup.periods, f"moves: week {week}: {name}")
    for name, units in saved.pending.items():
        checked_units(units, setup.seat(name), whole=whole)
    return Game(course, dict(saved.players), list(saved.moves), dict(saved.pending))


def write_game(game: Game, path: Path) -> None:
    """Write a game to a file, whole or not at all."""
    document = {"format": FORMAT, "course": course_document(game.course), "play": play_document(game)}
    files.write(path, json.dumps(document, allow_nan=False))


def read_game(path: Path) -> Game:
    """Return the game that was written to a file.

    Raises:
        BadInput: in one line, for what is not there, or no game.
    """
    saved = parse(SavedGame, reading.read(path, SAVED), str(path))
    try:
        return play_of(saved.play, course_of(saved.course))
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def parse(kind: type[Read], content: bytes, path: str) -> Read:
    """Return a document of JSON as an object, all of it checked.

    Raises:
        BadInput: in one line, with the place, for what is no such document.
    """
    try:
        document = json.loads(content)
        if not isinstance(document, dict):
            raise BadInput(f"{path}: must be a mapping, got {quoted(document)}")
        return TypeAdapter(kind).validate_python(document)
    except ValidationError as error:
        raise BadInput(f"{path}: {sentence(error)}") from None
    except BadInput:
        raise
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: is no JSON ({one_line(error)})") from None


def _without_defaults(move: Move) -> dict[str, Any]:
    given: Mapping[str, Any] = {"units": list(move.units), "orders": list(move.orders), "late": move.late}
    return {name: value for name, value in given.items() if value}


def _check_move(move: Move, seat: Seat, periods: int, place: str) -> None:
    """Refuse a move that is not one of its seat: a person's numbers, or a policy's orders in each period."""
    if bool(move.units) == bool(move.orders):
        raise BadInput(f"{place}: must have units, or orders")
    if move.units and len(move.units) != len(seat.entries):
        raise BadInput(f"{place}: must have {len(seat.entries)} numbers, got {len(move.units)}")
    rows = len(move.orders) == periods and all(len(row) == len(seat.lanes) for row in move.orders)
    if move.orders and not rows:
        raise BadInput(f"{place}: must have {periods} rows of {len(seat.lanes)} orders")
    for number in (*move.units, *(number for row in move.orders for number in row)):
        if not 0 <= number < float("inf"):
            raise BadInput(f"{place}: orders must be finite and 0 or more, got {number}")
