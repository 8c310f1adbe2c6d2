"""Rules recorded as programs: the same orders from NumPy, machine code and torch, and gradients through all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from jit_gym.chance import Chance
from jit_gym.kernels.machine_code import Kernel
from jit_gym.kernels.memory import by_path
from jit_gym.kernels.symbols import Array, Program
from jit_gym.physics import Layout, Simulation, View
from jit_gym.physics.recorded import arrays_of
from jit_gym.policies import policy
from jit_gym.policies.recorded_rule import RecordedRule, record_rule
from jit_gym.scenario import Scenario, load

from ..worlds import scenarios
from .still import fitting

pytest.importorskip("torch")

import torch

from jit_gym.physics.gradient import TensorSimulation
from jit_gym.physics.tensor_program import TensorProgram

PATHS = 5


class Compiled:
    """A rule in machine code, asked period by period."""

    def __init__(self, rule: Any, simulation: Simulation) -> None:
        """Record it, and compute its own state at first."""
        first, act = record_rule(rule, simulation.layout)
        width = sum(name == "own" for name, _ in first.stores)
        self.simulation, self.own = simulation, by_path(width, PATHS)
        self.orders = by_path(len(simulation.layout.lanes), PATHS)
        self.first, self.act = (self.call(program, width) for program in (first, act))
        self.first(0)

    def call(self, program: Program, width: int) -> Any:
        """Return a call of a program on the simulation's arrays."""
        simulation, tables = self.simulation, {name: table.ravel() for name, table in program.tables.items()}
        kinds = {name: Array("nothing", table.size, table.dtype == np.float32) for name, table in tables.items()}
        kinds |= arrays_of(simulation.layout) | {"own": Array("path", width), "clock": Array("date", 1)}
        kinds |= {"orders": Array("path", len(self.orders))}
        clock = np.arange(float(simulation.trace.periods))[:, None]
        arrays = simulation.arrays | tables | {"clock": clock, "own": self.own, "orders": self.orders}
        return Kernel(program, kinds).on(PATHS, **arrays)

    def __call__(self) -> np.ndarray:
        """Return the orders (paths, lanes) of the present period."""
        self.act(self.simulation.period)
        return self.orders.T.copy()


def check_orders(scenario: Scenario, names: list[str], seed: int) -> None:
    """Hold that rules order the same in three ways, as NumPy's orders are played."""
    layout, trace = Layout(scenario), Chance(scenario).draw(seed, PATHS)
    for rule in (policy(name, scenario) for name in names):
        world, tensors = Simulation(layout, trace), TensorSimulation(layout, trace)
        compiled, recorded, own = Compiled(rule, world), RecordedRule(rule, layout), None
        for _ in range(trace.periods):
            orders, in_code = rule(View(world)), compiled()
            on_tensors, own = recorded.act(tensors, own)
            assert np.allclose(in_code, orders, rtol=1e-9, atol=1e-9), rule
            assert np.allclose(on_tensors.numpy(), orders, rtol=1e-9, atol=1e-9), rule
            world.step(orders)
            tensors.step(torch.as_tensor(np.array(orders, float)))


@pytest.mark.parametrize("world", ["lost-sales", "dual-sourcing", "perishable", "serial"])
def test_a_shipped_rule_orders_the_same_on_numbers_and_tensors(world: str):
    """Every shipped rule that fits, those that look orders up and stateful ones among them."""
    check_orders(load(world, {"horizon.periods": 25}), fitting(world), 3)


@settings(
    max_examples=4, phases=[Phase.generate], deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(scenarios(periods=12), st.integers(0, 2**32 - 1))
def test_rules_order_the_same_in_any_world(scenario: Scenario, seed: int):
    """The same in random worlds."""
    check_orders(scenario, fitting(scenario), seed)


@pytest.mark.slow
@settings(max_examples=12, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios(periods=12), st.integers(0, 2**32 - 1))
def test_rules_order_the_same_in_many_worlds(scenario: Scenario, seed: int):
    """The same in more of them."""
    check_orders(scenario, fitting(scenario), seed)


def cost(rule: Any, scenario: Scenario, correction: torch.Tensor) -> torch.Tensor:
    """Return the mean cost of a rule with a correction (lanes,) in each of 15 periods."""
    layout = Layout(scenario)
    world = TensorSimulation(layout, Chance(scenario).draw(2, 16, 15))
    recorded, own, total = RecordedRule(rule, layout), None, torch.zeros((), dtype=torch.float64)
    for _ in range(15):
        orders, own = recorded.act(world, own)
        money = world.step((orders + correction).clamp(min=0.0)).money[0]
        total = total + (money.cost - money.revenue).mean()
    return total


@pytest.mark.parametrize("world", ["lost-sales", "dual-sourcing", "perishable", "serial"])
def test_gradients_through_rules_are_finite(world: str):
    """Also where a rule divides by what may be 0, or takes the root of it."""
    scenario = load(world)
    for rule in (policy(name, scenario) for name in fitting(world)):
        correction = torch.full((len(scenario.lanes),), 0.25, dtype=torch.float64, requires_grad=True)
        (gradient,) = torch.autograd.grad(cost(rule, scenario, correction), correction)
        assert gradient.isfinite().all(), rule


@pytest.mark.parametrize("name", ["base-stock", "capped-base-stock", "adaptive", "moving-average", "jit"])
def test_gradients_through_rules_are_those_of_finite_differences(name: str):
    """Where units are divisible: what is ordered more today is ordered less tomorrow."""
    scenario = load("lost-sales", {"units": "continuous", "demands.customers.distribution": {"name": "gamma", "a": 5}})
    rule, step = policy(name, scenario), 1e-6
    correction = torch.full((1,), 0.3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(cost(rule, scenario, correction), correction)
    more, less = (cost(rule, scenario, correction.detach() + change) for change in (step, -step))
    assert gradient.item() == pytest.approx(((more - less) / (2 * step)).item(), rel=1e-4)


def test_a_table_has_the_slope_of_lines_between_its_entries():
    """The derivative of a look-up is that of straight lines, in each direction; rounding has the derivative 1."""
    program, table = Program(), np.add.outer(2.0 * np.arange(5.0), np.arange(7.0) ** 2)
    places = [program.load("state", k).round() for k in range(2)]
    program.store("out", 0, program.look_up(table, *places))
    state = [torch.tensor([2.2, 9.0], dtype=torch.float64, requires_grad=True) for _ in range(2)]
    out = TensorProgram(program)({"state": state})["out", 0]
    assert out.tolist() == [4.0 + 4.0, 8.0 + 36.0]
    gradients = torch.autograd.grad(out.sum(), state)
    assert [gradient.tolist() for gradient in gradients] == [[2.0, 2.0], [4.0, 11.0]]
