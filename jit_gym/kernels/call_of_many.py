"""Many kernels in one call: each plays some of the paths of a batch, as where these are of several worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..common.threads import Usable
from .cache import config
from .machine_code import COMMON, DRAWN, FIRST, LAST, STRIDE, Call, Kernel
from .memory import address_of
from .native_threads import Turns


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
        places = any_call.kernel.places
        own = [tuple((places[name], address_of(array)) for name, array in part.arrays.items()) for part in parts]
        kinds = {each: k for k, each in enumerate(dict.fromkeys(own))}  # many parts have the same arrays
        self._common = np.tile(any_call.frame, (len(kinds), 1))
        for each, k in kinds.items():
            for place, address in each:
                self._common[k, place] = address
        address, apart = address_of(self._common), self._common.strides[0]
        played = [
            (function, [first, last, address + apart * kinds[each]])
            for part, each in zip(parts, own, strict=True)
            for function, first, last in part.kernel.functions(part.paths.start, part.paths.stop)
        ]
        self._turns = Turns([function for function, _ in played], any_call.frame[:STRIDE])
        self._turns.frames[:, [FIRST, LAST, COMMON]] = [frame for _, frame in played]
        self._usable = Usable() if paths >= 2 * any_call.kernel.worth_a_thread else lambda: 1

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
        self._common[:, columns] = self._any.frame[columns]
        self._turns(period, self._usable())
