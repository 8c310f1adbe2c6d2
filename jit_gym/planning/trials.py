"""Tune rules on a world in a few hundredths of a second each, and play them on traces, period by period."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from ..chance import Chance, Trace
from ..evaluation.candidates import Candidates, Played, axes_of
from ..evaluation.compiled_play import RecordedPlay, is_pure, recorded_play
from ..evaluation.metrics import MoneyCounter
from ..evaluation.play import name_of, play_all
from ..evaluation.tuning import free
from ..physics import Flows, Layout, Simulation, State, View
from ..policies import RULES as KNOWN_RULES
from ..policies import Rule, policy
from ..policies.lost_pipeline import Pipeline
from ..policies.lost_sales import LostSales
from ..policies.plan import PlanningData
from ..scenario import BadInput, Scenario
from ..scenario.window import season_of, stays_as_it_is

RULES = (
    "jit", "kanban", "base-stock", "safety-stock", "just-in-case", "s-S", "adaptive(smoothing=0.1)",
    "adaptive(smoothing=0.3)", "capped-base-stock", "projected-inventory-level", "agent:generalist",
)  # fmt: skip
"""What is tried on each item; what does not accept its world is left out, and said."""
AS_IT_IS = frozenset({"jit", "projected-inventory-level"})
"""Rules that keep their formula: tuned, the level of `jit` would have a safety stock, and be base-stock, and each level
of `projected-inventory-level` takes a table of all pipelines."""
MOST_LOOKED_UP, RARELY = 1000, 6.0
"""Units within lead time and review up to which a table of all pipelines is made for a rule that looks orders up in it:
their mean, and so many standard deviations."""
ROUNDS = ((20, 5, 2), (10, 3, 1), (10, 3, 1))
"""The grids of a search: how far each goes, in steps, to both sides of a rule's one, two, or more parameters."""
PATHS = (16, 48, 96)
"""The paths that the candidates of each grid are played on."""
SCORED = 256
"""Paths on which rules are compared in the fitted world."""
SETTLING = 10
"""Lead times and reviews until the first stock has no influence, in whole seasons."""
LOWEST = 3.0
"""The lowest normal score, with a minus, of a parameter that is a share."""


class Quick(Candidates):
    """A search of three grids, each finer than the one before, whose candidates are played by compiled programs.

    It has the axes, the paths and the order of candidates of `tune`, and a hundredth of its budget.
    """

    def __init__(self, rule: Rule, names: list[str], world: World) -> None:
        """Prepare to search in a world, whose paths are drawn once for all rules."""
        super().__init__(rule, names, 0, 50_000_000, world.periods, world.warmup)
        self._drawn, self._programs = world.drawn, world.programs

    def trace(self, use: str, first: int, last: int) -> Trace:
        """Return some paths, which all rules have in common."""
        key = use, first, last
        if key not in self._drawn:
            paths = np.arange(first, last)
            self._drawn[key] = self.chance.draw(self.seeds[use], paths, self.warmup + self.periods)
        return self._drawn[key]

    def play(self, part: Played, progress: Callable[[int], Any]) -> np.ndarray:
        """Return what some candidates come to (candidates, 1, paths), as `Candidates` does."""
        if self.required is not None or self.figure == "discounted_reward":
            return super().play(part, progress)
        trace = self.trace(part.use, part.first, part.last)
        (count,) = {len(each) for each in part.parameters.values()}
        rows = np.tile(trace.rows.transpose(0, 2, 1), (1, 1, count)).transpose(0, 2, 1)
        player = self.rule.having(
            {name: np.repeat(each, trace.paths, axis=0) for name, each in part.parameters.items()}
        )
        simulation = Simulation(self.layout, Trace(trace.columns, rows))
        counter, _ = play_all(player, simulation, self.warmup, None, None, MoneyCounter, self._programs)
        return counter.figures()["profit"].reshape(count, 1, trace.paths)

    def best(self) -> Rule:
        """Return the rule with the best parameters that are found."""
        centre = np.array([axis.start for axis in self.axes])
        reach = np.array([axis.reach for axis in self.axes])
        low = np.array([-LOWEST if axis.share else axis.low for axis in self.axes])
        with np.errstate(all="ignore"):
            for paths, widths in zip(PATHS, ROUNDS, strict=True):
                wide = widths[min(len(centre), len(widths)) - 1]
                moves = np.array(list(product(range(-wide, wide + 1), repeat=len(centre))), float)
                step = np.maximum(reach / wide, [axis.least for axis in self.axes])
                places = np.maximum(centre + moves * step, low)
                centre = places[int(np.argmin(self.cost(places, paths)))]
                reach = 1.5 * step
        return self.rule.having({name: each[0] for name, each in self.parameters(self.values(centre[None])).items()})


