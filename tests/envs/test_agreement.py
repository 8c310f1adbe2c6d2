"""One world, four ways to play it: single env, batch, batch of single envs, and bare physics."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jit_gym.chance import moments, usage
from jit_gym.chance.calendar import Calendar
from jit_gym.envs import Env, VectorEnv
from jit_gym.envs.observation import Codec, signs
from jit_gym.physics import Simulation, View
from jit_gym.scenario import Scenario

from ..worlds import scenarios, worlds
from .rich import Row, actions_for, flows_by_name, rich, simulated

ROWS = 3
MODES = list(AutoresetMode)
both_ends = pytest.mark.parametrize("ends", [False, True], ids=["goes on", "ends"])
all_modes = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)


def twins(mode: AutoresetMode, seeds: Any, scenario: Scenario, **kwargs: Any) -> tuple[VectorEnv, SyncVectorEnv]:
    """Return a batch, and a batch of single envs that should play the same; both reset."""
    batch = VectorEnv(scenario, ROWS, autoreset_mode=mode, **kwargs)
    one = isinstance(seeds, int)
    makers = [lambda b=b: Row(Env(scenario, **kwargs), b if one else 0, ROWS if one else 1) for b in range(ROWS)]
    singles = SyncVectorEnv(makers, autoreset_mode=mode)
    first, _ = batch.reset(seed=seeds)
    assert np.array_equal(first, singles.reset(seed=[seeds] * ROWS if one else seeds)[0])
    return batch, singles


def agree(one: Any, other: Any) -> None:
    """Hold that two vector steps are equal, to the last bit, wherever both have something to say."""
    for mine, theirs in zip(one[:4], other[:4], strict=True):
        assert np.array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype
    agree_infos(one[4], other[4])


def agree_infos(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Hold that the infos of single envs are those of the batch."""
    names = [name for name in other if not name.startswith("_")]
    for name in names:
        has = other[f"_{name}"]
        assert (one[f"_{name}"] >= has).all(), name
        if name == "final_info":
            agree_infos(one[name], other[name])
        elif name == "final_obs":
            assert all(map(np.array_equal, one[name][has], other[name][has]))
        else:
            assert np.array_equal(one[name][has], other[name][has]), name


@both_ends
@all_modes
@pytest.mark.parametrize("seeds", [11, [5, 9, 2]], ids=["one seed", "a seed a row"])
def test_a_batch_plays_as_single_envs_do(mode: AutoresetMode, seeds: Any, ends: bool):
    """With one seed row b of B plays b, b + B, ...; with a seed a row, what a single env does; in every mode."""
    batch, singles = twins(mode, seeds, rich(horizon__ends=ends))
    finished = 0
    for action in actions_for(batch.action_space, 1, 24):
        step = batch.step(action)
        agree(step, singles.step(action))
        over = step[2] | step[3]
        finished += over.sum()
        if mode == AutoresetMode.DISABLED and over.any():
            again, _ = batch.reset(options={"reset_mask": over})
            assert np.array_equal(again, singles.reset(options={"reset_mask": over})[0])
    assert finished >= 3 * (ROWS - 1)


@all_modes
def test_rows_may_be_out_of_step(mode: AutoresetMode):
    """Rows that were reset in mid-episode, each at another time, go on as single envs do."""
    batch, singles = twins(mode, 4, rich())
    for t, action in enumerate(actions_for(batch.action_space, 2, 40)):
        step = batch.step(action)
        agree(step, singles.step(action))
        mask = (np.arange(ROWS) == t % 5) | ((step[2] | step[3]) & (mode == AutoresetMode.DISABLED))
        if mask.any():
            again, _ = batch.reset(options={"reset_mask": mask})
            assert np.array_equal(again, singles.reset(options={"reset_mask": mask})[0])
    assert len(set(batch.episodes.clock)) > 1


def seen_by_name(world: Simulation) -> dict[str, np.ndarray]:
    """Return all that an observation may show of a simulation's state (paths,), in units of what is used."""
    view, scenario, out = View(world), world.layout.scenario, {}
    used = {name: mean or 1.0 for name, (mean, _) in usage(scenario).items()}
    units = Codec(world.layout).lanes["use"]
    asked = {name: moments(scenario, name)[0] or 1.0 for name in scenario.demands}
    for i, name in enumerate(scenario.stocks):
        out[f"{name}.on_hand"] = view.on_hand[:, i] / used[name]
        out[f"{name}.used"] = view.used[:, i] / used[name]
    for d, name in enumerate(scenario.demands):
        out[f"{name}.backlog"] = view.backlog[:, d] / asked[name]
        known = world.layout.columns.forecast.get(name, slice(0, 0))
        for h, column in enumerate(range(known.start, known.stop)):
            out[f"{name}.forecast_{h}"] = world.seen[:, column] / asked[name]
    for m, name in enumerate(scenario.lanes):
        unit = units[m]
        out[f"{name}.waiting"] = view.waiting[:, m] / unit
        row = world.layout.net.lanes[m]
        letter, first = int(row["first_transmitted"]), int(row["first_slot"])
        for k in range(scenario.lanes[name].order_delay):
            out[f"{name}.read_in_{k + 1}"] = world.pipeline[:, letter + k] / unit
        for k in range(int(row["last_slot"]) - first):
            out[f"{name}.arrives_in_{k}" if k else f"{name}.waits_at_the_dock"] = world.pipeline[:, first + k] / unit
        out[f"{name}.in_transit"] = view.in_transit[:, m] / unit
    for i, (name, stock) in enumerate(scenario.stocks.items()):
        for k in range(1, stock.shelf_life or 0):
            out[f"{name}.lasts_{k}"] = view.ages(i)[:, k - 1] / used[name]
    out |= {name: world.seen[:, column] for name, column in signs(world.layout)}
    calendar = Calendar(scenario)
    dates = np.broadcast_to(calendar.at(world.period), (len(view.on_hand), len(calendar.names)))
    return out | dict(zip(calendar.names, dates.T, strict=True))


