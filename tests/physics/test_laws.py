"""What holds in every world: nothing comes from nothing, all costs add up, and all three ways to play agree."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jit_gym.chance import Chance
from jit_gym.physics import Flows, Layout, Simulation
from jit_gym.physics.gradient import TensorSimulation
from jit_gym.physics.period import APART
from jit_gym.physics.plain import ByHand
from jit_gym.physics.tables import COST_KINDS, Fields
from jit_gym.scenario import Scenario

from ..worlds import crowded, scenarios, worlds

PATHS = 2
TINY = 1e-9

KINDS = [kind.name for kind in COST_KINDS if kind.everywhere]
CHARGES = [kind.name for kind in COST_KINDS if not kind.everywhere]
STATE = {
    "stocks": ["on_hand", "used"],
    "lanes": ["waiting", "in_transit"],
    "demands": ["backlog"],
    "books": ["cash", "receivable", "payable"],
}
FLOWS = {
    "stocks": ["wasted", "held"],
    "lanes": ["ordered", "shipped", "arrived"],
    "demands": ["demanded", "served", "short"],
    "money": [*KINDS, "cost", "revenue", "reward"],
    "sources": ["asked"],
    "goods": ["expired", "scrapped"],
    "rejects": ["rejected"],
    "routes": ["loaded", "vehicles"],
    "charges": [*CHARGES, "salvage"],
    "resources": ["there", "left", "wanted"],
    "losses": ["shrunk", "lost_on_the_shelf"],
    "wrecks": ["lost_on_the_way"],
    "spaces": ["taken"],
}
MONEY = [*FLOWS["money"], *FLOWS["charges"]]
QUANTITIES = [
    name
    for tables in (STATE, FLOWS)
    for table, fields in tables.items()
    if table not in ("money", "charges", "books", "spaces")
    for name in fields
]


class Played(SimpleNamespace):
    """A scenario played on a trace: every field of state and flows is (periods, paths, how many there are)."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        """Prepare a layout, a trace, and orders of any size, fractions and negative ones among them."""
        rng = np.random.default_rng(seed)
        shape = scenario.horizon.periods, PATHS, len(scenario.lanes)
        self.orders = rng.choice([0.0, 1.0, 1.0], shape) * rng.uniform(-4, 16, shape)
        self.layout, self.trace = Layout(scenario), Chance(scenario).draw(seed, PATHS)
        self.scenario, self.periods = scenario, scenario.horizon.periods

    def compiled(self) -> "Played":
        """Play on Numba, all paths at once."""
        world = Simulation(self.layout, self.trace)
        return self._keep([self._record(world, lambda t: world.step(self.orders[t]))])

    def plain(self) -> "Played":
        """Play on plain Python numbers, path by path."""
        rows = []
        for b in range(PATHS):
            world, orders, chance = ByHand(self.layout), self.orders[:, b].tolist(), self.trace.chance[:, b].tolist()
            rows.append(self._record(world, lambda t, w=world, o=orders, c=chance: w.step(o[t], c[t])))
        return self._keep(rows)

    def tensors(self) -> "Played":
        """Play on torch tensors, all paths at once."""
        world = TensorSimulation(self.layout, self.trace)
        return self._keep([self._record(world, lambda t: world.step(torch.as_tensor(self.orders[t])))])

    def _record(self, world: Any, step: Callable[[int], Flows]) -> dict[str, np.ndarray]:
        rows: dict[str, list[np.ndarray]] = {}
        for t in range(self.periods):
            flows = step(t)
            row = {field: world.read(table, field) for table, fields in STATE.items() for field in fields}
            for table, fields in FLOWS.items():
                row |= {field: numbers(getattr(flows, table), field) for field in fields}
            if isinstance(world, TensorSimulation):  # what nothing happened to may be a number for all paths
                row = {field: np.broadcast_to(value, (PATHS, np.shape(value)[-1])) for field, value in row.items()}
            for field, value in (row | {"pipeline": world.pipeline}).items():
                rows.setdefault(field, []).append(np.asarray(value).copy())
        return {field: np.array(row) for field, row in rows.items()}

    def _keep(self, recorded: list[dict[str, np.ndarray]]) -> "Played":
        for field in recorded[0]:
            rows = np.stack([each[field] for each in recorded], axis=1)
            setattr(self, field, rows.reshape(self.periods, PATHS, -1))
        return self

    def starting(self, table: str, field: str) -> np.ndarray:
        """Return a field of the state before the first period (paths, how many there are)."""
        return Simulation(self.layout, self.trace).read(table, field)

    def before(self, table: str, field: str) -> np.ndarray:
        """Return a field of the state at the start of each period (periods, paths, how many there are)."""
        return np.concatenate([self.starting(table, field)[None], getattr(self, field)[:-1]])

    def lanes(self) -> list[tuple[int, Any]]:
        """Return each lane of the scenario with its place."""
        return list(enumerate(self.scenario.lanes.values()))


def numbers(table: Any, field: str) -> np.ndarray:
    """Return one field of flows, whatever they are made of."""
    if isinstance(table, np.ndarray | Fields):
        return table[field]
    if not table:
        return np.zeros(0)
    return np.stack(np.broadcast_arrays(*(np.asarray(getattr(record, field)) for record in table)), axis=-1)


def close(one: Any, other: Any) -> bool:
    """Tell whether quantities are equal but for rounding."""
    return np.allclose(one, other, rtol=1e-12, atol=TINY)


def read_by_the_source(world: Played) -> np.ndarray:
    """Return what each lane's source reads in each period.

    What was ordered `order_delay` periods before, or at first.
    """
    read, initial = np.zeros_like(world.ordered), Simulation(world.layout, world.trace).pipeline
    for m, lane in world.lanes():
        row = world.layout.net.lanes[m]
        letters = initial[:, row["first_transmitted"] : row["last_transmitted"]].T
        assert len(letters) == lane.order_delay
        read[..., m] = np.concatenate([letters, world.ordered[..., m]])[: world.periods]
    return read


def or_none(rows: np.ndarray) -> Any:
    """Return what is recorded, and 0 where the world has no records of the kind."""
    return rows if rows.shape[-1] else 0.0


def gone_after_demand(world: Played) -> Any:
    """Return what of each stock expired, was stolen or damaged, or was scrapped, after the demand of each period."""
    return or_none(world.expired) + or_none(world.shrunk) + or_none(world.scrapped)


def lost(world: Played) -> np.ndarray:
    """Return what of each stock was stolen, damaged or destroyed, on the shelf or on the way to it."""
    on_the_way = (or_none(world.lost_on_the_way) + np.zeros_like(world.arrived)) @ world.layout.into
    return or_none(world.shrunk) + or_none(world.lost_on_the_shelf) + on_the_way


def received(world: Played) -> np.ndarray:
    """Return what came to each stock and was not rejected."""
    return (world.arrived - or_none(world.rejected)) @ world.layout.into


def working(world: Played, kind: str) -> dict[str, np.ndarray]:
    """Return the share of each lane that works, for lanes that a kind of disruption can hit (periods, paths)."""
    columns = world.trace.columns.working
    return {lane: world.trace.chance[..., k] for (what, lane), k in columns.items() if what == kind}


def unshipped(world: Played) -> np.ndarray:
    """Return what each lane's source was asked for in each period, and did not ship."""
    return world.before("lanes", "waiting") + read_by_the_source(world) - world.shipped


