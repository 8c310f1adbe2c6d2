"""What the parameters of a rule may be, and what they come to on common random numbers, within a stated budget."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from ..chance import Chance, Trace
from ..chance.bits import stream
from ..common.executor import HERE, Tell
from ..physics import Layout, Simulation, View
from ..physics.formulas import quantile
from ..physics.worth import Worth
from ..policies import PolicyError, Rule
from ..scenario import BadInput
from ..scenario.window import in_whole_cycles, settling, stays_as_it_is, window
from .service import shortfalls

BUDGET = 4_000_000  # periods of play for one number that is looked for: about a second
MANY = 6  # numbers beyond which all stocks are moved together first
ENOUGH = 8  # paths on which one may believe in the better of many
MOST = 60_000_000  # periods of one lane that are played by default
ROWS = 1 << 23  # random numbers laid out at a time
SHORT = 1e30  # what a candidate costs that misses the service asked for: more than any that meets it
DIGITS = 6  # significant ones of a number that need not be whole, so that its text says all of it


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


class Spent(Exception):
    """The budget does not allow to play on."""


class Played(NamedTuple):
    """Candidates that are played together: their parameters by name (candidates, stocks), and the paths of a seed."""

    parameters: dict[str, np.ndarray]
    use: str
    first: int
    last: int


class Candidates:
    """What the parameters of one rule may be, as rows (candidates, axes), and what they come to, within a budget."""

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
            raise Spent
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


def _outcomes_of(candidates: Candidates, part: Played, progress: Tell) -> np.ndarray:
    """Play some candidates, here or in another process."""
    with np.errstate(all="ignore"):
        return candidates.play(part, progress)
