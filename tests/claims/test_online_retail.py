"""Online retail: not the stock is lean, the bills are long."""

import numpy as np
import pytest

from jit_gym.evaluation import Result
from jit_gym.scenario import load

from .industry import between, interval, played

PAYS = {f"lanes.from-{name}.pays_after": 6 for name in ("publishers", "makers", "everybody")}  # weeks, as a chain may


@pytest.fixture(scope="module")
def lots() -> Result:
    return played(["s-S"], load("online-retail"))[0]


def test_cash_is_there_four_weeks_before_it_is_paid(lots: Result):
    """Amazon's cash conversion: -25 to -32 days (as reported); within a week of it."""
    low, high = interval(7 * lots.figures["cash_to_cash"])
    assert low > -32 - 7
    assert high < -25 + 7


def test_that_an_online_shop_turns_its_stock_faster_is_not_borne_out(lots: Result):
    """Amazon's 7.0 to 7.7 turns a year, against Walmart's 8.1 to 8.5 (as reported): it is no faster."""
    low, high = interval(lots.figures["turns"])
    assert low > 6.5
    assert high < 8.5


def test_payables_make_the_cash_and_change_no_order(lots: Result):
    """The same shop that pays after six weeks: the same orders and profit, and no money before it is due."""
    sooner = played(["s-S"], load("online-retail", PAYS))[0]
    assert np.allclose(sooner.figures["profit"], lots.figures["profit"])
    assert np.array_equal(sooner.figures["turns"], lots.figures["turns"])
    assert interval(sooner.figures["cash_to_cash"])[0] > 0
    assert between(lots, sooner, "lowest_cash")[0] > 0


def test_lots_earn_more_than_little_and_often_where_orders_cost_something():
    often, lots = played(["base-stock", "s-S"], load("online-retail"))
    assert between(lots, often, "profit")[0] > 0
    assert between(often, lots, "turns")[0] > 0


def test_in_a_bad_spring_long_payables_do_not_replace_stock():
    lean, careful = played(
        ["safety-stock(service_level=0.98)", "just-in-case(service_level=0.98, cover=2)"],
        load("online-retail-stressed"),
    )
    assert interval(lean.figures["cash_to_cash"])[1] < 0
    assert between(careful, lean, "fill_rate")[0] > 0.01