def able(world: Played) -> np.ndarray:
    """Return what each lane would ship in each period if its source had enough."""
    there = dict(zip(world.trace.columns.available, np.moveaxis(world.trace.available, 2, 0), strict=True))
    wanted = world.before("lanes", "waiting") + read_by_the_source(world)
    rows = np.empty_like(wanted)
    for m, name in enumerate(world.scenario.lanes):
        capacity = world.scenario.capacities[name]
        most = wanted[..., m] if capacity is None else capacity
        if name in there:
            most = there[name].T * most
        most = np.floor(most + TINY) if world.scenario.units == "whole" else most
        rows[..., m] = np.minimum(wanted[..., m], most)
        if name in world.trace.columns.filled:
            some = rows[..., m] * world.trace.chance[..., world.trace.columns.filled[name]]
            rows[..., m] = np.floor(some + TINY) if world.scenario.units == "whole" else some
    return rows


class Sources(SimpleNamespace):
    """What lanes ship from and may run short, stocks and the capacities that they share, as one list of sources.

    uses: units of each source in a unit shipped (lanes, sources); there, left: units before and after step 3 (periods,
    paths, sources); rationing: how each source shares out.
    """

    def __init__(self, world: Played) -> None:
        """Look at a world that was played."""
        scenario, names = world.scenario, world.layout.resources
        parts = [(scenario.suppliers | scenario.routes)[name] for name in names]
        uses = [[float(name in (lane.supplier, lane.route)) for name in names] for _, lane in world.lanes()]
        late = scenario.sources_ship == "after-receiving"
        left = world.on_hand + world.served @ world.layout.needs + gone_after_demand(world)
        if not late:  # what stocks hold at the end, served and wasted, less what arrived after they had shipped
            left = left + world.wasted - or_none(world.expired) - received(world)
        self.uses = np.concatenate(
            [world.layout.uses, np.reshape(uses, (len(world.scenario.lanes), len(names)))], axis=1
        )
        self.there = np.concatenate([stock_to_share(world), capacities_to_share(world)], axis=-1)
        self.left = np.concatenate([left, world.left], axis=-1)
        self.rationing = [part.rationing for part in [*scenario.stocks.values(), *parts]]
        fills = world.layout.net.lanes["fills"] == 1
        self.returned = (self.uses[fills] > 0).any(axis=0)  # some of it may have been set aside for a full load in vain
        self.as_it_can = ~(fills | (self.uses[:, self.returned] > 0).any(axis=1))  # lanes that no full load holds back


