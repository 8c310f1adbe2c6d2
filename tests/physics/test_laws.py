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
from jit_gym.physics.plain import ByHand
from jit_gym.scenario import Scenario

from ..worlds import scenarios

PATHS = 2
TINY = 1e-9

KINDS = ["purchase_cost", "fixed_cost", "transit_cost", "waiting_cost", "holding_cost", "shortage_cost", "waste_cost"]
STATE = {"stocks": ["on_hand", "used"], "lanes": ["posted", "waiting", "in_transit"], "demands": ["backlog"]}
FLOWS = {
    "stocks": ["asked", "wasted", "held"],
    "lanes": ["ordered", "shipped", "arrived"],
    "demands": ["demanded", "served", "short"],
    "money": [*KINDS, "cost", "revenue", "reward"],
}
QUANTITIES = [
    name for tables in (STATE, FLOWS) for table, fields in tables.items() if table != "money" for name in fields
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
    if isinstance(table, np.ndarray):
        return table[field]
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
        letters = initial[:, row["first_letter"] : row["last_letter"]].T
        assert len(letters) == lane.order_delay
        read[..., m] = np.concatenate([letters, world.ordered[..., m]])[: world.periods]
    return read


def unshipped(world: Played) -> np.ndarray:
    """Return what each lane's source was asked for in each period, and did not ship."""
    return world.before("lanes", "waiting") + read_by_the_source(world) - world.shipped


def able(world: Played) -> np.ndarray:
    """Return what each lane would ship in each period if its source had enough."""
    there = dict(zip(world.trace.columns.available, np.moveaxis(world.trace.available, 2, 0), strict=True))
    wanted = world.before("lanes", "waiting") + read_by_the_source(world)
    rows = np.empty_like(wanted)
    for m, (name, lane) in enumerate(world.scenario.lanes.items()):
        most = wanted[..., m] if lane.capacity is None else lane.capacity
        if name in there:
            most = there[name].T * most
        most = np.floor(most + TINY) if world.scenario.units == "whole" else most
        rows[..., m] = np.minimum(wanted[..., m], most)
    return rows


# The laws


def units_are_conserved_on_every_stock(world: Played):
    """What was there, and arrived, is there, or was wasted, served to demands, or shipped to other stocks."""
    arrived = world.arrived @ world.layout.into
    drawn = world.served @ world.layout.needs + world.shipped @ world.layout.uses
    assert close(world.before("stocks", "on_hand") + arrived, world.on_hand + world.wasted + drawn)
    assert close(world.used, drawn)
    assert np.array_equal(world.held, world.on_hand)


def units_are_conserved_on_every_lane(world: Played):
    """What was ordered is in the mail, was shipped, waits or lapsed.

    What was shipped, or on the way, arrived or is on it.

    What lapses is what had come out of the mail in the same period.
    """
    read = read_by_the_source(world)
    ordered, shipped, arrived = (np.cumsum(flow, axis=0) for flow in (world.ordered, world.shipped, world.arrived))
    assert close(world.starting("lanes", "in_transit") + shipped, arrived + world.in_transit)
    for m, lane in world.lanes():
        written = world.starting("lanes", "posted")[:, m] + ordered[..., m]
        lapsed = np.cumsum(unshipped(world)[..., m], axis=0) if lane.unshipped == "lapses" else 0.0
        assert close(written, world.posted[..., m] + world.waiting[..., m] + shipped[..., m] + lapsed)
        if lane.unshipped == "lapses":
            assert (world.waiting[..., m] == 0).all()
            assert (world.shipped[..., m] <= read[..., m]).all()
        row = world.layout.net.lanes[m]
        on_the_way = world.pipeline[..., row["first_slot"] + 1 : row["last_slot"]].sum(-1)
        assert close(world.in_transit[..., m], on_the_way)
        assert np.array_equal(world.arrived[..., m], world.pipeline[..., row["first_slot"]])
        in_the_mail = world.pipeline[..., row["first_letter"] : row["last_letter"]].sum(-1)
        assert close(world.posted[..., m], in_the_mail)


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
                lead_time = drawn[name][b, t] if name in drawn else lane.lead_time.mean
                due[t + int(lead_time), b] += world.shipped[t, b, m]
        assert close(world.arrived[..., m], due[: world.periods])


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
        left = np.min(world.on_hand[..., needs > 0] / needs[needs > 0], axis=-1)
        unmet = np.maximum(world.short[..., d], world.backlog[..., d]) > TINY
        assert (left[unmet] < (1 if world.scenario.units == "whole" else TINY)).all()


def nothing_is_kept_from_a_lane(world: Played):
    """Where a lane ships less than it could, one of the stocks it uses had not enough left for a unit more.

    What was left when stocks shipped is what they hold at the end, served and wasted, less what arrived after that.
    """
    late, whole = world.scenario.sources_ship == "after-receiving", world.scenario.units == "whole"
    left = world.on_hand + world.served @ world.layout.needs
    if not late:
        left = left + world.wasted - world.arrived @ world.layout.into
    could = able(world)
    assert close(world.asked, could @ world.layout.uses)
    for m, lane in world.lanes():
        uses = world.layout.uses[m]
        if not lane.uses:
            assert close(world.shipped[..., m], could[..., m])
            continue
        kits = np.min(left[..., uses > 0] / uses[uses > 0], axis=-1)
        lacking = could[..., m] - world.shipped[..., m]
        assert (lacking >= -TINY).all()
        assert (kits[lacking > 10 * TINY] < (1 if whole else 10 * TINY)).all()


def stock_to_share(world: Played) -> np.ndarray:
    """Return what each stock had to ship from in each period: as it began, or with what had arrived and fitted."""
    there = world.before("stocks", "on_hand")
    late = world.scenario.sources_ship == "after-receiving"
    return there + world.arrived @ world.layout.into - world.wasted if late else there


def priority_serves_lanes_in_their_order(world: Played):
    """Where all stocks that it uses keep to priority, a lane gets all it can of what the lanes before it have left.

    Lanes that share a proportional stock are served before.
    """
    whole, could, uses = world.scenario.units == "whole", able(world), world.layout.uses
    if not any(lane.uses for _, lane in world.lanes()):
        return
    proportional = np.array([stock.rationing == "proportional" for stock in world.scenario.stocks.values()])
    taken_by_shares = uses[:, proportional].any(axis=1)
    left = stock_to_share(world)
    for m in np.flatnonzero(taken_by_shares):
        left = left - world.shipped[..., [m]] * uses[m]
    for m, lane in world.lanes():
        if lane.uses and not taken_by_shares[m]:
            most = np.min(left[..., uses[m] > 0] / uses[m][uses[m] > 0], axis=-1)
            most = np.floor(most + TINY) if whole else most
            if not taken_by_shares[np.flatnonzero((uses[:, uses[m] > 0] > 0).any(axis=1))].any():
                assert close(world.shipped[..., m], np.minimum(could[..., m], most))
            else:  # what sharing left over went to lanes in their order, so a later one may have had less to take from
                assert (world.shipped[..., m] >= np.minimum(could[..., m], most) - 10 * TINY).all()
            left = left - world.shipped[..., [m]] * uses[m]


def proportional_stocks_give_every_lane_its_share(world: Played):
    """A lane that uses one proportional stock alone gets the share that all get, or, in whole units.

    Less than one less.
    """
    whole, could, there = world.scenario.units == "whole", able(world), stock_to_share(world)
    for m, lane in world.lanes():
        if len(lane.uses) != 1:
            continue
        (name,) = lane.uses
        i = world.layout.stocks.index(name)
        if world.scenario.stocks[name].rationing != "proportional":
            continue
        asked = world.asked[..., i]
        share = np.minimum(1.0, there[..., i] / np.where(asked > TINY, asked, TINY))
        fair = share * could[..., m]
        assert (world.shipped[..., m] > fair - (1 if whole else 10 * TINY)).all()
        rivals = [k for k, other in world.lanes() if name in other.uses]
        if not whole and all(len(world.scenario.lanes[world.layout.lanes[k]].uses) == 1 for k in rivals):
            assert close(world.shipped[..., m], fair)  # to the last crumb: nobody gets more either


def nothing_is_negative(world: Played):
    """There are no negative units."""
    for field in [*QUANTITIES, "pipeline"]:
        assert (getattr(world, field) >= -TINY).all(), field


def whole_units_stay_whole(world: Played):
    """Where units are whole, no fraction of one ever appears."""
    for field in [*QUANTITIES, "pipeline"]:
        value = getattr(world, field)
        assert world.scenario.units != "whole" or (value == np.floor(value)).all(), field


def limits_hold(world: Played):
    """Orders keep to capacity, batch and minimum, shipments to what is available, and shelves to what fits."""
    could, wanted = able(world), world.before("lanes", "waiting") + read_by_the_source(world)
    for m, lane in world.lanes():
        ordered, shipped = world.ordered[..., m], world.shipped[..., m]
        capacity = np.inf if lane.capacity is None else lane.capacity
        assert (ordered <= capacity + TINY).all()
        assert ((ordered == 0) | (ordered >= lane.minimum_order)).all()
        assert (shipped <= could[..., m] + TINY).all()
        assert (shipped <= wanted[..., m] + TINY).all()
        if lane.batch:
            assert close(ordered / lane.batch, np.round(ordered / lane.batch))
        if world.layout.lanes[m] not in world.trace.columns.available and not lane.uses and not lane.order_delay:
            assert np.array_equal(ordered, shipped)
    for i, stock in enumerate(world.scenario.stocks.values()):
        assert stock.storage_limit is None or (world.on_hand[..., i] <= stock.storage_limit + TINY).all()


def money_adds_up(world: Played):
    """Each kind of cost is its rate times its units, they add up to the cost, and the reward is what is left."""
    scenario, each = world.scenario, np.array
    lanes, stocks, demands = scenario.lanes.values(), scenario.stocks.values(), scenario.demands.values()
    owed = np.where(each([d.unmet == "backlog" for d in demands]), world.backlog, world.short)
    expected = {
        "purchase_cost": world.shipped @ each([lane.unit_cost for lane in lanes]),
        "fixed_cost": (world.ordered > 0) @ each([lane.fixed_cost for lane in lanes]),
        "transit_cost": world.in_transit @ each([lane.in_transit_cost for lane in lanes]),
        "waiting_cost": unshipped(world) @ each([lane.waiting_cost for lane in lanes]),
        "holding_cost": world.on_hand @ each([stock.holding_cost for stock in stocks]),
        "shortage_cost": owed @ each([demand.shortage_cost for demand in demands]),
        "waste_cost": world.wasted @ each([stock.waste_cost for stock in stocks]),
        "revenue": world.served @ each([demand.price for demand in demands]),
    }
    for kind, amount in expected.items():
        assert close(getattr(world, kind)[..., 0], amount), kind
    assert close(world.cost, sum(getattr(world, kind) for kind in KINDS))
    assert close(world.reward, world.revenue - world.cost)


LAWS = [
    units_are_conserved_on_every_stock,
    units_are_conserved_on_every_lane,
    an_order_is_read_after_its_delay,
    what_is_shipped_arrives_after_its_lead_time,
    demand_is_served_waits_or_is_lost,
    nothing_is_withheld,
    nothing_is_kept_from_a_lane,
    priority_serves_lanes_in_their_order,
    proportional_stocks_give_every_lane_its_share,
    nothing_is_negative,
    whole_units_stay_whole,
    limits_hold,
    money_adds_up,
]

seeds = st.integers(0, 2**32 - 1)
usual = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
many = settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))


