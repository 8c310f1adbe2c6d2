"""How fast is it? Each figure beside its target, measured in one run: `make bench`.

Absolute times drift with the machine, so most figures are ratios: medians of rounds in which both sides take turns. One
core unless said. Peers play where `make bench-peers` has installed them.

    python benchmarks/speed.py --only vector --rounds 5
    python benchmarks/speed.py --old ../jit_gym-0.1/.venv/bin/python    # an older version's interpreter
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("JIT_GYM_THREADS", "1")  # before anything is imported: all that this process plays is on one core

import figures
import gymnasium as gym
import numpy as np
from against import CLOCK, CONTESTS, meet
from figures import Figure, millions, processors
from loop import HandWritten
from player import NotThere, ourselves, peer, side_by_side
from timing import ROUNDS, Pair, median, seconds, timed
from worlds import ten_nodes, warehouse

import jit_gym
from jit_gym.chance import Chance
from jit_gym.common import files
from jit_gym.physics import Layout, Simulation

ROOT = Path(__file__).parents[1]
RESULTS, PAGE = ROOT / "results" / "speed.json", ROOT / "docs" / "speed.md"
COMMAND = Path(sys.executable).with_name("jit-gym")
BATCH = 4096
STEPS = 201  # a whole episode, and the step that begins the next
MILLION = BATCH * STEPS / 1e6
SCENARIO = "jit_gym/LostSales-v1"  # lead time 4
FIRST_STEP = (
    "import gymnasium as gym, jit_gym; env = gym.make('jit_gym/LostSales-v1'); env.reset(seed=0); env.step([0.0])"
)
SERIAL_BEFORE = 3.8e6
"""Path-periods a second of base-stock on `serial` as version 0.1 was, on the machine that the target was set on."""


Found = tuple[float, str]
"""What a task has measured, and the numbers behind it in words."""


class NotHere(Exception):
    """Something that cannot be measured on this machine."""


def against_cart(env: Any, rounds: int) -> Pair:
    """Compare a step of an env with one of CartPole-v1, both unwrapped, resets included; in seconds."""
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

    found = timed(play, play_cart, rounds)
    return Pair(found.ours / steps, found.theirs / steps, found.ratio)


def single_env(info: str, rounds: int) -> Found:
    """Compare a single env's step with CartPole's."""
    found = against_cart(gym.make(SCENARIO, info=info).unwrapped, rounds)
    return found.ratio, f"{found.ours * 1e6:.2f} us, CartPole {found.theirs * 1e6:.2f} us"


def episode(envs: Any, actions: np.ndarray) -> Callable[[], None]:
    """Return what plays a whole episode in each row, and the step that begins the next."""

    def play() -> None:
        for _ in range(STEPS):
            envs.step(actions)

    return play


def random_actions() -> np.ndarray:
    """Return an action for each row of a batch."""
    return np.random.default_rng(0).uniform(-1, 1, (BATCH, 1)).astype(np.float32)


def batch(info: str, name: str = SCENARIO, **settings: Any) -> Any:
    """Return a vector env that has begun."""
    envs = gym.make_vec(name, info=info, num_envs=BATCH, **settings)
    envs.reset(seed=0)
    return envs


def against_numpy(info: str, rounds: int) -> Found:
    """Compare env-steps, with sampling and resets, with NumPy's draws of the demand."""
    generator = np.random.default_rng(0)

    def draw() -> None:
        for _ in range(STEPS):
            generator.poisson(5.0, BATCH)

    found = timed(episode(batch(info), random_actions()), draw, rounds)
    rates = MILLION / found.ours, MILLION / found.theirs
    return 1 / found.ratio, "{:.1f} million env-steps/s, {:.1f} million draws/s".format(*rates)


