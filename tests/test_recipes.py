"""What docs/recipes.md shows, runs, where the libraries it is for are installed."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import copy

import pytest

from .pages import Block, blocks, sections

PARTS = sections("recipes.md")

NEEDS = {
    "CleanRL": ["torch"],
    "CleanRL's own script": ["cleanrl", "tyro", "torch", "tensorboard"],
    "RL Baselines3 Zoo": ["rl_zoo3", "requests"],
    "TorchRL": ["torchrl"],
    "RLlib": ["ray.rllib", "torch"],
    "Minari": ["minari", "h5py"],
    "Minari's collector": ["minari", "h5py", "jax"],
    "PettingZoo": ["pettingzoo"],
    "Tianshou": ["tianshou"],
    "Optuna": ["optuna", "stable_baselines3"],
    "Hydra": ["hydra"],
    "Stable-Baselines3 and sb3-contrib": ["stable_baselines3", "sb3_contrib"],
}
QUICK = {"CleanRL", "Minari", "Minari's collector", "Hydra", "PettingZoo"}


def installed(module: str) -> bool:
    """Tell whether a module can be imported, without importing it: some warn, and warnings are errors here."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of a package that `module` lies in
        return False


def code(part: str) -> list[Block]:
    """Return what is run of a recipe, in order."""
    return [block for block in blocks(part) if block.language in ("sh", "python", "yaml")]


def test_every_recipe_is_run_here_and_names_its_versions():
    """A recipe has a line with what it ran with, what to install, and something to run."""
    assert PARTS.keys() == NEEDS.keys()
    for part in PARTS.values():
        assert re.search(r"\A\nRan with .*\d", part)
        assert "```text\n" in part
        assert any(language == "sh" or not name for language, name, _ in code(part) if language != "yaml")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in NEEDS])
def test_a_recipe_runs(name: str, tmp_path: Path):
    """Files are written under the names in their first lines; other Python, and shell lines, are run."""
    missing = [module for module in NEEDS[name] if not installed(module)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    if name == "CleanRL's own script":  # a clone, or an install from one
        copy(Path(find_spec("cleanrl").submodule_search_locations[0]) / "ppo_continuous_action.py", tmp_path)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    places = {"PATH": path, "MINARI_DATASETS_PATH": str(tmp_path / "datasets")}
    for language, file, text in code(PARTS[name]):
        if file:
            (tmp_path / file).write_text(text)
            continue
        command = ["sh", "-e", "-c", text] if language == "sh" else [sys.executable, "-c", text]
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ | places, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()
