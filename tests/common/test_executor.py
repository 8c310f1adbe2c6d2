"""Tasks give the same results wherever they run, each once."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from functools import partial
from pathlib import Path

import pytest

from jit_gym.common.checks import BadInput
from jit_gym.common.executor import HERE, Executor
from jit_gym.common.threads import use_threads

PROCESSES = Executor("processes", 2)


@pytest.fixture(autouse=True)
def _modules_are_found(monkeypatch):
    """Processes that are started anew import this file by its name."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def tasks():
    import tasks_of_executor

    return tasks_of_executor


@pytest.mark.parametrize("executor", [HERE, PROCESSES, Executor("processes", 1)], ids=str)
def test_results_come_in_order_and_progress_adds_up(executor: Executor):
    told, came = [], {}
    results = executor.run(tasks().square, range(25), progress=told.append, arrived=came.__setitem__)
    assert results == [k * k for k in range(25)]
    assert came == dict(enumerate(results))
    assert sum(told) == sum(range(25))


def test_nothing_to_do_starts_nothing():
    assert PROCESSES.run(tasks().square, []) == []


def test_the_first_may_run_here():
    ids = PROCESSES.run(tasks().process, range(4), first_here=True)
    assert ids[0] == os.getpid()
    assert os.getpid() not in ids[1:]


def test_short_tasks_are_sent_together():
    """400 tasks of 5 ms come back in far fewer batches, each of which tells its progress at once."""
    told = []
    PROCESSES.run(tasks().short, range(400), progress=told.append)
    assert sum(told) == 400
    assert len(told) < 100


@pytest.mark.parametrize("executor", [HERE, PROCESSES], ids=str)
def test_an_error_comes_as_it_is(executor: Executor):
    with pytest.raises(BadInput, match=r"^lanes.a: is wrong, got 3$"):
        executor.run(tasks().refuse, range(6))
    with pytest.raises(ZeroDivisionError, match="division or modulo by zero"):
        executor.run(tasks().divide, [1, 0])


def test_an_error_that_cannot_be_pickled_comes_as_its_text():
    with pytest.raises(RuntimeError, match="Odd: what happened"):
        PROCESSES.run(tasks().odd, [1])


@pytest.mark.parametrize("executor", [HERE, PROCESSES], ids=str)
def test_warnings_are_shown_by_the_process_that_asked(executor: Executor):
    with pytest.warns(UserWarning, match="a note of 1"):
        executor.run(tasks().warn, [1])


def test_workers_divide_the_threads():
    try:
        use_threads(5)
        assert PROCESSES.run(tasks().threads_of, [0, 1]) == [2, 2]
        assert Executor("processes", 1).run(tasks().threads_of, [0]) == [5]
        use_threads(2)
        assert len(set(Executor("processes").run(tasks().process, range(8)))) <= 2
    finally:
        use_threads(None)


def test_workers_stay_for_a_block():
    """Two calls meet the same processes inside a block, and others after it."""
    with Executor("processes", 1) as executor:
        first, again = (executor.run(tasks().process, [0]) for _ in range(2))
    assert first == again != executor.run(tasks().process, [0])
    assert not multiprocessing.active_children()
    with HERE as executor:
        assert executor.run(tasks().process, [0]) == [os.getpid()]


def test_what_cannot_be_sent_is_refused():
    with pytest.raises(BadInput, match="cannot be sent to another process"):
        PROCESSES.run(lambda item, tell: item, [1, 2])


def test_a_worker_that_dies_is_told():
    with pytest.raises(MemoryError, match="a worker ended before its time"):
        PROCESSES.run(tasks().die, [1, 2])
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("on", ["", "hier", "ray://", "ray://host", "ray:/host:1", "http://host:1", 3])
def test_an_unknown_place_is_refused(on):
    with pytest.raises(BadInput, match="on: must be here, processes, ray or ray://HOST:PORT"):
        Executor(on)


def test_workers_must_be_a_count():
    with pytest.raises(BadInput, match="workers: must be a whole number"):
        Executor("processes", 0)


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_ctrl_c_ends_the_workers(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            """
            import signal
            from jit_gym.common.executor import Executor
            from tasks_of_executor import sleep
            if __name__ == "__main__":
                signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in a shell's background ignores it
                try:
                    Executor("processes", 2).run(sleep, range(4), progress=print)
                except KeyboardInterrupt:
                    raise SystemExit(130)
            """
        )
    )
    seen = tmp_path / "seen"
    seen.mkdir()
    environment = {**os.environ, "SEEN": str(seen)}
    with subprocess.Popen([sys.executable, str(program)], env=environment, stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 60
        while len(list(seen.iterdir())) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=180)
    assert (process.returncode, said) == (130, b"")
    workers = [int(file.name) for file in seen.iterdir()]
    assert len(workers) == 2
    time.sleep(0.2)
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


def test_a_missing_ray_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BadInput, match=r"pip install 'jit-gym\[distributed\]'"):
        Executor("ray").run(tasks().square, [1])


def test_partials_of_functions_can_be_sent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert PROCESSES.run(partial(tasks().power, 3), [1, 2]) == [1, 8]
