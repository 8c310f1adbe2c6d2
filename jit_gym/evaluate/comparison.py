"""Several policies on the same traces: which is better, and by how much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chance import Chance
from ..physics import Layout, Simulation, View
from ..policies import agents, policy
from ..scenario import BadInput, Scenario, load
from .distance import Distance, distance
from .metrics import METRICS
from .rollout import Result, evaluate, name_of
from .statistics import Estimate

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """Results of several policies on the same paths; the first is what the others are compared with."""

    results: tuple[Result, ...]
    gap: bool = True

    @cached_property
    def distance(self) -> Distance | None:
        """Return the best there is to compare with, worked out when it is first asked for; None without `gap`."""
        return distance(self.results) if self.gap else None

    @property
    def scenario(self) -> Scenario:
        """Return the scenario that was played."""
        return self.results[0].scenario

    @property
    def best(self) -> Result:
        """Return the result with the lowest mean cost (the highest profit, where there is revenue)."""
        return max(self.results, key=lambda result: result.mean("profit"))

    def difference(self, result: Result, figure: str = "cost") -> Estimate:
        """Return how much more of a figure a result has than the first one, path by path."""
        return Estimate.of(result.figures[figure] - self.results[0].figures[figure])

    def frame(self) -> pd.DataFrame:
        """Return a table: one row a policy, each figure's mean and 95 % interval, the difference of cost, the gap."""
        import pandas as pd

        rows = {}
        for result in self.results:
            row: dict[str, float] = {}
            for metric in METRICS:
                estimate = result.estimate(metric.name)
                row |= {
                    metric.name: estimate.mean,
                    f"{metric.name}_low": estimate.low,
                    f"{metric.name}_high": estimate.high,
                }
            more = self.difference(result)
            row |= {"cost_difference": more.mean, "cost_difference_low": more.low, "cost_difference_high": more.high}
            if self.distance is not None:
                gap = self.distance.of(result)
                row |= {"gap": gap.mean, "gap_low": gap.low, "gap_high": gap.high}
                row["gap_share"] = self.distance.share(result).mean
            rows[result.policy] = row
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("policy")


def compare(
    policies: Sequence[Any] | None,
    scenario: str | Path | Scenario,
    *,
    paths: int = 1024,
    periods: int | None = None,
    warmup: int = 0,
    seed: int = 0,
    gap: bool = True,
    progress: Callable[[int], Any] | None = None,
) -> Comparison:
    """Play several policies on the same paths of a seed.

    Args:
        policies: names, policies or functions; None plays those that the scenario names, and the agents shipped for it.
        scenario: a shipped name, a path to a YAML file, or a `Scenario`.
        paths: how many paths; `periods`, `warmup`, `seed` and `progress` are those of `evaluate`.
        gap: whether to tell how far each policy is from the best there can be (`Comparison.distance`).

    Returns:
        A `Comparison`, in the order of the policies.
    """
    scenario = load(scenario)
    players = fitted(policies, scenario)
    return Comparison(
        tuple(
            evaluate(player, scenario, paths=paths, periods=periods, warmup=warmup, seed=seed, progress=progress)
            for player in players
        ),
        gap,
    )


def fitted(policies: Sequence[Any] | None, scenario: Scenario) -> list[Any]:
    """Return the policies fitted to the scenario, so that a bad one is refused before any is played.

    None means those that the scenario names, and the agents that are shipped for it.
    """
    if policies is None:
        policies = [*(scenario.policies or ("jit", "just-in-case")), *agents(scenario)]
    names = list(policies)
    if not names:
        raise BadInput("policies: there must be one or more")
    return [policy(name, scenario) for name in names]


@dataclass(frozen=True)
class Story:
    """One path of one policy, period by period, for a picture: each array is (periods, how many there are)."""

    policy: str
    demanded: np.ndarray
    short: np.ndarray
    held: np.ndarray
    ordered: np.ndarray
    in_transit: np.ndarray
    waiting: np.ndarray
    cost: np.ndarray
    available: np.ndarray


def tell(what: Any, scenario: Scenario, *, path: int = 0, periods: int | None = None, seed: int = 0) -> Story:
    """Play one path and keep all of it: the same path of the same seed as in `evaluate`."""
    player, layout = policy(what, scenario), Layout(scenario)
    trace = Chance(scenario).draw(seed, [path], periods)
    simulation = Simulation(layout, trace)
    rows: dict[str, list[np.ndarray]] = {
        name: [] for name in ("demanded", "short", "held", "ordered", "in_transit", "waiting")
    }
    cost = []
    for _ in range(trace.periods):
        flows = simulation.step(player(View(simulation)))
        now = {
            "demanded": flows.demands["demanded"],
            "short": flows.demands["short"],
            "held": flows.stocks["held"],
            "ordered": flows.lanes["ordered"],
            "in_transit": simulation.read("lanes", "in_transit"),
            "waiting": simulation.read("lanes", "waiting"),
        }
        for name, values in now.items():
            rows[name].append(values[0].copy())
        cost.append(flows.money["cost"][0].copy())
    available = np.ones((trace.periods, len(layout.lanes)))
    for name, share in trace.working.items():
        available[:, layout.lanes.index(name)] = share[:, 0]
    return Story(
        name_of(player), **{name: np.array(row) for name, row in rows.items()}, cost=np.array(cost), available=available
    )
