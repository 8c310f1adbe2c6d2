"""One period, step by step, by hand: every number below can be worked out on paper."""

from typing import Any

import pytest

from jit_gym.physics import Flows
from jit_gym.physics.plain import ByHand

from .hand import world


def ordered(lane: dict[str, Any], wanted: float, units: str = "continuous") -> float:
    """Return what becomes of an order on a lane."""
    by_hand = world(lanes={"supplier": {"to": "shop", **lane}}, units=units)
    return by_hand.step([wanted], [0.0]).lanes[0].ordered


def lane(flows: Flows, k: int = 0) -> tuple[float, float, float]:
    """Return what a lane ordered, shipped, and delivered."""
    return flows.lanes[k].ordered, flows.lanes[k].shipped, flows.lanes[k].arrived


def demand(flows: Flows, k: int = 0) -> tuple[float, float, float]:
    """Return what was asked for, served, and short."""
    return flows.demands[k].demanded, flows.demands[k].served, flows.demands[k].short


# 1. See: the state at the start


def test_a_world_starts_with_what_it_is_given():
    """At first there are the initial units on the shelf, and in each of the next periods those on the way."""
    by_hand = world({"stocks.shop.initial": 7.5, "lanes.supplier.lead_time": 3, "lanes.supplier.initial": 2})
    assert by_hand.read("stocks", "on_hand").tolist() == [7.5]
    assert by_hand.pipeline.tolist() == [0, 2, 2, 2]  # nothing has arrived yet
    assert by_hand.read("lanes", "in_transit").tolist() == [6]
    assert by_hand.read("lanes", "waiting").tolist() == by_hand.read("demands", "backlog").tolist() == [0]


def test_a_random_lead_time_starts_with_its_mean_on_the_way():
    """With a lead time of 0 to 4, two periods on average, the first two periods have their arrivals."""
    lead_time = {"name": "randint", "low": 0, "high": 5}
    by_hand = world({"lanes.supplier.lead_time": lead_time, "lanes.supplier.initial": 3})
    assert by_hand.pipeline.tolist() == [0, 3, 3, 0, 0]
    assert by_hand.read("lanes", "in_transit").tolist() == [6]


@pytest.mark.parametrize(("units", "asked", "each"), [("continuous", 2.5, 3.75), ("whole", 3, 5)])
def test_initial_units_can_be_periods_of_supply(units: str, asked: float, each: float):
    """A period and a half of a demand of 2.5 is 3.75 units; of 3 it is 4.5, and so 5 in whole ones."""
    half = {"periods_of_supply": 1.5}
    by_hand = world(
        {"stocks.shop.initial": half, "lanes.supplier.initial": half, "lanes.supplier.lead_time": 1},
        demands={"customers": {"from": "shop", "distribution": asked}},
        units=units,
    )
    assert by_hand.read("stocks", "on_hand").tolist() == [each]
    assert by_hand.pipeline.tolist() == [0, each]


def test_lanes_share_the_periods_of_supply_on_the_way():
    """On the way is each lane's share of the demand, times the units that a kit takes of the stock."""
    two = {"to": "wheel", "lead_time": 1, "initial": {"periods_of_supply": 1}}
    by_hand = world(
        stocks={"wheel": {"initial": {"periods_of_supply": 2}}},
        lanes={"main": two, "extra": {**two, "share": 0.25}},
        demands={"bikes": {"from": {"wheel": 2}, "distribution": 6}},
    )
    assert by_hand.read("stocks", "on_hand").tolist() == [24]
    assert by_hand.pipeline.tolist() == [0, 9, 0, 3]


# 2. Order


def test_an_order_is_what_one_wants():
    """Without limits an order is placed as it is, in fractions of a unit where units are continuous."""
    assert ordered({}, 3.7) == 3.7


@pytest.mark.parametrize(("wanted", "placed"), [(3.4, 3), (3.5, 4), (0.4, 0), (7, 7)])
def test_whole_units_are_ordered_to_the_nearest(wanted: float, placed: float):
    """In whole units an order is rounded to the nearest, halves up."""
    assert ordered({}, wanted, "whole") == placed


