"""Train agents on the published instances, and measure how far they are from the optimum.

    python benchmarks/agents.py dcl lost-sales            # all twelve instances of Zipkin (2008)
    python benchmarks/agents.py dcl lost-sales-long-lead --only 0,3 --seeds 0

Each instance is trained as `jit-gym train` does it (a training that was stopped goes on), and its deployed policy is
played on paths that it was not trained or chosen on. Where a rule's cost is published to five digits, the agent is
measured by its difference from that rule on the same paths. Rows go to results/agents.csv; a row of the same instance,
agent and seed is replaced. OR-Gym's rows are mean rewards of its own 30 periods.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import shlex
from pathlib import Path
from typing import Any

import numpy as np

import jit_gym
from jit_gym.agents import program, tuned
from jit_gym.agents.learner import settings_of
from jit_gym.agents.training import TEST, Run
from jit_gym.policies.models import Model
from jit_gym.report import files
from jit_gym.report.provenance import commit

ROOT = Path(__file__).parents[1]
PUBLISHED, RESULTS = ROOT / "tests" / "published", ROOT / "results" / "agents.csv"
COLUMNS = [
    "family", "instance", "agent", "seed", "cost", "error", "reference", "reference_is", "gap_percent", "gap_error",
    "train_seconds", "paths", "periods", "command", "commit", "date",
]  # fmt: skip


def published(name: str) -> list[dict[str, str]]:
    """Return the rows of a published table."""
    _, *table = (PUBLISHED / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(table))


def lost_sales(row: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return an instance's name and what it changes in `lost-sales`."""
    geometric = {"name": "geom", "p": 1 / 6, "loc": -1}
    changes = {
        "demands.customers.distribution": geometric if row["demand"] == "geometric" else {"name": "poisson", "mu": 5},
        "demands.customers.shortage_cost": int(row["shortage_cost"]),
        "lanes.supplier.lead_time": int(row["lead_time"]),
    }
    return f"{row['demand']}-p{row['shortage_cost']}-L{row['lead_time']}", changes


def dual_sourcing(row: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return an instance's name and what it changes in `dual-sourcing`."""
    changes = {
        "lanes.regular.lead_time": int(row["regular_lead_time"]),
        "lanes.expedited.unit_cost": float(row["expedited_unit_cost"]),
    }
    return f"L{row['regular_lead_time']}-c{float(row['expedited_unit_cost']):g}", changes


def capped(row: dict[str, str]) -> tuple[str, float]:
    """Return the published capped base-stock rule of an instance, and its cost."""
    rule = f"capped-base-stock(level={row['capped_level']}, cap={row['capped_max_order']})"
    return rule, float(row["capped_base_stock"])


def capped_dual(row: dict[str, str]) -> tuple[str, float]:
    """Return the published capped dual-index rule of an instance, and its cost."""
    fast, slow, cap = row["capped_dual_index_params"].split("|")
    rule = f"capped-dual-index(expedited_level={fast}, regular_level={slow}, cap={cap})"
    return rule, float(row["capped_dual_index"])


def or_gym(row: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return a mode of OR-Gym's line and what it changes in `or-gym-inv-management`."""
    lanes = ("to-retailer", "to-distributor", "to-manufacturer")
    lost = {f"lanes.{name}.unshipped": "lapses" for name in lanes} | {"demands.customers.unmet": "lost"}
    return row["mode"], lost if row["mode"] == "lost-sales" else {}


OR_GYM = [{"mode": "backlog", "reward": "438.8"}, {"mode": "lost-sales", "reward": "409.8"}]  # what is to be beaten

FAMILIES = {
    "lost-sales": ("lost-sales", "lost_sales", lost_sales, "optimal", capped),
    "lost-sales-long-lead": ("lost-sales", "lost_sales_long_lead", lost_sales, "dcl", None),
    "dual-sourcing": ("dual-sourcing", "dual_sourcing", dual_sourcing, "optimal", capped_dual),
    "or-gym": ("or-gym-inv-management", None, or_gym, "reward", None),
}


def measure(path: Path, scenario: Any, paths: int, periods: int, rule: tuple[str, float] | None) -> tuple[float, float]:
    """Return the long-run cost of a model and its standard error, by its difference from a rule of known cost."""
    play = {"paths": paths, "periods": periods, "warmup": 100, "seed": TEST}
    costs = jit_gym.evaluate(f"agent:{path}", scenario, **play).figures["cost"]
    if rule is not None:
        costs = costs - jit_gym.evaluate(rule[0], scenario, **play).figures["cost"] + rule[1]
    return float(costs.mean()), float(costs.std(ddof=1) / np.sqrt(paths))


def earned(path: Path, scenario: Any, paths: int) -> tuple[float, float]:
    """Return the mean discounted reward of a model's episodes, and its standard error."""
    estimate = jit_gym.evaluate(f"agent:{path}", scenario, paths=paths, seed=TEST).estimate("discounted_reward")
    return estimate.mean, estimate.error


def keep(row: dict[str, Any]) -> None:
    """Write a row, in place of the one that it renews."""
    rows = list(csv.DictReader(io.StringIO(RESULTS.read_text(encoding="utf-8")))) if RESULTS.is_file() else []
    key = [str(row[name]) for name in COLUMNS[:4]]
    rows = [each for each in rows if [each[name] for name in COLUMNS[:4]] != key] + [row]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda each: [str(each[name]) for name in COLUMNS[:4]]))
    files.write(RESULTS, text.getvalue())


