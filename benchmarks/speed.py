"""How fast is it? Ratios measured in one run on one core: `make bench`.

Absolute times drift with the machine; each figure is a median of rounds in which both sides take turns.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

import jit_gym
from jit_gym.chance import Chance
from jit_gym.physics import Layout, Simulation
from jit_gym.scenario import Scenario

ROUNDS = 15
BATCH = 4096
SCENARIO = "jit_gym/LostSales-v1"  # lead time 4


def seconds(task: Callable[[], None]) -> float:
    """Return how long a task takes."""
    begin = time.perf_counter()
    task()
    return time.perf_counter() - begin


def ratio(ours: Callable[[], None], theirs: Callable[[], None]) -> tuple[float, float, float]:
    """Return the medians of both tasks' seconds and of the ratio ours / theirs, over rounds that take turns."""
    ours()
    theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def against_cart(env: Any) -> tuple[float, float, float]:
    """Return the seconds of a step of an env and of CartPole-v1, both unwrapped, resets included, and their ratio."""
    steps = 4000
    cart = gym.make("CartPole-v1").unwrapped
    cart.reset(seed=0)
    env.reset(seed=0)
    actions = list(np.random.default_rng(0).uniform(-1, 1, (steps, *env.action_space.shape)).astype(np.float32))

    def play() -> None:
        for action in actions:
            if env.step(action)[3]:
                env.reset()

    def play_cart() -> None:
        for k in range(steps):
            if cart.step(k & 1)[2]:
                cart.reset()

    ours, theirs, share = ratio(play, play_cart)
    return ours / steps, theirs / steps, share


def single_env() -> None:
    """Compare a single env's step with CartPole's."""
    ours, theirs, share = against_cart(gym.make(SCENARIO).unwrapped)
    print(f"single env: a step takes {ours * 1e6:.2f} us, CartPole's {theirs * 1e6:.2f} us")
    print(f"            ratio {share:.2f} (at most 0.50 wanted)")


def vector_env() -> None:
    """Compare the vector env's env-steps, sampling and resets included, with NumPy's draws of the same demand."""
    envs = gym.make_vec(SCENARIO, num_envs=BATCH)
    envs.reset(seed=0)
    steps = envs.unwrapped.episodes.horizon + 1  # a whole episode, and the step that begins the next
    actions = np.random.default_rng(0).uniform(-1, 1, (BATCH, 1)).astype(np.float32)
    generator = np.random.default_rng(0)
    episodes = envs.unwrapped.episodes

    def play() -> None:
        for _ in range(steps):
            envs.step(actions)

    def draw() -> None:
        for _ in range(steps):
            generator.poisson(5.0, BATCH)

    ours, theirs, share = ratio(play, draw)
    sampling = statistics.median(seconds(lambda: episodes.restart(np.arange(BATCH))) for _ in range(ROUNDS))
    million = BATCH * steps / 1e6
    print(
        f"vector env: {million / ours:.1f} million env-steps a second, NumPy {million / theirs:.1f} million poisson(5)"
    )
    print(f"            ratio {1 / share:.2f} (at least 1.00 wanted); sampling is {sampling / ours:.0%} of the time")


def families() -> None:
    """Compare the env-steps of a batch over 64 worlds with those of a plain batch, sampling and resets included."""
    family = gym.make_vec("jit_gym/LostSalesFamily-v1", num_envs=BATCH, worlds=64)
    plain = gym.make_vec(SCENARIO, num_envs=BATCH)
    steps = plain.unwrapped.episodes.horizon + 1
    actions = np.random.default_rng(0).uniform(-1, 1, (BATCH, 1)).astype(np.float32)

    def player(envs: Any) -> Callable[[], None]:
        envs.reset(seed=0)

        def play() -> None:
            for _ in range(steps):
                envs.step(actions)

        return play

    ours, theirs, share = ratio(player(family), player(plain))
    million = BATCH * steps / 1e6
    rates = million / ours, million / theirs
    print("family:     {:.1f} million env-steps a second over 64 worlds, {:.1f} in one world".format(*rates))
    print(f"            ratio {1 / share:.2f} (at least 0.33 wanted)")


