"""The look-ahead is what one would play by hand, future by future."""

import numpy as np
import pytest

from jit_gym.agents import memoized, rollout
from jit_gym.agents.rollout import Futures, Rollouts
from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation, View
from jit_gym.physics.tables import state_of
from jit_gym.policies.trained import Perceptron
from jit_gym.scenario import Scenario, load

FUTURES, DEPTH = 70, 12


def network(inputs: int, outputs: int) -> Perceptron:
    """Return a random network with two hidden layers; their widths are no multiples of anything."""
    random, widths = np.random.default_rng(3), (inputs, 7, 5, outputs)
    arrays = {"shift": random.normal(size=inputs), "scale": random.uniform(0.5, 1.5, inputs)}
    for k in range(3):
        arrays[f"layers.{k}.weight"] = random.normal(size=(widths[k + 1], widths[k]))
        arrays[f"layers.{k}.bias"] = random.normal(size=widths[k + 1])
    return Perceptron({name: array.astype(np.float32) for name, array in arrays.items()}, "relu")


def played(rollouts: Rollouts, act: Perceptron, state: np.ndarray, clock: int, first: int, trace: object) -> np.ndarray:
    """Return what a first choice costs on each future of a state (futures,), by the ordinary simulation."""
    layout, scenario = rollouts.layout, rollouts.scenario
    world = Simulation(layout, trace)  # type: ignore[arg-type]
    world.arrays["state"][:] = state[:, None]
    periods = min(DEPTH, scenario.horizon.periods - clock) if scenario.horizon.ends else DEPTH
    cost = np.zeros(world.trace.paths)
    for t in range(periods):
        view = View(world)
        chosen = np.full(len(cost), first)
        if t > 0:
            world.period = clock + t  # which is what an observation shows
            chosen = act(rollouts.codec.observe(view)).argmax(-1)
            world.period = t
        flows = world.step(rollouts.choices[chosen])
        cost -= scenario.objective.discount**t * flows.money["reward"][:, 0]
    return cost


@pytest.mark.parametrize("worth", [0, memoized.WORTH], ids=["looked up", "computed"])
@pytest.mark.parametrize("room", [1, rollout.ROOM])  # paths: those of one future, or of many
@pytest.mark.parametrize(
    "scenario",
    [
        load("lost-sales"),
        load("lost-sales", {"horizon.periods": 20, "horizon.ends": True, "objective.discount": 0.9}),
        load("dual-sourcing"),
        load("fixed-cost"),
    ],
    ids=["one", "ends", "two lanes", "backlog"],
)
def test_a_choice_costs_what_its_futures_cost(scenario: Scenario, room: int, worth: int, monkeypatch):
    """The sums over futures, and of their squares, are those of `physics.Simulation`."""
    monkeypatch.setattr(rollout, "ROOM", room)
    monkeypatch.setattr(memoized, "WORTH", worth)
    layout = Layout(scenario)
    choices = np.array([[0.0], [3.0], [5.0], [9.0]]) * np.ones(len(layout.lanes))
    rollouts, random = Rollouts(layout, choices), np.random.default_rng(1)
    act = network(len(rollouts.codec.names), len(choices))
    states = np.repeat(layout.start[None], 3, 0)
    state_of(states[1], layout.sizes, 1).stocks["on_hand"] = 1.0
    state_of(states[2], layout.sizes, 1).stocks["on_hand"] = 25.0
    clocks, references = np.array([0, 4, 12]), np.array([1, 3, 0])
    alive = random.random((3, 4)) < 0.8
    chance = Chance(scenario)
    drawn = Futures(5, FUTURES, DEPTH)
    found = sum(
        rollouts.compare(act, states, clocks, references, alive, drawn, between) for between in ((0, 3), (3, FUTURES))
    )
    for s in range(3):
        futures = chance.draw(5, np.arange(s * FUTURES, (s + 1) * FUTURES), 2 * DEPTH)
        base = played(rollouts, act, states[s], clocks[s], references[s], futures)
        for j in np.flatnonzero(alive[s]):
            more = played(rollouts, act, states[s], clocks[s], j, futures) - base
            assert found[:, s, j] == pytest.approx([more.sum(), (more**2).sum()], rel=1e-9, abs=1e-6)
        assert (found[:, s, ~alive[s]] == 0).all()
