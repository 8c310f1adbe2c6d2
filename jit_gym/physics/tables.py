"""The tables that the period works on: what never changes (Net), what is where (State), what happens (Flows).

Each table is an array of records with named fields, so that the period reads `lane.capacity` compiled and plain alike.
All tables of a kind lie one after another in one flat vector of numbers, which is quick to pass on, to copy and to
pickle. Fields and kinds of cost are declared here alone: layout, period, metrics, pictures and docs read them here.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import Annotated, Any, NamedTuple, Protocol, get_type_hints

import numpy as np
from numba.extending import register_jitable

from ..kernels.arrays import table


class CostKind(NamedTuple):
    """A kind of cost: its name and label, what causes it, and where it is told."""

    name: str
    label: str  # in pictures
    meaning: str
    everywhere: bool  # in the money of each world, or in the charges that only some worlds have
    part: str  # the table whose parts it is told of one by one, if it is


COST_KINDS = (
    CostKind("purchase_cost", "units used", "units used: bought, less what was added to stock, at cost", True, "lanes"),
    CostKind("fixed_cost", "ordering", "orders placed", True, "lanes"),
    CostKind("vehicle_cost", "vehicles", "vehicles that set off", False, ""),
    CostKind("waiting_cost", "waiting at sources", "units that sources were asked for and did not ship", False, ""),
    CostKind("transit_cost", "in transit", "units on the way", True, "lanes"),
    CostKind("reject_cost", "rejects", "units rejected on arrival", False, ""),
    CostKind("holding_cost", "holding", "units on hand at the end of each period", True, "stocks"),
    CostKind("storage_cost", "storage", "space rented or used at the end of each period", False, ""),
    CostKind("waste_cost", "waste", "units wasted", True, "stocks"),
    CostKind("loss_cost", "losses", "units stolen, damaged or destroyed", False, ""),
    CostKind("shortage_cost", "shortage", "units lost, or waiting at the end of each period", True, "demands"),
)
"""All kinds of cost, in the order in which a unit causes them; in each period they add up to its `cost`."""


Index = Annotated[int, np.uint64]  # uint64, so that Numba skips negative-index handling
Flag = Annotated[int, np.int64]
Number = Annotated[float, np.float64]  # plain, compiled, or a tensor with one entry for each path


def record(row: type) -> np.dtype:
    """Return the record type that a row class declares, a field of 8 bytes for each of its annotations."""
    hints = get_type_hints(row, include_extras=True)
    return np.dtype([(name, hint.__metadata__[0]) for name, hint in hints.items()])


def fields(kind: np.dtype) -> list[str]:
    """Return the names of a record type's fields."""
    return list(kind.names or ())


# What never changes. An index is a column of chance (`available`), a row of another table (`to`), or the first place in
# the pipeline of a queue that moves up each period, and the place after its last.


class StockRow:
    """A stock."""

    holding_cost: Number
    storage_limit: Number
    waste_cost: Number
    whole: Flag
    shrinks: Flag
    shrinkage: Number
    shrinkage_rounding: Index  # column
    loss_cost: Number
    stored: Flag  # is its space paid for?
    warehouse: Index  # warehouse
    volume: Number
    struck: Flag  # can anything on the shelf be destroyed?
    destroyed: Index  # column
    destroyed_rounding: Index  # column
    proportional: Flag  # does it share out what it has, and not serve lanes in their order?
    perishable: Flag
    lifo: Flag
    first_age: Index  # its units by age, the oldest first
    newest_age: Index
    last_age: Index
    first_report: Index  # what late records will tell
    last_report: Index
    obsolesces: Flag
    obsolete: Index  # column
    scrap_value: Number
    keeps_value: Flag
    last: Index  # column: is this the last period?
    terminal_value: Number


