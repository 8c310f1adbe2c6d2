"""What demand makes of post-decision states, computed once for each demand class."""

from __future__ import annotations

import numpy as np

from ..chance.outcomes import Outcomes
from ..physics import Layout
from .growing import GrowingArray
from .space import expand_demand
from .state_index import StateIndex
from .state_source import stock_and_backlog_fields

CHUNK = 1 << 21  # outcomes that are expanded by one call


class DemandTable:
    """The outcomes of demand in one demand state, for post-decision states as they are found.

    Where demand changes nothing but stocks and backlogs, post-decision states that agree in these form one demand
    class; else each is a class of its own. Outcomes that leave the same of a class are one group (`space`).
    """

    def __init__(self, layout: Layout, outcomes: Outcomes, demand_state: int, *, whole_states: bool) -> None:
        """Begin with no class; a class is a whole state, or else its stocks and backlogs."""
        self.layout = layout
        self.demand, chance = likely(outcomes.demand, outcomes.demand_chance[demand_state])
        self.chance = chance[None, :]
        self.in_class = np.ones(layout.state_size, np.bool_) if whole_states else stock_and_backlog_fields(layout)
        self._classes = StateIndex(layout.state_size)
        self._ends, self._costs, self._more = GrowingArray(np.int64), GrowingArray(), GrowingArray()
        self._parts, self._group_chance = GrowingArray(), GrowingArray()

    def classes(self, post_states: np.ndarray) -> np.ndarray | None:
        """Return the demand class of each post-decision state (states, width), or None if demand changes more."""
        known = len(self._classes)
        demand_class = self._classes.insert(np.where(self.in_class, post_states, 0.0))
        new, example = np.unique(demand_class, return_index=True)
        example = example[new >= known]
        for some in np.array_split(example, 1 + len(example) * len(self.demand) // CHUNK):
            if not self._expand(post_states[some]):
                return None
        return demand_class

    def _expand(self, examples: np.ndarray) -> bool:
        """Add an example (classes, width) of each new class; tell whether classes of this kind are valid."""
        many, width = examples.shape
        room = many * len(self.demand)
        ends, parts, chances = np.empty(many, np.int64), np.empty((room, width)), np.empty((room, 1))
        costs, first = np.empty((many, 1)), np.empty(many)
        physics = self.layout.numbers, self.layout.sizes, np.zeros(self.layout.flows_size)
        out = ends, parts, chances, costs, first
        if not expand_demand(*physics, examples, self.in_class, self.demand, self.chance, *out):
            return False
        groups = int(ends[-1]) if many else 0
        self._ends.add(self._group_chance.size + ends)
        self._parts.add(parts[:groups].ravel())
        self._group_chance.add(chances[:groups, 0])
        self._costs.add(costs[:, 0])
        self._more.add(costs[:, 0] - first)
        return True

    def costs(self, post_states: np.ndarray) -> np.ndarray:
        """Return what demand and all that comes after it are expected to cost in post-decision states (states,)."""
        demand_class = self.classes(post_states)
        assert demand_class is not None
        costs: np.ndarray = self._costs.all[demand_class]
        return costs

    @property
    def groups(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return where the groups of each class start and end, what each leaves (groups, width), and its chance."""
        ends = self._ends.all
        parts = self._parts.all.reshape(-1, self.layout.state_size)
        return np.append(0, ends[:-1]).astype(np.int64), ends, parts, self._group_chance.all

    @property
    def more(self) -> np.ndarray:
        """Return how much more a period is expected to cost than with the first outcome of demand (classes,)."""
        return self._more.all


def likely(values: np.ndarray, chance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values that have any chance, and their chances."""
    positive = chance > 0
    return np.ascontiguousarray(values[positive]), chance[positive]
