"""Runs of a suite: the same rows whoever computes them, nothing lost and nothing twice, and what is verified."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from jit_gym.benchmark import run as running
from jit_gym.benchmark.learn import trained
from jit_gym.benchmark.rows import REFERENCE, Row, file_of, read, read_all, text_of
from jit_gym.benchmark.run import Bench, Clock, check_place, external_names
from jit_gym.benchmark.suite import Run
from jit_gym.benchmark.verify import disagreements, verify
from jit_gym.common.checks import BadInput
from jit_gym.common.executor import HERE, Executor
from jit_gym.evaluation import evaluate

from .tiny import raw, tiny

POLICIES = {"lot-for-lot", "formula", "base-stock", "constant", REFERENCE}


def figures(folder: Path) -> dict[tuple[str, str, str, int], dict[str, str]]:
    """Return the cells of all rows that are the same for everybody."""
    return {row.key: row.figures for row in read_all(folder)}


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Path:
    """Return the folder of the rules' rows, computed here and at once."""
    out = tmp_path_factory.mktemp("played")
    assert Bench(tiny(), "tiny", "test", None, out).play(HERE) == 10
    return out


def copy(folder: Path, into: Path) -> Path:
    """Return a folder with the rows of another one, and nothing else."""
    for path in sorted(folder.rglob("*.csv")):
        place = into / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    return into


def rewrite(folder: Path, row: Row) -> None:
    """Put a row in the place of the one of its key."""
    path = file_of(folder, row.instance, row.policy)
    path.write_text(text_of([row if each.key == row.key else each for each in read(path)]))


def test_there_is_a_row_for_each_policy_instance_and_regime(played):
    keys = {row.key for row in read_all(played)}
    assert {key[0] for key in keys} == POLICIES
    assert len(keys) == len(POLICIES) * 2 * 3


def test_a_row_says_what_evaluate_says(played):
    """On the same paths: the parameters that a row holds, and the seed, paths and periods."""
    row = next(row for row in read_all(played) if row.key == ("base-stock", "shop/waits", "stressed", 0))
    world = tiny().instances["shop/waits"].world("stressed")
    span = {"paths": row.paths, "periods": row.periods, "warmup": row.warmup, "seed": row.judged_seed}
    result, low = (evaluate(name, world, **span) for name in (row.parameters, "jit"))
    assert row.cost == pytest.approx(result.mean("cost"), rel=1e-9)
    assert row.fill_rate == pytest.approx(result.mean("fill_rate"), rel=1e-9)
    assert row.reference_low == pytest.approx(low.mean("cost"), rel=1e-9)
    assert (row.kind, row.learned_on, row.fingerprint) == ("tuned rule", "calm", world.fingerprint)
    assert 0 < row.periods_spent <= tiny().learning.tuning


def test_gaps_are_to_the_reference_and_the_best_rule_is_one_that_is_tuned(played):
    rows = {row.key: row for row in read_all(played)}
    for (name, instance, regime, _), row in rows.items():
        reference = rows[REFERENCE, instance, regime, 0]
        assert row.reference == reference.cost
        assert row.gap == pytest.approx((row.cost - row.reference) / abs(row.reference), abs=1e-6)
        best = rows[row.best_rule, instance, regime, 0]
        assert best.kind == "tuned rule"
        assert row.versus_best_rule == pytest.approx((row.cost - best.cost) / abs(best.cost), abs=1e-6)
        assert (row.kind == "reference") == (name in (REFERENCE, "lot-for-lot"))


def test_a_second_run_computes_nothing_and_changes_nothing(played):
    before = {path: path.read_bytes() for path in played.rglob("*.csv")}
    assert Bench(tiny(), "tiny", "test", None, played).play(HERE) == 0
    assert {path: path.read_bytes() for path in played.rglob("*.csv")} == before


def test_rows_do_not_depend_on_what_is_computed_beside_them(played, tmp_path):
    """The parts in another order, and by two processes."""
    for only in ("constant", "shop/waits", None):
        Bench(tiny(), "tiny", "test", only, tmp_path).play(Executor("processes", 2))
    assert figures(tmp_path) == figures(played)


def test_rows_of_another_world_are_refused(played, tmp_path):
    world = raw()["instances"]["shop/lost"]
    other = tiny(instances=raw()["instances"] | {"shop/lost": world | {"set": {"lanes.supplier.lead_time": 2}}})
    with pytest.raises(BadInput, match="another world"):
        Bench(other, "tiny", "test", None, copy(played, tmp_path))


