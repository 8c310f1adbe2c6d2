"""Play a policy through simulations: its orders, checked, period by period."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..physics import Flows, Simulation, View
from ..policies import PolicyError
from .metrics import Counter

ROOM = 1 << 24  # random numbers drawn at a time; more paths are played in turns


def play_all(
    player: Any,
    simulation: Simulation,
    warmup: int,
    progress: Callable[[int], Any] | None,
    watch: Callable[[Flows], Any] | None = None,
    counts: type[Counter] = Counter,
) -> Counter:
    """Play all periods of a simulation, and count those after the warm-up; `watch` is told the flows of each."""
    counter, last = counts(simulation.layout, simulation.trace.paths), simulation.trace.periods - 1
    for t in range(simulation.trace.periods):
        if t == warmup:
            counter.value(simulation, -1.0)
        flows = simulation.step(_orders(player, simulation))
        if watch is not None:
            watch(flows)
        if t >= warmup:
            counter.add(simulation.state, simulation.flows)
        if progress is not None and (t % 16 == 15 or t == last):
            progress((t % 16 + 1) * simulation.trace.paths)
    counter.value(simulation, 1.0)
    return counter


def through_time(player: Any, simulation: Simulation, measure: Callable[[Flows], np.ndarray]) -> np.ndarray:
    """Play all periods, and return the mean over the paths of what is measured of each one's flows (periods,)."""
    periods = range(simulation.trace.periods)
    return np.array([measure(simulation.step(_orders(player, simulation))).mean() for _ in periods])


def name_of(player: Any) -> str:
    """Return what to call a policy."""
    return getattr(player, "__name__", None) or str(player)


def turns(paths: int, numbers_a_path: int) -> Iterator[np.ndarray]:
    """Divide the paths into parts whose traces fit into memory."""
    at_once = max(1, ROOM // numbers_a_path)
    for first in range(0, paths, at_once):
        yield np.arange(first, min(first + at_once, paths))


def _orders(player: Any, simulation: Simulation) -> np.ndarray:
    """Ask a policy for orders, and refuse what is none."""
    orders = np.asarray(player(View(simulation)), float)
    shape = simulation.trace.paths, len(simulation.layout.lanes)
    if orders.shape != shape:
        raise PolicyError(f"{name_of(player)}: orders must have the shape {shape} (paths, lanes), got {orders.shape}")
    if not np.isfinite(orders).all() or orders.min() < 0:
        worst = orders[~(np.isfinite(orders) & (orders >= 0))][0]
        raise PolicyError(f"{name_of(player)}: orders must be finite and 0 or more, got {worst}")
    return orders
