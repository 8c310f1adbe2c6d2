"""Several policies on the same traces: which is better, and by how much."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chance import Chance, Trace
from ..common.executor import HERE, Executor, Tell
from ..common.renamed import warn
from ..common.statistics import Estimate
from ..common.threads import Meanwhile
from ..physics import Flows, Layout, Simulation, State
from ..policies import agents, policy
from ..scenario import BadInput, Scenario, load
from ..scenario.window import window
from .caveats import caveats, has_seen
from .judgement import THRESHOLD, Judgement, judged
from .metrics import MoneyCounter, deciding_figure
from .optimality_gap import Benchmark, OptimalityGap, find_benchmark, find_optimality_gap
from .play import name_of, play_all
from .resilience import Resilience, measure_all
from .rollout import Result, check_span, evaluate_all, is_certain
from .service import Reaches, Service, in_words
from .tuning import tuned_or_given, tuning_budget

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Comparison:
    """Results of several policies on the same paths; the first is what the others are compared with.

    `threshold` is the share of the best policy's figure under which a difference is practically nothing. `tuned` tells
    how many periods were played to tune each rule, 0 where none was. `notes` says in sentences what a reader must know
    before acting on it.
    """

    results: tuple[Result, ...]
    gap: bool = True
    threshold: float = THRESHOLD
    tuned: int = 0
    notes: tuple[str, ...] = ()
    benchmark: Callable[[], Benchmark] | None = field(default=None, repr=False)
    """What waits for the best there is to compare with, where that is looked for on another thread."""

    @cached_property
    def optimality_gap(self) -> OptimalityGap | None:
        """Return the best there is to compare with, worked out when it is first asked for; None without `gap`."""
        return find_optimality_gap(self.results, self.benchmark) if self.gap else None

    @cached_property
    def resilience(self) -> tuple[Resilience, ...] | None:
        """Return what disruptions did to each policy, worked out when it is first asked for; None where none began.

        It is measured on the first paths alone, the same for each policy (`measure_resilience` on more).
        """
        measured = measure_all(self.results)
        for result, each in zip(self.results, measured, strict=True):
            vars(result)["resilience"] = each  # so that the result need not play for it again
        return tuple(each for each in measured if each is not None) or None

    @property
    def distance(self) -> OptimalityGap | None:
        """Return `optimality_gap`, under its old name."""
        warn("Comparison.distance", "optimality_gap")
        return self.optimality_gap

    @property
    def scenario(self) -> Scenario:
        """Return the scenario that was played."""
        return self.results[0].scenario

    @property
    def figure(self) -> str:
        """Return the figure that decides: `cost`, `profit`, or with a discount `discounted_reward`."""
        return deciding_figure(self.scenario)

    @cached_property
    def best(self) -> Result:
        """Return the result with the best figure, of a policy that has not learned on the very events played.

        Where all have, the best of all; where the scenario asks for a fill rate, of those that reach it (`eligible`).
        """
        return max(self.eligible or self.results, key=self._merit)

    @property
    def eligible(self) -> tuple[Result, ...]:
        """Return the results of policies that may be called the best: those that have not seen these very events.

        Where the scenario asks for a fill rate, of these those that surely reach it; or else those that may; or else
        all.
        """
        fair = self.fair
        if self.scenario.objective.fill_rate is None:
            return fair
        reach = [self.reaches(result) for result in fair]
        sought = "meets" if "meets" in reach else "unclear" if "unclear" in reach else "misses"
        return tuple(result for result, each in zip(fair, reach, strict=True) if each == sought)

    @property
    def fair(self) -> tuple[Result, ...]:
        """Return the results of policies that have not learned on the very events played."""
        return tuple(result for result in self.results if not has_seen(result.player, self.scenario))

    def service(self, result: Result) -> Service | None:
        """Return a policy's fill rate beside the one that the scenario asks for, or None where it asks for none."""
        required = self.scenario.objective.fill_rate
        return None if required is None else Service(required, result.estimate("fill_rate"))

    def reaches(self, result: Result) -> Reaches | None:
        """Return whether a policy meets the fill rate that the scenario asks for, misses it, or may do either."""
        service = self.service(result)
        return service and service.reaches(self.certain)

    @cached_property
    def certain(self) -> bool:
        """Tell whether nothing is left to chance: no figure that decides differs between paths, or may."""
        paths = self.results[0].paths
        equal = all(np.ptp(result.figures[self.figure]) == 0 for result in self.results)
        return equal and (paths > 1 or is_certain(self.scenario))

    def difference(self, result: Result, figure: str = "cost") -> Estimate:
        """Return how much more of a figure a result has than the first one, path by path, with its own interval."""
        return Estimate.of(result.figures[figure] - self.results[0].figures[figure])

    def against(self, result: Result, other: Result, figure: str | None = None) -> Estimate:
        """Return how much more of a figure a result has than another one, path by path; by default what decides.

        All intervals of one result against the others hold together with 95 %, also where that result was chosen
        because it is the best (multiple comparisons with the best, Hsu 1984; here by Bonferroni's inequality).
        """
        figure = self.figure if figure is None else figure
        return Estimate.of(result.figures[figure] - other.figures[figure], len(self.results) - 1)

    def judged(self, more: Estimate) -> Judgement:
        """Return what a difference of the deciding figure means for the policy that has more of it."""
        if self.certain:  # one path tells all
            more = Estimate(more.mean, 0.0, more.mean, more.mean)
        return judged(more, self.figure, self.practical)

    @property
    def practical(self) -> float:
        """Return the difference of the deciding figure below which two policies are practically the same."""
        return self.threshold * abs(self.best.mean(self.figure))

    def _merit(self, result: Result) -> float:
        mean = result.mean(self.figure)
        return -mean if self.figure == "cost" else mean

    def frame(self, by: str | None = None) -> pd.DataFrame:
        """Return a table: one row a policy, each figure's mean and 95 % interval, the difference of cost, the gap.

        With `by`, "stocks", "lanes" or "demands", a row for each policy and item, and the means of its figures.
        """
        import pandas as pd

        if by is not None:
            item = by.removesuffix("s")
            frames = {result.policy: result.frame(by).groupby(level=item, sort=False).mean() for result in self.results}
            return pd.concat(frames, names=["policy", item])
        rows = {}
        for result in self.results:
            row: dict[str, float] = {}
            for name in result.figures:
                estimate = result.estimate(name)
                row |= {name: estimate.mean, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
            more = self.difference(result)
            row |= {"cost_difference": more.mean, "cost_difference_low": more.low, "cost_difference_high": more.high}
            if self.optimality_gap is not None:
                gap = self.optimality_gap.of(result)
                row |= {"gap": gap.mean, "gap_low": gap.low, "gap_high": gap.high}
                row["gap_share"] = self.optimality_gap.share(result).mean
            rows[result.policy] = row
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("policy")


def compare(
    policies: Sequence[Any] | None,
    scenario: str | Path | Scenario,
    *,
    paths: int = 1024,
    periods: int | None = None,
    warmup: int | None = None,
    seed: int = 0,
    gap: bool = True,
    gap_early: bool = False,
    tuned: bool | int = False,
    threshold: float = THRESHOLD,
    executor: Executor = HERE,
    progress: Callable[[int], Any] | None = None,
) -> Comparison:
    """Play several policies on the same paths of a seed.

    Args:
        policies: names, policies or functions; None plays those that the scenario names, and the agents shipped for it.
        scenario: a shipped name, a path to a YAML file, or a `Scenario`.
        paths: how many paths; `seed` and `progress` are those of `evaluate`.
        periods: how many periods count; the scenario's horizon by default.
        warmup: how many periods are played before those. By default so many that the start is forgotten, where the
            world stays as it is and so has a long run; none elsewhere (`scenario.window`).
        gap: whether to tell how far each policy is from the best there can be (`Comparison.optimality_gap`).
        gap_early: whether to begin to look for that at once, on another thread, and not when it is first asked for.
        tuned: whether to tune each rule first, all with the same number of periods played (True: a few seconds' worth).
            Parameters that are given stay as they are.
        threshold: the share of the best figure under which a difference is practically nothing.
        executor: where rules are tuned: here, in processes, or on a Ray cluster; the result is the same.

    Returns:
        A `Comparison`, in the order of the policies.

    Raises:
        PolicyError: for policies that do not exist or fit, before any is played.
        BadInput: for arguments that make no sense.
    """
    scenario = load(scenario)
    if not 0 <= threshold < 1:
        raise BadInput(f"threshold: must be a share from 0 to 1, such as 0.005, got {threshold!r}")
    periods, warmup = window(scenario, periods, warmup)
    check_span(scenario, paths, periods, warmup)
    names = named(policies, scenario)
    players, budget = [policy(name, scenario) for name in names], 0  # a bad one is refused before any is played
    if tuned is not False:
        budget = tuning_budget(scenario) if tuned is True else tuned
        players = executor.run(partial(_tuned, scenario, budget, seed), names, progress=progress)
    benchmark = None
    if gap and gap_early:
        benchmark = Meanwhile(partial(find_benchmark, scenario, paths, periods, warmup, seed))
    try:
        results = evaluate_all(players, scenario, paths, periods, warmup, seed, progress)
    except BaseException:
        if benchmark is not None:
            benchmark.stop()
        raise
    said = tuple(caveats(scenario, players, periods))
    comparison = Comparison(tuple(results), gap, threshold, budget, said, benchmark)
    served = [(result.policy, service) for result in results if (service := comparison.service(result)) is not None]
    return replace(comparison, notes=(*in_words(served, comparison.certain), *said))


def _tuned(scenario: Scenario, budget: int, seed: int, what: Any, progress: Tell) -> Any:
    """Return one policy, with the parameters that do best where it has any that were not given."""
    return tuned_or_given(what, scenario, budget, seed, progress)


def named(policies: Sequence[Any] | None, scenario: Scenario, shipped: bool = True) -> list[Any]:
    """Return the policies; where none are named, those that the scenario names, and the agents shipped for it.

    Without `shipped` no agents: those of a scenario do not fit its variants.
    """
    if policies is None:
        policies = [*(scenario.policies or ("jit", "just-in-case")), *(agents(scenario) if shipped else ())]
    if not (names := list(policies)):
        raise BadInput("policies: there must be one or more")
    return names


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
    fitted = getattr(what, "scenario", None) is scenario  # as the policies of results are, which takes a while
    return tell_all([what if fitted else policy(what, scenario)], scenario, path, periods, seed)[0]


def tell_all(players: Iterable[Any], scenario: Scenario, path: int, periods: int | None, seed: int) -> list[Story]:
    """Play one path with each of some policies, fitted to the scenario: it is drawn once (see `tell`)."""
    layout, trace = Layout(scenario), Chance(scenario).draw(seed, [path], periods)
    return [_told(player, layout, trace) for player in players]


def _told(player: Any, layout: Layout, trace: Trace) -> Story:
    """Play the only path of a trace."""
    tables = (layout.demands, layout.demands, layout.stocks, layout.lanes, layout.lanes, layout.lanes)
    _, told = play_all(player, Simulation(layout, trace), 0, None, _of_a_story, MoneyCounter)
    *parts, cost = np.split(told[:, :, 0], np.cumsum([len(names) for names in tables]), axis=1)
    available = np.ones((trace.periods, len(layout.lanes)))
    for name, share in trace.working.items():
        available[:, layout.lanes.index(name)] = share[:, 0]
    told_of = dict(zip(("demanded", "short", "held", "ordered", "in_transit", "waiting"), parts, strict=True))
    return Story(name_of(player), **told_of, cost=cost[:, 0], available=available)


def _of_a_story(state: State, flows: Flows) -> tuple[Any, ...]:
    """Return what a story tells of a period, in the order of its fields (paths, how many there are)."""
    demands, stocks, lanes, moving = flows.demands, flows.stocks, flows.lanes, state.lanes
    tables = demands["demanded"], demands["short"], stocks["held"], lanes["ordered"]
    return *tables, moving["in_transit"], moving["waiting"], flows.money["cost"]
