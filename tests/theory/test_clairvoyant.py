"""The clairvoyant bound: nobody beats it, and where the optimum is known it is that."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from jit_gym.evaluate import evaluate
from jit_gym.scenario import BadInput, Scenario, load
from jit_gym.theory import clairvoyant

from ..worlds import scenarios, shop


def at_random(seed: int, eager: float) -> Any:
    """Return a policy that orders any quantity now and then."""

    def policy(view: Any) -> np.ndarray:
        rng = np.random.default_rng((seed, view.period))
        shape = view.on_order.shape
        return rng.integers(0, 15, shape) * (rng.random(shape) < eager)

    return policy


def is_beaten(scenario: Scenario, what: Any, whole: bool, **options: int) -> bool:
    """Tell whether a policy does better than the bound on any path."""
    bound = clairvoyant(scenario, paths=3, seed=5, whole=whole, seconds=1, **options)
    played = evaluate(what, scenario, paths=3, seed=5, **options)
    discount, periods = scenario.objective.discount, played.periods
    paid = -played.figures["discounted_reward"] / (discount ** np.arange(periods)).sum()
    return bool((paid < bound.costs - 1e-6 * (1 + np.abs(bound.costs))).any())


def bounded(scenario: Scenario) -> bool:
    """Tell whether a scenario has a bound: not where one can earn without end."""
    try:
        clairvoyant(scenario, paths=3, seed=5, whole=False)
    except BadInput:
        return False
    return True


@settings(max_examples=60, deadline=None)
@given(scenarios(), st.sampled_from([0.0, 0.2, 0.6]), st.booleans(), st.sampled_from([1.0, 0.9]))
def test_nobody_does_better(scenario: Scenario, eager: float, whole: bool, discount: float):
    """THE law: on no path of any world does any policy cost less than the bound."""
    scenario = scenario.model_copy(update={"objective": scenario.objective.model_copy(update={"discount": discount})})
    assume(bounded(scenario))
    assert not is_beaten(scenario, at_random(3, eager), whole)
    assert not is_beaten(scenario, "base-stock", whole, periods=8, warmup=3)
