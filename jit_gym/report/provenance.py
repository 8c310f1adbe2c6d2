"""The birth certificate of a comparison: what is needed to make its numbers again."""

from __future__ import annotations

import datetime as dt
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..evaluate import Comparison
from ..scenario import Scenario
from ..scenario.distribution import INFINITE
from ..scenario.part import plain

LIBRARIES = ("jit_gym", "numpy", "numba", "scipy", "highspy")


def certificate(comparison: Comparison, command: str | None = None, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return where the numbers came from, as plain JSON.

    Args:
        comparison: the numbers.
        command: the command line that makes them again.
        notes: what whoever reads the numbers should know, such as gaps in a history.
    """
    scenario, any_result = comparison.scenario, comparison.results[0]
    return {
        "seed": int(any_result.seed),
        "paths": int(any_result.paths),
        "periods": int(any_result.periods),
        "warmup": int(any_result.warmup),
        "policies": [
            {"policy": result.policy, "parameters": getattr(result.player, "parameters", {})}
            for result in comparison.results
        ],
        **origin(scenario, command, notes),
    }


def origin(scenario: Scenario, command: str | None = None, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return the world, the command, the versions and the date that numbers come from, as plain JSON."""
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "fingerprint": scenario.fingerprint,
        "command": None if command is None else plain(command),
        "notes": [plain(note) for note in notes],
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "commit": commit(),
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "resolved": scenario.resolved,
    }


def yaml_of(scenario: Scenario) -> str:
    """Return a resolved scenario as a YAML file."""
    import yaml

    plain = _with_infinity(scenario.resolved)
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)


def _with_infinity(plain: dict[str, Any]) -> dict[str, Any]:
    """Return plain JSON with infinity as YAML has it, where a spell lasts for ever."""
    return {
        key: _with_infinity(value)
        if isinstance(value, dict)
        else float("inf")
        if value == INFINITE and key in ("every", "lasts")
        else value
        for key, value in plain.items()
    }


def commit() -> str | None:
    """Return the git commit of the checkout that the library runs from, `-dirty` if it was changed; else None."""
    here = Path(__file__)
    try:
        _git("ls-files", "--error-unmatch", here.name, folder=here.parent)  # else it is some other project's repository
        return _git("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*", folder=here.parent)
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str, folder: Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()
