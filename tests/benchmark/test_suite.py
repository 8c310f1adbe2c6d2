"""Suites: what their files must say, which runs a tier has, and what the shipped one promises."""

import pytest

from jit_gym.agents import tuned
from jit_gym.agents.learner import TEST, TUNING, VALIDATION
from jit_gym.benchmark import REGIMES, TAGS, Run, suite
from jit_gym.benchmark.suite import LEAST_SEED, shipped_suites
from jit_gym.envs.observation import Codec
from jit_gym.physics import Layout
from jit_gym.policies import policy
from jit_gym.policies.trained import _kinds
from jit_gym.scenario import ScenarioError
from jit_gym.scenario.window import window

from .tiny import JUDGING, raw, tiny

SHIPPED = suite("jit-bench-v1")


def test_the_shipped_suite_has_instances_of_all_kinds():
    assert shipped_suites() == ["jit-bench-v1"]
    assert len(SHIPPED.instances) >= 40
    assert min(len(names) for names in SHIPPED.tags.values()) >= 4
    assert set(SHIPPED.tiers) == {"test", "small", "full"}


def test_the_test_tier_has_an_instance_of_each_tag_and_trains_nothing():
    runs = SHIPPED.runs("test")
    assert {tag for run in runs for tag in SHIPPED.instances[run.instance].tags} == set(TAGS)
    assert not any(SHIPPED.policies[run.policy].trains for run in runs)


def test_a_tier_is_a_part_of_the_next_one():
    test, small, full = (set(SHIPPED.runs(name)) for name in ("test", "small", "full"))
    assert test <= small < full


def test_agents_are_trained_with_five_seeds_and_rules_tuned_with_one():
    seeds: dict[tuple[str, str], int] = {}
    for instance, name, _ in SHIPPED.runs("full"):
        seeds[instance, name] = seeds.get((instance, name), 0) + 1
    assert all(count == (5 if SHIPPED.policies[name].trains else 1) for (_, name), count in seeds.items())


def test_nothing_learns_on_the_paths_that_judge():
    known = [TEST, TUNING, VALIDATION, SHIPPED.learning.tuning_seed + 1000]
    assert max(known) < LEAST_SEED <= min(SHIPPED.judging.seeds.values())


@pytest.mark.parametrize("name", SHIPPED.instances)
def test_an_instance_is_three_worlds(name: str):
    """They differ, none is played in the regime that is held out, and an agent sees as many numbers in each."""
    instance = SHIPPED.instances[name]
    worlds = {regime: instance.world(regime) for regime in REGIMES}
    assert len({world.fingerprint for world in worlds.values()}) == 3
    assert instance.learns_on != "held-out"
    if any(entry.trains for entry in SHIPPED.policies_of(name).values()):
        shown = [_kinds(Codec(Layout(world)).names) for world in worlds.values()]
        assert shown[0] == shown[1] == shown[2]


def test_trainings_keep_the_settings_that_a_suite_was_made_with():
    """Those of ppo do not look ahead, as the shipped ones do today; of dcl the shipped ones hold, by scenario."""
    assert tuned("ppo", "lost-sales")["lead_times_ahead"] > 0
    assert "lead_times_ahead" not in SHIPPED.usual("ppo", "lost-sales")
    assert SHIPPED.usual("ppo", "lost-sales")["discrete"]
    assert "discrete" not in SHIPPED.usual("ppo", "serial")
    assert SHIPPED.usual("dcl", "perishable") == tuned("dcl", "perishable")


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED.instances)
def test_no_policy_refuses_a_world_that_its_group_has(name: str):
    for regime in REGIMES:
        world = SHIPPED.instances[name].world(regime)
        assert window(world).periods > 0
        for entry in SHIPPED.policies_of(name).values():
            if entry.trains is None:
                policy(entry.plays or entry.tunes, world)


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("backlog", {("shop/waits", "base-stock"), ("shop/waits", "constant"), ("shop/waits", "formula")}),
        ("shop/lost", {("shop/lost", "base-stock"), ("shop/lost", "constant"), ("shop/lost", "formula")}),
        ("constant", {("shop/lost", "constant"), ("shop/waits", "constant")}),
        ("lead-time, formula", {("shop/waits", "formula")}),
        ("lost-sales,backlog", set()),
    ],
)
def test_runs_are_selected_by_tag_instance_and_policy(only: str, expected: set[tuple[str, str]]):
    found = {run[:2] for run in tiny().runs("test", only)}
    assert {run for run in found if run[1] != "lot-for-lot"} == expected


def test_agents_are_trained_where_the_tier_says_so():
    trained = [run for run in tiny().runs("full") if run.policy == "hindsight"]
    assert trained == [Run("shop/lost", "hindsight", 0), Run("shop/lost", "hindsight", 1)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"low": "jit"}, "low: unknown 'jit'"),
        ({"low": "base-stock"}, "low: must be a policy that plays as it is"),
        ({"groups": {"shop": ["lot-for-lot", "formula"]}}, "must have a rule that is tuned"),
        ({"groups": {"shop": ["formula", "base-stock"]}}, "must have lot-for-lot"),
        ({"policies": {"reference": {"plays": "jit"}}}, "is the name of what they are compared with"),
        ({"policies": {"both": {"plays": "jit", "tunes": "jit"}}}, "needs one of 'plays', 'tunes' and 'trains'"),
        ({"policies": {"jit": {"plays": "jit", "settings": {"budget": 1}}}}, "are those of a training"),
        ({"judging": JUDGING | {"seeds": {"calm": 1, "stressed": 2, "held-out": 3}}}, "5,000,000,000"),
        ({"judging": JUDGING | {"seeds": dict.fromkeys(REGIMES, 5000000001)}}, "another one for each"),
        ({"tiers": {"test": {"title": "a", "instances": ["shop/loss"]}}}, "did you mean 'shop/lost'"),
        ({"instances": {"shop": raw()["instances"]["shop/lost"]}}, "must be a name such as"),
        ({"instances": {"shop/lost": raw()["instances"]["shop/lost"] | {"regimes": {"calm": {}}}}}, "is missing"),
        ({"instances": {"shop/lost": raw()["instances"]["shop/lost"] | {"learns_on": "held-out"}}}, "learns_on"),
        ({"instances": {"shop/lost": raw()["instances"]["shop/lost"] | {"tags": ["fun"]}}}, "tags"),
        ({"instance": {}}, "unknown key 'instance'"),
    ],
)
def test_a_suite_that_makes_no_sense_is_refused(changes, said):
    with pytest.raises(ScenarioError, match=said) as refused:
        tiny(**changes)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("which", ["jit-bench-v2", "nowhere.yaml"])
def test_a_suite_that_is_not_there_is_refused(which: str):
    with pytest.raises(ScenarioError, match=which):
        suite(which)


@pytest.mark.parametrize(
    ("tier", "only", "said"), [("large", None, "tier: must be one of"), ("test", "base", "only: ")]
)
def test_unknown_names_are_refused(tier, only, said):
    with pytest.raises(ScenarioError, match=said):
        tiny().runs(tier, only)
