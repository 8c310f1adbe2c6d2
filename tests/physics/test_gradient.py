"""Gradients through the period: as finite differences say, and good enough to find the newsvendor's level."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation
from jit_gym.physics.gradient import TensorSimulation, rewards
from jit_gym.physics.view import View
from jit_gym.scenario import Scenario

from ..worlds import shop

Policy = Callable[[TensorSimulation], torch.Tensor]

COSTLY = {
    "stocks.shop.holding_cost": 0.18,
    "stocks.shop.initial": 40,
    "demands.customers.distribution": {"name": "norm", "loc": 50, "scale": 8},
    "demands.customers.shortage_cost": 0.7,
    "demands.customers.price": 0.3,
    "lanes.supplier.unit_cost": 0.1,
    "lanes.supplier.in_transit_cost": 0.02,
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Use one torch thread, as quick for such tensors, and kind to whatever else is running."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def base_stock(levels: torch.Tensor) -> Policy:
    """Return the rule that orders on lane k up to a level of the inventory position of stock k."""
    return lambda world: (levels - View(world).inventory_position).clamp(min=0)


def two_lanes(levels: torch.Tensor) -> Policy:
    """Return a dual-index rule: expedite up to a level of what is at hand by then, order the rest up to the other."""

    def act(world: TensorSimulation) -> torch.Tensor:
        view = View(world)
        soon = view.on_hand[:, 0] - view.backlog[:, 0] + view.arriving(0, within=1) + view.in_transit[:, 1]
        fast = (levels[1] - soon).clamp(min=0)
        slow = (levels[0] - view.inventory_position[:, 0] - fast).clamp(min=0)
        return torch.stack([slow, fast], dim=-1)

    return act


WORLDS: dict[str, tuple[Scenario, Callable[[torch.Tensor], Policy], list[float]]] = {
    "backlog": (shop(COSTLY | {"demands.customers.unmet": "backlog"}), base_stock, [55.0]),
    "lost": (shop(COSTLY), base_stock, [52.0]),
    "backlog-later": (
        shop(COSTLY | {"demands.customers.unmet": "backlog", "lanes.supplier.lead_time": 3}),
        base_stock,
        [205.0],
    ),
    "lost-later": (shop(COSTLY | {"lanes.supplier.lead_time": 2}), base_stock, [150.0]),
    "limits": (
        shop(
            COSTLY | {"stocks.shop.storage_limit": 60, "stocks.shop.waste_cost": 0.5, "lanes.supplier.capacity": 52},
            disruptions={
                "strike": {"hits": ["supplier"], "starts": {"rate": 0.3}, "lasts": 1, "severity": 0.4},
            },
        ),
        base_stock,
        [58.0],
    ),
    "two-lanes": (
        shop(
            {key: value for key, value in COSTLY.items() if not key.startswith("lanes")},
            lanes={
                "slow": {"to": "shop", "lead_time": 3, "unit_cost": 0.1},
                "fast": {"to": "shop", "lead_time": 1, "unit_cost": 0.4},
            },
        ),
        two_lanes,
        [205.0, 98.0],
    ),
    "kit": (
        shop(
            stocks={"wheel": {"holding_cost": 0.1, "initial": 90}, "bell": {"holding_cost": 0.3, "initial": 30}},
            lanes={"wheels": {"to": "wheel", "lead_time": 1}, "bells": {"to": "bell"}},
            demands={
                "bikes": {
                    "from": {"wheel": 2, "bell": 1},
                    "distribution": {"name": "gamma", "a": 9, "scale": 5},
                    "unmet": "backlog",
                    "shortage_cost": 2,
                },
                "repairs": {"from": "bell", "distribution": {"name": "norm", "loc": 5, "scale": 1}, "price": 3},
            },
        ),
        base_stock,
        [180.0, 55.0],
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_gradients_are_those_of_finite_differences(name: str):
    """The derivative of the mean reward by each level is the central difference (to 1e-4 of it)."""
    scenario, rule, at = WORLDS[name]
    layout, trace = Layout(scenario), Chance(scenario).draw(3, 64, 12)

    def mean_reward(levels: torch.Tensor) -> torch.Tensor:
        return rewards(layout, trace, rule(levels)).mean()

    levels = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(mean_reward(levels), levels)
    for k in range(len(at)):
        step = torch.zeros(len(at), dtype=torch.float64)
        step[k] = 1e-6
        with torch.no_grad():
            difference = (mean_reward(levels + step) - mean_reward(levels - step)) / 2e-6
        assert abs(difference) > 1e-3, "a level that does not matter is no test"
        assert gradient[k].item() == pytest.approx(difference.item(), rel=1e-4)


def test_rewards_are_those_of_the_simulation():
    """`rewards` returns each path's reward in each period, equal to the compiled one's on the same orders."""
    scenario, rule, at = WORLDS["limits"]
    layout, trace = Layout(scenario), Chance(scenario).draw(3, 8, 12)
    orders: list[np.ndarray] = []

    def act(world: TensorSimulation) -> torch.Tensor:
        order = rule(torch.tensor(at, dtype=torch.float64))(world)
        orders.append(order.numpy())
        return order

    earned = rewards(layout, trace, act)
    assert earned.shape == (8, 12)
    world = Simulation(layout, trace)
    for t in range(12):
        assert world.step(orders[t]).money["reward"][:, 0] == pytest.approx(earned[:, t].numpy(), rel=1e-12)


def test_gradient_descent_finds_the_newsvendors_level():
    """Normal(50, 8), h=.18, p=.70, lead time 0: the best level is 56.604 (Snyder and Shen 2019, example 4.3)."""
    scenario = shop(
        {
            "stocks.shop.holding_cost": 0.18,
            "stocks.shop.initial": 50,
            "demands.customers.distribution": {"name": "norm", "loc": 50, "scale": 8},
            "demands.customers.shortage_cost": 0.7,
            "demands.customers.unmet": "backlog",
        }
    )
    layout, trace = Layout(scenario), Chance(scenario).draw(3, 40_000, 4)
    level = torch.tensor([40.0], dtype=torch.float64, requires_grad=True)
    descent = torch.optim.SGD([level], lr=20)
    for _ in range(60):
        descent.zero_grad()
        (-rewards(layout, trace, base_stock(level)).mean()).backward()
        descent.step()
    assert level.item() == pytest.approx(56.604, abs=0.1)  # 160,000 demands know it to 0.03


def test_rounding_to_whole_units_lets_gradients_pass():
    """In whole units an order of 4.3 is 4, and its derivative 1 (straight-through, Bengio et al. 2013)."""
    scenario = shop({"lanes.supplier.unit_cost": 3}, units="whole")
    order = torch.tensor([[4.3], [4.5]], dtype=torch.float64, requires_grad=True)
    earned = rewards(Layout(scenario), Chance(scenario).draw(1, 2, 1), lambda world: order)
    assert earned.tolist() == [[-12], [-15]]
    earned.sum().backward()
    assert order.grad.tolist() == [[-3], [-3]]


def test_tensors_may_have_32_bits():
    """With 32-bit floats the same rewards come out to about six digits."""
    scenario, rule, at = WORLDS["limits"]
    layout, trace = Layout(scenario), Chance(scenario).draw(3, 8, 12)
    single, double = (TensorSimulation(layout, trace, dtype) for dtype in (torch.float32, torch.float64))
    for _ in range(12):
        for world in (single, double):
            world.step(rule(torch.tensor(at, dtype=world.like["dtype"]))(world))
    for table, field in (("stocks", "on_hand"), ("lanes", "in_transit"), ("lanes", "waiting")):
        assert single.read(table, field).dtype == torch.float32
        assert torch.allclose(single.read(table, field).double(), double.read(table, field), rtol=1e-5, atol=1e-3)


def test_a_stock_without_demand_can_be_read():
    """What is drawn from a stock that nobody asks for is 0 on every path."""
    scenario = shop(stocks={"shop": {}, "cellar": {}}, lanes={"a": {"to": "shop"}, "b": {"to": "cellar"}})
    world = TensorSimulation(Layout(scenario), Chance(scenario).draw(1, 3))
    world.step(torch.ones(3, 2, dtype=torch.float64))
    assert View(world).used.tolist() == [[0, 0]] * 3


def test_nothing_is_played_beyond_the_trace():
    """When all periods of a trace are played, another step is an error and no invented period."""
    scenario = shop()
    layout, trace = Layout(scenario), Chance(scenario).draw(1, 2, 3)
    worlds: list[tuple[Any, Any]] = [
        (Simulation(layout, trace), np.zeros((2, 1))),
        (TensorSimulation(layout, trace), torch.zeros(2, 1)),
    ]
    for world, order in worlds:
        for _ in range(3):
            world.step(order)
        with pytest.raises(IndexError, match="the trace is over: it has 3 periods"):
            world.step(order)
