"""A rule, the period and what is counted of it, recorded as one program that plays many periods in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..kernels.machine_code import Kernel
from ..kernels.symbol_arrays import SymbolArray
from ..kernels.symbols import Array
from ..physics import Flows, Layout, State
from ..physics.loop import is_large
from ..physics.recorded import RecordedWorld, arrays_of, tables_of
from ..policies.base import Rule
from ..policies.recorded_rule import record_orders
from .metrics import Counter

SHIPPED = "jit_gym.policies."
"""Where the rules are whose orders depend on a view alone, and not on anything that they do beside."""

LARGEST = 60  # stocks, lanes and demands together: with rule and counter a program is three times as long

Watch = Callable[[State, Flows], "tuple[Any, ...]"]
"""What is measured of where each period ends and of its flows: numbers (paths,), and tables (paths, numbers)."""


@dataclass(frozen=True)
class RecordedPlay:
    """A program that plays a rule: its kernel, and the arrays of the rule's parameters.

    Beside those of the world its kernel has the arrays `clock` (periods, 3): the period, how many have been counted
    with it, and its discount; `totals` of a counter; `refused` (1, paths): how many orders were no quantities; and
    `watched` (periods * measures, paths).
    """

    kernel: Kernel
    parameters: Mapping[str, np.ndarray]

    def of(self, player: Any) -> RecordedPlay | None:
        """Return it with the parameters of another rule of the same kind, fitted to the same world.

        Each parameter must be as before: the same for all paths, or of each path. None where parameters are not loaded,
        but a part of the program.
        """
        numbers, _ = _parameters(player)
        loaded = bool(numbers) and numbers.keys() <= self.parameters.keys()
        return replace(self, parameters={**self.parameters, **numbers}) if loaded else None


def recorded_play(
    player: Any, layout: Layout, counts: type[Counter], watch: Watch | None, own: np.ndarray | None = None
) -> RecordedPlay | None:
    """Return the program that plays a rule, or None for a policy that can only be asked period by period.

    That is every policy that is no shipped rule, one whose table of pipelines would be too large
    (`policies.lost_pipeline`), and any in a world of more than `LARGEST` stocks, lanes and demands.

    Args:
        player: the policy, fitted.
        layout: the world.
        counts: what is counted.
        watch: what is measured, if anything.
        own: the policy's own state before the first period (paths, n), if it has one.
    """
    if not is_pure(player) or is_large(layout, LARGEST):
        return None
    for symbolic in (True, False):
        try:
            return _recorded(player, layout, counts, watch, own, symbolic)
        except Exception:  # whatever a program cannot do; played period by period, the rule raises what it raises
            continue
    return None


def recorded_count(layout: Layout, counts: type[Counter], watch: Watch | None) -> RecordedPlay | None:
    """Return the program that plays a period with given orders and counts it, or None where a world is too large.

    Its kernel has the array `orders` (paths, lanes) beside those of `RecordedPlay`. NumPy would take some forty
    operations on small arrays for what is counted of a period.
    """
    if is_large(layout, LARGEST):
        return None
    try:
        return _recorded(None, layout, counts, watch, None, symbolic=False)
    except Exception:  # something is measured that a program cannot do
        return None


def is_pure(player: Any) -> bool:
    """Tell whether a policy is a shipped rule: its orders depend on what it sees and its own state, on nothing else."""
    return isinstance(player, Rule) and type(player).__module__.startswith(SHIPPED)


def _recorded(
    player: Any, layout: Layout, counts: type[Counter], watch: Watch | None, own: np.ndarray | None, symbolic: bool
) -> RecordedPlay:
    world = RecordedWorld(layout)
    program = world.program
    arrays = arrays_of(layout) | {"clock": Array("date", 3)}
    parameters: dict[str, np.ndarray] = {}
    if symbolic:
        parameters, arrays_of_parameters = _parameters(player)
        arrays |= arrays_of_parameters
        loads = {}
        for name, value in parameters.items():
            row = [program.load(name, k) for k in range(value.shape[-1])]
            loads[name.removeprefix("parameter.")] = SymbolArray([row] if value.ndim == 2 else row)
        player = _with(player, loads)
    clock = [program.load("clock", k) for k in range(3)]
    width = None if own is None else own.shape[1]
    if player is None:
        lanes = len(layout.lanes)
        arrays["orders"] = Array("row", lanes)
        orders = [program.load("orders", m) for m in range(lanes)]
    else:
        orders = record_orders(player, world, clock[0], width)
        refused: Any = 0.0
        for order in orders:
            refused = refused + (1.0 - ((order >= 0) & (order < np.inf)) * 1.0)
        program.store("refused", 0, program.load("refused", 0) + refused)
    flows = world.play(orders)
    state, told = tables_of(world, flows)
    size = sum(counts.counted(layout).values())
    totals = SymbolArray([[program.load("totals", k) for k in range(size)]])
    counts.of(layout, totals).count(state, told, *clock[1:])
    for k, value in enumerate(totals.items[0]):
        program.store("totals", k, value)
    parts = watch(state, told) if watch is not None else ()
    measured = [number for part in parts for number in np.atleast_1d(part.items[0])]
    for k, number in enumerate(measured):
        program.store("watched", k, number)
    arrays |= {
        **{name: Array("nothing", table.size, table.dtype == np.float32) for name, table in program.tables.items()},
        "own": Array("path", width or 0),
        "refused": Array("path", 1),
        "totals": Array("path", size),
        "watched": Array("told", len(measured)),
    }
    tables = {name: table.ravel() for name, table in program.tables.items()}
    return RecordedPlay(Kernel(program, arrays, periods=True), parameters | tables)


def _with(player: Any, numbers: Mapping[str, SymbolArray]) -> Any:
    """Return a rule with symbols in the place of its parameters, and of the arrays that are derived from them."""
    if not player.derived:
        return player.having(numbers)
    player = copy(player)
    for name, value in numbers.items():
        setattr(player, name, value)
    return player


def _parameters(player: Any) -> tuple[dict[str, np.ndarray], dict[str, Array]]:
    """Return the arrays of a rule's parameters, and of what is derived from them.

    Each is the same for all paths (stocks,), or of each path (stocks, paths).
    """
    found, arrays = {}, {}
    for name in [*player.names(), *player.derived]:
        value = getattr(player, name)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            found[f"parameter.{name}"] = value
            arrays[f"parameter.{name}"] = Array("path" if value.ndim == 2 else "nothing", value.shape[-1])
    return found, arrays
