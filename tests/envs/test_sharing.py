"""Parameter sharing: the agents of a batch as rows of a Stable-Baselines3 VecEnv."""

import numpy as np
import pytest
from stable_baselines3 import PPO

import jit_gym
from jit_gym.scenario import BadInput

parallel_env = pytest.importorskip("jit_gym.envs.multi", exc_type=ImportError).parallel_env

ROWS = 3
SHORT = {"horizon.periods": 9, "horizon.ends": False}
LONGER = {
    "demands.customers.history": None,
    "demands.customers.distribution": {"name": "poisson", "mu": 8},
    "horizon.periods": 40,
}


@pytest.mark.parametrize("rewarded", ["own", "shared"])
@pytest.mark.parametrize("agents", ["stage", "lane"])
@pytest.mark.parametrize(("name", "overrides"), [("beer-game", {}), ("or-gym-net-management", {"horizon.periods": 9})])
def test_its_rows_are_the_agents_of_parallel_envs(name, overrides, agents, rewarded):
    """Row b * A + k is agent k of a parallel env of seed s + b * A, with its rewards, over two episodes or more."""
    venv = jit_gym.sharing.vec_env(name, ROWS, agents, rewarded, overrides)
    envs = [parallel_env(name, agents=agents, rewarded=rewarded, overrides=overrides) for _ in range(ROWS)]
    count = len(envs[0].possible_agents)
    assert venv.num_envs == ROWS * count
    venv.seed(11)
    seen = venv.reset()
    theirs = [env.reset(seed=11 + b * count)[0] for b, env in enumerate(envs)]
    random, ends = np.random.default_rng(1), 0
    for _ in range(80):
        for row in range(venv.num_envs):
            check_row(venv, envs[row // count], seen[row], theirs[row // count], row % count)
        actions = random.uniform(-1, 1, (venv.num_envs, *venv.action_space.shape)).astype(np.float32)
        seen, rewards, dones, infos = venv.step(actions)
        for b, env in enumerate(envs):
            names = env.possible_agents
            mine = {agent: actions[b * count + k][: len(env.members[agent].lanes)] for k, agent in enumerate(names)}
            theirs[b], earned, terminated, truncated, _ = env.step(mine)
            for k, agent in enumerate(names):
                row = b * count + k
                assert rewards[row] == np.float32(earned[agent])
                assert dones[row] == (terminated[agent] or truncated[agent])
                if dones[row]:
                    ends += 1
                    assert infos[row]["TimeLimit.truncated"] == truncated[agent]
                    assert infos[row]["episode"]["l"] == venv.length
                    check_row(venv, env, infos[row]["terminal_observation"], theirs[b], k)
            if not env.agents:
                theirs[b], _ = env.reset()
    assert ends >= 2 * venv.num_envs


def check_row(venv, env, row, theirs, k):
    """Hold that a row shows what agent k sees, each number by its role, 0 elsewhere, and who it is."""
    agent = env.possible_agents[k]
    shown = dict(zip(venv.seats.names, row.tolist(), strict=True))
    assert venv.observation_space.contains(row)
    for role, value in zip(env.members[agent].roles, theirs[agent].tolist(), strict=True):
        assert shown.pop(role) == value
    assert shown.pop(f"is.{agent}") == 1.0
    assert not any(shown.values())


def test_a_shared_policy_plays_in_compare_as_in_its_env():
    """A PPO model's cost in `compare` is what its own env pays with the same orders, on the same paths."""
    venv = jit_gym.sharing.vec_env("serial", 4, overrides=SHORT, rewards="money")
    model = PPO("MlpPolicy", venv, n_steps=16, batch_size=64, n_epochs=1, seed=0, device="cpu").learn(400)
    world = jit_gym.load("serial", SHORT)
    table = jit_gym.compare(
        ["base-stock", jit_gym.sharing.policy(model, venv)], world, paths=4, seed=9, warmup=0, gap=False
    )
    assert table.results[1].policy == "shared-ppo"
    alone = jit_gym.Env(world, rewards="money")
    found, seats = [], venv.seats
    observation, info = alone.reset(seed=9)
    for path in range(4):
        assert info["path"] == path
        over = cost = False
        while not over:
            actions, _ = model.predict(seats.seen(observation[None], np.zeros(1)), deterministic=True)
            observation, _, _, over, info = alone.step(seats.joined(actions)[0])
            cost += info["cost"]
        found.append(cost / 9)
        observation, info = alone.reset()
    evaluated = jit_gym.evaluate(
        jit_gym.sharing.policy(model, venv), jit_gym.load("serial", SHORT | {"objective.leftovers": "worthless"}),
        paths=4, seed=9, warmup=0,
    )  # fmt: skip
    np.testing.assert_allclose(evaluated.figures["cost"], found, rtol=1e-6)


def test_an_agent_acts_on_what_it_sees_alone():
    """Of two observations that differ in the factory's stock alone, all but the factory order the same."""
    venv = jit_gym.sharing.vec_env("beer-game", 2)
    model = PPO("MlpPolicy", venv, n_steps=8, batch_size=16, n_epochs=1, seed=0, device="cpu")
    codec = venv.seats.team.codec
    whole = np.repeat(np.random.default_rng(0).uniform(0, 2, (1, len(codec.names))), 2, axis=0).astype(np.float32)
    whole[1, codec.names.index("factory.on_hand")] += 3
    actions, _ = model.predict(venv.seats.seen(whole, np.zeros(2)), deterministic=True)
    first, second = venv.seats.joined(actions)
    assert (first == second).tolist() == [True, True, True, False]


def test_a_world_that_shows_other_numbers_is_refused():
    venv = jit_gym.sharing.vec_env("beer-game", 2)
    model = PPO("MlpPolicy", venv, n_steps=8, batch_size=16, device="cpu")
    with pytest.raises(BadInput, match="trained where other numbers are seen"):
        jit_gym.evaluate(jit_gym.sharing.policy(model, venv), "serial", paths=2)


def test_a_correction_of_nothing_is_the_baseline_and_earns_nothing_more():
    """With shared rewards less the baseline's, choosing 0 earns 0, and the policy costs what the baseline costs."""
    world = jit_gym.load("beer-game")
    rule = jit_gym.policy("base-stock", world)
    venv = jit_gym.sharing.vec_env(world, 2, baseline=rule, corrections=range(-3, 4), look_ahead=5)
    venv.seed(3)
    venv.reset()
    nothing = np.full((venv.num_envs, 1), 3)
    for _ in range(40):
        _, rewards, _, _ = venv.step(nothing)
        np.testing.assert_allclose(rewards, 0.0, atol=1e-6)
    model = Chooses(nothing[: venv.seats.agents])
    ours = jit_gym.evaluate(jit_gym.sharing.policy(model, venv), world, paths=1)
    assert ours.mean("cost") == jit_gym.evaluate(rule, world, paths=1).mean("cost")


class Chooses:
    """A model that makes the same choices (agents, lanes) on each path."""

    def __init__(self, choices):
        self.choices = choices

    def predict(self, seen, deterministic):
        return np.tile(self.choices, (len(seen) // len(self.choices), 1)), None


@pytest.mark.parametrize("look_ahead", [0, 4, 36])
def test_rewards_over_a_game_are_what_is_earned_more_than_by_the_baseline(look_ahead):
    """Looking ahead moves rewards, but their sum over a game is what corrections earn (Ng et al. 1999)."""
    world = jit_gym.load("beer-game")
    rule = jit_gym.policy("base-stock", world)
    venv = jit_gym.sharing.vec_env(
        world, 3, rewards="money", baseline=rule, corrections=range(-3, 4), look_ahead=look_ahead
    )
    venv.reset()
    random, total = np.random.default_rng(2), 0.0
    for _ in range(36):
        actions = random.integers(0, 7, (venv.num_envs, 1))
        _, rewards, dones, infos = venv.step(actions)
        total = total + rewards
    assert dones.all()
    theirs = jit_gym.evaluate(rule, world, paths=1).mean("cost") * 36
    np.testing.assert_allclose(total, [info["episode"]["r"] + theirs for info in infos], rtol=1e-5)


def test_a_schedule_shows_each_agent_its_period_and_ends_with_the_episode():
    world = jit_gym.load("beer-game")
    venv = jit_gym.sharing.vec_env(world, 2, schedule=True)
    seen = venv.reset()
    for period in range(1, 38):
        names = [[venv.seats.names[i] for i in np.flatnonzero(row) if ".in." in venv.seats.names[i]] for row in seen]
        assert names[:4] == [[f"is.{name}.in.{(period - 1) % 36}"] for name in venv.seats.team.names]
        seen, _, dones, infos = venv.step(np.zeros((8, 1), np.float32))
        if dones.any():
            last = infos[0]["terminal_observation"]
            assert last[venv.seats.names.index("is.retailer.in.36")] == 1.0
            assert venv.observation_space.contains(last)
    policy = jit_gym.sharing.policy(Chooses(np.zeros((4, 1), np.float32)), venv)
    jit_gym.evaluate(policy, world, paths=2)
    with pytest.raises(BadInput, match="a schedule of 36 periods"):
        jit_gym.evaluate(policy, jit_gym.load("beer-game", LONGER), paths=2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"corrections": range(3)}, "corrections: is of no use without a baseline"),
        ({"look_ahead": 2}, "look_ahead: is of no use without a baseline"),
        ({"baseline": "rule", "look_ahead": -1}, "look_ahead: must be 0 or more"),
        ({"baseline": "rule", "rewarded": "own"}, "baseline: is for shared rewards"),
        ({"baseline": "rule", "corrections": "many"}, "corrections: must be two finite numbers or more, got 'many'"),
        ({"baseline": "rule", "corrections": [1]}, "corrections: must be two finite numbers or more"),
        ({"baseline": "rule", "corrections": [0, float("nan")]}, "corrections: must be two finite numbers or more"),
    ],
)
def test_bad_ways_to_learn_are_refused(given, message):
    if "baseline" in given:
        given = given | {"baseline": jit_gym.policy("base-stock", jit_gym.load("beer-game"))}
    with pytest.raises(BadInput, match=message):
        jit_gym.sharing.vec_env("beer-game", 2, **given)
