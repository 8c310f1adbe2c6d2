"""What may happen, with its chances: held against what traces draw."""

from typing import Any

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.chance.outcomes import Outcomes
from jit_gym.scenario import ScenarioError, load

SHOP: dict[str, Any] = {
    "name": "shop",
    "stocks": {"shop": {}, "store": {}},
    "lanes": {
        "near": {"to": "shop", "lead_time": {"name": "randint", "low": 0, "high": 3}, "crossing": True},
        "far": {"to": "store", "capacity": 9},
    },
    "demands": {
        "some": {"from": "shop", "distribution": {"name": "poisson", "mu": 2}, "season": [0.5, 2, 1]},
        "others": {"from": "store", "distribution": {"name": "gamma", "a": 2}, "occurs": 0.6},
    },
    "disruptions": {
        "fire": {"hits": ["near"], "starts": {"rate": 0.2}, "lasts": {"name": "geom", "p": 0.4}},
        "strike": {"hits": ["near", "far"], "starts": {"rate": 0.3}, "lasts": 1, "severity": 0.5},
    },
}


def test_chances_add_up():
    """Of the next state, of supply, and of demand, in every state."""
    outcomes = Outcomes.of(load(SHOP))
    assert (outcomes.season, outcomes.states) == (3, 12)
    for chances in (outcomes.next, outcomes.supply_chance, outcomes.demand_chance):
        np.testing.assert_allclose(chances.sum(axis=1), 1)
        assert chances.min() >= 0
    assert not outcomes.hidden


def test_they_are_the_shares_of_traces():
    """Played through the chain, each row of chance is as likely as it is among 20,000 paths of a trace, to 0.01."""
    world = load(SHOP)
    outcomes, periods = Outcomes.of(world), 7
    trace = Chance(world).draw(5, 20_000, periods)
    states = np.eye(outcomes.states)[0]
    for t in range(periods):
        drawn = {
            "supply": (trace.chance[t], outcomes.supply, states @ outcomes.supply_chance),
            "demand": (trace.chance[t], outcomes.demand, outcomes.demand_chance[t % 3]),
        }
        for part, (rows, values, chances) in drawn.items():
            columns = [column for name, column in outcomes.columns.demand.items()]
            others = [k for k in range(outcomes.columns.chance) if k not in columns]
            used = columns if part == "demand" else others
            for column in used:
                for value in np.unique(values[:, column]):
                    expected = chances[values[:, column] == value].sum()
                    assert np.mean(rows[:, column] == value) == pytest.approx(expected, abs=0.015)
        states = states @ outcomes.next


def test_what_is_seen_is_what_a_trace_shows():
    """In the first period all works, and the forecast has the season's first values; the trace shows the same."""
    world = load(SHOP)
    outcomes = Outcomes.of(world)
    shown = Chance(world).draw(1, 50, 6).seen
    np.testing.assert_allclose(shown[0, 0], outcomes.seen[0])
    for t in range(6):
        looks = outcomes.seen[outcomes.phase == t % 3]
        assert all(np.isclose(looks, row).all(axis=1).any() for row in shown[t])


@pytest.mark.parametrize(
    ("overrides", "place"),
    [
        ({"demands.some.trend": 0.1}, "demands.some.trend"),
        ({"demands.some.autocorrelation": 0.5}, "demands.some.autocorrelation"),
        ({"disruptions.fire.stops": "transit", "lanes.near.lead_time": 2}, "disruptions.fire.stops"),
        ({"disruptions.fire.announced": 2}, "disruptions.fire.announced"),
        ({"disruptions.fire.lasts": {"name": "randint", "low": 1, "high": 9}}, "disruptions.fire.lasts"),
        ({"lanes.near.defects": 0.1}, "lanes.near.defects"),
        ({"lanes.near.pays_after": 3}, "lanes.near.pays_after"),
        ({"stocks.shop.seen_late": 1}, "stocks.shop.seen_late"),
        ({"lanes.near.crossing": False}, "lanes.near.lead_time"),
        ({"correlations": [{"between": ["some", "others"], "correlation": 0.5}]}, "correlations"),
    ],
)
def test_what_is_not_known_to_be_markov_is_refused_by_its_place(overrides: dict[str, Any], place: str):
    with pytest.raises(ScenarioError, match=f"^{place}: "):
        Outcomes.of(load(SHOP, overrides))
