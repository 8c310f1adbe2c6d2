"""What is done as soon as a package is imported: once, whichever is imported first."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from jit_gym.common.imports import once_imported


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of a module `late_one`, which can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "late_one", raising=False)
    file = tmp_path / "late_one.py"
    file.write_text("value = 1\n")
    return file


def test_it_is_called_once_after_the_import(package: Path):
    told, before = [], list(sys.meta_path)
    once_imported("late_one", lambda: told.append(sys.modules["late_one"].value))
    assert told == []
    assert importlib.import_module("late_one").value == 1
    importlib.import_module("late_one")
    assert told == [1]
    assert sys.meta_path == before


def test_it_is_called_at_once_where_the_package_is_there(package: Path):
    importlib.import_module("late_one")
    told: list[int] = []
    once_imported("late_one", lambda: told.append(1))
    assert told == [1]


def test_an_import_that_fails_is_tried_again(package: Path):
    told: list[int] = []
    package.write_text("raise ImportError('broken')\n")
    once_imported("late_one", lambda: told.append(1))
    with pytest.raises(ImportError, match="broken"):
        importlib.import_module("late_one")
    assert told == []
    package.write_text("value = 2\n\n")
    importlib.invalidate_caches()
    assert importlib.import_module("late_one").value == 2
    assert told == [1]


def test_a_package_that_is_missing_is_missing_still(package: Path):
    once_imported("no_such_package", lambda: None)
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        importlib.import_module("no_such_package")


@pytest.mark.parametrize(
    "order",
    ["import jit_gym, gymnasium", "import gymnasium, jit_gym", "import jit_gym; jit_gym.names(); import gymnasium"],
)
def test_envs_are_registered_whichever_is_imported_first(order: str):
    program = f"{order}; print(sum(name.startswith('jit_gym/') for name in gymnasium.registry))"
    run = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)
    assert int(run.stdout) > 30, run.stderr
