"""Tune the rules of a suite with several seeds, and compare what that changes with the intervals of its rows.

    python benchmarks/tuning_seeds.py
    python benchmarks/tuning_seeds.py --seeds 3 lost-sales/zipkin-poisson-p4-l4 network/serial

A suite tunes its rules with one seed, so the intervals of their rows tell the chance of the paths that judge, and not
that of the search. Here each rule is tuned with the seeds 0, 1, ..., and all that was found is judged on the paths of
the suite, in the regime that its instance learns on. A row of the table has, in per cent of what the parameters of seed
0 (those of the suite) cost: the others' costs less that, from the least to the most, on the same paths; the standard
deviation over the seeds; half of the 95 % interval of the cost of seed 0; and half of that of its difference to the
best tuned rule, path by path. The lines `best tuned rule` are of the rule that each seed's tuning takes for the best,
which is what the suite compares agents with.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from jit_gym.benchmark import Run, Suite, suite
from jit_gym.benchmark.judge import best_rule
from jit_gym.benchmark.learn import Learned, learning_world, tuned
from jit_gym.benchmark.standings import BEST_RULE
from jit_gym.common.statistics import Estimate
from jit_gym.evaluation.optimality_gap import paid
from jit_gym.evaluation.rollout import evaluate_all
from jit_gym.policies import policy
from jit_gym.report.words import half
from jit_gym.scenario.window import window

INSTANCES = (
    "lost-sales/zipkin-poisson-p4-l4", "lost-sales/long-lead-p19-l8", "backlog/random-lead", "backlog/fixed-cost-64",
    "two-suppliers/l4-c110", "perishable/m3-lifo", "network/serial", "network/beer-game", "assembly/slow-motor",
    "disruption/strike-seen-l4", "hidden/strike", "forecast/season", "industry/port-congestion",
    "family/two-suppliers-a",
)  # fmt: skip


class Spread(NamedTuple):
    """What the seeds of a rule's tuning cost, in per cent of that of seed 0."""

    instance: str
    rule: str
    over: np.ndarray
    """Costs less that of seed 0 (seeds,)."""
    half: float
    """Half of the interval of the cost of seed 0."""
    paired: float
    """Half of the interval of its difference to the best tuned rule of seed 0; nan of that rule itself."""
    taken: str
    """Of the best tuned rule: which rules the seeds take for it."""

    @property
    def deviation(self) -> float:
        """Return the standard deviation over the seeds."""
        return float(np.std(self.over, ddof=1))


def spreads(about: Suite, instance: str, seeds: int) -> Iterator[Spread]:
    """Yield the spread of each rule that is tuned on an instance, and of the best of them."""
    rules = about.tuned_rules(instance)
    found = {rule: [tuned(about, Run(instance, rule, seed)) for seed in range(seeds)] for rule in rules}
    costs = {rule: judged(about, instance, each) for rule, each in found.items()}
    best = [best_rule(about, instance, {rule: found[rule][seed] for rule in rules}).name for seed in range(seeds)]
    chosen = np.array([costs[rule][seed] for seed, rule in enumerate(best)])
    for rule in rules:
        yield _spread(instance, rule, costs[rule], chosen[0])
    yield _spread(instance, BEST_RULE, chosen, chosen[0], ", ".join(dict.fromkeys(best)))


def judged(about: Suite, instance: str, learned: list[Learned]) -> np.ndarray:
    """Return what each of some policies costs on the paths that judge (policies, paths)."""
    world, judging = learning_world(about, instance), about.judging
    periods, warmup = window(world)
    seed = judging.seeds[about.instances[instance].learns_on]
    players = [policy(each.plays, world) for each in learned]
    return np.array([paid(each) for each in evaluate_all(players, world, judging.paths, periods, warmup, seed, None)])


def _spread(instance: str, rule: str, costs: np.ndarray, best: np.ndarray, taken: str = "") -> Spread:
    first, more = Estimate.of(costs[0]), Estimate.of(costs[0] - best)
    size = abs(first.mean) / 100
    paired = half(more) / size if more.error else np.nan
    return Spread(instance, rule, (costs.mean(axis=1) - first.mean) / size, half(first) / size, paired, taken)


def main() -> None:
    """Print a table in Markdown, and what it comes to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "instances", nargs="*", metavar="INSTANCE", default=INSTANCES, help="one of each kind by default"
    )
    parser.add_argument("--suite", default="jit-bench-v1")
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    about, found = suite(asked.suite), []
    print("| instance | rule | other seeds less seed 0, % | deviation, % | half of the interval, % | paired, % |")
    print("|---|---|---|---|---|---|")
    for instance in asked.instances:
        for each in spreads(about, instance, asked.seeds):
            found.append(each)
            name = f"{each.rule}: {each.taken}" if each.taken else each.rule
            extent = f"{each.over[1:].min():.3f} to {each.over[1:].max():.3f}"
            paired = f"{each.paired:.3f}" if each.paired > 0 else "-"
            print(f"| {instance} | {name} | {extent} | {each.deviation:.3f} | {each.half:.3f} | {paired} |", flush=True)
    for what in ("rules", BEST_RULE):
        some = [each for each in found if (each.rule == BEST_RULE) == (what == BEST_RULE)]
        deviations, halves = np.array([(each.deviation, each.half) for each in some]).T
        print(
            f"{what}: deviation {np.median(deviations):.3f} % (median), {deviations.max():.3f} % (most); half of the"
            f" interval {np.median(halves):.3f} % (median); the deviation is more in {(deviations > halves).sum()} of"
            f" {len(some)}"
        )
    paired = np.array([(each.deviation, each.paired) for each in found if each.paired > 0]).T
    print(
        f"beside the best tuned rule: half of the paired interval {np.median(paired[1]):.3f} % (median); the deviation"
        f" is more in {(paired[0] > paired[1]).sum()} of {paired.shape[1]}"
    )


if __name__ == "__main__":
    main()