def test_what_was_kept_for_another_budget_is_learned_again(played, tmp_path):
    Bench(tiny(), "tiny", "test", "base-stock", tmp_path).play(HERE)
    for path in tmp_path.rglob("*.csv"):
        path.unlink()
    more = tiny(learning=raw()["learning"] | {"tuning": 90000})
    Bench(more, "tiny", "test", "base-stock", tmp_path).play(HERE)
    spent = {row.periods_spent for row in read_all(tmp_path) if row.policy == "base-stock"}
    assert not spent & {row.periods_spent for row in read_all(played) if row.policy == "base-stock"}


@pytest.mark.parametrize("code", [None, "0123456789ab-dirty"])
def test_results_of_changed_code_are_not_for_the_checkout(monkeypatch, code):
    monkeypatch.setattr(running, "commit", lambda *but: code)
    with pytest.raises(BadInput, match="has changes"):
        check_place(running.ROOT / "results" / "tiny")
    check_place(running.ROOT / "runs" / "tiny")


def test_results_of_a_commit_are(monkeypatch):
    monkeypatch.setattr(running, "commit", lambda *but: "0123456789ab")
    check_place(running.ROOT / "results" / "tiny")


# Killed


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_run_that_is_killed_goes_on(played, tmp_path):
    """Killed after the first rule was tuned, after the first rows, and after some: nothing lost, nothing twice."""
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(raw(), sort_keys=False))
    out = tmp_path / "out"
    line = [sys.executable, "-m", "jit_gym", "benchmark", "tiny.yaml", "--tier", "test", "--on", "here", "--out", "out"]
    kept = set()
    for glob, count in (("work/**/*.json", 1), ("shop/**/*.csv", 1), ("shop/**/*.csv", 4)):
        with subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            while len(list(out.glob(glob))) < count and process.poll() is None:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
        assert not alive(process.pid)
        now = set(figures(out))
        assert kept <= now
        kept = now
    assert kept
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
    there = len({(name, instance) for name, instance, _, _ in kept})
    assert f"{10 - there} run" in done.stdout
    assert f"{there} there already" in done.stdout
    assert figures(out) == figures(played)
    assert not [path for path in (tmp_path / "out" / "shop").rglob("*") if path.is_file() and path.suffix != ".csv"]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes as Linux has them")
def test_no_worker_outlives_a_run_that_is_killed(tmp_path):
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(raw(), sort_keys=False))
    line = [sys.executable, "-m", "jit_gym", "benchmark", "tiny.yaml", "--tier", "test", "--workers", "2"]
    with subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        while not list(tmp_path.glob("runs/tiny/work/shop/*/*.json")) and process.poll() is None:
            time.sleep(0.002)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) >= 2
        process.send_signal(signal.SIGKILL)
    until = time.monotonic() + 60
    while (left := [pid for pid in children if alive(int(pid))]) and time.monotonic() < until:
        time.sleep(0.01)
    assert left == []


@pytest.mark.slow
def test_agents_are_trained_once_each_and_may_be_killed(tmp_path):
    suite, whole = tiny(), tmp_path / "whole"
    Bench(suite, "tiny", "full", "shop/lost", whole).play(HERE)
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(raw(), sort_keys=False))
    line = [sys.executable, "-m", "jit_gym", "benchmark", "tiny.yaml", "--tier", "full", "--only", "hindsight"]
    line += ["--on", "here", "--out", "out"]
    with subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        while not list((tmp_path / "out").rglob("checkpoint.pt")) and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    subprocess.run(line, cwd=tmp_path, capture_output=True, check=True)
    assert figures(tmp_path / "out").items() <= figures(whole).items()
    rows = [row for row in read_all(whole) if row.policy == "hindsight"]
    assert {row.seed for row in rows} == {0, 1}
    assert {row.kind for row in rows} == {"agent"}
    assert len({row.parameters for row in rows}) == 2
    # 4 steps of 8 paths of 10 periods, and 2 evaluations (from the step that trains in whole units on) of 16 of 40
    assert {row.periods_spent for row in rows} <= {4 * 8 * 10 + 16 * 40 * n for n in (1, 2)}
    assert verify(suite, whole, None, HERE).wrong == []
    assert verify(suite, copy(whole, tmp_path / "rows"), None, HERE).left == 6  # without their networks


def test_a_network_begins_the_same_whatever_ran_before_in_the_process(tmp_path, monkeypatch):
    """Stable-Baselines3 begins with orthogonal weights, whose last bits depend on the threads of the factorisation."""
    torch = pytest.importorskip("torch")
    before, seen = torch.get_num_threads(), []

    def learn(world, settings, seed):
        seen.append(torch.get_num_threads())
        raise BadInput("enough")

    monkeypatch.setattr("jit_gym.agents.program", lambda name: learn)
    monkeypatch.setattr("jit_gym.agents.learner.settings_of", lambda *given: None)
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            with pytest.raises(BadInput, match="enough"):
                trained(tiny(), Run("shop/lost", "hindsight", 0), tmp_path, "", lambda _: None)
    finally:
        torch.set_num_threads(before)
    assert seen == [1, 1]


