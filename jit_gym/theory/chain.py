"""The Markov chain of a scenario under one policy: its states, explored as they are reached, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..chance.outcomes import Outcomes
from ..kernels.cache import compiled
from ..physics import Layout
from ..scenario import BadInput, Scenario
from .demand_table import DemandTable, likely
from .enumeration import MOST_ROUNDS
from .growing import GrowingArray
from .left_states import LeftStates
from .merging import Merging
from .process import TooMany, simulate_period
from .space import Halves
from .state_index import StateIndex

OrdersIn = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""What a policy orders (states, lanes), given states (states, width) and their exogenous states (states,)."""

CHUNK = 1 << 21  # transitions that are listed by one call
MOST_PERIODS = 100_000  # that are played forward before giving up
STRIDE = 16  # periods that are played forward between two looks at which states were entered
STEADY = 0.02  # change of the chance to leave from one such stride to the next, as a share, that counts as none


class Chain:
    """The states that a policy reaches from the scenario's start, their transition probabilities and expected costs.

    A state is a pre-decision state with its exogenous state (`Outcomes`) as the last number of the row. To expand a
    state is to ask the policy for its order there, and the physics what all outcomes of a period lead to. States that
    are found but not expanded are left out: in the chain as it stands, a transition to one of them goes to the first
    expanded state of the same phase instead.
    """

    def __init__(
        self,
        scenario: Scenario,
        outcomes: Outcomes,
        merging: Merging,
        orders_in: OrdersIn,
        *,
        most_states: int,
        cost_ahead: Callable[[int, np.ndarray], np.ndarray] | None = None,
        progress: Callable[[str], Any] | None = None,
    ) -> None:
        """Begin with the start, not expanded.

        Args:
            scenario: the world.
            outcomes: its chance.
            merging: which states count as one.
            orders_in: the policy.
            most_states: how many states to find before giving up.
            cost_ahead: given an exogenous state and post-decision states (states, width), returns what is charged in
                each on top of the period's own cost (states,).
            progress: told how far it is.
        """
        self.scenario, self.outcomes, self.merging, self.orders_in = scenario, outcomes, merging, orders_in
        self.cost_ahead = cost_ahead
        self.most_states, self.progress = most_states, progress
        self.layout = Layout(scenario)
        self.halves = Halves(self.layout, merging)
        self.states = StateIndex(self.layout.state_size + 1)
        self.states.insert(self._merged(self.layout.start[None, :], 0))
        self._begins, self._ends, self._costs = GrowingArray(np.int64), GrowingArray(np.int64), GrowingArray()
        self._next_state, self._chances = GrowingArray(np.int32), GrowingArray()
        self._grow()
        self.distribution = np.ones(1)  # of the state, as far as it has been played forward (states,)
        self.chance = np.ones(1)  # the largest chance that each state has had meanwhile (states,)
        # In the last period of a world that ends, units on the way have a value: classes must tell them apart.
        self._whole_states = self.layout.columns.last is not None
        self._tables: dict[int, DemandTable] = {}
        supplies, demands = (np.count_nonzero(c, axis=1) for c in (outcomes.supply_chance, outcomes.demand_chance))
        following = np.tile(np.count_nonzero(outcomes.transition, axis=1), outcomes.season)
        most_demands = np.maximum(demands[outcomes.demand_state], demands[outcomes.last_demand_state])
        self._most_transitions = supplies * most_demands * following  # from a state (exogenous states,)

    def __len__(self) -> int:
        """Return how many states are expanded."""
        return int(np.count_nonzero(self.expanded))

    @property
    def expanded(self) -> np.ndarray:
        """Tell which states are expanded (states,)."""
        return self._ends.all > self._begins.all

    @property
    def left_out(self) -> np.ndarray:
        """Return the numbers of the states that are not."""
        return np.flatnonzero(~self.expanded)

    @property
    def costs(self) -> np.ndarray:
        """Return the expected cost of a period, less revenue, in each state; 0 where it is left out (states,)."""
        return self._costs.all

    @property
    def transitions(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return where the transitions of each state begin and end, the next states, and their chances."""
        return self._begins.all, self._ends.all, self._next_state.all, self._chances.all

    @property
    def replacements(self) -> np.ndarray:
        """Return the first state that is expanded in each phase (phases,): it replaces those left out."""
        known = np.flatnonzero(self.expanded)
        phases, first = np.unique(self.phases(known), return_index=True)
        found = np.zeros(self.outcomes.season, np.int64)
        found[phases] = known[first]
        return found

    def phases(self, states: np.ndarray) -> np.ndarray:
        """Return the phases of some states, given by number."""
        phases: np.ndarray = self.states.rows[states, -1] // self.outcomes.per_phase
        return phases

    def next_distribution(self) -> np.ndarray:
        """Return the distribution of the state (states,) a period after the present one."""
        out = np.zeros(len(self.states))
        push_forward(np.flatnonzero(self.distribution), *self.transitions, self.distribution, out)
        return out

    def expand(self, states: np.ndarray) -> None:
        """Ask for the order in some states, given by number, and list what follows.

        Raises:
            TooMany: where that makes more states than are wanted.
        """
        for some in self._batches(states):
            ends, next_state, chances, costs = self._period(some, self.outcomes.demand_state)
            self._grow()
            first = self._next_state.size
            self._begins.all[some], self._ends.all[some] = first + np.append(0, ends[:-1]), first + ends
            self._costs.all[some] = costs
            self._next_state.add(next_state)
            self._chances.add(chances)
            if len(self.states) > self.most_states:
                raise TooMany(
                    f"{self.scenario.name}: has more than {self.most_states:,} states, too many to enumerate (make "
                    "demands or lead times smaller, order in batches, or raise most_states)"
                )
            if self.progress is not None:
                self.progress(f"{len(self.states):,} states")

    def last_costs(self, states: np.ndarray) -> np.ndarray:
        """Return the expected cost in some states of the last period, where what is left has a value (states,)."""
        if self.layout.columns.last is None or not len(states):
            return self.costs[states]
        found = [self._period(some, self.outcomes.last_demand_state)[3] for some in self._batches(states)]
        self._grow()
        return np.concatenate(found)

    def expand_all(self, most: int) -> bool | None:
        """Expand all states that can be reached, if they are no more than so many; else leave the chain as it was.

        Returns whether it is done, or None if new ones are found for so many periods in a row as if there were no end.
        """
        begins, ends = self._begins.all.copy(), self._ends.all.copy()
        done: bool | None = None
        for _ in range(MOST_ROUNDS):
            new = self.left_out
            if not len(new):
                return True
            if len(self.states) > most:
                done = False
                break
            self.expand(new)
        self._begins.all[:], self._ends.all[:] = 0, 0
        self._begins.all[: len(begins)], self._ends.all[: len(ends)] = begins, ends
        return done

    def reach(self, rarest: float, discount: float) -> None:
        """Expand all states that are entered with a chance of more than `rarest` in a period, weighted by the discount.

        The distribution of the state is played forward, until the chance to enter a state that is left out has settled,
        or until nothing weighs any more.

        Raises:
            TooMany: where that takes too many states or periods.
        """
        if discount < 1 or not self.expanded[0]:
            self.distribution = np.zeros(len(self.states))
            self.distribution[0] = 1.0
            self._expand_entered(self.distribution, rarest, discount)
        periods, before = 0, np.inf
        while True:
            entered = self._play_forward(rarest, discount)
            periods += STRIDE
            leaving = entered.sum()
            settled = abs(leaving - before) <= STEADY * leaving if discount == 1 else not self.distribution.any()
            if not self._expand_entered(entered, rarest, discount) and settled:
                return
            before = leaving
            if periods > MOST_PERIODS:
                raise TooMany(
                    f"{self.scenario.name}: after {periods:,} periods states are reached that never were before, as if "
                    "there were no end to them (play it: jit_gym.evaluate)"
                )

    def _play_forward(self, rarest: float, discount: float) -> np.ndarray:
        """Play the distribution forward for a stride; return the largest chance to enter each state left out."""
        entered, out = np.zeros(len(self.states)), self.left_out
        replacements = self.replacements[self.phases(out)]
        for _ in range(STRIDE):
            now = discount * self.next_distribution()
            entered[out] = np.maximum(entered[out], now[out])
            if discount == 1:
                np.add.at(now, replacements, now[out])
            now[out] = 0.0
            self.distribution = np.where(now > rarest / STRIDE / 1e3, now, 0.0)
            self.chance = np.maximum(np.append(self.chance, np.zeros(len(now) - len(self.chance))), now)
        return entered

    def _expand_entered(self, entered: np.ndarray, rarest: float, discount: float) -> bool:
        """Expand what is entered with more than some chance, and what is entered from there; tell if there was any."""
        grown = False
        while len(new := np.flatnonzero((entered > rarest) & ~self.expanded)):
            self.expand(new)
            after = np.zeros(len(self.states))
            push_forward(new, *self.transitions, entered, after)
            after *= discount
            after[: len(entered)] += entered
            entered, grown = after, True
        missing = len(self.states) - len(self.distribution)
        self.distribution = np.append(self.distribution, np.zeros(missing))
        return grown

    def _period(
        self, states: np.ndarray, demand_state: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Expand a period from some states, given by number, of one exogenous state.

        Args:
            states: their numbers.
            demand_state: the demand state of each exogenous state: the usual one, or that of the last period.

        Returns:
            Where the transitions of each state end (states,), the next states and their chances (transitions,), and the
            expected cost of the period (states,).
        """
        outcomes = self.outcomes
        exogenous = int(self.states.rows[states[0], -1])
        supply, supply_chance = likely(outcomes.supply, outcomes.supply_chance[exogenous])
        table = self._demand_table(int(demand_state[exogenous]))
        post_states, post_state, costs = self._after_order(states, supply, table.demand[0])
        if (demand_class := table.classes(post_states)) is None:  # demand changes more than stocks and backlogs
            self._whole_states, self._tables = True, {}
            return self._period(states, demand_state)
        following, following_chance = likely(
            np.arange(outcomes.per_phase), outcomes.transition[exogenous % outcomes.per_phase]
        )
        following += self._next_phase(exogenous)
        left_states = LeftStates(table)
        left = left_states.insert(post_states, demand_class)
        many = len(left_states), len(following)
        rows = np.repeat(left_states.merged(0), many[1], axis=0)
        next_of_left = self.states.insert(np.column_stack([rows, np.tile(following, many[0])])).reshape(many)
        groups = np.diff(table.group_start)[demand_class]
        room = int(groups[post_state].sum()) * len(following)
        stops, next_state, chances = np.empty(len(states), np.int64), np.empty(room, np.int32), np.empty(room)
        given = post_state, supply_chance, demand_class, np.append(0, np.cumsum(groups)), left, next_of_left
        group_chance = table.group_start, table.group_chance[0], following_chance
        list_transitions(*given, *group_chance, stops, next_state, chances)
        charged = (table.costs[0] - table.first_costs)[demand_class]
        if self.cost_ahead is not None:
            charged = charged + self.cost_ahead(exogenous, post_states)
        return stops, next_state, chances, (costs + charged[post_state]) @ supply_chance

    def _after_order(
        self, states: np.ndarray, supply: np.ndarray, demand: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Order in some states, given by number, with each outcome of supply.

        Returns:
            The post-decision states (post-decision states, width), which of them each outcome leads to, and what the
            period costs with one demand given, both (states, outcomes).
        """
        rows, each = self.states.rows[states].astype(float), np.repeat(np.arange(len(states)), len(supply))
        orders = self.orders_in(rows[:, :-1], self.states.rows[states, -1])
        after = self.halves.order(rows[each, :-1], orders[each], np.tile(supply, (len(states), 1)), demand)
        if not after.whole:
            raise BadInput(f"{self.scenario.name}: its quantities do not stay whole, and cannot be counted")
        found = StateIndex(self.layout.state_size)
        post_state = found.insert(after.post_states).reshape(-1, len(supply))
        return found.all.astype(float), post_state, after.costs.reshape(-1, len(supply))

    def _demand_table(self, demand_state: int) -> DemandTable:
        if demand_state not in self._tables:
            table = DemandTable.of(self.halves, self.outcomes, demand_state, whole_states=self._whole_states)
            self._tables[demand_state] = table
        return self._tables[demand_state]

    def _batches(self, states: np.ndarray) -> Iterator[np.ndarray]:
        """Yield some states in parts, each of one exogenous state and of no more than can be listed by one call."""
        exogenous = self.states.rows[states, -1]
        for each in np.unique(exogenous).tolist():
            some = states[exogenous == each]
            size = max(1, CHUNK // int(self._most_transitions[each]))
            yield from (some[first : first + size] for first in range(0, len(some), size))

    def _grow(self) -> None:
        more = len(self.states) - self._costs.size
        for numbers in (self._begins, self._ends, self._costs):
            numbers.add(np.zeros(more))

    def _next_phase(self, exogenous: int) -> int:
        """Return the first exogenous state of the phase that follows one's own."""
        outcomes = self.outcomes
        return (exogenous // outcomes.per_phase + 1) % outcomes.season * outcomes.per_phase

    def _merged(self, rows: np.ndarray, exogenous: int) -> np.ndarray:
        """Return states in the form in which they are enumerated, with their exogenous state."""
        return np.column_stack([self.halves.merged(rows), np.full(len(rows), exogenous)])

    def check(self, times: int = 16, seed: int = 0) -> None:
        """Simulate periods along a random path from the start, and compare next states and costs with those listed.

        Raises:
            AssertionError: if they differ, which is a bug.
        """
        rng, layout, outcomes = np.random.default_rng(seed), self.layout, self.outcomes
        raw, exogenous = layout.start.copy(), 0
        for _ in range(times):
            x = int(self.states.find(self._merged(raw[None, :], exogenous))[0])
            if not self.expanded[x]:
                return
            orders = self.orders_in(self.states.rows[x : x + 1, :-1].astype(float), np.array([exogenous]))[0]
            supply, supply_chance = likely(outcomes.supply, outcomes.supply_chance[exogenous])
            demand_chances = outcomes.demand_chance[outcomes.demand_state[exogenous]]
            demand, demand_chance = likely(outcomes.demand, demand_chances)
            chance = np.outer(supply_chance, demand_chance).ravel()
            both = (supply[:, None] + demand[None, :]).reshape(len(chance), -1)
            rows, costs = simulate_period(layout, raw, orders, both)
            later, move = self._next_phase(exogenous), outcomes.transition[exogenous % outcomes.per_phase]
            difference = np.zeros(len(self.states))
            push_forward(np.array([x]), *self.transitions, np.ones(x + 1), difference)
            for j in np.flatnonzero(move).tolist():
                np.add.at(difference, self.states.find(self._merged(rows, later + j)), -chance * move[j])
            same = self.cost_ahead is not None or np.isclose(costs @ chance, self.costs[x], rtol=1e-9, atol=1e-9)
            if np.abs(difference).max() > 1e-9 or not same:
                raise AssertionError(f"{self.scenario.name}: a period goes otherwise than its transitions say")
            raw = np.ascontiguousarray(rows[rng.choice(len(chance), p=chance)])
            exogenous = later + int(rng.choice(outcomes.per_phase, p=move))


@compiled
def list_transitions(
    post_state: Any,  # which post-decision state each outcome of supply leads to (states, outcomes)
    supply_chance: Any,  # (outcomes,)
    demand_class: Any,  # (post-decision states,)
    left_start: Any,  # where what demand leaves of each post-decision state starts, and the last one ends
    left: Any,  # the states that it leaves
    next_of_left: Any,  # the state that follows each with each exogenous state (left states, exogenous states)
    group_start: Any,  # where each class's groups start
    group_chance: Any,  # (groups,)
    exogenous_chance: Any,  # (exogenous states,)
    stops: Any,  # out: where each state's transitions end (states,)
    next_state: Any,  # out: numbers of the next states (transitions,)
    chances: Any,  # out: their transition probabilities
) -> None:
    """List the transitions of states of one exogenous state, in each of which one order has been placed."""
    k = 0
    for n in range(len(post_state)):
        for r in range(len(supply_chance)):
            y = post_state[n, r]
            first = group_start[demand_class[y]] - left_start[y]
            for i in range(left_start[y], left_start[y + 1]):
                for j in range(len(exogenous_chance)):
                    next_state[k] = next_of_left[left[i], j]
                    chances[k] = supply_chance[r] * group_chance[first + i] * exogenous_chance[j]
                    k += 1
        stops[n] = k


@compiled
def push_forward(
    states: Any, begins: Any, ends: Any, next_state: Any, chances: Any, distribution: Any, out: Any
) -> None:
    """Add m P to `out`, for a distribution m that is looked at in some states, given by number."""
    for n in range(len(states)):
        x = states[n]
        for k in range(begins[x], ends[x]):
            out[next_state[k]] += distribution[x] * chances[k]


@compiled
def expected_cost_to_go(
    first: int,
    last: int,
    states: Any,
    begins: Any,
    ends: Any,
    next_state: Any,
    chances: Any,
    costs: Any,
    discount: float,
    v: Any,
    out: Any,
) -> None:
    """Compute c + b P v in some states, given by number; v and the costs c are those of all states."""
    for n in range(first, last):
        x, total = states[n], 0.0
        for k in range(begins[x], ends[x]):
            total += chances[k] * v[next_state[k]]
        out[n] = costs[x] + discount * total
