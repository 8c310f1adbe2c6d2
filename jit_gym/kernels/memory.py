"""Arrays for kernels: where numbers lie, so that those of several paths are loaded together, and memory taken again."""

from __future__ import annotations

import ctypes
import sys

import numpy as np

WIDTH = 8  # paths that are played together
LINE = 64  # bytes of a line of the processor's cache


def address_of(array: np.ndarray) -> int:
    """Return where the numbers of an array are; the caller keeps it alive."""
    place: int = _plainly(array) if _POINTER is None else _pointed(id(array) + _POINTER).value or 0
    return place


def _plainly(array: np.ndarray) -> int:
    place: int = array.__array_interface__["data"][0]
    return place


def _pointer() -> int | None:
    """Return how far into an array's object the pointer to its numbers stands, or None where it does not stand there.

    NumPy's C interface has it behind what all of Python's objects have. To read it there takes a twentieth of the time
    that NumPy takes to tell it, which for a step of a batch is as long as a quarter of a thousand rows.
    """
    place, tried = object.__basicsize__, np.zeros((3, 5))
    if sys.implementation.name != "cpython":
        return None
    samples = tried, tried[1:, 2:], tried.T[3], np.zeros(0), np.zeros(2, np.float32)
    return place if all(_pointed(id(each) + place).value == _plainly(each) for each in samples) else None


_pointed = ctypes.c_void_p.from_address
_POINTER = _pointer()


def by_path(numbers: int, paths: int, kind: type = float) -> np.ndarray:
    """Return an array (numbers, paths) for a kernel, not filled.

    Its rows are a few numbers longer than the paths: if they were a power of 2, all would compete for the same places
    of the processor's cache. It begins where a line of the cache does, so that `WIDTH` numbers are in one line.
    """
    return _laid_out(_memory(numbers, paths, kind), numbers, paths, kind)


def _memory(numbers: int, paths: int, kind: type) -> np.ndarray:
    """Return bytes enough for an array as `by_path` makes it."""
    return np.empty(numbers * _row(paths) * np.dtype(kind).itemsize + LINE, np.uint8)


def _laid_out(memory: np.ndarray, numbers: int, paths: int, kind: type) -> np.ndarray:
    """Return an array (numbers, paths) that lies in some bytes."""
    return np.ndarray((numbers, _row(paths)), kind, memory.data, -address_of(memory) % LINE)[:, :paths]


def _row(paths: int) -> int:
    """Return how far apart the rows of an array by path are."""
    return paths if paths < 64 else -(-paths // WIDTH) * WIDTH + WIDTH


class Rooms:
    """Arrays as `by_path` makes them, each handed out again once nothing else refers to it.

    A batch returns new arrays in each step. To free them and take memory anew costs more than the step: the system
    clears each page.
    """

    MOST = 8  # that are kept

    def __init__(self, numbers: int, paths: int, kind: type = float) -> None:
        """Keep memory for arrays of this shape."""
        self._shape = numbers, paths, kind
        self._kept, self._arrays = list[np.ndarray](), list[np.ndarray]()  # memory, and the array that lies in it

    def take(self) -> np.ndarray:
        """Return an array (numbers, paths), not filled, which nothing else refers to."""
        for k, references in enumerate(_references(self._kept)):
            if references == FREE + 1:
                return self._arrays[k][:]
        memory = _memory(*self._shape)
        array = _laid_out(memory, *self._shape)
        if len(self._kept) < self.MOST:
            self._kept.append(memory)
            self._arrays.append(array)
        return array[:]


def _references(arrays: list[np.ndarray]) -> list[int]:
    """Return how many references there are to each array, those of this list and of this count among them."""
    return [sys.getrefcount(array) for array in arrays]


FREE = _references([np.empty(0)])[0]  # to an array that a list holds and nothing else; Pythons count it differently


def copied_by_path(array: np.ndarray) -> np.ndarray:
    """Return a copy of an array (numbers, paths) for a kernel, as `by_path` makes it."""
    copy = by_path(*array.shape)
    copy[:] = array
    return copy
