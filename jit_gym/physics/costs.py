"""A period's costs by stock, lane and demand: what each of them causes of what the period paid."""

from __future__ import annotations

import numpy as np

from .layout import Layout
from .tables import COST_KINDS, Flows, State

KINDS = {
    table: tuple(kind.name for kind in COST_KINDS if kind.part == table) for table in ("stocks", "lanes", "demands")
}
"""What is told of each; over all of them a kind adds up to the period's cost of that kind."""


def by_part(layout: Layout, state: State, flows: Flows, chance: np.ndarray) -> dict[str, np.ndarray]:
    """Return the costs of the last period, `shop.holding_cost` and so on, on each path (paths,).

    Args:
        layout: the world.
        state: where the period ended.
        flows: what happened in it.
        chance: what chance had drawn for it (paths, columns).
    """
    net, lanes = layout.net, flows.lanes
    left = np.ones(lanes.shape)  # of a lane's unit cost, where it erodes
    for name, column in layout.columns.cost.items():
        left[:, layout.lanes.index(name)] = chance[:, column]
    unmet = np.where(net.demands["backlogs"] > 0, state.demands["backlog"], flows.demands["short"])
    shortage = net.demands["shortage_cost"] * unmet
    if layout.columns.last is not None:
        shortage = shortage + chance[:, [layout.columns.last]] * net.demands["terminal_cost"] * unmet
    found = {
        "stocks": (
            net.stocks["holding_cost"] * flows.stocks["held"],
            net.stocks["waste_cost"] * flows.stocks["wasted"],
        ),
        "lanes": (
            net.lanes["unit_cost"] * left * lanes["shipped"],
            net.lanes["fixed_cost"] * (lanes["ordered"] > 0),
            net.lanes["in_transit_cost"] * state.lanes["in_transit"],
        ),
        "demands": (shortage,),
    }
    return {
        f"{name}.{kind}": values[:, k]
        for table, kinds in KINDS.items()
        for kind, values in zip(kinds, found[table], strict=True)
        for k, name in enumerate(getattr(layout, table))
    }
