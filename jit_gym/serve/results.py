"""What else could have been done: every rule, the agents, the optimum and the bound, on the path that people played."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..common.checks import BadInput
from ..evaluation import Result, evaluate, named
from ..evaluation.optimality_gap import LARGEST, WHOLES, paid, quick_optimum
from ..policies import PolicyError
from ..theory import clairvoyant
from ..theory.clairvoyant import columns_of, size_of, whole_numbers
from ..theory.path_program import Begun
from .course import Course, continued, replayed
from .game import Game

COLUMNS = 200_000  # of the program of the path: a few seconds


@dataclass(frozen=True)
class Standing:
    """What one way to play has cost, from week 1 on.

    Attributes:
        name: who played: a policy's name, or what a game is called.
        kind: `people`, `rule`, `agent`, `optimum` or `bound`.
        cost: costs less revenue in money, over all weeks played; units that are left count as `jit_gym.evaluate` counts
            them.
        stock: units on hand on average; nan of a bound.
        fill_rate: share of the demand that was served from the shelf; nan of a bound.
        on_hand: units of all stocks at the end of each week, the past included; none of a bound.
        ordered: units a period asked for on all lanes, in each week, the past included; none of a bound.
        seats: the money of each seat since week 1, costs less revenue, as it was paid.
    """

    name: str
    kind: str
    cost: float
    stock: float = np.nan
    fill_rate: float = np.nan
    on_hand: tuple[float, ...] = ()
    ordered: tuple[float, ...] = ()
    seats: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Rivals:
    """How policies do on the path of a course, and what nobody could have gone below.

    `notes` says which could not play, and why.
    """

    standings: tuple[Standing, ...]
    notes: tuple[str, ...]


def standing(game: Game, name: str, kind: str = "people") -> Standing:
    """Return what a game has cost in the weeks that were played."""
    course, weeks = game.course, len(game.moves)
    if weeks == 0:
        raise BadInput("results: no week was played yet")
    setup = course.setup
    found, ledger = _evaluated(course, replayed(game.orders(), name), weeks), game.ledger.weeks
    return Standing(
        name=name,
        kind=kind,
        cost=float(paid(found)[0]) * weeks * setup.periods,
        stock=found.mean("stock"),
        fill_rate=found.mean("fill_rate"),
        on_hand=tuple(float(week.on_hand.sum()) for week in ledger),
        ordered=tuple(float(week.asked.sum()) for week in ledger),
        seats={seat.name: game.ledger.paid[seat.name] for seat in setup.seats},
    )


def rivals(course: Course, weeks: int) -> Rivals:
    """Return how each rule, each agent and the optimum do on the first weeks of a course, and the bound.

    They begin where people began: after the same past.
    """
    setup, standings, notes = course.setup, list[Standing](), list[str]()
    names = dict.fromkeys([*named(None, setup.scenario), *setup.rivals, setup.empty_rule])
    for name in names:
        try:
            played = _played(course, name, weeks)
        except PolicyError as error:
            notes.append(f"{name} cannot play here: {error}")
            continue
        standings.append(standing(played, name, "agent" if name.startswith("agent:") else "rule"))
    optimum = quick_optimum(course.scenario)
    if optimum is not None:
        found = _evaluated(course, continued(course.past, optimum.policy), weeks)
        cost = float(paid(found)[0]) * weeks * setup.periods
        standings.append(Standing("optimum", "optimum", cost, found.mean("stock"), found.mean("fill_rate")))
    try:
        standings.append(Standing("bound", "bound", bound(course, weeks)))
    except BadInput as error:
        notes.append(f"no bound: {error}")
    return Rivals(tuple(standings), tuple(notes))


def bound(course: Course, weeks: int) -> float:
    """Return what somebody pays at least, from week 1 on, who knew all chance in advance and has the same past.

    Raises:
        BadInput: for a world that has no bound, or one that would take too long to compute.
    """
    setup, scenario = course.setup, course.scenario
    past, periods = setup.past_periods, weeks * setup.periods
    span = past + periods
    if size_of(scenario, span) > LARGEST or columns_of(scenario, past, periods, course.seed) > COLUMNS:
        raise BadInput("it would take too long to compute (fewer weeks have one)")
    ledger = Game(course, dict.fromkeys((seat.name for seat in setup.seats), None)).ledger
    tables = (ledger.accepted, "lanes"), (ledger.shipped, "lanes"), (ledger.served, "demands")
    begun = Begun(*(np.array(rows).reshape(past, len(getattr(course.layout, table))) for rows, table in tables))
    whole = span * whole_numbers(scenario) <= WHOLES
    how: dict[str, Any] = {"paths": 1, "periods": periods, "warmup": past, "seed": course.seed}
    found = clairvoyant(scenario, whole=whole, nodes=1, begun=begun, **how)
    return found.cost * periods


def _evaluated(course: Course, player: Any, weeks: int) -> Result:
    """Return what `evaluate` says of a player on the path of a course, from week 1 on."""
    setup = course.setup
    periods, past = weeks * setup.periods, setup.past_periods
    return evaluate(player, course.scenario, paths=1, periods=periods, warmup=past, seed=course.seed)


def _played(course: Course, name: str, weeks: int) -> Game:
    """Return a game in which a policy played all seats for some weeks."""
    game = Game(course, dict.fromkeys((seat.name for seat in course.setup.seats), name))
    while len(game.moves) < weeks:
        game.advance()
    return game
