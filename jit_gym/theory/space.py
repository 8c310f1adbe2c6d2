"""What a period makes of given states: its two halves, recorded, and played on many states at once.

A state is a row of whole numbers, laid out as the layout says. A period has two halves, and so two kinds of states
(Powell 2011, section 4.6; Puterman 2005, section 2.1):

- a *pre-decision state*, at the start of a period, before the order;
- a *post-decision state*, when the order has been placed, and goods shipped and received, but demand is still to come.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..kernels.machine_code import Kernel
from ..kernels.symbols import Array
from ..physics.layout import Layout
from ..physics.numbers import floor, minimum, where
from ..physics.period import replenish, trade
from ..physics.recorded import Kind, RecordedWorld, arrays_of
from .merging import Merging


class AfterOrder(NamedTuple):
    """What orders lead to."""

    post_states: np.ndarray  # (pairs, width)
    costs: np.ndarray  # money of the whole period, with the one demand given (pairs,)
    whole: bool  # whether all quantities are whole


class AfterDemand(NamedTuple):
    """What demand leads to."""

    rows: np.ndarray  # what it leaves, without what a merging ignores, but not merged (states, width)
    costs: np.ndarray  # money of this half of the period (states,)


class Halves:
    """The halves of a period in one scenario, and the form to which a merging brings states; no state is kept."""

    def __init__(self, layout: Layout, merging: Merging) -> None:
        """Take a layout, and which states count as one."""
        self.layout = layout
        own = merging.ignores_use, tuple(merging.arrives_early.tolist()), tuple(merging.nets_backlog.tolist())
        self._kind = _Kind(Kind(layout), *own)
        self._limits = np.concatenate([merging.backlog_limit, merging.backlog_step])

    def order(self, states: np.ndarray, orders: np.ndarray, supply: np.ndarray, demand: np.ndarray) -> AfterOrder:
        """Order in pre-decision states (pairs, width), and go on with one row of chance for the demand (columns,).

        Args:
            states: pre-decision states (pairs, width).
            orders: units on each lane (pairs, lanes).
            supply: rows of chance (pairs, columns).
            demand: a row of chance (columns,).
        """
        after = self._play(_order_kernel, states, 2, orders=orders, chance=supply, demand=demand)
        return AfterOrder(after.rows, after.costs[0], whole=not after.costs[1].any())

    def demand(self, states: np.ndarray, demand: np.ndarray) -> AfterDemand:
        """Let demand, rows of chance (states, columns), come in post-decision states (states, width)."""
        after = self._play(_demand_kernel, states, 1, chance=demand)
        return AfterDemand(after.rows, after.costs[0])

    def merged(self, rows: np.ndarray) -> np.ndarray:
        """Return pre-decision states (states, width) in the one form in which merged states are enumerated."""
        return self._play(_merging_kernel, rows, 0).rows

    def _play(self, kernel: Any, states: np.ndarray, numbers: int, **arrays: np.ndarray) -> AfterDemand:
        """Play a kernel on some states; return the states that it leaves, and so many other numbers of each."""
        many = len(states)
        states = np.ascontiguousarray(states, float)
        given = {name: np.ascontiguousarray(array, float) for name, array in arrays.items()}
        into = AfterDemand(np.empty_like(states), np.empty((numbers, many)))
        given |= {"net": self.layout.numbers, "limits": self._limits, "state": states}
        kernel(self._kind).on(many, **given, left=into.rows, costs=into.costs)()
        return into


class _Kind(NamedTuple):
    """What tells the programs of a world's halves apart."""

    world: Kind[Layout]
    ignores_use: bool
    arrives_early: tuple[bool, ...]
    nets_backlog: tuple[bool, ...]


