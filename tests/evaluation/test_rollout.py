"""Playing a policy: which paths, which periods, which policies, and what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jit_gym
from jit_gym.chance import Chance
from jit_gym.evaluation import METRICS, Result, evaluate, measure_resilience, play, tell
from jit_gym.evaluation.resilience import measure_all
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import BaseStock, PolicyError, policy
from jit_gym.scenario import load

from ..envs.rich import rich
from ..worlds import shop


def equal(one: Result, other: Result, paths: int | None = None) -> bool:
    """Tell whether figures are equal to the last bit, on the first paths."""
    return all(
        np.array_equal(one.figures[metric.name][:paths], other.figures[metric.name][:paths], equal_nan=True)
        for metric in METRICS
    )


def test_figures_do_not_depend_on_the_turns(monkeypatch: pytest.MonkeyPatch):
    """Paths that are played in turns, for want of room, have the figures that they have at once."""
    world = rich()
    at_once = evaluate("just-in-case", world, paths=10, periods=20, seed=3)
    for room in (1, 20 * 9 * 3):
        monkeypatch.setattr(play, "MOST", room)
        assert equal(evaluate("just-in-case", world, paths=10, periods=20, seed=3), at_once)


def test_policies_that_are_compared_play_as_each_would_alone(monkeypatch: pytest.MonkeyPatch):
    """Their paths are drawn once for all of them, also in turns; figures and resilience are the same to the bit."""
    world, same = load("aisin-1997"), {"paths": 5, "periods": 150}
    alone = [evaluate(name, world, **same) for name in ("jit", "kanban", _half)]
    measured = [measure_resilience(result) for result in alone]
    monkeypatch.setattr(play, "ROOM", 1 << 11)
    monkeypatch.setattr(play, "MOST", 1 << 9)
    together = jit_gym.compare(["jit", "kanban", _half], world, warmup=0, **same)
    for result, other in zip(together.results, alone, strict=True):
        assert equal(result, other)
    assert together.resilience is not None
    for one, other in zip(together.resilience, measured, strict=True):
        assert other is not None
        for name, values in other.figures.items():
            np.testing.assert_array_equal(one.figures[name], values)
    assert [result.resilience for result in together.results] == list(together.resilience)


def _half(view: View) -> np.ndarray:
    """Order half of what was used on each lane."""
    return 0.5 * view.used @ view.layout.into.T


def test_results_of_other_paths_are_not_measured_together():
    one, other = (evaluate("jit", "aisin-1997", paths=2, periods=20, seed=seed) for seed in (0, 1))
    with pytest.raises(ValueError, match="the same paths"):
        measure_all([one, other])


def test_figures_do_not_depend_on_the_other_paths():
    """Path i of a seed is the same among 3 paths and among 300."""
    assert equal(evaluate("jit", rich(), paths=3, seed=5), evaluate("jit", rich(), paths=300, seed=5), paths=3)


def test_a_seed_is_a_seed():
    """The same seed gives the same figures, another one others, and so does each path."""
    one, other = evaluate("jit", "lost-sales", paths=8, seed=1), evaluate("jit", "lost-sales", paths=8, seed=2)
    assert equal(one, evaluate("jit", "lost-sales", paths=8, seed=1))
    assert len({*one.figures["cost"], *other.figures["cost"]}) == 16


PROGRAM = """
import json, jit_gym
from jit_gym.evaluation import METRICS
world = jit_gym.load("dual-sourcing", {"horizon.periods": 30})
comparison = jit_gym.compare(["dual-index", "jit"], world, paths=5, seed=12)
found = [jit_gym.evaluate("dual-index", world, paths=5, seed=12), *comparison.results]
print(json.dumps([{m.name: [value.hex() for value in result.figures[m.name]] for m in METRICS} for result in found]))
"""


def test_a_fresh_process_finds_the_same():
    """The figures of a seed are the same in another process, to the last bit, whatever the hashes of its texts are."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env=os.environ | {"PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    there = json.loads(run.stdout)
    world = load("dual-sourcing", {"horizon.periods": 30})
    for found, (what, warmup) in zip(there, [("dual-index", 0), ("dual-index", 120), ("jit", 120)], strict=True):
        here = evaluate(what, world, paths=5, warmup=warmup, seed=12).figures
        assert found == {name: [float(value).hex() for value in values] for name, values in here.items()}