@pytest.mark.parametrize("units", ["whole", "continuous"])
def test_a_negative_order_is_none(units: str):
    """Nothing is sent back: an order below 0 is not placed."""
    assert ordered({}, -3.0, units) == ordered({"minimum_order": 2, "batch": 2}, -9.0, units) == 0


def test_an_order_is_cut_to_the_capacity():
    """A lane of 5 a period takes 5 of an order of 8, and all of an order of 4."""
    assert [ordered({"capacity": 5}, wanted) for wanted in (8, 5, 4)] == [5, 5, 4]


@pytest.mark.parametrize(("wanted", "placed"), [(9, 8), (10, 12), (11, 12), (1.9, 0), (2, 4), (100, 100), (99, 100)])
def test_an_order_is_rounded_to_the_nearest_batch(wanted: float, placed: float):
    """In batches of 4 an order of 9 is 8 and one of 10 is 12: the nearest, halves up."""
    assert ordered({"batch": 4}, wanted) == placed


@pytest.mark.parametrize("batch", [3, 7, 49, 0.1, 0.7, 1.1])
def test_whole_batches_are_ordered_as_they_are(batch: float):
    """An order of k batches is k batches, whatever k and the size of a batch."""
    by_hand = world({"lanes.supplier.batch": batch})
    for k in range(200):
        assert by_hand.step([k * batch], [0.0]).lanes[0].ordered == pytest.approx(k * batch, rel=1e-12)


def test_batches_stay_within_the_capacity():
    """A lane of 10 a period in batches of 4 takes 8 at most; one in batches of 0.1 takes all ten hundred."""
    assert [ordered({"batch": 4, "capacity": 10}, wanted) for wanted in (7, 9, 50)] == [8, 8, 8]
    assert ordered({"batch": 0.1, "capacity": 0.3}, 5) == pytest.approx(0.3)


def test_an_order_below_the_minimum_is_not_placed():
    """With a minimum of 5, an order of 4.9 is none, one of 5 is placed; after rounding to batches, that is."""
    assert [ordered({"minimum_order": 5}, wanted) for wanted in (4.9, 5, 6)] == [0, 5, 6]
    assert [ordered({"minimum_order": 5, "batch": 4}, wanted) for wanted in (5, 6)] == [0, 8]


# 3. Ship


def outage(lane: dict[str, Any], severity: float = 1.0, units: str = "continuous") -> ByHand:
    """Return a shop whose supplier, a day away, can be down; its share is the second number of chance."""
    strike = {"hits": ["supplier"], "starts": {"rate": 0.1}, "lasts": 2, "severity": severity}
    return world(
        lanes={"supplier": {"to": "shop", "lead_time": 1, **lane}}, disruptions={"strike": strike}, units=units
    )


def test_an_order_is_shipped_at_once():
    """A supplier outside has what is ordered, and nothing waits there."""
    by_hand = world({"lanes.supplier.lead_time": 1})
    assert lane(by_hand.step([6.0], [0.0])) == (6, 6, 0)
    assert by_hand.read("lanes", "waiting").tolist() == [0]


def test_what_a_stopped_supplier_cannot_ship_waits():
    """Orders placed in an outage wait, and all leave together when it is over."""
    by_hand = outage({})
    assert lane(by_hand.step([4.0], [0.0, 0.0])) == (4, 0, 0)
    assert lane(by_hand.step([3.0], [0.0, 0.0])) == (3, 0, 0)
    assert by_hand.read("lanes", "waiting").tolist() == [7]
    assert by_hand.read("lanes", "in_transit").tolist() == [0]
    assert lane(by_hand.step([1.0], [0.0, 1.0])) == (1, 8, 0)
    assert by_hand.read("lanes", "waiting").tolist() == [0]
    assert lane(by_hand.step([0.0], [0.0, 1.0])) == (0, 0, 8)


