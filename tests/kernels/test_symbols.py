"""Recorded programs: what is recorded, what cannot be, and that machine code and NumPy compute the same to the bit."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jit_gym.common.threads import use_threads
from jit_gym.kernels import cache as plumbing
from jit_gym.kernels.interpreted import interpret
from jit_gym.kernels.machine_code import Kernel
from jit_gym.kernels.memory import WIDTH, Rooms, by_path
from jit_gym.kernels.symbol_arrays import SymbolArray, look_up
from jit_gym.kernels.symbols import Array, NotRecorded, Program, Symbol

ARRAYS = {
    "rate": Array("nothing", 2),
    "state": Array("path", 2),
    "chance": Array("period", 2),
    "date": Array("date", 1),
    "given": Array("row", 3, single=True),
    "shown": Array("row", 2, single=True),
    "told": Array("told", 1),
    "table.0": Array("nothing", 12),
    "table.1": Array("nothing", 5, single=True),
}
TABLES = {"table.0": np.sqrt(np.arange(12.0)).reshape(3, 4), "table.1": np.arange(5, dtype=np.float32) / 3}


def recorded() -> Program:
    """Return a program with each operation, and each way in which an array may lie."""
    program = Program()
    a, b = (program.load("state", k) for k in range(2))
    c, d = (program.load("chance", k) for k in range(2))
    x, y, z = (program.load("given", k) for k in range(3))
    rate, other, now = program.load("rate", 0), program.load("rate", 1), program.load("date", 0)
    some = a * rate + c - 2.5 / (b * b + 1.0)
    chosen = ((some < d) & ~(a <= b) | (x == y) | (x != z)).where(some.floor(), some.minimum(now))
    program.store("state", 0, chosen)
    program.store("state", 1, b + program.apply("sqrt", d * d) * other)
    program.store("shown", 0, chosen - z)
    program.store("shown", 1, -x)
    entry = program.look_up(TABLES["table.0"], (2.0 * a).round(), c.floor() + 1.0)
    program.store("told", 0, (a < b) + entry + program.look_up(TABLES["table.1"], x + y))
    return program


def arrays(paths: int, periods: int) -> dict[str, np.ndarray]:
    """Return arrays for the program, filled at random."""
    rng = np.random.default_rng(paths)
    found = {
        "rate": rng.normal(size=2),
        "state": by_path(2, paths),
        "chance": rng.normal(size=(periods, 2, paths)),
        "date": rng.normal(size=(periods, 1)),
        "given": rng.integers(0, 3, (paths, 3)).astype(np.float32),
        "shown": np.zeros((paths, 2), np.float32),
        "told": by_path(periods, paths),
        **{name: table.ravel() for name, table in TABLES.items()},
    }
    found["state"][:] = rng.normal(size=(2, paths))
    found["told"][:] = 0.0
    return found


@pytest.mark.parametrize("paths", [1, 5, WIDTH, 3 * WIDTH, 100])
@pytest.mark.parametrize("several", [False, True])
def test_machine_code_computes_what_numpy_does(paths: int, several: bool):
    """For one path, for several, and for a rest; in one period, and in many, from one to the next."""
    periods = 7 if several else 1
    program, compiled, plain = recorded(), arrays(paths, 7), arrays(paths, 7)
    Kernel(program, ARRAYS, periods=several).on(paths, **compiled)(0, periods)
    interpret(program, ARRAYS, plain, paths, 0, periods)
    for name, array in plain.items():
        assert np.array_equal(compiled[name], array), name


def test_the_number_of_threads_changes_nothing():
    """1, 2, 3 and 7 threads leave the same numbers, also where paths do not divide evenly."""
    found = []
    try:
        for threads in (1, 2, 3, 7):
            use_threads(threads)
            kernel, numbers = Kernel(recorded(), ARRAYS, periods=True), arrays(1001, 7)
            kernel.worth_a_thread = 8  # so that few paths are divided, too
            kernel.on(1001, **numbers)(0, 7)
            found.append({name: array.tobytes() for name, array in numbers.items()})
    finally:
        use_threads(None)
    assert all(each == found[0] for each in found)


def test_what_is_computed_twice_is_recorded_once():
    """The same operation on the same operands is one operation; what reaches no array is not compiled."""
    program = Program()
    a, b = program.load("state", 0), program.load("state", 1)
    assert (a + b).number == (a + b).number
    _ = a * b
    program.store("state", 0, a + b)
    assert [program.operations[number][0] for number in program.used()] == ["load", "load", "+"]


def test_outside_a_table_the_nearest_entry_is_found():
    """Also where a place is no number, in machine code and in NumPy; half a unit rounds to the even one."""
    program, given = Program(), np.array([[-1e300, -1.0, 0.0, 2.0, 7.0, np.inf, np.nan, 0.5, 1.5, -0.5]])
    place = program.load("state", 0)
    program.store("out", 0, program.look_up(TABLES["table.1"], place.round()))
    kinds = {"state": Array("path", 1), "out": Array("path", 1), "table.0": ARRAYS["table.1"]}
    numbers = {"state": given, "out": np.zeros((1, 10)), "table.0": TABLES["table.1"]}
    Kernel(program, kinds).on(10, **numbers)()
    assert np.array_equal(numbers["out"][0], TABLES["table.1"][[0, 0, 0, 2, 4, 4, 0, 0, 2, 0]].astype(float))
    compiled = numbers["out"].copy()
    interpret(program, kinds, numbers, 10, 0)
    assert np.array_equal(numbers["out"], compiled)


@pytest.mark.parametrize(
    "branch", [lambda a: 1 if a > 0 else 2, float, int, lambda a: [1, 2][a], lambda a: max(a, 1.0), lambda a: a + "x"]
)
def test_a_branch_cannot_be_recorded(branch: Callable[[Symbol], Any]):
    """What needs to know a number raises, and is not recorded wrongly."""
    with pytest.raises((NotRecorded, TypeError)):
        branch(Program().load("state", 0))


def test_arrays_of_symbols_do_what_arrays_of_numbers_do():
    """Each of NumPy's functions that is recorded gives what NumPy gives; another one raises."""
    rng = np.random.default_rng(0)
    x, y, matrix = rng.normal(size=(1, 4)), rng.normal(size=4), rng.integers(0, 3, (4, 3)).astype(float)

    def computed(a: Any) -> list[Any]:
        larger = np.where(a > y, a, y)
        changed = a + 0.0
        changed[:, 1] = 7.0
        changed[..., [0, 2]] -= 1.0
        parts = [
            a @ matrix, np.maximum(a, 0.5) - np.minimum(a, y), np.floor(a * 3) + np.ceil(a), np.abs(a), a % 2.0,
            larger, changed, np.sqrt(np.abs(a)), np.clip(a, -0.5, 0.5), np.stack([a, larger], axis=-1)[..., 1],
            np.concatenate([a, larger], axis=-1), np.hsplit(np.concatenate([a, a], axis=-1), 2)[1], a.sum(axis=-1),
            np.cumsum(a, axis=-1), (a > 0).any(axis=-1) + 0.0, (a > 0).all(axis=1) + 0.0, a.min(axis=-1),
            a.max(axis=-1), np.broadcast_to(a, (2, 4))[1:], np.reshape(a, (2, 2)).T, -a, a[:, ::2], 2.0 / a,
            (a > 0) * a + (a <= 0) * 2.0, ~(a > 0) + 0.0, ((a < 0) | (a > 1)) + 0.0, np.round(a * 2), a**2,
            look_up(matrix, np.floor(a * 3) + 1, np.round(a)),
        ]  # fmt: skip
        return parts

    program, expected = Program(), computed(x)
    symbols = SymbolArray([[program.load("state", k) for k in range(4)]])
    found, place, size = computed(symbols), 0, sum(np.size(each) for each in expected)
    for each in found:
        for value in each.items.ravel():
            program.store("out", place, value)
            place += 1
    assert place == size
    state, out = by_path(4, 1), by_path(size, 1)
    state[:] = x.T
    kinds = {"state": Array("path", 4), "out": Array("path", size), "table.0": Array("nothing", matrix.size)}
    Kernel(program, kinds).on(1, state=state, out=out, **{"table.0": matrix.ravel()})()
    assert np.allclose(out[:, 0], np.concatenate([np.ravel(each) for each in expected]), rtol=1e-15)
    for refused in (np.sort, np.exp, np.argmax, lambda each: each**3):
        with pytest.raises(NotRecorded):
            refused(symbols)
    into = np.zeros(4)
    with pytest.raises(NotRecorded):
        into += symbols[0]


