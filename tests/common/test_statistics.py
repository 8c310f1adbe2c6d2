"""Means with intervals, and comparisons on common traces."""

import numpy as np
import pytest
from scipy import stats

from jit_gym.evaluation import METRICS, Estimate, compare, evaluate
from jit_gym.policies import PolicyError, agents, policy
from jit_gym.scenario import load

from ..worlds import shop


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
def test_an_estimate_is_students(n: int):
    """Mean, standard error, and Student's 95 % interval, as scipy has them."""
    values = np.random.default_rng(n).gamma(2, 3, n)
    error = stats.sem(values)
    low, high = stats.t.interval(0.95, n - 1, loc=values.mean(), scale=error)
    assert Estimate.of(values) == pytest.approx((values.mean(), error, low, high), rel=1e-12)


def test_an_estimate_leaves_out_what_is_not_defined():
    """Paths without the figure do not count; one path has no interval, and none has no mean."""
    values = np.array([1.0, np.nan, 3.0, np.nan])
    assert Estimate.of(values) == Estimate.of(np.array([1.0, 3.0]))
    assert Estimate.of(np.array([4.0, np.nan])) == pytest.approx((4.0, np.nan, np.nan, np.nan), nan_ok=True)
    assert np.isnan(Estimate.of(np.array([np.nan]))).all()
    assert Estimate.of(np.array([2.0, 2.0])) == (2, 0, 2, 2)


def test_the_interval_covers_the_truth_in_95_of_100():
    """In 200 evaluations of a cost that is known, 95 % of the intervals cover it, give or take three standard errors.

    Base-stock with backlog and lead time 0 starts each period with S: the mean is E[h (S - D)+ + p (D - S)+].
    """
    world = load(
        "lost-sales",
        {"demands.customers.unmet": "backlog", "lanes.supplier.lead_time": 0, "stocks.shop.initial": 8},
    )
    demand = np.arange(100)
    cost = np.maximum(8 - demand, 0) + 19 * np.maximum(demand - 8, 0)
    truth = cost @ stats.poisson(5).pmf(demand)
    covered, means = 0, []
    for seed in range(200):
        result = evaluate("base-stock(level=8)", world, paths=30, periods=10, seed=seed)
        low, high = result.interval()
        covered += low <= truth <= high
        means.append(result.mean())
    assert abs(covered / 200 - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 200)
    assert np.mean(means) == pytest.approx(truth, abs=3 * stats.sem(means))


def test_a_comparison_is_on_common_traces():
    """Each result is what `evaluate` finds alone, and a difference is known far better than from independent paths."""
    world = load("lost-sales")
    rules = ["base-stock(level=31)", "base-stock(level=32)", "capped-base-stock(level=31, cap=6)"]
    comparison = compare(rules, world, paths=256, periods=100, warmup=20, seed=4)
    assert [result.policy for result in comparison.results] == rules
    first, *others = comparison.results
    for result, rule in zip(comparison.results, rules, strict=True):
        alone = evaluate(rule, world, paths=256, periods=100, warmup=20, seed=4)
        assert np.array_equal(result.figures["cost"], alone.figures["cost"])
    for result in others:
        difference = comparison.difference(result)
        paired = result.figures["cost"] - first.figures["cost"]
        assert difference == pytest.approx(Estimate.of(paired))
        assert difference.mean == pytest.approx(result.mean() - first.mean())
        assert difference.error < np.hypot(first.error(), result.error()) / 3
    assert comparison.difference(first) == (0, 0, 0, 0)
    assert comparison.difference(others[0], "stock").mean > 0


def test_the_best_is_the_most_profitable():
    """The best result has the lowest cost, or the highest profit where there is revenue."""
    comparison = compare(["constant(quantity=0)", "base-stock(level=31)", "jit"], "lost-sales", paths=32)
    assert comparison.best is comparison.results[1]
    assert comparison.best.mean("cost") == min(result.mean("cost") for result in comparison.results)
    idle = shop({"horizon.periods": 5}, demands={"customers": {"from": "shop", "distribution": 5, "price": 2}})
    comparison = compare(
        ["constant(quantity=0)", "constant(quantity=5)"], load(idle, {"lanes.supplier.unit_cost": 1}), paths=2
    )
    assert comparison.best is comparison.results[1]  # it costs more, and earns more


def test_a_comparisons_frame_has_a_row_a_policy():
    """Each figure's mean and interval, and the difference of cost to the first policy."""
    comparison = compare(["jit", "kanban"], "lost-sales", paths=16, gap=False)
    frame = comparison.frame()
    assert frame.index.name == "policy"
    assert frame.index.tolist() == [result.policy for result in comparison.results]
    names = [*(metric.name for metric in METRICS), "cost_difference"]
    assert list(frame.columns) == [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    kanban = comparison.results[1]
    assert frame.loc[kanban.policy, "stock"] == kanban.mean("stock")
    assert tuple(frame.loc[kanban.policy, ["cost_low", "cost_high"]]) == kanban.interval()
    assert frame.loc[kanban.policy, "cost_difference"] == comparison.difference(kanban).mean
    assert comparison.scenario == load("lost-sales")


def test_a_scenario_names_its_policies():
    """Without any given, those that it names and its agents play; without those, just in time and just in case."""
    scenario = load("dual-sourcing")
    found = compare(None, scenario, paths=2, periods=5).results
    assert [result.policy.split("(")[0] for result in found] == [*scenario.policies, *agents(scenario)]
    found = compare(None, shop(), paths=2, periods=5).results
    assert [result.policy.split("(")[0] for result in found] == ["jit", "just-in-case"]


def test_a_bad_policy_is_refused_before_any_is_played():
    """One policy that does not exist or fit, or none at all, and nothing is played."""
    told: list[int] = []
    for policies, complaint in (
        (["jit", "jitt"], "unknown policy 'jitt' (did you mean 'jit'?)"),
        (["jit", "dual-index"], "dual-index: needs two lanes with fixed lead times into 'shop', got 1"),
    ):
        with pytest.raises(PolicyError) as caught:
            compare(policies, "lost-sales", progress=told.append)
        assert str(caught.value) == complaint
    with pytest.raises(ValueError, match="policies: there must be one or more"):
        compare([], "lost-sales", progress=told.append)
    assert told == []


def test_fitted_policies_and_functions_are_compared_too():
    """A comparison takes names, rules that are fitted already, and functions."""
    world = load("lost-sales")
    comparison = compare([policy("jit", world), lambda view: 5.0 + 0 * view.on_hand], world, paths=4)
    assert [result.policy for result in comparison.results] == ["jit(level=25)", "<lambda>"]
