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


REGIMES = {
    "slack": {"distribution": {"name": "poisson", "mu": 2}, "next": {"brisk": 0.3}},
    "brisk": {"distribution": {"name": "poisson", "mu": 5}, "next": {"slack": 0.6}},
}
STRIKE: dict[str, Any] = SHOP["disruptions"]["strike"]
WORLDS: dict[str, dict[str, Any]] = {
    "season": {},
    "regimes": {"demands.some.distribution": None, "demands.some.regimes": REGIMES, "demands.some.season": []},
    "both": {"demands.some.distribution": None, "demands.some.regimes": REGIMES},
    "recovery": {"disruptions.fire.recovers_over": 2, "disruptions.fire.severity": 0.9},
    "kinds": {
        "lanes.near": {"to": "shop", "lead_time": 2},
        "disruptions.fire": SHOP["disruptions"]["fire"] | {"stops": "transit"},
        "disruptions.strike": STRIKE | {"hits": ["near"], "stops": "receiving"},
        "disruptions.lockout": STRIKE | {"hits": ["near", "far"], "stops": "ordering", "severity": 0.3},
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


@pytest.mark.parametrize("name", WORLDS)
def test_they_are_the_shares_of_traces(name: str):
    """Played through the chain, each row of chance is as likely as it is among 20,000 paths of a trace, to 0.01."""
    world = load(SHOP, WORLDS[name])
    outcomes, periods = Outcomes.of(world), 7
    trace = Chance(world).draw(5, 20_000, periods)
    states = np.eye(outcomes.states)[0]
    for t in range(periods):
        drawn = {
            "supply": (trace.chance[t], outcomes.supply, states @ outcomes.supply_chance),
            "demand": (trace.chance[t], outcomes.demand, states @ outcomes.demand_chance[outcomes.demand_state]),
        }
        for part, (rows, values, chances) in drawn.items():
            columns = [column for name, column in outcomes.columns.demand.items()]
            others = [k for k in range(outcomes.columns.chance) if k not in columns]
            used = columns if part == "demand" else others
            for column in used:
                for value in np.unique(values[:, column]):
                    expected = chances[np.isclose(values[:, column], value)].sum()
                    assert np.mean(np.isclose(rows[:, column], value)) == pytest.approx(expected, abs=0.015)
        states = states @ outcomes.next


@pytest.mark.parametrize("name", WORLDS)
def test_what_is_seen_is_what_a_trace_shows(name: str):
    """In the first period all works, and the forecast has the season's first values; the trace shows the same."""
    world = load(SHOP, WORLDS[name])
    outcomes = Outcomes.of(world)
    shown = Chance(world).draw(1, 50, 6).seen
    np.testing.assert_allclose(shown[0, 0], outcomes.seen[0])
    for t in range(6):
        looks = outcomes.seen[outcomes.phase == t % outcomes.season]
        assert all(np.isclose(looks, row).all(axis=1).any() for row in shown[t])


def test_a_season_may_be_as_long_as_a_world():
    """Told period by period, what is seen and what may happen repeat with the season."""
    outcomes = Outcomes.of(load(SHOP, WORLDS["both"]))
    longer = outcomes.over(8)
    assert (longer.season, longer.per_phase, longer.states) == (8, outcomes.per_phase, 8 * outcomes.per_phase)
    turns = longer.phase % outcomes.season * outcomes.per_phase + np.tile(np.arange(outcomes.per_phase), 8)
    for name in ("seen", "supply_chance", "demand_state"):
        np.testing.assert_array_equal(getattr(longer, name), getattr(outcomes, name)[turns])


def test_a_replayed_history_is_its_own_season():
    """One value comes for sure in each of its periods, whatever the season of another demand."""
    past = {"history": {"values": [4, 0, 3, 2], "replay": "as-it-was"}, "from": "store"}
    world = load(SHOP | {"demands": {"some": SHOP["demands"]["some"], "others": past}, "horizon": {"periods": 4}})
    outcomes = Outcomes.of(world)
    assert outcomes.season == 4
    column = outcomes.columns.demand["others"]
    for phase, known in enumerate([4, 0, 3, 2]):
        chance = outcomes.demand_chance[outcomes.demand_state[phase * outcomes.per_phase]]
        assert set(outcomes.demand[chance > 0, column]) == {known}
        assert chance.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("overrides", "place"),
    [
        ({"demands.some.trend": 0.1}, "demands.some.trend"),
        ({"demands.some.autocorrelation": 0.5}, "demands.some.autocorrelation"),
        ({"spikes.fair": {"hits": ["some"], "starts": {"rate": 0.1}, "lasts": 1, "factor": 2}}, "spikes.fair"),
        ({"disruptions.fire.announced": 2}, "disruptions.fire.announced"),
        ({"disruptions.fire.lasts": {"name": "randint", "low": 1, "high": 9}}, "disruptions.fire.lasts"),
        ({"disruptions.fire.lasts": float("inf")}, "disruptions.fire.lasts"),
        ({"disruptions.fire.recovers_over": 10_000}, "disruptions.fire.recovers_over"),
        ({"demands.some.season": [1.0] * 1021, "demands.others.season": [1.0] * 1031}, "demands"),
        ({"lanes.near.defects": 0.1}, "lanes.near.defects"),
        ({"disruptions.fire.seen_late": 1}, "disruptions.fire.seen_late"),
        (
            {"demands.some.distribution": None, "demands.some.regimes": REGIMES}
            | {"demands.some.regime_seen": "hidden"},
            "demands.some.regime_seen",
        ),
        ({"stocks.shop.seen_late": 1}, "stocks.shop.seen_late"),
        ({"lanes.near.crossing": False}, "lanes.near.lead_time"),
        ({"correlations": [{"between": ["some", "others"], "correlation": 0.5}]}, "correlations"),
    ],
)
def test_what_is_not_known_to_be_markov_is_refused_by_its_place(overrides: dict[str, Any], place: str):
    with pytest.raises(ScenarioError, match=f"^{place}: "):
        Outcomes.of(load(SHOP, overrides))


def test_what_never_begins_is_never_on():
    """After a quiet spell for ever the fire has no chance to begin: supply is what it is without any fire."""
    never = Outcomes.of(load(SHOP, {"disruptions.fire.starts": {"every": float("inf")}}))
    without = Outcomes.of(load(SHOP, {"disruptions.fire": None}))
    for outcomes in (never, without):
        mode = np.linalg.matrix_power(outcomes.transition, 50)[0]
        seen = outcomes.seen[: outcomes.per_phase]
        assert sorted(np.unique(seen[mode > 0], axis=0)[:, -1]) == [0.5, 1.0]
    assert np.count_nonzero(np.linalg.matrix_power(never.transition, 50)[0]) == without.per_phase == 2
