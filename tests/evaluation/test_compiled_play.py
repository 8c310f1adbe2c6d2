"""Rules that are compiled with the period and the counter count what they count when they are asked each period."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jit_gym
from jit_gym.chance import Chance
from jit_gym.common.threads import divide, share, use_threads
from jit_gym.evaluation import play, rollout
from jit_gym.evaluation.compiled_play import recorded_play
from jit_gym.evaluation.metrics import Counter
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import RULES, PolicyError, policy
from jit_gym.policies.base import Rule

USUAL = ("dual-sourcing", "perishable")
MORE = ("lost-sales", "serial", "assembly", "grocery", "aisin-1997", "fresh-food-stressed")
WORLDS = [*USUAL, *(pytest.param(world, marks=pytest.mark.slow) for world in MORE)]


def shipped(scenario: Any) -> list[Rule]:
    """Return the shipped rules that fit a scenario."""
    found = []
    for name in RULES:
        try:
            found.append(policy(name, scenario))
        except PolicyError:
            continue
    return [rule for rule in found if type(rule).__module__.startswith("jit_gym.")]


@pytest.mark.parametrize("world", WORLDS)
def test_what_is_compiled_counts_what_is_asked(world: str, monkeypatch: pytest.MonkeyPatch):
    """Every figure of every path is the same but for rounding, whichever way a shipped rule is played."""
    scenario = jit_gym.load(world)
    for rule in shipped(scenario):
        plan = {"paths": 9, "periods": 25, "warmup": 4, "seed": 5}
        compiled = jit_gym.evaluate(rule, scenario, **plan)
        with monkeypatch.context() as patch:
            patch.setattr(play, "_recorded", lambda *given: None)
            asked = jit_gym.evaluate(rule, scenario, **plan)
        for figure, values in asked.figures.items():
            assert np.allclose(compiled.figures[figure], values, rtol=1e-9, atol=1e-9, equal_nan=True), (rule, figure)
        for table, figures in asked.items.items():
            for figure, values in figures.items():
                assert np.allclose(compiled.items[table][figure], values, rtol=1e-9, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("world", ["lost-sales", "perishable", "assembly", "or-gym-inv-management"])
def test_what_is_asked_is_counted_by_a_program_as_by_numpy(world: str, monkeypatch: pytest.MonkeyPatch):
    """Every figure of every path is the same to the bit, with a discount and without; so is what is watched."""
    scenario = jit_gym.load(world)
    plan = {"paths": 9, "periods": 25, "warmup": 4, "seed": 5}

    def order(view: View) -> np.ndarray:
        """Order what is missing of 20 units, on each lane an equal part of it, and a fraction more."""
        return np.maximum(20.0 - view.inventory_position, 0.0) @ view.layout.into.T / 3.0

    counted = jit_gym.evaluate(order, scenario, **plan)
    monkeypatch.setattr(play, "recorded_count", lambda *given: None)
    asked = jit_gym.evaluate(order, scenario, **plan)
    for figure, values in asked.figures.items():
        assert np.array_equal(counted.figures[figure], values, equal_nan=True), figure
    for table, figures in asked.items.items():
        for figure, values in figures.items():
            assert np.array_equal(counted.items[table][figure], values, equal_nan=True), (table, figure)
    assert np.array_equal(counted.rewards, asked.rewards)


@pytest.mark.parametrize("world", ["lost-sales", "dual-sourcing", "perishable", "serial"])
def test_shipped_rules_are_compiled(world: str):
    """All of them: a rule that can no longer be recorded is played ten times slower, without a word."""
    scenario = jit_gym.load(world)
    layout = Layout(scenario)
    trace = Chance(scenario).draw(0, 2, 2)
    view = View(Simulation(layout, trace))
    assert not [r.name for r in shipped(scenario) if recorded_play(r, layout, Counter, None, r.begin(view)) is None]


@pytest.mark.parametrize("rule", ["myopic", "projected-inventory-level(level=30)"])
def test_a_table_that_would_be_too_large_is_not_recorded(rule: str):
    """With a lead time of 9, or a high level, the pipelines are too many: the rule is asked, and orders the same."""
    scenario = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 9})
    player, view = policy(rule, scenario), View(Simulation(Layout(scenario), Chance(scenario).draw(0, 2, 2)))
    assert recorded_play(player, Layout(scenario), Counter, None, player.begin(view)) is None


@pytest.mark.parametrize("rule", ["myopic", "projected-inventory-level", "projected-inventory-level(level=3)"])
@pytest.mark.parametrize("lead_time", [0, 1, 2, 3])
@pytest.mark.parametrize("more", [{}, {"lanes.supplier.initial": 17, "stocks.shop.initial": 90}])
def test_a_table_has_all_pipelines(rule: str, lead_time: int, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    """Costs are the same to the bit from the table and asked, also where much is there or arrives at first."""
    scenario = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": lead_time, **more})
    compiled = jit_gym.evaluate(rule, scenario, paths=20, periods=30, seed=1)
    monkeypatch.setattr(play, "_recorded", lambda *given: None)
    asked = jit_gym.evaluate(rule, scenario, paths=20, periods=30, seed=1)
    assert np.array_equal(compiled.figures["cost"], asked.figures["cost"])


def test_programs_that_are_kept_play_the_parameters_that_are_given():
    """Costs are the same to the bit by a program that was recorded for other parameters, and by one of its own."""
    rules = [f"base-stock(level={level})" for level in (31, 20)] + [f"moving-average(window={n})" for n in (3, 9)]

    def costs(rule: str) -> bytes:
        return jit_gym.evaluate(rule, "lost-sales", paths=9, periods=25, warmup=4, seed=5).figures["cost"].tobytes()

    alone = []
    for rule in rules:
        rollout._programs_of.cache_clear()
        alone.append(costs(rule))
    assert len(set(alone)) == len(rules)
    assert [costs(rule) for rule in rules] == alone
    assert rollout._programs_of(jit_gym.load("lost-sales"))  # one world, however often it is loaded


def test_rules_that_are_asked_in_python_stay_on_one_thread(monkeypatch: pytest.MonkeyPatch):
    """Two threads would wait for Python's lock; `multi-item` is too large for a program, `lost-sales` has one."""
    slices = []

    def counted(task: Any, count: int, least: int) -> Any:
        slices.append(len(divide(count, least)))
        return share(task, count, least)

    monkeypatch.setattr(rollout, "share", counted)
    monkeypatch.setattr(rollout, "WORTH_A_THREAD", 1)
    use_threads(2)
    try:
        for world in ("multi-item", "lost-sales"):
            jit_gym.evaluate("base-stock", world, paths=8, periods=3)
    finally:
        use_threads(None)
    assert slices == [1, 2]


