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
    check_env(ActionMeaning(gym.make("jit_gym/Scenario-v1", scenario=scenario), **means), skip_render_check=True)


@pytest.mark.parametrize("means", MEANINGS[:2])
def test_saying_nothing_is_base_stock(means: dict[str, Any]):
    """The middle of the levels is the newsvendor's, and a correction of 0 is the rule: base-stock by formula."""
    env = ActionMeaning(gym.make("jit_gym/LostSales-v1", rewards="money"), **means)
    played = jit_gym.evaluate("base-stock", "lost-sales", paths=1, seed=7)
    assert earned(env, np.zeros(1, np.float32)) == pytest.approx(played.figures["profit"][0] * 200)


@pytest.mark.parametrize("means", MEANINGS)
def test_a_batch_does_what_single_envs_do(means: dict[str, Any]):
    """Over two episodes, whatever is said, row b of a batch gets the rewards of a single env with its seed."""
    envs = VectorActionMeaning(gym.make_vec("jit_gym/LostSales-v1", num_envs=3), **means)
    singles = [ActionMeaning(gym.make("jit_gym/LostSales-v1"), **means) for _ in range(3)]
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

    envs = VectorActionMeaning(gym.make_vec("jit_gym/Aisin1997-v2", num_envs=4))
    venv = jit_gym.sb3.vec_env(envs)
    assert venv.action_space.shape == (2,)
    model = PPO("MlpPolicy", venv, n_steps=8, batch_size=16, device="cpu").learn(64)
    assert model.predict(venv.reset())[0].shape == (4, 2)


def test_the_meaning_is_in_the_spec():
    """A wrapped env can be made again from its spec."""
    env = ActionMeaning(gym.make("jit_gym/LostSales-v1"), means="correction", rule="base-stock(level=30)")
    assert env.spec is not None
    assert earned(gym.make(env.spec), np.zeros(1, np.float32)) == earned(env, np.zeros(1, np.float32))


STRIKE = {"hits": ["supplier"], "stops": "ordering", "starts": {"at": [2]}, "lasts": 2}
LOTS = {"lanes.supplier.batch": 4, "disruptions.strike": STRIKE}


@pytest.mark.parametrize(
    ("means", "rows"),
    [
        ({"means": "quantity", "choices": [0, 3, 5, 8]}, [[0], [3], [5], [8]]),
        ({"means": "quantity", "choices": 5}, [[0], [2], [5], [8], [10]]),
        ({"means": "order-up-to", "choices": [[20], [30]]}, [[20], [30]]),
        ({"means": "correction", "rule": "base-stock", "choices": np.array([-2, 0, 2])}, [[-2], [0], [2]]),
    ],
)
def test_actions_may_be_choices(means: dict[str, Any], rows: list[list[float]]):
    """A number of choices, or the choices themselves, in a batch as in single envs; a spec makes it again."""
    env = ActionMeaning(gym.make("jit_gym/LostSales-v1"), **means)
    assert env.action_space == gym.spaces.Discrete(len(rows))
    assert env.meaning.choices.tolist() == rows
    batch = VectorActionMeaning(gym.make_vec("jit_gym/LostSales-v1", num_envs=2), **means)
    env.reset(seed=4)
    batch.reset(seed=[4, 5])
    for k in [*range(len(rows)), 0]:
        assert env.action_masks().tolist() == batch.action_masks()[0].tolist() == [True] * len(rows)
        info = env.step(k)[4]
        infos = batch.step(np.array([k, 0]))[4]
        assert info["supplier.ordered"] == infos["supplier.ordered"][0]
        assert means["means"] != "quantity" or info["supplier.ordered"] == rows[k][0]
    assert gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json())).action_space == env.action_space


def test_a_mask_tells_which_choices_do_what_they_say():
    """With batches of 4, 3 units cannot be ordered, and while ordering is known to be stopped nothing can."""
    overrides = {"horizon.periods": 6, **LOTS}
    make = {"scenario": "lost-sales", "overrides": overrides}
    env = ActionMeaning(gym.make("jit_gym/Scenario-v1", **make), "quantity", choices=[0, 3, 4, 8])
    batch = VectorActionMeaning(
        gym.make_vec("jit_gym/Scenario-v1", num_envs=2, **make), "quantity", choices=[0, 3, 4, 8]
    )
    env.reset(seed=0)
    batch.reset(seed=0)
    masks = []
    for _ in range(5):
        masks.append(env.action_masks().tolist())
        assert batch.action_masks().tolist() == [masks[-1]] * 2
        env.step(0)
        batch.step(np.zeros(2, int))
    free, stopped = [True, False, True, True], [True, False, False, False]
    assert masks == [free, free, stopped, stopped, free]


def test_the_algorithms_that_choose_take_it():
    """DQN learns on a single env and on a batch, MaskablePPO on either by its masks."""
    pytest.importorskip("sb3_contrib")
    from sb3_contrib import MaskablePPO
    from sb3_contrib.common.maskable.utils import get_action_masks
    from stable_baselines3 import DQN

    make: dict[str, Any] = {"scenario": "lost-sales", "overrides": {"horizon.periods": 10, **LOTS}}
    env = ActionMeaning(gym.make("jit_gym/Scenario-v1", **make), "quantity", choices=5)
    batch = VectorActionMeaning(gym.make_vec("jit_gym/Scenario-v1", num_envs=4, **make), "quantity", choices=5)
    venv = jit_gym.sb3.vec_env(batch)
    assert get_action_masks(venv).shape == (4, 5)
    for each in (env, venv):
        DQN("MlpPolicy", each, learning_starts=16, buffer_size=64, device="cpu").learn(64)
        MaskablePPO("MlpPolicy", each, n_steps=8, batch_size=8, device="cpu").learn(64)


