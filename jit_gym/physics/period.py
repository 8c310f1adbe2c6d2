"""One period: what an order does. Everything that is inventory in this library happens here, once."""

from __future__ import annotations

from typing import Any

from numba.extending import register_jitable

from .numbers import floor, minimum, where


@register_jitable(forceinline=True, error_model="numpy")
def period(net: Any, state: Any, order: Any, chance: Any, flows: Any) -> Any:
    """Play one period: change `state`, fill `flows`, and return `flows`.

    1. See the state at the start of the period, and what is visible of the future (whoever calls this has).
    2. Order on each lane: cut to its capacity, in its batches, nothing below its minimum.
    3. Ship: each supplier ships what it can; the rest waits there or lapses.
    4. Arrive: shipments whose lead time has passed arrive (lead time 0: this very period).
    5. Demand comes and is served; the rest waits or is lost.
    6. Pay: for orders, purchases, transit, shortage, holding and waste, on end-of-period quantities; earn revenue.
    7. Age: everything on the way is one period nearer.

    The numbers may be floats (plain or compiled) or tensors of shape (batch,). Loops run over structure alone, and
    branches on data are `where`, so the source is the same for all.

    Args:
        net: what never changes (`layout.Net`).
        state: what is where (`layout.State`), changed in place.
        order: units wanted on each lane (lanes,).
        chance: this period's row of a trace (columns.chance,).
        flows: what happens this period (`layout.Flows`), filled in place.
    """
    # 2. Order
    fixed = 0.0
    for m in range(len(net.lanes)):
        lane, flow = net.lanes[m], flows.lanes[m]
        wanted = order[m]
        if lane.batch > 0:
            wanted = floor(wanted * lane.batches + 0.5) * lane.batch
        wanted = minimum(wanted, lane.order_limit)
        flow.ordered = where(wanted < lane.least, 0.0, wanted)
        fixed = fixed + where(flow.ordered > 0, lane.fixed_cost, 0.0)

    # 3. Ship
    purchase = 0.0
    for m in range(len(net.lanes)):
        lane, at, flow = net.lanes[m], state.lanes[m], flows.lanes[m]
        wanted = at.waiting + flow.ordered
        if lane.can_fail:
            able = chance[lane.available] * (lane.capacity if lane.limited else wanted)
            if lane.whole:
                able = floor(able + 1e-9)
            shipped = minimum(wanted, able)
        else:
            shipped = minimum(wanted, lane.capacity)
        flow.shipped = shipped
        if lane.waits:
            at.waiting = wanted - shipped
        purchase = purchase + lane.unit_cost * shipped

    # 4. Arrive, and 7. Age: what is on the way moves one period nearer
    for i in range(len(net.stocks)):
        state.stocks[i].used, flows.stocks[i].wasted = 0.0, 0.0
    transit = 0.0
    for m in range(len(net.lanes)):
        lane, at, flow = net.lanes[m], state.lanes[m], flows.lanes[m]
        first, last = lane.first_slot, lane.last_slot
        if lane.varies:
            lead_time = chance[lane.lead_time]
            arrived = state.pipeline[first] + where(lead_time == 0, flow.shipped, 0.0)
            for k in range(first, last):
                later = state.pipeline[k + 1] if k + 1 < last else 0.0
                state.pipeline[k] = later + where(lead_time == k + 1 - first, flow.shipped, 0.0)
        elif first == last:
            arrived = flow.shipped
        else:
            arrived = state.pipeline[first]
            for k in range(first, last - 1):
                state.pipeline[k] = state.pipeline[k + 1]
            state.pipeline[last - 1] = flow.shipped
        flow.arrived = arrived
        at.in_transit = at.in_transit + flow.shipped - arrived
        transit = transit + lane.in_transit_cost * at.in_transit
        stock, spoilt = state.stocks[lane.to], flows.stocks[lane.to]
        full = stock.on_hand + arrived
        stock.on_hand = minimum(full, net.stocks[lane.to].storage_limit)
        spoilt.wasted = spoilt.wasted + full - stock.on_hand

    # 5. Demand
    shortage, revenue = 0.0, 0.0
    for d in range(len(net.demands)):
        demand, at, flow = net.demands[d], state.demands[d], flows.demands[d]
        flow.demanded = chance[demand.draw]
        wanted = at.backlog + flow.demanded
        served = wanted
        for k in range(demand.first_need, demand.last_need):
            need = net.needs[k]
            kits = state.stocks[need.stock].on_hand * need.kits
            if demand.whole:
                kits = floor(kits + 1e-9)
            served = minimum(served, kits)
        for k in range(demand.first_need, demand.last_need):
            need = net.needs[k]
            stock = state.stocks[need.stock]
            stock.on_hand = stock.on_hand - served * need.quantity
            stock.used = stock.used + served * need.quantity
        unmet = wanted - served
        flow.served, flow.short = served, minimum(flow.demanded, unmet)
        if demand.backlogs:
            at.backlog = unmet
        shortage = shortage + demand.shortage_cost * unmet
        revenue = revenue + demand.price * served

    # 6. Pay
    holding, waste = 0.0, 0.0
    for i in range(len(net.stocks)):
        stock, flow = net.stocks[i], flows.stocks[i]
        flow.held = state.stocks[i].on_hand
        holding = holding + stock.holding_cost * flow.held
        waste = waste + stock.waste_cost * flow.wasted
    money = flows.money[0]
    money.purchase_cost, money.fixed_cost, money.transit_cost = purchase, fixed, transit
    money.holding_cost, money.shortage_cost, money.waste_cost = holding, shortage, waste
    money.cost = purchase + fixed + transit + holding + shortage + waste
    money.revenue, money.reward = revenue, revenue - money.cost
    return flows