def check_physics(scenario: Scenario, seed: int) -> None:
    """Hold that a batch and a single env are the bare physics, and that observations show what their names say."""
    batch, single, world = VectorEnv(scenario, 2), Env(scenario), simulated(scenario, seed, 2)
    observations, _ = batch.reset(seed=seed)
    assert np.array_equal(observations[0], single.reset(seed=seed)[0])
    for action in actions_for(batch.action_space, seed, world.trace.periods):
        flows = world.step(batch.orders(action))
        observations, rewards, _, _, info = batch.step(action)
        alone, reward, _, _, info_alone = single.step(action[0])
        assert np.array_equal(alone, observations[0])
        assert reward == rewards[0] == (info_alone["revenue"] - info_alone["cost"]) / single.reward_unit
        for name, value in flows_by_name(scenario, flows):
            assert np.array_equal(info[name], value), name
            assert info_alone[name] == value[0]
        assert batch.observation_space.contains(observations)
        assert single.observation_space.contains(alone)
        seen = seen_by_name(world)
        for k, name in enumerate(batch.observation_names):
            assert np.allclose(observations[:, k], np.minimum(seen[name], 100), rtol=1e-6, atol=1e-6), name
        assert np.array_equal(Codec(world.layout).observe(View(world)), observations)


@pytest.mark.parametrize("seed", [0, 8])
@both_ends
def test_envs_are_the_physics(seed: int, ends: bool):
    """On the same trace and orders all flows are equal to the last bit, and each number seen is what its name says."""
    check_physics(rich(horizon__ends=ends), seed)


@settings(max_examples=worlds(8), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 2**32 - 1))
def test_envs_are_the_physics_in_any_world(scenario: Scenario, seed: int):
    """The same in worlds drawn at random."""
    check_physics(scenario, seed)


@pytest.mark.slow
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios(periods=25), st.integers(0, 2**32 - 1))
def test_envs_are_the_physics_in_thousands_of_worlds(scenario: Scenario, seed: int):
    """The same again, in more worlds and for longer."""
    check_physics(scenario, seed)


def test_a_batch_of_one_is_a_single_env():
    """`num_envs=1` plays the paths 0, 1, 2, ... of a seed, as a single env does."""
    batch, single = VectorEnv(rich(), 1, autoreset_mode="SameStep"), Env(rich())
    observations, info = batch.reset(seed=3)
    for episode in range(3):
        first, told = single.reset(seed=3 if episode == 0 else None)
        assert np.array_equal(observations[0], first)
        assert told["path"] == batch.episodes.path[0] == episode
        for action in actions_for(batch.action_space, episode, 7):
            observations, rewards, *_, info = batch.step(action)
            last, reward, *_ = single.step(action[0])
            assert rewards[0] == reward
        assert np.array_equal(info["final_obs"][0], last)


def test_rows_do_not_depend_on_the_size_of_the_batch():
    """In their first episode the rows 0 and 1 of 2 play what the rows 0 and 1 of 64 play."""
    few, many = VectorEnv(rich(), 2), VectorEnv(rich(), 64)
    assert np.array_equal(few.reset(seed=1)[0], many.reset(seed=1)[0][:2])
    for action in actions_for(many.action_space, 0, 7):
        assert np.array_equal(few.step(action[:2])[0], many.step(action)[0][:2])


def test_a_batch_made_of_single_envs_by_gymnasium_plays_too():
    """`make_vec(..., vectorization_mode="sync")` with a seed a row is the native batch with a seed a row."""
    native = gym.make_vec("jit_gym/LostSales-v1", num_envs=2)
    loop = gym.make_vec("jit_gym/LostSales-v1", num_envs=2, vectorization_mode="sync")
    assert np.array_equal(native.reset(seed=[1, 2])[0], loop.reset(seed=[1, 2])[0])
    for action in actions_for(native.action_space, 0, 205):
        agree(native.step(action), loop.step(action))
