"""Optimal policies: saved, loaded, and played in environments."""

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import jit_gym
from jit_gym.evaluate import evaluate
from jit_gym.scenario import BadInput, load
from jit_gym.theory import Optimal, solve

SHOP = {"lanes.supplier.lead_time": 2}


@pytest.fixture(scope="module")
def policy() -> Optimal:
    """Return the optimal policy of a small shop."""
    return solve(load("lost-sales", SHOP)).policy


def test_what_is_saved_is_what_is_loaded(policy: Optimal, tmp_path: Path):
    """The same orders on the same paths, and the same scenario."""
    policy.save(tmp_path / "optimal.npz")
    again = Optimal.load(tmp_path / "optimal.npz")
    assert again.scenario == policy.scenario
    assert (again.cost, again.low, again.high) == (policy.cost, policy.low, policy.high)
    costs = [evaluate(each, policy.scenario, paths=64, seed=1).figures["cost"] for each in (policy, again)]
    np.testing.assert_array_equal(*costs)


def test_a_policy_of_another_scenario_is_refused(policy: Optimal, tmp_path: Path):
    """The file names the scenario it is for."""
    policy.save(tmp_path / "optimal.npz")
    with pytest.raises(BadInput, match="computed for another scenario"):
        Optimal.load(tmp_path / "optimal.npz", "lost-sales")


@pytest.mark.parametrize("damage", ["cut", "changed", "text", "pickle", "array"])
def test_a_damaged_file_is_refused_in_a_line(damage: str, policy: Optimal, tmp_path: Path):
    """Cut short, changed, no archive at all, or one that would have to be unpickled."""
    file = tmp_path / "optimal.npz"
    policy.save(file)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-200])
    elif damage == "changed":
        with np.load(file) as saved:
            arrays = dict(saved)
        arrays["orders"] = arrays["orders"] + 1
        np.savez(file, **arrays)
    elif damage == "text":
        file.write_text("no policy")
    elif damage == "pickle":
        np.savez(file, manifest=np.array([{"format": 1}], object))
    else:
        np.savez(file, manifest=np.arange(3))
    with pytest.raises(BadInput, match="is no saved policy, or is damaged") as caught:
        Optimal.load(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("units", ["mean-demand", "raw"])
def test_it_plays_in_an_env(units: str, policy: Optimal):
    """By its observations alone it orders what it orders by the whole state: the costs are those of `evaluate`."""
    if units == "raw":
        policy.coding = jit_gym.envs.observation.Coding(policy.layout, 1, units="raw")
    envs = gym.make_vec("jit_gym/Scenario-v0", scenario=policy.scenario, num_envs=64, units=units)
    observations, _ = envs.reset(seed=4)
    total = np.zeros(64)
    for _ in range(policy.scenario.horizon.periods):
        actions, _ = policy.predict(observations)
        observations, rewards, _, _, _ = envs.step(actions)
        total += rewards
    del policy.coding
    played = evaluate(policy, policy.scenario, paths=64, seed=4).figures["cost"]
    np.testing.assert_allclose(-total / policy.scenario.horizon.periods, played)


def test_it_knows_what_to_do_where_it_can_never_come(policy: Optimal):
    """A shop that begins with 300 units is not among the states; it orders as from the nearest one: nothing."""
    from jit_gym.physics import View
    from jit_gym.theory.process import Shown

    rows = policy.layout.start[None, :].repeat(2, axis=0)
    rows[0, 0] = 300
    orders = policy(View(Shown(policy.layout, rows, np.zeros((2, 0)))))
    assert orders[0, 0] == 0
    assert orders[1, 0] > 0
