"""What demand leaves of post-decision states, each state once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.cache import compiled
from .demand_table import DemandTable
from .state_index import StateIndex, insert_state


class LeftStates:
    """The states that demand leaves, before they are merged, numbered as they are found.

    Each is a part that demand leaves of a class, and the rest of a post-decision state (`DemandTable`). The same parts
    and rests come together again and again: to find their pair is quicker than to write down, merge and find the state.
    """

    def __init__(self, table: DemandTable) -> None:
        """Begin with no state."""
        self.table = table
        self._rests, self._pairs = StateIndex(table.halves.layout.state_size), StateIndex(2)

    def __len__(self) -> int:
        return len(self._pairs)

    def insert(self, post_states: np.ndarray, demand_class: np.ndarray) -> np.ndarray:
        """Return the number of what each group of each post-decision state leaves (all groups of all states,).

        Args:
            post_states: (states, width).
            demand_class: of each (states,).
        """
        table, start = self.table, self.table.group_start
        rest = self._rests.insert(np.where(table.in_class, 0.0, post_states))
        out = np.empty(int(np.diff(start)[demand_class].sum()), np.int64)
        self._pairs.make_room(len(out))
        into = self._pairs.slots, self._pairs.rows, self._pairs.count, out
        _insert_pairs(rest, demand_class, start, table.part, *into)
        return out

    def merged(self, first: int) -> np.ndarray:
        """Return the states (states, width) from number `first` on, as pre-decision states that are merged."""
        rest, part = self._pairs.all[first:].T
        table = self.table
        rows = np.where(table.in_class, table.parts.rows[part], self._rests.rows[rest])
        return table.halves.merged(rows)


@compiled
def _insert_pairs(
    rest: Any,  # of each post-decision state (states,)
    demand_class: Any,
    group_start: Any,
    part: Any,  # of each group
    slots: Any,
    rows: Any,
    count: Any,
    out: Any,
) -> None:
    """Find the pair of a rest and a part that each group of each post-decision state leaves."""
    pair, k = np.empty(2, np.int64), 0
    for n in range(len(rest)):
        for g in range(group_start[demand_class[n]], group_start[demand_class[n] + 1]):
            pair[0], pair[1] = rest[n], part[g]
            out[k] = insert_state(slots, rows, count, pair)
            k += 1
