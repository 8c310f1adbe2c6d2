"""Optima: known ones, what holds of any, and what is refused."""

from typing import Any

import numpy as np
import pytest

from jit_gym.evaluation import evaluate
from jit_gym.policies import Policy
from jit_gym.scenario import BadInput, Scenario, load
from jit_gym.theory import clairvoyant, exact_cost, solve

from ..worlds import by_turns

REGIMES = {
    "demands.customers.distribution": None,
    "demands.customers.regimes": {
        "slack": {"distribution": {"name": "poisson", "mu": 2}, "next": {"brisk": 0.1}},
        "brisk": {"distribution": {"name": "poisson", "mu": 7}, "next": {"slack": 0.2}},
    },
}
BREAKDOWN = {"hits": ["supplier"], "starts": {"rate": 0.05}, "lasts": {"name": "geom", "p": 0.25}}


def shop(overrides: dict[str, Any] | None = None, **parts: Any) -> Scenario:
    """Return a shop with Poisson customers, a lead time of 1, and some values changed."""
    world = {
        "name": "shop",
        "stocks": {"shop": {"initial": 10, "holding_cost": 1}},
        "lanes": {"supplier": {"to": "shop", "lead_time": 1}},
        "demands": {"customers": {"from": "shop", "distribution": {"name": "poisson", "mu": 5}, "shortage_cost": 9}},
    }
    return load({**world, **parts}, overrides)


WORLDS = {
    "lost": {},
    "backlog": {"demands.customers.unmet": "backlog"},
    "backlog with a price": {"demands.customers.unmet": "backlog", "demands.customers.price": 3},
    "price": {"demands.customers.price": 10, "lanes.supplier.unit_cost": 3, "lanes.supplier.in_transit_cost": 0.3},
    "batches": {"lanes.supplier.batch": 4, "lanes.supplier.fixed_cost": 3},
    "least order": {"lanes.supplier.minimum_order": 7},
    "small room": {"stocks.shop.initial": 8, "stocks.shop.storage_limit": 8, "stocks.shop.waste_cost": 2},
    "mail": {"lanes.supplier.order_delay": 1},
    "season": {"demands.customers.season": [0.5, 1, 1.5, 1.0]},
    "random lead time": {"lanes.supplier.lead_time": {"name": "randint", "low": 0, "high": 2}},
    "history": {
        "demands.customers.distribution": None,
        "demands.customers.history": {"values": [2, 9, 3, 8, 2, 7], "replay": "resampled", "season": 2},
    },
    "scarce": {"demands.customers.unmet": "backlog", "lanes.supplier.capacity": 7},
    "breakdowns": {"disruptions.breakdown": BREAKDOWN},
    "half breakdowns": {"disruptions.breakdown": BREAKDOWN | {"severity": 0.5}, "lanes.supplier.capacity": 12},
    "regimes": REGIMES,
    "regimes in a season": REGIMES | {"demands.customers.season": [0.5, 1.5]},
    "ordering stops": {"disruptions.closed": BREAKDOWN | {"stops": "ordering"}},
    "ordering half stops": {
        "disruptions.closed": BREAKDOWN | {"stops": "ordering", "severity": 0.5},
        "lanes.supplier.capacity": 12,
    },
    "roads are blocked": {"disruptions.flood": BREAKDOWN | {"stops": "transit"}, "lanes.supplier.lead_time": 2},
    "roads are half blocked": {"disruptions.flood": BREAKDOWN | {"stops": "transit", "severity": 0.6}},
    "the dock is closed": {"disruptions.strike": BREAKDOWN | {"stops": "receiving"}},
    "the dock half works": {"disruptions.strike": BREAKDOWN | {"stops": "receiving", "severity": 0.5}},
    "recovery": {"disruptions.breakdown": BREAKDOWN | {"recovers_over": 2}, "lanes.supplier.capacity": 12},
    "payment terms": {
        "lanes.supplier.pays_after": 3,
        "lanes.supplier.unit_cost": 2,
        "demands.customers.pays_after": 2,
        "demands.customers.price": 9,
    },
    "breakdowns that lapse": {"disruptions.breakdown": BREAKDOWN, "lanes.supplier.unshipped": "lapses"},
}


