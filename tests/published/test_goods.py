"""Perishables, shared trucks, and machines with a buffer: other people's numbers."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from jit_gym import evaluate
from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation
from jit_gym.physics.tables import batch_state

from .instances import JOINT, joint, perishable
from .tables import others, rows

PERISHABLE = rows("perishable.csv")


@pytest.mark.parametrize("row", PERISHABLE, ids=lambda row: f"life {row['shelf_life']}, setting {row['experiment']}")
def test_base_stock_on_perishables_returns_what_de_moor_et_al_say(row: dict[str, str]):
    """The discounted return of a year after 100 days from empty, within 4 standard errors and 2 (their simulation)."""
    rule = f"base-stock(level={row['base_stock_level']})"
    result = evaluate(rule, perishable(row), paths=2048, periods=365, warmup=100, seed=3)
    error = result.mean("discounted_reward") - float(row["base_stock_return"])
    assert abs(error) < 4 * result.error("discounted_reward") + 2


@pytest.mark.parametrize("row", PERISHABLE, ids=lambda row: f"life {row['shelf_life']}, setting {row['experiment']}")
def test_who_orders_for_what_will_be_wasted_returns_more(row: dict[str, str]):
    """Broekmeulen and van Donselaar (2009): better than base-stock at its best level, and below the optimum."""
    level = (
        8 if (row["lead_time"], row["issuing"], row["waste_cost"]) == ("2", "lifo", "7.0") else row["base_stock_level"]
    )
    rules = f"base-stock-with-waste(level={level})", f"base-stock(level={row['base_stock_level']})"
    with_waste, plain = (evaluate(rule, perishable(row), paths=1024, periods=365, warmup=100, seed=3) for rule in rules)
    more = with_waste.figures["discounted_reward"] - plain.figures["discounted_reward"]
    assert more.mean() > 3 * more.std() / np.sqrt(len(more))
    assert with_waste.mean("discounted_reward") < float(row["optimal_return"])


@pytest.mark.parametrize("setting", JOINT, ids=lambda setting: f"setting {setting['setting']}")
def test_a_shared_truck_costs_what_vanvuchelen_et_al_say(setting: dict[str, Any]):
    """In each state and for each order, a period's mean cost is K ceil(q / V) + k + E[h (y - D)+ + b (D - y)+]."""
    states = np.array(list(product([5, 0], [0, 3])), float)
    orders = np.array([setting["act_5_0"], setting["act_0_0"], [0, 0], [1, 12]], float)
    demands = np.array(list(product(range(6), range(4))), float)
    scenario = joint(setting)
    cases = np.array([(*x, *q, *d) for x in states for q in orders for d in demands])
    simulation = Simulation(Layout(scenario), Chance(scenario).draw(0, len(cases), 1))
    batch_state(simulation._states, simulation.layout.sizes).stocks["on_hand"][:] = cases[:, :2]
    simulation.trace.rows[0, :, :2] = cases[:, 4:]
    cost = simulation.step(cases[:, 2:4]).money["cost"][:, 0].reshape(-1, len(demands)).mean(1)
    h, b, k = (np.array(setting[key], float) for key in "hbk")
    expected = [
        setting["K"] * np.ceil(q.sum() / setting["V"])
        + k @ (q > 0)
        + np.mean([h @ np.maximum(x + q - d, 0) + b @ np.maximum(d - x - q, 0) for d in demands])
        for x in states
        for q in orders
    ]
    assert cost == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("cards", [1, 3, 10])
def test_two_machines_with_a_buffer_make_what_the_bernoulli_line_says(cards: int):
    """With p = 0.9 and 1, 3 or 10 cards the line makes 0.8182, 0.8710 or 0.8911 parts a slot: p N / (N + 1 - p)."""
    published = others()["bernoulli_two_machine_line"]["throughput_by_buffer"][str(cards)]
    assert published == pytest.approx(0.9 * cards / (cards + 0.1), abs=1e-6)
    rule = f"kanban(cards={{buffer: {cards}, finished: 5}}, container=1)"
    result = evaluate(rule, "two-machine-line", paths=512, periods=1000, warmup=100, seed=5)
    made = 1.0 - result.figures["short"]  # what is made is sold the slot after
    error = made.std(ddof=1) / np.sqrt(len(made))
    assert abs(made.mean() - published) < 4 * error
    assert error < 0.001
