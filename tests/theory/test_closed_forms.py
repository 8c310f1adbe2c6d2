"""Closed forms against printed examples, and against the exact solver."""

from typing import Any

import numpy as np
import pytest

from jit_gym.scenario import BadInput, load
from jit_gym.theory import closed_forms, exact_cost, solve

from ..published.tables import others, rows

OTHERS = others()


@pytest.mark.parametrize("lead_time", ["0", "4"])
def test_normal_demand_with_backlog(lead_time: str):
    """Snyder and Shen (2019), examples 4.3 and 4.4: Normal(50, 8), h = 0.18, p = 0.70."""
    given = OTHERS["newsvendor"]
    level, cost = given["by_lead_time"][lead_time].values()
    demand = {"name": "norm", "loc": given["demand_mean"], "scale": given["demand_standard_deviation"]}
    found = closed_forms.base_stock(
        demand, given["holding_cost"], given["shortage_cost"], lead_time=int(lead_time), whole=False
    )
    assert found == pytest.approx((level, cost), abs=1e-3)


@pytest.mark.parametrize("row", rows("fixed_cost.csv"), ids=lambda row: f"mean{row['mean']}")
def test_s_s_as_zheng_and_federgruen_compute_it(row: dict[str, str]):
    """Their table: s, S and the cost, for Poisson demand, backlog and a fixed cost of 64."""
    demand = {"name": "poisson", "mu": float(row["mean"])}
    costs = (float(row[name]) for name in ("holding_cost", "shortage_cost", "fixed_cost"))
    found = closed_forms.reorder_levels(demand, *costs)
    assert found == pytest.approx(tuple(float(row[name]) for name in ("s", "S", "cost")), abs=1e-6)


@pytest.mark.parametrize("fixed_cost", [0, 12])
def test_the_exact_solver_agrees(fixed_cost: int):
    """With backlog and a lead time of 2 the solver, which knows no formula, finds the same cost."""
    overrides = {
        "demands.customers.unmet": "backlog",
        "demands.customers.distribution": {"name": "randint", "low": 0, "high": 5},
        "lanes.supplier.lead_time": 2,
        "lanes.supplier.fixed_cost": fixed_cost,
    }
    world = load("lost-sales", overrides)
    found = closed_forms.best_levels(world)
    assert solve(world).cost == pytest.approx(found.cost, rel=1e-6)
    assert exact_cost(f"s-S(s={found.s:g}, S={found.S:g})", world).cost == pytest.approx(found.cost, rel=1e-6)


def test_lots_balance_orders_and_stock():
    """Snyder and Shen (2019), example 3.1: 1,300 bars a year, 8 an order, 0.225 to hold: 304.1 bars, 68.4 a year."""
    found = closed_forms.economic_order_quantity(1300, 8, 0.225)
    assert found == pytest.approx((304.05, 68.41), abs=0.01)


def test_rare_disruptions_leave_the_lot_as_it_is_and_others_enlarge_it():
    """As the failure rate goes to 0 the lot becomes Harris's; with failures it is larger and costs more."""
    usual = closed_forms.economic_order_quantity(1300, 8, 0.225)
    rare, often = (
        closed_forms.economic_order_quantity_with_disruptions(1300, 8, 0.225, 5, rate, 14) for rate in (1e-9, 1.5)
    )
    assert rare == pytest.approx(usual, rel=1e-4)
    assert often.quantity > usual.quantity
    assert often.cost > usual.cost


@pytest.mark.parametrize("rates", [(1.5, 14.0), (0.5, 3.0)])
def test_lots_with_disruptions_cost_what_a_simulation_of_cycles_says(rates: tuple[float, float]):
    """Supplier up for Exp(a), down for Exp(b); a million cycles of ordering Q whenever the stock is out."""
    failure, recovery = rates
    found = closed_forms.economic_order_quantity_with_disruptions(1300, 8, 0.225, 5, failure, recovery)
    rng = np.random.default_rng(0)
    cycle = found.quantity / 1300
    down = failure / (failure + recovery) * -np.expm1(-(failure + recovery) * cycle)
    wait = np.where(rng.random(1_000_000) < down, rng.exponential(1 / recovery, 1_000_000), 0.0)
    paid = 8 + 0.225 * found.quantity * cycle / 2 + 5 * 1300 * wait
    assert paid.mean() / (cycle + wait.mean()) == pytest.approx(found.cost, rel=5e-3)


