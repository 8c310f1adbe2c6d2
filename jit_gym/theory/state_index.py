"""Distinct states, numbered in the order in which they are found."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from ..kernels.cache import compiled

ODD = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio (Knuth 1973, section 6.4)

BLOCK = 64  # states that are looked up together


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
            self.slots = np.full(1 << (2 * need).bit_length(), -1, np.int32)
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
    return _insert_from(_hash(row), slots, rows, count, row)


@register_jitable
def _hash(row: Any) -> Any:
    """Return a polynomial in an odd number modulo 2^64, of which the high half is mixed into the low one."""
    key, power = np.uint64(0), np.uint64(ODD)
    for c in range(len(row)):
        key += np.uint64(np.int64(row[c])) * power
        power *= np.uint64(ODD)
    key = (key ^ (key >> np.uint64(32))) * np.uint64(ODD)
    return key ^ (key >> np.uint64(32))


@register_jitable
def _insert_from(key: Any, slots: Any, rows: Any, count: Any, row: Any) -> int:
    """Return the number of a state with this hash."""
    at = _slot_of(key, slots, rows, row)
    if slots[at] < 0:
        n = count[0]
        for c in range(len(row)):
            rows[n, c] = np.int32(row[c])
        slots[at] = n
        count[0] = n + 1
    return int(slots[at])


@register_jitable
def _slot_of(key: Any, slots: Any, rows: Any, row: Any) -> int:
    """Return the slot that holds a state's number, or the empty one where it belongs."""
    mask = np.uint64(len(slots) - 1)
    at = key & mask
    while slots[at] >= 0:
        if _is_row(rows, slots[at], row):
            break
        at = (at + np.uint64(1)) & mask
    return int(at)


@register_jitable
def _is_row(rows: Any, n: int, row: Any) -> bool:
    same = True
    for c in range(len(row)):
        same &= rows[n, c] == row[c]
    return same


@compiled
def _rehash(slots: Any, rows: Any, count: int) -> None:
    mask = np.uint64(len(slots) - 1)
    for n in range(count):
        at = _hash(rows[n]) & mask
        while slots[at] >= 0:  # all rows are different
            at = (at + np.uint64(1)) & mask
        slots[at] = n


@compiled
def _find_all(slots: Any, rows: Any, wanted: Any, out: Any) -> None:
    for n in range(len(wanted)):
        out[n] = slots[_slot_of(_hash(wanted[n]), slots, rows, wanted[n])]


@compiled
def _insert_all(slots: Any, rows: Any, count: Any, wanted: Any, out: Any) -> None:
    """Find the number of each state; a new one gets the next.

    Most of the time goes by until slots and rows come from memory. Those of a block of states are therefore asked for
    together, before any is inserted; the processor then waits for all of them at once.
    """
    keys, same, mask = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.bool_), np.uint64(len(slots) - 1)
    for first in range(0, len(wanted), BLOCK):
        block = range(min(BLOCK, len(wanted) - first))
        for b in block:
            keys[b] = _hash(wanted[first + b])
        for b in block:
            out[first + b] = slots[keys[b] & mask]
        for b in block:
            same[b] = out[first + b] >= 0 and _is_row(rows, out[first + b], wanted[first + b])
        for b in block:
            if not same[b]:
                out[first + b] = _insert_from(keys[b], slots, rows, count, wanted[first + b])
