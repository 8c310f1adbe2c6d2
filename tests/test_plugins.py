"""What other packages add is named, listed, compared and tuned like what is built in."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import jit_gym
from jit_gym.agents import PROGRAMS, program, register_agent
from jit_gym.common import plugins
from jit_gym.scenario import BadInput, register_distribution, register_scenarios

from .interpreter import Interpreter

OUTSIDE = Path(__file__).parent / "outside"


@pytest.fixture(scope="module")
def outside() -> Iterator[Interpreter]:
    """Start Python where the package in tests/outside is installed."""
    path = os.pathsep.join(filter(None, [str(OUTSIDE), os.environ.get("PYTHONPATH")]))
    with Interpreter(environment=os.environ | {"PYTHONPATH": path}) as started:
        yield started


def test_the_list_names_them(outside: Interpreter, tmp_path: Path):
    found = json.loads(outside.command("list", "--json", folder=tmp_path))
    assert found["scenarios"]["lighthouse"] == "Lamp oil for a lighthouse, which a boat brings"
    assert found["policies"]["half-the-gap"] == "Order half of what is missing to a level of inventory position"


def test_a_rule_a_scenario_a_distribution_and_a_metric_from_outside_are_compared(outside: Interpreter, tmp_path: Path):
    """The scenario, whose demand has a distribution from outside, is played by the rule; the metric is counted."""
    options = "--paths", "8", "--periods", "50", "--no-gap", "--json"
    words = "compare", "lighthouse", "half-the-gap", "base-stock", *options
    found = json.loads(outside.command(*words, folder=tmp_path))
    ours, base_stock = (row["figures"] for row in found["policies"])
    assert ours["peak_stock"]["mean"] > 0
    assert ours["cost"]["mean"] != base_stock["cost"]["mean"]


def test_an_agent_from_outside_is_trained(outside: Interpreter, tmp_path: Path):
    """Its model is a policy like any other; whatever is asked for it is loaded, and is not before."""
    pytest.importorskip("torch")
    program = "import sys; from jit_gym.cli.options import complete_agent; print('trial' in complete_agent())"
    loaded = outside.run(f"{program}; print('jit_gym_outside.agent' in sys.modules)", tmp_path)
    assert loaded.split() == ["True", "False"]
    unknown = outside.command("train", "lighthouse", "--agent", "trail", folder=tmp_path, status=2)
    assert unknown.strip().endswith("unknown agent 'trail' (did you mean 'trial'?)")
    few = "--budget 6 --setting chunk=3 --paths 8 --rule-budget 0 --set horizon.periods=30"
    words = "train", "lighthouse", "--agent", "trial", *few.split(), "--out", str(tmp_path)
    assert "seed 0: cost " in outside.command(*words, folder=tmp_path)
    with np.load(tmp_path / "lighthouse/trial_1/seed-0/evaluations.npz") as saved:
        assert saved["timesteps"].tolist() == [3, 6]


def test_what_is_registered_twice_is_the_same(outside: Interpreter, tmp_path: Path):
    """A package that is imported again, as after a change in a notebook, takes its own place."""
    program = (
        "import importlib, jit_gym_outside as outside; importlib.reload(outside)\n"
        "import jit_gym; from jit_gym.evaluation import METRICS\n"
        "print([each.name for each in METRICS].count('peak_stock'), 'lighthouse' in jit_gym.names())"
    )
    assert outside.run(program, tmp_path).split() == ["1", "True"]


def test_a_metric_that_is_registered_later_is_not_missed_in_what_was_counted_before(
    outside: Interpreter, tmp_path: Path
):
    """A comparison has the figures that were counted for it: in frames, in JSON and on the page."""
    program = (
        "import jit_gym; from pathlib import Path; from jit_gym.report import numbers, page\n"
        "before = jit_gym.compare(['jit', 'base-stock'], 'lost-sales', paths=4, periods=20, gap=False)\n"
        "@jit_gym.metric('twice', 'units', 'nothing')\n"
        "class Twice:\n"
        "    def __init__(self, layout, paths): self.n = paths\n"
        "    def add(self, state, flows): pass\n"
        "    def value(self): return __import__('numpy').full(self.n, 2.0)\n"
        "after = jit_gym.evaluate('jit', 'lost-sales', paths=4, periods=20)\n"
        "page.write(before, file := Path('report.html'))\n"
        "texts = str(list(before.frame())), str(numbers.document(before)), file.read_text()\n"
        "print(*['twice' in text for text in texts], after.mean('twice'))"
    )
    assert outside.run(program, tmp_path).split() == ["False", "False", "False", "2.0"]


def test_a_distribution_from_outside_has_its_moments(outside: Interpreter, tmp_path: Path):
    """P(0) = p + (1 - p) exp(-mu) and the mean is (1 - p) mu."""
    program = (
        "from jit_gym.scenario import Distribution\n"
        "it = Distribution(**{'name': 'zero-inflated-poisson', 'p': 0.3, 'mu': 4}); print(it.mean, it.frozen.cdf(0))"
    )
    mean, none = map(float, outside.run(program, tmp_path).split())
    assert (mean, none) == (pytest.approx(2.8), pytest.approx(0.3 + 0.7 * 2.718281828**-4))


def test_a_plugin_that_fails_is_named_and_left_out(tmp_path: Path):
    (tmp_path / "broken-1.0.dist-info").mkdir()
    (tmp_path / "broken-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (tmp_path / "broken-1.0.dist-info" / "entry_points.txt").write_text("[jit_gym.plugins]\nbad = no_such_module\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-m", "jit_gym", "list"], capture_output=True, text=True, env=environment)
    assert ran.returncode == 0
    assert "the plugin bad (no_such_module) cannot be loaded: No module named 'no_such_module'" in ran.stderr


def test_names_that_are_taken_or_cannot_be_typed_are_refused(tmp_path: Path):
    from jit_gym.policies import BaseStock

    with pytest.raises(BadInput, match=r"^rule: the name 'base-stock' is taken \(by jit_gym\.policies\.base_stock\."):
        jit_gym.rule(type("Mine", (BaseStock,), {"name": "base-stock", "__module__": "mine"}))
    with pytest.raises(BadInput, match=r"^rule: must decorate a class that extends jit_gym\.Rule, got 'base-stock'$"):
        jit_gym.rule("base-stock")
    with pytest.raises(BadInput, match=r"^distribution: the name 'poisson' is taken"):
        register_distribution("poisson", __import__("scipy.stats").stats.norm)
    with pytest.raises(BadInput, match=r"^scenarios: .* must be a folder with scenarios in it \(NAME\.yaml\)$"):
        register_scenarios(tmp_path)
    (tmp_path / "lost-sales.yaml").write_text("name: lost-sales\n")
    with pytest.raises(BadInput, match=r"^scenarios: the name 'lost-sales' is taken"):
        register_scenarios(tmp_path)
    with pytest.raises(BadInput, match=r"^metric: the name 'cost' is taken"):
        jit_gym.metric("cost", "money", "another cost")(type("Cost", (), {}))
    with pytest.raises(BadInput, match=r"^rule: a name must be letters, digits, - and _, got 'no way'$"):
        plugins.register({}, "rule", "no way", object)


def test_an_agent_that_is_none_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch):
    for name in ("mine", "yours", "theirs"):
        monkeypatch.setitem(PROGRAMS, name, "")  # so that the test leaves nothing behind
        del PROGRAMS[name]
    with pytest.raises(BadInput, match=r"^agent: the name 'ppo' is taken \(by jit_gym\.agents\.ppo:PPO\)$"):
        register_agent("ppo", "mine.agent:Mine")
    with pytest.raises(BadInput, match=r"^agent: a place must be like 'package\.module:Class', got 'mine\.Mine'$"):
        register_agent("mine", "mine.Mine")
    with pytest.raises(BadInput, match=r"^agent: mine must be a class that extends .*\.Learner, got <class 'int'>$"):
        register_agent("mine", int)  # type: ignore[arg-type]
    register_agent("mine", "no_such_module:Mine")
    with pytest.raises(BadInput, match=r"^--agent: mine \(no_such_module:Mine\) cannot be loaded: No module named "):
        program("mine")
    register_agent("yours", "jit_gym.agents.imitate:Imitate")
    with pytest.raises(BadInput, match=r"^agent: yours must be the name of Imitate, which is 'imitate'$"):
        program("yours")
    register_agent("theirs", "jit_gym.agents.imitate:Nothing")
    with pytest.raises(
        BadInput, match=r"^--agent: theirs \(.*\) cannot be loaded: module .* has no attribute 'Nothing'$"
    ):
        program("theirs")
