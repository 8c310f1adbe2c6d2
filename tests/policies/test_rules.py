"""Each rule by hand: every number below can be worked out on paper."""

from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.evaluation import evaluate
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import policy
from jit_gym.scenario import Scenario, load

from ..worlds import shop
from .still import fitting, look, orders


def asked(*values: float, **more: Any) -> dict[str, Any]:
    """Return customers who ask for these quantities, and wait."""
    history = {"values": list(values)}
    return {"customers": {"from": "shop", "history": history, "unmet": "backlog", **more}}


def played(what: Any, scenario: Scenario, field: str = "ordered", seed: int = 0) -> np.ndarray:
    """Return what a policy orders in each period of one path (periods, lanes), or another flow of the lanes."""
    simulation = Simulation(Layout(scenario), Chance(scenario).draw(seed, 1))
    player = policy(what, scenario)
    periods = range(scenario.horizon.periods)
    return np.array([simulation.step(player(View(simulation))).lanes[field][0].copy() for _ in periods])


TWO_STOCKS: dict[str, Any] = {
    "stocks": {"body": {"initial": 1}, "wheel": {"initial": 2}},
    "lanes": {"lorry": {"to": "body"}, "ship": {"to": "wheel", "lead_time": 2}},
    "demands": {"bikes": {"from": {"body": 1, "wheel": 2}, "distribution": 3, "unmet": "backlog"}},
}


# Just in time


def test_jit_orders_what_was_used():
    """It fills up once, to 10 for a mean of 5 and a lead time of 1; then it orders what was used in the last period."""
    world = shop(
        {"stocks.shop.initial": 8, "lanes.supplier.lead_time": 1, "horizon.periods": 4},
        demands=asked(4, 6, 3, 7),
    )
    assert played("jit", world).tolist() == [[2], [4], [6], [3]]
    assert played("jit(level=20)", world).tolist() == [[12], [4], [6], [3]]


def test_jit_is_primed_once():
    """What is there is not asked about again: with half of it gone it still orders what was used."""
    world = shop(demands=asked(*[5] * 20))
    assert orders("jit(level=30)", world, period=0, on_hand=[12], pipeline=[]) == [18]
    assert orders("jit(level=30)", world, period=1, on_hand=[0], used=[4]) == [4]


def test_jit_orders_a_kits_share_of_each_stock():
    """A bike uses one body and two wheels, so it orders twice as many wheels."""
    world = shop(**TWO_STOCKS)
    assert orders("jit", world, period=5, used=[3, 6]) == [3, 6]


# Kanban


@pytest.mark.parametrize(
    ("held", "ordered"),
    [
        ({"on_hand": [0]}, 12),
        ({"on_hand": [4]}, 8),
        ({"on_hand": [5]}, 4),
        ({"on_hand": [5], "waiting": [3]}, 4),
        ({"on_hand": [5], "waiting": [4]}, 0),
        ({"on_hand": [12]}, 0),
        ({"on_hand": [40]}, 0),
        ({"on_hand": [0], "backlog": [9]}, 12),
    ],
)
def test_kanban_sends_back_the_cards_of_empty_containers(held: dict[str, Any], ordered: float):
    """With three cards for containers of 4, a started container keeps its card, and customers who wait have none."""
    assert orders("kanban(cards=3, container=4)", shop(demands=asked(*[5] * 20)), **held) == [ordered]


@pytest.mark.parametrize("seed", range(3))
def test_kanban_never_has_more_than_its_containers(seed: int):
    """On hand and on the way there are never more than cards times container units, and orders are whole containers."""
    world = load("lost-sales", {"lanes.supplier.lead_time": {"name": "randint", "low": 0, "high": 6}})
    player, simulation = (
        policy("kanban(cards=7, container=4)", world),
        Simulation(Layout(world), Chance(world).draw(seed, 9)),
    )
    for _ in range(200):
        view = View(simulation)
        wanted = player(view)
        assert (wanted % 4 == 0).all()
        assert (view.on_hand + view.on_order + wanted <= 28).all()
        simulation.step(wanted)


