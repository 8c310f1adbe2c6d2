"""Maps of policies: the same chance in all cells, cells as `compare` has them, and what is not decided."""

import numpy as np
import pytest

import jit_gym
from jit_gym.chance import Chance
from jit_gym.common.executor import Executor
from jit_gym.evaluation import compare, policy_map
from jit_gym.evaluation.maps import prepare
from jit_gym.policies import PolicyError
from jit_gym.scenario import BadInput, ScenarioError, load

LEAD, COST = "lanes.supplier.lead_time", "demands.customers.shortage_cost"
AXES = {"x": f"{LEAD}=1,6,12", "y": f"{COST}=4,39"}
POLICIES = ["jit", "base-stock"]
QUICK = {"paths": 16, "periods": 40}


@pytest.fixture(scope="module")
def drawn():
    return jit_gym.policy_map(POLICIES, "lost-sales", **AXES, **QUICK)


def test_a_cell_is_what_compare_says_of_its_scenario(drawn):
    (window,) = drawn.windows
    for row, cost in zip(drawn.cells, (4, 39), strict=True):
        for cell, lead in zip(row, (1, 6, 12), strict=True):
            world = load("lost-sales", {LEAD: lead, COST: cost})
            table = compare(POLICIES, world, paths=16, periods=40, warmup=window.warmup, gap=False)
            assert (cell.x, cell.y) == (lead, cost)
            assert cell.estimates == tuple(result.estimate("cost") for result in table.results)
            assert cell.policies[cell.best] == table.best.policy
            assert cell.more[1] == table.against(table.results[1], table.best)
            assert cell.judgements[1 - cell.best] == table.judged(cell.more[1 - cell.best])


def test_the_whole_grid_counts_the_same_periods():
    """A longer lead time asks for a longer warm-up; the longest is that of all cells."""
    grid = prepare(POLICIES, "lost-sales", x=f"{LEAD}=1,30", y=f"{COST}=4,39")
    assert [each.warmup for each in grid.windows] == [10 * 31]
    ends = prepare(POLICIES, "lost-sales", x="horizon.periods=10,20", y=f"{COST}=4,39")
    assert len(ends.windows) == 1  # a long run: horizons do not matter to it
    season = load("lost-sales", {"horizon.ends": True})
    grid = prepare(POLICIES, season, x="horizon.periods=10,20", y=f"{COST}=4,39")
    assert [each.periods for each in grid.windows] == [10, 20, 10, 20]


def test_all_cells_have_the_same_chance():
    """Demand of another mean is the same quantile, path by path and period by period: both rise and fall together."""
    grid = prepare(POLICIES, "lost-sales", x="demands.customers.distribution.mu=5,8", y=f"{LEAD}=1,9")
    low, high, low_too, _ = (Chance(world).draw(3, 8, 50).demand for world in grid.worlds)
    assert (low == low_too).all()
    assert (low <= high).all()
    assert (low < high).any()


def test_all_cells_have_the_same_outages_stretched():
    """The n-th outage of a path has the same quantile in each cell: of another mean length it is longer everywhere."""
    fire = {"hits": ["supplier"], "starts": {"at": [5]}, "lasts": {"name": "geom", "p": 0.5}}
    world = load("lost-sales", {"disruptions.fire": fire})
    grid = prepare(POLICIES, world, x="disruptions.fire.lasts.mean=2,8", y=f"{COST}=4,39")
    short, long = (Chance(each).draw(0, 32, 60).available.sum(axis=(1, 2)) for each in grid.worlds[:2])
    assert (long <= short).all()
    assert (long < short).any()


def test_the_number_of_workers_changes_nothing(drawn):
    again = policy_map(POLICIES, "lost-sales", **AXES, **QUICK, executor=Executor("processes", 2))
    assert again.cells == drawn.cells


