"""Time two tasks side by side: they take turns, and the median of the ratios counts, as absolute times drift.

On a machine that others use at the same time, ask for the processor's time (BENCH_CLOCK=processor, as `--clock` sets
it): what a process waits for others does not count then.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 15


@dataclass(frozen=True)
class Pair:
    """What two tasks that took turns were measured to be: medians of each one's rate (or seconds) and of the ratio."""

    ours: float
    theirs: float
    ratio: float
    """Of ours over theirs, round by round."""


def by_processor() -> bool:
    """Tell whether the time of the processor counts, and not that of the clock on the wall."""
    return os.environ.get("BENCH_CLOCK") == "processor"


def seconds(task: Callable[[], object]) -> float:
    """Return how long a task takes, in this process and in those that it starts and waits for."""
    clock = _processor_time if by_processor() else time.perf_counter
    begin = clock()
    task()
    return clock() - begin


def _processor_time() -> float:
    found = os.times()
    return time.process_time() + found.children_user + found.children_system


def median(task: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median of the seconds that a task takes, after a round that does not count."""
    task()
    return statistics.median(seconds(task) for _ in range(rounds))


def in_turns(ours: Callable[[], float], theirs: Callable[[], float], rounds: int = ROUNDS) -> Pair:
    """Ask both in turns for a number of theirs, after a round that does not count."""
    ours()
    theirs()
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return Pair(
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def timed(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = ROUNDS) -> Pair:
    """Return the seconds of both tasks, and their ratio."""
    return in_turns(lambda: seconds(ours), lambda: seconds(theirs), rounds)
