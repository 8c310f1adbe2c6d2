"""What units are worth, by hand: at what they cost to buy, as Veinott (1965) values what is left."""

from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation
from jit_gym.physics.worth import Worth

from ..worlds import shop
from .hand import story


def worth_after(periods: int, orders: list[float], overrides: dict[str, Any] | None = None, **parts: Any) -> float:
    """Return what the units of a shop are worth after some periods of the same orders, goods and sales together."""
    world = shop({"horizon.periods": periods, **(overrides or {})}, **parts)
    layout = Layout(world)
    simulation = Simulation(layout, Chance(world).draw(0, 2))
    for _ in range(periods):
        simulation.step(np.tile(orders, (2, 1)))
    first, second = sum(Worth(layout).of(simulation, simulation.period))
    assert first == second  # nothing is left to chance here
    return float(first)


def test_a_unit_is_worth_what_it_costs_on_hand_and_on_the_way():
    """After three periods of 5 at 3 a unit, 5 are on hand and 10 on the way: 45."""
    lane = {"lanes.supplier.unit_cost": 3, "lanes.supplier.lead_time": 2}
    assert worth_after(3, [5.0], lane) == 45


def test_a_unit_is_worth_what_the_cheapest_lane_charges():
    """Of two lanes at 4 and 6 the dear one's units are worth 4 too, so nobody gains by buying to be left with them."""
    lanes = {"cheap": {"to": "shop", "unit_cost": 4}, "dear": {"to": "shop", "unit_cost": 6}}
    assert worth_after(1, [1.0, 10.0], lanes=lanes) == 44


def test_a_unit_is_worth_its_inputs_too():
    """A bike of a frame at 20 and two wheels at 5, put together for 7, is worth 37; a wheel is worth 5."""
    parts = {
        "stocks": {"bike": {"initial": 1}, "frame": {"initial": 3}, "wheel": {"initial": 8}},
        "lanes": {
            "assembly": {"to": "bike", "uses": {"frame": 1, "wheel": 2}, "unit_cost": 7},
            "frames": {"to": "frame", "unit_cost": 20},
            "wheels": {"to": "wheel", "unit_cost": 5},
        },
        "demands": {"riders": {"from": "bike", "distribution": 0}},
    }
    assert worth_after(1, [2.0, 0.0, 0.0], **parts) == 3 * 37 + 1 * 20 + 4 * 5


def test_a_cost_that_falls_takes_worth_with_it():
    """At 10 a unit that falls by a tenth a period, 5 units are worth 5 * 10 * 0.9^2 after two periods."""
    assert worth_after(2, [2.5], {"lanes.supplier.unit_cost": 10, "lanes.supplier.cost_erosion": 0.1}) == pytest.approx(
        40.5
    )


def test_goods_that_perish_lose_their_worth_evenly():
    """Of a life of 4 periods, units that came in this and the last two can be used in 3, 2 and 1 more."""
    perishing = {"stocks.shop.shelf_life": 4, "lanes.supplier.unit_cost": 8}
    assert worth_after(3, [1.0], perishing) == 8 * (3 + 2 + 1) / 4
    assert worth_after(9, [1.0], perishing) == 8 * (3 + 2 + 1) / 4


def test_a_customer_who_waits_is_as_good_as_served():
    """Three who wait will pay 9 each and take units at 4; customers who are lost count for nothing."""
    asked = {"demands.customers.distribution": 3, "demands.customers.price": 9, "lanes.supplier.unit_cost": 4}
    assert worth_after(1, [0.0], asked | {"demands.customers.unmet": "backlog"}) == 3 * (9 - 4)
    assert worth_after(1, [0.0], asked) == 0


@pytest.mark.parametrize(
    "overrides",
    [
        {"objective.leftovers": "worthless"},
        {"horizon.ends": True},
        {"stocks.shop.terminal_value": 2},  # then that is what a unit is worth, as a reward of the last period
    ],
)
def test_elsewhere_nothing_counts(overrides: dict[str, Any]):
    """Where leftovers are said to be worthless, the world ends, or a stock has a value of its own."""
    assert worth_after(1, [5.0], {"lanes.supplier.unit_cost": 3, **overrides}) == 0


@pytest.mark.parametrize("life", [None, 9])
def test_what_is_obsolete_is_worth_its_scrap(life: int | None):
    """From period 2 on nobody wants it: what is there and on the way then will be scrapped for 1 a unit."""
    world = {
        "lanes.supplier.unit_cost": 9,
        "lanes.supplier.lead_time": 1,
        "stocks.shop.obsolete": {"at": [2]},
        "stocks.shop.scrap_value": 1,
        "stocks.shop.shelf_life": life,
    }
    assert worth_after(1, [5.0], world) == 5 * 9
    assert worth_after(2, [5.0], world) == 5 + 5


# Markdown


def test_a_markdown_sells_more_for_less():
    """Four a day at 6, and from day 2 on at 3: with an elasticity of 2, half the price sells four times as many.

    Thirty are there: 4, 4, and 16 are sold, then the 6 that are left; forecasts know it from the first day.
    """
    sale = {"starts": 2, "price": 3, "elasticity": 2}
    tale = story(
        {"stocks.shop.initial": 30, "lanes.supplier.lead_time": 3},
        demands={"customers": {"from": "shop", "distribution": 4, "price": 6, "markdown": sale}},
    )
    assert tale.view.forecast[0].tolist() == [4, 4, 16, 16]
    prices, flows = [], []
    for _ in range(4):
        prices.append(float(tale.view.price[0]))
        flows.append(tale.step([0.0]))
    assert prices == [6, 6, 3, 3]
    assert [day.demands[0].demanded for day in flows] == [4, 4, 16, 16]
    assert [day.money[0].revenue for day in flows] == [24, 24, 48, 18]


def test_demand_that_does_not_answer_to_a_markdown_stays():
    sale = {"starts": 1, "price": 3, "elasticity": 0}
    tale = story(demands={"customers": {"from": "shop", "distribution": 4, "price": 6, "markdown": sale}})
    assert [tale.step([9.0]).demands[0].demanded for _ in range(3)] == [4, 4, 4]
