"""Numbers that record what is computed with them: how plain Python becomes a program that can be compiled.

A function of numbers that is called with symbols runs once, in plain Python, and leaves behind the list of the
operations that it did. Loops and branches on structure (how many lanes there are, whether one can fail) have then been
taken; what is left is arithmetic without any, for each path alike. A branch on a symbol cannot be recorded, and raises
`NotRecorded`: such a choice is written as `where`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Number = bool | int | float | np.bool_ | np.integer | np.floating

CONDITIONS = frozenset({"<", "<=", "==", "!=", "and", "or", "not"})
"""Operations whose result is true or false."""

ORDER = "order"
"""The name of the array (paths,) of whole numbers that says where scattered numbers lie."""

Place = tuple[str, int]
"""A number of an array: its name, and which."""

Operation = tuple[Any, ...]
"""What is done, and with what: `("+", 3, 7)` adds the results of operations 3 and 7."""


@dataclass(frozen=True)
class Array:
    """An array that a program uses: of 64-bit floats, or, where it is `single`, of 32-bit ones.

    Attributes:
        by: how it is laid out. `nothing`: (numbers,), the same for all paths; `path`: (numbers, paths); `row`: (paths,
            numbers); `period`: (periods, numbers, paths), and `date`: (periods, numbers), each period with its own row;
            `told`: (periods * numbers, paths), the same with rows as far apart as those of arrays by path.
        numbers: how many there are.
        single: whether they are 32-bit floats.
        refused: numbers that are not played: `nan`, or what are no `units` (NaN, negative or infinite).
        scattered: whether the numbers of a path lie where the array `ORDER` says, and not in its own place.
    """

    by: Literal["nothing", "path", "period", "date", "row", "told"]
    numbers: int
    single: bool = False
    refused: Literal["", "nan", "units"] = ""
    scattered: bool = False


class NotRecorded(Exception):
    """Something was done to a symbol that a program cannot do, such as a branch on it."""


@dataclass
class Program:
    """Operations, each of which uses the results of earlier ones, and which results go where.

    Attributes:
        operations: what is computed. `("load", array, k)` reads the number k of an array; `("constant", x)` is x;
            `("look", table, shape, i, j)` is the entry of a table at the results of operations i and j, one an axis.
        stores: what is written at the end, (array, k) and the operation whose result it is.
        tables: what is looked up, by name; a kernel takes each as an array of as many numbers, `nothing`.
    """

    operations: list[Operation] = field(default_factory=list)
    stores: dict[Place, int] = field(default_factory=dict)
    tables: dict[str, np.ndarray] = field(default_factory=dict)
    _known: dict[Operation, int] = field(default_factory=dict)

    def apply(self, operation: str, *given: Any) -> Symbol:
        """Record an operation on symbols and plain numbers; return its result."""
        conditions = (0,) if operation == "where" else (0, 1) if operation in ("and", "or", "not") else ()
        return self.add(operation, *(self._operand(x, k in conditions) for k, x in enumerate(given)))

    def _operand(self, value: Any, condition: bool) -> int:
        """Return the number of the operation that gives a value, as a condition or as a number (1 where it is true)."""
        number = self.number(value)
        if (self.operations[number][0] in CONDITIONS) == condition:
            return number
        return self.apply("!=", value, 0.0).number if condition else self.apply("where", value, 1.0, 0.0).number

    def add(self, *operation: Any) -> Symbol:
        """Return the result of an operation; one that was recorded before is not recorded again."""
        number = self._known.get(operation)
        if number is None:
            number = self._known[operation] = len(self.operations)
            self.operations.append(operation)
        return Symbol(self, number)

    def constant(self, value: float) -> Symbol:
        """Return a number that does not change."""
        return self.add("constant", float(value).hex())

    def load(self, array: str, k: int) -> Symbol:
        """Return the number k of an array, on whichever path is played."""
        return self.add("load", array, int(k))

    def look_up(self, table: np.ndarray, *places: Any) -> Symbol:
        """Return the entry of a table at whole numbers, one for each axis; outside the table, the nearest entry."""
        name = next((name for name, known in self.tables.items() if known is table), f"table.{len(self.tables)}")
        self.tables[name] = table
        return self.add("look", name, table.shape, *(self._operand(place, condition=False) for place in places))

    def store(self, array: str, k: int, value: Any) -> None:
        """Write a result to the number k of an array."""
        self.stores[array, int(k)] = self._operand(value, condition=False)

    def number(self, value: Any) -> int:
        """Return the number of the operation that gives a value: a symbol of this program, or a constant."""
        if isinstance(value, Symbol):
            return value.number
        if isinstance(value, Number):
            return self.constant(float(value)).number
        raise NotRecorded(f"{type(value).__name__} is no number")

    def used(self) -> list[int]:
        """Return the numbers of the operations whose results reach an array, in their order."""
        needed = set(self.stores.values())
        for number in range(len(self.operations) - 1, -1, -1):
            if number in needed:
                needed |= set(operands(self.operations[number]))
        return sorted(needed)


def operands(operation: Operation) -> tuple[int, ...]:
    """Return the numbers of the operations whose results one uses."""
    return () if operation[0] in ("constant", "load") else operation[3 if operation[0] == "look" else 1 :]


def _operator(operation: str, swapped: bool = False) -> Any:
    """Return a method that records an operation with another number, behind the symbol or, swapped, before it."""

    def method(self: Symbol, other: Any) -> Symbol:
        if not isinstance(other, Symbol | Number):
            return NotImplemented
        return self.program.apply(operation, *((other, self) if swapped else (self, other)))

    return method


class Symbol:
    """The result of an operation of a program."""

    __slots__ = ("number", "program")

    def __init__(self, program: Program, number: int) -> None:
        """Stand for the result of this operation."""
        self.program, self.number = program, number

    __add__, __radd__ = _operator("+"), _operator("+", swapped=True)
    __sub__, __rsub__ = _operator("-"), _operator("-", swapped=True)
    __mul__, __rmul__ = _operator("*"), _operator("*", swapped=True)
    __truediv__, __rtruediv__ = _operator("/"), _operator("/", swapped=True)
    __lt__, __gt__ = _operator("<"), _operator("<", swapped=True)
    __le__, __ge__ = _operator("<="), _operator("<=", swapped=True)
    __eq__, __ne__ = _operator("=="), _operator("!=")
    __and__, __rand__, __or__, __ror__ = _operator("and"), _operator("and"), _operator("or"), _operator("or")
    __hash__ = object.__hash__

    def __invert__(self) -> Symbol:
        """Record the opposite of a condition."""
        return self.program.apply("not", self)

    def __neg__(self) -> Symbol:
        """Record the number with the other sign."""
        return self.program.apply("*", -1.0, self)

    def minimum(self, other: Any) -> Symbol:
        """Record the smaller of two numbers, `a if a < b else b`."""
        return self.program.apply("min", self, other)

    def floor(self) -> Symbol:
        """Record the largest whole number up to this one."""
        return self.program.apply("floor", self)

    def round(self) -> Symbol:
        """Record the nearest whole number, the even one of two."""
        return self.program.apply("round", self)

    def where(self, a: Any, b: Any) -> Symbol:
        """Record `a` where this condition holds, and `b` elsewhere."""
        return self.program.apply("where", self, a, b)

    def __bool__(self) -> bool:
        """Refuse a branch.

        Raises:
            NotRecorded: always.
        """
        raise NotRecorded("a branch on a number that is not known yet (write where(condition, a, b))")

    __float__ = __int__ = __index__ = __bool__
