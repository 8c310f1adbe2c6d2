"""Train agents on the published instances, and measure how far they are from the optimum.

    python benchmarks/agents.py dcl lost-sales --seeds 0,1,2,3,4 --jobs 2    # all twelve instances of Zipkin (2008)
    python benchmarks/agents.py dcl lost-sales-long-lead --only 0,3

Each instance is trained as `jit-gym train` does it (a training that was stopped goes on), and its deployed policy is
judged: by its exact cost where the states can be enumerated, and elsewhere on paths that it was not trained or chosen
on. Rows go to results/agents.csv; one of the same instance, agent and seed
is replaced with --replace alone. OR-Gym's rows are mean
rewards of its own 30 periods. From all rows results/README.md gets its table: the interquartile mean over instances
and seeds, with a bootstrap interval (Agarwal et al. 2021).
"""

from __future__ import annotations

import argparse
import shlex
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from instances import dual_sourcing, lost_sales, published
from rows import CERTIFICATE, add_where, certificate, executor, publish, refuse_known, run

import jit_gym
from jit_gym.agents import program, tuned
from jit_gym.agents.learner import TEST, settings_of
from jit_gym.agents.training import Run
from jit_gym.common.statistics import bootstrap, interquartile_mean
from jit_gym.theory.process import TooMany

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "agents.csv"
COLUMNS = [
    "family", "instance", "agent", "seed", "cost", "error", "judged", "reference", "reference_is", "gap_percent",
    "gap_error", "train_seconds", "command", *CERTIFICATE,
]  # fmt: skip
KEY = COLUMNS[:4]