def test_a_number_that_is_refused_plays_nothing():
    """A path by itself is not played where a number is NaN, or is no quantity; the caller is told."""
    program = Program()
    program.store("state", 0, program.load("state", 0) + program.load("given", 0))
    kernel = Kernel(program, {"state": Array("path", 1), "given": Array("row", 1, refused="units")})
    state = by_path(1, 1)
    state[:] = 5.0
    for given, refused in ((2.0, 0), (np.nan, 1), (-1.0, 1), (np.inf, 1), (0.0, 0)):
        call = kernel.on(1, state=state, given=np.array([[given]]))
        assert call.for_one()(0) == refused
    assert state.item() == 7.0


def test_the_function_of_one_path_keeps_what_it_plays_on():
    """It plays as a call does, also when nothing else refers to the arrays; a period is a number from 0 up."""
    program = Program()
    program.store("state", 0, program.load("state", 0) + program.load("date", 0))
    kernel = Kernel(program, {"state": Array("path", 1), "date": Array("date", 1)})
    state = np.zeros((1, 1))
    play = kernel.on(1, state=state, date=np.array([[1.0], [20.0], [300.0]])).for_one()
    gc.collect()
    assert [play(0), play(2), play(2), play(1)] == [0, 0, 0, 0]
    assert state == 621.0
    with pytest.raises(TypeError, match="int"):
        play("1")  # type: ignore[arg-type]
    with pytest.raises(OverflowError):
        play(2**70)
    assert state == 621.0


