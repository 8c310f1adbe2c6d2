"""Play a policy on traces, and say how it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chance import Chance, Trace
from ..common.checks import check_count
from ..common.statistics import Estimate
from ..common.threads import Told, divide, share
from ..physics import Layout, Simulation
from ..policies import policy
from ..scenario import BadInput, Scenario, load
from .compiled_play import RecordedPlay, is_pure
from .metrics import ITEM_METRICS
from .play import Play, at_a_time, name_of
from .resilience import Resilience, measure_resilience

if TYPE_CHECKING:
    import pandas as pd

WORTH_A_THREAD = 1 << 19  # random numbers of the paths that one thread plays by itself, in some milliseconds


@dataclass(frozen=True, eq=False)
class Result:
    """How a policy did on some paths of a scenario; every figure is one number a path, in the order of the paths.

    `policy` is what it is called, `player` the policy itself, fitted to the scenario. `items` has the figures of each
    stock, lane, demand and warehouse by itself, `items["demands"]["fill_rate"]` (paths, demands), as `ITEM_METRICS`
    lists them.
    `rewards` is the sum of an env's rewards over the periods counted, in money, without what units left are worth.
    """

    policy: str
    scenario: Scenario
    paths: int
    periods: int
    warmup: int
    seed: int
    figures: Mapping[str, np.ndarray] = field(repr=False)
    player: Any = field(repr=False)
    items: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict, repr=False)
    rewards: np.ndarray = field(default_factory=lambda: np.zeros(0), repr=False)

    def mean(self, figure: str = "cost", **item: str) -> float:
        """Return a figure's mean over the paths; of one item, with `stock`, `lane` or `demand` and its name."""
        return self.estimate(figure, **item).mean

    def interval(self, figure: str = "cost", **item: str) -> tuple[float, float]:
        """Return the 95 % interval of a figure's mean."""
        estimate = self.estimate(figure, **item)
        return estimate.low, estimate.high

    def error(self, figure: str = "cost", **item: str) -> float:
        """Return the standard error of a figure's mean."""
        return self.estimate(figure, **item).error

    def estimate(self, figure: str = "cost", **item: str) -> Estimate:
        """Return a figure's mean, standard error and interval.

        Args:
            figure: one of `METRICS`; of an item, one of `ITEM_METRICS`.
            item: `stock="gloves"`, `lane="regular"`, `demand="customers"` or `warehouse="shed"`, for the figure of that
                one alone.

        Raises:
            KeyError: for an unknown figure or item, naming those that there are.
        """
        return Estimate.of(self._values(figure, **item))

    @cached_property
    def resilience(self) -> Resilience | None:
        """Return what disruptions did, against the same paths without them; None where none began.

        It is worked out when it is first asked for, on so many of the paths as take a part of a comparison's time.
        """
        return measure_resilience(self)

    def _values(self, figure: str, **item: str) -> np.ndarray:
        if not item:
            return _known(self.figures, figure, "figure")
        ((kind, name),) = item.items()
        table = _known(self.items, f"{kind}s", "kind of item")
        names = list(getattr(self.scenario, f"{kind}s"))
        _known(dict.fromkeys(names), name, kind)
        values: np.ndarray = _known(table, figure, f"figure of a {kind}")[:, names.index(name)]
        return values

    def frame(self, by: str | None = None) -> pd.DataFrame:
        """Return a table with one row a path and one column a figure.

        With `by`, "stocks", "lanes", "demands" or "warehouses", it has a row for each path and item, and the figures of
        these.
        """
        import pandas as pd

        paths = pd.RangeIndex(self.paths, name="path")
        if by is None:
            return pd.DataFrame(dict(self.figures), index=paths)
        table, names = _known(self.items, by, "kind of item"), list(getattr(self.scenario, by))
        index = pd.MultiIndex.from_product([paths, names], names=["path", by.removesuffix("s")])
        return pd.DataFrame({name: values.ravel() for name, values in table.items()}, index=index)


