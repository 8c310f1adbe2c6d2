"""What can be seen before ordering, by name: the same for rules, agents, and any function of a view."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ..chance import moments
from .layout import Layout
from .numbers import is_tensor, lesser, like, picked, product


class Seen(Protocol):
    """What holds a state: a simulation, a simulation on tensors, or a decoded observation."""

    @property
    def layout(self) -> Layout: ...

    @property
    def period(self) -> Any: ...

    def read(self, table: str, field: str) -> Any: ...

    @property
    def pipeline(self) -> Any: ...

    @property
    def seen(self) -> Any: ...


class View:
    """The start of a period on a batch of paths, in units; arrays (or tensors) have one row a path.

    A property is read when it is first asked for, so ask before the next period is played. Arrays that are windows onto
    the simulation are read-only: to change one, make another from it (`x = view.on_hand - 31`).

    Attributes:
        source: the simulation, or the decoded observation, that is looked at: one for all periods of a simulation.
        scenario: the world.
        layout: where each name of the world stands.
    """

    def __init__(self, source: Seen) -> None:
        """Look at a simulation."""
        self.source = source
        self.layout = source.layout
        self.scenario = source.layout.scenario

    def _recorded(self, table: str, field: str) -> Any:
        """Return one field of the state according to the records, which may be late."""
        values = self.source.read(table, field)
        if late := self.layout.late[f"{table}.{field}"]:
            values = values.clone() if is_tensor(values) else values.copy()
            for k, place in late.items():
                values[..., k] = self.source.pipeline[..., place]
        return values

    @property
    def period(self) -> Any:
        """Return the period that begins, from 0; a number, or one for each path (paths,)."""
        return self.source.period

    @cached_property
    def on_hand(self) -> Any:
        """Return the units of each stock (paths, stocks)."""
        return self._recorded("stocks", "on_hand")

    @cached_property
    def used(self) -> Any:
        """Return the units drawn from each stock in the last period (paths, stocks)."""
        return self._recorded("stocks", "used")

    @cached_property
    def backlog(self) -> Any:
        """Return the units that wait to be served (paths, demands)."""
        return self._recorded("demands", "backlog")

    @cached_property
    def in_transit(self) -> Any:
        """Return the units on the way on each lane (paths, lanes)."""
        return self._recorded("lanes", "in_transit")

    @cached_property
    def waiting(self) -> Any:
        """Return the units ordered on each lane that wait at its source (paths, lanes)."""
        return self.source.read("lanes", "waiting")

    @cached_property
    def on_order(self) -> Any:
        """Return the units ordered on each lane and not arrived, on the way or not yet shipped (paths, lanes)."""
        on_order = self.in_transit + self.waiting
        for m, places in self.layout.in_transmission.items():
            on_order[..., m] += self.source.pipeline[..., places].sum(-1)
        return on_order

    @cached_property
    def orders_read_today(self) -> Any:
        """Return the units ordered earlier that reach each lane's source in this period (paths, lanes).

        0 on lanes without an order delay, whose orders are read as they are placed.
        """
        out = self._filled(0.0, self.layout.lanes)
        for m, places in self.layout.in_transmission.items():
            out[..., m] = self.source.pipeline[..., places.start]
        return out

    @cached_property
    def inventory_position(self) -> Any:
        """Return on hand + on order - what waits for it, customers and orders, for each stock (paths, stocks)."""
        into, needs, uses = (self._like(matrix) for matrix in (self.layout.into, self.layout.needs, self.layout.uses))
        return self.on_hand + product(self.on_order, into) - product(self.backlog, needs) - product(self.waiting, uses)

    def arriving(self, lane: int, within: int) -> Any:
        """Return the units on the way on a lane with a fixed lead time that arrive in the next periods (paths,)."""
        row = self.layout.net.lanes[lane]
        first, last = int(row["first_slot"]), int(row["last_slot"])
        there = first if row["receiving_can_stop"] else first + 1
        return self.source.pipeline[..., there : min(first + 1 + within, last)].sum(-1)

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
        for stock, known in columns.seen_obsolete.items():
            for d, demand in enumerate(self.scenario.demands.values()):
                if stock in demand.draws_on:
                    rows[d] = rows[d] * (1.0 - seen[..., known])
        if is_tensor(rows[0]):
            import torch

            return torch.stack(rows, dim=-2)
        return np.stack(rows, axis=-2)

    @cached_property
    def obsolete(self) -> Any:
        """Tell which stocks are known to be obsolete: no demand will draw on them any more (paths, stocks)."""
        obsolete = self._filled(0.0, self.layout.stocks)
        for stock, known in self.layout.columns.seen_obsolete.items():
            obsolete[..., self.layout.stocks.index(stock)] = self.source.seen[..., known.start]
        return obsolete > 0

    @cached_property
    def ordering_stopped(self) -> Any:
        """Tell on which lanes a disruption is known to stop orders in this period (paths, lanes)."""
        works = self._filled(1.0, self.layout.lanes)
        for (kind, name), known in self.layout.columns.visible.items():
            if kind == "ordering":
                works[..., self.layout.lanes.index(name)] = self.source.seen[..., known.start]
        return works <= 0

    @property
    def available(self) -> Any:
        """Return the share of each lane that is known to work, the least over its disruptions (paths, lanes)."""
        return self.outlook[..., 0]

    @cached_property
    def outlook(self) -> Any:
        """Return the share of each lane that is known to work in this and the next periods (paths, lanes, ahead)."""
        columns, seen = self.layout.columns, self.source.seen
        ahead = max([columns.ahead, *(known.stop - known.start for known in columns.visible.values())])
        out = self._like(np.ones((*seen.shape[:-1], len(self.layout.lanes), ahead)))
        for (_, name), known in columns.visible.items():
            shown = out[..., self.layout.lanes.index(name), : known.stop - known.start]
            worst = seen[..., known]
            shown[...] = lesser(worst, shown)
        return out

    @cached_property
    def delay(self) -> Any:
        """Return the periods that each lane's lead time is longer today, as far as that is seen (paths, lanes)."""
        out = self._filled(0.0, self.layout.lanes)
        for name, column in self.layout.columns.seen_delay.items():
            delays = self.scenario.lanes[name].delays
            out[..., self.layout.lanes.index(name)] = self.source.seen[..., column] * (delays.longest if delays else 0)
        return out

    @cached_property
    def unit_cost(self) -> Any:
        """Return the money that a unit costs on each lane today (paths, lanes)."""
        return self._today([lane.unit_cost for lane in self.scenario.lanes.values()], "lanes", "seen_cost")

    @cached_property
    def price(self) -> Any:
        """Return the money that each demand pays for a unit today (paths, demands)."""
        return self._today([demand.price for demand in self.scenario.demands.values()], "demands", "seen_price")

    def ages(self, stock: int) -> Any:
        """Return a perishable stock's units that can be used in 1, 2, ... more periods (paths, shelf life)."""
        name = self.layout.stocks[stock]
        life = self.scenario.stocks[name].shelf_life or 0
        places = np.array([self.layout.slots[f"{name}.lasts_{k}"] for k in range(1, life)], int)
        older = picked(self.source.pipeline, places)
        newest = (self.on_hand[..., stock] - older.sum(-1))[..., None]
        if is_tensor(older):
            import torch

            return torch.cat([older, newest], dim=-1)[..., :life]
        return np.concatenate([older, newest], axis=-1)[..., :life]

    def _today(self, values: list[float], table: str, columns: str) -> Any:
        """Return the value of each lane or demand, times the share that is left of it where it erodes."""
        seen = self.source.seen
        out = self._like(np.broadcast_to(np.array(values), (*seen.shape[:-1], len(values))).copy())
        for name, column in getattr(self.layout.columns, columns).items():
            out[..., getattr(self.layout, table).index(name)] *= seen[..., column]
        return out

    def _filled(self, value: float, names: list[str]) -> Any:
        """Return one value for each of these on each path (paths, names)."""
        return like(np.full((*self.on_hand.shape[:-1], len(names)), value), self.on_hand)

    def _like(self, array: np.ndarray) -> Any:
        """Return an array, or a tensor where the source's numbers are tensors."""
        return like(array, self.source.seen)
