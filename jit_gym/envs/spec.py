"""What an env was made with, as plain JSON, and as RLlib hands it over."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypeGuard

from ..scenario import Family, Scenario

ARGUMENTS = {"scenario", "overrides", "units", "most_ordered", "rewards", "reward", "info", "render_mode"}
ARGUMENTS |= {"num_envs", "autoreset_mode", "max_episode_steps"}  # of a batch


def is_config(scenario: Any) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether what stands first among an env's arguments is all of them, in a mapping."""
    return isinstance(scenario, Mapping) and scenario.keys() <= ARGUMENTS


class SpecInJson:
    """An env whose `spec` is plain JSON, whatever it was made with: paths as text, a scenario as a mapping."""

    _spec: Any = None

    @property
    def spec(self) -> Any:
        """Return the specification that Gymnasium made the env by."""
        return self._spec

    @spec.setter
    def spec(self, spec: Any) -> None:
        if spec is not None:
            spec.kwargs = _plain(spec.kwargs)
        self._spec = spec


def _plain(value: Any) -> Any:
    if isinstance(value, Scenario):
        return value.resolved
    if isinstance(value, Family):
        return value.model_dump(mode="json", exclude_unset=True)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value