class LaneRow:
    """A lane."""

    to: Index  # stock
    whole: Flag
    # ordering
    limited: Flag
    capacity: Number
    most: Number  # what it ships when nothing has failed: the capacity, in whole units where they are
    order_limit: Number
    batched: Flag  # is it ordered in batches, or in whole units?
    batch: Number
    batches: Number  # in a unit
    least: Number
    can_refuse: Flag
    ordering: Index  # column
    fixed_cost: Number
    first_transmitted: Index  # orders in transmission
    last_transmitted: Index
    # shipping
    ships: Flag  # APART, TOGETHER or FROM_STOCKS
    first_use: Index  # needs: its inputs
    last_use: Index
    shares: Flag  # is any of its sources shared proportionally?
    first_resource_use: Index  # resource_uses: the shared capacities that it takes from
    last_resource_use: Index
    can_fail: Flag
    available: Index  # column
    can_fall_short: Flag
    filled: Index  # column
    keeps_unshipped: Flag  # does what the source could not ship wait there, or lapse?
    waiting_cost: Number
    route: Index
    drives: Flag  # does it share the vehicles of its route?
    fills: Flag  # must these be full?
    # transit
    first_slot: Index  # what arrived last, then what arrives in 1, 2, ... periods
    second_slot: Index
    newest_slot: Index
    last_slot: Index
    varies: Flag
    lead_time: Index  # column
    can_stall: Flag
    moving: Index  # column
    struck: Flag
    destroyed: Index  # column
    destroyed_rounding: Index  # column
    in_transit_cost: Number
    # receiving
    receiving_can_stop: Flag
    receiving: Index  # column
    rejects: Flag
    defects: Index  # column
    drifts: Flag
    rounding: Index  # column
    reject_cost: Number
    arrives_old: Flag
    age: Index  # column
    # buying
    unit_cost: Number
    erodes: Flag
    cost: Index  # column
    first_bill: Index
    last_bill: Index
    first_report: Index
    last_report: Index


class DemandRow:
    """A demand."""

    demanded: Index  # column
    whole: Flag
    backlogs: Flag
    first_need: Index
    last_need: Index
    shortage_cost: Number
    closes: Flag  # does what still waits at the end have a cost?
    last: Index  # column
    terminal_cost: Number
    price: Number
    erodes: Flag
    price_left: Index  # column
    first_bill: Index
    last_bill: Index
    first_report: Index
    last_report: Index


class NeedRow:
    """What a unit of a demand or a lane takes from one stock."""

    stock: Index
    quantity: Number
    kits: Number  # in a unit of the stock


class RouteRow:
    """A route."""

    vehicles: Number  # in a unit
    vehicle_capacity: Number
    vehicle_cost: Number


class ResourceRow:
    """The capacity of a supplier or a route that its lanes share."""

    capacity: Number
    whole: Flag
    proportional: Flag
    can_fail: Flag
    available: Index  # column
    can_fall_short: Flag
    filled: Index  # column


class ResourceUseRow:
    """The use of a shared capacity by a lane."""

    resource: Index


class WarehouseRow:
    """A warehouse."""

    space: Number
    rent: Number  # a period
    rate: Number


# What is where.


class StockState:
    """A stock at the start of a period."""

    on_hand: Number
    used: Number  # in the last period


class LaneState:
    """A lane at the start of a period."""

    waiting: Number  # ordered, and not yet shipped
    in_transit: Number


class DemandState:
    """A demand at the start of a period."""

    backlog: Number


class Books:
    """Money, where anything is paid later."""

    cash: Number
    receivable: Number
    payable: Number


# What happens in a period; from sources on, in some worlds only.


class StockFlow:
    """A stock in a period."""

    wasted: Number
    held: Number


class LaneFlow:
    """A lane in a period."""

    ordered: Number
    shipped: Number
    arrived: Number


class DemandFlow:
    """A demand in a period."""

    demanded: Number
    served: Number
    short: Number


class SourceFlow:
    """A stock from which lanes ship."""

    asked: Number


class GoodsFlow:
    """A stock, where some perish or become obsolete."""

    expired: Number
    scrapped: Number


