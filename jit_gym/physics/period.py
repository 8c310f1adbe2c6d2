"""One period: what an order does. Everything that is inventory in this library happens here, once."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import TYPE_CHECKING, Any

from .numbers import floor, minimum, where

if TYPE_CHECKING:
    from .tables import FlowRows, LaneRow, NetRows, StateRows

APART, TOGETHER, FROM_STOCKS = 0, 1, 2  # how a lane ships: alone, with others from outside, or from stocks
A_SHARE, A_UNIT, THE_REST = 0, 1, 2  # what lanes that share get, one turn after the other
ROUNDING_TOLERANCE = 1e-9  # units


def period(net: NetRows, state: StateRows, order: Sequence[Any], chance: Sequence[Any], flows: FlowRows) -> Any:
    """Play one period: change `state`, fill `flows`, and return `flows`.

    1. See the state at the start of the period, and what is visible of the future.
    2. Order on each lane: cut to its capacity, in its batches, nothing below its minimum; the order travels its delay.
       Then disruptions that begin destroy a share of what is on the shelf and on the way.
    3. Ship: each source ships what it holds at this moment, up to capacity and availability; what it cannot ship waits
       there or lapses. A stock that runs short shares out what it has, and so does a supplier or a route whose lanes
       share a capacity. Shipments on a route share its vehicles, which may have to be full.
    4. Arrive: shipments whose lead time has passed arrive (lead time 0: this very period); defects are rejected, what
       finds no room is wasted.
    5. Demand comes and is served, the oldest units first or the newest; the rest waits or is lost. What has reached
       the end of its shelf life is wasted, a share of the rest is stolen or damaged, what is obsolete is scrapped.
    6. Pay: for orders, purchases, vehicles, transit, waiting, shortage, holding, space, waste, rejects and losses, on
       end-of-period quantities; earn revenue. In the last period what is left has a value, and what still waits a
       cost. Bills and sales with payment terms move cash later.
    7. Age: everything on the way is one period nearer (done as the next period begins).

    With `sources_ship: after-receiving`, stocks ship after step 4: what arrives today can leave today.

    The numbers may be floats (plain or compiled) or tensors of shape (batch,). Loops run over structure alone, and
    branches on data are `where`, so the source is the same for all. What only some worlds need is asked for in
    `net.has`, so that the others do not pay for it.

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


def replenish(net: NetRows, state: StateRows, order: Sequence[Any], chance: Sequence[Any], flows: FlowRows) -> Any:
    """Play what comes before the demand: order, ship, arrive; return what placing, buying and waiting cost."""
    age(net, state, chance, flows)
    placing = place_orders(net, state, order, chance, flows)
    if net.has.strikes:
        strike(net, state, chance, flows)
    buying, waiting = ship_from_outside(net, state, chance, flows)
    if net.has.resources:
        open_resources(net, state, chance, flows)
    if net.has.resources or net.has.full_loads:
        moving, queueing = ship_together(net, state, chance, flows, TOGETHER)
        buying, waiting = buying + moving, waiting + queueing
    if net.has.ships_late:
        arrive(net, state, chance, flows)
    if net.has.network:
        moving, queueing = ship_together(net, state, chance, flows, FROM_STOCKS)
        buying, waiting = buying + moving, waiting + queueing
    if not net.has.ships_late:
        arrive(net, state, chance, flows)
    if net.has.vehicles:
        load_vehicles(net, flows)
    return placing, buying, waiting


def trade(
    net: NetRows, state: StateRows, chance: Sequence[Any], flows: FlowRows, placing: Any, buying: Any, waiting: Any
) -> None:
    """Play the demand and what comes after it: serve, throw away what is past its time, and pay for it all."""
    lacking, revenue = serve(net, state, chance, flows)
    saved = 0.0
    if net.has.ages or net.has.worth:
        expire(net, state, flows)
    if net.has.losses:
        shrink(net, state, chance, flows)
    if net.has.ages or net.has.worth:
        saved = salvage(net, state, chance, flows)
    pay(net, state, flows, placing, buying, waiting, lacking, revenue, saved)
    if net.has.credit:
        settle(net, state, chance, flows)
    if net.has.reports:
        report(net, state, flows)


# 2. Order.


