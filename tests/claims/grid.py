"""Play many candidates side by side, all on the same paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jit_gym.chance import Chance
from jit_gym.evaluation.metrics import Counter
from jit_gym.physics import Layout, Simulation, View
from jit_gym.scenario import Scenario

Figures = dict[str, np.ndarray]


def play(
    act: Callable[[View], Any], scenario: Scenario, candidates: int, paths: int, periods: int, warmup: int
) -> Figures:
    """Return each figure (candidates, paths); row c * paths + p of the batch is candidate c on path p."""
    rows = np.tile(np.arange(paths), candidates)
    simulation = Simulation(Layout(scenario), Chance(scenario).draw(2026, rows, warmup + periods))
    counter = Counter(simulation.layout, len(rows))
    for period in range(warmup + periods):
        if period == warmup:
            counter.value(simulation, -1.0)
        simulation.step(np.ascontiguousarray(act(View(simulation)), float))
        if period >= warmup:
            counter.add(simulation.state, simulation.flows)
    counter.value(simulation, 1.0)
    return {name: values.reshape(candidates, paths) for name, values in counter.figures().items()}


def each(values: Any, paths: int) -> np.ndarray:
    """Return the parameters of candidates (candidates, stocks) for each row of the batch."""
    return np.repeat(np.asarray(values, float), paths, axis=0)


def reaches(served: np.ndarray, target: float) -> bool:
    """Tell whether the fill rates of a row of candidates (candidates, paths) begin below a target and pass it."""
    mean = served.mean(axis=1)
    return bool(mean[0] < target <= mean.max())


def at_equal_service(served: np.ndarray, value: np.ndarray, target: float) -> np.ndarray:
    """Return a figure on each path (paths,) where a row of candidates (candidates, paths) passes a fill rate.

    Between the candidates on both sides it is linear, and what a path serves more or less than the target counts at
    that slope: so its interval is that of the figure at this very fill rate.
    """
    mean = served.mean(axis=1)
    high = int(np.argmax(mean >= target))
    low = high - 1
    share = (target - mean[low]) / (mean[high] - mean[low])
    slope = (value[high].mean() - value[low].mean()) / (mean[high] - mean[low])
    at_target, there = (share * part[high] + (1.0 - share) * part[low] for part in (value, served))
    found: np.ndarray = at_target - slope * (there - target)
    return found
