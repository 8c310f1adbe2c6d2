"""A game as JSON that `browser.py` plays: the world, its first state, paths of chance, and the other players."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from math import isnan
from typing import Any

import numpy as np

from ..common.checks import check_count
from ..physics import Flows, Simulation, View
from ..physics.plain import ByHand
from ..physics.tables import COST_KINDS, batch_state, fields
from ..physics.worth import Worth
from ..policies import PolicyError, policy
from ..report.catalogue import explained
from .course import Course
from .exported_players import exported_player
from .game import Game
from .games import LARGEST_ORDER, GameSetup, Seat
from .looks import asked_of, lanes_below, shelves_of
from .results import rivals

MOST_PATHS = 64
PRICES = {
    "stocks": ("holding_cost", "waste_cost"),
    "lanes": ("unit_cost", "fixed_cost", "in_transit_cost"),
    "demands": ("shortage_cost", "terminal_cost", "price"),
}
"""Prices that only the seat pays, or earns, whose stock, lane or demand it is."""
OF_SOURCES = "waiting_cost"
"""The price of a lane that the seat pays from whose stocks it takes."""
SHARED = {
    "stocks": ("loss_cost", "scrap_value", "terminal_value"),
    "lanes": ("reject_cost",),
    "routes": ("vehicle_cost",),
    "warehouses": ("rent", "rate"),
}
"""Prices that no seat pays, where there are several."""


def exported(setup: GameSetup, seeds: Sequence[int]) -> dict[str, Any]:
    """Return a game on one path for each seed.

    Raises:
        BadInput: for too many paths, and for a seat that nobody takes whose policy cannot be played in a browser.
    """
    check_count("paths", len(seeds), 1, MOST_PATHS)
    courses = [Course(setup, seed) for seed in seeds]
    first = courses[0]
    scenario, world = setup.scenario, ByHand(first.layout)
    paths = [_path(course) for course in courses]
    players: dict[str, Any] = {}
    if len(setup.seats) > 1:
        players[setup.empty_rule] = _player(setup.empty_rule, courses, paths)
    advisers = []
    for each in paths[0]["results"]["standings"]:
        if each["kind"] in ("rule", "agent"):
            with suppress(PolicyError):  # one that cannot be recorded gives no advice
                players[each["name"]] = _player(each["name"], courses, paths)
                advisers.append(each["name"])
    return {
        "name": setup.name,
        "title": setup.title,
        "description": scenario.description or "",
        "word": setup.word,
        "period": scenario.horizon.period,
        "past_weeks": setup.past_weeks,
        "weeks": setup.weeks,
        "periods": setup.periods,
        "whole": scenario.units == "whole",
        "kinds": [*(kind.name for kind in COST_KINDS), "revenue"],
        "discount": scenario.objective.discount,
        "largest_order": LARGEST_ORDER,
        "late": {str(m): int(place) for m, place in first.layout.late["lanes.in_transit"].items()},
        "seats": [_seat(first, seat) for seat in setup.seats],
        "advisers": advisers,
        "players": players,
        "world": {
            "net": {name: _table(rows) for name, rows in zip(world.net._fields[:-1], world.net[:-1], strict=True)},
            "has": first.layout.sizes._asdict(),
            "state": {name: _table(rows) for name, rows in zip(world.state._fields[:-1], world.state[:-1], strict=True)}
            | {"pipeline": world.state.pipeline},
            "flows": [
                [name, len(rows), fields(kind)]
                for name, (rows, kind) in zip(Flows._fields, first.layout.flow_tables(), strict=True)
            ],
        },
        "paths": paths,
    }


def _at_start(course: Course) -> Simulation:
    """Return a simulation of the path at the start of week 1."""
    simulation = course.start()
    for orders in course.past:
        simulation.step(orders[None])
    return simulation


def _player(name: str, courses: Sequence[Course], paths: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return an exported policy, and tell each path what it keeps in mind as it begins to play in week 1."""
    player = policy(name, courses[0].setup.scenario)
    own = [player.begin(View(_at_start(course))) for course in courses]
    exported = exported_player(player, courses[0].layout, 0 if own[0] is None else own[0].shape[1])
    for path, numbers in zip(paths, own, strict=True):
        path["own"][name] = [] if numbers is None else numbers[0].tolist()
    return exported


class _OneOfEach:
    """A batch of states, each of which has one unit in one place: what they are worth is what a unit there is worth."""

    def __init__(self, course: Course) -> None:
        """Take the places of a course's world, and what is seen of its chance in the end."""
        places = course.layout.state_size
        self.state = batch_state(np.eye(places), course.layout.sizes)
        self.pipeline = self.state.pipeline
        self.seen = np.repeat(course.trace.seen[-1], places, axis=0)

    def read(self, table: str, field: str) -> np.ndarray:
        """Return one field of the state (places, how many there are)."""
        found: np.ndarray = getattr(self.state, table)[field]
        return found