# The laws


def units_are_conserved_on_every_stock(world: Played):
    """What was there, and arrived, is there, or was wasted, lost, served to demands, or shipped to other stocks."""
    drawn = world.served @ world.layout.needs + world.shipped @ world.layout.uses
    gone = world.wasted + drawn + or_none(world.scrapped) + or_none(world.shrunk)
    gone = gone + or_none(world.lost_on_the_shelf)
    assert close(world.before("stocks", "on_hand") + received(world), world.on_hand + gone)
    assert close(world.used, drawn)
    assert np.array_equal(world.held, world.on_hand)


def units_are_conserved_on_every_lane(world: Played):
    """What was ordered is in the mail, was shipped, waits or lapsed.

    What was shipped, or on the way, arrived, is on it, or was destroyed.

    What lapses is what had come out of the mail in the same period.
    """
    read = read_by_the_source(world)
    ordered, shipped, arrived = (np.cumsum(flow, axis=0) for flow in (world.ordered, world.shipped, world.arrived))
    lost = np.cumsum(or_none(world.lost_on_the_way) + np.zeros_like(world.arrived), axis=0)
    assert close(world.starting("lanes", "in_transit") + shipped, arrived + lost + world.in_transit)
    for m, lane in world.lanes():
        row = world.layout.net.lanes[m]
        letters = slice(int(row["first_transmitted"]), int(row["last_transmitted"]))
        written = Simulation(world.layout, world.trace).pipeline[:, letters].sum(-1) + ordered[..., m]
        in_the_mail = world.pipeline[..., letters].sum(-1)
        lapsed = np.cumsum(unshipped(world)[..., m], axis=0) if lane.unshipped == "lapses" else 0.0
        assert close(written, in_the_mail + world.waiting[..., m] + shipped[..., m] + lapsed)
        if lane.unshipped == "lapses":
            assert (world.waiting[..., m] == 0).all()
            assert (world.shipped[..., m] <= read[..., m]).all()
        on_the_way = world.pipeline[
            ..., int(row["first_slot"]) + (not row["receiving_can_stop"]) : row["last_slot"]
        ].sum(-1)
        assert close(world.in_transit[..., m], on_the_way)
        if not row["receiving_can_stop"]:
            assert np.array_equal(world.arrived[..., m], world.pipeline[..., row["first_slot"]])


def an_order_is_read_after_its_delay(world: Played):
    """What is ordered in period t with an order delay D is at its source in period t + D.

    And the initial orders before.
    """
    read = read_by_the_source(world)
    for m, lane in world.lanes():
        after = world.waiting[..., m] + world.shipped[..., m]
        expected = world.before("lanes", "waiting")[..., m] + read[..., m]
        assert close(after, expected) if lane.unshipped == "waits" else (after <= expected + TINY).all()


def what_is_shipped_arrives_after_its_lead_time(world: Played):
    """What is shipped in period t with lead time L arrives in period t + L, and the initial units before."""
    drawn = dict(zip(world.trace.columns.lead_time, np.moveaxis(world.trace.lead_time, 2, 0), strict=True))
    for m, (name, lane) in enumerate(world.scenario.lanes.items()):
        row = world.layout.net.lanes[m]
        initial = Simulation(world.layout, world.trace).pipeline[:, row["first_slot"] : row["last_slot"]]
        assert (initial[:, 0] == 0).all()
        due = np.zeros((world.periods + 99, PATHS))
        due[: initial.shape[1] - 1] = initial.T[1:]
        for b in range(PATHS):
            for t in range(world.periods):
                assert not lane.delays or name in drawn
                lead_time = drawn[name][b, t] if name in drawn else lane.lead_time.mean
                due[t + int(lead_time), b] += world.shipped[t, b, m]
        row = world.layout.net.lanes[m]
        if not (row["can_stall"] or row["receiving_can_stop"] or row["struck"]):
            assert close(world.arrived[..., m], due[: world.periods])
        arrived, due = np.cumsum(world.arrived[..., m], axis=0), np.cumsum(due[: world.periods], axis=0)
        assert (arrived <= due + TINY).all()  # nothing comes before its time


