"""Recorded programs as machine code: eight paths at a time, in the registers of one core.

A kernel plays a program on a range of paths. Numbers of which each path has its own lie in arrays (numbers, paths), so
that the same number of eight paths is one load. What a program reads and writes lies in as many arrays as it likes;
their places are handed over in one frame of whole numbers, because a call with one argument is quick.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np
from llvmlite import ir

from ..common.threads import Usable
from .builtin import builtin
from .cache import config, machine_code
from .instructions import DOUBLE, INT, SINGLE, function_at, is_wrong, loop
from .interpreted import interpret
from .memory import WIDTH, address_of, by_path
from .native_threads import TURNS, Turns
from .rolled import TERMS, Part, Rolled, Sum, rolled
from .symbols import ORDER, Array, Place, Program

HEADER = 6  # numbers of a frame before the places of its arrays
FIRST, LAST, COMMON, STRIDE, DRAWN, PERIODS = range(HEADER)
LONG = 1_000  # operations from which on a program is compiled in loops


class Kernel:
    """A program in machine code, for some arrays; it is compiled when it is first called, or taken from the disk.

    A frame says what is played: the paths from `FIRST` to before `LAST`, and where the frame is that says all else
    (`COMMON`): in how many `PERIODS`; how far apart the rows of arrays by path (`STRIDE`) and by period (`DRAWN`) are;
    and where each array is. A path by itself is not played,
    and 1 is returned, if a number of it is refused; of several paths the caller looks at all first.
    """

    def __init__(self, program: Program, arrays: Mapping[str, Array], periods: bool = False) -> None:
        """Take a program; with `periods`, what it stores it loads again in the next of many periods."""
        self.program, self.arrays, self.periods = program, dict(arrays), periods
        scattered = any(array.scattered for array in arrays.values())
        if scattered:
            self.arrays[ORDER] = Array("nothing", 0)
        self.rolled = None
        if len(program.operations) >= LONG and not periods and not scattered:  # `CallOfMany` has no room for terms
            self.rolled = rolled(program)
        if self.rolled is not None:
            self.arrays[TERMS] = self.rolled.terms

    def on(self, paths: int, **arrays: np.ndarray) -> Call:
        """Return a call that plays all paths of these arrays."""
        return Call(self, paths, arrays)

    @cached_property
    def places(self) -> dict[str, int]:
        """Return where a frame holds the place of each array."""
        return {name: HEADER + k for k, name in enumerate(self.arrays)}

    @cached_property
    def used(self) -> list[int]:
        """Return the operations whose results reach an array; a program is not changed once it has a kernel."""
        return self.program.used()

    @cached_property
    def length(self) -> int:
        """Return how many operations are compiled."""
        return len(self.used) if self.rolled is None else self.rolled.length

    @cached_property
    def worth_a_thread(self) -> int:
        """Return how many path-periods take some 10 microseconds, for which a thread pays."""
        return max(1, 200_000 // max(1, len(self.used)))

    @cached_property
    def single(self) -> Any:
        """Return the function of a frame's address and the first period that plays one path at a time."""
        return self._compiled(1)

    @cached_property
    def wide(self) -> Any:
        """Return the function of a frame's address and the first period that plays `WIDTH` paths at a time."""
        return self._compiled(WIDTH)

    def functions(self, first: int, last: int) -> list[tuple[Any, int, int]]:
        """Return which function plays which of some paths: as many as it can `wide`, and the rest `single`."""
        whole = first + (last - first) // WIDTH * WIDTH
        parts = ("wide", first, whole), ("single", whole, last)
        return [(getattr(self, name), start, stop) for name, start, stop in parts if start < stop]

    def _compiled(self, width: int) -> Any:
        program = self.program
        what: Any = [program.operations[number] for number in self.used], program.stores
        if self.rolled is not None:
            what = [(part._replace(places=part.places.tolist())) for part in (*self.rolled.parts, *self.rolled.rest)]
        key = what, self.arrays, self.periods, width
        address = machine_code(key, lambda module, name: _Writer(self, width, module, name).write())
        return function_at(address, 2)


