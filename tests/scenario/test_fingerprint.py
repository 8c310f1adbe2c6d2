"""A fingerprint tells worlds apart, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from jit_gym.scenario import load

HISTORY = {
    "demands.customers.distribution": None,
    "demands.customers.history": {"values": [1, 2, 3]},
    "horizon": None,
}
LANES = {"a": {"to": "shop", "lead_time": 1}, "b": {"to": "shop", "lead_time": 2}}
BOOM = {"distribution": 9, "next": {"calm": 0.2}}
CALM = {"distribution": 4, "next": {"boom": 0.1}}
REGIMES = {"demands.customers.distribution": None, "demands.customers.regimes": {"calm": CALM, "boom": BOOM}}
THREE = {f"demands.{name}": {"from": "shop", "distribution": 5} for name in "abc"}
TOGETHER = [{"between": ["a", "b"], "correlation": 0.5}, {"between": ["b", "c"], "correlation": 0.25}]


def of(overrides: dict) -> str:
    return load("lost-sales", overrides).fingerprint


def test_it_is_the_same_on_every_machine():
    """A change here means that every stored result is of another world: change it only when that is so."""
    assert of({}) == "1120f6d6aa47c7b0"


def test_it_is_the_same_in_every_process():
    program = "from jit_gym.scenario import load; print(load('lost-sales').fingerprint)"
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert run.stdout.strip() == of({}), run.stderr


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"lanes.supplier.lead_time": {"name": "fixed", "value": 4.0}}),
        (
            {},
            {"name": "x", "title": "y", "description": "z", "policies": ["jit"], "stocks.shop.title": "Shop"},
        ),
        ({}, {"lanes.supplier.capacity": None, "lanes.supplier.unit_cost": 0, "suppliers": {}}),
        ({}, {"stocks.shop.initial": 10.0, "horizon.periods": 200.0}),
        (
            {},
            {
                "demands.customers": {
                    "shortage_cost": 19,
                    "distribution": {"mu": 5.0, "name": "poisson"},
                    "from": {"shop": 1},
                }
            },
        ),
        ({"stocks.shop.waste_cost": -0.0}, {}),
        (HISTORY, {**HISTORY, "demands.customers.history.source": "somewhere"}),
        (
            {},
            {
                "demands.customers.occurs": 1,
                "demands.customers.autocorrelation": 0,
                "demands.customers.forecast": None,
                "demands.customers.regimes": {},
                "correlations": [],
            },
        ),
        (
            {**THREE, "correlations": TOGETHER},
            {**THREE, "correlations": [{**each, "between": each["between"][::-1]} for each in TOGETHER[::-1]]},
        ),
        (HISTORY, {**HISTORY, "demands.customers.history.values": (1.0, 2.0, 3.0)}),
    ],
)
def test_it_does_not_depend_on_how_a_world_is_written(one: dict, other: dict):
    assert of(one) == of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"lanes.supplier.lead_time": 5}),
        ({}, {"stocks.shop.holding_cost": 1 + 1e-12}),
        ({}, {"horizon.periods": 201}),
        ({}, {"horizon.ends": True}),
        ({}, {"units": "continuous"}),
        ({}, {"demands.customers.unmet": "backlog"}),
        ({}, {"demands.customers.distribution.loc": 1}),
        ({}, {"suppliers.aisin": {}}),
        ({"lanes": LANES}, {"lanes": dict(reversed(LANES.items()))}),  # orders would trade places
        (HISTORY, {**HISTORY, "demands.customers.history.values": [1, 3, 2]}),
        ({}, {"demands.customers.occurs": 0.5}),
        ({}, {"demands.customers.autocorrelation": 0.5}),
        ({}, {"demands.customers.forecast": {"accuracy": [0]}}),  # one number more to see
        (REGIMES, {**REGIMES, "demands.customers.regimes": {"boom": BOOM, "calm": CALM}}),  # it begins in the first
        (REGIMES, {**REGIMES, "demands.customers.regime_seen": "hidden"}),
        (THREE, {**THREE, "correlations": TOGETHER}),
        (HISTORY, {**HISTORY, "demands.customers.history.replay": "resampled"}),
    ],
)
def test_it_tells_worlds_apart(one: dict, other: dict):
    assert of(one) != of(other)
    assert load("lost-sales", one) != load("lost-sales", other)


def test_a_scenario_is_nothing_but_itself():
    assert load("lost-sales") != "lost-sales"
    assert len({load("lost-sales"), load("lost-sales", {"title": "Another"}), load("dual-sourcing")}) == 2
