"""The agents that are shipped: small, whole, made for their scenario, and as good as they say."""

import math
from pathlib import Path

import pytest

import jit_gym
from jit_gym.evaluation import Estimate
from jit_gym.policies import agents
from jit_gym.policies.models import Model
from jit_gym.scenario import industry_names

MODELS = sorted((Path(__file__).parents[2] / "agents" / "models").glob("*/*.safetensors"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_shipped_agent_is_small_and_plays_its_scenario(path: Path):
    """Under 1 MB, found under its name, and on 64 other paths as far from its rule as its manifest says."""
    assert path.stat().st_size < 1_000_000
    scenario, manifest = jit_gym.load(path.parent.name), Model.read(path).manifest
    assert f"agent:{path.stem}" in agents(scenario)
    assert manifest.command is not None
    both = [manifest.gap["rule"], f"agent:{path.stem}"]
    rule, agent = jit_gym.compare(both, scenario, paths=64, seed=11, gap=False).results
    unit = abs(rule.mean("profit")) / 100
    more = Estimate.of((rule.figures["profit"] - agent.figures["profit"]) / unit)
    theirs = (manifest.gap["high"] - manifest.gap["low"]) / 4  # the standard error of what the manifest says
    assert more.mean == pytest.approx(manifest.gap["percent"], abs=6 * math.hypot(more.error, theirs) + 1e-6)


WITHOUT = {
    "or-gym-net-management",
    "aisin-1997-calm",  # nothing is to be learned there: demand hardly varies, and nothing fails
    "electronics-record",  # to judge in, not to train in
}
"""Scenarios for which no agent is shipped."""


def test_every_other_shipped_scenario_has_an_agent():
    assert {path.parent.name for path in MODELS} == {*jit_gym.names(), *industry_names()} - WITHOUT


def test_a_shipped_agent_is_compared_by_default():
    """`jit-gym compare lost-sales` plays the agents shipped for it, but not on a changed scenario."""
    assert "agent:dcl" in agents(jit_gym.load("lost-sales"))
    assert agents(jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 2})) == []