class World:
    """A world, its layout and chance, the periods that a rule is tuned on, and the paths that were drawn for that."""

    def __init__(self, scenario: Scenario) -> None:
        """Lay a world out. Where it stays as it is, some periods are played before those that count."""
        self.scenario = scenario
        self.layout, self.chance = Layout(scenario), Chance(scenario)
        self.periods = scenario.horizon.periods
        self.warmup = 0
        if stays_as_it_is(scenario):
            season, times = season_of(scenario), [lane.lead_time.mean + 1 for lane in scenario.lanes.values()]
            self.warmup = ceil(SETTLING * max(times) / season) * season
        self.programs: dict[Any, RecordedPlay | None] = {}
        self.drawn: dict[tuple[str, int, int], Trace] = {}

    def tuned(self, what: Any) -> Any:
        """Return a policy fitted to the world; a rule with the parameters that do best, but for those that are given.

        Raises:
            PolicyError: for one that does not accept the world.
        """
        player = policy(what, self.scenario)
        if not isinstance(player, Rule) or player.name in AS_IT_IS:
            return player
        names = free(what, player)
        return Quick(player, names, self).best() if axes_of(player, names) else player

    def cost(self, player: Any) -> float:
        """Return what a policy costs a period in the world, less revenue, on paths that no search has seen."""
        key = "score", 0, SCORED
        if key not in self.drawn:
            self.drawn[key] = self.chance.draw(1, SCORED, self.warmup + self.periods)
        simulation = Simulation(self.layout, self.drawn[key])
        counter, _ = play_all(player, simulation, self.warmup, None, None, MoneyCounter, self.programs)
        return float(-counter.figures()["profit"].mean())


class Play(NamedTuple):
    """What a policy did on a trace, period by period, mean over the paths (periods, ...).

    `cost` is (periods,), less revenue, and with what units that are left are worth, spread over the periods. The others
    have a column for each stock, and, of `demanded` and `short`, for each demand.
    """

    policy: str
    cost: np.ndarray
    held: np.ndarray
    short: np.ndarray
    demanded: np.ndarray
    unmet: np.ndarray
    """Units that were lost, or wait."""
    ordered: np.ndarray
    placed: np.ndarray
    """The share of paths on which an order was placed."""
    left: np.ndarray
    """Units that are left, on hand and on their way, by stock (stocks,)."""


def play(player: Any, world: World, trace: Trace) -> Play:
    """Play a policy on a trace, and keep what it did in each period."""
    simulation = Simulation(world.layout, trace)
    counter, told = play_all(player, simulation, 0, None, _told, MoneyCounter, world.programs)
    stocks, demands, lanes = len(world.layout.stocks), len(world.layout.demands), len(world.layout.lanes)
    each = told.mean(axis=2)  # (periods, measures)
    reward, held, short, demanded, waits, ordered, placed, coming = np.split(
        each, np.cumsum([1, stocks, demands, demands, demands, lanes, lanes]), axis=1
    )
    unmet = np.where(world.layout.net.demands["backlogs"] > 0, waits, short)
    into = world.layout.into
    worth = float((counter.gained + counter.owed).mean()) / trace.periods
    return Play(
        name_of(player), -reward[:, 0] - worth, held, short, demanded, unmet, ordered @ into, placed @ into,
        held[-1] + coming[-1] @ into,
    )  # fmt: skip


def _told(state: State, flows: Flows) -> tuple[Any, ...]:
    """Return what is kept of a period, in the order of `Play`."""
    demands = flows.demands
    asked = demands["short"], demands["demanded"], state.demands["backlog"]
    ordered = flows.lanes["ordered"]
    placed = np.where(ordered > 0, 1.0, 0.0)
    return flows.money["reward"], flows.stocks["held"], *asked, ordered, placed, state.lanes["in_transit"]


def accepted(world: World, what: str) -> tuple[Any, str]:
    """Return a policy tuned to a world, or None and in words why it does not accept it."""
    name = what.partition("(")[0].strip()
    try:
        if issubclass(KNOWN_RULES.get(name, Rule), LostSales) and _pipelines(world, name) > MOST_LOOKED_UP:
            return None, f"{name}: would take seconds here (its table is for {MOST_LOOKED_UP:,} units or less)"
        player = world.tuned(what)
    except BadInput as error:
        return None, str(error)
    if isinstance(player, LostSales) and is_pure(player):
        simulation = Simulation(world.layout, world.chance.draw(0, 1))
        if recorded_play(player, world.layout, MoneyCounter, None, player.begin(View(simulation))) is None:
            return None, f"{player.name}: would take minutes here (its table of pipelines is too large)"
    return player, ""


def _pipelines(world: World, rule: str) -> float:
    """Return how much may be asked for within lead time and review, in nearly all cases, of the stock with the most.

    Raises:
        PolicyError: for a world that the rule does not accept.
    """
    plan = PlanningData(world.layout)
    for stock in range(len(plan.mean)):
        Pipeline(plan, stock, rule)
    exposed = plan.lead_time + 1
    return float((plan.mean * exposed + RARELY * np.sqrt(plan.variance * exposed)).max())


def parameters_of(player: Any) -> Mapping[str, Any]:
    """Return the parameters of a policy as one would write them; none of one without."""
    found: Mapping[str, Any] = getattr(player, "parameters", {})
    return found if isinstance(player, Rule) else {}