def demand_is_served_waits_or_is_lost(world: Played):
    """What waited, and was asked for, was served, waits or is lost."""
    for d, demand in enumerate(world.scenario.demands.values()):
        before, after = world.before("demands", "backlog")[..., d], world.backlog[..., d]
        asked, served, short = world.demanded[..., d], world.served[..., d], world.short[..., d]
        assert np.array_equal(asked, world.trace.demand[:, :, d].T)
        if demand.unmet == "backlog":
            assert close(before + asked, served + after)
            assert close(short, np.minimum(asked, after))
        else:
            assert (after == 0).all()
            assert close(asked, served + short)


def nothing_is_withheld(world: Played):
    """Where demand goes unmet, one of the stocks it needs has not enough left for a unit of it."""
    for d in range(len(world.layout.demands)):
        needs = world.layout.needs[d]
        left = world.on_hand + gone_after_demand(world)
        left = np.min(left[..., needs > 0] / needs[needs > 0], axis=-1)
        unmet = np.maximum(world.short[..., d], world.backlog[..., d]) > TINY
        assert (left[unmet] < (1 if world.scenario.units == "whole" else TINY)).all()


def nothing_is_kept_from_a_lane(world: Played):
    """Where a lane ships less than it could, one of the stocks or capacities it uses has not enough for a unit more.

    Unless it waits for a full load, or shares what was set aside for one.
    """
    whole, sources, could = world.scenario.units == "whole", Sources(world), able(world)
    asked = could @ sources.uses
    stocks = len(world.layout.stocks)
    assert close(or_none(world.asked), asked[..., :stocks] if world.layout.sizes.network else 0.0)
    assert close(world.wanted, asked[..., stocks:])
    for m, uses in enumerate(sources.uses):
        if not uses.any():
            assert close(world.shipped[..., m], could[..., m]) or not sources.as_it_can[m]
            continue
        kits = np.min(sources.left[..., uses > 0] / uses[uses > 0], axis=-1)
        lacking = could[..., m] - world.shipped[..., m]
        assert (lacking >= -TINY).all()
        if sources.as_it_can[m]:
            assert (kits[lacking > 10 * TINY] < (1 if whole else 10 * TINY)).all()


def stock_to_share(world: Played) -> np.ndarray:
    """Return what each stock had to ship from in each period: as it began, or with what had arrived and fitted."""
    there = world.before("stocks", "on_hand") - or_none(world.lost_on_the_shelf)
    late = world.scenario.sources_ship == "after-receiving"
    return there + received(world) - world.wasted + or_none(world.expired) if late else there


def capacities_to_share(world: Played) -> np.ndarray:
    """Return what each shared capacity lets ship in each period: what disruptions and short supply leave of it."""
    columns, scenario = world.trace.columns, world.scenario
    there = np.zeros((world.periods, PATHS, len(world.layout.resources)))
    for r, name in enumerate(world.layout.resources):
        units = np.full(there.shape[:2], (scenario.suppliers | scenario.routes)[name].capacity)
        short = [lane for lane in columns.filled if scenario.lanes[lane].supplier == name]
        for column in [columns.shared.get(name), columns.filled[short[0]] if short else None]:
            units = units if column is None else units * world.trace.chance[..., column]
            units = np.floor(units + TINY) if scenario.units == "whole" else units
        there[..., r] = units
    return there


def lanes_share_a_capacity(world: Played):
    """All lanes of a supplier or a route ship no more together than its capacity lets them, and the rest is left."""
    there, uses = capacities_to_share(world), Sources(world).uses[:, len(world.layout.stocks) :]
    assert close(world.there, there)
    assert close(world.shipped @ uses, there - world.left)


def priority_serves_lanes_in_their_order(world: Played):
    """Where all that it uses keeps to priority, a lane gets all it can of what the lanes before it have left.

    Lanes that share something proportional are served before.
    """
    whole, could, sources = world.scenario.units == "whole", able(world), Sources(world)
    uses = sources.uses
    taken_by_shares = uses[:, np.array(sources.rationing) == "proportional"].any(axis=1)
    left = sources.there
    for m in np.flatnonzero(taken_by_shares):
        left = left - world.shipped[..., [m]] * uses[m]
    for m in range(len(uses)):
        if uses[m].any() and not taken_by_shares[m]:
            most = np.min(left[..., uses[m] > 0] / uses[m][uses[m] > 0], axis=-1)
            most = np.floor(most + TINY) if whole else most
            if not sources.as_it_can[m]:
                pass
            elif not taken_by_shares[np.flatnonzero((uses[:, uses[m] > 0] > 0).any(axis=1))].any():
                assert close(world.shipped[..., m], np.minimum(could[..., m], most))
            else:  # what sharing left over went to lanes in their order, so a later one may have had less to take from
                assert (world.shipped[..., m] >= np.minimum(could[..., m], most) - 10 * TINY).all()
            left = left - world.shipped[..., [m]] * uses[m]


