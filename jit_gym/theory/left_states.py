"""What demand leaves of post-decision states, each state once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.cache import compiled
from .demand_table import DemandTable
from .state_index import StateIndex, insert_state

BITS = 4
PAGE = 1 << BITS  # pairs; their numbers fill a line of a processor's cache


class LeftStates:
    """The states that demand leaves, before they are merged, numbered as they are found.

    Each is a part that demand leaves of a class, and the rest of a post-decision state (`DemandTable`). The same parts
    and rests come together again and again: to look their pair up is quicker than to write down, merge and find the
    state. Pairs of a rest and `PAGE` consecutive parts lie on one page, so that most of what demand leaves of a state
    is found side by side.
    """

    def __init__(self, table: DemandTable) -> None:
        """Begin with no state."""
        self.table = table
        self._rests, self._pages = StateIndex(table.halves.layout.state_size), StateIndex(2)
        self._numbers = np.zeros((0, PAGE), np.int32)  # of the pairs on each page, from 1 on; 0 for those not found yet
        self._pairs, self._count = np.zeros((0, 2), np.int32), np.zeros(1, np.int64)

    def __len__(self) -> int:
        return int(self._count[0])

    def insert(self, post_states: np.ndarray, demand_class: np.ndarray) -> np.ndarray:
        """Return the number of what each group of each post-decision state leaves (all groups of all states,).

        Args:
            post_states: (states, width).
            demand_class: of each (states,).
        """
        table, start = self.table, self.table.group_start
        rest = self._rests.insert(np.where(table.in_class, 0.0, post_states))
        out = np.empty(int(np.diff(start)[demand_class].sum()), np.int64)
        self._make_room(len(out))
        pages = self._pages.slots, self._pages.rows, self._pages.count, self._numbers
        _insert_pairs(rest, demand_class, start, table.part, *pages, self._pairs, self._count, out)
        return out

    def _make_room(self, more: int) -> None:
        """Allocate so that so many pairs can be inserted, even if each is on a page of its own."""
        self._pages.make_room(more)
        if len(self._numbers) < len(self._pages.rows):
            self._numbers = _longer(self._numbers[: len(self._pages)], len(self._pages.rows))
        if len(self._pairs) < len(self) + more:
            self._pairs = _longer(self._pairs[: len(self)], 2 * (len(self) + more))

    def merged(self, first: int) -> np.ndarray:
        """Return the states (states, width) from number `first` on, as pre-decision states that are merged."""
        table, pairs = self.table, self._pairs[first : len(self)]
        rows = np.empty((len(pairs), self._rests.width))
        _join(pairs, self._rests.rows, table.parts.rows, table.in_class, rows)
        return table.halves.merged(rows)


def _longer(rows: np.ndarray, length: int) -> np.ndarray:
    """Return an array with so many rows, of which the first are those of another, and others 0."""
    longer = np.zeros((length, rows.shape[1]), rows.dtype)  # which takes no memory before it is written to
    longer[: len(rows)] = rows
    return longer


@compiled
def _join(pairs: Any, rests: Any, parts: Any, in_class: Any, out: Any) -> None:
    """Write down the states that are pairs of a rest and a part."""
    for n in range(len(pairs)):
        for c in range(len(in_class)):
            out[n, c] = parts[pairs[n, 1], c] if in_class[c] else rests[pairs[n, 0], c]


@compiled
def _insert_pairs(
    rest: Any,  # of each post-decision state (states,)
    demand_class: Any,
    group_start: Any,
    part: Any,  # of each group
    slots: Any,
    pages: Any,  # rest and first part of each page, in pages
    page_count: Any,
    numbers: Any,  # of the pairs on each page (pages, PAGE)
    pairs: Any,  # rest and part of each
    count: Any,
    out: Any,
) -> None:
    """Find the pair of a rest and a part that each group of each post-decision state leaves."""
    page, k = np.empty(2, np.int64), 0
    for n in range(len(rest)):
        page[0], page[1], at = rest[n], -1, 0
        for g in range(group_start[demand_class[n]], group_start[demand_class[n] + 1]):
            if part[g] >> BITS != page[1]:
                page[1] = part[g] >> BITS
                at = insert_state(slots, pages, page_count, page)
            place = part[g] & (PAGE - 1)
            number = numbers[at, place]
            if number == 0:
                pairs[count[0], 0], pairs[count[0], 1] = rest[n], part[g]
                count[0] += 1
                number = numbers[at, place] = count[0]
            out[k] = number - 1
            k += 1