def place_orders(net: NetRows, state: StateRows, order: Sequence[Any], chance: Sequence[Any], flows: FlowRows) -> Any:
    """Cut what is wanted on each lane to what can be ordered, and send it off; return what placing orders costs.

    An order waits at its source when it gets there.
    """
    placing = 0.0
    for m in range(len(net.lanes)):
        lane, at, flow = net.lanes[m], state.lanes[m], flows.lanes[m]
        wanted = order[m]
        if lane.batched:
            wanted = floor(wanted * lane.batches + 0.5) * lane.batch
        wanted = minimum(wanted, lane.order_limit)
        if net.has.troubles and lane.can_refuse:
            wanted = minimum(wanted, chance[lane.ordering] * (lane.order_limit if lane.limited else wanted))
            if lane.batched:
                wanted = floor(wanted * lane.batches + ROUNDING_TOLERANCE) * lane.batch
        flow.ordered = where(wanted < lane.least, 0.0, wanted)
        placing = placing + where(flow.ordered > 0, lane.fixed_cost, 0.0)
        if net.has.transmits and lane.first_transmitted < lane.last_transmitted:
            first, last = lane.first_transmitted, lane.last_transmitted
            at.waiting = at.waiting + shift_queue(state.pipeline, first, last, flow.ordered)
    return placing


def strike(net: NetRows, state: StateRows, chance: Sequence[Any], flows: FlowRows) -> None:
    """Destroy a share of what is on the shelf and on the way, where a disruption strikes."""
    for i in range(len(net.stocks)):
        stock, loss = net.stocks[i], flows.losses[i]
        loss.lost_on_the_shelf = 0.0 * state.stocks[i].on_hand
        if stock.struck:
            loss.lost_on_the_shelf = lose_from_shelf(
                net, state, i, chance[stock.destroyed], chance[stock.destroyed_rounding]
            )
    for m in range(len(net.lanes)):
        lane, at, wreck = net.lanes[m], state.lanes[m], flows.wrecks[m]
        wreck.lost_on_the_way = 0.0 * at.in_transit
        if lane.struck:
            share, up = chance[lane.destroyed], chance[lane.destroyed_rounding]
            wreck.lost_on_the_way = lose_from_queue(
                state.pipeline, lane.first_slot, lane.last_slot, lane.whole, share, up
            )
            at.in_transit = subtract_clipped(at.in_transit, wreck.lost_on_the_way)
            if lane.first_report < lane.last_report:  # it is known at once, as shipments are
                told = state.pipeline[lane.first_report]
                state.pipeline[lane.first_report] = subtract_clipped(told, wreck.lost_on_the_way)


# 3. Ship.


def asked(net: NetRows, state: StateRows, flows: FlowRows, m: int) -> Any:
    """Return the units that a lane's source is asked for: what waits there, and the order that has just been placed."""
    if net.has.transmits and net.lanes[m].first_transmitted < net.lanes[m].last_transmitted:
        return state.lanes[m].waiting  # what was read today waits there already
    return state.lanes[m].waiting + flows.lanes[m].ordered


def able(net: NetRows, m: int, wanted: Any, chance: Sequence[Any]) -> Any:
    """Return what of the units asked for a lane's capacity, its disruptions and its supplier let it ship."""
    lane = net.lanes[m]
    if not lane.can_fail:
        can = minimum(wanted, lane.most)
    else:
        can = minimum(wanted, portion(lane.whole, chance[lane.available], lane.capacity if lane.limited else wanted))
    if net.has.troubles and lane.can_fall_short:
        can = portion(lane.whole, chance[lane.filled], can)
    return can


def ship_from_outside(net: NetRows, state: StateRows, chance: Sequence[Any], flows: FlowRows) -> Any:
    """Ship on lanes that share nothing, as capacity and disruptions allow; return the cost of buying and of waiting."""
    buying, waiting = 0.0, 0.0
    for m in range(len(net.lanes)):
        lane = net.lanes[m]
        if not net.has.together or lane.ships == APART:
            wanted = asked(net, state, flows, m)
            shipped = able(net, m, wanted, chance)
            flows.lanes[m].shipped = shipped
            unshipped = send(net, state, chance, flows, m, wanted)
            buying = buying + bill(net, chance, m, shipped)
            if net.has.charges:
                waiting = waiting + lane.waiting_cost * unshipped
    return buying, waiting


