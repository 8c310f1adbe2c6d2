"""Rules at play: in any world, in an env through `predict`, and in Stable-Baselines3's own evaluation."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jit_gym.chance import Chance
from jit_gym.envs import Env, VectorEnv
from jit_gym.evaluation import evaluate
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import RULES, PolicyError, Rule, policy
from jit_gym.scenario import BadInput, Scenario, load

from ..worlds import scenarios
from .still import fitting

PERIODS = 200
PLAYERS = {
    "lost-sales": [*fitting("lost-sales"), "kanban(container=4)", "s-S(s=17, S=23)"],
    "dual-sourcing": [*fitting("dual-sourcing"), "s-S(s=4, S=9)", "dual-index(expedited_level=4, regular_level=7)"],
    "grocery": ["jit", "kanban", "base-stock", "just-in-case", "adaptive"],
    "beer-game": ["jit", "demand-flow", "conwip", "echelon-base-stock", "anchoring", "adaptive", "emergency"],
}
RAW_TOO = {"grocery", "beer-game"}  # how units are coded does not depend on the rule
everybody = pytest.mark.parametrize(("world", "what"), [(world, what) for world in PLAYERS for what in PLAYERS[world]])


def check_orders(scenario: Scenario, seed: int) -> None:
    """Hold that every rule orders what can be ordered, in every period."""
    trace, layout = Chance(scenario).draw(seed, 3), Layout(scenario)
    playing = [policy(name, scenario) for name in fitting(scenario)]
    assert len(playing) >= len(RULES) - 10  # those for two lanes, and for lost sales
    for player in playing:
        world = Simulation(layout, trace)
        for _ in range(trace.periods):
            view = View(world)
            orders = player(view)
            assert orders.shape == (3, len(scenario.lanes))
            assert np.isfinite(orders).all(), player
            assert (orders >= 0).all(), player
            if type(player).__call__ is Rule.__call__:
                wanted = player.wanted(view)
                if scenario.units == "whole":
                    assert np.array_equal(orders, np.floor(orders))
                    wanted = np.floor(wanted + 0.5)
                assert np.allclose(orders @ layout.into, wanted, rtol=1e-12, atol=1e-9), player
            world.step(orders)


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 2**32 - 1))
def test_rules_order_sensibly_in_any_world(scenario: Scenario, seed: int):
    """In random worlds orders are finite and not negative, whole where units are, and add up over the lanes."""
    check_orders(scenario, seed)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios(periods=25), st.integers(0, 2**32 - 1))
def test_rules_order_sensibly_in_thousands_of_worlds(scenario: Scenario, seed: int):
    """The same in more worlds and for longer."""
    check_orders(scenario, seed)


@pytest.mark.parametrize(
    ("world", "what", "units"),
    [
        pytest.param(world, what, units, marks=() if units == "mean-demand" or world in RAW_TOO else pytest.mark.slow)
        for world in PLAYERS
        for what in PLAYERS[world]
        for units in ("mean-demand", "raw")
    ],
)
def test_predict_orders_what_the_rule_orders(world: str, what: str, units: str):
    """In a single env, from observations alone, a rule orders what it orders in the simulation, to the unit."""
    scenario = load(world, {"horizon.periods": 36})
    env = Env(scenario, units=units, most_ordered=10)
    player, simulation = policy(what, env), Simulation(Layout(scenario), Chance(scenario).draw(3, [0]))
    observation, _ = env.reset(seed=3)
    state, begun = None, True
    for _ in range(scenario.horizon.periods):
        wanted = np.minimum(player(View(simulation)), env.episodes.codec.lanes["limit"])
        action, state = player.predict(observation, state, np.array([begun]))
        flows = simulation.step(wanted)
        assert action.shape == env.action_space.shape
        assert action in env.action_space
        observation, *_, info = env.step(action)
        begun = False
        ordered = [info[f"{name}.ordered"] for name in scenario.lanes]
        assert ordered == flows.lanes["ordered"][0].tolist()


@everybody
def test_predict_takes_a_batch(world: str, what: str):
    """For a batch of observations it gives a batch of actions, each as for its observation alone."""
    scenario = load(world)
    batch = VectorEnv(scenario, 4)
    player = policy(what, batch)
    observations, _ = batch.reset(seed=1)
    for _ in range(10):
        actions, state = player.predict(observations)
        assert state is None
        assert actions.shape == batch.action_space.shape
        assert actions.dtype == np.float32
        assert all(
            np.array_equal(player.predict(one)[0], action) for one, action in zip(observations, actions, strict=True)
        )
        observations, *_ = batch.step(actions)


def test_predict_counts_the_periods():
    """Given the starts of episodes, the state is each row's period, and what happens once happens once an episode."""
    scenario = load("lost-sales", {"stocks.shop.initial": 40})
    batch = VectorEnv(scenario, 2)
    player = policy("jit", batch)
    observations, _ = batch.reset(seed=1)
    actions, state = player.predict(observations, None, np.array([True, True]))
    assert state[:, 0].tolist() == [1, 1]
    assert (actions == -1).all()  # there are more than 25 already
    observations, *_ = batch.step(actions)
    actions, state = player.predict(observations, state, np.array([False, True]))
    assert state[:, 0].tolist() == [2, 1]
    assert actions[0] > -1  # what was used
    assert actions[1] == -1  # as if it began now, with more than 25


