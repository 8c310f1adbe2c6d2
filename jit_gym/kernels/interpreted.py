"""Recorded programs in plain NumPy, operation by operation: what a kernel does where nothing is compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .symbols import ORDER, Array, Place, Program

OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "<": np.less,
    "<=": np.less_equal,
    "==": np.equal,
    "!=": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "where": np.where,
    "min": lambda a, b: np.where(a < b, a, b),
    "floor": np.floor,
    "round": np.rint,
    "sqrt": np.sqrt,
}


def interpret(
    program: Program,
    arrays: Mapping[str, Array],
    given: Mapping[str, np.ndarray],
    paths: int,
    period: int,
    periods: int = 1,
) -> bool:
    """Play some periods on all paths of the arrays given; return whether a number is refused, and nothing played."""
    used = [(number, program.operations[number]) for number in program.used()]
    for t in range(period, period + periods):
        values: dict[int, Any] = {}
        with np.errstate(all="ignore"):  # compiled code does not warn of overflows either
            for number, (name, *operands) in used:
                if name == "constant":
                    values[number] = float.fromhex(operands[0])
                elif name == "load":
                    values[number] = _window(given, arrays, (operands[0], operands[1]), t).astype(float)
                    if paths == 1 and refuses(values[number], arrays[operands[0]].refused):
                        return True
                elif name == "look":
                    table, shape, *places = operands
                    values[number] = _entry(given[table], shape, [values[place] for place in places])
                else:
                    values[number] = OPERATIONS[name](*(values[operand] for operand in operands))
        for place, number in program.stores.items():
            at = given[ORDER] if arrays[place[0]].scattered else slice(None)
            _all(given[place[0]], arrays[place[0]], place[1], t)[at] = values[number]
    return False


def _window(given: Mapping[str, np.ndarray], arrays: Mapping[str, Array], place: Place, t: int) -> np.ndarray:
    """Return a number of an array in a period, for each path that is played or for all of them."""
    name, k = place
    numbers = _all(given[name], arrays[name], k, t)
    return numbers[given[ORDER]] if arrays[name].scattered else numbers


def _entry(table: np.ndarray, shape: tuple[int, ...], places: list[Any]) -> np.ndarray:
    """Return what a table (numbers,) of this shape has at some places, one for each axis; outside, the nearest."""
    inside = (np.fmin(np.fmax(place, 0.0), size - 1.0) for place, size in zip(places, shape, strict=True))
    found: np.ndarray = table.reshape(shape)[tuple(np.asarray(place).astype(int) for place in inside)].astype(float)
    return found


def _all(array: np.ndarray, kind: Array, k: int, t: int) -> np.ndarray:
    """Return a number of an array in a period, for all paths that it has numbers of."""
    match kind.by:
        case "nothing":
            return array[k : k + 1]
        case "path":
            return array[k]
        case "period":
            return array[t, k]
        case "told":
            return array[t * kind.numbers + k]
        case "date":
            return array[t, k : k + 1]
    return array[:, k]


def refuses(value: np.ndarray, what: str) -> bool:
    """Tell whether a number is one that is not played."""
    wrong = np.isnan(value) if what == "nan" else ~((value >= 0) & (value < np.inf))
    return bool(what) and bool(wrong.any())
