"""Measure the shipped settings of Stable-Baselines3's agents, and what each thing in them is worth.

    python benchmarks/defaults.py                                   # each agent on five scenarios, one seed
    python benchmarks/defaults.py --agents ppo --seeds 0,1,2,3,4    # PPO, five seeds
    python benchmarks/defaults.py --agents ppo --scenarios lost-sales --variants all --share 0.1
    python benchmarks/defaults.py --agents sac --variants before    # as it was shipped before

A row is one training: the policy that was chosen on validation paths, judged on paths that nothing was trained, tuned
or chosen on, against the optimum where it is quickly found, and else against the best of the shipped agents and tuned
rules, on the same paths. A world that stays as it is is judged in its long run. `--share` trains for a part of the
shipped budget, over which schedules then fall. Rows that are there are skipped, and a training that was stopped goes
on, so the command can be repeated until all is done. Rows go to results/defaults.csv, and the table to
results/README.md.
"""

from __future__ import annotations

import argparse
import shlex
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from rows import CERTIFICATE, add_where, certificate, executor, publish, run

import jit_gym
from jit_gym.agents import program, tuned
from jit_gym.agents.learner import TEST, best_rule, settings_of
from jit_gym.agents.training import Run
from jit_gym.common import files
from jit_gym.evaluation import Estimate, Result
from jit_gym.evaluation.optimality_gap import paid
from jit_gym.scenario import Scenario, ScenarioError
from jit_gym.scenario.window import stays_as_it_is
from jit_gym.scenario.yaml12 import parse

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "defaults.csv"
COLUMNS = [
    "scenario", "agent", "variant", "share", "seed", "env_steps", "cost", "reference", "reference_is", "gap_percent",
    "low", "high", "rule", "rule_gap_percent", "over_rule_percent", "over_rule_low", "over_rule_high", "cpu_seconds",
    "command", *CERTIFICATE,
]  # fmt: skip
KEY, BESIDE = COLUMNS[:5], COLUMNS[12:17]
AGENTS = ["ppo", "ppo-lstm", "dqn", "sac", "td3"]
SCENARIOS = ["lost-sales", "dual-sourcing", "lost-sales-hidden", "perishable", "aisin-1997"]
LONG_RUN = {"paths": 512, "periods": 1000, "warmup": 100}
FROM_THE_START = {"paths": 2048}

QUANTITY = {"means": "quantity", "rule": None, "deviations": None, "relative": False, "out_of_step": False}
BEFORE = ROOT / "benchmarks" / "settings-before.yaml"


def plain(shipped: Mapping[str, Any]) -> dict[str, Any]:
    """Return Stable-Baselines3's defaults in one env, for as many env steps as are shipped; DQN chooses quantities."""
    chooses = "exploration_fraction" in shipped["hyperparams"]
    return {**QUANTITY, "discrete": chooses, "n_envs": 1, "hidden": 64, "hyperparams": {}, "learning_rate": 3e-4}


def of_the_algorithm(**changes: Any) -> Any:
    """Return a change of some of the shipped hyperparameters."""
    return lambda shipped: {"hyperparams": {**shipped["hyperparams"], **changes}}


def before(agent: str, scenario: str) -> dict[str, Any]:
    """Return what was shipped before, for an agent and a scenario."""
    layers: Any = parse(BEFORE.read_text(encoding="utf-8"))[agent]
    return {**QUANTITY, "discrete": False, **layers["default"], **layers.get(scenario, {})}


VARIANTS: dict[str, Any] = {  # what is changed, given what is shipped
    "shipped": lambda shipped: {},
    "before": None,  # depends on the scenario, too
    "plain": plain,
    "orders quantities": lambda shipped: QUANTITY | {"out_of_step": True},
    "numbers": lambda shipped: {"discrete": False},
    "corrects base-stock": lambda shipped: {"rule": "base-stock"},
    "corrects by periods of demand": lambda shipped: {"deviations": None, "most": 2.5},
    "rewards as they are": lambda shipped: {"relative": False},
    "rewards come later": lambda shipped: {"lead_times_ahead": 0},
    "rows in step": lambda shipped: {"out_of_step": False},
    "explores widely": of_the_algorithm(policy_kwargs={"log_std_init": 0.0}),
    "long horizon": of_the_algorithm(gamma=0.98, gae_lambda=0.95),
    "advantages as they are": of_the_algorithm(normalize_advantage=False),
    "rate stays": lambda shipped: {"learning_rate": float(str(shipped["learning_rate"]).removeprefix("lin_"))},
}
OF_PPO = ("explores widely", "advantages as they are", "long horizon")