def warehouse(items: int) -> Scenario:
    """Return a world of so many items, each with its own supplier and customers."""
    numbers = range(items)
    return jit_gym.load(
        {
            "name": "warehouse",
            "stocks": {f"item-{k}": {"initial": 10, "holding_cost": 1} for k in numbers},
            "lanes": {f"buy-{k}": {"to": f"item-{k}", "lead_time": 4} for k in numbers},
            "demands": {
                f"sell-{k}": {"from": f"item-{k}", "distribution": {"name": "poisson", "mu": 5}, "shortage_cost": 19}
                for k in numbers
            },
        }
    )


def sizes() -> None:
    """Time a period of one lane in worlds of 1 to 1,000 stocks, as many lanes in each batch."""
    costs = {}
    for items in (1, 10, 100, 1000):
        layout = Layout(scenario := warehouse(items))
        paths = 8000 // items
        simulation = Simulation(layout, Chance(scenario).draw(0, paths, 50))
        orders = np.full((paths, items), 5.0)

        def play(simulation: Simulation = simulation, orders: np.ndarray = orders) -> None:
            simulation.period = 0
            for _ in range(50):
                simulation.step(orders)

        play()
        costs[items] = statistics.median(seconds(play) for _ in range(ROUNDS)) / (50 * paths * items) * 1e9
    told = ", ".join(f"{cost:.0f} ns for {items:,}" for items, cost in costs.items())
    print(f"sizes:      a period of one lane takes {told} stocks")
    print(f"            the dearest {max(costs.values()) / min(costs.values()):.2f} times the cheapest (2.00 allowed)")


# Each stock and those that it is made from; the last four come from outside.
TEN_NODES = {
    "retailer": ["distributor-1", "distributor-2"],
    "distributor-1": ["factory-1", "factory-2"],
    "distributor-2": ["factory-2", "factory-3"],
    "factory-1": ["mine-1", "mine-2"],
    "factory-2": ["mine-2", "mine-3"],
    "factory-3": ["mine-3", "mine-4"],
    "mine-1": [],
    "mine-2": [],
    "mine-3": [],
    "mine-4": [],
}


def network() -> None:
    """Compare a step of a network of ten stocks and sixteen lanes with one of CartPole."""
    lanes = {
        f"{source or 'outside'}-to-{stock}": {"to": stock, "lead_time": 3} | ({"uses": {source: 1}} if source else {})
        for stock, sources in TEN_NODES.items()
        for source in sources or [""]
    }
    scenario = {
        "name": "ten-nodes",
        "stocks": {stock: {"initial": 40, "holding_cost": 1} for stock in TEN_NODES},
        "lanes": lanes,
        "demands": {"market": {"from": "retailer", "distribution": {"name": "poisson", "mu": 20}, "shortage_cost": 19}},
    }
    ours, _, share = against_cart(jit_gym.Env(jit_gym.load(scenario)))
    print(f"ten nodes:  a step of {len(lanes)} lanes takes {ours * 1e6:.2f} us")
    print(f"            {1 / share:.2f} of CartPole's step rate (at least 0.25 wanted)")


def start() -> None:
    """Time the first import, and the way from there to the first step, compiled anew and compiled before."""
    first_step = (
        "import gymnasium as gym, jit_gym; env = gym.make('jit_gym/LostSales-v1'); env.reset(seed=0); env.step([0.0])"
    )

    def run(code: str) -> float:
        with_cache = os.environ | {"NUMBA_CACHE_DIR": cache}
        return seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True, env=with_cache))

    with tempfile.TemporaryDirectory() as cache:
        cold = run(first_step)
        warm = min(run(first_step) for _ in range(3))
        door = min(run("import jit_gym") for _ in range(3))
    print(f"start:      import {door:.2f} s (under 1 wanted), the interpreter's own start included, here and below")
    print(f"            to the first step {warm:.2f} s; when it must be compiled first, {cold:.2f} s (under 10 wanted)")


if __name__ == "__main__":
    print(
        f"jit_gym {jit_gym.__version__}, Python {sys.version.split()[0]}, NumPy {np.__version__}; "
        f"one core, {ROUNDS} rounds"
    )
    single_env()
    vector_env()
    families()
    sizes()
    network()
    start()