def against_loop(info: str, rounds: int) -> Found:
    """Compare env-steps, with sampling and resets, with a loop written by hand for this world alone."""
    envs, actions = batch(info), random_actions()
    by_hand = HandWritten(BATCH, envs.unwrapped.reward_unit)
    found = timed(episode(envs, actions), episode(by_hand, actions), rounds)
    rates = MILLION / found.ours, MILLION / found.theirs
    return 1 / found.ratio, "{:.1f} million env-steps/s, by hand {:.1f} million".format(*rates)


def sampling(rounds: int) -> Found:
    """Tell which part of a vector env's time goes into sampling."""
    envs = batch("all")
    episodes = envs.unwrapped.episodes
    found = timed(lambda: episodes.restart(np.arange(BATCH)), episode(envs, random_actions()), rounds)
    return found.ratio, ""


def families(rounds: int) -> Found:
    """Compare the env-steps of a batch over 64 worlds with those of a plain batch, sampling and resets included."""
    family, plain, actions = batch("all", "jit_gym/LostSalesFamily-v1", worlds=64), batch("all"), random_actions()
    found = timed(episode(family, actions), episode(plain, actions), rounds)
    rates = MILLION / found.ours, MILLION / found.theirs
    return 1 / found.ratio, "{:.1f} million env-steps/s, {:.1f} million in one world".format(*rates)


def sizes(rounds: int) -> Found:
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

        costs[items] = median(play, rounds) / (50 * paths * items) * 1e9
    said = "a period of one lane: " + ", ".join(f"{cost:.0f} ns for {items:,}" for items, cost in costs.items())
    return max(costs.values()) / min(costs.values()), said


def network(rounds: int) -> Found:
    """Compare a step of a network of ten stocks and sixteen lanes with one of CartPole."""
    found = against_cart(jit_gym.Env(ten_nodes()), rounds)
    return 1 / found.ratio, f"{found.ours * 1e6:.2f} us"


def many_items(rounds: int) -> Found:
    """Time a step of `multi-item`, without resets."""
    env = gym.make("jit_gym/MultiItem-v1", info="none").unwrapped
    action, periods = np.zeros(50, np.float32), env.scenario.horizon.periods
    taken = []
    for _ in range(rounds + 1):
        env.reset(seed=0)
        taken.append(seconds(lambda: [env.step(action) for _ in range(periods)]) / periods)
    return statistics.median(taken[1:]) * 1e6, ""


def contest(game: str, rounds: int) -> Found:
    """Play one of the contests of `make bench-peers`, on one core."""
    this = next(each for each in CONTESTS if each.game == game and each.threads == 1)
    with ourselves() as ours, peer(this.peer) as theirs:
        row = meet(this, ours, theirs, rounds)
    if row.ratio is None or not row.same:
        raise NotThere(f"{row.peer} plays another problem: {', '.join(row.cells[5:7])}")
    return row.ratio, f"{millions(row.ours or 0)} {row.unit}/s, {row.peer} {millions(row.theirs or 0)}"


def on_two(game: str, rounds: int) -> Found:
    """Compare two threads with one."""
    with ourselves(2) as two, ourselves(1, wall=True) as one:
        ours, theirs, ratio = side_by_side(game, two, one, rounds)
    return ratio, f"{millions(ours.rate)} periods/s, {millions(theirs.rate)} on one"


def serial(old: str | None, rounds: int) -> Found:
    """Compare the evaluation of base-stock on `serial` with an older version's, or with what that was elsewhere."""
    game = "serial-base-stock"
    with ourselves() as new:
        if old is not None:
            with ourselves(python=old) as before:
                ours, theirs, ratio = side_by_side(game, new, before, rounds)
            return ratio, f"{millions(ours.rate)} periods/s, {millions(theirs.rate)} before"
        new.round(game)
        played = [new.round(game) for _ in range(rounds)]
    rate = statistics.median(each["periods"] / each["seconds"] for each in played)
    said = (
        f"{millions(rate)} periods/s, {millions(SERIAL_BEFORE)} before, on another machine (--old measures that here)"
    )
    return rate / SERIAL_BEFORE, said