def settings_for(agent: str, scenario: str, variant: str, share: float) -> Any:
    """Return the settings of a variant, for a share of the shipped budget, in five segments or more.

    Raises:
        ValueError: for what is PPO's alone.
    """
    if variant in OF_PPO and agent not in ("ppo", "ppo-lstm"):
        raise ValueError(f"variants: {variant!r} is of ppo and ppo-lstm, got {agent!r} (leave it out)")
    learn, shipped = program(agent), tuned(agent, scenario)
    changes = before(agent, scenario) if variant == "before" else VARIANTS[variant](shipped)
    settings = settings_of(learn, shipped, changes)
    if share < 1.0:
        budget = max(1, round(share * settings.budget))
        settings = replace(settings, budget=budget, chunk=min(settings.chunk, max(1, budget // 5)))
    return settings


def play(policy: Any, scenario: Scenario) -> Result:
    """Return what a policy does on the paths that decide."""
    long = stays_as_it_is(scenario) and scenario.objective.discount == 1.0
    return jit_gym.evaluate(policy, scenario, seed=TEST, **(LONG_RUN if long else FROM_THE_START))


@lru_cache
def reference(name: str) -> tuple[str, Result]:
    """Return what agents are compared with: the optimum, or else the best of the shipped agents and tuned rules."""
    scenario = jit_gym.load(name)
    try:
        return "optimum", play(jit_gym.solve(scenario).policy, scenario)
    except ScenarioError:
        shipped = sorted((ROOT / "agents" / "models" / name).glob("*.safetensors"))
        results = [play(f"agent:{path.stem}", scenario) for path in shipped]
        results.append(play(best_rule(scenario, None), scenario))
        best = min(results, key=lambda result: float(paid(result).mean()))
        return best.policy, best


def more_than(ours: Result, theirs: Result) -> Estimate:
    """Return how much more a result costs than another, in per cent of that, on the same paths."""
    costs = paid(theirs)
    return Estimate.of(100.0 * (paid(ours) - costs) / abs(float(costs.mean())))


def row_of(agent: str, name: str, variant: str, share: float, seed: int, out: Path) -> dict[str, Any]:
    """Train, and return a row of results."""
    words = ["python", "benchmarks/defaults.py", "--agents", agent, "--scenarios", name, "--variants", variant]
    command = shlex.join([*words, "--share", f"{share:g}", "--seeds", str(seed)])
    scenario, learn = jit_gym.load(name), program(agent)
    settings, began = settings_for(agent, name, variant, share), time.process_time()
    learner = learn(scenario, settings, seed)
    prepared = time.process_time() - began
    folder = out / name / agent / f"{variant.replace(' ', '-')}-{share:g}" / f"seed-{seed}"
    Run(learner, folder, command).train()
    with np.load(folder / "evaluations.npz") as saved:
        steps, seconds = int(saved["timesteps"][-1]), prepared + float(saved["cpu_seconds"][-1])
    what, theirs = reference(name)
    ours = play(f"agent:{folder / 'model.safetensors'}", scenario)
    gap, rule = more_than(ours, theirs), getattr(learner.action, "rule", None)
    beside: dict[str, Any] = dict.fromkeys(BESIDE, "")
    if rule is not None:
        corrected = play(rule, scenario)
        over = more_than(ours, corrected)
        found = str(rule), more_than(corrected, theirs).mean, over.mean, over.low, over.high
        texts = [each if isinstance(each, str) else f"{each:.3f}" for each in found]
        beside = dict(zip(BESIDE, texts, strict=True))
    return {
        "scenario": name, "agent": agent, "variant": variant, "share": f"{share:g}", "seed": seed, "env_steps": steps,
        "cost": f"{paid(ours).mean():.6g}", "reference": f"{paid(theirs).mean():.6g}", "reference_is": what,
        "gap_percent": f"{gap.mean:.3f}", "low": f"{gap.low:.3f}", "high": f"{gap.high:.3f}",
        **beside,
        "cpu_seconds": f"{seconds:.0f}", "command": command, **certificate(scenario),
    }  # fmt: skip


def keep(row: dict[str, Any], path: Path = RESULTS) -> str:
    """Write a row, and where it is one of the results the table over all; return the row in words."""
    publish(path, RESULTS, COLUMNS, KEY, row, "defaults", table)
    place = " ".join(str(row[name]) for name in KEY)
    return f"{place}: {row['gap_percent']} ({row['low']} to {row['high']}) % above {row['reference_is']}"


def table(rows: list[dict[str, str]]) -> str:
    """Return how far each variant of each agent is above the reference and its rule, over seeds, as Markdown."""
    lines = [
        "| scenario | agent | settings | share | seeds | rule: % above | agent: % above, mean (seeds) | over its rule,"
        " %: mean (95 %, all seeds) | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    groups: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in KEY[:4]), []).append(row)
    orders: list[list[str]] = [SCENARIOS, AGENTS, list(VARIANTS)]
    for key in sorted(groups, key=lambda key: [names.index(name) for names, name in zip(orders, key, strict=False)]):
        mine = groups[key]
        found = [float(row["gap_percent"]) for row in mine]
        gaps = f"{np.mean(found):.2f}" + (f" ({min(found):.2f} to {max(found):.2f})" if len(found) > 1 else "")
        cells = [*key, len(mine), mine[0]["rule_gap_percent"], gaps, _over(mine)]
        seconds = np.mean([float(row["cpu_seconds"]) for row in mine])
        lines.append(f"| {' | '.join(map(str, cells))} | {seconds:.0f} |")
    return "\n".join(lines) + "\n"


def _over(rows: list[dict[str, str]]) -> str:
    """Return how much more than their rules agents cost, with the ends of all their intervals; older rows say none."""
    known = [row for row in rows if row.get("over_rule_percent")]
    if not known:
        return ""
    mean, low, high = ([float(row[f"over_rule_{name}"]) for row in known] for name in ("percent", "low", "high"))
    return f"{np.mean(mean):.2f} ({min(low):.2f} to {max(high):.2f})"


def chosen(given: str, known: list[str], name: str) -> list[str]:
    """Return the names that are asked for, or all.

    Raises:
        ValueError: for one that is not known.
    """
    names = known if given == "all" else [each.strip() for each in given.split(",")]
    if unknown := [each for each in names if each not in known]:
        raise ValueError(f"{name}: must be all or some of {', '.join(known)}, got {unknown[0]!r}")
    return names


def main() -> None:
    """Train and measure what is not measured yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", default="all", help="ppo,sac or all")
    parser.add_argument("--scenarios", default="all", help="lost-sales,aisin-1997 or all")
    parser.add_argument("--variants", default="shipped", help=f"all, or some of {', '.join(VARIANTS)}")
    parser.add_argument("--share", type=float, default=1.0, help="of the shipped budget that is trained")
    parser.add_argument("--seeds", default="0", help="which seeds: 0,1,2")
    parser.add_argument("--out", type=Path, default=Path("runs/defaults"), help="where runs are kept")
    add_where(parser, RESULTS)
    given = parser.parse_args()
    if not 0.0 < given.share <= 1.0:
        raise ValueError(f"share: must be more than 0 and 1 at most, got {given.share:g}")
    known = files.rows_of(given.csv, KEY)
    asked = product(
        chosen(given.scenarios, SCENARIOS, "scenarios"),
        chosen(given.variants, list(VARIANTS), "variants"),
        chosen(given.agents, AGENTS, "agents"),
        map(int, given.seeds.split(",")),
    )
    tasks = [
        (agent, name, variant, given.share, seed, given.out)
        for name, variant, agent, seed in asked
        if (name, agent, variant, f"{given.share:g}", str(seed)) not in known
        and (given.variants != "all" or agent in ("ppo", "ppo-lstm") or variant not in OF_PPO)
    ]
    run(row_of, tasks, executor(given), partial(keep, path=given.csv))


if __name__ == "__main__":
    main()
