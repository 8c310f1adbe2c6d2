"""Import what is asked for when it is asked for, and do something as soon as a package is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def on_request(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a package's `__getattr__`, which imports a name from its home when it is first used.

    `homes` says in which module of the package each name is; a home that ends with the name, as `envs.multi` for
    `multi`, is that module.
    """

    def attribute(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = import_module(f"{package}.{homes[name]}")
        value = home if homes[name].endswith(f".{name}") else getattr(home, name)
        setattr(sys.modules[package], name, value)
        return value

    return attribute


def once_imported(package: str, then: Callable[[], Any]) -> None:
    """Call a function when a package has been imported: now, or right after somebody imports it."""
    if package in sys.modules:
        then()
    else:
        sys.meta_path.insert(0, _Finder(package, then))


class _Finder:
    """Finds a package as the other finders do, and calls a function when it has been loaded."""

    def __init__(self, package: str, then: Callable[[], Any]) -> None:
        self.package, self.then = package, then

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where the package is, with a loader that calls the function after it; None for any other module."""
        if name != self.package:
            return None
        others = [finder for finder in sys.meta_path if finder is not self]
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_tell(module: ModuleType) -> None:
                load(module)  # where it fails, the next import tries again
                sys.meta_path.remove(self)
                self.then()

            setattr(spec.loader, "exec_module", load_and_tell)  # noqa: B010 (mypy refuses to assign to a method)
        return spec
