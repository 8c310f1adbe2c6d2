"""Calls of machine code on several threads: each is made once, whoever makes it, and the caller waits for the last."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from llvmlite import ir

from jit_gym.common.threads import share, use_threads
from jit_gym.kernels import machine_code as kernels
from jit_gym.kernels import native_threads
from jit_gym.kernels.cache import machine_code
from jit_gym.kernels.instructions import INT, function_at, loop
from jit_gym.kernels.native_threads import Turns
from jit_gym.kernels.screen import WORTH, Screen

pytestmark = pytest.mark.skipif(os.name != "posix", reason="threads of POSIX")


@pytest.fixture(autouse=True)
def _as_it_was():
    yield
    use_threads(None)


def counting():
    """Return a function that adds a period to the first number of its frame, so many times as the second says."""

    def write(module: ir.Module, name: str) -> None:
        function = ir.Function(module, ir.FunctionType(INT, [INT, INT]), name)
        build = ir.IRBuilder(function.append_basic_block("entry"))
        frame = build.inttoptr(function.args[0], INT.as_pointer())
        with loop(build, INT(0), build.load(build.gep(frame, [INT(1)])), 1):
            build.store(build.add(build.load(frame), function.args[1]), frame)
        build.ret(INT(0))

    return function_at(machine_code("a test's count, 1", write), 2)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("calls", [1, 2, 5, 100])
def test_each_call_is_made_once(threads: int, calls: int):
    """Also where threads have gone to sleep in between, and where calls are of very different lengths."""
    turns = Turns([counting()] * calls, np.zeros(2, np.int64))
    turns.frames[:, 1] = 1 + np.arange(calls) % 7 * 1000
    for period in range(1, 60):
        turns(period, threads)
        if period % 20 == 0:
            time.sleep(0.01)
    assert (turns.frames[:, 0] == turns.frames[:, 1] * sum(range(1, 60))).all()


def test_the_caller_waits_for_the_last_call():
    turns = Turns([counting()] * 3, np.zeros(2, np.int64))
    turns.frames[:, 1] = 1, 10_000_000, 1
    turns(1, 2)
    assert turns.frames[1, 0] == 10_000_000


def test_threads_of_the_caller_s_own_may_call_at_the_same_time():
    """One of them has the pool; the others make their calls themselves."""
    every = [Turns([counting()] * 8, np.array([0, 20_000])) for _ in range(4)]

    def play(turns: Turns) -> None:
        for _ in range(20):
            turns(1, 3)

    callers = [threading.Thread(target=play, args=(turns,)) for turns in every]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    assert all((turns.frames[:, 0] == 20 * 20_000).all() for turns in every)


def native() -> int:
    return sum(thread.name == "jit_gym_native" for thread in threading.enumerate())


def test_there_are_as_many_threads_as_asked_for():
    turns = Turns([counting()] * 4, np.array([0, 1]))
    for threads in (3, 2, 7, 2):
        turns(1, threads)
        assert native() == threads - 1


def test_a_task_of_share_calls_alone():
    """Who divides work by `share` has the other threads already: kernels inside are not divided again."""
    use_threads(3)
    usable = kernels.Usable()
    assert usable() == 3
    assert share(lambda part: usable(), 3) == [1, 1, 1]
    use_threads(2)
    assert usable() == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_has_threads_of_its_own():
    """Its parent's are not there, and its end does not wait for them; a process ends while threads look for calls."""
    program = (
        "import os, sys, numpy as np\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from test_native_threads import counting, native, Turns\n"
        "turns = Turns([counting()] * 4, np.array([0, 1]))\n"
        "turns(1, 3)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    turns(1, 2)\n"
        "    sys.exit(int(turns.frames[:, 0].sum()) + native())\n"
        "code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        "turns(1, 3)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, os.path.dirname(__file__)], timeout=120)
    assert done.returncode == 2 * 4 + 1


def test_without_threads_of_posix_those_of_python_call(monkeypatch: pytest.MonkeyPatch):
    use_threads(3)
    monkeypatch.setattr(native_threads.os, "name", "nt")
    turns = Turns([counting()] * 5, np.array([0, 7]))
    turns(1, 3)
    assert (turns.frames[:, 0] == 7).all()


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 100, 5 * WORTH + 3])
def test_a_number_that_is_refused_is_found_wherever_it_stands(
    count: int, compiled: bool, monkeypatch: pytest.MonkeyPatch
):
    """NaN among numbers of an action space; NaN, what is negative and what is infinite among units."""
    monkeypatch.setattr(kernels.config, "DISABLE_JIT", not compiled)
    nan, inf = float("nan"), float("inf")
    for threads in (1, 2):
        use_threads(threads)
        for what, kind, bad, good in (
            ("nan", np.float32, [nan], [inf, -inf, -1.0, 0.0]),
            ("units", float, [nan, inf, -inf, -1e-300], [0.0, -0.0, 1e300]),
        ):
            screen = Screen(count, what, kind == np.float32)
            numbers = np.resize(np.array(good, kind), count)
            assert not screen(numbers)
            for place in {0, count // 2, count - 1} if count else ():
                for each in bad:
                    with_it = numbers.copy()
                    with_it[place] = each
                    assert screen(with_it), (place, each)
            assert not screen(numbers)  # nothing is left of what was found before


def test_where_an_array_s_numbers_are():
    """The quick way tells what NumPy does, of windows and of arrays that cannot be written as well."""
    table = np.arange(12.0).reshape(3, 4)
    fixed = np.frombuffer(b"12345678", np.uint8)
    for each in (table, table[1:, 2:], table.T, table[:, 3], fixed, table.view(np.recarray), np.zeros(0)):
        assert kernels.address_of(each) == each.__array_interface__["data"][0] == each.ctypes.data


def test_each_call_has_a_frame_of_its_own():
    turns = Turns([counting()] * 6, np.zeros(2, np.int64))
    turns.frames[:, 1] = np.arange(6)
    turns(2, 2)
    assert turns.frames[:, 0].tolist() == [2 * k for k in range(6)]
