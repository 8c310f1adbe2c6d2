"""Cash, space and turns in calm, and what stock loses while it lies."""

from __future__ import annotations

from functools import cache

import pytest

from jit_gym.evaluation import Comparison, Estimate, compare
from jit_gym.scenario import load

from .ledger import claim, saved, shown

CALM = "textbook claim, without a size"
NEEDS = "`aisin-1997` without the fire, against a cover of a day (16 hours)"
BY_FORMULA = (
    "`just-in-case` by formula covers nothing where nothing can fail, and then holds less than `jit`, "
    "which keeps the four hours that it begins with"
)


@cache
def calm() -> Comparison:
    """Compare just in time with a day in hand where nothing ever stops: the line of 1997 without its fire."""
    changes = {
        "disruptions": None,
        "warehouses": {"hall": {"rate": 0.001}},
        "stocks.valves.warehouse": "hall",
        "stocks.seats.warehouse": "hall",
        "stocks.seats.volume": 50,  # of a valve: assumed
    }
    world = load("aisin-1997", changes)
    return compare(["just-in-case(cover=16)", "jit"], world, paths=32, warmup=80, seed=1, gap=False)


def saving(figure: str) -> Estimate:
    """Return by how much just in time is below just in case."""
    careful, lean = calm().results
    return saved(lean.figures[figure], careful.figures[figure])


@claim("Just in time ties up less cash in calm", source=CALM, needs=f"{NEEDS}; {BY_FORMULA}")
def test_just_in_time_ties_up_less_cash_in_calm() -> str:
    """The value of the stock on hand, at practically the same service: both serve all but one car in a thousand."""
    assert all(result.mean("fill_rate") > 0.999 for result in calm().results)
    found = saving("inventory_value")
    assert found.low > 0.5
    return f"{shown(found, '.1%')} less"


@claim("Just in time needs less space in calm", source=CALM, needs=f"{NEEDS}; a seat takes the space of 50 valves")
def test_just_in_time_needs_less_space_in_calm() -> str:
    """Space taken at the end of an hour, on average and at most, in a warehouse that is paid for by space."""
    found = saving("space")
    assert found.low > 0.5
    assert saving("peak_space").low > 0.5
    assert saving("storage_cost").low > 0.5
    return f"{shown(found, '.1%')} less"


@claim("Just in time turns stock faster in calm", source=CALM, needs=NEEDS)
def test_just_in_time_turns_faster_in_calm() -> str:
    """Turns a year: use over what is on hand, both at their value."""
    careful, lean = (result.estimate("turns") for result in calm().results)
    assert lean.low > 2 * careful.high
    return f"{shown(lean, '.0f')} turns a year, not {careful.mean:.0f}"


@claim("Just in time costs less in calm", source=CALM, needs=f"{NEEDS}; it is what just in case costs as an insurance")
def test_just_in_time_costs_less_in_calm() -> str:
    """Holding, space and lost cars together."""
    found = saving("cost")
    assert found.low > 0.5
    return f"{shown(found, '.1%')} less"


@cache
def components() -> Comparison:
    """Compare one week of components with four weeks of them, where cost and price fall by 1 % a week."""
    world = {
        "name": "computers",
        "horizon": {"periods": 52, "period": "week"},
        "stocks": {"components": {"initial": 300, "unit_value": 75}},
        "lanes": {"maker": {"to": "components", "unit_cost": 75, "cost_erosion": 0.01, "lead_time": 1, "initial": 100}},
        "demands": {
            "buyers": {
                "from": "components",
                "distribution": {"name": "poisson", "mu": 100},
                "unmet": "backlog",
                "price": 100,
                "price_erosion": 0.01,
            }
        },
    }
    rules = ["base-stock(level=320)", "base-stock(level=620)"]
    return compare(rules, load(world), paths=64, seed=1, gap=False)


@claim(
    (
        "Erosion times weeks of stock is lost margin: one week in hand against four, at 1 % a week, is 3 % of"
        " component cost"
    ),
    source="a text on Dell (th4.ilovetranslation.com/lsijtcOg0pS=d); the name of its author is not given",
    published="3 %",
    needs="stock that is paid for when it is bought, and worth what it costs that day",
)
def test_three_weeks_of_stock_that_erodes_cost_three_percent() -> str:
    """1 % a week x 3 weeks = 3 % of the component cost (a text on Dell, th4.ilovetranslation.com/lsijtcOg0pS=d)."""
    lean, four = components().results
    lost = lean.figures["profit"] - four.figures["profit"]
    found = Estimate.of(lost / (0.75 * lean.figures["revenue"]))
    assert found.mean == pytest.approx(0.03, abs=0.0005)
    assert four.mean("periods_of_supply") - lean.mean("periods_of_supply") == pytest.approx(3, abs=0.1)
    return shown(found, ".2%")


@claim(
    "Where components cost 75 % of revenue, that is a 2 % advantage on the bottom line",
    source="as above",
    published="2 % (0.75 x 3 % = 2.25 %)",
    needs="a price that falls as they do",
)
def test_three_weeks_of_stock_that_erodes_cost_two_percent_of_revenue() -> str:
    """0.75 x 3 % = 2.25 % of revenue (the same text on Dell)."""
    lean, four = components().results
    found = Estimate.of((lean.figures["profit"] - four.figures["profit"]) / lean.figures["revenue"])
    assert found.mean == pytest.approx(0.0225, abs=0.0004)
    return shown(found, ".2%")
