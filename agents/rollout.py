"""Estimate by rollouts how much more each first order costs than a reference order (Temizöz et al. 2025), compiled.

For a state s, an order a and a sampled future w, a path plays a in the first period and what the network chooses in
all later ones. With c_t for its cost in period t, the path of a is compared with that of the reference order r:

    D(s, a, w) = sum over t of discount^t (c_t(s, a, w) - c_t(s, r, w))

The estimate is the mean of D over futures. Both paths have the same future (common random numbers), so that what is
common to both costs cancels. Once both are in the same state, all later terms are 0, and the path of a is played no
further.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from jit_gym.chance import Trace
from jit_gym.common.threads import share
from jit_gym.envs.observation import Codec
from jit_gym.kernels.arrays import borrowed
from jit_gym.kernels.cache import compiled
from jit_gym.physics import Layout
from jit_gym.physics.compiled import compiled_period
from jit_gym.physics.tables import Sizes, flows_of, flows_of_path, net_of, path_of, state_of
from jit_gym.policies.trained import Perceptron

ONE_OF_EACH = 1, 1, 1, 1, 0
NOTHING_ELSE = (0,) * (len(Sizes._fields) - 6)

TILE = 64  # paths that a layer computes side by side, so that its numbers fill vector registers
LEAST_STATES = 4  # that are worth a thread: each takes milliseconds
WIDTH = 512  # about as many paths are played side by side: futures times choices


@compiled
def _dense(weight: Any, bias: Any, x: Any, out: Any, rectified: int) -> None:
    """Fill `out` (outputs, TILE) with a dense layer of `x` (inputs, TILE), rectified (ReLU) or not."""
    for j in range(len(bias)):
        for b in range(TILE):
            out[j, b] = bias[j]
        for i in range(0, len(x) - 3, 4):  # four at a time: `out` is loaded and stored less often
            w, y, u, v = weight[j, i], weight[j, i + 1], weight[j, i + 2], weight[j, i + 3]
            for b in range(TILE):
                out[j, b] += w * x[i, b] + y * x[i + 1, b] + u * x[i + 2, b] + v * x[i + 3, b]
        for i in range(len(x) // 4 * 4, len(x)):
            w = weight[j, i]
            for b in range(TILE):
                out[j, b] += w * x[i, b]
        if rectified:
            for b in range(TILE):
                out[j, b] = max(out[j, b], np.float32(0.0))


@register_jitable
def _choose(net: Any, shown: Any, memory: Any, clock: float, first: int, paths: int, work: Any, chosen: Any) -> None:
    """Fill `chosen` with the network's choice on `paths` paths from `first` on, TILE at most; `work` are buffers."""
    shift, scale, w0, b0, w1, b1, w2, b2 = net
    seen, x, h0, h1, out = work
    for b in range(paths):
        for k in range(len(shown)):  # as `envs.step_program` shows them: sums of fractions may end a hair below 0
            at = shown[k]
            seen[k] = min(max(memory[first + b, at.first], 0.0) * at.scale, at.high)
        if len(seen) > len(shown):
            seen[-1] = clock
        for i in range(len(seen)):
            x[i, b] = (seen[i] - shift[i]) * scale[i]
    _dense(w0, b0, x, h0, 1)
    _dense(w1, b1, h0, h1, 1)
    _dense(w2, b2, h1, out, 0)
    for b in range(paths):
        best = 0
        for j in range(1, len(b2)):
            if out[j, b] > out[best, b]:
                best = j
        chosen[first + b] = best


@register_jitable
def _copy_row(table: Any, origin: int, place: int) -> None:
    if place != origin:
        for k in range(table.shape[1]):
            table[place, k] = table[origin, k]


@register_jitable
def _rows_equal(table: Any, a: int, b: int) -> bool:
    same = True
    for k in range(table.shape[1]):
        same = same and table[a, k] == table[b, k]
    return same


