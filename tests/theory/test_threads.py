"""Exact costs, bounds and labels are the same to the bit whatever the number of threads."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jit_gym
from jit_gym.common.threads import use_threads
from jit_gym.theory import bellman, clairvoyant, solve


def exact() -> Any:
    optimum = solve(jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 2}))
    return optimum.low, optimum.high, optimum.policy.data


def linear() -> Any:
    bound = clairvoyant("serial", paths=20, periods=20, seed=1, orders=True)
    return bound.costs.tobytes(), bound.orders.tobytes()


def wide() -> Any:
    bound = clairvoyant("multi-item", paths=5, periods=3, seed=1, whole=False)
    return bound.costs.tobytes()


def whole() -> Any:
    world = jit_gym.load("lost-sales", {"lanes.supplier.fixed_cost": 5})
    bound = clairvoyant(world, paths=10, periods=12, seed=1)
    return bound.costs.tobytes(), bound.gaps.tobytes()


def labels(hidden: int = 32) -> Any:
    pytest.importorskip("torch")
    from jit_gym.agents import program
    from jit_gym.agents.learner import settings_of

    learn = program("dcl")
    own = {"budget": 30, "chunk": 30, "futures": 32, "depth": 8, "epochs": 1, "hidden": hidden}
    learner = learn(jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 2}), settings_of(learn, {}, own), 0)
    learner.step(0)
    learner.step(1)
    return learner.regrets.tobytes(), learner.noise.tobytes()


def labels_by_choices_that_are_looked_up() -> Any:
    return labels(hidden=64)


@pytest.mark.parametrize(
    "compute",
    [exact, linear, wide, whole, labels, labels_by_choices_that_are_looked_up],
    ids=lambda each: each.__name__,
)
def test_the_number_of_threads_changes_nothing(compute: Callable[[], Any], monkeypatch):
    monkeypatch.setattr(bellman, "LEAST_STATES", 8)  # so that few states are divided, too
    found = []
    try:
        for count in (1, 2, 3, 7):
            use_threads(count)
            found.append(compute())
    finally:
        use_threads(None)
    assert all(each == found[0] for each in found)


def test_each_state_is_computed_once(monkeypatch):
    monkeypatch.setattr(bellman, "LEAST_STATES", 2)
    out = np.zeros(11)

    def kernel(first: int, last: int, step: float) -> None:
        out[first:last] += step

    try:
        use_threads(3)
        bellman.over_states(kernel, len(out), 1.0)
    finally:
        use_threads(None)
    assert (out == 1.0).all()
