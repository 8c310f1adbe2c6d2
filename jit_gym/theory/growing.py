"""Vectors that grow: for lists of numbers too long for Python's."""

from __future__ import annotations

import numpy as np


class GrowingArray:
    """A vector to which numbers are appended."""

    def __init__(self, kind: type = float) -> None:
        """Create an empty vector of a kind of numbers."""
        self._room: np.ndarray = np.empty(256, kind)
        self.size = 0

    def add(self, values: np.ndarray) -> None:
        """Append some numbers."""
        end = self.size + len(values)
        if end > len(self._room):
            room = np.empty(2 * end, self._room.dtype)
            room[: self.size] = self.all
            self._room = room
        self._room[self.size : end] = values
        self.size = end

    @property
    def all(self) -> np.ndarray:
        """Return the numbers so far, as a window onto the vector until it grows."""
        return self._room[: self.size]