@pytest.mark.parametrize("name", by_turns(WORLDS, 0))
def test_the_optimal_policy_costs_what_it_says(name: str):
    """Played on traces, and evaluated exactly on states that are not merged, it has the optimal cost."""
    world = shop(WORLDS[name])
    optimum = solve(world)
    played = evaluate(optimum.policy, world, paths=256, periods=1000, warmup=200, seed=11)
    assert -played.mean("profit") == pytest.approx(optimum.cost, abs=4 * played.error("profit"), rel=0)
    assert exact_cost(optimum.policy, world).cost == pytest.approx(optimum.cost, abs=1e-4)


@pytest.mark.parametrize("name", ["lost", "backlog", "batches", "mail", "breakdowns"])
def test_no_rule_costs_less(name: str):
    """Base-stock levels from low to high, evaluated exactly, stay above the optimum."""
    world = shop(WORLDS[name])
    optimum = solve(world)
    costs = [exact_cost(f"base-stock(level={level})", world).cost for level in range(6, 20, 2)]
    assert min(costs) >= optimum.low


def test_regimes_that_ask_for_the_same_are_none():
    """Song and Zipkin's (1993) world with one regime, and with two that are told apart but cost the same."""
    poisson = {"name": "poisson", "mu": 5}
    alone = {"only": {"distribution": poisson}}
    regimes = {"demands.customers.distribution": None, "demands.customers.regimes": alone}
    assert solve(shop(regimes)).cost == pytest.approx(solve(shop()).cost, abs=1e-5)


def test_without_lead_time_each_regime_is_a_newsvendor():
    """Free disposal aside, a level for each regime; where the wanted level never falls, theirs is the cost.

    Regimes that alternate 2, 2, 2, ... and 7 for sure, without lead time, are met exactly: nothing is held or lost.
    """
    regimes = {
        "slack": {"distribution": 2, "next": {"brisk": 0.3}},
        "brisk": {"distribution": 7, "next": {"slack": 0.4}},
    }
    change = {"demands.customers.distribution": None, "demands.customers.regimes": regimes, "stocks.shop.initial": 0}
    optimum = solve(shop(change | {"lanes.supplier.lead_time": 0, "lanes.supplier.unit_cost": 1}))
    assert optimum.cost == pytest.approx((0.4 * 2 + 0.3 * 7) / 0.7, abs=1e-5)  # what is asked for in the long run


def test_what_pays_later_costs_the_same():
    """Terms move cash, not costs; and what is left at an end that never comes is worth nothing."""
    terms = {"lanes.supplier.pays_after": 3, "lanes.supplier.unit_cost": 2}
    at_once = solve(shop({"lanes.supplier.unit_cost": 2}))
    later = solve(shop(terms | {"stocks.shop.terminal_value": 2, "stocks.shop.unit_value": 1}))
    assert (later.cost, later.states) == (pytest.approx(at_once.cost, abs=1e-9), at_once.states)


def test_a_closed_dock_is_as_bad_as_a_closed_office():
    """An order that is not taken, or goods that wait at the dock for nothing: as bad, if waiting is free.

    What may be received tomorrow is chosen today in either world, knowing the same demand, and it comes with the same
    chance.
    """
    assert solve(shop(WORLDS["ordering stops"])).cost == pytest.approx(
        solve(shop(WORLDS["the dock is closed"])).cost, abs=1e-5
    )


def test_what_stops_with_severity_0_stops_nothing():
    """A dock that is closed with severity 0, or a road: as if there were no disruption."""
    for stops in ("ordering", "transit", "receiving"):
        harmless = BREAKDOWN | {"stops": stops, "severity": 0}
        hit = shop({"disruptions.harmless": harmless | {"starts": {"rate": 1}, "lasts": 1}})
        with pytest.raises(BadInput, match="look the same"):
            solve(hit)
        assert exact_cost("base-stock(level=13)", hit).cost == pytest.approx(
            exact_cost("base-stock(level=13)", shop()).cost, abs=1e-5
        )


def test_without_lead_time_it_is_a_newsvendor():
    """Unsold papers cost 1, missed sales 9: order up to the 90 % quantile of demand, 8; by hand."""
    from scipy.stats import poisson

    world = shop({"lanes.supplier.lead_time": 0})
    demand = np.arange(60)
    cost = poisson.pmf(demand, 5) @ (np.maximum(8 - demand, 0) + 9 * np.maximum(demand - 8, 0))
    optimum = solve(world)
    assert optimum.cost == pytest.approx(cost, abs=1e-6)


