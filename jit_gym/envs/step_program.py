"""A step of an env, recorded for a kind of world: order, play one period, and show what there is then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..kernels.machine_code import Kernel
from ..kernels.symbols import Array
from ..physics.layout import Layout
from ..physics.loop import LoopKernel, play_loops
from ..physics.numbers import maximum, minimum
from ..physics.recorded import Kind, RecordedWorld, arrays_of, numbers_of, unless_long
from .action_map import units_at
from .observation import Codec
from .orders import wrong_orders


class StepKind(NamedTuple):
    """What tells the programs of steps apart: the arguments of `step_kernel`, or those of `part_step_kernel`."""

    world: Kind[Layout]
    codec: Kind[Codec]
    units: bool
    flows: bool
    rewards: bool
    columns: int | None = None


def step_kernel(layout: Layout, codec: Codec, units: bool, flows: bool, rewards: bool = False) -> Kernel | LoopKernel:
    """Return the kernel of a step of an env.

    Args:
        layout: the world.
        codec: what observations and actions mean there.
        units: whether orders come in units, and not as numbers of the action space.
        flows: whether all flows are told, and not the reward alone.
        rewards: whether the reward is told in some unit as well.
    """
    kind = StepKind(Kind(layout), Kind(codec), units, flows, rewards)
    recorded = unless_long(layout, lambda: _step_kernel(kind))
    if recorded is not None:
        return recorded
    everything, place = layout.flows(1), layout.flow_names().index("reward")

    def play(period: int, arrays: Mapping[str, np.ndarray]) -> bool:
        given, told = arrays["given"], arrays["flows"]
        if len(given) == 1 and wrong_orders(given).any():
            return True
        all_flows = told if flows else layout.flows(len(given)) if len(given) > 1 else everything
        orders = np.ascontiguousarray(given if units else codec.orders(given), float)
        play_loops(layout, period, orders, {**arrays, "flows": all_flows})
        if not flows:
            told[0] = all_flows[place]
        if rewards:
            np.divide(all_flows[place], arrays["unit"], out=arrays["rewards"][0])
        show(codec, arrays["state"], arrays["next"][period], arrays["dates"][period], arrays["shown"].T)
        return False

    return LoopKernel(play)


def part_step_kernel(layout: Layout, codec: Codec, columns: int, units: bool, flows: bool, rewards: bool) -> Kernel:
    """Return the kernel of a step of some paths of a batch whose paths are of several worlds.

    What the date shows is left as it is. Rows of chance have so many columns, of which the world may use some. States
    lie in an order of their own, world by world; where all else of a path lies, the array `order` (paths,) says.
    """
    return _step_kernel(StepKind(Kind(layout), Kind(codec), units, flows, rewards, columns))


def part_observation_kernel(layout: Layout, codec: Codec, columns: int) -> Kernel:
    """Return the kernel that shows what there is, with the arrays of `part_step_kernel`."""
    return _observation_kernel(Kind(layout), Kind(codec), columns)


def observation_kernel(layout: Layout, codec: Codec) -> Kernel | LoopKernel:
    """Return the kernel that shows what there is at the start of a period, with the arrays of `step_kernel`."""
    recorded = unless_long(layout, lambda: _observation_kernel(Kind(layout), Kind(codec), None))
    if recorded is not None:
        return recorded

    def play(period: int, arrays: Mapping[str, np.ndarray]) -> bool:
        show(codec, arrays["state"], arrays["chance"][period], arrays["dates"][period], arrays["shown"].T)
        return False

    return LoopKernel(play)


def show(codec: Codec, states: np.ndarray, rows: np.ndarray, dates: np.ndarray, out: np.ndarray) -> None:
    """Write what is shown of some states and rows of chance (numbers, paths), in one period, into `out`."""
    first = 0
    for numbers, table in ((states, codec.from_state), (rows, codec.from_seen)):
        shown = np.maximum(numbers[table["first"].astype(int)].T, 0.0) * table["scale"]
        out[:, first : first + len(table)] = np.minimum(shown, table["high"])
        first += len(table)
    out[:, first:] = dates


@lru_cache(maxsize=64)
def _step_kernel(kind: StepKind) -> Kernel:
    """Return the kernel of a step, recorded.

    Its arrays are those of the world, and `codec` (`Codec.numbers`), `given` (paths, lanes), `flows` (flows, paths) or
    the reward alone, `rewards` (1, paths) in a `unit` (1,), and what is shown: `next` is the row of chance and `dates`
    the row of dates at the period's end.
    """
    layout, codec = kind.world.of, kind.codec.of
    world = RecordedWorld(layout)
    program = world.program
    given = [program.load("given", m) for m in range(len(layout.lanes))]
    order = given if kind.units else [_order_of(program, codec, m, number) for m, number in enumerate(given)]
    flows = world.play(order)
    told = numbers_of(layout, flows) if kind.flows else [flows.money[0].reward]
    for k, value in enumerate(told):
        program.store("flows", k, value)
    if kind.rewards:
        program.store("rewards", 0, flows.money[0].reward / program.load("unit", 0))
    _show(world, codec, "next", dates=kind.columns is None)
    given_as = Array("row", len(given), refused="units") if kind.units else Array("row", len(given), True, "nan")
    arrays = _arrays(kind.world, kind.codec, kind.columns)
    scattered = kind.columns is not None
    arrays |= {
        "next": arrays["chance"],
        "given": replace(given_as, scattered=scattered),
        "flows": Array("path", layout.flows_size, scattered=scattered),
        "rewards": Array("path", 1, scattered=scattered),
        "unit": Array("nothing", 1),
    }
    return Kernel(program, arrays)


@lru_cache(maxsize=64)
def _observation_kernel(world: Kind[Layout], codec: Kind[Codec], columns: int | None) -> Kernel:
    recorded = RecordedWorld(world.of)
    _show(recorded, codec.of, "chance", dates=columns is None)
    return Kernel(recorded.program, _arrays(world, codec, columns))


def _arrays(world: Kind[Layout], codec: Kind[Codec], columns: int | None) -> dict[str, Array]:
    arrays = arrays_of(world.of) | {
        "codec": Array("nothing", len(codec.of.numbers)),
        "dates": Array("date", codec.of.dates.shape[1]),
        "shown": Array("path", len(codec.of.names), single=True),
    }
    if columns is not None:
        arrays |= {
            "chance": Array("period", columns, scattered=True),
            "shown": replace(arrays["shown"], scattered=True),
        }
    return arrays


def _order_of(program: Any, codec: Codec, m: int, action: Any) -> Any:
    """Return the units that one lane's action orders, cut to the action space; the action is not NaN."""
    use, slope, bend, limit = (program.load("codec", 4 * m + k) for k in range(4))
    if codec.raw:
        return minimum(maximum(action, 0.0), limit)
    below, above = minimum(maximum(action, -1.0), 0.0), maximum(minimum(action, 1.0), 0.0)
    return units_at(0.0, use, slope, bend, below, above)


def _show(world: RecordedWorld, codec: Codec, row: str, dates: bool) -> None:
    """Record what is shown of the state, of a row of chance and, if they are the same for all paths, of the dates."""
    program, state = world.program, world.state_numbers()
    first = 4 * len(codec.lanes)
    shown = [state[place] for place in codec.from_state["first"].tolist()]
    shown += [program.load(row, place) for place in codec.from_seen["first"].tolist()]
    for k, value in enumerate(shown):
        scale, high = (program.load("codec", first + 2 * k + j) for j in range(2))
        # Sums of fractions may end a hair below 0.
        program.store("shown", k, minimum(maximum(value, 0.0) * scale, high))
    for k in range(codec.dates.shape[1] if dates else 0):
        program.store("shown", len(shown) + k, program.load("dates", k))
