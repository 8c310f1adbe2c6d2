"""The compiled simulation: others' numbers come out, copies are independent, and mistakes are told."""

import copy
import pickle

import numpy as np
import pytest

from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation, View
from jit_gym.scenario import Scenario, ScenarioError

from ..worlds import shop

NEWSVENDOR = {
    "stocks.shop.holding_cost": 0.18,
    "demands.customers.distribution": {"name": "norm", "loc": 50, "scale": 8},
    "demands.customers.shortage_cost": 0.70,
    "demands.customers.unmet": "backlog",
}


@pytest.mark.parametrize(("lead_time", "level", "cost"), [(0, 56.604, 1.99761), (4, 264.767, 4.46678)])
def test_base_stock_with_backlog_costs_what_the_newsvendor_says(lead_time: int, level: float, cost: float):
    """Normal(50, 8), h=.18, p=.70: S=56.604 costs 1.998, with lead time 4 S=264.77 4.467 (Snyder and Shen 2019).

    Their examples 4.3 and 4.4. The cost of the level S is h n + (h + p) E max(D - S, 0) with n = S - E D, D the demand
    of L + 1 periods.
    """
    scenario = shop(NEWSVENDOR | {"lanes.supplier.lead_time": lead_time})
    paths, periods, warmup = 2000, 500, 20
    world = Simulation(Layout(scenario), Chance(scenario).draw(17, paths, periods))
    total = np.zeros(paths)
    for t in range(periods):
        position = (
            world.read("stocks", "on_hand") + world.read("lanes", "in_transit") - world.read("demands", "backlog")
        )
        flows = world.step(np.maximum(level - position, 0))
        if t >= warmup:
            total += flows.money["cost"][:, 0]
    mean = total / (periods - warmup)
    error = mean.std(ddof=1) / np.sqrt(paths)
    assert error < 0.002 * cost
    assert abs(mean.mean() - cost) <= 4 * error


def fragile() -> Scenario:
    """Return a scenario with something in every table of state."""
    return shop(
        stocks={"shop": {"initial": 4, "holding_cost": 1}, "cellar": {"initial": 2}},
        lanes={
            "slow": {"to": "shop", "lead_time": 3, "initial": 2, "capacity": 6, "unit_cost": 1},
            "wild": {"to": "cellar", "lead_time": {"name": "randint", "low": 0, "high": 3}},
        },
        demands={
            "one": {
                "from": {"shop": 1, "cellar": 0.5},
                "distribution": {"name": "poisson", "mu": 4},
                "unmet": "backlog",
            },
            "two": {"from": "shop", "distribution": {"name": "gamma", "a": 2}, "shortage_cost": 3},
        },
        disruptions={"strike": {"hits": ["slow"], "starts": {"rate": 0.3}, "lasts": 2}},
    )


def started(periods: int = 5, paths: int = 3) -> Simulation:
    """Return a simulation that has been played for a while."""
    scenario = fragile()
    world = Simulation(Layout(scenario), Chance(scenario).draw(2, paths))
    for t in range(periods):
        world.step(orders(t, paths))
    return world


def orders(t: int, paths: int = 3) -> np.ndarray:
    """Return the orders of a period."""
    return np.random.default_rng(t).uniform(0, 9, (paths, 2))


def assert_same_state(one: Simulation, other: Simulation):
    """Hold that two simulations are where they are, with the same flows behind them."""
    assert one.period == other.period
    assert np.array_equal(one._states, other._states)
    assert np.array_equal(one._flows, other._flows)


COPIES = {"pickle": lambda it: pickle.loads(pickle.dumps(it)), "deepcopy": copy.deepcopy}


@pytest.mark.parametrize("way", COPIES)
def test_a_copied_simulation_goes_on_by_itself(way: str):
    """A copy made in the middle plays on to the same end, and neither disturbs the other."""
    world, straight = started(), started()
    twin = COPIES[way](world)
    assert_same_state(world, twin)
    for t in range(5, 12):
        twin.step(orders(t))
    assert_same_state(world, straight)
    for t in range(5, 12):
        world.step(orders(t))
    assert_same_state(world, twin)
    twin.step(orders(99))
    assert not np.array_equal(world.state.stocks, twin.state.stocks)


@pytest.mark.parametrize("way", COPIES)
def test_a_copied_layout_plays_the_same(way: str):
    """A layout that was copied or sent to another process is as good as the first."""
    layout = Layout(fragile())
    twin = COPIES[way](layout)
    assert np.array_equal(layout.numbers, twin.numbers)
    assert twin.scenario == layout.scenario
    trace = Chance(layout.scenario).draw(2, 3)
    worlds = [Simulation(each, trace) for each in (layout, twin)]
    for t in range(10):
        for world in worlds:
            world.step(orders(t))
    assert_same_state(*worlds)


def test_playing_changes_nothing_but_the_state():
    """The compiled period leaves the layout, the trace and the orders as they are."""
    scenario = fragile()
    layout, trace = Layout(scenario), Chance(scenario).draw(2, 3)
    before = copy.deepcopy([layout.numbers, layout.start, trace.rows])
    world, order = Simulation(layout, trace), orders(0)
    kept = order.copy()
    for _ in range(trace.periods):
        world.step(order)
    assert all(map(np.array_equal, before, [layout.numbers, layout.start, trace.rows]))
    assert np.array_equal(order, kept)


