"""Gymnasium's own wrappers around the envs."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import NormalizeObservation, RecordEpisodeStatistics
from gymnasium.wrappers.vector import NormalizeObservation as NormalizeObservations
from gymnasium.wrappers.vector import RecordEpisodeStatistics as RecordAllStatistics

from jit_gym.envs import Env, VectorEnv

from .rich import actions_for, rich

PERIODS = 7


def test_an_episodes_return_is_recorded():
    """RecordEpisodeStatistics tells the sum of an episode's rewards, and its length."""
    env = RecordEpisodeStatistics(Env(rich()))
    for seed in (1, None):
        env.reset(seed=seed)
        steps = [env.step(action) for action in actions_for(env.action_space, 0, PERIODS)]
        assert steps[-1][4]["episode"]["r"] == pytest.approx(sum(step[1] for step in steps))
        assert steps[-1][4]["episode"]["l"] == PERIODS


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_the_returns_of_a_batch_are_recorded(mode: AutoresetMode):
    """The vector RecordEpisodeStatistics tells each row's sum of rewards, episode after episode."""
    envs = RecordAllStatistics(VectorEnv(rich(), 3, autoreset_mode=mode))
    envs.reset(seed=1)
    total, episodes = np.zeros(3), 0
    for action in actions_for(envs.action_space, 0, 25):
        _, rewards, _, truncated, infos = envs.step(action)
        total += rewards
        if truncated.any():
            assert truncated.all()
            assert infos["_episode"].all()
            assert infos["episode"]["r"] == pytest.approx(total)
            assert infos["episode"]["l"].tolist() == [PERIODS] * 3
            total[:], episodes = 0, episodes + 1
            if mode == AutoresetMode.DISABLED:
                envs.reset(options={"reset_mask": truncated})
    assert episodes == 3


def test_observations_are_normalised():
    """NormalizeObservation shows how far from the mean of all it has seen an observation is, in standard deviations."""
    env, plain = NormalizeObservation(Env()), Env()
    env.reset(seed=0)
    rows = [plain.reset(seed=0)[0]]
    for action in actions_for(env.action_space, 0, 200):
        shown = env.step(action)[0]
        rows.append(plain.step(action)[0])
    assert shown == pytest.approx((rows[-1] - np.mean(rows, axis=0)) / np.std(rows, axis=0), abs=1e-3)
    envs = NormalizeObservations(VectorEnv(rich(), 64))
    envs.reset(seed=0)
    batch = np.array([envs.step(action)[0] for action in actions_for(envs.action_space, 0, 50)])
    assert np.isfinite(batch).all()
    assert np.abs(batch[30:].mean(axis=(0, 1))).max() < 0.5


@pytest.mark.parametrize("batch", [False, True])
def test_an_episode_can_be_cut_short(batch: bool):
    """`max_episode_steps` truncates before the horizon, as for any env."""
    options: dict[str, Any] = {"scenario": rich(), "max_episode_steps": 3}
    if batch:
        envs = gym.make_vec("jit_gym/Scenario-v1", num_envs=2, vectorization_mode="sync", **options)
        envs.reset(seed=0)
        flags = [envs.step(action)[3].tolist() for action in actions_for(envs.action_space, 0, 3)]
        assert flags == [[False] * 2, [False] * 2, [True] * 2]
    else:
        env = gym.make("jit_gym/Scenario-v1", **options)
        env.reset(seed=0)
        assert [env.step(action)[3] for action in actions_for(env.action_space, 0, 3)] == [False, False, True]
