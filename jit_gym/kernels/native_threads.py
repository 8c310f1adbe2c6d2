"""Machine code on several threads: each takes the next of some calls until none is left, without Python.

To hand work to a thread of Python's, which then waits for Python's lock, takes 50 to 120 microseconds. Here a thread
that has nothing to do looks for calls some 200 microseconds long, which is as long as it mostly takes until a batch
plays its next period, and sleeps then; where it looks in vain, it sleeps sooner the next time. Who has calls plays them
himself until others come; so nobody waits for a thread that sleeps.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import platform
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir

from ..common.threads import share
from .cache import machine_code
from .instructions import INT, function_at, loop
from .memory import address_of

TURNS = 8  # calls for each thread, so that nobody waits long for who has the last one
LOOKS = 16_000  # how often a thread looks for calls before it sleeps: for 0.2 ms, or 0.8 where a pause is long
FEWEST = 250  # how often where it has looked in vain, again and again: half as often each time
TRIES = 16  # after how many times that it slept it looks as often as at first
WAITS = 2_000  # how often who waits for the last calls looks before the system may give the core to another thread

LINE = 8  # numbers of a line of the processor's cache, which threads should not share
LEFT, UNFINISHED, TABLE, PERIOD, ASLEEP, STOP, MUTEX, WOKEN = (LINE * k for k in (0, 1, 2, 3, 4, 5, 6, 9))
ROOM = (
    16 * LINE
)  # of what threads have in common: mutex and condition take up to 64 bytes on the systems that there are
"""Places in what the threads of a pool have in common. LEFT is the calls that nobody has taken yet, from the number in
its lower half to before that in its upper half: who has them takes from below, the others from above, so that a thread
mostly plays the same paths from period to period."""

HALF = 1 << 32


class Turns:
    """Calls of functions in machine code, each with a frame of its own, which may run at the same time.

    Attributes:
        frames: the frames (calls, numbers).
    """

    def __init__(self, functions: Sequence[Any], frame: np.ndarray) -> None:
        """Take functions of a frame's address and a period, and what each one's frame begins as."""
        self.frames = np.tile(frame, (len(functions), 1))
        self._table = np.empty((len(functions), 2), np.int64)  # a function, and its frame
        self._table[:, 0] = [ctypes.cast(function, ctypes.c_void_p).value or 0 for function in functions]
        self._table[:, 1] = address_of(self.frames) + self.frames.strides[0] * np.arange(len(functions))
        self._address = address_of(self._table)

    def __call__(self, period: int, threads: int) -> None:
        """Call each function, on so many threads."""
        if threads == 1:
            _in_turn()(self._address, len(self._table), period)
        elif os.name != "posix":  # which has no threads that are known here: those of Python play
            share(self._some(period), len(self._table))
        else:
            _pool_of(threads - 1).run(self._address, len(self._table), period)

    def _some(self, period: int) -> Callable[[slice], Any]:
        """Return what calls some of the functions, one after the other."""
        row = self._table.strides[0]
        return lambda part: _in_turn()(self._address + row * part.start, part.stop - part.start, period)


class _Pool:
    """Threads that look for calls."""

    def __init__(self, workers: int) -> None:
        self.workers, self._lock = workers, threading.Lock()
        self._shared = np.zeros(ROOM, np.int64)
        self._address = address_of(self._shared)
        libc, here = ctypes.CDLL(None), self._address
        libc.pthread_mutex_init(ctypes.c_void_p(here + 8 * MUTEX), None)
        libc.pthread_cond_init(ctypes.c_void_p(here + 8 * WOKEN), None)
        self._threads = [
            threading.Thread(target=_worker(), args=(here,), name="jit_gym_native", daemon=True) for _ in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, table: int, rows: int, period: int) -> None:
        """Play the calls of a table; where another thread has calls on this pool, one after the other."""
        if not self._lock.acquire(blocking=False):
            _in_turn()(table, rows, period)
            return
        try:
            _run()(self._address, table, rows, period)
        finally:
            self._lock.release()

    def end(self) -> None:
        """End the threads, once their calls are over."""
        _stop()(self._address)
        for thread in self._threads:
            thread.join()


def _pool_of(workers: int) -> _Pool:
    """Return a pool of so many threads; those of another one end."""
    global _pool
    with _making:
        if _pool is None or _pool.workers != workers:
            if _pool is not None:
                _pool.end()
            _pool = _Pool(workers)
        return _pool


def _end() -> None:
    """End the threads of this process before what they run is unloaded."""
    global _pool
    with _making:
        if _pool is not None:
            _pool.end()
        _pool = None


def _forget() -> None:
    """Begin anew in a forked process, which has none of its parent's threads."""
    global _pool, _making
    _pool, _making = None, threading.Lock()


