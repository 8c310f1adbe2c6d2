"""The decision process and its operators, against dense matrices made from its arrays as its docstring says."""

from typing import NamedTuple

import numpy as np
import pytest

from jit_gym.chance.outcomes import Outcomes
from jit_gym.scenario import Scenario
from jit_gym.theory.bellman import Operators
from jit_gym.theory.enumeration import enumerate_process
from jit_gym.theory.iterate import ModifiedPolicyIteration, PolicyEvaluation, visit_rate
from jit_gym.theory.merging import optimal_merging
from jit_gym.theory.process import DecisionProcess, TooMany
from jit_gym.theory.recurrent import recurrent_states

from .test_solve import BREAKDOWN, shop

MOST = 4  # units in an order


def small() -> Scenario:
    """Return a shop with two phases, two regimes, and breakdowns; its states are bounded by what it can store."""
    return shop(
        {
            "demands.customers.distribution": None,
            "demands.customers.regimes": {
                "slack": {"distribution": {"name": "randint", "low": 0, "high": 3}, "next": {"brisk": 0.1}},
                "brisk": {"distribution": {"name": "randint", "low": 1, "high": 5}, "next": {"slack": 0.3}},
            },
            "demands.customers.season": [1, 2],
            "stocks.shop.initial": 3,
            "stocks.shop.storage_limit": 5,
            "lanes.supplier.unit_cost": 2,
            "lanes.supplier.unshipped": "lapses",
            "disruptions.breakdown": BREAKDOWN,
        }
    )


