"""What the README shows, runs."""

import datetime as dt
import doctest
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jit_gym.cli import app
from jit_gym.scenario import load, yaml12

README = Path(__file__).parents[1] / "README.md"
SHELL = [
    line.split("  #")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    for line in block.splitlines()
    if line.startswith("jit-gym ")
]


LONG = ("--tuned", " tune ", "lead_time=2 --paths")  # in lines that take many seconds


def test_its_python_examples_hold():
    """Every `>>>` gives what the README says."""
    assert doctest.testfile(str(README), module_relative=False).failed == 0


def test_its_lines_of_training_run():
    """What it shows of Stable-Baselines3 runs as it stands, here with fewer frames and paths."""
    pytest.importorskip("stable_baselines3")
    (block,) = re.findall(r"```python\n(import [^`]*?PPO.*?)```", README.read_text(), re.DOTALL)
    assert block.count("1_000_000") == block.count("seed=7)") == 1
    made: dict[str, Any] = {}
    exec(block.replace("1_000_000", "8_192").replace("seed=7)", "seed=7, paths=16)"), made)
    assert {result.policy for result in made["table"].results} == {"base-stock(level=34)", "ppo"}


@pytest.mark.parametrize(
    "line", [pytest.param(line, marks=[pytest.mark.slow] * any(each in line for each in LONG)) for line in SHELL]
)
def test_its_shell_lines_run(line, tmp_path, monkeypatch):
    """Every `jit-gym` line runs, in an empty folder with a sales history."""
    weeks = (dt.date(2020, 1, 6) + dt.timedelta(weeks=week) for week in range(104))
    rows = [f"{week},north,milk,{20 + week.day % 7}" for week in weeks]
    (tmp_path / "sales.csv").write_text("\n".join(["week,store,item,units_sold", *rows]) + "\n")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, shlex.split(line)[1:], prog_name="jit-gym")
    assert done.exit_code == 0, done.output
    assert done.stdout.strip()


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL))
def test_its_scenarios_load(block):
    """What is shown of scenarios is a world, with what is not shown taken from `lost-sales`."""
    assert load({"extends": "lost-sales", **yaml12.parse(block)})


def test_it_shows_the_commands_of_the_makefile():
    """`make demo` and `make test` are in the README, and are targets."""
    makefile = (README.parent / "Makefile").read_text()
    for target in ("demo", "test", "check", "bench"):
        assert f"make {target}" in README.read_text()
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
