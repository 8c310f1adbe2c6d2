"""The training of the generalist: many worlds at once, by gradients of the physics, the same whoever computes them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import jit_gym
from jit_gym.agents import program, tuned
from jit_gym.agents.generalist import Trainer, pool_of, settings_for
from jit_gym.agents.generalist_levels import LOTS, POINTS, LevelsTrainer, surface
from jit_gym.agents.learner import settings_of
from jit_gym.chance import Trace
from jit_gym.policies import Network
from jit_gym.policies.generalist import KINDS, Generalist
from jit_gym.policies.generalist_fixed_random import FixedCostRandomLeadTimes
from jit_gym.policies.plan import PlanningData

FEW = {"worlds": 3, "steps": 3, "groups": 2, "batch": 2, "paths": 2, "periods": 20, "warmup": 4, "tail": 4, "hidden": 8}

LATE = {"name": "randint", "low": 1, "high": 5}
OF_KIND = {
    "fixed-cost-random-lead-times": {"lanes.supplier.fixed_cost": 20, "lanes.supplier.lead_time": LATE},
    "one-supplier": {"demands.customers.season": [0.5, 1.5], "lanes.supplier.lead_time": 8},
    "random-lead-times": {"lanes.supplier.lead_time": LATE},
}
"""What differs from the shop with lost sales in a world of each kind."""


def trainer(kind: str, **changes) -> Trainer:
    """Return a small training."""
    made = LevelsTrainer if kind == "fixed-cost-random-lead-times" else Trainer
    return made(kind, settings_for(kind, {**FEW, **changes}), 0)


def weights(learner: Trainer) -> list[np.ndarray]:
    """Return the weights of its network."""
    return [weight.detach().numpy().copy() for weight in learner.net.parameters()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_that_was_stopped_goes_on_and_its_model_plays(kind: str, tmp_path: Path):
    whole, first, second = (trainer(kind) for _ in range(3))
    before = weights(whole)
    for _ in range(3):
        assert np.isfinite(whole.step())
    assert any((a != b).any() for a, b in zip(before, weights(whole), strict=True))
    first.step()
    first.save(tmp_path / "checkpoint.pt")
    second.restore(tmp_path / "checkpoint.pt")
    for _ in range(2):
        second.step()
    assert all((a == b).all() for a, b in zip(weights(whole), weights(second), strict=True))
    model = whole.model("a command")
    scenario = "dual-sourcing" if kind == "two-suppliers" else "lost-sales"
    result = jit_gym.evaluate(Generalist(model), jit_gym.load(scenario, OF_KIND.get(kind)), paths=4, periods=10)
    assert np.isfinite(result.mean("cost"))
    assert model.manifest.settings == dataclasses.asdict(whole.settings)


def test_processes_compute_the_same_gradients():
    alone, shared = trainer("one-supplier"), trainer("one-supplier")
    expected = alone.step()  # begins threads, which do not survive a fork
    shared.pool = pool_of(shared, 2)
    try:
        assert shared.step() == expected
    finally:
        shared.pool.terminate()
    assert all((a == b).all() for a, b in zip(weights(alone), weights(shared), strict=True))


def test_many_worlds_at_once_cost_what_each_costs_alone():
    """A group's cost on a path is that of the same world in a batch of its own, in its own units."""
    learner = trainer("one-supplier", worlds=12)
    group = max(learner.groups, key=lambda group: len(group.worlds))
    both = learner.play(group, np.array([0, 1]), 3, seed=5, whole=False, corrected=False)
    rows, _ = group.trace(np.array([0, 1]), 3, 20, 5)
    assert both.shape == (6,)
    assert Trace(group.columns, rows).demand.mean() == pytest.approx(1.0, abs=0.5)


def test_a_surface_is_lowest_near_the_optimum():
    """The best s and S of what will be left cost nearly what the optimum costs, where a lead time hardly varies."""
    lead_time = {"name": "empirical", "values": [1, 2], "weights": [1, 999]}
    lane = {"fixed_cost": 5, "lead_time": lead_time, "crossing": True}
    world = jit_gym.load("lost-sales", {f"lanes.supplier.{key}": value for key, value in lane.items()})
    costs = surface(world, FixedCostRandomLeadTimes(PlanningData(world)), paths=16, periods=300, warmup=20, seed=0)
    assert costs.min() == pytest.approx(
        jit_gym.solve(jit_gym.load(world, {"lanes.supplier.lead_time": 2})).cost, rel=0.03
    )
    point, lot = np.unravel_index(costs.argmin(), costs.shape)
    assert 0 < point < len(POINTS) - 1
    assert 0 < lot < len(LOTS) - 1


def test_a_specialist_begins_with_a_clone_of_it():
    """The generalist sees other things than an env shows, so `hindsight` clones what it orders."""
    world = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 2})
    learn = program("hindsight")
    learner = learn(world, settings_of(learn, tuned("hindsight", "lost-sales"), {"start": "agent:generalist"}), 0)
    ours, theirs = (
        jit_gym.evaluate(player, world, paths=128, periods=200).mean("cost")
        for player in (Network(learner.model()), "agent:generalist")
    )
    assert ours == pytest.approx(theirs, rel=0.03)
