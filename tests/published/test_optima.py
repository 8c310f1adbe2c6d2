"""What the best policy costs, and what rules cost without simulation, as others have printed it: to 1e-3."""

from typing import Any

import numpy as np
import pytest

from jit_gym.physics import Layout, View
from jit_gym.scenario import Scenario, load
from jit_gym.theory import exact_cost, solve
from jit_gym.theory.state_source import StateSource

from .instances import JOINT, joint, lost_sales, perishable
from .tables import others, rows

LOST_SALES, DUAL_SOURCING, FIXED_COST = (rows(f"{name}.csv") for name in ("lost_sales", "dual_sourcing", "fixed_cost"))
PERISHABLE = rows("perishable.csv")
SLOW = pytest.mark.slow


def dual_sourcing(row: dict[str, str]) -> Scenario:
    """Return an instance of Gijsbrechts et al.'s."""
    return load("dual-sourcing", {"lanes.expedited.unit_cost": float(row["expedited_unit_cost"])})


def bijvank() -> tuple[Scenario, dict[str, float]]:
    """Return Bijvank et al.'s (2015) instance, and its figures."""
    given = others()["lost_sales_fixed_cost"]
    world = {
        "demands.customers.distribution.mu": given["demand_mean"],
        "demands.customers.shortage_cost": given["shortage_cost"],
        "stocks.shop.holding_cost": given["holding_cost"],
        "lanes.supplier.fixed_cost": given["fixed_cost"],
        "lanes.supplier.lead_time": given["lead_time"],
    }
    return load("lost-sales", world), given


def by_lead_time(row: dict[str, str]) -> object:
    """Mark the instances with a lead time of 4 as slow: each takes seconds."""
    name = f"{row['demand']}-p{row['shortage_cost']}-L{row['lead_time']}"
    return pytest.param(row, id=name, marks=[SLOW] if row["lead_time"] == "4" else [])


@pytest.mark.parametrize("row", [by_lead_time(row) for row in LOST_SALES])
def test_lost_sales_cannot_cost_less_than_zipkins_optimum(row: dict[str, str]):
    """Zipkin (2008), Tables 3 and 4, column of the optimal costs."""
    optimum = solve(lost_sales(row))
    assert optimum.cost == pytest.approx(float(row["optimal"]), abs=1e-3)
    assert optimum.low <= optimum.cost <= optimum.high <= optimum.low + 1e-5


@pytest.mark.parametrize("row", [by_lead_time(row) for row in LOST_SALES])
def test_rules_for_lost_sales_cost_what_zipkin_says(row: dict[str, str]):
    """The same instances: the best base-stock levels, and the best capped ones."""
    world = lost_sales(row)
    plain = exact_cost(f"base-stock(level={row['base_stock_level']})", world)
    capped = exact_cost(f"capped-base-stock(level={row['capped_level']}, cap={row['capped_max_order']})", world)
    assert plain.cost == pytest.approx(float(row["base_stock"]), abs=1e-3)
    assert capped.cost == pytest.approx(float(row["capped_base_stock"]), abs=1e-3)


@pytest.mark.parametrize("row", DUAL_SOURCING, ids=lambda row: f"c{row['expedited_unit_cost']}")
def test_dual_sourcing_costs_what_gijsbrechts_says(row: dict[str, str]):
    """Gijsbrechts et al. (2022), section 6.2: the optimum, the best dual index and the best capped one."""
    world = dual_sourcing(row)
    expedited, regular, cap = row["capped_dual_index_params"].split("|")
    levels = f"expedited_level={expedited}, regular_level={regular}"
    assert solve(world).cost == pytest.approx(float(row["optimal"]), abs=1e-3)
    capped = exact_cost(f"capped-dual-index({levels}, cap={cap})", world)
    assert capped.cost == pytest.approx(float(row["capped_dual_index"]), abs=1e-3)
    expedited, regular = row["dual_index_params"].split("|")
    plain = exact_cost(f"dual-index(expedited_level={expedited}, regular_level={regular})", world)
    assert plain.cost == pytest.approx(float(row["dual_index"]), abs=1e-3)


@pytest.mark.parametrize("row", FIXED_COST, ids=lambda row: f"mean{row['mean']}")
def test_no_policy_costs_less_than_the_best_s_s(row: dict[str, str]):
    """Zheng and Federgruen (1991): with a fixed cost and backlog some (s, S) policy is optimal (Scarf 1960)."""
    world = load("fixed-cost", {"demands.customers.distribution.mu": float(row["mean"])})
    cost = pytest.approx(float(row["cost"]), abs=1e-3)
    assert solve(world).cost == cost
    assert exact_cost(f"s-S(s={row['s']}, S={row['S']})", world).cost == cost


def test_lost_sales_with_a_fixed_cost_cost_what_bijvank_says():
    """Bijvank et al. (2015): the optimum 11.46305, and 11.61815 for order up to 23 at 17 or less."""
    world, given = bijvank()
    assert solve(world).cost == pytest.approx(given["optimal"], abs=1e-3)
    assert exact_cost(f"s-S(s={given['s']:g}, S={given['S']:g})", world).cost == pytest.approx(given["cost"], abs=1e-3)


@pytest.mark.parametrize("row", PERISHABLE, ids=lambda row: f"experiment{row['experiment']}")
def test_perishables_earn_what_de_moor_says(row: dict[str, str]):
    """De Moor et al. (2022), shelf life 2: the optimal return to 0.01, and that of the best base-stock level."""
    world = perishable(row)
    policy = solve(world).policy
    best, plain = (
        exact_cost(each, world, periods=365, warmup=100).total
        for each in (policy, f"base-stock(level={row['base_stock_level']})")
    )
    assert -best == pytest.approx(float(row["optimal_return"]), abs=1e-3)
    assert -plain == pytest.approx(float(row["base_stock_return"]), abs=1e-3)


@pytest.mark.parametrize("setting", JOINT, ids=lambda setting: f"setting{setting['setting']}")
def test_joint_replenishment_costs_what_vanvuchelen_says(setting: dict[str, Any]):
    """Vanvuchelen et al. (2020): the optimum of each setting, and its orders with 5 and 0, and 0 and 0 on hand."""
    optimum = solve(joint(setting))
    assert optimum.cost == pytest.approx(setting["avg_cost_opt"], abs=1e-3)
    # With nothing on hand, setting 1 is printed with orders of 6 and 6; they would make it 64.9234.
    for on_hand in ((5, 0), (0, 0)) if setting["setting"] > 1 else ((5, 0),):
        layout = Layout(joint(setting, {f"stocks.item-{k + 1}.initial": on_hand[k] for k in (0, 1)}))
        orders = optimum.policy(View(StateSource(layout, layout.start[None, :], np.zeros((1, 0)))))
        assert orders[0].tolist() == setting[f"act_{on_hand[0]}_{on_hand[1]}"]


@pytest.mark.parametrize("cards", [1, 3, 10])
def test_kanban_makes_as_many_parts_as_the_bernoulli_line(cards: int):
    """p N / (N + 1 - p) parts a slot (Jacobs and Meerkov 1995): exactly, though nobody sees which machine is down."""
    world = load("two-machine-line", {"stocks.buffer.holding_cost": 0})
    cost = exact_cost(f"kanban(cards={{buffer: {cards}, finished: 3}}, container=1)", world).cost
    assert 1 - cost == pytest.approx(0.9 * cards / (cards + 0.1), abs=1e-6)
