"""Play a policy on traces, and say how it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chance import Chance
from ..physics import Layout, Simulation, View
from ..policies import PolicyError, policy
from ..scenario import Scenario, load
from ..scenario.errors import check_count
from .metrics import METRICS, Counter
from .statistics import Estimate

if TYPE_CHECKING:
    import pandas as pd

ROOM = 1 << 24  # random numbers drawn at a time; more paths are played in turns


@dataclass(frozen=True)
class Result:
    """How a policy did on some paths of a scenario; every figure is one number a path, in the order of the paths.

    `policy` is what it is called, `player` the policy itself, fitted to the scenario.
    """

    policy: str
    scenario: Scenario
    paths: int
    periods: int
    warmup: int
    seed: int
    figures: Mapping[str, np.ndarray] = field(repr=False)
    player: Any = field(repr=False, compare=False)

    def mean(self, figure: str = "cost") -> float:
        """Return a figure's mean over the paths."""
        return self.estimate(figure).mean

    def interval(self, figure: str = "cost") -> tuple[float, float]:
        """Return the 95 % interval of a figure's mean."""
        estimate = self.estimate(figure)
        return estimate.low, estimate.high

    def error(self, figure: str = "cost") -> float:
        """Return the standard error of a figure's mean."""
        return self.estimate(figure).error

    def estimate(self, figure: str = "cost") -> Estimate:
        """Return a figure's mean, standard error and interval."""
        if figure not in self.figures:
            raise KeyError(f"unknown figure {figure!r} (known: {', '.join(self.figures)})")
        return Estimate.of(self.figures[figure])

    def frame(self) -> pd.DataFrame:
        """Return a table with one row a path and one column a figure."""
        import pandas as pd

        return pd.DataFrame(dict(self.figures), index=pd.RangeIndex(self.paths, name="path"))


def evaluate(
    what: Any,
    scenario: str | Path | Scenario,
    *,
    paths: int = 1024,
    periods: int | None = None,
    warmup: int = 0,
    seed: int = 0,
    progress: Callable[[int], Any] | None = None,
) -> Result:
    """Play a policy on paths 0, 1, ... of a seed.

    Args:
        what: a policy: its name, with parameters or without, the object, or a function of a `View`.
        scenario: a shipped name, a path to a YAML file, or a `Scenario`.
        paths: how many paths.
        periods: how many periods are counted; the scenario's horizon by default.
        warmup: how many periods are played before those, and not counted.
        seed: of the traces; the same seed is the same chance for every policy.
        progress: told how many path-periods were played, every now and then.

    Returns:
        A `Result`: costs a period, service, stock and orders of each path.
    """
    scenario = load(scenario)
    periods = scenario.horizon.periods if periods is None else periods
    for name, value, least in (("paths", paths, 1), ("periods", periods, 1), ("warmup", warmup, 0)):
        check_count(name, value, least)
    scenario.check_length(warmup, periods)
    player = policy(what, scenario)
    layout, chance = Layout(scenario), Chance(scenario)
    parts = []
    for some in _turns(paths, (warmup + periods) * max(1, layout.columns.chance + layout.columns.seen)):
        simulation = Simulation(layout, chance.draw(seed, some, warmup + periods))
        counter = Counter(layout, len(some))
        for t in range(warmup + periods):
            simulation.step(_orders(player, simulation))
            if t >= warmup:
                counter.add(simulation.state, simulation.flows)
            if progress is not None and (t % 16 == 15 or t == warmup + periods - 1):
                progress((t % 16 + 1) * len(some))
        parts.append(counter.figures())
    figures = {metric.name: np.concatenate([part[metric.name] for part in parts]) for metric in METRICS}
    return Result(name_of(player), scenario, paths, periods, warmup, seed, figures, player)


def name_of(player: Any) -> str:
    """Return what to call a policy."""
    return getattr(player, "__name__", None) or str(player)


def _turns(paths: int, numbers_a_path: int) -> Iterator[np.ndarray]:
    """Divide the paths into parts whose traces fit into memory."""
    at_once = max(1, ROOM // numbers_a_path)
    for first in range(0, paths, at_once):
        yield np.arange(first, min(first + at_once, paths))


def _orders(player: Any, simulation: Simulation) -> np.ndarray:
    """Ask a policy for orders, and refuse what is none."""
    orders = np.asarray(player(View(simulation)), float)
    shape = simulation.trace.paths, len(simulation.layout.lanes)
    if orders.shape != shape:
        raise PolicyError(f"{name_of(player)}: orders must have the shape {shape} (paths, lanes), got {orders.shape}")
    if not np.isfinite(orders).all() or orders.min() < 0:
        worst = orders[~(np.isfinite(orders) & (orders >= 0))][0]
        raise PolicyError(f"{name_of(player)}: orders must be finite and 0 or more, got {worst}")
    return orders
