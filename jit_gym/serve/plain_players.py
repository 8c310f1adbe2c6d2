"""Policies in plain Python: recorded rules, operation by operation, and trained networks as lists of weights."""

from __future__ import annotations

import math
import operator
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Numbers = Sequence[float]


def _divide(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if a != a or not a else math.copysign(math.inf, a) * math.copysign(1.0, b)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": operator.not_,
    "where": lambda condition, a, b: a if condition else b,
    "min": lambda a, b: a if a < b else b,
    "floor": lambda a: float(math.floor(a)) if math.isfinite(a) else a,
    "round": lambda a: float(round(a)) if math.isfinite(a) else a,
    "sqrt": lambda a: math.sqrt(a) if a >= 0 else math.nan,
}
"""What the operations of a recorded program do (`kernels.symbols.Program`); as in NumPy, nothing raises."""


class Program:
    """A recorded program: operations, each of which uses the results of earlier ones."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Take the operations, and what is stored in the end: an array, a place in it, and the operation."""
        self.operations: list[tuple[str, Any]] = [
            ("constant", [float.fromhex(given[0])]) if name == "constant" else (name, given)
            for name, *given in document["operations"]
        ]
        self.stores = document["stores"]

    def run(self, **arrays: Numbers) -> dict[str, list[float]]:
        """Return what is stored in each array, given those that are read."""
        values: list[Any] = []
        for name, given in self.operations:
            if name == "constant":
                values.append(given[0])
            elif name == "load":
                values.append(arrays[given[0]][given[1]])
            else:
                values.append(OPERATIONS[name](*[values[k] for k in given]))
        stored: dict[str, list[float]] = {}
        for name, k, number in self.stores:
            into = stored.setdefault(name, [])
            into.extend([0.0] * (k + 1 - len(into)))
            into[k] = values[number]
        return stored


class Player:
    """A policy: asked once in each period that it plays, in their order, for the orders on all lanes."""

    def __init__(self, document: Mapping[str, Any], own: Numbers) -> None:
        """Take an exported policy, and the numbers that it keeps in mind when it begins."""
        self.program, self.own = Program(document["program"]), list(own)

    def orders(self, state: Numbers, row: Numbers, period: int) -> list[float]:
        """Return units for each lane.

        Args:
            state: each number of the state at the start of the period.
            row: what chance has drawn for the period, and behind it what is seen of it; policies read the latter.
            period: from 0 on, the past included.
        """
        stored = self.program.run(**self._given(state, row, period), own=self.own)
        self.own = stored.get("own", self.own)
        return stored["orders"]

    def _given(self, state: Numbers, row: Numbers, period: int) -> dict[str, Numbers]:
        """Return the arrays that the program reads."""
        return {"state": state, "chance": row, "clock": [float(period)]}


class Network(Player):
    """A trained policy: what it observes, its layers, and a program that makes orders of what they mean.

    Networks are played with 32-bit floats elsewhere, and with 64-bit floats here, but for what is observed: what comes
    out differs from the seventh digit on, which orders of whole units rarely show.
    """

    def __init__(self, document: Mapping[str, Any], own: Numbers) -> None:
        """Take an exported network."""
        super().__init__(document, own)
        self.network = document["network"]

    def _given(self, state: Numbers, row: Numbers, period: int) -> dict[str, Numbers]:
        return {**super()._given(state, row, period), "meant": self._meant(self._observe(state, row, period))}

    def _observe(self, state: Numbers, row: Numbers, period: int) -> list[float]:
        """Return what the network observes, as 32-bit floats."""
        found = []
        for source, name in ((state, "from_state"), (row, "from_seen")):
            for first, scale, high in self.network[name]:
                found.append(min(max(source[first], 0.0) * scale, high))
        dates = self.network["dates"]
        return list(array("f", [*found, *(dates[period] if dates else [])]))

    def _meant(self, x: Numbers) -> Numbers:
        """Return the quantities, levels or corrections that the network says."""
        network = self.network
        x = [(value - shift) * scale for value, shift, scale in zip(x, network["shift"], network["scale"], strict=True)]
        *hidden, last = network["layers"]
        for layer in hidden:
            x = [ACTIVATIONS[network["activation"]](value) for value in dense(layer, x)]
        x = dense(last, x)
        if network["choices"] is not None:
            return network["choices"][max(range(len(x)), key=x.__getitem__)]
        squash = SQUASHES[network["squash"]]
        numbers = [min(max(squash(value), -1.0), 1.0) for value in x]
        return [
            low + (middle - low) * (1.0 + min(a, 0.0)) + (high - middle) * max(a, 0.0)
            for a, low, middle, high in zip(numbers, *network["range"], strict=True)
        ]


ACTIVATIONS: dict[str, Callable[[float], float]] = {"relu": lambda x: x if x > 0.0 else 0.0, "tanh": math.tanh}
SQUASHES: dict[str, Callable[[float], float]] = {"clip": lambda x: x, "tanh": math.tanh}  # what is beyond 1 is cut


def dense(layer: Sequence[Any], x: Numbers) -> list[float]:
    """Return weights (outputs, inputs) times x, and the biases (outputs,)."""
    out = []
    for weights, bias in zip(*layer, strict=True):
        value = 0.0
        for weight, number in zip(weights, x, strict=True):
            value += weight * number
        out.append(value + bias)
    return out


def player_of(document: Mapping[str, Any], own: Numbers) -> Player:
    """Return an exported policy, which begins with these numbers in mind."""
    return (Network if document.get("network") else Player)(document, own)
