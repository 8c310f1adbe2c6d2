"""Recorded programs as machine code: eight paths at a time, in the registers of one core.

A kernel plays a program on a range of paths. Numbers of which each path has its own lie in arrays (numbers, paths), so
that the same number of eight paths is one load. What a program reads and writes lies in as many arrays as it likes;
their places are handed over in one frame of whole numbers, because a call with one argument is quick.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any

import numpy as np
from llvmlite import ir

from ..common.threads import share
from .cache import config, machine_code
from .interpreted import interpret
from .symbols import Array, Place, Program

WIDTH = 8  # paths that are played together
HEADER = 5  # numbers of a frame before the places of its arrays
FIRST, LAST, STRIDE, DRAWN, PERIODS = range(HEADER)

INT, SINGLE, DOUBLE = ir.IntType(64), ir.FloatType(), ir.DoubleType()


def by_path(numbers: int, paths: int, kind: type = float) -> np.ndarray:
    """Return an array (numbers, paths) for a kernel, not filled.

    Its rows are a few numbers longer than the paths: if they were a power of 2, all would compete for the same places
    of the processor's cache.
    """
    stride = paths if paths < 64 else -(-paths // WIDTH) * WIDTH + WIDTH
    return np.empty((numbers, stride), kind)[:, :paths]


class Rooms:
    """Arrays as `by_path` makes them, each handed out again once nothing else refers to it.

    A batch returns new arrays in each step. To free them and take memory anew costs more than the step: the system
    clears each page.
    """

    MOST = 8  # that are kept

    def __init__(self, numbers: int, paths: int, kind: type = float) -> None:
        """Keep arrays of this shape."""
        self._shape, self._kept = (numbers, paths, kind), list[np.ndarray]()

    def take(self) -> np.ndarray:
        """Return an array (numbers, paths), not filled, which nothing else refers to."""
        paths = self._shape[1]
        for array, references in zip(self._kept, _references(self._kept), strict=True):
            if references == FREE:
                return array[:, :paths]
        room = by_path(*self._shape)
        if len(self._kept) < self.MOST and room.base is not None:
            self._kept.append(room.base)
        return room


def _references(arrays: list[np.ndarray]) -> list[int]:
    """Return how many references there are to each array, those of this list and of this count among them."""
    return [sys.getrefcount(array) for array in arrays]


FREE = _references([np.empty(0)])[0]  # to an array that a list holds and nothing else; Pythons count it differently


def copied_by_path(array: np.ndarray) -> np.ndarray:
    """Return a copy of an array (numbers, paths) for a kernel, as `by_path` makes it."""
    copy = by_path(*array.shape)
    copy[:] = array
    return copy


class Kernel:
    """A program in machine code, for some arrays; it is compiled when it is first called, or taken from the disk.

    A frame says what is played: the paths from `FIRST` to before `LAST`, in so many `PERIODS`; how far apart the rows
    of arrays by path (`STRIDE`) and by period (`DRAWN`) are; and where each array is. A path by itself is not played,
    and 1 is returned, if a number of it is refused; of several paths the caller looks at all first.
    """

    def __init__(self, program: Program, arrays: Mapping[str, Array], periods: bool = False) -> None:
        """Take a program; with `periods`, what it stores it loads again in the next of many periods."""
        self.program, self.arrays, self.periods = program, dict(arrays), periods

    def on(self, paths: int, **arrays: np.ndarray) -> Call:
        """Return a call that plays all paths of these arrays."""
        return Call(self, paths, arrays)

    @cached_property
    def places(self) -> dict[str, int]:
        """Return where a frame holds the place of each array."""
        return {name: HEADER + k for k, name in enumerate(self.arrays)}

    @cached_property
    def worth_a_thread(self) -> int:
        """Return how many path-periods take some 100 microseconds, for which a thread pays."""
        return 2_000_000 // max(1, len(self.program.used()))

    @cached_property
    def single(self) -> Any:
        """Return the function of a frame's address and the first period that plays one path at a time."""
        return self._compiled(1)

    @cached_property
    def wide(self) -> Any:
        """Return the function of a frame's address and the first period that plays `WIDTH` paths at a time."""
        return self._compiled(WIDTH)

    def _compiled(self, width: int) -> Any:
        program = self.program
        operations = [program.operations[number] for number in program.used()]
        key = operations, program.stores, self.arrays, self.periods, width
        address = machine_code(key, lambda module, name: _Writer(self, width, module, name).write())
        return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_size_t, ctypes.c_int64)(address)