def test_evaluate_is_a_function_and_its_old_home_goes_on_with_a_warning():
    """`jit_gym.evaluate` is the function; `from jit_gym.evaluate import ...` works for a version, and warns."""
    assert jit_gym.evaluate is evaluate
    program = (
        "import warnings, jit_gym\n"
        "with warnings.catch_warnings(record=True) as told:\n"
        "    warnings.simplefilter('always')\n"
        "    from jit_gym.evaluate import METRICS, compare\n"
        "print(jit_gym.evaluate('jit', 'lost-sales', paths=2).paths, *[each.category.__name__ for each in told])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["2", "DeprecationWarning"]


def test_a_scenario_is_a_name_a_file_or_itself(tmp_path: Path):
    """A shipped name, a path as text or as a Path, and a loaded scenario are the same world."""
    file = tmp_path / "mine.yaml"
    file.write_text("extends: lost-sales\ntitle: Mine\n", encoding="utf-8")
    results = [evaluate("jit", what, paths=3) for what in ("lost-sales", load("lost-sales"), str(file), file)]
    assert all(equal(result, results[0]) for result in results)


def test_a_policy_is_a_name_a_rule_or_a_function():
    """All ways to say the same policy play the same; a result is called as its policy, parameters included."""

    def up_to_twenty_five(view: View) -> np.ndarray:
        return np.maximum(25 - view.inventory_position, 0)

    world = load("lost-sales")
    ways = ["base-stock(level=25)", BaseStock(level=25), policy("base-stock(level=25)", world), up_to_twenty_five]
    results = [evaluate(what, world, paths=3) for what in ways]
    assert all(equal(result, results[0]) for result in results)
    assert [result.policy for result in results] == ["base-stock(level=25)"] * 3 + ["up_to_twenty_five"]


def test_the_horizon_is_the_default():
    """By default the scenario's horizon is played, without warm-up; a business that goes on can be played beyond."""
    result = evaluate("jit", "lost-sales", paths=2)
    assert (result.paths, result.periods, result.warmup, result.seed) == (2, 200, 0, 0)
    assert evaluate("jit", "lost-sales", paths=2, periods=500, warmup=100).periods == 500


def test_a_world_that_ends_is_not_played_beyond():
    """Where the horizon ends the world, more periods are refused, warm-up included."""
    world = rich(horizon__ends=True)
    evaluate("jit", world, paths=2, periods=5, warmup=2)
    for periods, warmup in ((8, 0), (7, 1)):
        with pytest.raises(ValueError, match=rf"^periods: rich ends after 7 periods, got {warmup} \+ {periods}$"):
            evaluate("jit", world, paths=2, periods=periods, warmup=warmup)


def test_a_history_is_not_played_beyond():
    """A history that is replayed as it was has no more periods than it has."""
    world = shop({"horizon.periods": 3}, demands={"customers": {"from": "shop", "history": {"values": [1, 2, 3]}}})
    with pytest.raises(ValueError, match="the history has 3 periods and cannot be replayed for 4"):
        evaluate("jit", world, paths=2, periods=4)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"paths": 0}, "paths: must be a whole number, 1 or more, got 0"),
        ({"paths": 2.5}, "paths: must be a whole number, 1 or more, got 2.5"),
        ({"paths": True}, "paths: must be a whole number, 1 or more, got True"),
        ({"periods": 0}, "periods: must be a whole number, 1 or more, got 0"),
        ({"periods": "9"}, "periods: must be a whole number, 1 or more, got '9'"),
        ({"warmup": -1}, "warmup: must be a whole number, 0 or more, got -1"),
    ],
)
def test_a_bad_number_is_refused_in_one_line(given: dict[str, Any], complaint: str):
    """Paths and periods are counted from 1, warm-up from 0."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole text is compared)
        evaluate("jit", "lost-sales", **given)
    assert str(caught.value) == complaint


def test_numpy_counts_too():
    """NumPy's whole numbers are whole numbers."""
    assert equal(evaluate("jit", "lost-sales", paths=np.int64(2)), evaluate("jit", "lost-sales", paths=2))


@pytest.mark.parametrize(
    ("orders", "complaint"),
    [
        (np.zeros(3), r"orders must have the shape (3, 1) (paths, lanes), got (3,)"),
        (np.zeros((3, 2)), r"orders must have the shape (3, 1) (paths, lanes), got (3, 2)"),
        (np.zeros((1, 1)), r"orders must have the shape (3, 1) (paths, lanes), got (1, 1)"),
        (5.0, r"orders must have the shape (3, 1) (paths, lanes), got ()"),
        ([[1], [np.nan], [2]], "orders must be finite and 0 or more, got nan"),
        ([[1], [2], [np.inf]], "orders must be finite and 0 or more, got inf"),
        ([[-0.5], [1], [2]], "orders must be finite and 0 or more, got -0.5"),
    ],
)
def test_bad_orders_are_refused_in_one_line(orders: Any, complaint: str):
    """Orders are finite, not negative, and one for each path and lane; the complaint names the policy."""

    def clumsy(view: View) -> Any:
        return orders

    with pytest.raises(PolicyError) as caught:
        evaluate(clumsy, "lost-sales", paths=3)
    assert str(caught.value) == f"clumsy: {complaint}"


