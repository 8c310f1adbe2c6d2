"""Industries: each loads, is an env, keeps the laws of units, and names policies that can play it."""

import warnings
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import jit_gym
from jit_gym.chance import usage
from jit_gym.envs import Env
from jit_gym.policies import agents
from jit_gym.scenario import ScenarioError, industry_names, load, names, register_scenarios

from ..physics.test_laws import Played, units_are_conserved_on_every_lane, units_are_conserved_on_every_stock

every_industry = pytest.mark.parametrize("name", industry_names())
CALM = {name for name in industry_names() if name.endswith("-calm") or f"{name}-stressed" in industry_names()}
stressed_ones = pytest.mark.parametrize(  # the calm ones have the same parts and fewer disruptions
    "name", [pytest.param(name, marks=pytest.mark.slow if name in CALM else ()) for name in industry_names()]
)


def test_industries_are_found_by_name_and_are_not_among_the_other_scenarios():
    assert load("fresh-food").name == "fresh-food"
    assert set(industry_names()).isdisjoint(names())
    with pytest.raises(ScenarioError, match=r"unknown scenario 'fresh-foo' \(did you mean 'fresh-food'\?\)"):
        load("fresh-foo")


def test_the_name_of_an_industry_is_taken(tmp_path: Path):
    (tmp_path / "fresh-food.yaml").write_text("extends: lost-sales\n")
    with pytest.raises(jit_gym.scenario.BadInput, match="the name 'fresh-food' is taken"):
        register_scenarios(tmp_path)


@every_industry
def test_an_industry_says_what_it_is_in_keys_that_all_do_something(name: str):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scenario = load(name)
    assert scenario.name == name
    assert scenario.title
    assert scenario.policies


@pytest.mark.parametrize("name", [name for name in industry_names() if name.endswith("-stressed")])
def test_a_stressed_industry_is_the_calm_one_with_more_that_goes_wrong(name: str):
    """Same stocks, lanes and demands, so that what was learned in one plays in the other."""
    calm, stressed = load(name.removesuffix("-stressed")), load(name)
    assert [*calm.stocks, *calm.lanes, *calm.demands] == [*stressed.stocks, *stressed.lanes, *stressed.demands]
    assert calm.horizon == stressed.horizon
    assert calm != stressed


def test_the_fire_of_1997_is_played_by_the_names_that_it_always_had():
    """`aisin-1997` has the fire, `-calm` is without, and all three show and take the same."""
    worlds = {name: load(name) for name in ("aisin-1997-calm", "aisin-1997", "aisin-1997-record")}
    assert [*map(len, (world.disruptions for world in worlds.values()))] == [0, 1, 3]
    assert len({(*world.stocks, *world.lanes, *world.demands) for world in worlds.values()}) == 1
    assert gym.spec("jit_gym/Aisin1997-v2").kwargs == {"scenario": "aisin-1997"}
    assert [agents(world) for world in worlds.values()] == [[], ["agent:hindsight"], ["agent:hindsight"]]


@stressed_ones
def test_an_industry_is_an_environment(name: str):
    """`fresh-food` is `jit_gym/FreshFood-v1`, and Gymnasium finds no fault with it."""
    env = gym.make(next(id for id, spec in gym.registry.items() if spec.kwargs.get("scenario") == name)).unwrapped
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env(env)
    assert [str(warning.message) for warning in caught] == []


@every_industry
def test_random_actions_order_about_what_is_used(name: str):
    """Uniformly random actions order 0.5 to 2 times what a stock is used on average, and action 0 as much."""
    env = Env(name)
    layout, use = env.episodes.layout, np.array([mean for mean, _ in usage(env.scenario).values()])
    actions = np.random.default_rng(0).uniform(-1, 1, (5_000, len(env.scenario.lanes)))
    for orders in (env.orders(actions).mean(axis=0), env.orders(np.zeros(len(actions[0])))):
        assert ((0.5 * use <= (into := orders @ layout.into)) & (into <= 2 * use)).all()


@every_industry
def test_no_units_come_from_nothing(name: str):
    world = Played(load(name), seed=1).compiled()
    units_are_conserved_on_every_stock(world)
    units_are_conserved_on_every_lane(world)


@stressed_ones
def test_its_policies_play(name: str):
    table = jit_gym.compare(None, name, paths=4, periods=30, warmup=0, seed=1, gap=False)
    assert len(table.results) >= len(load(name).policies)