def check_laws(scenario: Scenario, seed: int):
    """Hold a world to all laws."""
    world = Played(scenario, seed).compiled()
    for law in LAWS:
        law(world)


def check_agreement(scenario: Scenario, seed: int):
    """Hold that plain and compiled numbers are equal to the last bit, and tensors to rounding."""
    compiled, plain = Played(scenario, seed).compiled(), Played(scenario, seed).plain()
    tensors = Played(scenario, seed).tensors()
    for field in [*QUANTITIES, "pipeline", *FLOWS["money"]]:
        assert np.array_equal(getattr(compiled, field), getattr(plain, field)), field
        assert np.allclose(getattr(compiled, field), getattr(tensors, field), rtol=0, atol=1e-5), field


@usual
@given(scenarios(), seeds)
def test_the_laws_hold_in_any_world(scenario: Scenario, seed: int):
    """Units are conserved, none is negative, limits hold and money adds up, in worlds drawn at random."""
    check_laws(scenario, seed)


@usual
@given(scenarios(), seeds)
def test_plain_compiled_and_tensor_play_agree(scenario: Scenario, seed: int):
    """On the same trace and orders, plain and compiled play are equal, and tensors to 1e-5."""
    check_agreement(scenario, seed)


@pytest.mark.slow
@many
@given(scenarios(periods=25), seeds)
def test_the_laws_hold_in_thousands_of_worlds(scenario: Scenario, seed: int):
    """The laws again, in more worlds and for longer."""
    check_laws(scenario, seed)


@pytest.mark.slow
@many
@given(scenarios(periods=25), seeds)
def test_plain_compiled_and_tensor_play_agree_in_thousands_of_worlds(scenario: Scenario, seed: int):
    """The agreement again, in more worlds and for longer."""
    check_agreement(scenario, seed)
