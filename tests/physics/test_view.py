"""What one sees before ordering: the textbook's quantities, by name, on arrays and on tensors alike."""

from typing import Any

import numpy as np
import pytest
import torch

from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation, View
from jit_gym.physics.gradient import TensorSimulation
from jit_gym.physics.numbers import product
from jit_gym.scenario import Scenario

from ..worlds import shop


def workshop() -> Scenario:
    """Return a workshop with two stocks, three lanes, a kit, a spike and disruptions."""
    return shop(
        stocks={"wheel": {"initial": 10}, "bell": {"initial": 1}},
        lanes={
            "near": {"to": "wheel", "lead_time": 1},
            "far": {"to": "wheel", "lead_time": 3, "initial": 5, "supplier": "maker"},
            "bells": {"to": "bell", "lead_time": 2},
        },
        suppliers={"maker": {}},
        demands={
            "bikes": {"from": {"wheel": 2, "bell": 1}, "distribution": 3, "unmet": "backlog"},
            "repairs": {"from": "wheel", "distribution": 1, "season": [1, 4]},
            "steady": {"from": "bell", "distribution": {"name": "gamma", "a": 2, "scale": 0.1}},
        },
        disruptions={
            "strike": {"hits": ["maker"], "starts": {"at": [1]}, "lasts": 2, "severity": 0.75},
            "theft": {"hits": ["near"], "starts": {"at": [0]}, "lasts": 9, "severity": 0.5, "seen": "hidden"},
        },
    )


def played(kind: type) -> Any:
    """Return a workshop after two periods of orders 2, 3 and 4, on two paths."""
    scenario = workshop()
    world = kind(Layout(scenario), Chance(scenario).draw(1, 2))
    order = np.array([[2.0, 3.0, 4.0]] * 2)
    for _ in range(2):
        world.step(torch.as_tensor(order) if kind is TensorSimulation else order)
    return world


BOTH = pytest.mark.parametrize("kind", [Simulation, TensorSimulation])


@BOTH
def test_positions_are_what_the_textbook_says(kind: type):
    """Inventory position is on hand, and on order, less what is owed, kit by kit (Silver et al. 2017, section 6.2)."""
    world = played(kind)
    view = View(world)
    assert view.period == 2
    assert view.backlog[:, 0].tolist() == [5, 5]  # six bikes were asked for, and there was one bell
    assert view.in_transit.tolist() == [[1.5, 3 + 0.75 + 5, 8]] * 2
    assert view.on_order.tolist() == [[1.5 + 1.5, 3 + 3 + 5, 8]] * 2  # of the near, and of a far order, a part waits
    wheels, bells = 10 + 1 + 5 + 5 - 2 * 1 - 1 - 4, 0  # at first, arrived, in a bike, in repairs
    assert view.on_hand.tolist() == [[wheels, bells]] * 2
    assert view.inventory_position.tolist() == [[wheels + 14 - 2 * 5, bells + 8 - 5]] * 2


@BOTH
def test_arrivals_are_seen_within_a_horizon(kind: type):
    """What arrives within k periods on a lane is the first k places of its pipeline, and all of it at most."""
    view = View(played(kind))
    for within, units in enumerate([0, 5, 8, 8.75, 8.75]):
        assert view.arriving(1, within=within).tolist() == [units] * 2


@BOTH
def test_a_forecast_has_every_demand(kind: type):
    """A demand that does not change is forecast at its mean, and a season as it will come; one row a demand."""
    view = View(played(kind))
    assert view.forecast.shape == (2, 3, 4)  # paths, demands, this period and the longest lead time
    for path in view.forecast.tolist():
        assert path == [[3] * 4, [1, 4, 1, 4], pytest.approx([0.2] * 4)]


@BOTH
def test_what_is_hidden_is_not_seen(kind: type):
    """The strike leaves a quarter of the far lane and all can see it; the theft from the near lane nobody sees."""
    assert View(played(kind)).available.tolist() == [[1, 0.25, 1]] * 2


@BOTH
def test_usage_is_what_was_drawn_last(kind: type):
    """In the second period there was no bell, so that no bike took a wheel, and repairs took 4."""
    assert View(played(kind)).used[:, 0].tolist() == [4] * 2


