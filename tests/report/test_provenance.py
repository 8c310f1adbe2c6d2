"""The birth certificate is plain JSON, and what it holds makes the numbers again."""

import json

import pytest
import yaml

import jit_gym
from jit_gym.report.numbers import document
from jit_gym.report.provenance import certificate, yaml_of
from jit_gym.scenario.yaml12 import parse


@pytest.mark.parametrize("name", jit_gym.names())
def test_a_resolved_scenario_is_the_same_world_without_any_other_file(name):
    scenario = jit_gym.load(name)
    assert jit_gym.load(json.loads(json.dumps(scenario.resolved))) == scenario
    again = jit_gym.load(yaml.safe_load(yaml_of(scenario)))
    assert again == scenario
    assert (again.title, again.description, again.policies) == (scenario.title, scenario.description, scenario.policies)


def test_for_ever_travels_as_yaml_and_as_json():
    """YAML has infinity, `.inf`; JSON has none, so there it is the text ".inf", which is read as the same world."""
    events = {
        "disruptions": {"fire": {"hits": ["supplier"], "starts": {"at": [3]}, "lasts": float("inf")}},
        "spikes": {"fair": {"hits": ["customers"], "starts": {"every": float("inf")}, "lasts": 1, "factor": 2}},
        "stocks.shop.obsolete": {"every": float("inf")},
    }
    scenario = jit_gym.load("lost-sales", events)
    assert jit_gym.load(json.loads(json.dumps(scenario.resolved, allow_nan=False))) == scenario
    assert jit_gym.load(scenario.model_dump(exclude_unset=True)) == scenario
    text = yaml_of(scenario)
    assert "lasts: .inf" in text
    assert text.count("every: .inf") == 2
    assert jit_gym.load(parse(text)) == scenario
    longer = jit_gym.load("lost-sales", events | {"disruptions.fire.lasts": 10**9})
    assert longer.fingerprint != scenario.fingerprint


def test_the_certificate_tells_what_was_played():
    scenario = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 2})
    comparison = jit_gym.compare(["jit", "kanban"], scenario, paths=4, periods=30, warmup=5, seed=3)
    birth = json.loads(json.dumps(certificate(comparison, "the command", ["a note"]), allow_nan=False))
    assert birth["fingerprint"] == scenario.fingerprint
    assert [birth[name] for name in ("seed", "paths", "periods", "warmup")] == [3, 4, 30, 5]
    assert birth["policies"] == [
        {"policy": "jit(level=15)", "parameters": {"level": 15}},
        {"policy": "kanban(cards=22, container=1)", "parameters": {"cards": 22, "container": 1}},
    ]
    assert birth["command"] == "the command"
    assert birth["notes"] == ["a note"]
    assert {"python", "jit_gym", "numpy", "numba"} <= set(birth["versions"])
    assert jit_gym.load(birth["resolved"]) == scenario


def test_the_numbers_are_those_of_the_comparison():
    comparison = jit_gym.compare(["jit", "base-stock"], "lost-sales", paths=64, periods=50)
    told = json.loads(json.dumps(document(comparison), allow_nan=False))
    for result, policy in zip(comparison.results, told["policies"], strict=True):
        assert policy["policy"] == result.policy
        for name in ("cost", "fill_rate", "orders"):
            assert policy["figures"][name] == result.estimate(name)._asdict()
        assert policy["figures"]["turns"]["mean"] is None  # the stock has no value
        assert policy["difference"]["cost"] == comparison.difference(result)._asdict()
    assert [policy["against_first"] for policy in told["policies"]] == ["same", "better"]
