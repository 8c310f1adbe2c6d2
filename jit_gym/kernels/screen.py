"""Numbers that are refused, looked for among many: before anything is played, as what was played cannot be undone."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir

from ..common.threads import Usable
from .cache import config, machine_code
from .instructions import DOUBLE, INT, SINGLE, function_at, is_wrong, loop
from .interpreted import refuses
from .memory import WIDTH, address_of
from .native_threads import TURNS, Turns

WORTH = 8_192  # numbers that are looked at in some 10 microseconds

WHERE, FIRST, LAST, FOUND = range(4)
"""Numbers of a frame: which numbers are looked at, from FIRST to before LAST, where it is told where these are, and
where it is told if one is refused."""


class Screen:
    """Looks for numbers that are refused in arrays of one size."""

    def __init__(self, count: int, what: str, single: bool) -> None:
        """Take how many there are, which are refused (`nan`, or what are no `units`), and if they have 32 bits."""
        self._count, self._what, self._single, self._parts = count, what, single, 0
        self._where, self._found = ctypes.c_int64(), ctypes.c_int64()
        self._frame = np.array([ctypes.addressof(self._where), 0, 0, ctypes.addressof(self._found)])
        self._usable, self._turns = Usable(), Turns([], self._frame)

    def __call__(self, numbers: np.ndarray) -> bool:
        """Tell whether a number of a contiguous array is refused."""
        if config.DISABLE_JIT:
            return refuses(numbers, self._what)
        parts = self._count // WORTH
        threads = self._usable() if parts > 1 else 1
        parts = min(parts, TURNS * threads) if threads > 1 else 1
        if parts != self._parts:
            self._divide(parts)
        self._where.value, self._found.value = address_of(numbers), 0
        self._turns(0, threads)
        return self._found.value != 0

    def _divide(self, parts: int) -> None:
        """Look at the numbers in so many parts."""
        self._parts = parts
        self._turns = turns = Turns([_look(self._what, self._single)] * parts, self._frame)
        bounds = np.arange(parts + 1) * self._count // parts
        turns.frames[:, FIRST], turns.frames[:, LAST] = bounds[:-1], bounds[1:]


@cache
def _look(what: str, single: bool) -> Any:
    """Return the function of a frame's address (and of a number that says nothing) that looks at its numbers."""

    def write(module: ir.Module, name: str) -> None:
        function = ir.Function(module, ir.FunctionType(INT, [INT, INT]), name)
        build = ir.IRBuilder(function.append_basic_block("entry"))
        frame = build.inttoptr(function.args[0], INT.as_pointer())
        where, first, last, told = (build.load(build.gep(frame, [INT(k)])) for k in (WHERE, FIRST, LAST, FOUND))
        start = build.load(build.inttoptr(where, INT.as_pointer()))
        numbers = build.inttoptr(start, (SINGLE if single else DOUBLE).as_pointer())
        rest = build.sub(last, build.and_(build.sub(last, first), INT(WIDTH - 1)))
        some = _look_at(build, numbers, (first, rest), WIDTH, what)
        any_of_some = build.icmp_unsigned("!=", build.bitcast(some, ir.IntType(WIDTH)), ir.IntType(WIDTH)(0))
        found = build.or_(any_of_some, _look_at(build, numbers, (rest, last), 1, what))
        with build.if_then(found, likely=False):
            build.store(INT(1), build.inttoptr(told, INT.as_pointer()))
        build.ret(INT(0))

    return function_at(machine_code(("look, 2", what, single), write), 2)


def _look_at(build: ir.IRBuilder, numbers: Any, bounds: tuple[Any, Any], width: int, what: str) -> Any:
    """Write a loop that looks at so many numbers at a time; return whether one of those at each place was refused."""
    one = numbers.type.pointee
    kind, truth = (
        (one, ir.IntType(1)) if width == 1 else (ir.VectorType(one, width), ir.VectorType(ir.IntType(1), width))
    )
    before, size = build.block, 4 if one == SINGLE else 8
    with loop(build, *bounds, width) as k:
        value = build.load(build.bitcast(build.gep(numbers, [k]), kind.as_pointer()), align=size)
        wrong = is_wrong(build, value, what)
        body = build.block
        build.position_after(k)
        so_far = build.phi(truth)
        build.position_at_end(body)
        so_far.add_incoming(ir.Constant(truth, None), before)
        so_far.add_incoming(build.or_(so_far, wrong), build.block)
    return so_far
