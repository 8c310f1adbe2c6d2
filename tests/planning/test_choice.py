"""The choice of rules: an item's own figures count as far as they are no chance, and all items decide the rest."""

import numpy as np
import pytest

from jit_gym.planning.choice import ENOUGH, choose
from jit_gym.planning.verdict import PRACTICE, Findings, Tried

RULES = ("a", "b", "c", "d")


def findings(fitted: np.ndarray, tested: np.ndarray | None, names: tuple[str, ...] = RULES) -> list[Findings]:
    """Return what rules came to in the fitted world and in the back-test (items, rules); nan where one is refused."""
    out = []
    for k, row in enumerate(fitted):
        tried = {}
        for j, name in enumerate(names):
            if np.isnan(row[j]):
                continue
            again = None if tested is None else float(tested[k, j])
            score = float(row[j]) if again is None else (float(row[j]) + again) / 2
            tried[name] = Tried(name, {}, score, float(row[j]), again, 0.0, 1.0, 0.0, 0.0, 0.0)
        out.append(Findings(f"item-{k}", tried=tried))
    return out


def simulated(items: int, apart: float, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return true logarithms of costs (items, rules), of which b is the best on average, and two figures of each."""
    rng = np.random.default_rng(seed)
    true = np.array([0.0, -0.1, 0.05, 0.1]) + apart * rng.standard_normal((items, 4))
    one, two = (np.exp(true + noise * rng.standard_normal(true.shape)) for _ in range(2))
    return true, one, two


def test_one_item_has_what_is_cheapest_in_both_figures_together():
    one, two = np.array([[10.0, 8, 12, 9]]), np.array([[10.0, 13, 8, 9]])
    found = choose(findings(one, two))
    assert found.rules == ("d",)  # 81 against 100, 104 and 96
    assert found.own == 1.0
    assert found.expected[0]["d"] / found.expected[0]["a"] == pytest.approx(9 / 10)


def test_the_share_of_an_items_own_figures_is_that_of_the_variance_between_items():
    """Between items the standard deviation is 0.2, and 0.3 of each of two figures: 0.2^2 / (0.2^2 + 0.3^2 / 2).

    Taken relative to the median rule of four, which varies itself, it comes out a bit lower.
    """
    _, one, two = simulated(4000, 0.2, 0.3)
    assert choose(findings(one, two)).own == pytest.approx(0.04 / 0.085, abs=0.05)
    assert choose(findings(*simulated(400, 0.0, 0.3)[1:])).own < 0.1
    assert choose(findings(*simulated(400, 0.3, 0.0)[1:])).own > 0.999


def test_where_items_are_alike_all_have_the_rule_that_is_best_on_all():
    """Item by item half of them would have another one, by chance."""
    _, one, two = simulated(200, 0.0, 0.25)
    alone = [choose(findings(one[[k]], two[[k]])).rules[0] for k in range(200)]
    found = choose(findings(one, two))
    assert np.mean([rule == "b" for rule in alone]) < 0.6
    assert np.mean([rule == "b" for rule in found.rules]) > 0.95
    assert found.group == "b"
    assert found.why[0].startswith("does best on all items")


def test_the_expected_cost_is_less_than_that_of_a_choice_item_by_item_and_of_one_rule_for_all():
    """That is what empirical Bayes is for: its squared error is the least of linear estimates (Morris 1983)."""
    true, one, two = simulated(400, 0.15, 0.25, seed=3)
    found = choose(findings(one, two))
    own = np.argmin(one * two, axis=1)
    cost = {
        "shared": np.mean([true[k, RULES.index(str(rule))] for k, rule in enumerate(found.rules)]),
        "own": true[np.arange(400), own].mean(),
        "all": true[:, 1].mean(),
    }
    assert cost["shared"] < min(cost["own"], cost["all"]) - 0.01, cost


def test_figures_that_agree_decide_on_an_item():
    true, one, two = simulated(50, 0.3, 0.01)
    found = choose(findings(one, two))
    assert [str(rule) for rule in found.rules] == [RULES[k] for k in np.argmin(true, axis=1)]
    other = next(k for k, rule in enumerate(found.rules) if rule != "b")
    assert "less on this item than b, which does best on all" in found.why[other]


def test_todays_practice_counts_by_itself_and_stays_where_nothing_is_better():
    """It is as good as the best rule, but on item 3, where its level is twice what it should be."""
    rng = np.random.default_rng(5)
    one, two = (np.exp(0.02 * rng.standard_normal((30, 5)) + [0.0, 0.1, 0.2, 0.1, 0.0]) for _ in range(2))
    for each in (one, two):
        each[:, 4] = each[:, 0] * 1.001
        each[3, 4] *= 2
    found = choose(findings(one, two, (*RULES, PRACTICE)))
    assert found.rules[3] == "a"
    assert set(found.rules[:3] + found.rules[4:]) == {PRACTICE}
    assert "nothing is expected to be better than today's by more than 0.5 %" in found.why[0]
    assert found.group == "a"


def test_a_rule_that_few_items_accept_is_not_chosen_by_chance():
    _, one, two = simulated(40, 0.0, 0.3, seed=2)
    for each in (one, two):
        each[:, 3] *= 0.5
        each[ENOUGH - 1 :, 3] = np.nan
    assert "d" not in choose(findings(one, two)).rules
    for each in (one, two):
        each[ENOUGH - 1, 3] = 0.5
    assert choose(findings(one, two)).rules[:ENOUGH] == ("d",) * ENOUGH
    assert choose(findings(one[:4], two[:4])).rules == ("d",) * 4  # of so few, all accept it


def test_without_a_back_test_the_fitted_world_decides():
    _, one, _ = simulated(6, 0.3, 0.0)
    found = choose(findings(one, None))
    assert found.own == 1.0
    assert [str(rule) for rule in found.rules] == [RULES[k] for k in np.argmin(one, axis=1)]


def test_costs_with_revenue_may_be_below_0():
    one = np.array([[-100.0, -120, -90, -80], [-10, -12, -9, -8]])
    found = choose(findings(one, one * 1.01))
    assert found.rules == ("b", "b")
    assert all(np.isfinite(list(each.values())).all() for each in found.expected)


def test_without_scores_todays_practice_stays():
    orders = Tried("orders", {}, None, None, None, 1.0, 1.0, 1.0, 1.0, 0.0)
    found = choose([Findings("a", tried={PRACTICE: orders}), Findings("b")])
    assert found.rules == (PRACTICE, None)
    assert found.items == 0
