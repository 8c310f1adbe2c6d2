"""The other rules by hand, family by family: every number below can be worked out on paper."""

from math import comb
from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.evaluation import evaluate
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import PolicyError, policy
from jit_gym.policies.plan import PlanningData
from jit_gym.scenario import Scenario, load

from ..worlds import shop
from .still import fitting, orders


def asked(*values: float, **more: Any) -> dict[str, Any]:
    """Return customers who ask for these quantities, and wait."""
    history = {"values": list(values)}
    return {"customers": {"from": "shop", "history": history, "unmet": "backlog", **more}}


def played(what: str, scenario: Scenario, demand: list[float] | None = None) -> list[list[float]]:
    """Return what a policy orders on each lane in each period of one path, whose demand may be given."""
    trace = Chance(scenario).draw(0, 1, len(demand) if demand else None)
    if demand:
        trace.rows[: len(demand), 0, 0] = demand
    simulation, player = Simulation(Layout(scenario), trace), policy(what, scenario)
    return [simulation.step(player(View(simulation))).lanes["ordered"][0].tolist() for _ in range(trace.periods)]


STEADY = asked(*[5] * 20)
LINE: dict[str, Any] = {
    "stocks": {"shop": {"initial": 5}, "depot": {"initial": 5}},
    "lanes": {"van": {"to": "shop", "uses": {"depot": 1}}, "ship": {"to": "depot", "lead_time": 1}},
    "demands": {"customers": {"from": "shop", "distribution": 5, "unmet": "backlog"}},
}


# Just in time


def test_jit_orders_for_customers_who_wait():
    """Nobody is served of 9 and 4 who ask for more than there is; all are ordered for, and the backlog recovers.

    A supplier who ships 0 of the first order later ships all: with what was served alone the 4 would wait for ever.
    """
    world = shop(
        {"lanes.supplier.lead_time": 1, "stocks.shop.initial": 5, "horizon.periods": 4}, demands=asked(9, 4, 0, 0)
    )
    assert played("jit(level=5)", world) == [[0], [9], [4], [0]]


def test_jit_orders_what_was_sold_where_customers_are_lost():
    """Of 9 who came 5 were served, and only those leave a gap on the shelf."""
    world = shop(
        {"stocks.shop.initial": 5, "horizon.periods": 2, "demands.customers.unmet": "lost"}, demands=asked(9, 0)
    )
    assert played("jit(level=5)", world) == [[0], [5]]


