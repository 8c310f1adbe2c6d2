"""A scenario as tables of numbers: what never changes (Net), what is where (State), what happens in a period (Flows).

Each table is an array of records with named fields, so that the period reads `lane.capacity` compiled and plain
alike. All tables of a kind lie one after another in one flat vector of numbers, which is quick to hand over, to copy
and to pickle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numba.extending import register_jitable

from ..chance import Columns, usage
from ..chance.suppliers import slowest
from ..kernels.arrays import table
from ..scenario import ScenarioError
from ..scenario.model import MOST_NUMBERS, Drift, PeriodsOfSupply, Quantity, Scenario
from .period import APART, FROM_STOCKS, TOGETHER


def _records(*, index: str = "", flag: str = "", real: str = "") -> np.dtype:
    """Return a record type of 8-byte fields; an index is unsigned, which spares compiled code a question each time."""
    kinds = (index, np.uint64), (flag, np.int64), (real, np.float64)
    return np.dtype([(name, kind) for names, kind in kinds for name in names.split()])


def fields(kind: np.dtype) -> list[str]:
    """Return the names of a record type's fields."""
    return list(kind.names or ())


# What an index points at: a column of chance (available, draw, ...), or the first place in the pipeline of something
# that goes through it period by period, and the place after the last.
STOCK = _records(
    flag="proportional perishable lifo obsolesces keeps_value",
    index="first_age newest_age last_age first_report last_report obsolete last",
    real="holding_cost storage_limit waste_cost scrap_value terminal_value",
)
LANE = _records(
    index="to available lead_time first_slot second_slot newest_slot last_slot first_letter last_letter"
    " first_use last_use first_claim last_claim route ordering moving receiving filled defects rounding cost"
    " first_bill last_bill first_report last_report",
    flag="can_fail varies limited whole waits ships shares can_refuse can_stall can_dock can_fall_short rejects drifts"
    " erodes drives fills",
    real="capacity most order_limit batch batches least unit_cost fixed_cost in_transit_cost waiting_cost reject_cost",
)
DEMAND = _records(
    index="draw first_need last_need price_left first_bill last_bill first_report last_report last",
    flag="whole backlogs erodes closes",
    real="shortage_cost terminal_cost price",
)
NEED = _records(index="stock", real="quantity kits")
ROUTE = _records(real="vehicles vehicle_capacity vehicle_cost")
RESOURCE = _records(
    index="available filled", flag="can_fail can_fall_short proportional whole", real="capacity"
)  # of a supplier or a route: a capacity that its lanes share
CLAIM = _records(index="resource")

STOCK_STATE = _records(real="on_hand used")
LANE_STATE = _records(real="waiting in_transit")
DEMAND_STATE = _records(real="backlog")
BOOKS = _records(real="cash receivable payable")

STOCK_FLOW = _records(real="wasted held")
LANE_FLOW = _records(real="ordered shipped arrived")
DEMAND_FLOW = _records(real="demanded served short")
MONEY = _records(real="purchase_cost fixed_cost transit_cost holding_cost shortage_cost waste_cost cost revenue reward")
# What happens in some worlds only.
SOURCE_FLOW = _records(real="asked")
GOODS_FLOW = _records(real="expired scrapped")
REJECT_FLOW = _records(real="rejected")
ROUTE_FLOW = _records(real="loaded vehicles")
RESOURCE_FLOW = _records(real="there left claimed")
CHARGES = _records(real="waiting_cost vehicle_cost reject_cost salvage")

SLOT = np.dtype(np.float64)


def _lengths(*kinds: np.dtype) -> np.ndarray:
    return np.array([len(fields(kind)) for kind in kinds])


# How many numbers one of each takes in a net, in a state, and in the flows.
_STOCK, _LANE, _DEMAND, _NEED, _ROUTE, _RESOURCE, _CLAIM = _NET = tuple(
    _lengths(STOCK, LANE, DEMAND, NEED, ROUTE, RESOURCE, CLAIM).tolist()
)
_STOCK_STATE, _LANE_STATE, _DEMAND_STATE, _BOOKS = _STATE = tuple(
    _lengths(STOCK_STATE, LANE_STATE, DEMAND_STATE, BOOKS).tolist()
)
FLOWS = (
    STOCK_FLOW, LANE_FLOW, DEMAND_FLOW, MONEY, SOURCE_FLOW, GOODS_FLOW, REJECT_FLOW, ROUTE_FLOW, CHARGES, RESOURCE_FLOW
)  # fmt: skip
_FLOWS = tuple(_lengths(*FLOWS).tolist())


