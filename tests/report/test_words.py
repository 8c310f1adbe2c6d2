"""What the verdict says, and how numbers are written."""

import numpy as np
import pytest

from jit_gym.evaluation import METRICS, Comparison, Estimate, Result, compare, judged
from jit_gym.report.words import a, between, conventions, descriptions, digits, labels, number, verdict
from jit_gym.scenario import load

from ..worlds import shop

SPREAD = np.tile([-0.1, 0.1], 50)


def played(policy: str, costs: np.ndarray | list[float], revenue: float = 0.0) -> Result:
    """Return a made-up result with these costs, one a path."""
    costs = np.asarray(costs, float)
    figures = {metric.name: np.zeros(len(costs)) for metric in METRICS}
    figures |= {"cost": costs, "revenue": np.full(len(costs), revenue), "profit": revenue - costs}
    world = shop({"demands.customers.distribution": {"name": "poisson", "mu": 5}, "demands.customers.price": revenue})
    return Result(policy, world, len(costs), 20, 0, 0, figures, player=None)


def says(*results: Result) -> str:
    return verdict(Comparison(results))


def test_a_clear_winner_is_named_with_its_lead_over_the_first_and_the_next():
    jit, kanban, careful = (
        played("jit(level=25)", 12 + SPREAD),
        played("kanban", 11 - SPREAD),
        played("just-in-case", 10 + SPREAD[::-1]),
    )
    assert says(jit, kanban, careful) == (
        "just-in-case costs least: 10.00 a day, 2.00 (1.95 to 2.05) less than jit."
        " That is clear on 100 paths: kanban, the next, costs 1.00 more."
    )


def test_the_first_may_be_the_best_itself():
    assert says(played("jit", 10 + SPREAD), played("kanban", 11 - SPREAD)) == (
        "jit costs least: 10.00 a day, 1.00 (0.96 to 1.04) less than kanban, the next. That is clear on 100 paths."
    )


def test_a_lead_that_may_be_chance_is_not_called_clear():
    noise = np.tile([-3.0, 3.1], 50)
    assert says(played("jit", np.full(100, 10.0)), played("kanban", 10 + noise)) == (
        "jit costs least: 10.0 a day. But kanban may be as good: on 100 paths the difference is 0.1 (-0.6 to 0.7)."
    )
    three = says(played("jit", np.full(100, 10.0)), played("kanban", 10 + noise), played("constant", 10 + noise[::-1]))
    assert three.endswith("But kanban and constant may be as good: 100 paths do not tell them apart.")


def test_policies_that_do_the_same_are_named_together():
    same = [played(name, 10 + SPREAD) for name in ("base-stock", "s-S")]
    assert says(*same) == "base-stock and s-S cost least, and the same: 10.00 a day."


def test_revenue_makes_profit_decide():
    cheap, busy = played("jit", 10 + SPREAD, revenue=12), played("kanban", 20 - SPREAD, revenue=25)
    assert says(cheap, busy).startswith("kanban earns most: 5.000 a day, 3.00 (2.96 to 3.04) more than jit.")


def test_one_path_says_nothing_of_chance():
    text = says(played("jit", [12.0]), played("kanban", [11.0]))
    assert (
        text == "On this one path kanban costs least: 11.0 a day, 1.00 less than jit. One path says nothing of chance."
    )


def test_one_policy_is_only_reported():
    assert says(played("jit", 10 + SPREAD)) == "jit costs 10.00 (9.98 to 10.02) a day."


def test_the_same_policy_twice_is_told_apart_as_far_as_it_can_be():
    results = (
        played("base-stock(level=2)", 9 + SPREAD),
        played("base-stock(level=3)", 8 + SPREAD),
        played("jit", 7 + SPREAD),
    )
    assert labels(Comparison(results)) == ["base-stock (1)", "base-stock (2)", "jit"]
    assert descriptions(Comparison(results)) == ["level=2", "level=3", ""]
    assert says(results[2], played("jit", 7 + SPREAD)).startswith("jit (1) and jit (2) cost least, and the same")


