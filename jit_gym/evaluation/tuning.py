"""Find a rule's parameters by simulation, on common random numbers and with a stated budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..chance import Chance, Trace
from ..chance.bits import stream
from ..common.executor import HERE, Executor, Tell
from ..common.statistics import Estimate
from ..physics import Layout, Simulation, View
from ..physics.formulas import quantile
from ..physics.worth import Worth
from ..policies import PolicyError, Rule, parse, policy
from ..scenario import BadInput, Scenario, load
from ..scenario.window import in_whole_cycles, settling, stays_as_it_is, window
from .play import name_of
from .service import Service, order_of, shortfalls

BUDGET = 4_000_000  # periods of play for one number that is looked for: about a second
MANY = 6  # numbers beyond which all stocks are moved together first
ENOUGH = 8  # paths on which one may believe in the better of many
MOST = 60_000_000  # periods of one lane that are played by default
ROWS = 1 << 23  # random numbers laid out at a time
SHORT = 1e30  # what a candidate costs that misses the service asked for: more than any that meets it
DIGITS = 6  # significant ones of a number that need not be whole, so that its text says all of it


@dataclass(frozen=True)
class Tuning:
    """How the parameters of a rule were found, and what they cost on chance that the search has not seen.

    `estimate` is a figure's mean with its interval, `formula_estimate` that of the rule by formula (`formula`), and
    `difference` the first less the second, path by path. They are those of `evaluate` with the seed, paths, periods and
    warm-up that stand here.
    """

    figure: str
    """What was made best: cost, profit or discounted_reward."""
    estimate: Estimate
    formula: str
    formula_estimate: Estimate
    difference: Estimate
    tried: int
    """How many candidates were played."""
    spent: int
    """How many periods were played, over all paths of all candidates, the report included."""
    budget: int
    """How many there might have been."""
    seed: int
    paths: int
    periods: int
    warmup: int
    service: Service | None = None
    """The fill rate of the rule, where the scenario asks for one (`objective.fill_rate`)."""
    formula_service: Service | None = None
    """The same of the rule by formula."""


def tune(
    what: Any,
    scenario: str | Path | Scenario,
    *,
    seed: int = 0,
    budget: int | None = None,
    periods: int | None = None,
    warmup: int | None = None,
    executor: Executor = HERE,
    progress: Callable[[int], Any] | None = None,
) -> Rule:
    """Find the parameters of a rule that do best, and return the rule with them.

    The search begins with the rule's own formulas. It plays many candidates side by side as one batch, all on the same
    paths: a grid that is drawn closer for one number, differential evolution (Storn and Price 1997, SciPy's) for
    several, then a search among neighbours, and in the end a race on more and more paths, which leaves out those that
    are behind (successive halving; Jamieson and Talwalkar 2016). The winner is then played on paths that the search has
    not seen.

    Where the scenario asks for a fill rate (`objective.fill_rate`), the rule is the cheapest found that reaches it:
    what misses it on the paths of the search is behind all that does not (Deb 2000), and of the last candidates the
    cheapest is taken whose 95 % interval lies above it, on paths that the search has not seen. Where there is none, the
    rule is that which comes nearest; `tuning.service` says so.

    Args:
        what: a rule's name, or a rule. Parameters that are given stay as they are: `"s-S(s=17)"` looks for `S`.
        scenario: a shipped name, a path to a YAML file, or a `Scenario`.
        seed: of the search and of the report, which use different paths.
        budget: how many periods may be played in all, over all paths and candidates.
        periods: how many periods of a path count; by default the scenario's horizon, or more of the long run where the
            world stays as it is.
        warmup: how many periods are played before those; by default as in `evaluate`.
        executor: where candidates are played that take more than a second: here, in processes, or on a Ray cluster. The
            search, and what it finds, are the same.
        progress: told how many periods were played, every now and then; `budget` at most in all.

    Returns:
        The rule, fitted, with its parameters; its attribute `tuning` is a `Tuning`.
    """
    search = prepare(what, load(scenario), seed=seed, budget=budget, periods=periods, warmup=warmup)
    return search.winner(progress, executor)


def prepare(
    what: Any,
    scenario: Scenario,
    *,
    seed: int = 0,
    budget: int | None = None,
    periods: int | None = None,
    warmup: int | None = None,
) -> Search:
    """Return the search that `tune` would make, having refused what makes no sense."""
    rule = policy(what, scenario)
    if not isinstance(rule, Rule):
        raise PolicyError(f"tune: must be a rule with parameters, got {name_of(rule)}")
    names = free(what, rule)
    if not names:
        why = "all its parameters are given" if rule.names() else "it has no parameters"
        raise PolicyError(f"{rule.name}: there is nothing to tune, {why}")
    for name, value, least in (("budget", budget, 1), ("periods", periods, 1), ("warmup", warmup, 0)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise BadInput(f"{name}: must be a whole number, {least} or more, got {value!r}")
    return Search(rule, names, seed, budget, periods, warmup)


def free(what: Any, rule: Rule) -> list[str]:
    """Return the names of the parameters of a fitted rule that were not given when it was asked for as `what`."""
    asked = parse(what) if isinstance(what, str) else what
    return [name for name in rule.names() if name not in asked.parameters and name not in rule.given]


def tuning_budget(scenario: Scenario) -> int:
    """Return how many periods may be played to tune a rule when all rules are tuned alike: some seconds' worth."""
    return min(BUDGET, MOST // len(scenario.lanes))


def tuned_or_given(
    what: Any, scenario: Scenario, budget: int, seed: int = 0, progress: Callable[[int], Any] | None = None
) -> Any:
    """Return a policy fitted to a scenario, after tuning the parameters of a rule that were not given."""
    player = policy(what, scenario)
    if isinstance(player, Rule) and axes_of(player, free(what, player)):
        return tune(what, scenario, seed=seed, budget=budget, progress=progress)
    return player


class Axis(NamedTuple):
    """One number to look for: a parameter of one stock, or of all of them at once."""

    name: str
    stocks: np.ndarray  # the places of the stocks
    start: float
    step: float  # the first one of the search
    least: float  # the last one
    low: float
    reach: float  # how far from the start it is looked for, at first
    share: bool  # looked for as a quantile, so that 99 % and 99.9 % are as far apart as 80 % and 95 %
    whole: bool

    def value(self, x: np.ndarray) -> np.ndarray:
        """Return the parameter that a place on the axis means."""
        if self.share:
            from scipy.special import ndtr

            x = ndtr(x)
        if self.whole:
            return np.maximum(np.floor(x + 0.5), self.low)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.abs(x))))
            rounded = np.where(np.abs(x) > 0, np.round(x * scale) / scale, 0.0)
        return np.maximum(rounded, self.low)