class Sizes(NamedTuple):
    """How many there are of each, and which steps of a period a world needs: what it does not use, it does not pay."""

    stocks: int
    lanes: int
    demands: int
    needs: int
    routes: int
    slots: int
    resources: int  # capacities that lanes share
    claims: int  # of lanes on such capacities
    together: int  # do any lanes ship together with others, from outside or from stocks?
    network: int  # do stocks feed stocks?
    mail: int  # do orders travel?
    ships_late: int  # do stocks ship after they have received?
    ages: int  # has any stock a shelf life?
    troubles: int  # can ordering, transit or receiving stop, or a supplier fall short?
    rejects: int  # is anything rejected on arrival?
    vehicles: int  # do any lanes share vehicles?
    full_loads: int  # do any vehicles set off only when they are full?
    worth: int  # do costs or prices fall, stocks become obsolete, or what is left have a value?
    charges: int  # is there any money that few worlds know: for waiting, vehicles or rejects, or from salvage?
    credit: int  # is anything paid later?
    reports: int  # are any records late?


class Net(NamedTuple):
    """What never changes: a record for each stock, lane, demand, need (of a demand or a lane for a stock) and route.

    And one for each capacity that lanes share, and for each claim of a lane on one of these.
    """

    stocks: Any
    lanes: Any
    demands: Any
    needs: Any
    routes: Any
    resources: Any
    claims: Any
    has: Sizes


class State(NamedTuple):
    """What is where.

    `pipeline` holds all that moves up a place each period: by lane, what arrived last, what arrives in 1, 2, ...
    periods, its mail, its bills and its reports; by stock, its units by age and its reports; by demand, its bills and
    its reports. `books` has one record where anything is paid later, and none elsewhere.
    """

    stocks: Any
    lanes: Any
    demands: Any
    books: Any
    pipeline: Any


class Flows(NamedTuple):
    """What happened in a period; the tables after `money` are empty in worlds that have no use for them."""

    stocks: Any
    lanes: Any
    demands: Any
    money: Any
    sources: Any  # a record for each stock, where stocks feed stocks
    goods: Any  # a record for each stock, where some perish or become obsolete
    rejects: Any  # a record for each lane, where some may reject
    routes: Any  # a record for each route, where some have vehicles
    charges: Any  # one record, where there are such
    resources: Any  # a record for each capacity that lanes share


@register_jitable(forceinline=True)
def net_of(numbers: np.ndarray, sizes: Sizes) -> Net:
    """Return the tables (1, ...) of a net that lie in one vector."""
    a = sizes.stocks * _STOCK
    b = a + sizes.lanes * _LANE
    c = b + sizes.demands * _DEMAND
    d = c + sizes.needs * _NEED
    e = d + sizes.routes * _ROUTE
    f = e + sizes.resources * _RESOURCE
    return Net(
        table(numbers, STOCK, 0, 1, sizes.stocks)[0],
        table(numbers, LANE, a, 1, sizes.lanes)[0],
        table(numbers, DEMAND, b, 1, sizes.demands)[0],
        table(numbers, NEED, c, 1, sizes.needs)[0],
        table(numbers, ROUTE, d, 1, sizes.routes)[0],
        table(numbers, RESOURCE, e, 1, sizes.resources)[0],
        table(numbers, CLAIM, f, 1, sizes.claims)[0],
        sizes,
    )