def test_deterministic_demand_is_ordered_in_the_best_lots():
    """With 5 a day, 40 an order and 1 a unit and day: four days' worth, (40 + 15 + 10 + 5) / 4 = 17.5."""
    optimum = solve(shop({"demands.customers.distribution": 5, "lanes.supplier.fixed_cost": 40}))
    assert optimum.cost == pytest.approx(17.5, abs=1e-5)


def test_an_order_in_the_mail_is_as_far_away_as_one_on_the_road():
    """One period of mail and one of transport cost what two of transport do."""
    assert solve(shop(WORLDS["mail"])).cost == pytest.approx(solve(shop({"lanes.supplier.lead_time": 2})).cost)


def test_two_shops_that_share_nothing_cost_what_they_cost_alone():
    """Two items with fixed costs of their own: the sum of two optima."""
    parts = {}
    for name, high in (("a", 6), ("b", 4)):
        demand = {"from": name, "distribution": {"name": "randint", "low": 0, "high": high}, "unmet": "backlog"}
        parts[name] = {
            "stocks": {name: {"holding_cost": 1}},
            "lanes": {f"to-{name}": {"to": name, "fixed_cost": 20}},
            "demands": {f"of-{name}": demand | {"shortage_cost": 19}},
        }
    together = {table: parts["a"][table] | parts["b"][table] for table in ("stocks", "lanes", "demands")}
    alone = [solve(shop(**part)).cost for part in parts.values()]
    assert solve(shop(**together)).cost == pytest.approx(sum(alone), rel=1e-5)


def two_items(capacity: float | None, **maker: Any) -> Scenario:
    """Return a shop of two items that a maker ships, so many units a period in all."""
    small = {"name": "randint", "low": 0, "high": 4}
    demand = {"distribution": small, "unmet": "backlog"}
    return shop(
        stocks={name: {"initial": 2, "holding_cost": 1} for name in ("a", "b")},
        lanes={f"to-{name}": {"to": name, "supplier": "maker"} for name in ("a", "b")},
        suppliers={"maker": {"capacity": capacity, **maker}},
        demands={
            "of-a": {"from": "a", "shortage_cost": 9, **demand},
            "of-b": {"from": "b", "shortage_cost": 4, **demand},
        },
    )


@pytest.mark.slow
def test_a_capacity_that_lanes_share_costs_what_its_best_play_does():
    """With room for all that may be asked for, two items cost what they cost alone, with 4 units a period more.

    Mean demand is 3, at most 6. Played, the optimum costs what it says (Evans 1967).
    """
    alone = solve(two_items(None))
    assert solve(two_items(6)).cost == pytest.approx(alone.cost, rel=1e-6)
    world = two_items(4)
    optimum = solve(world)
    assert optimum.low > alone.cost + 0.1
    played = evaluate(optimum.policy, world, paths=256, periods=1000, warmup=200, seed=3)
    assert played.mean() == pytest.approx(optimum.cost, abs=4 * played.error(), rel=0)


@pytest.mark.slow  # 900,000 states
def test_who_chooses_orders_for_each_item_needs_no_rule_of_sharing():
    """A capacity that is shared proportionally costs as much as one that is shared by priority."""
    by_priority, alike = (solve(two_items(4, rationing=rule)).cost for rule in ("priority", "proportional"))
    assert alike == pytest.approx(by_priority, rel=1e-6)


@pytest.mark.parametrize("name", ["scarce", "half breakdowns"])
def test_a_capacity_with_one_lane_to_share_it_is_the_lanes_own(name: str):
    """The supplier's 7 a period, or 12 with half of them gone in a breakdown, cost what the lane's own do."""
    its, own = WORLDS[name], WORLDS[name]["lanes.supplier.capacity"]
    shared = its | {"lanes.supplier.capacity": None, "lanes.supplier.supplier": "maker"}
    shared["suppliers.maker"] = {"capacity": own}
    if "disruptions.breakdown" in its:
        shared["disruptions.breakdown"] = its["disruptions.breakdown"] | {"hits": ["maker"]}
    assert solve(shop(shared)).cost == pytest.approx(solve(shop(its)).cost, rel=1e-6)


