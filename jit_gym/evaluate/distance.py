"""How far a policy is from the best there can be: the optimum where it is quickly found, else a bound."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic
from typing import Any, Literal

import numpy as np

from ..scenario import BadInput, Scenario
from ..theory import Optimum, solve
from ..theory.clairvoyant import bounded, counts_in_wholes
from .rollout import Result, evaluate
from .statistics import Estimate

MOST_STATES = 100_000
STEPS = 500  # of the solver, each of them a sweep or as much, so that what is found does not depend on the machine
PATIENCE = 60.0  # seconds for an optimum, all the same
SECONDS = 4.0  # for a bound, with whole numbers in it or on a machine that is busy
PATHS = 256
FEW = 8  # paths whose bounds have whole numbers in them
CELLS = 400_000  # of paths, periods, and stocks, lanes and demands, that take a few seconds


@dataclass(frozen=True)
class Distance:
    """The best there is to compare with, and what it costs on the first paths of a comparison.

    `to` says what it is: `optimum`, the policy that is best in the long run (or, with a discount, from the start),
    played on the same paths; `bound`, what somebody pays at least who knows all chance in advance; or `best`, the best
    policy in the comparison, where neither was found in the time. `costs` are costs less revenue, money a period,
    weighed by the discount where there is one; `optimum` is the exact one, and `unproved` how much higher the least
    cost of somebody who knows all may be than the bound, where its solver was stopped.
    """

    to: Literal["optimum", "bound", "best"]
    costs: np.ndarray = field(repr=False)
    optimum: Optimum | None = None
    unproved: float = 0.0

    @property
    def paths(self) -> int:
        """Return on how many paths it is known."""
        return len(self.costs)

    @property
    def cost(self) -> float:
        """Return its mean over these paths."""
        return float(self.costs.mean())

    def of(self, result: Result) -> Estimate:
        """Return how much more a result costs, path by path."""
        return Estimate.of(paid(result)[: self.paths] - self.costs)

    def share(self, result: Result) -> Estimate:
        """Return that as a share of what is compared with, which counts as known; nan where that is nothing."""
        more, size = self.of(result), abs(self.cost)
        small = size <= 1e-9 * max(1.0, abs(more.mean))
        return Estimate(*(np.nan if small else value / size for value in more))


def paid(result: Result) -> np.ndarray:
    """Return costs less revenue on each path, money a period; with a discount, the mean that it weighs."""
    discount = result.scenario.objective.discount
    if discount == 1:
        return -result.figures["profit"]
    return -result.figures["discounted_reward"] / (discount ** np.arange(result.periods)).sum()


def distance(results: tuple[Result, ...]) -> Distance:
    """Find the best there is to compare with, in a few seconds."""
    first, scenario = results[0], results[0].scenario
    same: dict[str, Any] = {"periods": first.periods, "warmup": first.warmup, "seed": first.seed}
    optimum = _optimum(scenario)
    if optimum is not None:
        played = evaluate(optimum.policy, scenario, paths=min(first.paths, PATHS), **same)
        return Distance("optimum", paid(played), optimum)
    size = (first.warmup + first.periods) * (len(scenario.stocks) + len(scenario.lanes) + len(scenario.demands))
    paths = min(first.paths, FEW if counts_in_wholes(scenario) else max(1, min(PATHS, CELLS // size)))
    try:
        bound = bounded(scenario, paths, whole=True, seconds=SECONDS, fewer=True, **same)
    except BadInput:
        bound = None
    if bound is not None and bound.paths:
        return Distance("bound", bound.costs, unproved=bound.gap)
    return Distance("best", min((paid(result) for result in results), key=lambda costs: float(costs.mean())))


class _Late(Exception):
    pass


@lru_cache(maxsize=16)
def _optimum(scenario: Scenario) -> Optimum | None:
    """Solve a scenario if that is quickly done."""
    end, steps = monotonic() + PATIENCE, 0

    def watch(_: str) -> None:
        nonlocal steps
        steps += 1
        if steps > STEPS or monotonic() > end:
            raise _Late

    try:
        return solve(scenario, most_states=MOST_STATES, progress=watch)
    except (BadInput, _Late):
        return None
