"""The clairvoyant bound: the least cost of a policy that knows all chance in advance."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..chance import Chance
from ..common.checks import check_count
from ..common.threads import stream
from ..scenario import BadInput, Scenario, load
from ..scenario.supports import unsupported
from .path_program import Accounts, Begun, PathProgram
from .program import Answer, Solver, Unbounded

NODES = 100  # of the branch-and-bound search on each path
LARGEST = 500_000  # periods of a stock, a lane or a demand in a program
EXACT = 1e-6  # a gap that counts as none, as a share of the cost
PATHS_AT_ONCE = 256  # drawn by one call
WIDE = 50  # stocks, lanes and demands from which on the solution of another path is no help to the solver


@dataclass(frozen=True)
class Bound:
    """A lower bound on the cost of every policy, on some paths of a scenario.

    `costs` has for each path a lower bound on costs less revenue, money a period as `evaluate` counts it; with a
    discount b below 1 it is the mean weighted by b^t in period t, over the periods counted.

    `gaps` tells how much lower than the least cost of the program each bound may be, because the solver was stopped
    before it had proved more (money a period; 0 where it had not to be stopped, inf where it found no plan). `orders`
    are those of the best plans found (paths, periods with the warm-up, lanes), if they were asked for.
    """

    scenario: Scenario
    paths: int
    periods: int
    warmup: int
    seed: int
    whole: bool
    costs: np.ndarray = field(repr=False)
    gaps: np.ndarray = field(repr=False)
    orders: np.ndarray | None = field(default=None, repr=False)

    @property
    def cost(self) -> float:
        """Return the mean of the bounds over the paths."""
        return float(self.costs.mean())

    @property
    def gap(self) -> float:
        """Return how much lower than the least cost the mean may be."""
        return float(self.gaps.mean())

    @property
    def error(self) -> float:
        """Return the standard error of the mean over the paths."""
        return float(self.costs.std(ddof=1) / np.sqrt(self.paths)) if self.paths > 1 else np.nan

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the mean over the paths (Student's t)."""
        from scipy.special import stdtrit

        half = float(stdtrit(self.paths - 1, 0.975)) * self.error if self.paths > 1 else np.nan
        return self.cost - half, self.cost + half


def clairvoyant(
    scenario: str | Path | Scenario,
    *,
    paths: int = 256,
    periods: int | None = None,
    warmup: int = 0,
    seed: int = 0,
    whole: bool = True,
    orders: bool = False,
    nodes: int = NODES,
    begun: Begun | None = None,
    progress: Callable[[int], Any] | None = None,
    seconds: float | None = None,
) -> Bound:
    """Compute a lower bound on what a policy that knows the whole trace pays, on paths 0, 1, ... of a seed.

    Each path is a linear or mixed-integer program of the flows in all its periods (`path_program`), solved by HiGHS. It
    follows the physics, but leaves free what the physics forces on every policy, which can only make the bound lower:
    when what waits is shipped, which demand is served first and when, which units are used first, and how units are
    rounded. Fixed costs, batches, least orders and vehicles are whole numbers (`whole=True`) or relaxed to shares
    (`whole=False`); other units may be divided.

    Args:
        scenario: a shipped name, a path to a YAML file, or a `Scenario`.
        paths: how many paths.
        periods: how many periods are counted, `warmup` how many are played before those; both as in `evaluate`, as is
            what units are worth that are left.
        seed: of the traces; the same seed is the same chance as in `evaluate`.
        whole: whether what comes in whole numbers is planned so.
        orders: whether to keep the orders of the best plans.
        nodes: how many nodes of the branch-and-bound search are visited on each path; where it would take more, the
            bounds have a gap. It measures work, not time, so that a bound is the same on any machine.
        begun: what was ordered, shipped and served in the first periods, on all paths, which the plan cannot change;
            the bound is then on every policy that goes on from there.
        progress: told after each path that one more is done.
        seconds: does nothing any more, and is deprecated.

    Returns:
        A `Bound`, path by path.

    Raises:
        BadInput: where profit is unbounded, so that there is no bound, and for what the program does not follow.
    """
    scenario = load(scenario)
    periods = scenario.horizon.periods if periods is None else periods
    for name, value, least in (("paths", paths, 1), ("periods", periods, 1), ("warmup", warmup, 0)):
        check_count(name, value, least)
    scenario.check_length(warmup, periods)
    if seconds is not None:
        warnings.warn("seconds does nothing: a bound stops after so many nodes", DeprecationWarning, stacklevel=2)
    check_count("nodes", nodes, 1)
    _refuse_what_it_does_not_follow(scenario)
    if (size := size_of(scenario, warmup + periods)) > LARGEST:
        many = f"a path has {size:,} periods of a stock, a lane or a demand"
        raise BadInput(f"{scenario.name}: {many}, too many for one program (at most {LARGEST:,}; count fewer periods)")
    accounts = Accounts(scenario, warmup, periods)
    traces = _traces(scenario, seed, paths, accounts.periods)
    programs = (_program(accounts, trace, whole, begun) for trace in traces)
    integer, wide = whole and whole_numbers(scenario) > 0, size_of(scenario, 1) >= WIDE
    costs, gaps, plans = [], [], []
    try:
        for path, answer in _answers(programs, whole_numbers=integer, nodes=nodes, wide=wide):
            costs.append(answer.bound / accounts.weight.sum())
            gap = (answer.value - answer.bound) / accounts.weight.sum()
            gaps.append(0.0 if gap <= EXACT * max(1.0, abs(costs[-1])) else gap)
            if orders:
                shape = accounts.periods, len(scenario.lanes)
                plans.append(np.full(shape, np.nan) if answer.point is None else path.orders(answer.point))
            if progress is not None:
                progress(1)
    except Unbounded:
        earn = "one can earn without end by buying what is worth more when it is left or scrapped"
        raise BadInput(f"{scenario.name}: has no bound: {earn} (give its lanes a capacity)") from None
    return Bound(
        scenario,
        paths,
        periods,
        warmup,
        seed,
        whole,
        costs=np.array(costs),
        gaps=np.array(gaps),
        orders=np.array(plans) if orders else None,
    )