class _HalfWorld(RecordedWorld):
    """A world of which half a period is recorded, on states that are rows, for a merging."""

    def __init__(self, kind: _Kind) -> None:
        super().__init__(kind.world.of)
        self.kind = kind

    def trade(self, flows: Any, demand: Any, costs: Any) -> Any:
        """Record the demand and what comes after it; return what the period costs, less revenue."""
        trade(self.net, self.state, demand, flows, *costs)
        return -flows.money[0].reward

    def forget_use(self) -> None:
        """Leave out the units used, where the merging says so."""
        if self.kind.ignores_use:
            for stock in self.state.stocks:
                stock.used = 0.0

    def forget_arrivals(self) -> None:
        """Leave out what arrived last, where it cannot be stopped any more."""
        for lane in self.net.lanes:
            if not lane.receiving_can_stop:
                self.state.pipeline[lane.first_slot] = 0.0

    def forget_bills(self) -> None:
        """Leave out cash and what is owed: orders cannot depend on them, and the reward does not."""
        if self.net.has.credit:
            books = self.state.books[0]
            books.cash = books.receivable = books.payable = 0.0
            for record in (*self.net.lanes, *self.net.demands):
                for k in range(record.first_bill, record.last_bill):
                    self.state.pipeline[k] = 0.0

    def receive_early(self) -> None:
        """Count on hand what arrives next period, where the merging says so."""
        for lane, at, early in zip(self.net.lanes, self.state.lanes, self.kind.arrives_early, strict=True):
            if early and lane.last_slot > lane.first_slot + 1:
                coming, stock = self.state.pipeline[lane.first_slot + 1], self.state.stocks[lane.to]
                stock.on_hand = stock.on_hand + coming
                at.in_transit = at.in_transit - coming
                self.state.pipeline[lane.first_slot + 1] = 0.0

    def net_backlogs(self) -> None:
        """Serve backlogs from units on hand where these cancel out; cut backlogs to their limits."""
        demands = len(self.net.demands)
        for d, (demand, at) in enumerate(zip(self.net.demands, self.state.demands, strict=True)):
            if self.kind.nets_backlog[d]:
                stock = self.state.stocks[self.net.needs[demand.first_need].stock]
                served = minimum(stock.on_hand, at.backlog)
                stock.on_hand = stock.on_hand - served
                at.backlog = at.backlog - served
            limit, step = self.program.load("limits", d), self.program.load("limits", demands + d)
            over = at.backlog - limit
            cut = -floor(-(over / step)) * step  # rounded up to a multiple of the step
            at.backlog = at.backlog - where(over > 0, cut, 0.0)

    def kernel(self, rows: list[Any], *costs: Any) -> Kernel:
        """Return the kernel of what has been recorded, which tells these states, and some costs."""
        for array, values in (("left", rows), ("costs", costs)):
            for k, value in enumerate(values):
                self.program.store(array, k, value)
        width, columns = self.layout.state_size, self.layout.columns.chance
        arrays = {
            "state": Array("row", width),
            "orders": Array("row", len(self.net.lanes)),
            "chance": Array("row", columns),
            "demand": Array("nothing", columns),
            "limits": Array("nothing", 2 * len(self.net.demands)),
            "left": Array("row", width),
            "costs": Array("path", len(costs)),
        }
        return Kernel(self.program, arrays_of(self.layout) | arrays)


@lru_cache(maxsize=64)
def _order_kernel(kind: _Kind) -> Kernel:
    """Return the kernel of a whole period, which tells the post-decision state in the midst of it."""
    world = _HalfWorld(kind)
    program, flows = world.program, world.no_flows()
    orders = [program.load("orders", m) for m in range(len(world.net.lanes))]
    costs = replenish(world.net, world.state, orders, world.chance, flows)
    world.forget_use()
    world.forget_arrivals()
    world.net_backlogs()
    post_state, broken = world.state_numbers(), 0.0
    for value in post_state:
        broken = broken + where(value == floor(value), 0.0, 1.0)
    demand = [program.load("demand", k) for k in range(len(world.chance))]
    return world.kernel(post_state, world.trade(flows, demand, costs), broken)


@lru_cache(maxsize=64)
def _demand_kernel(kind: _Kind) -> Kernel:
    """Return the kernel of the demand and of what comes after it."""
    world = _HalfWorld(kind)
    cost = world.trade(world.no_flows(), world.chance, (0.0, 0.0, 0.0))
    world.forget_use()
    world.forget_bills()
    return world.kernel(world.state_numbers(), cost)


@lru_cache(maxsize=64)
def _merging_kernel(kind: _Kind) -> Kernel:
    """Return the kernel that merges pre-decision states."""
    world = _HalfWorld(kind)
    world.forget_use()
    world.forget_bills()
    world.forget_arrivals()
    world.receive_early()
    world.net_backlogs()
    return world.kernel(world.state_numbers())
