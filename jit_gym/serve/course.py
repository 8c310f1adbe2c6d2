"""What everybody who plays a game has in common: the world, one path of chance, the past, and what was changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..chance import Chance, Trace
from ..common.checks import BadInput, check_count, check_seed
from ..common.text import nearest, quoted
from ..evaluation.play import name_of
from ..physics import Layout, Simulation, View
from ..policies import PolicyError, policy
from ..scenario import Scenario, shocks
from ..scenario.library import shock_named
from ..scenario.load import variant
from .games import MOST_WEEKS, GameSetup

SPIKE = "spike"  # the event of demand; all others are shocks of the library
MOST_FACTOR = 10.0
NO_QUEUES = {"first_use", "first_resource_use", "first_need"}  # which are places in other tables


@dataclass(frozen=True)
class Change:
    """An event that strikes in the middle of a game.

    Attributes:
        week: in which it begins, 1 or later.
        event: `spike`, or the name of a shock of the library (`jit_gym.shocks`).
        hits: the demands of a spike; the suppliers, routes and lanes of a shock.
        weeks: how long it lasts; None: as long as the library draws (4 weeks for a spike).
        factor: what a spike multiplies demand by.
    """

    week: int
    event: str
    hits: tuple[str, ...]
    weeks: int | None = None
    factor: float = 2.0

    @property
    def title(self) -> str:
        """Return what it is, in words."""
        if self.event == SPIKE:
            return f"Demand is multiplied by {self.factor:g}"
        return shock_named(self.event, "event").title


class Sight:
    """A simulation of a changed world as it looks to a policy that knows the world without the changes.

    The state is the true one; what is seen of chance is what would be seen if nothing had been changed.
    """

    def __init__(self, source: Any, layout: Layout, trace: Trace) -> None:
        """Show a simulation with the layout, and the trace of the same path, of the world without the changes."""
        self.source, self.layout, self.trace = source, layout, trace
        self._places = list(_queues(layout, source.layout))

    @property
    def period(self) -> int:
        """Return the period that begins."""
        period: int = self.source.period
        return period

    def read(self, table: str, field: str) -> np.ndarray:
        """Return one field of the state (1, how many there are)."""
        values: np.ndarray = self.source.read(table, field)
        return values

    @property
    def pipeline(self) -> np.ndarray:
        """Return what is under way (1, slots); what comes later than the world has places for, in the last one."""
        there = self.source.pipeline
        seen = np.zeros((len(there), self.layout.sizes.slots))
        for own, its in self._places:
            known = min(own.stop - own.start, its.stop - its.start)
            seen[:, own.start : own.start + known] = there[:, its.start : its.start + known]
            if known:
                seen[:, own.start + known - 1] += there[:, its.start + known : its.stop].sum(axis=1)
        return seen

    @property
    def seen(self) -> np.ndarray:
        """Return what this policy sees of chance (1, columns)."""
        return self.trace.seen[self.period]


def _queues(layout: Layout, other: Layout) -> Iterator[tuple[slice, slice]]:
    """Yield the places of each queue of the pipeline in two layouts of the same stocks, lanes and demands."""
    for rows, its in zip(layout.net[:3], other.net[:3], strict=True):
        for name in rows.dtype.names:
            last = name.replace("first_", "last_")
            if name.startswith("first_") and name not in NO_QUEUES:
                for one, two in zip(rows, its, strict=True):
                    yield slice(int(one[name]), int(one[last])), slice(int(two[name]), int(two[last]))


class Onlooker:
    """A policy that plays a changed world by what it would see without the changes."""

    def __init__(self, player: Any, layout: Layout, trace: Trace) -> None:
        """Take a policy that is fitted to the world without the changes."""
        self.player, self.layout, self.trace = player, layout, trace
        self._sight: Sight | None = None

    def __call__(self, view: View) -> Any:
        """Return orders (1, lanes), in units."""
        if self._sight is None or self._sight.source is not view.source:
            self._sight = Sight(view.source, self.layout, self.trace)
        return self.player(View(self._sight))

    def __str__(self) -> str:
        return str(self.player)


@dataclass(frozen=True)
class Course:
    """A game's world with its chance: the same for all who play it, so that only orders make the difference.

    Attributes:
        setup: the game.
        seed: of the chance; path 0 of the seed is played, as `jit_gym.evaluate` numbers paths.
        changes: what strikes in the middle, in the order in which it was added.
    """

    setup: GameSetup
    seed: int = 0
    changes: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a seed that is none."""
        check_seed(self.seed)

    @cached_property
    def unchanged(self) -> Course:
        """Return the course without its changes."""
        return replace(self, changes=()) if self.changes else self

    @cached_property
    def scenario(self) -> Scenario:
        """Return the world with all changes."""
        return self._world()

    @cached_property
    def layout(self) -> Layout:
        """Return the layout of the world with all changes."""
        return Layout(self.scenario)

    @cached_property
    def trace(self) -> Trace:
        """Return the one path of chance (periods + 1, 1, columns), from the first period of the past on."""
        return Chance(self.scenario).draw(self.seed, [0], self.setup.all_periods)

    @cached_property
    def past(self) -> np.ndarray:
        """Return the orders of the past (periods, lanes), as its rule placed them in the world without changes."""
        base = self.unchanged
        simulation, player = base.start(), policy(self.setup.past_rule, base.scenario)
        orders = np.zeros((self.setup.past_periods, len(base.layout.lanes)))
        for t in range(len(orders)):
            orders[t] = np.asarray(player(View(simulation)), float)[0]
            simulation.step(orders[t : t + 1])
        return orders

    def start(self) -> Simulation:
        """Return a simulation of the path before its first period."""
        return Simulation(self.layout, self.trace)

    def player(self, what: str) -> Any:
        """Return a policy for this world that was fitted to the world before the changes: it knows what it sees alone.

        A policy that cannot play a changed world, such as a network that has no input for a fire, plays by what it
        would see without the changes.

        Raises:
            PolicyError: for a policy that does not exist, or does not fit.
        """
        fitted = policy(what, self.setup.scenario)
        if not self.changes:
            return fitted
        try:
            return policy(fitted, self.scenario)
        except PolicyError:
            base = self.unchanged
            return Onlooker(fitted, base.layout, base.trace)

    def changed(self, change: Change) -> Course:
        """Return this course with one more change; up to its week, all chance stays as it was, to the bit.

        Raises:
            BadInput: for an event that is unknown, or does not fit the world, or comes when the game is over.
        """
        check_count("week", change.week, 1, self.setup.weeks)
        if change.weeks is not None:
            check_count("weeks", change.weeks, 1, MOST_WEEKS)
        if not change.hits:
            raise BadInput(f"hits: must name what is hit: {', '.join(self.targets(change.event))}")
        for name in change.hits:
            if name not in self.targets(change.event):
                hint = (
                    nearest(name, self.targets(change.event)) or f" (there are {', '.join(self.targets(change.event))})"
                )
                raise BadInput(f"hits: {quoted(name)} cannot be hit by {change.event}{hint}")
        if change.event == SPIKE:
            if not 0 <= change.factor <= MOST_FACTOR:
                raise BadInput(f"factor: must be from 0 to {MOST_FACTOR:g}, got {quoted(change.factor)}")
        else:
            shock_named(change.event, "event")
        after = replace(self, changes=(*self.changes, change))
        _ = after.scenario, after.layout  # what does not fit is refused here
        return after

    def targets(self, event: str) -> tuple[str, ...]:
        """Return what an event can hit: demands, or suppliers, routes and lanes."""
        world = self.setup.scenario
        if event == SPIKE:
            return tuple(world.demands)
        lanes = world.lanes.values()
        named = dict.fromkeys([*(lane.supplier for lane in lanes), *(lane.route for lane in lanes)])
        return tuple(dict.fromkeys([*filter(None, named), *world.lanes]))

    @property
    def events(self) -> dict[str, str]:
        """Return what can be made to strike, by name: `spike`, and the shocks of the library; and each one's title."""
        return {SPIKE: "Demand is multiplied", **{name: shock.title for name, shock in shocks().items()}}

    def _world(self) -> Scenario:
        """Return the world with all changes."""
        raw: dict[str, dict[str, Any]] = {"spikes": {}, "disruptions": {}}
        for k, change in enumerate(self.changes, 1):
            at = self.setup.past_periods + (change.week - 1) * self.setup.periods
            event: dict[str, Any] = {"hits": list(change.hits), "starts": {"at": [at]}}
            weeks = change.weeks or (4 if change.event == SPIKE else None)
            if weeks is not None:
                event["lasts"] = weeks * self.setup.periods
            if change.event == SPIKE:
                event |= {"factor": change.factor, "title": change.title}
            else:
                event["shock"] = change.event
            raw["spikes" if change.event == SPIKE else "disruptions"][f"change-{k}"] = event
        added = {table: events for table, events in raw.items() if events}
        return variant(self.setup.scenario, added) if added else self.setup.scenario


def continued(past: np.ndarray, player: Any) -> Any:
    """Return a function of a `View` that orders what was ordered in the past (periods, lanes), then what a policy does.

    It is called by the policy's name, so that `jit_gym.evaluate` tells it by that.
    """

    def orders(view: View) -> Any:
        if view.period < len(past):
            return past[view.period][None]
        return player(view)

    orders.__name__ = name_of(player)
    return orders


def replayed(orders: Sequence[Sequence[float]] | np.ndarray, name: str) -> Any:
    """Return a function of a `View` that orders what was ordered (periods, lanes), called by a name."""

    def none_left(view: View) -> Any:
        raise BadInput(f"{name}: has {len(orders)} periods of orders, and period {view.period + 1} was asked for")

    none_left.__name__ = name
    return continued(np.asarray(orders, float), none_left)