def main() -> None:
    """Train and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agent")
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("--only", help="which rows of the table, from 0: 0,3")
    parser.add_argument("--seeds", default="0", help="which seeds: 0,1,2,3,4")
    parser.add_argument("--paths", type=int, default=2048)
    parser.add_argument("--periods", type=int, default=2000)
    parser.add_argument("--validate", type=int, default=512, help="the paths that training is chosen on")
    parser.add_argument("--out", type=Path, default=Path("runs") / "published")
    given = parser.parse_args()
    base, table, changes_of, column, rule_of = FAMILIES[given.family]
    rows = OR_GYM if table is None else published(table)
    for k in range(len(rows)) if given.only is None else [int(part) for part in given.only.split(",")]:
        name, changes = changes_of(rows[k])
        scenario, learn = jit_gym.load(base, changes), program(given.agent)
        settings = settings_of(learn, tuned(given.agent, base))
        for seed in [int(part) for part in given.seeds.split(",")]:
            folder = given.out / name / given.agent / f"seed-{seed}"
            command = [
                "python",
                "benchmarks/agents.py",
                given.agent,
                given.family,
                "--only",
                str(k),
                "--seeds",
                str(seed),
            ]
            Run(learn(scenario, settings, seed), folder, shlex.join(command), given.validate).train()
            known = rule_of(rows[k]) if rule_of else None
            model = folder / "model.safetensors"
            seconds = Model.read(model).manifest.seconds
            if table is None:
                cost, error = earned(model, scenario, given.paths)
            else:
                cost, error = measure(model, scenario, given.paths, given.periods, known)
            reference = float(rows[k][column])
            row = {
                "family": given.family, "instance": name, "agent": given.agent, "seed": seed,
                "cost": f"{cost:.5f}", "error": f"{error:.5f}", "reference": f"{reference:.5f}", "reference_is": column,
                "gap_percent": f"{100 * (cost / reference - 1):.3f}", "gap_error": f"{100 * error / reference:.3f}",
                "train_seconds": f"{seconds:.0f}", "paths": given.paths, "periods": given.periods,
                "command": shlex.join(command), "commit": commit(),
                "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            }  # fmt: skip
            keep(row)
            print(f"{name} seed {seed}: {cost:.5f} ± {error:.5f}, {row['gap_percent']} %, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
