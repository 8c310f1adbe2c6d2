"""Rows that are played on fresh paths: honest ones hold, and what was made better, or knew the paths, is named."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from jit_gym.benchmark.fresh import COST, OVER, Fresh, draw_seed, play_fresh, summary
from jit_gym.benchmark.rows import REGIMES, Row, file_of, read, read_all, text_of
from jit_gym.benchmark.run import Bench
from jit_gym.benchmark.suite import LEAST_SEED, Run
from jit_gym.benchmark.verify import verify
from jit_gym.common.checks import BadInput
from jit_gym.common.executor import HERE, Executor
from jit_gym.scenario import ScenarioError

from ..commands import done, jit
from .test_run import copy, rewrite
from .tiny import JUDGING, raw, tiny

SEED = 8_000_000_000  # of any twenty seeds one may name an honest row, as 7,000,000,000 does
MANY = {"judging": JUDGING | {"paths": 2048}}  # so many that 2 % of a cost show


@pytest.fixture(scope="module")
def honest(tmp_path_factory) -> Path:
    """Return the rows of the rules."""
    out = tmp_path_factory.mktemp("honest")
    Bench(tiny(**MANY), "tiny", "test", None, out).play(HERE)
    return out


def fresh(folder: Path, **more) -> Fresh:
    return play_fresh(tiny(**MANY), folder, more.pop("seed", SEED), HERE, **more)


def named(found: Fresh) -> set[tuple[str, str, str]]:
    return {(each.row.instance, each.row.policy, each.row.regime) for each in found.wrong}


def test_honest_rows_hold(honest):
    """All of them: 4 policies on 2 instances in 3 regimes, each but the best rule of its instance with 2 figures."""
    found = fresh(honest)
    best = sum(row.policy == row.best_rule for row in read_all(honest))
    assert len(found.compared) == 2 * 24 - best
    assert (found.wrong, found.impossible, found.left) == ([], [], [])
    assert len(found.worst) == 8


def test_of_many_honest_figures_one_in_twenty_is_outside_an_interval_of_its_own(honest):
    """Over ten seeds, within what a binomial number of dependent figures may be off by."""
    outside, of = 0, 0
    for k in range(10):
        found = fresh(honest, seed=SEED + 10 * k, only="shop/lost")
        outside += sum(not each.holds(1) for each in found.compared)
        of += found.intervals
    assert 0.01 < outside / of < 0.12


def test_a_cost_that_was_made_better_is_named(honest, tmp_path):
    """By 2 %, with its interval and all that follows from it, so that the row looks whole."""
    key = ("formula", "shop/lost", "calm", 0)
    row = next(row for row in read_all(copy(honest, tmp_path)) if row.key == key)
    less = 0.02 * row.cost
    rule = row.cost / (1 + row.versus_best_rule)
    names = ("versus_best_rule", "versus_best_rule_low", "versus_best_rule_high")
    better = {name: getattr(row, name) - less for name in ("cost", "cost_low", "cost_high")}
    rewrite(tmp_path, replace(row, **better, **{name: getattr(row, name) - less / rule for name in names}))
    found = fresh(tmp_path)
    assert named(found) == {("shop/lost", "formula", "calm")}
    assert {each.figure for each in found.wrong} <= {COST, OVER}
    assert all(0.5 < each.off(1).mean < 3.5 for each in found.wrong)


CHEATS = '''
from functools import cache

from jit_gym.chance import Chance


@cache
def demand_of(fingerprint, scenario, paths):
    return Chance(scenario).draw(5000000001, range(paths), 300).demand


def known(view):
    """Order what is asked for tomorrow on the paths that judge in calm, of which the seed is public."""
    return demand_of(view.scenario.fingerprint, view.scenario, len(view.on_hand))[:, view.period + 1]


def reads(view):
    """Order what is asked for tomorrow on whatever paths are played; on the last day drawn, as much as today."""
    trace = view.source.trace
    return trace.demand[:, min(view.period + 1 - trace.first, trace.periods - 1)]
'''


def test_who_knows_the_paths_that_judge_is_named(tmp_path, monkeypatch):
    """Every number of its row is hit when it is played again on them; on fresh paths it costs far more."""
    (tmp_path / "cheats_a.py").write_text(CHEATS)
    monkeypatch.chdir(tmp_path)
    Bench(tiny(**MANY), "tiny", "test", "shop/lost", tmp_path / "out", {"mine": "cheats_a:known"}).play(HERE)
    Bench(tiny(**MANY), "tiny", "test", "shop/lost", tmp_path / "out").play(HERE)
    assert verify(tiny(**MANY), tmp_path / "out", None, HERE, only="mine").wrong == []
    found = fresh(tmp_path / "out")
    assert named(found) == {("shop/lost", "mine", "calm")}
    assert min(each.off(found.intervals).low for each in found.wrong) > 10


def test_who_reads_the_future_is_named_where_that_is_less_than_anybody_can_pay(tmp_path, monkeypatch):
    """It does as well on fresh paths, and better than the optimum, which knows no future."""
    (tmp_path / "cheats_b.py").write_text(CHEATS)
    monkeypatch.chdir(tmp_path)
    Bench(tiny(**MANY), "tiny", "test", "shop/lost", tmp_path / "out", {"mine": "cheats_b:reads"}).play(HERE)
    Bench(tiny(**MANY), "tiny", "test", "shop/lost", tmp_path / "out").play(HERE)
    found = fresh(tmp_path / "out")
    assert found.wrong == []
    assert {(row.policy, row.regime) for row in found.impossible} == {("mine", regime) for regime in REGIMES}
    assert any("shop/lost mine seed 0, calm: costs " in words for words in summary(found))


def test_it_is_the_same_wherever_it_is_played(honest):
    here, there = fresh(honest), play_fresh(tiny(**MANY), honest, SEED, Executor("processes", 2))
    told = [[(each.row.key, *each[1:]) for each in found.compared] for found in (here, there)]
    assert told[0] == told[1]


def test_runs_are_chosen_by_tier_name_and_sample(honest):
    def runs(**more) -> set[Run]:
        return set(fresh(honest, **more).worst)

    assert {run.instance for run in runs(only="backlog")} == {"shop/waits"}
    assert runs(only="shop/lost,constant", tier="full") == {Run("shop/lost", "constant", 0)}
    few = runs(sample=3)
    assert len(few) == 3
    assert few == runs(sample=3)
    assert few != runs(sample=3, seed=SEED + 3) or few != runs(sample=3, seed=SEED + 6)
    with pytest.raises(ScenarioError, match="did you mean 'shop/lost'"):
        fresh(honest, only="shop/last")
    with pytest.raises(BadInput, match="no such rows"):
        fresh(honest, only="reference")


def test_agents_whose_networks_are_not_here_are_named(honest, tmp_path):
    """And what is left is played."""
    row = next(row for row in read_all(copy(honest, tmp_path)) if row.key == ("formula", "shop/lost", "calm", 0))
    agent = {"policy": "hindsight", "kind": "agent", "seed": 1, "parameters": "hindsight 0123456789abcdef"}
    rewrite_all(tmp_path, [replace(row, regime=regime, **agent) for regime in REGIMES])
    found = fresh(tmp_path)
    assert found.left == [Run("shop/lost", "hindsight", 1)]
    assert len(found.worst) == 8
    assert list(summary(found))[-1] == "Left out, as their networks are not here: hindsight (1 run)."


def rewrite_all(folder: Path, rows: list[Row]) -> None:
    file_of(folder, rows[0].instance, rows[0].policy).write_text(text_of(rows))


def test_rows_of_another_world_or_without_a_regime_are_refused(honest, tmp_path):
    path = file_of(copy(honest, tmp_path), "shop/lost", "formula")
    calm, *others = read(path)
    rewrite_all(tmp_path, [replace(calm, fingerprint="0123456789abcdef"), *others])
    with pytest.raises(BadInput, match="shop/lost, calm: the row of formula is of another world"):
        fresh(tmp_path)
    rewrite_all(tmp_path, others)
    with pytest.raises(BadInput, match="shop/lost: formula has no row of the regime calm"):
        fresh(tmp_path)


def test_a_seed_is_drawn_that_nobody_knew():
    drawn = {draw_seed() for _ in range(100)}
    assert len(drawn) == 100
    assert min(drawn) > LEAST_SEED + 1000


def test_the_command_says_what_holds(tmp_path, monkeypatch):
    """With the seed that it drew, by which all is repeated; and the status is 1 where a row does not hold."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(yaml.safe_dump(raw(**MANY), sort_keys=False))
    done("benchmark", "tiny.yaml", "--tier", "test", "--on", "here")
    line = ["benchmark", "tiny.yaml", "--fresh", "--on", "here"]
    said = done(*line, "--only", "shop/lost", "--seed", str(SEED))
    assert re.search(r"^shop/lost formula: holds; .* in the row, .* on fresh paths, ", said, re.MULTILINE)
    assert f"on the paths of seed {SEED}: 0 do not hold" in said
    drawn = jit(*line, "--sample", "1")  # whose status is 1 for one seed in twenty
    assert re.search(r" on the paths of seed \d{11,}: [01] do", drawn.stdout)
    assert f"seed {SEED}" not in drawn.stdout
    row = next(row for row in read_all(Path("runs/tiny")) if row.key == ("constant", "shop/waits", "held-out", 0))
    rewrite(Path("runs/tiny"), replace(row, cost=0.9 * row.cost))
    result = jit(*line, "--seed", str(SEED))
    assert result.exit_code == 1
    assert re.search(r"^shop/waits constant: does not hold; cost, held-out: ", result.stdout, re.MULTILINE)