@register_jitable(forceinline=True)
def _compare_choices(
    program: Any,
    sizes: Any,
    clocks: Any,
    references: Any,
    alive: Any,
    states: Any,
    rows: Any,
    span: Any,
    net: Any,
    some_states: Any,
    more: Any,
) -> None:
    """Add how much more each choice costs than the reference, and that squared, over futures (2, states, choices).

    That is done in `more`, for the states `some_states[0]` to `some_states[1]`; no other is looked at.

    The futures `span[0]` to `span[1]` of state s are the paths s * span[2] + those of `rows`; `span[3]` is how many
    periods they last at most, `span[4]` the horizon of a world that ends, or 0. The paths of a future lie one after
    another, the reference first; those that are still played are moved to the front after each period.
    """
    numbers, shown, choices, discount, flows_size = program
    first_future, last_future, futures, depth, horizon = span
    b0, b1, b2 = net[3], net[5], net[7]
    world = net_of(numbers, sizes)
    some = max(1, WIDTH // len(choices))  # futures that are played side by side
    memory, flows = np.empty((some * (len(choices) + 1), states.shape[1])), np.zeros(flows_size)
    flow = flows_of_path(flows_of(flows, sizes, 1), 0)
    seen, single = np.zeros(len(net[0]), np.float32), np.float32
    work = (
        seen,
        np.zeros((len(seen), TILE), single),
        np.empty((len(b0), TILE), single),
        np.empty((len(b1), TILE), single),
        np.empty((len(b2), TILE), single),
    )
    chosen, future, origin = np.empty((3, len(memory) + TILE), np.int64)
    cost = np.empty(len(memory))
    each = np.empty((some, len(choices)))
    lent, draws = borrowed(memory), borrowed(rows)
    for s in range(some_states[0], some_states[1]):
        periods = min(depth, horizon - clocks[s]) if horizon > 0 else depth
        for begin in range(first_future, last_future, some):
            paths = 0
            for f in range(begin, min(begin + some, last_future)):
                for j in range(-1, len(choices)):  # the reference comes first
                    if j == -1 or (alive[s, j] and j != references[s]):
                        memory[paths] = states[s]
                        chosen[paths] = references[s] if j == -1 else j
                        future[paths], origin[paths] = s * futures + f, j
                        paths += 1
            worth, t = 1.0, 0
            each[:] = 0.0
            while t < periods and paths > 0:
                if t > 0:
                    passed = (clocks[s] + t) / horizon if horizon > 0 else 0.0
                    for first in range(0, paths, TILE):
                        _choose(net, shown, lent, passed, first, min(TILE, paths - first), work, chosen)
                for b in range(paths):
                    state = path_of(state_of(lent[b], sizes, 1), 0)
                    compiled_period(world, state, choices[chosen[b]], draws[t, future[b]], flow)
                    cost[b] = -flow.money[0].reward
                kept, reference, b = 0, 0, 0
                while b < paths:
                    reference, place = b, kept
                    _copy_row(lent, reference, place)
                    future[place], origin[place] = future[reference], -1
                    kept += 1
                    b += 1
                    while b < paths and origin[b] >= 0:
                        each[future[b] - s * futures - begin, origin[b]] += worth * (cost[b] - cost[reference])
                        if not _rows_equal(lent, b, place):
                            _copy_row(lent, b, kept)
                            future[kept], origin[kept] = future[b], origin[b]
                            kept += 1
                        b += 1
                    if kept == place + 1:  # no path differs from the reference any more
                        kept = place
                paths = kept
                worth *= discount
                t += 1
            for j in range(len(choices)):
                for f in range(some):
                    more[0, s, j] += each[f, j]
                    more[1, s, j] += each[f, j] ** 2


@compiled
def _compare(program: Any, sizes: Any, *rest: Any) -> None:
    """Compare choices in any world; the arguments are those of `_compare_choices`."""
    _compare_choices(program, sizes, *rest)


@compiled
def _compare_in_one(program: Any, sizes: Any, *rest: Any) -> None:
    """Compare choices in a world of one stock, lane and demand, whose loops of one turn are known to the compiler."""
    _compare_choices(program, Sizes(*ONE_OF_EACH, sizes.slots, *NOTHING_ELSE), *rest)


class Rollouts:
    """Compares first orders in a scenario, after which a network orders."""

    def __init__(self, layout: Layout, choices: np.ndarray) -> None:
        """Prepare a scenario's tables; `choices` (n, lanes) are the orders that can be chosen."""
        self.layout = layout
        self.scenario = layout.scenario
        self.codec = Codec(layout)
        self.choices = np.ascontiguousarray(choices, float)
        self.sizes = layout.sizes

    def compare(
        self,
        perceptron: Perceptron,
        states: np.ndarray,
        clocks: np.ndarray,
        references: np.ndarray,
        alive: np.ndarray,
        trace: Trace,
        between: tuple[int, int],
    ) -> np.ndarray:
        """Return how much more each choice costs than a reference, over some futures (2, states, choices).

        The first table is the sum, the second that of the squares.

        Args:
            perceptron: two hidden layers of rectified units; it chooses from the second period on.
            states: (states, numbers), each as one path's vector.
            clocks: the period in which each state was found (states,).
            references: a choice for each state (states,).
            alive: which choices are tried (states, choices).
            trace: the futures of the states one after another, as many for each.
            between: the first future of each state that is played, and the first that is not any more.
        """
        assert perceptron.activation == "relu"
        assert len(perceptron.layers) == 3
        horizon = self.scenario.horizon.periods if self.scenario.horizon.ends else 0
        discount = float(self.scenario.objective.discount)
        program = self.layout.numbers, self.codec.from_state, self.choices, discount, self.layout.flows_size
        net = (perceptron.shift, perceptron.scale, *(array for layer in perceptron.layers for array in layer))
        net = tuple(np.ascontiguousarray(array, np.float32) for array in net)
        span = (*between, trace.paths // len(states), trace.periods, horizon)
        simple = self.sizes[:5] == ONE_OF_EACH and self.sizes[6:] == NOTHING_ELSE
        compare, more = _compare_in_one if simple else _compare, np.zeros((2, *alive.shape))
        world = program, self.sizes, clocks, references, alive, states, trace.rows, span, net
        share(lambda part: compare(*world, (part.start, part.stop), more), len(states), LEAST_STATES)
        return more
