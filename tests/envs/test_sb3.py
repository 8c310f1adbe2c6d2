"""A native batch as a Stable-Baselines3 VecEnv."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

import jit_gym
from jit_gym.envs import OrderUnits

ROWS = 4
SHORT = {"horizon.periods": 20}
ENDS = SHORT | {"horizon.ends": True}


def native(name: str = "LostSales", info: str = "none", **overrides):
    envs = gym.make_vec(f"jit_gym/{name}-v1", num_envs=ROWS, overrides=overrides or SHORT)
    return jit_gym.sb3.vec_env(envs, info)


def dummy(name: str = "LostSales", **overrides):
    return DummyVecEnv([lambda: gym.make(f"jit_gym/{name}-v1", overrides=overrides or SHORT) for _ in range(ROWS)])


@pytest.mark.parametrize("overrides", [SHORT, ENDS], ids=["goes on", "ends"])
@pytest.mark.parametrize("info", ["none", "all"])
def test_it_plays_what_a_dummy_vec_env_of_single_envs_plays(overrides, info):
    """Observations, rewards, dones and final infos agree over three episodes, for one seed; flows if asked for."""
    ours, theirs = native(info=info, **overrides), dummy(**overrides)
    ours.seed(5)
    theirs.seed(5)
    np.testing.assert_array_equal(ours.reset(), theirs.reset())
    actions = np.random.default_rng(0).uniform(-1, 1, (60, ROWS, 1)).astype(np.float32)
    ends = 0
    for action in actions:
        mine, yours = ours.step(action), theirs.step(action)
        for a, b in zip(mine[:3], yours[:3], strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
        for a, b in zip(mine[3], yours[3], strict=True):
            assert ("terminal_observation" in a) == ("terminal_observation" in b)
            if "terminal_observation" in b:
                ends += 1
                np.testing.assert_array_equal(a["terminal_observation"], b["terminal_observation"])
                assert a["TimeLimit.truncated"] == b["TimeLimit.truncated"] == (not overrides.get("horizon.ends"))
                assert a.get("supplier.ordered") == (b["supplier.ordered"] if info == "all" else None)
    assert ends == 3 * ROWS


@pytest.mark.parametrize("name", ["LostSales", "DualSourcing"])
def test_ppo_learns_the_same_weights_as_on_a_dummy_vec_env(name):
    """The batch changes nothing of what PPO sees: its weights come out the same, to the last bit."""
    torch.set_num_threads(1)
    weights = []
    for venv in (native(name), dummy(name)):
        settings = {"n_steps": 32, "batch_size": 64, "n_epochs": 2, "seed": 3, "device": "cpu"}
        model = PPO("MlpPolicy", venv, **settings).learn(3 * 32 * ROWS)
        weights.append(model.policy.state_dict())
    assert weights[0].keys() == weights[1].keys()
    for key, value in weights[0].items():
        assert torch.equal(value, weights[1][key]), key


def test_episodes_are_counted_as_monitor_counts_them():
    """An episode's `r` and `l` are the sum of its rewards and its number of periods."""
    venv = native()
    venv.seed(1)
    venv.reset()
    total = np.zeros(ROWS)
    for _ in range(20):
        _, rewards, dones, infos = venv.step(np.zeros((ROWS, 1), np.float32))
        total += rewards
    assert dones.all()
    for row in range(ROWS):
        assert infos[row]["episode"]["l"] == 20
        assert infos[row]["episode"]["r"] == pytest.approx(total[row])


def test_seeds_hold_once():
    """Without a new seed, a second reset begins the next path of each row."""
    venv = native()
    venv.seed(1)
    first = [venv.reset(), venv.step(np.zeros((ROWS, 1), np.float32))[0]]
    venv.reset()
    other = venv.step(np.zeros((ROWS, 1), np.float32))[0]
    venv.seed(1)
    again = [venv.reset(), venv.step(np.zeros((ROWS, 1), np.float32))[0]]
    np.testing.assert_array_equal(first, again)
    assert (other != first[1]).any()


def test_nan_changes_nothing_of_an_episode():
    """A step with NaN is refused; the episode goes on as if it had not been tried, with the same return."""
    straight, stumbling = native(), native()
    for venv in (straight, stumbling):
        venv.seed(1)
        venv.reset()
    for _ in range(20):
        with pytest.raises(ValueError, match="in row 3: must be a number, got nan"):
            stumbling.step(np.array([[0.0], [0.0], [0.0], [np.nan]], np.float32))
        one, other = (venv.step(np.zeros((ROWS, 1), np.float32)) for venv in (straight, stumbling))
        for a, b in zip(one[:3], other[:3], strict=True):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(one[3], other[3], strict=True):
        assert a["episode"]["r"] == b["episode"]["r"]


def test_it_works_with_what_people_put_around_a_vec_env():
    """VecNormalize and evaluate_policy take it, and a rule plays as a model does."""
    venv = VecNormalize(native(), norm_reward=False)
    venv.reset()
    assert venv.step(np.zeros((ROWS, 1), np.float32))[0].shape == (ROWS, 6)
    envs = native()
    mean, _ = evaluate_policy(jit_gym.policy("base-stock", envs), envs, n_eval_episodes=8)
    assert -5 * 30 < mean < 0


