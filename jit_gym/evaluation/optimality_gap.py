"""How far a policy is from the best there can be: the optimum where it is quickly found, else a bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Literal, NamedTuple

import numpy as np

from ..chance.outcomes import replayed
from ..common.statistics import Estimate
from ..scenario import BadInput, Scenario
from ..theory import Optimum, clairvoyant, solve
from ..theory.clairvoyant import columns_of, size_of, whole_numbers
from .metrics import net_cost
from .rollout import Result, evaluate

# What may be done for it is measured in work, and not in time, so that the same is found on a machine that is busy.
MOST_STATES = 100_000
STEPS = 500  # of the solver, each of them a sweep or as much
PATHS = 256  # on which a bound is computed at most
CELLS = 400_000  # of paths, periods, and stocks, lanes and demands: a few seconds
LARGEST = 50_000  # of them on one path
WHOLES = 2_000  # whole numbers on all paths: some seconds each thousand
COLUMNS = 30_000  # of the program of a path: a second or two
SQUARES = 6_800_000_000  # of them on all paths, as the work grows with the square or faster: ten seconds
NEXT_TO_NOTHING = 0.02  # of what the leader costs: a gap as a share of less says nothing


@dataclass(frozen=True)
class OptimalityGap:
    """The best there is to compare with, and how much more than that policies cost.

    `to` says what it is: `optimum`, the policy that is best in the long run (or, with a discount, from the start),
    played on all paths of the comparison; `bound`, the clairvoyant's least cost (all chance known in advance), on the
    first `paths` of them; or `best`, the best policy in the comparison, where neither is found with so little work.

    Costs here are costs less revenue, money a period, weighed by the discount where there is one. `leader` are those of
    the policy that costs least, on all paths, and `above` how much more they are than the best there is, on the first
    `paths`. A policy's gap is its mean lead over `leader`, on all paths, and the mean of `above`: so gaps are as far
    apart as costs, and none is negative where the best is a bound (the leader is a control variate; Law 2015, 11.4).
    Where that would make the best cost less than on any path, the gaps are to the least of these.

    `optimum` is the exact one, and `unproved` how much higher the clairvoyant's least cost may be than the
    bound, where its solver was stopped.
    """

    to: Literal["optimum", "bound", "best"]
    leader: np.ndarray = field(repr=False)
    above: np.ndarray = field(repr=False)
    optimum: Optimum | None = None
    unproved: float = 0.0

    @property
    def paths(self) -> int:
        """Return on how many paths the best is known."""
        return len(self.above)

    @property
    def cost(self) -> float:
        """Return what the best costs, estimated for all paths of the comparison; not less than on any that is known."""
        known = self.leader[: self.paths] - self.above
        return max(float(self.leader.mean() - self.above.mean()), float(known.min()))

    def of(self, result: Result) -> Estimate:
        """Return how much more a result costs than the best there is."""
        return self.of_costs(paid(result))

    def of_costs(self, costs: np.ndarray) -> Estimate:
        """Return how much more a policy of such costs (paths,) costs than the best there is."""
        more = costs - self.leader
        n, all_paths = self.paths, len(more)
        lead = float(self.leader.mean()) - self.cost
        mean = float(more.mean()) + lead
        if all_paths == 1:
            return Estimate(mean, np.nan, np.nan, np.nan)
        parts = more / all_paths
        parts[:n] += (self.above - self.above.mean() + lead) / n
        if n == all_paths:
            return Estimate.of(all_paths * parts)
        if n == 1:
            return Estimate(mean, np.nan, np.nan, np.nan)
        variance = n * parts[:n].var(ddof=1) + (all_paths - n) * (parts[n:].var(ddof=1) if all_paths > n + 1 else 0.0)
        return Estimate.with_error(mean, float(np.sqrt(variance)), n)

    def share(self, result: Result) -> Estimate:
        """Return that as a share of what is compared with, which counts as known.

        Of what is nothing, or next to it beside what the leader costs, a share says nothing: it is nan.
        """
        more, size = self.of(result), abs(self.cost)
        small = size <= max(1e-9, NEXT_TO_NOTHING * abs(float(self.leader.mean())))
        return Estimate(*(np.nan if small else value / size for value in more))


def paid(result: Result) -> np.ndarray:
    """Return costs less revenue on each path, money a period; with a discount, the mean that it weighs."""
    return net_cost(result.figures, result.scenario, result.periods)


class Benchmark(NamedTuple):
    """The best there is to compare with, as `OptimalityGap` has it, and what it costs on the first paths."""

    to: Literal["optimum", "bound", "best"]
    costs: np.ndarray
    optimum: Optimum | None = None
    unproved: float = 0.0


def find_optimality_gap(results: tuple[Result, ...], benchmark: Callable[[], Benchmark] | None = None) -> OptimalityGap:
    """Find the best there is to compare with, in a few seconds; `benchmark` waits for it where that has begun."""
    first = results[0]
    leader = min((paid(result) for result in results), key=lambda costs: float(costs.mean()))
    if benchmark is None:
        benchmark = partial(find_benchmark, first.scenario, first.paths, first.periods, first.warmup, first.seed)
    found = benchmark()
    gap = leader[: len(found.costs)] - found.costs if found.to != "best" else np.zeros_like(leader)
    return OptimalityGap(found.to, leader, gap, found.optimum, unproved=found.unproved)


def find_benchmark(
    scenario: Scenario, paths: int, periods: int, warmup: int, seed: int, go_on: Callable[[Any], Any] | None = None
) -> Benchmark:
    """Find the best there is to compare policies with on paths of a seed, whatever these policies are.

    `go_on` is called after each path of a bound, and may raise to end the search.
    """
    same: dict[str, Any] = {"periods": periods, "warmup": warmup, "seed": seed}
    optimum = quick_optimum(scenario)
    if optimum is not None:
        played = paid(evaluate(optimum.policy, scenario, paths=paths, **same))
        return Benchmark("optimum", played, optimum)
    span = warmup + periods
    size, wholes = size_of(scenario, span), span * whole_numbers(scenario)
    if size <= LARGEST and wholes <= WHOLES:
        try:
            if (columns := columns_of(scenario, warmup, periods, seed)) <= COLUMNS:
                most = min(CELLS // size, WHOLES // max(wholes, 1), SQUARES // columns**2)
                bound = clairvoyant(scenario, paths=min(paths, PATHS, most), nodes=1, progress=go_on, **same)
                return Benchmark("bound", bound.costs, unproved=bound.gap)
        except BadInput:  # it has no bound
            pass
    return Benchmark("best", np.zeros(0))


class _TooMuch(Exception):
    """The solver has more to do than it may."""


@lru_cache(maxsize=16)
def quick_optimum(scenario: Scenario) -> Optimum | None:
    """Solve a scenario if that is quickly done, and return None where it is not.

    An optimum that knows a history in advance is none to compare with.
    """
    if replayed(scenario):
        return None
    steps = 0

    def watch(_: str) -> None:
        nonlocal steps
        steps += 1
        if steps > STEPS:
            raise _TooMuch

    try:
        return solve(scenario, most_states=MOST_STATES, progress=watch)
    except (BadInput, _TooMuch):
        return None