def open_resources(net: NetRows, state: StateRows, chance: Sequence[Any], flows: FlowRows) -> None:
    """Find what of each capacity that lanes share there is in this period, and what all its lanes could ship."""
    for r in range(len(net.resources)):
        resource, flow = net.resources[r], flows.resources[r]
        flow.wanted, flow.there = 0.0, resource.capacity
        if resource.can_fail:
            flow.there = chance[resource.available] * resource.capacity
        flow.there = portion(resource.whole, 1.0, flow.there)
        if resource.can_fall_short:
            flow.there = portion(resource.whole, chance[resource.filled], flow.there)
        flow.left = flow.there
    for m in range(len(net.lanes)):
        lane = net.lanes[m]
        if lane.first_resource_use < lane.last_resource_use:
            wanted = able(net, m, asked(net, state, flows, m), chance)
            for k in range(lane.first_resource_use, lane.last_resource_use):
                flow = flows.resources[net.resource_uses[k].resource]
                flow.wanted = flow.wanted + wanted


def ship_together(net: NetRows, state: StateRows, chance: Sequence[Any], flows: FlowRows, kind: int) -> Any:
    """Ship on the lanes of a kind, from outside or from stocks, that share what may run short: a capacity, or a stock.

    What runs short serves its lanes in their order, or each with the same share of what it could ship. A lane that uses
    several stocks ships as many whole kits as the scarcest allows. Of what sharing leaves over each lane gets a unit,
    where units are whole, and what is still left goes to the lanes in their order. What would set off in a vehicle that
    must be full and is not stays behind. Returns the cost of buying and of waiting.
    """
    buying, waiting = 0.0, 0.0
    if kind == FROM_STOCKS:
        for i in range(len(net.stocks)):
            flows.stocks[i].held = state.stocks[i].on_hand  # what there is to share, until the period's end
            flows.sources[i].asked = 0.0
    for m in range(len(net.lanes)):
        lane, flow = net.lanes[m], flows.lanes[m]
        if lane.ships == kind:
            flow.shipped = 0.0
            wanted = able(net, m, asked(net, state, flows, m), chance)
            for k in range(lane.first_use, lane.last_use):
                source = flows.sources[net.needs[k].stock]
                source.asked = source.asked + wanted * net.needs[k].quantity
    for turn in range(A_SHARE, THE_REST + 1):
        for m in range(len(net.lanes)):
            lane, flow = net.lanes[m], flows.lanes[m]
            if lane.ships != kind or (turn < THE_REST and not lane.shares) or (turn == A_UNIT and not lane.whole):
                continue
            can = able(net, m, asked(net, state, flows, m), chance)
            wanted = can - flow.shipped
            if turn == A_SHARE:
                wanted = share_of(net, flows, m) * can
            elif turn == A_UNIT:
                wanted = minimum(wanted, 1.0)
            take(net, state, flows, m, wanted)
            if lane.shares:  # a share and the rest of it may add up to more, by a rounding error
                flow.shipped = minimum(flow.shipped, can)
    if net.has.full_loads:
        leave_behind(net, state, flows, kind)
    for m in range(len(net.lanes)):
        lane, flow = net.lanes[m], flows.lanes[m]
        if lane.ships == kind:
            wanted = asked(net, state, flows, m)
            if net.has.ages:
                issue_kits(net, state, lane.first_use, lane.last_use, flow.shipped)
            waiting = waiting + lane.waiting_cost * send(net, state, chance, flows, m, wanted)
            buying = buying + bill(net, chance, m, flow.shipped)
    return buying, waiting


def share_of(net: NetRows, flows: FlowRows, m: int) -> Any:
    """Return the share of what a lane could ship that the scarcest of what it shares proportionally allows."""
    lane, share = net.lanes[m], 1.0
    for k in range(lane.first_use, lane.last_use):
        source = net.needs[k].stock
        if net.stocks[source].proportional:
            share = minimum(share, ratio(flows.stocks[source].held, flows.sources[source].asked))
    for k in range(lane.first_resource_use, lane.last_resource_use):
        r = net.resource_uses[k].resource
        if net.resources[r].proportional:
            share = minimum(share, ratio(flows.resources[r].there, flows.resources[r].wanted))
    return share


