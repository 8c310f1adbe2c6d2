"""Stateful rules: the same wherever they play, and new in every episode."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.envs import Env, VectorEnv
from jit_gym.evaluation import evaluate
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import RULES, Policy, policy
from jit_gym.policies.base import StatefulRule
from jit_gym.scenario import Scenario, load

STATEFUL = [name for name, rule in RULES.items() if issubclass(rule, StatefulRule)]
WORLDS = {
    "fixed-cost": {"horizon.periods": 40, "lanes.supplier.lead_time": 2, "stocks.shop.initial": 30},
    "distribution": {"horizon.periods": 40},
}
everywhere = pytest.mark.parametrize(("world", "name"), [(world, name) for world in WORLDS for name in STATEFUL])


def worlds(name: str) -> Scenario:
    return load(name, WORLDS[name])


def played(player: Any, scenario: Scenario, paths: int = 3, periods: int = 20) -> np.ndarray:
    """Return the orders of every period (periods, paths, lanes)."""
    simulation = Simulation(Layout(scenario), Chance(scenario).draw(5, paths))
    found = []
    for _ in range(periods):
        found.append(np.array(player(View(simulation))))
        simulation.step(found[-1])
    return np.array(found)


def test_there_are_stateful_rules():
    assert {"jit", "demand-flow", "adaptive", "emergency", "hybrid"} <= set(STATEFUL)


@everywhere
def test_envs_and_evaluate_agree(world: str, name: str):
    """A batch of envs, played through `predict` with its state handed on, earns what `evaluate` says on its paths."""
    scenario = worlds(world)
    expected = evaluate(name, scenario, paths=6, seed=7).figures["profit"] * scenario.horizon.periods
    batch = VectorEnv(scenario, 3, units="raw", most_ordered=50, rewards="money")
    player = policy(name, batch)
    observations, _ = batch.reset(seed=7)
    returns, state, begun = np.zeros((2, 3)), None, np.ones(3, bool)
    episode, resets = np.zeros(3, int), np.zeros(3, bool)
    for _ in range(2 * scenario.horizon.periods + 1):  # a step between the episodes begins the next one
        actions, state = player.predict(observations, state, begun)
        observations, rewards, terminated, truncated, _ = batch.step(actions)
        going = ~resets & (episode < 2)
        returns[np.minimum(episode, 1)[going], np.flatnonzero(going)] += rewards[going]
        begun, resets = resets, terminated | truncated
        episode += resets
    assert returns.ravel() == pytest.approx(expected, rel=1e-6)


@everywhere
def test_a_single_env_and_evaluate_agree(world: str, name: str):
    """The same for one env, whose observations carry no batch."""
    scenario = worlds(world)
    expected = evaluate(name, scenario, paths=1, seed=7).figures["profit"] * scenario.horizon.periods
    env = Env(scenario, units="raw", most_ordered=50, rewards="money")
    player = policy(name, env)
    observation, _ = env.reset(seed=7)
    total, state, begun = 0.0, None, True
    for _ in range(scenario.horizon.periods):
        action, state = player.predict(observation, state, np.array([begun]))
        observation, reward, *_ = env.step(action)
        total, begun = total + reward, False
    assert total == pytest.approx(expected[0], rel=1e-6)


@everywhere
def test_a_new_simulation_begins_anew(world: str, name: str):
    """The same player plays one batch, a larger one, and the first again: equal paths, equal orders."""
    scenario = worlds(world)
    player = policy(name, scenario)
    first, larger, again = played(player, scenario), played(player, scenario, paths=5), played(player, scenario)
    assert np.array_equal(first, again)
    assert np.array_equal(first, larger[:, :3])


@everywhere
def test_two_simulations_do_not_disturb_each_other(world: str, name: str):
    """One player, asked in turn about two simulations, and twice in each period, keeps a state for each."""
    scenario = worlds(world)
    player, alone = policy(name, scenario), {paths: played(policy(name, scenario), scenario, paths) for paths in (2, 3)}
    simulations = {paths: Simulation(Layout(scenario), Chance(scenario).draw(5, paths)) for paths in (2, 3)}
    for t in range(20):
        for paths, simulation in simulations.items():
            orders = np.array(player(View(simulation)))
            assert np.array_equal(orders, player(View(simulation)))
            assert np.array_equal(orders, alone[paths][t])
            simulation.step(orders)


@pytest.mark.parametrize("name", STATEFUL)
def test_a_player_can_be_copied_and_pickled(name: str):
    """A copy plays as the original does, and has no state of what that has played."""
    scenario = worlds("distribution")
    player = policy(name, scenario)
    orders = played(player, scenario)
    for other in (copy.copy(player), copy.deepcopy(player), pickle.loads(pickle.dumps(player))):
        assert isinstance(other, Policy)
        assert np.array_equal(played(other, scenario), orders)


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if name not in ("constant",)])
def test_parameters_may_differ_from_path_to_path(name: str):
    """Two sets of parameters side by side order what each orders alone: so candidates are tuned in one batch."""
    scenario = next(world for world in map(load, ("lost-sales", "dual-sourcing")) if fits(name, world))
    one, other = policy(name, scenario), policy(name, scenario)
    changed = {
        each: getattr(one, each) * 0.75 if each in (*one.shares, *one.periods) else getattr(one, each) + 1
        for each in one.names()
    }
    other = one.having(changed)
    both = one.having({each: np.repeat([getattr(one, each), getattr(other, each)], 2, axis=0) for each in one.names()})
    trace = Chance(scenario).draw(5, [0, 1, 0, 1], 30)
    simulation = Simulation(Layout(scenario), trace)
    together = []
    for _ in range(30):
        together.append(np.array(both(View(simulation))))
        simulation.step(together[-1])
    apart = [played(player, scenario, paths=2, periods=30) for player in (one, other)]
    assert np.array_equal(np.array(together), np.concatenate(apart, axis=1))


def fits(name: str, scenario: Scenario) -> bool:
    from .still import fits

    return fits(name, scenario)
