r"""The program of a path: all that can be done in its periods, if the whole trace is known, and what it costs.

It is a linear or mixed-integer program over the periods t = 0, ..., T - 1. Its columns, all of them 0 or more, are

- for each demand: served v[t], and waiting b[t] where unmet demand is backlogged;
- for each lane: shipped s[t]; and where orders are not shipped as they are placed, ordered o[t] and unshipped u[t];
- for each stock: on hand at the end of the period h[t], wasted for want of room w[t], expired e[t], scrapped c[t],
  stolen or damaged x[t].

With q the units of a stock that a demand or a lane needs, L the lead time and l the delay of an order, its rows are

.. math::
    b[t] &= b[t-1] + D[t] - v[t] \\
    u[t] &= u[t-1] + o[t-l] - s[t] \\
    h[t] &= h[t-1] + s[t-L] - w[t] - e[t] - c[t] - x[t] - \sum q v[t] - \sum q s[t]

and the limits that the scenario puts on them. It minimises costs less revenue, weighted by discount^t over the periods
that are counted, and less what is left at the end is worth.

The program follows the physics, but leaves free what the physics forces on every policy (`clairvoyant`), so that its
value is a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..physics import Layout
from ..physics.period import APART
from ..physics.tables import state_of
from ..physics.worth import Worth
from ..scenario import Scenario
from .program import INF, Program

ROUNDING = 1e-7  # by which orders that are fixed may differ, as a share of them
Term = tuple[Any, np.ndarray]  # a coefficient, and a column for each period


class Arrival(NamedTuple):
    """Some columns arrive at a stock: in which periods, and what share of them; all of the same length."""

    period: np.ndarray
    columns: np.ndarray
    share: Any


class Begun(NamedTuple):
    """What happened in the first periods: ordered, as lanes accepted it, and shipped (periods, lanes); and served."""

    ordered: np.ndarray
    shipped: np.ndarray
    served: np.ndarray  # (periods, demands)


class Accounts:
    """How a scenario's periods are counted: the same on all paths."""

    def __init__(self, scenario: Scenario, warmup: int, periods: int) -> None:
        """Count some periods after a warm-up."""
        self.scenario, self.layout, self.warmup = scenario, Layout(scenario), warmup
        self.periods = warmup + periods
        """T, the periods of the program."""
        counted = np.arange(self.periods) - warmup
        self.weight = np.where(counted >= 0, scenario.objective.discount ** np.maximum(counted, 0.0), 0.0)
        """What a cost in each period counts (periods,)."""
        self.weight_from = np.append(np.cumsum(self.weight[::-1])[::-1], 0.0)
        """What a cost in each period and all later ones counts (periods + 1,)."""
        self.closing_weight = float(scenario.objective.discount**periods)
        worth = Worth(self.layout)
        self.opening_rates, self.closing_rates = worth.rates(warmup), worth.rates(self.periods)


