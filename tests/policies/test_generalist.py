"""One agent for any single stock: it has no scale, refuses other worlds by name, and says where it is not sure."""

from pathlib import Path

import numpy as np
import pytest

import jit_gym
from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import Generalist, PolicyError
from jit_gym.policies.generalist import KINDS, shipped
from jit_gym.policies.generalist_demand import BEYOND
from jit_gym.policies.generalist_inputs import project
from jit_gym.policies.generalist_random import REACH, RandomLeadTimes
from jit_gym.policies.generalist_stock import OneStock
from jit_gym.policies.models import Model
from jit_gym.policies.plan import PlanningData

MODELS = sorted((Path(__file__).parents[2] / "agents" / "models").glob("*.safetensors"))
NORMAL = {"name": "norm", "loc": 10.0, "scale": 3.0}
ONE = {"units": "continuous", "demands.customers.distribution": NORMAL, "lanes.supplier.lead_time": 3}
LATE = {"lanes.supplier.lead_time": {"name": "randint", "low": 1, "high": 5}, "lanes.supplier.crossing": True}
WORLDS = {
    "lost": ("lost-sales", ONE),
    "backlog": ("lost-sales", {**ONE, "demands.customers.unmet": "backlog"}),
    "at-once": ("lost-sales", {**ONE, "lanes.supplier.lead_time": 0}),
    "season": ("lost-sales", {**ONE, "demands.customers.season": [0.5, 1.0, 1.5]}),
    "spikes": (
        "lost-sales",
        {
            **ONE,
            "spikes.rush": {"hits": ["customers"], "starts": {"every": 9}, "lasts": 3, "factor": 2, "announced": 2},
        },
    ),
    "varying": ("lost-sales", {**ONE, **LATE}),
    "fixed": ("lost-sales", {**ONE, "lanes.supplier.fixed_cost": 40.0}),
    "fixed and varying": ("lost-sales", {**ONE, **LATE, "lanes.supplier.fixed_cost": 40.0}),
    "fixed, varying and waiting": (
        "lost-sales",
        {**ONE, **LATE, "lanes.supplier.fixed_cost": 40.0, "demands.customers.unmet": "backlog"},
    ),
    "two": ("dual-sourcing", {"units": "continuous", "demands.customers.distribution": NORMAL}),
}


def played(scenario: str, changes: dict, periods: int = 30) -> np.ndarray:
    """Return the agent's orders (periods, paths, lanes) on four paths."""
    world = jit_gym.load(scenario, changes)
    player, play = (
        jit_gym.policy("agent:generalist", world),
        Simulation(Layout(world), Chance(world).draw(3, 4, periods)),
    )
    orders = []
    for _ in range(periods):
        orders.append(player(View(play)))
        play.step(orders[-1])
    return np.array(orders)


def scaled(scenario: str, changes: dict, units: float) -> dict:
    """Return a world whose quantities are so many times as large, and each unit as much cheaper to hold and lack."""
    (name, stock), *_ = jit_gym.load(scenario, changes).stocks.items()
    normal = {"name": "norm", "loc": units * NORMAL["loc"], "scale": units * NORMAL["scale"]}
    return {
        **changes,
        f"stocks.{name}.initial": units * float(stock.initial),
        "demands.customers.distribution": normal,
    }


@pytest.mark.parametrize("kind", WORLDS)
def test_in_other_units_of_goods_it_orders_the_same(kind: str):
    """With seven times the demand and stock it orders seven times as much; a fixed cost is seven times as large."""
    scenario, changes = WORLDS[kind]
    more = scaled(scenario, changes, 7.0)
    if "lanes.supplier.fixed_cost" in changes:
        more["lanes.supplier.fixed_cost"] = 7.0 * changes["lanes.supplier.fixed_cost"]
    ours, theirs = played(scenario, changes), played(scenario, more)
    assert ours.sum() > 0
    assert theirs == pytest.approx(7.0 * ours, rel=2e-3, abs=2e-2)