def test_what_waits_leaves_within_the_capacity():
    """After an outage a lane of 5 a period ships 5 a period, the oldest orders first, until nothing waits."""
    by_hand = outage({"capacity": 5})
    by_hand.step([5.0], [0.0, 0.0])
    by_hand.step([5.0], [0.0, 0.0])
    shipped = [lane(by_hand.step([1.0], [0.0, 1.0]))[1] for _ in range(4)]
    assert shipped == [5, 5, 3, 1]


def test_what_lapses_is_gone():
    """Where unshipped orders lapse, what an outage stopped never comes, and costs only its order."""
    by_hand = outage({"unshipped": "lapses", "unit_cost": 2, "fixed_cost": 9})
    flows = by_hand.step([4.0], [0.0, 0.0])
    assert lane(flows) == (4, 0, 0)
    assert (flows.money[0].purchase_cost, flows.money[0].fixed_cost) == (0, 9)
    assert by_hand.read("lanes", "waiting").tolist() == [0]
    assert lane(by_hand.step([1.0], [0.0, 1.0])) == (1, 1, 0)


def test_a_partial_outage_takes_a_share_of_the_capacity():
    """With 0.3 of a capacity of 10 gone, 7 of 9 are shipped and 2 wait; 6 would all be shipped."""
    by_hand = outage({"capacity": 10}, 0.3)
    assert lane(by_hand.step([9.0], [0.0, 0.7])) == (9, pytest.approx(7), 0)
    assert by_hand.read("lanes", "waiting") == pytest.approx([2])
    assert lane(outage({"capacity": 10}, 0.3).step([6.0], [0.0, 0.7])) == (6, 6, 0)


def test_a_partial_outage_without_a_capacity_takes_a_share_of_what_is_wanted():
    """Without a capacity 0.3 of what waits and is ordered stays behind."""
    by_hand = outage({}, 0.3)
    assert lane(by_hand.step([10.0], [0.0, 0.7])) == (10, pytest.approx(7), 0)
    assert lane(by_hand.step([2.0], [0.0, 0.7])) == (2, pytest.approx(3.5), pytest.approx(7))
    assert by_hand.read("lanes", "waiting") == pytest.approx([1.5])


def test_whole_units_are_shipped_whole():
    """Seven tenths of 9 are 6.3, and 6 are shipped; a tenth of 10 is 1, though 1 - 0.9 is a little less in binary."""
    assert lane(outage({}, 0.3, "whole").step([9.0], [0.0, 1 - 0.3])) == (9, 6, 0)
    assert lane(outage({"capacity": 9}, 0.3, "whole").step([9.0], [0.0, 1 - 0.3])) == (9, 6, 0)
    assert lane(outage({"capacity": 10}, 0.9, "whole").step([10.0], [0.0, 1 - 0.9])) == (10, 1, 0)


# 4. Arrive


def test_lead_time_0_arrives_before_the_demand_of_the_same_period():
    """What is ordered with lead time 0 is there to be sold in this very period."""
    by_hand = world()
    flows = by_hand.step([5.0], [3.0])
    assert lane(flows) == (5, 5, 5)
    assert demand(flows) == (3, 3, 0)
    assert by_hand.read("stocks", "on_hand").tolist() == [2]


@pytest.mark.parametrize("lead_time", [1, 3])
def test_a_lead_time_is_the_periods_from_shipment_to_arrival(lead_time: int):
    """What is shipped in period t arrives in period t + L, before its demand; the initial units come before."""
    by_hand = world({"lanes.supplier.lead_time": lead_time, "lanes.supplier.initial": 9})
    arrived = [lane(by_hand.step([float(t)], [0.0]))[2] for t in range(1, 7)]
    assert arrived == ([9] * lead_time + [1, 2, 3, 4, 5, 6])[:6]
    assert by_hand.pipeline.tolist() == [6 - lead_time + k for k in range(lead_time + 1)]  # the last arrival first


