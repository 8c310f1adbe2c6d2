"""Traces: path i of seed s is one and the same, whatever else is drawn, in which batch, or where."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jit_gym.chance import Chance, Trace
from jit_gym.scenario import BadInput, Scenario, load

from ..worlds import scenarios, shop, worlds

ROOT = Path(__file__).parents[2]

BUSY = {
    "name": "busy",
    "units": "whole",
    "horizon": {"periods": 30},
    "stocks": {"bike": {}, "bell": {}},
    "lanes": {
        "steady": {"to": "bike", "lead_time": {"name": "randint", "low": 1, "high": 5}, "supplier": "maker"},
        "wild": {"to": "bell", "lead_time": {"name": "poisson", "mu": 2}, "crossing": True, "route": "strait"},
    },
    "suppliers": {"maker": {}},
    "routes": {"strait": {}},
    "demands": {
        "riders": {"from": {"bike": 1, "bell": 1}, "distribution": {"name": "nbinom", "n": 3, "p": 0.3}, "trend": 0.01},
        "ringers": {"from": "bell", "distribution": {"name": "gamma", "a": 2, "scale": 3}, "season": [0.5, 1.5]},
        "past": {"from": "bell", "history": {"values": [3, 1, 4, 1, 5, 9], "replay": "resampled", "block": 2}},
    },
    "spikes": {
        "race": {"hits": ["riders"], "starts": {"rate": 0.2}, "lasts": {"name": "geom", "p": 0.5}, "factor": 2},
    },
    "disruptions": {
        "strike": {"hits": ["maker"], "starts": {"rate": 0.1}, "lasts": {"name": "geom", "p": 0.3}},
        "storm": {"hits": ["strait"], "starts": {"at": [4]}, "lasts": {"name": "randint", "low": 1, "high": 9}},
    },
}


def busy(**more: dict) -> Scenario:
    """Return a scenario with every kind of chance, and more entries in some of its tables."""
    return load({**BUSY, **{table: {**BUSY.get(table, {}), **entries} for table, entries in more.items()}})


def assert_same(one: Trace, other: Trace):
    """Hold that two traces are equal to the last bit, in what happens and in what is seen."""
    assert np.array_equal(one.chance, other.chance)
    assert np.array_equal(one.seen, other.seen)


def by_name(trace: Trace) -> dict[str, np.ndarray]:
    """Return what happens to each demand and lane (periods, paths)."""
    columns = trace.columns
    kinds = {"demands": columns.demand, "lead_time": columns.lead_time, "available": columns.available}
    return {f"{kind}.{name}": trace.chance[:, :, k] for kind, at in kinds.items() for name, k in at.items()}


def test_a_path_is_the_same_in_every_batch():
    """Path i alone, among 7, among 4,096, or among any others in any order, is the same path."""
    chance = Chance(busy())
    everyone = chance.draw(5, 4096)
    assert_same(chance.draw(5, 7), Trace(everyone.columns, everyone.rows[:, :7]))
    assert_same(chance.draw(5, [0]), chance.draw(5, 1))
    for some in ([3], [4095, 0, 17], [2, 2, 2], np.arange(4095, 0, -97)):
        assert_same(chance.draw(5, some), Trace(everyone.columns, everyone.rows[:, some]))


@pytest.mark.parametrize("periods", [1, 2, 3, 4, 5, 17, 29])
def test_a_longer_draw_begins_with_the_shorter_one(periods: int):
    """What happens first, and what is seen of it, does not depend on how long the world goes on."""
    short, long = Chance(busy()).draw(5, 300, periods), Chance(busy()).draw(5, 300)
    assert np.array_equal(short.chance, long.chance[:periods])
    assert np.array_equal(short.seen, long.seen[: periods + 1])


@settings(max_examples=worlds(15), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 2**32 - 1))
def test_in_any_world_a_path_is_the_same_however_it_is_drawn(scenario: Scenario, seed: int):
    """Drawn among others or alone, for long or for short, a path and what is seen of it are the same, and finite."""
    chance, some = Chance(scenario), min(7, scenario.horizon.periods)
    long, short = chance.draw(seed, 5), chance.draw(seed, [3, 1], some)
    assert np.isfinite(long.rows).all()
    assert (long.demand >= 0).all()
    same = [k for k in range(chance.columns.chance) if k != chance.columns.last]  # each ends at its own end
    assert np.array_equal(short.chance[..., same], long.chance[:some, [3, 1]][..., same])
    assert np.array_equal(short.seen, long.seen[: some + 1, [3, 1]])
    rows = chance.draw(seed ^ 1, 5).rows  # drawn into used memory
    chance.draw_into(rows, seed, np.arange(5))
    assert np.array_equal(rows, long.rows)


def test_a_path_does_not_depend_on_the_rest_of_the_scenario():
    """More stocks, lanes, demands, spikes and disruptions change nothing for those that were there."""
    more = busy(
        stocks={"lamp": {}},
        lanes={"extra": {"to": "lamp", "lead_time": {"name": "randint", "low": 0, "high": 3}}},
        demands={"walkers": {"from": "lamp", "distribution": {"name": "poisson", "mu": 4}}},
        spikes={"fair": {"hits": ["walkers"], "starts": {"rate": 0.5}, "lasts": 2, "factor": 3}},
        disruptions={"flood": {"hits": ["extra"], "starts": {"rate": 0.3}, "lasts": 2}},
    )
    before, after = (by_name(Chance(world).draw(5, 200)) for world in (busy(), more))
    assert after.keys() - before.keys() == {"demands.walkers", "lead_time.extra", "available.extra"}
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_path_does_not_depend_on_the_order_of_the_scenario():
    """Tables turned round hold the same paths, in other columns."""
    turned = load({key: dict(reversed(part.items())) if isinstance(part, dict) else part for key, part in BUSY.items()})
    before, after = (by_name(Chance(world).draw(5, 200)) for world in (busy(), turned))
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_source_is_known_by_its_name():
    """A demand under another name draws other numbers, and the others stay as they are."""
    poisson = {"from": "shop", "distribution": {"name": "poisson", "mu": 5}}
    before = Chance(shop(demands={"anna": poisson, "ben": poisson})).draw(1, 100)
    after = Chance(shop(demands={"anna": poisson, "carl": poisson})).draw(1, 100)
    assert np.array_equal(before.demand[:, :, 0], after.demand[:, :, 0])
    assert not np.array_equal(before.demand[:, :, 1], after.demand[:, :, 1])


def test_a_demand_outside_its_spikes_is_the_demand_without_them():
    """A spike multiplies the demand while it lasts and leaves the draws of all other periods alone."""
    plain = busy(spikes={"race": {**BUSY["spikes"]["race"], "factor": 1}})
    spiked = busy(spikes={"race": {**BUSY["spikes"]["race"], "factor": 3, "starts": {"at": [3, 12]}, "lasts": 2}})
    before, after = (by_name(Chance(world).draw(5, 200))["demands.riders"] for world in (plain, spiked))
    outside = np.setdiff1d(np.arange(30), [3, 4, 12, 13])
    assert np.array_equal(before[outside], after[outside])
    assert (after[[3, 4, 12, 13]].sum(0) > before[[3, 4, 12, 13]].sum(0)).mean() > 0.9


def test_each_path_may_have_a_seed_of_its_own():
    """A sequence of seeds gives each path of its own seed; equal seeds and paths are equal."""
    chance = Chance(busy())
    mixed = chance.draw([8, 5, 8, 8], [3, 3, 4, 3])
    for b, (seed, path) in enumerate([(8, 3), (5, 3), (8, 4), (8, 3)]):
        assert_same(Trace(mixed.columns, mixed.rows[:, b : b + 1]), chance.draw(seed, [path]))
    assert_same(chance.draw(np.array([8, 8]), np.int64(2)), chance.draw(8, 2))


def test_there_is_one_seed_or_one_for_each_path():
    """Two seeds for three paths are a mistake, and said to be."""
    with pytest.raises(BadInput, match="seed: must be one number, or 3, one a path; got 2"):
        Chance(busy()).draw([1, 2], 3)


@pytest.mark.parametrize(
    ("seed", "paths", "periods", "complaint"),
    [
        (-1, 2, 5, "seed: must be 0 or more and less than 2**128, got -1"),
        (1 << 128, 2, 5, "seed: must be 0 or more and less than 2**128, got a number of 39 digits"),
        (1.5, 2, 5, "seed: must be one whole number, or one for each path, got 1.5"),
        ("12", 2, 5, "seed: must be one whole number, or one for each path, got '12'"),
        ([1, 2.5], 2, 5, "seed[1]: must be a whole number, 0 or more, got 2.5"),
        ([1, None], 2, 5, "seed[1]: must be a whole number, 0 or more, got nothing"),
        (1, -2, 5, "paths: must be a whole number, 0 or more, got -2"),
        (1, [0, 1.7], 5, "paths: must be how many, or a list of whole numbers, 0 or more, got [0, 1.7]"),
        (1, [0, -1], 5, "paths: must be how many, or a list of whole numbers, 0 or more, got [0, -1]"),
        (1, "07", 5, "paths: must be how many, or a list of whole numbers, 0 or more, got '07'"),
        (1, 2, 0, "periods: must be a whole number, 1 or more, got 0"),
        (1, 2, 1e3, "periods: must be a whole number, 1 or more, got 1000.0"),
        (1, 2, 10**9, "periods: must be 10,000,000 or less, got 1000000000"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(seed: Any, paths: Any, periods: Any, complaint: str):
    """Seeds, paths and periods are whole numbers within limits; 1.7 used to be taken for 1, and -1 for a seed."""
    with pytest.raises(BadInput) as refused:
        Chance(busy()).draw(seed, paths, periods)
    assert str(refused.value).startswith(complaint)
    assert "\n" not in str(refused.value)


def test_no_paths_are_drawn_where_none_are_asked_for():
    """No path, or an empty list of them, is a trace without paths: what a batch draws when no row begins anew."""
    for none in (0, [], np.zeros(0, np.int64)):
        assert Chance(busy()).draw(1, none, 3).rows.shape[:2] == (4, 0)


def test_a_path_is_the_same_in_a_fresh_process():
    """Another interpreter draws the same bytes: nothing hangs on the order of sets, or on what was drawn before."""
    program = (
        "import hashlib, json, sys; from jit_gym.chance import Chance; from jit_gym.scenario import load; "
        "trace = Chance(load(json.load(sys.stdin))).draw(5, [9, 2], 25); "
        "print(hashlib.sha256(trace.chance.tobytes() + trace.seen.tobytes()).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(BUSY), cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    here = Chance(busy()).draw(5, [9, 2], 25)
    assert run.stdout.strip() == hashlib.sha256(here.chance.tobytes() + here.seen.tobytes()).hexdigest()


def test_a_path_is_the_same_in_every_version():
    """These numbers were drawn once; other ones for the same seed would be another version of every env."""
    trace = Chance(busy()).draw(7, [0, 1000], 8)
    assert {name: values.T.tolist() for name, values in by_name(trace).items()} == {
        "demands.riders": [[2, 12, 11, 10, 22, 13, 5, 1], [1, 20, 8, 20, 15, 5, 19, 8]],
        "demands.ringers": [[4, 4, 8, 17, 1, 8, 3, 9], [2, 6, 1, 6, 1, 6, 3, 9]],
        "demands.past": [[4, 1, 1, 4, 3, 1, 4, 1], [3, 1, 1, 5, 5, 9, 3, 1]],
        "lead_time.steady": [[4, 3, 2, 4, 4, 4, 4, 4], [4, 4, 3, 2, 2, 1, 1, 4]],
        "lead_time.wild": [[1, 2, 3, 0, 2, 0, 1, 2], [5, 2, 2, 6, 2, 2, 2, 2]],
        "available.steady": [[1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 0, 0]],
        "available.wild": [[1, 1, 1, 1, 0, 0, 0, 1], [1, 1, 1, 1, 0, 1, 1, 1]],
    }


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return the correlation of two arrays in standard errors of independent ones."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1] * np.sqrt(one.size))


def test_seeds_paths_periods_and_sources_are_uncorrelated():
    """Neighbouring seeds, paths, periods, and two demands alike but for their names, have nothing in common."""
    poisson = {"from": "shop", "distribution": {"name": "poisson", "mu": 5}}
    chance = Chance(shop(demands={"anna": poisson, "ben": poisson}))
    one, other = chance.draw(1, 1000, 200).demand, chance.draw(2, 1000, 200).demand
    anna, ben = one[:, :, 0], one[:, :, 1]
    assert abs(correlation(anna, other[:, :, 0])) < 4
    assert abs(correlation(anna, ben)) < 4
    assert abs(correlation(anna[1:], anna[:-1])) < 4
    assert abs(correlation(anna[:, 1:], anna[:, :-1])) < 4
    assert abs(correlation(anna[:, 4:], anna[:, :-4])) < 4


def test_a_trace_has_one_row_of_seen_more_than_of_chance():
    """After the last period there is still something to see; nothing happens any more."""
    world = busy()
    trace = Chance(world).draw(1, 6)
    assert (trace.periods, trace.paths) == (30, 6)
    assert trace.chance.shape == (30, 6, trace.columns.chance) == (30, 6, 3 + 2 + 2)
    assert trace.seen.shape == (31, 6, trace.columns.seen) == (31, 6, 2 * trace.columns.ahead + 2)
    assert trace.demand.shape == (6, 30, 3)
    assert trace.lead_time.shape == (6, 30, 2)
    assert trace.available.shape == (6, 30, 2)


@settings(max_examples=worlds(15), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 99))
def test_in_any_world_the_paired_baseline_is_the_world_whose_disruptions_never_begin(scenario: Scenario, seed: int):
    """The first half of a pair is the trace, the second that of a world in which no disruption begins: to the bit."""
    never: dict[str, Any] = {name: {"starts": {"every": float("inf")}} for name in scenario.disruptions}
    for name, event in scenario.disruptions.items():
        never[name]["starts"] |= dict.fromkeys(event.starts.model_fields_set - {"every"})
        never[name] |= {"driver": None}
    pair = Chance(scenario).draw_pair(seed, 3)
    assert (pair.rows[:, :3] == Chance(scenario).draw(seed, 3).rows).all()
    assert (pair.rows[:, 3:] == Chance(load(scenario, {"disruptions": never})).draw(seed, 3).rows).all()


@settings(max_examples=worlds(40), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 2**32 - 1), st.sampled_from([4, 7, 8, 12]))
def test_in_any_world_parts_are_what_a_whole_draw_has(scenario: Scenario, seed: int, at_once: int):
    """Drawn a few periods at a time, what happens and what is seen are the same to the bit."""
    chance, periods = Chance(scenario), scenario.horizon.periods
    whole = chance.draw(seed, [0, 3, 1], periods)
    first = 0
    for part in chance.draw_parts(seed, [0, 3, 1], periods, at_once):
        assert part.first == first
        assert part.periods == min(at_once // 4 * 4, periods - first)
        assert np.array_equal(part.chance, whole.chance[first : first + part.periods])
        assert np.array_equal(part.seen, whole.seen[first : first + part.periods + 1])
        first += part.periods
    assert first == periods