def or_gym(row: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return a mode of OR-Gym's line and what it changes in `or-gym-inv-management`."""
    lanes = ("to-retailer", "to-distributor", "to-manufacturer")
    lost = {f"lanes.{name}.unshipped": "lapses" for name in lanes} | {"demands.customers.unmet": "lost"}
    return row["mode"], lost if row["mode"] == "lost-sales" else {}


OR_GYM = [{"mode": "backlog", "reward": "438.8"}, {"mode": "lost-sales", "reward": "409.8"}]  # what is to be beaten


def as_it_is(row: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the name of a world, the shipped scenario itself."""
    return row["name"], {}


FAMILIES = {  # scenario, table, what an instance changes, the column that agents are compared with, and how
    "lost-sales": ("lost-sales", "lost_sales", lost_sales, "optimal", "exact"),
    "lost-sales-long-lead": ("lost-sales", "lost_sales_long_lead", lost_sales, "dcl", "long-run"),
    "dual-sourcing": ("dual-sourcing", "dual_sourcing", dual_sourcing, "optimal", "exact"),
    "or-gym": ("or-gym-inv-management", OR_GYM, or_gym, "reward", "episodes"),
    "aisin-1997": ("aisin-1997", [{"name": "aisin-1997"}], as_it_is, "tuned rule", "against-rule"),
    "aisin-1997-record": (
        "aisin-1997-record",
        [{"name": "aisin-1997-record"}],
        as_it_is,
        "tuned rule",
        "against-rule",
    ),
    "hidden": ("lost-sales-hidden", [{"name": "hidden"}], as_it_is, "tuned rule", "against-rule"),
}
FOR_SCALE = {  # what is published beside, by the column of the table
    "lost-sales": {
        "best base-stock": "base_stock",
        "best capped base-stock": "capped_base_stock",
        "deep controlled learning, its authors": "dcl_gap_percent",
    },
    "lost-sales-long-lead": {"best base-stock": "base_stock"},
    "dual-sourcing": {
        "best dual index": "dual_index",
        "best capped dual index": "capped_dual_index",
        "A3C (Gijsbrechts et al. 2022)": "a3c_gap_percent",
    },
}
RULE_BUDGET = 2_000_000  # periods that are played to tune each rule that an agent is compared with
Z = 1.96  # standard errors in half of a 95 % interval
PLAY = {"paths": 2048, "periods": 2000, "warmup": 100, "seed": TEST}  # where the long run is simulated


def instances(family: str) -> list[dict[str, str]]:
    """Return the rows of a family's table."""
    table = FAMILIES[family][1]
    return published(table) if isinstance(table, str) else table


def judged(how: str, model: Path, scenario: Any) -> tuple[float, float, str]:
    """Return what a model costs a period (or earns an episode), the standard error of that, and how it was found.

    A network that orders however much there is has no end of states; what it costs is simulated.
    """
    agent = f"agent:{model}"
    if how == "exact":
        try:
            return float(jit_gym.exact_cost(agent, scenario)), 0.0, how
        except TooMany:
            how = "long-run"
    if how == "episodes":
        estimate = jit_gym.evaluate(agent, scenario, paths=1000, seed=TEST).estimate("discounted_reward")
    else:
        estimate = jit_gym.evaluate(agent, scenario, **PLAY).estimate("cost")
    return estimate.mean, estimate.error, how


def row_of(agent: str, family: str, k: int, seed: int, out: Path, validate: int) -> dict[str, Any]:
    """Train an agent on an instance, and return its row."""
    base, _, changes_of, column, how = FAMILIES[family]
    row = instances(family)[k]
    name, changes = changes_of(row)
    scenario, learn = jit_gym.load(base, changes), program(agent)
    command = shlex.join(["python", "benchmarks/agents.py", agent, family, "--only", str(k), "--seeds", str(seed)])
    learner = learn(scenario, settings_of(learn, tuned(agent, base)), seed)
    folder = out / name / agent / f"seed-{seed}"
    budget = RULE_BUDGET if how == "against-rule" else 0
    manifest = Run(learner, folder, command, validate, rule_budget=budget).train().manifest
    if how == "against-rule":  # on the same paths, as its birth certificate says
        cost, gap, column = manifest.cost["mean"], manifest.gap["percent"], manifest.gap["rule"]
        error, gap_error = ((each["high"] - each["low"]) / (2 * Z) for each in (manifest.cost, manifest.gap))
        reference = cost / (1 + gap / 100)
    else:
        cost, error, how = judged(how, folder / "model.safetensors", scenario)
        reference = float(row[column])
        gap, gap_error = 100 * (cost / reference - 1), 100 * error / reference
    return {
        "family": family, "instance": name, "agent": agent, "seed": seed,
        "cost": f"{cost:.5f}", "error": f"{error:.5f}", "judged": how,
        "reference": f"{reference:.5f}", "reference_is": column,
        "gap_percent": f"{gap:.3f}", "gap_error": f"{gap_error:.3f}",
        "train_seconds": f"{manifest.seconds:.0f}", "command": command,
        **certificate(scenario),
    }  # fmt: skip


def keep(row: dict[str, Any], replace: bool = False, path: Path = RESULTS) -> str:
    """Write a row, and where it is one of the results the table over all; return the row in words."""
    publish(path, RESULTS, COLUMNS, KEY, row, "table", table, replace=replace)
    return (
        f"{row['instance']} {row['agent']} seed {row['seed']}: {row['cost']} ± {row['error']},"
        f" {row['gap_percent']} %, {row['train_seconds']} s"
    )


def table(rows: list[dict[str, Any]]) -> str:
    """Return what each agent was measured to be in each family, as Markdown."""
    lines = [
        "| family | agent | instances | seeds | gap %: interquartile mean (95 %) | mean | worst | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for family, agent in sorted({(row["family"], row["agent"]) for row in rows}):
        gaps: dict[str, list[tuple[float, float]]] = {}
        for row in rows:
            if (row["family"], row["agent"]) == (family, agent):
                gaps.setdefault(row["instance"], []).append((float(row["gap_percent"]), float(row["train_seconds"])))
        for seeds in sorted({min(map(len, gaps.values())), max(map(len, gaps.values()))}):  # all, and those with most
            those = np.array([each[:seeds] for each in gaps.values() if len(each) >= seeds])
            values, seconds = those[..., 0], those[..., 1].mean()
            low, high = bootstrap(values)
            worst = values.min() if FAMILIES[family][3] == "reward" else values.max()
            middle = f"{interquartile_mean(values):.3f}" + (f" ({low:.3f} to {high:.3f})" if seeds > 1 else "")
            lines.append(
                f"| {family} | {agent} | {len(values)} of {len(instances(family))} | {seeds} | {middle} "
                f"| {values.mean():.3f} | {worst:.3f} | {seconds:.0f} |"
            )
    for family, columns in FOR_SCALE.items():
        for what, column in columns.items():
            gaps = np.array([gap_of(family, row, column) for row in instances(family) if row[column]])
            lines.append(
                f"| {family} | *{what}* | {len(gaps)} of {len(instances(family))} | "
                f"| {interquartile_mean(gaps):.3f} | {gaps.mean():.3f} | {gaps.max():.3f} | |"
            )
    return "\n".join([*lines[:2], *sorted(lines[2:], key=lambda line: line.split(" | ")[0])]) + "\n"


def gap_of(family: str, row: dict[str, str], column: str) -> float:
    """Return how far above the reference a published cost is, in per cent."""
    if column.endswith("percent"):
        return float(row[column])
    return 100 * (float(row[column]) / float(row[FAMILIES[family][3]]) - 1)


def main() -> None:
    """Train and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agent")
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("--only", help="which rows of the table, from 0: 0,3")
    parser.add_argument("--seeds", default="0", help="which seeds: 0,1,2,3,4")
    add_where(parser, RESULTS)
    parser.add_argument("--replace", action="store_true", help="put new rows in the place of those of the same key")
    parser.add_argument("--validate", type=int, default=512, help="the paths that training is chosen on")
    parser.add_argument("--out", type=Path, default=Path("runs") / "published")
    given = parser.parse_args()
    rows = instances(given.family)
    places = range(len(rows)) if given.only is None else map(int, given.only.split(","))
    tasks = list(product(map(int, given.seeds.split(",")), places))
    keys = [(given.family, FAMILIES[given.family][2](rows[k])[0], given.agent, seed) for seed, k in tasks]
    refuse_known(given.csv, KEY, keys, given.replace)
    arguments = [(given.agent, given.family, k, seed, given.out.resolve(), given.validate) for seed, k in tasks]
    run(row_of, arguments, executor(given), partial(keep, replace=given.replace, path=given.csv))


if __name__ == "__main__":
    main()