class Call:
    """A kernel, and the arrays that it plays on."""

    def __init__(self, kernel: Kernel, paths: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Take arrays for all paths, which must stay where they are; others may be given with each call."""
        self.kernel, self.paths = kernel, paths
        self.frame = np.zeros(HEADER + len(kernel.arrays), np.int64)
        self.frame[[LAST, PERIODS]] = paths, 1
        self._address = self.frame[COMMON] = address_of(self.frame)
        if kernel.rolled is not None:
            arrays = {**arrays, TERMS: by_path(kernel.arrays[TERMS].numbers, paths)}
        self._arrays = arrays
        self._usable, self._parts = (
            Usable(),
            (0, Turns([], self.frame)),
        )  # how many the paths were divided into, and the calls of these
        for name, array in arrays.items():
            self.point(name, array)

    def __call__(self, period: int = 0, periods: int = 1, /, **arrays: np.ndarray) -> None:
        """Play some periods, with these arrays in place of, or beside, those that stay."""
        for name, array in arrays.items():
            self.point(name, array)
        if config.DISABLE_JIT:
            self.interpret({**self._arrays, **arrays}, 0, self.paths, period, periods)
            return
        self.frame[PERIODS] = periods
        worth, whole = self.kernel.worth_a_thread, self.paths % WIDTH == 0 or self.paths < WIDTH
        parts = min(self.paths // WIDTH, self.paths * periods // worth)
        count = self._usable() if parts > 1 else 1
        parts = min(parts, TURNS * count) if count > 1 else 1
        if parts <= 1 and whole:  # as it mostly is
            function = self.kernel.single if self.paths < WIDTH else self.kernel.wide
            function(self._address, period)
            return
        self._turns(parts)(period, count)

    def _turns(self, parts: int) -> Turns:
        """Return the calls that together play all paths, in so many parts."""
        if self._parts[0] != parts:
            wide = -(-self.paths // WIDTH)
            bounds = pairwise([wide * k // parts * WIDTH for k in range(parts + 1)])
            calls = [each for first, last in bounds for each in self.kernel.functions(first, min(last, self.paths))]
            functions, *ends = zip(*calls, strict=True)
            self._parts = parts, Turns(functions, self.frame[:STRIDE])
            self._parts[1].frames[:, [FIRST, LAST]] = np.transpose(ends)
        return self._parts[1]

    def interpret(self, arrays: Mapping[str, np.ndarray], first: int, last: int, period: int, periods: int = 1) -> None:
        """Play some of the paths without machine code."""
        parts, kinds = dict(arrays), self.kernel.arrays
        for name, array in arrays.items():
            if kinds[name].scattered:
                continue
            if kinds[name].by == "row" or name == ORDER:
                parts[name] = array[first:last]
            elif kinds[name].by in ("path", "period", "told"):
                parts[name] = array[..., first:last]
        interpret(self.kernel.program, kinds, parts, last - first, period, periods)

    def for_one(self) -> Callable[[int], int]:
        """Return what plays a period of the only path, and returns 1 if a number is refused and nothing was played."""
        if config.DISABLE_JIT:
            return partial(interpret, self.kernel.program, self.kernel.arrays, self._arrays, 1)
        return builtin(self.kernel.single, self._address, self)

    def point(self, name: str, array: np.ndarray) -> None:
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
        self.arrays, self.periods, self.width, self.rolled = kernel.arrays, kernel.periods, width, kernel.rolled
        self.program = kernel.program
        self.used = [(number, kernel.program.operations[number]) for number in kernel.used]
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
        build, own = self.build, self.build.inttoptr(address, INT.as_pointer())
        self.first, self.last, common = (build.load(build.gep(own, [INT(k)])) for k in (FIRST, LAST, COMMON))
        frame = build.inttoptr(common, INT.as_pointer())
        given = [build.load(build.gep(frame, [INT(k)])) for k in range(HEADER + len(self.arrays))]
        self.stride, self.drawn, periods = (given[k] for k in (STRIDE, DRAWN, PERIODS))
        self.last_period = build.add(self.first_period, periods)
        self.start = {
            name: build.inttoptr(place, (SINGLE if array.single else DOUBLE).as_pointer())
            for (name, array), place in zip(self.arrays.items(), given[HEADER:], strict=True)
        }

    def _read_order(self) -> None:
        """Read where scattered numbers of the paths that are played lie."""
        if ORDER in self.arrays:
            build = self.build
            order = build.bitcast(self.start[ORDER], INT.as_pointer())
            places = (build.add(self.path, INT(path)) for path in range(self.width))
            self.order = [build.load(build.gep(order, [place])) for place in places]

    def write(self) -> None:
        """Write the function: for all paths and periods load, compute and store."""
        if self.rolled is not None:
            self._write_loops(self.rolled)
            return
        for number, (name, *given) in self.used:  # what is the same for all paths and periods
            if name == "constant":
                self.values[number] = self._every(ir.Constant(DOUBLE, float.fromhex(given[0])))
            elif name == "load" and self.arrays[given[0]].by == "nothing":
                self.values[number] = self._load(*given)
        with loop(self.build, self.first, self.last, self.width) as self.path:
            self._read_order()
            if self.periods:
                self._play_periods()
            else:
                self.period = self.first_period
                self._play({})
        self.build.ret(INT(0))

    def _write_loops(self, rolled: Rolled) -> None:
        """Write the function of a program in loops."""
        self.period = self.first_period
        with loop(self.build, self.first, self.last, self.width) as self.path:
            self._read_order()
            if self.width == 1:
                for array, kind in self.arrays.items():
                    if kind.refused:
                        with loop(self.build, INT(0), INT(kind.numbers), 1) as k:
                            self._refuse(self._load(array, k), kind.refused)
            for part in rolled.parts:
                self._repeat(part)
            for each in rolled.sums:
                self._add_up(each)
            for part in rolled.rest:
                self._repeat(part)
        self.build.ret(INT(0))

    def _repeat(self, part: Part) -> None:
        """Write a loop over what a part does with numbers at other places each time."""
        with loop(self.build, INT(0), INT(len(part.places)), 1) as time:
            places, values = [self._looked_up(column, time) for column in part.places.T], list[Any]()
            for name, *given in part.operations:
                if name == "load":
                    values.append(self._load(given[0], places[given[1]]))
                elif name == "constant":
                    values.append(self._every(ir.Constant(DOUBLE, float.fromhex(given[0]))))
                else:
                    values.append(self._result(name, *(values[operand] for operand in given)))
            for array, j, number in part.stores:
                self._store(array, places[j], values[number])

    def _looked_up(self, places: np.ndarray, time: Any) -> Any:
        """Return one of some places: by a product where they are equally far apart, and else from a table."""
        build, first, steps = self.build, int(places[0]), np.diff(places)
        if not (steps != steps[:1]).any():
            return build.add(INT(first), build.mul(time, INT(int(steps[0]) if len(steps) else 0)))
        kind = ir.ArrayType(INT, len(places))
        table = ir.GlobalVariable(build.module, kind, build.module.get_unique_name("places"))
        table.initializer, table.global_constant, table.linkage = ir.Constant(kind, places.tolist()), True, "internal"
        return build.load(build.gep(table, [INT(0), time]))

    def _add_up(self, each: Sum) -> None:
        """Write a loop over the terms of a sum."""
        start, before = self._load(TERMS, each.first), self.build.block
        with loop(self.build, INT(each.first + 1), INT(each.place), 1) as k:
            body = self.build.block
            self.build.position_after(k)
            total = self.build.phi(self.number)
            self.build.position_at_end(body)
            total.add_incoming(start, before)
            total.add_incoming(self.build.fadd(total, self._load(TERMS, k)), self.build.block)
        self._store(TERMS, each.place, total)

    def _play_periods(self) -> None:
        """Write a loop over periods: what is kept from one to the next stays in registers."""
        loaded = {place: self._load(*place) for place in self.kept}
        before = self.build.block
        with loop(self.build, self.first_period, self.last_period, 1) as self.period:
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

    def _load(self, array: str, k: Any) -> Any:
        """Load a number of the paths that are played, as 64-bit floats."""
        build, kind = self.build, self.arrays[array]
        if kind.by in ("nothing", "date"):
            return self._every(build.load(self._address(array, k)))
        if not self._apart(kind):
            value = build.load(self._address(array, k, together=True), align=4 if kind.single else 8)
        else:
            value = (self.single if kind.single else self.number)(ir.Undefined)
            for path in range(self.width):
                value = self._with(value, build.load(self._address(array, k, path)), path)
        if kind.single:
            value = build.fpext(value, self.number)
        if kind.refused and self.width == 1 and self.rolled is None:
            self._refuse(value, kind.refused)
        return value

    @staticmethod
    def _apart(kind: Array) -> bool:
        """Tell whether the same number of several paths does not lie side by side."""
        return kind.scattered or (kind.by == "row" and kind.numbers > 1)

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
        with build.if_then(is_wrong(build, value, what), likely=False):
            build.ret(INT(1))

    def _store(self, array: str, k: Any, value: Any) -> None:
        """Store a number of the paths that are played."""
        build, kind = self.build, self.arrays[array]
        if kind.single:
            value = build.fptrunc(value, self.single)
        if not self._apart(kind):
            build.store(value, self._address(array, k, together=True), align=4 if kind.single else 8)
            return
        for path in range(self.width):
            one = value if self.width == 1 else build.extract_element(value, INT(path))
            build.store(one, self._address(array, k, path))

    def _address(self, array: str, k: Any, path: int = 0, together: bool = False) -> Any:
        """Return where a number of an array is: of one of the paths that are played, or of all together."""
        build, kind, k = self.build, self.arrays[array], k if isinstance(k, ir.Value) else INT(k)
        match kind.by:
            case "nothing":
                place = k
            case "date":
                place = build.add(build.mul(self.period, INT(kind.numbers)), k)
            case "path":
                place = build.add(build.mul(k, self.stride), self._at(kind, path))
            case "period" | "told":
                row = build.add(build.mul(self.period, INT(kind.numbers)), k)
                place = build.add(
                    build.mul(row, self.drawn if kind.by == "period" else self.stride), self._at(kind, path)
                )
            case "row":
                place = build.add(build.mul(self._at(kind, path), INT(kind.numbers)), k)
        address = build.gep(self.start[array], [place])
        return (
            build.bitcast(address, (self.single if kind.single else self.number).as_pointer()) if together else address
        )

    def _at(self, kind: Array, path: int) -> Any:
        """Return at which place numbers of one of the paths that are played are."""
        return self.order[path] if kind.scattered else self.build.add(self.path, INT(path)) if path else self.path

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