@pytest.mark.parametrize("kind", WORLDS)
def test_in_another_currency_it_orders_the_same(kind: str):
    """With all costs a hundred times as large, from euros to cents, no order changes."""
    scenario, changes = WORLDS[kind]
    world = jit_gym.load(scenario, changes)
    more = dict(changes)
    for name, stock in world.stocks.items():
        more[f"stocks.{name}.holding_cost"] = 100 * stock.holding_cost
    for name, demand in world.demands.items():
        more[f"demands.{name}.shortage_cost"] = 100 * demand.shortage_cost
    for name, lane in world.lanes.items():
        more[f"lanes.{name}.unit_cost"] = 100 * lane.unit_cost
        more[f"lanes.{name}.fixed_cost"] = 100 * lane.fixed_cost
    assert played(scenario, more) == pytest.approx(played(scenario, changes), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(
    ("scenario", "changes", "why"),
    [
        ("serial", {}, "plays worlds with one stock, got 3"),
        ("perishable", {}, r"knows nothing of stocks\.shop\.shelf_life"),
        ("lost-sales-hidden", {}, r"knows nothing of disruptions\.strike"),
        ("lost-sales", {"lanes.supplier.capacity": 9}, r"knows nothing of lanes\.supplier\.capacity"),
        ("lost-sales", {"lanes.supplier.batch": 4}, r"knows nothing of lanes\.supplier\.batch"),
        ("lost-sales", {"demands.customers.autocorrelation": 0.5}, r"knows nothing of demands\.customers\.autocorr"),
        ("lost-sales", {"horizon.ends": True}, "plays worlds that go on, and lost-sales ends"),
        ("lost-sales", {"demands.customers.from": {"shop": 2}}, "plays stocks sold unit by unit, got 2 of 'shop'"),
        ("lost-sales", {"stocks.shop.holding_cost": 0}, "needs a holding cost and a cost of a unit that is short"),
        ("lost-sales", {"demands.customers.distribution": 5}, "needs a demand that is random"),
        ("dual-sourcing", {"demands.customers.unmet": "lost"}, "plays two suppliers where customers wait"),
        ("dual-sourcing", {"lanes.regular.fixed_cost": 5}, "plays two suppliers without fixed costs"),
        ("dual-sourcing", {"lanes.regular.lead_time": 0}, "needs two lanes with fixed lead times, one of them faster"),
        ("dual-sourcing", {"lanes.expedited.unit_cost": 90}, "needs a faster lane that is dearer"),
    ],
)
def test_other_worlds_are_refused_by_name(scenario: str, changes: dict, why: str):
    with pytest.raises(PolicyError, match=rf"^agent:generalist: {why}") as refused:
        jit_gym.policy("agent:generalist", jit_gym.load(scenario, changes))
    assert "\n" not in str(refused.value)


def test_it_says_where_it_is_not_sure():
    """Lead times of 9 were not trained on; those of 4 were, and with backlog no network is asked."""
    far = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 9})
    player = jit_gym.policy("agent:generalist", far)
    assert not player.is_sure
    assert player.outside["lead time"] == pytest.approx(1 / 7)
    assert jit_gym.policy("agent:generalist", jit_gym.load("lost-sales")).is_sure
    assert jit_gym.policy("agent:generalist", jit_gym.load(far, {"demands.customers.unmet": "backlog"})).is_sure
    notes = jit_gym.compare(["agent:generalist"], far, paths=2, gap=False).notes
    assert any(
        note.startswith("agent:generalist: is not sure here") and "lead time 9 (1 to 8)" in note for note in notes
    )


