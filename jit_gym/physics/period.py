"""One period: what an order does. Everything that is inventory in this library happens here, once."""

from __future__ import annotations

from typing import Any

from numba.extending import register_jitable

from .numbers import floor, minimum, where

CRUMB = 1e-9  # units; what rounding errors may leave


@register_jitable(forceinline=True, error_model="numpy")
def period(net: Any, state: Any, order: Any, chance: Any, flows: Any) -> Any:
    """Play one period: change `state`, fill `flows`, and return `flows`.

    1. See the state at the start of the period, and what is visible of the future (whoever calls this has).
    2. Order on each lane: cut to its capacity, in its batches, nothing below its minimum; the order travels its delay.
    3. Ship: each source ships what it holds at this moment, up to capacity and availability; what it cannot ship waits
       there or lapses. A stock that runs short shares out what it has.
    4. Arrive: shipments whose lead time has passed arrive (lead time 0: this very period).
    5. Demand comes and is served; the rest waits or is lost.
    6. Pay: for orders, purchases, transit, waiting, shortage, holding and waste, on end-of-period quantities; earn
       revenue.
    7. Age: everything on the way is one period nearer (done as the next period begins).

    With `sources_ship: after-receiving`, stocks ship after step 4: what arrives today can leave today.

    The numbers may be floats (plain or compiled) or tensors of shape (batch,). Loops run over structure alone, and
    branches on data are `where`, so the source is the same for all.

    Args:
        net: what never changes (`layout.Net`).
        state: what is where (`layout.State`), changed in place.
        order: units wanted on each lane (lanes,).
        chance: this period's row of a trace (columns.chance,).
        flows: what happens this period (`layout.Flows`), filled in place.
    """
    placing, buying, waiting = replenish(net, state, order, chance, flows)
    trade(net, state, chance, flows, placing, buying, waiting)
    return flows


@register_jitable(forceinline=True, error_model="numpy")
def replenish(net: Any, state: Any, order: Any, chance: Any, flows: Any) -> Any:
    """Play what comes before the demand: order, ship, arrive; return what placing, buying and waiting cost."""
    age(net, state, flows)
    placing = place_orders(net, state, order, flows)
    buying, waiting = ship_from_outside(net, state, chance, flows)
    if net.ships_late:
        arrive(net, state, flows)
    if net.network:
        moving, queueing = ship_from_stocks(net, state, chance, flows)
        buying, waiting = buying + moving, waiting + queueing
    if not net.ships_late:
        arrive(net, state, flows)
    return placing, buying, waiting


@register_jitable(forceinline=True, error_model="numpy")
def trade(net: Any, state: Any, chance: Any, flows: Any, placing: Any, buying: Any, waiting: Any) -> None:
    """Play the demand and what comes after it: serve, and pay for it all."""
    lacking, revenue = serve(net, state, chance, flows)
    pay(net, state, flows, placing, buying, waiting, lacking, revenue)


@register_jitable(forceinline=True, error_model="numpy")
def place_orders(net: Any, state: Any, order: Any, flows: Any) -> Any:
    """Cut what is wanted on each lane to what can be ordered, and post it; return what placing orders costs.

    An order waits at its source when it gets there.
    """
    placing = 0.0
    for m in range(len(net.lanes)):
        lane, at, flow = net.lanes[m], state.lanes[m], flows.lanes[m]
        wanted = order[m]
        if lane.batch > 0:
            wanted = floor(wanted * lane.batches + 0.5) * lane.batch
        wanted = minimum(wanted, lane.order_limit)
        flow.ordered = where(wanted < lane.least, 0.0, wanted)
        placing = placing + where(flow.ordered > 0, lane.fixed_cost, 0.0)
        if net.mail and lane.first_letter < lane.last_letter:
            read = state.pipeline[lane.first_letter]
            for k in range(lane.first_letter, lane.last_letter - 1):
                state.pipeline[k] = state.pipeline[k + 1]
            state.pipeline[lane.last_letter - 1] = flow.ordered
            at.posted = at.posted + flow.ordered - read
            at.waiting = at.waiting + read
    return placing


@register_jitable(forceinline=True, error_model="numpy")
def asked(net: Any, state: Any, flows: Any, m: int) -> Any:
    """Return the units that a lane's source is asked for: what waits there, and the order that has just been placed."""
    if net.mail and net.lanes[m].first_letter < net.lanes[m].last_letter:
        return state.lanes[m].waiting  # what was read today waits there already
    return state.lanes[m].waiting + flows.lanes[m].ordered


