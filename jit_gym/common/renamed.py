"""Let old public names go on working for a version, with a DeprecationWarning that says the new ones."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any


def renamed(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a module's `__getattr__`, under which old names mean new ones.

    Args:
        module: its `__name__`.
        names: the new name of each old one, in the same module.
    """

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn(f"{module}.{name}", names[name])
        return getattr(sys.modules[module], names[name])

    return get


def warn(old: str, new: str) -> None:
    """Warn of an old name, at the line that uses it."""
    warnings.warn(f"{old} is now called {new}", DeprecationWarning, stacklevel=3)