def test_the_number_of_threads_changes_nothing():
    """Rules, evaluations and resilience are the same to the bit on 1, 2, 3 and 7 threads."""
    found = []
    try:
        for threads in (1, 2, 3, 7):
            use_threads(threads)
            result = jit_gym.evaluate("jit", "aisin-1997", paths=1001, periods=40, seed=3)
            assert result.resilience is not None
            figures = [*result.figures.values(), *result.resilience.figures.values()]
            found.append([values.tobytes() for values in figures])
    finally:
        use_threads(None)
    assert all(each == found[0] for each in found)


def test_a_path_does_not_know_how_many_there_are():
    """Path 3 is the same among 4, 8 and 100."""
    costs = [
        jit_gym.evaluate("hybrid", "dual-sourcing", paths=paths, seed=1).figures["cost"][3] for paths in (4, 8, 100)
    ]
    assert costs[0] == costs[1] == costs[2]


def test_orders_that_are_no_quantities_are_refused():
    """A compiled rule whose orders are not finite is refused by name, as one that is asked."""
    rule = policy("base-stock(level=5)", jit_gym.load("lost-sales")).having({"level": np.array([np.inf])})
    with pytest.raises(PolicyError, match="orders must be finite and 0 or more, got "):
        jit_gym.evaluate(rule, "lost-sales", paths=8, periods=3)


def test_a_rule_from_outside_is_asked():
    """What a function or a rule of another package does beside its orders is done in each period."""
    seen = []

    def mine(view: View) -> Any:
        seen.append(view.period)
        return view.used

    jit_gym.evaluate(mine, "lost-sales", paths=8, periods=5)
    assert seen == [0, 1, 2, 3, 4]
