"""Divide work over the threads of this process.

Compiled code releases Python's global lock, and then runs on as many cores as it has threads. Who divides work here
divides it by paths, states or rows, each of which is computed alone and written to a place of its own. Results are
therefore the same to the bit whatever the number of threads; only the time differs.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from .checks import BadInput, check_count
from .text import quoted

VARIABLE = "JIT_GYM_THREADS"
QUOTA = Path("/sys/fs/cgroup/cpu.max")  # Linux, version 2 of cgroups: what a container may use

A = TypeVar("A")
T = TypeVar("T")


def threads() -> int:
    """Return how many threads compiled code may use.

    That is what `use_threads` set, else the environment variable JIT_GYM_THREADS, else every core that this process
    may run on; but 1 inside a worker process of somebody else's (multiprocessing, Ray, Dask, pytest-xdist), where the
    other workers use the other cores.

    Raises:
        BadInput: if JIT_GYM_THREADS is no whole number from 1 up.
    """
    if _chosen is not None:
        return _chosen
    text = os.environ.get(VARIABLE, "").strip()
    if text:
        if not (text.isascii() and text.isdigit() and int(text) >= 1):
            raise BadInput(f"{VARIABLE}: must be a whole number, 1 or more, got {quoted(text)} (or unset it)")
        return int(text)
    return 1 if is_worker() else cores()


def use_threads(count: int | None) -> None:
    """Set how many threads compiled code may use in this process; None returns to the default.

    Raises:
        BadInput: if the count is no whole number from 1 up.
    """
    global _chosen, _settings
    if count is not None:
        check_count("threads", count, 1)
    _chosen, _settings = count, object()


def usable() -> int:
    """Return how many threads work that begins here may use: `threads()`, but 1 inside a task of `share`."""
    return 1 if getattr(_here, "inside", False) else threads()


class Usable:
    """How many threads work may use, as `usable` tells, but asked once, and again where `use_threads` was called.

    What asks in each step of a batch is then answered in a tenth of the time.
    """

    def __init__(self) -> None:
        """Ask nothing yet."""
        self._settings, self._count = object(), 1

    def __call__(self) -> int:
        """Return how many there are."""
        if getattr(_here, "inside", False):
            return 1
        if self._settings is not _settings:
            self._settings, self._count = _settings, threads()
        return self._count


def share(task: Callable[[slice], T], count: int, least: int = 1) -> list[T]:
    """Run a task on consecutive slices of `range(count)`, each on a thread of its own, and return the results in order.

    There are at most `threads()` slices, of at least `least` each, and of nearly equal length. The caller's thread
    runs the first one, so one slice needs no other thread. Calls from inside a task run on the thread that they come
    from, undivided. An exception of a task is raised here, the first in order, once no slice runs any more.

    Args:
        task: what to run on a slice; it should release the global lock for most of its time.
        count: how many items there are; none for 0, which returns an empty list.
        least: how many items are worth a thread: to wake one takes some 50 to 120 microseconds. (Machine code that is
            done sooner runs on `kernels.native_threads`.)
    """
    slices = divide(count, least)
    if len(slices) <= 1:
        return [task(each) for each in slices]
    pool = _pool_of(len(slices) - 1)
    rest = [pool.submit(_inside, task, each) for each in slices[1:]]
    try:
        first = _inside(task, slices[0])
    except BaseException:
        for each in rest:
            each.cancel()  # where it has not begun
        raise
    finally:
        wait(rest)
    return [first, *(each.result() for each in rest)]


def stream(task: Callable[[A], T], items: Iterable[A]) -> Iterator[T]:
    """Run a task on items, several at a time on threads, and yield the results in order as they come.

    For tasks that take long, and not all equally long; `share` costs less where they are short and alike. Items are
    taken from their source as threads become free. An exception of a task is raised in its place.
    """
    if (count := usable()) == 1:
        yield from map(task, items)
        return
    pool, window = _pool_of(count), deque[Future[T]]()
    try:
        for item in items:
            window.append(pool.submit(_inside, task, item))
            if len(window) >= 2 * count:
                yield window.popleft().result()
        while window:
            yield window.popleft().result()
    finally:
        for each in window:
            each.cancel()
        wait(window)


class Told:
    """Tells progress from several threads, one at a time; where one is interrupted, the others stop when they tell."""

    def __init__(self, progress: Callable[[int], Any] | None) -> None:
        """Take who is told, if anybody is."""
        self._progress, self._one, self._interrupted = progress, threading.Lock(), threading.Event()

    def __call__(self, count: int) -> None:
        """Tell how much more was done.

        Raises:
            Stopped: if another thread was interrupted.
        """
        if self._interrupted.is_set():
            raise Stopped
        if self._progress is not None:
            with self._one:
                self._progress(count)

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Stop all threads that tell where what runs inside is interrupted (by Ctrl-C, which reaches one of them)."""
        try:
            yield
        except Exception:
            raise
        except BaseException:
            self._interrupted.set()
            raise