def axes_of(rule: Rule, names: list[str]) -> list[Axis]:
    """Return what there is to look for: each parameter stock by stock, or at once where all stocks have the same."""
    plan, axes = rule.plan, []
    used = np.flatnonzero(plan.mean > 0)
    spread = np.sqrt((plan.longest_cumulative_lead_time + 1.0) * plan.variance + plan.mean**2 * plan.lead_time_variance)
    for name in names:
        formula = getattr(rule, name)
        share = name in rule.shares
        quantity = not share and name not in rule.counts and name not in rule.periods
        together = not quantity and len(set(formula[used])) == 1
        for stocks in [used] if together else used[:, None]:
            i = stocks[0]
            whole = name in rule.counts or (quantity and plan.whole and name not in rule.fine)
            step = 1.0 if not quantity else max(spread[i], 0.1 * plan.mean[i], 0.1 * formula[i])
            least = 1.0 if whole else 0.02 if share else 2e-4 * max(step, abs(formula[i]))
            low = -np.inf if name in rule.signed else 1.0 if name in rule.counts else 0.0
            start = float(np.clip(quantile(formula[i]), -3.0, 3.0)) if share else float(formula[i])
            step = max(step, least)
            outage = 2.0 * plan.disruptions.longest_outage[i] * plan.mean[i] if quantity else 0.0
            reach = max(3.0 * step, 0.75 * abs(start), outage)
            axes.append(Axis(name, stocks, start, step, least, low, reach, share, whole))
    return axes


class _Spent(Exception):
    """The budget does not allow to play on."""


class Played(NamedTuple):
    """Candidates that are played together: their parameters by name (candidates, stocks), and the paths of a seed."""

    parameters: dict[str, np.ndarray]
    use: str
    first: int
    last: int