# Constant


def test_constant_orders_the_same_whatever_happens():
    """The mean use by formula, or a given quantity."""
    world = shop(**TWO_STOCKS)
    for on_hand in ([0, 0], [900, 1]):
        assert orders("constant", world, on_hand=on_hand) == [3, 6]
        assert orders("constant(quantity={wheel: 4})", world, on_hand=on_hand) == [3, 4]


# Up to a level


def test_base_stock_fills_the_inventory_position_up():
    """Level 20, less 5 on hand, 4 on the way and 3 waiting at the supplier, plus 2 for customers who wait: 10."""
    world = shop({"lanes.supplier.lead_time": 2}, demands=asked(*[5] * 20))
    state = {"on_hand": [5], "pipeline": [1, 3], "waiting": [3], "backlog": [2]}
    assert look(world, **state).inventory_position.tolist() == [[10]]
    assert orders("base-stock(level=20)", world, **state) == [10]
    assert orders("base-stock(level=10)", world, **state) == orders("base-stock(level=4)", world, **state) == [0]


def test_a_backlog_counts_in_units_of_each_stock():
    """Two bikes that wait need two bodies and four wheels."""
    world = shop(**TWO_STOCKS)
    assert orders("base-stock(level=10)", world, backlog=[2]) == [12, 14]


def test_capped_base_stock_never_orders_more_than_the_cap():
    """Level 20 and cap 6: an inventory position of 10 orders 6, one of 17 orders 3, one of 25 nothing."""
    world = shop(demands=asked(*[5] * 20))
    rule = "capped-base-stock(level=20, cap=6)"
    assert [orders(rule, world, on_hand=[position]) for position in (10, 17, 25)] == [[6], [3], [0]]


def test_s_s_orders_at_the_reorder_point():
    """s = 5, S = 20: nothing at 6, 15 at 5, and 22 with two customers waiting."""
    world = shop(demands=asked(*[5] * 20))
    assert orders("s-S(s=5, S=20)", world, on_hand=[6]) == [0]
    assert orders("s-S(s=5, S=20)", world, on_hand=[5]) == [15]
    assert orders("s-S(s=5, S=20)", world, backlog=[2]) == [22]
    assert orders("s-S(s=5, S=5)", world, on_hand=[5]) == [0]


# Just in case


def test_just_in_case_keeps_a_service_level_and_outlasts_a_disruption():
    """Demand 5 (variance 5), lead time 4 (variance 2), 99 %: 25 + 2.3263 * sqrt(5 * 5 + 25 * 2) = 45.15; and 6 periods.

    45.15 + 6 * 5 = 75.15, in whole units 76; of those, 10 are there (Silver et al. 2017, section 6.7).
    """
    world = load(
        "lost-sales",
        {
            "lanes.supplier.lead_time": {"name": "randint", "low": 2, "high": 7},
            "disruptions.fire": {"hits": ["supplier"], "starts": {"rate": 0.01}, "lasts": 6},
            "disruptions.strike": {"hits": ["supplier"], "starts": {"rate": 0.01}, "lasts": {"name": "geom", "p": 0.5}},
        },
    )
    assert orders("just-in-case", world, on_hand=[8], in_transit=[2]) == [76 - 10]
    assert orders("just-in-case(cover=0)", world, on_hand=[8]) == [46 - 8]
    assert orders("just-in-case(cover=0, service_level=0.5)", world, on_hand=[8]) == [25 - 8]
    assert orders("just-in-case(cover=2, service_level=0.9)", world) == [47]  # 25 + 1.2816 * 8.6603 + 10 = 46.10


def test_just_in_case_follows_the_forecast():
    """With the factors 0, 1, 2 on a demand of 6 and a lead time of 1 it stands ready for this and the next period."""
    world = shop({"lanes.supplier.lead_time": 1}, demands=asked(*[6] * 20, season=[0, 1, 2]))
    rule = "just-in-case(service_level=0.5, cover=0)"
    assert [orders(rule, world, seen=seen) for seen in ([0, 6], [6, 12], [12, 0])] == [[6], [18], [12]]


