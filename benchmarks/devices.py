"""Time a gradient step of `hindsight` on the processor's cores and on a GPU, launched one by one and as a CUDA graph.

    python benchmarks/devices.py [SCENARIO ...] [--paths 256 4096 65536]

Without a GPU, the processor alone is timed. Drawing chance is in each step, as it is when one trains.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import torch

from jit_gym.agents import program, tuned
from jit_gym.agents.captured import CapturedGradient
from jit_gym.agents.learner import settings_of
from jit_gym.scenario import load

STEPS = 5
THREADS = torch.get_num_threads()
ON_A_GPU = "one by one", "graph"


def milliseconds(scenario: str, paths: int, way: str) -> tuple[float, float]:
    """Return how long the first step in whole units takes, and the median of the next ones."""
    learn = program("hindsight")
    changes = {"batch": paths, "budget": STEPS + 1, "relaxed": 0.0, "start": None}
    changes["device"] = "cuda" if way in ON_A_GPU else "cpu"
    torch.set_num_threads(1 if way == "one core" else THREADS)
    learner = learn(load(scenario), settings_of(learn, tuned("hindsight", scenario), changes), 0)
    if way == "one by one":
        learner.gradients = [each.step for each in learner.gradients if isinstance(each, CapturedGradient)]
    times = []
    for j in range(STEPS + 1):
        began = time.perf_counter()
        learner._descend(j)  # its last lines wait for the GPU
        times.append(1e3 * (time.perf_counter() - began))
    return times[0], median(times[1:])


def main() -> None:
    """Print what a step takes, for each scenario and number of paths."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default=["lost-sales", "dual-sourcing", "serial"])
    parser.add_argument("--paths", nargs="+", type=int, default=[256, 4096, 65536])
    asked = parser.parse_args()
    ways = ["one core", "all cores"]
    print(f"processor: {THREADS} threads, torch {torch.__version__}")
    if torch.cuda.is_available():
        ways += ON_A_GPU
        print(f"GPU: {torch.cuda.get_device_name()}")
    for scenario in asked.scenarios:
        for paths in asked.paths:
            found = {way: milliseconds(scenario, paths, way) for way in ways}
            of = ", ".join(f"{way} {step:,.0f} ms (first {first:,.0f})" for way, (first, step) in found.items())
            print(f"{scenario}, {paths:,} paths: {of}", flush=True)


if __name__ == "__main__":
    main()
