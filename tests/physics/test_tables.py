"""Each field of a scenario changes what is played, and each field of a table is laid out, or filled in by the period.

Who adds one uses it in a world below; a test then names the place that was missed.
"""

import warnings

import numpy as np
import pytest

import jit_gym
from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation, tables
from jit_gym.scenario import Scenario, ScenarioError, load
from jit_gym.scenario.supports import SUPPORT, TABLES

from ..envs.rich import rich

HARBOUR = {
    "name": "harbour",
    "horizon": {"periods": 40, "ends": True},
    "stocks": {
        "depot": {"initial": 40, "holding_cost": 0.1, "rationing": "proportional"},
        "milk": {"initial": 12, "shelf_life": 4, "issuing": "lifo", "waste_cost": 2, "seen_late": 1},
        "phones": {"initial": 30, "obsolete": {"once": {"name": "randint", "low": 5, "high": 30}}, "scrap_value": 1},
        "coats": {"initial": 5, "unit_value": 9, "terminal_value": 2, "storage_limit": 30,
                  "warehouse": "cellar"},
        "hats": {"initial": 5, "terminal_value": 1, "shrinkage": 0.1, "loss_cost": 3, "warehouse": "attic",
                 "volume": 2},
    },
    "warehouses": {"cellar": {"rate": 1}, "attic": {"space": 4, "rent": 2, "rate": 5}},
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
        "tank": {"to": "milk", "lead_time": 1, "delays": {"steps": [[9, 2], [20, 0]]},
                 "supplier": "dairy", "defects": 0.2, "reject_cost": 1, "initial": 2,
                 "age_on_arrival": {"name": "randint", "low": 0, "high": 4}, "minimum_life": 2},
        "plane": {"to": "phones", "lead_time": 1, "unit_cost": 5, "cost_erosion": 0.05, "order_delay": 1,
                  "route": "sea"},
        "coats-out": {"to": "coats", "uses": {"depot": 1}, "lead_time": 1, "waiting_cost": 0.5, "route": "road"},
        "hats-out": {"to": "hats", "uses": {"depot": 1}, "lead_time": 2, "defects": {"drift": 0.3}, "supplier": "mill"},
    },
    "demands": {
        "drinkers": {"from": "milk", "distribution": {"name": "poisson", "mu": 4}, "unmet": "backlog", "pays_after": 3,
                     "price": 3, "terminal_cost": 2},
        "callers": {"from": "phones", "distribution": {"name": "poisson", "mu": 2}, "price": 9, "price_erosion": 0.02,
                    "markdown": {"starts": 20, "price": 6, "elasticity": 2}},
        "dressers": {"from": {"coats": 1, "hats": 2}, "distribution": {"name": "poisson", "mu": 3}, "shortage_cost": 4},
    },
    "disruptions": {
        "strike": {"hits": ["plane"], "stops": "ordering", "starts": {"rate": 0.2}, "lasts": 2},
        "fog": {"hits": ["sea"], "stops": "transit", "starts": {"rate": 0.2}, "lasts": 1},
        "queue": {"hits": ["quay"], "stops": "receiving", "starts": {"rate": 0.2}, "lasts": 1},
        "blaze": {"hits": ["dairy"], "starts": {"rate": 0.1}, "lasts": 3, "severity": 0.5},
        "flood": {"hits": ["depot", "quay"], "starts": {"rate": 0.1}, "lasts": 1, "severity": 0.5, "destroys": 0.4,
                  "announced": 2},
    },
}  # fmt: skip


BAZAAR = {
    "name": "bazaar",
    "horizon": {"periods": 30},
    "stocks": {"rugs": {"initial": 20, "holding_cost": 1}, "lamps": {"initial": 20, "holding_cost": 1}},
    "routes": {"caravan": {"capacity": 9, "rationing": "proportional"}},
    "lanes": {
        "rugs-in": {"to": "rugs", "lead_time": 1, "route": "caravan", "unshipped": "lapses"},
        "lamps-in": {"to": "lamps", "lead_time": 1, "route": "caravan"},
    },
    "demands": {
        "tourists": {
            "from": "rugs",
            "distribution": {"name": "poisson", "mu": 5},
            "autocorrelation": 0.6,
            "trend": 0.1,
        },
        "brides": {
            "from": "lamps",
            "regimes": {
                "quiet": {"distribution": 2, "next": {"feast": 0.2}},
                "feast": {"distribution": 9, "next": {"quiet": 0.4}},
            },
            "regime_seen": "hidden",
        },
    },
    "spikes": {"fair": {"hits": ["tourists"], "starts": {"rate": 0.2}, "lasts": 3, "factor": 2, "seen": "hidden"}},
    "disruptions": {
        "sandstorm": {"hits": ["rugs-in"], "starts": {"rate": 0.2}, "lasts": 2, "recovers_over": 3, "seen_late": 1},
        "toll": {"hits": ["lamps-in"], "starts": {"rate": 0.2}, "lasts": 2, "announced": 2},
        "robbers": {"hits": ["caravan"], "starts": {"rate": 0.2}, "lasts": 2, "delays": 2, "driver": "unrest"},
    },
    "drivers": {"unrest": {"chance": 0.5, "times": 3}},
}


