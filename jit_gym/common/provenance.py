"""Say which code computed a number: versions, and the commit."""

from __future__ import annotations

import datetime as dt
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("jit_gym", "numpy", "numba", "scipy", "highspy")


def versions(*more: str) -> dict[str, str]:
    """Return the versions of Python, of this library and of those that its numbers depend on, and of `more`."""
    return {"python": platform.python_version(), **{name: version(name) for name in (*LIBRARIES, *more)}}


def now() -> str:
    """Return the date and the time, to the second and in UTC, as results hold them."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def in_words(found: Mapping[str, str]) -> str:
    """Return versions in one text, as a row of results holds them."""
    return "; ".join(f"{name} {number}" for name, number in found.items())


def commit(*but: str) -> str | None:
    """Return the git commit of the checkout that the library runs from, `-dirty` if it was changed; else None.

    Args:
        but: folders of the checkout whose changes do not count, such as that which a benchmark writes to.
    """
    here = Path(__file__)
    try:
        _git("ls-files", "--error-unmatch", here.name, folder=here.parent)  # else it is some other project's repository
        found = _git("describe", "--always", "--abbrev=12", "--exclude=*", folder=here.parent)
        away = [f":(top,exclude){folder}" for folder in but]
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":(top)", *away, folder=here.parent)
        return f"{found}-dirty" if changed else found
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str, folder: Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()