def test_a_model_with_a_state_is_refused_where_the_state_would_be_lost():
    """RecurrentPPO plays in envs; as a policy for `evaluate` it would forget each period what it had seen."""
    from sb3_contrib import RecurrentPPO

    envs = native()
    model = RecurrentPPO("MlpLstmPolicy", envs, n_steps=8, batch_size=8, device="cpu")
    with pytest.raises(TypeError, match=r"^recurrentppo keeps a state from period to period"):
        jit_gym.evaluate(jit_gym.sb3.policy(model, envs), "lost-sales", paths=2)


def orders_of(rule, venv):
    return np.asarray(rule(venv.episodes.view()), float)


def test_relative_rewards_are_the_rewards_less_those_of_the_baseline_on_the_same_path():
    """Over three episodes, to the last bit of a float; what `episode` says is what the batch earned."""
    rule = jit_gym.policy("base-stock(level=20)", jit_gym.load("lost-sales", SHORT))
    batches = [gym.make_vec("jit_gym/LostSales-v1", num_envs=ROWS, overrides=SHORT) for _ in range(3)]
    relative = jit_gym.sb3.vec_env(batches[0], baseline=rule)
    plain, theirs = (jit_gym.sb3.vec_env(envs) for envs in batches[1:])
    for venv in (relative, plain, theirs):
        venv.seed(5)
    shown = [venv.reset() for venv in (relative, plain, theirs)]
    for action in np.random.default_rng(0).uniform(-1, 1, (60, ROWS, 1)).astype(np.float32):
        base = theirs.step(OrderUnits(orders_of(rule, theirs)))[1]
        (shown, rewards, dones, infos), (seen, own, ends, known) = relative.step(action), plain.step(action)
        np.testing.assert_array_equal(shown, seen)
        np.testing.assert_array_equal(dones, ends)
        np.testing.assert_allclose(rewards, own - base, atol=1e-5)
        returns = [[each.get("episode", {}).get("r") for each in told] for told in (infos, known)]
        assert returns[0] == returns[1]


def test_relative_rewards_of_the_baseline_are_nothing():
    """What orders as the baseline does earns 0 in each period, wherever the rows are in their episodes."""
    rule = jit_gym.policy("base-stock(level=20)", jit_gym.load("lost-sales", SHORT))
    envs = gym.make_vec("jit_gym/LostSales-v1", num_envs=ROWS, overrides=SHORT)
    venv = jit_gym.sb3.vec_env(envs, baseline=rule, out_of_step=True)
    venv.seed(5)
    for _ in range(2):
        venv.reset()
        for _ in range(50):
            assert not venv.step(OrderUnits(orders_of(rule, venv)))[1].any()


def looking_ahead(periods, rows=ROWS, out_of_step=False, **overrides):
    """Return a batch that rewards orders with what follows from them, and the baseline, base-stock of 20."""
    world = jit_gym.load("lost-sales", {**SHORT, **overrides})
    rule = jit_gym.policy("base-stock(level=20)", world)
    envs = gym.make_vec("jit_gym/Scenario-v1", num_envs=rows, scenario=world, rewards="money")
    return jit_gym.sb3.vec_env(envs, baseline=rule, out_of_step=out_of_step, look_ahead=periods), rule


def test_looking_ahead_rewards_an_order_at_once_with_all_that_it_changes():
    """Four are sold each day: one unit more than base-stock orders is held for a day, as the next order is one less."""
    always_four = {"demands.customers.distribution": {"name": "empirical", "values": [4], "weights": [1]}}
    venv, rule = looking_ahead(10, rows=1, **always_four)
    holding = venv.episodes.scenario.stocks["shop"].holding_cost
    venv.seed(5)
    venv.reset()
    earned = [float(venv.step(OrderUnits(orders_of(rule, venv) + (t == 6)))[1][0]) for t in range(12)]
    assert earned == [0.0] * 6 + [pytest.approx(-holding)] + [0.0] * 5


@pytest.mark.parametrize("periods", [1, 3, 20])
def test_what_is_earned_by_looking_ahead_adds_up_to_what_is_earned_more_than_the_baseline(periods):
    """Over whole episodes of random orders, however far is looked ahead."""
    ahead, rule = looking_ahead(periods)
    envs = gym.make_vec("jit_gym/LostSales-v1", num_envs=ROWS, overrides=SHORT, rewards="money")
    twin = jit_gym.sb3.vec_env(envs, baseline=rule)
    sums = {"ahead": 0.0, "twin": 0.0}
    for name, venv in (("ahead", ahead), ("twin", twin)):
        venv.seed(5)
        venv.reset()
        for action in np.random.default_rng(0).uniform(-1, 1, (40, ROWS, 1)).astype(np.float32):
            sums[name] += venv.step(action)[1].astype(float)
    np.testing.assert_allclose(sums["ahead"], sums["twin"], atol=1e-3)
    assert np.std(sums["twin"]) > 1.0


