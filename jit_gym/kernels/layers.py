"""Dense layers in machine code: networks that choose for many paths, as many at a time as fill the registers.

Each number is added up in one order, four inputs at a time, so that it is the same to the bit wherever it is computed.
Compilers that turn loops into vector instructions take half of a register where processors were once slower with all
of it; here vectors are written down.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from .cache import config, machine_code
from .instructions import INT, SINGLE, function_at, loop
from .memory import address_of

TILE = 64  # paths that a layer computes side by side
LANES = 16  # 32-bit numbers of a vector register
FOUR = 4  # inputs that are added at a time

VECTOR, CHOICES = ir.VectorType(SINGLE, LANES), ir.VectorType(INT, LANES)


class Chooser:
    """A network of dense layers, rectified (ReLU) but for the last, which chooses the largest of its outputs.

    Attributes:
        inputs: room for what it sees (tiles, inputs, TILE), 32-bit floats.
        chosen: what it chooses (tiles, TILE), whole numbers: the first of the largest outputs.
    """

    def __init__(self, layers: list[tuple[np.ndarray, np.ndarray]], paths: int) -> None:
        """Take the weights (outputs, inputs) and biases (outputs,) of each layer, and for how many paths it chooses."""
        self._layers = [
            (np.ascontiguousarray(weight, np.float32), np.ascontiguousarray(bias, np.float32))
            for weight, bias in layers
        ]
        tiles = -(-paths // TILE)
        self.inputs = np.zeros((tiles, layers[0][0].shape[1], TILE), np.float32)
        self.chosen = np.zeros((tiles, TILE), np.int64)
        self._between = [np.zeros((len(bias), TILE), np.float32) for _, bias in self._layers]
        arrays: list[np.ndarray] = [
            self.inputs,
            self.chosen,
            *(each for layer in self._layers for each in layer),
            *self._between,
        ]
        self._frame = np.array([address_of(each) for each in arrays], np.int64)

    def __call__(self, paths: int) -> None:
        """Choose for the first of these paths, by whole tiles."""
        tiles = -(-paths // TILE)
        if config.DISABLE_JIT:
            for tile in range(tiles):
                self.chosen[tile] = _chosen(self._layers, self.inputs[tile])
            return
        shapes = tuple(weight.shape for weight, _ in self._layers)
        _function(shapes)(address_of(self._frame), tiles)


def _chosen(layers: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray) -> np.ndarray:
    """Return the choices (TILE,) for what is seen (inputs, TILE), by NumPy: the same sums in the same order."""
    for k, (weight, bias) in enumerate(layers):
        out = np.repeat(bias[:, None], TILE, axis=1)
        whole = len(x) // FOUR * FOUR
        for i in range(0, whole, FOUR):
            some = weight[:, i, None] * x[i]
            for j in range(i + 1, i + FOUR):
                some += weight[:, j, None] * x[j]
            out += some
        for i in range(whole, len(x)):
            out += weight[:, i, None] * x[i]
        x = np.where(out < 0, np.float32(0.0), out) if k < len(layers) - 1 else out
    best = np.zeros(TILE, np.int64)
    for j in range(1, len(x)):
        best[x[j] > x[best, np.arange(TILE)]] = j
    return best


_functions: dict[tuple[tuple[int, int], ...], Any] = {}


def _function(shapes: tuple[tuple[int, int], ...]) -> Any:
    """Return the function of a frame's address and a number of tiles for layers of these shapes."""
    if shapes not in _functions:
        _functions[shapes] = function_at(
            machine_code(("layers, 1", shapes, TILE), lambda module, name: _write(module, name, shapes)), 2
        )
    return _functions[shapes]