def test_with_a_fixed_cost_and_lead_times_that_vary_it_says_where_it_is_not_sure():
    """The network was trained on demand that is steady; in a strong season orders are computed as if they crossed."""
    lane = {"fixed_cost": 10, "lead_time": {"name": "randint", "low": 1, "high": 4}, "crossing": True}
    world = jit_gym.load("lost-sales", {f"lanes.supplier.{key}": value for key, value in lane.items()})
    season = jit_gym.load(world, {"demands.customers.season": [0.1, 0.1, 2.8]})
    assert jit_gym.policy("agent:generalist", world).is_sure
    assert jit_gym.policy("agent:generalist", season).is_sure
    rush = {"hits": ["customers"], "starts": {"rate": 0.07}, "lasts": 4, "factor": 2.0}
    player = jit_gym.policy("agent:generalist", jit_gym.load(world, {"spikes.rush": rush}))
    assert player.outside == {"changes of demand": pytest.approx(1.0)}
    assert player.notes()[0].endswith("as its network was trained on other worlds: changes of demand 1 (0)")
    player = jit_gym.policy("agent:generalist", jit_gym.load(season, {"lanes.supplier.crossing": False}))
    assert player.outside == {"deviation of lead times in sequence": pytest.approx(np.sqrt(2 / 3))}
    assert "as orders are computed for other worlds: deviation" in player.notes()[0]
    assert jit_gym.policy("agent:generalist", jit_gym.load(season, {"demands.customers.unmet": "backlog"})).is_sure


def test_in_a_season_a_fixed_cost_and_lead_times_that_vary_cost_less_than_any_s_and_s():
    """Two periods of three with hardly any demand, in which an s and an S of the position order as in the third."""
    lead_time = {"name": "randint", "low": 2, "high": 5}
    lane = {"fixed_cost": 5, "lead_time": lead_time, "crossing": True}
    changes = {f"lanes.supplier.{key}": value for key, value in lane.items()}
    world = jit_gym.load("lost-sales", {**changes, "demands.customers.season": [0.2, 0.2, 2.6]})
    how = {"paths": 256, "periods": 500, "warmup": 50, "seed": 1}
    ours = jit_gym.evaluate("agent:generalist", world, **how).mean("cost")
    levels = [f"s-S(s={s}, S={s + more})" for s in (10, 14, 18, 22, 26) for more in (4, 8, 12, 16)]
    assert ours < min(jit_gym.evaluate(rule, world, **how).mean("cost") for rule in levels)


def test_where_customers_wait_it_costs_the_optimum():
    """Base-stock is optimal with backlog and a fixed lead time (Karlin 1960)."""
    world = jit_gym.load("lost-sales", {"demands.customers.unmet": "backlog", "lanes.supplier.lead_time": 2})
    assert float(jit_gym.exact_cost("agent:generalist", world)) == pytest.approx(jit_gym.solve(world).cost, rel=1e-6)


@pytest.mark.parametrize(("mean", "cost"), [(10, 35.02155527), (30, 57.81892616), (50, 70.97521233), (70, 79.03748366)])
def test_with_a_fixed_cost_and_backlog_it_costs_the_optimum(mean: float, cost: float):
    """Zheng and Federgruen (1991): K = 64, h = 1, p = 9, Poisson demand, no lead time."""
    world = jit_gym.load("fixed-cost", {"demands.customers.distribution.mu": mean})
    assert float(jit_gym.exact_cost("agent:generalist", world)) == pytest.approx(cost, rel=1e-6)


@pytest.mark.parametrize("more", [{"demands.customers.unmet": "backlog"}, {"lanes.supplier.lead_time": 0}])
@pytest.mark.parametrize("fixed_cost", [0, 5, 40])
def test_in_a_season_it_costs_the_optimum_where_levels_are_computed(more: dict, fixed_cost: int):
    """Some s and S of each period are optimal where customers wait, or orders arrive at once (Karlin 1960)."""
    changes = {"demands.customers.season": [0.5, 1.0, 1.5], "demands.customers.shortage_cost": 19}
    world = jit_gym.load("lost-sales", {**changes, "lanes.supplier.fixed_cost": fixed_cost, **more})
    assert float(jit_gym.exact_cost("agent:generalist", world)) == pytest.approx(jit_gym.solve(world).cost, rel=1e-6)


@pytest.mark.parametrize("lead_time", [1, 2])
@pytest.mark.parametrize("fixed_cost", [0, 5, 40])
@pytest.mark.parametrize("season", [[1], [0.5, 1.0, 1.5], [0.2, 0.2, 2.6]])
def test_with_lost_sales_it_costs_the_optimum_where_no_more_than_the_last_order_is_on_its_way(
    season: list[float], fixed_cost: int, lead_time: int
):
    """What is on hand and the last order are the whole state there."""
    changes = {"demands.customers.season": season, "demands.customers.shortage_cost": 19}
    lane = {"lanes.supplier.lead_time": lead_time, "lanes.supplier.fixed_cost": fixed_cost}
    world = jit_gym.load("lost-sales", {**changes, **lane})
    cost = float(jit_gym.exact_cost("agent:generalist", world))
    assert cost == pytest.approx(jit_gym.solve(world).cost, rel=2e-4)


