"""Arrays of symbols: what NumPy does to them elementwise is recorded, so that code for arrays can be compiled.

What NumPy cannot do without knowing the numbers (a branch, an index, a sort) raises `NotRecorded` or `TypeError`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .symbols import NotRecorded, Symbol


def _minimum(a: Any, b: Any) -> Any:
    return _apply("min", a, b) if _is_symbol(a, b) else min(a, b)


def _maximum(a: Any, b: Any) -> Any:
    return _where(a > b, a, b) if _is_symbol(a, b) else max(a, b)


def _where(condition: Any, a: Any, b: Any) -> Any:
    return condition.where(a, b) if isinstance(condition, Symbol) else a if condition else b


def _floor(a: Any) -> Any:
    return a.floor() if isinstance(a, Symbol) else float(np.floor(a))


def _round(a: Any) -> Any:
    return a.round() if isinstance(a, Symbol) else float(np.round(a))


def _power(a: Any, b: Any) -> Any:
    if _is_symbol(b) or b != 2:
        raise NotRecorded("a power other than a square")
    return a * a


def _ceil(a: Any) -> Any:
    return -((-a).floor()) if isinstance(a, Symbol) else float(np.ceil(a))


def _remainder(a: Any, b: Any) -> Any:
    return a - _floor(a / b) * b


def _absolute(a: Any) -> Any:
    return _maximum(a, -a)


def _sqrt(a: Any) -> Any:
    return _apply("sqrt", a) if _is_symbol(a) else float(np.sqrt(a))


def _and(a: Any, b: Any) -> Any:
    return a & b if _is_symbol(a, b) else bool(a) and bool(b)


def _or(a: Any, b: Any) -> Any:
    return a | b if _is_symbol(a, b) else bool(a) or bool(b)


def _not(a: Any) -> Any:
    return ~a if isinstance(a, Symbol) else not a


def _is_symbol(*values: Any) -> bool:
    return any(isinstance(value, Symbol) for value in values)


def _apply(operation: str, *given: Any) -> Symbol:
    program = next(value.program for value in given if isinstance(value, Symbol))
    return program.apply(operation, *given)


ELEMENTWISE: dict[Any, Callable[..., Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.negative: operator.neg,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.minimum: _minimum,
    np.maximum: _maximum,
    np.floor: _floor,
    np.ceil: _ceil,
    np.absolute: _absolute,
    np.remainder: _remainder,
    np.sqrt: _sqrt,
    np.power: _power,
    np.logical_and: _and,
    np.logical_or: _or,
    np.logical_not: _not,
    np.bitwise_and: _and,
    np.bitwise_or: _or,
    np.invert: _not,
}
"""NumPy's elementwise functions, and what each does to one symbol."""

SAME_ON_OBJECTS = (
    np.atleast_1d, np.atleast_2d, np.broadcast_to, np.concatenate, np.cumsum, np.expand_dims, np.hsplit, np.hstack,
    np.moveaxis, np.repeat, np.reshape, np.roll, np.split, np.squeeze, np.stack, np.sum, np.take, np.tile, np.transpose,
)  # fmt: skip
"""NumPy's functions that move or add elements up, whatever these are."""


