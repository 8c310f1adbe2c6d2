"""States that are enumerated: how they are numbered, and what the halves of a period make of them."""

import numpy as np
import pytest

import jit_gym
from jit_gym.chance.outcomes import Outcomes
from jit_gym.physics import Layout
from jit_gym.theory.demand_table import DemandTable
from jit_gym.theory.left_states import LeftStates
from jit_gym.theory.merging import nothing_merged, optimal_merging
from jit_gym.theory.process import simulate_period
from jit_gym.theory.space import Halves
from jit_gym.theory.state_index import StateIndex
from jit_gym.theory.state_source import state_fields


def test_states_are_numbered_as_they_are_found():
    rows = np.random.default_rng(1).integers(-3, 12, (20_000, 4))
    index, known = StateIndex(4), {}
    for some in np.array_split(rows, 7):  # with the same state many times in a call, and while the table grows
        expected = [known.setdefault(tuple(row), len(known)) for row in some.tolist()]
        assert index.insert(some).tolist() == expected
    assert index.all.tolist() == [list(row) for row in known]
    assert index.find(rows).tolist() == [known[tuple(row)] for row in rows.tolist()]
    assert index.find(np.full((1, 4), 99)).tolist() == [-1]


def post_states(layout: Layout, many: int) -> np.ndarray:
    """Return random states with units on hand and on the way."""
    random, where = np.random.default_rng(2), state_fields(layout)
    rows = np.zeros((many, layout.state_size))
    for table, field in (("stocks", "on_hand"), ("pipeline", "")):
        rows[:, where[table, field]] = random.integers(0, 6, (many, len(where[table, field])))
    rows[:, where["lanes", "in_transit"]] = rows[:, where["pipeline", ""]].sum(axis=1, keepdims=True)
    return rows


@pytest.mark.parametrize("name", ["lost-sales", "fixed-cost", "dual-sourcing"])
def test_the_halves_of_a_period_are_a_period(name: str):
    scenario = jit_gym.load(name)
    layout, outcomes = Layout(scenario), Outcomes.of(scenario)
    halves = Halves(layout, nothing_merged(scenario, ignores_use=False))
    start, many = layout.start, len(outcomes.demand)
    order, supply = np.full(len(layout.lanes), 3.0), outcomes.supply[:1]
    rows, costs = simulate_period(layout, start, order, supply + outcomes.demand)
    for d in range(many):
        after = halves.order(start[None], order[None], supply, outcomes.demand[d])
        assert after.whole
        assert after.costs[0] == costs[d]
        left = halves.demand(after.post_states, outcomes.demand[d : d + 1])
        assert (halves.merged(left.rows) == halves.merged(rows[d : d + 1])).all()


@pytest.mark.parametrize("whole_states", [False, True])
@pytest.mark.parametrize("name", ["lost-sales", "fixed-cost"])
def test_what_demand_leaves_is_found_by_rest_and_part(name: str, whole_states: bool):
    scenario = jit_gym.load(name)
    layout, outcomes = Layout(scenario), Outcomes.of(scenario)
    halves = Halves(layout, optimal_merging(scenario))
    table = DemandTable(halves, outcomes.demand, outcomes.demand_chance, whole_states=whole_states)
    left_states, rows = LeftStates(table), post_states(layout, 500)
    for some in np.array_split(rows, 3):
        demand_class = table.classes(some)
        assert demand_class is not None
        left = left_states.insert(some, demand_class)
        groups = np.diff(table.group_start)[demand_class]
        each, found = np.repeat(np.arange(len(some)), groups), left_states.merged(0)[left]
        chances = table.group_chance[0][
            np.concatenate([np.arange(*table.group_start[c : c + 2]) for c in demand_class])
        ]
        for n in range(0, len(some), 20):
            played = halves.demand(np.repeat(some[n : n + 1], len(outcomes.demand), axis=0), outcomes.demand)
            expected: dict[tuple[float, ...], float] = {}
            for row, chance in zip(halves.merged(played.rows).tolist(), outcomes.demand_chance[0], strict=True):
                expected[tuple(row)] = expected.get(tuple(row), 0.0) + chance
            listed: dict[tuple[float, ...], float] = {}
            for row, chance in zip(found[each == n].tolist(), chances[each == n], strict=True):
                listed[tuple(row)] = listed.get(tuple(row), 0.0) + chance
            assert listed == pytest.approx(expected)