# Verified


def test_true_rows_are_verified(played, tmp_path):
    found = verify(tiny(), copy(played, tmp_path), None, HERE)
    assert (found.played, found.of, found.left, found.wrong) == (30, 30, 0, [])


@pytest.mark.parametrize("column", ["cost", "gap_low", "fill_rate", "reference", "reference_low", "versus_best_rule"])
def test_a_number_that_was_changed_is_found(played, tmp_path, column):
    row = next(row for row in read_all(copy(played, tmp_path)) if row.key == ("formula", "shop/lost", "stressed", 0))
    rewrite(tmp_path, replace(row, **{column: getattr(row, column) * (1 + 1e-7) + 1e-7}))
    found = verify(tiny(), tmp_path, None, HERE)
    assert [(each.row.key, each.column) for each in found.wrong] == [(row.key, column)]


def test_parameters_that_were_changed_are_found(played, tmp_path):
    path = file_of(copy(played, tmp_path), "shop/waits", "base-stock")
    path.write_text(path.read_text().replace("base-stock(level=", "base-stock(level=1"))
    assert verify(tiny(), tmp_path, None, HERE).wrong


def test_a_sample_is_that_large(played):
    assert verify(tiny(), played, 2, HERE, seed=3).played == 6


def test_no_rows_are_not_verified(tmp_path):
    with pytest.raises(BadInput, match="no rows"):
        verify(tiny(), tmp_path, None, HERE)


def test_two_folders_agree_where_their_intervals_meet(played, tmp_path):
    assert disagreements(copy(played, tmp_path), played) == (30, [])
    row = next(row for row in read_all(tmp_path) if row.key == ("constant", "shop/lost", "calm", 0))
    rewrite(tmp_path, replace(row, cost=9 * row.cost, cost_low=8.9 * row.cost, cost_high=9.1 * row.cost))
    common, (said,) = disagreements(tmp_path, played)
    assert common == 30
    assert said.startswith("shop/lost constant seed 0, calm: costs ")


# Policies from elsewhere


MINE = "def mine(view):\n    return (6.0 - view.inventory_position).clip(min=0.0)\n"


def test_ones_own_policy_is_judged_on_the_suite(tmp_path, monkeypatch, played):
    (tmp_path / "rules_of_mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    bench = Bench(tiny(), "tiny", "test", "shop/waits", tmp_path / "out", {"mine": "rules_of_mine:mine"})
    assert bench.play(HERE) == 2  # and the reference
    rows = [row for row in read_all(tmp_path / "out") if row.policy == "mine"]
    assert [(row.regime, row.kind, row.parameters) for row in rows] == [
        (regime, "external", "rules_of_mine:mine") for regime in ("calm", "stressed", "held-out")
    ]
    there = {row.key: row for row in read_all(played)}
    assert all(row.reference == there[REFERENCE, "shop/waits", row.regime, 0].cost for row in rows)
    assert rows[0].command == "jit-gym benchmark tiny --tier test --only shop/waits --policy mine=rules_of_mine:mine"


def test_names_of_ones_own_policies():
    assert external_names(["mine=a.b:c", "my.rules:best(label=x)"]) == {
        "mine": "a.b:c",
        "my-rules-best": "my.rules:best(label=x)",
    }
    with pytest.raises(BadInput, match="given twice"):
        external_names(["mine=a:b", "mine=c:d"])
    with pytest.raises(BadInput, match="of the suite's own"):
        Bench(tiny(), "tiny", "test", None, Path("nowhere"), {"formula": "a:b"})


def test_a_policy_that_refuses_a_world_is_refused_with_the_place(tmp_path):
    bench = Bench(tiny(), "tiny", "test", "shop/lost", tmp_path, {"mine": "dual-index"})
    with pytest.raises(BadInput, match="shop/lost, calm: mine: "):
        bench.play(HERE)
    assert "mine" not in {row.policy for row in read_all(tmp_path)}


def test_the_time_left_is_that_of_what_is_left():
    told = []
    clock = Clock({"tune": 2, "judge": 3}, 2, told.append)
    clock.tick("tune", 4.0, "a")
    assert told[-1] == ("a", 1, 5, (4.0 + 3 * Clock.usual["judge"]) / 2)
    for what in "bcde":
        clock.tick("judge" if what != "b" else "tune", 2.0, what)
    assert told[-1] == ("e", 5, 5, 0.0)
