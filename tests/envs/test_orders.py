"""Orders in units: what `step` takes in place of numbers of the action space."""

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import ClipAction, RecordEpisodeStatistics, RescaleAction
from gymnasium.wrappers.vector import RecordEpisodeStatistics as RecordEpisodesStatistics

import jit_gym
from jit_gym import ActionMeaning, Env, FamilyEnv, OrderUnits, VectorActionMeaning, VectorEnv
from jit_gym.scenario import BadInput

LOTS = {"lanes.supplier.capacity": 9, "lanes.supplier.batch": 4, "lanes.supplier.minimum_order": 8}
THIRD = 1 / 3  # needs more bits than a float of 32 has
FRACTIONS = {"units": "continuous", "demands.customers.distribution": {"name": "norm", "loc": 5, "scale": 1}}


@pytest.mark.parametrize("units", ["mean-demand", "raw"])
def test_units_arrive_to_the_last_bit(units: str):
    """Where units are fractional, a third of a unit is ordered as it is, through Gymnasium's own wrappers too."""
    make: dict[str, Any] = {"overrides": FRACTIONS, "units": units}
    env = RecordEpisodeStatistics(gym.make("jit_gym/LostSales-v1", **make))
    env.reset(seed=0)
    assert env.step(OrderUnits([THIRD]))[4]["supplier.ordered"] == THIRD
    batch = RecordEpisodesStatistics(gym.make_vec("jit_gym/LostSales-v1", num_envs=2, **make))
    batch.reset(seed=0)
    assert batch.step(OrderUnits([[THIRD], [2 * THIRD]]))[4]["supplier.ordered"].tolist() == [THIRD, 2 * THIRD]


def test_what_a_wrapper_means_arrives_to_the_last_bit():
    """What a correction of a third of the most leaves of the rule's order, in 64 bits, single and in a batch."""
    means: dict[str, Any] = {"means": "correction", "rule": "base-stock(level=12.7)", "most": 1.0}
    env = ActionMeaning(gym.make("jit_gym/LostSales-v1", overrides=FRACTIONS), **means)
    batch = VectorActionMeaning(gym.make_vec("jit_gym/LostSales-v1", num_envs=2, overrides=FRACTIONS), **means)
    env.reset(seed=3)
    batch.reset(seed=[3, 4])
    for number in (np.float32(0.3), np.float32(-0.1), np.float32(0.7)):
        view = batch.unwrapped.episodes.view()
        expected = np.maximum(12.7 - view.inventory_position + float(number) * env.meaning.high, 0.0)
        ordered = batch.step(np.full((2, 1), number))[4]["supplier.ordered"]
        assert ordered.tolist() == expected[:, 0].tolist()
        assert env.step(np.array([number]))[4]["supplier.ordered"] == ordered[0]


def test_units_play_what_the_action_that_stands_for_them_plays():
    """In whole units it makes no difference which of the two is handed over, over an episode."""
    env, other, random = Env("dual-sourcing"), Env("dual-sourcing"), np.random.default_rng(0)
    shown = [each.reset(seed=5)[0] for each in (env, other)]
    for _ in range(200):
        units = np.minimum(random.integers(0, 9, 2), np.floor(env.episodes.codec.lanes["limit"]))
        steps = [env.step(OrderUnits(units)), other.step(other.action(units))]
        assert np.array_equal(*shown)
        assert steps[0][1:] == steps[1][1:]
        shown = [step[0] for step in steps]


def test_units_are_limited_by_the_lane_alone():
    """`most_ordered` is about numbers of the action space; capacity, batches and the minimum are about each order."""
    env = Env("lost-sales", most_ordered=2)
    env.reset(seed=0)
    assert env.step(OrderUnits([25]))[4]["supplier.ordered"] == 25
    assert env.step(np.array([1.0]))[4]["supplier.ordered"] == 10
    env = Env("lost-sales", LOTS)
    env.reset(seed=0)
    assert [env.step(OrderUnits([units]))[4]["supplier.ordered"] for units in (25, 7, 5)] == [8, 8, 0]


