"""What `step` takes: numbers of the action space, or orders in units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..common.text import quoted
from ..scenario import BadInput

SINGLE = np.dtype(np.float32)


@dataclass(frozen=True, eq=False)
class OrderUnits:
    """Orders in units, which `step` takes in place of numbers of the action space.

    The step orders these units as they are: they are not rounded to 32 bits, and `most_ordered`, which says what the
    numbers of the action space stand for, does not limit them. What holds for every order holds for them, too: whole
    units or batches, the minimum and the capacity of a lane. It is no array, so that a wrapper that computes with
    numbers of the action space (`ClipAction`, `RescaleAction`) fails, and changes no units.

    Args:
        units: for each lane, 0 or more (lanes,); for a batch (num_envs, lanes).
    """

    units: Any


NO_NUMBERS, NO_UNITS = np.zeros(0, SINGLE), np.zeros(0)


def read_orders(given: Any, shape: tuple[int, ...], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what `step` was given: numbers of the action space, and units, one of which is empty.

    The other has this shape. That no number is NaN, and no unit negative or infinite, is checked by the compiled step,
    which knows whose episode is over.

    Raises:
        BadInput: for another shape, and for what are no numbers.
    """
    if type(given) is OrderUnits:
        return NO_NUMBERS, np.asarray(_array(given.units, shape, f"{name}: units"), float, "C")
    return read_actions(given, shape, name), NO_UNITS


def read_actions(given: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Return numbers of an action space, or a batch of them, as contiguous 32-bit floats; refuse another shape.

    Numbers beyond the action space are left as they are, infinite ones too: the step cuts them to it.
    """
    if type(given) is np.ndarray and given.dtype is SINGLE and given.shape == shape and given.flags.c_contiguous:
        return given  # as it mostly is
    with np.errstate(over="ignore"):  # what 32 bits cannot hold is beyond any action space
        return np.asarray(_array(given, shape, name), SINGLE, "C")


def _array(given: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Return numbers as an array of this shape.

    Raises:
        BadInput: for what is not, in one line.
    """
    try:
        array = np.asarray(given)
    except ValueError:
        raise BadInput(f"{name}: must be rows of numbers of one length, got {quoted(given)}") from None
    if array.dtype.kind not in "fiu":
        raise BadInput(f"{name}: must be numbers, got {quoted(given)}")
    if array.shape != shape:
        raise BadInput(f"{name}: must have the shape {shape}, got {array.shape}")
    return array


def wrong_orders(given: np.ndarray) -> np.ndarray:
    """Tell which numbers cannot be ordered: NaN, and of units (64-bit floats) what is negative or infinite."""
    return np.isnan(given) if given.dtype == SINGLE else ~((given >= 0) & (given < np.inf))
