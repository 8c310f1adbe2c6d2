"""One table tells what supports what: it is complete, and those who compute from a scenario refuse by it."""

import pytest

from jit_gym import load
from jit_gym.policies.limits import LIMITS
from jit_gym.scenario import model
from jit_gym.scenario.supports import CONSUMERS, SUPPORT, TABLES, supports, unsupported

PARTS = {
    "horizon": model.Horizon,
    "objective": model.Objective,
    "stocks": model.Stock,
    "warehouses": model.Warehouse,
    "lanes": model.Lane,
    "suppliers": model.Supplier,
    "routes": model.Route,
    "demands": model.Demand,
    "correlations": model.Correlation,
    "spikes": model.Spike,
    "disruptions": model.Disruption,
    "drivers": model.Driver,
}


def fields() -> set[str]:
    """Return each field that a scenario can give a meaning, by its place."""
    own = {name for name in model.Scenario.model_fields if name not in {*PARTS, *model.Scenario.labels}}
    return own | {
        f"{table}.{name}" for table, part in PARTS.items() for name in part.model_fields if name not in part.labels
    }


def test_each_field_of_the_schema_has_a_row_and_each_row_a_field():
    """Who adds a field to a part of a scenario says here which consumers support it."""
    assert fields() == set(SUPPORT)


def test_each_row_says_yes_or_no_of_each_consumer():
    for place, letters in SUPPORT.items():
        assert len(letters) == len(CONSUMERS), place
        assert all(mark in (letter, ".") for mark, letter in zip(letters, CONSUMERS, strict=True)), place


def test_what_formulas_leave_out_has_a_note_and_nothing_else_has():
    """A field without F is one that a `Limit` looks at, so that no formula ignores it without a word."""
    noted = {field for limit in LIMITS.values() for field in limit.fields}
    ignored = {place for place, letters in SUPPORT.items() if "F" not in letters}
    whole_tables = {place for place in ignored if place.partition(".")[0] in ("correlations", "spikes", "disruptions")}
    assert noted - whole_tables == ignored - whole_tables
    assert {place.partition(".")[0] for place in noted & whole_tables} == {"correlations", "spikes", "disruptions"}


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_a_plain_world_is_supported_by_all(consumer: str):
    """`lost-sales` says nothing that any consumer does not know, but for its horizon's end, which it has not."""
    assert list(unsupported(consumer, load("lost-sales"))) == []


def test_what_is_not_supported_is_named_by_its_place():
    world = load("lost-sales", {"lanes.supplier.defects": 0.1, "demands.customers.autocorrelation": 0.5})
    assert list(unsupported("E", world)) == ["lanes.supplier.defects", "demands.customers.autocorrelation"]
    assert list(unsupported("E", world, {"lanes": ["supplier"]})) == ["lanes.supplier.defects"]
    assert list(unsupported("B", world)) == []
    assert supports("E", "stocks", world.stocks["shop"])
    assert not supports("E", "lanes", world.lanes["supplier"])


def test_of_a_table_that_a_consumer_does_not_know_only_the_name_is_told():
    rush = {"hits": ["customers"], "starts": {"every": 50}, "lasts": 5, "factor": 2}
    assert list(unsupported("E", load("lost-sales", {"spikes.rush": rush}))) == ["spikes.rush"]


def test_the_tables_of_a_scenario_are_all_looked_at():
    tables = {name for name, field in model.Scenario.model_fields.items() if "dict" in str(field.annotation)}
    assert tables == set(TABLES)