def actions_in(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Allow all orders up to `MOST` in each state."""
    place, action = np.repeat(np.arange(len(rows)), MOST + 1), np.tile(np.arange(MOST + 1), len(rows))
    return place, action[:, None].astype(float), action


def enumerated(most_states: int = 10_000) -> DecisionProcess:
    """Enumerate the small shop."""
    scenario = small()
    merging, outcomes = optimal_merging(scenario), Outcomes.of(scenario)
    return enumerate_process(scenario, outcomes, merging, actions_in, num_actions=MOST + 1, most_states=most_states)


class Dense(NamedTuple):
    """Costs (states, actions) and transition probabilities (states, actions, states); a state is (n, j, x), flat."""

    costs: np.ndarray
    transitions: np.ndarray


@pytest.fixture(scope="module")
def process() -> DecisionProcess:
    return enumerated()


@pytest.fixture(scope="module")
def dense(process: DecisionProcess) -> Dense:
    """Compute C and P pair by pair."""
    outcomes, many = process.outcomes, len(process.pre_states)
    phases, per_phase = outcomes.season, outcomes.per_phase
    costs = np.zeros((phases, per_phase, many, MOST + 1))
    chances = np.zeros((phases, per_phase, many, MOST + 1, phases, per_phase, many))
    for z in range(outcomes.states):
        n, j, d = z // per_phase, z % per_phase, outcomes.demand_state[z]
        for x in range(many):
            for a, pair in enumerate(range(process.pair_start[x], process.pair_start[x + 1])):
                for r, q in enumerate(outcomes.supply_chance[z]):
                    y = process.post_state[pair, r]
                    costs[n, j, x, a] += q * (process.order_cost[pair, r] + process.demand_cost[d, y])
                    groups = range(*process.group_start[process.demand_class[y] :][:2])
                    for g, follows in zip(groups, process.next_state[process.next_start[y] :], strict=False):
                        moved = q * process.group_chance[d, g] * outcomes.transition[j]
                        chances[n, j, x, a, (n + 1) % phases, :, follows] += moved
    size = phases * per_phase * many
    return Dense(costs.reshape(size, -1), chances.reshape(size, MOST + 1, size))


@pytest.fixture
def v(process: DecisionProcess) -> np.ndarray:
    """Return some values (phases, exogenous states of a phase, pre-decision states)."""
    outcomes = process.outcomes
    return np.random.default_rng(1).normal(size=(outcomes.season, outcomes.per_phase, len(process.pre_states)))


def next_phase(v: np.ndarray, phase: int) -> np.ndarray:
    return v[(phase + 1) % len(v)]


def test_the_chances_of_all_transitions_add_up_to_1(process: DecisionProcess, dense: Dense):
    assert process.outcomes.season == 2
    assert process.outcomes.per_phase == 4
    np.testing.assert_allclose(dense.transitions.sum(axis=2), 1)
    process.check(actions_in)


def test_the_bellman_operator_takes_the_minimum_over_actions(process: DecisionProcess, dense: Dense, v: np.ndarray):
    """T v = min over a of C + b P v, and the greedy policy attains it."""
    Q = (dense.costs + 0.9 * dense.transitions @ v.ravel()).reshape(*v.shape, -1)
    operators = Operators(process, 0.9)
    for phase in range(len(v)):
        sigma = np.zeros(v.shape[1:], np.int64)
        Tv = operators.bellman_operator(phase, next_phase(v, phase), sigma)
        np.testing.assert_allclose(Tv, Q[phase].min(axis=-1))
        chosen = np.take_along_axis(Q[phase], process.action[sigma][..., None], axis=-1)[..., 0]
        np.testing.assert_allclose(chosen, Tv)
        np.testing.assert_allclose(operators.T_sigma(phase, next_phase(v, phase), sigma), Tv)


def test_the_operators_of_a_policy_are_its_costs_and_transitions(process: DecisionProcess, dense: Dense, v: np.ndarray):
    """T_sigma v = C_sigma + b P_sigma v, and m P_sigma is the adjoint of P_sigma v."""
    actions = np.random.default_rng(2).integers(0, MOST + 1, v.shape)
    policy, each = process.pair_start[:-1] + actions, np.arange(v.size)
    costs = dense.costs[each, actions.ravel()].reshape(v.shape)
    following = (dense.transitions[each, actions.ravel()] @ v.ravel()).reshape(v.shape)
    m = np.abs(v) / np.abs(v).sum(axis=(1, 2), keepdims=True)
    operators = Operators(process, 0.9)
    for phase in range(len(v)):
        later = next_phase(v, phase)
        np.testing.assert_allclose(
            operators.T_sigma(phase, later, policy[phase]), costs[phase] + 0.9 * following[phase]
        )
        np.testing.assert_allclose(operators.discounted_next(phase, later, policy[phase]), 0.9 * following[phase])
        moved = operators.next_distribution(phase, m[phase], policy[phase])
        assert moved.sum() == pytest.approx(1)
        assert (moved * later).sum() == pytest.approx((m[phase] * following[phase]).sum())


@pytest.mark.parametrize("discount", [1.0, 0.9])
def test_iteration_finds_what_linear_equations_say(process: DecisionProcess, dense: Dense, discount: float):
    """The cost of the policy found, from the stationary distribution or (I - b P) v = C, lies within the bounds."""
    iteration = ModifiedPolicyIteration(process, discount)
    low, high, _ = iteration.run(1e-9)
    size, policy = iteration.values.size, iteration.policy
    actions = process.action[policy].ravel()
    costs, transitions = dense.costs[np.arange(size), actions], dense.transitions[np.arange(size), actions]
    occupancy = occupancy_from_start(transitions, discount)
    assert occupancy @ costs == pytest.approx((low + high) / 2, abs=1e-7)

    evaluated = PolicyEvaluation(process, discount, policy, costs.reshape(policy.shape)).run(1e-9)
    assert (evaluated.low + evaluated.high) / 2 == pytest.approx(occupancy @ costs, abs=1e-7)

    out_of_stock = np.broadcast_to(process.pre_states.all[:, 0] == 0, policy.shape)
    rate = visit_rate(process, policy, out_of_stock, discount, 1e-10)
    assert rate == pytest.approx(occupancy @ out_of_stock.ravel(), abs=1e-8)

    recurrent = recurrent_states(process, policy, discount)
    np.testing.assert_array_equal(recurrent.ravel(), occupancy > 1e-14)


def occupancy_from_start(transitions: np.ndarray, discount: float) -> np.ndarray:
    """Return how often each state is visited from state 0 on: the average, or weighted by (1 - b) b^t."""
    size = len(transitions)
    start = np.zeros(size)
    start[0] = 1.0
    if discount < 1:
        return np.linalg.solve(np.eye(size) - discount * transitions.T, (1 - discount) * start)
    two = transitions @ transitions  # the chain has period 2, its season
    even = start @ np.linalg.matrix_power(two, 1 << 12)
    return (even + even @ transitions) / 2


def test_more_states_than_are_wanted_are_refused():
    with pytest.raises(TooMany, match="shop: has more than"):
        enumerated(most_states=10)
