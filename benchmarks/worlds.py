"""Worlds that are played for their size alone."""

from __future__ import annotations

import jit_gym
from jit_gym.scenario import Scenario


def warehouse(items: int) -> Scenario:
    """Return a world of so many items, each with its own supplier and customers."""
    numbers = range(items)
    return jit_gym.load(
        {
            "name": "warehouse",
            "stocks": {f"item-{k}": {"initial": 10, "holding_cost": 1} for k in numbers},
            "lanes": {f"buy-{k}": {"to": f"item-{k}", "lead_time": 4} for k in numbers},
            "demands": {
                f"sell-{k}": {"from": f"item-{k}", "distribution": {"name": "poisson", "mu": 5}, "shortage_cost": 19}
                for k in numbers
            },
        }
    )


# Each stock and those that it is made from; the last four come from outside.
TEN_NODES = {
    "retailer": ["distributor-1", "distributor-2"],
    "distributor-1": ["factory-1", "factory-2"],
    "distributor-2": ["factory-2", "factory-3"],
    "factory-1": ["mine-1", "mine-2"],
    "factory-2": ["mine-2", "mine-3"],
    "factory-3": ["mine-3", "mine-4"],
    "mine-1": [],
    "mine-2": [],
    "mine-3": [],
    "mine-4": [],
}


def ten_nodes() -> Scenario:
    """Return a network of ten stocks and sixteen lanes."""
    lanes = {
        f"{source or 'outside'}-to-{stock}": {"to": stock, "lead_time": 3} | ({"uses": {source: 1}} if source else {})
        for stock, sources in TEN_NODES.items()
        for source in sources or [""]
    }
    return jit_gym.load(
        {
            "name": "ten-nodes",
            "stocks": {stock: {"initial": 40, "holding_cost": 1} for stock in TEN_NODES},
            "lanes": lanes,
            "demands": {
                "market": {"from": "retailer", "distribution": {"name": "poisson", "mu": 20}, "shortage_cost": 19}
            },
        }
    )