def test_random_lead_times_let_orders_cross_and_meet():
    """Shipped with lead times 3, 1, 0, 0 in periods 0 to 3: the second and third arrive before the first."""
    lead_time = {"name": "randint", "low": 0, "high": 4}
    by_hand = world({"lanes.supplier.lead_time": lead_time, "lanes.supplier.crossing": True})
    arrived, in_transit = [], []
    for order, lead in [(10.0, 3.0), (20.0, 1.0), (30.0, 0.0), (40.0, 0.0), (50.0, 2.0), (0.0, 0.0), (0.0, 0.0)]:
        arrived.append(lane(by_hand.step([order], [0.0, lead]))[2])
        in_transit.append(by_hand.read("lanes", "in_transit")[0])
    assert arrived == [0, 0, 50, 50, 0, 0, 50]
    assert in_transit == [10, 30, 10, 0, 50, 50, 0]


def test_the_lanes_of_a_scenario_keep_to_their_own_pipelines():
    """Lanes with lead times 2, 0 and random ones lie side by side and do not mix."""
    by_hand = world(
        lanes={
            "slow": {"to": "shop", "lead_time": 2},
            "fast": {"to": "shop"},
            "wild": {"to": "shop", "lead_time": {"name": "randint", "low": 0, "high": 3}, "crossing": True},
            "calm": {"to": "shop", "lead_time": 1},
        }
    )
    first = by_hand.step([1.0, 2.0, 3.0, 4.0], [0.0, 2.0])
    assert [flow.arrived for flow in first.lanes] == [0, 2, 0, 0]
    assert by_hand.pipeline.tolist() == [0, 0, 1, 2, 0, 0, 3, 0, 4]
    second = by_hand.step([0.0] * 4, [0.0, 0.0])
    assert [flow.arrived for flow in second.lanes] == [0, 0, 0, 4]
    third = by_hand.step([0.0] * 4, [0.0, 0.0])
    assert [flow.arrived for flow in third.lanes] == [1, 0, 3, 0]
    assert by_hand.read("stocks", "on_hand").tolist() == [10]


def test_what_does_not_fit_is_wasted():
    """On a shelf for 10 with 8 on it, 3 of 5 that arrive are wasted at their cost, before demand can take any."""
    by_hand = world({"stocks.shop.storage_limit": 10, "stocks.shop.initial": 8, "stocks.shop.waste_cost": 4})
    flows = by_hand.step([5.0], [6.0])
    assert (flows.stocks[0].wasted, flows.stocks[0].held) == (3, 4)
    assert flows.money[0].waste_cost == flows.money[0].cost == 12


def test_what_arrives_on_several_lanes_shares_the_shelf():
    """Lanes fill the shelf in their order, and what is wasted is counted together."""
    by_hand = world({"stocks.shop.storage_limit": 10}, lanes={"a": {"to": "shop"}, "b": {"to": "shop"}})
    flows = by_hand.step([8.0, 6.0], [0.0])
    assert (flows.stocks[0].wasted, flows.stocks[0].held) == (4, 10)


# 5. Demand


def test_lost_demand_is_lost():
    """Of 8 asked for with 5 on the shelf, 5 are served, 3 are short, and nobody comes back."""
    by_hand = world({"stocks.shop.initial": 5})
    assert demand(by_hand.step([0.0], [8.0])) == (8, 5, 3)
    assert by_hand.read("demands", "backlog").tolist() == [0]
    assert demand(by_hand.step([10.0], [2.0])) == (2, 2, 0)
    assert by_hand.read("stocks", "on_hand").tolist() == [8]


def test_backlogged_demand_waits_and_is_served_first():
    """Three customers wait; the next day 10 units serve them and the day's two. `short` counts the day's own."""
    by_hand = world({"stocks.shop.initial": 5, "demands.customers.unmet": "backlog"})
    assert demand(by_hand.step([0.0], [8.0])) == (8, 5, 3)
    assert by_hand.read("demands", "backlog").tolist() == [3]
    assert demand(by_hand.step([0.0], [2.0])) == (2, 0, 2)
    assert by_hand.read("demands", "backlog").tolist() == [5]
    assert demand(by_hand.step([6.0], [4.0])) == (4, 6, 3)  # five old ones first, then one of today's four
    assert by_hand.read("demands", "backlog").tolist() == [3]
    assert demand(by_hand.step([10.0], [2.0])) == (2, 5, 0)
    assert by_hand.read("stocks", "on_hand").tolist() == [5]