def test_policies_that_do_the_same_are_practically_the_same():
    """Exact ties are no victory: `acceptance` is base-stock by another name."""
    drawn = policy_map(["acceptance", "base-stock"], "lost-sales", **AXES, **QUICK)
    assert {cell.standing for cell in drawn.flat} == {"same"}
    assert all(cell.may_be_best == (0, 1) for cell in drawn.flat)
    assert (drawn.saved == 0).all()


def test_one_path_decides_nothing():
    drawn = policy_map(POLICIES, "lost-sales", **AXES, paths=1, periods=40)
    assert not drawn.decided.any()


def test_what_is_told_of_a_map(drawn):
    assert drawn.best.shape == drawn.decided.shape == drawn.saved.shape == (2, 3)
    assert drawn.best[1, 0] == 1  # a dear shortage and a short lead time: stock pays
    assert drawn.saved[1, 0] > 0.3
    frame = drawn.frame()
    assert frame.index.names == [COST, LEAD, "policy"]
    assert len(frame) == 2 * 3 * 2
    assert frame.loc[(39, 1, "base-stock"), "is_best"]
    assert np.isclose(frame.loc[(39, 1, "jit"), "cost"], drawn.cells[1][0].estimates[0].mean)
    assert any("formula ignores lost sales" in note for note in drawn.notes)


def test_an_axis_that_changes_nothing_is_named():
    drawn = policy_map(["jit"], "lost-sales", x=f"{LEAD}=1,2", y="lanes.supplier.critical=true,false", **QUICK)
    assert any(note.startswith("lanes.supplier.critical: changes nothing") for note in drawn.notes)


def test_tuned_rules_have_parameters_of_their_own_in_each_cell():
    axes = {"x": f"{LEAD}=1,3", "y": f"{COST}=4,39"}
    drawn = policy_map(["base-stock"], "lost-sales", **axes, **QUICK, tuned=60_000)
    levels = [float(cell.policies[0].partition("level=")[2].rstrip(")")) for cell in drawn.flat]
    assert levels[0] < levels[1] < levels[3]
    assert drawn.tuned == 60_000


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"x": f"{LEAD}=1,2.5"}, f"{LEAD}=2.5 and {COST}=4: {LEAD}: must be a whole number of periods, got 2.5"),
        ({"x": f"{LEAD}=-1,2"}, f"{LEAD}=-1 and {COST}=4: {LEAD}: must be 0 periods or more, got -1"),
        ({"x": "lanes.suplier.lead_time=1,2"}, "lanes.suplier.lead_time=1 and"),
        ({"x": f"{COST}=1,2"}, f"axes: {COST} and {COST} change the same value"),
        (
            {"x": "demands.customers.distribution=5,6", "y": "demands.customers.distribution.mean=5,6"},
            "axes: demands.customers.distribution and demands.customers.distribution.mean change the same value",
        ),
        ({"x": f"{LEAD}=1..60:60", "y": f"{COST}=1..60:60"}, "cells: a map must have 2,500 or less, got 60 x 60"),
        ({"y": "demands.customers.price=0,9"}, f"axes: {LEAD} and demands.customers.price change which figure decides"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused_before_anything_is_played(changed, says, monkeypatch):
    monkeypatch.setattr("jit_gym.evaluation.maps.play", lambda *_, **__: pytest.fail("it was played"))
    with pytest.raises((BadInput, ScenarioError)) as caught:
        policy_map(POLICIES, "lost-sales", **(AXES | changed))
    assert str(caught.value).startswith(says)


def test_policies_that_are_unknown_or_named_twice_are_refused():
    with pytest.raises(PolicyError, match="unknown policy 'jitt'"):
        policy_map(["jitt"], "lost-sales", **AXES)
    with pytest.raises(BadInput, match="each must be named once, got jit twice"):
        policy_map(["jit", "jit"], "lost-sales", **AXES)
    with pytest.raises(BadInput, match="there must be one or more"):
        policy_map([], "lost-sales", **AXES)