@pytest.mark.parametrize("rest", ["waits", "lapses"])
def test_full_loads_of_one_lane_are_batches(rest: str):
    """Who orders in batches of a truck needs no rest at the source: full trucks cost what batches of 6 do.

    An order of 4 that waits for 2 more is worth nothing while it waits.
    """
    demand = {"name": "randint", "low": 0, "high": 6}
    its = {"demands.customers.distribution": demand, "lanes.supplier.fixed_cost": 4, "lanes.supplier.unshipped": rest}
    truck = {"vehicle_capacity": 6, "full_loads": True}
    full = solve(shop(its | {"routes.road": truck, "lanes.supplier.route": "road"}))
    assert full.cost == pytest.approx(solve(shop(its | {"lanes.supplier.batch": 6})).cost, rel=1e-6)


def test_two_items_share_full_loads():
    """Played, the optimum of two items on one truck of 8 costs what it says, more than without it, less than apart."""
    truck = {"vehicle_capacity": 8, "full_loads": True}
    on_the_road = {"routes": {"road": truck}, "lanes": {f"to-{name}": {"to": name, "route": "road"} for name in "ab"}}
    world = two_items(None).model_copy(update=on_the_road)
    optimum = solve(world)
    played = evaluate(optimum.policy, world, paths=256, periods=1000, warmup=200, seed=3)
    assert played.mean() == pytest.approx(optimum.cost, abs=4 * played.error(), rel=0)
    batches = {"lanes": {f"to-{name}": {"to": name, "batch": 8} for name in "ab"}}
    apart = solve(two_items(None).model_copy(update=batches))
    assert solve(two_items(None)).cost < optimum.low < optimum.high < apart.cost


def test_two_stages_cost_no_less_than_the_echelons_bound():
    """A factory that feeds a shop: played, the optimum costs what it says, and a longer line costs more."""
    small = {"name": "randint", "low": 0, "high": 3}
    parts = {
        "stocks": {"shop": {"initial": 3, "holding_cost": 2}, "factory": {"initial": 3, "holding_cost": 1}},
        "lanes": {"to-shop": {"to": "shop", "uses": {"factory": 1}}, "to-factory": {"to": "factory", "lead_time": 1}},
        "demands": {"customers": {"from": "shop", "distribution": small, "unmet": "backlog", "shortage_cost": 9}},
    }
    world = shop(**parts)
    optimum = solve(world)
    played = evaluate(optimum.policy, world, paths=256, periods=1000, warmup=200, seed=3)
    assert played.mean() == pytest.approx(optimum.cost, abs=4 * played.error(), rel=0)
    direct = shop(**parts | {"lanes": parts["lanes"] | {"to-factory": {"to": "factory"}}})
    assert solve(direct).cost < optimum.low


def test_a_discount_weighs_the_first_periods():
    """(1 - b) times the discounted sum from the start: as evaluated over a long time, and played."""
    world = shop({"objective.discount": 0.95, "lanes.supplier.lead_time": 2})
    optimum = solve(world)
    assert exact_cost(optimum.policy, world).cost == pytest.approx(optimum.cost, abs=1e-5)
    total = exact_cost(optimum.policy, world, periods=600).total
    assert total == pytest.approx(optimum.cost / 0.05, abs=1e-3)
    played = evaluate(optimum.policy, world, paths=512, periods=400, seed=5)
    estimate = played.estimate("discounted_reward")
    assert -estimate.mean == pytest.approx(optimum.cost / 0.05, abs=4 * estimate.error, rel=0)


ENDING: dict[str, dict[str, Any]] = {
    "backlog": WORLDS["backlog"] | {"stocks.shop.terminal_value": 1, "lanes.supplier.unit_cost": 2},
    "price": WORLDS["price"] | {"stocks.shop.terminal_value": 3},
    "backlog that costs at the end": WORLDS["backlog"] | {"demands.customers.terminal_cost": 30},
    "regimes": WORLDS["regimes"],
    "breakdowns": WORLDS["breakdowns"] | {"objective.discount": 0.9},
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if "backlog" in name else ()) for name in ENDING]
)
def test_a_world_that_ends_is_solved_from_its_end(name: str):
    """Its policy, one by period, costs what it says: summed exactly, and played; no level costs less."""
    world = shop(ENDING[name] | {"horizon": {"periods": 12, "ends": True}})
    optimum = solve(world)
    exact = exact_cost(optimum.policy, world)
    assert (exact.cost, optimum.low) == (pytest.approx(optimum.cost, rel=1e-9), optimum.high)
    played = evaluate(optimum.policy, world, paths=8192, periods=12, seed=3)
    estimate = played.estimate("discounted_reward")
    assert -estimate.mean == pytest.approx(exact.total, abs=4 * estimate.error, rel=0)
    assert min(exact_cost(f"base-stock(level={level})", world).cost for level in (9, 12, 15)) > optimum.cost