class RejectFlow:
    """A lane, where some may reject."""

    rejected: Number


class LossFlow:
    """A stock, where units of some are lost."""

    shrunk: Number
    lost_on_the_shelf: Number  # destroyed


class WreckFlow:
    """A lane, where what is on the way on some may be destroyed."""

    lost_on_the_way: Number


class SpaceFlow:
    """A warehouse."""

    taken: Number


class RouteFlow:
    """A route with vehicles."""

    loaded: Number
    vehicles: Number


class ResourceFlow:
    """A shared capacity."""

    there: Number
    left: Number
    wanted: Number  # by all its lanes


STOCK, LANE, DEMAND, NEED, ROUTE, RESOURCE, RESOURCE_USE, WAREHOUSE = map(
    record, (StockRow, LaneRow, DemandRow, NeedRow, RouteRow, ResourceRow, ResourceUseRow, WarehouseRow)
)
STATES = STOCK_STATE, LANE_STATE, DEMAND_STATE, BOOKS = tuple(map(record, (StockState, LaneState, DemandState, Books)))
STOCK_FLOW, LANE_FLOW, DEMAND_FLOW, SOURCE_FLOW, GOODS_FLOW, REJECT_FLOW, ROUTE_FLOW, RESOURCE_FLOW = map(
    record, (StockFlow, LaneFlow, DemandFlow, SourceFlow, GoodsFlow, RejectFlow, RouteFlow, ResourceFlow)
)
LOSS_FLOW, WRECK_FLOW, SPACE_FLOW = map(record, (LossFlow, WreckFlow, SpaceFlow))
MONEY, CHARGES = (
    np.dtype([(name, np.float64) for name in (*(kind.name for kind in COST_KINDS if kind.everywhere == all_), *more)])
    for all_, more in ((True, ("cost", "revenue", "reward")), (False, ("salvage",)))
)
SLOT = np.dtype(np.float64)


def _lengths(*kinds: np.dtype) -> np.ndarray:
    return np.array([len(fields(kind)) for kind in kinds])


# How many numbers one of each takes in a net, in a state, and in the flows.
_STOCK, _LANE, _DEMAND, _NEED, _ROUTE, _RESOURCE, _RESOURCE_USE, _WAREHOUSE = NET_LENGTHS = tuple(
    _lengths(STOCK, LANE, DEMAND, NEED, ROUTE, RESOURCE, RESOURCE_USE, WAREHOUSE).tolist()
)
_STOCK_STATE, _LANE_STATE, _DEMAND_STATE, _BOOKS = STATE_LENGTHS = tuple(_lengths(*STATES).tolist())
FLOWS = (
    STOCK_FLOW, LANE_FLOW, DEMAND_FLOW, MONEY, SOURCE_FLOW, GOODS_FLOW, REJECT_FLOW, ROUTE_FLOW, CHARGES, RESOURCE_FLOW,
    LOSS_FLOW, WRECK_FLOW, SPACE_FLOW,
)  # fmt: skip
FLOW_LENGTHS = tuple(_lengths(*FLOWS).tolist())


class Sizes(NamedTuple):
    """How many there are of each, and which steps of a period a world needs: what it does not use, it does not pay."""

    stocks: int
    lanes: int
    demands: int
    needs: int
    routes: int
    slots: int
    resources: int  # capacities that lanes share
    resource_uses: int  # of such capacities by lanes
    warehouses: int
    together: int  # do any lanes ship together with others, from outside or from stocks?
    network: int  # do stocks feed stocks?
    transmits: int  # does any order take time to get to its source?
    ships_late: int  # do stocks ship after they have received?
    ages: int  # has any stock a shelf life?
    troubles: int  # can ordering, transit or receiving stop, or a supplier fall short?
    rejects: int  # is anything rejected on arrival?
    vehicles: int  # do any lanes share vehicles?
    full_loads: int  # do any vehicles set off only when they are full?
    worth: int  # do costs or prices fall, stocks become obsolete, or what is left have a value?
    losses: int  # are any units stolen, damaged or destroyed?
    strikes: int  # can a disruption destroy any?
    charges: int  # is there any money that few worlds know: for waiting, vehicles, space, losses, or from salvage?
    credit: int  # is anything paid later?
    reports: int  # are any records late?