@pytest.mark.parametrize(
    ("lead_time", "said"),
    [(2, "computed from this world's numbers"), (8, "trained on generalist-family, and on no world in particular")],
)
def test_the_generalist_says_whether_a_network_orders(lead_time: int, said: str):
    world = load("lost-sales", {"lanes.supplier.lead_time": lead_time})
    assert descriptions(compare(["agent:generalist"], world, paths=2, gap=False)) == [said]


def test_a_difference_below_the_threshold_is_called_none():
    """0.02 of 10 is less than half a per cent: practically the same, though its interval excludes 0."""
    near = says(played("jit", 10 + SPREAD), played("kanban", 10.02 + SPREAD + 0.01 * SPREAD[::-1]))
    assert near == "jit and kanban cost least, practically the same: 10.00 a day."
    far = says(played("jit", 10 + SPREAD), played("kanban", 10.2 + SPREAD))
    assert far == "jit costs least: 10.00 a day, 0.200 less than kanban, the next. That is clear on 100 paths."


def test_of_several_rules_the_best_is_corrected_for_having_been_chosen():
    """Of 20 rules that are equally good one seems clearly better than another by chance; together they do not."""
    rng = np.random.default_rng(3)
    alike = [played(f"rule-{k}", 10 + rng.normal(size=100)) for k in range(20)]
    comparison = Comparison(tuple(alike))
    best = comparison.best
    alone = [Estimate.of(best.figures["cost"] - each.figures["cost"]) for each in alike if each is not best]
    assert any(each.high < 0 for each in alone)
    assert not any(comparison.against(best, each).high < 0 for each in alike if each is not best)


def test_where_nothing_is_left_to_chance_no_interval_is_shown():
    """In a world without chance one path tells all, and a difference is what it is."""
    world = shop({"demands.customers.distribution": 5, "demands.customers.shortage_cost": 9})
    comparison = compare(["constant(quantity=4)", "constant(quantity=5)"], world, paths=1)
    assert comparison.certain
    assert verdict(comparison) == (
        "constant (2) costs least: 0 a day, 9.00 less than constant (1). Nothing is left to chance here."
    )
    assert "±" not in conventions(comparison)
    assert comparison.judged(comparison.against(*comparison.results[::-1])) == "better"
    assert not compare(["jit"], "lost-sales", paths=1, gap=False).certain


@pytest.mark.parametrize(
    ("low", "high", "practical", "judgement"),
    [
        (-0.1, 0.2, 0.3, "same"),  # whatever it is, nobody would act on it
        (0.1, 0.4, 0.3, "same"),  # its mean is under the threshold, and it is not 0
        (-0.5, 0.9, 0.3, "unclear"),  # it may be more than that, either way
        (0.2, 0.6, 0.3, "worse"),
    ],
)
def test_practically_the_same_is_within_the_threshold(low, high, practical, judgement):
    assert judged(Estimate((low + high) / 2, 0.1, low, high), "cost", practical) == judgement


@pytest.mark.parametrize(
    ("low", "high", "figure", "judgement"),
    [
        (0.1, 0.5, "cost", "worse"),
        (0.1, 0.5, "profit", "better"),
        (-0.5, -0.1, "cost", "better"),
        (-0.5, 0.1, "cost", "unclear"),
        (0.0, 0.5, "cost", "unclear"),
    ],
)
def test_better_or_worse_is_said_only_where_the_interval_excludes_zero(low, high, figure, judgement):
    assert judged(Estimate((low + high) / 2, 0.1, low, high), figure) == judgement


def test_numbers_show_what_is_known():
    assert number(1234567.891, 2) == "1,234,567.89"
    assert number(-0.001, 2) == "0.00"
    assert digits([14.589], [0.11]) == 2
    assert digits([456.9], [1.4]) == 1
    assert digits([365181.2], [1.6]) == 0
    assert digits([14.589]) == 2
    assert digits([0.0, float("nan")]) == 0
    assert between(Estimate(365181.2, 1.0, 365179.3, 365183.1)) == "365,181 (365,179 to 365,183)"
    assert [a(period) for period in ("day", "hour", "week", "episode")] == ["a day", "an hour", "a week", "an episode"]
