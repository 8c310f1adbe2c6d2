"""What docs/extending.md shows, works: each section in a process of its own, the mechanism in a copy of the library."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", GUIDE, re.DOTALL | re.MULTILINE))


def run(program: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    command = [sys.executable, "-W", "error::DeprecationWarning:jit_gym", "-c", program]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | environment)


def patched(text: str, diff: str) -> str:
    """Return a text with a piece of a diff applied, whose context must be there once."""
    lines = [line for line in diff.splitlines() if line]
    before = "\n".join(line[1:] for line in lines if line[0] in " -") + "\n"
    after = "\n".join(line[1:] for line in lines if line[0] in " +") + "\n"
    assert text.count(before) == 1, f"the guide shows what is not there:\n{before}"
    return text.replace(before, after)


@pytest.mark.parametrize("title", [title for title in SECTIONS if title != "A mechanism"])
def test_a_section_runs(title: str, tmp_path: Path):
    """All of its Python, in one process."""
    program = "\n".join(re.findall(r"```python\n(.*?)```", SECTIONS[title], re.DOTALL))
    assert "jit_gym" in program
    done = run(program, tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_mechanism_is_added_in_the_places_that_the_guide_names(tmp_path: Path):
    """Applied to a copy of the library, the pieces make a mechanism that plays; there are six places at most."""
    section = SECTIONS["A mechanism"]
    shutil.copytree(ROOT / "jit_gym", tmp_path / "jit_gym", ignore=shutil.ignore_patterns("__pycache__"))
    pieces = re.findall(r"```diff (\S+)\n(.*?)```", section, re.DOTALL)
    assert 1 <= len({file for file, _ in pieces}) <= 5  # and the reference, which is generated
    for file, diff in pieces:
        path = tmp_path / file
        path.write_text(patched(path.read_text(encoding="utf-8"), diff), encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    done = run(f"{program}\nprint(jit_gym.__file__)", tmp_path, NUMBA_DISABLE_JIT="1", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == tmp_path / "jit_gym"
