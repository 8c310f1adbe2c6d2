"""What the numbers of an observation and an action mean."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from jit_gym.chance import usage
from jit_gym.envs import Env, VectorEnv
from jit_gym.envs.observation import Codec
from jit_gym.physics import Layout, View
from jit_gym.scenario import Scenario, load, names

from ..worlds import shop
from .rich import actions_for, rich, simulated

QUIET = {"demands": {"customers": {"from": "shop", "distribution": {"name": "empirical", "values": [0]}}}}


def quiet(overrides: dict[str, Any] | None = None, **parts: Any) -> Scenario:
    """Return a shop that nobody visits: a unit of mean demand is one unit of stock."""
    return shop(overrides, **(QUIET | parts))


def named(env: Env, observation: np.ndarray) -> dict[str, float]:
    """Return an observation by name, zeros left out."""
    return {name: value for name, value in zip(env.observation_names, observation.tolist(), strict=True) if value}


# Actions


@pytest.mark.parametrize(
    ("units", "wanted", "placed"), [("whole", 7, 7), ("whole", 7.4, 7), ("continuous", 7.25, 7.25)]
)
def test_raw_orders_are_units(units: str, wanted: float, placed: float):
    """With `units="raw"` an action of 7 orders 7 units, a single env and a batch alike."""
    world = shop(units=units, demands={"customers": {"from": "shop", "distribution": 5}})
    env, batch = Env(world, units="raw"), VectorEnv(world, 2, units="raw")
    env.reset(seed=0)
    batch.reset(seed=0)
    assert env.action_space == gym.spaces.Box(0, 10, (1,))
    assert env.step(np.array([wanted]))[4]["supplier.ordered"] == placed
    assert batch.step(np.array([[wanted], [0.0]]))[4]["supplier.ordered"].tolist() == [placed, 0]


@pytest.mark.parametrize(
    ("action", "orders"),
    [
        (-1, [0, 0, 0]),
        (-0.9, [0.3, 0.65, 0.65]),
        (-0.5, [1.5, 3.25, 3.25]),
        (0, [3, 6.5, 6.5]),
        (0.5, [4.5, 9.75 + 13 / 8, 9.75 + 13 / 8]),
        (1, [6, 26, 26]),
    ],
)
def test_an_action_counts_in_what_is_used(action: float, orders: list[float]):
    """-1 orders nothing, 0 a lane's part of what its stock is used, 1 twice the stock's use; nowhere the same.

    Three bikes a period take two wheels each, and seven more wheels are spares: 13 wheels, half of them by either lane,
    and 3 bodies. Above 0 a lane's 6.5 go on to 26 by 6.5 (1 + a) + 13 a^3.
    """
    world = rich(
        units="continuous",
        lanes__lorry__batch=None,
        lanes__ship__share=None,
        demands__bikes__distribution=3,
        demands__spares__distribution={"name": "poisson", "mu": 7},
    )
    env = Env(world)
    env.reset(seed=0)
    info = env.step(np.full(3, action))[4]
    assert [info[f"{name}.ordered"] for name in world.lanes] == pytest.approx(orders, abs=1e-5)
    assert env.orders(np.full(3, action)) == pytest.approx(orders)


@pytest.mark.parametrize("name", names())
def test_random_actions_order_about_what_is_used(name: str):
    """Uniformly random actions order 0.75 to 1.5 times what a stock is used on average, and action 0 as much.

    A machine that can make one part a slot and must make one is asked for half a part.
    """
    env = Env(name)
    layout, use = env.episodes.layout, np.array([mean for mean, _ in usage(env.scenario).values()])
    least = 0.49 if name == "two-machine-line" else 0.75
    actions = np.random.default_rng(0).uniform(-1, 1, (20_000, len(env.scenario.lanes)))
    assert ((least * use <= (mean := env.orders(actions).mean(axis=0) @ layout.into)) & (mean <= 1.5 * use)).all()
    assert ((least * use <= (zero := env.orders(np.zeros(len(actions[0]))) @ layout.into)) & (zero <= 1.5 * use)).all()


@pytest.mark.parametrize("name", names())
def test_no_part_of_an_action_is_dead(name: str):
    """An order changes with each fifth of the action space, or has as many parts of it as there are orders."""
    env = Env(name)
    orders = env.orders(np.repeat(np.linspace(-1, 1, 11)[:, None], len(env.scenario.lanes), axis=1))
    assert (np.diff(orders, axis=0) > 0).all()
    if env.scenario.units == "whole":
        whole = np.floor(np.array(orders) + 0.5)
        assert (np.array([len(set(column)) for column in whole.T]) >= np.minimum(whole.max(axis=0) + 1, 6)).all()


def test_an_economic_lot_can_be_ordered():
    """With K = 90, m = 5 and h = 1 a lot of 30 costs least (Harris 1913), three times what is used twice."""
    assert Env("lost-sales", {"lanes.supplier.fixed_cost": 90}, units="raw").action_space.high.tolist() == [30]


@pytest.mark.parametrize(("action", "same_as"), [(5, 1), (np.inf, 1), (-5, -1), (-np.inf, -1)])
@pytest.mark.parametrize("units", ["raw", "mean-demand"])
def test_an_action_is_cut_to_its_space(action: float, same_as: float, units: str):
    """What lies outside of the action space orders what its nearest point does."""
    env, other = Env(units=units), Env(units=units)
    env.reset(seed=0)
    other.reset(seed=0)
    high, low = env.action_space.high[0], env.action_space.low[0]
    beyond = action * high if np.isfinite(action) else action
    step = env.step(np.array([beyond]))
    expected = other.step(np.array([high if same_as == 1 else low]))
    assert step[4] == expected[4]
    assert step[4]["supplier.ordered"] == (10 if same_as == 1 else 0)


@pytest.mark.parametrize(
    ("lane", "options", "limit"),
    [
        ({}, {}, 10),
        ({}, {"most_ordered": 2.5}, 12.5),
        ({"capacity": 9}, {}, 9),
        ({"capacity": 9, "batch": 4}, {}, 8),
        ({"capacity": 90}, {}, 10),
        ({"capacity": 3}, {}, 3),
        ({"minimum_order": 33}, {}, 33),
        ({"batch": 48}, {}, 48),
    ],
)
def test_the_most_that_can_be_ordered(lane: dict[str, Any], options: dict[str, Any], limit: float):
    """It is some periods of use in whole units or batches, or the least one can order, as far as the capacity goes."""
    world = shop(lanes={"supplier": {"to": "shop", **lane}}, demands={"customers": {"from": "shop", "distribution": 5}})
    env = Env(world, units="raw", **options)
    assert env.action_space.high.tolist() == [limit]
    for units, most in (("raw", limit), ("mean-demand", 1.0)):
        env = Env(world, units=units, **options)
        env.reset(seed=0)
        assert env.step(np.array([most]))[4]["supplier.ordered"] == limit


@pytest.mark.parametrize("units", ["raw", "mean-demand"])
def test_every_whole_order_can_be_said(units: str):
    """`encode` gives an action that orders exactly these units, on every lane, from nothing to the most."""
    world = rich(lanes__lorry__batch=None, lanes__lorry__capacity=2, lanes__van__share=0.25)
    env = Env(world, units=units)
    codec = env.episodes.codec
    most = codec.lanes["limit"]
    env.reset(seed=0)
    for k in range(int(most.max()) + 1):
        orders = np.minimum(k, np.floor(most))
        action = codec.encode(orders[None])[0]
        assert action.dtype == np.float32
        assert action in env.action_space
        env.reset()
        info = env.step(action)[4]
        assert [info[f"{name}.ordered"] for name in world.lanes] == orders.tolist()


def test_encode_cuts_what_cannot_be_said():
    """More than the most is the most, and less than nothing nothing."""
    codec = Codec(Layout(load("lost-sales")))
    said = codec.encode(np.array([[99.0], [-3.0], [10.0], [5.0], [0.0]])).ravel()
    assert said.tolist() == pytest.approx([1, -1, 1, 0, -1], abs=1e-6)


# Observations


def test_an_observation_is_named():
    """Stocks first, then customers who wait, what is on the way, forecasts, availability, and the date."""
    assert Env("lost-sales").observation_names == [
        "shop.on_hand",
        "shop.used",
        "supplier.arrives_in_1",
        "supplier.arrives_in_2",
        "supplier.arrives_in_3",
        "supplier.arrives_in_4",
    ]
    assert Env(rich(horizon__ends=True)).observation_names == [
        "body.on_hand",
        "body.used",
        "wheel.on_hand",
        "wheel.used",
        "spares.backlog",
        "ship.waiting",
        "van.waiting",
        "lorry.arrives_in_1",
        "ship.arrives_in_1",
        "ship.arrives_in_2",
        "van.in_transit",
        *(f"bikes.forecast_{k}" for k in range(4)),
        *(f"spares.forecast_{k}" for k in range(4)),
        "ship.available",
        "holidays.comes_in",
        "season_3.sine_1",
        "season_3.cosine_1",
        "horizon.passed",
    ]


def test_an_order_can_be_seen_coming():
    """With lead time 3 an order of 7 arrives in 3, 2, and 1 periods, and then it is on hand."""
    env = Env(quiet({"lanes.supplier.lead_time": 3, "stocks.shop.initial": 2}), units="raw", most_ordered=50)
    observation, _ = env.reset(seed=0)
    seen = [named(env, observation)]
    for order in (7, 0, 4, 0, 0, 0):
        observation, *_ = env.step(np.array([order]))
        seen.append(named(env, observation))
    assert seen == [
        {"shop.on_hand": 2},
        {"shop.on_hand": 2, "supplier.arrives_in_3": 7},
        {"shop.on_hand": 2, "supplier.arrives_in_2": 7},
        {"shop.on_hand": 2, "supplier.arrives_in_1": 7, "supplier.arrives_in_3": 4},
        {"shop.on_hand": 9, "supplier.arrives_in_2": 4},
        {"shop.on_hand": 9, "supplier.arrives_in_1": 4},
        {"shop.on_hand": 13},
    ]


def test_use_and_waiting_customers_can_be_seen():
    """With 8 on hand and 5 asked for: 5 used and 3 left; then 3 used and 2 wait; then nothing used and 7 wait."""
    world = shop(
        {"stocks.shop.initial": 8},
        demands={"customers": {"from": "shop", "distribution": 5, "unmet": "backlog"}},
    )
    env = Env(world)
    env.reset(seed=0)
    seen = [named(env, env.step(np.array([-1.0]))[0]) for _ in range(3)]
    assert seen == [
        pytest.approx({"shop.on_hand": 0.6, "shop.used": 1}),
        pytest.approx({"shop.used": 0.6, "customers.backlog": 0.4}),
        pytest.approx({"customers.backlog": 1.4}),
    ]


def test_a_season_can_be_seen_coming():
    """Forecasts of this and the next period, in mean demand: with the factors 0, 1, 2 they are 0 and 1 at first."""
    world = shop(
        {"lanes.supplier.lead_time": 1},
        demands={"customers": {"from": "shop", "distribution": 5, "season": [0, 1, 2]}},
    )
    env = Env(world)
    rows = [env.reset(seed=0)[0]] + [env.step(np.array([-1.0]))[0] for _ in range(3)]
    places = [env.observation_names.index(f"customers.forecast_{k}") for k in range(2)]
    assert [row[places].tolist() for row in rows] == [[0, 1], [1, 2], [2, 0], [0, 1]]


@pytest.mark.parametrize("seen", ["at-once", "hidden"])
def test_a_disruption_shows_or_is_hidden(seen: str):
    """One of periods 2 and 3 shows while it lasts; a hidden one has no number, and without orders changes nothing."""
    stop = {"hits": ["supplier"], "starts": {"at": [2]}, "lasts": 2, "severity": 0.75, "seen": seen}
    env = Env(quiet({"stocks.shop.initial": 2}, disruptions={"fire": stop}))
    rows = [env.reset(seed=0)[0]] + [env.step(np.array([-1.0]))[0] for _ in range(5)]
    if seen == "hidden":
        assert env.observation_names == ["shop.on_hand", "shop.used", "supplier.waiting"]
        assert len({tuple(row) for row in rows}) == 1
    else:
        place = env.observation_names.index("supplier.available")
        assert [row[place] for row in rows] == [1, 1, 0.25, 0.25, 1, 1]


def test_what_a_hidden_disruption_stopped_waits():
    """That an order did not ship is no secret: it waits, and arrives when the supplier is back."""
    stop = {"hits": ["supplier"], "starts": {"at": [0]}, "lasts": 2, "seen": "hidden"}
    world = quiet(disruptions={"fire": stop}, lanes={"supplier": {"to": "shop", "lead_time": 1}})
    env = Env(world, units="raw", most_ordered=9)
    env.reset(seed=0)
    seen = [named(env, env.step(np.array([order]))[0]) for order in (3, 0, 0, 0)]
    assert seen == [
        {"supplier.waiting": 3},
        {"supplier.waiting": 3},
        {"supplier.arrives_in_1": 3},
        {"shop.on_hand": 3},
    ]


def test_a_random_lead_time_is_not_revealed():
    """An order of 3 is on the way on every path, and nothing tells them apart until it arrives, in 1 to 4 periods."""
    lead_time = {"name": "randint", "low": 1, "high": 5}
    batch = VectorEnv(
        quiet(lanes={"supplier": {"to": "shop", "lead_time": lead_time}}), 64, units="raw", most_ordered=3
    )
    observations, _ = batch.reset(seed=0)
    assert batch.observation_names == ["shop.on_hand", "shop.used", "supplier.in_transit"]
    arrivals = set()
    for t in range(5):
        observations, *_, info = batch.step(np.full((64, 1), 3.0 if t == 0 else 0.0))
        arrived = observations[:, 0] == 3
        arrivals |= {t} if info["supplier.arrived"].any() else set()
        assert (observations[~arrived] == [0, 0, 3]).all()
        assert (observations[arrived] == [3, 0, 0]).all()
    assert arrivals == {1, 2, 3, 4}


def test_the_time_that_has_passed_shows_where_the_world_ends():
    """In a world that ends, the last number runs from 0 to 1."""
    env = Env(rich(horizon__ends=True, horizon__periods=4))
    rows = [env.reset(seed=0)[0]] + [env.step(action)[0] for action in actions_for(env.action_space, 0, 4)]
    assert [row[-1] for row in rows] == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize("units", ["raw", "mean-demand"])
@pytest.mark.parametrize("initial", [0.0, 1e12])
def test_no_stock_is_beyond_the_space(units: str, initial: float):
    """Observations stay in their space with nothing anywhere, and with a million times what the world has room for."""
    world = rich(
        stocks__wheel__initial=initial,
        stocks__body__initial=initial,
        stocks__wheel__storage_limit=None,
        lanes__ship__initial=initial,
        demands__spares__distribution={"name": "poisson", "mu": 1e5},
        horizon__periods=30,
    )
    batch = VectorEnv(world, 4, units=units)
    assert batch.single_observation_space.is_bounded()
    observations, _ = batch.reset(seed=0)
    for action in actions_for(batch.action_space, 0, 30):
        assert observations in batch.observation_space
        observations, *_ = batch.step(action)


def test_a_quantity_is_shown_up_to_a_hundred_periods_of_demand():
    """2 of a mean demand of 5 are 0.4; 600 are 120 periods' worth, and shown as 100; raw, as 2 and 500."""
    for initial, raw, shown in ((2, 2, 0.4), (600, 500, 100)):
        overrides = {"stocks.shop.initial": initial}
        assert Env(overrides=overrides).reset(seed=0)[0][0] == pytest.approx(shown)
        assert Env(overrides=overrides, units="raw").reset(seed=0)[0][0] == raw


