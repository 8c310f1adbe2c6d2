"""Every figure by hand: six weeks that can be worked out on paper."""

from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import METRICS, Result, evaluate
from jit_gym.physics import View
from jit_gym.scenario import Scenario

from ..worlds import shop

# Week:        0   1   2   3   4   5
ORDERED = [5, 0, 4, 0, 3, 0]  # a week on the way
DEMANDED = [4, 6, 3, 9, 5, 2]
# arrived      4   5   0   4   0   3   (4 were on the way at first)
# wasted       0   1   0   0   0   0   (12 fit)
# served       4   6   3   7   0   2
# short        0   0   0   2   5   0
# held         8   6   3   0   0   1
# on the way   5   0   4   0   3   0


def world(**overrides: Any) -> Scenario:
    """Return the shop of these six weeks."""
    return shop(
        {name.replace("__", "."): value for name, value in overrides.items()},
        horizon={"periods": 6, "period": "week"},
        objective={"discount": 0.9},
        stocks={"shop": {"initial": 8, "unit_value": 10, "holding_cost": 1, "storage_limit": 12, "waste_cost": 2}},
        lanes={
            "supplier": {
                "to": "shop",
                "lead_time": 1,
                "initial": 4,
                "unit_cost": 3,
                "fixed_cost": 5,
                "in_transit_cost": 0.5,
            }
        },
        demands={"customers": {"from": "shop", "history": {"values": DEMANDED}, "price": 9, "shortage_cost": 2}},
    )


def plan(view: View) -> np.ndarray:
    """Order what is planned for the period, on every path and lane."""
    return np.full((len(view.on_hand), len(view.layout.lanes)), float(ORDERED[view.period]))


def none(view: View) -> np.ndarray:
    """Order nothing."""
    return np.zeros((len(view.on_hand), len(view.layout.lanes)))


def figures(result: Result) -> dict[str, float]:
    """Return the figures of a result's first path."""
    return {name: float(values[0]) for name, values in result.figures.items()}


BY_HAND = {
    "cost": 124 / 6,
    "purchase_cost": 69 / 6,  # 12 units bought; 12 were there or on the way, and 1 is left: 23 were used
    "fixed_cost": 15 / 6,
    "vehicle_cost": 0,
    "waiting_cost": 0,
    "transit_cost": 6 / 6,
    "reject_cost": 0,
    "holding_cost": 18 / 6,
    "storage_cost": 0,
    "waste_cost": 2 / 6,
    "loss_cost": 0,
    "shortage_cost": 14 / 6,
    "revenue": 198 / 6,
    "profit": 74 / 6,
    "discounted_reward": 5.5 - 36 + 46 * 0.9 + 5 * 0.81 + 59 * 0.729 - 25.5 * 0.6561 + 17 * 0.59049 + 3 * 0.531441,
    "fill_rate": 22 / 29,
    "cycle_service_level": 3 / 4,  # arrivals in weeks 0, 1, 3, 5; between the last two, weeks 3 and 4 were short
    "stockout_periods": 2,
    "stopped_periods": 1,
    "short": 7 / 6,
    "stock": 18 / 6,
    "periods_of_supply": 18 / 22,
    "turns": 22 * 52 / 18,
    "inventory_value": 180 / 6,
    "return_on_inventory": 74 * 52 / 180,
    "cash_to_cash": 18 / 22,
    "lowest_cash": 0,  # each week but the fifth earns more than it costs
    "waste": 1 / 6,
    "space": 0,
    "peak_space": 0,
    "lost": 0,
    "lost_share": 0,
    "lost_value": 0,
    "orders": 3 / 6,
    "bullwhip": np.var(ORDERED) / np.var(DEMANDED),
}


def test_every_figure_by_hand():
    """Six weeks: 124 of costs and 198 of revenue, 22 of 29 served, and all that follows; no figure is left out."""
    assert list(BY_HAND) == [metric.name for metric in METRICS]
    assert figures(evaluate(plan, world(), paths=2)) == pytest.approx(BY_HAND, rel=1e-12)


