"""Run independent tasks in this process, in processes on this machine, or on a Ray cluster.

A task is a function of an item, and of a function that it may tell its progress. It depends on nothing else, so that
results are the same wherever it runs, and may be run again where a machine was lost. Items are sent in batches that
last about a second, so that sending them costs little.
"""

from __future__ import annotations

import os
import pickle
import re
import signal
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from math import ceil
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from typing import Any, NamedTuple, Protocol, Self, TypeVar

from .checks import BadInput, check_count, one_line
from .provenance import versions
from .text import quoted
from .threads import cores, threads, use_threads

SECONDS = 1.0  # that a batch should last, at least
AHEAD = 2  # batches that are sent for each worker, so that none waits for the next one
RETRIES = 8  # times that Ray runs a batch again whose machine was lost

A = TypeVar("A")
T = TypeVar("T")
Tell = Callable[[Any], Any]
Task = Callable[[A, Tell], T]


@dataclass(eq=False)
class Executor:
    """Where tasks run: `here`, `processes`, `ray` (a cluster that Ray finds, or starts), or `ray://HOST:PORT`.

    Results are the same to the bit wherever they are computed. Processes start, and a cluster is joined, for each call
    that needs them, or once for all calls inside `with Executor(...)`. Processes and Ray need tasks, policies among
    them, that can be sent: a policy that is a function stands in a module, not in a notebook (Ray sends those, too),
    and a script starts its work under `if __name__ == "__main__":`.
    """

    on: str = "here"
    workers: int | None = None
    """How many processes there are, by default as many as threads (JIT_GYM_THREADS); a Ray cluster has its own."""
    _open: ExitStack | None = field(default=None, init=False, repr=False)
    _crew: Crew | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what is none of the three settings."""
        if not isinstance(self.on, str) or not re.fullmatch(r"here|processes|ray|ray://[^/\s]+:\d+", self.on):
            raise BadInput(f"on: must be here, processes, ray or ray://HOST:PORT, got {quoted(self.on)}")
        if self.workers is not None:
            check_count("workers", self.workers, 1)

    def run(
        self,
        task: Task[A, T],
        items: Sequence[A],
        *,
        progress: Tell | None = None,
        arrived: Callable[[int, T], Any] | None = None,
        first_here: bool = False,
    ) -> list[T]:
        """Return the results of a task, in the order of its items.

        Args:
            task: a function at the top of a module, or a `partial` of one; with Ray any function.
            items: what it is given, one after another; they must be picklable, unless all run here.
            progress: told what the tasks tell; those that run elsewhere tell it when their results come.
            arrived: told the place and the result of each item as it comes, in any order, each once.
            first_here: run the first item in this process before the others, which compiles what is not yet.

        Raises:
            BadInput: for tasks that cannot be sent, for a cluster that is not there, or whose versions differ.
            MemoryError: where a process ended, or Ray lost a batch too often.
            Exception: the first one that a task raises, as it is; no further results come then.
        """
        results: dict[int, T] = {}

        def keep(place: int, result: T) -> None:
            results[place] = result
            if arrived is not None:
                arrived(place, result)

        tell = progress or _ignore
        alone = len(items) if self.on == "here" else 1 if first_here else 0
        for k, item in enumerate(items[:alone]):
            keep(k, task(item, tell))
        if (left := len(items) - len(results)) > 0:
            with nullcontext(self._stay()) if self._open else self._join(left) as crew:
                _spread(crew, task, items, len(results), tell, keep)
        return [results[k] for k in range(len(items))]

    def __enter__(self) -> Self:
        """Keep the processes that the first call starts, or the cluster that it joins, until the end of the block."""
        self._open = None if self.on == "here" else ExitStack()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """End processes, or leave the cluster."""
        if self._open is not None:
            stack, self._open, self._crew = self._open, None, None
            stack.__exit__(kind, error, trace)

    def _stay(self) -> Crew:
        """Return the workers of this block."""
        if self._crew is None:
            assert self._open is not None
            self._crew = self._open.enter_context(self._join())
        return self._crew

    def _join(self, most: int | None = None) -> AbstractContextManager[Crew]:
        """Return the workers; processes are no more than the tasks, where these are known."""
        if self.on == "processes":
            workers = self.workers or threads()
            return _processes(min(workers, most or workers))
        return _ray(None if self.on == "ray" else self.on)


HERE = Executor()
"""This process."""


class Batch(NamedTuple):
    """What is sent to a worker: the task and its items, pickled, its threads, and which versions it must have."""

    content: bytes
    threads: int
    versions: Mapping[str, str] | None


class Answer(NamedTuple):
    """What comes back: results, how long they took, what was told, the warnings, and the exception that ended them."""

    results: list[Any]
    seconds: float
    told: list[Any]
    warned: list[tuple[str, type[Warning], str, int]]
    error: Exception | None


class Crew(Protocol):
    """Workers to whom batches are sent."""

    @property
    def workers(self) -> int:
        """Return how many batches run at the same time."""

    def send(self, task: Any, items: list[Any]) -> Any:
        """Send a batch, and return what stands for its answer."""

    def next(self, sent: Sequence[Any]) -> tuple[Any, Answer]:
        """Wait for the next answer, and return what stands for it, and itself."""


def _ignore(_: Any) -> None:
    """Take what a task tells where nobody asked for it."""


def _spread(
    crew: Crew, task: Task[A, T], items: Sequence[A], first: int, tell: Tell, keep: Callable[[int, T], Any]
) -> None:
    """Send the items from `first` on in batches, and keep results as they come."""
    left, sent = deque(range(first, len(items))), dict[Any, list[int]]()
    seconds = SECONDS  # an item lasts so long, as far as is known
    while left or sent:
        while left and len(sent) < AHEAD * crew.workers:
            size = max(1, min(ceil(SECONDS / seconds), len(left) // (AHEAD * crew.workers)))
            places = [left.popleft() for _ in range(size)]
            sent[crew.send(task, [items[k] for k in places])] = places
        handle, answer = crew.next(list(sent))
        places = sent.pop(handle)
        for text, category, file, line in answer.warned:
            warnings.warn_explicit(text, category, file, line)
        for each in answer.told:
            tell(each)
        for place, result in zip(places, answer.results, strict=False):  # fewer, where one failed
            keep(place, result)
        if answer.error is not None:
            raise answer.error
        seconds = max(1e-6, min(seconds, answer.seconds / len(places)))  # the first ones compile, and last longer


def _work(batch: Batch) -> Answer:
    """Run the tasks of a batch in a worker."""
    use_threads(batch.threads)
    results: list[Any] = []
    told: list[Any] = []
    began, error = time.perf_counter(), None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")  # the process that asked decides which are shown
        try:
            if batch.versions is not None:
                _check_versions(batch.versions)
            task, items = _unpickled(batch.content)
            for item in items:
                results.append(task(item, told.append))
        except Exception as raised:
            error = _sendable(raised)
    if all(type(each) is int for each in told):
        told = [sum(told)]
    warned = [(str(each.message), each.category, each.filename, each.lineno) for each in caught]
    return Answer(results, time.perf_counter() - began, told, warned, error)


def _unpickled(content: bytes) -> Any:
    try:
        return pickle.loads(content)
    except (AttributeError, ImportError) as error:
        raise BadInput(f"on: a task cannot be read by a worker: {one_line(error)} (put it in a module)") from None


def _check_versions(wanted: Mapping[str, str]) -> None:
    """Refuse a machine with other versions, whose results may differ."""
    found = versions()
    for name, version in wanted.items():
        if found[name] != version:
            raise BadInput(f"on: a machine has {name} {found[name]}, and this one {version} (install the same on all)")


def _sendable(error: Exception) -> Exception:
    """Return an exception with its traceback as a note, or another with the same text if it cannot be pickled."""
    if not isinstance(error, BadInput):
        error.add_note("In a worker:\n" + "".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:  # whatever pickling it raises
        return RuntimeError(f"{type(error).__name__}: {error}")


# Processes on this machine


class _Processes:
    """A crew of processes."""

    def __init__(self, pool: ProcessPoolExecutor, workers: int) -> None:
        self.pool, self.workers = pool, workers
        self.threads = max(1, threads() // workers)

    def send(self, task: Any, items: list[Any]) -> Any:
        try:
            content = pickle.dumps((task, items))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            what = f"a task cannot be sent to another process: {one_line(error)}"
            raise BadInput(f"on: {what} (put its functions in a module, or run it here)") from None
        return self.pool.submit(_work, Batch(content, self.threads, None))

    def next(self, sent: Sequence[Future[Answer]]) -> tuple[Any, Answer]:
        done = next(iter(wait(sent, return_when=FIRST_COMPLETED).done))
        return done, done.result()


@contextmanager
def _processes(workers: int) -> Iterator[_Processes]:
    """Start processes anew, as a copy of a process with threads may hang; end them where anything goes wrong."""
    before = set(active_children())
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_work)
    try:
        yield _Processes(pool, workers)
        pool.shutdown()
    except BaseException as error:
        ours = set(active_children()) - before
        for child in ours:
            child.terminate()
        pool.shutdown(cancel_futures=True)  # its thread may close what Python's end would still write to
        for child in ours:
            child.join()
        if isinstance(error, BrokenProcessPool):
            why = "try fewer workers, or fewer paths; a script starts its work under if __name__ == '__main__':"
            raise MemoryError(f"a worker ended before its time ({why})") from None
        raise


def _begin_work() -> None:
    """Have a worker end at once on Ctrl-C, and with the process that asked, however that ends.

    What is said about an interrupt is left to that process. A worker whose parent was killed would wait for ever, with
    the locks that it holds.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


