"""Many paths at once, compiled."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..chance import Trace
from ..kernels.machine_code import Call
from ..kernels.memory import copied_by_path
from .layout import Layout
from .loop import LoopCall
from .recorded import period_kernel
from .tables import Flows, State, batch_flows, batch_state


def paths_last(rows: np.ndarray) -> np.ndarray:
    """Return rows of chance (periods, paths, columns) as an array (periods, columns, paths) for a kernel."""
    turned = rows.transpose(0, 2, 1)
    return turned if turned.strides[2] == turned.itemsize else np.ascontiguousarray(turned)


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
        self.period = trace.first
        self._states, self._flows = layout.states(trace.paths), layout.flows(trace.paths)
        self._rows = paths_last(trace.rows)
        self._windows: dict[tuple[str, str], np.ndarray] = {}  # onto the state, which stays where it is

    def go_on(self, trace: Trace) -> None:
        """Take the trace of the periods that follow those that were played."""
        if trace.first != self.period or trace.paths != self.trace.paths or trace.columns != self.layout.columns:
            raise ValueError(f"the trace does not go on from period {self.period} on {self.trace.paths} paths")
        self.trace, self._rows = trace, paths_last(trace.rows)
        vars(self).pop("_call", None)  # which has the rows before

    @cached_property
    def _call(self) -> Call | LoopCall:
        return period_kernel(self.layout).on(self.trace.paths, flows=self._flows, **self.arrays)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of this world for a kernel that plays it; who plays with them sets `period` as well."""
        return {"net": self.layout.numbers, "state": self._states, "chance": self._rows}

    @cached_property
    def state(self) -> State:
        """Return what is where, as tables (paths, how many there are) that show the present state."""
        return batch_state(_read_only(self._states), self.layout.sizes)

    @cached_property
    def flows(self) -> Flows:
        """Return what happened in the last period, as tables (paths, how many there are)."""
        return batch_flows(_read_only(self._flows), self.layout.sizes)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made of: it gets windows onto its own memory."""
        return {
            name: value for name, value in vars(self).items() if name not in ("state", "flows", "_call", "_windows")
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a copy."""
        vars(self).update(state)
        self._windows = {}
        self._states, self._flows = copied_by_path(self._states), copied_by_path(self._flows)

    def step(self, orders: np.ndarray) -> Flows:
        """Play one period with these orders (paths, lanes), in units, and return its flows."""
        orders = np.ascontiguousarray(orders, dtype=float)
        if orders.shape != (shape := (self.trace.paths, len(self.layout.lanes))):
            raise ValueError(f"orders must be {shape} (paths, lanes), got {orders.shape}")
        if self.period == self.trace.last:
            raise IndexError(f"the trace is over: it has {self.trace.periods} periods")
        self._call(self.period - self.trace.first, orders=orders)
        self.period += 1
        return self.flows

    def read(self, table: str, field: str) -> np.ndarray:
        """Return one field of the state (paths, how many there are): `read("stocks", "on_hand")`."""
        if (window := self._windows.get((table, field))) is None:
            window = self._windows[table, field] = getattr(self.state, table)[field]
        return window

    @property
    def pipeline(self) -> np.ndarray:
        """Return arrivals by period and orders in transmission, lane by lane (paths, slots)."""
        return self.state.pipeline

    @property
    def seen(self) -> np.ndarray:
        """Return what can be seen of chance at this moment (paths, columns.seen)."""
        return _read_only(self.trace.seen[self.period - self.trace.first])


def _read_only(array: np.ndarray) -> np.ndarray:
    """Return a view of an array through which nothing can be written."""
    window = array.view()
    window.flags.writeable = False
    return window