def test_one_period_is_a_newsvendor():
    """Papers cost 4, sell at 10 and are worth 1 when the day is over: the (10 - 4) / (10 - 1) quantile; by hand."""
    from scipy.stats import poisson

    change = {"stocks.shop": {"initial": 0, "terminal_value": 1}, "demands.customers.shortage_cost": 0}
    change |= {"lanes.supplier": {"to": "shop", "unit_cost": 4}, "demands.customers.price": 10}
    optimum = solve(shop(change | {"horizon": {"periods": 1, "ends": True}}))
    level, demand = poisson.ppf(6 / 9, 5), np.arange(60)
    profit = poisson.pmf(demand, 5) @ (10 * np.minimum(demand, level) + np.maximum(level - demand, 0)) - 4 * level
    assert optimum.cost == pytest.approx(-profit, abs=1e-9)


def test_a_world_that_settles_at_the_cost_of_a_unit_ends_as_if_it_went_on():
    """What is left, and what waits, is settled at the cost of a unit, 2: each period is a newsvendor's (Veinott 1965).

    With no lead time the level is the p / (p + h) quantile in every period, the last one too; by hand.
    """
    from scipy.stats import poisson

    change = {
        "stocks.shop": {"initial": 0, "holding_cost": 1, "terminal_value": 2},
        "demands.customers.terminal_cost": 2,
    }
    change |= {"lanes.supplier": {"to": "shop", "unit_cost": 2}, "demands.customers.unmet": "backlog"}
    optimum = solve(shop(change | {"horizon": {"periods": 6, "ends": True}}))
    level, demand = poisson.ppf(0.9, 5), np.arange(60)
    newsvendor = poisson.pmf(demand, 5) @ (np.maximum(level - demand, 0) + 9 * np.maximum(demand - level, 0))
    assert optimum.cost == pytest.approx(2 * 5 + newsvendor, abs=1e-6)
    dear = solve(shop(change | {"demands.customers.terminal_cost": 30, "horizon": {"periods": 6, "ends": True}}))
    assert dear.cost > optimum.cost + 0.01


def test_a_long_world_that_ends_costs_what_one_that_goes_on_does():
    """Over 4000 periods, the start and the end matter little."""
    ending = solve(shop({"horizon": {"periods": 4000, "ends": True}}))
    assert ending.cost == pytest.approx(solve(shop()).cost, abs=0.02)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"lanes.supplier.fixed_cost": 10},
        {"demands.customers.unmet": "backlog", "stocks.shop.terminal_value": 1, "lanes.supplier.unit_cost": 1.5},
        {"objective.discount": 0.9, "lanes.supplier.capacity": 5, "demands.customers.price": 3},
    ],
)
def test_who_knows_a_history_orders_as_the_clairvoyant(more: dict[str, Any]):
    """Where a history is replayed, and nothing else is left to chance, the optimum is that of the integer program."""
    past = {"values": [3, 0, 7, 2, 5, 9, 1, 4, 4, 6, 0, 2], "replay": "as-it-was"}
    change = {"demands.customers.distribution": None, "demands.customers.history": past, "horizon.periods": 12}
    world = shop(change | more)
    optimum = solve(world)
    assert optimum.periods == 12
    assert optimum.cost == pytest.approx(clairvoyant(world, paths=1).cost, rel=1e-6)
    assert exact_cost(optimum.policy, world).cost == pytest.approx(optimum.cost, rel=1e-9)