def proportional_sources_give_every_lane_its_share(world: Played):
    """A lane that uses one proportional stock, or capacity, alone gets the share that all get.

    In whole units, less than one less.
    """
    whole, could, sources = world.scenario.units == "whole", able(world), Sources(world)
    uses = sources.uses
    asked = could @ uses
    for m in np.flatnonzero((uses > 0).sum(axis=1) == 1):
        (i,) = np.flatnonzero(uses[m])
        if sources.rationing[i] != "proportional" or world.layout.net.lanes[m]["fills"]:
            continue
        share = np.minimum(1.0, sources.there[..., i] / np.where(asked[..., i] > TINY, asked[..., i], TINY))
        fair = share * could[..., m]
        assert (world.shipped[..., m] > fair - (1 if whole else 10 * TINY)).all()
        rivals = uses[uses[:, i] > 0]
        if not whole and ((rivals > 0).sum(axis=1) == 1).all() and not sources.returned[i]:
            assert close(world.shipped[..., m], fair)  # to rounding: no lane gets more either


def nothing_is_negative(world: Played):
    """There are no negative units."""
    for field in [*QUANTITIES, "pipeline"]:
        assert (getattr(world, field) >= -TINY).all(), field


def whole_units_stay_whole(world: Played):
    """Where units are whole, no fraction of one ever appears."""
    bills = [range(int(row["first_bill"]), int(row["last_bill"])) for table in world.layout.net[1:3] for row in table]
    money = [place for places in bills for place in places]
    world.units_on_the_way = np.delete(world.pipeline, money, axis=-1)
    for field in [*QUANTITIES, "units_on_the_way"]:
        value = getattr(world, field)
        assert world.scenario.units != "whole" or (value == np.floor(value)).all(), field


def limits_hold(world: Played):
    """Orders keep to capacity, batch and minimum, shipments to what is available, and shelves to what fits."""
    could, wanted = able(world), world.before("lanes", "waiting") + read_by_the_source(world)
    for m, lane in world.lanes():
        ordered, shipped = world.ordered[..., m], world.shipped[..., m]
        capacity = world.scenario.capacities[world.layout.lanes[m]]
        assert (ordered <= (np.inf if capacity is None else capacity) + TINY).all()
        assert ((ordered == 0) | (ordered >= lane.minimum_order)).all()
        assert (shipped <= could[..., m] + TINY).all()
        assert (shipped <= wanted[..., m]).all()  # not by a rounding error more
        if lane.batch:
            assert close(ordered / lane.batch, np.round(ordered / lane.batch))
        columns, name = world.trace.columns, world.layout.lanes[m]
        reliable = name not in columns.available and name not in columns.filled
        alone = world.layout.net.lanes[m]["ships"] == APART
        if reliable and alone and not lane.order_delay:
            assert np.array_equal(ordered, shipped)
    for i, stock in enumerate(world.scenario.stocks.values()):
        assert stock.storage_limit is None or (world.on_hand[..., i] <= stock.storage_limit + TINY).all()


def left_of(world: Played, names: list[str], columns: dict[str, int]) -> np.ndarray:
    """Return what is left of the costs or prices of some lanes or demands (periods, paths, names)."""
    rows = np.ones((world.periods, PATHS, len(names)))
    for name, column in columns.items():
        rows[..., names.index(name)] = world.trace.chance[..., column]
    return rows


def bills(world: Played) -> np.ndarray:
    """Return what each lane's shipments cost to buy (periods, paths, lanes)."""
    costs = np.array([lane.unit_cost for _, lane in world.lanes()])
    return world.shipped * costs * left_of(world, world.layout.lanes, world.trace.columns.cost)


def sales(world: Played) -> np.ndarray:
    """Return what each demand is charged (periods, paths, demands)."""
    prices = np.array([demand.price for demand in world.scenario.demands.values()])
    return world.served * prices * left_of(world, world.layout.demands, world.trace.columns.price)