HIGHEST = """
import re
from pathlib import Path
def memory(name):
    return int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
def growth(task):
    Path("/proc/self/clear_refs").write_text("5")  # the highest so far is what there is now
    before = memory("VmRSS")
    kept = task()
    return memory("VmHWM") - before
"""
DRAWN = """
import jit_gym
from jit_gym.chance import Chance
chance = Chance(jit_gym.load("lost-sales"))
chance.draw(0, 10, 10)
print(growth(lambda: chance.draw(0, 1000, 1000)))
"""
PLAYED, LONG = (
    f"""
import jit_gym
def play(periods):
    return jit_gym.evaluate("base-stock(level=31)", "lost-sales", paths={paths}, periods=periods)
play(100)
print(growth(lambda: play({periods})))
"""
    for paths, periods in ((10, 100_000), (1, 10_000_000))
)


def memory(code: str) -> Found:
    """Measure how much memory some code takes at most, in MiB, beyond what it begins with."""
    if not Path("/proc/self/clear_refs").exists():
        raise NotHere("is measured on Linux alone")
    done = subprocess.run([sys.executable, "-c", HIGHEST + code], check=True, capture_output=True, text=True)
    return float(done.stdout), ""


def exact(rounds: int) -> Found:
    """Time the exact solution of four instances of Zipkin (2008), with all cores, once compiled."""
    with ourselves(processors()) as ours:
        ours.round("lost-sales-exact")
        taken = [ours.round("lost-sales-exact")["seconds"] for _ in range(min(3, rounds))]
    return statistics.median(taken), f"on {processors()} cores"


def run(*command: str | Path, cache: str | None = None) -> float:
    """Return how long a command takes, in a folder of its own, with what was compiled before or with an empty cache."""
    environment = {name: value for name, value in os.environ.items() if name != "JIT_GYM_THREADS"}
    with tempfile.TemporaryDirectory() as folder:
        environment |= {} if cache is None else {"NUMBA_CACHE_DIR": cache}
        task = [str(part) for part in command]
        return seconds(lambda: subprocess.run(task, check=True, cwd=folder, env=environment, capture_output=True))


def cold(*command: str | Path) -> Found:
    """Time a command that must compile what it plays."""
    with tempfile.TemporaryDirectory() as cache:
        return run(*command, cache=cache), ""


def warm(rounds: int, *command: str | Path) -> Found:
    """Time a command that has been run before."""
    return median(lambda: run(*command), min(3, rounds)), ""


@dataclass(frozen=True)
class Task:
    """One row of the table: what is measured, in which unit, and what is wanted."""

    what: str
    unit: str
    measure: Callable[[], Found]
    target: float | None = None
    most: bool = False


