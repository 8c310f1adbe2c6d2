"""The best s and S where customers wait: facts for fixed lead times, and laws for those that vary."""

from __future__ import annotations

import numpy as np
import pytest

import jit_gym
from jit_gym.policies.generalist_computed import ComputedLevels as FixedCost
from jit_gym.policies.plan import PlanningData
from jit_gym.policies.reorder_levels import best_levels, crossing, in_sequence, newsvendor
from jit_gym.scenario import Scenario
from jit_gym.theory import closed_forms

POISSON = {"name": "poisson", "mu": 5}
LATE = {
    "even": {"name": "randint", "low": 1, "high": 5},
    "seldom": {"name": "empirical", "values": [2, 9], "weights": [8, 2]},
    "long tail": {"name": "geom", "p": 0.4},
}


def world(**lane: object) -> Scenario:
    """Return the shop of `lost-sales` with customers who wait, and a lane that differs."""
    changes = {f"lanes.supplier.{key}": value for key, value in lane.items()}
    return jit_gym.load(
        "lost-sales", {**changes, "demands.customers.unmet": "backlog", "demands.customers.shortage_cost": 19}
    )


def numbers(scenario: Scenario) -> FixedCost:
    """Return the numbers of a world with a fixed cost."""
    return FixedCost(PlanningData(scenario))


@pytest.mark.parametrize("lead_time", [0, 1, 4])
@pytest.mark.parametrize("fixed_cost", [1, 30, 300])
def test_with_a_fixed_lead_time_both_ways_find_the_optimum(lead_time: int, fixed_cost: int):
    """Orders of a fixed lead time never cross, so the renewals of orders on their way say what one order says."""
    scenario = world(lead_time=lead_time, fixed_cost=fixed_cost)
    shop = numbers(scenario).shop
    found = [
        best_levels(below, fixed_cost, 19.0, longest=150)
        for below in (in_sequence(shop.chances, shop.exposed), crossing(shop.chances, shop.later))
    ]
    assert found[0][:2] == found[1][:2]
    assert found[0][2] == pytest.approx(found[1][2], rel=1e-6)
    known = closed_forms.reorder_levels(POISSON, 1.0, 19.0, fixed_cost, lead_time=lead_time)
    assert (found[0][0], found[0][1]) == (known.s, known.S)
    assert found[0][2] == pytest.approx(known.cost, rel=1e-6)


@pytest.mark.parametrize("name", LATE)
def test_with_a_lot_of_one_it_is_a_base_stock_level(name: str):
    """An order of what was asked for in the last period leaves the demand of the orders outstanding, and a period's."""
    shop = numbers(world(lead_time=LATE[name], crossing=True, fixed_cost=1)).shop
    below, periods = crossing(shop.chances, shop.later)(1)
    size = max(len(below), len(shop.exposed))
    ours, theirs = (np.pad(each, (0, size - len(each))) for each in (below, shop.exposed))
    assert ours == pytest.approx(theirs, abs=1e-5)
    assert periods == pytest.approx(1.0 / (1.0 - shop.chances[0]))


@pytest.mark.parametrize("name", LATE)
@pytest.mark.parametrize("fixed_cost", [5, 60])
def test_where_orders_cross_they_cost_what_is_said_and_others_cost_more(name: str, fixed_cost: int):
    """By simulation; what an order in every period would need, and what one order alone would, cost more."""
    scenario = world(lead_time=LATE[name], crossing=True, fixed_cost=fixed_cost)
    at = numbers(scenario)
    s, up_to, cost = best_levels(crossing(at.shop.chances, at.shop.later), fixed_cost, 19.0, longest=120)
    alone = best_levels(in_sequence(at.shop.chances, at.shop.exposed), fixed_cost, 19.0, longest=120)
    others = {(s - 3, up_to - 3), (s + 3, up_to + 3), (s, up_to + 5), alone[:2]} - {(s, up_to)}

    def costs_of(low: float, high: float) -> np.ndarray:
        rule, how = f"s-S(s={low}, S={high})", {"paths": 512, "periods": 600, "warmup": 100, "seed": 3}
        return -jit_gym.evaluate(rule, scenario, **how).figures["profit"]

    costs = costs_of(s, up_to)
    assert costs.mean() == pytest.approx(cost, abs=4.0 * costs.std() / np.sqrt(512))
    for pair in others:
        more = costs_of(*pair) - costs
        assert more.mean() > 2.0 * more.std() / np.sqrt(512), pair


def test_many_lots_are_looked_at_where_units_are_divisible():
    """The lot of a dear order is near the economic one, with a search that does not look at each of its steps."""
    changes = {"units": "continuous", "demands.customers.distribution": {"name": "gamma", "a": 4, "scale": 5}}
    at = numbers(jit_gym.load(world(lead_time=LATE["even"], crossing=True, fixed_cost=2000), changes))
    s, up_to = at.best
    assert up_to - s == pytest.approx(at.lot * at.mean, rel=0.15)


def test_the_newsvendor_covers_a_share_of_the_demand():
    """At nine times the cost of a unit left, the tenth of ten equal chances is missed: 4.5 are left on average."""
    assert newsvendor(np.full(10, 0.1), 8.99) == (8, pytest.approx(3.6 + 0.1 * 8.99))
    assert newsvendor(np.full(10, 0.1), 9.01) == (9, pytest.approx(4.5))
