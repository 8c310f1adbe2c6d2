"""Play a policy through simulations: its orders, checked, period by period."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ..chance import Trace
from ..common.threads import usable
from ..kernels.machine_code import Call
from ..kernels.memory import by_path, copied_by_path
from ..physics import Flows, Layout, Simulation, View
from ..policies import PolicyError
from .compiled_play import RecordedPlay, Watch, is_pure, recorded_count, recorded_play
from .metrics import Counter, MoneyCounter

STRETCH = 16  # periods that are played without a word, or more
QUIET = 200  # times `worth_a_thread` that a program plays without a word: 2 ms, beside which Python's part is small

ROOM = 1 << 24  # random numbers drawn at a time; more paths are played in turns

PART = 1 << 18  # random numbers drawn for each thread where periods are played in parts: its cache keeps them
MOST = 1 << 21  # of them, where many paths are played together
LEAST = 2 * STRETCH  # periods of a part
CLOCK = 12  # numbers that a period takes beside those of each path


class Play:
    """A policy that plays some paths, through a trace or through several that follow one another.

    Attributes:
        counter: what is counted.
        watched: what was measured of each period, by trace: (periods, measures, paths).
    """

    def __init__(
        self,
        player: Any,
        simulation: Simulation,
        warmup: int,
        progress: Callable[[int], Any] | None,
        watch: Watch | None = None,
        counts: type[Counter] = Counter,
        programs: dict[Any, RecordedPlay | None] | None = None,
    ) -> None:
        """Play nothing yet.

        Args:
            player: a policy, fitted.
            simulation: at its start.
            warmup: the periods that are not counted.
            progress: told how many path-periods were played, every now and then.
            watch: what is measured of each period, warm-up included.
            counts: what is counted.
            programs: those of rules that were played in this world before, recorded once for each kind; is changed.
        """
        self.player, self.simulation = player, simulation
        self.warmup, self.progress, self.watch = warmup, progress, watch
        layout, paths = simulation.layout, simulation.trace.paths
        self.counter, self.watched = counts(layout, paths), list[np.ndarray]()
        own = player.begin(View(simulation)) if is_pure(player) else None
        recorded = None if self.counter.more else _recorded(player, simulation, watch, counts, own, programs)
        self.asked = recorded is None
        if recorded is None and not self.counter.more:
            recorded, own = recorded_count(layout, counts, watch), None
        self.recorded = recorded
        self._told = 0
        self._refused = by_path(1, paths)
        self._refused[:] = 0.0
        self._own = copied_by_path(np.zeros((paths, 0)).T if own is None else own.T)
        self._parameters = (
            {}
            if recorded is None
            else {
                name: copied_by_path(value.T) if value.ndim == 2 else value
                for name, value in recorded.parameters.items()
            }
        )

    def on(self, trace: Trace) -> None:
        """Play all periods of a trace: of the simulation's own, or of the one that follows it."""
        if trace is not self.simulation.trace:
            self.simulation.go_on(trace)
        if self.recorded is None:
            self._ask()
        else:
            self._compute(self.recorded)

    def end(self, traces: Iterable[Trace]) -> Counter:
        """Return the counter, when all traces are played; they are played again where an order was no quantity."""
        if self.recorded is not None:
            self.counter.periods = self.simulation.period - self.warmup
        if self._refused.any():
            _find_refused(self.player, self.simulation.layout, traces)
        self.counter.value(self.simulation, 1.0)
        return self.counter

    def _ask(self) -> None:
        """Play a policy that is asked for orders in each period, and count in NumPy."""
        simulation, counter, measured = self.simulation, self.counter, []
        for t in range(simulation.trace.first, simulation.trace.last):
            if t == self.warmup:
                counter.value(simulation, -1.0)
            flows = simulation.step(orders_of(self.player, simulation))
            if self.watch is not None:
                parts = self.watch(simulation.state, flows)
                measured.append(np.concatenate([np.atleast_2d(part.T) for part in parts]))
            if t >= self.warmup:
                counter.add(simulation.state, simulation.flows)
            self._tell()
        self.watched.append(np.array(measured))

    def _compute(self, recorded: RecordedPlay) -> None:
        """Play a program: that of a rule and what is counted, or of the latter alone with a policy that is asked."""
        simulation, counter, trace = self.simulation, self.counter, self.simulation.trace
        call, watched = self._call_of(recorded)
        quiet = QUIET * recorded.kernel.worth_a_thread // trace.paths // STRETCH * STRETCH
        stretch = 1 if self.asked else max(STRETCH, quiet)
        marks = {*range(trace.first, trace.last, stretch), trace.last}
        if trace.first < self.warmup < trace.last:
            marks.add(self.warmup)
        for first, last in pairwise(sorted(marks)):
            if first == self.warmup:
                counter.totals[:] = 0.0
                counter.value(simulation, -1.0)
            orders = {"orders": np.ascontiguousarray(orders_of(self.player, simulation))} if self.asked else {}
            call(first - trace.first, last - first, **orders)
            simulation.period = last
            self._tell()
        self.watched.append(watched)

    def _call_of(self, recorded: RecordedPlay) -> tuple[Call, np.ndarray]:
        """Return the call of a program on the present trace, and what it measures."""
        simulation, trace = self.simulation, self.simulation.trace
        measures = recorded.kernel.arrays["watched"].numbers
        watched = by_path(trace.periods * measures, trace.paths)
        t, discount = np.arange(trace.first, trace.last), simulation.layout.scenario.objective.discount
        n = t - self.warmup
        # NumPy's powers and Python's, which `Counter.add` takes, may differ in the last bit.
        weights = np.array([discount**k for k in n.tolist()]) if self.asked else discount ** n.astype(float)
        call = recorded.kernel.on(
            trace.paths,
            clock=np.stack([t, n + 1, weights], axis=1),
            own=self._own,
            totals=self.counter.totals,
            refused=self._refused,
            watched=watched,
            **simulation.arrays,
            **self._parameters,
        )
        return call, watched.reshape(trace.periods, measures, trace.paths)

    def _tell(self) -> None:
        """Tell the progress, every now and then and at the end of a trace."""
        period = self.simulation.period
        if self.progress is not None and (period % STRETCH == 0 or period == self.simulation.trace.last):
            self.progress((period - self._told) * self.simulation.trace.paths)
            self._told = period