@register_jitable(forceinline=True)
def state_of(numbers: np.ndarray, sizes: Sizes, paths: int) -> State:
    """Return the tables (paths, ...) of a batch's state that lie in one vector."""
    a = paths * sizes.stocks * _STOCK_STATE
    b = a + paths * sizes.lanes * _LANE_STATE
    c = b + paths * sizes.demands * _DEMAND_STATE
    d = c + paths * sizes.credit * _BOOKS
    return State(
        table(numbers, STOCK_STATE, 0, paths, sizes.stocks),
        table(numbers, LANE_STATE, a, paths, sizes.lanes),
        table(numbers, DEMAND_STATE, b, paths, sizes.demands),
        table(numbers, BOOKS, c, paths, sizes.credit),
        table(numbers, SLOT, d, paths, sizes.slots),
    )


@register_jitable(forceinline=True)
def flow_counts(sizes: Sizes) -> tuple[int, int, int, int, int, int, int, int, int, int]:
    """Return how many records each table of flows has."""
    return (
        sizes.stocks,
        sizes.lanes,
        sizes.demands,
        1,
        sizes.stocks * sizes.network,
        sizes.stocks * (sizes.ages | sizes.worth),
        sizes.lanes * sizes.rejects,
        sizes.routes * sizes.vehicles,
        sizes.charges,
        sizes.resources,
    )


@register_jitable(forceinline=True)
def flows_of(numbers: np.ndarray, sizes: Sizes, paths: int) -> Flows:
    """Return the tables (paths, ...) of a batch's flows that lie in one vector."""
    stocks, lanes, demands, money, sources, goods, rejects, routes, charges, resources = flow_counts(sizes)
    a = paths * stocks * _FLOWS[0]
    b = a + paths * lanes * _FLOWS[1]
    c = b + paths * demands * _FLOWS[2]
    d = c + paths * money * _FLOWS[3]
    e = d + paths * sources * _FLOWS[4]
    f = e + paths * goods * _FLOWS[5]
    g = f + paths * rejects * _FLOWS[6]
    h = g + paths * routes * _FLOWS[7]
    i = h + paths * charges * _FLOWS[8]
    return Flows(
        table(numbers, STOCK_FLOW, 0, paths, stocks),
        table(numbers, LANE_FLOW, a, paths, lanes),
        table(numbers, DEMAND_FLOW, b, paths, demands),
        table(numbers, MONEY, c, paths, money),
        table(numbers, SOURCE_FLOW, d, paths, sources),
        table(numbers, GOODS_FLOW, e, paths, goods),
        table(numbers, REJECT_FLOW, f, paths, rejects),
        table(numbers, ROUTE_FLOW, g, paths, routes),
        table(numbers, CHARGES, h, paths, charges),
        table(numbers, RESOURCE_FLOW, i, paths, resources),
    )


@register_jitable(forceinline=True)
def path_of(state: State, b: int) -> State:
    """Return one path of a batch's state."""
    return State(state.stocks[b], state.lanes[b], state.demands[b], state.books[b], state.pipeline[b])


@register_jitable(forceinline=True)
def flows_of_path(flows: Flows, b: int) -> Flows:
    """Return one path of a batch's flows."""
    return Flows(
        flows.stocks[b],
        flows.lanes[b],
        flows.demands[b],
        flows.money[b],
        flows.sources[b],
        flows.goods[b],
        flows.rejects[b],
        flows.routes[b],
        flows.charges[b],
        flows.resources[b],
    )