# A Ray cluster


class _Ray:
    """A crew of the tasks that a Ray cluster runs at the same time, one on each of its cores."""

    def __init__(self, ray: Any) -> None:
        self.ray, self.versions, self.running = ray, versions(), set[Any]()
        self.remote = ray.remote(num_cpus=1, max_retries=RETRIES)(_work)

    @property
    def workers(self) -> int:
        return max(1, int(self.ray.cluster_resources().get("CPU", 1)))

    def send(self, task: Any, items: list[Any]) -> Any:
        sent = self.remote.remote(Batch(self.ray.cloudpickle.dumps((task, items)), 1, self.versions))
        self.running.add(sent)
        return sent

    def next(self, sent: Sequence[Any]) -> tuple[Any, Answer]:
        (done, *_), _ = self.ray.wait(sent, num_returns=1)
        self.running.discard(done)
        try:
            return done, self.ray.get(done)
        except self.ray.exceptions.RayTaskError as error:  # before the task: its own errors come as answers
            why = "is the same version of jit_gym installed there?"
            raise BadInput(f"on: a machine cannot run a task: {one_line(error.cause)} ({why})") from None
        except self.ray.exceptions.RayError as error:
            why = f"it was lost {RETRIES + 1} times, or took too much memory: {type(error).__name__}"
            raise MemoryError(f"Ray gave up a task ({why}; try fewer paths, or more memory a core)") from None

    def cancel(self) -> None:
        """End what still runs."""
        for each in self.running:
            self.ray.cancel(each, force=True)


