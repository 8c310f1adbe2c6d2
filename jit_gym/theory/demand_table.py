"""What demand makes of post-decision states, computed once for each demand class.

Demand need not be played on each post-decision state. Usually it changes only stocks and backlogs; post-decision states
that agree in these form one *demand class*, and demand does the same to all of a class. Outcomes of demand that leave
the same state are one *group*, with the sum of their chances.
"""

from __future__ import annotations

import numpy as np

from ..chance.outcomes import Outcomes
from .growing import GrowingArray
from .space import Halves
from .state_index import StateIndex
from .state_source import stock_and_backlog_fields

CHUNK = 1 << 18  # outcomes that are played by one call


class DemandTable:
    """The outcomes of demand, for post-decision states as they are found.

    Where demand changes more than stocks and backlogs, each post-decision state is a class of its own. What a group
    leaves of a class is its *part* of a state; the rest of the state stays as it was.
    """

    def __init__(self, halves: Halves, demand: np.ndarray, chance: np.ndarray, *, whole_states: bool) -> None:
        """Begin with no class.

        Args:
            halves: of the period.
            demand: rows of chance (outcomes, columns).
            chance: of each outcome (demand states, outcomes).
            whole_states: whether a class is a whole state, or else its stocks and backlogs.
        """
        self.halves, self.demand, self.chance = halves, demand, chance
        width = halves.layout.state_size
        self.in_class = np.ones(width, np.bool_) if whole_states else stock_and_backlog_fields(halves.layout)
        """Which places of a state's row tell classes apart (width,)."""
        self._classes, self.parts = StateIndex(width), StateIndex(width)
        self._ends, self._part, self._group_chance = GrowingArray(np.int64), GrowingArray(np.int64), GrowingArray()
        self._costs, self._first_costs = GrowingArray(), GrowingArray()

    @classmethod
    def of(cls, halves: Halves, outcomes: Outcomes, demand_state: int, *, whole_states: bool) -> DemandTable:
        """Return the table of the outcomes that are possible in one demand state."""
        demand, chance = likely(outcomes.demand, outcomes.demand_chance[demand_state])
        return cls(halves, demand, chance[None, :], whole_states=whole_states)

    def classes(self, post_states: np.ndarray) -> np.ndarray | None:
        """Return the demand class of each post-decision state (states, width), or None if demand changes more."""
        known = len(self._classes)
        demand_class = self._classes.insert(np.where(self.in_class, post_states, 0.0))
        if len(self._classes) > known:
            new, example = np.unique(demand_class, return_index=True)
            example = example[new >= known]
            for some in np.array_split(example, 1 + len(example) * len(self.demand) // CHUNK):
                if not self._expand(post_states[some]):
                    return None
        return demand_class

    def _expand(self, examples: np.ndarray) -> bool:
        """Add an example (classes, width) of each new class; tell whether classes of this kind are valid."""
        many, outcomes = len(examples), len(self.demand)
        after = self.halves.demand(np.repeat(examples, outcomes, axis=0), np.tile(self.demand, (many, 1)))
        rows, costs = after.rows.reshape(many, outcomes, -1), after.costs.reshape(many, outcomes)
        if (rows[..., ~self.in_class] != examples[:, None, ~self.in_class]).any():
            return False
        begins = np.ones((many, outcomes), np.bool_)
        begins[:, 1:] = (rows[:, 1:] != rows[:, :-1]).any(axis=2)
        group = np.cumsum(begins) - 1
        self._ends.add(self._part.size + np.cumsum(begins.sum(axis=1)))
        self._part.add(self.parts.insert(after.rows[begins.ravel()]))
        sums = [np.bincount(group, np.tile(chance, many)) for chance in self.chance]
        self._group_chance.add(np.stack(sums, axis=1).ravel())
        expected = [np.cumsum(chance * costs, axis=1)[:, -1] for chance in self.chance]
        self._costs.add(np.stack(expected, axis=1).ravel())
        self._first_costs.add(costs[:, 0])
        return True

    @property
    def group_start(self) -> np.ndarray:
        """Return where the groups of each class start, and the last ones end (classes + 1,)."""
        return np.append(0, self._ends.all)

    @property
    def part(self) -> np.ndarray:
        """Return the number of the part that each group leaves, a row of `parts` (groups,)."""
        return self._part.all

    @property
    def group_chance(self) -> np.ndarray:
        """Return the chance of each group (demand states, groups)."""
        return np.ascontiguousarray(self._group_chance.all.reshape(-1, len(self.chance)).T)

    @property
    def costs(self) -> np.ndarray:
        """Return what demand and all that comes after it are expected to cost in each class (demand states, classes).

        That is the cost of the class's example, the first post-decision state of it that was given.
        """
        costs: np.ndarray = self._costs.all.reshape(-1, len(self.chance)).T
        return costs

    @property
    def first_costs(self) -> np.ndarray:
        """Return what each class's example costs with the first outcome of demand (classes,)."""
        return self._first_costs.all


def likely(values: np.ndarray, chance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values that have any chance, and their chances."""
    positive = chance > 0
    return np.ascontiguousarray(values[positive]), chance[positive]
