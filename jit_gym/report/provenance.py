"""The birth certificate of a comparison: what is needed to make its numbers again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..common.provenance import commit, now, versions
from ..common.text import plain
from ..evaluation import Comparison
from ..scenario import Scenario
from ..scenario.distribution import INFINITE


def certificate(comparison: Comparison, command: str | None = None, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return where the numbers came from, as plain JSON.

    Args:
        comparison: the numbers.
        command: the command line that makes them again.
        notes: what readers of the numbers should know, such as gaps in a history.
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
        "versions": versions(),
        "commit": commit(),
        "date": now(),
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
