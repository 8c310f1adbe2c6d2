"""Envs of families: each episode is one of a plain env of its world, single and batch agree."""

import warnings
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import jit_gym
from jit_gym.envs.family import Context, FamilyCodec
from jit_gym.scenario import BadInput, NoEffect, family_names

from ..physics.test_laws import check_agreement, check_laws
from ..worlds import families, worlds

pytestmark = pytest.mark.filterwarnings("ignore::jit_gym.scenario.NoEffect")
MIXED = {
    "name": "mixed",
    "family": {
        "of": "lost-sales",
        "varies": {
            "lanes.supplier.lead_time": [0, 3, {"name": "randint", "low": 1, "high": 5}],
            "lanes.supplier.defects": [0, 0.2],
            "lanes.supplier.pays_after": [0, 4],
            "stocks.shop.shelf_life": [None, 3],
            "stocks.shop.terminal_value": [0, 2],
            "demands.customers.unmet": ["lost", "backlog"],
            "demands.customers.season": [[], [1, 2, 0.5]],
        },
    },
}
"""Worlds that differ in what they have: columns of chance, flows, ages, books and seasons."""


def check_episodes(family, episodes, steps):
    """Hold that each episode of a family is that of a plain env of its world, on the same path and orders."""
    env, random = jit_gym.FamilyEnv(family, worlds=8), np.random.default_rng(0)
    for episode in range(episodes):
        shown, info = env.reset(seed=5) if episode == 0 else env.reset()
        assert info["world"] == (5 + episode) % 8
        plain = jit_gym.Env(env.family.world(info["world"]))
        plain.episodes.seed(5)
        for _ in range(episode + 1):  # to the same path
            expected, _ = plain.reset()
        for _ in range(steps):
            named = dict(zip(env.observation_names, shown, strict=True))
            there = dict(zip(plain.observation_names, expected, strict=True))
            assert {name: named[name] for name in there} == there
            assert not any(value for name, value in named.items() if name not in there and not name.startswith("world"))
            action = random.uniform(-1, 1, env.action_space.shape).astype(np.float32)
            shown, reward, *_, info = env.step(action)
            expected, plain_reward, *_, plain_info = plain.step(action)
            assert reward == plain_reward
            assert {name: info[name] for name in plain_info} == plain_info


@pytest.mark.parametrize("family", [*family_names(), MIXED], ids=str)
def test_an_episode_is_that_of_a_plain_env_of_its_world(family):
    """The same orders on the same path: the same flows, rewards and numbers, with 0 for what the world lacks."""
    check_episodes(family, 4, 20)