def take(net: NetRows, state: StateRows, flows: FlowRows, m: int, wanted: Any) -> None:
    """Take what a lane wants of stocks and shared capacities, as far as they last, and add it to its shipment."""
    lane = net.lanes[m]
    if net.has.resources:
        for k in range(lane.first_resource_use, lane.last_resource_use):
            wanted = minimum(wanted, flows.resources[net.resource_uses[k].resource].left)
    taken = reserve(net, state, lane.first_use, lane.last_use, wanted, lane.whole)
    if net.has.resources:
        for k in range(lane.first_resource_use, lane.last_resource_use):
            flow = flows.resources[net.resource_uses[k].resource]
            flow.left = subtract_clipped(flow.left, taken)
    flows.lanes[m].shipped = flows.lanes[m].shipped + taken


def leave_behind(net: NetRows, state: StateRows, flows: FlowRows, kind: int) -> None:
    """Load what the lanes of a kind could ship, in their order, into full vehicles; give back what fills no other."""
    for r in range(len(net.routes)):
        flows.routes[r].loaded = 0.0
    for m in range(len(net.lanes)):
        lane = net.lanes[m]
        if lane.ships == kind and lane.fills:
            flows.routes[lane.route].loaded = flows.routes[lane.route].loaded + flows.lanes[m].shipped
    for r in range(len(net.routes)):
        route, load = net.routes[r], flows.routes[r]
        load.loaded = floor(load.loaded * route.vehicles + ROUNDING_TOLERANCE) * route.vehicle_capacity  # what sets off
    for m in range(len(net.lanes)):
        lane, flow = net.lanes[m], flows.lanes[m]
        if lane.ships == kind and lane.fills:
            load = flows.routes[lane.route]
            kept = minimum(flow.shipped, load.loaded)
            load.loaded = subtract_clipped(load.loaded, kept)
            behind = flow.shipped - kept
            flow.shipped = kept
            for k in range(lane.first_use, lane.last_use):
                stock, quantity = state.stocks[net.needs[k].stock], behind * net.needs[k].quantity
                stock.on_hand = stock.on_hand + quantity
                stock.used = subtract_clipped(stock.used, quantity)
            for k in range(lane.first_resource_use, lane.last_resource_use):
                shared = flows.resources[net.resource_uses[k].resource]
                shared.left = shared.left + behind


def send(net: NetRows, state: StateRows, chance: Sequence[Any], flows: FlowRows, m: int, wanted: Any) -> Any:
    """Put a lane's shipment on its way, and return what is still not shipped; that goes on waiting, or lapses."""
    lane, at, flow = net.lanes[m], state.lanes[m], flows.lanes[m]
    first, last = lane.first_slot, lane.last_slot
    if lane.varies:
        lead_time = chance[lane.lead_time]
        for k in range(first, last):
            state.pipeline[k] = state.pipeline[k] + where(lead_time == k - first, flow.shipped, 0.0)
    elif net.has.troubles:  # something may stand still there
        state.pipeline[lane.newest_slot] = state.pipeline[lane.newest_slot] + flow.shipped
    else:
        state.pipeline[lane.newest_slot] = flow.shipped
    at.in_transit = at.in_transit + flow.shipped
    unshipped = wanted - flow.shipped
    at.waiting = unshipped if lane.keeps_unshipped else 0.0 * unshipped
    return unshipped


def load_vehicles(net: NetRows, flows: FlowRows) -> None:
    """Load what all lanes of a route ship into as few vehicles as it takes, and pay for them."""
    cost = 0.0
    for r in range(len(net.routes)):
        flows.routes[r].loaded = 0.0
    for m in range(len(net.lanes)):
        if net.lanes[m].drives:
            flow = flows.routes[net.lanes[m].route]
            flow.loaded = flow.loaded + flows.lanes[m].shipped
    for r in range(len(net.routes)):
        route, flow = net.routes[r], flows.routes[r]
        flow.vehicles = 0.0 - floor(ROUNDING_TOLERANCE - flow.loaded * route.vehicles)
        cost = cost + route.vehicle_cost * flow.vehicles
    flows.charges[0].vehicle_cost = cost


# 4. Arrive.


