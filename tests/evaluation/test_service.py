"""`objective: {fill_rate: ...}`: tuning honours it, a comparison says who reaches it, others refuse it or say so."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import jit_gym
from jit_gym.cli import app
from jit_gym.common.statistics import Estimate
from jit_gym.evaluation.service import Service, in_words, order_of, shortfalls
from jit_gym.report.words import verdict
from jit_gym.scenario import BadInput, ScenarioError

ASKED = {"objective.fill_rate": 0.98}
BACKLOG = {
    "demands.customers.unmet": "backlog",
    "demands.customers.shortage_cost": 4,
    "lanes.supplier.lead_time": 0,
    "horizon.periods": 50,
}


def level_for(required: float, mean: float) -> int:
    """Return the least base-stock level S with E[min(S, D)] / E[D] at least so much, D being Poisson: the definition.

    With a lead time of 0 and backlog, each period begins with S units where none were left unserved.
    """
    from scipy.stats import poisson

    demand = np.arange(200)
    chances = poisson.pmf(demand, mean)
    return next(level for level in range(200) if chances @ np.minimum(level, demand) >= required * mean)


@pytest.mark.parametrize("required", [0.9, 0.99])
def test_tuning_finds_the_least_level_that_serves_so_much(required: float):
    """Poisson(5), backlog, lead time 0: costs of 4 to 1 alone want 7 units, which serves 95.8 % of demand.

    0.9 does not bind; 0.99 wants more.
    """
    world = jit_gym.load("lost-sales", BACKLOG | {"objective.fill_rate": required})
    best = jit_gym.tune("base-stock", world, seed=1, budget=600_000)
    assert best.tuning.service.required == required
    assert best.tuning.service.reaches() == "meets"
    assert best.parameters["level"] == max(7, level_for(required, 5.0))


def test_what_is_tuned_reaches_it_on_other_paths_and_the_next_cheaper_level_does_not():
    """Lost sales at a low shortage cost: the cheapest level serves far less than 98 % of demand."""
    world = jit_gym.load("lost-sales", ASKED | {"demands.customers.shortage_cost": 4})
    free = jit_gym.tune("base-stock", jit_gym.load(world, {"objective.fill_rate": None}), seed=1, budget=1_000_000)
    best = jit_gym.tune("base-stock", world, seed=1, budget=1_000_000)
    assert free.parameters["level"] < best.parameters["level"]
    assert best.tuning.service.reaches() == "meets"
    assert best.tuning.formula_service.reaches() == "misses"
    fewer = f"base-stock(level={best.parameters['level'] - 1:g})"
    table = jit_gym.compare([free, best, fewer, "jit"], world, paths=512, seed=99, gap=False)
    assert [table.reaches(result) for result in table.results[::3]] == ["misses", "misses"]
    assert table.reaches(table.results[1]) == "meets"
    assert table.results[2].mean("fill_rate") < 0.9825  # no more than the interval of the search away
    assert table.best is table.results[1]
    assert table.best.mean("cost") > table.results[0].mean("cost")
    assert "Not ranked, since they do not surely reach a fill rate of 98 %" in verdict(table)


def test_two_parameters_are_tuned_to_it():
    world = jit_gym.load("fixed-cost", {"objective.fill_rate": 0.999})
    best = jit_gym.tune("s-S", world, seed=1, budget=1_500_000)
    free = jit_gym.tune("s-S", jit_gym.load("fixed-cost"), seed=1, budget=1_500_000)
    figures = {each: jit_gym.evaluate(each, "fixed-cost", paths=256, seed=5) for each in (str(best), str(free))}
    assert best.tuning.service.reaches() == "meets"
    assert figures[str(best)].mean("fill_rate") > 0.9985 > figures[str(free)].mean("fill_rate")


def test_where_nothing_reaches_it_the_nearest_is_found_and_said():
    """A stock that holds 6 units at most cannot serve 99.9 % of Poisson(5)."""
    small = {"stocks.shop.storage_limit": 6, "stocks.shop.initial": 6, "objective.fill_rate": 0.999}
    world = jit_gym.load("lost-sales", BACKLOG | small)
    best = jit_gym.tune("base-stock", world, seed=1, budget=400_000)
    assert best.tuning.service.reaches() == "misses"
    assert best.parameters["level"] >= 6
    table = jit_gym.compare([best, "jit"], world, paths=64, gap=False)
    assert "nobody surely meets it" in table.notes[0]
    assert "All of them miss a fill rate of 99.9 %." in verdict(table)
    assert table.eligible == table.results


def test_without_it_nothing_is_said_of_it():
    best = jit_gym.tune("base-stock", "lost-sales", seed=1, budget=200_000)
    assert best.tuning.service is best.tuning.formula_service is None
    table = jit_gym.compare(["jit", best], "lost-sales", paths=4, gap=False)
    assert table.eligible == table.results
    assert table.service(table.best) is table.reaches(table.best) is None
    assert not any("fill_rate" in note for note in table.notes)


def test_candidates_that_reach_it_come_before_all_others():
    """Of two that reach it the cheaper, of two that do not the nearer (Deb 2000)."""
    short = shortfalls(np.array([0.99, 0.95, 0.98, 0.97]), 0.98)
    assert short == pytest.approx([0, 0.03, 0, 0.01])
    assert order_of(np.array([9.0, 1.0, 8.0, 2.0]), short).tolist() == [2, 0, 3, 1]


@pytest.mark.parametrize(
    ("mean", "half", "reaches"),
    [(0.99, 0.005, "meets"), (0.98, 0.0, "meets"), (0.985, 0.01, "unclear"), (0.97, 0.005, "misses")],
)
def test_the_interval_decides(mean: float, half: float, reaches: str):
    service = Service(0.98, Estimate(mean, half / 2, mean - half, mean + half))
    assert service.reaches() == reaches


def test_one_path_tells_nothing_but_where_nothing_is_left_to_chance():
    one = Service(0.98, Estimate.of(np.array([0.99])))
    assert one.reaches() == "unclear"
    assert one.reaches(certain=True) == "meets"
    assert list(in_words([("jit", one)])) == [
        "objective.fill_rate of 98 %: not told for jit (99.00 %); nobody surely meets it"
    ]
    assert list(in_words([])) == []


def test_solvers_and_dcl_refuse_it_and_formulas_say_that_they_ignore_it():
    world = jit_gym.load("lost-sales", ASKED | {"lanes.supplier.lead_time": 1})
    with pytest.raises(ScenarioError, match=r"objective\.fill_rate: cannot be solved exactly yet"):
        jit_gym.solve(world)
    bound = jit_gym.clairvoyant(world, paths=2, periods=20)
    assert bound.cost > 0
    notes = jit_gym.compare(["base-stock", lambda view: view.used], world, paths=4, gap=False).notes
    assert any("the formula ignores" in note and "the fill rate that is asked for (98 %)" in note for note in notes)
    assert any("does not look at objective.fill_rate" in note for note in notes)
    pytest.importorskip("torch")
    from jit_gym.agents import program

    learn = program("dcl")
    with pytest.raises(BadInput, match=r"^objective\.fill_rate: dcl learns costs alone, got 0\.98"):
        learn(world, learn.settable(), 0)


@pytest.mark.parametrize(
    ("value", "words"), [(0, "greater than 0"), (1.2, "less than or equal to 1"), ("high", "number")]
)
def test_a_fill_rate_is_a_share(value: object, words: str):
    with pytest.raises(ScenarioError, match=r"objective\.fill_rate"):
        jit_gym.load("lost-sales", {"objective.fill_rate": value})


def test_the_command_line_tells_it():
    """`tune` in its table and its JSON, `compare` in a note and by policy."""
    shop = ["--set", "objective.fill_rate=0.95", "--set", "lanes.supplier.lead_time=1", "--json"]
    done = CliRunner().invoke(app, ["compare", "lost-sales", "base-stock", "jit", "--paths", "32", "--no-gap", *shop])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert {each["reaches_fill_rate"] for each in found["policies"]} <= {"meets", "misses", "unclear"}
    assert found["notes"][0].startswith("objective.fill_rate of 95 %")
    again = ["tune", "lost-sales", "base-stock", "--budget", "200000", *shop[:-1]]
    done = CliRunner().invoke(app, again)
    assert done.exit_code == 0, done.output
    assert "meets 95 %" in done.stdout
    done = CliRunner().invoke(app, [*again, "--json"])
    assert json.loads(done.stdout)["service"]["reaches"] == "meets"