def test_just_in_case_counts_a_part_of_the_last_period():
    """With a lead time of 0 or 1, half a period on average, it stands ready for a period and a half of the forecast."""
    world = shop(
        {"lanes.supplier.lead_time": {"name": "randint", "low": 0, "high": 2}},
        demands=asked(*[6] * 20, season=[1, 2]),
    )
    assert orders("just-in-case(service_level=0.5, cover=0)", world, seen=[6, 12]) == [12]


# Hybrid


@pytest.mark.parametrize("period", [0, 7])
def test_hybrid_guards_what_is_critical(period: int):
    """It orders bodies just in time, and wheels, whose lane is critical, just in case."""
    world = shop(
        {"lanes.ship.critical": True},
        **TWO_STOCKS,
        disruptions={"storm": {"hits": ["ship"], "starts": {"rate": 0.1}, "lasts": 4}},
    )
    state = {"period": period, "used": [3, 6], "on_hand": [1, 2], "seen": [1]}
    jit, careful = orders("jit", world, **state), orders("just-in-case", world, **state)
    assert jit != careful
    assert orders("hybrid", world, **state) == [jit[0], careful[1]]
    assert careful[1] == 6 * 3 + 4 * 6 - 2
    assert orders("hybrid(cover=1)", world, **state)[1] == 6 * 3 + 6 - 2


# Two lanes into one stock

EXPEDITED_NEXT_PERIOD = {"lanes.expedited.lead_time": 1, "lanes.regular.lead_time": 3}


@pytest.mark.parametrize(
    ("overrides", "state", "wanted"),
    [
        # 1 on hand, 2 arrive now, 3 next: the expedited index is 3, so 1 is expedited; the regular one is 6 + 1.
        ({}, {"on_hand": [1], "pipeline": [2, 3]}, {"expedited": 1, "regular": 0}),
        # Three wait, 1 arrives now: index -2, so 6 are expedited; then the position is 4, and 3 are ordered regularly.
        ({}, {"backlog": [3], "pipeline": [1, 0]}, {"expedited": 6, "regular": 3}),
        # What arrives only next period is no help now, but it is in the position.
        ({}, {"pipeline": [0, 7]}, {"expedited": 4, "regular": 0}),
        ({}, {"on_hand": [9]}, {"expedited": 0, "regular": 0}),
        # What waits at the regular supplier comes later than what is expedited now.
        ({}, {"on_hand": [1], "waiting": [4, 0]}, {"expedited": 3, "regular": 0}),
        # An expedited order placed now arrives next period: regular 1 and 2, and expedited 1, are there by then.
        (EXPEDITED_NEXT_PERIOD, {"pipeline": [1, 2, 3, 1]}, {"expedited": 0, "regular": 0}),
        (EXPEDITED_NEXT_PERIOD, {"pipeline": [1, 0, 3, 1]}, {"expedited": 2, "regular": 0}),
        (EXPEDITED_NEXT_PERIOD, {"pipeline": [1, 0, 0, 0]}, {"expedited": 3, "regular": 3}),
    ],
)
@pytest.mark.parametrize("cap", [None, 2])
def test_dual_index_by_hand(
    overrides: dict[str, Any], state: dict[str, Any], wanted: dict[str, float], cap: float | None
):
    """Expedite up to 4, then order regularly up to 7 (Veeraraghavan and Scheller-Wolf 2008), or 2 at most."""
    world = load("dual-sourcing", overrides)
    rule = "dual-index(expedited_level=4, regular_level=7)"
    if cap is not None:
        rule = f"capped-{rule[:-1]}, cap={cap})"
        wanted = wanted | {"regular": min(wanted["regular"], cap)}
    assert dict(zip(world.lanes, orders(rule, world, **state), strict=True)) == wanted