def arrive(net: NetRows, state: StateRows, chance: Sequence[Any], flows: FlowRows) -> None:
    """Receive what has come, reject what is defective, and waste what finds no room."""
    for m in range(len(net.lanes)):
        lane, at, flow = net.lanes[m], state.lanes[m], flows.lanes[m]
        flow.arrived = state.pipeline[lane.first_slot]
        if net.has.troubles and lane.receiving_can_stop:
            flow.arrived = portion(lane.whole, chance[lane.receiving], flow.arrived)
            state.pipeline[lane.first_slot] = state.pipeline[lane.first_slot] - flow.arrived
        at.in_transit = at.in_transit - flow.arrived
        good = flow.arrived
        if net.has.rejects:
            good = good - inspect(lane, chance, flow.arrived)
            flows.rejects[m].rejected = flow.arrived - good
        stock, spoilt = state.stocks[lane.to], flows.stocks[lane.to]
        full = stock.on_hand + good
        kept = minimum(full, net.stocks[lane.to].storage_limit)
        if net.has.ages and net.stocks[lane.to].perishable:
            put_by_age(net, state, lane, chance, kept - stock.on_hand)
        stock.on_hand = kept
        spoilt.wasted = spoilt.wasted + full - kept


def put_by_age(net: NetRows, state: StateRows, lane: LaneRow, chance: Sequence[Any], units: Any) -> None:
    """Put what has arrived among the units of its age: the newest, or older ones where goods are old on arrival."""
    stock = net.stocks[lane.to]
    if not lane.arrives_old:
        state.pipeline[stock.newest_age] = state.pipeline[stock.newest_age] + units
    else:
        for k in range(stock.first_age, stock.last_age):
            age = stock.newest_age - k
            state.pipeline[k] = state.pipeline[k] + where(chance[lane.age] == age, units, 0.0 * units)


def inspect(lane: LaneRow, chance: Sequence[Any], arrived: Any) -> Any:
    """Return the units that are rejected: those made after the process drifted, or a share of what arrived."""
    if not lane.rejects:
        rejected = 0.0 * arrived
    elif lane.drifts:
        rejected = arrived - minimum(arrived, chance[lane.defects])
    elif lane.whole:  # rounded up or down by chance, so that the share holds on average
        rejected = minimum(arrived, floor(arrived * chance[lane.defects] + chance[lane.rounding]))
    else:
        rejected = arrived * chance[lane.defects]
    return rejected


# 5. Demand, and the end of shelf lives.


def serve(net: NetRows, state: StateRows, chance: Sequence[Any], flows: FlowRows) -> Any:
    """Serve each demand, in their order, with as many whole kits as there are; return the cost of the rest, and sales.

    The rest waits or is lost.
    """
    lacking, revenue = 0.0, 0.0
    for d in range(len(net.demands)):
        demand, at, flow = net.demands[d], state.demands[d], flows.demands[d]
        flow.demanded = chance[demand.demanded]
        wanted = at.backlog + flow.demanded
        served = withdraw(net, state, demand.first_need, demand.last_need, wanted, demand.whole)
        unmet = wanted - served
        flow.served, flow.short = served, minimum(flow.demanded, unmet)
        if demand.backlogs:
            at.backlog = unmet
        lacking = lacking + demand.shortage_cost * unmet
        if net.has.worth and demand.closes:
            lacking = lacking + chance[demand.last] * demand.terminal_cost * unmet
        revenue = revenue + sale(net, chance, d, served)
    return lacking, revenue


def withdraw(net: NetRows, state: StateRows, first: int, last: int, wanted: Any, whole: int) -> Any:
    """Draw kits from the stocks that some needs name, as far as the scarcest lasts, and return how many."""
    taken = reserve(net, state, first, last, wanted, whole)
    if net.has.ages:
        issue_kits(net, state, first, last, taken)
    return taken


def reserve(net: NetRows, state: StateRows, first: int, last: int, wanted: Any, whole: int) -> Any:
    """Set kits aside from the stocks that some needs name, whatever their age, and return how many."""
    for k in range(first, last):
        wanted = minimum(wanted, state.stocks[net.needs[k].stock].on_hand * net.needs[k].kits)
    if whole:
        wanted = floor(wanted + ROUNDING_TOLERANCE)
    for k in range(first, last):
        stock, quantity = state.stocks[net.needs[k].stock], wanted * net.needs[k].quantity
        stock.on_hand = subtract_clipped(stock.on_hand, quantity)
        stock.used = stock.used + quantity
    return wanted


