"""What tests read of the pages in docs/: sections, and blocks of code."""

import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parents[1] / "docs"


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str  # what stands behind the fence
    file: str  # the name of a file in its first line, as a comment, or nothing
    text: str


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page, or of a part of it, in their order."""
    found = re.findall(r"^```(\S[^\n]*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [Block(language, "".join(re.findall(r"\A# (\S+\.\w+)\n", code)), code) for language, code in found]


def sections(page: str) -> dict[str, str]:
    """Return what stands under each heading of the second level of a page of docs/."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