REPLACING = ["jit", "demand-flow", "kanban(container=1)", "conwip", "hybrid", "emergency", "base-stock"]
LOSSES: dict[str, dict[str, Any]] = {
    "lapses": {
        "lanes.ship.unshipped": "lapses",
        "disruptions.strike": {"hits": ["ship"], "starts": {"rate": 0.1}, "lasts": 1},
    },
    "ordering": {"disruptions.strike": {"hits": ["ship"], "starts": {"rate": 0.1}, "lasts": 1, "stops": "ordering"}},
    "rejects": {"lanes.ship.defects": 0.1},
    "no-room": {"stocks.depot.storage_limit": 6},
    "inside": {"lanes.van.unshipped": "lapses", "lanes.van.defects": 0.1},
    "capacity": {"lanes.ship.capacity": 6},
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("rule", REPLACING)
def test_what_is_lost_on_the_way_is_ordered_again(rule: str, loss: str):
    """In 600 periods of a demand of 5 the line does not run dry: late as early, almost as much is served.

    What lapsed, was refused, was rejected or found no room, and what did not fit into the capacity, is ordered again.
    """
    world = shop(
        {"horizon.periods": 600, **LOSSES[loss]},
        units="whole",
        stocks={"shop": {"initial": 10}, "depot": {"initial": 6}},
        lanes={"van": {"to": "shop", "uses": {"depot": 1}}, "ship": {"to": "depot", "lead_time": 1}},
        demands={"customers": {"from": "shop", "distribution": {"name": "binom", "n": 10, "p": 0.5}}},
    )
    simulation = Simulation(Layout(world), Chance(world).draw(0, 16))
    player = policy(rule, world)
    served = np.array([simulation.step(player(View(simulation))).demands["served"].mean() for _ in range(600)])
    assert served[300:].mean() > 0.9 * served[100:300].mean() > 2.5


def test_what_spoils_is_ordered_again():
    """Milk that keeps for two periods: a tenth and more of it is thrown away, and the shelf is filled all the same."""
    world = load("perishable", {"horizon.periods": 600})
    for rule in ("jit", "demand-flow", "kanban(container=1)", "conwip"):
        simulation = Simulation(Layout(world), Chance(world).draw(0, 16))
        player = policy(rule, world)
        served = np.array([simulation.step(player(View(simulation))).demands["served"].mean() for _ in range(600)])
        assert served[300:].mean() == pytest.approx(served[100:300].mean(), rel=0.05)


@pytest.mark.parametrize(
    "rule", ["jit", "demand-flow", "base-stock(level=20)", "s-S(s=19, S=20)", "just-in-case", "hybrid"]
)
def test_an_obsolete_stock_is_not_ordered_again(rule: str):
    """What is scrapped is not missed: nothing is ordered from the period on in which nobody asks any more."""
    world = shop(
        {"stocks.shop.obsolete": {"at": [6]}, "stocks.shop.initial": 20, "lanes.supplier.lead_time": 2},
        demands={"customers": {"from": "shop", "distribution": 5}},
    )
    found = np.ravel(played(rule, world))
    assert (found[2:6] == 5).all()
    assert (found[6:] == 0).all()


def test_demand_flow_tells_every_stage_what_customers_ordered():
    """The shop and the depot both order the customers' 7 and 2, the day after; jit tells the depot a day later."""
    world = shop({"horizon.periods": 4}, **LINE)
    demand = [7.0, 2.0, 0.0, 0.0]
    assert played("demand-flow(level=5)", world, demand) == [[0, 0], [7, 7], [2, 2], [0, 0]]
    assert played("jit(level=5)", world, demand) == [[0, 0], [7, 0], [2, 7], [0, 2]]


def test_demand_flow_explodes_the_bill_of_materials():
    """A bike that is ordered is two wheels ordered, and a wheel sold as a spare is one more."""
    world = shop(
        {"horizon.periods": 2},
        stocks={"bike": {"initial": 9}, "wheel": {"initial": 99}},
        lanes={"line": {"to": "bike", "uses": {"wheel": 2}}, "ship": {"to": "wheel"}},
        demands={
            "riders": {"from": "bike", "distribution": 3, "unmet": "backlog"},
            "menders": {"from": "wheel", "distribution": 4, "unmet": "backlog"},
        },
    )
    assert played("demand-flow(level=0)", world)[1] == [3, 10]


def test_conwip_releases_work_when_some_has_left():
    """Six units in the line; the depot pushes on what it has, and orders what customers took from the shop."""
    world = shop({"horizon.periods": 4, "stocks.shop.initial": 1, "stocks.depot.initial": 3}, **LINE)
    assert played("conwip(cards=6)", world, [1.0, 2.0, 0.0, 0.0]) == [[3, 2], [0, 1], [2, 2], [1, 0]]


def test_conwip_pushes_what_there_is_to_where_it_is_missing():
    """Nine units for two shops that sell the same, of which one has 1 and the other 4: seven each in the end."""
    world = shop(
        units="whole",
        stocks={"depot": {}, "a": {}, "b": {}},
        lanes={
            "ship": {"to": "depot"},
            "to-a": {"to": "a", "uses": {"depot": 1}},
            "to-b": {"to": "b", "uses": {"depot": 1}},
        },
        demands={f"at-{name}": {"from": name, "distribution": 2} for name in "ab"},
    )
    assert orders("conwip(cards=20)", world, on_hand=[9, 1, 4]) == [6, 6, 3]


def test_conwip_pushes_what_arrives_today_where_it_can_leave_today():
    """Two are there, one arrives; of the lane without a lead time, 3 that wait and 2 that are ordered, 4 at most.

    Where orders travel for a period, what is read today is pushed, and not what is ordered. Of what is on a lane with a
    random lead time all may arrive.
    """
    world: dict[str, Any] = {
        "sources_ship": "after-receiving",
        "stocks": {"shop": {}, "depot": {}},
        "lanes": {
            "van": {"to": "shop", "uses": {"depot": 1}, "lead_time": 1},
            "ship": {"to": "depot", "lead_time": 2, "share": 0},
            "next-door": {"to": "depot", "capacity": 4, "share": 1},
        },
        "demands": {"customers": {"from": "shop", "distribution": 5, "unmet": "backlog"}},
    }
    state: dict[str, Any] = {"on_hand": [0, 2], "pipeline": [0, 1, 6], "waiting": [0, 0, 3]}
    assert orders("conwip(cards=14)", shop(**world), **state) == [2 + 1 + 4, 0, 2]
    by_mail = world | {"lanes": world["lanes"] | {"next-door": {"to": "depot", "share": 1, "order_delay": 1}}}
    assert orders("conwip(cards=14)", shop(**by_mail), **state) == [2 + 1 + 3, 0, 2]
    random = world["lanes"] | {
        "ship": {"to": "depot", "lead_time": {"name": "randint", "low": 1, "high": 3}, "share": 0}
    }
    found = orders("conwip(cards=14)", shop(**world | {"lanes": random}), **state | {"pipeline": [0, 1, 6]})
    assert found == [2 + 7 + 4, 0, 2]


def test_heijunka_closes_a_share_of_the_gap():
    """A level of 20 and a mean of 5: at a position of 11 it orders 5 + (20 - 5 - 11) / 4 = 6, and at 40 nothing."""
    world = shop(demands=STEADY)
    assert orders("heijunka(level=20, smoothing=0.25)", world, on_hand=[11]) == [6]
    assert orders("heijunka(level=20, smoothing=0.25)", world, on_hand=[40]) == [0]
    assert orders("heijunka(level=20, smoothing=1)", world, on_hand=[11]) == orders(
        "base-stock(level=20)", world, on_hand=[11]
    )


def test_a_short_cycle_orders_at_reviews_alone():
    """Every third period up to m (L + 3); half of the economic cycle sqrt(2 * 40 / (1 * 5)) = 4 periods is 2."""
    world = shop(demands=STEADY)
    found = [orders("short-cycle(review=3)", world, period=t, on_hand=[4]) for t in range(4)]
    assert found == [[11], [0], [0], [11]]
    costly = shop({"stocks.shop.holding_cost": 1, "lanes.supplier.fixed_cost": 40}, demands=STEADY)
    assert policy("short-cycle", costly).parameters == {"review": 2, "level": 10}
    with pytest.raises(PolicyError, match=r"review must be a whole number of periods, 1 or more, got 1\.5$"):
        policy("short-cycle(review=1.5)", world)


def test_synchronised_orders_net_requirements():
    """The forecast is 6 now and 12 next, 4 are there: 14, or 3 more for safety (Orlicky 1975)."""
    world = shop({"lanes.supplier.lead_time": 1}, demands=asked(*[6] * 20, season=[1, 2]))
    assert orders("synchronised", world, seen=[6, 12], on_hand=[4]) == [14]
    assert orders("synchronised(safety=3)", world, seen=[6, 12], on_hand=[4]) == [17]


def test_a_forecast_reaches_the_stocks_behind():
    """A depot a period behind the shop holds what that asks for next period, 12, and what goes on after it."""
    line = {**LINE, "lanes": LINE["lanes"] | {"van": {"to": "shop", "uses": {"depot": 1}, "lead_time": 1}}}
    line["demands"] = {"customers": {"from": "shop", "distribution": 6, "season": [1, 2, 3], "unmet": "backlog"}}
    world = shop({"lanes.ship.lead_time": 0}, **line)
    # The depot's own time is a period: what arrives there can be sent on in the next one. Two periods are foreseen.
    assert orders("synchronised", world, seen=[6, 12]) == [6 + 12, 12 + 12]


# Just in case


def test_safety_stock_follows_the_forecast_and_not_the_swing():
    """The mean varies between 0 and 12, as foreseen; what is left is Poisson's, times the square of the factors.

    Mean of f^2 = (0 + 4) / 2 = 2 on a variance of 6, over one period: a buffer of 1.2816 sqrt(12) = 4.44.
    """
    world = shop(
        demands={"customers": {"from": "shop", "distribution": {"name": "poisson", "mu": 6}, "season": [0, 2]}},
    )
    rule = "safety-stock(service_level=0.9)"
    assert orders(rule, world, seen=[12]) == [pytest.approx(12 + 1.2815516 * 12**0.5, abs=1e-3)]


def test_safety_stock_by_cost_is_the_newsvendors():
    """Without a forecast to follow, z is at p / (p + h), and the level that of base-stock."""
    world = load("lost-sales")
    assert policy("safety-stock", world).parameters == {"service_level": 0.95}
    assert orders("safety-stock", world) == orders("base-stock", world)


def test_a_safety_lead_time_orders_early():
    """A forecast of 6 and 12, and 12 from then on: half a period early, with lead time 1, needs 6 + 12 + 6."""
    world = shop({"lanes.supplier.lead_time": 1}, demands=asked(*[6] * 20, season=[1, 2]))
    assert orders("safety-lead-time(periods_early=0.5)", world, seen=[6, 12]) == [24]
    assert policy("safety-lead-time", load("lost-sales")).parameters == {"periods_early": 1}


def test_the_quoted_lead_time_is_ordered_for():
    """5 a period and no spread: 5 (2 + 1) with a lead time of 2, and 5 (6 + 1) from the period on in which it is 6."""
    slower = {"lead_time": 2, "initial": 5, "delays": {"steps": [[2, 4]]}}
    changes: dict[str, Any] = {f"lanes.supplier.{key}": value for key, value in slower.items()}
    changes |= {"stocks.shop.initial": 5, "horizon.periods": 4}
    world = shop(changes, demands={"customers": {"from": "shop", "distribution": 5, "unmet": "backlog"}})
    assert played("quoted-lead-time", world) == [[0], [5], [25], [5]]
    assert played("safety-stock", world) == [[10], [5], [5], [5]]  # the mean of 0, 0, 4 and 4 is 2: 5 (4 + 1)
    hidden = load(world, {"lanes.supplier.delays.seen": "hidden"})
    assert played("quoted-lead-time", hidden) == played("safety-stock", hidden)
    assert any("orders as safety-stock does" in note for note in policy("quoted-lead-time", hidden).notes())


@pytest.mark.parametrize(("position", "ordered"), [(6, 0), (5, 4), (2, 4), (1, 8), (-7, 16)])
def test_fixed_lots_bring_the_position_above_the_point(position: float, ordered: float):
    """R = 5 and Q = 4: as many lots as it takes to have 6 or more."""
    state = {"on_hand": [position]} if position >= 0 else {"backlog": [-position]}
    assert orders("R-Q(R=5, Q=4)", shop(units="whole", demands=STEADY), **state) == [ordered]


def test_a_reorder_point_is_looked_at_in_reviews():
    """Every second period, at 5 or less up to 20."""
    world, rule = shop(demands=STEADY), "R-s-S(s=5, S=20, R=2)"
    assert [orders(rule, world, period=t, on_hand=[4]) for t in range(3)] == [[16], [0], [16]]
    assert orders(rule, world, period=0, on_hand=[6]) == [0]


def test_a_reorder_point_may_be_below_nothing():
    """Where waiting is cheap it pays to let two customers wait: s = -2."""
    world = shop(demands=STEADY)
    assert orders("s-S(s=-2, S=9)", world, backlog=[1]) == [0]
    assert orders("s-S(s=-2, S=9)", world, backlog=[2]) == [11]


def test_a_modified_reorder_point_caps_the_lot():
    """At 5 or less up to 20, but 8 at most."""
    world, rule = shop(demands=STEADY), "s-S-q(s=5, S=20, q=8)"
    assert [orders(rule, world, on_hand=[position]) for position in (6, 5)] == [[0], [8]]
    assert orders("s-S-q(s=18, S=20, q=8)", world, on_hand=[17]) == [3]


# Hybrids

KIT: dict[str, Any] = {
    "stocks": {"valve": {"unit_value": 1}, "engine": {"unit_value": 60}, "seat": {"unit_value": 30}},
    "lanes": {"lorry": {"to": "valve"}, "ship": {"to": "engine"}, "van": {"to": "seat"}},
    "demands": {"cars": {"from": {"valve": 1, "engine": 1, "seat": 1}, "distribution": 4, "unmet": "backlog"}},
    "disruptions": {"storm": {"hits": ["ship"], "starts": {"rate": 0.1}, "lasts": 5}},
}


@pytest.mark.parametrize(("dear", "guarded"), [(0.8, [1, 0, 0]), (0.6, [1, 0, 1]), (1, [0, 0, 0]), (0, [1, 1, 1])])
def test_a_hybrid_by_value_guards_what_is_cheap(dear: float, guarded: list[int]):
    """Of 91 a car the engine is 60, the seat 30 and the valve 1: 80 % are in the first two (Dickie 1951)."""
    rule = policy(f"hybrid-by-value(dear={dear})", shop(**KIT))
    assert rule.guarded.astype(int).tolist() == guarded


@pytest.mark.parametrize(("risk", "guarded"), [(0, [0, 1, 0]), (0.3, [0, 1, 0]), (0.34, [0, 0, 0])])
def test_a_hybrid_by_risk_guards_whose_supplier_fails(risk: float, guarded: list[int]):
    """Storms of five periods, ten periods apart, keep the ship away a third of the time."""
    rule = policy(f"hybrid-by-risk(risk={risk})", shop(**KIT))
    assert rule.plan.disruptions.down == pytest.approx([0, 1 / 3, 0])
    assert rule.guarded.astype(int).tolist() == guarded


def test_an_emergency_orders_by_the_fastest_lane():
    """It looks at what is there as air freight arrives, in two periods: 1 on hand, 1 by sea now and 1 in the next one.

    With 4 there the seven that were used are ordered by sea, as ever. With 3, which is the trigger, six come by air to
    make 9, and the seventh by sea. What comes by sea later does not help, nor does what waits for a ship.
    """
    world = shop(
        lanes={"sea": {"to": "shop", "lead_time": 3}, "air": {"to": "shop", "lead_time": 1}}, demands=asked(*[5] * 20)
    )
    rule = "emergency(trigger=3, level=9)"
    assert orders(rule, world, on_hand=[2], used=[7], pipeline=[1, 1, 9, 0]) == [7, 0]
    assert orders(rule, world, on_hand=[1], used=[7], pipeline=[1, 1, 9, 0], waiting=[8, 0]) == [1, 6]
    assert orders(rule, world, on_hand=[0], used=[7], pipeline=[1, 1, 9, 1]) == [1, 6]
    assert orders("emergency(trigger=3, level=30)", world, on_hand=[1], used=[7], pipeline=[1, 1, 9, 0]) == [0, 27]
    assert policy(rule.partition("(")[0], world).parameters == {"trigger": 10, "level": 10}


def test_an_emergency_counts_the_mean_of_what_may_arrive_in_time():
    """Of 9 on a lane that takes 1, 2 or 3 periods, E min(L, 1) / E L = 1/2 are expected in this period."""
    lanes = {
        "sea": {"to": "shop", "lead_time": {"name": "randint", "low": 1, "high": 4}},
        "air": {"to": "shop"},
    }
    world = shop(lanes=lanes, demands=asked(*[5] * 20))
    rule = "emergency(trigger=9, level=9)"
    assert orders(rule, world, on_hand=[1], used=[7], in_transit=[9, 0]) == [3.5, 3.5]


AIR_AND_SEA: dict[str, Any] = {
    "horizon": {"periods": 2000},
    "units": "whole",
    "stocks": {"shop": {"initial": 10, "holding_cost": 1}},
    "suppliers": {"far": {}},
    "lanes": {
        "sea": {"to": "shop", "lead_time": 6, "supplier": "far", "initial": 5},
        "air": {"to": "shop", "unit_cost": 5},
    },
    "demands": {"customers": {"from": "shop", "distribution": {"name": "poisson", "mu": 5}, "shortage_cost": 19}},
    "disruptions": {"fire": {"hits": ["far"], "starts": {"at": [1000]}, "lasts": 10}},
}


@pytest.mark.parametrize("unshipped", ["waits", pytest.param("lapses", marks=pytest.mark.slow)])
def test_emergency_orders_go_on_and_bridge_a_fire(unshipped: str):
    """As many units come by air late as early, about 0.4 a period; in ten periods of fire most of what is used does."""
    world = shop({"lanes.sea.unshipped": unshipped}, **AIR_AND_SEA)
    simulation = Simulation(Layout(world), Chance(world).draw(1, 64))
    player = policy("emergency", world)
    by_air = np.array([simulation.step(player(View(simulation))).lanes["ordered"][:, 1].mean() for _ in range(2000)])
    assert by_air[1500:].mean() == pytest.approx(by_air[100:600].mean(), rel=0.1)
    assert 0.2 < by_air[1500:].mean() < 0.6
    assert by_air[1000:1020].sum() > 35
    result, plain = (evaluate(rule, world, paths=64, seed=2) for rule in ("emergency", "jit"))
    assert result.mean("short") < 0.3 * plain.mean("short")


# Two suppliers


def test_a_single_index_counts_all_that_is_on_order():
    """Four are on the way, so at a level of 6 two are expedited, and three more ordered up to 9."""
    world = load("dual-sourcing")
    state = {"pipeline": [0, 4]}
    assert orders("single-index(expedited_level=6, regular_level=9)", world, **state) == [3, 2]
    assert orders("dual-index(expedited_level=6, regular_level=9)", world, **state) == [0, 6]


def test_a_tailored_base_surge_orders_the_same_and_expedites_the_surge():
    """One a period regularly; up to 4 of what is there by now, 1, is expedited. 1.5 a period is 1, 2, 1, 2, ..."""
    world = load("dual-sourcing")
    assert orders("tailored-base-surge(expedited_level=4, base=1)", world, pipeline=[1, 7]) == [1, 3]
    rule = "tailored-base-surge(expedited_level=0, base=1.5)"
    assert [orders(rule, world, period=t)[0] for t in range(4)] == [1, 2, 1, 2]


def test_order_splitting_parts_an_order():
    """Twelve are missing: six each, or nine and three; a stock with one lane has all from it."""
    lanes = {"east": {"to": "shop"}, "west": {"to": "shop"}}
    world = shop(units="whole", lanes=lanes, demands=STEADY)
    assert orders("order-splitting(level=12)", world) == [6, 6]
    assert orders("order-splitting(level=12, main=0.75)", world) == [9, 3]
    assert orders("order-splitting(level=12)", shop(demands=STEADY)) == [12]


def test_two_lanes_are_told_apart_by_their_whole_time():
    """An order that takes two periods to arrive by mail is slow, however fast its goods are."""
    lanes = {"mail": {"to": "shop", "order_delay": 2}, "phone": {"to": "shop", "lead_time": 1}}
    world = shop(lanes=lanes, demands=asked(*[2] * 20))
    assert orders("dual-index(expedited_level=4, regular_level=7)", world, backlog=[3]) == [3, 7]
    assert policy("dual-index", world).parameters == {"expedited_level": 4, "regular_level": 6}


# Disruptions

TWO_SUPPLIERS: dict[str, Any] = {
    "lanes": {"near": {"to": "shop"}, "far": {"to": "shop"}, "else": {"to": "shop"}},
    "disruptions": {
        "fire": {"hits": ["near"], "starts": {"rate": 0.1}, "lasts": 5},
        "flood": {"hits": ["far", "else"], "starts": {"rate": 0.1}, "lasts": 5},
    },
    "demands": STEADY,
}


def test_a_level_for_each_state_of_supply():
    """Up to 20 while all are up, up to 8 while one is known to be down (Song and Zipkin 1996b)."""
    world, rule = shop(**TWO_SUPPLIERS), "state-dependent(level=20, level_down=8)"
    assert orders(rule, world, seen=[1, 1, 1], on_hand=[2]) == [18, 0, 0]
    assert orders(rule, world, seen=[0, 1, 1], on_hand=[2]) == [6, 0, 0]


def test_it_stocks_up_from_a_warning_until_the_outage_begins():
    """Four days of 5 are ordered when it is told three days ahead; in the outage they are used, and then no more."""
    stop = {"hits": ["supplier"], "starts": {"at": [8]}, "lasts": 4, "announced": 3}
    change = {"stocks.shop.initial": 5, "lanes.supplier": {"to": "shop", "lead_time": 1, "initial": 5}}
    world = shop(change, demands=STEADY, disruptions={"stop": stop})
    rule = policy("stock-up-on-warning(level=10)", world)
    assert rule.cover.tolist() == [4]
    ordered = [0, *[5] * 4, 25, 5, 5, *[0] * 4, *[5] * 8]
    assert [each for (each,) in played(str(rule), world)] == ordered
    assert orders("stock-up-on-warning(level=10, cover=2)", world, seen=[1, 1, 1, 1], on_hand=[10]) == [0]
    assert orders("stock-up-on-warning(level=10, cover=2)", world, seen=[1, 1, 0.5, 0.5], on_hand=[10]) == [5]
    assert orders("stock-up-on-warning(level=10, cover=2)", world, seen=[0, 0, 0, 1], on_hand=[10]) == [0]


def test_how_long_an_announced_outage_pays_to_be_bridged_depends_on_costs():
    """It lasts 1 to 4 days alike: 4 with the chance 1, 3 with 3/4; p / (p + h) is 9/10, 3/4, and of half of it 1/2."""
    stop = {"hits": ["supplier"], "starts": {"rate": 0.1}, "lasts": {"name": "randint", "low": 1, "high": 5}}
    for cost, periods in ((9, 4), (3, 3), (1, 2)):
        change = {"stocks.shop.holding_cost": 1, "demands.customers.shortage_cost": cost}
        world = shop(change, demands=STEADY, disruptions={"stop": stop | {"announced": 2}})
        assert policy("stock-up-on-warning", world).cover.tolist() == [periods]


def test_a_lane_that_is_slowed_falls_behind_by_what_it_cannot_ship():
    """Half of what is wanted waits a day. Half of a capacity of 6 is 3 of the 5 that are used: 2/5 of ten days lack.

    Half of what is under way comes no nearer, so that a way of three days takes six.
    """
    slow = {"hits": ["supplier"], "starts": {"rate": 0.1}, "lasts": 10, "severity": 0.5, "announced": 2}
    for change, stops, periods in (
        ({}, "shipping", 1),
        ({"lanes.supplier.capacity": 6}, "shipping", 4),
        ({"lanes.supplier.lead_time": 3}, "transit", 3),
    ):
        world = shop(change, demands=STEADY, disruptions={"slow": slow | {"stops": stops}})
        assert policy("stock-up-on-warning", world).cover == pytest.approx([periods])


def test_rerouting_goes_elsewhere_while_a_supplier_is_down():
    """What waits at the burnt plant is ordered again from the others; when all are down, everything waits."""
    world, rule = shop(**TWO_SUPPLIERS), "rerouting(level=20)"
    assert orders(rule, world, seen=[1, 1, 1], on_hand=[2], waiting=[4, 0, 0]) == [14, 0, 0]
    assert orders(rule, world, seen=[0, 1, 1], on_hand=[2], waiting=[4, 0, 0]) == [0, 9, 9]
    assert orders(rule, world, seen=[0, 0, 0], on_hand=[2], waiting=[4, 0, 0]) == [14, 0, 0]


def test_how_long_an_outage_to_outlast_depends_on_costs():
    """On for more than n periods: 5, 4, 3, ... of 15 periods. At 19 of 20 three of the five are worth a stock for.

    1/15 of the time it is on for more than four periods already, and 2/15 for more than three: 14/15 < 0.95 <= 1.
    """
    costs = {"stocks.shop.holding_cost": 1, "lanes.supplier.lead_time": 0}
    storm = {"storm": {"hits": ["supplier"], "starts": {"rate": 0.1}, "lasts": 5}}
    for shortage, periods in ((19, 5), (10, 4), (5, 3), (1, 0)):
        world = shop(costs | {"demands.customers.shortage_cost": shortage}, demands=STEADY, disruptions=storm)
        assert policy("mitigation", world).parameters == {"level": 5 + 5 * periods}
        assert policy("acceptance", world).parameters == {"level": 5}


def test_what_comes_once_counts_as_one_event_in_the_horizon():
    """In 20 periods, 5 of which are disrupted: as often on for more than n as what is dated; a quarter comes too late.

    With the start uniform on 5 to 24, three quarters of the paths have the event, and so 5 * 0.75 of 20 periods.
    """
    one = {"hits": ["supplier"], "lasts": 5}
    for starts, share in (
        ({"at": [7]}, 1.0),
        ({"once": 7}, 1.0),
        ({"once": {"name": "randint", "low": 5, "high": 25}}, 0.75),
    ):
        world = shop(horizon={"periods": 20}, disruptions={"storm": one | {"starts": starts}})
        outage = policy("acceptance", world).plan.disruptions.outage("storm")
        assert outage == pytest.approx(share * np.array([5, 4, 3, 2, 1, 0]) / 20)


def test_an_outage_for_ever_is_planned_for_as_long_as_the_horizon():
    """Of a horizon of 20 periods: never on, on from period 12 (8, 7, ... of 20), or always; stock is finite in all."""
    for starts, on in (
        ({"every": float("inf")}, [0]),
        ({"at": [12, 15]}, np.arange(8, -1, -1) / 20),
        ({"at": [99]}, [0]),
        ({"rate": 0.1}, np.ones(20)),
    ):
        fire = {"hits": ["supplier"], "starts": starts, "lasts": float("inf")}
        world = shop({"stocks.shop.holding_cost": 1}, demands=STEADY, disruptions={"fire": fire})
        assert PlanningData(world).disruptions.outage("fire").tolist() == pytest.approx(list(on))
        longest = 0 if "every" in starts else 20
        assert PlanningData(world).disruptions.longest_outage.tolist() == [longest]
        assert policy("just-in-case", world).parameters["cover"] == longest
        for rule in fitting(world):
            assert np.isfinite(np.concatenate([np.ravel(x) for x in policy(rule, world).parameters.values()])).all()


# Perishables


def test_what_will_be_wasted_is_ordered_for():
    """Of nine that are in their last period 4 are used, and five thrown away before the order arrives."""
    world = load(
        "perishable",
        {
            "stocks.shop.initial": 9,
            "stocks.shop.issuing": "fifo",
            "lanes.supplier.lead_time": 2,
            "demands.customers.distribution": 4,
        },
    )
    assert played("base-stock-with-waste(level=12)", world)[0] == [8]
    assert played("base-stock(level=12)", world)[0] == [3]
    assert policy("base-stock-with-waste", load("lost-sales")).parameters == {"level": 34}  # what keeps, as ever


# Learning


def test_a_forecast_is_smoothed():
    """10 a period were expected and 20 come: a mean of 10, 12 and 13.6 with a weight of 0.2, and a level of as much."""
    world = shop(
        {"horizon.periods": 3, "stocks.shop.initial": 10},
        demands={"customers": {"from": "shop", "distribution": 10, "unmet": "backlog"}},
    )
    rule = "adaptive(smoothing=0.2, service_level=0.5)"
    # The level rises to 12 and 13.6; each order replaces what was asked for, and adds the rise.
    assert np.ravel(played(rule, world, [20.0, 20.0, 20.0])) == pytest.approx([0, 22, 21.6])


def test_a_deviation_is_smoothed():
    """From 0, with a weight of 0.2: the first miss is 10, so the deviation 2, and the level 12 + 1.2816 * 1.25 * 2."""
    world = shop(
        {"horizon.periods": 2, "stocks.shop.initial": 10},
        demands={"customers": {"from": "shop", "distribution": 10, "unmet": "backlog"}},
    )
    found = played("adaptive(smoothing=0.2, service_level=0.9)", world, [20.0, 20.0])
    assert found[1] == [pytest.approx(22 + 1.2815516 * 2.5, abs=1e-3)]


def test_the_mean_of_the_last_periods_is_followed():
    """10 a period were expected; 20, 20 and 10 come, of which the last two count: a level of 15, 20, 15 and an order.

    The order replaces what was asked for and changes the level: 20 + 5, 20 + 5, 10 - 5.
    """
    world = shop(
        {"horizon.periods": 4, "stocks.shop.initial": 10},
        demands={"customers": {"from": "shop", "distribution": 10, "unmet": "backlog"}},
    )
    rule = "moving-average(window=2, service_level=0.5)"
    assert np.ravel(played(rule, world, [20.0, 20.0, 10.0, 0.0])) == pytest.approx([0, 25, 25, 5])


def test_the_errors_of_moving_averages_are_what_safety_covers():
    """Misses of 10 after none, of two periods: a mean square of 50, so a level of 15 + 1.2816 sqrt(50)."""
    world = shop(
        {"horizon.periods": 2, "stocks.shop.initial": 10},
        demands={"customers": {"from": "shop", "distribution": 10, "unmet": "backlog"}},
    )
    found = played("moving-average(window=2, service_level=0.9)", world, [20.0, 20.0])
    assert found[1] == [pytest.approx(25 + 1.2815516 * 50**0.5, abs=1e-3)]
    with pytest.raises(PolicyError, match=r"window must be a whole number of periods, 1 or more, got 0$"):
        policy("moving-average(window=0)", world)


def test_anchoring_smooths_what_it_expects():
    """4 a week are expected, 8 and 8 come: with theta = 1/2 it expects 6 and 7 (Sterman 1989), with theta = 0 ever 4.

    A target of 10 less what is there, and half of what is on its way, a quarter of which is ordered.
    """
    world = shop(
        {"horizon.periods": 3, "stocks.shop.initial": 10, "lanes.supplier.lead_time": 1, "lanes.supplier.initial": 4},
        demands={"customers": {"from": "shop", "distribution": 8, "unmet": "backlog"}},
    )
    rule = "anchoring(target=10, use=4, alpha=0.25, beta=0.5"
    first = 4 + 0.25 * (10 - 10 - 0.5 * 4)  # 3.5; then 6 are left, and 3.5 on the way
    second = 6 + 0.25 * (10 - 6 - 0.5 * first)  # 6.5625; then 1.5
    third = 7 + 0.25 * (10 - (6 + first - 8) - 0.5 * second)
    assert np.ravel(played(rule + ", theta=0.5)", world)) == pytest.approx([first, second, third])
    assert np.ravel(played(rule + ")", world))[1] == pytest.approx(second - 2)


# Lost sales


@pytest.mark.parametrize("rule", ["myopic", "myopic-2", "standard-vector", "projected-inventory-level"])
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"units": "continuous"}, "needs whole units, got units: continuous"),
        ({"demands.customers.unmet": "backlog"}, "needs one demand on 'shop' alone, whose customers are lost"),
        ({"stocks.shop.shelf_life": 3}, "needs goods that keep, 'shop' lasts 3 periods"),
        ({"lanes.supplier.order_delay": 1}, "needs one lane with a fixed lead time, from outside, into 'shop'"),
        ({"demands.customers.season": [1, 2]}, "needs a demand that is the same in every period, 'customers' changes"),
        ({"lanes.supplier.batch": 4}, "knows nothing of lanes.supplier.batch (try capped-base-stock)"),
        ({"lanes.supplier.minimum_order": 4}, "knows nothing of lanes.supplier.minimum_order"),
        ({"lanes.supplier.fixed_cost": 4}, "knows nothing of lanes.supplier.fixed_cost"),
        ({"lanes.supplier.defects": 0.1}, "knows nothing of lanes.supplier.defects"),
        ({"lanes.supplier.cost_erosion": 0.1}, "knows nothing of lanes.supplier.cost_erosion"),
        ({"demands.customers.price_erosion": 0.1}, "knows nothing of demands.customers.price_erosion"),
        ({"stocks.shop.storage_limit": 20}, "knows nothing of stocks.shop.storage_limit"),
        ({"stocks.shop.obsolete": {"rate": 0.1}}, "knows nothing of stocks.shop.obsolete"),
        ({"stocks.shop.seen_late": 1}, "knows nothing of stocks.shop.seen_late"),
        (
            {"suppliers.who": {"short": {"chance": 0.1}}, "lanes.supplier.supplier": "who"},
            "knows nothing of suppliers.who",
        ),
        (
            {"suppliers.who": {"late": {"chance": 0.1, "by": 1}}, "lanes.supplier.supplier": "who"},
            "needs one lane with a",
        ),
        (
            {"routes.van": {"vehicle_capacity": 9, "vehicle_cost": 5}, "lanes.supplier.route": "van"},
            "knows nothing of routes.van.vehicle_cost",
        ),
        (
            {"disruptions.fire": {"hits": ["supplier"], "starts": {"rate": 0.1}, "lasts": 2}},
            "knows nothing of disruptions.fire",
        ),
    ],
)
def test_rules_for_lost_sales_refuse_other_worlds(rule: str, change: dict[str, Any], complaint: str):
    """In one line, which names what is needed."""
    with pytest.raises(PolicyError) as caught:
        policy(rule, load("lost-sales", change))
    assert str(caught.value).startswith(f"{rule}: {complaint}")


