"""Find a rule's parameters by simulation, on common random numbers and with a stated budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from ..common.executor import HERE, Executor
from ..common.statistics import Estimate
from ..policies import PolicyError, Rule, parse, policy
from ..scenario import BadInput, Scenario, load
from .candidates import BUDGET, ENOUGH, MANY, MOST, Candidates, Spent, axes_of
from .play import name_of
from .service import Service, order_of


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


class Search(Candidates):
    """The search for the parameters of one rule."""

    def winner(self, progress: Callable[[int], Any] | None = None, executor: Executor = HERE) -> Rule:
        """Search, race, and report, within the budget."""
        self.progress, self.executor = progress, executor
        with executor, np.errstate(all="ignore"):  # a candidate whose costs are not finite loses
            try:
                best = self.search()
            except Spent:
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
