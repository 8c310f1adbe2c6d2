"""A scenario as a Markov decision process: named arrays of its states, actions, transitions and costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..chance.outcomes import Outcomes
from ..physics import Layout
from ..physics.recorded import period_kernel
from ..physics.simulate import paths_last
from ..physics.tables import batch_flows
from ..scenario import BadInput, Scenario
from .merging import Merging
from .space import Halves
from .state_index import StateIndex

MOST_STATES = 3_000_000

ActionsIn = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""Given pre-decision states (states, width), returns the pairs of a state and an action in it, sorted by state.

That is the place of each pair's state among those given (pairs,), its orders (pairs, lanes), and its action (pairs,).
"""


@dataclass(frozen=True, eq=False)
class DecisionProcess:
    r"""A periodic Markov decision process with factored states (Puterman 2005; Powell 2011, on post-decision states).

    A state is a triple (n, j, x): a phase n of the season, the number j of an exogenous state in that phase
    (`Outcomes`), and a pre-decision state x: the units in each place, before the order. In a period

    1. an action a in A(x) is taken: the pairs (x, a) are numbered, those of x from `pair_start[x]` to
       `pair_start[x + 1]`;
    2. supply has the outcome r with chance q(r | n, j), which costs k(x, a, r) and leads to the post-decision state
       y = f(x, a, r);
    3. demand has an outcome in group g with chance p(g | d, y), where d is the demand state of (n, j); it is expected
       to cost c(d, y), and group g leads to the pre-decision state x'(y, g);
    4. the phase becomes n + 1, at the end of the season 0, and j becomes j' with chance M(j, j').

    So the expected cost and the transition probabilities of the pair (x, a) are

    .. math::
        C(n, j, x, a) = \sum_r q(r \mid n, j) \, [k(x, a, r) + c(d, f(x, a, r))]

        P(n + 1, j', x' \mid n, j, x, a) = M(j, j') \sum_r q(r \mid n, j)
            \sum_{g: x'(f(x, a, r), g) = x'} p(g \mid d, f(x, a, r))

    No matrix P is stored: many actions share a post-decision state, and many post-decision states share their chances.
    A demand class is a set of post-decision states for which p, and the groups, are the same.
    """

    scenario: Scenario
    layout: Layout  # of the rows of states
    outcomes: Outcomes  # n, j, d, q and M
    merging: Merging
    pre_states: StateIndex  # the states x; number 0 is the start
    post_states: StateIndex  # the states y
    pair_start: np.ndarray  # (x + 1,): where the pairs of each state start, and the last ones end
    action: np.ndarray  # (pairs,): the action a of each pair
    post_state: np.ndarray  # (pairs, r): y = f(x, a, r)
    order_cost: np.ndarray  # (pairs, r): k(x, a, r), money
    demand_cost: np.ndarray  # (d, y): c(d, y), money
    demand_class: np.ndarray  # (y,)
    group_start: np.ndarray  # (classes + 1,): where the groups of each class start, and the last ones end
    group_chance: np.ndarray  # (d, groups): p(g | d, y), for all y of a class
    next_start: np.ndarray  # (y + 1,): where the next states of each post-decision state start, and the last ones end
    next_state: np.ndarray  # (next states,): x'(y, g), in the order of the groups of y's class

    @property
    def num_states(self) -> int:
        """Return the number of states (n, j, x)."""
        return len(self.pre_states) * self.outcomes.states

    @property
    def demand_transitions(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the arrays that tell what follows a post-decision state, in the order in which kernels take them."""
        return self.demand_class, self.group_start, self.group_chance, self.next_start, self.next_state

    def check(self, actions_in: ActionsIn, *, times: int = 24, seed: int = 0) -> None:
        """Simulate periods along a random path, and compare next states and costs with the arrays.

        Args:
            actions_in: the actions that the process was enumerated with.
            times: how many periods.
            seed: of the path.

        Raises:
            AssertionError: if they differ, which is a bug, such as merged states that have different futures.
        """
        rng, layout, outcomes = np.random.default_rng(seed), self.layout, self.outcomes
        raw, merged = layout.start.copy(), Halves(layout, self.merging).merged  # raw: as simulated, not merged
        for t in range(times):
            z = t % outcomes.season * outcomes.per_phase + int(rng.integers(outcomes.per_phase))
            d = int(rng.choice([outcomes.demand_state[z], outcomes.last_demand_state[z]]))
            x = int(self.pre_states.find(merged(raw[None, :]))[0])
            _, orders, _ = actions_in(self.pre_states.all[x : x + 1].astype(float))
            a = int(rng.integers(len(orders)))
            r = int(rng.choice(len(outcomes.supply), p=outcomes.supply_chance[z]))
            chance = outcomes.demand_chance[d]
            rows, costs = simulate_period(layout, raw, orders[a], outcomes.supply[r] + outcomes.demand)
            reached = self.pre_states.find(merged(rows))
            pair = self.pair_start[x] + a
            if reached.min() < 0 or not np.allclose(
                np.bincount(reached, chance, len(self.pre_states)), self._next_distribution(pair, r, d)
            ):
                raise AssertionError(f"{self.scenario.name}: a period leads elsewhere than the enumeration says")
            cost, listed = costs @ chance, self.order_cost[pair, r] + self.demand_cost[d, self.post_state[pair, r]]
            if not np.isclose(cost, listed, rtol=1e-9, atol=1e-9):
                raise AssertionError(f"{self.scenario.name}: a period costs {cost}, the enumeration says {listed}")
            raw = np.ascontiguousarray(rows[rng.choice(len(chance), p=chance)])

    def _next_distribution(self, pair: int, r: int, d: int) -> np.ndarray:
        """Return P(x' | pair, outcome r of supply, demand state d) for all pre-decision states (states,)."""
        y = self.post_state[pair, r]
        groups = slice(self.group_start[self.demand_class[y]], self.group_start[self.demand_class[y] + 1])
        next_states = self.next_state[self.next_start[y] : self.next_start[y + 1]]
        return np.bincount(next_states, self.group_chance[d, groups], minlength=len(self.pre_states))


class TooMany(BadInput):
    """There are more states than are wanted."""


def simulate_period(
    layout: Layout, raw: np.ndarray, order: np.ndarray, chance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Simulate a period from one state (width,) with each row of chance; return the next states and the costs."""
    states, flows = layout.states(len(chance)), layout.flows(len(chance))
    states[:] = raw[:, None]
    orders, rows = np.repeat(np.asarray(order, float)[None, :], len(chance), axis=0), paths_last(chance[None])
    period_kernel(layout).on(len(chance), net=layout.numbers, state=states, chance=rows, flows=flows, orders=orders)()
    return np.ascontiguousarray(states.T), -batch_flows(flows, layout.sizes).money["reward"][:, 0]
