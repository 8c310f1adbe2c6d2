"""Whatever is handed over, the answer is a result or one line: no traceback, no crash, no hang, nothing silent.

`JIT_GYM_SEED=5 pytest -m slow tests/attack` repeats the attack with other faults.
"""

from __future__ import annotations

import os
import random
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from jit_gym import cli
from jit_gym.evaluation import compare, evaluate, tune
from jit_gym.policies import RULES
from jit_gym.scenario import BadInput, Scenario, load

from ..worlds import scenarios
from . import mutations

SEED = int(os.environ.get("JIT_GYM_SEED", "0"))
PATIENCE = 20  # seconds that anything may take


@contextmanager
def in_time(what: Any) -> Iterator[None]:
    """Fail where something takes longer than it may."""

    def fail(*_: Any) -> None:
        raise AssertionError(f"took longer than {PATIENCE} s: {what}")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def answered(act: Callable[[], Any], what: Any) -> Any:
    """Return what an act returns, or None where it was refused in one line; anything else is a failure."""
    with in_time(what), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # NumPy's never reach a user
        complaint = ""
        try:
            return act()
        except BadInput as error:
            complaint = str(error)
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}\n{what}") from error
    assert complaint.count("\n") == 0 < len(complaint), what
    return None


def played(world: Scenario) -> None:
    """Play a world that could be loaded, and hold that all its figures mean something."""
    periods = min(world.horizon.periods, 30)
    for rule in ("base-stock", "just-in-case"):
        result = evaluate(rule, world, paths=2, periods=periods)
        assert np.isfinite(result.figures["cost"]).all()


def attack_files(count: int, seed: int, folder: Path) -> None:
    for k in range(count):
        data = mutations.scenario(random.Random(f"{seed} scenario {k}"))
        path = folder / "world.yaml"
        path.write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            world = answered(lambda path=path: load(path), f"seed {seed}, scenario {k}:\n{data!r}")
            if world is not None:
                answered(lambda world=world: played(world), f"seed {seed}, scenario {k}:\n{data!r}")


def attack_histories(count: int, seed: int, folder: Path) -> None:
    for k in range(count):
        data = mutations.sales(random.Random(f"{seed} sales {k}"))
        path = folder / "sales.csv"
        path.write_bytes(data)
        own = {
            "demands.customers.history.file": str(path),
            "demands.customers.history.date": "week",
            "demands.customers.history.value": "units_sold",
            "demands.customers.history.where": {"store": "north"},
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            world = answered(lambda own=own: load("grocery", own), f"seed {seed}, sales {k}:\n{data!r}")
            if world is not None:
                answered(lambda world=world: played(world), f"seed {seed}, sales {k}:\n{data!r}")


def attack_commands(count: int, seed: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiles = [
        "solve",
        "lost-sales",
        "base-stock",
        "--set",
        "lanes.supplier.lead_time=1",
    ]  # once, which takes its time
    cli.app(compiles, prog_name="jit-gym", standalone_mode=False)
    capsys.readouterr()
    for k in range(count):
        line = mutations.command(random.Random(f"{seed} command {k}"))
        with in_time(line):
            status = cli.app(line, prog_name="jit-gym", standalone_mode=False)
        out, error = capsys.readouterr()
        what = f"seed {seed}, command {k}: {line}\n{error}"
        assert status in (None, 0, 2), what
        assert "Traceback" not in out + error, what
        if status == 2:
            *notes, complaint = error.strip().splitlines()
            assert complaint.startswith("jit-gym: "), what
            assert all(note.startswith(("jit-gym: note: ", "jit-gym: compiling ")) for note in notes), what
        before = {path.name for path in folder.iterdir()}
        assert not {name for name in before if name.endswith(".tmp")}, what


def attack_tunings(count: int, seed: int) -> None:
    worlds = [
        "lost-sales",
        "dual-sourcing",
        "serial",
        "perishable",
        "fixed-cost",
        "assembly",
        "two-machine-line",
        "grocery",
    ]
    tune("base-stock", "lost-sales", budget=100_000)  # compiles, once, which takes its time
    rng = random.Random(f"{seed} tunings")
    for _ in range(count):
        name, rule = rng.choice(worlds), rng.choice(list(RULES))
        keys = [
            "horizon.periods",
            "horizon.ends",
            "objective.discount",
            "stocks.shop.storage_limit",
            "lanes.supplier.capacity",
        ]
        keys += ["demands.customers.distribution", "demands.customers.shortage_cost", "stocks.shop.holding_cost"]
        own = {key: rng.choice([0, 1, 3, 0.5, True, 50]) for key in rng.sample(keys, rng.randrange(3))}
        budget = rng.choice([100, 3_000, 30_000])
        what = f"seed {seed}: tune {rule} {name} {own} {budget}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            best = answered(
                lambda name=name, own=own, rule=rule, budget=budget: tune(rule, load(name, own), budget=budget), what
            )
        if best is not None:
            assert best.tuning.spent <= budget, what
            assert np.isfinite(best.tuning.estimate.mean), what


def test_a_few_damaged_scenarios_are_loaded_or_refused(tmp_path: Path):
    attack_files(60, SEED, tmp_path)


def test_a_few_damaged_sales_are_loaded_or_refused(tmp_path: Path):
    attack_histories(40, SEED, tmp_path)


def test_a_few_command_lines_are_carried_out_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    attack_commands(25, SEED, tmp_path, capsys)


def test_a_few_tunings_end_within_their_budget():
    attack_tunings(10, SEED)


@pytest.mark.slow
def test_many_damaged_scenarios_are_loaded_or_refused(tmp_path: Path):
    attack_files(3000, SEED + 1, tmp_path)


@pytest.mark.slow
def test_many_damaged_sales_are_loaded_or_refused(tmp_path: Path):
    attack_histories(400, SEED + 1, tmp_path)


@pytest.mark.slow
def test_many_command_lines_are_carried_out_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    attack_commands(230, SEED + 1, tmp_path, capsys)


@pytest.mark.slow
def test_many_tunings_end_within_their_budget():
    attack_tunings(600, SEED + 1)


@pytest.mark.slow
@settings(
    max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None
)
@given(scenarios())
def test_every_world_can_be_compared(scenario: Scenario):
    """In any world the rules that fit it are compared, or refused in one line."""
    answered(
        lambda: compare(["jit", "kanban", "base-stock", "just-in-case"], scenario, paths=2, periods=10, gap=False),
        scenario,
    )
