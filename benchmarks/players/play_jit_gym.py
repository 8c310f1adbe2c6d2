"""jit_gym: every game of the other scripts of this folder, and those in which it plays against itself."""

from __future__ import annotations

from itertools import count
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from turns import Round, serve

import jit_gym

PATHS, ROWS, MANY_ROWS = 4096, 4096, 65_536
PENALTIES = 4, 9, 19, 39
SHOP = {"stocks.shop.initial": 0}
ONE_SUPPLIER = {
    "stocks.shop.initial": 15,
    "demands.customers.unmet": "backlog",
    "demands.customers.distribution": {"name": "randint", "low": 0, "high": 5},
}
ANOTHER_LINE = {
    "name": "another-line",
    "units": "whole",
    "horizon": {"periods": 30, "period": "day", "ends": True},
    "stocks": {
        "retailer": {"initial": 100, "holding_cost": 0.03},
        "distributor": {"initial": 100, "holding_cost": 0.02},
        "factory": {"initial": 200, "holding_cost": 0.01},
    },
    "lanes": {
        "to-retailer": {
            "to": "retailer", "uses": {"distributor": 1}, "lead_time": 4,
            "in_transit_cost": 0.01, "unshipped": "lapses",
        },
        "to-distributor": {
            "to": "distributor", "uses": {"factory": 1}, "lead_time": 4, "capacity": 100, "unit_cost": 0.01,
            "in_transit_cost": 0.005, "unshipped": "lapses",
        },
        "to-factory": {"to": "factory", "lead_time": 0, "unit_cost": 0.5},
    },
    "demands": {
        "market": {
            "from": "retailer", "distribution": {"name": "poisson", "mu": 20}, "unmet": "backlog", "shortage_cost": 0.1,
            "price": 2,
        },
    },
}  # fmt: skip


def rule(what: str, scenario: Any, periods: int, warmup: int = 0) -> Round:
    """Return what evaluates a rule, with all its metrics; a sample is the mean cost of a period of one path."""
    world, seeds = jit_gym.load(scenario), count(1)

    def play() -> tuple[int, Any]:
        result = jit_gym.evaluate(what, world, paths=PATHS, periods=periods, warmup=warmup, seed=next(seeds))
        return PATHS * (periods + warmup), result.figures["cost"]

    return play


def without_info(make: Any, scenario: str, **settings: Any) -> Any:
    """Make an env that tells no flows.

    Only an older version, which this one is measured against, tells them whatever it is asked for.
    """
    settings |= {"scenario": scenario, "units": "raw", "rewards": "money"}
    try:
        return make("jit_gym/Scenario-v1", **settings, info="none")
    except TypeError:
        return make("jit_gym/Scenario-v1", **settings)


def episodes(scenario: Any, most: int, number: int) -> Round:
    """Return what plays so many episodes of a single env with random orders; a sample is what one of them earns."""
    env = without_info(gym.make, scenario, disable_env_checker=True).unwrapped
    assert (env.action_space.high == most).all()
    periods, lanes = env.scenario.horizon.periods, len(env.scenario.lanes)
    discounts = env.scenario.objective.discount ** np.arange(periods)
    random = np.random.default_rng(1)
    env.reset(seed=1)

    def play() -> tuple[int, Any]:
        earned = []
        for _ in range(number):
            env.reset()
            actions = random.integers(0, most, (periods, lanes), endpoint=True).astype(np.float32)
            rewards = [env.step(action)[1] for action in actions]
            earned.append(discounts @ rewards)
        return periods * number, earned

    return play


def batch(scenario: Any, orders: Any, rows: int = ROWS, per_period: bool = True) -> Round:
    """Return what plays an episode in each row of a vector env; a sample is what one of them earns, or a period of it.

    Args:
        scenario: the world.
        orders: tells the units to order (rows, lanes) of a period, from the period and a generator.
        rows: how many.
        per_period: as a mean of a period, without discount.
    """
    envs = without_info(gym.make_vec, scenario, num_envs=rows)
    assert envs.unwrapped.autoreset_mode == AutoresetMode.NEXT_STEP
    periods, shape = envs.unwrapped.scenario.horizon.periods, (rows, len(envs.unwrapped.scenario.lanes))
    random = np.random.default_rng(1)
    every = [jit_gym.OrderUnits(np.broadcast_to(orders(t, random, shape), shape).astype(float)) for t in range(periods)]
    envs.reset(seed=1)

    def play() -> tuple[int, Any]:
        earned = np.zeros(rows)
        for each in every:
            earned += envs.step(each)[1]
        envs.step(every[0])  # begins the next episodes
        return rows * periods, earned / periods if per_period else earned

    return play


def alike(t: int, random: np.random.Generator, shape: tuple[int, int]) -> Any:
    """Order 2 units of the cheap supplier, and 1 of the dear one in every fifth period."""
    return np.array([2.0, float(t % 5 == 0)])


def at_random(t: int, random: np.random.Generator, shape: tuple[int, int]) -> Any:
    """Order 0 to 10 units on each lane."""
    return random.integers(0, 10, shape, endpoint=True)


def zipkin(penalty: float) -> Any:
    """Return an instance of Zipkin (2008)."""
    return jit_gym.load("lost-sales", {"demands.customers.shortage_cost": penalty})


def exact() -> Round:
    """Return what solves the four instances; the sample is the mean of their optimal costs."""
    return lambda: (len(PENALTIES), np.mean([jit_gym.solve(zipkin(penalty)).cost for penalty in PENALTIES]))


def learn() -> Round:
    """Return what learns by DCL, an iteration of 1,000 states; a sample is the mean cost of a period of one path."""
    from jit_gym.agents import program
    from jit_gym.agents.dcl import Settings
    from jit_gym.policies import Network

    world = jit_gym.load("lost-sales")
    settings = Settings(rule="base-stock(level=31)", iterations=1, budget=1000, futures=256, depth=40, hidden=128)

    def play() -> tuple[int, Any]:
        learner = program("dcl")(world, settings, 1)
        for k in range(learner.steps):
            learner.step(k)
        agent = Network(learner.model())
        judged = {"paths": 2048, "periods": 2000, "warmup": 100, "seed": 3}
        return 1000, lambda: jit_gym.evaluate(agent, world, **judged).figures["cost"]

    return play


SERIAL = "echelon-base-stock(level={shop: 6.49, warehouse: 12.02, factory: 22.71})"
DISCOUNTED = "or-gym-inv-management"

serve(
    "jit-gym",
    {
        "one-supplier": lambda: rule("base-stock(level=15)", jit_gym.load("lost-sales", ONE_SUPPLIER), 200),
        "two-suppliers": lambda: batch("dual-sourcing", alike),
        "line": lambda: episodes(DISCOUNTED, 40, 300),
        "another-line": lambda: episodes(jit_gym.load(ANOTHER_LINE), 40, 300),
        "network": lambda: batch("or-gym-net-management", at_random, per_period=False),
        "serial": lambda: rule(SERIAL, "serial", 200),
        "serial-base-stock": lambda: rule("base-stock", "serial", 200),
        "lost-sales": lambda: rule("base-stock(level=31)", jit_gym.load("lost-sales", SHOP), 1000, 100),
        "lost-sales-envs": lambda: batch(jit_gym.load("lost-sales", SHOP), lambda t, random, shape: 3.0),
        "many-envs": lambda: batch("lost-sales", lambda t, random, shape: 5.0, MANY_ROWS),
        "lost-sales-exact": exact,
        "lost-sales-dcl": learn,
    },
)
