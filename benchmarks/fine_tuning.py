"""Measure whether `hindsight` that begins with a clone of `agent:generalist` is as good in a fifth of the time.

    python benchmarks/fine_tuning.py --jobs 2                       # five seeds of each world: a quarter of an hour
    python benchmarks/fine_tuning.py lead-time-8 --seeds 0

For each world and seed a specialist is trained from nothing, as `jit-gym train WORLD --agent hindsight` does, and
another with `--setting start=agent:generalist`, by the settings that docs/generalist.md has, for a sixth of the steps.
Both are chosen on validation paths, and judged in the long run on paths that decided nothing, the same for both.
Seconds are those of the processor while training, the cloning included. Rows go to results/fine-tuning.csv, in place of
others with --replace alone, and the table to results/README.md.
"""

from __future__ import annotations

import argparse
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from defaults import more_than
from rows import CERTIFICATE, add_where, certificate, executor, publish, refuse_known, run
from time_to_quality import OURS

import jit_gym
from jit_gym.agents import program, tuned
from jit_gym.agents.learner import TEST, settings_of
from jit_gym.agents.training import Run
from jit_gym.evaluation import Result
from jit_gym.evaluation.optimality_gap import paid
from jit_gym.scenario import Scenario

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "fine-tuning.csv"
COLUMNS = [
    "world", "seed", "specialist_cost", "specialist_seconds", "clone_cost", "clone_seconds", "more_percent", "low",
    "high", "generalist_percent", *CERTIFICATE,
]  # fmt: skip
KEY = COLUMNS[:2]
GEOMETRIC = {"demands.customers.distribution": {"name": "geom", "p": 1 / 6, "loc": -1}}
WORLDS: dict[str, dict[str, Any]] = {
    "lost-sales": {},
    "lead-time-8": {"lanes.supplier.lead_time": 8},
    "geometric-p19": {**GEOMETRIC, "demands.customers.shortage_cost": 19},
}
CLONE = {**OURS["clone"], "chunk": 10}
LONG_RUN: dict[str, Any] = {"paths": 1024, "periods": 1000, "warmup": 100}


def trained(world: str, scenario: Scenario, seed: int, changes: dict[str, Any], out: Path) -> tuple[Result, float]:
    """Train, and return what was learnt does in the long run, and the seconds of the processor."""
    learn = program("hindsight")
    settings = settings_of(learn, tuned("hindsight", "lost-sales"), changes)
    folder = out / world / ("clone" if changes else "specialist") / f"seed-{seed}"
    Run(learn(scenario, settings, seed), folder, "python benchmarks/fine_tuning.py").train()
    with np.load(folder / "evaluations.npz") as saved:
        seconds = float(saved["cpu_seconds"][-1])
    return jit_gym.evaluate(f"agent:{folder / 'model.safetensors'}", scenario, seed=TEST, **LONG_RUN), seconds


def row_of(world: str, seed: int, out: Path) -> dict[str, Any]:
    """Train both, and return a row of results."""
    import torch

    torch.set_num_threads(1)
    scenario = jit_gym.load("lost-sales", WORLDS[world])
    specialist, slow = trained(world, scenario, seed, {}, out)
    clone, quick = trained(world, scenario, seed, CLONE, out)
    generalist = jit_gym.evaluate("agent:generalist", scenario, seed=TEST, **LONG_RUN)
    more, untrained = (more_than(each, specialist) for each in (clone, generalist))
    return {
        "world": world, "seed": seed,
        "specialist_cost": f"{paid(specialist).mean():.6g}", "specialist_seconds": f"{slow:.1f}",
        "clone_cost": f"{paid(clone).mean():.6g}", "clone_seconds": f"{quick:.1f}",
        "more_percent": f"{more.mean:.3f}", "low": f"{more.low:.3f}", "high": f"{more.high:.3f}",
        "generalist_percent": f"{untrained.mean:.3f}", **certificate(scenario),
    }  # fmt: skip


def keep(row: dict[str, Any], replace: bool = False, path: Path = RESULTS) -> str:
    """Write a row, and where it is one of the results the table over all; return the row in words."""
    publish(path, RESULTS, COLUMNS, KEY, row, "fine-tuning", table, replace=replace)
    return (
        f"{row['world']} seed {row['seed']}: {row['more_percent']} ({row['low']} to {row['high']}) % more than the"
        f" specialist, in {row['clone_seconds']} s for {row['specialist_seconds']} s"
    )


def table(rows: list[dict[str, Any]]) -> str:
    """Return what a clone costs more than a specialist, over seeds, and the seconds of both, as Markdown."""
    lines = [
        "| world | seeds | generalist: % more than the specialist | trained clone: % more than it (95 %, all seeds) |"
        " seconds of the clone | of the specialist | share |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in dict.fromkeys(row["world"] for row in rows):
        mine = [row for row in rows if row["world"] == name]
        of = {key: [float(row[key]) for row in mine] for key in COLUMNS[2:10]}
        more = f"{np.mean(of['more_percent']):.3f} ({min(of['low']):.3f} to {max(of['high']):.3f})"
        quick, slow = np.mean(of["clone_seconds"]), np.mean(of["specialist_seconds"])
        cells = [name, len(mine), f"{np.mean(of['generalist_percent']):.3f}", more, f"{quick:.1f}", f"{slow:.1f}"]
        lines.append(f"| {' | '.join(map(str, cells))} | {quick / slow:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("worlds", nargs="*", default=list(WORLDS), help=f"which: {', '.join(WORLDS)} (default: all)")
    parser.add_argument("--seeds", default="0,1,2,3,4", help="which seeds: 0,1,2")
    parser.add_argument("--out", type=Path, default=Path("runs/fine-tuning"), help="where runs are kept")
    add_where(parser, RESULTS)
    parser.add_argument("--replace", action="store_true", help="put new rows in the place of those of the same key")
    given = parser.parse_args()
    if unknown := sorted(set(given.worlds) - set(WORLDS)):
        parser.error(f"worlds: must be some of {', '.join(WORLDS)}, got {unknown[0]}")
    tasks = [(name, seed, given.out) for name, seed in product(given.worlds, map(int, given.seeds.split(",")))]
    refuse_known(given.csv, KEY, [task[:2] for task in tasks], given.replace)
    run(row_of, tasks, executor(given), partial(keep, replace=given.replace, path=given.csv))


if __name__ == "__main__":
    main()