def test_deterministic_demand_and_a_supplier_who_fails():
    """Snyder and Shen (2019), example 9.3: four periods' stock is best, at 2737.07; one period's costs 3310.34."""
    given = OTHERS["disruptions"]
    names = "demand", "holding_cost", "shortage_cost", "fail_probability", "recover_probability"
    numbers = [given[name] for name in names]
    best = closed_forms.base_stock_with_disruptions(*numbers)
    assert best == pytest.approx((8000, given["by_level"]["8000"]), abs=1e-4)
    one = closed_forms.cost_with_disruptions(2000, *numbers)
    assert one == pytest.approx(given["by_level"]["2000"], abs=1e-4)


def test_the_solver_finds_the_same_for_a_supplier_who_fails():
    """The same example in units of 2,000: the optimum, and the exact cost of both levels."""
    given = OTHERS["disruptions"]
    failure = {
        "hits": ["supplier"],
        "starts": {"rate": given["fail_probability"]},
        "lasts": {"name": "geom", "p": given["recover_probability"]},
    }
    world = load(
        {
            "name": "failing",
            "stocks": {"shop": {"initial": 4, "holding_cost": given["holding_cost"]}},
            "lanes": {"supplier": {"to": "shop", "unshipped": "lapses"}},
            "demands": {
                "customers": {
                    "from": "shop",
                    "distribution": 1,
                    "unmet": "backlog",
                    "shortage_cost": given["shortage_cost"],
                }
            },
            "disruptions": {"failure": failure},
        }
    )
    assert 2000 * solve(world).cost == pytest.approx(given["by_level"]["8000"], rel=1e-5)


FIRE = {"hits": ["supplier"], "starts": {"rate": 0.1}, "lasts": 2}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lanes.supplier.capacity": 40}, "capacity"),
        ({"lanes.supplier.lead_time": {"name": "randint", "low": 0, "high": 3}}, "lead_time: random"),
        ({"demands.customers.unmet": "lost"}, "unmet: lost"),
        ({"disruptions.fire": FIRE}, "disruptions.fire"),
        ({"objective.discount": 0.9}, "discount"),
        ({"horizon.ends": True}, "ends"),
        ({"suppliers.who": {"late": {"chance": 0.1, "by": 1}}, "lanes.supplier.supplier": "who"}, "late"),
        ({"suppliers.who": {"short": {"chance": 0.1}}, "lanes.supplier.supplier": "who"}, "short"),
        (
            {"routes.van": {"vehicle_capacity": 9, "vehicle_cost": 5}, "lanes.supplier.route": "van"},
            "vehicle_cost",
        ),
    ],
)
def test_what_has_no_closed_form_says_so(change: dict[str, Any], named: str):
    """What the formula does not know is named, trucks and unreliable suppliers too."""
    with pytest.raises(
        BadInput, match=rf"^fixed-cost: has no closed form, for it says {named} \(jit_gym\.solve may help"
    ):
        closed_forms.best_levels(load("fixed-cost", change))


def test_a_supplier_and_a_route_that_do_nothing_are_no_obstacle():
    """A supplier who is neither late nor short, and vehicles that are only counted, leave the optimum as it is."""
    plain, named = (
        closed_forms.best_levels(load("fixed-cost", change))
        for change in (
            {},
            {
                "suppliers.who": {},
                "routes.van": {"vehicle_capacity": 9},
                "lanes.supplier.supplier": "who",
                "lanes.supplier.route": "van",
            },
        )
    )
    assert plain == named


def test_formulas_refuse_what_they_cannot_take():
    """No holding cost has no balance, and only a normal demand is known where units are continuous."""
    with pytest.raises(BadInput, match="holding_cost: must be more than 0"):
        closed_forms.newsvendor({"name": "poisson", "mu": 5}, 0, 1)
    with pytest.raises(BadInput, match="must be normal"):
        closed_forms.newsvendor({"name": "gamma", "a": 2}, 1, 1, whole=False)