@settings(max_examples=worlds(6), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_an_episode_of_any_family_is_that_of_a_plain_env_of_its_world(tmp_path: Path, data: st.DataObject):
    """The same in families drawn at random, whose worlds obey the laws of the physics."""
    family = data.draw(families(tmp_path / "drawn.yaml"))
    check_episodes(family, 3, 8)
    for k in range(3):
        check_laws(family.world(k), k)


@pytest.mark.parametrize("name", family_names())
def test_the_laws_hold_in_the_worlds_of_families(name):
    """Units are conserved, none is negative, limits hold and money adds up; single, compiled and tensors agree."""
    family = jit_gym.family(name).changed({"horizon.periods": 40})
    for regime in family.regimes:
        for k in range(4):
            check_laws(family.world(k, regime), k)
    check_agreement(family.world(0), 0)


@pytest.mark.parametrize("family", [*family_names(), MIXED], ids=str)
def test_row_b_of_a_batch_is_the_single_env_with_its_seed(family):
    """Also over the end of an episode, into the next world."""
    seeds = [3, 4, 11]
    batch = jit_gym.FamilyVectorEnv(family, 3, worlds=4, max_episode_steps=7)
    singles = [gym.wrappers.TimeLimit(jit_gym.FamilyEnv(family, worlds=4), 7) for _ in seeds]
    shown, infos = batch.reset(seed=seeds)
    found = [env.reset(seed=seed) for env, seed in zip(singles, seeds, strict=True)]
    assert np.array_equal(shown, [each for each, _ in found])
    random = np.random.default_rng(1)
    for step in range(24):
        actions = random.uniform(-1, 1, batch.action_space.shape).astype(np.float32)
        shown, rewards, terminated, truncated, infos = batch.step(actions)
        for b, env in enumerate(singles):
            if step % 8 == 7:  # the batch begins anew
                one, info = env.reset()
                reward, over = 0.0, False
            else:
                one, reward, *ends, info = env.step(actions[b])
                over = any(ends)
            assert np.array_equal(shown[b], one)
            assert rewards[b] == reward
            assert (terminated | truncated)[b] == over
            assert infos["world"][b] == info["world"]
    assert batch.costs().keys() == singles[0].unwrapped.costs().keys()
    for name, cost in batch.costs().items():
        assert cost[0] == singles[0].unwrapped.costs()[name]


def test_an_id_is_registered_and_passes_gymnasiums_checker():
    env = gym.make("jit_gym/TwoSupplierFamily-v1", worlds=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", NoEffect)
        check_env(env.unwrapped)
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert again.unwrapped.family.name == "two-supplier-family"
    batch = gym.make_vec("jit_gym/TwoSupplierFamily-v1", num_envs=4, regime="held-out")
    assert batch.reset(seed=0)[0].shape == (4, env.observation_space.shape[0])


def test_context_tells_the_worlds_numbers_and_can_be_hidden():
    env = jit_gym.FamilyEnv("lost-sales-family", worlds=4)
    shown, info = env.reset(seed=0)
    named = dict(zip(env.observation_names, shown, strict=True))
    lead_time = env.family.world(info["world"]).lanes["supplier"].lead_time.mean
    assert named["world.lanes.supplier.lead_time"] == np.float32((lead_time - 1) / 11)  # 1 to 12 over all regimes
    kinds = [name for name in named if name.startswith("world.demands.customers.distribution")]
    assert len(kinds) == 3
    assert sum(named[name] for name in kinds) == 1
    hidden = jit_gym.FamilyEnv("lost-sales-family", worlds=4, context=False)
    assert [name for name in env.observation_names if not name.startswith("world.")] == hidden.observation_names


def test_a_network_sees_in_simulation_what_the_env_shows():
    """`Codec.observe` of a view, for policies that are evaluated, and the compiled env show the same."""
    from jit_gym.chance import Chance
    from jit_gym.physics import Simulation

    for family in (jit_gym.family("store-shocks-family"), jit_gym.family(MIXED)):
        codecs = FamilyCodec(family)
        for k in range(6):
            world = family.world(k)
            env = jit_gym.FamilyEnv(family, worlds=6)
            shown, info = env.reset(seed=6 + k)
            assert info["world"] == k
            layout = codecs.layout(world)
            simulation = Simulation(layout, Chance(world).draw(6 + k, [0], 12))
            codec = codecs.codec(layout)
            for _ in range(12):
                seen = codec.observe(jit_gym.View(simulation))[0]
                assert np.allclose(seen, shown, rtol=1e-6, atol=1e-7), [
                    name for name, one, other in zip(codec.names, seen, shown, strict=True) if one != other
                ]
                action = np.full(env.action_space.shape, 0.2, np.float32)
                shown, *_ = env.step(action)
                simulation.step(codec.orders(action[None]))


def test_what_is_for_one_world_is_refused_by_name():
    env = jit_gym.FamilyEnv("lost-sales-family", worlds=2)
    with pytest.raises(BadInput, match="worlds: must be a whole number, 1 or more, got 0"):
        jit_gym.FamilyEnv("lost-sales-family", worlds=0)
    with pytest.raises(BadInput, match="env: plays a family"):
        jit_gym.policy("base-stock", env)
    with pytest.raises(BadInput, match="lead_time must be from 1 to 12 in this family"):
        Context(env.family).of(jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 20}))
