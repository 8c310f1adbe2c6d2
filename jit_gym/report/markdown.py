"""Tables and commands in Markdown."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence


def pipe_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown, with bars in its cells escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def code_block(text: str) -> str:
    """Return a text that stands in a block of its own, as it is."""
    return f"```text\n{text}\n```"


def shell_command(*words: str) -> str:
    """Return a command in a block of its own, its words quoted for a shell where they must be."""
    return code_block(shlex.join(words))
