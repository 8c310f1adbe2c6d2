"""The period in compiled loops over stocks, lanes and demands: for large worlds of parts that differ.

One compiled form plays all such worlds, path by path. Their recorded programs would be compiled for each kind of world,
and be too long for the processor's cache of instructions; those of alike parts become short (`kernels/rolled.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..common.threads import share
from ..kernels.arrays import borrowed
from ..kernels.cache import compiled
from .compiled import compiled_period
from .layout import Layout
from .tables import flows_of, flows_of_path, net_of, path_of, state_of

LARGE = 200  # stocks, lanes and demands together
WORTH_A_THREAD = 2_000  # of them, times paths


@compiled
def advance(numbers: Any, sizes: Any, states: Any, flows: Any, orders: Any, rows: Any) -> None:
    """Play one period on each path: `states`, `flows` and `rows` are (numbers, paths), `orders` (paths, lanes)."""
    state, flow, row = np.empty(len(states)), np.zeros(len(flows)), np.empty(len(rows))
    net = net_of(numbers, sizes)
    one, told = path_of(state_of(state, sizes, 1), 0), flows_of_path(flows_of(flow, sizes, 1), 0)
    order, chance = borrowed(orders), borrowed(row)
    for b in range(len(orders)):
        for k in range(len(state)):
            state[k] = states[k, b]
        for k in range(len(row)):
            row[k] = rows[k, b]
        compiled_period(net, one, order[b], chance, told)
        for k in range(len(state)):
            states[k, b] = state[k]
        for k in range(len(flow)):
            flows[k, b] = flow[k]


def is_large(layout: Layout, most: int = LARGE) -> bool:
    """Tell whether a world has more stocks, lanes and demands together."""
    return len(layout.stocks) + len(layout.lanes) + len(layout.demands) > most


class LoopKernel:
    """A function of a period and of arrays, called as a `Kernel` is.

    Args:
        play: plays a period, given its number and arrays by their names, and returns whether a number is refused.
    """

    def __init__(self, play: Callable[[int, Mapping[str, np.ndarray]], bool]) -> None:
        """Take a function."""
        self.play = play

    def on(self, paths: int, **arrays: np.ndarray) -> LoopCall:
        """Return a call on all paths of these arrays."""
        return LoopCall(self, arrays)


class LoopCall:
    """A loop kernel, and the arrays that it plays on; others may be given with each call."""

    def __init__(self, kernel: LoopKernel, arrays: Mapping[str, np.ndarray]) -> None:
        """Take arrays."""
        self.kernel, self._arrays = kernel, arrays

    def __call__(self, period: int = 0, /, **arrays: np.ndarray) -> None:
        """Play a period."""
        self.kernel.play(period, {**self._arrays, **arrays})

    def for_one(self) -> Callable[[int], int]:
        """Return what plays a period of the only path, and returns 1 if a number is refused and nothing was played."""
        return lambda period: self.kernel.play(period, self._arrays)


def play_loops(layout: Layout, period: int, orders: np.ndarray, arrays: Mapping[str, np.ndarray]) -> None:
    """Play one period of a large world, with these orders (paths, lanes), on the arrays of a kernel."""
    states, flows, rows = arrays["state"], arrays["flows"], arrays["chance"][period]

    def play(part: slice) -> None:
        advance(layout.numbers, layout.sizes, states[:, part], flows[:, part], orders[part], rows[:, part])

    share(play, len(orders), WORTH_A_THREAD // LARGE)