@pytest.mark.parametrize("fixed_cost", [0, 5, 40])
@pytest.mark.parametrize(("season", "short"), [([1], 4), ([1.4, 0.6], 19), ([0.5, 1.0, 1.5], 60)])
def test_with_lost_sales_and_more_on_its_way_it_costs_little_more(season: list[float], short: float, fixed_cost: int):
    changes = {"demands.customers.season": season, "demands.customers.shortage_cost": short}
    lane = {"lanes.supplier.lead_time": 3, "lanes.supplier.fixed_cost": fixed_cost}
    world = jit_gym.load("lost-sales", {**changes, **lane})
    assert float(jit_gym.exact_cost("agent:generalist", world)) < 1.003 * jit_gym.solve(world).cost


def test_demand_that_hardly_varies_costs_the_optimum():
    """Between 4 and 7 units, where a network that sees numbers of many worlds is a unit off, and costs 5 % more."""
    demand = {"name": "randint", "low": 4, "high": 8}
    changes = {"demands.customers.distribution": demand, "demands.customers.shortage_cost": 26.6}
    world = jit_gym.load("lost-sales", {**changes, "lanes.supplier.lead_time": 1})
    cost = float(jit_gym.exact_cost("agent:generalist", world))
    assert cost == pytest.approx(jit_gym.solve(world).cost, rel=2e-4)


def test_with_a_fixed_cost_it_foresees_what_is_announced():
    """Spikes that treble demand, five periods ahead: safety stock on the forecast places an order in each period."""
    rush = {"hits": ["customers"], "starts": {"rate": 0.05}, "lasts": 3, "factor": 3.0, "announced": 5}
    lane = {"lanes.supplier.lead_time": 3, "lanes.supplier.fixed_cost": 5}
    world = jit_gym.load("lost-sales", {**lane, "spikes.rush": rush})
    how = {"paths": 256, "periods": 500, "warmup": 50, "seed": 1}
    ours = jit_gym.evaluate("agent:generalist", world, **how).mean("cost")
    levels = (f"safety-stock(service_level={level})" for level in (0.7, 0.8, 0.9, 0.95))
    levels = (*levels, *(f"s-S(s={s}, S={s + more})" for s in (15, 20, 25) for more in (8, 12)))
    assert ours < 0.95 * min(jit_gym.evaluate(rule, world, **how).mean("cost") for rule in levels)


def test_with_a_fixed_cost_it_knows_that_orders_cross():
    """Where a fifth of the shipments take ten periods more, no s and S of the inventory position come near."""
    lead_time = {"name": "empirical", "values": [2, 12], "weights": [8, 2]}
    lane = {"lead_time": lead_time, "crossing": True, "fixed_cost": 40}
    changes = {f"lanes.supplier.{key}": value for key, value in lane.items()}
    world = jit_gym.load("lost-sales", {**changes, "demands.customers.shortage_cost": 19})
    how = {"paths": 256, "periods": 500, "warmup": 50, "seed": 1}
    ours = jit_gym.evaluate("agent:generalist", world, **how).mean("cost")
    others = [jit_gym.evaluate(f"s-S(s={s}, S={s + 13})", world, **how).mean("cost") for s in (25, 28, 31, 34, 37)]
    assert ours < 0.98 * min(others)


def test_where_customers_wait_it_expects_spikes_that_nobody_sees_yet():
    """With a lead time of five periods and a quarter of the time in a spike, demand as it is now says too little."""
    rush = {"hits": ["customers"], "starts": {"rate": 0.07}, "lasts": 4, "factor": 2.0}
    changes = {"lanes.supplier.lead_time": 5, "demands.customers.unmet": "backlog", "spikes.rush": rush}
    world, how = jit_gym.load("lost-sales", changes), {"paths": 256, "periods": 500, "warmup": 50, "seed": 1}
    ours = jit_gym.evaluate("agent:generalist", world, **how).mean("cost")
    levels = (f"safety-stock(service_level={level})" for level in (0.9, 0.99, 0.999, 0.9999))
    assert ours < min(jit_gym.evaluate(rule, world, **how).mean("cost") for rule in levels)