class Stopped(Exception):
    """A task that runs meanwhile is not needed any more."""


class Meanwhile(Generic[T]):
    """A task on a thread of its own; with one thread it runs when it is waited for.

    The task is called with a function that it must call now and then, which ends it where it is not needed any more.
    """

    def __init__(self, task: Callable[[Callable[[Any], None]], T]) -> None:
        """Begin."""
        self._task, self._found, self._stopped = task, Future[T](), threading.Event()
        self._thread: threading.Thread | None = None
        if usable() > 1:
            self._thread = threading.Thread(target=self._run, name="jit_gym_meanwhile", daemon=True)
            self._thread.start()

    def __call__(self) -> T:
        """Wait for the result, and return it; an exception of the task is raised here."""
        if self._thread is None and not self._found.done():
            self._run()
        return self._found.result()

    def stop(self, wait_for: float = 1.0) -> None:
        """End the task, and wait some seconds for that: libraries that compute must not, while a process ends."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(wait_for)

    def _run(self) -> None:
        try:
            self._found.set_result(self._task(self._go_on))
        except BaseException as error:
            self._found.set_exception(error)

    def _go_on(self, _: Any) -> None:
        if self._stopped.is_set():
            raise Stopped


def divide(count: int, least: int = 1) -> list[slice]:
    """Return the slices into which `share` divides `range(count)`."""
    most = count // max(1, least)
    parts = 1 if most < 2 else min(usable(), most)
    return [slice(count * k // parts, count * (k + 1) // parts) for k in range(parts)] if count else []


def is_worker() -> bool:
    """Tell whether this is a worker process of somebody who divides the cores: of multiprocessing, Ray, Dask or xdist.

    Modules that were not imported are not looked at, as the process is then no worker of theirs.
    """
    loaded = sys.modules
    if (mp := loaded.get("multiprocessing.process")) is not None and mp.parent_process() is not None:
        return True
    if (ray := loaded.get("ray")) is not None and _is_ray_worker(ray):
        return True
    if (dask := loaded.get("distributed.worker")) is not None and _is_dask_worker(dask):
        return True
    return "PYTEST_XDIST_WORKER" in os.environ


def _is_ray_worker(ray: object) -> bool:
    try:
        return bool(ray.get_runtime_context().worker.mode == ray.WORKER_MODE)  # type: ignore[attr-defined]
    except Exception:  # ray is being imported, or another version of it
        return False


def _is_dask_worker(worker: object) -> bool:
    try:
        worker.get_worker()  # type: ignore[attr-defined]
    except Exception:  # ValueError: no task of Dask's runs on this thread
        return False
    return True


@cache
def cores() -> int:
    """Return how many cores this process may run on, at least one."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(found, _quota() or found))


def _quota() -> int | None:
    """Return how many cores a container's quota is worth, rounded up; None where there is no quota."""
    try:
        quota, period = QUOTA.read_text(encoding="ascii").split()
        return None if quota == "max" else math.ceil(int(quota) / int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _inside(task: Callable[[A], T], part: A) -> T:
    """Run a task, and mark the thread, so that calls from inside run directly."""
    _here.inside = True
    try:
        return task(part)
    finally:
        _here.inside = False


def _pool_of(workers: int) -> ThreadPoolExecutor:
    """Return the threads of this process, at least so many; they start as they are needed."""
    global _pool, _size
    with _lock:
        if _pool is None or _size < workers:  # those of a smaller pool end once nothing refers to it
            _pool, _size = ThreadPoolExecutor(workers, thread_name_prefix="jit_gym"), workers
        return _pool


def _forget() -> None:
    """Begin anew in a forked process, which has none of its parent's threads."""
    global _chosen, _settings, _pool, _size, _lock, _here
    _chosen, _settings, _pool, _size, _lock, _here = None, object(), None, 0, threading.Lock(), threading.local()
    cores.cache_clear()


_chosen: int | None = None
_settings = object()  # another one for each call of `use_threads`
_pool: ThreadPoolExecutor | None = None
_size = 0
_lock = threading.Lock()
_here = threading.local()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