@pytest.mark.parametrize("units", ["raw", "mean-demand"])
def test_decode_reads_the_state_back(units: str):
    """A view of a decoded observation is that of the simulation: whole units exactly, the rest as 32-bit floats do."""
    world = rich()
    env, simulation = Env(world, units=units), simulated(world, 2, [0])
    observation, _ = env.reset(seed=2)
    for action in actions_for(env.action_space, 2, 7):
        seen, real = View(env.episodes.codec.decode(observation[None])), View(simulation)
        for field in ("on_hand", "used", "backlog", "in_transit", "on_order", "inventory_position"):
            assert np.array_equal(getattr(seen, field), getattr(real, field)), field
        assert np.array_equal(seen.arriving(1, 2), real.arriving(1, 2))
        assert np.allclose(seen.forecast, real.forecast, rtol=1e-6)
        assert np.allclose(seen.available, real.available)
        observation, *_, info = env.step(action)
        simulation.step(np.array([[info[f"{name}.ordered"] for name in world.lanes]]))


def test_what_is_known_of_demand_is_observed():
    """A demand that is autocorrelated, in visible regimes, or known in advance has a number for each period ahead."""
    customers = {"from": "shop", "distribution": 5}
    for more in ({"autocorrelation": 0.5}, {"forecast": {"accuracy": [0.5, 0.2, 0]}}):
        world = shop({"lanes.supplier.lead_time": 2}, demands={"customers": {**customers, **more}})
        names = Codec(Layout(world)).names
        assert [name for name in names if "forecast" in name] == [f"customers.forecast_{h}" for h in range(3)]