@register_jitable(forceinline=True, error_model="numpy")
def able(lane: Any, wanted: Any, chance: Any) -> Any:
    """Return what of the units that a lane's source is asked for its capacity and its disruptions let it ship."""
    if not lane.can_fail:
        return minimum(wanted, lane.most)
    able = chance[lane.available] * (lane.capacity if lane.limited else wanted)
    if lane.whole:
        able = floor(able + CRUMB)
    return minimum(wanted, able)


@register_jitable(forceinline=True, error_model="numpy")
def send(net: Any, state: Any, chance: Any, flows: Any, m: int, wanted: Any) -> Any:
    """Put a lane's shipment on its way, and return what is still not shipped; that goes on waiting, or lapses."""
    lane, at, flow = net.lanes[m], state.lanes[m], flows.lanes[m]
    first, last = lane.first_slot, lane.last_slot
    if lane.varies:
        lead_time = chance[lane.lead_time]
        for k in range(first, last):
            state.pipeline[k] = state.pipeline[k] + where(lead_time == k - first, flow.shipped, 0.0)
    else:
        state.pipeline[last - 1] = flow.shipped
    at.in_transit = at.in_transit + flow.shipped
    unshipped = wanted - flow.shipped
    at.waiting = unshipped if lane.waits else 0.0 * unshipped
    return unshipped


@register_jitable(forceinline=True, error_model="numpy")
def ship_from_outside(net: Any, state: Any, chance: Any, flows: Any) -> Any:
    """Ship from outside suppliers, as their capacity and their luck allow; return the cost of buying and of waiting."""
    buying, waiting = 0.0, 0.0
    for m in range(len(net.lanes)):
        lane = net.lanes[m]
        if not net.network or lane.first_use == lane.last_use:
            wanted = asked(net, state, flows, m)
            flows.lanes[m].shipped = able(lane, wanted, chance)
            waiting = waiting + lane.waiting_cost * send(net, state, chance, flows, m, wanted)
            buying = buying + lane.unit_cost * flows.lanes[m].shipped
    return buying, waiting


@register_jitable(forceinline=True, error_model="numpy")
def ship_from_stocks(net: Any, state: Any, chance: Any, flows: Any) -> Any:
    """Ship from stocks: a stock that runs short serves its lanes in their order, or each with the same share.

    A lane that uses several stocks ships as many whole kits as the scarcest allows. Of what sharing leaves over each
    lane gets a unit, where units are whole, and what is still left goes to the lanes in their order. Returns the cost
    of buying and of waiting.
    """
    buying, waiting = 0.0, 0.0
    for i in range(len(net.stocks)):
        flows.stocks[i].held = state.stocks[i].on_hand  # what there is to share, until the period's end
    for m in range(len(net.lanes)):
        lane, flow = net.lanes[m], flows.lanes[m]
        if lane.first_use < lane.last_use:
            flow.shipped = 0.0
            wanted = able(lane, asked(net, state, flows, m), chance)
            for k in range(lane.first_use, lane.last_use):
                source = flows.stocks[net.needs[k].stock]
                source.asked = source.asked + wanted * net.needs[k].quantity
    for m in range(len(net.lanes)):
        lane, flow = net.lanes[m], flows.lanes[m]
        if lane.shares:
            share = 1.0
            for k in range(lane.first_use, lane.last_use):
                source = flows.stocks[net.needs[k].stock]
                if net.stocks[net.needs[k].stock].proportional:
                    share = minimum(share, source.held / where(source.asked > CRUMB, source.asked, CRUMB))
            take(net, state, flows, m, share * able(lane, asked(net, state, flows, m), chance))
    for m in range(len(net.lanes)):
        lane, flow = net.lanes[m], flows.lanes[m]
        if lane.shares and lane.whole:  # what rounding has left over: a unit each
            rest = able(lane, asked(net, state, flows, m), chance) - flow.shipped
            take(net, state, flows, m, minimum(rest, 1.0))
    for m in range(len(net.lanes)):
        lane, flow = net.lanes[m], flows.lanes[m]
        if lane.first_use < lane.last_use:
            wanted = asked(net, state, flows, m)
            take(net, state, flows, m, able(lane, wanted, chance) - flow.shipped)
            waiting = waiting + lane.waiting_cost * send(net, state, chance, flows, m, wanted)
            buying = buying + lane.unit_cost * flow.shipped
    return buying, waiting


