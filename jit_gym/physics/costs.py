"""A period's money by stock, lane, demand and warehouse: what each causes of what the period paid and earned."""

from __future__ import annotations

from typing import NamedTuple

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
    found = {
        "stocks": (
            net.stocks["holding_cost"] * flows.stocks["held"],
            net.stocks["waste_cost"] * flows.stocks["wasted"],
        ),
        "lanes": (
            _bought(layout, flows, chance),
            net.lanes["fixed_cost"] * (lanes["ordered"] > 0),
            net.lanes["in_transit_cost"] * state.lanes["in_transit"],
        ),
        "demands": (_shortage(layout, state, flows, chance),),
    }
    return {
        f"{name}.{kind}": values[:, k]
        for table, kinds in KINDS.items()
        for kind, values in zip(kinds, found[table], strict=True)
        for k, name in enumerate(getattr(layout, table))
    }


def _bought(layout: Layout, flows: Flows, chance: np.ndarray) -> np.ndarray:
    """Return what the shipments of each lane cost to buy (paths, lanes)."""
    left = np.ones(flows.lanes.shape)  # of a lane's unit cost, where it erodes
    for name, column in layout.columns.cost.items():
        left[:, layout.lanes.index(name)] = chance[:, column]
    return layout.net.lanes["unit_cost"] * left * flows.lanes["shipped"]


def _shortage(layout: Layout, state: State, flows: Flows, chance: np.ndarray) -> np.ndarray:
    """Return what the shortages of each demand cost (paths, demands)."""
    demands = layout.net.demands
    unmet = np.where(demands["backlogs"] > 0, state.demands["backlog"], flows.demands["short"])
    shortage = demands["shortage_cost"] * unmet
    if layout.columns.last is not None:
        shortage = shortage + chance[:, [layout.columns.last]] * demands["terminal_cost"] * unmet
    return shortage


class Earned(NamedTuple):
    """What stocks and lanes earned in a period, less what they cost: all of it together is the period's reward."""

    stocks: np.ndarray
    """(paths, stocks)"""
    lanes: np.ndarray
    """(paths, lanes)"""


def earned(layout: Layout, state: State, flows: Flows, chance: np.ndarray, read: np.ndarray) -> Earned:
    """Return the reward of the last period by stock and lane; they add up to the period's reward, but for rounding.

    A lane pays for its orders, units, transit, rejects and losses on the way, and for the vehicles of its route by
    what it loads. A stock pays for what it holds, wastes, loses and stores, and earns what is salvaged of it; what is
    sold of it and what is short belongs to it, in equal parts where a demand draws on several. Who waits on a lane
    waits for its source: the stocks that the lane takes from pay for that, or the lane itself where its source is
    outside. A warehouse that holds nothing of any stock is paid by all stocks alike.

    Args:
        layout: the world.
        state: where the period ended.
        flows: what happened in it.
        chance: what chance had drawn for it (paths, columns).
        read: what the sources read of orders in transmission in it (paths, lanes), from `orders_read` before it.
    """
    net, sizes = layout.net, layout.sizes
    lanes = -_bought(layout, flows, chance) - net.lanes["fixed_cost"] * (flows.lanes["ordered"] > 0)
    lanes -= net.lanes["in_transit_cost"] * state.lanes["in_transit"]
    stocks = -net.stocks["holding_cost"] * flows.stocks["held"] - net.stocks["waste_cost"] * flows.stocks["wasted"]
    left = np.ones(flows.demands.shape)  # of a demand's price, where it erodes
    for name, column in layout.columns.price.items():
        left[:, layout.demands.index(name)] = chance[:, column]
    sold = net.demands["price"] * left * flows.demands["served"]
    stocks += (sold - _shortage(layout, state, flows, chance)) @ _equal_parts(layout.needs)
    if not sizes.charges:
        return Earned(stocks, lanes)
    waiting = net.lanes["waiting_cost"] * _unshipped(layout, state, flows, read)
    outside = ~layout.uses.any(axis=1)
    lanes -= waiting * outside
    stocks -= waiting @ _equal_parts(layout.uses)
    if sizes.rejects:
        lanes -= net.lanes["reject_cost"] * flows.rejects["rejected"]
    if sizes.losses:
        stocks -= net.stocks["loss_cost"] * (flows.losses["shrunk"] + flows.losses["lost_on_the_shelf"])
    if sizes.strikes:
        lanes -= flows.wrecks["lost_on_the_way"] * (layout.into @ net.stocks["loss_cost"])
    if sizes.warehouses:
        cost, parts = of_storage(layout, flows)
        stocks -= parts + (cost.sum(axis=1) - parts.sum(axis=1))[:, None] / len(layout.stocks)
    if sizes.vehicles:
        lanes -= _of_vehicles(layout, flows)
    return Earned(stocks + _salvaged(layout, state, flows, chance), lanes)


def orders_read(layout: Layout, state: State) -> np.ndarray:
    """Return what the sources of lanes with an order delay will read in the coming period (paths, lanes), else 0."""
    read = np.zeros(state.lanes.shape)
    for m, places in layout.in_transmission.items():
        read[:, m] = state.pipeline[:, places.start]
    return read


def _equal_parts(kits: np.ndarray) -> np.ndarray:
    """Return the part of each stock in a kit's money (kits, stocks): equal ones; all 0 for a kit of nothing."""
    draws = kits > 0
    return draws / np.maximum(draws.sum(axis=1, keepdims=True), 1)


def _unshipped(layout: Layout, state: State, flows: Flows, read: np.ndarray) -> np.ndarray:
    """Return what sources were asked for and did not ship (paths, lanes), whether it waits or lapses."""
    delayed = np.isin(np.arange(len(layout.lanes)), list(layout.in_transmission))
    lapsed = np.where(delayed, read, flows.lanes["ordered"]) - flows.lanes["shipped"]
    return np.where(layout.net.lanes["keeps_unshipped"] > 0, state.lanes["waiting"], lapsed)


def _of_vehicles(layout: Layout, flows: Flows) -> np.ndarray:
    """Return what each lane pays of the vehicles of its route (paths, lanes), by what it loads of them."""
    net, route = layout.net, layout.net.lanes["route"].astype(int)
    cost, loaded = net.routes["vehicle_cost"] * flows.routes["vehicles"], flows.routes["loaded"]
    shipped = np.where(net.lanes["drives"] > 0, flows.lanes["shipped"], 0.0)
    return cost[:, route] * shipped / np.where(loaded > 0, loaded, 1.0)[:, route]


def _salvaged(layout: Layout, state: State, flows: Flows, chance: np.ndarray) -> np.ndarray:
    """Return what is earned by scrapping what is obsolete, and what is left at the end is worth (paths, stocks)."""
    stocks, worth = layout.net.stocks, np.zeros(flows.stocks.shape)
    if not (layout.sizes.ages or layout.sizes.worth):
        return worth
    worth += stocks["scrap_value"] * (stocks["obsolesces"] > 0) * flows.goods["scrapped"]
    if layout.columns.last is not None:
        there = state.stocks["on_hand"] + state.lanes["in_transit"] @ layout.into
        worth += chance[:, [layout.columns.last]] * stocks["terminal_value"] * (stocks["keeps_value"] > 0) * there
    return worth