@pytest.mark.parametrize("capacity", [3, 6, 20])
def test_rules_for_lost_sales_order_no_more_than_the_capacity(capacity: int):
    """Two periods' cost summed here, over all that D0, D1 and D2 may be: `myopic-2` knows that its next order is cut.

    Binomial demand, lead time 1, p = 9, h = 1. The next order is the one that costs least in its own period.
    """
    demand = {"name": "binom", "n": 8, "p": 0.5}
    chances = [comb(8, d) / 2**8 for d in range(9)]
    world = load(
        "lost-sales",
        {
            "demands.customers.distribution": demand,
            "demands.customers.shortage_cost": 9,
            "lanes.supplier.lead_time": 1,
            "lanes.supplier.capacity": capacity,
        },
    )

    def at_once(there: int) -> float:
        return sum(p * (max(there - d, 0) + 9 * max(d - there, 0)) for d, p in enumerate(chances))

    def as_it_arrives(on_hand: int, order: int) -> float:
        return sum(p * at_once(max(on_hand - d, 0) + order) for d, p in enumerate(chances))

    def both(on_hand: int, order: int) -> float:
        first = as_it_arrives(on_hand, order)
        left = [max(on_hand - d, 0) + order for d in range(9)]
        return first + sum(p * min(as_it_arrives(n, z) for z in may) for n, p in zip(left, chances, strict=True))

    may = range(min(capacity, 9) + 1)
    for n in (0, 3, 7):
        (myopic,), (looking,) = orders("myopic", world, on_hand=[n]), orders("myopic-2", world, on_hand=[n])
        assert as_it_arrives(n, int(myopic)) == pytest.approx(min(as_it_arrives(n, z) for z in may))
        assert both(n, int(looking)) == pytest.approx(min(both(n, z) for z in may))
        assert max(myopic, looking) <= capacity


