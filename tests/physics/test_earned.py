"""The period's reward by stock and lane: who pays for what, and that it adds up."""

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation
from jit_gym.physics.costs import Earned, earned, orders_read
from jit_gym.scenario import Scenario, load

from ..worlds import scenarios, shop, worlds


def played(scenario: Scenario, orders: np.ndarray, seed: int = 3) -> tuple[Simulation, list[Earned]]:
    """Return a simulation after these orders (periods, paths, lanes), and what was earned in each period."""
    simulation = Simulation(Layout(scenario), Chance(scenario).draw(seed, np.arange(orders.shape[1]), len(orders)))
    found = []
    for each in orders:
        read = orders_read(simulation.layout, simulation.state)
        row = simulation.trace.rows[simulation.period]
        simulation.step(each)
        found.append(earned(simulation.layout, simulation.state, simulation.flows, row, read))
        total = found[-1].stocks.sum(axis=1) + found[-1].lanes.sum(axis=1)
        reward = simulation.flows.money["reward"][:, 0]
        np.testing.assert_allclose(total, reward, rtol=1e-9, atol=1e-7 * (1 + np.abs(reward).max()))
    return simulation, found


@settings(max_examples=worlds(30), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios(), st.integers(0, 2**16))
def test_what_stocks_and_lanes_earn_adds_up_to_the_reward(scenario: Scenario, seed: int):
    """In random worlds, with every kind of cost, under random orders, period by period."""
    periods = min(scenario.horizon.periods, 9)
    orders = np.random.default_rng(seed).integers(0, 12, (periods, 3, len(scenario.lanes))).astype(float)
    played(scenario, orders, seed)


def test_in_the_beer_game_each_player_pays_for_his_stock_and_for_those_whom_he_keeps_waiting():
    """0.50 a case on hand and 1.00 a case of backlog in a week (Sterman 1989); 40 cases of one order exceed 12."""
    simulation, found = played(load("beer-game"), np.tile([[[40.0, 4.0, 4.0, 4.0]]], (3, 1, 1)))
    lanes, stocks = simulation.state.lanes, simulation.state.stocks
    owed = np.append(simulation.state.demands["backlog"][0], lanes["waiting"][0, :3])
    assert owed[1] > 0  # the wholesaler is short of what the retailer ordered
    np.testing.assert_allclose(found[-1].stocks[0], -0.5 * stocks["on_hand"][0] - 1.0 * owed)
    assert not found[-1].lanes.any()


def alone(**changes: Any) -> Earned:
    """Return what is earned in the first period of a shop that orders 5 units, and is asked for 2 a period."""
    world = shop({"demands.customers.distribution": 2, "stocks.shop.initial": 3, **changes})
    return played(world, np.full((1, 1, len(world.lanes)), 5.0))[1][0]


def test_a_lane_pays_for_what_it_orders_and_a_stock_for_what_it_holds():
    part = alone(**{"lanes.supplier.unit_cost": 7, "lanes.supplier.fixed_cost": 3, "stocks.shop.holding_cost": 2})
    assert part.lanes.tolist() == [[-5 * 7 - 3]]
    assert part.stocks.tolist() == [[-2 * (3 + 5 - 2)]]


def test_who_waits_for_a_source_outside_pays_for_it():
    """Of 5 units a closed source ships none: 4 each for the lane, where they wait and where the order lapses."""
    closed = {"disruptions.strike": {"hits": ["supplier"], "starts": {"at": [0]}, "lasts": 5}}
    for unshipped in ("waits", "lapses"):
        part = alone(**closed, **{"lanes.supplier.waiting_cost": 4, "lanes.supplier.unshipped": unshipped})
        assert part.lanes.tolist() == [[-20.0]]
        assert part.stocks.tolist() == [[0.0]]


def test_what_is_sold_of_a_kit_belongs_to_its_stocks_alike():
    """Two stocks, whose kit sells at 10: 5 each."""
    world = {
        "stocks": {"body": {"initial": 9}, "wheel": {"initial": 9}},
        "lanes": {"a": {"to": "body"}, "b": {"to": "wheel"}},
        "demands": {"bikes": {"from": {"body": 1, "wheel": 2}, "distribution": 1, "price": 10}},
    }
    found = played(shop(None, **world), np.zeros((1, 1, 2)))[1][0]
    assert found.stocks.tolist() == [[5.0, 5.0]]
