"""States and orders, enumerated: each is played by the physics itself, and named by a number.

Rows are a path's state as the layout lays it out, whole numbers all. A state before an order is called `before`; what
it becomes when goods have been ordered, shipped and received, and demand is still to come, is called `ready`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from ..kernels.arrays import borrowed
from ..kernels.cache import compiled
from ..physics.period import replenish, trade
from ..physics.tables import flows_of, flows_of_path, net_of, path_of, state_of


class Rows:
    """Distinct rows of whole numbers, each found by its content (open addressing, Knuth 1973, section 6.4)."""

    def __init__(self, width: int) -> None:
        """Begin with none."""
        self.width = width
        self.rows = np.zeros((1024, width), np.int32)
        self.slots = np.full(4096, -1, np.int32)
        self.count = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return int(self.count[0])

    @property
    def all(self) -> np.ndarray:
        """Return the rows, in the order in which they were found."""
        return self.rows[: len(self)]

    def make_room(self, more: int) -> None:
        """Make sure that so many more rows fit."""
        need = len(self) + more
        if need > len(self.rows):
            rows = np.zeros((max(need, 2 * len(self.rows)), self.width), np.int32)
            rows[: len(self)] = self.all
            self.rows = rows
        if 2 * need > len(self.slots):
            self.slots = np.full(1 << (4 * need - 1).bit_length(), -1, np.int32)
            _index(self.slots, self.rows, len(self))

    def find(self, rows: np.ndarray) -> np.ndarray:
        """Return the number of each row, -1 for those that are not among these."""
        out = np.empty(len(rows), np.int64)
        _find(self.slots, self.rows, np.ascontiguousarray(rows, np.int32), out)
        return out

    def put(self, rows: np.ndarray) -> np.ndarray:
        """Return the number of each row, and take in those that are new."""
        self.make_room(len(rows))
        out = np.empty(len(rows), np.int64)
        _put(self.slots, self.rows, self.count, np.ascontiguousarray(rows, np.float64), out)
        return out


@register_jitable
def _clear(numbers: Any) -> None:
    for k in range(len(numbers)):  # a slice would take seconds to compile
        numbers[k] = 0.0


@register_jitable
def _place(slots: Any, rows: Any, row: Any) -> int:
    """Return the slot that holds a row's number, or the empty one where it belongs."""
    key = np.uint64(14695981039346656037)
    for c in range(len(row)):
        key = (key ^ np.uint64(np.int64(row[c]))) * np.uint64(1099511628211)
        key ^= key >> np.uint64(29)
    mask = np.uint64(len(slots) - 1)
    at = key & mask
    while slots[at] >= 0:
        k, same = slots[at], True
        for c in range(len(row)):
            if rows[k, c] != row[c]:
                same = False
                break
        if same:
            break
        at = (at + np.uint64(1)) & mask
    return int(at)


@register_jitable
def _number(slots: Any, rows: Any, count: Any, row: Any) -> int:
    """Return a row's number; it gets the next one if it is new."""
    at = _place(slots, rows, row)
    if slots[at] < 0:
        n = count[0]
        for c in range(len(row)):
            rows[n, c] = np.int32(row[c])
        slots[at] = n
        count[0] = n + 1
    return int(slots[at])


@compiled
def _index(slots: Any, rows: Any, count: int) -> None:
    for n in range(count):
        slots[_place(slots, rows, rows[n])] = n


@compiled
def _find(slots: Any, rows: Any, wanted: Any, out: Any) -> None:
    for n in range(len(wanted)):
        out[n] = slots[_place(slots, rows, wanted[n])]


@compiled
def _put(slots: Any, rows: Any, count: Any, wanted: Any, out: Any) -> None:
    for n in range(len(wanted)):
        out[n] = _number(slots, rows, count, wanted[n])


