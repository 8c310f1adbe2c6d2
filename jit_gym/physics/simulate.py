"""Many paths at once, compiled: the period in a loop."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..chance import Trace
from ..kernels.arrays import borrowed
from ..kernels.cache import compiled
from .layout import Layout
from .period import compiled_period
from .tables import Flows, State, flows_of, flows_of_path, net_of, path_of, state_of


@compiled
def advance(numbers: Any, sizes: Any, states: Any, flows: Any, orders: Any, chance: Any) -> None:
    """Play one period on each path: `states` and `flows` are a batch's vectors, `orders` (paths, lanes)."""
    paths = len(orders)
    net, state, flow = net_of(numbers, sizes), state_of(states, sizes, paths), flows_of(flows, sizes, paths)
    order, row = borrowed(orders), borrowed(chance)
    for b in range(paths):
        compiled_period(net, path_of(state, b), order[b], row[b], flows_of_path(flow, b))


class Simulation:
    """A batch of paths of one scenario, played period by period on a trace.

    The tables that it shows are windows onto its own memory, which is quick; they are read-only, so that no policy can
    change what is there by changing what it sees.
    """

    def __init__(self, layout: Layout, trace: Trace) -> None:
        """Start every path of the trace in the scenario's first state."""
        if trace.columns != layout.columns:
            raise ValueError(f"the trace has the columns of another scenario than {layout.scenario.name}")
        self.layout, self.trace = layout, trace
        self.period = 0
        self._states, self._flows = layout.states(trace.paths), layout.flows(trace.paths)

    @cached_property
    def state(self) -> State:
        """Return what is where, as tables (paths, how many there are) that show the present state."""
        return state_of(_read_only(self._states), self.layout.sizes, self.trace.paths)

    @cached_property
    def flows(self) -> Flows:
        """Return what happened in the last period, as tables (paths, how many there are)."""
        return flows_of(_read_only(self._flows), self.layout.sizes, self.trace.paths)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made of: it gets windows onto its own memory."""
        return {name: value for name, value in vars(self).items() if name not in ("state", "flows")}

    def step(self, orders: np.ndarray) -> Flows:
        """Play one period with these orders (paths, lanes), in units, and return its flows."""
        orders = np.ascontiguousarray(orders, dtype=float)
        if orders.shape != (shape := (self.trace.paths, len(self.layout.lanes))):
            raise ValueError(f"orders must be {shape} (paths, lanes), got {orders.shape}")
        if self.period == self.trace.periods:
            raise IndexError(f"the trace is over: it has {self.trace.periods} periods")
        advance(self.layout.numbers, self.layout.sizes, self._states, self._flows, orders, self.trace.rows[self.period])
        self.period += 1
        return self.flows

    def read(self, table: str, field: str) -> np.ndarray:
        """Return one field of the state (paths, how many there are): `read("stocks", "on_hand")`."""
        return getattr(self.state, table)[field]

    @property
    def pipeline(self) -> np.ndarray:
        """Return arrivals by period and orders in transmission, lane by lane (paths, slots)."""
        return self.state.pipeline

    @property
    def seen(self) -> np.ndarray:
        """Return what can be seen of chance at this moment (paths, columns.seen)."""
        return _read_only(self.trace.seen[self.period])


def _read_only(array: np.ndarray) -> np.ndarray:
    """Return a view of an array through which nothing can be written."""
    window = array.view()
    window.flags.writeable = False
    return window
