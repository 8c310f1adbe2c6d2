"""Every field of every table is laid out, changed or filled in by somebody: one that is forgotten is named here."""

import numpy as np
import pytest

import jit_gym
from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation, tables
from jit_gym.scenario import Scenario, load

from ..envs.rich import rich

HARBOUR = {
    "name": "harbour",
    "horizon": {"periods": 40, "ends": True},
    "stocks": {
        "depot": {"initial": 40, "holding_cost": 0.1, "rationing": "proportional"},
        "milk": {"initial": 12, "shelf_life": 4, "issuing": "lifo", "waste_cost": 2, "seen_late": 1},
        "phones": {"initial": 30, "obsolete": {"once": {"name": "randint", "low": 5, "high": 30}}, "scrap_value": 1},
        "coats": {"initial": 5, "unit_value": 9, "terminal_value": 2, "storage_limit": 30},
        "hats": {"initial": 5, "terminal_value": 1},
    },
    "suppliers": {
        "dairy": {"capacity": 30, "rationing": "proportional", "short": {"chance": 0.3, "by": 0.5}},
        "mill": {"late": {"chance": 0.3, "by": 1}},
    },
    "routes": {
        "sea": {"vehicle_capacity": 5, "vehicle_cost": 20, "full_loads": True, "capacity": 40},
        "road": {"vehicle_capacity": 4, "vehicle_cost": 3},
    },
    "lanes": {
        "quay": {"to": "depot", "lead_time": 2, "unit_cost": 2, "supplier": "dairy", "minimum_order": 3,
                 "pays_after": 2},
        "tank": {"to": "milk", "lead_time": 1, "supplier": "dairy", "defects": 0.2, "reject_cost": 1, "initial": 2},
        "plane": {"to": "phones", "lead_time": 1, "unit_cost": 5, "cost_erosion": 0.05, "order_delay": 1,
                  "route": "sea"},
        "coats-out": {"to": "coats", "uses": {"depot": 1}, "lead_time": 1, "waiting_cost": 0.5, "route": "road"},
        "hats-out": {"to": "hats", "uses": {"depot": 1}, "lead_time": 2, "defects": {"drift": 0.3}, "supplier": "mill"},
    },
    "demands": {
        "drinkers": {"from": "milk", "distribution": {"name": "poisson", "mu": 4}, "unmet": "backlog", "pays_after": 3,
                     "price": 3, "terminal_cost": 2},
        "callers": {"from": "phones", "distribution": {"name": "poisson", "mu": 2}, "price": 9, "price_erosion": 0.02},
        "dressers": {"from": {"coats": 1, "hats": 2}, "distribution": {"name": "poisson", "mu": 3}, "shortage_cost": 4},
    },
    "disruptions": {
        "strike": {"hits": ["plane"], "stops": "ordering", "starts": {"rate": 0.2}, "lasts": 2},
        "fog": {"hits": ["sea"], "stops": "transit", "starts": {"rate": 0.2}, "lasts": 1},
        "queue": {"hits": ["quay"], "stops": "receiving", "starts": {"rate": 0.2}, "lasts": 1},
        "blaze": {"hits": ["dairy"], "starts": {"rate": 0.1}, "lasts": 3, "severity": 0.5},
    },
}  # fmt: skip


def worlds() -> list[Scenario]:
    """Return worlds in which together everything is used."""
    return [rich(), load(HARBOUR), *(jit_gym.load(name) for name in ("perishable", "dual-sourcing", "beer-game"))]


@pytest.fixture(scope="module")
def played() -> list[Simulation]:
    """Play each of them with orders of any size; of every table, keep what was ever other than 0."""
    rng, out = np.random.default_rng(1), []
    for world in worlds():
        layout = Layout(world)
        simulation = Simulation(layout, Chance(world).draw(3, 16))
        simulation.used = {}
        for _ in range(world.horizon.periods if world.horizon.periods < 100 else 100):
            simulation.step(rng.integers(0, 12, (16, len(layout.lanes))).astype(float))
            for kind in (simulation.state, simulation.flows):
                for table, rows in kind._asdict().items():
                    for field in rows.dtype.names or ():
                        place = type(kind).__name__, table, field
                        simulation.used[place] = simulation.used.get(place, False) or bool(np.any(rows[field]))
        out.append(simulation)
    return out


def test_each_field_of_a_net_is_laid_out(played: list[Simulation]):
    """A field that is 0 in all of these worlds is one that `Layout` forgets."""
    nets = [simulation.layout.net._asdict() for simulation in played]
    forgotten = {
        f"{table}.{field}"
        for table in nets[0]
        if table != "has"
        for field in nets[0][table].dtype.names
        if not any(np.any(net[table][field]) for net in nets)
    }
    assert forgotten == set()


def test_each_field_of_state_and_flows_is_used(played: list[Simulation]):
    """A field that stays 0 in all of these worlds is one that the period forgets."""
    places = {place for simulation in played for place in simulation.used}
    assert {place for place in places if not any(simulation.used.get(place) for simulation in played)} == set()


def test_each_switch_of_the_period_is_on_somewhere(played: list[Simulation]):
    """A step that no world takes is none."""
    sizes = np.array([simulation.layout.sizes for simulation in played])
    assert set(np.array(tables.Sizes._fields)[~sizes.any(axis=0)]) == set()