def test_dual_index_tells_the_lanes_by_their_speed():
    """Whichever lane is written first, the faster one is the expedited one."""
    lanes = {"fast": {"to": "shop", "lead_time": 0}, "slow": {"to": "shop", "lead_time": 2}}
    rule, rest = "dual-index(expedited_level=4, regular_level=7)", {"demands": asked(*[2] * 20)}
    backwards = dict(reversed(lanes.items()))
    assert orders(rule, shop(lanes=lanes, **rest), backlog=[3]) == [7, 3]
    assert orders(rule, shop(lanes=backwards, **rest), backlog=[3]) == [3, 7]


# By formula


def formula(what: str, scenario: Scenario) -> dict[str, Any]:
    """Return the parameters that a rule finds for itself."""
    return policy(what, scenario).parameters


@pytest.mark.parametrize(
    ("what", "parameters"),
    [
        ("jit", {"level": 25}),  # 5 * (4 + 1)
        (
            "kanban",
            {"cards": 34, "container": 1},
        ),  # a tenth of 5 is 1 in whole units; 25 + 8.22, which is more than 27.5
        ("kanban(container=4)", {"cards": 9, "container": 4}),  # 33.22 / 4
        ("kanban(cards=3)", {"cards": 3, "container": 1}),
        ("constant", {"quantity": 5}),
        ("base-stock", {"level": 34}),  # 25 + 1.6449 * 5 = 33.22, at 19 / 20
        ("capped-base-stock", {"level": 34, "cap": 7}),  # 34 / 5
        ("s-S", {"s": 33, "S": 34}),  # nothing is saved by ordering more at once
        ("s-S(s=20)", {"s": 20, "S": 21}),
        ("just-in-case", {"service_level": 0.99, "cover": 0}),
        ("hybrid", {"service_level": 0.99, "cover": 0}),
    ],
)
def test_parameters_by_formula(what: str, parameters: dict[str, float]):
    """Poisson(5), lead time 4, h = 1, p = 19: the textbook's numbers."""
    assert formula(what, load("lost-sales")) == pytest.approx(parameters)


def test_toyotas_buffer_is_for_demand_that_is_levelled():
    """25 units of a steady 5 a period, and 10 % on top, are 27.5 (Sugimori et al. 1977); so are CONWIP's cards.

    Poisson(5) at 19 / 20 needs 8.22 on top of 25. With geometric demand, 28 cards serve 79 %, and 46 serve 95 %.
    """
    steady = load("lost-sales", {"demands.customers.distribution": 5})
    assert formula("kanban", steady) == {"cards": 28, "container": 1}
    assert formula("conwip", steady) == {"cards": 28}
    assert formula("conwip", load("lost-sales")) == {"cards": 34}
    wild = load("lost-sales", {"demands.customers.distribution": {"name": "geom", "p": 1 / 6, "loc": -1}})
    few, enough = (
        evaluate(rule, wild, paths=64, periods=500, warmup=50, seed=1) for rule in ("kanban(cards=28)", "kanban")
    )
    assert few.mean("fill_rate") == pytest.approx(0.79, abs=0.01)
    assert enough.mean("fill_rate") == pytest.approx(0.95, abs=0.01)


def test_just_in_case_covers_each_stock_for_its_own_outages():
    """Storms of five periods keep the ship away, and fires of eight the lorry; nothing stops the van."""
    world = shop(
        stocks={"valve": {}, "engine": {}, "seat": {}},
        lanes={"lorry": {"to": "valve"}, "ship": {"to": "engine"}, "van": {"to": "seat"}},
        demands={"cars": {"from": {"valve": 1, "engine": 1, "seat": 1}, "distribution": 4, "unmet": "backlog"}},
        disruptions={
            "storm": {"hits": ["ship"], "starts": {"rate": 0.1}, "lasts": 5},
            "fire": {"hits": ["lorry"], "starts": {"rate": 0.1}, "lasts": 8},
        },
    )
    assert formula("just-in-case", world)["cover"] == {"valve": 8, "engine": 5, "seat": 0}
    assert formula("hybrid", world)["cover"] == {"valve": 8, "engine": 5, "seat": 0}


