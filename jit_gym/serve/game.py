"""One play of a game: who sits where, what was ordered in each week, and what each seat sees.

No page and no server here, and no physics either: a week is played by `physics.Simulation`, on the path of chance that
all have in common (`Course`). A game is its moves; going back and loading are playing them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..common.checks import BadInput, check_count
from ..common.text import quoted
from ..physics import Simulation, View
from .course import Change, Course
from .games import LARGEST_ORDER, Seat
from .ledger import Ledger
from .looks import Look, look


@dataclass(frozen=True)
class Move:
    """What one seat ordered in one week.

    Attributes:
        units: a number for each of the seat's entries, which a person typed; ordered in each period of the week.
        orders: where a policy plays: units for each period of the week and each of the seat's lanes.
        late: whether the time was over, and the units of the week before were ordered again.
    """

    units: tuple[float, ...] = ()
    orders: tuple[tuple[float, ...], ...] = ()
    late: bool = False


@dataclass
class Game:
    """A play of a course, by people, rules and agents.

    Attributes:
        course: the world and its chance, the same for all who play.
        players: the policy that plays each seat; None: a person.
        moves: for each week that was played, the move of each seat.
        pending: what people have ordered for this week.

    >>> from jit_gym.serve import Course, setup
    >>> game = Game(Course(setup("lost-sales"), seed=7))
    >>> game.week, game.waiting_for
    (1, ('shop',))
    >>> game.order("shop", 5)
    >>> game.advance()
    >>> game.week, game.see("shop").ordered["Order from the supplier"][-1]
    (2, 5.0)
    """

    course: Course
    players: dict[str, str | None] = field(default_factory=dict)
    moves: list[dict[str, Move]] = field(default_factory=list)
    pending: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Play the past, and all moves that there are."""
        seats = [seat.name for seat in self.course.setup.seats]
        for name in self.players:
            self.course.setup.seat(name)
        self.players = {name: self.players.get(name) for name in seats}
        self._replay()

    # What there is.

    @property
    def week(self) -> int:
        """Return the week that is to be ordered for, from 1 on; one more than the last when all are played."""
        return len(self.moves) + 1

    @property
    def over(self) -> bool:
        """Tell whether all weeks are played."""
        return self.week > self.course.setup.weeks

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """Return the seats of people who have not ordered for this week."""
        people = (name for name, who in self.players.items() if who is None)
        return () if self.over else tuple(name for name in people if name not in self.pending)

    def see(self, seat: str) -> Look:
        """Return what a seat sees: its own stock, what is under way to it, its demand and its costs, and no more."""
        chair = self.course.setup.seat(seat)
        return look(self.course, chair, self.ledger, self._simulation, self.week)

    def orders(self) -> np.ndarray:
        """Return all orders, those of the past included (periods, lanes), in units, as they were asked for."""
        return np.array(self.ledger.asked).reshape(-1, len(self.course.layout.lanes))

    @property
    def cost(self) -> float:
        """Return costs less revenue of all seats in the weeks played so far, in money."""
        return sum(self.ledger.paid.values())

    # What people do.

    def sit(self, seat: str, who: str | None) -> None:
        """Let a policy play a seat from this week on, or a person (None).

        Raises:
            BadInput: for a seat that there is not, or a policy that does not fit.
        """
        self.course.setup.seat(seat)
        if who is not None:
            self._players[seat] = self.course.player(who)
            self.pending.pop(seat, None)
        self.players[seat] = who

    def order(self, seat: str, units: float | Sequence[float]) -> None:
        """Order for this week: one number for each of the seat's entries, each instead of an earlier one.

        Raises:
            BadInput: for what cannot be ordered, a seat that no person has, or a game that is over.
        """
        chair = self.course.setup.seat(seat)
        if self.over:
            raise BadInput(f"order: the game is over after {self.course.setup.weeks} {self.course.setup.word}s")
        if self.players[seat] is not None:
            raise BadInput(f"order: {seat} is played by {self.players[seat]}")
        self.pending[seat] = checked_units(units, chair, whole=self.course.scenario.units == "whole")

    def advance(self, *, force: bool = False) -> None:
        """Play the week: everybody's orders, one period after the other.

        Args:
            force: do not wait for people who have not ordered: they order what they ordered the week before.

        Raises:
            BadInput: where orders are missing, or the game is over.
        """
        if self.over:
            raise BadInput(f"advance: the game is over after {self.course.setup.weeks} {self.course.setup.word}s")
        if self.waiting_for and not force:
            raise BadInput(f"advance: {', '.join(self.waiting_for)} must order first (force=True goes on without)")
        late = self.waiting_for
        given = {seat: Move(self.pending.get(seat) or self.repeated(seat), late=seat in late) for seat in self._people}
        self.moves.append(self._play(given))
        self.pending = {}

    def repeated(self, seat: str) -> tuple[float, ...]:
        """Return what a seat ordered the week before: of an entry with several lanes, on the first of them."""
        chair, asked = self.course.setup.seat(seat), self.ledger.asked
        if not asked:
            return (0.0,) * len(chair.entries)
        lanes = self.course.layout.lanes
        return tuple(float(asked[-1][lanes.index(entry.lanes[0])]) for entry in chair.entries)

    # What a teacher does.

    def rollback(self, week: int) -> None:
        """Go back to the start of a week, as if it and all after it had not been played.

        Raises:
            BadInput: for a week that has not begun.
        """
        check_count("week", week, 1, self.week)
        self.moves, self.pending = self.moves[: week - 1], {}
        self._replay()

    def fork(self) -> Game:
        """Return another game with the same past, which goes its own way from here."""
        return Game(self.course, dict(self.players), list(self.moves), dict(self.pending))

    def change(self, change: Change) -> None:
        """Let an event strike in this week or a later one; what was played stays as it was, to the bit.

        Raises:
            BadInput: for an event that does not fit the world, or comes in a week that is over.
        """
        check_count("week", change.week, self.week, max(self.week, self.course.setup.weeks))
        self.follow(self.course.changed(change))

    def follow(self, course: Course) -> None:
        """Go on in another course, whose chance is the same for all weeks that were played."""
        self.course = course
        self._replay()

    # How it is played.

    @property
    def _people(self) -> list[str]:
        return [name for name, who in self.players.items() if who is None]

    def _replay(self) -> None:
        """Play the past and all moves again, from the first period on."""
        self._simulation: Simulation = self.course.start()
        self.ledger = Ledger(self.course)
        self._players: dict[str, Any] = {
            name: self.course.player(who) for name, who in self.players.items() if who is not None
        }
        periods = self.course.setup.periods
        for t, row in enumerate(self.course.past, 1):
            self._step(row)
            if t % periods == 0:
                self.ledger.close_week()
        moves, self.moves = self.moves, []
        for move in moves:
            self.moves.append(self._play(move))

    def _play(self, given: Mapping[str, Move]) -> dict[str, Move]:
        """Play a week of these moves; policies move where none is given for them. Return the moves of all seats."""
        setup, layout = self.course.setup, self.course.layout
        played, rows = dict(given), list[np.ndarray]()
        chosen: dict[str, list[tuple[float, ...]]] = {name: [] for name in self.players if name not in given}
        for k in range(setup.periods):
            orders = np.zeros(len(layout.lanes))
            for seat in setup.seats:
                move = given.get(seat.name)
                if move is None:
                    units = self._chosen(seat)
                    chosen[seat.name].append(tuple(units.tolist()))
                else:
                    if move.orders:
                        self._chosen(seat)  # a policy with a state of its own must see each period that it played
                    units = np.array(move.orders[k]) if move.orders else spread(seat, move.units)
                orders[[layout.lanes.index(lane) for lane in seat.lanes]] = units
            rows.append(orders)
            self._step(orders)
        self.ledger.close_week()
        return played | {name: Move(orders=tuple(orders)) for name, orders in chosen.items()}

    def _step(self, orders: np.ndarray) -> None:
        self.ledger.before(self._simulation, orders)
        self._simulation.step(orders[None])
        self.ledger.after(self._simulation)

    def _chosen(self, seat: Seat) -> np.ndarray:
        """Return what the policy of a seat orders on its lanes in this period (lanes of the seat,)."""
        orders = np.asarray(self._players[seat.name](View(self._simulation)), float)[0]
        return orders[[self.course.layout.lanes.index(lane) for lane in seat.lanes]]


def spread(seat: Seat, units: Sequence[float]) -> np.ndarray:
    """Return a seat's numbers as units on each of its lanes (lanes of the seat,)."""
    return np.array([number for entry, number in zip(seat.entries, units, strict=True) for _ in entry.lanes], float)


def checked_units(units: float | Sequence[float], seat: Seat, *, whole: bool) -> tuple[float, ...]:
    """Return the numbers that a seat orders; refuse what cannot be ordered, in one line."""
    given = [units] if isinstance(units, int | float) else list(units)
    if len(given) != len(seat.entries):
        raise BadInput(f"order: must be {len(seat.entries)} numbers for {seat.name}, got {len(given)}")
    for entry, number in zip(seat.entries, given, strict=True):
        place = f"order: {entry.title}"
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= LARGEST_ORDER:
            raise BadInput(f"{place}: must be a number from 0 to {LARGEST_ORDER:,.0f}, got {quoted(number)}")
        if whole and number != int(number):
            raise BadInput(f"{place}: must be a whole number, got {quoted(number)}")
    return tuple(float(number) for number in given)