def _known(table: Mapping[str, Any], key: str, what: str) -> Any:
    """Return what a table has under a key, or say what there is."""
    if key not in table:
        raise KeyError(f"unknown {what} {key!r} (known: {', '.join(table)})")
    return table[key]


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
        A `Result`: costs a period, service, stock and orders of each path. Where the business goes on, units that are
        left count at what they cost (`objective.leftovers`).

    Raises:
        PolicyError: for a policy that does not exist, does not fit, or orders what is no quantity.
        BadInput: for arguments that make no sense, and for costs that are too large to be counted.
    """
    scenario = load(scenario)
    periods = scenario.horizon.periods if periods is None else periods
    check_span(scenario, paths, periods, warmup)
    return evaluate_all([policy(what, scenario)], scenario, paths, periods, warmup, seed, progress)[0]


def check_span(scenario: Scenario, paths: int, periods: int, warmup: int) -> None:
    """Refuse numbers of paths and periods that cannot be played."""
    for name, value, least in (("paths", paths, 1), ("periods", periods, 1), ("warmup", warmup, 0)):
        check_count(name, value, least)
    scenario.check_length(warmup, periods)


def evaluate_all(
    players: Sequence[Any],
    scenario: Scenario,
    paths: int,
    periods: int,
    warmup: int,
    seed: int,
    progress: Callable[[int], Any] | None,
) -> list[Result]:
    """Evaluate several policies, fitted to a scenario, on the same paths, which are drawn once (see `evaluate`)."""
    layout, chance, span = Layout(scenario), Chance(scenario), warmup + periods
    numbers = max(1, layout.columns.chance + layout.columns.seen)
    tell, programs = Told(progress), _programs_of(scenario)

    def begin(player: Any, trace: Trace) -> Play:
        return Play(player, Simulation(layout, trace), warmup, tell, programs=programs)

    def count(part: slice) -> list[list[_Counted]]:
        """Play some of the paths; return what was counted, by policy, of those that were played at a time."""
        counted: list[list[_Counted]] = [[] for _ in players]
        together, at_once = at_a_time(part.stop - part.start, span, numbers)
        for first in range(part.start, part.stop, together):
            some = np.arange(first, min(first + together, part.stop))
            draw = partial(chance.draw_parts, seed, some, span, at_once)
            plays: list[Play] = []
            with np.errstate(all="ignore"), tell.stopping():  # what is not finite is refused below
                for trace in draw():
                    plays = plays or [begin(player, trace) for player in players]
                    for play in plays:
                        play.on(trace)
                for play, parts in zip(plays, counted, strict=True):
                    counter = play.end(draw())
                    parts.append((counter.figures(), counter.items(), counter.money["reward"]))
        return counted

    least = paths  # a policy of somebody else's may not bear to be asked on two threads
    if all(map(is_pure, players)):
        least = WORTH_A_THREAD // (span * numbers) + 1
        if len(divide(paths, least)) > 1:  # programs are recorded before, once for all threads
            plays = [begin(player, chance.draw(seed, 1, 1)) for player in players]
            if any(play.asked for play in plays):  # in Python, which runs on one thread at a time
                least = paths
    counted = [list(chain(*parts)) for parts in zip(*share(count, paths, least), strict=True)]
    results = []
    for player, parts in zip(players, counted, strict=True):
        figures = {name: np.concatenate([each[name] for each, _, _ in parts]) for name in parts[0][0]}
        _refuse_what_is_not_finite(name_of(player), figures)
        items = {
            table: {metric.name: np.concatenate([each[table][metric.name] for _, each, _ in parts]) for metric in some}
            for table, some in ITEM_METRICS.items()
        }
        rewards = np.concatenate([each for _, _, each in parts])
        results.append(Result(name_of(player), scenario, paths, periods, warmup, seed, figures, player, items, rewards))
    return results


@lru_cache(maxsize=16)
def _programs_of(scenario: Scenario) -> dict[Any, RecordedPlay | None]:
    """Return the programs of rules that were played in a world, kept from one evaluation to the next."""
    return {}


_Counted = tuple[Mapping[str, np.ndarray], Mapping[str, Mapping[str, np.ndarray]], np.ndarray]
"""Figures, items and rewards of the paths that are played at a time."""


def _refuse_what_is_not_finite(name: str, figures: Mapping[str, np.ndarray]) -> None:
    """Refuse money that is infinite or no number: no conclusion can be drawn from it."""
    for figure in ("cost", "revenue", "discounted_reward"):
        wrong = np.flatnonzero(~np.isfinite(figures[figure]))
        if len(wrong):
            value = figures[figure][wrong[0]]
            raise BadInput(
                f"{name}: its {figure.replace('_', ' ')} on path {wrong[0]} must be a finite number, got {value}"
                " (order less, or use smaller quantities and prices)"
            )


def is_certain(scenario: Scenario, periods: int | None = None) -> bool:
    """Tell whether nothing is left to chance: whether all paths are the same, so that one tells all."""
    chance = Chance(scenario)
    numbers, span = chance.columns.chance + chance.columns.seen, periods or scenario.horizon.periods
    parts = chance.draw_parts(0, 8, span, at_a_time(8, span, max(1, numbers))[1])
    return all((trace.rows == trace.rows[:, :1]).all() for trace in parts)
