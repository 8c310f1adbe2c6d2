"""Policies as JSON that `plain_players.py` plays: rules as recorded programs, networks as lists of weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.symbol_arrays import SymbolArray
from ..kernels.symbols import Program, operands
from ..physics import Layout, View
from ..physics.recorded import RecordedWorld
from ..policies import PolicyError
from ..policies.base import Policy
from ..policies.trained import Network
from .plain_players import OPERATIONS


def exported_player(player: Policy, layout: Layout, own: int = 0) -> dict[str, Any]:
    """Return a policy, fitted to the world of a layout, for `plain_players.player_of`.

    Args:
        player: the policy.
        layout: the world.
        own: how many numbers the policy keeps in mind.

    Raises:
        PolicyError: for one that cannot be recorded: it branches on what it sees, looks it up in a table, or remembers
            what it saw in a network's memory.
    """
    world = RecordedWorld(layout)
    program = world.program
    world.period = SymbolArray([program.load("clock", 0)])
    orders: Any
    after: Any
    try:
        if isinstance(player, Network):
            if player.memory is not None:
                raise PolicyError(f"{player}: a network with a memory")
            count = player.action.outputs if player.action.choices is None else player.action.choices.shape[1]
            meant = SymbolArray([[program.load("meant", k) for k in range(count)]])
            orders, after = player.action.orders_for(meant, View(world)), None
        else:
            before: Any = SymbolArray([[program.load("own", k) for k in range(own)]])
            orders, after = player.act(View(world), before if own else None)
        items = orders.items if isinstance(orders, SymbolArray) else np.asarray(orders, float)
        for m, order in enumerate(np.broadcast_to(items, (1, len(layout.lanes)))[0]):
            program.store("orders", m, order)
        for k in range(own):
            program.store("own", k, after[0, k])
    except Exception as error:  # whatever a program cannot do
        raise PolicyError(f"{player}: cannot be played in a browser ({str(error) or type(error).__name__})") from None
    if unknown := {program.operations[number][0] for number in program.used()} - {"constant", "load", *OPERATIONS}:
        raise PolicyError(f"{player}: cannot be played in a browser (it needs {', '.join(sorted(unknown))})")
    network = _network(player) if isinstance(player, Network) else None
    return {"label": str(player), "program": _program(program, layout.numbers), "network": network}


def _program(program: Program, quantities: np.ndarray) -> dict[str, Any]:
    """Return a program as lists, with the world's quantities in place of what reads them."""
    used = program.used()
    places = {number: k for k, number in enumerate(used)}
    operations: list[list[Any]] = []
    for number in used:
        name, *given = program.operations[number]
        if (name, given[0]) == ("load", "net"):
            operations.append(["constant", float(quantities[given[1]]).hex()])
        elif operands(program.operations[number]):
            operations.append([name, *(places[each] for each in given)])
        else:
            operations.append([name, *given])
    stores = [[array, k, places[number]] for (array, k), number in program.stores.items()]
    return {"operations": operations, "stores": stores}


def _network(player: Network) -> dict[str, Any]:
    """Return what a network observes, its layers, and what comes out of them, as lists."""
    codec, action, layers = player.codec, player.action, player.perceptron
    span = None if action.choices is not None else [action.low, action.middle, action.high]
    return {
        "from_state": codec.from_state.tolist(),
        "from_seen": codec.from_seen.tolist(),
        "dates": codec.dates.tolist() if codec.dates.shape[1] else [],
        "shift": layers.shift.tolist(),
        "scale": layers.scale.tolist(),
        "layers": [[weight.tolist(), bias.tolist()] for weight, bias in layers.layers],
        "activation": layers.activation,
        "squash": player.squash,
        "choices": None if action.choices is None else action.choices.tolist(),
        "range": None if span is None else [np.asarray(each, float).tolist() for each in span],
    }
