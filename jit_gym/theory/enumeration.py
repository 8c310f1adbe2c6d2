"""Builds the decision process of a scenario: finds all states that can be reached, and what follows from each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..chance.outcomes import Outcomes
from ..physics import Layout
from ..scenario import BadInput, Scenario
from .demand_table import DemandTable
from .growing import GrowingArray
from .left_states import LeftStates
from .merging import Merging
from .process import ActionsIn, DecisionProcess, TooMany
from .space import Halves
from .state_index import StateIndex

MOST_STORED = 150_000_000  # pairs of a state and an action, and next states: about 3 GB
HOPELESS = 1000  # times more states than are wanted: then enumeration is not tried, for estimates are rough
MOST_ROUNDS = 400  # periods after which new states must have come to an end
CHUNK = 1 << 17  # pairs, or outcomes, that are expanded by one call


def enumerate_process(
    scenario: Scenario,
    outcomes: Outcomes,
    merging: Merging,
    actions_in: ActionsIn,
    *,
    num_actions: int,
    most_states: int,
    estimate: float = 0.0,
    progress: Callable[[str], Any] | None = None,
) -> DecisionProcess:
    """Enumerate all states that can be reached from the scenario's start.

    Args:
        scenario: the world, in whole units.
        outcomes: its chance.
        merging: which states count as one.
        actions_in: the actions in each state.
        num_actions: how many actions it looks at in each state.
        most_states: how many states to find before giving up.
        estimate: about how many states there are.
        progress: told how many states have been found, in words.

    Returns:
        The `DecisionProcess`.

    Raises:
        TooMany: if there are more states than `most_states`, or than fit into memory, or as if there were no end.
        BadInput: if quantities do not stay whole.
    """
    limits = _Limits(scenario, outcomes, most_states, estimate)
    if estimate > HOPELESS * most_states:
        limits.refuse(0)
    # In the last period of a world that ends, units on the way have a value: classes must tell them apart.
    small_classes = Layout(scenario).columns.last is not None
    for whole_states in (True,) if small_classes else (False, True):
        try:
            return _Enumeration(scenario, outcomes, merging, limits, whole_states).run(
                actions_in, num_actions, progress
            )
        except _ClassesTooLarge:
            continue
    raise AssertionError("classes of one state each cannot be too large")


class _ClassesTooLarge(Exception):
    """Demand changes more of a state than stocks and backlogs."""


class _Limits:
    """Refuses more states than are wanted."""

    def __init__(self, scenario: Scenario, outcomes: Outcomes, most_states: int, estimate: float) -> None:
        self.name, self.exogenous = scenario.name, outcomes.states
        self.most_states, self.estimate = most_states, estimate

    def check(self, pre_states: int, stored: int, progress: Any) -> None:
        """Refuse if there are too many states, or too much is stored for them, so far or as estimated."""
        found = pre_states * self.exogenous
        typical = stored / max(found, 1)  # of each state, pairs and next states
        hopeless = found > 1000 and typical * self.estimate > HOPELESS * MOST_STORED
        if found > self.most_states or stored > MOST_STORED or hopeless:
            self.refuse(found)
        if progress is not None:
            progress(f"{found:,} states")

    def refuse(self, found: int) -> None:
        """Say that there are too many states, and about how many."""
        about = f"about {self.estimate:.2g}" if self.estimate > found else f"more than {found:,}"
        raise TooMany(
            f"{self.name}: has {about} states, too many to enumerate (make demands or lead times smaller, "
            f"order in batches, limit most_ordered, or raise most_states, now {self.most_states:,})"
        )


class _Enumeration:
    """A breadth-first search: pre-decision states lead to post-decision states, and these to new pre-decision states.

    The physics prices a period as a whole, from the order on: costs are told apart by a comparison. Let C0(x, a, r) be
    the cost of a period with the first outcome of demand, and D0(y) the cost of demand and what comes after it, with
    the same outcome, from y on. Then k(x, a, r) = C0(x, a, r) - D0(f(x, a, r)), and
    c(d, y) = D0(y) + E[D(d, y') - D0(y')], where y' is any state of y's demand class.
    """

    def __init__(
        self, scenario: Scenario, outcomes: Outcomes, merging: Merging, limits: _Limits, whole_states: bool
    ) -> None:
        """Begin with the start; a demand class is a whole state, or else its stocks and backlogs."""
        self.scenario, self.outcomes, self.merging, self.limits = scenario, outcomes, merging, limits
        self.layout = layout = Layout(scenario)
        self.halves = halves = Halves(layout, merging)
        self.pre_states, self.post_states = StateIndex(layout.state_size), StateIndex(layout.state_size)
        self.pre_states.insert(halves.merged(layout.start[None, :]))
        self.table = DemandTable(halves, outcomes.demand, outcomes.demand_chance, whole_states=whole_states)
        self.left_states, self.next_of_left = LeftStates(self.table), GrowingArray(np.int32)
        self.pairs_per_state = [np.zeros(0, np.int64)]
        self.action, self.post_state, self.cost_with_first = (list[np.ndarray]() for _ in range(3))
        self.demand_class, self.next_state, self.first_cost = (list[np.ndarray]() for _ in range(3))
        self.stored = 0

    def run(self, actions_in: ActionsIn, num_actions: int, progress: Any) -> DecisionProcess:
        """Expand states until there are no new ones."""
        before, after, rounds = 0, 0, 0  # how many pre- and post-decision states have been expanded
        while before < len(self.pre_states) or after < len(self.post_states):
            rounds += 1
            if rounds > MOST_ROUNDS:
                raise TooMany(
                    f"{self.scenario.name}: after {MOST_ROUNDS:,} periods states are reached that never were before, "
                    f"as if there were no end to them (play it: jit_gym.evaluate)"
                )
            for some in _chunks(before, len(self.pre_states), max(1, min(CHUNK // 32, 16 * CHUNK // num_actions))):
                self._expand_actions(self.pre_states.rows[some].astype(float), actions_in)
                before = some.stop
                self.limits.check(len(self.pre_states), self.stored, progress)
            for some in _chunks(after, len(self.post_states), max(16, CHUNK // len(self.outcomes.demand))):
                self._expand_demand(self.post_states.rows[some].astype(float))
                after = some.stop
                self.limits.check(len(self.pre_states), self.stored, progress)
        return self._process()

    def _expand_actions(self, rows: np.ndarray, actions_in: ActionsIn) -> None:
        """Take each action in some pre-decision states (states, width), with each outcome of supply."""
        supply, many = self.outcomes.supply, len(self.outcomes.supply)
        place, orders, action = actions_in(rows)
        each = np.repeat(np.arange(len(place)), many)
        after = self.halves.order(
            rows[place[each]], orders[each], np.tile(supply, (len(place), 1)), self.outcomes.demand[0]
        )
        if not after.whole:
            raise BadInput(f"{self.scenario.name}: its quantities do not stay whole, and cannot be counted")
        self.pairs_per_state.append(np.bincount(place, minlength=len(rows)))
        self.post_state.append(self.post_states.insert(after.post_states).astype(np.int32).reshape(-1, many))
        self.cost_with_first.append(after.costs.reshape(-1, many))
        self.action.append(action)
        self.stored += len(each)

    def _expand_demand(self, rows: np.ndarray) -> None:
        """Let demand come in some post-decision states (states, width)."""
        if (demand_class := self.table.classes(rows)) is None:
            raise _ClassesTooLarge
        known = len(self.left_states)
        left = self.left_states.insert(rows, demand_class)
        self.next_of_left.add(self.pre_states.insert(self.left_states.merged(known)))
        self.demand_class.append(demand_class)
        self.next_state.append(self.next_of_left.all[left])
        first = np.broadcast_to(self.outcomes.demand[0], (len(rows), self.outcomes.demand.shape[1]))
        self.first_cost.append(self.halves.demand(rows, first).costs)
        self.stored += len(left)

    def _process(self) -> DecisionProcess:
        """Put the arrays together."""
        demand_class, post_state = np.concatenate(self.demand_class), np.concatenate(self.post_state)
        first_cost, table = np.concatenate(self.first_cost), self.table
        group_start = table.group_start
        demand_cost = table.costs[:, demand_class] + (first_cost - table.first_costs[demand_class])
        return DecisionProcess(
            scenario=self.scenario,
            layout=self.layout,
            outcomes=self.outcomes,
            merging=self.merging,
            pre_states=self.pre_states,
            post_states=self.post_states,
            pair_start=np.concatenate([[0], np.cumsum(np.concatenate(self.pairs_per_state))]),
            action=np.concatenate(self.action),
            post_state=post_state,
            order_cost=np.concatenate(self.cost_with_first) - first_cost[post_state],
            demand_cost=np.ascontiguousarray(demand_cost),
            demand_class=demand_class,
            group_start=group_start,
            group_chance=table.group_chance,
            next_start=np.concatenate([[0], np.cumsum(np.diff(group_start)[demand_class])]),
            next_state=np.concatenate(self.next_state),
        )


def _chunks(first: int, last: int, size: int) -> Iterator[slice]:
    for start in range(first, last, size):
        yield slice(start, min(start + size, last))