@pytest.mark.parametrize(
    ("means", "complaint"),
    [
        ({"means": "quantity", "choices": 1}, "choices: must make 2 to 4,096 rows of 1 numbers, got 1 for each number"),
        ({"means": "quantity", "choices": []}, "choices: must be a number, or 2 to 4,096 rows of numbers, got"),
        ({"means": "quantity", "choices": "few"}, "choices: must be a number, or 2 to 4,096 rows"),
        ({"means": "quantity", "choices": [0, np.nan]}, "choices: must be a number, or 2 to 4,096 rows"),
        ({"means": "quantity", "choices": [-1, 3]}, "choices: must be 0 units or more, got -1"),
        (
            {"means": "quantity", "choices": [0, 12]},
            "choices: must be 9 units or less on supplier, its capacity, got 12",
        ),
        ({"means": "quantity", "choices": [[0, 1], [2, 3]]}, "an action must have 1 numbers here"),
        ({"means": "levels"}, "an action must mean one of quantity, order-up-to, correction, got 'levels'"),
        ({"means": "correction"}, "a rule must be given for corrections"),
        ({"means": "correction", "rule": "jit"}, "jit: keeps the past in mind, and cannot be corrected"),
        ({"means": "correction", "rule": "bas-stock"}, "did you mean 'base-stock'"),
    ],
)
def test_what_makes_no_sense_is_refused(means: dict[str, Any], complaint: str):
    with pytest.raises(PolicyError, match=complaint):
        ActionMeaning(gym.make("jit_gym/LostSales-v1", overrides={"lanes.supplier.capacity": 9}), **means)


@pytest.mark.parametrize("wrong", [4, -1, 1.0, "2", None])
def test_what_is_no_choice_is_refused(wrong: Any):
    env = ActionMeaning(gym.make("jit_gym/LostSales-v1", disable_env_checker=True), "quantity", choices=4)
    batch = VectorActionMeaning(gym.make_vec("jit_gym/LostSales-v1", num_envs=2), "quantity", choices=4)
    env.reset(seed=0)
    batch.reset(seed=0)
    with pytest.raises(ValueError, match=r"^action: must be a whole number from 0 to 3, got "):
        env.step(wrong)
    with pytest.raises(ValueError, match=r"^actions: must be a whole number from 0 to 3, one for each of 2 rows, got "):
        batch.step(np.array([0, wrong]))


@pytest.mark.parametrize("means", MEANINGS)
def test_what_is_no_action_is_refused_before_anything_is_played(means: dict[str, Any]):
    """NaN, another shape, which NumPy would broadcast, and texts; infinity is cut to what can be said at most."""
    env = ActionMeaning(gym.make("jit_gym/DualSourcing-v1", disable_env_checker=True), **means)
    batch = VectorActionMeaning(gym.make_vec("jit_gym/DualSourcing-v1", num_envs=2), **means)
    env.reset(seed=1)
    batch.reset(seed=1)
    (outputs,) = env.action_space.shape or ()
    before = batch.unwrapped.episodes.observe()
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
    assert np.array_equal(batch.unwrapped.episodes.observe(), before)
    most = [each.step(np.full(each.action_space.shape, np.inf)) for each in (env, batch)]
    env.reset(seed=1)
    batch.reset(seed=1)
    bounded = [each.step(np.ones(each.action_space.shape)) for each in (env, batch)]
    for one, other in zip(most, bounded, strict=True):
        assert np.array_equal(one[0], other[0])
        assert np.array_equal(one[1], other[1])


@pytest.mark.parametrize(
    ("scenario", "deviations", "most"),
    [("lost-sales", 1.0, 5.0), ("lost-sales", 0.1, 2.0), ("aisin-1997", 2.0, 50 * np.sqrt(3))],
)
def test_corrections_are_bounded_by_deviations_of_demand(scenario: str, deviations: float, most: float):
    """Poisson(5) over 4 + 1 days has the deviation 5, Normal(875, 25) over 2 + 1 hours 43; two whole units at least."""
    world = gym.make("jit_gym/Scenario-v1", scenario=scenario)
    env = ActionMeaning(world, "correction", "base-stock", deviations=deviations)
    assert env.meaning.high is not None
    assert env.meaning.high[0] == pytest.approx(most, rel=1e-3)  # in whole units
    np.testing.assert_array_equal(env.meaning.low, -env.meaning.high)


def test_deviations_of_what_is_no_correction_are_refused():
    for means, deviations in (("quantity", 1.0), ("correction", 0.0)):
        with pytest.raises(PolicyError, match=r"^deviations: must be more than 0, and is for means='correction' alone"):
            ActionMeaning(gym.make("jit_gym/LostSales-v1"), means, "base-stock", deviations=deviations)