def test_warm_up_is_played_and_not_counted():
    """Of the same six weeks the last four alone count, and are discounted to the first of them."""
    counted = figures(evaluate(plan, world(), paths=1, periods=4, warmup=2))
    assert (
        counted
        == pytest.approx(
            {
                "cost": (36 + 10 + 3.5 + 4 + 14) / 4,
                "purchase_cost": 36 / 4,  # 12 units are used
                "fixed_cost": 10 / 4,
                "vehicle_cost": 0,
                "waiting_cost": 0,
                "transit_cost": 3.5 / 4,
                "reject_cost": 0,
                "holding_cost": 4 / 4,
                "storage_cost": 0,
                "waste_cost": 0,
                "loss_cost": 0,
                "shortage_cost": 14 / 4,
                "revenue": 108 / 4,
                "profit": 40.5 / 4,
                "discounted_reward": 5 - 18 + 59 * 0.9 - 25.5 * 0.81 + 17 * 0.729 + 3 * 0.6561,
                "fill_rate": 12 / 19,
                "cycle_service_level": 1 / 2,
                "stockout_periods": 2,
                "stopped_periods": 1,
                "short": 7 / 4,
                "stock": 4 / 4,
                "periods_of_supply": 4 / 12,
                "turns": 12 * 52 / 4,
                "inventory_value": 40 / 4,
                "return_on_inventory": 40.5 * 52 / 40,
                "cash_to_cash": 4 / 12,
                "lowest_cash": 0,
                "waste": 0,
                "space": 0,
                "peak_space": 0,
                "lost": 0,
                "lost_share": 0,
                "lost_value": 0,
                "orders": 2 / 4,
                "bullwhip": np.var(ORDERED[2:]) / np.var(DEMANDED[2:]),
            },
            rel=1e-12,
        )
    )


def test_what_is_stolen_is_told_in_units_as_a_share_and_in_money():
    """Of 20 units worth 10 each, 5 are sold and a fifth of the rest is lost, twice: 3, then 0.2 x 7 = 1.4.

    They cost 2 each besides, and 4.4 of the 14.4 that left the shelf were not sold. They count as used at what they
    cost to buy, 3 each, as all that is not there any more.
    """
    shelf = {"stocks.shop": {"initial": 20, "unit_value": 10, "shrinkage": 0.2, "loss_cost": 2}}
    told = {"lanes.supplier.unit_cost": 3, "demands.customers": {"from": "shop", "distribution": 5}}
    result = evaluate(none, shop(shelf | told), paths=1, periods=2, warmup=0)
    expected = {"lost": 4.4 / 2, "lost_share": 4.4 / 14.4, "lost_value": 44 / 2, "loss_cost": 8.8 / 2}
    expected |= {"purchase_cost": 3 * 14.4 / 2, "cost": (8.8 + 3 * 14.4) / 2}
    assert {name: result.mean(name) for name in expected} == pytest.approx(expected)
    assert result.mean("loss_cost", stock="shop") == pytest.approx(4.4)
    assert result.mean("lost", stock="shop") == pytest.approx(2.2)


def test_space_is_told_on_average_and_at_its_peak():
    """Ten pillows of 2 each, of which 4 are sold a period, take 12, then 4: 8 on average, 12 at most.

    At 0.5 a unit of space they cost 6 and 2; with 5 rented at 0.4 and the rest at 3, 2 + 21 and 2.
    """
    demand = {"demands.customers": {"from": "shop", "distribution": 4}}
    shelf = {"stocks.shop": {"initial": 10, "warehouse": "shed", "volume": 2}} | demand
    for shed, costs in (({"rate": 0.5}, (6 + 2) / 2), ({"space": 5, "rent": 0.4, "rate": 3}, (2 + 21 + 2) / 2)):
        result = evaluate(none, shop(shelf, warehouses={"shed": shed}), paths=1, periods=2, warmup=0)
        expected = {"space": 8, "peak_space": 12, "storage_cost": costs, "cost": costs, "holding_cost": 0}
        assert {name: result.mean(name) for name in expected} == pytest.approx(expected)