def test_a_path_plays_the_same_in_every_batch():
    """What happens on a path does not depend on the paths beside it."""
    scenario = fragile()
    layout, chance = Layout(scenario), Chance(scenario)
    many = Simulation(layout, chance.draw(2, 50))
    some = Simulation(layout, chance.draw(2, [7, 31]))
    for t in range(20):
        order = orders(t, 50)
        many.step(order)
        some.step(order[[7, 31]])
        for one, other in ((many._states, some._states), (many._flows, some._flows)):
            assert np.array_equal(one[:, [7, 31]], other)


def test_two_simulations_of_one_layout_do_not_meet():
    """A layout is shared, state is not: each simulation starts anew."""
    scenario = fragile()
    layout, trace = Layout(scenario), Chance(scenario).draw(2, 3)
    first = Simulation(layout, trace)
    first.step(orders(0))
    assert_same_state(Simulation(layout, trace), Simulation(Layout(scenario), trace))


@pytest.mark.parametrize("shape", [(1, 2), (3, 1), (3, 3), (2, 3), (3,), (6,)])
def test_orders_of_another_shape_are_refused(shape: tuple[int, ...]):
    """Orders are one row a path and one number a lane; anything else is told, with both shapes."""
    with pytest.raises(ValueError, match=r"orders must be \(3, 2\) \(paths, lanes\), got \(.*\)"):
        started(0).step(np.zeros(shape))


def test_whole_numbers_and_lists_will_do_for_orders():
    """Orders may be integers, or a view with gaps: they are read as numbers."""
    one, other = started(0), started(0)
    one.step(np.array([[1, 2], [3, 4], [5, 6]]))
    other.step(np.array([[1.0, 0, 2], [3, 0, 4], [5, 0, 6]])[:, ::2])
    assert_same_state(one, other)


def test_a_trace_of_another_scenario_is_refused():
    """A trace whose columns stand for something else cannot be played."""
    with pytest.raises(ValueError, match="the trace has the columns of another scenario than shop"):
        Simulation(Layout(fragile()), Chance(shop()).draw(1, 3))


def test_the_last_look_comes_after_the_last_period():
    """After the last period one still sees, as after any other."""
    world = started(0)
    for t in range(world.trace.periods):
        assert np.array_equal(world.seen, world.trace.seen[t])
        world.step(orders(t))
    assert np.array_equal(world.seen, world.trace.seen[-1])


def changed(array: np.ndarray) -> None:
    """Try to change every number of an array, in place."""
    if array.dtype.names is None:
        array -= 31
    else:
        array[:] = np.zeros(1, array.dtype)


def test_what_a_simulation_shows_is_read_only():
    """State, flows, pipeline and what is seen are windows onto the simulation; writing through one raises."""
    world, twin = started(), started()
    tables = [*world.state[:-1], *world.flows]
    shown = [table[field] for table in tables for field in table.dtype.names if table.shape[1]]
    shown += [world.pipeline, world.seen, world.read("stocks", "on_hand")]
    layout = world.layout
    for array in [*shown, layout.into, layout.needs, layout.uses, layout.start]:
        with pytest.raises(ValueError, match="read-only"):
            changed(array)
    assert_same_state(world, twin)


SEEN = (
    *("on_hand", "used", "backlog", "in_transit", "waiting", "on_order", "inventory_position", "forecast"),
    *("available", "outlook", "unit_cost", "price"),
)


@pytest.mark.parametrize("quantity", SEEN)
def test_a_policy_cannot_change_a_simulation_by_what_it_sees(quantity: str):
    """A policy that changes an array of its view in place is stopped, or changes an array of its own.

    `view.on_hand -= 31` used to take 31 units off the shelf, without a word.
    """
    world, untouched = started(), started()
    seen = getattr(View(world), quantity)
    if seen.flags.writeable:
        changed(seen)
    else:
        with pytest.raises(ValueError, match="read-only"):
            changed(seen)
    assert_same_state(world, untouched)
    world.step(orders(5))
    untouched.step(orders(5))
    assert_same_state(world, untouched)
    assert np.array_equal(world.trace.rows, untouched.trace.rows)


def test_a_world_whose_paths_do_not_fit_into_memory_is_refused():
    """Of a stock that lasts 10,000 periods, records that are 10,000 late take 10^8 numbers a path: too many."""
    world = shop({"stocks.shop.shelf_life": 10_000, "stocks.shop.seen_late": 10_000})
    with pytest.raises(ScenarioError, match=r"^shop: must keep 1,000,000 numbers or less on a path .*\(shorten"):
        Layout(world)


def test_a_world_that_looks_too_far_ahead_is_refused():
    """Forecasts of 101 demands for 10,001 periods are 1,010,101 numbers a period, and one that is drawn of each."""
    season = {"from": "shop", "distribution": 1, "season": [1, 2]}
    world = shop({"lanes.supplier.lead_time": 10_000}, demands={f"customer-{k}": season for k in range(101)})
    with pytest.raises(
        ScenarioError, match=r"^shop: must have 1,000,000 numbers or less .*, got 1,010,202 \(look less"
    ):
        Chance(world)