def tasks(rounds: int, old: str | None) -> list[Task]:
    """Return all rows."""
    step, envs = "step of a single env", f"vector env of {BATCH:,} rows"
    here = sys.executable, "-c"
    return [
        Task(f'{step}, info="none"', "of CartPole's", lambda: single_env("none", rounds), 0.28, most=True),
        Task(f'{step}, info="all"', "of CartPole's", lambda: single_env("all", rounds), 0.45, most=True),
        Task(f"{step}, OR-Gym's line", "times or-gymnasium's rate", lambda: contest("line", rounds), 25),
        Task(f'{envs}, info="none"', "times NumPy's draws", lambda: against_numpy("none", rounds), 2.5),
        Task(f'{envs}, info="none"', "of a loop by hand", lambda: against_loop("none", rounds), 0.6),
        Task(f'{envs}, info="all"', "times NumPy's draws", lambda: against_numpy("all", rounds), 1.6),
        Task(f'{envs}, info="all"', "of a loop by hand", lambda: against_loop("all", rounds)),
        Task(f"{envs}: sampling", "of its time", lambda: sampling(rounds)),
        Task("vector env of 65,536 rows, two threads", "times one", lambda: on_two("many-envs", rounds), 1.8),
        Task(f"{envs}, two suppliers", "times idinn's rate", lambda: contest("two-suppliers", rounds), 5),
        Task(
            f"{envs}, OR-Gym's network", "times or-gymnasium's rate", lambda: contest("network", min(3, rounds)), 60_000
        ),
        Task(
            "base-stock on lost sales, metrics in", "times dynaplex's rate", lambda: contest("lost-sales", rounds), 1.2
        ),
        Task("base-stock on lost sales, two threads", "times one", lambda: on_two("lost-sales", rounds), 1.8),
        Task("base-stock on serial, metrics in", "times version 0.1's rate", lambda: serial(old, rounds), 3),
        Task('step of multi-item, 50 lanes, info="none"', "us", lambda: many_items(rounds), 15, most=True),
        Task("memory: a trace of 1,000,000 periods", "MiB", lambda: memory(DRAWN), 64, most=True),
        Task("memory: evaluating 10 paths of 100,000 periods", "MiB", lambda: memory(PLAYED), 64, most=True),
        Task("memory: evaluating a path of 10,000,000 periods", "MiB", lambda: memory(LONG), 64, most=True),
        Task("four Poisson instances, lead time 4, solved exactly", "s", lambda: exact(rounds), 4, most=True),
        Task("vector env over 64 worlds of a family", "of one world's rate", lambda: families(rounds), 0.33),
        Task("a lane in the dearest of 1 to 1,000 stocks", "times the cheapest", lambda: sizes(rounds), 2, most=True),
        Task("step of a network of ten stocks", "of CartPole's rate", lambda: network(rounds), 0.25),
        Task("first step, compiling", "s", lambda: cold(*here, FIRST_STEP), 4, most=True),
        Task("first compare aisin-1997, compiling", "s", lambda: cold(COMMAND, "compare", "aisin-1997"), 8, most=True),
        Task("compare aisin-1997", "s", lambda: warm(rounds, COMMAND, "compare", "aisin-1997"), 2.5, most=True),
        Task("compare multi-item", "s", lambda: warm(rounds, COMMAND, "compare", "multi-item"), 5, most=True),
        Task("jit-gym list", "s", lambda: warm(rounds, COMMAND, "list"), 0.3, most=True),
        Task("import jit_gym", "s", lambda: warm(rounds, *here, "import jit_gym"), 1, most=True),
        Task("to the first step, compiled before", "s", lambda: warm(rounds, *here, FIRST_STEP)),
    ]


def measured(rounds: int, old: str | None = None, only: str = "") -> Iterator[Figure]:
    """Yield the figure of each row that has some text; what cannot be measured says why."""
    for task in tasks(rounds, old):
        if only not in task.what:
            continue
        try:
            value, said = task.measure()
        except (NotHere, NotThere, subprocess.CalledProcessError) as error:
            yield Figure(task.what, None, task.unit, task.target, task.most, str(error))
        else:
            yield Figure(task.what, value, task.unit, task.target, task.most, said)


def main() -> None:
    """Read the command line, measure, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", default="", help="rows of this name alone; nothing is kept then unless --json says where"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--old", help="the interpreter of an older version, which evaluates `serial` beside this one")
    parser.add_argument("--json", type=Path, help=f"keep the figures here, and not in {RESULTS.relative_to(ROOT)}")
    parser.add_argument("--clock", choices=["wall", "processor"], default="wall", help=CLOCK)
    asked = parser.parse_args()
    os.environ["BENCH_CLOCK"] = asked.clock
    about, found = figures.certificate(asked.rounds), []
    for figure in measured(asked.rounds, asked.old, asked.only):
        print(
            ": ".join(filter(None, (figure.what, " ".join(filter(None, figure.cells[2:4])), figure.said))), flush=True
        )
        found.append(figure)
    figures.show(figures.heading(about), figures.COLUMNS, [figure.cells for figure in found])
    if asked.json or not asked.only:
        figures.keep(asked.json or RESULTS, about, found)
    if not asked.json and not asked.only:
        files.fill(PAGE, "speed", figures.table(json.loads(RESULTS.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
