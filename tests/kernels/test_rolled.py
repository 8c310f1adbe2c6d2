"""Programs in loops: parts that are alike are compiled once, and compute what they did before, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from jit_gym.kernels.interpreted import interpret
from jit_gym.kernels.machine_code import Kernel
from jit_gym.kernels.memory import WIDTH, by_path
from jit_gym.kernels.rolled import rolled
from jit_gym.kernels.symbols import Array, Program, Symbol

PARTS = 120
ARRAYS = {
    "prices": Array("nothing", PARTS + 1),
    "state": Array("path", 2 * PARTS),
    "given": Array("row", PARTS, single=True, refused="nan"),
    "told": Array("path", PARTS + 3),
}


def shop(kinds: int = 2, chained: bool = False) -> Program:
    """Return a program of many parts that add to two sums; every so many are of one kind, in places that are mixed."""
    program, mixed = Program(), np.random.default_rng(0).permutation(PARTS).tolist()
    state = [program.load("state", k) for k in range(2 * PARTS)]
    common, cost, most = program.load("prices", PARTS), program.constant(0.0), program.load("prices", 0)
    for k in range(PARTS):
        at = mixed[k]
        there = state[at] + program.load("given", k) * common
        for _ in range(k % kinds):
            there = (there * there - state[PARTS + at]).floor()
        left = there.minimum(state[at - 1] if chained else 7.5)
        program.store("state", at, left)
        program.store("state", PARTS + at, state[at])  # read above, written here
        program.store("told", k, left / program.load("prices", k))
        cost = cost + program.load("prices", k) * left
        most = most + left
    for k, value in enumerate((cost, most * cost, 1.5)):
        program.store("told", PARTS + k, value)
    return program


def arrays(paths: int) -> dict[str, np.ndarray]:
    """Return numbers for these arrays, the same each time."""
    rng = np.random.default_rng(1)
    found = {"prices": rng.uniform(1, 2, PARTS + 1), "given": rng.normal(size=(paths, PARTS)).astype(np.float32)}
    for name in ("state", "told"):
        found[name] = by_path(ARRAYS[name].numbers, paths)
        found[name][:] = rng.normal(size=found[name].shape)
    return found


@pytest.mark.parametrize("paths", [1, 5, WIDTH, 3 * WIDTH, 100])
@pytest.mark.parametrize("kinds", [1, 2, 3])
def test_loops_compute_what_numpy_does(paths: int, kinds: int):
    """For one path, for several, and for a rest; with parts of one kind, and of several by turns."""
    program, compiled, plain = shop(kinds), arrays(paths), arrays(paths)
    kernel = Kernel(program, ARRAYS)
    assert kernel.rolled is not None
    assert kernel.length < 100 < len(program.used())
    call = kernel.on(paths, **compiled)
    for _ in range(3):
        call(0)
        interpret(program, ARRAYS, plain, paths, 0)
    for name, array in plain.items():
        assert np.array_equal(compiled[name], array), name


def test_each_kind_of_part_is_compiled_once():
    """Parts that differ in places alone are one; sums have their terms in the order in which they were added."""
    found = rolled(shop(kinds=3))
    assert found is not None
    ones = [1, 1, 1]  # a constant that is stored, and the first terms of both sums
    assert sorted(len(part.places) for part in found.parts) == [*ones, PARTS // 3, PARTS // 3, PARTS // 3]
    assert [each.place - each.first for each in found.sums] == [PARTS + 1, PARTS + 1]


def test_parts_that_need_each_other_are_one():
    """What reads what others write is a part with them, and such a program stays as it is."""
    program, compiled, plain = shop(chained=True), arrays(WIDTH), arrays(WIDTH)
    kernel = Kernel(program, ARRAYS)
    assert kernel.rolled is None
    kernel.on(WIDTH, **compiled)(0)
    interpret(program, ARRAYS, plain, WIDTH, 0)
    assert all(np.array_equal(compiled[name], array) for name, array in plain.items())


def test_a_sum_of_which_another_consists_is_left_as_it_is():
    """A sum over parts, of which each of many other parts takes a share that is added up, too."""
    program = Program()

    def added(values: list[Symbol]) -> Symbol:
        total = program.constant(0.0)
        for value in values:
            total = total + value
        return total

    state = [program.load("state", k) for k in range(PARTS)]
    whole = added(state)
    program.store("told", 0, added([value / whole for value in state]))
    assert rolled(program) is None


def test_a_number_that_is_refused_changes_nothing():
    """Also where the last part would read it."""
    found, before = arrays(1), arrays(1)
    found["given"][0, -1] = np.nan
    assert Kernel(shop(), ARRAYS).on(1, **found).for_one()(0) == 1
    assert all(np.array_equal(found[name], before[name]) for name in ("state", "told"))
