"""A small world with a bit of everything, and ways to play it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np

from jit_gym.chance import Chance
from jit_gym.physics import Flows, Layout, Simulation
from jit_gym.scenario import Scenario, load

RICH: dict[str, Any] = {
    "name": "rich",
    "horizon": {"periods": 7},
    "stocks": {
        "body": {"initial": 6, "holding_cost": 1, "unit_value": 3},
        "wheel": {"initial": 15, "holding_cost": 0.5, "storage_limit": 60, "waste_cost": 2},
    },
    "suppliers": {"acme": {}, "bolt": {}},
    "routes": {"sea": {}},
    "lanes": {
        "lorry": {"to": "body", "lead_time": 1, "capacity": 12, "batch": 2, "unit_cost": 4, "supplier": "bolt"},
        "ship": {"to": "wheel", "lead_time": 2, "fixed_cost": 5, "route": "sea", "initial": 3, "share": 0.75},
        "van": {
            "to": "wheel",
            "lead_time": {"name": "randint", "low": 0, "high": 4},
            "in_transit_cost": 0.25,
            "supplier": "acme",
        },
    },
    "demands": {
        "bikes": {
            "from": {"body": 1, "wheel": 2},
            "distribution": {"name": "poisson", "mu": 3},
            "season": [0.5, 1, 1.5],
            "price": 30,
            "shortage_cost": 8,
        },
        "spares": {
            "from": "wheel",
            "distribution": {"name": "geom", "p": 0.3, "loc": -1},
            "unmet": "backlog",
            "shortage_cost": 3,
        },
    },
    "spikes": {"holidays": {"hits": ["spares"], "starts": {"rate": 0.2}, "lasts": 2, "factor": 3, "announced": 1}},
    "disruptions": {
        "storm": {"hits": ["sea"], "starts": {"rate": 0.3}, "lasts": {"name": "geom", "p": 0.5}, "severity": 0.5},
        "strike": {"hits": ["acme"], "starts": {"rate": 0.3}, "lasts": 2, "seen": "hidden"},
    },
}


def rich(**overrides: Any) -> Scenario:
    """Return the world, some values overridden: `rich(horizon__ends=True)`."""
    return load(RICH, {name.replace("__", "."): value for name, value in overrides.items()})


class Row(gym.Wrapper[np.ndarray, np.ndarray, np.ndarray, np.ndarray]):
    """A single env that plays the paths b, b + rows, b + 2 rows, ... of its seed, as row b of a batch does."""

    def __init__(self, env: gym.Env[np.ndarray, np.ndarray], b: int, rows: int) -> None:
        """Wrap an env."""
        super().__init__(env)
        self.b, self.rows = b, rows

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin the next of its paths."""
        begun = self.env.reset(seed=seed)
        for _ in range(self.b if seed is not None else self.rows - 1):
            begun = self.env.reset()
        return begun


def simulated(scenario: Scenario, seed: int, paths: Any) -> Simulation:
    """Return the simulation that envs of this seed should agree with."""
    return Simulation(Layout(scenario), Chance(scenario).draw(seed, paths))


def flows_by_name(scenario: Scenario, flows: Flows) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the flows of a simulation (paths,) under the names that an env's info has."""
    for table, names in (
        (flows.stocks, scenario.stocks),
        (flows.lanes, scenario.lanes),
        (flows.demands, scenario.demands),
    ):
        for k, name in enumerate(names):
            yield from ((f"{name}.{field}", table[field][:, k]) for field in table.dtype.names)
    yield from ((field, flows.money[field][:, 0]) for field in flows.money.dtype.names if field != "reward")


def actions_for(space: gym.Space[np.ndarray], seed: int, steps: int) -> list[np.ndarray]:
    """Return random actions of a space."""
    space.seed(seed)
    return [space.sample() for _ in range(steps)]
