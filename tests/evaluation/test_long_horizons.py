"""Long horizons are played in parts: the figures are those of the whole to the bit, and memory stays bounded."""

import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest

import jit_gym
from jit_gym.chance import Chance, Trace
from jit_gym.common.threads import use_threads
from jit_gym.evaluation import Result, evaluate, play, rollout
from jit_gym.evaluation.rollout import is_certain
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import PolicyError, policy

PERIODS, WARMUP = 150, 37

WORLDS: dict[str, tuple[str, dict[str, Any]]] = {
    "lost sales": ("lost-sales", {}),
    "a discount": ("lost-sales", {"objective.discount": 0.97}),
    "backlog": ("lost-sales", {"demands.customers.unmet": "backlog"}),
    "two suppliers": ("dual-sourcing", {}),
    "seasons and a trend": (
        "lost-sales",
        {"demands.customers.season": [0.5, 1, 2, 1, 0.5], "demands.customers.trend": 0.001},
    ),
    "a random lead time": ("lost-sales", {"lanes.supplier.lead_time": {"name": "randint", "low": 1, "high": 6}}),
    "orders that cross": (
        "lost-sales",
        {"lanes.supplier.lead_time": {"name": "randint", "low": 1, "high": 6}, "lanes.supplier.crossing": True},
    ),
    "lead times that drift": (
        "lost-sales",
        {
            "lanes.supplier.delays": {
                "regimes": {
                    "usual": {"periods": 0, "next": {"slow": 0.1}},
                    "slow": {"periods": 3, "next": {"usual": 0.2}},
                }
            }
        },
    ),
    "autocorrelated demand, known in part": (
        "lost-sales",
        {"demands.customers.autocorrelation": 0.7, "demands.customers.forecast": {"accuracy": [0.9, 0.5]}},
    ),
    "disruptions that are not told": ("lost-sales-hidden", {}),
    "disruptions that are announced": ("port-congestion-stressed", {}),
    "a fire": ("aisin-1997", {}),
    "spikes and costs that fall": ("electronics", {}),
    "a line": ("serial", {}),
    "a network": ("or-gym-net-management", {}),
    "a network with order delays": ("beer-game", {}),
    "goods that perish": ("perishable", {}),
}


def alike(one: Result, other: Result) -> bool:
    """Tell whether all figures, of the whole and of each item, are the same to the bit."""
    mine, its = (
        [
            result.rewards,
            *result.figures.values(),
            *(each for table in result.items.values() for each in table.values()),
        ]
        for result in (one, other)
    )
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(mine, its, strict=True))


def in_parts(monkeypatch: pytest.MonkeyPatch, periods: int = 32) -> None:
    """Make evaluations draw so many periods at a time, of all paths."""
    monkeypatch.setattr(play, "at_a_time", lambda paths, span, numbers: (paths, periods))
    monkeypatch.setattr("jit_gym.evaluation.rollout.at_a_time", lambda paths, span, numbers: (paths, periods))


def asked(view: View) -> np.ndarray:
    """Order on each lane what was used in the last period of the stock that it fills, and a half where stock is low."""
    return (view.used + 0.5 * (view.inventory_position < 5)) @ view.layout.into.T


def span_of(scenario: jit_gym.Scenario) -> tuple[int, int]:
    """Return the periods that are counted, and those before them: fewer where the world ends."""
    ends = scenario.horizon.ends
    return (scenario.horizon.periods - 5, 5) if ends else (PERIODS, WARMUP)


@pytest.mark.parametrize("world", WORLDS)
def test_an_evaluation_in_parts_is_that_of_the_whole(world: str, monkeypatch: pytest.MonkeyPatch):
    """All figures are the same to the bit: of a compiled rule, of a stateful one, and of a function that is asked."""
    name, changes = WORLDS[world]
    scenario = jit_gym.load(name, changes)
    periods, warmup = span_of(scenario)
    for rule in ("base-stock", "jit", asked):
        same: dict[str, Any] = {"paths": 9, "periods": periods, "warmup": warmup, "seed": 3}
        whole = evaluate(rule, scenario, **same)
        for at_once in (4, 32):
            with monkeypatch.context() as patch:
                in_parts(patch, at_once)
                assert alike(evaluate(rule, scenario, **same), whole), (rule, at_once)


def test_a_large_world_is_played_in_parts(monkeypatch: pytest.MonkeyPatch):
    """Fifty lanes, whose rules are asked and whose metrics NumPy counts, have the same figures to the bit."""
    whole = evaluate("s-S", "multi-item", paths=3, periods=40, warmup=5, seed=1)
    in_parts(monkeypatch, 16)
    assert alike(evaluate("s-S", "multi-item", paths=3, periods=40, warmup=5, seed=1), whole)