def issue_kits(net: NetRows, state: StateRows, first: int, last: int, kits: Any) -> None:
    """Take what is in some kits from the perishable stocks among those that their needs name, by age."""
    for k in range(first, last):
        if net.stocks[net.needs[k].stock].perishable:
            issue(net, state, net.needs[k].stock, kits * net.needs[k].quantity)


def issue(net: NetRows, state: StateRows, i: int, quantity: Any) -> None:
    """Take units from the oldest of a stock on (first in, first out), or from the newest on (last in, first out)."""
    stock = net.stocks[i]
    for k in range(stock.first_age, stock.last_age):
        age = stock.newest_age - (k - stock.first_age) if stock.lifo else k
        taken = minimum(quantity, state.pipeline[age])
        state.pipeline[age] = state.pipeline[age] - taken
        quantity = quantity - taken


def expire(net: NetRows, state: StateRows, flows: FlowRows) -> None:
    """Waste what has reached the end of its shelf life, and let the rest be a period older."""
    for i in range(len(net.stocks)):
        stock, at, flow = net.stocks[i], state.stocks[i], flows.stocks[i]
        old = 0.0 * at.on_hand
        if stock.perishable:
            old = shift_queue(state.pipeline, stock.first_age, stock.last_age, old)
        at.on_hand = subtract_clipped(at.on_hand, old)
        flow.wasted = flow.wasted + old
        flows.goods[i].expired = old


def shrink(net: NetRows, state: StateRows, chance: Sequence[Any], flows: FlowRows) -> None:
    """Lose the share of each stock that is stolen or damaged."""
    for i in range(len(net.stocks)):
        stock, flow = net.stocks[i], flows.losses[i]
        flow.shrunk = 0.0 * state.stocks[i].on_hand
        if not net.has.strikes:
            flow.lost_on_the_shelf = 0.0
        if stock.shrinks:
            flow.shrunk = lose_from_shelf(net, state, i, stock.shrinkage, chance[stock.shrinkage_rounding])


def lose_from_shelf(net: NetRows, state: StateRows, i: int, share: Any, up: Any) -> Any:
    """Lose a share of what is on hand of a stock, of each age alike; return the units lost."""
    stock, at = net.stocks[i], state.stocks[i]
    if net.has.ages and stock.perishable:
        lost = lose_from_queue(state.pipeline, stock.first_age, stock.last_age, stock.whole, share, up)
    elif stock.whole:
        lost = floor(share * at.on_hand + up)
    else:
        lost = share * at.on_hand
    at.on_hand = subtract_clipped(at.on_hand, lost)
    return lost


def lose_from_queue(places: MutableSequence[Any], first: int, last: int, whole: int, share: Any, up: Any) -> Any:
    """Lose a share of the units in each of some places; return the units lost.

    Whole units are lost by systematic sampling (Madow and Madow 1944): with `up` uniform between 0 and 1, each place
    loses its share on average, and so do all together, each rounded up or down.
    """
    held, lost = 0.0, 0.0
    for k in range(first, last):
        units = places[k]
        if whole:
            held = held + units
            gone = floor(share * held + up) - lost
        else:
            gone = share * units
        places[k] = subtract_clipped(units, gone)
        lost = lost + gone
    return lost


def salvage(net: NetRows, state: StateRows, chance: Sequence[Any], flows: FlowRows) -> Any:
    """Scrap what is obsolete, value what is left at the end, on hand and on the way, and return what that brings."""
    worth = 0.0
    for i in range(len(net.stocks)):
        stock, at, flow = net.stocks[i], state.stocks[i], flows.goods[i]
        flow.scrapped = 0.0 * at.on_hand
        if stock.obsolesces:
            kept = 1.0 - chance[stock.obsolete]
            flow.scrapped = at.on_hand * chance[stock.obsolete]
            at.on_hand = at.on_hand * kept
            for k in range(stock.first_age, stock.last_age):
                state.pipeline[k] = state.pipeline[k] * kept
            worth = worth + stock.scrap_value * flow.scrapped
        if stock.keeps_value:
            worth = worth + chance[stock.last] * stock.terminal_value * at.on_hand
    for m in range(len(net.lanes)):
        stock = net.stocks[net.lanes[m].to]
        if stock.keeps_value:
            worth = worth + chance[stock.last] * stock.terminal_value * state.lanes[m].in_transit
    return worth


