"""The period by hand: on plain Python numbers for a class or a debugger, on torch tensors for gradients.

The same `period` as the compiled one, on records that are ordinary objects. A number may be a float, or a tensor with
one entry for each path; then the rewards of a whole batch can be differentiated with respect to whatever the orders
came from.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from .layout import Layout
from .numbers import is_tensor
from .plain_world import PlainWorld
from .tables import Flows, Net, State, fields, state_of


def as_records(table: np.ndarray) -> list[Any]:
    """Return a table of records as a list of plain objects, and a table of numbers as a list of floats."""
    if table.dtype.names is None:
        return table.tolist()
    return [SimpleNamespace(**dict(zip(table.dtype.names, row.item(), strict=True))) for row in table]


class ByHand(PlainWorld):
    """One scenario played on plain numbers or tensors.

    >>> import jit_gym
    >>> world = ByHand(Layout(jit_gym.load("lost-sales", {"stocks.shop.initial": 7, "lanes.supplier.lead_time": 0})))
    >>> flows = world.step(order=[5.0], chance=[14.0])
    >>> flows.lanes[0].arrived, flows.demands[0].served, flows.money[0].shortage_cost
    (5.0, 12.0, 38.0)
    """

    def __init__(self, layout: Layout) -> None:
        """Start in the scenario's first state."""
        self.layout = layout
        super().__init__(
            Net._make([*(as_records(table) for table in layout.net[:-1]), layout.sizes]),
            State(*(as_records(table[0]) for table in state_of(layout.start.copy(), layout.sizes, 1))),
            [
                (name, len(names), fields(kind))
                for name, (names, kind) in zip(Flows._fields, layout.flow_tables(), strict=True)
            ],
            Flows,
        )

    def read(self, table: str, field: str) -> Any:
        """Return one field of the state (how many there are,), or (paths, how many there are) of tensors."""
        return _stacked([getattr(record, field) for record in getattr(self.state, table)])

    @property
    def pipeline(self) -> Any:
        """Return arrivals by period and orders in transmission (slots,), or (paths, slots)."""
        return _stacked(self.state.pipeline)

    def state_numbers(self) -> list[Any]:
        """Return each number of the present state, in their order."""
        *tables, pipeline = self.state
        return [*(value for table in tables for record in table for value in vars(record).values()), *pipeline]


def _stacked(values: list[Any]) -> Any:
    tensors = [value for value in values if is_tensor(value)]
    if tensors:
        import torch

        return torch.stack([value if is_tensor(value) else torch.full_like(tensors[0], value) for value in values], -1)
    return np.array(values)