def test_a_family_takes_units():
    """Each row orders them in its own world."""
    env = FamilyEnv("lost-sales-family")
    env.reset(seed=0)
    assert env.step(OrderUnits([3]))[4]["supplier.ordered"] == 3


def test_a_row_that_begins_anew_plays_no_order():
    """As numbers are, units of a row whose episode is over are ignored in the step that begins the next one."""
    batch = VectorEnv("lost-sales", 2, {"horizon.periods": 1})
    batch.reset(seed=0)
    batch.step(OrderUnits([[1], [1]]))
    assert batch.step(OrderUnits([[np.nan], [-1]]))[4]["supplier.ordered"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("units", "complaint"),
    [
        ([np.nan, 1], "action for lane 'regular': must be a number, got nan"),
        ([1, -0.5], "action for lane 'expedited': must be 0 units or more, and finite, got -0.5"),
        ([np.inf, 1], "action for lane 'regular': must be 0 units or more, and finite, got inf"),
        ([1], r"action: units: must have the shape \(2,\), got \(1,\)"),
        ([[1, 2]], r"action: units: must have the shape \(2,\), got \(1, 2\)"),
        (["much", "more"], "action: units: must be numbers, got"),
        ([[1], 2], "action: units: must be rows of numbers of one length, got"),
        (None, "action: units: must be numbers, got nothing"),
        ([True, False], "action: units: must be numbers, got"),
    ],
)
def test_what_cannot_be_ordered_is_refused_before_anything_is_played(units: Any, complaint: str):
    env = Env("dual-sourcing")
    before = env.reset(seed=1)[0]
    with pytest.raises(BadInput, match=f"^{complaint}"):
        env.step(OrderUnits(units))
    assert np.array_equal(env.episodes.observe()[0], before)


def test_a_batch_names_the_row():
    batch = VectorEnv("dual-sourcing", 2)
    before = batch.reset(seed=1)[0]
    with pytest.raises(BadInput, match=r"^action for lane 'expedited' in row 1: must be 0 units or more, and finite"):
        batch.step(OrderUnits([[1, 2], [3, -1]]))
    with pytest.raises(BadInput, match=r"^actions: units: must have the shape \(2, 2\), got \(2,\)"):
        batch.step(OrderUnits([1, 2]))
    assert np.array_equal(batch.episodes.observe(), before)


@pytest.mark.parametrize(
    ("between", "ordered"),
    [(ClipAction, 8), (lambda env: RescaleAction(env, np.float32(-0.6), np.float32(0.6)), 10)],
    ids=["clip", "rescale"],
)
def test_a_wrapper_that_computes_with_numbers_cannot_change_units(between: Any, ordered: float):
    """It fails, as units are no numbers of the action space; around the units' wrapper it does its work."""
    env = between(gym.make("jit_gym/LostSales-v1"))
    env.reset(seed=0)
    with pytest.raises(TypeError):
        env.step(OrderUnits([3]))
    env = between(ActionMeaning(gym.make("jit_gym/LostSales-v1"), "quantity"))
    env.reset(seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert env.step(np.array([0.6], np.float32))[4]["supplier.ordered"] == ordered


def test_stable_baselines3_takes_units():
    pytest.importorskip("stable_baselines3")
    venv = jit_gym.sb3.vec_env(gym.make_vec("jit_gym/LostSales-v1", num_envs=2))
    venv.reset()
    units: Any = OrderUnits([[3], [4]])
    rewards = venv.step(units)[1]
    other = jit_gym.sb3.vec_env(gym.make_vec("jit_gym/LostSales-v1", num_envs=2))
    other.reset()
    assert rewards.shape == other.step(other.envs.unwrapped.action([[3], [4]]))[1].shape
