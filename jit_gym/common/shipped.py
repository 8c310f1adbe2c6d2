"""The files of scenarios by their names: those of jit_gym.configs, and those that plugins bring."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from .plugins import load_plugins

LIBRARIES = ("shocks",)
"""Files that are no scenarios."""
registered: dict[str, str] = {}
"""The files of scenarios that plugins or scripts have registered, by their names."""


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


def shipped_files(folder: str) -> dict[str, Traversable]:
    """Return the YAML files in a folder beside the shipped scenarios, by their names."""
    place = configs() / folder
    return dict(scenario_files(place)) if place.is_dir() else {}


def names() -> list[str]:
    """Return the names of the scenarios that are shipped, or that a plugin brings."""
    load_plugins()
    return sorted(scenario_files(configs()) | registered.keys())


def industry_names() -> list[str]:
    """Return the names of the industries that are shipped: `fresh-food` in a calm world, `fresh-food-stressed`.

    They are scenarios like any other, in the folder configs/industries; `names` is without them.
    """
    return sorted(shipped_files("industries"))


def family_names() -> list[str]:
    """Return the names of the families that are shipped."""
    return sorted(shipped_files("families"))


def file_of(name: str) -> Path:
    """Return the file of a scenario that is shipped, or that a plugin brings, or of a family."""
    known = shipped_files("industries") | shipped_files("families")
    return Path(registered.get(name) or str(known.get(name) or configs() / f"{name}.yaml"))
