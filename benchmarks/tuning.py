"""Compare `jit-gym tune` with Optuna's samplers on equal budgets of periods played (`pip install optuna`).

    python benchmarks/tuning.py lost-sales:base-stock fixed-cost:s-S serial:base-stock --seeds 3

Each search has the budget that `tune` takes by default, and is judged by `tune`'s report: on paths that none has seen.
Optuna's trials look for the same numbers in the same ranges, and divide the budget equally among them. A row is the
mean over the seeds, as percent above the least cost that any search found with that seed.
"""

from __future__ import annotations

import argparse
from time import perf_counter
from typing import Any

import numpy as np
import optuna

from jit_gym.evaluation.tuning import Search, prepare
from jit_gym.scenario import load

TRIALS = (30, 100, 300)
SAMPLERS = {"tpe": optuna.samplers.TPESampler, "cma-es": optuna.samplers.CmaEsSampler}


def by_tune(search: Search) -> Any:
    """Return the rule that the library's own search finds."""
    return search.winner()


def by_optuna(search: Search, sampler: Any, trials: int) -> Any:
    """Return the rule that Optuna finds in so many trials, the first of them by formula."""
    paths = int((search.budget - search.reserve) / trials / (search.warmup + search.periods))
    names = [f"x{k}" for k in range(len(search.axes))]

    def cost(trial: Any) -> float:
        place = []
        for name, axis in zip(names, search.axes, strict=True):
            low, high = max(axis.start - axis.reach, axis.low), max(axis.start, axis.low) + axis.reach
            if axis.whole:
                place.append(trial.suggest_int(name, int(np.floor(low)), int(np.ceil(high))))
            else:
                place.append(trial.suggest_float(name, low, high))
        found = float(search.cost(np.array([place], float), max(1, paths))[0])
        return found if np.isfinite(found) else 1e300

    study = optuna.create_study(sampler=sampler)
    starts = [int(axis.start) if axis.whole else axis.start for axis in search.axes]
    study.enqueue_trial(dict(zip(names, starts, strict=True)))
    with np.errstate(all="ignore"):
        study.optimize(cost, n_trials=trials)
        best = np.array([[study.best_params[name] for name in names]], float)
        return search.report(search.values(best))


def main() -> None:
    """Run all searches, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="+", metavar="SCENARIO:RULE")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print("| problem | numbers | search | above the best, % | trials | seconds |\n|---|---|---|---|---|---|")
    for problem in asked.problems:
        scenario, _, rule = problem.partition(":")
        world, costs, rows = load(scenario), [], {}
        for seed in range(asked.seeds):
            searches = {("tune", 0): by_tune}
            for name, sampler in SAMPLERS.items():
                for n in TRIALS:
                    searches[name, n] = lambda search, make=sampler, n=n, s=seed: by_optuna(search, make(seed=s), n)
            found = {}
            for key, how in searches.items():
                search = prepare(rule, world, seed=seed)
                start = perf_counter()
                tuning = how(search).tuning
                sign = 1.0 if tuning.figure == "cost" else -1.0
                found[key] = sign * tuning.estimate.mean, tuning.tried, perf_counter() - start
            costs.append(min(cost for cost, _, _ in found.values()))
            for key, (cost, tried, seconds) in found.items():
                rows.setdefault(key, []).append((100 * (cost - costs[-1]) / abs(costs[-1]), tried, seconds))
        for (name, n), each in rows.items():
            above, tried, seconds = np.mean(each, axis=0)
            label = name if not n else f"{name}, {n} trials"
            print(
                f"| {problem} | {len(search.axes)} | {label} | {above:.2f} | {tried:.0f} | {seconds:.1f} |", flush=True
            )


if __name__ == "__main__":
    main()
