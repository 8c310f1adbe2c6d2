"""How numbers between -1 and 1 stand for units: the one map of actions, of envs and of agents."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
from numba.extending import register_jitable

from ..physics.numbers import is_tensor, like


@register_jitable(forceinline=True)
def units_at(low: Any, middle: Any, slope: Any, bend: Any, below: Any, above: Any) -> Any:
    """Return the units that a number stands for, given its part below 0 (-1 to 0) and its part above 0 (0 to 1)."""
    return low + (middle - low) * (1.0 + below) + slope * above + bend * (above * above * above)


class ActionMap(NamedTuple):
    """Numbers a from -1 to 1 and the units x that they stand for: arrays (numbers,), one entry a lane or a stock.

    x = low + (middle - low) (1 + a) for a <= 0, and x = middle + slope a + bend a^3 for a >= 0. Without a bend it is
    piecewise linear.
    """

    low: np.ndarray
    middle: np.ndarray
    slope: np.ndarray
    bend: np.ndarray

    @classmethod
    def linear(cls, low: np.ndarray, middle: np.ndarray, high: np.ndarray) -> Self:
        """Return the piecewise-linear map with low at -1, middle at 0 and high at 1."""
        return cls(low, middle, high - middle, np.zeros_like(middle))

    def units(self, numbers: Any) -> Any:
        """Return the units (..., numbers) for an array or a tensor of numbers (..., numbers), cut to -1 to 1."""
        numbers = numbers if is_tensor(numbers) else np.asarray(numbers, float)
        below, above = numbers.clip(-1.0, 0.0), numbers.clip(0.0, 1.0)
        low, middle, slope, bend = (like(array, numbers) for array in self)
        return units_at(low, middle, slope, bend, below, above)

    def numbers(self, units: np.ndarray) -> np.ndarray:
        """Return the numbers (..., numbers) that stand for these units, or for the nearest there are."""
        width = np.where(self.middle > self.low, self.middle - self.low, 1.0)
        below = (units - self.low) / width - 1.0
        above = _root(self.slope, self.bend, np.maximum(units - self.middle, 0.0))
        return np.clip(np.where(units < self.middle, below, above), -1.0, 1.0)


def _root(slope: np.ndarray, bend: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the a >= 0 for which slope a + bend a^3 is the value (a depressed cubic, by hyperbolic functions)."""
    straight = value / np.where(slope > 0, slope, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = np.sqrt(4.0 * slope / (3.0 * bend))
        bent = width * np.sinh(np.arcsinh(4.0 * value / (bend * width**3)) / 3.0)
    return np.where(bend > 1e-9 * slope, bent, straight)
