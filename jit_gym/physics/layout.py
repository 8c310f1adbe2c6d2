"""A scenario as tables of numbers: what never changes (Net), what is where (State), what happens in a period (Flows).

Each table is an array of records with named fields, so that the period reads `lane.capacity` compiled and plain
alike. All tables of a kind lie one after another in one flat vector of numbers, which is quick to hand over, to copy
and to pickle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numba.extending import register_jitable

from ..chance import Columns, usage
from ..chance.compiled import table
from ..chance.lead_times import longest
from ..scenario.model import PeriodsOfSupply, Quantity, Scenario


def _records(*, index: str = "", flag: str = "", real: str = "") -> np.dtype:
    """Return a record type of 8-byte fields; an index is unsigned, which spares compiled code a question each time."""
    kinds = (index, np.uint64), (flag, np.int64), (real, np.float64)
    return np.dtype([(name, kind) for names, kind in kinds for name in names.split()])


def fields(kind: np.dtype) -> list[str]:
    """Return the names of a record type's fields."""
    return list(kind.names or ())


STOCK = _records(flag="proportional", real="holding_cost storage_limit waste_cost")
LANE = _records(
    index="to available lead_time first_slot last_slot first_letter last_letter first_use last_use",
    flag="can_fail varies limited whole waits shares",
    real="capacity most order_limit batch batches least unit_cost fixed_cost in_transit_cost waiting_cost",
)
DEMAND = _records(index="draw first_need last_need", flag="whole backlogs", real="shortage_cost price")
NEED = _records(index="stock", real="quantity kits")

STOCK_STATE = _records(real="on_hand used")
LANE_STATE = _records(real="posted waiting in_transit")
DEMAND_STATE = _records(real="backlog")

STOCK_FLOW = _records(real="asked wasted held")
LANE_FLOW = _records(real="ordered shipped arrived")
DEMAND_FLOW = _records(real="demanded served short")
MONEY = _records(
    real="purchase_cost fixed_cost transit_cost waiting_cost holding_cost shortage_cost waste_cost cost revenue reward"
)

SLOT = np.dtype(np.float64)

# How many numbers one stock, lane or demand takes in a net, in a state, and in the flows.
_STOCK, _LANE, _DEMAND, _NEED = (len(fields(kind)) for kind in (STOCK, LANE, DEMAND, NEED))
_STOCK_STATE, _LANE_STATE, _DEMAND_STATE = (len(fields(kind)) for kind in (STOCK_STATE, LANE_STATE, DEMAND_STATE))
_STOCK_FLOW, _LANE_FLOW, _DEMAND_FLOW = (len(fields(kind)) for kind in (STOCK_FLOW, LANE_FLOW, DEMAND_FLOW))
_MONEY = len(fields(MONEY))


class Net(NamedTuple):
    """What never changes: one record for each stock, lane, demand, and stock that a demand or a lane needs."""

    stocks: Any
    lanes: Any
    demands: Any
    needs: Any
    network: int  # do stocks feed stocks?
    mail: int  # do orders travel?
    ships_late: int  # do stocks ship after they have received?


class State(NamedTuple):
    """What is where; `pipeline` holds, by lane, what arrived last, what arrives in 1, 2, ... periods, and its mail."""

    stocks: Any
    lanes: Any
    demands: Any
    pipeline: Any


class Flows(NamedTuple):
    """What happened in a period."""

    stocks: Any
    lanes: Any
    demands: Any
    money: Any


@register_jitable(forceinline=True)
def net_of(numbers: np.ndarray, sizes: Any) -> Net:
    """Return the tables (1, ...) of a net that lie in one vector."""
    stocks, lanes, demands, needs, _, network, mail, ships_late = sizes
    a = stocks * _STOCK
    b = a + lanes * _LANE
    c = b + demands * _DEMAND
    return Net(
        table(numbers, STOCK, 0, 1, stocks)[0],
        table(numbers, LANE, a, 1, lanes)[0],
        table(numbers, DEMAND, b, 1, demands)[0],
        table(numbers, NEED, c, 1, needs)[0],
        network,
        mail,
        ships_late,
    )


