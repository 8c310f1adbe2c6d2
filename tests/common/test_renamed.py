"""Old public names go on working for a version, and say what they are called now."""

from importlib import import_module

import pytest

from jit_gym import compare, evaluation


def test_an_old_name_warns_and_means_the_new_one():
    with pytest.warns(DeprecationWarning, match=r"^jit_gym\.evaluation\.Distance is now called OptimalityGap$"):
        old = evaluation.Distance
    assert old is evaluation.OptimalityGap


def test_a_name_that_never_was_is_not_found():
    with pytest.raises(AttributeError, match=r"^module 'jit_gym\.evaluation' has no attribute 'Distances'$"):
        _ = evaluation.Distances


def test_an_old_attribute_warns_and_means_the_new_one():
    comparison = compare(["jit", "base-stock"], "lost-sales", paths=2, periods=5)
    with pytest.warns(DeprecationWarning, match=r"^Comparison\.distance is now called optimality_gap$"):
        assert comparison.distance is comparison.optimality_gap


@pytest.mark.parametrize(
    ("module", "old", "new"), [("plan", "Plan", "PlanningData"), ("base", "Mindful", "StatefulRule")]
)
def test_old_names_of_policies_go_on(module: str, old: str, new: str):
    home = import_module(f"jit_gym.policies.{module}")
    with pytest.warns(DeprecationWarning, match=rf"^jit_gym\.policies\.{module}\.{old} is now called {new}$"):
        found = getattr(home, old)
    assert found is getattr(home, new)
