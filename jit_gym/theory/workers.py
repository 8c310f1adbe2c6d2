"""Threads that share out a kernel's states."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import numpy as np

LEAST_STATES = 1 << 13  # that are worth a thread


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """A pool of threads, open inside a `with` block."""

    def __init__(self) -> None:
        """Take a thread for each processor."""
        self.threads = processors()

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self.threads)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool.shutdown()

    def run(self, kernel: Any, size: int, *arguments: Any) -> None:
        """Call `kernel(first, last, *arguments)` for ranges that cover 0 to `size`, in parallel if there are many."""
        parts = max(1, min(4 * self.threads, size // LEAST_STATES))
        if parts == 1 or self.threads == 1:
            kernel(0, size, *arguments)
            return
        ends = np.linspace(0, size, parts + 1).astype(int)
        list(self._pool.map(lambda k: kernel(ends[k], ends[k + 1], *arguments), range(parts)))