def play_all(
    player: Any,
    simulation: Simulation,
    warmup: int,
    progress: Callable[[int], Any] | None,
    watch: Watch | None = None,
    counts: type[Counter] = Counter,
    programs: dict[Any, RecordedPlay | None] | None = None,
) -> tuple[Counter, np.ndarray]:
    """Play all periods of a simulation, given what a `Play` is given.

    Returns:
        The counter, and what was measured (periods, measures, paths).
    """
    play = Play(player, simulation, warmup, progress, watch, counts, programs)
    play.on(simulation.trace)
    return play.end([simulation.trace]), play.watched[0]


def _recorded(
    player: Any,
    simulation: Simulation,
    watch: Watch | None,
    counts: type[Counter],
    own: np.ndarray | None,
    programs: dict[Any, RecordedPlay | None] | None,
) -> RecordedPlay | None:
    """Return the program that plays a policy, recorded anew unless `programs` has one of its kind."""
    if programs is None or not is_pure(player):
        return recorded_play(player, simulation.layout, counts, watch, own)
    shapes = (np.ndim(getattr(player, name)) for name in [*player.names(), *player.derived])
    key = type(player), watch, counts, *shapes
    known = programs.get(key)
    recorded = None if known is None else known.of(player)
    if recorded is None:
        recorded = programs[key] = recorded_play(player, simulation.layout, counts, watch, own)
    return recorded


def _find_refused(player: Any, layout: Layout, traces: Iterable[Trace]) -> None:
    """Play again a policy whose orders were no quantities, to say which."""
    again = None
    for trace in traces:
        if again is None:
            again = Simulation(layout, trace)
        else:
            again.go_on(trace)
        for _ in range(trace.periods):
            again.step(orders_of(player, again))
    raise PolicyError(f"{name_of(player)}: orders must be finite and 0 or more")


def through_time(player: Any, simulation: Simulation, measure: Callable[[Flows], Any]) -> np.ndarray:
    """Play all periods, and return the mean over the paths of what is measured of each one's flows (periods,)."""
    _, watched = play_all(player, simulation, 0, None, lambda state, flows: (measure(flows),), MoneyCounter)
    mean: np.ndarray = watched[:, 0].mean(axis=1)
    return mean


def name_of(player: Any) -> str:
    """Return what to call a policy."""
    return getattr(player, "__name__", None) or str(player)


def turns(paths: int, numbers_a_path: int) -> Iterator[np.ndarray]:
    """Divide the paths into parts whose traces fit into memory."""
    at_once = max(1, ROOM // numbers_a_path)
    for first in range(0, paths, at_once):
        yield np.arange(first, min(first + at_once, paths))


def at_a_time(paths: int, periods: int, numbers: int) -> tuple[int, int]:
    """Return how many paths are played at a time, and how many of their periods, by the random numbers of a period."""
    together = max(1, min(paths, MOST // (numbers * min(periods, LEAST))))
    return together, max(LEAST, usable() * PART // (numbers * together + CLOCK) // STRETCH * STRETCH)


def orders_of(player: Any, simulation: Simulation) -> np.ndarray:
    """Ask a policy for orders, and refuse what is none."""
    orders = np.asarray(player(View(simulation)), float)
    shape = simulation.trace.paths, len(simulation.layout.lanes)
    if orders.shape != shape:
        raise PolicyError(f"{name_of(player)}: orders must have the shape {shape} (paths, lanes), got {orders.shape}")
    if not np.isfinite(orders).all() or orders.min() < 0:
        worst = orders[~(np.isfinite(orders) & (orders >= 0))][0]
        raise PolicyError(f"{name_of(player)}: orders must be finite and 0 or more, got {worst}")
    return orders
