"""Which states of a decision process matter under a policy: those that recur, or that are reached at all."""

from __future__ import annotations

import numpy as np

from .bellman import Operators
from .process import DecisionProcess


def recurrent_states(process: DecisionProcess, policy: np.ndarray, discount: float) -> np.ndarray:
    """Tell which states are recurrent under a policy and reached from the start, or with a discount: reached at all.

    Both are (phases, exogenous states, pre-decision states); the policy has the pair chosen in each. Recurrent states
    are those of the strong components of the transition graph that no transition leaves (Puterman 2005, appendix A.2).
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    head, tail = _transition_graph(process, policy)
    size = policy.size
    graph = csr_array((np.ones(len(head), np.int8), (head, tail)), shape=(size, size))
    reached = np.zeros(size, bool)
    reached[breadth_first_order(graph, 0, return_predecessors=False)] = True
    if discount < 1.0:
        return reached.reshape(policy.shape)
    _, component = connected_components(graph, connection="strong")
    transient = np.zeros(component.max() + 1, bool)
    transient[component[head[component[head] != component[tail]]]] = True
    return (reached & ~transient[component]).reshape(policy.shape)


def _transition_graph(process: DecisionProcess, policy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the states that all transitions under a policy leave, and enter, as places in the flat policy."""
    outcomes = process.outcomes
    phases, per_phase, many = policy.shape
    supply_chance = outcomes.supply_chance.reshape(phases, per_phase, -1)
    demand_state = outcomes.demand_state.reshape(phases, per_phase)
    heads, tails = [], []
    moves = np.argwhere(outcomes.transition > 0)
    for phase in range(phases):
        for j in range(per_phase):
            for r in np.flatnonzero(supply_chance[phase, j] > 0):
                y = process.post_state[policy[phase, j], r]
                start, groups = process.next_start[y], process.next_start[y + 1] - process.next_start[y]
                group = np.arange(groups.sum()) - np.repeat(np.cumsum(groups) - groups, groups)
                next_states = process.next_state[np.repeat(start, groups) + group]
                chance = process.group_chance[demand_state[phase, j]]
                likely = chance[np.repeat(process.group_start[process.demand_class[y]], groups) + group] > 0
                head = ((phase * per_phase + j) * many + np.repeat(np.arange(many), groups))[likely]
                for following in (b for a, b in moves if a == j):
                    heads.append(head)
                    tails.append((((phase + 1) % phases) * per_phase + following) * many + next_states[likely])
    return np.concatenate(heads), np.concatenate(tails)


def visited_states(operators: Operators, policy: np.ndarray, least_chance: float) -> tuple[np.ndarray, np.ndarray]:
    """Play a policy by period from the start; return which states have a chance in which period, and how often.

    Args:
        operators: of the process.
        policy: the pair chosen in each period and state (periods, exogenous states, pre-decision states).
        least_chance: that counts as one.

    Returns:
        Which states have more than the least chance (periods, exogenous states, pre-decision states), and the share of
        periods that begin in each (exogenous states, pre-decision states).
    """
    distribution = np.zeros(policy.shape[1:])
    distribution[0, 0] = 1.0
    visited, share = np.zeros(policy.shape, bool), np.zeros(policy.shape[1:])
    for t in range(len(policy)):
        visited[t] = distribution > least_chance
        share += distribution / len(policy)
        distribution = operators.next_distribution(t % operators.phases, distribution, policy[t])
    return visited, share
