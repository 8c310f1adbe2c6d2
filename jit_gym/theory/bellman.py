"""The Bellman operator of an enumerated decision process, and the operators of a given policy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..common.threads import share
from ..kernels.cache import compiled, inlined
from .process import DecisionProcess

LEAST_STATES = 1 << 13  # that are worth a thread


def over_states(kernel: Any, states: int, *arguments: Any) -> None:
    """Call `kernel(first, last, *arguments)` for ranges that cover all states, on all threads where they are many."""
    share(lambda part: kernel(part.start, part.stop, *arguments), states, LEAST_STATES)


class Operators:
    r"""The operators of a decision process with discount factor b (notation: `DecisionProcess`).

    A value function v has, for one phase, an array (exogenous states of the phase, pre-decision states); a policy
    sigma has an array of the same shape with the pair, a state and an action in it, that is chosen. All operators go
    from the next phase to this one. With the value w of post-decision states,

    .. math::
        w_n(j, y) = c(d, y) + b \sum_g p(g \mid d, y) \sum_{j'} M(j, j') \, v_{n+1}(j', x'(y, g))

        (T v)_n(j, x) = \min_{a \in A(x)} \sum_r q(r \mid n, j) \, [k(x, a, r) + w_n(j, f(x, a, r))]

        (T_\sigma v)_n(j, x) = \sum_r q(r \mid n, j) \, [k(x, \sigma, r) + w_n(j, f(x, \sigma, r))]
                             = C_\sigma + b P_\sigma v

    T is the Bellman operator (Bellman 1957), and an action that attains the minimum is *greedy* for v.
    """

    def __init__(self, process: DecisionProcess, discount: float) -> None:
        """Take a process, and a discount factor of 1 or less."""
        outcomes = process.outcomes
        self.process, self.discount = process, discount
        self.phases, self.per_phase = outcomes.season, outcomes.per_phase
        by_phase = self.phases, self.per_phase
        self.demand_state = outcomes.demand_state.reshape(by_phase)
        self.last_demand_state = outcomes.last_demand_state.reshape(by_phase)
        self.supply_chance = outcomes.supply_chance.reshape(*by_phase, -1)
        self._post_values = np.empty((self.per_phase, len(process.post_states)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (phases, exogenous states of a phase, pre-decision states), the shape of values and policies."""
        return self.phases, self.per_phase, len(self.process.pre_states)

    def bellman_operator(self, phase: int, v: np.ndarray, sigma: np.ndarray, *, last: bool = False) -> np.ndarray:
        """Return T v in a phase, given v in the next one.

        Args:
            phase: n.
            v: the values in phase n + 1 (exogenous states, pre-decision states).
            sigma: filled with the greedy policy, of the same shape.
            last: whether it is the last period of a world that ends.
        """
        process, post_values, Tv = self.process, self._post_values, np.empty_like(v)
        over_states(_post_decision_values, post_values.shape[1], *self._demand(phase, v, last), post_values)
        pairs = process.pair_start, process.post_state, process.order_cost, self.supply_chance[phase]
        over_states(_minimise, Tv.shape[1], *pairs, post_values, Tv, sigma)
        return Tv

    def T_sigma(self, phase: int, v: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """Return T_sigma v = C_sigma + b P_sigma v in a phase, given v in the next one."""
        process, Tv = self.process, np.empty_like(v)
        pairs = process.post_state, process.order_cost, self.supply_chance[phase]
        over_states(_evaluate, Tv.shape[1], *pairs, *self._demand(phase, v, False), sigma, Tv)
        return Tv

    def discounted_next(self, phase: int, v: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """Return b P_sigma v in a phase, given v in the next one: T_sigma without the costs."""
        process, out = self.process, np.empty_like(v)
        pairs = process.post_state, self.supply_chance[phase]
        *transitions, _, demand_state, discounted = self._demand(phase, v, False)
        over_states(_expect_next, out.shape[1], *pairs, *transitions, demand_state, discounted, sigma, out)
        return out

    def next_distribution(self, phase: int, distribution: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """Return m P_sigma: the distribution in the next phase, given that in this one, m, both of the shape of v."""
        process, out = self.process, np.zeros_like(distribution)
        chances = self.supply_chance[phase], *process.demand_transitions, self.demand_state[phase]
        _push_forward(process.post_state, *chances, sigma, distribution, out)
        moved: np.ndarray = process.outcomes.transition.T @ out
        return moved

    def _demand(self, phase: int, v: np.ndarray, last: bool) -> tuple[Any, ...]:
        """Return what the kernels need to take the expectation over demand: b M v, and the arrays of the process."""
        process = self.process
        demand_state = (self.last_demand_state if last else self.demand_state)[phase]
        discounted = self.discount * (process.outcomes.transition @ v)
        return *process.demand_transitions, process.demand_cost, demand_state, discounted


@inlined
def _add_next(total: float, chance: Any, g: int, discounted: Any, next_state: Any, first: int, last: int) -> float:
    """Return a cost and what follows: the sum over next states, from `first` to `last`, of chance and (b M v)."""
    for i in range(last - first):
        total += chance[g + i] * discounted[next_state[first + i]]
    return total


@compiled
def _post_decision_values(
    first: int,
    last: int,
    demand_class: Any,
    group_start: Any,
    group_chance: Any,
    next_start: Any,
    next_state: Any,
    demand_cost: Any,
    demand_state: Any,
    discounted: Any,  # b M v (exogenous states, pre-decision states)
    out: Any,
) -> None:
    """Compute w(j, y) = c(d, y) + sum over g of p(g | d, y) (b M v)(j, x'(y, g)), for some y."""
    for y in range(first, last):
        g, k = group_start[demand_class[y]], next_start[y]
        for j in range(len(discounted)):
            chance, cost = group_chance[demand_state[j]], demand_cost[demand_state[j], y]
            out[j, y] = _add_next(cost, chance, g, discounted[j], next_state, k, next_start[y + 1])


@compiled
def _minimise(
    first: int,
    last: int,
    pair_start: Any,
    post_state: Any,
    order_cost: Any,
    supply_chance: Any,
    post_values: Any,
    out: Any,
    sigma: Any,
) -> None:
    """Compute (T v)(j, x) = min over a, sum over r of q(r) (k(x, a, r) + w(j, f(x, a, r))) and the pair, for some x."""
    for x in range(first, last):
        for j in range(len(post_values)):
            best, at = np.inf, pair_start[x]
            for pair in range(pair_start[x], pair_start[x + 1]):
                total = 0.0
                for r in range(post_state.shape[1]):
                    total += supply_chance[j, r] * (order_cost[pair, r] + post_values[j, post_state[pair, r]])
                if total < best:
                    best, at = total, pair
            out[j, x], sigma[j, x] = best, at


@compiled
def _evaluate(
    first: int,
    last: int,
    post_state: Any,
    order_cost: Any,
    supply_chance: Any,
    demand_class: Any,
    group_start: Any,
    group_chance: Any,
    next_start: Any,
    next_state: Any,
    demand_cost: Any,
    demand_state: Any,
    discounted: Any,
    sigma: Any,
    out: Any,
) -> None:
    """One policy-evaluation sweep over some x: T_sigma v = C_sigma + P_sigma (b v)."""
    for x in range(first, last):
        for j in range(len(discounted)):
            value, pair, chance = 0.0, sigma[j, x], group_chance[demand_state[j]]
            for r in range(post_state.shape[1]):
                if supply_chance[j, r] > 0:
                    y = post_state[pair, r]
                    g, k = group_start[demand_class[y]], next_start[y]
                    cost = demand_cost[demand_state[j], y] + order_cost[pair, r]
                    total = _add_next(cost, chance, g, discounted[j], next_state, k, next_start[y + 1])
                    value += supply_chance[j, r] * total
            out[j, x] = value


@compiled
def _expect_next(
    first: int,
    last: int,
    post_state: Any,
    supply_chance: Any,
    demand_class: Any,
    group_start: Any,
    group_chance: Any,
    next_start: Any,
    next_state: Any,
    demand_state: Any,
    discounted: Any,
    sigma: Any,
    out: Any,
) -> None:
    """Compute P_sigma (b v) for some x."""
    for x in range(first, last):
        for j in range(len(discounted)):
            value, pair, chance = 0.0, sigma[j, x], group_chance[demand_state[j]]
            for r in range(post_state.shape[1]):
                if supply_chance[j, r] > 0:
                    y = post_state[pair, r]
                    g, k = group_start[demand_class[y]], next_start[y]
                    total = _add_next(0.0, chance, g, discounted[j], next_state, k, next_start[y + 1])
                    value += supply_chance[j, r] * total
            out[j, x] = value


@compiled
def _push_forward(
    post_state: Any,
    supply_chance: Any,
    demand_class: Any,
    group_start: Any,
    group_chance: Any,
    next_start: Any,
    next_state: Any,
    demand_state: Any,
    sigma: Any,
    distribution: Any,
    out: Any,
) -> None:
    """Add to each next pre-decision state the chance with which it follows; j stays as it is."""
    for j in range(len(distribution)):
        chance = group_chance[demand_state[j]]
        for x in range(distribution.shape[1]):
            if distribution[j, x] > 0:
                for r in range(post_state.shape[1]):
                    share, y = distribution[j, x] * supply_chance[j, r], post_state[sigma[j, x], r]
                    if share > 0:
                        g, k = group_start[demand_class[y]], next_start[y]
                        for i in range(next_start[y + 1] - k):
                            out[j, next_state[k + i]] += share * chance[g + i]
