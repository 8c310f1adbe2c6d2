"""A scenario laid out for the period: the rows of its tables, the state at the start, and where each name stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from ..chance import Columns, usage
from ..chance.suppliers import slowest
from ..kernels.memory import by_path
from ..scenario import ScenarioError
from ..scenario.model import MOST_NUMBERS, Drift, PeriodsOfSupply, Quantity, Scenario
from .period import APART, FROM_STOCKS, TOGETHER
from .tables import FLOW_LENGTHS, FLOWS, NET_LENGTHS, STATE_LENGTHS, Sizes, fields, flow_counts, net_of, state_of


class Layout:
    """A scenario laid out for the period: its net, the state it starts in, and where each name stands."""

    def __init__(self, scenario: Scenario, room: Sizes | None = None) -> None:
        """Lay out a scenario; with `room`, in tables of at least these sizes, so that several worlds can share them.

        Raises:
            ScenarioError: for a world that needs too much memory on a path.
        """
        self.scenario = scenario
        self.columns = Columns.of(scenario)
        self._whole = scenario.units == "whole"
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
        shared_by_lane = [list(scenario.shared_by(name)) for name in self.lanes]
        shared = sorted({place for places in shared_by_lane for place in places})
        self.resources = [place.partition(".")[2] for place in shared]  # suppliers and routes with a capacity
        self.warehouses = list(scenario.warehouses)
        more = [len(shared), sum(map(len, shared_by_lane)), len(self.warehouses)]
        self.numbers = np.zeros(np.dot([*counts, *more], NET_LENGTHS))
        self.net = net_of(self.numbers, Sizes._make([*counts, 0, *more, *[0] * (len(Sizes._fields) - 9)]))
        self._lay_lanes()
        self._lay_resources(shared, shared_by_lane)
        self._lay_stocks()
        self._lay_demands(needs)
        self._lay_routes()
        self._lay_warehouses()
        needed = Sizes._make([*counts, self._taken, *more, *self._steps()])
        self.sizes = needed if room is None else Sizes._make(map(max, needed, room))
        self.net = self.net._replace(has=self.sizes)
        self.state_size = int(np.dot([*counts[:3], self.sizes.credit], STATE_LENGTHS)) + self.sizes.slots
        self.flows_size = int(np.dot(flow_counts(self.sizes), FLOW_LENGTHS))
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
        self.in_transmission = {  # the places of each lane's orders that have not got to its source
            m: slice(int(row["first_transmitted"]), int(row["last_transmitted"]))
            for m, row in enumerate(self.net.lanes)
            if row["first_transmitted"] < row["last_transmitted"]
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
        waiting = any(lane.waiting_cost for lane in lanes)
        strikes = bool(columns.destroyed)
        losses = strikes or net.stocks["shrinkage"].any()
        needed: dict[str, Any] = {
            "together": net.lanes["ships"].any(),
            "network": any(lane.uses for lane in lanes),
            "transmits": any(lane.order_delay for lane in lanes),
            "ships_late": scenario.sources_ship == "after-receiving",
            "ages": net.stocks["perishable"].any(),
            "troubles": stalls or columns.filled or net.lanes["struck"].any(),
            "rejects": columns.defects,
            "vehicles": vehicles,
            "full_loads": net.lanes["fills"].any(),
            "worth": worth,
            "losses": losses,
            "strikes": strikes,
            "charges": worth or vehicles or losses or columns.defects or self.warehouses or waiting,
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
            row["whole"], row["shrinkage"], row["loss_cost"] = self._whole, stock.shrinkage, stock.loss_cost
            row["shrinks"] = stock.shrinkage > 0
            row["shrinkage_rounding"] = self.columns.shrinkage.get(name, 0)
            self._lay_strikes(row, f"stocks.{name}")
            row["stored"], row["volume"] = stock.warehouse is not None, stock.volume
            row["warehouse"] = self.warehouses.index(stock.warehouse) if stock.warehouse else 0
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

    def _lay_strikes(self, row: Any, place: str) -> None:
        """Tell a stock or a lane which columns say what is destroyed of it."""
        columns = self.columns
        row["struck"], row["destroyed"] = place in columns.destroyed, columns.destroyed.get(place, 0)
        row["destroyed_rounding"] = columns.destroyed_rounding.get(place, 0)

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
            self._lay_strikes(row, f"lanes.{name}")
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
                ("receiving_can_stop", "receiving", columns.working.get(("receiving", name))),
                ("can_fall_short", "filled", columns.filled.get(name)),
                ("rejects", "defects", columns.defects.get(name)),
                ("arrives_old", "age", columns.age.get(name)),
                ("erodes", "cost", columns.cost.get(name)),
            ):
                row[flag], row[index] = column is not None, column or 0
            row["drifts"], row["rounding"] = isinstance(lane.defects, Drift), columns.rounding.get(name, 0)
            capacity = scenario.capacities[name]
            row["limited"], row["whole"] = capacity is not None, whole
            row["keeps_unshipped"] = lane.unshipped == "waits"
            row["batch"] = lane.batch or (1.0 if whole else 0.0)
            row["batched"] = row["batch"] > 0
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

    def _lay_resources(self, shared: list[str], shared_by_lane: list[list[str]]) -> None:
        """Lay the capacities that lanes share, by their places in the scenario, and which lane uses which."""
        scenario, columns = self.scenario, self.columns
        for row, place in zip(self.net.resources, shared, strict=True):
            table, _, name = place.partition(".")
            part = getattr(scenario, table)[name]
            row["capacity"], row["whole"] = part.capacity, scenario.units == "whole"
            row["proportional"] = place in self._proportional
            row["can_fail"], row["available"] = name in columns.shared, columns.shared.get(name, 0)
            lane = next(lane for lane, places in zip(self.lanes, shared_by_lane, strict=True) if place in places)
            row["can_fall_short"] = table == "suppliers" and lane in columns.filled  # all its lanes fall short alike
            row["filled"] = columns.filled.get(lane, 0)
        end = 0
        for row, places in zip(self.net.lanes, shared_by_lane, strict=True):
            row["first_resource_use"], row["last_resource_use"] = end, (end := end + len(places))
        used = [place for places in shared_by_lane for place in places]
        for row, place in zip(self.net.resource_uses, used, strict=True):
            row["resource"] = shared.index(place)

    def _lay_way(self, row: Any, name: str) -> None:
        """Give a lane its places in the pipeline: what is on the way, orders in transmission, bills, reports."""
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
        names = [f"{name}.read_in_{k + 1}" for k in range(lane.order_delay)]
        initial = self._units(lane.initial_orders, usage)
        row["first_transmitted"], row["last_transmitted"] = self._room(lane.order_delay, names, initial)
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
            row["demanded"] = self.columns.demand[name]
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

    def _lay_warehouses(self) -> None:
        for row, each in zip(self.net.warehouses, self.scenario.warehouses.values(), strict=True):
            row["space"], row["rent"], row["rate"] = each.space, each.rent * each.space, each.rate

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
        """Return the state of a batch of paths at the start (state_size, paths)."""
        numbers = by_path(self.state_size, paths)
        numbers[:] = self.start[:, None]
        return numbers

    def flows(self, paths: int) -> np.ndarray:
        """Return room for a batch's flows (flows_size, paths), all 0."""
        numbers = by_path(self.flows_size, paths)
        numbers[:] = 0.0
        return numbers

    @cached_property
    def structure(self) -> tuple[Any, ...]:
        """Return what tells the kind of this world: all that is no quantity. Worlds of a kind share compiled code."""
        flags = (
            table[name].tobytes()  # field by field: the bytes of several are those of the whole record
            for table in self.net[:-1]
            for name in fields(table.dtype)
            if table.dtype[name] != np.float64
        )
        return self.sizes, tuple(flags), self.columns.chance, self.columns.seen

    def flow_names(self) -> list[str]:
        """Return the names of a path's flows, in the order of their numbers: `supplier.ordered`, ..., `reward`."""
        return [
            f"{name}.{field}" if name else field
            for names, kind in self.flow_tables()
            for name in names
            for field in fields(kind)
        ]

    def flow_tables(self) -> list[tuple[list[str], np.dtype]]:
        """Return the names of each flow table's rows (one empty name for the period's money), and its record type."""
        parts = self.stocks, self.lanes, self.demands
        about = (
            *parts,
            [""],
            self.stocks,
            self.stocks,
            self.lanes,
            self.routes,
            [""],
            self.resources,
            self.stocks,
            self.lanes,
            self.warehouses,
        )
        tables = zip(about, flow_counts(self.sizes), FLOWS, strict=True)
        return [(names[:count], kind) for names, count, kind in tables]
