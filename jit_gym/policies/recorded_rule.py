"""A rule as a recorded program: what it orders, as operations that machine code, NumPy and torch do alike.

A rule is written once, for arrays. Called with arrays of symbols (`kernels/symbol_arrays.py`) it leaves a program
behind, if it branches on nothing that it sees. `evaluation.compiled_play` compiles that with the period;
`RecordedRule` plays it on tensors, so that an agent can learn to correct it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.checks import one_line
from ..kernels.symbol_arrays import SymbolArray
from ..kernels.symbols import Place, Program
from ..physics import Layout, View
from ..physics.recorded import RecordedWorld
from .base import PolicyError, Rule

if TYPE_CHECKING:
    import torch

    from ..physics.gradient import TensorSimulation


def record_orders(rule: Any, world: RecordedWorld, period: Any, own: int | None) -> list[Any]:
    """Record what a rule orders in a world, and its own state for the next period; return the orders (lanes,).

    Args:
        rule: a rule, fitted, whose orders depend on what it sees and on its own state alone.
        world: is recorded, in the state that the rule sees.
        period: the number of the period, a symbol.
        own: how many numbers its own state has, which its program loads from `own` and stores there; None without one.
    """
    program, width = world.program, own or 0
    world.period = SymbolArray([period])
    before = SymbolArray([[program.load("own", k) for k in range(width)]])
    given, after = rule.act(View(world), None if own is None else before)
    for k in range(width):
        program.store("own", k, after[0, k])
    orders: np.ndarray = np.broadcast_to(
        given.items if isinstance(given, SymbolArray) else given, (1, len(world.layout.lanes))
    )
    return list(orders[0])


def record_rule(rule: Any, layout: Layout) -> tuple[Program, Program]:
    """Return two programs of a rule that is fitted to a world: its own state at first, and what it does in a period.

    Both load `state` and `chance` as a program of the world does (`physics.recorded`). The first stores `own`, if the
    rule has a state of its own. The second loads `clock`, the number of the period, and `own`, and stores `own` and
    `orders` (lanes,).

    Raises:
        PolicyError: for what is no rule, or does what no program can: branches on a number, or sorts.
    """
    name = getattr(rule, "name", None) or getattr(rule, "__name__", str(rule))
    if not isinstance(rule, Rule):
        raise PolicyError(f"{name}: is no rule, and cannot be recorded as one (base-stock can)")
    first, world = RecordedWorld(layout), RecordedWorld(layout)
    try:
        own = rule.begin(View(first))
        width = None
        if own is not None:
            width = own.shape[1]
            for k in range(width):
                first.program.store("own", k, own[0, k])
        for m, order in enumerate(record_orders(rule, world, world.program.load("clock", 0), width)):
            world.program.store("orders", m, order)
    except Exception as error:  # whatever a rule of somebody's own does with symbols
        reason = one_line(error) or type(error).__name__
        raise PolicyError(f"{name}: cannot be recorded: {reason} (base-stock can)") from None
    return first.program, world.program


class RecordedRule:
    """A rule recorded for one world, to be asked on tensors."""

    def __init__(self, rule: Any, layout: Layout, device: str = "cpu") -> None:
        """Record a rule that is fitted to the scenario of the layout.

        Raises:
            PolicyError: for what is no rule, or does what no program can: branches on a number, sorts, calls others.
        """
        from ..physics.tensor_program import TensorProgram

        first, act = record_rule(rule, layout)
        self._width = sum(name == "own" for name, _ in first.stores)
        self._lanes = len(layout.lanes)
        self._begin, self._act = (TensorProgram(program, device) for program in (first, act))

    def act(self, world: TensorSimulation, own: list[torch.Tensor] | None) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return orders in units (paths, lanes), and the rule's own state for the next period.

        Args:
            world: at the start of a period.
            own: what was returned in the last period; None in the first one.
        """
        import torch

        given = {
            "state": world.state_numbers(),
            "chance": world.rows_of_chance(),
            "net": [],
            "clock": [float(world.period)],
        }
        if own is None:
            own = self._own(self._begin(given))
        found = self._act(given | {"own": own})
        kind = world.like["dtype"]
        orders = [found["orders", m].to(kind).expand(world.paths) for m in range(self._lanes)]
        return torch.stack(orders, dim=-1), self._own(found)

    def _own(self, found: Mapping[Place, torch.Tensor]) -> list[torch.Tensor]:
        return [found["own", k] for k in range(self._width)]
