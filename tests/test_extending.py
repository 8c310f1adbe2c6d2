"""What docs/extending.md and its two tutorials show, works; the mechanism in a copied library."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .interpreter import Interpreter
from .pages import DOCS, blocks, sections

ROOT = DOCS.parent
AGENT, MECHANISM = ((DOCS / f"tutorials/own-{name}.md").read_text(encoding="utf-8") for name in ("agent", "mechanism"))
PARTS = sections("extending.md") | {"An agent": AGENT}
STRICT = ("-W", "error::DeprecationWarning:jit_gym")


@pytest.fixture(scope="module")
def script() -> Iterator[Interpreter]:
    """Start Python, as for a script."""
    with Interpreter(*STRICT) as started:
        yield started


def patched(text: str, diff: str) -> str:
    """Return a text with a piece of a diff applied, whose context must be there once."""
    lines = [line for line in diff.splitlines() if line]
    before = "\n".join(line[1:] for line in lines if line[0] in " -") + "\n"
    after = "\n".join(line[1:] for line in lines if line[0] in " +") + "\n"
    assert text.count(before) == 1, f"the guide shows what is not there:\n{before}"
    return text.replace(before, after)


@pytest.mark.parametrize("title", [title for title, part in PARTS.items() if "```python\n" in part])
def test_a_section_runs(title: str, script: Interpreter, tmp_path: Path):
    """All of its Python, as one program."""
    program = "\n".join(block.text for block in blocks(PARTS[title]) if block.language == "python")
    assert "jit_gym" in program
    script.run(program, tmp_path)


def test_a_mechanism_is_added_in_the_places_that_the_guide_names(tmp_path: Path):
    """Applied to a copy of the library, the pieces make a mechanism that plays; there are six places at most."""
    shutil.copytree(ROOT / "jit_gym", tmp_path / "jit_gym", ignore=shutil.ignore_patterns("__pycache__"))
    pieces = [(block.language.split()[1], block.text) for block in blocks(MECHANISM) if block.language != "python"]
    assert 1 <= len({file for file, _ in pieces}) <= 5  # and the reference, which is generated
    for file, diff in pieces:
        path = tmp_path / file
        path.write_text(patched(path.read_text(encoding="utf-8"), diff), encoding="utf-8")
    (program,) = (block.text for block in blocks(MECHANISM) if block.language == "python")
    command = [sys.executable, *STRICT, "-c", f"{program}\nprint(jit_gym.__file__)"]
    settings = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=settings)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == tmp_path / "jit_gym"
