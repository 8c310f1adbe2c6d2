"""Train the players of the beer game with one shared network, by Stable-Baselines3's PPO, and judge them together.

    python benchmarks/many_agents.py --jobs 2                  # five seeds of each world: a quarter of an hour
    python benchmarks/many_agents.py board --seeds 0

Each player sees his own board alone; all of them are rewarded with what the chain pays. `poisson` asks for
Poisson(8) cases a week and is judged on paths that nothing was trained or tuned on; `board` is Sterman's game with his
customers, whose one path is also the one trained on. Both are compared with the average player of Sterman (1989) and
with echelon base-stock, whose levels are tuned. Rows go to results/many-agents.csv, in place of others with --replace
alone, and the table to results/README.md.

Under `poisson` the network orders quantities. On `board`, where each week is like that of all other games, it learns a
schedule: what to add in each week to the order of a tuned base-stock, by which each player orders alone. A correction
is rewarded at once with what it changes in the rest of the game, where base-stock plays on.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from rows import CERTIFICATE, add_where, certificate, executor, publish, refuse_known, run

import jit_gym
from jit_gym.agents.learner import TEST, TUNING
from jit_gym.scenario import Scenario

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "many-agents.csv"
COLUMNS = [
    "world", "seed", "frames", "cost", "cost_low", "cost_high", "echelon", "echelon_cost", "gap_percent", "low", "high",
    "base_stock", "base_stock_cost", "average_player", "below_average_player", "seconds", *CERTIFICATE,
]  # fmt: skip
KEY = COLUMNS[:2]
AVERAGE = "anchoring(theta=0.36, alpha=0.26, beta=0.34, target=17, use=4)"
POISSON = {"demands.customers.history": None, "demands.customers.distribution": {"name": "poisson", "mu": 8}}
WORLDS: dict[str, dict[str, Any]] = {"poisson": POISSON, "board": {}}
ROWS, FRAMES, PATHS = 128, 4_000_000, 2048
CORRECTIONS = range(-12, 13)  # cases


def ordering_quantities(scenario: Scenario, seed: int) -> tuple[Any, Any]:
    """Return a model that has learnt to order quantities, and what it was trained on."""
    from stable_baselines3 import PPO

    venv, periods = jit_gym.sharing.vec_env(scenario, ROWS), scenario.horizon.periods
    settings: dict[str, Any] = {"n_steps": periods, "batch_size": periods * ROWS, "n_epochs": 8, "gamma": 0.99}
    settings |= {"learning_rate": lambda left: 1e-5 + 1e-3 * left, "policy_kwargs": {"log_std_init": -1.0}}
    return PPO("MlpPolicy", venv, **settings, seed=seed, device="cpu").learn(FRAMES), venv


def with_a_schedule(scenario: Scenario, seed: int) -> tuple[Any, Any]:
    """Return a model that has learnt a schedule of corrections to tuned base-stock, and what it was trained on."""
    from stable_baselines3 import PPO

    baseline, periods = jit_gym.tune("base-stock", scenario, seed=TUNING), scenario.horizon.periods
    venv = jit_gym.sharing.vec_env(
        scenario, ROWS, baseline=baseline, corrections=CORRECTIONS, look_ahead=periods, schedule=True
    )
    settings: dict[str, Any] = {"n_steps": periods, "batch_size": periods * ROWS, "n_epochs": 6, "gamma": 0.95}
    settings |= {"learning_rate": lambda left: 1e-5 + 2e-3 * left, "gae_lambda": 0.9, "ent_coef": 0.02}
    return PPO("MlpPolicy", venv, **settings, seed=seed, device="cpu").learn(FRAMES), venv


def learn(world: str, seed: int) -> dict[str, Any]:
    """Train, play all on the same paths, and return a row of results."""
    import torch

    torch.set_num_threads(1)
    scenario, began = jit_gym.load("beer-game", WORLDS[world]), time.perf_counter()
    model, venv = (with_a_schedule if world == "board" else ordering_quantities)(scenario, seed)
    seconds = time.perf_counter() - began
    shared = jit_gym.sharing.policy(model, venv)
    echelon, base_stock = (jit_gym.tune(rule, scenario, seed=TUNING) for rule in ("echelon-base-stock", "base-stock"))
    table = jit_gym.compare([echelon, base_stock, AVERAGE, shared], scenario, paths=PATHS, seed=TEST, gap=False)
    tuned, alone, average, ours = table.results
    cost, more = ours.estimate("cost"), table.difference(ours).times(100.0 / tuned.mean("cost"))
    return {
        "world": world, "seed": seed, "frames": model.num_timesteps,
        "cost": f"{cost.mean:.4g}", "cost_low": f"{cost.low:.4g}", "cost_high": f"{cost.high:.4g}",
        "echelon": str(echelon), "echelon_cost": f"{tuned.mean('cost'):.4g}",
        "gap_percent": f"{more.mean:.2f}", "low": f"{more.low:.2f}", "high": f"{more.high:.2f}",
        "base_stock": str(base_stock), "base_stock_cost": f"{alone.mean('cost'):.4g}",
        "average_player": f"{average.mean('cost'):.4g}",
        "below_average_player": f"{average.mean('cost') - cost.mean:.4g}", "seconds": f"{seconds:.0f}",
        **certificate(scenario),
    }  # fmt: skip


def keep(row: dict[str, Any], replace: bool = False, path: Path = RESULTS) -> str:
    """Write a row, and where it is one of the results the table over all; return the row in words."""
    publish(path, RESULTS, COLUMNS, KEY, row, "many-agents", table, replace=replace)
    return f"{row['world']} seed {row['seed']}: {row['cost']}, {row['gap_percent']} % above echelon base-stock"


def table(rows: list[dict[str, Any]]) -> str:
    """Return what the shared network costs in each world, by seed, against the rules, as Markdown."""
    lines = [
        "| customers | average player costs | tuned base-stock costs | tuned echelon base-stock costs | shared PPO"
        " costs, by seed | % more than echelon base-stock, by seed (95 %) |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in dict.fromkeys(row["world"] for row in rows):
        mine = [row for row in rows if row["world"] == name]
        costs = ", ".join(row["cost"] for row in mine)
        gaps = ", ".join(f"{float(row['gap_percent']):+.1f} ({row['low']} to {row['high']})" for row in mine)
        others = " | ".join(mine[0][key] for key in ("average_player", "base_stock_cost", "echelon_cost"))
        lines.append(f"| {name} | {others} | {costs} | {gaps} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("worlds", nargs="*", default=list(WORLDS), help=f"which: {', '.join(WORLDS)} (default: both)")
    parser.add_argument("--seeds", default="0,1,2,3,4", help="which seeds: 0,1,2")
    add_where(parser, RESULTS)
    parser.add_argument("--replace", action="store_true", help="put new rows in the place of those of the same key")
    given = parser.parse_args()
    if unknown := sorted(set(given.worlds) - set(WORLDS)):
        parser.error(f"worlds: must be {' or '.join(WORLDS)}, got {unknown[0]}")
    tasks = [(name, seed) for seed, name in product(map(int, given.seeds.split(",")), given.worlds)]
    refuse_known(given.csv, KEY, tasks, given.replace)
    run(learn, tasks, executor(given), partial(keep, replace=given.replace, path=given.csv))


if __name__ == "__main__":
    main()
