"""The game in a browser: the library's own period, played in plain Python without any package.

The page of the static game runs this file with `physics/period.py`, `physics/numbers.py` and
`physics/plain_world.py`, all as they stand here. What they play on comes from `export.py` as JSON: the world, its
first state, the paths of chance, and the policies that play the seats which the student does not. A game is the
orders of its weeks; going on after a reload is playing them again.

Sums are loops, not `sum`, which rounds otherwise from Python 3.12 on: all Pythons count to the same last digit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from ..physics.plain_world import PlainWorld
from .plain_players import player_of

TABLES = ("stocks", "lanes", "demands", "books")  # of a state, in their order; the pipeline comes after them
AT_THE_END = ("on_hand", "backlog", "waiting", "on_order")
A_PERIOD = ("asked", "ordered", "arrived", "incoming", "demanded", "short", "held")


def total(values: Sequence[float]) -> float:
    """Return the sum of numbers, added one after the other."""
    found = 0.0
    for value in values:
        found += value
    return found


def records(table: dict[str, Any]) -> list[Any]:
    """Return a table, given as a list of values for each field, as records; infinite numbers are strings."""
    names = list(table["fields"])
    columns = [[float(value) if isinstance(value, str) else value for value in table["fields"][name]] for name in names]
    return [
        SimpleNamespace(**{name: column[k] for name, column in zip(names, columns, strict=True)})
        for k in range(table["records"])
    ]


def world_of(document: dict[str, Any]) -> PlainWorld:
    """Return an exported world in its first state."""
    net = SimpleNamespace(**{name: records(table) for name, table in document["net"].items()})
    net.has = SimpleNamespace(**document["has"])
    state = SimpleNamespace(**{name: records(document["state"][name]) for name in TABLES})
    state.pipeline = list(document["state"]["pipeline"])
    return PlainWorld(net, state, document["flows"])


def state_numbers(state: Any) -> list[float]:
    """Return each number of a state, in the order of `tables.State`."""
    tables = (getattr(state, name) for name in TABLES)
    return [*(value for table in tables for record in table for value in vars(record).values()), *state.pipeline]


class Purse:
    """A world, and its money by kind, which the period itself counts.

    Prices change no flow. So what one seat pays and earns is told by the same world, played beside the other with the
    same orders, in which only what is the seat's has a price.
    """

    def __init__(self, document: dict[str, Any], priced: Sequence[Sequence[Any]] = ()) -> None:
        """Begin in the first state; `priced` lists tables, fields, and the only records that keep their price there."""
        self.world = world_of(document)
        for table, field, rows in priced:
            for k, record in enumerate(getattr(self.world.net, table)):
                if k not in rows:
                    setattr(record, field, 0.0)
        self.money: dict[str, float] = {}

    def step(self, orders: Sequence[float], chance: Sequence[float]) -> Any:
        """Play a period, add its money up, and return its flows."""
        flows = self.world.step(orders, chance)
        for record in (*flows.money, *flows.charges):
            for kind, paid in vars(record).items():
                self.money[kind] = self.money.get(kind, 0.0) + paid
        return flows

    def close(self) -> dict[str, float]:
        """Return the money since the last time, by kind, with `cost`, `revenue` and `reward`."""
        money, self.money = self.money, {}
        return money


class Game:
    """One student's game on one path: the past, the weeks ordered so far, and what the student's seat sees."""

    def __init__(self, document: dict[str, Any], path: int, seat: int, orders: Sequence[Sequence[float]] = ()) -> None:
        """Play the past and these orders, units for each entry of the seat in each week.

        Raises:
            ValueError: for orders that `order` refuses.
        """
        self.document, self.seat = document, document["seats"][seat]
        self.path = document["paths"][path]
        self.foretold = self.path["foretold"][seat]
        seats, periods, rows = document["seats"], document["periods"], self.path["past"]
        self.all = Purse(document["world"])
        self.own = self.all if len(seats) == 1 else Purse(document["world"], self.seat["priced"])
        self.world = self.all.world
        self.others = [
            (_lanes(each), player_of(document["players"][each["player"]], self.path["own"][each["player"]]))
            for k, each in enumerate(seats)
            if k != seat
        ]
        self.advisers = {
            name: player_of(document["players"][name], self.path["own"][name]) for name in document["advisers"]
        }
        self.weeks: list[dict[str, Any]] = []
        self.orders: list[list[float]] = []
        self.rewards: list[float] = []  # of all seats, in each period since week 1
        for first in range(0, len(rows), periods):
            self._week(rows[first : first + periods])
        for units in orders:
            self.order(units)

    @property
    def week(self) -> int:
        """Return the week to be ordered for, from 1 on."""
        return len(self.orders) + 1

    @property
    def over(self) -> bool:
        """Tell whether all weeks are played."""
        return self.week > self.document["weeks"]

    def order(self, units: Sequence[float]) -> None:
        """Order for this week, a number for each entry of the seat, and play it.

        Raises:
            ValueError: for what cannot be ordered, or when the game is over.
        """
        if self.over:
            raise ValueError("the game is over")
        if len(units) != len(self.seat["entries"]):
            raise ValueError(f"{len(self.seat['entries'])} numbers must be ordered, got {len(units)}")
        for each in units:
            if not isinstance(each, int | float) or not 0 <= each <= self.document["largest_order"]:
                raise ValueError(f"an order must be 0 or more, and {self.document['largest_order']:g} at most")
            if self.document["whole"] and each != int(each):
                raise ValueError(f"units are whole here: {each:g} cannot be ordered")
        self.orders.append([float(each) for each in units])
        self._week([None] * self.document["periods"])

    def _row(self, period: int) -> list[float]:
        """Return what chance has drawn for a period, and behind it what is seen of it."""
        return [column[period] if isinstance(column, list) else column for column in self.path["chance"]]

    def _advice(self, row: list[float]) -> dict[str, list[float]]:
        """Return what each adviser would order in the student's place, for each entry the mean of its lanes."""
        numbers = state_numbers(self.world.state)
        advice = {}
        for name, player in self.advisers.items():
            chosen = player.orders(numbers, row, self.world.period)
            advice[name] = [total(_some(chosen, each["lanes"])) / len(each["lanes"]) for each in self.seat["entries"]]
        return advice

    def _asked(self, row: list[float]) -> list[float]:
        """Return the orders of all seats in a period (lanes,): the student's, and those of who plays the others."""
        orders = [0.0] * len(self.world.net.lanes)
        for entry, units in zip(self.seat["entries"], self.orders[-1], strict=True):
            for lane in entry["lanes"]:
                orders[lane] = units
        for lanes, player in self.others:
            chosen = player.orders(state_numbers(self.world.state), row, self.world.period)
            for lane in lanes:
                orders[lane] = chosen[lane]
        return orders

    def _week(self, given: Sequence[list[float] | None]) -> None:
        """Play the periods of a week, with the orders given for each or those that all seats place."""
        rows: list[dict[str, Any]] = []
        advice: list[dict[str, list[float]]] = []
        for orders in given:
            chance = self._row(self.world.period)
            if orders is None:
                advice.append(self._advice(chance))
            rows.append(self._period(self._asked(chance) if orders is None else orders, chance))
            if orders is None:
                self.rewards.append(rows[-1]["reward"])
        week: dict[str, Any] = {name: rows[-1][name] for name in AT_THE_END}
        week["advice"] = advice[0] if advice else {}
        for name in A_PERIOD:
            columns = zip(*(row[name] for row in rows), strict=True)
            week[name] = [total(column) / len(rows) for column in columns]
        week["of_all"] = self.all.close()
        week["money"] = week["of_all"] if self.own is self.all else self.own.close()
        self.weeks.append(week)

    def _period(self, asked: Sequence[float], chance: Sequence[float]) -> dict[str, Any]:
        """Play one period, and return what happened in it: numbers for each stock, lane or demand."""
        net, state = self.world.net, self.world.state
        read = [
            state.pipeline[lane.first_transmitted] if lane.first_transmitted < lane.last_transmitted else None
            for lane in net.lanes
        ]
        flows = self.all.step(asked, chance)
        if self.own is not self.all:
            self.own.step(asked, chance)
        return {
            "reward": flows.money[0].reward,
            "asked": asked,
            "ordered": [flow.ordered for flow in flows.lanes],
            "arrived": [flow.arrived for flow in flows.lanes],
            "incoming": [flow.ordered if told is None else told for told, flow in zip(read, flows.lanes, strict=True)],
            "demanded": [flow.demanded for flow in flows.demands],
            "short": [flow.short for flow in flows.demands],
            "on_hand": [flow.held for flow in flows.stocks],
            "held": [flow.held for flow in flows.stocks],
            "backlog": [at.backlog for at in state.demands],
            "waiting": [at.waiting for at in state.lanes],
            "on_order": [self._on_order(lane) for lane in range(len(net.lanes))],
        }

    def _on_order(self, lane: int) -> float:
        """Return the units ordered on a lane and not arrived, as the records tell."""
        row, at, pipeline = self.world.net.lanes[lane], self.world.state.lanes[lane], self.world.state.pipeline
        late = self.document["late"].get(str(lane))
        moving = at.in_transit if late is None else pipeline[late]
        return moving + at.waiting + total(pipeline[row.first_transmitted : row.last_transmitted])

    def look(self) -> dict[str, Any]:
        """Return what the seat sees at the start of the week: what `looks.Look` has, as lists in the seat's order."""
        seat, weeks, played = self.seat, self.weeks, self.weeks[self.document["past_weeks"] :]
        known = self.foretold[min(self.week, self.document["weeks"]) - 1]
        below, demands = seat["below"], seat["demands"]
        return {
            "week": self.week,
            "over": self.over,
            "numbers": list(range(1 - self.document["past_weeks"], len(played) + 1)),
            "on_hand": [[min(_some(each["on_hand"], shelf["rows"])) for each in weeks] for shelf in seat["shelves"]],
            "asked": [
                [total(_some(each["demanded"], of["demands"]) + _some(each["incoming"], of["lanes"])) for each in weeks]
                for of in seat["asked"]
            ],
            "short": [total(_some(each["short"], demands)) for each in weeks],
            "owed": [total(_some(each["backlog"], demands)) + total(_some(each["waiting"], below)) for each in weeks],
            "ordered": [[min(_some(each["asked"], entry["lanes"])) for each in weeks] for entry in seat["entries"]],
            "arrived": [[min(_some(each["arrived"], entry["lanes"])) for each in weeks] for entry in seat["entries"]],
            "entries": [self._entry(*each) for each in zip(seat["entries"], known["works"], strict=True)],
            "forecast": known["forecast"],
            "news": known["news"],
            "cost": [0.0 - each["money"]["reward"] for each in weeks],
            "kinds": self._kinds(played),
            "of_all": self._of_all(played),
            "advice": {name: [each["advice"][name] for each in played] for name in self.advisers},
        }

    def _entry(self, entry: dict[str, Any], works: float) -> dict[str, Any]:
        """Return what is seen of one number that is ordered."""
        pipeline = self.world.state.pipeline
        arriving = entry["arriving"]
        return {
            "on_order": min(self._on_order(lane) for lane in entry["lanes"]),
            "arriving": None if arriving is None else [total(_some(pipeline, places)) for places in arriving],
            "works": works,
        }

    def _of_all(self, weeks: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return what all seats have paid so far, as `results.Standing` names it, if the game ended here."""
        left, weight, weights, earned = 0.0, 1.0, 0.0, -self.path["worth"]["before"]
        for reward in self.rewards:
            weights += weight
            earned += weight * reward
            weight *= self.document["discount"]
        state = state_numbers(self.world.state)
        for place, money in self.path["worth"]["units"]:
            left += money * state[place]
        earned += weight * left
        asked, short = (total([total(week[name]) for week in weeks]) for name in ("demanded", "short"))
        return {
            "cost": 0.0 - earned * (len(self.rewards) / weights if weights else 1.0),
            "stock": total([total(week["held"]) for week in weeks]) / (len(weeks) or 1),
            "fill_rate": 1.0 - short / asked if asked else 1.0,
            "on_hand": [total(week["on_hand"]) for week in weeks],
            "ordered": [total(week["asked"]) for week in weeks],
        }

    def _kinds(self, weeks: Sequence[dict[str, Any]]) -> dict[str, float]:
        """Return the money of some weeks by kind of cost, and `revenue`."""
        kinds: dict[str, float] = {}
        for week in weeks:
            for kind, paid in week["money"].items():
                if kind in self.document["kinds"]:
                    kinds[kind] = kinds.get(kind, 0.0) + paid
        return {kind: paid for kind, paid in kinds.items() if paid}


def _lanes(seat: dict[str, Any]) -> list[int]:
    """Return the lanes that a seat orders on."""
    return [lane for entry in seat["entries"] for lane in entry["lanes"]]


def _some(values: Sequence[float], rows: Sequence[int]) -> list[float]:
    return [values[k] for k in rows]


class Session:
    """What the page talks to: text in, text out, so that no object lives in two languages."""

    def __init__(self, document: str) -> None:
        """Take an exported game, as JSON."""
        self.document = json.loads(document)
        self.game: Game | None = None

    def begin(self, path: int, seat: int, orders: str) -> str:
        """Begin a game, with the orders of the weeks that were played before; return what the seat sees."""
        self.game = Game(self.document, path, seat, json.loads(orders))
        return self._told()

    def order(self, units: str) -> str:
        """Order, and play the week; return what the seat sees then, or under `error` why nothing was ordered."""
        assert self.game is not None
        try:
            self.game.order(json.loads(units))
        except ValueError as error:
            return json.dumps({"error": str(error)})
        return self._told()

    def _told(self) -> str:
        assert self.game is not None
        return json.dumps(self.game.look() | {"orders": self.game.orders}, allow_nan=False)