def worlds() -> list[Scenario]:
    """Return worlds in which together everything is used."""
    return [
        rich(),
        load(HARBOUR),
        load(BAZAAR),
        *(jit_gym.load(name) for name in ("perishable", "dual-sourcing", "beer-game")),
    ]


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
    """A field that is 0 in all of these worlds is one that `Layout` does not fill in."""
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
    """A field that stays 0 in all of these worlds is one that the period does not fill in."""
    places = {place for simulation in played for place in simulation.used}
    assert {place for place in places if not any(simulation.used.get(place) for simulation in played)} == set()


def test_each_switch_of_the_period_is_on_somewhere(played: list[Simulation]):
    """A step that no world takes is none."""
    sizes = np.array([simulation.layout.sizes for simulation in played])
    assert set(np.array(tables.Sizes._fields)[~sizes.any(axis=0)]) == set()


KINDS = {
    "net_of": (tables.net_of, tables.Net, tables.NetRows, tables.NET_LENGTHS),
    "state_of": (tables.state_of, tables.State, tables.StateRows, (*tables.STATE_LENGTHS, 1)),
    "flows_of": (tables.flows_of, tables.Flows, tables.FlowRows, tables.FLOW_LENGTHS),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_table_has_its_line_in_every_place(name: str):
    """A table of its own length lies behind the one before, as wide as its record type, and in its protocol.

    The places are those that docs/tutorials/own-mechanism.md lists for a new table.
    """
    build, kind, protocol, lengths = KINDS[name]
    names = [table for table in kind._fields if table != "has"]
    assert set(kind._fields) == {each for each in vars(protocol) if not each.startswith("_")}, protocol.__name__
    assert len(lengths) == len(names), f"the lengths of what {name} returns"
    counts = tables.Sizes(**{size: 2 + k for k, size in enumerate(tables.Sizes._fields[:9])}, **ALL_STEPS)
    paths = 1 if name == "net_of" else 3
    numbers, place = np.arange(10_000.0), 0
    built = build(numbers, counts) if name == "net_of" else build(numbers, counts, paths)
    for table, length in zip(names, lengths, strict=True):
        rows = getattr(built, table)
        assert rows.dtype.itemsize == 8 * length, f"{name}: {table} has another record type than its length says"
        assert rows.size, f"{name}: {table} is empty in a world that has everything"
        assert rows.ravel().view(float)[0] == place, f"{name}: {table} does not begin where the one before it ends"
        place += rows.nbytes // 8
    if name == "flows_of":
        assert place == paths * np.dot(tables.flow_counts(counts), lengths), "flow_counts"
        layout = Layout(rich())
        assert [record for _, record in layout.flow_tables()] == list(tables.FLOWS), "Layout.flow_tables"
    if name != "net_of":
        of_path = tables.path_of if name == "state_of" else tables.flows_of_path
        for table, rows in of_path(built, 1)._asdict().items():
            same = rows.ctypes.data == getattr(built, table)[1].ctypes.data
            assert same, f"{of_path.__name__}: {table} is not a row of {table}"


ALL_STEPS = dict.fromkeys(tables.Sizes._fields[9:], 1)


DOES_NOTHING_HERE = {
    "stocks.unit_value": "figures and observations use it",
    "lanes.share": "rules and observations use it",
    "lanes.critical": "a rule uses it",
    "lanes.crossing": "it matters to random lead times only, which `lorry` has not",
    "demands.forecast": "it is seen, and changes nothing",
    "demands.occurs": "it is for histories and intermittent demand: tests/chance/test_demand.py",
}


def outcome(world: Scenario) -> list[np.ndarray]:
    """Return all that happens, and is seen, with orders that do not depend on the world's numbers."""
    layout, rng = Layout(world), np.random.default_rng(2)
    trace = Chance(world).draw(3, 2, min(world.horizon.periods, 40))
    simulation, found = Simulation(layout, trace), [trace.seen.copy()]
    for _ in range(trace.periods):
        simulation.step(rng.integers(0, 12, (2, len(layout.lanes))).astype(float))
        found += [simulation._states.copy(), simulation._flows.copy()]
    return found


def test_each_field_of_a_scenario_changes_what_is_played():
    """Taken out of a world that says it, a field leaves another outcome behind."""
    said, matters = set(), set()
    for world in worlds():
        whole, plain = outcome(world), world.resolved
        for table in TABLES:
            for name, part in plain.get(table, {}).items():
                for key in [key for key in part if f"{table}.{key}" in SUPPORT or key == "from"]:
                    place = f"{table}.{key}"
                    said.add(place)
                    if place in matters:
                        continue
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        try:
                            other = load(world, {f"{table}.{name}.{key}": None})
                        except ScenarioError:  # it cannot be left out
                            matters.add(place)
                            continue
                    after = outcome(other)
                    if len(after) != len(whole) or any(
                        a.shape != b.shape or not np.array_equal(a, b) for a, b in zip(whole, after, strict=True)
                    ):
                        matters.add(place)
    fields = {place for place in SUPPORT if place.partition(".")[0] in TABLES} - set(DOES_NOTHING_HERE)
    assert fields - {place.replace(".from", ".draws_on") for place in said} == set(), "no world here says these"
    assert fields - {place.replace(".from", ".draws_on") for place in matters} == set(), "these change nothing"