@register_jitable(forceinline=True, error_model="numpy")
def take(net: Any, state: Any, flows: Any, m: int, wanted: Any) -> None:
    """Take what a lane wants from the stocks it uses, as far as they last, and add it to its shipment."""
    lane = net.lanes[m]
    taken = draw(net, state, lane.first_use, lane.last_use, wanted, lane.whole)
    flows.lanes[m].shipped = flows.lanes[m].shipped + taken


@register_jitable(forceinline=True, error_model="numpy")
def draw(net: Any, state: Any, first: int, last: int, wanted: Any, whole: int) -> Any:
    """Draw kits from the stocks that some needs name, as far as the scarcest lasts, and return how many."""
    for k in range(first, last):
        wanted = minimum(wanted, state.stocks[net.needs[k].stock].on_hand * net.needs[k].kits)
    if whole:
        wanted = floor(wanted + CRUMB)
    for k in range(first, last):
        stock = state.stocks[net.needs[k].stock]
        stock.on_hand = stock.on_hand - wanted * net.needs[k].quantity
        stock.used = stock.used + wanted * net.needs[k].quantity
    return wanted


@register_jitable(forceinline=True, error_model="numpy")
def arrive(net: Any, state: Any, flows: Any) -> None:
    """Receive what has come, and waste what finds no room."""
    for m in range(len(net.lanes)):
        lane, at, flow = net.lanes[m], state.lanes[m], flows.lanes[m]
        flow.arrived = state.pipeline[lane.first_slot]
        at.in_transit = at.in_transit - flow.arrived
        stock, spoilt = state.stocks[lane.to], flows.stocks[lane.to]
        full = stock.on_hand + flow.arrived
        stock.on_hand = minimum(full, net.stocks[lane.to].storage_limit)
        spoilt.wasted = spoilt.wasted + full - stock.on_hand


@register_jitable(forceinline=True, error_model="numpy")
def serve(net: Any, state: Any, chance: Any, flows: Any) -> Any:
    """Serve each demand, in their order, with as many whole kits as there are; return the cost of the rest, and sales.

    The rest waits or is lost.
    """
    lacking, revenue = 0.0, 0.0
    for d in range(len(net.demands)):
        demand, at, flow = net.demands[d], state.demands[d], flows.demands[d]
        flow.demanded = chance[demand.draw]
        wanted = at.backlog + flow.demanded
        served = draw(net, state, demand.first_need, demand.last_need, wanted, demand.whole)
        unmet = wanted - served
        flow.served, flow.short = served, minimum(flow.demanded, unmet)
        if demand.backlogs:
            at.backlog = unmet
        lacking = lacking + demand.shortage_cost * unmet
        revenue = revenue + demand.price * served
    return lacking, revenue


@register_jitable(forceinline=True, error_model="numpy")
def pay(net: Any, state: Any, flows: Any, placing: Any, buying: Any, waiting: Any, lacking: Any, revenue: Any) -> None:
    """Pay for what is held, on the way and wasted too, and add the period's money up."""
    transit, holding, waste = 0.0, 0.0, 0.0
    for m in range(len(net.lanes)):
        transit = transit + net.lanes[m].in_transit_cost * state.lanes[m].in_transit
    for i in range(len(net.stocks)):
        stock, flow = net.stocks[i], flows.stocks[i]
        flow.held = state.stocks[i].on_hand
        holding = holding + stock.holding_cost * flow.held
        waste = waste + stock.waste_cost * flow.wasted
    money = flows.money[0]
    money.purchase_cost, money.fixed_cost, money.transit_cost, money.waiting_cost = buying, placing, transit, waiting
    money.holding_cost, money.shortage_cost, money.waste_cost = holding, lacking, waste
    money.cost = buying + placing + transit + waiting + holding + lacking + waste
    money.revenue, money.reward = revenue, revenue - money.cost


@register_jitable(forceinline=True, error_model="numpy")
def age(net: Any, state: Any, flows: Any) -> None:
    """Let a period pass since the last one: bring everything on the way one nearer, and begin to count anew."""
    for i in range(len(net.stocks)):
        state.stocks[i].used, flows.stocks[i].wasted, flows.stocks[i].asked = 0.0, 0.0, 0.0
    for m in range(len(net.lanes)):
        for k in range(net.lanes[m].first_slot, net.lanes[m].last_slot - 1):
            state.pipeline[k] = state.pipeline[k + 1]
        if net.lanes[m].varies:
            state.pipeline[net.lanes[m].last_slot - 1] = 0.0
