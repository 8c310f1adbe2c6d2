"""`reward="vector"`: the parts of the reward, as MO-Gymnasium expects them."""

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import TransformReward
from hypothesis import HealthCheck, given, settings

import jit_gym
from jit_gym.envs import Env, VectorEnv
from jit_gym.scenario import Scenario

from ..worlds import scenarios, worlds
from .rich import rich

IDS = ["jit_gym/LostSales-v1", "jit_gym/BeerGame-v1", "jit_gym/Grocery-v1", "jit_gym/FreshFoodStressed-v1"]


def both(**arguments: Any) -> tuple[Env, Env]:
    """Return an env with vectors, and its twin with scalars, both reset to the same path."""
    vector, scalar = Env(**arguments, reward="vector"), Env(**arguments)
    assert np.array_equal(vector.reset(seed=4)[0], scalar.reset(seed=4)[0])
    return vector, scalar


def hold(vector: Env, scalar: Env, steps: int) -> set[int]:
    """Hold that vectors add up to the scalar, and are what `info` says; return the components that were not 0."""
    random, seen = np.random.default_rng(2), set[int]()
    unit = vector.reward_unit
    for _ in range(steps):
        action = random.uniform(vector.action_space.low, vector.action_space.high).astype(np.float32)
        shown, rewards, *ends, info = vector.step(action)
        other, reward, *others, told = scalar.step(action)
        assert np.array_equal(shown, other)
        assert (ends, info) == (others, told)
        assert vector.reward_space.contains(rewards)
        np.testing.assert_allclose(rewards @ vector.reward_weights, reward, rtol=1e-9, atol=1e-9 * (1 + abs(reward)))
        np.testing.assert_allclose(rewards[:-1].sum(), reward, rtol=1e-9, atol=1e-9 * (1 + abs(reward)))
        for name, value in zip(vector.reward_names[:-1], rewards, strict=False):
            assert value == pytest.approx((1 if name == "revenue" else -1) * info[name] / unit)
        asked, short = (
            sum(info[f"{name}.{what}"] for name in vector.scenario.demands) for what in ("demanded", "short")
        )
        assert rewards[-1] == pytest.approx(-short / asked if asked else 0.0)
        seen |= set(np.flatnonzero(rewards).tolist())
        if any(ends):
            break
    return seen


def test_the_parts_of_a_period_by_hand():
    """Holding 1 and shortage 19 a unit; `service` is minus the share of demand that was not served."""
    vector, scalar = both(scenario="lost-sales", rewards="money")
    assert vector.reward_names == ["holding_cost", "shortage_cost", "service"]
    assert vector.reward_weights.tolist() == [1, 1, 0]
    assert hold(vector, scalar, 200) == {0, 1, 2}


@pytest.mark.parametrize("units", ["scaled", "money"])
def test_a_world_with_all_kinds(units: str):
    vector, scalar = both(scenario=rich(), rewards=units)
    hold(vector, scalar, 7)
    assert vector.reward_names == [
        "revenue", "purchase_cost", "fixed_cost", "transit_cost", "holding_cost", "waste_cost", "shortage_cost",
        "service",
    ]  # fmt: skip


@settings(max_examples=worlds(12), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios())
def test_vectors_add_up_to_the_scalar_in_random_worlds(scenario: Scenario):
    hold(*both(scenario=scenario, rewards="money"), steps=8)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_batch_gives_the_vectors_of_single_envs(mode: AutoresetMode):
    """Row 0 plays the paths of a single env, through the end of an episode; a step that only begins one gives 0."""
    batch = VectorEnv("perishable", 3, autoreset_mode=mode, reward="vector", overrides={"horizon.periods": 5})
    single = Env("perishable", {"horizon.periods": 5}, reward="vector")
    batch.reset(seed=[4, 5, 6])
    single.reset(seed=4)
    over = False
    for action in np.random.default_rng(3).uniform(-1, 1, (14, 3, 1)).astype(np.float32):
        rewards, _, truncated, _ = batch.step(action)[1:]
        assert rewards.shape == (3, len(single.reward_names))
        if over and mode == AutoresetMode.NEXT_STEP:
            single.reset()
            assert not rewards.any()
            over = False
            continue
        if over:
            single.reset()
        assert np.array_equal(rewards[0], single.step(action[0])[1])
        over = bool(truncated[0])
        if over and mode == AutoresetMode.DISABLED:
            batch.reset(options={"reset_mask": truncated})


def test_infos_can_be_left_out_of_a_single_env():
    env = Env("lost-sales", reward="vector", info="none")
    assert env.reset(seed=0)[1] == {}
    reward, *_, info = env.step(np.zeros(1, np.float32))[1:]
    assert reward.shape == (3,)
    assert info == {}


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="reward: must be 'scalar' or 'vector', got 'both'"):
        Env(reward="both")
    with pytest.raises(ValueError, match="needs info='all'"):
        VectorEnv(reward="vector", info="none")
    with pytest.raises(ValueError, match="takes a scalar"):
        jit_gym.sb3.vec_env(VectorEnv(num_envs=2, reward="vector"))


@pytest.mark.parametrize("name", IDS)
def test_mo_gymnasium_has_nothing_to_say(name: str):
    """Gymnasium's checker over weighted rewards, rewards in `reward_space`, its wrappers, its batch."""
    mo = pytest.importorskip("mo_gymnasium", reason="MO-Gymnasium is not installed (pip install jit-gym[mo])")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*is different from the unwrapped version")  # `LinearReward` is a wrapper
        env = mo.make(name, reward="vector")
        weights = env.unwrapped.reward_weights
        # Not `LinearReward`, whose `info` holds one array in all steps, which Gymnasium 1.4 does not allow.
        scalar = TransformReward(mo.make(name, reward="vector").unwrapped, lambda reward: float(reward @ weights))
        check_env(scalar, skip_render_check=True)
        linear, plain = mo.wrappers.LinearReward(env, weights), gym.make(name)
        plain.reset(seed=3), linear.reset(seed=3)
        idle = np.zeros(plain.action_space.shape, np.float32)
        assert linear.step(idle)[1] == pytest.approx(plain.step(idle)[1])
        env = mo.wrappers.MORecordEpisodeStatistics(env)
        env.reset(seed=3)
        env.action_space.seed(3)
        over, total = False, np.zeros(env.unwrapped.reward_space.shape)
        while not over:
            _, reward, terminated, truncated, info = env.step(env.action_space.sample())
            assert env.unwrapped.reward_space.contains(reward)
            total += reward
            over = terminated or truncated
        np.testing.assert_allclose(info["episode"]["r"], total, rtol=1e-4)
        envs = mo.wrappers.vector.MOSyncVectorEnv([lambda: mo.make(name, reward="vector")] * 2)
        envs.reset(seed=1)
        assert envs.step(envs.action_space.sample())[1].shape == (2, len(weights))


def test_gymnasium_makes_it():
    env = gym.make("jit_gym/LostSales-v1", reward="vector", disable_env_checker=True)
    env.reset(seed=0)
    assert env.step(np.zeros(1, np.float32))[1].shape == env.unwrapped.reward_space.shape