@cache
def _in_turn() -> Any:
    """Return what calls functions one after the other, given where their table is, its length, and a period."""

    def write(module: ir.Module, name: str) -> None:
        build, (table, rows, period) = _begun(module, name, 3)
        with loop(build, INT(0), rows, 1) as row:
            _call(build, table, row, period)
        build.ret(INT(0))

    return function_at(machine_code("in turn, 2", write), 3)  # another number for another function


@cache
def _worker() -> Any:
    """Return what a thread runs: it looks for calls, sleeps where there are none, and returns when it is to end."""

    def write(module: ir.Module, name: str) -> None:
        build, (address,) = _begun(module, name, 1)
        function, shared = build.function, _Shared(build, address)
        names = "look", "found", "idle", "again", "sleep", "doubt", "doze", "wake", "play", "ends"
        look, found, idle, again, sleep, doubt, doze, wake, play, ends = map(function.append_basic_block, names)
        looked, most, slept = (build.alloca(INT) for _ in range(3))  # how often it has looked, may look, and has slept
        for cell, value in ((looked, 0), (most, LOOKS), (slept, 0)):
            build.store(INT(value), cell)
        build.branch(look)

        build.position_at_end(look)
        build.cbranch(shared.any_left(), found, idle)
        build.position_at_end(found)
        waited = build.icmp_signed(">", build.load(looked), INT(0))  # and not in vain
        build.store(build.select(waited, INT(LOOKS), build.load(most)), most)
        build.branch(play)
        build.position_at_end(idle)
        build.cbranch(shared.ends(), ends, again)
        build.position_at_end(again)
        shared.pause()
        build.store(build.add(build.load(looked), INT(1)), looked)
        build.cbranch(build.icmp_signed("<", build.load(looked), build.load(most)), look, sleep)

        build.position_at_end(sleep)
        half = build.lshr(build.load(most), INT(1))
        build.store(build.select(build.icmp_signed("<", half, INT(FEWEST)), INT(FEWEST), half), most)
        shared.lock()
        shared.add(ASLEEP, 1)  # before it looks once more, as who has calls looks at it behind them
        build.branch(doubt)
        build.position_at_end(doubt)
        build.cbranch(build.or_(shared.any_left(), shared.ends()), wake, doze)
        build.position_at_end(doze)
        shared.doze()
        build.branch(doubt)
        build.position_at_end(wake)
        shared.add(ASLEEP, -1)
        shared.unlock()
        times = build.add(build.load(slept), INT(1))
        build.store(times, slept)
        tries = build.icmp_signed("==", build.and_(times, INT(TRIES - 1)), INT(0))
        build.store(build.select(tries, INT(LOOKS), build.load(most)), most)
        build.store(INT(0), looked)
        build.branch(look)

        build.position_at_end(play)
        shared.play(from_above=True)
        build.store(INT(0), looked)
        build.branch(look)
        build.position_at_end(ends)
        build.ret(INT(0))

    return function_at(machine_code(("worker, 2", LOOKS, FEWEST, TRIES, platform.machine()), write), 1)


@cache
def _run() -> Any:
    """Return what hands out calls, plays with the others, and waits until the last one is over."""

    def write(module: ir.Module, name: str) -> None:
        build, (address, table, rows, period) = _begun(module, name, 4)
        shared = _Shared(build, address)
        for place, value in ((TABLE, table), (PERIOD, period), (UNFINISHED, rows)):
            shared.set(place, value)
        shared.set(LEFT, build.mul(rows, INT(HALF)))
        with build.if_then(build.icmp_signed(">", shared.get(ASLEEP), INT(0)), likely=False):
            shared.wake_all()
        shared.play(from_above=False)
        before = build.block
        wait, again, give_way, over = map(build.function.append_basic_block, ("wait", "again", "give_way", "over"))
        build.branch(wait)
        build.position_at_end(wait)
        looked = build.phi(INT)
        build.cbranch(build.icmp_signed(">", shared.get(UNFINISHED), INT(0)), again, over)
        build.position_at_end(again)
        shared.pause()
        more = build.add(looked, INT(1))
        build.cbranch(build.icmp_signed("<", more, INT(WAITS)), wait, give_way)
        build.position_at_end(give_way)
        shared.give_way()
        build.branch(wait)
        for block, times in ((before, INT(0)), (again, more), (give_way, INT(WAITS))):
            looked.add_incoming(times, block)
        build.position_at_end(over)
        build.ret(INT(0))

    return function_at(machine_code(("run, 1", WAITS, platform.machine()), write), 4)


@cache
def _stop() -> Any:
    """Return what has the threads of a pool end."""

    def write(module: ir.Module, name: str) -> None:
        build, (address,) = _begun(module, name, 1)
        shared = _Shared(build, address)
        shared.set(STOP, INT(1))
        shared.wake_all()
        build.ret(INT(0))

    return function_at(machine_code("stop, 1", write), 1)


