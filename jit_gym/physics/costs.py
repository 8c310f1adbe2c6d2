"""A period's costs by stock, lane, demand and warehouse: what each of them causes of what the period paid."""

from __future__ import annotations

import numpy as np

from .layout import Layout
from .tables import COST_KINDS, Flows, State

KINDS = {
    table: tuple(kind.name for kind in COST_KINDS if kind.part == table) for table in ("stocks", "lanes", "demands")
}
"""What is told of each; over all of them a kind adds up to the period's cost of that kind."""


def of_storage(layout: Layout, flows: Flows) -> tuple[np.ndarray, np.ndarray]:
    """Return what each warehouse costs in a period (paths, warehouses), and each stock's part of it (paths, stocks).

    Stocks pay by the space that they take, or equal parts where their warehouse is empty.
    """
    stocks, houses, taken = layout.net.stocks, layout.net.warehouses, flows.spaces["taken"]
    cost = houses["rent"] + houses["rate"] * np.maximum(taken - houses["space"], 0.0)
    place = stocks["warehouse"].astype(int)
    room = stocks["volume"] * flows.stocks["held"]
    among = np.bincount(place, stocks["stored"], len(houses))[place]
    empty = taken[:, place] <= 0
    parts = np.where(empty, 1.0 / np.maximum(among, 1), room / np.where(empty, 1.0, taken[:, place]))
    return cost, np.where(stocks["stored"] > 0, parts * cost[:, place], 0.0)


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