class PathProgram:
    """The program of one path; `program` is to be solved, and `orders` reads a point of it."""

    def __init__(self, accounts: Accounts, chance: np.ndarray, *, whole: bool) -> None:
        """Write the program down.

        Args:
            accounts: how the periods are counted.
            chance: the trace of the path (periods, columns.chance).
            whole: whether what comes in whole numbers is planned so.
        """
        self.accounts, self.chance, self.whole = accounts, chance, whole
        self.scenario, self.layout, self.net = accounts.scenario, accounts.layout, accounts.layout.net
        self.periods, self.weight = accounts.periods, accounts.weight
        self.receives_first = self.scenario.sources_ship == "after-receiving"
        state = state_of(self.layout.start, self.layout.sizes, 1)
        self.pipeline_at_start, self.on_hand_at_start = state.pipeline[0], state.stocks["on_hand"][0]
        self.program = Program()
        stocks, resources = self.layout.stocks, self.layout.resources
        self.arrivals: list[list[Arrival]] = [[] for _ in stocks]
        self.certain_arrivals = np.zeros((len(stocks), self.periods))  # of what was shipped before the start
        self.served_from: list[list[Term]] = [[] for _ in stocks]
        self.shipped_from: list[list[Term]] = [[] for _ in stocks]
        self.shipped_on: dict[int, list[np.ndarray]] = {}  # each route
        self.shipped_with: list[list[np.ndarray]] = [[] for _ in resources]
        self._shipped: list[np.ndarray] = []
        self._served: list[np.ndarray] = []
        self._order_columns: list[tuple[np.ndarray, float]] = []
        self._write()

    def begin(self, begun: Begun) -> None:
        """Fix what was ordered and served in the first periods, up to rounding.

        Where a lane ships what is ordered as it is placed, its orders are its shipments.
        """
        for m, (places, size) in enumerate(self._order_columns):
            self._fix(places, (begun.shipped if places is self._shipped[m] else begun.ordered)[:, m] / size)
        for d, places in enumerate(self._served):
            self._fix(places, begun.served[:, d])

    def _fix(self, columns: np.ndarray, values: np.ndarray) -> None:
        """Let the first of some columns have these values."""
        program, first = self.program, columns[: len(values)]
        whole = program.integer.all[first] > 0
        slack = np.where(whole, 0.0, ROUNDING * (1.0 + values))
        values = np.where(whole, np.round(values), values)
        program.lower.all[first] = np.maximum(values - slack, 0.0)
        program.upper.all[first] = values + slack

    def orders(self, point: np.ndarray) -> np.ndarray:
        """Return the orders (periods, lanes) at a point of the program."""
        return np.maximum(np.array([size * point[columns] for columns, size in self._order_columns]).T, 0.0)

    def _write(self) -> None:
        demanded = [self.chance[:, int(row["demanded"])] for row in self.net.demands]
        self.useful = self._useful_units(demanded)
        for d, units in enumerate(demanded):
            self._write_demand(d, units)
        for m in range(len(self.layout.lanes)):
            self._write_lane(m)
        for r, shipped in self.shipped_on.items():
            self._write_vehicles(r, shipped)
        for r, shipped in enumerate(self.shipped_with):
            self._write_shared_capacity(r, shipped)
        held = [self._write_stock(i) for i in range(len(self.layout.stocks))]
        self._write_warehouses(held)

    # Demands

    def _write_demand(self, d: int, demanded: np.ndarray) -> None:
        """Serve any part of a demand; the rest is lost, or waits: b[t] = b[t-1] + D[t] - v[t]."""
        row, program, T = self.net.demands[d], self.program, self.periods
        revenue = row["price"] * self.weight
        if row["erodes"]:
            revenue = revenue * self.chance[:, int(row["price_left"])]
        shortage = row["shortage_cost"] * self.weight
        shortage[-1] += row["terminal_cost"] * self.weight[-1]  # 0 where unmet demand is lost
        if row["backlogs"]:
            served = program.columns(T, cost=-revenue)
            accounts = self.accounts
            opening, closing = (
                rates.price[d] - rates.owed[d] for rates in (accounts.opening_rates, accounts.closing_rates)
            )
            worth = self._cost_of_worth(opening, accounts.closing_weight * closing, 0.0)
            waiting = program.columns(T, cost=shortage + worth)
            program.rows(demanded, demanded, (1.0, waiting), (-1.0, lag(waiting)), (1.0, served))
        else:
            served = program.columns(T, demanded, cost=-revenue - shortage)
            program.offset += float(shortage @ demanded)
        self._served.append(served)
        for k in range(int(row["first_need"]), int(row["last_need"])):
            need = self.net.needs[k]
            self.served_from[int(need["stock"])].append((float(need["quantity"]), served))

    # Lanes: orders, shipments, transit, arrivals

    def _write_lane(self, m: int) -> None:
        """Ship what is ordered, up to the lane's capacity; it arrives after the lead time."""
        row, program, T = self.net.lanes[m], self.program, self.periods
        capacity, filled = self._capacity(m)
        cost = row["unit_cost"] * self.weight
        if row["erodes"]:
            cost = cost * self.chance[:, int(row["cost"])]
        shipped = program.columns(T, capacity, cost)
        self._shipped.append(shipped)
        self._write_orders(m, shipped, capacity, filled)
        for k in range(int(row["first_use"]), int(row["last_use"])):
            need = self.net.needs[k]
            self.shipped_from[int(need["stock"])].append((float(need["quantity"]), shipped))
        for k in range(int(row["first_resource_use"]), int(row["last_resource_use"])):
            self.shipped_with[int(self.net.resource_uses[k]["resource"])].append(shipped)
        if row["drives"]:
            self.shipped_on.setdefault(int(row["route"]), []).append(shipped)
        if row["can_stall"] or row["receiving_can_stop"] or row["struck"]:
            self._write_stoppable_transit(m, shipped)
        else:
            self._write_transit(m, shipped)

    def _capacity(self, m: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what a lane can ship at most in each period, and which share of what it is asked for."""
        row, ones = self.net.lanes[m], np.ones(self.periods)
        works = self.chance[:, int(row["available"])] if row["can_fail"] else ones
        filled = self.chance[:, int(row["filled"])] if row["can_fall_short"] else ones
        if not row["limited"]:
            return np.where(works * filled > 0, INF, 0.0), filled * works
        capacity = whole_part(row, works * row["capacity"])
        return whole_part(row, filled * capacity), filled

    def _write_orders(self, m: int, shipped: np.ndarray, capacity: np.ndarray, filled: np.ndarray) -> None:
        """Place orders, which wait at the source or lapse: u[t] = u[t-1] + o[t-l] - s[t].

        Where an order can be shipped as it is placed, and only its quantity counts, o = s.
        """
        row, program, T = self.net.lanes[m], self.program, self.periods
        lane = self.scenario.lanes[self.layout.lanes[m]]
        delay = int(row["last_transmitted"] - row["first_transmitted"])
        batch = lane.batch if lane.batch and not (row["whole"] and lane.batch == 1) else None
        placed = bool(row["fixed_cost"] or row["least"])
        partly_filled = bool((filled < 1).any())
        if not (delay or row["can_refuse"] or batch or placed or (partly_filled and row["waiting_cost"])):
            self._order_columns.append((shipped, 1.0))
            return
        limit = self._order_limit(m)
        size = batch if batch and self.whole else 1.0  # units of a column of orders
        orders = program.columns(T, limit / size, integer=bool(batch) and self.whole)
        self._order_columns.append((orders, size))
        mailed = self._mailed_before_start(m)
        over_capacity, most_unshipped = self._unshipped_limits(m, capacity, filled, mailed, limit)
        if placed:
            most = limit if over_capacity.any() else np.minimum(self._largest_useful_order(m, filled), limit)
            self._write_placing(m, orders, size, most)
        unshipped = program.columns(T, most_unshipped, row["waiting_cost"] * self.weight)
        earlier = (-1.0, lag(unshipped)) if row["keeps_unshipped"] else (0.0, unshipped)
        program.rows(mailed, mailed, (1.0, unshipped), earlier, (1.0, shipped), (-size, lag(orders, delay)))
        if partly_filled:  # s <= filled (s + u)
            program.rows(-INF, 0.0, (1.0 - filled, shipped), (-filled, unshipped))
        if over_capacity.any() and self.whole:
            some = over_capacity
            self._write_full_shipments(unshipped[some], most_unshipped[some], shipped[some], capacity[some])

    def _write_full_shipments(
        self, unshipped: np.ndarray, most_unshipped: np.ndarray, shipped: np.ndarray, capacity: np.ndarray
    ) -> None:
        """Leave nothing unshipped, or ship all that can be: either u = 0 or s = capacity."""
        full = self.program.columns(len(unshipped), 1.0, integer=True)
        self.program.rows(-INF, 0.0, (1.0, unshipped), (-most_unshipped, full))
        self.program.rows(0.0, INF, (1.0, shipped), (-capacity, full))

    def _order_limit(self, m: int) -> np.ndarray:
        """Return the largest order that a lane accepts in each period (periods,)."""
        row, T = self.net.lanes[m], self.periods
        limit = np.full(T, float(row["order_limit"]))
        if row["can_refuse"]:
            accepted = self.chance[:, int(row["ordering"])]
            limit = np.multiply(accepted, limit, out=np.zeros(T), where=accepted > 0)
        return limit

    def _mailed_before_start(self, m: int) -> np.ndarray:
        """Return the orders placed before the start that reach the source in each period (periods,)."""
        row = self.net.lanes[m]
        first, last = int(row["first_transmitted"]), int(row["last_transmitted"])
        known = min(last - first, self.periods)
        mailed = np.zeros(self.periods)
        mailed[:known] = self.pipeline_at_start[first : first + known]
        return mailed

    def _write_placing(self, m: int, orders: np.ndarray, size: float, most: np.ndarray) -> None:
        """Pay for each order that is placed, of `most` units at most and no fewer than the least order."""
        row, program = self.net.lanes[m], self.program
        if not np.isfinite(most).all():
            return  # with no largest order, o <= most y says nothing
        placed = program.columns(self.periods, 1.0, row["fixed_cost"] * self.weight, integer=self.whole)
        program.rows(-INF, 0.0, (size, orders), (-most, placed))
        if row["least"] and self.whole:
            program.rows(0.0, INF, (size, orders), (-float(row["least"]), placed))

    def _unshipped_limits(
        self, m: int, capacity: np.ndarray, filled: np.ndarray, mailed: np.ndarray, limit: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return when an outside source may be asked for more than it can ship, and what it leaves unshipped at most.

        It ships what it can: otherwise its waiting orders would be a store that costs nothing. Where it ships a share
        only, and where lanes ship together, what is left unshipped is not limited.
        """
        row, T = self.net.lanes[m], self.periods
        most, over_capacity = np.full(T, INF), np.zeros(T, bool)
        if row["ships"] != APART:
            return over_capacity, most
        delay = int(row["last_transmitted"] - row["first_transmitted"])
        waiting = 0.0
        for t in range(T):
            asked = waiting + (mailed[t] if t < delay else limit[t - delay])
            if filled[t] == 1 and asked <= capacity[t]:
                most[t] = 0.0
            elif filled[t] == 1 and np.isfinite(asked):
                most[t], over_capacity[t] = asked - capacity[t], capacity[t] > 0
            else:
                most[t] = asked
            waiting = most[t] if row["keeps_unshipped"] else 0.0
        return over_capacity, most

    def _largest_useful_order(self, m: int, filled: np.ndarray) -> np.ndarray:
        """Return how many units it makes sense to order at most in each period (periods,); inf if there is no limit."""
        row, stocks = self.net.lanes[m], self.scenario.stocks.values()
        if any(stock.terminal_value or (stock.obsolete and stock.scrap_value) for stock in stocks):
            return np.full(self.periods, INF)
        units = self._shipments_for(m, self.useful[int(row["to"])]) / filled[filled > 0].min(initial=1.0)
        units = np.maximum(units, row["least"])
        return np.ceil(units * row["batches"] - 1e-9) * row["batch"] if row["batch"] > 0 else units

    def _useful_units(self, demanded: list[np.ndarray]) -> np.ndarray:
        """Return how many units of each stock can serve demand, from each period on (stocks, periods)."""
        layout, T = self.layout, self.periods
        useful = np.zeros((len(layout.stocks), T))
        for d, row in enumerate(self.net.demands):
            asked = demanded[d].sum() if row["backlogs"] else np.cumsum(demanded[d][::-1])[::-1]
            useful += layout.needs[d][:, None] * asked
        for name in self.scenario.downstream_first:
            i = layout.stocks.index(name)
            for m in np.flatnonzero(layout.uses[:, i]):
                useful[i] += layout.uses[m, i] * self._shipments_for(m, useful[int(self.net.lanes[m]["to"])])
        return useful

    def _shipments_for(self, m: Any, units: np.ndarray) -> np.ndarray:
        """Return how many units a lane ships at most so that so many are good on arrival."""
        row = self.net.lanes[m]
        if row["rejects"] and not row["drifts"]:
            good = 1.0 - self.chance[:, int(row["defects"])]
            units = (units + 1) / good[good > 0].min(initial=1.0)
        return np.ceil(units - 1e-9) if row["whole"] else units

    def _write_transit(self, m: int, shipped: np.ndarray) -> None:
        """Let what is shipped in period t arrive in t + L[t], and be on the way until then."""
        row, program, T, accounts = self.net.lanes[m], self.program, self.periods, self.accounts
        first, slots, lead_time = self._slots_and_lead_times(m)
        arrives = np.arange(T) + lead_time
        in_time = arrives < T
        before = self.pipeline_at_start[first + 1 : first + slots]  # arrives in periods 0, 1, ...
        coming = np.zeros(T)
        coming[: len(before)] = before[:T]
        weight_from = accounts.weight_from
        program.pay(shipped, row["in_transit_cost"] * (weight_from[:T] - weight_from[np.minimum(arrives, T)]))
        weight_on_the_way = self.weight.sum() - weight_from[np.minimum(np.arange(len(before)), T)]
        program.offset += float(row["in_transit_cost"] * (weight_on_the_way @ before))
        opening, closing = self._unit_worth(int(row["to"]), "on_the_way")
        program.pay(shipped[~in_time], -closing)
        program.offset -= float(closing * before[T:].sum())
        leaves, warmup = np.arange(T), accounts.warmup
        program.pay(shipped[(leaves < warmup) & (arrives >= warmup)], opening)
        program.offset += float(opening * before[warmup:].sum())
        self._write_arrival(m, Arrival(arrives[in_time], shipped[in_time], 1.0), coming)

    def _write_stoppable_transit(self, m: int, shipped: np.ndarray) -> None:
        """Let what is on the way stand still, wait at the dock, or be destroyed in part.

        Of x[k, t] units k periods away at the end of t, y[k, t] moved on from there in t (y[0] is received):
        x[k, t] = x[k, t-1] - y[k, t] + y[k+1, t] + s[t] (if L[t] = k). Of what is there before s[t] comes, x[k, t-1] -
        y[k, t] (for k of 1 or more) + y[k+1, t], a share is destroyed.
        """
        row, program, T = self.net.lanes[m], self.program, self.periods
        ones = np.ones(T)
        first, slots, lead_time = self._slots_and_lead_times(m)
        moves = self.chance[:, int(row["moving"])] if row["can_stall"] else ones
        receives = self.chance[:, int(row["receiving"])] if row["receiving_can_stop"] else ones
        opening, closing = self._unit_worth(int(row["to"]), "on_the_way")
        on_the_way = float(self.pipeline_at_start[first : first + slots].sum())
        cost = row["in_transit_cost"] * self.weight + self._cost_of_worth(opening, closing, on_the_way)
        away = [program.columns(T, INF if k or row["receiving_can_stop"] else 0.0, cost) for k in range(slots)]
        moving = [program.columns(T) for _ in range(slots)]
        none = np.full(T, -1)
        for k in range(slots):
            at_start = np.zeros(T)
            at_start[0] = self.pipeline_at_start[first + k]
            moved_up = moving[k + 1] if k + 1 < slots else none
            new = np.where(lead_time == k, shipped, -1)
            stayed = (-1.0, lag(away[k])), (1.0, moving[k] if k else none), (-1.0, moved_up)
            balance = [(1.0, away[k]), *stayed, (1.0, none if k else moving[k]), (-1.0, new)]
            if row["struck"]:
                balance.append((1.0, self._write_strikes(row, stayed, at_start, self._loss_cost(int(row["to"])))))
            program.rows(at_start, at_start, *balance)
            if k:
                least = -INF if row["can_stall"] else moves * at_start
                program.rows(least, moves * at_start, (1.0, moving[k]), (-moves, lag(away[k])))
            elif row["receiving_can_stop"]:  # y[0, t] is a share of what is at the dock then
                program.rows(-INF, 0.0, (1.0 - receives, moving[0]), (-receives, away[0]))
        self._write_arrival(m, Arrival(np.arange(T), moving[0], 1.0), np.zeros(T))

    def _slots_and_lead_times(self, m: int) -> tuple[int, int, np.ndarray]:
        """Return a lane's first slot in the pipeline, how many it has, and the lead time of each period (periods,)."""
        row = self.net.lanes[m]
        first = int(row["first_slot"])
        slots = int(row["last_slot"]) - first
        lead_time = np.full(self.periods, slots - 1)
        if row["varies"]:
            lead_time = self.chance[:, int(row["lead_time"])].astype(int)
        return first, slots, lead_time

    def _write_arrival(self, m: int, arrival: Arrival, certain: np.ndarray) -> None:
        """Let units arrive at a stock, some of them `certain` (periods,); a share is rejected, or all but so many."""
        row, program, T = self.net.lanes[m], self.program, self.periods
        to = int(row["to"])
        if not row["rejects"]:
            self.arrivals[to].append(arrival)
            self.certain_arrivals[to] += certain
            return
        period, columns, share = arrival
        charge = row["reject_cost"] * self.weight
        bad = self.chance[:, int(row["defects"])]
        if not row["drifts"] and not row["whole"]:
            self.arrivals[to].append(Arrival(period, columns, share * (1.0 - bad[period])))
            program.pay(columns, share * (charge * bad)[period])
            self.certain_arrivals[to] += certain * (1.0 - bad)
            program.offset += float((charge * bad) @ certain)
            return
        most = bad if row["drifts"] else np.where(bad >= 1, 0.0, INF)
        good = program.columns(T, most, -charge)
        limits = [(program.rows(-INF, certain, (1.0, good)), np.ones(T))]  # g <= arrived
        program.offset += float(charge @ certain)
        if not row["drifts"]:  # the good units are rounded, at best up
            up = self.chance[:, int(row["rounding"])]
            limits.append((program.rows(-INF, (1.0 - bad) * certain + 1.0 - up, (1.0, good)), 1.0 - bad))
        program.pay(columns, share * charge[period])
        for rows, part in limits:
            program.put(rows[period], columns, -share * part[period])
        self.arrivals[to].append(Arrival(np.arange(T), good, 1.0))

    # What lanes share

    def _write_vehicles(self, r: int, shipped: list[np.ndarray]) -> None:
        """Pay for as many vehicles as it takes for all that is shipped on a route, or as many as that fills."""
        row, full = self.net.routes[r], self.scenario.routes[self.layout.routes[r]].full_loads
        if row["vehicle_cost"] > 0 or full:
            vehicles = self.program.columns(self.periods, cost=row["vehicle_cost"] * self.weight, integer=self.whole)
            loads = [(-float(row["vehicles"]), columns) for columns in shipped]
            self.program.rows(0.0, 0.0 if full else INF, (1.0, vehicles), *loads)

    def _write_shared_capacity(self, r: int, shipped: list[np.ndarray]) -> None:
        """Limit what lanes that share a capacity ship together to what works of it."""
        row = self.net.resources[r]
        capacity = np.full(self.periods, float(row["capacity"]))
        if row["can_fail"]:
            capacity = capacity * self.chance[:, int(row["available"])]
        capacity = whole_part(row, capacity)
        if row["can_fall_short"]:
            capacity = whole_part(row, capacity * self.chance[:, int(row["filled"])])
        self.program.rows(-INF, capacity, *((1.0, columns) for columns in shipped))

    # Stocks

    def _write_warehouses(self, held: list[np.ndarray]) -> None:
        """Pay for space that is rented, and for what is taken beyond that."""
        for w, row in enumerate(self.net.warehouses):
            self.program.offset += float(row["rent"] * self.weight.sum())
            here = [i for i, stock in enumerate(self.net.stocks) if stock["stored"] and stock["warehouse"] == w]
            if row["rate"] > 0 and here:
                beyond = self.program.columns(self.periods, cost=row["rate"] * self.weight)
                taken = [(-float(self.net.stocks[i]["volume"]), held[i]) for i in here]
                self.program.rows(-float(row["space"]), INF, (1.0, beyond), *taken)

    def _write_stock(self, i: int) -> np.ndarray:
        """Hold what has arrived and not left: h[t] = h[t-1] + arrived - w - e - c - x - served - shipped; return h."""
        row, program, T = self.net.stocks[i], self.program, self.periods
        life = self.scenario.stocks[self.layout.stocks[i]].shelf_life
        has_room_limit = bool(np.isfinite(row["storage_limit"]))
        cost = row["holding_cost"] * self.weight
        cost = cost + self._cost_of_worth(*self._unit_worth(i, "on_hand"), self.on_hand_at_start[i])
        waste_cost = row["waste_cost"] * self.weight
        obsolete = self.chance[:, int(row["obsolete"])] if row["obsolesces"] else np.zeros(T)
        held = program.columns(T, np.where(obsolete > 0, 0.0, INF), cost)
        wasted = program.columns(T, cost=waste_cost) if has_room_limit else np.full(T, -1)
        leaves = [*self.served_from[i]]
        if life:
            expired = program.columns(T, cost=waste_cost)
            leaves.append((1.0, expired))
        if row["obsolesces"]:
            scrapped = program.columns(T, np.where(obsolete > 0, INF, 0.0), -row["scrap_value"] * self.weight)
            leaves.append((1.0, scrapped))
        if row["shrinkage"]:
            there = [(1.0, held), *([(1.0, scrapped)] if row["obsolesces"] else [])]
            leaves.append((1.0, self._write_shrinkage(i, there)))
        at_start = np.zeros(T)
        at_start[0] = self.on_hand_at_start[i]
        certain = at_start + self.certain_arrivals[i]
        destroyed = []
        if row["struck"]:
            stayed = ((-1.0, lag(held)),)
            destroyed.append((1.0, self._write_strikes(row, stayed, at_start, self._loss_cost(i))))
        balance = (1.0, held), (-1.0, lag(held)), (1.0, wasted), *leaves, *destroyed, *self.shipped_from[i]
        rows = program.rows(certain, certain, *balance)
        for period, columns, share in self.arrivals[i]:
            program.put(rows[period], columns, -share)
        if self.shipped_from[i] and not self.receives_first:  # what is shipped was there before, and not destroyed
            program.rows(-INF, at_start, *self.shipped_from[i], (-1.0, lag(held)), *destroyed)
        if has_room_limit:
            self._write_storage_limit(i, held, wasted, leaves)
        if life:
            self._write_shelf_life(i, life, held, wasted, expired)
            self._write_worth_by_age(i, held, wasted)
        return held

    def _write_shrinkage(self, i: int, there: list[Term]) -> np.ndarray:
        """Lose a share of what is there after the demand, x = share (x + h + c), rounded where units are whole."""
        row, program = self.net.stocks[i], self.program
        lost = program.columns(self.periods, cost=self._loss_cost(i))
        share = float(row["shrinkage"])
        up = self.chance[:, int(row["shrinkage_rounding"])] if row["whole"] else np.zeros(self.periods)
        least = up - 1.0 if row["whole"] else up
        program.rows(least, up, (1.0 - share, lost), *((-share * units, columns) for units, columns in there))
        return lost

    def _write_strikes(self, row: Any, stayed: Iterable[Term], at_start: np.ndarray, cost: np.ndarray) -> np.ndarray:
        """Destroy a share of what is there before a period's shipments, rounded up or down where units are whole.

        Args:
            row: of a stock or a lane, with the columns of chance that tell how much.
            stayed: what is there, with the sign that it has on the left of a balance.
            at_start: what is there besides, at the start.
            cost: money a unit destroyed in each period (periods,).
        """
        share = self.chance[:, int(row["destroyed"])]
        lost = self.program.columns(self.periods, np.where(share > 0, INF, 0.0), cost)
        slack = np.where(share > 0, 1.0, 0.0) if row["whole"] else np.zeros(self.periods)
        due = share * at_start
        self.program.rows(due - slack, due + slack, (1.0, lost), *((share * sign, part) for sign, part in stayed))
        return lost

    def _loss_cost(self, i: int) -> np.ndarray:
        """Return the money a unit of a stock costs that is lost in each period (periods,)."""
        return np.asarray(self.net.stocks[i]["loss_cost"] * self.weight)

    def _write_storage_limit(self, i: int, held: np.ndarray, wasted: np.ndarray, leaves: list[Term]) -> None:
        """Hold no more than fits when goods have been received; waste no more than arrives, for want of room."""
        full = (1.0, held), *leaves, *(self.shipped_from[i] if self.receives_first else ())
        self.program.rows(-INF, float(self.net.stocks[i]["storage_limit"]), *full)
        rows = self.program.rows(-INF, self.certain_arrivals[i], (1.0, wasted))
        self._add_kept_arrivals(rows, i, np.full(self.periods, -1), range(1))

    def _write_shelf_life(self, i: int, life: int, held: np.ndarray, wasted: np.ndarray, expired: np.ndarray) -> None:
        """Hold no more than arrived in the last periods of a shelf life, and let expire no more than arrived before.

        What is there at the start came one period before it.
        """
        program, T = self.program, self.periods
        certain, at_start = self.certain_arrivals[i], self.on_hand_at_start[i]
        young = np.convolve(certain, np.ones(max(life - 1, 0)))[:T] if life > 1 else np.zeros(T)
        young[: max(life - 2, 0)] += at_start
        self._add_kept_arrivals(program.rows(-INF, young, (1.0, held)), i, wasted, range(life - 1))
        old = np.zeros(T)
        old[life - 1 :] = certain[: max(T - life + 1, 0)]
        old[max(life - 2, 0) : max(life - 2, 0) + 1] += at_start
        self._add_kept_arrivals(program.rows(-INF, old, (1.0, expired)), i, wasted, range(life - 1, life))

    def _add_kept_arrivals(self, rows: np.ndarray, i: int, wasted: np.ndarray, ages: range) -> None:
        """Raise the upper bounds of rows, one a period, by what arrived so many periods ago and was kept."""
        T = self.periods
        for age in ages:
            if age >= T:
                return
            for period, columns, share in self._kept_arrivals(i, wasted):
                now = period + age < T
                share = np.broadcast_to(share, period.shape)[now]
                self.program.put(rows[period[now] + age], columns[now], -share)

    def _kept_arrivals(self, i: int, wasted: np.ndarray) -> list[Arrival]:
        """Return what arrives at a stock, less what is wasted as it arrives."""
        return [*self.arrivals[i], Arrival(np.arange(self.periods), wasted, -1.0)]

    # What units are worth as the count begins, and as it stops

    def _unit_worth(self, i: int, where: str) -> tuple[float, float]:
        """Return what a unit of a stock, `on_hand` or `on_the_way`, is worth as the count begins, and as it stops."""
        row, scenario, accounts = self.net.stocks[i], self.scenario, self.accounts
        opening, closing = (
            float(getattr(rates, where)[i]) for rates in (accounts.opening_rates, accounts.closing_rates)
        )
        if row["obsolesces"] and scenario.objective.leftovers == "at-cost" and not scenario.horizon.ends:
            obsolete, scrap = self.chance[:, int(row["obsolete"])], float(row["scrap_value"])
            opening = scrap if obsolete[accounts.warmup] > 0 else opening
            closing = scrap if obsolete[-1] > 0 else max(closing, scrap)  # it may become obsolete in the last period
        return opening, accounts.closing_weight * closing + float(row["terminal_value"] * self.weight[-1])

    def _cost_of_worth(self, opening: float, closing: float, at_start: float) -> np.ndarray:
        """Return what to charge for a unit that is there at the end of each period (periods,).

        It is charged what it is worth as the count begins, and credited what it is worth as the count stops. Units
        `at_start` are charged at once where the count begins with the first period.
        """
        cost = np.zeros(self.periods)
        cost[-1] -= closing
        if self.accounts.warmup:
            cost[self.accounts.warmup - 1] += opening
        else:
            self.program.offset += float(opening * at_start)
        return cost

    def _write_worth_by_age(self, i: int, held: np.ndarray, wasted: np.ndarray) -> None:
        """Charge and credit what is held of a perishable stock by age, as the count begins and as it stops.

        What is held is split by age; of each age there is no more than arrived then. Which units were used is left
        free, as everywhere.
        """
        row, program, accounts = self.net.stocks[i], self.program, self.accounts
        first, life = int(row["first_age"]), int(row["last_age"]) - int(row["first_age"])
        ends = (
            (accounts.warmup, accounts.opening_rates, 1.0),
            (self.periods, accounts.closing_rates, -accounts.closing_weight),
        )
        for end, rates, sign in ends:
            worth = rates.by_age[first : first + life - 1, i] * sign
            obsolete = end < self.periods and row["obsolesces"] and self.chance[end, int(row["obsolete"])] > 0
            if obsolete or not worth.any():
                continue  # what is obsolete is scrapped, of whatever age
            if end == 0:
                program.offset += float(worth @ self.pipeline_at_start[first : first + life - 1])
                continue
            parts = program.columns(life - 1, cost=worth)  # that can be used for 1, 2, ... more periods
            program.rows(0.0, 0.0, (1.0, held[end - 1 : end]), *((-1.0, parts[k : k + 1]) for k in range(life - 1)))
            arrived = np.array([end - life + 1 + k for k in range(life - 1)])  # the period in which each part did
            certain = np.where(arrived >= 0, self.certain_arrivals[i][np.maximum(arrived, 0)], 0.0)
            certain[arrived == -1] = self.on_hand_at_start[i]  # what is there at the start came one period before it
            rows = program.rows(-INF, certain, (1.0, parts))
            for period, columns, share in self._kept_arrivals(i, wasted):
                share = np.broadcast_to(share, period.shape)
                for k, when in enumerate(arrived):
                    then = period == when
                    program.put(np.full(then.sum(), rows[k]), columns[then], -share[then])


def lag(columns: np.ndarray, periods: int = 1) -> np.ndarray:
    """Return the columns so many periods earlier, -1 where there was no period."""
    if periods == 0:
        return columns
    early: np.ndarray = np.full(len(columns), -1)
    early[periods:] = columns[:-periods]
    return early


def whole_part(row: Any, units: np.ndarray) -> np.ndarray:
    """Return some units of a lane, whole ones where units are whole."""
    return np.floor(units + 1e-9) if row["whole"] else units