class Search:
    """The search for the parameters of one rule: candidates are rows (candidates, axes)."""

    def __init__(
        self,
        rule: Rule,
        names: list[str],
        seed: int,
        budget: int | None,
        periods: int | None,
        warmup: int | None,
    ) -> None:
        """Find out what there is to look for."""
        self.rule, self.scenario, self.names = rule, rule.scenario, names
        self.axes = axes_of(rule, names)
        if not self.axes:
            raise PolicyError(
                f"{rule.name}: there is nothing to tune, nobody asks for anything in {rule.scenario.name}"
            )
        self.layout, self.chance = Layout(self.scenario), Chance(self.scenario)
        self.worth = Worth(self.layout)
        self.periods, self.warmup = window(self.scenario, periods, warmup)
        if periods is None and stays_as_it_is(self.scenario):
            # The longer a path, the smaller the share of its warm-up.
            self.periods = in_whole_cycles(self.scenario, 4 * settling(self.scenario))
        if self.scenario.horizon.ends and self.warmup + self.periods > (end := self.scenario.horizon.periods):
            raise BadInput(
                f"periods: {self.scenario.name} ends after {end} periods, got {self.warmup} + {self.periods}"
            )
        self.seeds = {use: int(stream(seed, f"tune.{use}") >> np.uint64(33)) for use in ("search", "report")}
        count = len(self.axes)
        few = min(count, MANY)
        usual = BUDGET * (2 + few) // 3 * max(1, few // 2)
        self.budget = min(usual, MOST // len(self.layout.lanes)) if budget is None else budget
        self.spent = 0
        length = self.warmup + self.periods
        self.reserve = int(min(128 * length, max(4 * length, 0.15 * self.budget)))  # for the report
        if self.budget < (least := 8 * length):
            raise BadInput(
                f"budget: must be {least:,} periods or more, for two paths of {length:,} periods and a report, got"
                f" {self.budget:,}"
            )
        self.leader = 0, np.inf, np.array([axis.start for axis in self.axes])  # paths, cost, candidate
        self.progress: Callable[[int], Any] | None = None
        self.executor = HERE
        self.random = np.random.default_rng(self.seeds["search"])
        self.tried: set[tuple[float, ...]] = set()
        self.figure = "cost"
        if any(demand.price for demand in self.scenario.demands.values()):
            self.figure = "profit"
        if self.scenario.objective.discount < 1:
            self.figure = "discounted_reward"
        self.required = self.scenario.objective.fill_rate
        self._traces: dict[tuple[str, int, int], Trace] = {}

    # Candidates

    def values(self, candidates: np.ndarray) -> np.ndarray:
        """Return the parameters that candidates mean, one column an axis."""
        return np.column_stack([axis.value(x) for axis, x in zip(self.axes, candidates.T, strict=True)])

    def parameters(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return the parameters of candidates by name (candidates, stocks); where no axis is, they are by formula."""
        out = {name: np.repeat(getattr(self.rule, name)[None, :], len(values), axis=0) for name in self.names}
        for axis, column in zip(self.axes, values.T, strict=True):
            out[axis.name][:, axis.stocks] = column[:, None]
        return out

    def place(self, parameters: dict[str, np.ndarray]) -> np.ndarray:
        """Return the candidate (axes,) that has parameters (stocks,), and those by formula where none are given."""
        return np.array(
            [
                float(parameters[axis.name][axis.stocks[0]])
                if axis.name in parameters and not axis.share
                else axis.start
                for axis in self.axes
            ]
        )

    def sensible(self, values: np.ndarray) -> np.ndarray:
        """Tell which candidates the rule does not refuse (candidates,)."""
        rule = self.rule.having(self.parameters(values))
        fine = np.ones(len(values), bool)
        for fault in rule.faults():
            fine &= ~np.broadcast_to(fault.where, (len(values), len(self.layout.stocks))).any(axis=1)
        return fine

    # Playing

    def cost(self, candidates: np.ndarray, paths: int) -> np.ndarray:
        """Return the mean cost of candidates on the first paths of the search; infinite where the rule refuses them."""
        values = self.values(candidates)
        unique, where = np.unique(values, axis=0, return_inverse=True)
        costs = np.full(len(unique), np.inf)
        fine = self.sensible(unique)
        if fine.any():
            outcomes = self.outcomes(self.parameters(unique[fine]), "search", 0, paths)
            costs[fine] = -outcomes[:, 0].mean(axis=1)
            if self.required is not None:
                short = shortfalls(outcomes[:, 1].mean(axis=1), self.required)
                costs[fine] = np.where(short > 0, SHORT * (1.0 + short), costs[fine])
            self.tried |= set(map(tuple, unique[fine].tolist()))
        costs = np.where(np.isfinite(costs), costs, np.inf)[np.ravel(where)]
        best = int(np.argmin(costs))
        if (-paths, costs[best]) < (-self.leader[0], self.leader[1]):  # more paths tell more
            self.leader = paths, float(costs[best]), candidates[best]
        return costs

    def trace(self, use: str, first: int, last: int) -> Trace:
        """Return the paths of a seed from one to before another, drawn once."""
        key = use, first, last
        if key not in self._traces:
            if len(self._traces) > 2:
                self._traces.clear()
            self._traces[key] = self.chance.draw(self.seeds[use], np.arange(first, last), self.warmup + self.periods)
        return self._traces[key]

    @cached_property
    def certain(self) -> bool:
        """Tell whether all paths are the same, so that few are as good as many."""
        rows = self.trace("search", 0, ENOUGH).rows
        return bool((rows == rows[:, :1]).all())

    def outcomes(self, parameters: dict[str, np.ndarray], use: str, first: int, last: int) -> np.ndarray:
        """Return what several candidates come to on the same paths (candidates, figures, paths).

        That is the reward a period (or discounted), and, where the scenario asks for one, the fill rate.
        """
        (count,) = {len(each) for each in parameters.values()}
        plays = count * (last - first) * (self.warmup + self.periods)
        if use == "search" and self.spent + plays > self.budget - self.reserve:
            raise _Spent
        trace = self.trace(use, first, last)
        at_once = max(1, ROWS // trace.rows.size)
        executor = HERE
        if (work := plays * len(self.layout.lanes)) >= 2 * BUDGET:  # seconds of play are worth other processes
            executor = self.executor
            at_once = min(at_once, max(1, count * BUDGET // work))
        parts = [
            Played({name: each[k : k + at_once] for name, each in parameters.items()}, use, first, last)
            for k in range(0, count, at_once)
        ]
        outcomes = executor.run(partial(_outcomes_of, self), parts, progress=self.progress)
        self.spent += plays
        return np.concatenate(outcomes)

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs to play candidates; it draws the paths itself."""
        return self.__dict__ | {"progress": None, "executor": HERE, "_traces": {}}

    def play(self, part: Played, progress: Tell) -> np.ndarray:
        """Return what some candidates come to (candidates, figures, paths)."""
        parameters, trace = part.parameters, self.trace(part.use, part.first, part.last)
        (count,) = {len(each) for each in parameters.values()}
        rows = np.tile(trace.rows, (1, count, 1)) if count > 1 else trace.rows
        player = self.rule.having({name: np.repeat(each, trace.paths, axis=0) for name, each in parameters.items()})
        simulation = Simulation(self.layout, Trace(trace.columns, rows))
        total, discount = np.zeros(rows.shape[1]), self.scenario.objective.discount
        demanded, short = np.zeros((2, rows.shape[1]))
        for t in range(trace.periods):
            if t == self.warmup:
                total -= self.worth_of(simulation)
            flows = simulation.step(player(View(simulation)))
            if t >= self.warmup:
                total += discount ** (t - self.warmup) * flows.money["reward"][:, 0]
                if self.required is not None:
                    demanded += flows.demands["demanded"].sum(axis=1)
                    short += flows.demands["short"].sum(axis=1)
        total += discount**self.periods * self.worth_of(simulation)
        progress(rows.shape[1] * trace.periods)
        total = total if self.figure == "discounted_reward" else total / self.periods
        figures = [total]
        if self.required is not None:
            figures.append(1.0 - short / np.where(demanded > 0, demanded, 1.0))
        return np.stack([figure.reshape(count, trace.paths) for figure in figures], axis=1)

    def worth_of(self, simulation: Simulation) -> Any:
        """Return what a simulation's units are worth now, with what waiting customers will pay (paths,), or 0."""
        return sum(self.worth.of(simulation, simulation.period)) if self.worth.counts else 0.0

    def paths_for(self, share: float, candidates: int) -> int:
        """Return how many paths each of some candidates may be played on, for a share of the budget."""
        if self.certain:
            return ENOUGH
        return max(2, int(share * self.budget / ((self.warmup + self.periods) * candidates)))

    # Searching

    def winner(self, progress: Callable[[int], Any] | None = None, executor: Executor = HERE) -> Rule:
        """Search, race, and report, within the budget."""
        self.progress, self.executor = progress, executor
        with executor, np.errstate(all="ignore"):  # a candidate whose costs are not finite loses
            try:
                best = self.search()
            except _Spent:
                best = self.values(self.leader[2][None, :])
            return self.report(best)

    def search(self) -> np.ndarray:
        """Return the parameters of the best candidate (1, axes)."""
        start = np.array([axis.start for axis in self.axes])
        pattern = len(self.pattern(start, np.ones(len(start))))
        if len(start) == 1:
            centre, paths = start, self.paths_for(0.25, 5 * pattern)
        elif len(start) <= MANY:
            centre, paths = self.evolve(start, self.budget * 0.25), self.paths_for(0.4, 6 * pattern)
        else:
            centre, paths = self.together(start, self.budget * 0.25), self.paths_for(0.4, 6 * pattern)
        found = np.array([start, centre])
        if len(start) <= MANY or paths >= ENOUGH:
            found = np.vstack([start, self.descend(found, paths, 0.65 * self.budget)])
        if self.required is not None:
            return self.judge(found, 0.85 * self.budget)
        return self.race(np.unique(found, axis=0), 0.85 * self.budget)

    def together(self, start: np.ndarray, until: float) -> np.ndarray:
        """Return the best place when a parameter of all stocks moves by as many of their own steps at once."""
        names = list(dict.fromkeys(axis.name for axis in self.axes))
        member = np.array([[axis.name == name for axis in self.axes] for name in names], float)
        step, low = (np.array([getattr(axis, what) for axis in self.axes]) for what in ("step", "low"))
        reach = 4 if len(names) == 1 else 1
        moves = np.array(list(product(range(-reach, reach + 1), repeat=len(names))), float)
        paths = max(ENOUGH, min(self.paths_for(0.25, 8 * len(moves)), 32))
        best, width, place = np.zeros(len(names)), 1.0 if reach == 1 else 0.5, start
        while width > 0.05 and self.spent < until:
            offsets = best + width * moves
            places = np.maximum(start + offsets @ member * step, low)
            chosen = int(np.argmin(self.cost(places, paths)))
            width = width / 2 if (np.abs(moves[chosen]) <= reach / 2).all() else width
            best, place = offsets[chosen], places[chosen]
        return place

    def evolve(self, start: np.ndarray, until: float) -> np.ndarray:
        """Return the best place that differential evolution finds from the start."""
        from scipy.optimize import differential_evolution

        count = 10 * len(start)
        paths = max(2, min(self.paths_for(0.25, 25 * count), 32))
        reach = np.array([axis.reach for axis in self.axes])
        known = np.vstack([start, *(self.place(each) for each in self.rule.starts())])
        low = np.maximum(np.minimum(start - reach, known.min(axis=0)), [axis.low for axis in self.axes])
        high = np.maximum(np.maximum(start, low) + reach, known.max(axis=0))
        first = self.random.uniform(low, high, (count, len(start)))
        first[: len(known)] = np.clip(known, low, high)
        noted = start

        def note(intermediate_result: Any) -> bool:
            nonlocal noted
            noted = intermediate_result.x
            return self.spent > until

        evolution: Any = differential_evolution  # its types know nothing of batches
        evolution(
            lambda x: self.cost(x.T, paths),
            np.column_stack([low, high]),
            init=first,
            seed=self.random,
            integrality=[axis.whole for axis in self.axes],
            vectorized=True,
            updating="deferred",
            polish=False,
            maxiter=1000,
            tol=1e-4,
            callback=note,
        )
        return noted

    def pattern(self, centre: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Return a place and its neighbours: a grid for few axes, lines and random directions for many."""
        count = len(centre)
        if count <= 5:
            reach = [4, 2, 1, 1, 1][count - 1]
            moves = np.array(list(product(range(-reach, reach + 1), repeat=count)), float)
        else:
            lines = np.vstack([k * np.eye(count) for k in (-2, -1, 0, 1, 2)])
            moves = np.vstack([lines, self.random.integers(-1, 2, (12 * count, count))])
        places = centre + moves * step
        return np.maximum(places, [axis.low for axis in self.axes])

    def descend(self, places: np.ndarray, paths: int, until: float) -> np.ndarray:
        """Go from the best of some places to the best of its neighbours, by smaller and smaller steps.

        Returns the last neighbourhood, the best first.
        """
        least = np.array([axis.least for axis in self.axes])
        centre = places[np.argmin(self.cost(places, paths))]
        step = np.array([axis.step for axis in self.axes]) / (1 if len(centre) == 1 else 2)
        step = np.where([axis.whole for axis in self.axes], np.ceil(step), step)
        while True:
            around = self.pattern(centre, step)
            costs = self.cost(around, paths)
            order = np.argsort(costs, kind="stable")
            best = around[order[0]]
            moved = np.abs(best - centre) > 1.5 * step
            centre = best
            if not moved.any():
                if (step <= least * 1.001).all():
                    break
                step = np.maximum(step / (4 if len(centre) == 1 else 2), least)
                step = np.where([axis.whole for axis in self.axes], np.ceil(step - 1e-9), step)
            if self.spent > until:
                break
        return around[order[: 12 + 4 * len(centre)]]

    def race(self, places: np.ndarray, until: float) -> np.ndarray:
        """Return the best of some places, on more and more paths; the clearly worse and the worse half are dropped."""
        values = self.values(places)
        _, first = np.unique(values, axis=0, return_index=True)
        values = values[np.sort(first)]
        values = values[self.sensible(values)]
        rewards = np.zeros((len(values), 0))
        while len(values) > 1:
            rounds, paths = int(np.ceil(np.log2(len(values)))), rewards.shape[1]
            share = max(until - self.spent, 0.0) / self.budget / rounds
            last = paths + self.paths_for(share, len(values))
            more = self.outcomes(self.parameters(values), "search", paths, last)
            rewards = np.hstack([rewards, more[:, 0]])
            order = np.argsort(-rewards.mean(axis=1), kind="stable")
            behind = rewards[order[0]] - rewards[order]
            clear = behind.mean(axis=1) > 3 * behind.std(axis=1) / np.sqrt(rewards.shape[1])
            keep = order[: len(order) // 2]
            keep = keep[~clear[: len(keep)]]
            values, rewards = values[keep], rewards[keep]
        return values

    def judge(self, places: np.ndarray, until: float) -> np.ndarray:
        """Return the cheapest of some places whose fill rate is surely the one asked for, on paths not played before.

        Where none surely is, the one that comes nearest: whose interval begins highest.
        """
        values = self.values(places)
        _, first = np.unique(values, axis=0, return_index=True)
        values = values[np.sort(first)]
        values = values[self.sensible(values)]
        start = self.leader[0]
        paths = self.paths_for(max(until - self.spent, 0.0) / self.budget, len(values))
        outcomes = self.outcomes(self.parameters(values), "search", start, start + paths)
        served = [Service(self.required or 0.0, Estimate.of(each)) for each in outcomes[:, 1]]
        short = np.array([each.lack for each in served])
        return values[order_of(-outcomes[:, 0].mean(axis=1), short)[:1]]

    def report(self, values: np.ndarray) -> Rule:
        """Return the rule with its parameters, and what they cost on paths that the search has not seen."""
        best = self.rule.having({name: each[0] for name, each in self.parameters(values).items()})
        both = {name: np.array([getattr(best, name), getattr(self.rule, name)]) for name in self.names}
        affordable = (self.budget - self.spent) // (2 * (self.warmup + self.periods))
        paths = int(min(np.clip(self.paths_for(0.15, 2), 64, 4096), affordable))
        outcomes = self.outcomes(both, "report", 0, paths)
        figures = outcomes[:, 0]
        if self.figure == "cost":
            figures = -figures
        required = self.required
        served = [None, None] if required is None else [Service(required, Estimate.of(each)) for each in outcomes[:, 1]]
        best.tuning = Tuning(
            figure=self.figure,
            estimate=Estimate.of(figures[0]),
            formula=str(self.rule),
            formula_estimate=Estimate.of(figures[1]),
            difference=Estimate.of(figures[0] - figures[1]),
            tried=len(self.tried),
            spent=self.spent,
            budget=self.budget,
            seed=self.seeds["report"],
            paths=paths,
            periods=self.periods,
            warmup=self.warmup,
            service=served[0],
            formula_service=served[1],
        )
        return best


def _outcomes_of(search: Search, part: Played, progress: Tell) -> np.ndarray:
    """Play some candidates of a search, here or in another process."""
    with np.errstate(all="ignore"):
        return search.play(part, progress)
