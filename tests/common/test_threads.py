"""Work is divided over threads, each item once, and results come in order."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from jit_gym.common import threads as module
from jit_gym.common.checks import BadInput
from jit_gym.common.threads import (
    VARIABLE,
    Meanwhile,
    Stopped,
    cores,
    divide,
    is_worker,
    share,
    stream,
    threads,
    use_threads,
)


@pytest.fixture(autouse=True)
def _as_it_was():
    yield
    use_threads(None)


def bounds(part: slice) -> tuple[int, int]:
    return part.start, part.stop


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_item_is_in_one_slice(count: int):
    use_threads(count)
    for items in (0, 1, 2, 5, 6, 7, 100):
        slices = share(bounds, items)
        assert [k for start, stop in slices for k in range(start, stop)] == list(range(items))
        assert len(slices) == min(count, items)


@pytest.mark.parametrize(
    ("items", "least", "lengths"), [(9, 5, [9]), (10, 5, [5, 5]), (11, 5, [5, 6]), (30, 4, [10] * 3)]
)
def test_a_slice_has_at_least_so_many(items: int, least: int, lengths: list[int]):
    use_threads(3)
    assert [part.stop - part.start for part in divide(items, least)] == lengths


def test_slices_run_at_the_same_time():
    """Three tasks that wait for one another end only if each has a thread of its own."""
    use_threads(3)
    barrier = threading.Barrier(3, timeout=30)

    def meet(part: slice) -> int:
        barrier.wait()
        return threading.get_ident()

    assert len(set(share(meet, 3))) == 3


def test_one_slice_runs_on_the_thread_that_asks():
    use_threads(1)
    assert share(lambda _: threading.get_ident(), 100) == [threading.get_ident()]


def test_calls_from_inside_run_directly():
    use_threads(2)

    def outer(part: slice) -> list[tuple[int, int]]:
        return share(bounds, 10)

    assert share(outer, 2) == [[(0, 10)], [(0, 10)]]
    assert share(bounds, 10) == [(0, 5), (5, 10)]  # and are divided again afterwards


def test_an_exception_is_raised_once_nothing_runs_any_more():
    use_threads(2)
    ended = []

    def fail(part: slice) -> None:
        if part.start == 0:
            raise BadInput("lanes: the first is wrong")
        time.sleep(0.05)
        ended.append(part)

    with pytest.raises(BadInput, match="the first is wrong"):
        share(fail, 2)
    assert len(ended) in (0, 1)  # it had begun, or was left out
    time.sleep(0.1)
    assert len(ended) in (0, 1)

    def fail_last(part: slice) -> None:
        if part.start:
            raise BadInput("lanes: the second is wrong")

    with pytest.raises(BadInput, match="the second is wrong"):
        share(fail_last, 2)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_a_stream_comes_in_order_and_takes_items_as_they_are_needed(count: int):
    use_threads(count)
    taken: list[int] = []

    def items():
        for k in range(40):
            taken.append(k)
            yield k

    results = stream(lambda k: k * k, items())
    assert next(results) == 0
    assert len(taken) <= 2 * count
    assert list(results) == [k * k for k in range(1, 40)]


def test_a_stream_raises_in_its_place():
    use_threads(2)
    results = stream(lambda k: 1 // (k - 2), range(100))
    assert [next(results), next(results)] == [-1, -1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_the_variable_says_how_many(monkeypatch):
    monkeypatch.setenv(VARIABLE, " 3 ")
    assert threads() == 3
    use_threads(2)
    assert threads() == 2


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "²"])
def test_what_is_no_count_is_refused(monkeypatch, text: str):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(BadInput, match="JIT_GYM_THREADS: must be a whole number, 1 or more"):
        threads()
    with pytest.raises(BadInput, match="threads: must be a whole number"):
        use_threads(0)


def test_the_default_is_every_core_of_a_process_of_ones_own(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    if multiprocessing.parent_process() is None:
        assert threads() == cores() >= 1
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    assert is_worker()
    assert threads() == 1


@pytest.mark.parametrize(
    ("text", "found"), [("max 100000\n", None), ("150000 100000\n", 2), ("50000 100000", 1), ("", None)]
)
def test_a_container_has_as_many_cores_as_its_quota(monkeypatch, tmp_path, text: str, found: int | None):
    (tmp_path / "cpu.max").write_text(text)
    monkeypatch.setattr(module, "QUOTA", tmp_path / "cpu.max")
    assert module._quota() == found


def _report(queue) -> None:
    queue.put((is_worker(), threads(), share(bounds, 4)))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_worker_process_has_one_thread(monkeypatch, method: str):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this system")
    monkeypatch.delenv(VARIABLE, raising=False)
    use_threads(2)
    share(bounds, 2)
    context = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    worker = context.Process(target=_report, args=(queue,))
    worker.start()
    assert queue.get() == (True, 1, [(0, 4)])
    worker.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_makes_threads_of_its_own():
    program = (
        "import os\n"
        "from jit_gym.common.threads import share, use_threads\n"
        "use_threads(2); share(lambda part: part, 2)\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    use_threads(2)\n"
        "    os._exit(len(share(lambda part: part, 2)))\n"
        "raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 2


def test_a_task_runs_meanwhile():
    """With two threads it has run before anybody waits; with one it runs where it is waited for, once."""
    begun = threading.Event()

    def task(_: object) -> int:
        begun.set()
        return threading.get_ident()

    use_threads(2)
    found = Meanwhile(task)
    assert begun.wait(30)
    assert found() == found() != threading.get_ident()
    use_threads(1)
    begun.clear()
    found = Meanwhile(task)
    assert not begun.is_set()
    assert found() == found() == threading.get_ident()


def test_a_task_that_is_not_needed_ends():
    """It ends where it asks whether to go on; who waits for it all the same gets an exception."""
    use_threads(2)
    begun = threading.Event()

    def task(go_on: Callable[[None], None]) -> None:
        while True:
            go_on(None)
            begun.set()

    found = Meanwhile(task)
    assert begun.wait(30)
    found.stop(30)
    assert "jit_gym_meanwhile" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(Stopped):
        found()