def salvaged(world: Played) -> np.ndarray:
    """Return what is scrapped, and left in the last period, times its value (periods, paths)."""
    stocks = world.scenario.stocks.values()
    scrapped = or_none(world.scrapped) * np.array([stock.scrap_value for stock in stocks])
    values = np.array([stock.terminal_value for stock in stocks])
    left = (world.on_hand + world.in_transit @ world.layout.into) @ values
    return scrapped.sum(-1) + left * last_of(world)


def stored(world: Played) -> np.ndarray:
    """Return what the space of all warehouses costs that is rented, or taken beyond that (periods, paths)."""
    cost = np.zeros((world.periods, PATHS))
    for w, (name, each) in enumerate(world.scenario.warehouses.items()):
        its = np.array([s.volume * (s.warehouse == name) for s in world.scenario.stocks.values()])
        assert close(world.taken[..., w], world.on_hand @ its)
        cost += each.rent * each.space + each.rate * np.maximum(world.on_hand @ its - each.space, 0.0)
    return cost


def last_of(world: Played) -> np.ndarray:
    """Return 1 in the last period and 0 in the others (periods, 1)."""
    return (np.arange(world.periods) == world.periods - 1)[:, None].astype(float)


def money_adds_up(world: Played):
    """Each kind of cost is its rate times its units, they add up to the cost, and the reward is what is left."""
    scenario, each = world.scenario, np.array
    lanes, stocks, demands = scenario.lanes.values(), scenario.stocks.values(), scenario.demands.values()
    owed = np.where(each([d.unmet == "backlog" for d in demands]), world.backlog, world.short)
    expected = {
        "purchase_cost": bills(world).sum(-1),
        "fixed_cost": (world.ordered > 0) @ each([lane.fixed_cost for lane in lanes]),
        "transit_cost": world.in_transit @ each([lane.in_transit_cost for lane in lanes]),
        "holding_cost": world.on_hand @ each([stock.holding_cost for stock in stocks]),
        "shortage_cost": owed @ each([demand.shortage_cost for demand in demands])
        + world.backlog @ each([demand.terminal_cost for demand in demands]) * last_of(world),
        "waste_cost": world.wasted @ each([stock.waste_cost for stock in stocks]),
        "revenue": sales(world).sum(-1) + (salvaged(world) if world.layout.sizes.worth else 0.0),
    }
    charges = {
        "waiting_cost": unshipped(world) @ each([lane.waiting_cost for lane in lanes]),
        "reject_cost": (or_none(world.rejected) * each([lane.reject_cost for lane in lanes])).sum(-1),
        "vehicle_cost": (or_none(world.vehicles) * each([r.vehicle_cost for r in scenario.routes.values()])).sum(-1),
        "storage_cost": stored(world),
        "loss_cost": lost(world) @ each([stock.loss_cost for stock in stocks]),
        "salvage": salvaged(world) if world.layout.sizes.worth else 0.0,
    }
    assert set(expected) | set(charges) == {*KINDS, *CHARGES, "revenue", "salvage"}  # a kind of cost is worked out here
    for kind, amount in (expected | (charges if world.layout.sizes.charges else {})).items():
        assert close(getattr(world, kind)[..., 0], amount), kind
    total = sum(getattr(world, kind) for kind in KINDS)
    assert close(world.cost, total + sum(or_none(getattr(world, kind)) for kind in CHARGES))
    assert close(world.reward, world.revenue - world.cost)
    assert world.layout.sizes.charges or not np.any([np.any(amount) for amount in charges.values()])


def what_is_owed_is_paid_after_its_terms(world: Played):
    """A bill is payable for as many periods as its terms say, a sale receivable; all else is cash at once."""
    if not world.layout.sizes.credit:
        return
    owed = {"payable": 0.0, "receivable": 0.0}
    for kind, due, parts in (
        ("payable", bills(world), world.scenario.lanes),
        ("receivable", sales(world), world.scenario.demands),
    ):
        for k, part in enumerate(parts.values()):
            later = np.zeros_like(due[..., k])
            later[part.pays_after :] = np.cumsum(due[..., k], axis=0)[: max(world.periods - part.pays_after, 0)]
            owed[kind] = owed[kind] + np.cumsum(due[..., k], axis=0) - later
        assert close(getattr(world, kind)[..., 0], owed[kind])
    earned = np.cumsum(world.reward[..., 0], axis=0)
    assert close(world.cash[..., 0], earned + owed["payable"] - owed["receivable"])