@pytest.mark.slow  # test_chain.py has such a world with its known optimum
def test_batches_are_no_limit():
    """Batches of 20, 20 asked for, and a supplier down now and then: the limits to begin with are a batch too low.

    A position that is less than a batch below a limit reaches it, and orders must make up for the longest outage.
    """
    world = shop(
        {"lanes.supplier": {"to": "shop", "batch": 20}, "stocks.shop.initial": 0}
        | {"demands.customers.distribution": 20, "demands.customers.unmet": "backlog"}
        | {"disruptions.breakdown": BREAKDOWN | {"stops": "ordering"}}
    )
    levels = [exact_cost(f"base-stock(level={level})", world).cost for level in (20, 40, 60, 80, 100)]
    assert solve(world).cost == pytest.approx(min(levels), rel=1e-6)
    assert min(levels) < levels[0]


def test_bounds_hold_however_soon_one_stops():
    """A loose tolerance gives loose bounds, and the optimum lies between them."""
    exact = solve(shop()).cost
    loose = solve(shop(), tolerance=0.2)
    assert loose.low <= exact <= loose.high
    assert loose.sweeps < solve(shop()).sweeps


def test_a_limit_on_orders_costs():
    """A lane that may order 5 at most, while 5 are asked for: dearer than one that is free."""
    free = solve(shop())
    limited = solve(shop(), most_ordered={"supplier": 5})
    assert limited.low > free.high
    assert limited.policy.orders.max() == 5


def test_it_tells_how_far_it_is():
    """Progress names the number of states, and the bounds."""
    told: list[str] = []
    optimum = solve(shop(), progress=told.append)
    assert f"{optimum.states:,} states" in told[-1]
    assert "cost between" in told[-1]


REFUSED = {
    "units": ({"units": "continuous"}, "set units: whole"),
    "end": ({"horizon": {"periods": 10_000_000, "ends": True}}, "horizon.periods"),
    "trend": ({"demands.customers.trend": 0.01}, "demands.customers.trend"),
    "dates": ({"disruptions.breakdown": BREAKDOWN | {"starts": {"at": [3]}}}, "disruptions.breakdown.starts.at"),
    "once": (
        {"disruptions.breakdown": BREAKDOWN | {"starts": {"once": {"name": "randint", "low": 0, "high": 9}}}},
        "disruptions.breakdown.starts.once",
    ),
    "memory": ({"disruptions.breakdown": BREAKDOWN | {"lasts": 4}}, "disruptions.breakdown.lasts"),
    "hidden regimes": (REGIMES | {"demands.customers.regime_seen": "hidden"}, "demands.customers.regime_seen"),
    "announced": ({"disruptions.breakdown": BREAKDOWN | {"announced": 1}}, "disruptions.breakdown.announced"),
    "hidden": ({"disruptions.breakdown": BREAKDOWN | {"seen": "hidden"}}, "disruptions.breakdown.seen"),
    "twins": ({"disruptions.one": BREAKDOWN, "disruptions.two": BREAKDOWN}, "look the same"),
    "spikes": (
        {"spikes.fair": {"hits": ["customers"], "starts": {"rate": 0.1}, "lasts": 1, "factor": 2}},
        "spikes.fair",
    ),
    "lead time": (
        {"lanes.supplier.lead_time": {"name": "randint", "low": 0, "high": 3}, "lanes.supplier.crossing": True},
        "lanes.supplier.lead_time",
    ),
    "sequence": ({"lanes.supplier.lead_time": {"name": "randint", "low": 0, "high": 3}}, "crossing: true"),
    "too many": ({"lanes.supplier.lead_time": 12}, "too many to enumerate"),
    "many": ({"lanes.supplier.lead_time": 7}, "states, too many to enumerate"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_solved_is_refused_in_a_line(name: str):
    """The line names the field, or tells about how many states there would be."""
    overrides, says = REFUSED[name]
    with pytest.raises(BadInput) as caught:
        solve(shop(overrides), most_states=20_000)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_not_known_is_refused_by_name():
    """A limit for a lane that is not there, and one of nothing."""
    with pytest.raises(BadInput, match="most_ordered: unknown lane 'suplier'"):
        solve(shop(), most_ordered={"suplier": 5})
    with pytest.raises(BadInput, match="most_ordered: must be more than 0, got 0"):
        solve(shop(), most_ordered=0)


def test_the_result_is_a_policy():
    """It is fitted to its own scenario, and refused by another."""
    policy = solve(shop()).policy
    assert isinstance(policy, Policy)
    assert policy.fit(shop()) is policy
    with pytest.raises(BadInput, match="computed for another scenario"):
        policy.fit(shop({"stocks.shop.holding_cost": 2}))
