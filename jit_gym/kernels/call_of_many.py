"""Many kernels in one call: each plays some of the paths of a batch, as where these are of several worlds."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from ..common.threads import share
from .cache import config, machine_code
from .machine_code import DRAWN, FIRST, INT, LAST, STRIDE, Call, Kernel, loop
from .memory import address_of


class PathsOf(NamedTuple):
    """Paths that are played by one of several kernels, with some arrays of their own."""

    kernel: Kernel
    paths: slice
    arrays: Mapping[str, np.ndarray]


class CallOfMany:
    """Several kernels, with arrays of the same names and kinds, each of which plays some of the paths."""

    def __init__(self, parts: Sequence[PathsOf], paths: int, **arrays: np.ndarray) -> None:
        """Take the parts, and arrays of all, which must stay where they are; others may be given with each call."""
        self._parts, self._arrays = parts, arrays
        self._any = any_call = parts[0].kernel.on(paths, **arrays, **parts[0].arrays)
        if config.DISABLE_JIT:
            return
        played = [(part, *each) for part in parts for each in part.kernel.functions(part.paths.start, part.paths.stop)]
        self._frames = np.tile(any_call.frame, (len(played), 1))
        self._table = np.empty((len(played), 2), np.int64)  # a function, and its frame
        self._table[:, 1] = address_of(self._frames) + self._frames.strides[0] * np.arange(len(played))
        for frame, row, (part, function, first, last) in zip(self._frames, self._table, played, strict=True):
            frame[FIRST], frame[LAST], row[0] = first, last, ctypes.cast(function, ctypes.c_void_p).value or 0
            for name, array in part.arrays.items():
                frame[any_call.kernel.places[name]] = address_of(array)
        self._least = any_call.kernel.worth_a_thread * len(played) // paths

    def __call__(self, period: int = 0, /, **arrays: np.ndarray) -> None:
        """Play a period, with these arrays beside those that stay."""
        if config.DISABLE_JIT:
            for part in self._parts:
                given = {**self._arrays, **part.arrays, **arrays}
                Call(part.kernel, self._any.paths, {}).interpret(given, part.paths.start, part.paths.stop, period)
            return
        for name, array in arrays.items():
            self._any.point(name, array)
        columns = [STRIDE, DRAWN, *(self._any.kernel.places[name] for name in arrays)]
        self._frames[:, columns] = self._any.frame[columns]
        table, row = address_of(self._table), self._table.strides[0]
        share(
            lambda part: _in_turns()(table + row * part.start, part.stop - part.start, period),
            len(self._table),
            self._least,
        )


@cache
def _in_turns() -> Any:
    """Return what calls functions one after the other, given where their table is, its length, and a period."""

    def write(module: ir.Module, name: str) -> None:
        kind = ir.FunctionType(INT, [INT, INT])
        function = ir.Function(module, ir.FunctionType(INT, [INT, INT, INT]), name)
        build = ir.IRBuilder(function.append_basic_block("entry"))
        start, rows, period = function.args
        table = build.inttoptr(start, INT.as_pointer())
        with loop(build, INT(0), build.mul(rows, INT(2)), 2) as k:
            called, frame = (build.load(build.gep(table, [build.add(k, INT(j))])) for j in range(2))
            build.call(build.inttoptr(called, kind.as_pointer()), [frame, period])
        build.ret(INT(0))

    key = "in turns, 1"  # another number for another function
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 3)(machine_code(key, write))
