"""The clairvoyant bound is the published optimum where nothing is left to chance."""

import pytest

from jit_gym.scenario import load
from jit_gym.theory import clairvoyant

DEMAND = [69, 29, 36, 61, 61, 26, 34, 67, 45, 67, 79, 56]
SETUP = [85, 102, 102, 101, 98, 114, 105, 86, 119, 110, 98, 114]


def test_the_example_of_wagner_and_whitin():
    """Wagner and Whitin (1958), table 1: 864 in twelve months.

    Holding a unit costs 1 a month, and each month has its own cost of setting up: here a lane that can be ordered on
    in that month alone. One of their plans makes 98 + 0, 97, 0, 121, 0, 0, 112, 0, 67, 135, 0 units.
    """
    closed = {f"before-{k}": {"starts": {"at": [0]}, "lasts": k, "hits": [f"month-{k}"]} for k in range(1, 12)}
    closed |= {f"after-{k}": {"starts": {"at": [k + 1]}, "lasts": 12, "hits": [f"month-{k}"]} for k in range(11)}
    world = load(
        {
            "name": "wagner-whitin",
            "horizon": {"periods": 12, "period": "month", "ends": True},
            "stocks": {"shop": {"holding_cost": 1}},
            "lanes": {f"month-{k}": {"to": "shop", "fixed_cost": cost} for k, cost in enumerate(SETUP)},
            "demands": {"customers": {"from": "shop", "history": {"values": DEMAND}, "shortage_cost": 100}},
            "disruptions": {name: {**event, "stops": "ordering"} for name, event in closed.items()},
        }
    )
    bound = clairvoyant(world, paths=1, orders=True)
    assert 12 * bound.cost == pytest.approx(864)
    assert bound.gap == 0
    assert bound.orders.sum(axis=2)[0] == pytest.approx([98, 0, 97, 0, 121, 0, 0, 112, 0, 67, 135, 0], abs=1e-6)