@pytest.mark.parametrize(("seen", "at", "first"), [("at-once", 0, 1), ("hidden", 60, 0)])
def test_the_demand_of_periods_in_which_a_spike_may_begin(seen: str, at: int, first: int):
    """As the world draws it: from its first period on, which is quiet, or later, where one may have begun unseen."""
    rush = {"hits": ["customers"], "starts": {"rate": 0.3}, "lasts": {"name": "randint", "low": 1, "high": 3}}
    world = jit_gym.load("lost-sales", {"spikes.rush": {**rush, "factor": 2.0, "seen": seen}})
    drawn = Chance(world).draw(0, 20_000, at + 6).demand[:, at:, 0].sum(axis=1)
    found = OneStock(PlanningData(world)).total([1.0] * 6, first)
    assert found.sum() == pytest.approx(1.0)
    for level in (20, 25, 30, 35, 40, 50, 60):
        assert found[: level + 1].sum() == pytest.approx(np.mean(drawn <= level), abs=0.015)


def test_levels_move_with_what_is_announced_beyond_the_season():
    """In the same period of the season, a rush that is announced makes an order larger."""
    season = {"demands.customers.season": [0.5, 1.5], "lanes.supplier.fixed_cost": 20, "lanes.supplier.lead_time": 1}
    rush = {"hits": ["customers"], "starts": {"at": [3]}, "lasts": 2, "factor": 3, "announced": 2}
    usual, more = (played("lost-sales", {**season, **with_rush}, 4) for with_rush in ({}, {"spikes.rush": rush}))
    assert (usual[0] == more[0]).all()
    assert more[1:3].sum() > 1.3 * usual[1:3].sum()


@pytest.mark.parametrize("lead_time", [1, 3])
def test_a_season_with_days_without_demand_may_have_spikes(lead_time: int):
    """A shop that is closed on two days of seven: no order is too many, and few customers are lost."""
    rush = {"hits": ["customers"], "starts": {"rate": 0.1}, "lasts": 2, "factor": 2.0}
    lane = {"lanes.supplier.lead_time": lead_time, "lanes.supplier.fixed_cost": 5, "spikes.rush": rush}
    changes = {"demands.customers.season": [1, 1, 1, 1, 1, 0, 0], "demands.customers.shortage_cost": 19}
    orders = played("lost-sales", {**lane, **changes}, 60)
    assert np.isfinite(orders).all()
    result = jit_gym.evaluate(
        "agent:generalist", jit_gym.load("lost-sales", {**lane, **changes}), paths=32, periods=200
    )
    assert result.mean("fill_rate") > 0.9
    assert orders.mean() < 8.0


@pytest.mark.parametrize("fixed_cost", [0, 20])
def test_where_orders_arrive_at_once_it_costs_the_optimum(fixed_cost: int):
    """With lost sales and no lead time a level is optimal, and with a fixed cost an s and an S (Scarf 1960)."""
    world = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 0, "lanes.supplier.fixed_cost": fixed_cost})
    assert float(jit_gym.exact_cost("agent:generalist", world)) == pytest.approx(jit_gym.solve(world).cost, rel=1e-6)


def test_a_season_of_resampled_sales_is_forecast():
    """The mean of each week of the year, as the history has it, for this week and the next."""
    world = jit_gym.load("grocery")
    shop = OneStock(PlanningData(world))
    play = Simulation(Layout(world), Chance(world).draw(0, 2000, 12))
    demand = play.trace.demand[:, :, 0].mean(axis=0)
    for t in range(10):
        assert np.array(shop.expected(View(play)).means[:2]) == pytest.approx(demand[t : t + 2], rel=0.05)
        play.step(np.full((2000, 1), 300.0))