def test_backlog_is_charged_while_it_waits_and_short_once():
    """With 12 there, 6 and then 9 are asked for: 3 are short once, and cost 2 in each of the two periods they wait."""
    rest = {"demands__customers__unmet": "backlog", "demands__customers__history": {"values": [6, 9, 0]}}
    found = figures(evaluate(none, world(horizon__periods=3, **rest), paths=1))
    assert found["short"] == pytest.approx(3 / 3)
    assert found["fill_rate"] == pytest.approx(12 / 15)
    assert found["shortage_cost"] == pytest.approx(2 * 3 * 2 / 3)
    assert found["stockout_periods"] == 1
    assert found["stopped_periods"] == 0


def test_stocks_and_demands_add_up():
    """Stock is of all stocks, cash and turns weigh it by value, and one demand that is short makes a stock-out."""
    two = shop(
        {"horizon.periods": 2, "horizon.period": "month"},
        stocks={"body": {"initial": 10, "unit_value": 3}, "wheel": {"initial": 6, "unit_value": 1}},
        lanes={"lorry": {"to": "body"}, "ship": {"to": "wheel"}},
        demands={
            "bikes": {"from": {"body": 1, "wheel": 2}, "distribution": 2},
            "spares": {"from": "wheel", "distribution": 1},
        },
    )
    found = figures(evaluate(none, two, paths=1))
    # First 2 bikes and a spare leave 8 bodies and a wheel; then half a bike takes it, and no wheel is left to spare.
    assert found["stock"] == pytest.approx((8 + 1 + 7.5 + 0) / 2)
    assert found["inventory_value"] == pytest.approx((3 * 8 + 1 + 3 * 7.5) / 2)
    assert found["turns"] == pytest.approx((3 * 2.5 + 6) / 2 * 12 / found["inventory_value"])
    assert found["periods_of_supply"] == pytest.approx(16.5 / 8.5)
    assert found["fill_rate"] == pytest.approx(3.5 / 6)
    assert found["stockout_periods"] == found["stopped_periods"] == 1
    assert np.isnan(found["bullwhip"])  # customers ask for the same in both months


def test_terms_of_payment_move_cash_and_not_profit():
    """Bills of 5, 0 and 7 units at 3 are due a week later; sales of 4, 6, 3, 7, 0, 2 at 9 two weeks later."""
    plain = figures(evaluate(plan, world(), paths=1))
    terms = {"lanes__supplier__pays_after": 1, "demands__customers__pays_after": 2}
    found = figures(evaluate(plan, world(**terms), paths=1))
    changed = {name for name, value in found.items() if value != plain[name]}
    assert changed == {"cash_to_cash", "lowest_cash"}
    receivable, payable = 9 * (4 + 10 + 9 + 10 + 7 + 2) / 6, 36 / 6
    assert found["cash_to_cash"] == pytest.approx(18 / 22 + receivable / (198 / 6) - payable / (36 / 6))
    assert found["lowest_cash"] == pytest.approx(min(5.5 - 36 + 15, 51.5 - 90))


def test_what_cannot_be_told_is_nan():
    """Without a cycle, or use, or any change in it, a ratio is not defined; without demand all of it is served."""
    quiet = shop({"horizon.periods": 3, "stocks.shop.initial": 2})
    found = figures(evaluate(none, quiet, paths=1))
    assert found["fill_rate"] == 1
    ratios = ("cycle_service_level", "periods_of_supply", "turns", "return_on_inventory", "cash_to_cash", "bullwhip")
    for name in ratios:
        assert np.isnan(found[name]), name
    assert np.isnan(evaluate(none, quiet, paths=3).mean("turns"))


def test_orders_are_counted_on_every_lane():
    """Orders on two lanes in a period are two orders."""
    two = shop({"horizon.periods": 2}, lanes={"a": {"to": "shop"}, "b": {"to": "shop", "minimum_order": 5}})
    found = figures(evaluate(lambda view: np.full((len(view.on_hand), 2), 5.0 - view.period), two, paths=1))
    assert found["orders"] == pytest.approx((2 + 1) / 2)


def test_each_figure_says_what_it_is():
    """Every metric has a unit and a meaning, and its name is its own."""
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert all(metric.unit and metric.meaning for metric in METRICS)