def _begun(module: ir.Module, name: str, arguments: int) -> tuple[ir.IRBuilder, Any]:
    """Begin a function of some whole numbers; return what writes it, and its arguments."""
    function = ir.Function(module, ir.FunctionType(INT, [INT] * arguments), name)
    return ir.IRBuilder(function.append_basic_block("entry")), function.args


def _call(build: ir.IRBuilder, table: Any, row: Any, period: Any) -> None:
    """Write the call of a row of a table."""
    at = build.inttoptr(table, INT.as_pointer())
    function, frame = (build.load(build.gep(at, [build.add(build.shl(row, INT(1)), INT(k))])) for k in range(2))
    kind = ir.FunctionType(INT, [INT, INT])
    build.call(build.inttoptr(function, kind.as_pointer()), [frame, period])


class _Shared:
    """Writes what is done with what the threads of a pool have in common, all of it in one order for all of them."""

    def __init__(self, build: ir.IRBuilder, address: Any) -> None:
        self._build, self._numbers = build, build.inttoptr(address, INT.as_pointer())

    def _at(self, place: int) -> Any:
        return self._build.gep(self._numbers, [INT(place)])

    def get(self, place: int) -> Any:
        return self._build.load_atomic(self._at(place), "seq_cst", 8)

    def set(self, place: int, value: Any) -> None:
        self._build.store_atomic(value, self._at(place), "seq_cst", 8)

    def add(self, place: int, value: int) -> None:
        self._build.atomic_rmw("add", self._at(place), INT(value), "seq_cst")

    def ends(self) -> Any:
        """Tell whether the threads are to end."""
        return self._build.icmp_signed("!=", self.get(STOP), INT(0))

    def any_left(self) -> Any:
        """Tell whether there are calls that nobody has taken."""
        return self._build.icmp_signed("<", *self._bounds(self.get(LEFT)))

    def _bounds(self, left: Any) -> tuple[Any, Any]:
        return self._build.and_(left, INT(HALF - 1)), self._build.lshr(left, INT(32))

    def play(self, from_above: bool) -> None:
        """Take calls, and play them, until none is left.

        What the calls are is read once one of them is taken, as others can take their place only when all are over.
        """
        build = self._build
        names = "take", "try", "taken", "none"
        take, attempt, taken, none = map(build.function.append_basic_block, names)
        build.branch(take)
        build.position_at_end(take)
        left = self.get(LEFT)
        first, last = self._bounds(left)
        build.cbranch(build.icmp_signed("<", first, last), attempt, none)
        build.position_at_end(attempt)
        rest = build.add(left, INT(-HALF if from_above else 1))
        done = build.cmpxchg(self._at(LEFT), left, rest, "seq_cst", "seq_cst")
        build.cbranch(build.extract_value(done, 1), taken, take)
        build.position_at_end(taken)
        row = build.sub(last, INT(1)) if from_above else first
        _call(build, self.get(TABLE), row, self.get(PERIOD))
        self.add(UNFINISHED, -1)
        build.branch(take)
        build.position_at_end(none)

    def pause(self) -> None:
        """Wait for the time of some instructions."""
        hint = {"x86_64": ("llvm.x86.sse2.pause", ()), "aarch64": ("llvm.aarch64.hint", (1,))}
        name, given = hint.get(PROCESSORS.get(platform.machine(), platform.machine()), ("", ()))
        if name:
            self._system(name, *(ir.IntType(32)(each) for each in given), returns=ir.VoidType())

    def lock(self) -> None:
        self._system("pthread_mutex_lock", self._at(MUTEX))

    def unlock(self) -> None:
        self._system("pthread_mutex_unlock", self._at(MUTEX))

    def doze(self) -> None:
        """Sleep until somebody wakes all; who sleeps has the mutex before and after it."""
        self._system("pthread_cond_wait", self._at(WOKEN), self._at(MUTEX))

    def wake_all(self) -> None:
        self.lock()
        self._system("pthread_cond_broadcast", self._at(WOKEN))
        self.unlock()

    def give_way(self) -> None:
        """Let the system give the core to another thread."""
        self._system("sched_yield")

    def _system(self, name: str, *given: Any, returns: Any = None) -> None:
        """Call a function of the system, or of the processor."""
        module = self._build.module
        kind = ir.FunctionType(returns or ir.IntType(32), [each.type for each in given])
        function = module.globals.get(name) or ir.Function(module, kind, name)
        self._build.call(function, given)


PROCESSORS = {"AMD64": "x86_64", "arm64": "aarch64"}
"""What some systems call a processor that others know by another name."""

_pool: _Pool | None = None
_making = threading.Lock()
atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