# 6. Pay.


def bill(net: NetRows, chance: Sequence[Any], m: int, shipped: Any) -> Any:
    """Return what a lane's shipment costs to buy."""
    lane = net.lanes[m]
    cost = lane.unit_cost * shipped
    if net.has.worth and lane.erodes:
        cost = cost * chance[lane.cost]
    return cost


def sale(net: NetRows, chance: Sequence[Any], d: int, served: Any) -> Any:
    """Return what a demand pays for what it was served."""
    demand = net.demands[d]
    sold = demand.price * served
    if net.has.worth and demand.erodes:
        sold = sold * chance[demand.price_left]
    return sold


def pay(
    net: NetRows,
    state: StateRows,
    flows: FlowRows,
    placing: Any,
    buying: Any,
    waiting: Any,
    lacking: Any,
    revenue: Any,
    saved: Any,
) -> None:
    """Pay for what is held, on the way, wasted, rejected and lost too, and add the period's money up."""
    transit, holding, waste = 0.0, 0.0, 0.0
    for m in range(len(net.lanes)):
        transit = transit + net.lanes[m].in_transit_cost * state.lanes[m].in_transit
    for i in range(len(net.stocks)):
        stock, flow = net.stocks[i], flows.stocks[i]
        flow.held = state.stocks[i].on_hand
        holding = holding + stock.holding_cost * flow.held
        waste = waste + stock.waste_cost * flow.wasted
    money = flows.money[0]
    money.purchase_cost, money.fixed_cost, money.transit_cost = buying, placing, transit
    money.holding_cost, money.shortage_cost, money.waste_cost = holding, lacking, waste
    cost = buying + placing + transit + holding + lacking + waste
    if net.has.charges:
        charges, rejects, losses = flows.charges[0], 0.0, 0.0
        if net.has.rejects:
            for m in range(len(net.lanes)):
                rejects = rejects + net.lanes[m].reject_cost * flows.rejects[m].rejected
        if net.has.losses:
            for i in range(len(net.stocks)):
                losses = losses + net.stocks[i].loss_cost * (flows.losses[i].shrunk + flows.losses[i].lost_on_the_shelf)
        if net.has.strikes:
            for m in range(len(net.lanes)):
                losses = losses + net.stocks[net.lanes[m].to].loss_cost * flows.wrecks[m].lost_on_the_way
        storage = 0.0
        if net.has.warehouses:
            storage = store(net, flows)
        if not net.has.vehicles:
            charges.vehicle_cost = 0.0
        charges.waiting_cost, charges.reject_cost, charges.salvage = waiting, rejects, saved
        charges.storage_cost, charges.loss_cost = storage, losses
        cost = cost + waiting + rejects + storage + losses + charges.vehicle_cost
        revenue = revenue + saved
    money.cost, money.revenue, money.reward = cost, revenue, revenue - cost


def store(net: NetRows, flows: FlowRows) -> Any:
    """Measure the space that is taken in each warehouse, and return what space rented and used beyond that costs."""
    cost = 0.0
    for w in range(len(net.warehouses)):
        flows.spaces[w].taken = 0.0
    for i in range(len(net.stocks)):
        stock = net.stocks[i]
        if stock.stored:
            room = flows.spaces[stock.warehouse]
            room.taken = room.taken + stock.volume * flows.stocks[i].held
    for w in range(len(net.warehouses)):
        warehouse, taken = net.warehouses[w], flows.spaces[w].taken
        cost = cost + warehouse.rent + warehouse.rate * subtract_clipped(taken, warehouse.space)
    return cost


