"""What the verdict says, and how numbers are written."""

import numpy as np
import pytest

from jit_gym.evaluate import METRICS, Comparison, Estimate, Result
from jit_gym.report.words import a, between, digits, judged, labels, number, verdict

from ..worlds import shop

SPREAD = np.tile([-0.1, 0.1], 50)


def played(policy: str, costs: np.ndarray | list[float], revenue: float = 0.0) -> Result:
    """Return a made-up result with these costs, one a path."""
    costs = np.asarray(costs, float)
    figures = {metric.name: np.zeros(len(costs)) for metric in METRICS}
    figures |= {"cost": costs, "revenue": np.full(len(costs), revenue), "profit": revenue - costs}
    return Result(policy, shop(), len(costs), 20, 0, 0, figures, player=None)


def says(*results: Result) -> str:
    return verdict(Comparison(results))


def test_a_clear_winner_is_named_with_its_lead_over_the_first_and_the_next():
    jit, kanban, careful = (
        played("jit(level=25)", 12 + SPREAD),
        played("kanban", 11 - SPREAD),
        played("just-in-case", 10 + SPREAD[::-1]),
    )
    assert says(jit, kanban, careful) == (
        "just-in-case costs least: 10.00 a day, 2.00 (1.96 to 2.04) less than jit."
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
    assert labels(Comparison(results)) == ["base-stock(level=2)", "base-stock(level=3)", "jit"]
    assert says(results[2], played("jit", 7 + SPREAD)).startswith("jit and jit cost least, and the same")


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
