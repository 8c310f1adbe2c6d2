"""The clairvoyant bound: no policy beats it, and where the optimum is known it is that."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jit_gym.common.threads import VARIABLE
from jit_gym.evaluation import compare, evaluate
from jit_gym.evaluation.optimality_gap import paid
from jit_gym.scenario import BadInput, Scenario, load
from jit_gym.theory import clairvoyant

from ..worlds import crowded, scenarios, shop


def at_random(seed: int, eager: float) -> Any:
    """Return a policy that orders any quantity now and then."""

    def policy(view: Any) -> np.ndarray:
        rng = np.random.default_rng((seed, view.period))
        shape = view.on_order.shape
        return rng.integers(0, 15, shape) * (rng.random(shape) < eager)

    return policy


usual = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
few = settings(usual, max_examples=8)
many = settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
worlds = scenarios(aged=False), st.sampled_from([None, 0.0, 0.2, 0.6]), st.booleans(), st.sampled_from([1.0, 0.9])


def holds(scenario: Scenario, eager: float | None, whole: bool, discount: float) -> None:
    """Hold that no policy does better in a world: random orders from the start, or a rule after a while."""
    scenario = scenario.model_copy(update={"objective": scenario.objective.model_copy(update={"discount": discount})})
    warmup = min(3, scenario.horizon.periods - 1)
    span = {"periods": min(8, scenario.horizon.periods - warmup), "warmup": warmup} if eager is None else {}
    try:
        bound = clairvoyant(scenario, paths=3, seed=5, whole=whole, nodes=1, **span)
    except BadInput:  # where one can earn without end
        assert any(stock.terminal_value or stock.scrap_value for stock in scenario.stocks.values())
        return
    played = evaluate("base-stock" if eager is None else at_random(3, eager), scenario, paths=3, seed=5, **span)
    assert (paid(played) >= bound.costs - 1e-6 * (1 + np.abs(bound.costs))).all()


@usual
@given(*worlds)
def test_nobody_does_better(scenario: Scenario, eager: float | None, whole: bool, discount: float):
    """On no path of any world does any policy cost less than the bound."""
    holds(scenario, eager, whole, discount)


@few
@given(crowded(), *worlds[1:])
def test_nobody_does_better_where_lanes_share_capacities_and_vehicles(
    scenario: Scenario, eager: float | None, whole: bool, discount: float
):
    """On no path of such worlds does any policy cost less than the bound."""
    holds(scenario, eager, whole, discount)


@pytest.mark.slow
@many
@given(scenarios(aged=False) | crowded(), *worlds[1:])
def test_nobody_does_better_in_many_worlds(scenario: Scenario, eager: float | None, whole: bool, discount: float):
    holds(scenario, eager, whole, discount)


def known(cost: float, overrides: dict[str, Any], **options: Any) -> None:
    """Hold that the bound is the least cost in a world without chance, worked out by hand."""
    world = shop({"demands.customers.shortage_cost": 50.0, "stocks.shop.holding_cost": 1.0, **overrides})
    bound = clairvoyant(world, paths=2, **options)
    assert bound.costs == pytest.approx([cost, cost], abs=1e-9)
    assert (bound.gaps == 0).all()


FIVE = {"demands.customers.distribution": 5.0}


PLANS = ["aisin-1997", "aisin-1997-record", "assembly", "beer-game", "distribution", "dual-sourcing", "fixed-cost"]


@pytest.mark.parametrize(
    "name", [*PLANS, "grocery", "lost-sales", "or-gym-inv-management", "perishable", "serial", "two-machine-line"]
)
def test_a_plan_that_is_played_costs_what_the_bound_says(name: str):
    """In every shipped world that is planned quickly the bound is what the physics makes of the best plan."""
    world = load(name)
    periods = world.horizon.periods if world.horizon.ends else 25
    bound = clairvoyant(world, paths=3, periods=periods, seed=4, orders=True)
    played = evaluate(lambda view: bound.orders[:, int(view.period)], world, paths=3, periods=periods, seed=4)
    assert (bound.gaps == 0).all()
    assert paid(played) == pytest.approx(bound.costs, rel=1e-6, abs=1e-6)


def test_who_knows_the_demand_orders_what_is_asked_for():
    """No lead time, no fixed cost: nothing is ever held or lost."""
    world = shop({"demands.customers.distribution": {"name": "gamma", "a": 2}, "demands.customers.shortage_cost": 9})
    bound = clairvoyant(world, paths=8, seed=3, orders=True)
    assert bound.cost == pytest.approx(0, abs=1e-9)
    played = evaluate(lambda view: bound.orders[:, int(view.period)], world, paths=8, seed=3)
    assert played.mean("cost") == pytest.approx(0, abs=1e-6)


SINKS = {"lasts": 1, "destroys": 1.0, "severity": 0.0}


@pytest.mark.parametrize(
    ("cost", "overrides"),
    [
        (2 * 5 * 50 / 20, {"lanes.supplier.lead_time": 2}),  # the first two periods are lost
        (3 * 5 * 50 / 20, {"lanes.supplier.lead_time": 1, "lanes.supplier.order_delay": 2}),
        (1 * 50, {"lanes.supplier.capacity": 4.0}),  # one of five is lost
        (2.0, {"lanes.supplier.unit_cost": 0.4}),
        (
            7 / 20,
            {"lanes.supplier.lead_time": 1, "lanes.supplier.initial": 12.0}  # for which there is no room
            | {"stocks.shop.storage_limit": 5.0, "stocks.shop.waste_cost": 1.0},
        ),
        (5 * 0.2 * 19 / 20 + 5 * 50 / 20, {"lanes.supplier.lead_time": 1, "lanes.supplier.in_transit_cost": 0.2}),
        (  # a fifth of 10 and of 3 is stolen, and 8 and 2.4 are held
            (3 * 2 + 8 + 3 * 0.6 + 2.4) / 20,
            {"stocks.shop.initial": 15.0, "stocks.shop.shrinkage": 0.2, "stocks.shop.loss_cost": 3.0},
        ),
        (  # 5 of space is rented at 1; to order all 20 at once takes 10 and 5 more, at 3 each, and saves an order
            (4 * 5 * 1 + 60 + (10 + 5) * 3) / 4,
            {"horizon.periods": 4, "lanes.supplier.fixed_cost": 60.0, "stocks.shop.warehouse": "shed"}
            | {"stocks.shop.holding_cost": 0.0, "warehouses": {"shed": {"space": 5.0, "rent": 1.0, "rate": 3.0}}},
        ),
        (  # 10 are held, 4 of them destroyed, and 1 is held
            (10 + 4 * 3 + 1) / 20,
            {"stocks.shop": {"initial": 15.0, "holding_cost": 1.0, "loss_cost": 3.0}}
            | {"disruptions.fire": {"hits": ["shop"], "starts": {"at": [1]}, "lasts": 1, "destroys": 0.4}},
        ),
        (  # the first two periods are lost; what would be on the way in the fourth is sent before, and held
            (2 * 5 * 50 + 10 + 5) / 20,
            {"lanes.supplier.lead_time": 2}
            | {"disruptions.storm": SINKS | {"hits": ["supplier"], "starts": {"at": [3]}}},
        ),
        ((6 * 35 + 25) / 20, {"lanes.supplier.fixed_cost": 20.0}),  # for six times three periods, and two
        (
            (15 + 10 + 5) / 2 / 4,
            {"lanes.supplier.batch": 20.0, "stocks.shop.holding_cost": 0.5},
        ),
    ],
)
def test_what_is_known_by_hand(cost: float, overrides: dict[str, Any]):
    known(cost, FIVE | overrides)


FIRE = {"hits": ["maker"], "severity": 0.6, "starts": {"at": [3]}, "lasts": 1}
KIOSK = {  # a second stock, whose customers are worth less, and a maker who ships to both
    "stocks.kiosk": {"holding_cost": 1.0},
    "demands.passers": {"from": "kiosk", "distribution": 5.0, "shortage_cost": 20.0},
    "suppliers.maker": {},
    "lanes.supplier.supplier": "maker",
    "lanes.cart": {"to": "kiosk", "supplier": "maker"},
}


@pytest.mark.parametrize(
    ("cost", "overrides"),
    [
        (0, {"suppliers.maker.capacity": 10.0}),
        (2 * 20, {"suppliers.maker.capacity": 8.0}),  # of ten, eight are served: all of the dear ones
        (2 * 20, {"suppliers.maker": {"capacity": 8.0, "rationing": "proportional"}}),
        ((6 * 20 + 1) / 20, {"suppliers.maker.capacity": 10.0, "disruptions.fire": FIRE}),
    ],
)
def test_a_capacity_that_lanes_share_is_known_by_hand(cost: float, overrides: dict[str, Any]):
    """Who knows all gives what a maker can ship to those who are worth more; a fire takes 6 of 10 once.

    Then 4 are shipped, and the fifth customer of the shop gets a unit that one of the kiosk's went without the period
    before: six of the kiosk's are lost, at 20 each, and one unit is held, for 1.
    """
    known(cost, FIVE | KIOSK | overrides)


SOON = {"objective.discount": 0.9}
W = sum(0.9**t for t in range(20))
ENDS = {"demands.customers.unmet": "backlog", "demands.customers.shortage_cost": 0.0, "stocks.shop.initial": 95.0}


@pytest.mark.parametrize(
    ("cost", "overrides"),
    [
        (5 * 2 / 20, {"lanes.supplier.unit_cost": 3.0, "demands.customers.terminal_cost": 2.0}),  # five wait to the end
        (5 * 3 / 20, {"lanes.supplier.unit_cost": 3.0, "demands.customers.terminal_cost": 4.0}),  # or are served
        (0.9**19 * 5 * 2 / W, {"lanes.supplier.unit_cost": 3.0, "demands.customers.terminal_cost": 2.0} | SOON),
    ],
)
def test_a_terminal_cost_is_known_by_hand(cost: float, overrides: dict[str, Any]):
    """Of 100 customers 95 are served from stock; those who wait cost nothing until the end, and then so much."""
    known(cost, FIVE | ENDS | {"stocks.shop.holding_cost": 0.0, "objective.leftovers": "worthless"} | overrides)


TRUCK = {"routes.truck": {"vehicle_capacity": 10.0, "full_loads": True}, "lanes.supplier.route": "truck"}


@pytest.mark.parametrize(
    ("cost", "overrides"),
    [
        (5 / 2, {}),  # ten come every second period, and five of them are held for one
        (5 * 50, {"stocks.shop.holding_cost": 101.0}),  # to lose ten is cheaper than to hold five
        (5 / 2 + 4, {"routes.truck.vehicle_cost": 8.0}),
        (5, {"demands.customers.distribution": 15.0, "stocks.shop.holding_cost": 2.0}),
    ],
)
def test_full_loads_are_known_by_hand(cost: float, overrides: dict[str, Any]):
    known(cost, FIVE | TRUCK | overrides)


def test_an_order_that_can_be_no_whole_batch_is_not_placed():
    """Where three quarters of a batch may be ordered at most, nobody pays for an order: not to order costs nothing."""
    half_deaf = {"hits": ["lots"], "starts": {"every": 1}, "lasts": 1, "stops": "ordering", "severity": 0.25}
    world = shop(
        {
            "horizon.periods": 11,
            "objective.leftovers": "worthless",
            "stocks.shop": {"obsolete": {"at": [99]}, "scrap_value": 0.1},
        },
        units="whole",
        lanes={"supplier": {"to": "shop"}, "lots": {"to": "shop", "capacity": 3.0, "batch": 2.0, "fixed_cost": 0.1}},
        disruptions={"half-deaf": half_deaf},
    )
    assert clairvoyant(world, paths=3, periods=8, warmup=3, seed=5).costs.tolist() == [0, 0, 0]


def test_relaxed_it_is_lower():
    world = load("fixed-cost", {"horizon.periods": 40})
    best, shares = (clairvoyant(world, paths=2, whole=whole) for whole in (True, False))
    assert (shares.costs < best.costs).all()
    assert not best.gaps.any()
    assert not shares.gaps.any()


def test_stopped_it_has_a_gap_and_is_the_same_however_busy_the_machine():
    """Whole numbers are searched for so many nodes, and not so many seconds, which count for nothing."""
    world = load("joint-replenishment", {"horizon.periods": 12})
    stopped = clairvoyant(world, paths=2, nodes=1)
    assert (stopped.gaps > 0).any()
    best = clairvoyant(world, paths=2, nodes=10)
    assert (stopped.costs <= best.costs).all()
    assert (best.costs <= stopped.costs + stopped.gaps + 1e-9).all()
    with pytest.warns(DeprecationWarning, match="seconds does nothing: a bound stops after so many nodes"):
        again = clairvoyant(world, paths=2, nodes=1, seconds=1e-9)
    assert (again.costs == stopped.costs).all()
    assert (again.gaps == stopped.gaps).all()


def test_a_path_is_the_same_on_any_number_of_paths():
    few, many = (clairvoyant("serial", paths=paths, periods=20, seed=7) for paths in (2, 5))
    assert many.costs[:2] == pytest.approx(few.costs)
    low, high = many.interval()
    assert low < many.cost < high


def test_what_has_no_bound_is_refused_in_a_line():
    world = shop({"stocks.shop.terminal_value": 2, "lanes.supplier.unit_cost": 1})
    with pytest.raises(BadInput, match=r"shop: has no bound: one can earn without end .*give its lanes a capacity"):
        clairvoyant(world, paths=1)
    limited = shop({"stocks.shop.terminal_value": 2, "lanes.supplier.unit_cost": 1, "lanes.supplier.capacity": 4})
    assert clairvoyant(limited, paths=1).cost == pytest.approx(-4 * 20 * (2 - 1) / 20)
    for option in ({"paths": 0}, {"periods": 0}, {"warmup": -1}, {"nodes": 0}):
        with pytest.raises(BadInput, match=f"^{next(iter(option))}: must be"):
            clairvoyant("serial", **option)
    with pytest.raises(BadInput, match="beer-game ends after 36 periods, got 1 \\+ 36"):
        clairvoyant("beer-game", periods=36, warmup=1)


def test_the_plans_of_paths_do_not_depend_on_how_many_are_solved_at_once(monkeypatch: pytest.MonkeyPatch):
    """When a capacity binds differs from path to path, and with it the columns of the program; the orders are right."""
    works = {"hits": ["to-a"], "starts": {"rate": 0.3}, "lasts": {"name": "geom", "p": 0.5}}
    demand = {"distribution": {"name": "poisson", "mu": 3}, "unmet": "backlog", "shortage_cost": 9}
    two = shop(
        units="whole",
        horizon={"periods": 12},
        stocks={name: {"initial": 3, "holding_cost": 1} for name in "ab"},
        lanes={f"to-{name}": {"to": name, "capacity": 4, "fixed_cost": 3, "lead_time": 1} for name in "ab"},
        demands={f"of-{name}": {"from": name, **demand} for name in "ab"},
        disruptions={"stop": works},
    )
    plans = []
    for threads in (1, 4):
        monkeypatch.setenv(VARIABLE, str(threads))
        plans.append(clairvoyant(two, paths=4, seed=1, orders=True).orders)
    np.testing.assert_array_equal(*plans)


@pytest.mark.parametrize("key", ["age_on_arrival", "minimum_life"])
def test_what_the_program_does_not_follow_is_refused_by_name(key: str):
    """Goods that are old when they arrive expire sooner than the program lets them: its cost would be no bound."""
    world = load("perishable", {f"lanes.supplier.{key}": 1})
    with pytest.raises(BadInput, match=rf"^lanes.supplier.{key}: has no bound yet \(jit_gym.evaluate plays it\)$"):
        clairvoyant(world, paths=2)
    assert compare(["base-stock", "jit"], world, paths=8).optimality_gap.to == "best"