def kit(units: str = "whole") -> ByHand:
    """Return a workshop whose bike takes two wheels and a bell; 9 wheels and 3 bells are there."""
    return world(
        stocks={"wheel": {"initial": 9}, "bell": {"initial": 3}},
        lanes={"wheels": {"to": "wheel"}, "bells": {"to": "bell"}},
        demands={"bikes": {"from": {"wheel": 2, "bell": 1}, "distribution": 0}},
        units=units,
    )


def test_a_kit_takes_its_quantity_of_each_stock():
    """Two bikes take four wheels and two bells."""
    by_hand = kit()
    assert demand(by_hand.step([0.0, 0.0], [2.0])) == (2, 2, 0)
    assert by_hand.read("stocks", "on_hand").tolist() == [5, 1]
    assert by_hand.read("stocks", "used").tolist() == [4, 2]


def test_one_missing_part_stops_the_line():
    """Without a bell no bike is built and no wheel is used, however many there are."""
    by_hand = kit()
    assert demand(by_hand.step([0.0, 0.0], [8.0])) == (8, 3, 5)
    assert by_hand.read("stocks", "on_hand").tolist() == [3, 0]
    assert demand(by_hand.step([50.0, 0.0], [8.0])) == (8, 0, 8)
    assert by_hand.read("stocks", "on_hand").tolist() == [53, 0]
    assert by_hand.read("stocks", "used").tolist() == [0, 0]


def test_whole_kits_are_built_whole():
    """Nine wheels make four bikes in whole units, and four and a half where units are continuous."""
    for units, built in (("whole", 4), ("continuous", 4.5)):
        by_hand = kit(units)
        assert demand(by_hand.step([0.0, 10.0], [8.0])) == (8, built, 8 - built)
        assert by_hand.read("stocks", "on_hand").tolist() == [9 - 2 * built, 13 - built]


@pytest.mark.parametrize("quantity", [3, 7, 49, 98, 103])
def test_the_last_whole_kit_is_built(quantity: int):
    """Of k times as many parts as a kit takes, k kits are built, and nothing is left."""
    for k in range(1, 50):
        by_hand = world(
            {"stocks.shop.initial": k * quantity, "demands.customers.from": {"shop": quantity}}, units="whole"
        )
        assert demand(by_hand.step([0.0], [99.0])) == (99, k, 99 - k)
        assert by_hand.read("stocks", "on_hand").tolist() == [0]


def test_demands_on_one_stock_are_served_in_their_order():
    """Of 10 units the first customer takes 6, and the second the 4 that are left; waiting ones do not overtake."""
    by_hand = world(
        {"stocks.shop.initial": 10},
        demands={
            "first": {"from": "shop", "distribution": 0, "unmet": "lost"},
            "second": {"from": "shop", "distribution": 0, "unmet": "backlog"},
        },
    )
    flows = by_hand.step([0.0], [6.0, 7.0])
    assert (demand(flows, 0), demand(flows, 1)) == ((6, 6, 0), (7, 4, 3))
    assert by_hand.read("stocks", "used").tolist() == [10]
    flows = by_hand.step([5.0], [4.0, 0.0])
    assert (demand(flows, 0), demand(flows, 1)) == ((4, 4, 0), (0, 1, 0))
    assert by_hand.read("demands", "backlog").tolist() == [0, 2]


# 6. Pay


