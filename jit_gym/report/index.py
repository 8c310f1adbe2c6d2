"""An index of the reports in a folder, so that one finds them again."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from ..common import files
from .templating import environment

PREFIX = "jit_gym:"  # of the <meta> names by which a report says what it is
NAME = "index.html"
MOST = 1 << 16  # bytes of a report that are read: its head has all that the index shows


def publish(page: str, path: Path, indexed: bool) -> None:
    """Write a report into a file, and where `indexed` says so list it in the `index.html` beside it.

    Raises:
        OSError: if it cannot be written; then there is no half of it either.
    """
    files.write(path, page)
    if indexed:
        update(path.parent)


def update(folder: Path) -> None:
    """Write `index.html` in a folder: a line for each report there, the newest first.

    Raises:
        OSError: if it cannot be written; the old one is then still there.
    """
    reports = [about for path in sorted(folder.glob("*.html")) if path.name != NAME and (about := _about(path))]
    reports.sort(key=lambda about: str(about["date"]), reverse=True)
    files.write(folder / NAME, environment().get_template("index.html.jinja").render(reports=reports))


def _about(path: Path) -> dict[str, Any] | None:
    """Return what a report says of itself, or None for a file that is no report."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            head = _Head(file.read(MOST))
    except OSError:
        return None
    return {"file": path.name, **head.said} if {"title", "verdict", "date", "settings"} <= set(head.said) else None


class _Head(HTMLParser):
    """Collects what the <meta> elements of a report say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta" and (name := given.get("name") or "").startswith(PREFIX):
            self.said[name.removeprefix(PREFIX)] = given.get("content") or ""