@register_jitable
def _forget(net: Any, state: Any, merging: Any) -> None:
    """Bring a state to the form that all states with the same future share, as far as `merging` says they do."""
    for i in range(len(net.stocks)):
        if merging.use:
            state.stocks[i].used = 0.0
    _forget_bills(net, state)
    for m in range(len(net.lanes)):
        first, last = np.int64(net.lanes[m].first_slot), np.int64(net.lanes[m].last_slot)
        if not net.lanes[m].can_dock:
            state.pipeline[first] = 0.0  # what arrived last
        if merging.arrivals[m] and last > first + 1:
            state.stocks[net.lanes[m].to].on_hand += state.pipeline[first + 1]
            state.lanes[m].in_transit -= state.pipeline[first + 1]
            state.pipeline[first + 1] = 0.0


@register_jitable
def _forget_bills(net: Any, state: Any) -> None:
    """Forget what is owed, and cash: nobody who orders sees them, and the reward does not depend on them."""
    if net.has.credit:
        books = state.books[0]
        books.cash = books.receivable = books.payable = 0.0
        for m in range(len(net.lanes)):
            for k in range(net.lanes[m].first_bill, net.lanes[m].last_bill):
                state.pipeline[k] = 0.0
        for d in range(len(net.demands)):
            for k in range(net.demands[d].first_bill, net.demands[d].last_bill):
                state.pipeline[k] = 0.0


@register_jitable
def _settle(net: Any, state: Any, merging: Any) -> None:
    """Serve those who wait with what is there, where that changes nothing but the names; cut what waits too long."""
    for d in range(len(net.demands)):
        if merging.waiters[d]:
            stock = state.stocks[net.needs[net.demands[d].first_need].stock]
            served = min(stock.on_hand, state.demands[d].backlog)
            stock.on_hand -= served
            state.demands[d].backlog -= served
        over = state.demands[d].backlog - merging.longest[d]
        if over > 0:
            state.demands[d].backlog -= np.ceil(over / merging.steps[d]) * merging.steps[d]


@compiled
def simplify(numbers: Any, sizes: Any, merging: Any, rows: Any) -> None:
    """Bring states before an order (states, width) to the form in which they are enumerated."""
    net = net_of(numbers, sizes)
    for n in range(len(rows)):
        state = path_of(state_of(rows[n], sizes, 1), 0)
        _forget(net, state, merging)
        _settle(net, state, merging)


@compiled
def _supply(numbers: Any, sizes: Any, work: Any, order: Any, chance: Any, flow_numbers: Any) -> Any:
    """Play what comes before the demand on one state; return what placing, buying and waiting cost."""
    net, state = net_of(numbers, sizes), path_of(state_of(work, sizes, 1), 0)
    return replenish(net, state, order, chance, flows_of_path(flows_of(flow_numbers, sizes, 1), 0))


@compiled
def _trade(numbers: Any, sizes: Any, work: Any, chance: Any, flow_numbers: Any, costs: Any) -> float:
    """Play the demand and what comes after it on one state, at these costs before; return what the period costs."""
    net, state = net_of(numbers, sizes), path_of(state_of(work, sizes, 1), 0)
    flows = flows_of_path(flows_of(flow_numbers, sizes, 1), 0)
    placing, buying, waiting = costs
    trade(net, state, chance, flows, placing, buying, waiting)
    return -flows.money[0].reward