def test_rows_that_lie_elsewhere_are_refused():
    """Arrays by path of one call lie alike, or it would read other numbers."""
    kernel = Kernel(recorded(), ARRAYS)
    numbers = arrays(100, 7) | {"told": np.zeros((7, 100))}
    with pytest.raises(ValueError, match="told: its rows are 100 numbers apart, and those of other arrays 112"):
        kernel.on(100, **numbers)


def test_it_is_kept_on_disk_and_taken_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A second process finds it; one whose file is damaged compiles it again, with one warning."""
    files = plumbing._Files(tmp_path, "play", "a stamp")
    monkeypatch.setattr(plumbing, "_files_of_machine_code", lambda: files)
    monkeypatch.setattr(plumbing, "_warned", set())
    written = []

    def fresh() -> np.ndarray:
        monkeypatch.setattr(plumbing, "_addresses", {})
        program, state = Program(), by_path(1, 1)
        program.store("state", 0, program.load("state", 0) + 41.0 + tmp_path.stat().st_ino)  # a program of its own
        state[:] = 1.0
        Kernel(program, {"state": Array("path", 1)}).on(1, state=state)()
        return state

    write = plumbing._Files.save
    monkeypatch.setattr(plumbing._Files, "save", lambda self, *what: (written.append(what), write(self, *what)))
    first = fresh()
    assert len(written) == 1
    assert np.array_equal(fresh(), first)
    assert len(written) == 1
    (path,) = tmp_path.glob("*.nbc")
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.warns(UserWarning, match="is damaged: what was compiled is compiled again"):
        assert np.array_equal(fresh(), first)
    assert len(written) == 2


def test_an_array_is_handed_out_again_when_nothing_refers_to_it():
    """Two that are held are two; a window onto one holds it, too; no more than eight are kept."""
    rooms = Rooms(3, 100)
    one, other = rooms.take(), rooms.take()
    assert not np.shares_memory(one, other)
    place, window = one.ctypes.data, other[1]
    del one, other
    again = rooms.take()
    assert again.ctypes.data == place
    assert not np.shares_memory(rooms.take(), window)
    held = [rooms.take() for _ in range(20)]
    assert len({array.ctypes.data for array in held}) == 20
    assert len(rooms._kept) == Rooms.MOST
