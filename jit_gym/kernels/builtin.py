"""A kernel for one path as a function of Python's own, which takes a tenth of the time that ctypes takes to call it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir

from .cache import machine_code
from .instructions import INT

METH_O = 0x0008  # of Python's C interface: a function of one argument


class _Method(ctypes.Structure):
    """Python's description of a function in machine code (`PyMethodDef`)."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


def builtin(function: Any, frame: int, keep: object) -> Callable[[int], int]:
    """Return a function of a period that calls a kernel's function with a frame, holding Python's lock.

    Args:
        function: of a frame's address and a period, in machine code.
        frame: the frame's address.
        keep: what must be there as long as the function is: whatever has the frame and what it points to.
    """
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    bound = (ctypes.c_int64 * 2)(address, frame)
    made: Callable[[int], int] = _new()(ctypes.byref(_method()), (bytes(bound), keep, function), None)
    return made


@cache
def _new() -> Any:
    """Return what makes a function of Python's, given its description, what it is bound to, and its module."""
    kind = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    return kind(("PyCFunction_NewEx", ctypes.pythonapi))


@cache
def _method() -> _Method:
    """Return the description of all these functions, which differ in what they are bound to."""
    return _Method(b"play", machine_code("builtin, 1", _write), METH_O, None)


def _write(module: ir.Module, name: str) -> None:
    """Write the function of what it is bound to, (address and frame, ...), and of a period."""
    pointer = ir.IntType(8).as_pointer()
    build = ir.IRBuilder(ir.Function(module, ir.FunctionType(pointer, [pointer, pointer]), name).append_basic_block())
    bound, given = build.function.args

    def call(what: str, returns: ir.Type, *arguments: Any) -> Any:
        kind = ir.FunctionType(returns, [each.type for each in arguments])
        return build.call(ir.Function(module, kind, what), arguments)

    period = call("PyLong_AsSsize_t", INT, given)
    with build.if_then(build.icmp_signed("<", period, INT(0)), likely=False):
        build.ret(pointer(None))  # an exception has been set, as no period is negative
    numbers = call("PyBytes_AsString", pointer, call("PyTuple_GetItem", pointer, bound, INT(0)))
    numbers = build.bitcast(numbers, INT.as_pointer())
    address, frame = (build.load(build.gep(numbers, [INT(k)])) for k in range(2))
    function = build.inttoptr(address, ir.FunctionType(INT, [INT, INT]).as_pointer())
    build.ret(call("PyLong_FromSsize_t", pointer, build.call(function, [frame, period])))
