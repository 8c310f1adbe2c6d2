"""Networks: other people's numbers for lines, assemblies, and the beer game."""

import json
from pathlib import Path

import numpy as np
import pytest

from jit_gym import evaluate, load
from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import policy
from jit_gym.scenario import Scenario

OR_GYM = json.loads((Path(__file__).parent / "or_gym_inv_management.json").read_text())
LOST = {"demands.customers.unmet": "lost"} | {
    f"lanes.to-{stage}.unshipped": "lapses" for stage in ("retailer", "distributor", "manufacturer")
}


def on_demand(scenario: Scenario, demand: list[float]) -> Simulation:
    """Return a simulation of one path with this demand."""
    trace = Chance(scenario).draw(0, 1, len(demand))
    trace.rows[: len(demand), 0, 0] = demand
    return Simulation(Layout(scenario), trace)


@pytest.mark.parametrize(("name", "changes"), [("v0_basestock", {}), ("v1_const20", LOST)], ids=["v0", "v1"])
def test_or_gym_inv_management_agrees_period_by_period(name, changes):
    """Rewards (to 1e-9) and stocks of OR-Gym's own code, on its demand and actions; its rewards are discounted."""
    published = OR_GYM[name]
    simulation = on_demand(load("or-gym-inv-management", changes), published["demand"])
    rewards, held = [], []
    for t, action in enumerate(published["action"]):
        flows = simulation.step(np.array([action], float))
        rewards.append(0.97**t * flows.money["reward"][0, 0])
        held.append(flows.stocks["held"][0].copy())
    np.testing.assert_allclose(rewards, published["reward"], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(held, np.array(published["I"])[1:])
    assert sum(rewards) == pytest.approx(published["total"], abs=1e-9)


NET = json.loads((Path(__file__).parent / "or_gym_net_management.json").read_text())


@pytest.mark.parametrize(("name", "unmet"), [("v0_light", "backlog"), ("v1_light", "lost")], ids=["v0", "v1"])
def test_or_gym_net_management_agrees_period_by_period(name: str, unmet: str):
    """Rewards to 1e-9, stocks, shipments and what is unmet, of OR-Gym's own code, where no stock is sold twice."""
    published = NET[name]
    simulation = on_demand(load("or-gym-net-management", {"demands.customers.unmet": unmet}), published["demand"])
    for t, action in enumerate(published["action"]):
        flows = simulation.step(np.array([action], float))
        assert flows.money["reward"][0, 0] == pytest.approx(published["reward"][t], abs=1e-9)
        assert flows.stocks["held"][0].tolist() == published["stock"][t + 1]
        assert flows.lanes["shipped"][0].tolist() == published["shipped"][t]
        missing = {"lost": flows.demands["short"], "backlog": simulation.state.demands["backlog"]}
        assert missing[unmet][0, 0] == published["unmet"][t]


def test_or_gym_sells_the_same_units_twice():
    """Where two lanes ask for more than a factory has, its stock in OR-Gym falls below zero, and here it does not."""
    published = NET["v0_oversold"]
    simulation = on_demand(load("or-gym-net-management"), published["demand"])
    agrees = []
    for t, action in enumerate(published["action"]):
        before = simulation.state.stocks["on_hand"][0].copy()
        flows = simulation.step(np.array([action], float))
        assert (flows.stocks["held"] >= 0).all()
        assert (flows.lanes["shipped"][0] @ simulation.layout.uses <= before).all()
        agrees.append(flows.lanes["shipped"][0].tolist() == published["shipped"][t])
    assert np.min(published["stock"]) < 0
    assert agrees == [True, True, True, False, False, False]


def test_a_serial_line_with_echelon_base_stock_levels_costs_what_snyder_and_shen_say():
    """Example 6.1: the levels 6.49, 12.02 and 22.71 cost 47.66 a period (their simulation, to 0.1)."""
    rule = "echelon-base-stock(level={shop: 6.49, warehouse: 12.02, factory: 22.71})"
    result = evaluate(rule, "serial", paths=512, periods=1000, warmup=100, seed=1)
    assert result.mean("cost") == pytest.approx(47.66, abs=0.1)
    assert result.error("cost") < 0.002 * 47.66


def test_the_levels_of_shang_and_song_are_almost_the_best():
    """The mean of two newsvendor's levels (2003): 6.49, 12.03 and 22.63 in example 6.1, at 0.1 % more than the best."""
    scenario = load("serial")
    assert policy("echelon-base-stock", scenario).level == pytest.approx([6.49, 12.03, 22.63], abs=0.01)
    best = "echelon-base-stock(level={shop: 6.49, warehouse: 12.02, factory: 22.71})"
    ours, theirs = (
        evaluate(what, scenario, paths=256, periods=1000, warmup=100, seed=1) for what in ("echelon-base-stock", best)
    )
    assert theirs.mean() <= ours.mean() < 1.001 * theirs.mean()


def test_an_assembly_with_echelon_base_stock_levels_costs_what_its_serial_line_does():
    """Levels of 12 for the parts and 8 for the product cost 22.7583 a period (Rosling 1989)."""
    rule = "echelon-base-stock(level={frames: 12, motors: 12, products: 8})"
    result = evaluate(rule, "assembly", paths=1024, periods=1000, warmup=100, seed=1)
    assert abs(result.mean("cost") - 22.7583) < 4 * result.error("cost")
    assert result.error("cost") < 0.002 * 22.7583


def test_the_beer_game_costs_204_with_anchoring_and_adjustment():
    """Sterman's board: targets of 28, 28, 28 and 20 cost the teams 46, 50, 54 and 54, after four weeks of fours."""
    scenario = load("beer-game")
    layout = Layout(scenario)
    simulation = Simulation(layout, Chance(scenario).draw(0, 1))
    rule = policy("anchoring(target={retailer: 28, wholesaler: 28, distributor: 28, factory: 20}, use=4)", scenario)
    teams = np.zeros(4)
    for week in range(36):
        orders = np.full((1, 4), 4.0) if week < 5 else rule(View(simulation))
        flows = simulation.step(orders)
        waiting = [*simulation.state.demands["backlog"][0], *simulation.state.lanes["waiting"][0, :3]]
        teams += 0.5 * flows.stocks["held"][0] + waiting
    assert teams.tolist() == [46, 50, 54, 54]
    assert teams.sum() == 204


def test_the_average_player_of_the_beer_game_amplifies_orders_up_the_line():
    """The means of Sterman's (1989) estimates: theta 0.36, alpha 0.26, beta 0.34, S' 17; L begins with 4.

    Customers go from 4 to 8. The variance of orders and their peak rise from stage to stage, as in every game he saw,
    and the game costs many times the 204 of his benchmark.
    """
    scenario = load("beer-game")
    simulation = Simulation(Layout(scenario), Chance(scenario).draw(0, 1))
    (average,) = [what for what in scenario.policies if "theta" in what]
    player = policy(average, scenario)
    assert player.parameters == {"target": 17, "use": 4, "alpha": 0.26, "beta": 0.34, "theta": 0.36}
    orders = np.array([simulation.step(player(View(simulation))).lanes["ordered"][0].copy() for _ in range(36)])
    customers = np.var([4.0] * 4 + [8.0] * 32)
    assert (np.diff(orders.max(axis=0), prepend=8.0) > 2).all()
    assert (np.diff(orders.var(axis=0), prepend=customers) > 5).all()
    assert evaluate(average, scenario, paths=1).mean("cost") * 36 > 8 * 204
