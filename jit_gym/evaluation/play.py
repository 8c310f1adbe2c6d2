"""Play a policy through simulations: its orders, checked, period by period."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ..kernels.machine_code import Call
from ..kernels.memory import by_path, copied_by_path
from ..physics import Flows, Simulation, View
from ..policies import PolicyError
from .compiled_play import RecordedPlay, Watch, is_pure, recorded_count, recorded_play
from .metrics import Counter, MoneyCounter

STRETCH = 16  # periods that are played without a word

ROOM = 1 << 24  # random numbers drawn at a time; more paths are played in turns


def play_all(
    player: Any,
    simulation: Simulation,
    warmup: int,
    progress: Callable[[int], Any] | None,
    watch: Watch | None = None,
    counts: type[Counter] = Counter,
    programs: dict[Any, RecordedPlay | None] | None = None,
) -> tuple[Counter, np.ndarray]:
    """Play all periods of a simulation.

    Args:
        player: a policy, fitted.
        simulation: at its start.
        warmup: the periods that are not counted.
        progress: told how many path-periods were played, every now and then.
        watch: what is measured of each period, warm-up included.
        counts: what is counted.
        programs: those of rules that were played in this world before, recorded once for each kind; is changed.

    Returns:
        The counter, and what was measured (periods, measures, paths).
    """
    counter = counts(simulation.layout, simulation.trace.paths)
    own = player.begin(View(simulation)) if is_pure(player) else None
    recorded = None if counter.more else _recorded(player, simulation, watch, counts, own, programs)
    if recorded is not None:
        return counter, _compiled(recorded, player, simulation, warmup, progress, counter, own)
    counted = None if counter.more else recorded_count(simulation.layout, counts, watch)
    if counted is not None:
        return counter, _compiled(counted, player, simulation, warmup, progress, counter, asked=True)
    return counter, _asked(player, simulation, warmup, progress, watch, counter)


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


def _asked(
    player: Any,
    simulation: Simulation,
    warmup: int,
    progress: Callable[[int], Any] | None,
    watch: Watch | None,
    counter: Counter,
) -> np.ndarray:
    """Play a policy that is asked for orders in each period; return what was measured."""
    measured, last = [], simulation.trace.periods - 1
    for t in range(simulation.trace.periods):
        if t == warmup:
            counter.value(simulation, -1.0)
        flows = simulation.step(orders_of(player, simulation))
        if watch is not None:
            measured.append(np.concatenate([np.atleast_2d(part.T) for part in watch(simulation.state, flows)]))
        if t >= warmup:
            counter.add(simulation.state, simulation.flows)
        if progress is not None and (t % STRETCH == STRETCH - 1 or t == last):
            progress((t % STRETCH + 1) * simulation.trace.paths)
    counter.value(simulation, 1.0)
    return np.array(measured)


def _compiled(
    recorded: RecordedPlay,
    player: Any,
    simulation: Simulation,
    warmup: int,
    progress: Callable[[int], Any] | None,
    counter: Counter,
    own: np.ndarray | None = None,
    asked: bool = False,
) -> np.ndarray:
    """Play a rule that was recorded, from its own state on, or one that is `asked`; return what was measured."""
    paths, periods = simulation.trace.paths, simulation.trace.periods
    n, discount = range(-warmup, periods - warmup), simulation.layout.scenario.objective.discount
    # NumPy's powers and Python's, which `Counter.add` takes, may differ in the last bit.
    weights = np.array([discount**t for t in n]) if asked else discount ** np.array(n, float)
    call, watched, refused = _call_of(recorded, simulation, warmup, counter, own, weights)
    marks = sorted({*range(0, periods, 1 if asked else STRETCH), warmup, periods})
    for first, last in pairwise(marks):
        if first == warmup:
            counter.totals[:] = 0.0
            counter.value(simulation, -1.0)
        orders = {"orders": np.ascontiguousarray(orders_of(player, simulation))} if asked else {}
        call(first, last - first, **orders)
        simulation.period = last
        if progress is not None and (last % STRETCH == 0 or last == periods):
            progress(((last - 1) % STRETCH + 1) * paths)
    counter.periods = periods - warmup
    if refused.any():
        _find_refused(player, simulation)
    counter.value(simulation, 1.0)
    return watched


def _call_of(
    recorded: RecordedPlay,
    simulation: Simulation,
    warmup: int,
    counter: Counter,
    own: np.ndarray | None,
    weights: np.ndarray,
) -> tuple[Call, np.ndarray, np.ndarray]:
    """Return the call of a recorded program on a simulation, what is measured, and how many orders are refused.

    `own` is the policy's own state, and `weights` (periods,) are what money counts in each period.
    """
    paths, periods = simulation.trace.paths, simulation.trace.periods
    measures = recorded.kernel.arrays["watched"].numbers
    refused, watched = by_path(1, paths), by_path(periods * measures, paths)
    refused[:] = 0.0
    parameters = {
        name: copied_by_path(value.T) if value.ndim == 2 else value for name, value in recorded.parameters.items()
    }
    clock = np.stack([np.arange(periods), np.arange(periods) - warmup + 1, weights], axis=1)
    call = recorded.kernel.on(
        paths,
        clock=clock,
        own=copied_by_path(np.zeros((paths, 0)).T if own is None else own.T),
        totals=counter.totals,
        refused=refused,
        watched=watched,
        **simulation.arrays,
        **parameters,
    )
    return call, watched.reshape(periods, measures, paths), refused


def _find_refused(player: Any, simulation: Simulation) -> None:
    """Play again a policy whose orders were no quantities, to say which."""
    again = Simulation(simulation.layout, simulation.trace)
    for _ in range(simulation.trace.periods):
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