def nothing_is_used_past_its_shelf_life(world: Played):
    """What is on hand is what its ages say, and none of it came before its shelf life began."""
    good = received(world)
    for i, stock in enumerate(world.scenario.stocks.values()):
        if stock.shelf_life is None:
            assert not np.any(or_none(world.expired[..., i : i + 1]))
            continue
        row, life = world.layout.net.stocks[i], stock.shelf_life
        assert close(world.on_hand[..., i], world.pipeline[..., row["first_age"] : row["last_age"]].sum(-1))
        first = world.starting("stocks", "on_hand")[None, :, i] * (life > 1)
        came = np.concatenate([np.zeros((life, PATHS)), first, good[..., i]])
        for t in range(world.periods):  # what came in this period and the life - 2 before it may be left
            assert (world.on_hand[t, :, i] <= came[t + 3 : t + life + 2].sum(0) + TINY).all()


def what_stops_stops(world: Played):
    """Nothing is ordered, moves, or is received, where all of that has stopped, and obsolete stock is cleared."""
    for kind, flow in (("ordering", world.ordered), ("shipping", world.shipped), ("receiving", world.arrived)):
        for name, share in working(world, kind).items():
            assert (flow[..., world.layout.lanes.index(name)][share == 0] == 0).all()
    for name, share in working(world, "transit").items():
        row = world.layout.net.lanes[world.layout.lanes.index(name)]
        there = world.pipeline[..., row["first_slot"] + 1 : row["last_slot"]]
        before = np.concatenate([Simulation(world.layout, world.trace).pipeline[None], world.pipeline[:-1]])
        before = before[..., row["first_slot"] + 1 : row["last_slot"]]
        m = world.layout.lanes.index(name)
        lost = np.sum(or_none(world.lost_on_the_way[..., m : m + 1]) + np.zeros((*share.shape, 1)), axis=-1)
        assert (there[share == 0] >= (before - lost[..., None])[share == 0] - TINY).all()
    for name, column in world.trace.columns.obsolete.items():
        over = world.trace.chance[..., column] == 1
        assert (world.on_hand[..., world.layout.stocks.index(name)][over] == 0).all()


def vehicles_are_as_few_as_can_be(world: Played):
    """What a route's lanes ship fits into its vehicles, and would not fit into one less."""
    if not world.layout.sizes.vehicles:
        return
    for r, (name, route) in enumerate(world.scenario.routes.items()):
        if route.vehicle_capacity is None:
            assert (world.vehicles[..., r] == 0).all()
            continue
        lanes = [m for m, lane in world.lanes() if lane.route == name]
        loaded, vehicles = world.shipped[..., lanes].sum(-1), world.vehicles[..., r]
        assert close(world.loaded[..., r], loaded)
        assert (loaded <= vehicles * route.vehicle_capacity + TINY).all()
        assert ((vehicles == 0) | (loaded > (vehicles - 1) * route.vehicle_capacity)).all()


def only_full_vehicles_set_off(world: Played):
    """Where they must be full, they are, and what stays behind of what its lanes could ship would not fill another."""
    could, sources = able(world), Sources(world)
    for name, route in world.scenario.routes.items():
        lanes = [m for m, lane in world.lanes() if lane.route == name]
        if route.full_loads and route.vehicle_capacity and lanes:
            vehicles = world.vehicles[..., world.layout.routes.index(name)]
            assert close(world.shipped[..., lanes].sum(-1), vehicles * route.vehicle_capacity)
            if not sources.uses[lanes].any():
                assert ((could - world.shipped)[..., lanes].sum(-1) < route.vehicle_capacity).all()


def late_records_tell_what_was(world: Played):
    """What is seen of a stock with late records is what was there as many periods ago."""
    slots = world.layout.slots
    for i, (name, stock) in enumerate(world.scenario.stocks.items()):
        if not stock.seen_late:
            assert f"{name}.on_hand" not in slots
            continue
        true = {
            field: np.concatenate([world.starting("stocks", field)[None], getattr(world, field)])[..., i]
            for field in ("on_hand", "used")
        }
        begun = Simulation(world.layout, world.trace).pipeline[None]
        for k in range(1, stock.shelf_life or 0):
            age = int(world.layout.net.stocks[i]["first_age"]) + k - 1
            true[f"lasts_{k}"] = np.concatenate([begun, world.pipeline])[..., age]
        for field, each in true.items():
            was = np.concatenate([np.repeat(each[:1], stock.seen_late, 0), each])[1 : world.periods + 1]
            assert np.array_equal(world.pipeline[..., slots[f"{name}.{field}"]], was)
    for m, (name, lane) in enumerate(world.scenario.lanes.items()):
        if late := world.scenario.stocks[lane.to].seen_late:
            told = world.pipeline[..., slots[f"{name}.in_transit"]]
            unknown = [world.arrived[max(0, t + 1 - late) : t + 1, :, m].sum(0) for t in range(world.periods)]
            assert close(told, world.in_transit[..., m] + np.array(unknown))