@pytest.mark.parametrize(
    ("world", "what"),
    [("lost-sales", "jit"), ("lost-sales", "kanban(cards=22, container=1)"), ("dual-sourcing", "dual-index")],
)
@pytest.mark.parametrize("rows", [1, 2])
def test_stable_baselines3_evaluates_a_rule(world: str, what: str, rows: int):
    """`evaluate_policy` finds the returns that `evaluate` finds on the same paths, of the seeds s, s + 1, ..."""
    from stable_baselines3.common.evaluation import evaluate_policy
    from stable_baselines3.common.monitor import Monitor
    from stable_baselines3.common.vec_env import DummyVecEnv

    scenario = load(world, {"objective.leftovers": "worthless"})  # as rewards count
    envs = DummyVecEnv([lambda: Monitor(Env(scenario, most_ordered=10, rewards="money"))] * rows)
    player = policy(what, envs)
    envs.seed(7)
    returns, lengths = evaluate_policy(player, envs, n_eval_episodes=2 * rows, return_episode_rewards=True)
    expected = [evaluate(player, scenario, paths=2, seed=7 + b).figures["profit"] * PERIODS for b in range(rows)]
    assert lengths == [PERIODS] * 2 * rows
    assert sorted(returns) == pytest.approx(sorted(np.ravel(expected)), rel=1e-4)


def test_predict_reads_the_observations_of_its_env_and_no_others():
    """A rule without an env, another width, and units that its env does not show are refused in one line each."""
    raw, scaled, slow = Env(units="raw"), Env(), Env("lost-sales", {"lanes.supplier.lead_time": 6})
    raw.reset(seed=0)
    observation = np.array([8.0, 5.0, 4.0, 6.0, 0.0, 7.0], np.float32)
    with pytest.raises(PolicyError, match=r"^base-stock\(level=34\): predict must know the env whose observations"):
        policy("base-stock", load("lost-sales")).predict(observation)
    with pytest.raises(
        BadInput, match=r"^observation: must have 8 numbers, shop.on_hand and so on, got the shape \(6,\)$"
    ):
        policy("base-stock", slow).predict(observation)
    with pytest.raises(
        BadInput, match=r"^observation: shop.on_hand cannot be 1.6 where units are 'raw' \(is it another"
    ):
        policy("base-stock", raw).predict(observation / 5)
    with pytest.raises(BadInput, match=r"^observation: shop.on_hand cannot be 320 where units are 'mean-demand'"):
        policy("base-stock", scaled).predict(40 * observation)
    with pytest.raises(BadInput, match=r"^observation: shop.on_hand cannot be nan"):
        policy("base-stock", scaled).predict(np.nan * observation)
    orders = [9.0]
    assert raw.orders(policy("base-stock", raw).predict(observation)[0]) == orders
    assert scaled.orders(policy("base-stock", scaled).predict(observation / 5)[0]) == pytest.approx(orders)


@pytest.mark.parametrize("wrapped", ["DummyVecEnv", "Monitor", "VecMonitor", "vec_env", "make_vec"])
def test_a_rule_takes_the_coding_of_any_kind_of_env(wrapped: str):
    """Wrappers that leave observations and actions as they are do not matter; `VecNormalize` is refused."""
    import gymnasium as gym
    from stable_baselines3.common.monitor import Monitor
    from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor, VecNormalize

    from jit_gym.envs.sb3 import vec_env

    batch = gym.make_vec("jit_gym/LostSales-v1", num_envs=2, units="raw")
    dummy = DummyVecEnv([lambda: gym.make("jit_gym/LostSales-v1", units="raw")])
    envs = {
        "DummyVecEnv": dummy,
        "Monitor": Monitor(gym.make("jit_gym/LostSales-v1", units="raw")),
        "VecMonitor": VecMonitor(dummy),
        "vec_env": vec_env(batch),
        "make_vec": batch,
    }
    assert policy("base-stock", envs[wrapped]).env_codec.raw
    with pytest.raises(BadInput, match="env: is wrapped in what changes its observations or actions"):
        policy("base-stock", VecNormalize(dummy))
    with pytest.raises(BadInput, match="env: must be an env or a batch of jit_gym, got "):
        policy("base-stock", gym.make("CartPole-v1"))
