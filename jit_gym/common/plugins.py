"""Let other packages add rules, distributions, metrics, agents and scenarios.

A package that has `[project.entry-points."jit_gym.plugins"]` with `mine = "my_package"` is imported when something is
looked up here for the first time, or listed. What it registers as it is imported, by `jit_gym.rule` and the like, is
from then on what a built-in one is. The same calls in a script need no package.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import MutableMapping
from importlib.metadata import entry_points
from typing import Any

from .checks import BadInput, one_line

GROUP = "jit_gym.plugins"
_loaded: list[str] = []


def load_plugins() -> None:
    """Import all plugins that are installed, once; warn of one that cannot be imported, and go on without it."""
    if _loaded:
        return
    _loaded.append(GROUP)  # before they are imported, for they may look something up
    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as error:  # whatever a plugin raises, the library works without it
            why = one_line(error)
            warnings.warn(f"the plugin {point.name} ({point.value}) cannot be loaded: {why}", UserWarning, stacklevel=2)


def register(table: MutableMapping[str, Any], what: str, name: Any, entry: Any) -> None:
    """Add an entry to a table of names; refuse a name that cannot be typed, or is taken by something else."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        raise BadInput(f"{what}: a name must be letters, digits, - and _, got {name!r}")
    if name in table and _origin(table[name]) != _origin(entry):
        raise BadInput(f"{what}: the name {name!r} is taken (by {_origin(table[name])})")
    table[name] = entry


def _origin(entry: Any) -> str:
    """Return where an entry is defined; a module that is imported again, as in a notebook, defines the same."""
    home = entry if hasattr(entry, "__qualname__") else type(entry)
    return entry if isinstance(entry, str) else f"{home.__module__}.{home.__qualname__}"