class Net(NamedTuple):
    """What never changes: a record for each stock, lane, demand, need (of a demand or a lane for a stock) and route.

    And one for each capacity that lanes share, for each use of one of these by a lane, and for each warehouse.
    """

    stocks: Any
    lanes: Any
    demands: Any
    needs: Any
    routes: Any
    resources: Any
    resource_uses: Any
    warehouses: Any
    has: Sizes


class State(NamedTuple):
    """What is where.

    `pipeline` holds all that moves up a place each period: by lane, what arrived last, what arrives in 1, 2, ...
    periods, its orders in transmission, its bills and its reports; by stock, its units by age and its reports; by
    demand, its bills and its reports. `books` has one record where anything is paid later, and none elsewhere.
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
    losses: Any  # a record for each stock, where units of some are lost
    wrecks: Any  # a record for each lane, where disruptions destroy
    spaces: Any  # a record for each warehouse


@register_jitable(forceinline=True)
def net_of(numbers: np.ndarray, sizes: Sizes) -> Net:
    """Return the tables (1, ...) of a net that lie in one vector."""
    a = sizes.stocks * _STOCK
    b = a + sizes.lanes * _LANE
    c = b + sizes.demands * _DEMAND
    d = c + sizes.needs * _NEED
    e = d + sizes.routes * _ROUTE
    f = e + sizes.resources * _RESOURCE
    g = f + sizes.resource_uses * _RESOURCE_USE
    return Net(
        table(numbers, STOCK, 0, 1, sizes.stocks)[0],
        table(numbers, LANE, a, 1, sizes.lanes)[0],
        table(numbers, DEMAND, b, 1, sizes.demands)[0],
        table(numbers, NEED, c, 1, sizes.needs)[0],
        table(numbers, ROUTE, d, 1, sizes.routes)[0],
        table(numbers, RESOURCE, e, 1, sizes.resources)[0],
        table(numbers, RESOURCE_USE, f, 1, sizes.resource_uses)[0],
        table(numbers, WAREHOUSE, g, 1, sizes.warehouses)[0],
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
def flow_counts(sizes: Sizes) -> tuple[int, int, int, int, int, int, int, int, int, int, int, int, int]:
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
        sizes.stocks * sizes.losses,
        sizes.lanes * sizes.strikes,
        sizes.warehouses,
    )


@register_jitable(forceinline=True)
def flows_of(numbers: np.ndarray, sizes: Sizes, paths: int) -> Flows:
    """Return the tables (paths, ...) of a batch's flows that lie in one vector."""
    stocks, lanes, demands, money, sources, goods, rejects, routes, charges, resources, losses, wrecks, _ = flow_counts(
        sizes
    )
    a = paths * stocks * FLOW_LENGTHS[0]
    b = a + paths * lanes * FLOW_LENGTHS[1]
    c = b + paths * demands * FLOW_LENGTHS[2]
    d = c + paths * money * FLOW_LENGTHS[3]
    e = d + paths * sources * FLOW_LENGTHS[4]
    f = e + paths * goods * FLOW_LENGTHS[5]
    g = f + paths * rejects * FLOW_LENGTHS[6]
    h = g + paths * routes * FLOW_LENGTHS[7]
    i = h + paths * charges * FLOW_LENGTHS[8]
    j = i + paths * resources * FLOW_LENGTHS[9]
    k = j + paths * losses * FLOW_LENGTHS[10]
    m = k + paths * wrecks * FLOW_LENGTHS[11]
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
        table(numbers, LOSS_FLOW, j, paths, losses),
        table(numbers, WRECK_FLOW, k, paths, wrecks),
        table(numbers, SPACE_FLOW, m, paths, sizes.warehouses),
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
        flows.losses[b],
        flows.wrecks[b],
        flows.spaces[b],
    )


