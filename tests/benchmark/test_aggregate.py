"""Figures over instances and seeds: known ones, laws, and what they do at the edges."""

import numpy as np
import pytest
from scipy import stats

from jit_gym.benchmark.aggregate import Runs, Sample, leading
from jit_gym.common.checks import BadInput


def sample(values: dict[str, list[float]], errors: float = 0.0, name: str = "agent", resamples: int = 500) -> Sample:
    """Return scores by instance, each with the same standard error."""
    runs = {instance: Runs(np.array(each, float), np.full(len(each), errors)) for instance, each in values.items()}
    return Sample(name, runs, resamples)


def random_sample(seed: int, instances: int = 6, seeds: int = 5, shift: float = 0.0, name: str = "agent") -> Sample:
    """Return scores that differ by instance and by seed."""
    random = np.random.default_rng(seed)
    values = shift + random.gamma(2.0, 1.0, (instances, 1)) + random.normal(0.0, 0.3, (instances, seeds))
    return sample({f"i{k}": row.tolist() for k, row in enumerate(values)}, name=name)


def test_the_interquartile_mean_is_scipys():
    """Of 20 runs a quarter is cut off at each end: scipy.stats.trim_mean."""
    found = random_sample(1, instances=4)
    values = np.concatenate([each.values for each in found.runs.values()])
    assert found.interquartile_mean.mean == pytest.approx(stats.trim_mean(values, 0.25), rel=1e-12)


def test_an_instance_counts_the_same_however_many_seeds_it_has():
    """One seed counts as much as two equal ones; unlike that, a mean over runs would move."""
    few = sample({"a": [1.0], "b": [2.0, 4.0], "c": [9.0], "d": [5.0]})
    many = sample({"a": [1.0, 1.0], "b": [2.0, 4.0], "c": [9.0, 9.0], "d": [5.0, 5.0]})
    assert few.interquartile_mean.mean == pytest.approx(many.interquartile_mean.mean, rel=1e-12)
    at = np.arange(10.0)
    assert few.profile(at).share == pytest.approx(many.profile(at).share, rel=1e-12)
    assert few.below_zero.mean == many.below_zero.mean == 0.0


def test_the_profile_is_the_distribution_of_the_runs():
    """Its share rises from 0 to 1, its band holds it, and the area above it is the mean."""
    found, at = random_sample(2), np.linspace(-2.0, 12.0, 1401)
    profile = found.profile(at)
    assert profile.share[0] == 0
    assert profile.share[-1] == pytest.approx(1)
    assert (np.diff(profile.share) >= 0).all()
    assert (profile.low <= profile.share + 1e-12).all()
    assert (profile.share <= profile.high + 1e-12).all()
    mean = np.mean([each.values.mean() for each in found.runs.values()])
    area = at[0] + np.sum((1 - profile.share[:-1]) * np.diff(at))
    assert area == pytest.approx(mean, abs=0.02)


def test_the_probability_of_improvement_is_mann_and_whitneys():
    """On one instance it is U / (m n), with a tie counted as a half; over instances their mean."""
    agent, rule = sample({"a": [1.0, 2.0, 2.0, 5.0], "b": [3.0]}), sample({"a": [2.0], "b": [1.0]}, name="rule")
    u = stats.mannwhitneyu([2.0], agent.runs["a"].values).statistic
    assert agent.less(rule).below_zero.mean == pytest.approx((u / 4 + 0.0) / 2)
    assert rule.less(rule).below_zero.mean == 0.5


def test_an_interval_holds_errors_of_simulation_that_seeds_share():
    """One instance with many equal seeds: they were judged on the same paths, so more of them tell no more."""
    one, many = sample({"a": [1.0]}, 0.2, resamples=4000), sample({"a": [1.0] * 50}, 0.2, resamples=4000)
    for found in (one, many):
        assert found.interquartile_mean.error == pytest.approx(0.2, rel=0.1)
        assert found.interquartile_mean.high - found.interquartile_mean.low == pytest.approx(2 * 1.96 * 0.2, rel=0.1)


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    """Of seeds without end, in 200 samples of five seeds on twenty instances: near 95 of 100."""
    random, covered = np.random.default_rng(3), 0
    for k in range(200):
        values = {f"i{i}": random.normal(0.0, 1.0, 5).tolist() for i in range(20)}
        estimate = sample(values, name=f"s{k}", resamples=400).interquartile_mean
        covered += estimate.low <= 0.0 <= estimate.high
    assert 0.90 <= covered / 200 <= 0.99


def test_differences_are_taken_instance_by_instance():
    """A policy that costs one more everywhere differs by one, with no error, however unlike the instances are."""
    first = random_sample(4)
    second = sample({name: (each.values + 1.0).tolist() for name, each in first.runs.items()}, name="other")
    assert second.less(first).interquartile_mean == pytest.approx((1.0, 0.0, 1.0, 1.0), abs=1e-12)
    part = second.only(["i0", "i1"])
    assert part.less(first).instances == ["i0", "i1"]
    with pytest.raises(BadInput, match="5 seeds against 4"):
        first.less(sample({"i0": [1.0] * 4}))


def test_the_leading_group_holds_all_that_are_not_shown_to_be_worse():
    same, near, far = (random_sample(5, shift=by, name=name) for by, name in ((0, "a"), (0.01, "b"), (5, "c")))
    assert leading([far, near, same]) == ["a", "b"]
    assert leading([far]) == ["c"]
    assert sorted(leading([same, random_sample(5, name="z")])) == ["a", "z"]
    with pytest.raises(BadInput, match="same instances"):
        leading([same, near.only(["i0"])])


def test_the_best_of_many_equals_is_in_the_leading_group():
    """Of eight policies that are equally good the first, which is as good as any, nearly always leads."""
    random, kept = np.random.default_rng(6), 0
    for k in range(60):
        samples = [
            sample({f"i{i}": random.normal(0, 1, 8).tolist() for i in range(4)}, name=f"{k}-{n}", resamples=400)
            for n in range(8)
        ]
        kept += f"{k}-0" in leading(samples)
    assert kept / 60 >= 0.9


def test_a_figure_does_not_depend_on_what_stands_beside_it():
    """The same policy gives the same interval to the bit, on all instances or drawn from a larger table."""
    found = random_sample(7)
    assert found.only(found.instances).interquartile_mean == found.interquartile_mean
    assert random_sample(7).interquartile_mean == found.interquartile_mean


@pytest.mark.parametrize(
    ("runs", "complaint"),
    [
        ({}, "has no runs"),
        ({"a": Runs(np.array([]), np.array([]))}, "needs a value and an error for each seed"),
        ({"a": Runs(np.array([np.nan]), np.array([0.0]))}, "must be finite"),
        ({"a": Runs(np.array([1.0]), np.array([-1.0]))}, "must be finite"),
    ],
)
def test_what_cannot_be_resampled_is_refused(runs: dict[str, Runs], complaint: str):
    with pytest.raises(BadInput, match=complaint):
        Sample("agent", runs)