@pytest.mark.parametrize(("life", "cover"), [(None, 6), (9, 6), (3, 0.95963), (2, 0), (1, 0)])
def test_just_in_case_holds_no_more_than_keeps(life: int | None, cover: float):
    """Poisson(5), one period: 2.3263 sqrt(5) = 5.2019 of safety last 1.04 periods of the 2 after the first."""
    fire = {"hits": ["supplier"], "starts": {"rate": 0.01}, "lasts": 6}
    changes = {"lanes.supplier.lead_time": 0, "stocks.shop.shelf_life": life, "disruptions.fire": fire}
    assert formula("just-in-case", load("lost-sales", changes))["cover"] == pytest.approx(cover, abs=1e-4)


def test_the_economic_lot():
    """With a fixed cost of 64, Q is sqrt(2 * 64 * 5 / 1) = 25.3, in whole units 26 (Harris 1913)."""
    assert formula("R-Q", load("lost-sales", {"lanes.supplier.fixed_cost": 64}))["Q"] == 26
    free = load("lost-sales", {"lanes.supplier.fixed_cost": 64, "stocks.shop.holding_cost": 0})
    assert formula("s-S(s=3)", free) == {"s": 3, "S": 4}  # with nothing to pay for stock there is no lot


def test_the_power_approximation():
    """Poisson(10), lead time 0, K = 64, h = 1, p = 9, by hand: S - s = 33.65, z = 1.087, s = 6.08.

    The optimum is s = 6, S = 40 (Zheng and Federgruen 1991). Reviewed every second day, z = 0.908: 16.21 and 49.39.
    """
    world = load("fixed-cost")
    assert formula("s-S", world) == {"s": 6, "S": 40}
    assert formula("R-s-S(R=2)", world) == {"R": 2, "s": 16, "S": 49}
    assert formula("s-S(s=8)", world) == {"s": 8, "S": 42}
    assert formula("s-S", load("fixed-cost", {"lanes.supplier.fixed_cost": 0})) == {"s": 14, "S": 15}


def test_a_reorder_point_may_be_negative_where_customers_wait():
    """It pays to let a few wait where an order costs much; lost customers do not wait."""
    dear = {"lanes.supplier.fixed_cost": 2000, "demands.customers.shortage_cost": 2}
    for rule, point in (("s-S", "s"), ("R-Q", "R")):
        assert formula(rule, load("fixed-cost", dear))[point] < 0
        assert formula(rule, load("fixed-cost", dear | {"demands.customers.unmet": "lost"}))[point] == 0


@pytest.mark.parametrize(
    ("overrides", "level"),
    [
        ({}, 33.2243),  # 25 + 1.6449 * 5
        (
            {"demands.customers.shortage_cost": 0, "demands.customers.price": 19},
            33.2243,
        ),  # a sale lost is worth its price
        ({"demands.customers.shortage_cost": 9, "demands.customers.price": 10}, 33.2243),
        ({"demands.customers.price": 10, "lanes.supplier.unit_cost": 10}, 33.2243),  # what is lost need not be bought
        ({"lanes.supplier.unit_cost": 30}, 33.2243),  # a sale at a loss is taken to be meant
        (
            {"demands.customers.price": 10, "demands.customers.unmet": "backlog"},
            33.2243,
        ),  # a sale that waits is not lost
        ({"stocks.shop.holding_cost": 19}, 25),  # at 1/2
        ({"stocks.shop.holding_cost": 0, "demands.customers.shortage_cost": 0}, 33.2243),  # 0.95 where all is free
        ({"lanes.supplier.lead_time": 0}, 8.6780),  # 5 + 1.6449 * sqrt(5)
        ({"lanes.supplier.lead_time": {"name": "randint", "low": 2, "high": 7}}, 39.2448),  # 25 + 1.6449 * sqrt(75)
        (  # orders that cross: sum of P(L > k) P(L <= k) = 0.8 instead of 2, so 25 + 1.6449 * sqrt(45)
            {"lanes.supplier.lead_time": {"name": "randint", "low": 2, "high": 7}, "lanes.supplier.crossing": True},
            36.0341,
        ),
        (  # a supplier who is 2 late in half of the cases: L = 5, and 0.25 in each of two periods: sqrt(30 + 25 * 0.5)
            {"suppliers.late": {"late": {"chance": 0.5, "by": 2}}, "lanes.supplier.supplier": "late"},
            40.7232,
        ),
    ],
)
def test_the_newsvendors_level(overrides: dict[str, Any], level: float):
    """m (L + 1) + z sqrt((L + 1) s^2 + m^2 s_L^2), with z at p / (p + h) (Arrow et al. 1951)."""
    world = load("lost-sales", {"units": "continuous", **overrides})
    assert formula("base-stock", world) == {"level": pytest.approx(level, abs=1e-3)}