def test_whole_orders_and_lists_will_do():
    """Orders may be whole numbers, or nested lists."""
    five = evaluate("constant(quantity=5)", "lost-sales", paths=2)
    assert equal(evaluate(lambda view: [[5], [5]], "lost-sales", paths=2), five)
    assert equal(evaluate(lambda view: np.full((2, 1), 5, np.int32), "lost-sales", paths=2), five)


def test_progress_is_told():
    """Now and then it is told how many path-periods were played, and never more than there are."""
    told: list[int] = []
    evaluate("jit", "lost-sales", paths=40_000, periods=60, warmup=4, progress=told.append)
    assert sum(told) == 40_000 * 64
    assert len(told) >= 4
    told.clear()
    evaluate(lambda view: np.ones((3, 1)), "lost-sales", paths=3, periods=60, warmup=4, progress=told.append)
    assert told == [48] * 4


def test_a_frame_has_a_row_a_path():
    """`frame()` has one row a path, in their order, and one column a figure, in the order of METRICS."""
    result = evaluate("jit", "lost-sales", paths=7)
    frame = result.frame()
    assert frame.shape == (7, len(METRICS))
    assert list(frame.columns) == [metric.name for metric in METRICS]
    assert frame.index.name == "path"
    assert frame.index.tolist() == list(range(7))
    assert frame["cost"].tolist() == result.figures["cost"].tolist()


def test_a_result_tells_each_figure():
    """Mean, standard error and interval of any figure, cost by default; an unknown one is refused."""
    result = evaluate("jit", "lost-sales", paths=7)
    cost = result.figures["cost"]
    assert result.mean() == result.mean("cost") == pytest.approx(cost.mean())
    assert result.error() == pytest.approx(cost.std(ddof=1) / np.sqrt(7))
    assert result.interval() == (result.estimate().low, result.estimate().high)
    assert result.interval("stock") != result.interval()
    with pytest.raises(KeyError, match=r"unknown figure 'costs' \(known: cost, purchase_cost, "):
        result.mean("costs")


def test_costs_add_up_on_every_path():
    """The kinds of cost add up to the cost, and profit is revenue less that."""
    figures = evaluate("just-in-case", rich(), paths=50, periods=40).figures
    kinds = ["purchase_cost", "fixed_cost", "transit_cost", "holding_cost", "shortage_cost", "waste_cost"]
    assert np.allclose(figures["cost"], sum(figures[kind] for kind in kinds))
    assert np.allclose(figures["profit"], figures["revenue"] - figures["cost"])
    assert (figures["revenue"] > 0).all()


def test_rewards_are_those_of_an_env():
    """They add up to what was earned where leftovers are worthless, and are the same where these are not."""
    worthless = load("dual-sourcing", {"objective.leftovers": "worthless"})
    plain, with_leftovers = (evaluate("dual-index", world, paths=8) for world in (worthless, "dual-sourcing"))
    assert plain.rewards == pytest.approx(plain.figures["profit"] * plain.periods)
    assert np.array_equal(plain.rewards, with_leftovers.rewards)
    assert not np.allclose(plain.figures["profit"], with_leftovers.figures["profit"])


def test_evaluate_plays_the_paths_of_the_seed():
    """Its paths are the paths 0, 1, 2, ... of the trace of the seed, period by period, warm-up included."""
    world = rich(objective__leftovers="worthless")
    trace, player = Chance(world).draw(9, [0, 1, 2], 20), policy("jit", world)
    simulation, total = Simulation(Layout(world), trace), np.zeros(3)
    for t in range(20):
        flows = simulation.step(player(View(simulation)))
        total += (t >= 5) * flows.money["cost"][:, 0]
    assert np.allclose(evaluate("jit", world, paths=3, periods=15, warmup=5, seed=9).figures["cost"], total / 15)


def test_a_story_is_one_path_of_an_evaluation():
    """`tell` keeps each period of a path: its costs are those that `evaluate` finds, and nothing is lost on the way."""
    world = rich(objective__leftovers="worthless")
    for path in (0, 4):
        story = tell("jit", world, path=path, periods=30, seed=2)
        assert story.policy.startswith("jit(level=")
        assert story.cost.sum() / 30 == pytest.approx(
            evaluate("jit", world, paths=5, periods=30, seed=2).figures["cost"][path]
        )
        shapes = {name: getattr(story, name).shape for name in ("demanded", "held", "ordered", "available", "waiting")}
        assert shapes == dict(demanded=(30, 2), held=(30, 2), ordered=(30, 3), available=(30, 3), waiting=(30, 3))
        assert set(np.unique(story.available[:, 0])) == {1}
        assert set(np.unique(story.available[:, 1])) == {0.5, 1}
        assert (story.short <= story.demanded).all()
