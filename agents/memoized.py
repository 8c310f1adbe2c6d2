"""A network's choices, each computed once: what it chooses depends on nothing but what it sees.

Rollouts come back to the same states over and over: of 1,000 paths that are played, often fewer than 100 see what no
path before them has seen. A choice that is known is looked up (memoization, Michie 1968) where that takes less time
than the network does. Either way the choices are the same to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jit_gym.kernels.cache import compiled
from jit_gym.kernels.layers import TILE, Chooser
from jit_gym.policies.trained import Perceptron
from jit_gym.theory.state_index import StateIndex

WORTH = 2048  # weights of a network that takes as long as a look-up; two hidden layers of 48 have more
MOST = 1 << 18  # observations that are kept; a table of more is too far from the processor to be worth it


@compiled
def _fill(seen: Any, paths: int, shift: Any, scale: Any, inputs: Any) -> None:
    """Fill in a network's inputs (tiles, inputs, TILE) from what the first paths see (inputs, room)."""
    for first in range(0, paths, TILE):
        x = inputs[first // TILE]
        for i in range(len(shift)):
            for b in range(min(TILE, paths - first)):
                x[i, b] = (seen[i, first + b] - shift[i]) * scale[i]


class Memoized:
    """A network of rectified units that chooses for many paths, and looks up what it chose before.

    Observations get numbers in the order in which they come, and `_chosen` holds the choice of each number. A full
    table is emptied; look-ups end where it was filled by observations that were mostly new.

    Attributes:
        looks_up: whether it looks up, or has the network choose for each path.
    """

    def __init__(self, perceptron: Perceptron, room: int) -> None:
        """Take the network, and for how many paths it chooses at most."""
        self._chooser = Chooser(perceptron.layers, room)
        self._scaling = tuple(np.ascontiguousarray(each, np.float32) for each in (perceptron.shift, perceptron.scale))
        self.looks_up = sum(weight.size for weight, _ in perceptron.layers) >= WORTH
        self._forget()

    def _forget(self) -> None:
        """Begin with an empty table."""
        self._index = StateIndex(len(self._scaling[0]))  # tells 32-bit floats apart by their bits
        self._chosen = np.zeros(MOST, np.int64)
        self._asked = 0  # choices, known and new

    def __call__(self, seen: np.ndarray, paths: int) -> np.ndarray:
        """Return what is chosen (paths,) by what the first paths see (inputs, room), 32-bit floats."""
        if self.looks_up and len(self._index) + paths > MOST:
            self.looks_up = self._asked > 2 * MOST  # more than half were known
            self._forget()
        if not self.looks_up:
            return self._compute(seen, paths)
        known = len(self._index)
        numbers = self._index.insert(seen[:, :paths].T.view(np.int32))
        if new := len(self._index) - known:
            observations = self._index.all[known:].view(np.float32)
            self._chosen[known : known + new] = self._compute(np.ascontiguousarray(observations.T), new)
        self._asked += paths
        chosen: np.ndarray = self._chosen[numbers]
        return chosen

    def _compute(self, seen: np.ndarray, paths: int) -> np.ndarray:
        """Return what the network chooses (paths,)."""
        _fill(seen, paths, *self._scaling, self._chooser.inputs)
        self._chooser(paths)
        return self._chooser.chosen.ravel()[:paths]