class Fields:
    """A table of a batch: each field of its records is an array (paths, records), a window onto the batch's numbers."""

    def __init__(self, numbers: np.ndarray, kind: np.dtype, records: int) -> None:
        """Take the numbers of some records (records * fields, paths), one record after the other."""
        self.dtype, self.shape = kind, (numbers.shape[1], records)
        self._numbers = numbers

    def __getitem__(self, field: str) -> np.ndarray:
        """Return one field of all records on all paths."""
        names = fields(self.dtype)
        return self._numbers[names.index(field) :: len(names)].T


def batch_state(numbers: np.ndarray, sizes: Sizes) -> State:
    """Return the tables of a batch's state (numbers, paths); the pipeline is an array (paths, slots)."""
    counts = sizes.stocks, sizes.lanes, sizes.demands, sizes.credit
    *tables, pipeline = _divided(numbers, STATES, counts)
    return State._make([*tables, pipeline.T])


def batch_flows(numbers: np.ndarray, sizes: Sizes) -> Flows:
    """Return the tables of a batch's flows (numbers, paths)."""
    return Flows(*_divided(numbers, FLOWS, flow_counts(sizes))[:-1])


def _divided(numbers: np.ndarray, kinds: Sequence[np.dtype], counts: Sequence[int]) -> list[Any]:
    """Return tables that lie one after another, and what is left behind them."""
    tables: list[Any] = []
    for kind, records in zip(kinds, counts, strict=True):
        length = records * len(fields(kind))
        tables.append(Fields(numbers[:length], kind, records))
        numbers = numbers[length:]
    return [*tables, numbers]


class NetRows(Protocol):
    """What the period reads of a net: rows of tables, compiled or plain."""

    @property
    def stocks(self) -> Sequence[StockRow]: ...
    @property
    def lanes(self) -> Sequence[LaneRow]: ...
    @property
    def demands(self) -> Sequence[DemandRow]: ...
    @property
    def needs(self) -> Sequence[NeedRow]: ...
    @property
    def routes(self) -> Sequence[RouteRow]: ...
    @property
    def resources(self) -> Sequence[ResourceRow]: ...
    @property
    def resource_uses(self) -> Sequence[ResourceUseRow]: ...
    @property
    def warehouses(self) -> Sequence[WarehouseRow]: ...
    @property
    def has(self) -> Sizes: ...


class StateRows(Protocol):
    """What the period reads and changes of a state, on one path."""

    @property
    def stocks(self) -> Sequence[StockState]: ...
    @property
    def lanes(self) -> Sequence[LaneState]: ...
    @property
    def demands(self) -> Sequence[DemandState]: ...
    @property
    def books(self) -> Sequence[Books]: ...
    @property
    def pipeline(self) -> MutableSequence[Any]: ...


class FlowRows(Protocol):
    """What the period fills in, on one path."""

    @property
    def stocks(self) -> Sequence[StockFlow]: ...
    @property
    def lanes(self) -> Sequence[LaneFlow]: ...
    @property
    def demands(self) -> Sequence[DemandFlow]: ...
    @property
    def money(self) -> Sequence[Any]: ...
    @property
    def sources(self) -> Sequence[SourceFlow]: ...
    @property
    def goods(self) -> Sequence[GoodsFlow]: ...
    @property
    def rejects(self) -> Sequence[RejectFlow]: ...
    @property
    def routes(self) -> Sequence[RouteFlow]: ...
    @property
    def charges(self) -> Sequence[Any]: ...
    @property
    def resources(self) -> Sequence[ResourceFlow]: ...
    @property
    def losses(self) -> Sequence[LossFlow]: ...
    @property
    def wrecks(self) -> Sequence[WreckFlow]: ...
    @property
    def spaces(self) -> Sequence[SpaceFlow]: ...
