"""Wrappers: what an action means is a setting of the env, single or vector."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import jit_gym
from jit_gym import ActionMeaning, VectorActionMeaning
from jit_gym.policies import PolicyError

MEANINGS: list[dict[str, Any]] = [
    {"means": "order-up-to"},
    {"means": "correction", "rule": "base-stock"},
    {"means": "quantity"},
]


def earned(env: gym.Env[Any, Any], action: np.ndarray) -> float:
    """Return what an episode earns when the same is said in every period."""
    env.reset(seed=7)
    total, over = 0.0, False
    while not over:
        _, reward, terminated, truncated, _ = env.step(action)
        total, over = total + float(reward), terminated or truncated
    return total


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")  # as it should be
@pytest.mark.parametrize("means", MEANINGS)
@pytest.mark.parametrize("scenario", ["lost-sales", "dual-sourcing", "serial", "grocery"])
def test_a_wrapped_env_is_an_env(scenario: str, means: dict[str, Any]):
    check_env(ActionMeaning(gym.make("jit_gym/Scenario-v0", scenario=scenario), **means), skip_render_check=True)


@pytest.mark.parametrize("means", MEANINGS[:2])
def test_saying_nothing_is_base_stock(means: dict[str, Any]):
    """The middle of the levels is the newsvendor's, and a correction of 0 is the rule: base-stock by formula."""
    env = ActionMeaning(gym.make("jit_gym/LostSales-v0", most_ordered=10), **means)
    played = jit_gym.evaluate("base-stock", "lost-sales", paths=1, seed=7)
    assert earned(env, np.zeros(1, np.float32)) == pytest.approx(played.figures["profit"][0] * 200)


@pytest.mark.parametrize("means", MEANINGS)
def test_a_batch_does_what_single_envs_do(means: dict[str, Any]):
    """Over two episodes, whatever is said, row b of a batch gets the rewards of a single env with its seed."""
    envs = VectorActionMeaning(gym.make_vec("jit_gym/LostSales-v0", num_envs=3), **means)
    singles = [ActionMeaning(gym.make("jit_gym/LostSales-v0"), **means) for _ in range(3)]
    envs.reset(seed=[1, 2, 3])
    for single, seed in zip(singles, (1, 2, 3), strict=True):
        single.reset(seed=seed)
    random = np.random.default_rng(0)
    for t in range(402):
        said = random.uniform(-1, 1, (3, 1)).astype(np.float32)
        rewards = envs.step(said)[1]
        for b, single in enumerate(singles):
            if t in (200, 401):  # a batch's step between two episodes begins the next
                single.reset()
            else:
                assert single.step(said[b])[1] == pytest.approx(rewards[b])


def test_stable_baselines3_takes_a_wrapped_batch():
    """PPO learns levels: two numbers, one a stock, and the batch is driven by what they mean."""
    pytest.importorskip("stable_baselines3")
    from stable_baselines3 import PPO

    envs = VectorActionMeaning(gym.make_vec("jit_gym/Aisin1997-v1", num_envs=4))
    venv = jit_gym.sb3.vec_env(envs)
    assert venv.action_space.shape == (2,)
    model = PPO("MlpPolicy", venv, n_steps=8, batch_size=16, device="cpu").learn(64)
    assert model.predict(venv.reset())[0].shape == (4, 2)


def test_the_meaning_is_in_the_spec():
    """A wrapped env can be made again from its spec."""
    env = ActionMeaning(gym.make("jit_gym/LostSales-v0"), means="correction", rule="base-stock(level=30)")
    assert env.spec is not None
    assert earned(gym.make(env.spec), np.zeros(1, np.float32)) == earned(env, np.zeros(1, np.float32))


@pytest.mark.parametrize(
    ("means", "complaint"),
    [
        ({"means": "levels"}, "an action must mean one of quantity, order-up-to, correction, got 'levels'"),
        ({"means": "correction"}, "a rule must be given for corrections"),
        ({"means": "correction", "rule": "jit"}, "jit: keeps the past in mind, and cannot be corrected"),
        ({"means": "correction", "rule": "bas-stock"}, "did you mean 'base-stock'"),
    ],
)
def test_what_makes_no_sense_is_refused(means: dict[str, Any], complaint: str):
    with pytest.raises(PolicyError, match=complaint):
        ActionMeaning(gym.make("jit_gym/LostSales-v0"), **means)


@pytest.mark.parametrize("means", MEANINGS)
def test_what_is_no_action_is_refused_before_anything_is_played(means: dict[str, Any]):
    """NaN, another shape, which NumPy would broadcast, and texts; infinity is cut to what can be said at most."""
    env = ActionMeaning(gym.make("jit_gym/DualSourcing-v0", disable_env_checker=True), **means)
    batch = VectorActionMeaning(gym.make_vec("jit_gym/DualSourcing-v0", num_envs=2), **means)
    env.reset(seed=1)
    batch.reset(seed=1)
    (outputs,) = env.action_space.shape or ()
    before = batch.unwrapped.stage.observe()
    for wrong, complaint in (
        (np.full(outputs, np.nan), "must be a number, got nan"),
        (np.zeros(outputs + 1), rf"action: must have the shape \({outputs},\), got \({outputs + 1},\)"),
        (np.zeros(()), r"action: must have the shape .* got \(\)"),
        (["much"] * outputs, "action: must be numbers, got"),
    ):
        with pytest.raises(ValueError, match=complaint):
            env.step(wrong)
        with pytest.raises(ValueError, match=complaint.replace("action:", "actions:").split(r"\(")[0]):
            batch.step(np.stack([np.zeros(outputs), wrong]) if np.shape(wrong) == (outputs,) else wrong)
    assert np.array_equal(batch.unwrapped.stage.observe(), before)
    most = [each.step(np.full(each.action_space.shape, np.inf)) for each in (env, batch)]
    env.reset(seed=1)
    batch.reset(seed=1)
    bounded = [each.step(np.ones(each.action_space.shape)) for each in (env, batch)]
    for one, other in zip(most, bounded, strict=True):
        assert np.array_equal(one[0], other[0])
        assert np.array_equal(one[1], other[1])
