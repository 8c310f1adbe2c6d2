"""The calendar: what is seen of the date, where demand, prices or announced events depend on it."""

from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.chance.calendar import Calendar
from jit_gym.envs import Env
from jit_gym.evaluation import evaluate
from jit_gym.scenario import load

from ..worlds import shop

RUSH = {"hits": ["customers"], "starts": {"at": [3]}, "lasts": 2, "factor": 3}
PAST = {"from": "shop", "history": {"values": [3, 1, 4, 1, 5, 9], "replay": "resampled", "season": 3}}


@pytest.mark.parametrize(
    ("overrides", "cycles", "passes"),
    [
        ({}, [], False),
        ({"demands.customers.season": [1, 2, 1, 0]}, [4], False),
        ({"demands.customers": PAST}, [3], False),
        ({"demands.customers": PAST | {"history": PAST["history"] | {"replay": "as-it-was"}}}, [], True),
        ({"demands.customers.trend": 0.01}, [], True),
        ({"horizon.ends": True}, [], True),
        ({"spikes.rush": RUSH}, [], True),
        ({"spikes.rush": RUSH | {"seen": "hidden"}}, [], False),
        ({"spikes.rush": RUSH | {"starts": {"every": 5}}}, [7], False),
        ({"spikes.rush": RUSH | {"starts": {"rate": 0.1}}}, [], False),
        ({"disruptions.fire": {"hits": ["supplier"], "starts": {"at": [3]}, "lasts": 2}}, [], False),
        ({"disruptions.fire": {"hits": ["supplier"], "starts": {"at": [3]}, "lasts": 2, "announced": 1}}, [], True),
        ({"disruptions.stop": {"hits": ["supplier"], "starts": {"every": 8}, "lasts": 2, "announced": 1}}, [10], False),
    ],
)
def test_the_date_is_seen_where_it_matters(overrides: dict[str, Any], cycles: list[int], passes: bool):
    """Seasons and what comes by the clock have a phase, what changes for good a share; a surprise has none."""
    calendar = Calendar(shop({"horizon.periods": 6, **overrides}))
    assert (calendar.cycles, calendar.passes) == (cycles, passes)
    assert ("horizon.passed" in calendar.names) == passes


def test_a_phase_is_a_point_on_a_circle():
    """Over a season of four (1 + sin)/2 is 1/2, 1, 1/2, 0, and of a year every week has numbers of its own."""
    four = Calendar(shop({"demands.customers.season": [1, 2, 1, 0]}))
    assert four.names == ["season_4.sine_1", "season_4.cosine_1"]
    assert four.at(np.arange(5)).tolist() == [[0.5, 1], [1, 0.5], [0.5, 0], [0, 0.5], [0.5, 1]]
    year = Calendar(load("grocery")).at(np.arange(104))
    assert len(np.unique(year.round(6), axis=0)) == 52
    assert np.array_equal(year[:52], year[52:])
    assert year.min() >= 0
    assert year.max() <= 1


def test_an_announced_spike_is_seen_coming():
    """Announced 2 periods ahead, in the third period and for two: 3 thirds off, 2, 1, and 0 while it lasts."""
    world = shop({"horizon.periods": 7, "spikes.rush": RUSH | {"announced": 2}})
    env = Env(world)
    place = env.observation_names.index("rush.comes_in")
    rows = [env.reset(seed=0)[0]] + [env.step(np.zeros(1))[0] for _ in range(7)]
    assert [row[place] for row in rows] == pytest.approx([1, 2 / 3, 1 / 3, 0, 0, 1, 1, 1])


def test_an_announcement_changes_nothing_of_what_comes():
    """A spike at random is the same spike however early it is announced."""
    rush = RUSH | {"starts": {"rate": 0.2}}
    drawn = [
        Chance(shop({"horizon.periods": 30, "spikes.rush": rush | {"announced": ahead}})).draw(4, 8).demand
        for ahead in (0, 1, 9)
    ]
    assert np.array_equal(drawn[0], drawn[1])
    assert np.array_equal(drawn[0], drawn[2])


def test_a_rule_that_knows_the_week_earns_more():
    """Ordering up to the most ever sold in this week and the next earns 5 % more than base-stock on grocery."""
    world = load("grocery")
    history = world.demands["customers"].history
    assert history is not None
    most = np.resize(np.reshape(history.values, (3, 52)).max(axis=0), 160)

    def by_the_week(view: Any) -> np.ndarray:
        return np.maximum(most[view.period] + most[view.period + 1] - view.inventory_position, 0)

    knows, plain = (evaluate(rule, world, paths=256, seed=7).mean("profit") for rule in (by_the_week, "base-stock"))
    assert knows > 1.05 * plain
