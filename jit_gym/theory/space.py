"""The kernels that enumerate a state space: each asks the physics what a period makes of states.

A state is a row of whole numbers, laid out as the layout says. A period has two halves, and so two kinds of states
(Powell 2011, section 4.6; Puterman 2005, section 2.1):

- a *pre-decision state*, at the start of a period, before the order;
- a *post-decision state*, when the order has been placed, and goods shipped and received, but demand is still to come.

Demand need not be expanded for each post-decision state. Usually it changes only stocks and backlogs; post-decision
states that agree in these form one *demand class*, and demand does the same to all of a class. Outcomes of demand that
leave the same state are one *group*, with the sum of their chances.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from ..kernels.arrays import borrowed
from ..kernels.cache import compiled
from ..physics.compiled import replenish, trade
from ..physics.tables import flows_of, flows_of_path, net_of, path_of, state_of
from .state_index import insert_state


@compiled
def feasible_actions(
    positions: Any,  # (states, stocks)
    raises: Any,  # what each order adds to the positions (orders, stocks)
    most: Any,  # the most that any order adds (stocks,)
    low: Any,  # (stocks,)
    high: Any,  # (stocks,)
    states: Any,  # out: of each pair (pairs,)
    orders: Any,  # out: of each pair (pairs,)
) -> int:
    """List the pairs of a state and an order that leaves its inventory positions between low and high."""
    k = 0
    for n in range(len(positions)):
        for a in range(len(raises)):
            fits = True
            for i in range(len(low)):
                after = positions[n, i] + raises[a, i]
                if (raises[a, i] > 0 and after > high[i]) or (after < low[i] and raises[a, i] < most[i]):
                    fits = False
                    break
            if fits:
                states[k], orders[k] = n, a
                k += 1
    return k


@compiled
def expand_actions(
    numbers: Any,
    sizes: Any,
    flow_numbers: Any,
    merging: Any,
    states: Any,  # pre-decision states (pairs, width)
    orders: Any,  # (pairs, lanes)
    supply: Any,  # rows of chance (outcomes, columns)
    demand: Any,  # one row of chance, for comparison
    slots: Any,
    rows: Any,
    count: Any,
    post_state: Any,  # out: numbers of the post-decision states (pairs, outcomes)
    costs: Any,  # out: money (pairs, outcomes)
) -> bool:
    """Order in each state, with each outcome of supply; find the post-decision states.

    `costs` are those of the whole period with the one demand given. Returns whether all quantities are whole.
    """
    net, work = net_of(numbers, sizes), np.empty(rows.shape[1])
    state = path_of(state_of(work, sizes, 1), 0)
    order, chance, asked = borrowed(orders), borrowed(supply), borrowed(demand)
    whole = True
    for n in range(len(states)):
        for r in range(len(supply)):
            for c in range(len(work)):
                work[c] = states[n, c]
            _clear(flow_numbers)
            costs_so_far = _supply(numbers, sizes, work, order[n], chance[r], flow_numbers)
            _merge_post_state(net, state, merging)
            for c in range(len(work)):
                whole = whole and work[c] == np.rint(work[c])
            post_state[n, r] = insert_state(slots, rows, count, work)
            costs[n, r] = _trade(numbers, sizes, work, asked, flow_numbers, costs_so_far)
    return whole


@compiled
def expand_demand(
    numbers: Any,
    sizes: Any,
    flow_numbers: Any,
    examples: Any,  # a post-decision state of each demand class (classes, width)
    in_class: Any,  # which places of a row tell the classes apart (width,)
    demand: Any,  # rows of chance (outcomes, columns)
    chances: Any,  # (demand states, outcomes)
    ends: Any,  # out: where the groups of each class end (classes,)
    parts: Any,  # out: what each group leaves (groups, width)
    group_chance: Any,  # out: its chance (groups, demand states)
    costs: Any,  # out: expected money (classes, demand states)
    first: Any,  # out: money with the first outcome (classes,)
) -> bool:
    """Play each outcome of demand on each demand class; outcomes that leave the same are one group.

    Returns whether demand changes nothing but the places that tell the classes apart, so that the classes are valid.
    """
    net, work = net_of(numbers, sizes), np.empty(examples.shape[1])
    state, asked = path_of(state_of(work, sizes, 1), 0), borrowed(demand)
    valid, k = True, 0
    for n in range(len(examples)):
        begin = k
        _clear(costs[n])
        for d in range(len(demand)):
            for c in range(len(work)):
                work[c] = examples[n, c]
            _clear(flow_numbers)
            cost = _trade(numbers, sizes, work, asked[d], flow_numbers, (0.0, 0.0, 0.0))
            _clear_bills(net, state)
            same = k > begin
            for c in range(len(work)):
                if not in_class[c] and work[c] != examples[n, c]:
                    valid = False
                same = same and parts[k - 1, c] == work[c]
            if not same:
                for c in range(len(work)):
                    parts[k, c] = work[c]
                _clear(group_chance[k])
                k += 1
            if d == 0:
                first[n] = cost
            for f in range(len(chances)):
                group_chance[k - 1, f] += chances[f, d]
                costs[n, f] += chances[f, d] * cost
        ends[n] = k
    return valid


@compiled
def expand_post_states(
    numbers: Any,
    sizes: Any,
    flow_numbers: Any,
    merging: Any,
    post_states: Any,  # (states, width)
    in_class: Any,
    demand_class: Any,  # (states,)
    starts: Any,  # where each class's groups start
    ends: Any,
    parts: Any,
    demand: Any,  # the first outcome's row of chance
    slots: Any,
    rows: Any,
    count: Any,
    next_state: Any,  # out: numbers of the next pre-decision states (all groups of all states)
    first: Any,  # out: money with the first outcome (states,)
) -> None:
    """Find the pre-decision states that follow each post-decision state, by the groups of its demand class."""
    net, work = net_of(numbers, sizes), np.empty(post_states.shape[1])
    state, asked = path_of(state_of(work, sizes, 1), 0), borrowed(demand)
    k = 0
    for n in range(len(post_states)):
        for c in range(len(work)):
            work[c] = post_states[n, c]
        _clear(flow_numbers)
        first[n] = _trade(numbers, sizes, work, asked, flow_numbers, (0.0, 0.0, 0.0))
        for g in range(starts[demand_class[n]], ends[demand_class[n]]):
            for c in range(len(work)):
                work[c] = parts[g, c] if in_class[c] else post_states[n, c]
            _merge(net, state, merging)
            _net_backlog(net, state, merging)
            next_state[k] = insert_state(slots, rows, count, work)
            k += 1


@compiled
def list_transitions(
    numbers: Any,
    sizes: Any,
    merging: Any,
    post_state: Any,  # which post-decision state each outcome of supply leads to (states, outcomes)
    supply_chance: Any,  # (outcomes,)
    post_states: Any,  # (post-decision states, width)
    in_class: Any,
    demand_class: Any,  # (post-decision states,)
    starts: Any,  # where each class's groups start
    ends: Any,
    parts: Any,
    group_chance: Any,  # (groups,)
    exogenous: Any,  # the exogenous states that may come next
    exogenous_chance: Any,
    slots: Any,
    rows: Any,  # pre-decision states, with the exogenous state as their last number
    count: Any,
    stops: Any,  # out: where each state's transitions end (states,)
    next_state: Any,  # out: numbers of the next states (transitions,)
    chances: Any,  # out: their transition probabilities
) -> None:
    """List the transitions of states of one exogenous state, in each of which one order has been placed."""
    net, width = net_of(numbers, sizes), post_states.shape[1]
    whole = np.empty(width + 1)
    work = whole[:width]
    state = path_of(state_of(work, sizes, 1), 0)
    k = 0
    for n in range(len(post_state)):
        for r in range(len(supply_chance)):
            y = post_state[n, r]
            for g in range(starts[demand_class[y]], ends[demand_class[y]]):
                for c in range(width):
                    work[c] = parts[g, c] if in_class[c] else post_states[y, c]
                _merge(net, state, merging)
                _net_backlog(net, state, merging)
                for j in range(len(exogenous)):
                    whole[width] = exogenous[j]
                    next_state[k] = insert_state(slots, rows, count, whole)
                    chances[k] = supply_chance[r] * group_chance[g] * exogenous_chance[j]
                    k += 1
        stops[n] = k


@compiled
def merge_states(numbers: Any, sizes: Any, merging: Any, rows: Any) -> None:
    """Bring pre-decision states (states, width) to the one form in which merged states are enumerated, in place."""
    net = net_of(numbers, sizes)
    for n in range(len(rows)):
        state = path_of(state_of(rows[n], sizes, 1), 0)
        _merge(net, state, merging)
        _net_backlog(net, state, merging)


@register_jitable
def _merge(net: Any, state: Any, merging: Any) -> None:
    """Bring a pre-decision state to the form that all states merged with it share, but for its backlogs."""
    for i in range(len(net.stocks)):
        if merging.ignores_use:
            state.stocks[i].used = 0.0
    _clear_bills(net, state)
    for m in range(len(net.lanes)):
        first, last = np.int64(net.lanes[m].first_slot), np.int64(net.lanes[m].last_slot)
        if not net.lanes[m].receiving_can_stop:
            state.pipeline[first] = 0.0  # what arrived last
        if merging.arrives_early[m] and last > first + 1:
            state.stocks[net.lanes[m].to].on_hand += state.pipeline[first + 1]
            state.lanes[m].in_transit -= state.pipeline[first + 1]
            state.pipeline[first + 1] = 0.0


@register_jitable
def _merge_post_state(net: Any, state: Any, merging: Any) -> None:
    """Bring a post-decision state to the form that all states merged with it share."""
    for i in range(len(net.stocks)):
        if merging.ignores_use:
            state.stocks[i].used = 0.0
    for m in range(len(net.lanes)):
        if not net.lanes[m].receiving_can_stop:
            state.pipeline[np.int64(net.lanes[m].first_slot)] = 0.0
    _net_backlog(net, state, merging)


@register_jitable
def _net_backlog(net: Any, state: Any, merging: Any) -> None:
    """Serve backlogs from units on hand where these cancel out; cut backlogs to their limits."""
    for d in range(len(net.demands)):
        if merging.nets_backlog[d]:
            stock = state.stocks[net.needs[net.demands[d].first_need].stock]
            served = min(stock.on_hand, state.demands[d].backlog)
            stock.on_hand -= served
            state.demands[d].backlog -= served
        over = state.demands[d].backlog - merging.backlog_limit[d]
        if over > 0:
            state.demands[d].backlog -= np.ceil(over / merging.backlog_step[d]) * merging.backlog_step[d]


@register_jitable
def _clear_bills(net: Any, state: Any) -> None:
    """Clear cash and what is owed: orders cannot depend on them, and the reward does not."""
    if net.has.credit:
        books = state.books[0]
        books.cash = books.receivable = books.payable = 0.0
        for m in range(len(net.lanes)):
            for k in range(net.lanes[m].first_bill, net.lanes[m].last_bill):
                state.pipeline[k] = 0.0
        for d in range(len(net.demands)):
            for k in range(net.demands[d].first_bill, net.demands[d].last_bill):
                state.pipeline[k] = 0.0


@compiled
def _supply(numbers: Any, sizes: Any, work: Any, order: Any, chance: Any, flow_numbers: Any) -> Any:
    """Play what comes before the demand on one state; return what placing, buying and waiting cost."""
    net, state = net_of(numbers, sizes), path_of(state_of(work, sizes, 1), 0)
    return replenish(net, state, order, chance, flows_of_path(flows_of(flow_numbers, sizes, 1), 0))


@compiled
def _trade(numbers: Any, sizes: Any, work: Any, chance: Any, flow_numbers: Any, costs: Any) -> float:
    """Play the demand and what comes after it on one state, with the costs so far; return the period's cost."""
    net, state = net_of(numbers, sizes), path_of(state_of(work, sizes, 1), 0)
    flows = flows_of_path(flows_of(flow_numbers, sizes, 1), 0)
    placing, buying, waiting = costs
    trade(net, state, chance, flows, placing, buying, waiting)
    return -flows.money[0].reward


@register_jitable
def _clear(numbers: Any) -> None:
    for k in range(len(numbers)):  # a slice would take seconds to compile
        numbers[k] = 0.0