@register_jitable(forceinline=True)
def state_of(numbers: np.ndarray, sizes: Any, paths: int) -> State:
    """Return the tables (paths, ...) of a batch's state that lie in one vector."""
    stocks, lanes, demands, _, slots, _, _, _ = sizes
    a = paths * stocks * _STOCK_STATE
    b = a + paths * lanes * _LANE_STATE
    c = b + paths * demands * _DEMAND_STATE
    return State(
        table(numbers, STOCK_STATE, 0, paths, stocks),
        table(numbers, LANE_STATE, a, paths, lanes),
        table(numbers, DEMAND_STATE, b, paths, demands),
        table(numbers, SLOT, c, paths, slots),
    )


@register_jitable(forceinline=True)
def flows_of(numbers: np.ndarray, sizes: Any, paths: int) -> Flows:
    """Return the tables (paths, ...) of a batch's flows that lie in one vector."""
    stocks, lanes, demands, _, _, _, _, _ = sizes
    a = paths * stocks * _STOCK_FLOW
    b = a + paths * lanes * _LANE_FLOW
    c = b + paths * demands * _DEMAND_FLOW
    return Flows(
        table(numbers, STOCK_FLOW, 0, paths, stocks),
        table(numbers, LANE_FLOW, a, paths, lanes),
        table(numbers, DEMAND_FLOW, b, paths, demands),
        table(numbers, MONEY, c, paths, 1),
    )