def test_a_projection_has_the_mean_and_the_lost_sales_of_a_simulation():
    """Normal demand of mean 1 and deviation 0.3, from 1.2 on hand with 0.9 and 1.1 to come."""
    random, stock = np.random.default_rng(1), np.full(200_000, 1.2)
    lost, arrivals = 0.0, [1.2, 0.9, 1.1]
    for k in range(3):
        left = stock - random.normal(1.0, 0.3, len(stock))
        lost += np.maximum(-left, 0.0).mean()
        stock = np.maximum(left, 0.0) + (arrivals[k + 1] if k < 2 else 0.0)
    ahead = project([np.array([x]) for x in arrivals], [1.0] * 3, [0.3] * 3)
    assert ahead.stock[0] == pytest.approx(stock.mean(), abs=0.01)
    assert ahead.lost[0] == pytest.approx(lost, abs=0.01)
    assert ahead.variance[0] == pytest.approx(stock.var(), abs=0.02)  # what is left is taken to be normal


@pytest.mark.parametrize("factor", [0.3, 0.6, 1.0, 1.7])
def test_the_demand_of_a_season_has_the_moments_and_the_level_of_what_is_drawn(factor: float):
    """Poisson demand of mean 5 times a factor, rounded up or down by chance; the level covers 19 of 20 periods."""
    world = jit_gym.load("lost-sales", {"demands.customers.season": [factor, 2.0 - factor]})
    shop = OneStock(PlanningData(world))
    drawn = Chance(world).draw(1, 50_000, 2).demand[:, 0, 0]
    coming = shop.coming(shop.usual(0))
    assert coming.means[0] == pytest.approx(drawn.mean(), rel=0.01)
    assert coming.deviations[0] == pytest.approx(drawn.std(), rel=0.01)
    level = float(coming.levels[0])
    assert (drawn < level - 0.5).mean() <= 0.95 + 0.01
    assert (drawn < level + 0.5).mean() >= 0.95 - 0.01


def test_what_is_expected_is_the_season_and_a_spike_goes_on():
    """A season of one period of 25 and four without demand; a spike doubles what is shown, and what comes after."""
    world = jit_gym.load("lost-sales", {"demands.customers.season": [0, 0, 0, 0, 5], "lanes.supplier.lead_time": 2})
    shop = OneStock(PlanningData(world))
    usual = shop.usual(np.arange(5))
    expected = [[25.0 if (t + k) % 5 == 4 else 0.0 for t in range(5)] for k in range(3 + BEYOND)]
    assert np.array(usual) == pytest.approx(np.array(expected))
    coming = shop.coming(usual, [2.0 * each for each in usual[:3]])
    assert coming.means[4][[2, 3, 4]] == pytest.approx(2.0 * usual[4][[2, 3, 4]])
    assert coming.means[4][0] == pytest.approx(25.0)  # nothing is shown that could tell of a spike
    assert coming.unit[0].min() > 0
    result = jit_gym.evaluate("agent:generalist", world, paths=8, periods=50)
    assert np.isfinite(result.mean("cost"))
    assert result.mean("fill_rate") > 0.9
    far = jit_gym.load(world, {"lanes.supplier.lead_time": 8})
    assert "most expected" in jit_gym.policy("agent:generalist", far).outside  # five times the mean


@pytest.mark.parametrize(("announced", "seen"), [(0, "at-once"), (2, "at-once"), (0, "hidden")])
def test_what_spikes_add_that_no_forecast_shows(announced: int, seen: str):
    """Where none is known of in a period, the mean demand three periods later is so much more than is expected."""
    spike = {"hits": ["customers"], "starts": {"rate": 0.07}, "lasts": 4, "factor": 2, "announced": announced}
    changes = {"spikes.rush": {**spike, "seen": seen}, "lanes.supplier.lead_time": 3}
    world = jit_gym.load("lost-sales", changes)
    trace = Chance(world).draw(1, 20_000, 44)
    mean, deviation, until_then = OneStock(PlanningData(world)).unforeseen
    if seen == "at-once":
        known = trace.seen[40, :, trace.columns.forecast["customers"]]
        quiet = (known < 5.5).all(axis=-1)
    else:
        quiet = np.ones(20_000, bool)
    demand = trace.demand[quiet, :, 0] / 5.0
    assert mean == pytest.approx(demand[:, 43].mean() - 1.0, abs=0.04)
    assert until_then == pytest.approx(demand[:, 40:44].mean() - 1.0, abs=0.04)
    assert deviation**2 == pytest.approx(mean * (1.0 - mean))  # either all of the spike, or nothing


