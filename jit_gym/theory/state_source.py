"""Given states, read as one reads a simulation: for policies that are asked what they order in them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..physics import Layout, View
from ..physics.tables import state_of
from ..physics.worth import Worth
from ..scenario import Scenario


class NotInState(Exception):
    """A policy reads a field that the states it is given do not have."""


class StateSource:
    """Given states as the source of a `View`; it records which fields are read."""

    hides_period = False  # whether to refuse to tell the period

    def __init__(self, layout: Layout, rows: np.ndarray, seen: np.ndarray, period: Any = None) -> None:
        """Take states (paths, width), what is seen of chance (paths, columns.seen), and the period, if it is known."""
        self.layout, self.seen = layout, seen
        self.fields_read: set[tuple[str, str]] = set()
        self._rows, self._period = np.asarray(rows, float), period

    @property
    def period(self) -> Any:
        """Return the period that begins, or None.

        Raises:
            NotInState: if the period is hidden.
        """
        self.fields_read.add(("period", ""))
        if self.hides_period:
            raise NotInState
        return self._period

    def read(self, table: str, field: str) -> np.ndarray:
        """Return one field of the state (paths, rows of the table)."""
        self.fields_read.add((table, field))
        return self._rows[:, state_fields(self.layout)[table, field]]

    @property
    def pipeline(self) -> np.ndarray:
        """Return the units on the way and the orders in the mail (paths, slots)."""
        return self._rows[:, state_fields(self.layout)["pipeline", ""]]


def view_of(layout: Layout, rows: np.ndarray) -> View:
    """Return a view of given states (states, width), with nothing seen of chance."""
    return View(StateSource(layout, rows, np.zeros((len(rows), layout.columns.seen))))


@lru_cache(maxsize=16)
def state_fields(layout: Layout) -> dict[tuple[str, str], np.ndarray]:
    """Return at which places of a state's row each field of each table is."""
    state = state_of(np.arange(layout.state_size, dtype=float), layout.sizes, 1)
    found = {}
    for table, records in state._asdict().items():
        for field in records.dtype.names or ("",):
            numbers = records[field] if field else records
            found[table, field] = numbers[0].astype(int)
    return found


def stock_and_backlog_fields(layout: Layout) -> np.ndarray:
    """Tell which places of a state's row belong to stocks or demands (width,)."""
    found = np.zeros(layout.state_size, np.bool_)
    for (table, _), numbers in state_fields(layout).items():
        found[numbers] = table in ("stocks", "demands")
    return found


def worth_of(layout: Layout, rows: np.ndarray) -> np.ndarray:
    """Return what the units in some states are worth where costs begin or stop being counted (states,)."""
    source = StateSource(layout, rows, np.zeros((len(rows), layout.columns.seen)))
    return sum(Worth(layout).of(source, 0), np.zeros(len(rows)))


def opening_worth(scenario: Scenario) -> float:
    """Return what the units at the start add to a period's cost: nothing in the long run, more with a discount."""
    layout = Layout(scenario)
    return (1 - scenario.objective.discount) * float(worth_of(layout, layout.start[None, :])[0])