@compiled
def expand_orders(
    numbers: Any,
    sizes: Any,
    flow_numbers: Any,
    merging: Any,
    before: Any,  # rows (pairs, width)
    orders: Any,  # (pairs, lanes)
    supply: Any,  # rows of chance (outcomes, columns)
    demand: Any,  # one row of chance, for comparison
    slots: Any,
    rows: Any,
    count: Any,
    ready: Any,  # out: numbers (pairs, outcomes)
    costs: Any,  # out: money (pairs, outcomes)
) -> bool:
    """Order in each state, with each outcome of supply; say what gets ready, and what all costs with that one demand.

    Returns whether all quantities are whole.
    """
    net, work = net_of(numbers, sizes), np.empty(rows.shape[1])
    state = path_of(state_of(work, sizes, 1), 0)
    order, chance, asked = borrowed(orders), borrowed(supply), borrowed(demand)
    whole = True
    for n in range(len(before)):
        for r in range(len(supply)):
            for c in range(len(work)):
                work[c] = before[n, c]
            _clear(flow_numbers)
            before_demand = _supply(numbers, sizes, work, order[n], chance[r], flow_numbers)
            _forget_ready(net, state, merging)
            for c in range(len(work)):
                whole = whole and work[c] == np.rint(work[c])
            ready[n, r] = _number(slots, rows, count, work)
            costs[n, r] = _trade(numbers, sizes, work, asked, flow_numbers, before_demand)
    return whole


@register_jitable
def _forget_ready(net: Any, state: Any, merging: Any) -> None:
    for i in range(len(net.stocks)):
        if merging.use:
            state.stocks[i].used = 0.0
    for m in range(len(net.lanes)):
        if not net.lanes[m].can_dock:
            state.pipeline[np.int64(net.lanes[m].first_slot)] = 0.0
    _settle(net, state, merging)


@compiled
def expand_demand(
    numbers: Any,
    sizes: Any,
    flow_numbers: Any,
    ready: Any,  # rows (levels, width): an example of each level
    held: Any,  # which numbers of a row make the level
    demand: Any,  # rows of chance (outcomes, columns)
    chances: Any,  # (moods, outcomes)
    ends: Any,  # out: where each level's group of outcomes ends (levels,)
    parts: Any,  # out: what the level becomes (groups, width)
    weights: Any,  # out: the chance of that (groups, moods)
    costs: Any,  # out: expected money (levels, moods)
    first: Any,  # out: money with the first outcome (levels,)
) -> bool:
    """Let each outcome of demand come on each level; outcomes that leave the same are one group.

    Returns whether nothing but the level changed.
    """
    net, work = net_of(numbers, sizes), np.empty(ready.shape[1])
    state, asked = path_of(state_of(work, sizes, 1), 0), borrowed(demand)
    apart, k = True, 0
    for n in range(len(ready)):
        begin = k
        _clear(costs[n])
        for d in range(len(demand)):
            for c in range(len(work)):
                work[c] = ready[n, c]
            _clear(flow_numbers)
            cost = _trade(numbers, sizes, work, asked[d], flow_numbers, (0.0, 0.0, 0.0))
            _forget_bills(net, state)
            same = k > begin
            for c in range(len(work)):
                if not held[c] and work[c] != ready[n, c]:
                    apart = False
                same = same and parts[k - 1, c] == work[c]
            if not same:
                for c in range(len(work)):
                    parts[k, c] = work[c]
                _clear(weights[k])
                k += 1
            if d == 0:
                first[n] = cost
            for f in range(len(chances)):
                weights[k - 1, f] += chances[f, d]
                costs[n, f] += chances[f, d] * cost
        ends[n] = k
    return apart


@compiled
def expand_ready(
    numbers: Any,
    sizes: Any,
    flow_numbers: Any,
    merging: Any,
    ready: Any,  # rows (states, width)
    held: Any,
    level: Any,  # (states,)
    starts: Any,  # where each level's groups start
    ends: Any,
    parts: Any,
    demand: Any,  # the first outcome's row of chance
    slots: Any,
    rows: Any,
    count: Any,
    nexts: Any,  # out: numbers of the states before the next order (all groups of all states)
    first: Any,  # out: money with the first outcome (states,)
) -> None:
    """Find the states that follow when demand has come, by the groups of each state's level."""
    net, work = net_of(numbers, sizes), np.empty(ready.shape[1])
    state, asked = path_of(state_of(work, sizes, 1), 0), borrowed(demand)
    k = 0
    for n in range(len(ready)):
        for c in range(len(work)):
            work[c] = ready[n, c]
        _clear(flow_numbers)
        first[n] = _trade(numbers, sizes, work, asked, flow_numbers, (0.0, 0.0, 0.0))
        for g in range(starts[level[n]], ends[level[n]]):
            for c in range(len(work)):
                work[c] = parts[g, c] if held[c] else ready[n, c]
            _forget(net, state, merging)
            _settle(net, state, merging)
            nexts[k] = _number(slots, rows, count, work)
            k += 1