def _write(module: ir.Module, name: str, shapes: tuple[tuple[int, int], ...]) -> None:
    function = ir.Function(module, ir.FunctionType(INT, [INT, INT]), name)
    build = ir.IRBuilder(function.append_basic_block("entry"))
    frame = build.inttoptr(function.args[0], INT.as_pointer())
    count = len(shapes)
    places = [build.load(build.gep(frame, [INT(k)])) for k in range(2 + 3 * count)]
    inputs, chosen = (
        build.inttoptr(place, kind.as_pointer()) for place, kind in zip(places, (SINGLE, INT), strict=False)
    )
    layers = [
        [build.inttoptr(place, SINGLE.as_pointer()) for place in places[k : k + 2]] for k in range(2, 2 + 2 * count, 2)
    ]
    between = [build.inttoptr(place, SINGLE.as_pointer()) for place in places[2 + 2 * count :]]
    with loop(build, INT(0), function.args[1], 1) as tile:
        x = build.gep(inputs, [build.mul(tile, INT(shapes[0][1] * TILE))])
        for k, ((outputs, width), (weight, bias), out) in enumerate(zip(shapes, layers, between, strict=True)):
            with loop(build, INT(0), INT(outputs), 1) as j:
                row = build.gep(weight, [build.mul(j, INT(width))])
                _write_sum(build, row, build.load(build.gep(bias, [j])), x, width, k < count - 1, _at(build, out, j))
            x = out
        _write_choice(build, x, shapes[-1][0], build.gep(chosen, [build.mul(tile, INT(TILE))]))
    build.ret(INT(0))


def _at(build: ir.IRBuilder, tile: Any, k: Any) -> Any:
    """Return where a row of a tile (numbers, TILE) is."""
    return build.gep(tile, [build.mul(k, INT(TILE))])


def _write_sum(build: ir.IRBuilder, row: Any, bias: Any, x: Any, width: int, rectified: bool, out: Any) -> None:
    """Write the sum of a bias and of weights times inputs, for all paths of a tile."""
    start = [_every(build, bias)] * (TILE // LANES)
    whole, before = width // FOUR * FOUR, build.block
    with loop(build, INT(0), INT(whole), FOUR) as i:
        body = build.block
        build.position_after(i)
        so_far = [build.phi(VECTOR) for _ in start]
        build.position_at_end(body)
        terms = [_terms(build, row, x, build.add(i, INT(k))) for k in range(FOUR)]
        for v, total in enumerate(so_far):
            some = terms[0][v]
            for each in terms[1:]:
                some = build.fadd(some, each[v])
            total.add_incoming(start[v], before)
            total.add_incoming(build.fadd(total, some), build.block)
    totals: list[Any] = list(so_far)
    for k in range(whole, width):
        totals = [build.fadd(total, term) for total, term in zip(totals, _terms(build, row, x, INT(k)), strict=True)]
    zero = ir.Constant(VECTOR, [0.0] * LANES)
    for v, total in enumerate(totals):
        if rectified:
            total = build.select(build.fcmp_ordered("<", total, zero), zero, total)
        build.store(total, _vector(build, out, v), align=4)


def _terms(build: ir.IRBuilder, row: Any, x: Any, i: Any) -> list[Any]:
    """Write a weight times an input, for all paths of a tile."""
    weight, seen = _every(build, build.load(build.gep(row, [i]))), _at(build, x, i)
    return [build.fmul(weight, build.load(_vector(build, seen, v), align=4)) for v in range(TILE // LANES)]


def _write_choice(build: ir.IRBuilder, x: Any, outputs: int, chosen: Any) -> None:
    """Write which of the outputs is the first of the largest, for all paths of a tile."""
    for v in range(TILE // LANES):
        first, before = build.load(_vector(build, x, v), align=4), build.block
        with loop(build, INT(1), INT(outputs), 1) as j:
            body = build.block
            build.position_after(j)
            most, best = build.phi(VECTOR), build.phi(CHOICES)
            build.position_at_end(body)
            value = build.load(_vector(build, _at(build, x, j), v), align=4)
            more = build.fcmp_ordered(">", value, most)
            this = build.shuffle_vector(
                build.insert_element(CHOICES(ir.Undefined), j, INT(0)),
                CHOICES(ir.Undefined),
                ir.Constant(ir.VectorType(ir.IntType(32), LANES), None),
            )
            most.add_incoming(first, before)
            best.add_incoming(ir.Constant(CHOICES, None), before)
            most.add_incoming(build.select(more, value, most), build.block)
            best.add_incoming(build.select(more, this, best), build.block)
        place = build.bitcast(build.gep(chosen, [INT(v * LANES)]), CHOICES.as_pointer())
        build.store(best, place, align=8)


def _vector(build: ir.IRBuilder, row: Any, v: int) -> Any:
    """Return where one of the vectors of a tile's row is."""
    return build.bitcast(build.gep(row, [INT(v * LANES)]), VECTOR.as_pointer())


def _every(build: ir.IRBuilder, value: Any) -> Any:
    """Return a number for each path of a vector."""
    one = build.insert_element(VECTOR(ir.Undefined), value, INT(0))
    return build.shuffle_vector(one, VECTOR(ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), LANES), None))
