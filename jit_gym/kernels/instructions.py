"""What functions in machine code are written with: types of numbers, loops, and which numbers are refused."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

INT, SINGLE, DOUBLE = ir.IntType(64), ir.FloatType(), ir.DoubleType()


def function_at(address: int, arguments: int) -> Any:
    """Return a function in machine code, of so many whole numbers; who calls it does not hold Python's lock."""
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * arguments)(address)


@contextmanager
def loop(build: ir.IRBuilder, first: Any, last: Any, step: int) -> Iterator[Any]:
    """Write a loop over `first`, `first + step`, ... up to before `last`."""
    before = build.block
    test, body, after = (build.append_basic_block(name) for name in ("test", "body", "after"))
    build.branch(test)
    build.position_at_end(test)
    index = build.phi(INT)
    index.add_incoming(first, before)
    build.cbranch(build.icmp_signed("<", index, last), body, after)
    build.position_at_end(body)
    yield index
    index.add_incoming(build.add(index, INT(step)), build.block)
    build.branch(test)
    build.position_at_end(after)


def is_wrong(build: ir.IRBuilder, value: Any, what: str) -> Any:
    """Write whether numbers are refused: `nan`, or what are no `units` (NaN, negative or infinite)."""
    if what == "nan":
        return build.fcmp_unordered("uno", value, value)
    least, most = (
        ir.Constant(value.type, [end] * value.type.count if isinstance(value.type, ir.VectorType) else end)
        for end in (0.0, float("inf"))
    )
    return build.not_(build.and_(build.fcmp_ordered("<=", least, value), build.fcmp_ordered("<", value, most)))
