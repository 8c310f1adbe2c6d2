"""A canal blocked for six days, a strait avoided for a year, and a port that is congested."""

from typing import Any

import pytest

from jit_gym.evaluation import Result
from jit_gym.scenario import load

from .industry import between, interval, played

RULES = ["base-stock", "just-in-case(cover=2)", "rerouting", "jit"]
AT = {"at": [20]}  # the week in which it strikes
SUEZ = {"shock": "canal-blocked", "hits": ["canal"], "starts": AT, "lasts": 1}  # six days of March 2021: a week
RED_SEA = {"shock": "strait-avoided", "hits": ["canal"], "starts": AT, "lasts": 52}  # a year: to the end


def struck(shock: dict[str, Any] | None, rules: list[str] = RULES) -> list[Result]:
    scenario = load("port-congestion", {"disruptions.shock": shock} if shock else {})
    return played(rules, scenario, paths=512, warmup=0)


@pytest.fixture(scope="module")
def calm() -> list[Result]:
    return struck(None)


def test_in_calm_years_neither_stock_nor_a_second_route_pays(calm: list[Result]):
    lean, careful, rerouting, _ = calm
    assert between(careful, lean, "cost")[0] > 0.1 * lean.mean()
    assert between(rerouting, lean, "cost") == (0, 0)


def test_two_weeks_of_stock_hardly_feel_a_canal_that_is_blocked_for_six_days(calm: list[Result]):
    """Suez, 23 to 29 March 2021: six days, and a backlog of nearly another week (as reported)."""
    pairs = zip(calm, struck(SUEZ), strict=True)
    lean, careful, _, lot_for_lot = (between(before, after, "fill_rate") for before, after in pairs)
    assert lean[0] > 0.005
    assert lot_for_lot[0] > 0.005
    assert careful[1] < 0.002


def test_six_days_are_soon_over_and_do_not_pay_for_two_weeks_of_stock():
    lean, careful, *_ = struck(SUEZ)
    assert between(careful, lean, "cost")[0] > 0


def test_a_strait_avoided_for_a_year_costs_those_without_stock_more(calm: list[Result]):
    """About ten days more at sea from Asia to Northern Europe since December 2023 (as reported)."""
    lean, careful, *_ = struck(RED_SEA)
    extra = [
        after.figures["cost"] - before.figures["cost"] for before, after in zip(calm, (lean, careful), strict=False)
    ]
    assert interval(extra[0] - 2 * extra[1])[0] > 0
    assert between(careful, lean, "fill_rate")[0] > 0.1


def test_that_rerouting_answers_a_detour_is_not_borne_out_as_nothing_is_stopped():
    """Tomlin (2006) reroutes while a supplier is down; a longer way is no outage, and so the railway is not used."""
    lean, _, rerouting, _ = struck(RED_SEA)
    assert between(rerouting, lean, "cost") == (0, 0)


def test_who_plans_with_the_longer_way_needs_as_much_more_on_it():
    """Ten days more at sea, two weeks in whole weeks: two weeks' use more on order serves as in a calm year."""
    lean, more = struck(RED_SEA, ["base-stock", "base-stock(level=1220)"])
    calm = struck(None, ["base-stock"])[0]
    assert between(calm, lean, "fill_rate")[0] > 0.05
    assert between(calm, more, "fill_rate")[1] < 0.02


def test_in_a_bad_year_stock_is_cheapest_and_lot_for_lot_dearest():
    lean, careful, rerouting, lot_for_lot = played(RULES, load("port-congestion-stressed"), paths=512)
    for other in (lean, rerouting, lot_for_lot):
        assert between(careful, other, "cost")[1] < 0
    for other in (lean, rerouting):
        assert between(other, lot_for_lot, "cost")[1] < 0
