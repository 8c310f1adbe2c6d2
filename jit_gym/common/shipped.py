"""The files of jit_gym.configs: scenarios, and libraries that scenarios draw on."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

LIBRARIES = ("shocks",)
"""Files that are no scenarios."""


def configs() -> Traversable:
    """Return the folder of shipped scenarios: the package jit_gym.configs, or in a checkout the folder configs."""
    try:
        return resources.files("jit_gym.configs")
    except ModuleNotFoundError:
        return Path(__file__).parents[2] / "configs"


def scenario_files(folder: Traversable) -> dict[str, Traversable]:
    """Return the scenario files in a folder by their names, without libraries where it is that of the shipped ones."""
    files = {file.name.removesuffix(".yaml"): file for file in folder.iterdir() if file.name.endswith(".yaml")}
    return {name: file for name, file in files.items() if name not in LIBRARIES or folder != configs()}
