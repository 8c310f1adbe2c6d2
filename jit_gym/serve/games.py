"""The games: which scenario is played, which seats order what, and how many weeks.

A *week* is one move of a game. It is one period of the scenario, or, where periods are hours, as many of them as there
are between two decisions; what is ordered is then ordered in each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..common.checks import BadInput, check_count
from ..common.text import quoted
from ..scenario import Scenario, load
from ..scenario.load import variant

MOST_WEEKS = 52  # of play: more do not fit into a lesson
WEEKS = 36  # as many as the beer game usually has
PAST_WEEKS = 12
LARGEST_ORDER = 1_000_000_000.0  # units: beyond it is a slip of the finger
TIMER = ((10, 45), (MOST_WEEKS, 30))
"""Seconds to think: 45 in each of the first ten weeks, then 30, as classes play the beer game on computers."""

Seating = Literal["one", "stocks"]


@dataclass(frozen=True)
class Entry:
    """One number that a seat orders in each week: units on a lane, or the same number on several lanes.

    Attributes:
        title: what is ordered, for people.
        lanes: their names in the scenario.
    """

    title: str
    lanes: tuple[str, ...]


@dataclass(frozen=True)
class Seat:
    """What one person decides, and sees.

    Attributes:
        name: unique in the game; letters, digits and hyphens.
        title: for people.
        entries: the numbers that it orders; together the lanes that it plays.
        stocks: the names of the stocks that it sees: those that its lanes fill.
        demands: the names of the demands that it sees: those that draw on its stocks.
    """

    name: str
    title: str
    entries: tuple[Entry, ...]
    stocks: tuple[str, ...]
    demands: tuple[str, ...]

    @property
    def lanes(self) -> tuple[str, ...]:
        """Return the names of the lanes that it orders on."""
        return tuple(lane for entry in self.entries for lane in entry.lanes)


@dataclass(frozen=True)
class GameSetup:
    """A game before anybody has joined: what is common to all who play it.

    Attributes:
        scenario: the world, as long as the game needs it.
        seats: who decides what; together they order on each lane once.
        past_weeks: the weeks before week 1, which a rule has played.
        weeks: the weeks that people play.
        periods: the periods of the scenario in a week.
        word: what a week is called: `day`, `week`, `shift`.
        past_rule: the rule that has played the past.
        empty_rule: the policy that plays a seat that nobody takes, unless told otherwise.
        rivals: the policies that play the same path for comparison.
    """

    scenario: Scenario
    seats: tuple[Seat, ...]
    past_weeks: int
    weeks: int
    periods: int = 1
    word: str = "week"
    past_rule: str = "jit"
    empty_rule: str = "base-stock"
    rivals: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the name of the scenario."""
        return self.scenario.name

    @property
    def title(self) -> str:
        """Return what is played, for people."""
        known = GAMES.get(self.name)
        return known.title if known is not None else self.scenario.title or self.name

    @property
    def past_periods(self) -> int:
        """Return the periods of the past."""
        return self.past_weeks * self.periods

    @property
    def all_periods(self) -> int:
        """Return the periods of the past and of all weeks."""
        return (self.past_weeks + self.weeks) * self.periods

    def seat(self, name: str) -> Seat:
        """Return a seat by its name.

        Raises:
            BadInput: for a seat that there is not.
        """
        for seat in self.seats:
            if seat.name == name:
                return seat
        raise BadInput(f"seat: must be one of {', '.join(each.name for each in self.seats)}, got {quoted(name)}")

    def seconds(self, week: int) -> int:
        """Return how long people may think in a week (1, 2, ...)."""
        return next((seconds for last, seconds in TIMER if week <= last), TIMER[-1][1])


@dataclass(frozen=True)
class _Shipped:
    """How one of our scenarios is played; what is None follows from the scenario."""

    title: str
    seats: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = field(default_factory=dict)
    past_weeks: int = PAST_WEEKS
    weeks: int = WEEKS
    periods: int = 1
    word: str | None = None
    past_rule: str = "base-stock"
    empty_rule: str = "base-stock"
    rivals: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)