class SymbolArray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array whose elements are symbols or plain numbers."""

    __array_priority__ = 1000.0
    __hash__ = object.__hash__

    def __init__(self, items: Any) -> None:
        """Take nested lists, or an array, of symbols and numbers; an array of objects is not copied."""
        self.items = items if isinstance(items, np.ndarray) and items.dtype == object else np.array(items, object)

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the lengths of its axes."""
        return self.items.shape

    @property
    def ndim(self) -> int:
        """Return the number of its axes."""
        return self.items.ndim

    @property
    def T(self) -> SymbolArray:
        """Return its transpose."""
        return SymbolArray(self.items.T)

    def __len__(self) -> int:
        """Return the length of the first axis."""
        return len(self.items)

    def __getitem__(self, key: Any) -> Any:
        """Return an element, or a window onto some."""
        found = self.items[key]
        return SymbolArray(found) if isinstance(found, np.ndarray) else found

    def __setitem__(self, key: Any, value: Any) -> None:
        """Put other elements in the place of some."""
        self.items[key] = _objects(value)

    def copy(self) -> SymbolArray:
        """Return a copy."""
        return SymbolArray(self.items.copy())

    def reshape(self, *shape: Any) -> SymbolArray:
        """Return the same elements in another shape."""
        return SymbolArray(self.items.reshape(*shape))

    def transpose(self, *axes: int) -> SymbolArray:
        """Return the same elements with the axes in another order."""
        return SymbolArray(self.items.transpose(*axes))

    def sum(self, axis: Any = None) -> Any:
        """Return sums over an axis."""
        return _wrapped(self.items.sum(axis=axis))

    def any(self, axis: int) -> Any:
        """Tell where any element along an axis is true."""
        return _reduced(_or, self.items, axis, False)

    def all(self, axis: int) -> Any:
        """Tell where all elements along an axis are true."""
        return _reduced(_and, self.items, axis, True)

    def min(self, axis: int) -> Any:
        """Return the least elements along an axis."""
        return _reduced(_minimum, self.items, axis, np.inf)

    def max(self, axis: int) -> Any:
        """Return the largest elements along an axis."""
        return _reduced(_maximum, self.items, axis, -np.inf)

    def clip(self, low: Any, high: Any) -> Any:
        """Return elements that are not less than `low` nor more than `high`."""
        clipped: Any = self
        return np.minimum(np.maximum(clipped, low), high)

    def astype(self, kind: Any) -> SymbolArray:
        """Return the same: a number is a 64-bit float, and a condition becomes one where it is used as one."""
        if kind is not float:
            raise NotRecorded(f"elements of {kind!r}")
        return self

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **more: Any) -> Any:
        """Record one of NumPy's elementwise functions, or a product of matrices."""
        if method != "__call__" or more:
            raise NotRecorded(f"{ufunc.__name__}.{method}")
        if ufunc is np.matmul:
            result = _product(*inputs)
        elif ufunc in ELEMENTWISE:
            apply = np.frompyfunc(ELEMENTWISE[ufunc], len(inputs), 1)
            result = _wrapped(apply(*(_objects(value) for value in inputs)))
        else:
            raise NotRecorded(ufunc.__name__)
        if out is None:
            return result
        if not isinstance(out[0], SymbolArray):
            raise NotRecorded("symbols in an array of numbers")
        out[0][...] = result
        return out[0]

    def __array_function__(self, function: Any, types: Any, given: Any, named: Any) -> Any:
        """Record what others of NumPy's functions do."""
        if function is np.where:
            return _wrapped(np.frompyfunc(_where, 3, 1)(*map(_objects, given)))
        if function is np.round and len(given) == 1 and not named:
            return _wrapped(np.frompyfunc(_round, 1, 1)(given[0].items))
        if function is np.shape:
            return given[0].shape
        if function is np.clip:
            return SymbolArray(_objects(given[0])).clip(*given[1:], **named)
        if function in (np.zeros_like, np.full_like):
            return SymbolArray(function(given[0].items, *given[1:], **named))
        if function not in SAME_ON_OBJECTS:
            raise NotRecorded(function.__name__)
        return _wrapped(function(*map(_deep_objects, given), **named))


def look_up(table: np.ndarray, *places: Any) -> Any:
    """Return the entries of a table at whole numbers, arrays with one for each axis; outside it, the nearest entries.

    A table that symbols look up is kept by the program, and must stay as it is.
    """
    if not any(isinstance(place, SymbolArray) for place in places):
        inside = (np.clip(place, 0, size - 1) for place, size in zip(places, table.shape, strict=True))
        return table[tuple(np.asarray(place).astype(int) for place in inside)]

    def entry(*each: Any) -> Any:
        programs = [place.program for place in each if isinstance(place, Symbol)]
        return programs[0].look_up(table, *each) if programs else look_up(table, *each)

    return _wrapped(np.frompyfunc(entry, len(places), 1)(*map(_objects, places)))


def _objects(value: Any) -> Any:
    """Return an array of objects for an array of symbols, and anything else as it is."""
    if isinstance(value, SymbolArray):
        return value.items
    return value.astype(object) if isinstance(value, np.ndarray) else value


def _deep_objects(value: Any) -> Any:
    if isinstance(value, list | tuple) and any(isinstance(each, SymbolArray) for each in value):
        return [_objects(each) for each in value]
    return _objects(value)


def _wrapped(value: Any) -> Any:
    if isinstance(value, list):
        return [_wrapped(each) for each in value]
    return SymbolArray(value) if isinstance(value, np.ndarray) else value


def _reduced(function: Callable[[Any, Any], Any], items: np.ndarray, axis: int, empty: Any) -> Any:
    moved = np.moveaxis(items, axis, 0)
    if not len(moved):
        return np.full(moved.shape[1:], empty)
    result, apply = moved[0], np.frompyfunc(function, 2, 1)
    for each in moved[1:]:
        result = apply(result, each)
    return _wrapped(result)


def _product(a: Any, b: Any) -> Any:
    """Return the product of a row or matrix and a matrix, without what is multiplied by a plain 0."""
    a, b = (_objects(value) for value in (a, b))
    if np.ndim(b) != 2:
        raise NotRecorded("a product with what is no matrix")
    out = np.empty((*a.shape[:-1], b.shape[1]), object)
    for place in np.ndindex(*out.shape):
        total: Any = 0.0
        for x, y in zip(a[place[:-1]], b[:, place[-1]], strict=True):
            if not (_is_zero(x) or _is_zero(y)):
                one = x if not _is_symbol(y) and y == 1 else x * y
                total = one if _is_zero(total) else total + one
        out[place] = total
    return SymbolArray(out)


def _is_zero(value: Any) -> bool:
    return not isinstance(value, Symbol) and value == 0