def test_what_is_on_order_arrives_as_in_the_long_run():
    """With an order in every period, P(L > k) is the chance that the one of k + 1 periods ago is still on its way."""
    lead_time = {"name": "empirical", "values": [2, 4], "weights": [8, 2]}
    world = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": lead_time, "lanes.supplier.crossing": True})
    shop = RandomLeadTimes(PlanningData(world))
    assert shop.late[:5] == pytest.approx([1.0, 1.0, 0.2, 0.2, 0.0])
    assert shop.arrives[:5] == pytest.approx([0.0, 0.0, 0.8, 0.0, 0.2])
    play = Simulation(Layout(world), Chance(world).draw(0, 4000, 40))
    for _ in range(30):
        play.step(np.full((4000, 1), 5.0))
    on_order = View(play).on_order[:, 0].mean()
    play.step(np.full((4000, 1), 0.0))  # what arrives now was on order
    left = View(play).on_order[:, 0].mean()
    assert (on_order - left) / on_order == pytest.approx(shop.late[0] / shop.late.sum(), abs=0.01)


def test_lead_times_beyond_those_that_are_looked_at_are_not_sure():
    late = {"name": "empirical", "values": [2, REACH + 4], "weights": [1, 1]}
    world = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": late, "lanes.supplier.crossing": True})
    player = jit_gym.policy("agent:generalist", world)
    assert f"chance of more than {REACH - 1} periods" in player.outside


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_the_shipped_networks_are_small_and_say_how_they_were_made(path: Path):
    model = Model.read(path)
    assert path.stat().st_size < 1_000_000
    assert model.manifest.agent == "generalist"
    assert model.manifest.command is not None
    assert model.manifest.network["kind"] in path.stem


def test_there_is_a_network_for_each_kind():
    assert {path.stem for path in MODELS} == {f"generalist-{kind}" for kind in KINDS}


def test_a_model_in_a_file_plays_as_the_shipped_one(tmp_path: Path):
    path, world = tmp_path / "mine.safetensors", jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 8})
    path.write_bytes(shipped("one-supplier").data)
    ours, theirs = (
        jit_gym.evaluate(what, world, paths=8, periods=20).figures["cost"]
        for what in ("agent:generalist", f"agent:{path}")
    )
    assert (ours == theirs).all()


def test_a_model_of_another_kind_or_with_other_numbers_is_refused():
    world = jit_gym.load("lost-sales")
    with pytest.raises(PolicyError, match=r"^agent:generalist: the model is for two-suppliers, and this world is of"):
        Generalist(shipped("two-suppliers")).fit(world)
    model = shipped("one-supplier")
    fewer = Model(model.manifest, {name: array for name, array in model.arrays.items() if name != "lowest"})
    with pytest.raises(PolicyError, match=r"^agent:generalist: the model is damaged"):
        Generalist(fewer).fit(world)


def test_published_instances_cost_their_optimum():
    """Zipkin (2008), Poisson demand of mean 5, h = 1: with p = 4 and L = 1 it is 4.04071."""
    world = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 1, "demands.customers.shortage_cost": 4})
    assert float(jit_gym.exact_cost("agent:generalist", world)) == pytest.approx(4.04071, rel=1e-4)


def test_a_long_lead_time_costs_what_deep_controlled_learning_costs():
    """Temizöz et al. (2025), Poisson demand of mean 5, p = 4 and L = 8, where no optimum is known: 4.95078."""
    world = jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 8, "demands.customers.shortage_cost": 4})
    cost = jit_gym.evaluate("agent:generalist", world, paths=512, periods=600, warmup=100, seed=1).mean("cost")
    assert cost < 1.005 * 4.95078