def test_every_kind_of_cost_and_revenue():
    """Two periods with every kind of cost at once, each worked out beside its figure."""
    by_hand = world(
        stocks={"shop": {"initial": 3, "holding_cost": 0.5, "storage_limit": 12, "waste_cost": 4}},
        lanes={
            "slow": {"to": "shop", "lead_time": 1, "unit_cost": 2, "fixed_cost": 10, "in_transit_cost": 0.25},
            "fast": {"to": "shop", "unit_cost": 3, "fixed_cost": 20},
        },
        demands={
            "loyal": {"from": "shop", "distribution": 0, "unmet": "backlog", "shortage_cost": 7, "price": 9},
            "casual": {"from": "shop", "distribution": 0, "unmet": "lost", "shortage_cost": 5, "price": 8},
        },
    )
    money = by_hand.step([15.0, 2.0], [4.0, 3.0]).money[0]
    assert money.purchase_cost == 2 * 15 + 3 * 2
    assert money.fixed_cost == 10 + 20
    assert money.transit_cost == 0.25 * 15  # on the way at the end of the period
    assert money.holding_cost == 0  # 3 + 2 on the shelf, 4 for the loyal, 1 for the casual
    assert money.shortage_cost == 5 * 2  # two casual customers are lost
    assert money.waste_cost == 0
    assert money.cost == 36 + 30 + 3.75 + 10
    assert money.revenue == 9 * 4 + 8 * 1
    assert money.reward == 44 - 79.75

    money = by_hand.step([0.0, 0.0], [2.0, 4.0]).money[0]  # 15 arrive, 12 fit, 6 are sold
    assert money.purchase_cost == money.fixed_cost == money.transit_cost == money.shortage_cost == 0
    assert money.holding_cost == 0.5 * 6
    assert money.waste_cost == 4 * 3
    assert (money.cost, money.revenue, money.reward) == (15, 9 * 2 + 8 * 4, 35)

    money = by_hand.step([0.0, 0.0], [9.0, 1.0]).money[0]  # three loyal customers wait, one casual is lost
    assert (money.shortage_cost, money.cost) == (7 * 3 + 5 * 1, 26)
    money = by_hand.step([0.0, 0.0], [1.0, 0.0]).money[0]  # and they are paid for as long as they wait
    assert (money.shortage_cost, money.cost, money.revenue) == (7 * 4, 28, 0)


def test_units_are_paid_for_when_they_are_shipped():
    """In an outage an order costs its fixed cost at once and its units when they leave."""
    by_hand = outage({"unit_cost": 2, "fixed_cost": 10})
    money = by_hand.step([4.0], [0.0, 0.0]).money[0]
    assert (money.purchase_cost, money.fixed_cost) == (0, 10)
    money = by_hand.step([0.0], [0.0, 1.0]).money[0]
    assert (money.purchase_cost, money.fixed_cost) == (8, 0)


def test_an_order_that_is_not_placed_costs_nothing():
    """Below the minimum, negative or 0, there is no order and no fixed cost."""
    for wanted in (0.0, -1.0, 4.0):
        by_hand = world({"lanes.supplier.fixed_cost": 10, "lanes.supplier.minimum_order": 5})
        assert by_hand.step([wanted], [0.0]).money[0].cost == 0


def test_units_on_the_way_cost_from_shipment_until_they_arrive():
    """With a lead time of 2, four units cost 0.5 each at the end of two periods, and then are on the shelf."""
    by_hand = world({"lanes.supplier.lead_time": 2, "lanes.supplier.in_transit_cost": 0.5})
    costs = [by_hand.step([order], [0.0]).money[0].transit_cost for order in (4.0, 0.0, 0.0)]
    assert costs == [2, 2, 0]


# 7. Age


def test_everything_on_the_way_is_one_period_nearer():
    """The pipeline reads what has arrived and what does in 1, 2 and 3 periods, and moves up by one in each."""
    by_hand = world({"lanes.supplier.lead_time": 3})
    pipelines = []
    for order in (1.0, 2.0, 3.0, 4.0):
        by_hand.step([order], [0.0])
        pipelines.append(by_hand.pipeline.tolist())
    assert pipelines == [[0, 0, 0, 1], [0, 0, 1, 2], [0, 1, 2, 3], [1, 2, 3, 4]]
    assert by_hand.period == 4
