"""What one sees before ordering, by name: the same for rules, agents, and anybody's own function."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ..chance import moments
from .layout import Layout
from .numbers import is_tensor


class Seen(Protocol):
    """Whatever can tell a state: a simulation, a simulation on tensors, or an observation that is decoded."""

    layout: Layout
    period: Any

    def read(self, table: str, field: str) -> Any: ...

    @property
    def pipeline(self) -> Any: ...

    @property
    def seen(self) -> Any: ...


class View:
    """The start of a period on a batch of paths, in units; arrays (or tensors) have one row a path.

    It shows what is there when it is asked; ask before the next period is played.
    """

    def __init__(self, source: Seen) -> None:
        """Look at a simulation."""
        self.source = source
        self.layout = source.layout
        self.scenario = source.layout.scenario

    @property
    def period(self) -> Any:
        """Return the period that begins, from 0; a number, or one for each path (paths,)."""
        return self.source.period

    @cached_property
    def on_hand(self) -> Any:
        """Return the units of each stock (paths, stocks)."""
        return self.source.read("stocks", "on_hand")

    @cached_property
    def used(self) -> Any:
        """Return the units drawn from each stock in the last period (paths, stocks)."""
        return self.source.read("stocks", "used")

    @cached_property
    def backlog(self) -> Any:
        """Return the units that wait to be served (paths, demands)."""
        return self.source.read("demands", "backlog")

    @cached_property
    def in_transit(self) -> Any:
        """Return the units on the way on each lane (paths, lanes)."""
        return self.source.read("lanes", "in_transit")

    @cached_property
    def waiting(self) -> Any:
        """Return the units ordered on each lane that wait at its source (paths, lanes)."""
        return self.source.read("lanes", "waiting")

    @cached_property
    def on_order(self) -> Any:
        """Return the units ordered on each lane and not arrived, on the way or not yet shipped (paths, lanes)."""
        return self.in_transit + self.waiting + self.source.read("lanes", "posted")

    @cached_property
    def inventory_position(self) -> Any:
        """Return on hand + on order - what waits for it, customers and orders, for each stock (paths, stocks)."""
        into, needs, uses = (self._like(matrix) for matrix in (self.layout.into, self.layout.needs, self.layout.uses))
        return self.on_hand + self.on_order @ into - self.backlog @ needs - self.waiting @ uses

    def arriving(self, lane: int, within: int) -> Any:
        """Return the units on the way on a lane with a fixed lead time that arrive in the next periods (paths,)."""
        row = self.layout.net.lanes[lane]
        first, last = int(row["first_slot"]), int(row["last_slot"])
        return self.source.pipeline[..., first + 1 : min(first + 1 + within, last)].sum(-1)

    @cached_property
    def forecast(self) -> Any:
        """Return this and the next periods' mean demand, as far as it is known (paths, demands, ahead)."""
        columns = self.layout.columns
        seen = self.source.seen
        rows = []
        for name in self.scenario.demands:
            if name in columns.forecast:
                rows.append(seen[..., columns.forecast[name]])
            else:
                mean = np.full((*seen.shape[:-1], columns.ahead), moments(self.scenario, name)[0])
                rows.append(self._like(mean))
        if is_tensor(rows[0]):
            import torch

            return torch.stack(rows, dim=-2)
        return np.stack(rows, axis=-2)

    @cached_property
    def available(self) -> Any:
        """Return the share of each lane's capacity that is known to be there (paths, lanes)."""
        columns, seen = self.layout.columns, self.source.seen
        out = self._like(np.ones((*seen.shape[:-1], len(self.layout.lanes))))
        for name, column in columns.visible.items():
            out[..., self.layout.lanes.index(name)] = seen[..., column]
        return out

    def _like(self, array: np.ndarray) -> Any:
        """Return an array as whatever kind the source's numbers are."""
        if is_tensor(self.source.seen):
            import torch

            return torch.as_tensor(array, dtype=self.source.seen.dtype, device=self.source.seen.device)
        return array
