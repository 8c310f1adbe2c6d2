"""The periods that agents say they play are those that they play, or more where paths end early."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from jit_gym.agents import program
from jit_gym.agents.dcl import halvings
from jit_gym.agents.learner import COMPARED, best_of, periods_to_find, settings_of
from jit_gym.agents.rollout import Rollouts
from jit_gym.physics import Simulation
from jit_gym.physics.gradient import TensorSimulation
from jit_gym.scenario import load

SHOP = load("lost-sales", {"horizon.periods": 20, "lanes.supplier.lead_time": 1})


def learner(agent: str, settings: dict[str, Any]) -> Any:
    learn = program(agent)
    return learn(SHOP, settings_of(learn, settings), 0)


def count_steps(monkeypatch: pytest.MonkeyPatch, of: type) -> list[int]:
    """Return a list to which the paths of each step of a simulation are added."""
    steps: list[int] = []
    step = of.step

    def counted(self: Any, orders: Any) -> Any:
        steps.append(len(orders))
        return step(self, orders)

    monkeypatch.setattr(of, "step", counted)
    return steps


def test_hindsight_plays_a_batch_in_each_gradient_step(monkeypatch):
    agent = learner("hindsight", {"budget": 5, "chunk": 2, "batch": 8, "periods": 12})
    steps = count_steps(monkeypatch, TensorSimulation)
    for k in range(agent.steps):
        agent.step(k)
        assert sum(steps) == agent.played(k + 1)
    assert agent.played(agent.steps) == 5 * 8 * 12


def test_imitate_plays_all_paths_in_each_round(monkeypatch):
    agent = learner("imitate", {"budget": 2, "paths": 8, "epochs": 1})
    steps = count_steps(monkeypatch, Simulation)
    for k in range(agent.steps):
        agent.step(k)
    assert sum(steps) == agent.played(agent.steps) == 2 * 8 * 20


def test_ppo_plays_a_period_in_each_env_step():
    settings = {"budget": 256, "chunk": 128, "n_envs": 8, "hyperparams": {"n_steps": 16, "batch_size": 64}}
    agent = learner("ppo", settings)
    for k in range(agent.steps):
        agent.step(k)
    assert agent.algo.num_timesteps == agent.played(agent.steps) == 256


def test_a_rule_plays_beside_an_agent_that_is_rewarded_relative_to_it():
    more = {"means": "correction", "rule": "base-stock(level=9)", "relative": True}
    settings = {"budget": 256, "chunk": 128, "n_envs": 8, "hyperparams": {"n_steps": 16, "batch_size": 64}}
    agent = learner("ppo", settings | more)
    for k in range(agent.steps):
        agent.step(k)
    assert agent.played(agent.steps) == 2 * agent.algo.num_timesteps == 2 * 256


def test_a_search_for_the_best_rule_plays_no_more_than_it_says():
    world = load("lost-sales", {"horizon.periods": 20, "policies": ["jit", "base-stock"]})
    tuned = {name: best_of(name, world) for name in world.policies}
    assert str(best_of("best", world)) == str(tuned["base-stock"])
    played = sum(each.tuning.spent + COMPARED * 20 for each in tuned.values())
    most = [periods_to_find(name, world) + COMPARED * 20 for name in world.policies]
    assert played <= periods_to_find("best", world) == sum(most)
    for nothing_to_find in ("base-stock(level=9)", "optimal", "agent:dcl"):
        assert periods_to_find(nothing_to_find, world) == 0


def test_dcl_plays_no_more_than_it_says(monkeypatch):
    settings = {"iterations": 1, "budget": 40, "chunk": 20, "futures": 32, "depth": 8, "epochs": 1}
    agent = learner("dcl", settings | {"rule": "base-stock(level=10)"})
    steps, ahead = count_steps(monkeypatch, Simulation), []
    compare = Rollouts.compare

    def counted(self: Any, *given: Any) -> Any:
        alive, futures, (first, last) = given[4:]
        ahead.append(int((alive.sum() + len(alive)) * (last - first) * futures.depth))
        return compare(self, *given)

    monkeypatch.setattr(Rollouts, "compare", counted)
    for k in range(agent.steps):
        agent.step(k)
        assert sum(steps) + sum(ahead) <= agent.played(k + 1)
    assert agent.played(0) == 0
    assert sum(ahead) == agent.played(agent.steps) - (4 * 20 + 40) * 20


@pytest.mark.parametrize(("choices", "futures"), [(2, 512), (9, 512), (256, 16), (15, 32)])
def test_halving_ends_with_two_choices_on_all_futures(choices: int, futures: int):
    rounds = halvings(choices, futures)
    left, until = np.array(rounds).T
    assert left[0] == choices
    assert left[-1] <= 3
    assert until[-1] == futures
    assert (np.diff(left) <= 0).all()
    assert (np.diff(until) >= 0).all()
