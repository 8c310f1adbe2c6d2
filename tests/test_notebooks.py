"""The notebooks: written from their sources, of one form, and run."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import jit_gym

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbmake")

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
NAMES = sorted(path.stem for path in (FOLDER / "sources").glob("*.md"))
QUICK = {"01-newsvendor", "03-the-fire", "14-find-the-bug"}
TORCH = {"11-ppo", "12-hindsight-gradients"}
IMPORTED = {"gymnasium", "jit_gym", "matplotlib", "numpy", "scipy", "stable_baselines3", "torch"}
STANDARD = {"pathlib", "subprocess", "sys", "tempfile"}


def from_path(path: Path):
    """Return the module in a file that lies in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


write = from_path(FOLDER / "write.py")


def source(name: str) -> str:
    """Return the source of a notebook."""
    return (FOLDER / "sources" / f"{name}.md").read_text(encoding="utf-8")


def test_fourteen_notebooks_are_written_from_their_sources():
    """Nobody has changed a notebook, or a source without `make notebooks`."""
    assert len(NAMES) == 14
    files = write.files()
    for path, content in files.items():
        assert path.read_text(encoding="utf-8") == content, f"{path.relative_to(ROOT)} is stale: run `make notebooks`"
    assert {path for path in FOLDER.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts} == files.keys() - {
        write.PAGE
    }


@pytest.mark.parametrize("kind", ["exercise", "solution"])
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_valid_and_has_no_outputs(name: str, kind: str):
    """Each cell has an id of its own, and no student sees a solution."""
    notebook = nbformat.reads(write.notebook(source(name), kind), 4)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        assert "<!--" not in cell.source
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    yours = sum("our turn" in cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert (yours > 0) == (kind == "exercise")


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_says_what_it_is_for_and_has_exercises_with_solutions(name: str):
    """A title, what one can do afterwards, what is needed, the time; two to four exercises, each with its solution."""
    text = source(name)
    number = int(name[:2])
    assert re.match(rf"# {number}\. \S.*\n\n\*\*After this you can\*\*\n\n- ", text)
    opening = text.split("**Before**")[0]
    assert len(re.findall(r"^- ", opening, re.MULTILINE)) >= 2
    assert re.search(r"\*\*Before\*\*: \S", text)
    assert "**Time**: about 45 minutes" in text
    exercises = re.split(r"^## ", text, flags=re.MULTILINE)
    exercises = [part for part in exercises if part.startswith("Exercise")]
    assert 2 <= len(exercises) <= 4
    for k, exercise in enumerate(exercises, start=1):
        assert exercise.startswith(f"Exercise {k}: ")
        assert exercise.count("```python exercise\n") == 1
        solution = re.findall(r"^```python solution\n(.*?)^```$", exercise, re.DOTALL | re.MULTILINE)
        assert "assert " in "".join(solution), exercise.split("\n")[0]
        assert re.search(r"<!-- solution -->\n\S", exercise)


@pytest.mark.parametrize("name", NAMES)
def test_the_sources_that_a_notebook_names_are_those_that_it_cites(name: str):
    """The keys at its end are entries of the bibliography (tests/test_references.py holds the citations)."""
    text = " ".join(source(name).split())
    body, _, end = text.partition("**Sources** (keys of docs/references.bib): ")
    keys = re.findall(r"`([a-z]+\d{4}[a-z]?)`", end)
    references = from_path(ROOT / "tests/test_references.py")
    bibliography = references.entries((ROOT / "docs/references.bib").read_text(encoding="utf-8"))
    cited = {references.key_of(authors, year) for authors, year, _ in references.citations(body + end)}
    assert keys == sorted(cited)
    assert set(keys) <= set(bibliography)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_uses_the_public_api_alone(name: str):
    """It imports `jit_gym` and what a student knows, and names nothing of it that `docs/api.md` does not have."""
    public = set(dir(jit_gym))
    for is_code, _, text in write.parts(source(name)):
        if not is_code:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                assert {alias.name.partition(".")[0] for alias in node.names} <= IMPORTED | STANDARD
                assert all("." not in alias.name for alias in node.names if alias.name.startswith("jit_gym"))
            elif isinstance(node, ast.ImportFrom):
                assert node.module.partition(".")[0] in (IMPORTED | STANDARD) - {"jit_gym"}
            elif isinstance(node, ast.Attribute):
                assert not node.attr.startswith("_") or node.attr.endswith("__"), node.attr
                if isinstance(node.value, ast.Name) and node.value.id == "jit_gym":
                    assert node.attr in public, node.attr


@pytest.mark.parametrize(
    "text",
    ["```python\nx = 1\n", "<!-- solution -->\nIt is 1.\n", "It is 1.\n<!-- end -->\n", "```python hint\nx = 1\n```\n"],
)
def test_a_block_that_is_not_closed_or_not_known_is_refused(text: str):
    with pytest.raises(ValueError, match="belongs to no block"):
        list(write.parts(text))


def test_a_source_becomes_two_notebooks():
    """Text and plain code are in both, the empty cell and the solution in one each; ids are those of the source."""
    text = (
        "# Title\n\n```python\nx = 1\n```\n\n```python exercise\n# Your turn.\n```\n\n```python solution\nassert x\n"
        "```\n\n<!-- solution -->\nIt is 1.\n<!-- end -->\n\nEnd.\n"
    )
    cells = {
        kind: [(cell.id, cell.source) for cell in nbformat.reads(write.notebook(text, kind), 4).cells]
        for kind in ("exercise", "solution")
    }
    both = [("cell-0", "# Title"), ("cell-1", "x = 1")]
    assert cells["exercise"] == [*both, ("cell-2", "# Your turn."), ("cell-5", "End.")]
    assert cells["solution"] == [*both, ("cell-3", "assert x"), ("cell-4", "It is 1."), ("cell-5", "End.")]


def run(notebook: Path) -> subprocess.CompletedProcess[str]:
    """Run a notebook as `make notebooks` does."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbmake", "--nbmake-timeout=180"]
    return subprocess.run([*command, str(notebook)], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in NAMES])
def test_the_solutions_hold(name: str):
    """What a text claims is asserted, and holds."""
    if name in TORCH:
        pytest.importorskip("stable_baselines3")
    done = run(FOLDER / "solutions" / f"{name}.ipynb")
    assert done.returncode == 0, done.stdout[-4000:]
    assert "1 passed" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_before_anything_is_filled_in(name: str):
    """No cell needs what a student has not written yet."""
    if name in TORCH:
        pytest.importorskip("stable_baselines3")
    done = run(FOLDER / f"{name}.ipynb")
    assert done.returncode == 0, done.stdout[-4000:]
    assert "1 passed" in done.stdout


def test_a_claim_that_does_not_hold_is_found(tmp_path: Path):
    """`make notebooks` fails where an assertion does."""
    wrong = tmp_path / "wrong.ipynb"
    wrong.write_text(write.notebook("```python solution\nassert 1 == 2\n```\n", "solution"))
    done = run(wrong)
    assert done.returncode == 1
    assert "1 failed" in done.stdout