def test_a_kits_shortage_cost_is_shared_by_its_units():
    """A bike of 18 holds up two wheels: a missing wheel costs 9; the dearest of the demands on a stock counts."""
    kit = {"from": {"wheel": 2}, "distribution": 5, "shortage_cost": 18}
    world = shop(
        stocks={"wheel": {"holding_cost": 1}},
        lanes={"lorry": {"to": "wheel"}},
        demands={"bikes": kit, "spares": {"from": "wheel", "distribution": 1, "shortage_cost": 4}},
    )
    assert policy("base-stock", world).plan.critical_ratio.tolist() == [pytest.approx(0.9)]


def test_the_levels_of_dual_sourcing():
    """U{0..4}, b = 495, h = 5, so z = 2.3263: 2 + z sqrt(2) = 5.29, 6 + z sqrt(6) = 11.70, the cap a third of it."""
    world = load("dual-sourcing")
    assert formula("dual-index", world) == {"expedited_level": 6, "regular_level": 12}
    assert formula("capped-dual-index", world) == {"expedited_level": 6, "regular_level": 12, "cap": 4}


def test_a_stock_without_use_is_not_ordered():
    """No use, no order, of any rule, and no complaint."""
    world = shop(
        stocks={"shop": {}, "attic": {}},
        lanes={"supplier": {"to": "shop"}, "ladder": {"to": "attic"}},
        demands=asked(*[5] * 20),
    )
    for name in fitting(world):
        assert orders(name, world)[1] == 0, name


# Several lanes into one stock


@pytest.mark.parametrize(
    ("shares", "quantity", "wanted"),
    [
        ([None, None], 7, [7, 0]),
        ([0.25, None], 8, [2, 6]),
        ([0.5, 0.5], 3, [2, 1]),
        ([0.3, 0.7], 1, [0, 1]),
        ([0.25] * 4, 2, [1, 0, 1, 0]),
        ([0.2] * 5, 3, [1, 0, 1, 0, 1]),
    ],
)
def test_lanes_share_an_order(shares: list[float | None], quantity: float, wanted: list[float]):
    """By their shares, in whole units that add up; what the rounded sum of the lanes so far gains is a lane's."""
    lanes = {f"lane-{k}": {"to": "shop", "share": share} for k, share in enumerate(shares)}
    world = shop(units="whole", lanes=lanes, demands=asked(*[5] * 20))
    assert orders(f"constant(quantity={quantity})", world) == wanted


def test_lanes_share_fractions_exactly():
    """In continuous units each lane gets exactly its share."""
    lanes = {f"lane-{k}": {"to": "shop", "share": share} for k, share in enumerate([0.2, 0.3, 0.5])}
    assert orders("constant(quantity=3)", shop(lanes=lanes, demands=asked(*[5] * 20))) == pytest.approx([0.6, 0.9, 1.5])


def test_constant_levels_a_fraction_over_the_periods():
    """0.3 a period, in whole units, is one unit in the periods 3, 6 and 9 of ten."""
    scenario = load("lost-sales", {"lanes.supplier.lead_time": 0})
    rule = policy("constant(quantity=0.3)", scenario)
    simulation = Simulation(Layout(scenario), Chance(scenario).draw(0, 1, 10))
    orders = []
    for _ in range(10):
        orders.append(rule(View(simulation))[0, 0])
        simulation.step(rule(View(simulation)))
    assert [period for period, order in enumerate(orders) if order] == [3, 6, 9]
    assert sum(orders) == 3