@contextmanager
def _ray(address: str | None) -> Iterator[_Ray]:
    """Connect to a Ray cluster, or start one; cancel what runs where anything goes wrong, and disconnect."""
    try:
        import ray
    except ImportError:
        raise BadInput("on: Ray is not installed (pip install 'jit-gym[distributed]')") from None
    connected = ray.is_initialized()
    if not connected:
        _connect(ray, address)
    crew = _Ray(ray)
    try:
        yield crew
    finally:
        crew.cancel()
        if not connected:
            ray.shutdown()


def _connect(ray: Any, address: str | None) -> None:
    """Connect to the cluster at an address, or that Ray finds, else start one on this machine."""
    import logging

    logging.getLogger("ray").setLevel(logging.ERROR)
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        ray.init(address=address or "auto", **quiet)
    except (ConnectionError, OSError, ValueError, RuntimeError) as error:
        if address is not None or os.environ.get("RAY_ADDRESS"):
            where = address or os.environ["RAY_ADDRESS"]
            last = (str(error).strip() or type(error).__name__).splitlines()[-1]  # Ray's text may be a traceback
            raise BadInput(f"on: no Ray cluster answers at {where}: {last.strip()}") from None
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray sends these figures to its makers
        ray.init(address="local", num_cpus=cores(), include_dashboard=False, **quiet)
