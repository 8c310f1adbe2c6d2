"""Families: worlds that are the same for everybody, and errors that name what is wrong."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import jit_gym
from jit_gym.scenario import ScenarioError, family_names, is_family

SMALL = {"name": "small", "family": {"of": "lost-sales", "varies": {"lanes.supplier.lead_time": [1, 2]}}}


def test_the_first_worlds_are_these():
    """World k of a regime and seed depends on nothing else: these were drawn when families were new."""
    family = jit_gym.family("lost-sales-family")
    found = [int(family.world(k).lanes["supplier"].lead_time.mean) for k in range(6)]
    assert found == [7, 3, 1, 2, found[4], found[5]]
    assert family.values(0)["demands.customers.distribution"] == {"name": "nbinom", "n": 5, "p": 0.5}
    assert family.world(3).fingerprint == jit_gym.family("lost-sales-family").world(3).fingerprint
    assert family.world(3, seed=1).fingerprint != family.world(3).fingerprint


@pytest.mark.parametrize("name", family_names())
def test_shipped_families_load_and_their_regimes_differ(name: str):
    family = jit_gym.family(name)
    assert family.title
    worlds = {regime: {family.world(k, regime).fingerprint for k in range(12)} for regime in family.regimes}
    assert len(worlds["train"]) > 6
    assert worlds["train"].isdisjoint(worlds["held-out"])


def test_values_have_their_distribution():
    """Uniform choices, and draws from scipy's distribution (chi-squared and Kolmogorov-Smirnov tests)."""
    varies = {"lanes.supplier.unit_cost": {"name": "gamma", "a": 2}, "demands.customers.shortage_cost": [4, 9, 19]}
    family = jit_gym.family({"name": "f", "family": {"of": "lost-sales", "varies": varies}})
    drawn = [family.values(k) for k in range(3000)]
    costs = [each["lanes.supplier.unit_cost"] for each in drawn]
    assert stats.kstest(costs, stats.gamma(2).cdf).pvalue > 1e-4
    counts = np.unique([each["demands.customers.shortage_cost"] for each in drawn], return_counts=True)[1]
    assert stats.chisquare(counts).pvalue > 1e-4


def test_a_family_is_read_from_a_file_that_lies_beside_its_scenario(tmp_path: Path):
    (tmp_path / "shop.yaml").write_text("extends: lost-sales\nlanes: {supplier: {lead_time: 2}}\n")
    file = tmp_path / "mine.yaml"
    file.write_text("family: {of: shop.yaml, varies: {demands.customers.shortage_cost: [4, 19]}}\n")
    family = jit_gym.family(file)
    assert family.name == "mine"
    assert family.world(0).lanes["supplier"].lead_time.mean == 2
    assert is_family(file)
    assert not is_family(tmp_path / "shop.yaml")
    assert not is_family("lost-sales")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": {"of": "lost-sale", "varies": {"a": [1]}}}, r"family.of: unknown scenario 'lost-sale' \(did you"),
        ({"family": {"of": "lost-sales", "varies": {}}}, "family.varies: must have 1 or more entries"),
        ({"family": {"of": "lost-sales", "varies": {"lanes.supplier.lead_tim": [1]}}}, "unknown key 'lead_tim'"),
        ({"family": {"of": "lost-sales", "varies": {"lanes.supplier.lead_time": []}}}, "must be a list of values, or"),
        ({"family": {"of": "lost-sales", "varies": {"lanes.supplier.lead_time": [-1]}}}, "must be 0 periods or more"),
        (
            {"family": {"of": "lost-sales", "varies": {"horizon.periods": [10, 20]}}},
            "have the same horizon in all",
        ),
        ({"family": {"of": "lost-sales", "varies": {"units": ["continuous"]}}}, "must have the same units in all"),
        (
            {"family": {"of": "lost-sales", "varies": {"lanes.supplier.lead_time": {"name": "randin", "low": 1}}}},
            r"lead_time: unknown distribution 'randin' \(did you mean 'randint'\?\)",
        ),
        (  # no world that is drawn first has it
            {"family": {"of": "lost-sales", "varies": {"demands.customers.shortage_cost": [*range(99), -4]}}},
            "demands.customers.shortage_cost: must be 0 or more, got -4",
        ),
        ({"family": {"of": "lost-sales", "varies": {"title": ["a", "b"]}}}, "varies.title: is a label, which changes"),
        (
            {"family": {"of": "lost-sales-family", "varies": {"lanes.supplier.lead_time": [1, 2]}}},
            "family.of: 'lost-sales-family' is a family of scenarios, and one scenario is needed",
        ),
        ({"regimes": {"held-out": {}}}, "regimes: must have a regime 'train', got held-out"),
        ({"regime": {}}, r"unknown key 'regime' \(did you mean 'regimes'\?\)"),
    ],
)
def test_a_family_that_makes_no_sense_is_refused_in_one_line(change, message: str):
    with pytest.raises(ScenarioError, match=message) as caught:
        jit_gym.family(SMALL | change).world(0)
    assert "\n" not in str(caught.value)


def test_unknown_names_are_refused():
    with pytest.raises(ScenarioError, match=r"unknown family 'lost-sales-famly' \(did you mean"):
        jit_gym.family("lost-sales-famly")
    with pytest.raises(ScenarioError, match="unknown regime 'test'"):
        jit_gym.family("lost-sales-family").world(0, regime="test")
    with pytest.raises(ValueError, match="world: must be a whole number, 0 or more, got -1"):
        jit_gym.family("lost-sales-family").world(-1)


def test_a_family_is_no_scenario(tmp_path: Path):
    file = tmp_path / "mine.yaml"
    file.write_text("family: {of: lost-sales, varies: {lanes.supplier.lead_time: [1, 2]}}")
    with pytest.raises(ScenarioError, match="'lost-sales-family' is a family of scenarios"):
        jit_gym.load("lost-sales-family")
    with pytest.raises(ScenarioError, match=r"mine.yaml: unknown key 'family' .this is a family of scenarios"):
        jit_gym.load(file)
    with pytest.raises(ScenarioError, match=r"unknown scenario 'lost-sales-famly' .did you mean 'lost-sales-family'"):
        jit_gym.load("lost-sales-famly")


def test_a_family_of_a_changed_scenario():
    """The change is in all worlds; a key that varies, or a part of one, cannot be set."""
    family = jit_gym.family(SMALL)
    changed = family.changed({"stocks.shop.holding_cost": 2})
    assert {changed.world(k).stocks["shop"].holding_cost for k in range(3)} == {2}
    assert changed.world(1).lanes == family.world(1).lanes
    assert family.world(0).stocks["shop"].holding_cost == 1
    for key, value in (("lanes.supplier.lead_time", 4), ("lanes.supplier.lead_time.mu", 4), ("lanes", {})):
        with pytest.raises(ScenarioError, match=f"{key}: cannot be set, as lanes.supplier.lead_time varies in small"):
            family.changed({key: value})
    with pytest.raises(ScenarioError, match="unknown stock 'shp'"):
        family.changed({"stocks.shp.holding_cost": 2})
