"""Many agents, one chain: PettingZoo's parallel API over the same physics."""

import warnings
from typing import Any

import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import data_equivalence
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jit_gym.envs import Env, OrderUnits
from jit_gym.envs.observation import Codec
from jit_gym.envs.team import Team
from jit_gym.physics import Layout
from jit_gym.scenario import BadInput, load

from ..worlds import scenarios, worlds
from .rich import rich

pytest.importorskip("pettingzoo", reason="PettingZoo is not installed (pip install jit-gym[multi])")

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its tests import a game of its own by an old name
    from pettingzoo.test import parallel_api_test, parallel_seed_test

from jit_gym.envs.multi import ManyAgentsEnv, parallel_env

NETWORKS = ["beer-game", "serial", "assembly", "distribution", "two-machine-line"]
NETWORKS += ["or-gym-inv-management", "or-gym-net-management"]
kinds = pytest.mark.parametrize("agents", ["stage", "lane"])


@kinds
@pytest.mark.parametrize("rewarded", ["own", "shared"])
@pytest.mark.parametrize("name", ["beer-game", "or-gym-net-management", "multi-item"])
def test_pettingzoo_has_nothing_to_say(name: str, agents: str, rewarded: str):
    """PettingZoo's tests of the API and of seeds pass, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parallel_api_test(parallel_env(name, agents=agents, rewarded=rewarded), num_cycles=80)
        parallel_seed_test(lambda: parallel_env(name, agents=agents, rewarded=rewarded), num_cycles=20)


def agree(name: Any, agents: str, seed: int, episodes: int = 2, most: int = 40, **arguments: Any) -> None:
    """Hold that agents and the single env show, earn and end the same under the same random actions."""
    single, many = Env(name, **arguments), parallel_env(name, agents=agents, **arguments)
    shared = parallel_env(name, agents=agents, rewarded="shared", **arguments)
    random = np.random.default_rng(seed)
    for episode in range(episodes):
        seeds = seed if episode == 0 else None
        whole, _ = single.reset(seed=seeds)
        seen, infos = many.reset(seed=seeds)
        shared.reset(seed=seeds)
        for _ in range(most):
            for agent, member in many.members.items():
                assert np.array_equal(seen[agent], whole[member.places])
                assert many.observation_space(agent).contains(seen[agent])
            assert np.array_equal(many.state(), whole)
            low, high = single.action_space.low, single.action_space.high
            action = random.uniform(low, high).astype(np.float32)
            given = {agent: action[member.lanes] for agent, member in many.members.items()}
            whole, reward, terminated, truncated, info = single.step(action)
            seen, rewards, terminations, truncations, infos = many.step(given)
            assert set(terminations.values()) == {terminated}
            assert set(truncations.values()) == {truncated}
            np.testing.assert_allclose(sum(rewards.values()), reward, rtol=1e-9, atol=1e-7)
            assert set(shared.step(given)[1].values()) == {reward}
            for told in infos.values():
                assert all(told[flow] == info[flow] for flow in told if flow != "earned")
            if terminated or truncated:
                assert many.agents == []
                break


@kinds
@pytest.mark.parametrize("units", ["mean-demand", "raw"])
@pytest.mark.parametrize("name", NETWORKS)
def test_agents_play_what_the_single_env_plays(name: str, agents: str, units: str):
    """Under random orders in every networked scenario: the same numbers, ends and flows; rewards add up to the one."""
    agree(name, agents, seed=5, units=units)


@settings(max_examples=worlds(12), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios(), st.sampled_from(["stage", "lane"]), st.integers(0, 99))
def test_agents_play_what_the_single_env_plays_in_random_worlds(scenario: Any, agents: str, seed: int):
    agree(scenario, agents, seed, most=6, rewards="money")


def test_a_player_of_the_beer_game_sees_his_own_board():
    """His stock, his backlog, his orders and what comes to him; not the stock of others, nor orders not yet read."""
    env = parallel_env("beer-game")
    assert env.possible_agents == ["retailer", "wholesaler", "distributor", "factory"]
    assert env.observation_names("retailer") == [
        "retailer.on_hand", "retailer.used", "customers.backlog", "to-retailer.waiting", "to-retailer.read_in_1",
        "to-retailer.arrives_in_1", "to-retailer.arrives_in_2", "horizon.passed",
    ]  # fmt: skip
    assert env.observation_names("wholesaler") == [
        "wholesaler.on_hand", "wholesaler.used", "to-retailer.waiting", "to-wholesaler.waiting",
        "to-wholesaler.read_in_1", "to-wholesaler.arrives_in_1", "to-wholesaler.arrives_in_2", "horizon.passed",
    ]  # fmt: skip
    assert env.members["wholesaler"].roles[2] == env.members["retailer"].roles[2] == "customer_0.owed"


def test_a_player_of_the_beer_game_pays_for_his_stock_and_his_backlog():
    """0.50 a case on hand, 1.00 a case of backlog in a week (Sterman 1989)."""
    env = parallel_env("beer-game", rewards="money", units="raw")
    env.reset(seed=0)
    for _ in range(9):
        seen, rewards, *_ = env.step({agent: np.array([9.0], np.float32) for agent in env.agents})
        for agent, row in seen.items():
            by_role = dict(zip(env.members[agent].roles, row, strict=True))
            assert rewards[agent] == -0.5 * by_role["stock.on_hand"] - by_role["customer_0.owed"]


def test_dates_and_announced_spikes_are_seen_by_all():
    """The phase of a season, what has passed of the horizon, and when the holidays come; each lane its disruptions."""
    env = parallel_env(rich(horizon__ends=True))
    dates = len(env.team.codec.dates[0])
    shown = {*env.env.observation_names[-dates:], "holidays.comes_in"}
    assert dates > 1
    for agent in env.possible_agents:
        assert shown < set(env.observation_names(agent))
    assert "ship.available" in env.observation_names("wheel")
    assert "ship.available" not in env.observation_names("body")


def test_every_number_of_the_observation_is_seen_by_somebody():
    """What is shown at all belongs to a stock, a lane, a demand, or to everybody."""
    for name in NETWORKS:
        team = Team(Codec(Layout(load(name))))
        assert set().union(*(member.places.tolist() for member in team.members)) == set(range(len(team.codec.names)))
        for member in team.members:
            assert len(set(member.roles)) == len(member.roles) == len(set(member.places.tolist()))


def test_units_are_ordered_as_they_are():
    """The same units by the single env; some agents in units and others in numbers are refused."""
    single, many = Env("beer-game"), parallel_env("beer-game")
    single.reset(seed=1)
    many.reset(seed=1)
    units = np.array([3.0, 50.0, 0.0, 7.0])
    whole, *_ = single.step(OrderUnits(units))
    many.step({agent: OrderUnits(units[member.lanes]) for agent, member in many.members.items()})
    assert np.array_equal(many.state(), whole)
    mixed: dict[str, Any] = {agent: np.zeros(1, np.float32) for agent in many.agents}
    with pytest.raises(BadInput, match="for all agents, or for none"):
        many.step(mixed | {"factory": OrderUnits([1.0])})


def test_max_cycles_truncates():
    env = parallel_env("beer-game", max_cycles=3)
    env.reset(seed=0)
    idle = {agent: np.zeros(1, np.float32) for agent in env.agents}
    ends = [env.step(idle)[2:4] for _ in range(3)]
    assert [any(truncated.values()) for _, truncated in ends] == [False, False, True]
    assert not any(any(terminated.values()) for terminated, _ in ends)
    with pytest.raises(ResetNeeded):
        env.step(idle)


def test_it_renders_as_the_single_env_does():
    single, many = (make("beer-game", render_mode="ansi") for make in (Env, parallel_env))
    single.reset(seed=0)
    many.reset(seed=0)
    single.step(np.zeros(4, np.float32))
    many.step({agent: np.zeros(1, np.float32) for agent in many.agents})
    assert many.render() == single.render()
    picture = parallel_env("beer-game", render_mode="rgb_array")
    picture.reset(seed=0)
    assert picture.render().shape == (480, 640, 3)


def test_infos_can_be_left_out():
    env = parallel_env("beer-game", info="none")
    _, infos = env.reset(seed=0)
    assert infos == {agent: {} for agent in env.agents}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"agents": "stock"}, "agents: must be 'stage' or 'lane', got 'stock'"),
        ({"rewarded": "mine"}, "rewarded: must be 'own' or 'shared', got 'mine'"),
        ({"max_cycles": 0}, "max_cycles: must be a whole number, 1 or more, got 0"),
        ({"info": "some"}, "info: must be 'all' or 'none', got 'some'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: dict[str, Any], words: str):
    with pytest.raises(BadInput, match=words):
        ManyAgentsEnv("beer-game", **arguments)


def test_names_that_are_not_told_apart_are_refused():
    world = {"demands.factory": {"from": "retailer", "distribution": 1}}
    with pytest.raises(BadInput, match="'factory' names 2 things"):
        parallel_env("beer-game", overrides=world)


def test_actions_for_others_than_the_agents_are_refused():
    env = parallel_env("beer-game")
    with pytest.raises(ResetNeeded):
        env.step({})
    env.reset(seed=0)
    with pytest.raises(BadInput, match="see 'distributor'"):
        env.step({agent: np.zeros(1, np.float32) for agent in env.agents if agent != "distributor"})
    with pytest.raises(BadInput, match="actions of factory: must have the shape"):
        env.step({agent: np.zeros(2 if agent == "factory" else 1, np.float32) for agent in env.agents})
    assert data_equivalence(env.state(), env.env.reset(seed=0)[0])  # nothing was played