@pytest.mark.parametrize("ahead", [3, 20])
def test_looking_ahead_the_baseline_earns_nothing_more_than_itself(ahead):
    """Wherever the rows are in their episodes, over several of them, to the last bits of a sum."""
    venv, rule = looking_ahead(ahead, out_of_step=True)
    venv.seed(5)
    venv.reset()
    for _ in range(50):
        np.testing.assert_allclose(venv.step(OrderUnits(orders_of(rule, venv)))[1], 0.0, atol=1e-9)


@pytest.mark.parametrize("rows", [1, 4, 40])
def test_rows_are_out_of_step(rows):
    """Row b of 4 begins after b/4 of an episode, of 40 in one of 16 phases; later episodes are whole ones."""
    venv = jit_gym.sb3.vec_env(gym.make_vec("jit_gym/LostSales-v1", num_envs=rows, overrides=SHORT), out_of_step=True)
    venv.seed(5)
    seen = venv.reset()
    np.testing.assert_array_equal(seen, venv.envs.episodes.observe())
    groups = min(rows, 16)
    assert venv.envs.episodes.clock.tolist() == [b * groups // rows * 20 // groups for b in range(rows)]
    lengths = {}
    for _ in range(60):
        for b, info in enumerate(venv.step(np.zeros((rows, 1), np.float32))[3]):
            if info:
                lengths.setdefault(b, []).append(info["episode"]["l"])
    assert all(each[0] == 20 - b * groups // rows * 20 // groups for b, each in lengths.items())
    assert all(length == 20 for each in lengths.values() for length in each[1:])


def test_a_baseline_that_cannot_play_beside_is_refused():
    """A rule with a memory, whose rows would be mixed up; and a family, for whose worlds it is not fitted."""
    stateful = jit_gym.policy("jit(level=20)", jit_gym.load("lost-sales", SHORT))
    venv = jit_gym.sb3.vec_env(gym.make_vec("jit_gym/LostSales-v1", num_envs=2, overrides=SHORT), baseline=stateful)
    with pytest.raises(ValueError, match=r"^baseline: jit keeps the past in mind, as .* \(base-stock does not\)$"):
        venv.reset()
    family = gym.make_vec("jit_gym/Family-v1", num_envs=2, family="lost-sales-family")
    rule = jit_gym.policy("base-stock", jit_gym.load("lost-sales"))
    for ahead in (0, 5):
        with pytest.raises(ValueError, match=r"^baseline: is for batches of one world, got a family's"):
            jit_gym.sb3.vec_env(family, baseline=rule, look_ahead=ahead)


@pytest.mark.parametrize(("ahead", "why"), [(-1, "must be 0 or more, got -1"), (5, "is along the path of a baseline")])
def test_looking_ahead_needs_a_baseline_and_a_number(ahead, why):
    envs = gym.make_vec("jit_gym/LostSales-v1", num_envs=2, overrides=SHORT)
    with pytest.raises(ValueError, match=rf"^look_ahead: {why}"):
        jit_gym.sb3.vec_env(envs, look_ahead=ahead)


def test_attributes_and_methods_are_those_of_the_batch():
    """get_attr and env_method answer once a row; set_attr is refused, since the rows share."""
    venv = native()
    assert venv.get_attr("num_envs") == [ROWS] * ROWS
    assert venv.get_attr("num_envs", 0) == [ROWS]
    assert venv.env_is_wrapped(gym.Wrapper) == [False] * ROWS
    with pytest.raises(NotImplementedError, match="share"):
        venv.set_attr("num_envs", 1)
    venv.close()


def test_anything_else_is_refused():
    """A batch of another library, or with wrappers, is refused with a reason."""
    with pytest.raises(TypeError, match="got SyncVectorEnv"):
        jit_gym.sb3.vec_env(gym.make_vec("CartPole-v1", num_envs=2, vectorization_mode="sync"))
    with pytest.raises(TypeError, match="got RecordEpisodeStatistics"):
        jit_gym.sb3.vec_env(RecordEpisodeStatistics(gym.make_vec("jit_gym/LostSales-v1", num_envs=2)))


@pytest.mark.slow
def test_ppo_learns_out_of_the_box():
    """A short PPO with plain settings costs less than just in time (13.9 a day; the optimum is 8.89) on fresh paths."""
    torch.set_num_threads(1)
    venv = jit_gym.sb3.vec_env(gym.make_vec("jit_gym/LostSales-v1", num_envs=256))
    settings = {"n_steps": 32, "batch_size": 2048, "n_epochs": 5, "learning_rate": 1e-3, "seed": 0, "device": "cpu"}
    model = PPO("MlpPolicy", venv, **settings).learn(800_000)
    envs = gym.make_vec("jit_gym/LostSales-v1", num_envs=256)
    observations, _ = envs.reset(seed=99)
    cost = np.zeros(256)
    for _ in range(200):
        actions, _ = model.predict(observations, deterministic=True)
        observations, rewards, *_ = envs.step(actions)
        cost -= rewards / 200
    assert cost.mean() + 4 * cost.std() / 16 < 13