def _worth(course: Course) -> dict[str, Any]:
    """Return what all units are worth at the start of week 1, and what one in each place of the state is in the end."""
    worth, simulation = Worth(course.layout), _at_start(course)
    before, after = worth.of(simulation, simulation.period), worth.of(_OneOfEach(course), course.setup.all_periods)
    units = (after[0] + after[1]).tolist()
    return {"before": float((before[0] + before[1])[0]), "units": [[k, each] for k, each in enumerate(units) if each]}


def _table(rows: list[Any]) -> dict[str, Any]:
    """Return records as a list of values for each field; infinite ones as text, which JSON has no number for."""
    names = list(vars(rows[0])) if rows else []
    columns = {name: [_finite(getattr(row, name)) for row in rows] for name in names}
    return {"records": len(rows), "fields": columns}


def _finite(value: float) -> float | str:
    return value if np.isfinite(value) else str(value)


def _path(course: Course) -> dict[str, Any]:
    """Return a path of chance: a number for each column, or one for each period; and what is known of it beforehand."""
    setup = course.setup
    rows = course.trace.rows[:-1, 0]
    game = Game(course)
    foretold: list[list[dict[str, Any]]] = [[] for _ in setup.seats]
    while not game.over:  # what is foretold depends on no order
        for seat, known in zip(setup.seats, foretold, strict=True):
            look = game.see(seat.name)
            works = [entry.works for entry in look.entries]
            known.append({"works": works, "forecast": look.forecast, "news": look.news})
            game.order(seat.name, [0.0] * len(seat.entries))
        game.advance()
    return {
        "seed": course.seed,
        "chance": [column.tolist() if (column != column[0]).any() else float(column[0]) for column in rows.T],
        "past": course.past.tolist(),
        "foretold": foretold,
        "own": {},
        "worth": _worth(course),
        "results": _results(course),
    }


def _results(course: Course) -> dict[str, Any]:
    """Return how rules, agents, the optimum and the bound do on the path, where they play all seats."""
    found = rivals(course, course.setup.weeks)
    standings = [
        {
            "name": each.name,
            "kind": each.kind,
            "does": explained(policy(each.name, course.scenario)) if each.kind == "rule" else None,
            "cost": each.cost,
            "stock": None if isnan(each.stock) else each.stock,
            "fill_rate": None if isnan(each.fill_rate) else each.fill_rate,
            "on_hand": each.on_hand[course.setup.past_weeks :],
            "ordered": each.ordered[course.setup.past_weeks :],
        }
        for each in found.standings
    ]
    return {"standings": standings, "notes": found.notes}


def _seat(course: Course, seat: Seat) -> dict[str, Any]:
    """Return a seat: what it orders, sees and pays, by the places of stocks, lanes and demands."""
    layout = course.layout
    return {
        "name": seat.name,
        "title": seat.title,
        "entries": _entries(course, seat),
        "shelves": [{"title": title, "rows": rows} for title, rows in shelves_of(course, seat).items()],
        "asked": [
            {"title": title, "demands": demands, "lanes": lanes}
            for title, (demands, lanes) in asked_of(course, seat).items()
        ],
        "demands": [layout.demands.index(name) for name in seat.demands],
        "below": lanes_below(course, seat),
        "player": course.setup.empty_rule,
        "priced": _priced(course, seat),
    }


def _entries(course: Course, seat: Seat) -> list[dict[str, Any]]:
    """Return what a seat orders: the lanes of each number, and where in the pipeline what arrives in a week stands."""
    layout, periods = course.layout, course.setup.periods
    entries = []
    for entry, seen in zip(seat.entries, Game(course).see(seat.name).entries, strict=True):
        lanes = [layout.lanes.index(lane) for lane in entry.lanes]
        row = layout.net.lanes[lanes[0]]
        first, last = int(row["first_slot"]) + 1, int(row["last_slot"])
        weeks = range(first, first + periods * len(seen.arriving or ()), periods)
        entries.append(
            {
                "title": entry.title,
                "lanes": lanes,
                "step": seen.step,
                "lead_time": seen.lead_time,
                "arriving": None if seen.arriving is None else [list(range(k, min(k + periods, last))) for k in weeks],
            }
        )
    return entries


def _priced(course: Course, seat: Seat) -> list[list[Any]]:
    """Return which prices are the seat's: tables, fields, and the places of the records that keep theirs."""
    layout, found = course.layout, []
    for table, names in PRICES.items():
        own = [getattr(layout, table).index(name) for name in getattr(seat, table)]
        found += [[table, field, own] for field in names]
    taking = [m for m, name in enumerate(layout.lanes) if set(course.scenario.lanes[name].uses) & set(seat.stocks)]
    found.append(["lanes", OF_SOURCES, taking])
    return found + [[table, field, []] for table, names in SHARED.items() for field in names]