def test_memory_does_not_grow_with_the_horizon(monkeypatch: pytest.MonkeyPatch):
    """One path of 200,000 periods takes no more than one of 50,000; with all of it drawn it would take 6 MB more."""
    monkeypatch.setattr(play, "PART", 1 << 15)

    def most(periods: int) -> int:
        tracemalloc.start()
        evaluate("base-stock", "lost-sales", paths=1, periods=periods)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    most(100)  # compiles, and fills tables
    assert most(200_000) < most(50_000) + 500_000


def test_progress_adds_up(monkeypatch: pytest.MonkeyPatch):
    """Of all paths and periods, warm-up included, each is told once, in parts as in one."""
    for at_once in (PERIODS + WARMUP, 20):
        told: list[int] = []
        in_parts(monkeypatch, at_once)
        for rule in ("base-stock", asked):
            evaluate(rule, "lost-sales", paths=3, periods=PERIODS, warmup=WARMUP, progress=told.append)
        assert sum(told) == 2 * 3 * (PERIODS + WARMUP)


def test_an_order_that_is_no_quantity_is_refused_in_any_part(monkeypatch: pytest.MonkeyPatch):
    """A compiled rule is asked again from the first period on, to say which of its orders is none."""
    rule = policy("base-stock(level=5)", jit_gym.load("lost-sales")).having({"level": np.array([np.inf])})
    in_parts(monkeypatch)
    with pytest.raises(PolicyError, match="orders must be finite and 0 or more, got "):
        evaluate(rule, "lost-sales", paths=2, periods=100)


def test_a_simulation_goes_on_where_it_has_come_to():
    """It takes the periods that follow, on as many paths; no others, and none twice."""
    scenario = jit_gym.load("lost-sales")
    chance, orders = Chance(scenario), np.full((2, 1), 5.0)
    first, second = (Trace(part.columns, part.rows.copy(), part.first) for part in chance.draw_parts(1, 2, 8, 4))
    simulation = Simulation(Layout(scenario), first)
    with pytest.raises(ValueError, match="the trace does not go on from period 0 on 2 paths"):
        simulation.go_on(second)
    for _ in range(4):
        simulation.step(orders)
    with pytest.raises(IndexError, match="the trace is over"):
        simulation.step(orders)
    simulation.go_on(second)
    for _ in range(4):
        simulation.step(orders)
    whole = Simulation(Layout(scenario), chance.draw(1, 2, 8))
    for _ in range(8):
        whole.step(orders)
    assert simulation.period == 8
    assert np.array_equal(simulation.state.pipeline, whole.state.pipeline)
    assert np.array_equal(simulation.seen, whole.seen)


def test_whether_all_is_certain_is_seen_in_any_part(monkeypatch: pytest.MonkeyPatch):
    """A world is not certain if chance comes late: demand doubles once, after the first part that is looked at."""
    monkeypatch.setattr(play, "PART", 1 << 10)
    late = {"hits": ["customers"], "starts": {"once": {"name": "randint", "low": 900, "high": 950}}, "lasts": 1}
    same = {"demands.customers.distribution": 5, "horizon.periods": 1000}
    assert is_certain(jit_gym.load("lost-sales", same))
    assert not is_certain(jit_gym.load("lost-sales", same | {"spikes": {"rush": {**late, "factor": 2}}}))


@pytest.mark.parametrize("world", ["lost sales", "two suppliers", "lead times that drift", "a fire", "a line"])
def test_paths_that_threads_play_by_themselves_come_to_the_same(world, monkeypatch):
    """Each thread draws and plays paths of its own, from start to end; which, no figure tells."""
    scenario, rules = jit_gym.load(*WORLDS[world]), ["base-stock", "jit"]
    players = [policy(rule, scenario) for rule in rules]
    told: list[int] = []
    try:
        use_threads(1)
        alone = rollout.evaluate_all(players, scenario, 11, PERIODS, WARMUP, 3, None)
        monkeypatch.setattr(rollout, "WORTH_A_THREAD", 1)
        for threads in (2, 3, 7):
            use_threads(threads)
            told.clear()
            shared = rollout.evaluate_all(players, scenario, 11, PERIODS, WARMUP, 3, told.append)
            assert all(alike(one, other) for one, other in zip(alone, shared, strict=True))
            assert sum(told) == len(rules) * 11 * (PERIODS + WARMUP)
    finally:
        use_threads(None)


def test_who_interrupts_one_thread_stops_all(monkeypatch):
    """Ctrl-C reaches one thread; the others stop when they next tell their progress, long before they are done."""
    told: list[int] = []

    def interrupt(periods: int) -> None:
        told.append(periods)
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt

    monkeypatch.setattr(rollout, "WORTH_A_THREAD", 1)
    try:
        use_threads(2)
        with pytest.raises(KeyboardInterrupt):
            evaluate("base-stock", "lost-sales", paths=2, periods=1_000_000, warmup=0, progress=interrupt)
    finally:
        use_threads(None)
    assert sum(told) < 1_000_000