def shares_are_lost(world: Played):
    """Of each stock its share is stolen or damaged, and of what is struck a share destroyed; or nothing at all.

    Whole units are rounded up or down.
    """
    for place, flow in (("stocks.on_hand", "lost_on_the_shelf"), ("lanes.in_transit", "lost_on_the_way")):
        table, _, field = place.partition(".")
        for k, name in enumerate(getattr(world.layout, table)):
            gone = or_none(getattr(world, flow)[..., k : k + 1])
            column = world.trace.columns.destroyed.get(f"{table}.{name}")
            share = 0.0 if column is None else world.trace.chance[..., column]
            due = share * world.before(table, field)[..., k]
            assert (np.abs(np.sum(gone, axis=-1) - due) < (1 if world.scenario.units == "whole" else 0) + TINY).all()
    for i, stock in enumerate(world.scenario.stocks.values()):
        lost = or_none(world.shrunk[..., i : i + 1])
        left = world.on_hand[..., i : i + 1] + or_none(world.scrapped[..., i : i + 1]) + lost
        due = stock.shrinkage * left
        assert close(lost, due) if world.scenario.units == "continuous" else (np.abs(lost - due) < 1 + TINY).all()


LAWS = [
    units_are_conserved_on_every_stock,
    units_are_conserved_on_every_lane,
    an_order_is_read_after_its_delay,
    what_is_shipped_arrives_after_its_lead_time,
    demand_is_served_waits_or_is_lost,
    nothing_is_withheld,
    nothing_is_kept_from_a_lane,
    lanes_share_a_capacity,
    priority_serves_lanes_in_their_order,
    proportional_sources_give_every_lane_its_share,
    nothing_is_negative,
    whole_units_stay_whole,
    limits_hold,
    money_adds_up,
    what_is_owed_is_paid_after_its_terms,
    nothing_is_used_past_its_shelf_life,
    what_stops_stops,
    vehicles_are_as_few_as_can_be,
    only_full_vehicles_set_off,
    late_records_tell_what_was,
    shares_are_lost,
]

seeds = st.integers(0, 2**32 - 1)
usual = settings(max_examples=worlds(20), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
few = settings(usual, max_examples=worlds(10))
many = settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))


def check_laws(scenario: Scenario, seed: int):
    """Hold a world to all laws."""
    world = Played(scenario, seed).compiled()
    for law in LAWS:
        law(world)


def check_agreement(scenario: Scenario, seed: int):
    """Hold that plain and compiled numbers are equal to the last bit, and tensors to rounding."""
    compiled, plain = Played(scenario, seed).compiled(), Played(scenario, seed).plain()
    tensors = Played(scenario, seed).tensors()
    for field in [*QUANTITIES, "pipeline", *MONEY, *STATE["books"]]:
        assert np.array_equal(getattr(compiled, field), getattr(plain, field)), field
        assert np.allclose(getattr(compiled, field), getattr(tensors, field), rtol=0, atol=1e-5), field


@usual
@given(scenarios(), seeds)
def test_the_laws_hold_in_any_world(scenario: Scenario, seed: int):
    """Units are conserved, none is negative, limits hold and money adds up, in worlds drawn at random."""
    check_laws(scenario, seed)


@few
@given(scenarios(), seeds)
def test_plain_compiled_and_tensor_play_agree(scenario: Scenario, seed: int):
    """On the same trace and orders, plain and compiled play are equal, and tensors to 1e-5."""
    check_agreement(scenario, seed)


@usual
@given(crowded(), seeds)
def test_the_laws_hold_where_lanes_share_capacities_and_vehicles(scenario: Scenario, seed: int):
    """The laws in worlds in which every lane has a rival for what it ships on."""
    check_laws(scenario, seed)


@pytest.mark.slow
@few
@given(crowded(), seeds)
def test_all_three_agree_where_lanes_share_capacities_and_vehicles(scenario: Scenario, seed: int):
    """The agreement in such worlds."""
    check_agreement(scenario, seed)


@pytest.mark.slow
@many
@given(scenarios() | crowded(), seeds)
def test_the_laws_hold_in_thousands_of_worlds(scenario: Scenario, seed: int):
    """The laws again, in many more worlds."""
    check_laws(scenario, seed)


@pytest.mark.slow
@many
@given(scenarios() | crowded(), seeds)
def test_plain_compiled_and_tensor_play_agree_in_thousands_of_worlds(scenario: Scenario, seed: int):
    """The agreement again, in many more worlds."""
    check_agreement(scenario, seed)