def test_a_table_that_would_be_too_large_is_refused():
    """Two periods ahead over ten periods of lead time is more than fits; one period ahead is not."""
    far = load("lost-sales", {"lanes.supplier.lead_time": 10})
    with pytest.raises(
        PolicyError, match=r"^myopic-2: the table for a lead time of 10 would be too large \(try myopic\)$"
    ):
        policy("myopic-2", far)
    assert orders("myopic", far, pipeline=[5] * 10) >= [0]


@pytest.mark.parametrize("rule", ["myopic", "myopic-2", "standard-vector", "projected-inventory-level", "base-stock"])
def test_without_a_lead_time_all_are_the_newsvendor(rule: str):
    """Poisson(5) at 19 / 20: P(D <= 9) = 0.968 and P(D <= 8) = 0.932, so up to 9."""
    world = load("lost-sales", {"lanes.supplier.lead_time": 0})
    assert [orders(rule, world, on_hand=[n], pipeline=[]) for n in (0, 4, 12)] == [[9], [5], [0]]


def test_what_will_be_left_is_exact():
    """Demand 0 or 2, each with 1/2, and 3 on hand: after two periods 3, 1 (twice) or 0, so 1.25 on average."""
    two = {"name": "empirical", "values": [0, 2]}
    world = load("lost-sales", {"demands.customers.distribution": two, "lanes.supplier.lead_time": 2})
    rule = "projected-inventory-level(level=5.25)"
    assert orders(rule, world, on_hand=[3], pipeline=[0, 0]) == [4]
    assert orders(rule, world, on_hand=[1], pipeline=[2, 0]) == [4]
    assert orders(rule, world, on_hand=[3], pipeline=[0, 1]) == [3]


