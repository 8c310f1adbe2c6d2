"""Compiled code: kept on disk where that can be trusted, checked where one asks for it, and done without."""

import contextlib
import importlib.util
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core import caching

from jit_gym.kernels import cache as plumbing
from jit_gym.kernels.cache import compiled

KERNEL = """
def double(x):
    return 2 * x
"""


@pytest.fixture(autouse=True)
def _warn_anew(monkeypatch: pytest.MonkeyPatch):
    """Let each test have the one warning that a process has."""
    monkeypatch.setattr(plumbing, "_warned", set())


@pytest.fixture
def kernel(tmp_path: Path) -> Callable[[], Any]:
    """Return a maker of kernels, each as a fresh process would compile it, kept beside one file."""
    path = tmp_path / "kernel.py"
    path.write_text(KERNEL)
    spec = importlib.util.spec_from_file_location("kernel", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda: compiled(module.double)


def kept(folder: Path) -> list[Path]:
    """Return the files that hold compiled code."""
    return sorted(folder.rglob("*.nbc"))


@contextlib.contextmanager
def one_warning(text: str) -> Iterator[None]:
    """Hold that there is one warning, with this text."""
    with pytest.warns(UserWarning, match=text) as caught:
        yield
    assert len(caught) == 1


def test_what_is_compiled_is_kept_and_found_again(kernel: Callable[[], Any], tmp_path: Path):
    """A second process compiles nothing."""
    first = kernel()  # while it is there, Numba finds the environment of a module that cannot be imported
    assert first(21) == 42
    (path,) = kept(tmp_path)
    before = path.read_bytes()
    again = kernel()
    assert again(21) == 42
    assert sum(again.stats.cache_hits.values()) == 1
    assert path.read_bytes() == before
    assert not list(tmp_path.rglob("*.tmp"))


def test_each_type_of_argument_has_a_file_of_its_own(kernel: Callable[[], Any], tmp_path: Path):
    """Two processes that compile for other types at the same time cannot take each other's file for theirs."""
    one, other = kernel(), kernel()
    assert (one(21), other(1.5)) == (42, 3.0)
    assert len(kept(tmp_path)) == 2
    both = kernel()
    assert (both(21), both(1.5)) == (42, 3.0)
    assert sum(both.stats.cache_hits.values()) == 2


def damages(whole: bytes) -> Iterator[bytes]:
    """Yield a file cut at many places, with bits flipped at many, empty, too long, and of another kind."""
    random = np.random.default_rng(0)
    yield from (whole[: len(whole) * k // 40] for k in range(40))
    yield whole[:-1]
    for place in [*random.integers(len(whole), size=120), 0, len(whole) - 1]:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(random.integers(8))
        yield bytes(flipped)
    yield from (whole + b"\0", b"\0" * len(whole), b"garbage", whole[::-1], random.bytes(len(whole)))


def test_no_damaged_file_is_run(kernel: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of 168 damaged files none is unpickled; each is told of. A flipped bit in machine code used to be run."""
    double = kernel()
    double(21)
    (path,) = kept(tmp_path)
    files, whole, (key,) = double._cache._cache_file, path.read_bytes(), loaded_keys(kernel, monkeypatch)
    assert files.load(key) is not None
    for n, damaged in enumerate(damages(whole)):
        path.write_bytes(damaged)
        plumbing._warned.clear()
        with one_warning("is damaged: what was compiled is compiled again"):
            assert files.load(key) is None, n
    assert n == 167


def loaded_keys(kernel: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the keys that a fresh kernel looks for."""
    keys = []
    with monkeypatch.context() as patch:
        patch.setattr(plumbing._Files, "load", lambda self, key: keys.append(key))
        kernel()(21)
    return keys


@pytest.mark.parametrize("damage", [lambda all_: b"", lambda all_: all_[: len(all_) // 2], lambda all_: b"\x80" + all_])
def test_a_damaged_file_is_made_anew(kernel: Callable[[], Any], tmp_path: Path, damage: Callable[[bytes], bytes]):
    """The kernel is compiled again, with one warning, and the file is whole again for the next process.

    An empty file used to end commands without a word, by an EOFError that was taken for Ctrl-C.
    """
    kernel()(21)
    (path,) = kept(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with one_warning("is damaged"):
        assert kernel()(21) == 42
    healed = kernel()
    assert healed(21) == 42
    assert sum(healed.stats.cache_hits.values()) == 1


def test_what_cannot_be_linked_is_compiled_again(kernel: Callable[[], Any], monkeypatch: pytest.MonkeyPatch):
    """Whatever a load raises, an EOFError too, the kernel is compiled, and there is one warning."""
    kernel()(21)
    for error in (EOFError(), ValueError("bad ELF"), AttributeError("gone"), RuntimeError("no"), MemoryError()):
        plumbing._warned.clear()
        with monkeypatch.context() as patch:
            patch.setattr(caching.CompileResultCacheImpl, "rebuild", _raising(error))
            with one_warning("cannot be used, and is compiled again"):
                assert kernel()(21) == 42


def _raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def test_what_another_user_left_is_not_run(kernel: Callable[[], Any], monkeypatch: pytest.MonkeyPatch):
    """In a folder that users share, a file of somebody else's is not unpickled, and is made anew; one warning."""
    kernel()(21)
    (key,) = loaded_keys(kernel, monkeypatch)
    files = kernel()._cache._cache_file
    assert files.load(key) is not None
    monkeypatch.setattr(plumbing, "_trusted", frozenset)
    with one_warning("belongs to another user"):
        assert kernel()(21) == 42
        assert files.load(key) is None


def test_other_sources_or_versions_are_compiled_anew(kernel: Callable[[], Any], monkeypatch: pytest.MonkeyPatch):
    """What was compiled from other sources, or by another Numba, is not used, and is no damage: no warning."""
    kernel()(21)
    for name, other in (("_sources", lambda own: "changed"), ("numba", _Numba())):
        with monkeypatch.context() as patch:
            patch.setattr(plumbing, name, other)
            renewed = kernel()
            assert renewed(21) == 42
            assert sum(renewed.stats.cache_hits.values()) == 0


class _Numba:
    __version__ = "99.0"


def test_without_a_folder_it_compiles_in_memory(kernel: Callable[[], Any], monkeypatch: pytest.MonkeyPatch):
    """Where no folder can be written (a container, no home) nothing is kept, which one warning says when it matters."""
    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        double, other = kernel(), kernel()  # importing a room full of kernels is quiet
    with one_warning("compiled code is not kept.*NUMBA_CACHE_DIR"):
        assert (double(21), other(1.5)) == (42, 3.0)
    double.recompile()
    assert double(21) == 42


def test_a_full_disk_does_not_end_a_program(kernel: Callable[[], Any], monkeypatch: pytest.MonkeyPatch):
    """A file that cannot be written is not kept: one warning, the result all the same, and no draft left behind."""
    monkeypatch.setattr(Path, "write_bytes", _raising(OSError(28, "No space left on device")))
    with one_warning("compiled code is not kept.*No space left"):
        assert kernel()(21) == 42


def test_a_folder_in_the_place_of_a_file_does_not_end_a_program(kernel: Callable[[], Any], tmp_path: Path):
    """What cannot be read, as it is no file, is compiled again."""
    kernel()(21)
    (path,) = kept(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.warns(UserWarning, match="is compiled again|is not kept") as caught:
        assert kernel()(21) == 42
    assert len(caught) == 2  # it can neither be read nor written


def test_another_numba_is_done_without_its_cache(kernel: Callable[[], Any], monkeypatch: pytest.MonkeyPatch):
    """A Numba whose cache is made otherwise inside compiles in each process, and says so."""

    def otherwise(self: Any, function: Any) -> None:
        self.somewhere_else = function

    monkeypatch.setattr(caching.Cache, "__init__", otherwise)
    with one_warning("has another cache than the versions that were tried"):
        assert kernel()(21) == 42


# In processes of their own, as these are settings that Numba reads when it is imported.

PLAYED = """
import numpy as np, jit_gym
from jit_gym.envs import Env, VectorEnv
money = {"rewards": "money"}  # for others a plain rule is played first
env, batch = Env("dual-sourcing", **money), VectorEnv("dual-sourcing", 3, **money)
env.reset(seed=3), batch.reset(seed=3)
print([env.step(np.array([0.3, -0.5]))[1] for _ in range(20)])
print([batch.step(np.full((3, 2), 0.1))[1].tolist() for _ in range(5)])
table = jit_gym.compare(["jit", "base-stock"], "lost-sales", paths=4, periods=20, warmup=0, gap=False)
print(table.results[1].mean("cost"))
"""


def ran(code: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run some Python in a fresh process, with these settings."""
    program = tmp_path / "program.py"
    program.write_text(code)
    variables = os.environ | environment
    return subprocess.run([sys.executable, program], env=variables, capture_output=True, text=True, cwd=tmp_path)


EVALUATED = "import jit_gym; print(jit_gym.evaluate('base-stock', 'dual-sourcing', paths=4, periods=20).mean('cost'))"


def test_a_damaged_cache_of_kernels_and_programs_is_made_anew(tmp_path: Path):
    """With every file damaged, the same is played, with one warning; the next process finds all files whole."""
    folder = tmp_path / "cache"
    fresh = ran(EVALUATED, tmp_path, NUMBA_CACHE_DIR=str(folder))
    whole = kept(folder)
    assert {path.name.partition(".")[0] for path in whole} >= {"play", "tables"}
    for path in whole:
        path.write_bytes(path.read_bytes()[:-1])
    damaged = ran(EVALUATED, tmp_path, NUMBA_CACHE_DIR=str(folder))
    healed = ran(EVALUATED, tmp_path, NUMBA_CACHE_DIR=str(folder))
    assert (fresh.stderr, healed.stderr) == ("", "")
    assert damaged.stderr.count("UserWarning") == 1
    assert "is damaged: what was compiled is compiled again" in damaged.stderr
    assert fresh.stdout == damaged.stdout == healed.stdout
    assert kept(folder) == whole


def test_what_is_compiled_lies_where_a_change_renews_it():
    """A function that is inlined into compiled code from another folder would be kept when it changes."""
    package = Path(plumbing.__file__).parents[1]
    marks = ("register_jitable", "@compiled", "@inlined", "@overload")
    sources = (path for path in package.rglob("*.py") if any(mark in path.read_text() for mark in marks))
    assert {path.relative_to(package).parts[0] for path in sources} | {"kernels"} == set(plumbing.ROOMS)


def test_without_compilation_the_same_is_played(tmp_path: Path):
    """NUMBA_DISABLE_JIT=1 plays the same envs, batches and comparisons in plain Python, without a warning."""
    plain = ran(PLAYED, tmp_path, NUMBA_DISABLE_JIT="1")
    assert (plain.returncode, plain.stderr) == (0, "")
    usual = ran(PLAYED, tmp_path)
    assert (usual.returncode, usual.stderr) == (0, "")
    assert plain.stdout == usual.stdout


OUT_OF_RANGE = """
import numpy as np
from jit_gym.kernels.arrays import borrowed, table
from jit_gym.kernels.cache import compiled
from jit_gym.physics.layout import Layout
from jit_gym.physics.tables import LANE, net_of
from jit_gym.scenario import load
@compiled
def look(vector, k):
    return borrowed(vector)[k]
@compiled
def lay(vector, first, rows):
    return table(vector, LANE, first, rows, 2)[0, 1].capacity
@compiled
def lane(numbers, sizes, m):
    return net_of(numbers, sizes).lanes[m].to
layout = Layout(load("dual-sourcing"))
size = LANE.itemsize // 8
assert look(np.ones(3), 2) == 1 and lay(np.ones(2 * size), 0, 1) == 1 and lane(layout.numbers, layout.sizes, 1) == 0
for kernel, *arguments in (
    (look, np.ones(3), 3),
    (lay, np.ones(2 * size), 1, 1),
    (lay, np.ones(2 * size), 0, 2),
    (lane, layout.numbers, layout.sizes, 2),
    (lane, layout.numbers[:-1], layout.sizes, 0),
):
    try:
        print(kernel(*arguments))
    except IndexError as error:
        print("IndexError")
"""


def test_an_index_out_of_range_is_found_where_one_asks_for_it(tmp_path: Path):
    """NUMBA_BOUNDSCHECK=1 finds an index beyond a borrowed array or a table, and a table beyond its vector."""
    checked = ran(OUT_OF_RANGE, tmp_path, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(tmp_path))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.split() == ["IndexError"] * 5


def test_checked_code_is_kept_apart(kernel: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Code with checks is not taken for code without them, nor the other way round."""
    kernel()(21)
    monkeypatch.setattr(plumbing.config, "BOUNDSCHECK", 1)
    checked = kernel()
    assert checked(21) == 42
    assert sum(checked.stats.cache_hits.values()) == 0
    assert len(kept(tmp_path)) == 2
