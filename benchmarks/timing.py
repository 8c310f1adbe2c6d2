"""Time two tasks side by side: they take turns, and the median of the ratios counts, as absolute times drift."""

from __future__ import annotations

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


def seconds(task: Callable[[], object]) -> float:
    """Return how long a task takes."""
    begin = time.perf_counter()
    task()
    return time.perf_counter() - begin


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