def test_a_view_is_the_same_on_arrays_and_tensors():
    """Every quantity has the same shape and value, whichever kind of number it is made of."""
    arrays, tensors = View(played(Simulation)), View(played(TensorSimulation))
    for name in (
        *("on_hand", "used", "backlog", "in_transit", "on_order"),
        *("inventory_position", "forecast", "available", "orders_read_today", "obsolete", "ordering_stopped"),
    ):
        one, other = getattr(arrays, name), getattr(tensors, name)
        assert isinstance(other, torch.Tensor)
        assert one.shape == tuple(other.shape)
        assert np.allclose(one, other.numpy(), rtol=1e-12)


@BOTH
def test_ages_add_up_to_what_is_on_hand(kind: type):
    """Of a stock that lasts three periods there are ages 1 to 3, of one that lasts one there is one, and else none."""
    scenario = shop(
        stocks={
            "bread": {"initial": 4, "shelf_life": 3},
            "paper": {"initial": 2, "shelf_life": 1},
            "salt": {"initial": 9},
        },
        lanes={name: {"to": name} for name in ("bread", "paper", "salt")},
        demands={"shoppers": {"from": {"bread": 1, "salt": 1}, "distribution": 1}},
    )
    world = kind(Layout(scenario), Chance(scenario).draw(1, 2))
    assert [View(world).ages(i).tolist() for i in range(3)] == [[[0, 4, 0]] * 2, [[2]] * 2, [[]] * 2]
    orders = np.array([[2.0, 3.0, 4.0]] * 2)
    world.step(torch.as_tensor(orders) if kind is TensorSimulation else orders)
    assert [View(world).ages(i).tolist() for i in range(3)] == [[[3, 2, 0]] * 2, [[0]] * 2, [[]] * 2]


@BOTH
def test_what_reaches_its_source_is_seen_a_delay_after_it_was_ordered(kind: type):
    """An order of 3 units is read two periods later; a lane without a delay has none on its way to be read."""
    scenario = shop(
        stocks={"shop": {"initial": 9}, "kiosk": {"initial": 9}},
        lanes={"by-mail": {"to": "shop", "order_delay": 2}, "by-phone": {"to": "kiosk"}},
        demands={"guests": {"from": {"shop": 1, "kiosk": 1}, "distribution": 0}},
    )
    world = kind(Layout(scenario), Chance(scenario).draw(1, 2))
    read = []
    for units in (3.0, 0.0, 0.0):
        orders = np.array([[units, units]] * 2)
        world.step(torch.as_tensor(orders) if kind is TensorSimulation else orders)
        read.append(View(world).orders_read_today.tolist())
    assert read == [[[0, 0]] * 2, [[3, 0]] * 2, [[0, 0]] * 2]


@BOTH
def test_what_is_over_or_stopped_is_told_apart(kind: type):
    """The old model is obsolete from the second period on, and a strike stops orders on its lane in that period."""
    scenario = shop(
        stocks={"old": {"obsolete": {"at": [1]}}, "new": {}},
        lanes={"first": {"to": "old"}, "second": {"to": "new"}},
        demands={name: {"from": name, "distribution": 1} for name in ("old", "new")},
        disruptions={"strike": {"hits": ["first"], "starts": {"at": [1]}, "lasts": 1, "stops": "ordering"}},
    )
    world = kind(Layout(scenario), Chance(scenario).draw(1, 2))
    for over, stopped in ((False, False), (True, True), (True, False)):
        view = View(world)
        assert view.obsolete.tolist() == [[over, False]] * 2
        assert view.ordering_stopped.tolist() == [[stopped, False]] * 2
        orders = np.zeros((2, 2))
        world.step(torch.as_tensor(orders) if kind is TensorSimulation else orders)


@pytest.mark.parametrize("kind", ["picks", "picks none", "adds"])
def test_a_product_is_the_same_to_the_bit_however_large(kind: str):
    """A large product with a matrix that picks values is not added up, and is what each path has by itself."""
    random = np.random.default_rng(0)
    values = random.normal(size=(40, 200)).T
    values[3, 4] = -0.0
    matrix = 3.3 * np.eye(40)[:, random.permutation(40)]
    if kind == "picks none":
        matrix[:, 7] = 0.0
    elif kind == "adds":
        matrix[5] = random.normal(size=40)
    large = product(values, matrix)
    assert large.tobytes() == np.ascontiguousarray(np.einsum("...i,ij->...j", values, matrix)).tobytes()
    assert all(product(values[k : k + 1], matrix).tolist() == large[k : k + 1].tolist() for k in (0, 3, 199))
