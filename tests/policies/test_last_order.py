"""Orders by what will be left and the last order: what is left by its definition, and laws of the orders."""

import numpy as np
import pytest

import jit_gym
from jit_gym.policies.generalist_lost import LostSales, leaving
from jit_gym.policies.last_order import LastOrder, best_orders, between, left, mean_left, sold, spaced, thinned
from jit_gym.policies.plan import PlanningData

DEMAND = np.array([0.25, 0.5, 0.0, 0.25])
GRID = np.arange(24), np.arange(12)


def test_what_is_left_is_what_nobody_asks_for():
    positions, k = np.arange(2, 7), np.arange(4)
    expected = [[DEMAND[np.maximum(z - k, 0) == y].sum() for y in range(7)] for z in positions]
    assert left(positions, DEMAND) == pytest.approx(np.array(expected))
    assert mean_left(9, DEMAND)[2:7] == pytest.approx(left(positions, DEMAND) @ np.arange(7))


def test_what_a_period_costs_is_what_is_held_and_what_is_lost():
    stocks, k = np.arange(6), np.arange(4)
    expected = [(np.maximum(y - k, 0) + 7.0 * np.maximum(k - y, 0)) @ DEMAND for y in stocks]
    assert sold(DEMAND, 6, 7.0) == pytest.approx(np.array(expected))


def test_a_place_between_two_points_is_interpolated_and_beyond_them_is_the_last():
    grid = np.array([0, 1, 3])
    place, part = between(np.array([-5.0, 0.25, 1.0, 2.0, 3.0, 9.0]), grid)
    assert (grid[place] + part * np.diff(grid)[place]).tolist() == [0.0, 0.25, 1.0, 2.0, 3.0, 3.0]


def test_amounts_are_near_each_other_where_they_are_small():
    amounts = spaced(1000, 24)
    assert amounts[:25].tolist() == list(range(25))
    assert amounts[-1] >= 1000
    assert (np.diff(amounts[24:]) <= 0.06 * amounts[24:-1]).all()


@pytest.mark.parametrize("values", [3, 80, 2000])
def test_a_demand_with_fewer_values_has_the_same_mean(values: int):
    chances = np.random.default_rng(0).dirichlet(np.ones(values))
    fewer = thinned(chances)
    assert np.count_nonzero(fewer) <= min(values, 150)
    assert fewer.sum() == pytest.approx(1.0)
    assert fewer @ np.arange(len(fewer)) == pytest.approx(chances @ np.arange(values), rel=1e-4)


@pytest.mark.parametrize("lead_time", [1, 2, 4])
def test_in_a_season_that_changes_nothing_orders_are_those_without_one(lead_time: int):
    (alone,) = best_orders(LastOrder([DEMAND], lead_time, 3.0, 9.0, *GRID))
    for found in best_orders(LastOrder([DEMAND] * 3, lead_time, 3.0, 9.0, *GRID)):
        ordered = alone.gain > 0.01
        assert ((found.gain > 0.01) == ordered).all()
        assert found.amount[ordered] == pytest.approx(alone.amount[ordered], abs=0.6)


@pytest.mark.parametrize("lead_time", [1, 3])
def test_where_an_order_costs_more_than_all_that_it_saves_none_is_placed(lead_time: int):
    (found,) = best_orders(LastOrder([DEMAND], lead_time, 1000.0, 2.0, *GRID))
    assert (found.gain < 0).all()


def test_without_a_fixed_cost_more_is_ordered_the_less_is_left():
    (found,) = best_orders(LastOrder([DEMAND], 2, 0.0, 9.0, *GRID))
    ordered = np.where(found.gain > 0, found.amount, 0.0)
    assert (np.diff(ordered, axis=0) <= 0.6).all()
    assert ordered[0, 0] > ordered[2, 0] > 0
    assert (np.diff(ordered, axis=1) <= 0.6).all()


def test_leaving_is_what_leaves_so_much():
    random = np.random.default_rng(2).normal(size=400_000)
    for much in (0.05, 0.5, 2.0, 9.0):
        assert np.maximum(leaving(np.array(much)) + random, 0.0).mean() == pytest.approx(much, abs=0.005)


@pytest.mark.parametrize("lead_time", [1, 2, 4])
def test_where_nothing_more_is_foreseen_the_last_order_finds_what_it_finds(lead_time: int):
    """And where a period's demand more is foreseen, and is missing in the end, as much less than nothing."""
    changes = {"lanes.supplier.lead_time": lead_time, "lanes.supplier.fixed_cost": 20, "units": "continuous"}
    shop = LostSales(PlanningData(jit_gym.load("lost-sales", changes)))
    random = np.random.default_rng(3)
    there = [random.uniform(0.0, 20.0, 50) for _ in range(lead_time)]
    usual = np.repeat(shop.usual, 50, axis=0)
    means = list(shop.usual[0])
    found, missing = shop.compared(there, means, np.zeros(50), usual)
    assert found == pytest.approx(shop.left(there, means), abs=0.15)
    assert (missing == 0).all()
    found, missing = shop.compared([0.0 * each for each in there], means, np.full(50, 7.0), usual)
    assert missing == pytest.approx(7.0, abs=0.2)