def test_the_myopic_order_is_the_least_that_serves_well_enough():
    """The same demand, h = p = 1: what is left is 3, 1, 1 or 0, and 1 more serves 2 or more in 3 of 4 cases."""
    two = {"name": "empirical", "values": [0, 2]}
    changes = {
        "demands.customers.distribution": two,
        "lanes.supplier.lead_time": 2,
        "demands.customers.shortage_cost": 3,
    }
    world = load("lost-sales", changes)  # at 3 / 4: P(D <= left + z) = 1/2 + P(left + z >= 2) / 2 >= 3/4
    assert orders("myopic", world, on_hand=[3], pipeline=[0, 0]) == [1]
    assert orders("myopic", world, on_hand=[9], pipeline=[0, 0]) == [0]


def test_quick_response_orders_early_once_and_then_what_sells_while_it_can_still_be_sold():
    """Fisher and Raman (1996): 6 early, on the slow lane; then up to 4 on the fast one, for periods with customers.

    What is ordered on the fast lane in period t arrives in t + 1, and there are customers in periods 2 and 3: it is
    ordered in periods 1 and 2. In period 1 the 6 are due in period 3, after an order placed now, and do not count: so
    4 are ordered. In period 2 these 4 and the 6 come in time, and nothing is ordered.
    """
    lanes = {"slow": {"to": "shop", "lead_time": 3}, "fast": {"to": "shop", "lead_time": 1}}
    demand = {"from": "shop", "distribution": 2, "season": [0, 0, 1, 1, 0, 0], "unmet": "lost"}
    world = {"name": "season", "horizon": {"periods": 6}, "stocks": {"shop": {}}, "lanes": lanes}
    scenario = load({**world, "demands": {"customers": demand}})
    placed = played("quick-response(early=6, expedited_level=4)", scenario)
    assert placed == [[6, 0], [0, 4], [0, 0], [0, 0], [0, 0], [0, 0]]