_BOARD = {
    "retailer": ("Retailer", {"Beer from the wholesaler": ("to-retailer",)}),
    "wholesaler": ("Wholesaler", {"Beer from the distributor": ("to-wholesaler",)}),
    "distributor": ("Distributor", {"Beer from the factory": ("to-distributor",)}),
    "factory": ("Factory", {"Beer to brew": ("brewing",)}),
}
_CAR_LINE = _Shipped(
    title="The car line",
    seats={
        "planner": (
            "Planner of the line",
            {
                "Part 11, which one foundry casts": ("pull-11",),
                "Part 21, which one plant makes": ("pull-21",),
                "Each of the 28 other parts": tuple(f"pull-{k:02}" for k in range(1, 31) if k not in (11, 21)),
            },
        )
    },
    past_weeks=4,
    periods=8,
    word="shift",
    past_rule="kanban(container=25)",
    empty_rule="kanban(container=25)",
)
GAMES: dict[str, _Shipped] = {
    "lost-sales": _Shipped(
        "A shop that loses the customers it cannot serve",
        {"shop": ("Shop", {"Order from the supplier": ("supplier",)})},
    ),
    "dual-sourcing": _Shipped(
        "Two suppliers",
        {"shop": ("Shop", {"Regular supplier": ("regular",), "Expedited supplier": ("expedited",)})},
        past_rule="dual-index",
        empty_rule="dual-index",
    ),
    "holiday-rush": _Shipped(
        "The holiday rush",
        {"shop": ("Toy shop", {"Toys from overseas": ("ship",), "Everything else": ("truck",)})},
        past_weeks=16,
    ),
    "beer-game": _Shipped(
        "The beer game",
        _BOARD,
        past_weeks=4,
        past_rule="constant(quantity=4)",
        empty_rule="jit",
        rivals=("agent:hindsight",),
        # four weeks more of the four cases that customers want at first, so that week 5 of play has the step
        changes={"horizon.periods": 40, "demands.customers.history.values": [4] * 8 + [8] * 32},
    ),
    "aisin-1997": _Shipped(
        "The Aisin fire",
        {
            "planner": (
                "Planner of the plants",
                {"Valves from Aisin": ("aisin",), "Valves from Nisshin": ("nisshin",), "Seats": ("seats",)},
            )
        },
        past_weeks=4,
        periods=8,
        word="shift",
        past_rule="jit",
        empty_rule="jit",
        rivals=("agent:hindsight",),
        # the fire is in the first half of the game, so that a class sees it, and what comes after it
        changes={"disruptions.fire.starts.once": {"name": "randint", "low": 80, "high": 200}},
    ),
    "automotive-line": _CAR_LINE,
    "automotive-line-stressed": _CAR_LINE,
}
"""How scenarios are played that have a game of their own, by their names."""


def setup(
    scenario: str | Path | Scenario,
    *,
    overrides: Mapping[str, Any] | None = None,
    seats: Seating = "one",
    past_weeks: int | None = None,
    weeks: int | None = None,
    empty_rule: str | None = None,
) -> GameSetup:
    """Return the game of a scenario: one of `GAMES`, or any other with one seat for all lanes, or one a stock.

    Args:
        scenario: a shipped name, a path to a YAML file, or a `Scenario`.
        overrides: changes to it, as `jit_gym.load` takes them.
        seats: of a scenario that has no game of its own: `one` for all lanes, or one for each of its `stocks`.
        past_weeks: the weeks before week 1; by default as the game has them.
        weeks: the weeks to play, 52 at most; by default 36, or fewer where the world ends sooner.
        empty_rule: who plays seats that nobody takes.

    Raises:
        BadInput: for a world that ends before the game, or arguments that make no sense.
    """
    world = load(scenario)
    known = GAMES.get(world.name, _Shipped(""))
    if known.changes and world == load(world.name):
        world = variant(world, known.changes)
    if overrides:
        world = load(world, overrides)
    if seats not in ("one", "stocks"):
        raise BadInput(f"seats: must be one or stocks, got {quoted(seats)}")
    there = world.horizon.periods // known.periods if world.horizon.ends else MOST_WEEKS * 2
    past = known.past_weeks if past_weeks is None else past_weeks
    check_count("past_weeks", past, 0, MOST_WEEKS)
    most = min(there - past, MOST_WEEKS)
    if most < 1:
        word = known.word or world.horizon.period
        raise BadInput(f"past_weeks: {world.name} ends after {there} {word}s, got {past} of the past")
    played = min(known.weeks, most) if weeks is None else weeks
    check_count("weeks", played, 1, most)
    named = {lane for _, entries in known.seats.values() for lanes in entries.values() for lane in lanes}
    chairs = _own(world, known) if named == set(world.lanes) else _by_default(world, seats)
    return GameSetup(
        scenario=world,
        seats=chairs,
        past_weeks=past,
        weeks=played,
        periods=known.periods,
        word=known.word or world.horizon.period,
        past_rule=known.past_rule,
        empty_rule=empty_rule or known.empty_rule,
        rivals=known.rivals,
    )


def _own(world: Scenario, known: _Shipped) -> tuple[Seat, ...]:
    """Return the seats of a game of its own."""
    return tuple(
        _seat(world, name, title, tuple(Entry(words, lanes) for words, lanes in entries.items()))
        for name, (title, entries) in known.seats.items()
    )


def _by_default(world: Scenario, seats: Seating) -> tuple[Seat, ...]:
    """Return one seat with a number for each lane, or one for each stock with a number for each lane into it."""

    def entries(lanes: tuple[str, ...]) -> tuple[Entry, ...]:
        return tuple(Entry(world.lanes[lane].title or lane, (lane,)) for lane in lanes)

    if seats == "one":
        return (_seat(world, "planner", "Planner", entries(tuple(world.lanes))),)
    fed = {stock: lanes for stock, lanes in world.feeds.items() if lanes}
    return tuple(
        _seat(world, stock, world.stocks[stock].title or stock, entries(lanes)) for stock, lanes in fed.items()
    )


def _seat(world: Scenario, name: str, title: str, entries: tuple[Entry, ...]) -> Seat:
    """Return a seat that sees the stocks that its lanes fill, and the demands that draw on them."""
    stocks = tuple(dict.fromkeys(world.lanes[lane].to for entry in entries for lane in entry.lanes))
    demands = tuple(key for key, demand in world.demands.items() if not set(stocks).isdisjoint(demand.draws_on))
    return Seat(name, title, entries, stocks, demands)