@compiled
def allowed(
    positions: Any,  # (states, stocks)
    adding: Any,  # what each order adds to the positions (orders, stocks)
    most: Any,  # the most that any order adds (stocks,)
    low: Any,  # (stocks,)
    high: Any,  # (stocks,)
    states: Any,  # out: of each pair (pairs,)
    orders: Any,  # out: of each pair (pairs,)
) -> int:
    """List which orders may be placed in which states: those that leave the positions between low and high."""
    k = 0
    for n in range(len(positions)):
        for a in range(len(adding)):
            fits = True
            for i in range(len(low)):
                after = positions[n, i] + adding[a, i]
                if (adding[a, i] > 0 and after > high[i]) or (after < low[i] and adding[a, i] < most[i]):
                    fits = False
                    break
            if fits:
                states[k], orders[k] = n, a
                k += 1
    return k


@compiled
def transitions(
    numbers: Any,
    sizes: Any,
    merging: Any,
    made: Any,  # which post-decision state each outcome of supply leads to (states, outcomes)
    supply_chance: Any,  # the chance of each outcome (outcomes,)
    ready: Any,  # rows of the post-decision states
    held: Any,
    level: Any,  # of each post-decision state
    starts: Any,  # where each level's groups start
    ends: Any,
    parts: Any,
    weights: Any,  # the chance of each group
    follow: Any,  # the exogenous states that may come next
    follow_chance: Any,
    slots: Any,
    rows: Any,  # states, with the exogenous state as their last number
    count: Any,
    stops: Any,  # out: where each state's transitions end (states,)
    nexts: Any,  # out: numbers of the next states (transitions,)
    chances: Any,  # out: their transition probabilities
) -> None:
    """List what follows when an order has been placed in states of the same exogenous state, and demand has come."""
    net, width = net_of(numbers, sizes), ready.shape[1]
    whole = np.empty(width + 1)
    work = whole[:width]
    state = path_of(state_of(work, sizes, 1), 0)
    k = 0
    for n in range(len(made)):
        for r in range(len(supply_chance)):
            y = made[n, r]
            for g in range(starts[level[y]], ends[level[y]]):
                for c in range(width):
                    work[c] = parts[g, c] if held[c] else ready[y, c]
                _forget(net, state, merging)
                _settle(net, state, merging)
                for j in range(len(follow)):
                    whole[width] = follow[j]
                    nexts[k] = _number(slots, rows, count, whole)
                    chances[k] = supply_chance[r] * weights[g] * follow_chance[j]
                    k += 1
        stops[n] = k


@compiled
def spread(which: Any, begins: Any, ends: Any, nexts: Any, chances: Any, now: Any, out: Any) -> None:
    """Add the distribution of the next state, given that of the present one over some states: out += now P."""
    for n in range(len(which)):
        x = which[n]
        for j in range(begins[x], ends[x]):
            out[nexts[j]] += now[x] * chances[j]


@compiled
def expect(
    first: int,
    last: int,
    which: Any,
    begins: Any,
    ends: Any,
    nexts: Any,
    chances: Any,
    cost: Any,
    discount: float,
    after: Any,
    out: Any,
) -> None:
    """Add to what a period costs in some states what is expected after it: out = cost + discount P after."""
    for n in range(first, last):
        x, total = which[n], 0.0
        for j in range(begins[x], ends[x]):
            total += chances[j] * after[nexts[j]]
        out[n] = cost[x] + discount * total
