"""What the pages in docs/ show, runs; and all of them make a site whose links lead somewhere."""

import doctest
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from .interpreter import Interpreter
from .pages import DOCS, blocks

PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
ELSEWHERE = {  # the test that runs their blocks
    "api.md": "",  # signatures; the examples of docstrings are run where the docstrings are
    "extending.md": "test_extending.py",
    "recipes.md": "test_recipes.py",
    "tutorials/own-agent.md": "test_extending.py",
    "tutorials/own-mechanism.md": "test_extending.py",
}
RUN = {"python", "sh", "yaml"}
SHOWN = {"text", "toml", "csv"}  # what takes long, needs a cluster, or is no program
DIRECTIVES = {"{toctree}", "{include}", "{bibliography}", "{literalinclude}"}


EXAMPLES = sorted(path for path in (DOCS.parent / "jit_gym").rglob("*.py") if ">>>" in path.read_text(encoding="utf-8"))


def code(page: str):
    return blocks((DOCS / page).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def started() -> Iterator[Interpreter]:
    """Start Python, as for a script: pages may register rules."""
    with Interpreter("-W", "error::DeprecationWarning:jit_gym") as interpreter:
        yield interpreter


@pytest.mark.parametrize("page", PAGES)
def test_a_block_is_run_or_known_to_be_none(page: str):
    """No page shows code in a language that nobody runs."""
    known = RUN | SHOWN | DIRECTIVES | ({"diff"} if ELSEWHERE.get(page) == "test_extending.py" else set())
    assert {block.language.split()[0] for block in code(page)} <= known
    assert not any(block.language == "text" and ">>>" in block.text for block in code(page))


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page not in ELSEWHERE and any(block.language in RUN for block in code(page))]
)
def test_a_page_runs(page: str, started: Interpreter, tmp_path: Path):
    """Files are written, other YAML is a world; Python is a program or a doctest; then each shell line ends well."""
    blocks_of_page = code(page)
    for block in blocks_of_page:
        if block.file:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "yaml":
            started.run(f"import jit_gym\njit_gym.load(jit_gym.scenario.yaml12.parse({block.text!r}))", tmp_path)
    python = [block.text for block in blocks_of_page if block.language == "python" and not block.file]
    started.run("".join(text for text in python if ">>>" not in text), tmp_path)
    if any(">>>" in text for text in python):
        checked = f"import doctest\nassert not doctest.testfile({str(DOCS / page)!r}, module_relative=False).failed"
        started.run(checked, tmp_path)
    for line in (line for block in blocks_of_page if block.language == "sh" for line in block.text.splitlines()):
        name, *words = shlex.split(line, comments=True)
        assert name == "jit-gym", f"{line}: a line of the shell is one of `jit-gym` here"
        assert started.command(*words, folder=tmp_path).strip()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_of_docstrings_hold(path: Path):
    """Every `>>>` in the library gives what stands below it."""
    module = import_module(".".join(path.relative_to(DOCS.parent).with_suffix("").parts).removesuffix(".__init__"))
    tried = doctest.testmod(module)
    assert tried.attempted
    assert not tried.failed


@pytest.mark.skipif(not find_spec("sphinx"), reason="needs the extra docs")
def test_the_site_is_built_without_a_warning(tmp_path: Path):
    """A link that leads nowhere, a page that is in no list, or an equation that is none is a warning."""
    command = [sys.executable, "-m", "sphinx", "--builder", "html", "--fail-on-warning", "--quiet", DOCS, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").exists()
