"""A world on plain records, which plays the period with nothing but Python: in a class, a debugger, or a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from .period import period


class PlainWorld:
    """A net and a state on plain records, played period by period.

    Attributes:
        net: what never changes (`tables.Net`), records with named fields.
        state: what is where (`tables.State`), changed by each period.
        period: how many periods have been played.
    """

    def __init__(
        self,
        net: Any,
        state: Any,
        flows: Iterable[tuple[str, int, Sequence[str]]],
        told: Callable[..., Any] = SimpleNamespace,
    ) -> None:
        """Take a world.

        Args:
            net: what never changes.
            state: what is where at first.
            flows: each table of flows, in the order of `tables.Flows`: its name, how many records it has, their fields.
            told: what holds the tables of a period's flows, given by their names.
        """
        self.net, self.state = net, state
        self.period: Any = 0
        self._flows = [(name, records, tuple(fields)) for name, records, fields in flows]
        self._told = told

    def step(self, order: Sequence[Any], chance: Sequence[Any]) -> Any:
        """Play one period with these orders (lanes,) and this row of chance, and return its flows (`tables.Flows`)."""
        self.period += 1
        return period(self.net, self.state, order, chance, self.no_flows())

    def no_flows(self) -> Any:
        """Return flows in which nothing has happened yet."""
        tables = {
            name: [SimpleNamespace(**dict.fromkeys(fields, 0.0)) for _ in range(records)]
            for name, records, fields in self._flows
        }
        return self._told(**tables)