class Layout:
    """A scenario laid out for the period: its net, the state it starts in, and where each name stands."""

    def __init__(self, scenario: Scenario) -> None:
        """Lay out a scenario."""
        self.scenario = scenario
        self.columns = Columns.of(scenario)
        self.stocks, self.lanes, self.demands, self.routes = (
            list(part) for part in (scenario.stocks, scenario.lanes, scenario.demands, scenario.routes)
        )
        self.slots: dict[str, int] = {}  # what one can see of the pipeline: its name, and its place
        self._taken = 0
        self._initial: list[tuple[int, float]] = []
        self._used = usage(scenario)
        kits = [demand.draws_on for demand in scenario.demands.values()]
        kits += [lane.uses for lane in scenario.lanes.values()]
        needs = [need for kit in kits for need in kit.items()]
        counts = [len(part) for part in (self.stocks, self.lanes, self.demands, needs, self.routes)]
        claims = [list(scenario.shared_by(name)) for name in self.lanes]
        shared = sorted({place for places in claims for place in places})
        self.resources = [place.partition(".")[2] for place in shared]  # suppliers and routes with a capacity
        more = [len(shared), sum(map(len, claims))]
        self.numbers = np.zeros(np.dot([*counts, *more], _NET))
        self.net = net_of(self.numbers, Sizes._make([*counts, 0, *more, *[0] * (len(Sizes._fields) - 8)]))
        self._lay_lanes()
        self._lay_resources(shared, claims)
        self._lay_stocks()
        self._lay_demands(needs)
        self._lay_routes()
        self.sizes = Sizes._make([*counts, self._taken, *more, *self._steps()])
        self.net = self.net._replace(has=self.sizes)
        self.state_size = int(np.dot([*counts[:3], self.sizes.credit], _STATE)) + self._taken
        self.flows_size = int(np.dot(flow_counts(self.sizes), _FLOWS))
        self.into = (self.net.lanes["to"][:, None] == np.arange(len(self.stocks))).astype(float)  # (lanes, stocks)
        self.needs = self._needs(demand.draws_on for demand in scenario.demands.values())  # (demands, stocks)
        self.uses = self._needs(lane.uses for lane in scenario.lanes.values())  # (lanes, stocks)
        self.start = self._start()
        for array in (self.into, self.needs, self.uses, self.start):  # shared by all who look at a world of this layout
            array.flags.writeable = False
        self.late = {  # the places of the pipeline that tell of a field of the state where records are late
            f"{table}.{field}": {
                k: place
                for k, name in enumerate(getattr(self, table))
                if (place := self.slots.get(f"{name}.{field}")) is not None
            }
            for table, field in (
                ("stocks", "on_hand"),
                ("stocks", "used"),
                ("lanes", "in_transit"),
                ("demands", "backlog"),
            )
        }
        self.mail = {  # the places of each lane's letters
            m: slice(int(row["first_letter"]), int(row["last_letter"]))
            for m, row in enumerate(self.net.lanes)
            if row["first_letter"] < row["last_letter"]
        }

    @cached_property
    def content(self) -> np.ndarray:
        """Return how many units of each stock (columns) go into a unit of each stock (rows), itself and its inputs.

        A stock that several lanes replenish is made as their shares say.
        """
        shares = np.array([self.scenario.shares[name] for name in self.lanes])
        direct = self.into.T @ (shares[:, None] * self.uses)
        return np.linalg.inv(np.eye(len(direct)) - direct)

    def _steps(self) -> list[int]:
        """Return which steps of a period this world needs, as `Sizes` has them."""
        scenario, net, columns = self.scenario, self.net, self.columns
        lanes, stocks, demands = scenario.lanes.values(), scenario.stocks.values(), scenario.demands.values()
        stalls = any(kind != "shipping" for kind, _ in columns.working)
        vehicles = net.lanes["drives"].any()
        worth = columns.cost or columns.price or columns.obsolete or columns.last is not None
        needed: dict[str, Any] = {
            "together": net.lanes["ships"].any(),
            "network": any(lane.uses for lane in lanes),
            "mail": any(lane.order_delay for lane in lanes),
            "ships_late": scenario.sources_ship == "after-receiving",
            "ages": net.stocks["perishable"].any(),
            "troubles": stalls or columns.filled,
            "rejects": columns.defects,
            "vehicles": vehicles,
            "full_loads": net.lanes["fills"].any(),
            "worth": worth,
            "charges": worth or vehicles or columns.defects or any(lane.waiting_cost for lane in lanes),
            "credit": any(lane.pays_after for lane in lanes) or any(demand.pays_after for demand in demands),
            "reports": any(stock.seen_late for stock in stocks),
        }
        return [int(bool(needed[step])) for step in Sizes._fields[-len(needed) :]]

    def _room(self, length: int, names: Iterable[str] = (), initial: float = 0.0) -> tuple[int, int]:
        """Take some places of the pipeline, name the first of them, and fill them; return the first and the end.

        Raises:
            ScenarioError: for a world that needs too many of them, before any memory is taken for it.
        """
        if self._taken + length > MOST_NUMBERS:
            must = (
                f"must keep {MOST_NUMBERS:,} numbers or less on a path for what is on the way, perishes or is told late"
            )
            raise ScenarioError(f"{self.scenario.name}: {must} (shorten lead times, delays, terms or shelf lives)")
        first, self._taken = self._taken, self._taken + length
        self.slots |= {name: first + k for k, name in enumerate(names)}
        self._initial += [(k, initial) for k in range(first, self._taken) if initial]
        return first, self._taken

    def _needs(self, kits: Iterable[Mapping[str, float]]) -> np.ndarray:
        """Return how many units of each stock one unit of each kit takes (kits, stocks)."""
        return np.array([[kit.get(name, 0.0) for name in self.stocks] for kit in kits])

    def _lay_stocks(self) -> None:
        for row, (name, stock) in zip(self.net.stocks, self.scenario.stocks.items(), strict=True):
            initial = self._on_hand(name)
            row["holding_cost"], row["waste_cost"] = stock.holding_cost, stock.waste_cost
            row["storage_limit"] = np.inf if stock.storage_limit is None else stock.storage_limit
            row["proportional"] = f"stocks.{name}" in self._proportional
            row["perishable"], row["lifo"] = stock.shelf_life is not None, stock.issuing == "lifo"
            life = stock.shelf_life or 0
            row["first_age"], row["last_age"] = self._room(life, [f"{name}.lasts_{k}" for k in range(1, life)])
            row["newest_age"] = self._taken - 1 if life else 0
            if life:  # what is there at the start came one period ago
                self._initial.append((self._taken - min(2, life), initial))
            late = stock.seen_late + 1 if stock.seen_late else 0
            row["first_report"], row["last_report"] = self._room(late, [f"{name}.on_hand"][:late], initial)
            self._room(late, [f"{name}.used"][:late])
            for k in range(1, life if late else 0):  # what is told of its ages, and no more what they are
                self._room(late, [f"{name}.lasts_{k}"], initial if k == life - 1 else 0.0)
            row["obsolesces"], row["obsolete"] = name in self.columns.obsolete, self.columns.obsolete.get(name, 0)
            row["scrap_value"], row["terminal_value"] = stock.scrap_value, stock.terminal_value
            row["keeps_value"], row["last"] = stock.terminal_value > 0, self.columns.last or 0

    def _sources(self, lane: str) -> dict[str, Any]:
        """Return what a lane takes from: the stocks that it uses and the capacities that it shares, by their places."""
        stocks = {f"stocks.{name}": self.scenario.stocks[name] for name in self.scenario.lanes[lane].uses}
        return stocks | self.scenario.shared_by(lane)

    @cached_property
    def _proportional(self) -> set[str]:
        """Return the places of what serves its lanes proportionally, and has two or more of them to serve."""
        taken = [each for lane in self.lanes for each in self._sources(lane).items()]
        lanes = Counter(place for place, _ in taken)
        return {place for place, part in taken if part.rationing == "proportional" and lanes[place] > 1}

    def _lay_lanes(self) -> None:
        scenario, columns = self.scenario, self.columns
        whole = scenario.units == "whole"
        use = sum(len(demand.draws_on) for demand in scenario.demands.values())
        for row, (name, lane) in zip(self.net.lanes, scenario.lanes.items(), strict=True):
            row["to"] = self.stocks.index(lane.to)
            self._lay_way(row, name)
            row["first_use"], row["last_use"] = use, (use := use + len(lane.uses))
            shared = scenario.shared_by(name)
            row["shares"] = bool(self._proportional & self._sources(name).keys())
            row["fills"] = lane.route is not None and scenario.routes[lane.route].full_loads
            row["ships"] = FROM_STOCKS if lane.uses else TOGETHER if shared or row["fills"] else APART
            for flag, index, column in (
                ("varies", "lead_time", columns.lead_time.get(name)),
                ("can_fail", "available", columns.working.get(("shipping", name))),
                ("can_refuse", "ordering", columns.working.get(("ordering", name))),
                ("can_stall", "moving", columns.working.get(("transit", name))),
                ("can_dock", "receiving", columns.working.get(("receiving", name))),
                ("can_fall_short", "filled", columns.filled.get(name)),
                ("rejects", "defects", columns.defects.get(name)),
                ("erodes", "cost", columns.cost.get(name)),
            ):
                row[flag], row[index] = column is not None, column or 0
            row["drifts"], row["rounding"] = isinstance(lane.defects, Drift), columns.rounding.get(name, 0)
            capacity = scenario.capacities[name]
            row["limited"], row["whole"], row["waits"] = capacity is not None, whole, lane.unshipped == "waits"
            row["batch"] = lane.batch or (1.0 if whole else 0.0)
            row["batches"] = 1.0 / row["batch"] if row["batch"] > 0 else 0.0  # in a unit
            row["capacity"] = np.inf if capacity is None else capacity
            row["most"] = np.floor(row["capacity"] + 1e-9) if whole else row["capacity"]  # when nothing has failed
            row["order_limit"] = row["capacity"]
            if capacity is not None and row["batch"] > 0:
                row["order_limit"] = np.floor(capacity / row["batch"] + 1e-9) * row["batch"]
            row["least"] = lane.minimum_order
            if row["batch"] > 0:  # as a number of batches is rounded to units, so that it is never missed by a hair
                row["least"] = np.ceil(lane.minimum_order / row["batch"] - 1e-9) * row["batch"]
            row["unit_cost"], row["fixed_cost"] = lane.unit_cost, lane.fixed_cost
            row["in_transit_cost"], row["waiting_cost"] = lane.in_transit_cost, lane.waiting_cost
            row["reject_cost"] = lane.reject_cost
            row["route"] = self.routes.index(lane.route) if lane.route else 0
            row["drives"] = lane.route is not None and scenario.routes[lane.route].vehicle_capacity is not None

    def _lay_resources(self, shared: list[str], claims: list[list[str]]) -> None:
        """Lay the capacities that lanes share, by their places in the scenario, and the claims of each lane on them."""
        scenario, columns = self.scenario, self.columns
        for row, place in zip(self.net.resources, shared, strict=True):
            table, _, name = place.partition(".")
            part = getattr(scenario, table)[name]
            row["capacity"], row["whole"] = part.capacity, scenario.units == "whole"
            row["proportional"] = place in self._proportional
            row["can_fail"], row["available"] = name in columns.shared, columns.shared.get(name, 0)
            lane = next(lane for lane, places in zip(self.lanes, claims, strict=True) if place in places)
            row["can_fall_short"] = table == "suppliers" and lane in columns.filled  # all its lanes fall short alike
            row["filled"] = columns.filled.get(lane, 0)
        end = 0
        for row, places in zip(self.net.lanes, claims, strict=True):
            row["first_claim"], row["last_claim"] = end, (end := end + len(places))
        for row, place in zip(self.net.claims, [place for places in claims for place in places], strict=True):
            row["resource"] = shared.index(place)

    def _lay_way(self, row: Any, name: str) -> None:
        """Give a lane its places in the pipeline: what is on the way, its mail, its bills, its reports."""
        lane, usage = self.scenario.lanes[name], self._used[self.scenario.lanes[name].to][0]
        usage *= self.scenario.shares[name]
        slots = slowest(self.scenario, name)
        seen = () if name in self.columns.lead_time else [f"{name}.arrives_in_{k}" for k in range(1, slots + 1)]
        docks = ("receiving", name) in self.columns.working
        row["first_slot"], row["last_slot"] = self._room(slots + 1)
        row["second_slot"], row["newest_slot"] = row["first_slot"] + 1, row["last_slot"] - 1
        self.slots |= {f"{name}.waits_at_the_dock": int(row["first_slot"])} if docks else {}
        self.slots |= {place: int(row["first_slot"]) + 1 + k for k, place in enumerate(seen)}
        coming = range(1, 1 + min(slots, round(lane.lead_time.mean)))
        self._initial += [(int(row["first_slot"]) + k, self._units(lane.initial, usage)) for k in coming]
        letters = [f"{name}.read_in_{k + 1}" for k in range(lane.order_delay)]
        letter = self._units(lane.initial_orders, usage)
        row["first_letter"], row["last_letter"] = self._room(lane.order_delay, letters, letter)
        row["first_bill"], row["last_bill"] = self._room(lane.pays_after)
        late = self.scenario.stocks[lane.to].seen_late
        late += late > 0  # one for what is reported, and the arrivals that are not
        row["first_report"], row["last_report"] = self._room(late, [f"{name}.in_transit"][:late])
        if late:
            self._initial += [(int(row["first_report"]), self._units(lane.initial, usage)) for _ in coming]

    def _lay_demands(self, needs: list[tuple[str, float]]) -> None:
        first = 0
        for row, (name, demand) in zip(self.net.demands, self.scenario.demands.items(), strict=True):
            row["first_need"], row["last_need"] = first, (first := first + len(demand.draws_on))
            row["draw"] = self.columns.demand[name]
            row["whole"], row["backlogs"] = self.scenario.units == "whole", demand.unmet == "backlog"
            row["shortage_cost"], row["price"] = demand.shortage_cost, demand.price
            row["closes"], row["terminal_cost"] = demand.terminal_cost > 0, demand.terminal_cost
            row["last"] = self.columns.last or 0
            row["erodes"], row["price_left"] = name in self.columns.price, self.columns.price.get(name, 0)
            row["first_bill"], row["last_bill"] = self._room(demand.pays_after)
            late = max(self.scenario.stocks[stock].seen_late for stock in demand.draws_on)
            late += late > 0
            row["first_report"], row["last_report"] = self._room(late, [f"{name}.backlog"][:late])
        for row, (stock, quantity) in zip(self.net.needs, needs, strict=True):
            row["stock"], row["quantity"], row["kits"] = self.stocks.index(stock), quantity, 1.0 / quantity  # in a unit

    def _lay_routes(self) -> None:
        for row, route in zip(self.net.routes, self.scenario.routes.values(), strict=True):
            row["vehicles"] = 1.0 / route.vehicle_capacity if route.vehicle_capacity else 0.0  # in a unit
            row["vehicle_capacity"], row["vehicle_cost"] = route.vehicle_capacity or 0.0, route.vehicle_cost

    def _start(self) -> np.ndarray:
        """Return the state at the start, as one path's vector of numbers."""
        start = np.zeros(self.state_size)
        state = state_of(start, self.sizes, 1)
        for place, units in self._initial:
            state.pipeline[0, place] += units
        for i, name in enumerate(self.stocks):
            state.stocks["on_hand"][0, i] = self._on_hand(name)
        for m, row in enumerate(self.net.lanes):
            state.lanes["in_transit"][0, m] = state.pipeline[0, row["first_slot"] : row["last_slot"]].sum()
        return start

    def _on_hand(self, name: str) -> float:
        """Return what a stock holds at the start: as many periods of supply as there is room for."""
        initial = self._units(self.scenario.stocks[name].initial, self._used[name][0])
        limit = self.scenario.stocks[name].storage_limit
        return initial if limit is None else min(initial, limit)

    def _units(self, quantity: Quantity, usage_a_period: float) -> float:
        if isinstance(quantity, PeriodsOfSupply):
            quantity = quantity.periods_of_supply * usage_a_period
            return float(np.floor(quantity + 0.5)) if self.scenario.units == "whole" else quantity
        return quantity

    def states(self, paths: int) -> np.ndarray:
        """Return the state of a batch of paths at the start, as one vector of numbers."""
        numbers = np.empty(paths * self.state_size)
        for many, one in zip(state_of(numbers, self.sizes, paths), state_of(self.start, self.sizes, 1), strict=True):
            many[:] = one
        return numbers

    def flows(self, paths: int) -> np.ndarray:
        """Return room for a batch's flows, as one vector of numbers, all 0."""
        return np.zeros(paths * self.flows_size)

    def flow_tables(self) -> list[tuple[list[str], np.dtype]]:
        """Return whom each table of flows is about (nobody in particular: an empty name), and its kind of record."""
        parts = self.stocks, self.lanes, self.demands
        about = *parts, [""], self.stocks, self.stocks, self.lanes, self.routes, [""], self.resources
        tables = zip(about, flow_counts(self.sizes), FLOWS, strict=True)
        return [(names[:count], kind) for names, count, kind in tables]
