"""What pip installs is the whole library: the wheel, built from the sdist, works away from the checkout."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
NOT_SOURCE = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "reports", "runs")


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command with nothing of this process's import path, and return what it printed."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(kind: str, source: Path, into: Path) -> Path:
    """Build the sdist or the wheel of `source` as a front end would, with this environment's setuptools."""
    into.mkdir()
    program = f"import sys; from setuptools.build_meta import build_{kind}; build_{kind}(sys.argv[1])"
    run(sys.executable, "-c", program, into, cwd=source)
    (archive,) = into.iterdir()
    return archive


def files_of(*folders: str) -> set[str]:
    """Name the files in folders of the checkout, but for what Python and Numba leave there."""
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    return {path.relative_to(ROOT).as_posix() for path in paths if "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> SimpleNamespace:
    """Build the sdist from a copy of the checkout, and the wheel from the sdist."""
    tmp = tmp_path_factory.mktemp("built")
    shutil.copytree(ROOT, tmp / "checkout", ignore=NOT_SOURCE)
    sdist = build("sdist", tmp / "checkout", tmp / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp, filter="data")
    unpacked = tmp / sdist.name.removesuffix(".tar.gz")
    return SimpleNamespace(unpacked=unpacked, wheel=build("wheel", unpacked, tmp / "wheel"))


@pytest.fixture(scope="module")
def elsewhere(built, tmp_path_factory) -> SimpleNamespace:
    """Install the wheel in an empty venv, and stand in a folder outside the checkout.

    The dependencies are borrowed from this environment through a .pth file, so nothing is downloaded. Python
    reads no .pth files in a folder that a .pth file names, so an editable install of the checkout stays out.
    """
    tmp = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "venv", "--without-pip", tmp / "venv", cwd=tmp)
    paths = sysconfig.get_paths("venv", vars={"base": str(tmp / "venv"), "platbase": str(tmp / "venv")})
    scripts, site = Path(paths["scripts"]), Path(paths["purelib"])
    python = scripts / Path(sys.executable).name
    pip = [sys.executable, "-m", "pip", "--python", python]
    run(*pip, "install", "--no-deps", "--no-index", built.wheel, cwd=tmp)
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "borrowed.pth").write_text("\n".join(borrowed) + "\n", encoding="utf-8")
    return SimpleNamespace(cwd=tmp, site=site, python=python, command=scripts / "jit-gym")


def test_pyproject_lists_every_package():
    """Automatic discovery fails on this layout, so a new folder must be added to the list."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "jit_gym").rglob("*.py")}
    found = {".".join(folder.parts) for folder in folders}
    assert set(settings["packages"]) == found | set(settings["package-dir"])


def test_what_is_installed_by_hash_is_what_was_tried_together():
    """requirements.txt has the versions of constraints.txt, each with a hash, and setuptools too."""
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.M))
    tried = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins.items()}
    text = (ROOT / "requirements.txt").read_text().replace("\\\n", "")
    locked = {line.split("==")[0]: line for line in text.splitlines() if "==" in line}
    assert {"numpy", "numba", "pydantic", "setuptools"} <= set(locked)
    for name, line in locked.items():
        assert "--hash=sha256:" in line, name
        if "sys_platform" not in line:  # what one system alone needs was not tried on this one
            assert line.split("==")[1].split()[0] == tried[name]


def test_a_package_from_another_folder_has_an_init_file():
    """Without it the wheel works, but an editable install does not find the package."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = [ROOT / folder for folder in settings["package-dir"].values()]
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_sdist_carries_every_file_of_the_library(built):
    assert "configs/lost-sales.yaml" in files_of("configs")
    missing = {name for name in files_of("configs", "jit_gym") if not (built.unpacked / name).is_file()}
    assert missing == set()


def test_the_wheel_carries_every_file_of_the_library(built):
    names = files_of("jit_gym") | {f"jit_gym/{name}" for name in files_of("configs")}
    assert "jit_gym/py.typed" in names
    assert names - set(zipfile.ZipFile(built.wheel).namelist()) == set()


def test_the_wheel_is_what_is_imported(elsewhere):
    program = """if True:
        import importlib.resources, jit_gym
        print(jit_gym.__file__, *importlib.resources.files("jit_gym.configs").iterdir(), sep="\\n")
    """
    files = run(elsewhere.python, "-c", program, cwd=elsewhere.cwd).splitlines()
    assert str(elsewhere.site / "jit_gym/configs/lost-sales.yaml") in files
    assert [file for file in files if not Path(file).is_relative_to(elsewhere.site)] == []


def test_the_wheel_loads_a_scenario(elsewhere):
    program = "import jit_gym; print(jit_gym.load('lost-sales').name)"
    assert run(elsewhere.python, "-c", program, cwd=elsewhere.cwd) == "lost-sales\n"


def test_the_wheel_brings_the_command(elsewhere):
    assert "lost-sales" in run(elsewhere.command, "show", "lost-sales", cwd=elsewhere.cwd)
