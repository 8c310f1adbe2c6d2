"""Measure how many seconds of the processor an agent needs until it is good, and how many elsewhere.

    python benchmarks/time_to_quality.py                                          # lost-sales, three systems, one seed
    python benchmarks/time_to_quality.py --seeds 0,1,2,3,4 --seconds 120
    python benchmarks/time_to_quality.py --scenario or-gym-inv-management --agent sac --systems native,or-gymnasium
    python benchmarks/time_to_quality.py --agent hindsight --systems shipped,clone

Systems are `shipped`, what `jit-gym train` does; `clone`, the same of a `hindsight` that begins with a clone of
`agent:generalist`, by the settings that docs/generalist.md has; and of the agents of Stable-Baselines3, with settings
that do not depend on the envs (same_agent.py): `native`, over a native batch; `single`, over a DummyVecEnv of as many
single envs; and `or-gymnasium`, over a DummyVecEnv of or-gymnasium's env of the same world, with actions from -1 to 1
and observations and rewards normalized, where that library is installed (here, or by `make bench-peers`). Training
stops when its seconds are over; looking at what was learnt does not count, finding the rule's parameters does. The
policy of each moment is the one that was best so far on validation paths, and is judged by its mean cost a period on
others, discounted as the scenario says: ours on 512 paths, or-gymnasium's in 512 episodes of its own env.

Rows, one an evaluation, go to results/time-to-quality.csv, the pictures to docs/time-to-quality*.svg (each agent over
different envs, and our agents as shipped), and the table to results/README.md: the seconds until the mean cost is below
that of the best base-stock, of the best rule, and within 0.1 % of the optimum, and stays there in the next evaluation.
Systems and seeds that are there are skipped.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from player import NotThere
from rows import CERTIFICATE, certificate
from same_agent import PATHS, PLAIN, Look, native, or_gymnasium, single

import jit_gym
from jit_gym.agents import program, tuned
from jit_gym.agents.learner import TEST, VALIDATION, best_of, best_rule, settings_of
from jit_gym.common import files
from jit_gym.common.statistics import bootstrap
from jit_gym.policies import Network
from jit_gym.report.axes import Axes, Entry, fitting_ticks, left_margin, legend, legend_lines, plain_number
from jit_gym.report.svg import DEMAND, FONTS, INK, MUTED, ORDER, REJECT, SHORT, STOCK, WAITING, WASTE, WAY, Box, Sheet
from jit_gym.scenario import Scenario, ScenarioError
from jit_gym.theory.process import TooMany

ROOT = Path(__file__).parents[1]
RESULTS, NOTES = ROOT / "results" / "time-to-quality.csv", ROOT / "results" / "README.md"
PICTURE = ROOT / "docs" / "time-to-quality.svg"
COLUMNS = [
    "scenario", "agent", "system", "seed", "evaluation", "env_steps", "cpu_seconds", "cost", "base_stock", "best_rule",
    "optimum", *CERTIFICATE,
]  # fmt: skip
KEY = COLUMNS[:5]
COLOURS = {  # of the lines of a picture: systems that train an agent, and agents as shipped
    "shipped": STOCK, "native": WAY, "single": ORDER, "or-gymnasium": SHORT,
    "ppo": STOCK, "ppo-lstm": REJECT, "dqn": ORDER, "td3": WAY, "sac": SHORT, "dcl": WAITING, "hindsight": INK,
    "hindsight from a clone": WASTE,
}  # fmt: skip
OURS: dict[str, dict[str, Any]] = {  # what `jit-gym train` is told
    "shipped": {}, "clone": {"start": "agent:generalist", "rate": 0.002, "budget": 100},
}  # fmt: skip
OVER = {"native": native, "single": single, "or-gymnasium": or_gymnasium}  # envs over which an agent is trained
SYSTEMS = (*OURS, *OVER)
NEAR = 1.001
LOOKS = 40  # at least, over the shipped budget
TALL, SHORTER, ABOVE = 150.0, 74.0, 16.0  # points: of one panel, of each of several, and above each
SIZE = 7.0  # points, of the letters of marks

Lines = dict[str, list[list[dict[str, str]]]]
"""The evaluations of each seed, by what a line of a picture is of."""


class Marks(NamedTuple):
    """What is to be reached: costs a period; nan for an optimum that is not quickly found."""

    base_stock: float
    best_rule: float
    optimum: float


def cost_of(policy: Any, scenario: Scenario, seed: int = TEST) -> float:
    """Return the mean cost a period, discounted as the scenario says, on the paths of a seed."""
    result = jit_gym.evaluate(policy, scenario, paths=PATHS, seed=seed)
    return -result.mean("discounted_reward") / result.periods


def marks_of(scenario: Scenario) -> Marks:
    """Return what the best base-stock, the best rule and the optimum cost."""
    try:
        optimum = cost_of(jit_gym.solve(scenario).policy, scenario)
    except (ScenarioError, TooMany):
        optimum = float("nan")
    base_stock, rule = best_of("base-stock", scenario), best_rule(scenario, None)
    return Marks(cost_of(base_stock, scenario), cost_of(rule, scenario), optimum)


def shipped(
    scenario: Scenario, agent: str, seed: int, share: float, changes: Mapping[str, Any] | None = None
) -> Iterator[Look]:
    """Train as `jit-gym train` does, over a share of the budget."""
    learn, began = program(agent), time.process_time()
    settings = settings_of(learn, tuned(agent, scenario.name), changes or {})
    budget = max(1, int(share * settings.budget))
    looks = {} if agent == "dcl" else {"chunk": min(settings.chunk, max(1, budget // LOOKS))}  # of dcl a look is a fit
    learner = learn(scenario, replace(settings, budget=budget, **looks), seed)
    spent = time.process_time() - began

    def judge(paths: int) -> float:
        return cost_of(Network(learner.model()), scenario, paths)

    if learner.begins:
        yield 0, spent, judge
    for k in range(learner.steps):
        began = time.process_time()
        learner.step(k)
        spent += time.process_time() - began
        yield learner.done(k + 1), spent, judge


def looks(system: str, scenario: Scenario, agent: str, seed: int, share: float) -> Iterator[Look]:
    """Return the evaluations of a system."""
    if system in OURS:
        return shipped(scenario, agent, seed, share, OURS[system])
    return OVER[system](scenario, agent, seed, cost_of)


def measure(
    system: str, scenario: Scenario, agent: str, seed: int, seconds: float, share: float, marks: Marks, path: Path
) -> None:
    """Train until the seconds are over, and write a row for each evaluation when all are there."""
    rows, best, cost = [], float("inf"), float("nan")
    for k, (steps, spent, judge) in enumerate(looks(system, scenario, agent, seed, share)):
        if (found := judge(VALIDATION)) < best:
            best, cost = found, judge(TEST)
        rows.append(
            {
                "scenario": scenario.name, "agent": agent, "system": system,
                "seed": seed, "evaluation": f"{k:03d}", "env_steps": steps, "cpu_seconds": f"{spent:.2f}",
                "cost": f"{cost:.6g}", **{name: f"{value:.6g}" for name, value in marks._asdict().items()},
                **certificate(scenario),
            }
        )  # fmt: skip
        print(f"{system} seed {seed}: {steps:,} env steps, {spent:.1f} s, cost {cost:.5g}", flush=True)
        if spent >= seconds:
            break
    for row in rows:
        files.add_row(path, COLUMNS, KEY, row)


def reached(seconds: np.ndarray, costs: np.ndarray, mark: float) -> float:
    """Return the seconds until costs (evaluations,) are at most a mark, in two evaluations running; nan if never.

    The last evaluation may stand alone.
    """
    below = costs <= mark
    lasting = below & np.append(below[1:], True)
    return float(seconds[np.argmax(lasting)]) if lasting.any() else float("nan")


def curves(rows: list[dict[str, str]]) -> dict[tuple[str, str, str], list[list[dict[str, str]]]]:
    """Return the evaluations of each seed, by scenario, agent and system."""
    found: dict[tuple[str, str, str], dict[str, list[dict[str, str]]]] = {}
    for row in rows:
        place = row["scenario"], row["agent"], row["system"]
        found.setdefault(place, {}).setdefault(row["seed"], []).append(row)
    return {place: list(seeds.values()) for place, seeds in found.items()}


def table(rows: list[dict[str, str]]) -> str:
    """Return how long each system took to reach each mark, as Markdown: the mean over seeds, and a 95 % interval."""
    lines = [
        "| scenario | agent | system | seeds | steps a second | best base-stock | best rule | optimum | last cost |"
        " % above the optimum |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for place, seeds in curves(rows).items():
        rates, cells, last = [], [], []
        for each in seeds:
            rates.append(float(each[-1]["env_steps"]) / float(each[-1]["cpu_seconds"]))
            last.append(float(each[-1]["cost"]))
        for mark in Marks._fields:
            found = [
                reached(
                    np.array([float(row["cpu_seconds"]) for row in each]),
                    np.array([float(row["cost"]) for row in each]),
                    float(each[0][mark]) * (1.0 if mark != "optimum" else _above(float(each[0][mark]))),
                )
                for each in seeds
            ]
            cells.append(in_words(found))
        start = f"| {' | '.join(place)} | {len(seeds)} | {np.mean(rates):,.0f}"
        optimum = float(seeds[0][0]["optimum"])
        more = f"{100 * (np.mean(last) - optimum) / abs(optimum):.2f}" if np.isfinite(optimum) else "-"
        lines.append(f"{start} | {' | '.join(cells)} | {np.mean(last):.5g} | {more} |")
    return "\n".join(lines) + "\n"


def _above(cost: float) -> float:
    """Return the factor by which a cost, or a loss of less than nothing, is 0.1 % worse."""
    return NEAR if cost > 0 else 2.0 - NEAR


def in_words(seconds: list[float]) -> str:
    """Return when a mark was reached by each seed: the mean with its interval, or by how many it was."""
    there = np.array([each for each in seconds if np.isfinite(each)])
    if not len(there):
        return "not reached"
    words = f"{there.mean():.1f} s"
    if len(there) > 1:
        low, high = bootstrap(there)
        words += f" ({low:.1f} to {high:.1f})"
    return words + (f", {len(there)} of {len(seconds)}" if len(there) < len(seconds) else "")


def pictures(rows: list[dict[str, str]]) -> dict[Path, str]:
    """Return pictures as SVG, with their files: of each scenario agents over several envs, and ours as shipped."""
    found: dict[Path, str] = {}
    for name in dict.fromkeys(row["scenario"] for row in rows):
        stem = PICTURE.stem if name == "lost-sales" else f"{PICTURE.stem}-{name}"
        lines = {place[1:]: seeds for place, seeds in curves(rows).items() if place[0] == name}
        over: dict[str, Lines] = {}
        for (agent, system), seeds in lines.items():
            if system != "clone":
                over.setdefault(agent, {})[system] = seeds
        ours = {_agent(*who): seeds for who, seeds in lines.items() if who[1] in OURS}
        for end, panels in (("", over), ("-agents", {"": ours})):
            if panels := {agent: some for agent, some in panels.items() if len(some) > 1}:
                found[PICTURE.with_stem(stem + end)] = picture(panels, name)
    return found


def _agent(agent: str, system: str) -> str:
    """Return what an agent of ours is called."""
    return f"{agent} from a clone" if system == "clone" else agent


def picture(panels: Mapping[str, Lines], scenario: str) -> str:
    """Return cost over seconds as an SVG, one panel below another: means over seeds, ranges of all seeds, and marks.

    Several panels end with the last system that is not `shipped`, whose budget may be longer.
    """
    seeds = [each for lines in panels.values() for several in lines.values() for each in several]
    marks = Marks(*(float(seeds[0][0][name]) for name in Marks._fields))
    ending = [each for each in seeds if len(panels) == 1 or each[0]["system"] != "shipped"]
    last = max(float(each[-1]["cpu_seconds"]) for each in ending)
    levels = [value for value in (*marks, *(float(each[-1]["cost"]) for each in seeds)) if np.isfinite(value)]
    low, high = min(levels), max(levels)
    bottom, top = low - 0.15 * (high - low), high + 0.6 * (high - low)
    tall = TALL if len(panels) == 1 else SHORTER
    ups = fitting_ticks(bottom, top, tall, plain_number)
    left = left_margin([plain_number(up) for up in ups])
    names = dict.fromkeys(name for lines in panels.values() for name in lines)
    entries = [*(Entry(name, COLOURS[name], line=True) for name in names), Entry("marks", MUTED, line=True)]
    written = legend_lines(entries, Sheet(0.0).width - left)
    above = 22.0 + 12.0 * len(written)
    sheet = Sheet(above + len(panels) * (tall + ABOVE) + 35.0)
    sheet.text(left, 12, f"Cost a period of what was learnt: {scenario}", INK)
    legend(sheet, written, left, 28)
    for k, (title, lines) in enumerate(panels.items()):
        start = above + k * (tall + ABOVE) + ABOVE
        box = Box(left, start, sheet.width - 62, start + tall)
        axes = Axes.within(sheet, box, (0.0, last), (bottom, top))
        across = fitting_ticks(0.0, last, box.right - box.left, plain_number)
        axes.grid(across, ups)
        axes.numbers_beside(ups, plain_number)
        axes.title(title)
        _draw(axes, lines, marks, last)
    axes.numbers_below(across, plain_number, "seconds of the processor")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" font-family="{FONTS}" '
    return sheet.svg.replace("<svg ", head, 1) + "\n"


def _draw(axes: Axes, lines: Lines, marks: Marks, last: float) -> None:
    """Draw the marks that are known, and each line with the range of its seeds."""
    there: dict[float, str] = {}  # names of marks, by their heights: those that are in one place side by side
    for name, value in zip(("base-stock", "rule", "optimum"), marks, strict=True):
        if np.isfinite(value):
            axes.stairs(np.array([0.0, last]), np.array([value]), DEMAND, 0.8)
            up = axes.y.at(value)
            near = next((place for place in there if abs(place - up) < SIZE - 1.0), up)
            there[near] = f"{there[near]}, {name}" if near in there else name
    for up, names in there.items():
        axes.sheet.text(axes.x.end + 3, up + 3, names, MUTED, SIZE)
    at = np.linspace(0.0, last, 241)
    for name, seeds in lines.items():
        held = np.array([_held(each, at) for each in seeds])  # (seeds, places)
        held = np.where(held > axes.y.high, np.inf, held)
        mean, least, most = (np.asarray(f(held, axis=0)) for f in (np.mean, np.min, np.max))
        axes.stairs_between(at, least[:-1], np.minimum(most, axes.y.high)[:-1], COLOURS[name], 0.25)
        axes.stairs(at, mean[:-1], COLOURS[name], 1.4)  # not there as long as a seed is above the picture


def _held(each: list[dict[str, str]], at: np.ndarray) -> np.ndarray:
    """Return the cost of the last policy that was there at each second; nan before the first and after the end."""
    seconds = np.array([float(row["cpu_seconds"]) for row in each])
    costs = np.array([float(row["cost"]) for row in each])
    place = np.searchsorted(seconds, at, side="right") - 1
    return np.where((place >= 0) & (at <= seconds[-1]), costs[place], np.nan)


def publish() -> None:
    """Write the table and the picture of all rows."""
    rows = list(csv.DictReader(RESULTS.read_text(encoding="utf-8").splitlines()))
    files.fill(NOTES, "time-to-quality", table(rows))
    for path, svg in pictures(rows).items():
        files.write(path, svg)


def main() -> None:
    """Measure what is not measured yet, and publish all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="lost-sales")
    parser.add_argument("--agent", default="ppo", help="what is trained")
    parser.add_argument("--systems", default="shipped,native,single", help=f"some of {', '.join(SYSTEMS)}")
    parser.add_argument("--seeds", default="0", help="which seeds: 0,1,2")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the processor, for each training")
    parser.add_argument("--share", type=float, default=1.0, help="of the shipped budget, over which schedules fall")
    parser.add_argument("--csv", type=Path, default=RESULTS, help=f"keep rows here, and not in results/{RESULTS.name}")
    given = parser.parse_args()
    systems = given.systems.split(",")
    if unknown := [each for each in systems if each not in SYSTEMS]:
        parser.error(f"systems: must be some of {', '.join(SYSTEMS)}, got {unknown[0]!r}")
    if "clone" in systems and given.agent != "hindsight":
        parser.error(f"systems: clone is of --agent hindsight, got {given.agent!r}")
    if given.agent not in PLAIN and (over := [each for each in systems if each in OVER]):
        parser.error(f"systems: {over[0]} is of --agent {', '.join(PLAIN)}, got {given.agent!r}")
    import torch

    torch.set_num_threads(1)
    scenario = jit_gym.load(given.scenario)
    known = {place[:4] for place in files.rows_of(given.csv, KEY)}
    marks = marks_of(scenario)
    for seed in map(int, given.seeds.split(",")):
        for system in systems:
            if (scenario.name, given.agent, system, str(seed)) in known:
                continue
            try:
                measure(system, scenario, given.agent, seed, given.seconds, given.share, marks, given.csv)
            except NotThere as why:
                print(why)
    if given.csv == RESULTS:
        publish()


if __name__ == "__main__":
    main()
