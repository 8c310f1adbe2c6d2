"""Several kernels on one batch: each plays its paths, whose numbers may lie elsewhere, as it would by itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from jit_gym.common.threads import use_threads
from jit_gym.kernels import machine_code
from jit_gym.kernels.call_of_many import CallOfMany, PathsOf
from jit_gym.kernels.machine_code import Kernel
from jit_gym.kernels.memory import WIDTH, by_path
from jit_gym.kernels.symbols import ORDER, Array, Program

ARRAYS = {
    "rate": Array("nothing", 1),
    "state": Array("path", 1),
    "chance": Array("period", 2, scattered=True),
    "given": Array("row", 2, single=True, scattered=True),
    "shown": Array("path", 2, single=True, scattered=True),
    "flows": Array("path", 1, scattered=True),
}
PATHS = 6 * WIDTH + 5
BOUNDS = 0, 1, WIDTH, 3 * WIDTH + 2, PATHS


def kernel(power: int) -> Kernel:
    """Return a kernel that multiplies some of its numbers so many times."""
    program = Program()
    state, (x, y) = program.load("state", 0), (program.load("given", k) for k in range(2))
    product = program.load("chance", 0) * program.load("rate", 0)
    for _ in range(power):
        product = product * x
    program.store("state", 0, state + product)
    program.store("shown", 0, state - y)
    program.store("shown", 1, product)
    program.store("flows", 0, program.load("chance", 1) + state)
    return Kernel(program, ARRAYS)


def played(order: np.ndarray) -> dict[str, np.ndarray]:
    """Return what three periods leave."""
    rng = np.random.default_rng(0)
    found = {"state": by_path(1, PATHS), "shown": by_path(2, PATHS, np.float32), "flows": by_path(1, PATHS)}
    for name in ("state", "shown", "flows"):
        found[name][:] = rng.normal(size=found[name].shape)
    chance, given = by_path(6, PATHS).reshape(3, 2, -1), rng.normal(size=(PATHS, 2)).astype(np.float32)
    chance[:] = rng.normal(size=chance.shape)
    parts = [
        PathsOf(kernel(k), slice(first, last), {"rate": np.array([1.5 + k])})
        for k, (first, last) in enumerate(pairwise(BOUNDS))
    ]
    call = CallOfMany(parts, PATHS, state=found["state"], chance=chance, order=order)
    for period in range(3):
        call(period, given=given, shown=found["shown"], flows=found["flows"])
    return found


def expected(order: np.ndarray) -> dict[str, np.ndarray]:
    """Return the same by NumPy."""
    rng = np.random.default_rng(0)
    state, shown, flows = (rng.normal(size=(numbers, PATHS)) for numbers in (1, 2, 1))
    given = rng.normal(size=(PATHS, 2)).astype(np.float32)[order].astype(float)
    chance, shown = rng.normal(size=(3, 2, PATHS))[:, :, order], shown.astype(np.float32)
    power = np.searchsorted(BOUNDS, np.arange(PATHS), side="right") - 1
    for drawn, other in chance:
        product = drawn * (1.5 + power)
        for k in range(max(power)):
            product = np.where(k < power, product * given[:, 0], product)
        shown[0, order], shown[1, order], flows[0, order] = state[0] - given[:, 1], product, other + state[0]
        state[0] += product
    return {"state": state, "shown": shown, "flows": flows}


@pytest.mark.parametrize("compiled", [True, False])
def test_each_kernel_plays_its_paths_wherever_their_numbers_lie(compiled: bool, monkeypatch: pytest.MonkeyPatch):
    """State lies in the order of play; what is given, drawn and told lies where the order says."""
    monkeypatch.setattr(machine_code.config, "DISABLE_JIT", not compiled)
    for order in (np.arange(PATHS), np.random.default_rng(1).permutation(PATHS)):
        found = played(order)
        for name, numbers in expected(order).items():
            assert np.array_equal(found[name], numbers), name


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    """1, 2, 3 and 7 threads leave the same numbers."""
    monkeypatch.setattr(Kernel, "worth_a_thread", 1)
    order = np.random.default_rng(1).permutation(PATHS)
    try:
        for threads in (1, 2, 3, 7):
            use_threads(threads)
            found = played(order)
            assert all(np.array_equal(found[name], numbers) for name, numbers in expected(order).items())
    finally:
        use_threads(None)


def test_only_kernels_of_scattered_numbers_have_an_order():
    """The array `order` is there where an array is scattered, and nowhere else."""
    assert ORDER in kernel(1).arrays
    program = Program()
    program.store("state", 0, program.load("state", 0) + 1.0)
    assert ORDER not in Kernel(program, {"state": Array("path", 1)}).arrays