class Layout:
    """A scenario laid out for the period: its net, the state it starts in, and where each name stands."""

    def __init__(self, scenario: Scenario) -> None:
        """Lay out a scenario."""
        self.scenario = scenario
        self.columns = Columns.of(scenario)
        self.stocks, self.lanes, self.demands = (
            list(part) for part in (scenario.stocks, scenario.lanes, scenario.demands)
        )
        kits = [demand.draws_on for demand in scenario.demands.values()]
        kits += [lane.uses for lane in scenario.lanes.values()]
        needs = [need for kit in kits for need in kit.items()]
        slots = sum(longest(lane.lead_time) + 1 + lane.order_delay for lane in scenario.lanes.values())
        network = any(lane.uses for lane in scenario.lanes.values())
        ships_late = scenario.sources_ship == "after-receiving"
        counts = len(self.stocks), len(self.lanes), len(self.demands), len(needs), slots
        mail = any(lane.order_delay for lane in scenario.lanes.values())
        self.sizes = np.array([*counts, network, mail, ships_late])
        self.numbers = np.zeros(self.sizes[:4] @ [_STOCK, _LANE, _DEMAND, _NEED])
        self.state_size = int(self.sizes[:5] @ [_STOCK_STATE, _LANE_STATE, _DEMAND_STATE, 0, 1])
        self.flows_size = int(self.sizes[:3] @ [_STOCK_FLOW, _LANE_FLOW, _DEMAND_FLOW]) + _MONEY
        self.net = net_of(self.numbers, self.sizes)
        self._lay_stocks()
        self._lay_lanes()
        self._lay_demands(needs)
        self.into = (self.net.lanes["to"][:, None] == np.arange(len(self.stocks))).astype(float)  # (lanes, stocks)
        self.needs = self._needs(demand.draws_on for demand in scenario.demands.values())  # (demands, stocks)
        self.uses = self._needs(lane.uses for lane in scenario.lanes.values())  # (lanes, stocks)
        self.start = self._start()

    def _needs(self, kits: Iterable[Mapping[str, float]]) -> np.ndarray:
        """Return how many units of each stock one unit of each kit takes (kits, stocks)."""
        return np.array([[kit.get(name, 0.0) for name in self.stocks] for kit in kits])

    def _lay_stocks(self) -> None:
        for row, stock in zip(self.net.stocks, self.scenario.stocks.values(), strict=True):
            row["holding_cost"], row["waste_cost"] = stock.holding_cost, stock.waste_cost
            row["storage_limit"] = np.inf if stock.storage_limit is None else stock.storage_limit
            row["proportional"] = stock.rationing == "proportional"

    def _lay_lanes(self) -> None:
        whole = self.scenario.units == "whole"
        slot, use = 0, sum(len(demand.draws_on) for demand in self.scenario.demands.values())
        for row, (name, lane) in zip(self.net.lanes, self.scenario.lanes.items(), strict=True):
            row["to"] = self.stocks.index(lane.to)
            row["first_slot"], row["last_slot"] = slot, (slot := slot + longest(lane.lead_time) + 1)
            row["first_letter"], row["last_letter"] = slot, (slot := slot + lane.order_delay)
            row["first_use"], row["last_use"] = use, (use := use + len(lane.uses))
            row["shares"] = any(self.scenario.stocks[name].rationing == "proportional" for name in lane.uses)
            row["varies"], row["lead_time"] = name in self.columns.lead_time, self.columns.lead_time.get(name, 0)
            row["can_fail"], row["available"] = name in self.columns.available, self.columns.available.get(name, 0)
            row["limited"], row["whole"], row["waits"] = lane.capacity is not None, whole, lane.unshipped == "waits"
            row["batch"] = lane.batch or (1.0 if whole else 0.0)
            row["batches"] = 1.0 / row["batch"] if row["batch"] > 0 else 0.0  # in a unit
            row["capacity"] = np.inf if lane.capacity is None else lane.capacity
            row["most"] = np.floor(row["capacity"] + 1e-9) if whole else row["capacity"]  # when nothing has failed
            row["order_limit"] = row["capacity"]
            if lane.capacity is not None and row["batch"] > 0:
                row["order_limit"] = np.floor(lane.capacity / row["batch"] + 1e-9) * row["batch"]
            row["least"] = lane.minimum_order
            row["unit_cost"], row["fixed_cost"] = lane.unit_cost, lane.fixed_cost
            row["in_transit_cost"], row["waiting_cost"] = lane.in_transit_cost, lane.waiting_cost

    def _lay_demands(self, needs: list[tuple[str, float]]) -> None:
        first = 0
        for row, (name, demand) in zip(self.net.demands, self.scenario.demands.items(), strict=True):
            row["first_need"], row["last_need"] = first, (first := first + len(demand.draws_on))
            row["draw"] = self.columns.demand[name]
            row["whole"], row["backlogs"] = self.scenario.units == "whole", demand.unmet == "backlog"
            row["shortage_cost"], row["price"] = demand.shortage_cost, demand.price
        for row, (stock, quantity) in zip(self.net.needs, needs, strict=True):
            row["stock"], row["quantity"], row["kits"] = self.stocks.index(stock), quantity, 1.0 / quantity  # in a unit

    def _start(self) -> np.ndarray:
        """Return the state at the start, as one path's vector of numbers."""
        scenario = self.scenario
        start = np.zeros(self.state_size)
        state = state_of(start, self.sizes, 1)
        used = usage(scenario)
        for i, (name, stock) in enumerate(scenario.stocks.items()):
            state.stocks["on_hand"][0, i] = self._units(stock.initial, used[name][0])
        for m, (name, lane) in enumerate(scenario.lanes.items()):
            row = self.net.lanes[m]
            slots = min(int(row["last_slot"] - row["first_slot"]) - 1, round(lane.lead_time.mean))
            each = self._units(lane.initial, used[lane.to][0] * scenario.shares[name])
            state.pipeline[0, row["first_slot"] + 1 : row["first_slot"] + 1 + slots] = each
            state.lanes["in_transit"][0, m] = each * slots
            letter = self._units(lane.initial_orders, used[lane.to][0] * scenario.shares[name])
            state.pipeline[0, row["first_letter"] : row["last_letter"]] = letter
            state.lanes["posted"][0, m] = letter * lane.order_delay
        return start

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
