"""Train Stable-Baselines3's PPO as the README does, on every shipped scenario of up to four lanes.

    python benchmarks/ppo.py --jobs 2                          # all of them, three seeds each: half an hour
    python benchmarks/ppo.py serial dual-sourcing grocery

No scenario has settings of its own: what differs is scaled by the environment. What was learnt plays on paths that
nothing was trained on, beside base-stock with the parameters of its formula, on the same paths. Rows go to
results/ppo.csv, in place of others with --replace alone, and the table to results/README.md.
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
from jit_gym.evaluation import Estimate

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "ppo.csv"
COLUMNS = [
    "scenario", "seed", "frames", "cost", "base_stock", "gap_percent", "low", "high", "tuned_percent", "seconds",
    *CERTIFICATE,
]  # fmt: skip
KEY = COLUMNS[:2]
MOST_LANES, FRAMES, PATHS, RULE_BUDGET = 4, 1_000_000, 2048, 2_000_000


def scenarios() -> list[str]:
    """Return the names of the shipped scenarios that have so few lanes."""
    return [name for name in jit_gym.names() if len(jit_gym.load(name).lanes) <= MOST_LANES]


def learn(scenario: str, seed: int) -> dict[str, Any]:
    """Train as the README does, and return a row of results."""
    import gymnasium as gym
    import torch
    from stable_baselines3 import PPO

    torch.set_num_threads(1)
    began = time.perf_counter()
    venv = jit_gym.sb3.vec_env(gym.make_vec("jit_gym/Scenario-v1", num_envs=256, scenario=scenario))
    model = PPO("MlpPolicy", venv, learning_rate=1e-3, n_steps=32, batch_size=2048, seed=seed, device="cpu")
    model.learn(FRAMES)
    seconds = time.perf_counter() - began
    ours = jit_gym.evaluate(jit_gym.sb3.policy(model, venv), scenario, paths=PATHS, seed=TEST)
    theirs = jit_gym.evaluate("base-stock", scenario, paths=PATHS, seed=TEST)
    unit = abs(theirs.mean("profit")) / 100.0
    gap = Estimate.of((theirs.figures["profit"] - ours.figures["profit"]) / unit)
    tuned = ""
    if seed == 0:  # it is the same for all
        best = jit_gym.tune("base-stock", scenario, seed=TUNING, budget=RULE_BUDGET)
        more = theirs.mean("profit") - jit_gym.evaluate(best, scenario, paths=PATHS, seed=TEST).mean("profit")
        tuned = f"{more / unit:.2f}"
    return {
        "scenario": scenario, "seed": seed, "frames": model.num_timesteps,
        "cost": f"{-ours.mean('profit'):.5g}", "base_stock": f"{-theirs.mean('profit'):.5g}",
        "gap_percent": f"{gap.mean:.2f}", "low": f"{gap.low:.2f}", "high": f"{gap.high:.2f}", "tuned_percent": tuned,
        "seconds": f"{seconds:.0f}", **certificate(jit_gym.load(scenario)),
    }  # fmt: skip


def keep(row: dict[str, Any], replace: bool = False, path: Path = RESULTS) -> str:
    """Write a row, and where it is one of the results the table over all; return the row in words."""
    publish(path, RESULTS, COLUMNS, KEY, row, "ppo", table, replace=replace)
    return f"{row['scenario']} seed {row['seed']}: {row['gap_percent']} % above base-stock, {row['seconds']} s"


def table(rows: list[dict[str, Any]]) -> str:
    """Return what PPO costs in each scenario, by seed, against base-stock, as Markdown."""
    lines = [
        "| scenario | base-stock by formula costs | tuned: % more | PPO: % more, by seed (95 %) |",
        "| --- | --- | --- | --- |",
    ]
    for name in dict.fromkeys(row["scenario"] for row in rows):
        mine = [row for row in rows if row["scenario"] == name]
        gaps = ", ".join(f"{float(row['gap_percent']):+.1f} ({row['low']} to {row['high']})" for row in mine)
        tuned = "".join(row["tuned_percent"] for row in mine)
        lines.append(f"| {name} | {mine[0]['base_stock']} | {float(tuned or 'nan'):+.1f} | {gaps} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default=scenarios(), help="which (default: all of up to four lanes)")
    parser.add_argument("--seeds", default="0,1,2", help="which seeds: 0,1,2")
    add_where(parser, RESULTS)
    parser.add_argument("--replace", action="store_true", help="put new rows in the place of those of the same key")
    given = parser.parse_args()
    tasks = [(name, seed) for seed, name in product(map(int, given.seeds.split(",")), given.scenarios)]
    refuse_known(given.csv, KEY, tasks, given.replace)
    run(learn, tasks, executor(given), partial(keep, replace=given.replace, path=given.csv))


if __name__ == "__main__":
    main()