def _program(accounts: Accounts, trace: np.ndarray, whole: bool, begun: Begun | None) -> PathProgram:
    """Return the program of a path, with the orders of its first periods fixed where they were placed already."""
    program = PathProgram(accounts, trace, whole=whole)
    if begun is not None:
        program.begin(begun)
    return program


def size_of(scenario: Scenario, periods: int) -> int:
    """Return how many periods of a stock, a lane or a demand there are in the program of a path."""
    return periods * (len(scenario.stocks) + len(scenario.lanes) + len(scenario.demands))


def columns_of(scenario: Scenario, warmup: int, periods: int, seed: int) -> int:
    """Return how many columns the program of the first path has: more than `size_of` where much is on the way.

    Raises:
        BadInput: for what the program does not follow.
    """
    _refuse_what_it_does_not_follow(scenario)
    accounts = Accounts(scenario, warmup, periods)
    first = next(_traces(scenario, seed, 1, accounts.periods))
    return PathProgram(accounts, first, whole=True).program.cost.size


def _refuse_what_it_does_not_follow(scenario: Scenario) -> None:
    for place in unsupported("B", scenario):
        raise BadInput(f"{place}: has no bound yet (jit_gym.evaluate plays it)")


def whole_numbers(scenario: Scenario) -> int:
    """Return how many numbers a period has that come in wholes: orders that are placed, batches and vehicles."""
    whole = scenario.units == "whole"
    placed = sum(bool(lane.fixed_cost or lane.minimum_order) for lane in scenario.lanes.values())
    batches = sum(bool(lane.batch and not (whole and lane.batch == 1)) for lane in scenario.lanes.values())
    return placed + batches + sum(bool(route.vehicle_cost or route.full_loads) for route in scenario.routes.values())


def _answers(
    programs: Iterable[PathProgram], *, whole_numbers: bool, nodes: int, wide: bool
) -> Iterator[tuple[PathProgram, Answer]]:
    """Solve the programs of all paths, in their order; on all threads where each is solved for itself.

    HiGHS runs without Python's global lock. Linear programs of few stocks are solved by one solver that begins each at
    the solution of the last one, which is much like it: that is four to eight times as fast, which threads are not.
    """
    if whole_numbers:
        yield from stream(partial(_solve_whole, nodes), programs)
    elif wide:
        yield from stream(_solve_alone, programs)
    else:
        solver = Solver()
        for path in programs:
            yield path, solver.solve(path.program)


def _solve_alone(path: PathProgram) -> tuple[PathProgram, Answer]:
    """Solve a linear program."""
    return path, Solver().solve(path.program)


def _solve_whole(nodes: int, path: PathProgram) -> tuple[PathProgram, Answer]:
    """Solve a program with whole numbers for so many nodes; its linear relaxation may give a better bound."""
    relaxation = Solver().solve(path.program.relaxed())
    answer = Solver().solve(path.program, nodes=nodes, gap=EXACT)
    return path, answer._replace(bound=max(answer.bound, relaxation.bound))


def _traces(scenario: Scenario, seed: int, paths: int, periods: int) -> Iterator[np.ndarray]:
    """Yield the trace of each path (periods, columns.chance), drawn a few paths at a time."""
    chance = Chance(scenario)
    for first in range(0, paths, PATHS_AT_ONCE):
        trace = chance.draw(seed, np.arange(first, min(first + PATHS_AT_ONCE, paths)), periods)
        for b in range(trace.paths):
            yield trace.chance[:, b]
