"""Old public names go on working for a version, and say what they are called now."""

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
