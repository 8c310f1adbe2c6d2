"""The house: each room imports only from the rooms above it, and the front door opens fast."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = [
    "common",
    "kernels",
    "scenario",
    "chance",
    "physics",
    "envs",
    "policies",
    "theory",
    "evaluation",
    "evaluate",
    "planning",
    "report",
    "agents",
    "benchmark",
    "serve",
    "cli",
    "__main__",
]
HEAVY = {"torch", "stable_baselines3", "pandas", "matplotlib", "numba", "pydantic", "numpy", "gymnasium"}


def imported(source: str, package: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the full dotted name of everything a module imports, at its top or in a function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def wrong_ways(source: str, package: str, room: str) -> list[str]:
    """Return the imports by which a module of `room` reaches down the house, or leaves by its front door."""
    wrong = []
    for line, name in imported(source, package):
        top, _, rest = name.partition(".")
        target = rest.partition(".")[0]
        if top == "agents":
            wrong.append(f"line {line}: agents belongs to another project")
        elif top == "jit_gym" and not target.startswith("__"):  # jit_gym.__version__ is anyone's
            if target not in ROOMS:
                wrong.append(f"line {line}: {name} is no room; import from the room that defines it")
            elif ROOMS.index(target) > ROOMS.index(room):
                wrong.append(f"line {line}: {room} imports {name}, which is below it")
    return wrong


def modules() -> list[Path]:
    """List the modules that live in a room; jit_gym/__init__.py is the door, and may name anything."""
    inside = (path for path in (ROOT / "jit_gym").rglob("*.py") if path != ROOT / "jit_gym/__init__.py")
    return sorted([*inside, *(ROOT / "agents").rglob("*.py")])


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_one_way(path: Path):
    folders = path.relative_to(ROOT).parts[:-1]
    folders = ("jit_gym", *folders) if folders[0] == "agents" else folders  # where it is installed
    room = folders[1] if len(folders) > 1 else path.stem
    assert room in ROOMS, f"jit_gym/{room} is no room: give it its place in ROOMS, and in CONTRIBUTING.md"
    assert wrong_ways(path.read_text(encoding="utf-8"), ".".join(folders), room) == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("from jit_gym.chance import Trace\nfrom ..scenario import load\nfrom . import layout, period", []),
        ("from jit_gym import scenario\nfrom jit_gym import __version__\nimport numpy", []),
        ("import numpy\nimport jit_gym.envs", [2]),
        ("from jit_gym import evaluate, chance", [1]),
        ("def late():\n    from ..policies.base import Rule", [2]),
        ("from .. import load", [1]),
        ("import jit_gym", [1]),
        ("import agents.ppo", [1]),
    ],
)
def test_the_walk_sees_every_way_to_write_an_import(source: str, lines: list[int]):
    found = wrong_ways(source, "jit_gym.physics", "physics")
    assert [int(line.split()[1].rstrip(":")) for line in found] == lines


BACKWARD = {
    ("jit_gym.scenario.consistency", "jit_gym.scenario.model"): "for its types alone: a scenario checks itself",
    ("jit_gym.policies.action", "jit_gym.policies"): "a correction names its rule, of any kind, as it is fitted",
}
"""Imports that close a circle, and why there is no other way."""


def closing(imports: dict[str, set[str]]) -> list[list[str]]:
    """Return the circles of modules that import one another, each as the modules in it."""
    circles: list[list[str]] = []
    left = {name: set(others) for name, others in imports.items()}
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            circle = error.args[1][::-1]
            circles.append(circle)
            left[circle[0]].discard(circle[1])
        else:
            return circles


def imports_by_module() -> dict[str, set[str]]:
    """Return which modules of the house each imports, at its top, in a function or for its types."""
    names = {}
    for path in modules():
        parts = path.relative_to(ROOT).with_suffix("").parts
        parts = ("jit_gym", *parts) if parts[0] == "agents" else parts
        names[".".join(parts).removesuffix(".__init__")] = path, ".".join(parts[:-1])
    found: dict[str, set[str]] = {}
    for module, (path, package) in names.items():
        found[module] = set()
        for _, name in imported(path.read_text(encoding="utf-8"), package):
            target = next((each for each in (name, name.rpartition(".")[0]) if each in names), module)
            if target != module:
                found[module].add(target)
    return found


def test_no_modules_import_one_another():
    """But for those that are listed with a reason, and each of these is still needed."""
    imports = imports_by_module()
    for importing, target in BACKWARD:
        assert target in imports[importing], f"{importing} no longer imports {target}: take it off the list"
        imports[importing].discard(target)
    assert closing(imports) == []


def test_a_circle_is_found():
    assert closing({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    (circle,) = closing({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})
    assert {"a", "b", "c"} == set(circle)


def test_nothing_imports_the_agents_of_another_project():
    for folder in ("jit_gym", "agents", "tests", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            package = ".".join(path.relative_to(ROOT).parts[:-1])
            source = path.read_text(encoding="utf-8")
            if "agents" not in source:  # to parse all takes seconds
                continue
            names = {name for _, name in imported(source, package.replace("agents", "jit_gym"))}
            assert not {name for name in names if name.partition(".")[0] == "agents"}, path


def test_import_jit_gym_loads_nothing_heavy():
    """A fresh interpreter that says `import jit_gym` has none of the slow ones in sys.modules."""
    program = "import json, sys, jit_gym; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert HEAVY.isdisjoint(json.loads(run.stdout))


def private_names(source: str) -> list[str]:
    """Return the private attributes that a module reads, and does not define itself."""
    tree = ast.parse(source)
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    own |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    read = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    hidden = [node for node in read if node.attr.startswith("_") and not node.attr.endswith("__")]
    return [f"line {node.lineno}: {node.attr}" for node in hidden if node.attr not in own]


@pytest.mark.parametrize("path", sorted((ROOT / "jit_gym/policies").glob("*.py")), ids=lambda path: path.stem)
def test_a_rule_reads_no_private_names(path: Path):
    """What a shipped rule can do, a rule from outside can do."""
    assert private_names(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("view._like(1)", ["line 1: _like"]),
        ("class Rule:\n    def _own(self):\n        return self._own, self.__dict__, self.plan.public", []),
        ("def rule(view):\n    return view.source._rows", ["line 2: _rows"]),
    ],
)
def test_the_walk_sees_private_names(source: str, found: list[str]):
    assert private_names(source) == found