def address_of(array: np.ndarray) -> int:
    """Return where the numbers of an array are; the caller keeps it alive."""
    place: int = array.__array_interface__["data"][0]
    return place


class Call:
    """A kernel, and the arrays that it plays on."""

    def __init__(self, kernel: Kernel, paths: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Take arrays for all paths, which must stay where they are; others may be given with each call."""
        self.kernel, self.paths, self._arrays = kernel, paths, arrays
        self.frame = np.zeros(HEADER + len(kernel.arrays), np.int64)
        self.frame[[LAST, PERIODS]] = paths, 1
        self._address = address_of(self.frame)
        for name, array in arrays.items():
            self._point(name, array)

    def __call__(self, period: int = 0, periods: int = 1, /, **arrays: np.ndarray) -> None:
        """Play some periods, with these arrays in place of, or beside, those that stay."""
        for name, array in arrays.items():
            self._point(name, array)
        if config.DISABLE_JIT:
            self._interpret({**self._arrays, **arrays}, 0, self.paths, period, periods)
            return
        self.frame[PERIODS] = periods
        worth = self.kernel.worth_a_thread // periods + WIDTH
        if self.paths < 2 * worth and (self.paths % WIDTH == 0 or self.paths < WIDTH):  # as it mostly is
            function = self.kernel.single if self.paths < WIDTH else self.kernel.wide
            function(self._address, period)
            return
        blocks = -(-self.paths // WIDTH)
        share(lambda part: self.play(period, part.start * WIDTH, part.stop * WIDTH), blocks, worth // WIDTH)

    def play(self, period: int, first: int, last: int) -> None:
        """Play some of the paths from a period on."""
        last = min(last, self.paths)
        if config.DISABLE_JIT:
            self._interpret(self._arrays, first, last, period, 1)
            return
        whole = first + (last - first) // WIDTH * WIDTH
        for name, start, stop in (("wide", first, whole), ("single", whole, last)):
            if start < stop:
                frame = self.frame.copy()
                frame[FIRST], frame[LAST] = start, stop
                getattr(self.kernel, name)(address_of(frame), period)

    def _interpret(self, arrays: Mapping[str, np.ndarray], first: int, last: int, period: int, periods: int) -> None:
        """Play some of the paths without machine code."""
        parts, kinds = dict(arrays), self.kernel.arrays
        for name, array in arrays.items():
            if kinds[name].by == "row":
                parts[name] = array[first:last]
            elif kinds[name].by in ("path", "period", "told"):
                parts[name] = array[..., first:last]
        interpret(self.kernel.program, kinds, parts, last - first, period, periods)

    def for_one(self) -> Callable[[int], int]:
        """Return what plays a period of the only path, and returns 1 if a number is refused and nothing was played."""
        if config.DISABLE_JIT:
            return partial(interpret, self.kernel.program, self.kernel.arrays, self._arrays, 1)
        play = partial(self.kernel.single, self._address)
        play.call = self  # type: ignore[attr-defined]  # the frame and the arrays are there as long as the function
        return play

    def _point(self, name: str, array: np.ndarray) -> None:
        """Put the place of an array, and how far apart its rows are, into the frame."""
        frame, by = self.frame, self.kernel.arrays[name].by
        frame[self.kernel.places[name]] = address_of(array)
        if by in ("path", "period", "told"):
            place, stride = (DRAWN if by == "period" else STRIDE), _stride(array)
            if stride and frame[place] not in (0, stride):
                raise ValueError(
                    f"{name}: its rows are {stride} numbers apart, and those of other arrays {frame[place]}"
                )
            frame[place] = stride or frame[place]


def _stride(array: np.ndarray) -> int:
    """Return how far apart the rows of an array (numbers, paths) or (periods, numbers, paths) are; 0 if it has one."""
    if array.shape[-2] > 1:
        return array.strides[-2] // array.itemsize
    return array.strides[0] // array.itemsize if array.ndim == 3 and array.shape[0] > 1 else 0


class _Writer:
    """Writes the instructions of a kernel that plays `width` paths at a time."""

    def __init__(self, kernel: Kernel, width: int, module: ir.Module, name: str) -> None:
        self.arrays, self.periods, self.width = kernel.arrays, kernel.periods, width
        self.program = kernel.program
        self.used = [(number, kernel.program.operations[number]) for number in kernel.program.used()]
        self.loaded = [each[1:] for _, each in self.used if each[0] == "load"]
        self.kept = [place for place in self.loaded if kernel.periods and place in kernel.program.stores]
        self.number, self.single = (kind if width == 1 else ir.VectorType(kind, width) for kind in (DOUBLE, SINGLE))
        function = ir.Function(module, ir.FunctionType(INT, [INT, INT]), name)
        self.build = ir.IRBuilder(function.append_basic_block("entry"))
        kind = "f64" if width == 1 else f"v{width}f64"
        one = ir.FunctionType(self.number, [self.number])
        self.known = {name: ir.Function(module, one, f"llvm.{name}.{kind}") for name in ("floor", "rint", "sqrt")}
        self.first_period = function.args[1]
        self._read_frame(function.args[0])
        self.values: dict[int, Any] = {}  # of the operations

    def _read_frame(self, address: Any) -> None:
        build, frame = self.build, self.build.inttoptr(address, INT.as_pointer())
        given = [build.load(build.gep(frame, [INT(k)])) for k in range(HEADER + len(self.arrays))]
        self.first, self.last, self.stride, self.drawn, periods = given[:HEADER]
        self.last_period = build.add(self.first_period, periods)
        self.start = {
            name: build.inttoptr(place, (SINGLE if array.single else DOUBLE).as_pointer())
            for (name, array), place in zip(self.arrays.items(), given[HEADER:], strict=True)
        }

    def write(self) -> None:
        """Write the function: for all paths and periods load, compute and store."""
        for number, (name, *given) in self.used:  # what is the same for all paths and periods
            if name == "constant":
                self.values[number] = self._every(ir.Constant(DOUBLE, float.fromhex(given[0])))
            elif name == "load" and self.arrays[given[0]].by == "nothing":
                self.values[number] = self._load(*given)
        with self._loop(self.first, self.last, self.width) as self.path:
            if self.periods:
                self._play_periods()
            else:
                self.period = self.first_period
                self._play({})
        self.build.ret(INT(0))

    def _play_periods(self) -> None:
        """Write a loop over periods: what is kept from one to the next stays in registers."""
        loaded = {place: self._load(*place) for place in self.kept}
        before = self.build.block
        with self._loop(self.first_period, self.last_period, 1) as self.period:
            body = self.build.block
            self.build.position_after(self.period)
            kept = {place: self.build.phi(self.number) for place in self.kept}
            self.build.position_at_end(body)
            for place, value in kept.items():
                value.add_incoming(loaded[place], before)
            results = self._play(kept)
            for place, value in kept.items():
                value.add_incoming(results[place], self.build.block)
        for place, value in kept.items():
            self._store(*place, value)

    def _play(self, kept: Mapping[Place, Any]) -> dict[Place, Any]:
        """Write one period of some paths, given what is kept from the last one; return what is kept for the next."""
        for number, (name, *given) in self.used:
            if name == "load" and tuple(given) in kept:
                self.values[number] = kept[tuple(given)]
            elif name == "look":
                table, shape, *places = given
                self.values[number] = self._look_up(table, shape, [self.values[place] for place in places])
            elif number not in self.values:
                operands = given if name == "load" else [self.values[operand] for operand in given]
                self.values[number] = self._load(*operands) if name == "load" else self._result(name, *operands)
        results = {}
        for place, number in self.program.stores.items():
            if place in kept:
                results[place] = self.values[number]
            else:
                self._store(*place, self.values[number])
        return results

    def _result(self, name: str, *given: Any) -> Any:
        """Write one operation."""
        build = self.build
        match name:
            case "+" | "-" | "*" | "/" | "and" | "or":
                write = {"+": build.fadd, "-": build.fsub, "*": build.fmul, "/": build.fdiv}
                return (write | {"and": build.and_, "or": build.or_})[name](*given)
            case "<" | "<=" | "==":
                return build.fcmp_ordered(name, *given)
            case "!=":
                return build.fcmp_unordered(name, *given)
            case "not":
                return build.not_(*given)
            case "where":
                return build.select(*given)
            case "min":
                return build.select(build.fcmp_ordered("<", *given), *given)
            case "floor" | "sqrt":
                return build.call(self.known[name], given)
            case "round":
                return build.call(self.known["rint"], given)
        raise NotImplementedError(name)

    def _load(self, array: str, k: int) -> Any:
        """Load a number of the paths that are played, as 64-bit floats."""
        build, kind = self.build, self.arrays[array]
        if kind.by in ("nothing", "date"):
            return self._every(build.load(self._address(array, k)))
        if kind.by != "row" or kind.numbers == 1:
            value = build.load(self._address(array, k, together=True), align=4 if kind.single else 8)
        else:
            value = (self.single if kind.single else self.number)(ir.Undefined)
            for path in range(self.width):
                value = self._with(value, build.load(self._address(array, k, path)), path)
        if kind.single:
            value = build.fpext(value, self.number)
        if kind.refused and self.width == 1:
            self._refuse(value, kind.refused)
        return value

    def _look_up(self, table: str, shape: tuple[int, ...], places: list[Any]) -> Any:
        """Look up a table of this shape at whole numbers, one for each axis: outside it, the nearest entries."""
        build, flat = self.build, self._every(DOUBLE(0.0))
        for place, size in zip(places, shape, strict=True):
            least, most = (self._every(DOUBLE(float(end))) for end in (0, size - 1))
            place = build.select(build.fcmp_ordered(">", place, least), place, least)  # NaN is no place, either
            place = build.select(build.fcmp_ordered("<", place, most), place, most)
            flat = build.fadd(build.fmul(flat, self._every(DOUBLE(float(size)))), place)
        whole = build.fptosi(flat, INT if self.width == 1 else ir.VectorType(INT, self.width))
        value = (self.single if self.arrays[table].single else self.number)(ir.Undefined)
        for path in range(self.width):
            one = whole if self.width == 1 else build.extract_element(whole, INT(path))
            value = self._with(value, build.load(build.gep(self.start[table], [one])), path)
        return build.fpext(value, self.number) if self.arrays[table].single else value

    def _refuse(self, value: Any, what: str) -> None:
        """Return 1 from the function if a number is refused."""
        build = self.build
        wrong = build.fcmp_unordered("uno", value, value)
        if what == "units":
            right = build.fcmp_ordered("<=", DOUBLE(0.0), value), build.fcmp_ordered("<", value, DOUBLE(float("inf")))
            wrong = build.not_(build.and_(*right))
        with build.if_then(wrong, likely=False):
            build.ret(INT(1))

    def _store(self, array: str, k: int, value: Any) -> None:
        """Store a number of the paths that are played."""
        build, kind = self.build, self.arrays[array]
        if kind.single:
            value = build.fptrunc(value, self.single)
        if kind.by != "row" or kind.numbers == 1:
            build.store(value, self._address(array, k, together=True), align=4 if kind.single else 8)
            return
        for path in range(self.width):
            one = value if self.width == 1 else build.extract_element(value, INT(path))
            build.store(one, self._address(array, k, path))

    def _address(self, array: str, k: int, path: int = 0, together: bool = False) -> Any:
        """Return where a number of an array is: of one of the paths that are played, or of all together."""
        build, kind = self.build, self.arrays[array]
        match kind.by:
            case "nothing":
                place = INT(k)
            case "date":
                place = build.add(build.mul(self.period, INT(kind.numbers)), INT(k))
            case "path":
                place = build.add(build.mul(INT(k), self.stride), self.path)
            case "period" | "told":
                row = build.add(build.mul(self.period, INT(kind.numbers)), INT(k))
                place = build.add(build.mul(row, self.drawn if kind.by == "period" else self.stride), self.path)
            case "row":
                place = build.add(build.mul(build.add(self.path, INT(path)), INT(kind.numbers)), INT(k))
        address = build.gep(self.start[array], [place])
        return (
            build.bitcast(address, (self.single if kind.single else self.number).as_pointer()) if together else address
        )

    def _every(self, value: Any) -> Any:
        """Return a number for each of the paths that are played."""
        if self.width == 1:
            return value
        one = self.build.insert_element(self.number(ir.Undefined), value, INT(0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.width), None)
        return self.build.shuffle_vector(one, self.number(ir.Undefined), mask)

    def _with(self, values: Any, value: Any, path: int) -> Any:
        """Return some paths' numbers with one of them set."""
        return value if self.width == 1 else self.build.insert_element(values, value, INT(path))

    @contextmanager
    def _loop(self, first: Any, last: Any, step: int) -> Iterator[Any]:
        """Write a loop over `first`, `first + step`, ... up to before `last`."""
        build, before = self.build, self.build.block
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
