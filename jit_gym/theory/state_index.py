"""Distinct states, numbered in the order in which they are found."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from ..kernels.cache import compiled


class StateIndex:
    """A hash table from states, rows of whole numbers, to their numbers (open addressing, Knuth 1973, section 6.4).

    The arrays are open to compiled code, which inserts states with `insert_state` after `make_room`.
    """

    def __init__(self, width: int) -> None:
        """Create an empty index of states with so many numbers."""
        self.width = width
        self.rows = np.zeros((1024, width), np.int32)
        self.slots = np.full(4096, -1, np.int32)
        self.count = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return int(self.count[0])

    @property
    def all(self) -> np.ndarray:
        """Return the states (states, width), by number."""
        return self.rows[: len(self)]

    def make_room(self, more: int) -> None:
        """Allocate so that `more` states can be inserted."""
        need = len(self) + more
        if need > len(self.rows):
            rows = np.zeros((max(need, 2 * len(self.rows)), self.width), np.int32)
            rows[: len(self)] = self.all
            self.rows = rows
        if 2 * need > len(self.slots):
            self.slots = np.full(1 << (4 * need - 1).bit_length(), -1, np.int32)
            _rehash(self.slots, self.rows, len(self))

    def find(self, rows: np.ndarray) -> np.ndarray:
        """Return the number of each state (states,), -1 for those that are not in the index."""
        out = np.empty(len(rows), np.int64)
        _find_all(self.slots, self.rows, np.ascontiguousarray(rows, np.int32), out)
        return out

    def insert(self, rows: np.ndarray) -> np.ndarray:
        """Return the number of each state (states,), and number those that are new."""
        self.make_room(len(rows))
        out = np.empty(len(rows), np.int64)
        _insert_all(self.slots, self.rows, self.count, np.ascontiguousarray(rows, np.float64), out)
        return out


@register_jitable
def insert_state(slots: Any, rows: Any, count: Any, row: Any) -> int:
    """Return a state's number; a new state gets the next one."""
    at = _slot_of(slots, rows, row)
    if slots[at] < 0:
        n = count[0]
        for c in range(len(row)):
            rows[n, c] = np.int32(row[c])
        slots[at] = n
        count[0] = n + 1
    return int(slots[at])


@register_jitable
def _slot_of(slots: Any, rows: Any, row: Any) -> int:
    """Return the slot that holds a state's number, or the empty one where it belongs."""
    key = np.uint64(14695981039346656037)
    for c in range(len(row)):
        key = (key ^ np.uint64(np.int64(row[c]))) * np.uint64(1099511628211)
        key ^= key >> np.uint64(29)
    mask = np.uint64(len(slots) - 1)
    at = key & mask
    while slots[at] >= 0:
        k, same = slots[at], True
        for c in range(len(row)):
            if rows[k, c] != row[c]:
                same = False
                break
        if same:
            break
        at = (at + np.uint64(1)) & mask
    return int(at)


@compiled
def _rehash(slots: Any, rows: Any, count: int) -> None:
    for n in range(count):
        slots[_slot_of(slots, rows, rows[n])] = n


@compiled
def _find_all(slots: Any, rows: Any, wanted: Any, out: Any) -> None:
    for n in range(len(wanted)):
        out[n] = slots[_slot_of(slots, rows, wanted[n])]


@compiled
def _insert_all(slots: Any, rows: Any, count: Any, wanted: Any, out: Any) -> None:
    for n in range(len(wanted)):
        out[n] = insert_state(slots, rows, count, wanted[n])