def settle(net: NetRows, state: StateRows, chance: Sequence[Any], flows: FlowRows) -> None:
    """Keep the books: bills and sales become due after their terms, and all other money is cash at once."""
    books = state.books[0]
    owed, paid, sold, received = 0.0, 0.0, 0.0, 0.0
    for m in range(len(net.lanes)):
        lane, due = net.lanes[m], bill(net, chance, m, flows.lanes[m].shipped)
        owed = owed + due
        paid = paid + shift_queue(state.pipeline, lane.first_bill, lane.last_bill, due)
    for d in range(len(net.demands)):
        demand, due = net.demands[d], sale(net, chance, d, flows.demands[d].served)
        sold = sold + due
        received = received + shift_queue(state.pipeline, demand.first_bill, demand.last_bill, due)
    books.payable = books.payable + owed - paid
    books.receivable = books.receivable + sold - received
    books.cash = books.cash + flows.money[0].reward + owed - paid - sold + received


# 7. Age.


def report(net: NetRows, state: StateRows, flows: FlowRows) -> None:
    """Write down what those will read whose records are late."""
    for i in range(len(net.stocks)):
        stock, at = net.stocks[i], state.stocks[i]
        first, last = stock.first_report, stock.last_report
        shift_queue(state.pipeline, first, last, at.on_hand)
        shift_queue(state.pipeline, last, last + last - first, at.used)
        if first < last:
            for k in range(stock.first_age, stock.newest_age):
                first, last = last, last + last - first
                shift_queue(state.pipeline, last, last + last - first, state.pipeline[k])
    for m in range(len(net.lanes)):
        lane, flow = net.lanes[m], flows.lanes[m]
        if lane.first_report < lane.last_report:
            known = shift_queue(state.pipeline, lane.first_report + 1, lane.last_report, flow.arrived)
            state.pipeline[lane.first_report] = state.pipeline[lane.first_report] + flow.shipped - known
    for d in range(len(net.demands)):
        shift_queue(state.pipeline, net.demands[d].first_report, net.demands[d].last_report, state.demands[d].backlog)


def age(net: NetRows, state: StateRows, chance: Sequence[Any], flows: FlowRows) -> None:
    """Let a period pass since the last one: bring everything on the way one nearer, and begin to count anew."""
    for i in range(len(net.stocks)):
        state.stocks[i].used, flows.stocks[i].wasted = 0.0, 0.0
    for m in range(len(net.lanes)):
        lane = net.lanes[m]
        if net.has.troubles:
            move(net, state, chance, m)
        else:
            to = lane.first_slot
            for k in range(lane.second_slot, lane.last_slot):  # unsigned all the way: no index is asked for its sign
                state.pipeline[to] = state.pipeline[k]
                to = k
            if lane.varies:
                state.pipeline[lane.newest_slot] = 0.0


def move(net: NetRows, state: StateRows, chance: Sequence[Any], m: int) -> None:
    """Bring what is on the way on a lane one period nearer, but for what stands still, or waits at the dock."""
    lane, stays = net.lanes[m], 0.0
    if lane.receiving_can_stop:
        stays = state.pipeline[lane.first_slot]
    to = lane.first_slot
    for k in range(lane.second_slot, lane.last_slot):
        coming = state.pipeline[k]
        moved = coming
        if lane.can_stall:
            moved = portion(lane.whole, chance[lane.moving], coming)
        state.pipeline[to] = stays + moved
        stays = coming - moved
        to = k
    state.pipeline[lane.newest_slot] = stays


# Arithmetic.


def shift_queue(places: MutableSequence[Any], first: int, last: int, new: Any) -> Any:
    """Move a queue in some places up by one, put something new in the last, and return what leaves the first."""
    if first == last:
        return new
    out = places[first]
    for k in range(first, last - 1):
        places[k] = places[k + 1]
    places[last - 1] = new
    return out


def portion(whole: int, share: Any, units: Any) -> Any:
    """Return a share of some units, whole ones where units are whole."""
    some = share * units
    if whole:
        some = floor(some + ROUNDING_TOLERANCE)
    return some


def ratio(there: Any, asked_for: Any) -> Any:
    """Return what there is of what is asked for, as a share; more than 1 where nearly nothing is asked for."""
    return there / where(asked_for > ROUNDING_TOLERANCE, asked_for, ROUNDING_TOLERANCE)


def subtract_clipped(held: Any, taken: Any) -> Any:
    """Return held - taken, but not less than 0, which rounding (a kit of 2.943 units) could make of it."""
    rest = held - taken
    return where(rest < 0, 0.0, rest)
