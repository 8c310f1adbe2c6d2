"""The holiday rush: what doubles, and what a forecast of it is worth to whom."""

from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import Result
from jit_gym.scenario import load

from .industry import between, interval, played

RULES = ["jit", "synchronised", "safety-stock"]
POOR: dict[str, Any] = {
    "demands.children.forecast.accuracy": [0.4, 0.3, 0.2, 0.1, 0.1, 0, 0],
    "demands.everybody.forecast.accuracy": [0.4, 0.3],
}
NONE: dict[str, Any] = {"demands.children.forecast": None, "demands.everybody.forecast": None}


@pytest.fixture(scope="module")
def by_forecast() -> dict[str, list[Result]]:
    """Return what each rule earns with a good forecast, a poor one, and none beyond the date."""
    changes: dict[str, dict[str, Any]] = {"good": {}, "poor": POOR, "none": NONE}
    return {name: played(RULES, load("holiday-rush", change), paths=512) for name, change in changes.items()}


def share(name: str) -> float:
    """Return the share of the year's mean demand that falls into the nine weeks of the season."""
    factors = load("holiday-rush").demands[name].season
    return sum(factors[-9:]) / sum(factors)


def test_demand_doubles_for_toys():
    """30.1 % of the year's sales of hobby, toy and game stores (NRF, for 2017, as reported)."""
    assert share("children") == pytest.approx(0.301, abs=0.015)


def test_that_demand_doubles_is_not_borne_out_for_retail_at_large():
    """About 19 % of the year's sales in 17 % of its weeks (NRF, as reported): a sixth more, and no doubling."""
    assert share("everybody") == pytest.approx(0.19, abs=0.015)
    assert max(load("holiday-rush").demands["everybody"].season) < 1.2


def test_a_better_forecast_earns_more_for_rules_that_read_it(by_forecast: dict[str, list[Result]]):
    for rule in (1, 2):
        good, poor, none = (by_forecast[name][rule] for name in ("good", "poor", "none"))
        assert between(good, poor, "profit")[0] > 0
        assert between(poor, none, "profit")[0] > 0


def test_lot_for_lot_has_nothing_of_a_forecast(by_forecast: dict[str, list[Result]]):
    assert np.array_equal(by_forecast["good"][0].figures["profit"], by_forecast["none"][0].figures["profit"])


def test_a_forecast_is_worth_more_to_just_in_time_than_to_safety_stock(by_forecast: dict[str, list[Result]]):
    """Who holds nothing for safety has only the forecast; here it is worth about twice as much to them."""
    worth = [by_forecast["good"][k].figures["profit"] - by_forecast["none"][k].figures["profit"] for k in (1, 2)]
    assert interval(worth[0] - 1.5 * worth[1])[0] > 0


def test_lot_for_lot_loses_toys_and_not_much_else(by_forecast: dict[str, list[Result]]):
    """Six weeks late, it orders the season when it is over; a week late, and for a sixth, it hardly matters."""
    children, everybody = by_forecast["good"][0].items["demands"]["fill_rate"].T
    assert interval(everybody - children)[0] > 0.05


def test_late_ships_cost_just_in_time_more_service_than_safety_stock():
    """16.9 days before the port in November 2021 (as reported), when the toys should come in; all else being equal."""
    late = {"lanes.ship.delays": {"steps": [[33, 1], [41, 2], [48, 1]]}}
    on_time, delayed = (played(RULES[1:], load("holiday-rush", change), paths=512) for change in ({}, late))
    lost = [
        a.items["demands"]["fill_rate"][:, 0] - b.items["demands"]["fill_rate"][:, 0]
        for a, b in zip(on_time, delayed, strict=True)
    ]
    assert interval(lost[1])[0] > 0
    assert interval(lost[0] - lost[1])[0] > 0
