"""Resilience: what disruptions do to service and cost, against the same policy on the same path without them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..chance import Chance
from ..common.statistics import Estimate
from ..physics import Flows, Layout, Simulation, State
from ..scenario import Scenario
from ..scenario.window import slowest_delivery
from .metrics import Metric, MoneyCounter, net_cost
from .play import play_all, turns

FALLS = 0.01  # of demand: below the baseline's service by more than this, service has fallen
RECOVERED = 0.02  # of demand: within this of the baseline's service, it is back
TAIL = 0.05  # of the paths: the dearest, over which the conditional value at risk is the mean
PATHS = 256  # on which policies are played with and without disruptions at most, unless told otherwise
SHARE = 8  # and at most one of so many paths of a large evaluation, so that it stays as quick as it is

DURATIONS = (
    Metric(
        "time_to_survive",
        "periods",
        "from the start of a path's first disruption until service falls below that of the same path without it",
    ),
    Metric("time_to_recover", "periods", "from that start until service is back; 0 where it never falls"),
)
"""What may be censored: not seen to its end, since the disruption, or what is played, was over before."""

RESILIENCE = (
    *DURATIONS,
    Metric("area_of_loss", "periods", "service lost until it is back, as periods in which nothing at all is served"),
    Metric("worst_week", "share", "the lowest service over a week (or a period, if that is longer) from that start on"),
    Metric("stockout_length", "periods", "mean length of the stockouts from that start on"),
    Metric("longest_stockout", "periods", "the longest of them"),
    Metric("cost_of_disruptions", "money a period", "costs less revenue, above those of the same path without them"),
    Metric(
        "share_expedited", "share", "units ordered on lanes faster than the main one, of stocks that have such lanes"
    ),
)
"""The figures of resilience on each path; those from the first disruption on are undefined (nan) where none begins."""


class Duration(NamedTuple):
    """The distribution of a duration of which some values are censored: known only to be at least so long.

    `median` with its 95 % interval, and `mean` up to `longest`, are those of the Kaplan-Meier estimate; nan where the
    curve does not come down so far. `censored` of the `values` were not seen to their end.
    """

    median: float
    low: float
    high: float
    mean: float
    longest: float
    values: int
    censored: int

    @classmethod
    def of(cls, values: np.ndarray, censored: np.ndarray) -> Duration:
        """Estimate the distribution of independent durations (paths,), some of them censored (Kaplan and Meier 1958).

        The intervals are those of the exponential Greenwood formula. What is censored counts as censored at random.
        """
        from scipy.stats import CensoredData, ecdf

        defined = ~np.isnan(values)
        values, censored = values[defined], censored[defined]
        if not len(values):
            return cls(np.nan, np.nan, np.nan, np.nan, np.nan, 0, 0)
        longest = float(values.max())
        if censored.all():
            return cls(np.nan, np.nan, np.nan, longest, longest, len(values), len(values))
        survival = ecdf(CensoredData(uncensored=values[~censored], right=values[censored])).sf
        times, left = survival.quantiles, survival.probabilities
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # where all have gone, the formula is undefined
            interval: Any = survival.confidence_interval(method="log-log")
        lower, upper = (np.where(np.isnan(curve.probabilities), left, curve.probabilities) for curve in interval)
        mean = float(np.sum(np.diff(np.concatenate([[0.0], times, [longest]])) * np.concatenate([[1.0], left])))
        median, low, high = (_first_below(times, curve) for curve in (left, lower, upper))
        return cls(median, low, high, mean, longest, len(values), int(censored.sum()))


def _first_below(times: np.ndarray, left: np.ndarray) -> float:
    """Return the first time at which a half or less is left; nan where that is not seen."""
    below = np.flatnonzero(left <= 0.5 + 1e-12)
    return float(times[below[0]]) if len(below) else np.nan


@dataclass(frozen=True, eq=False)
class Resilience:
    """What disruptions did to a policy on some paths of a scenario.

    `figures` has `RESILIENCE` on each path, of the first disruption that begins in the periods counted; `censored`
    tells of each of the two durations on which paths it is only known to be so long or longer. `served` and
    `undisturbed` are the share of demand that was served from the shelf in each period, with and without disruptions
    (periods, paths), warm-up included, and `start` the period of that first disruption (-1 where there is none).
    `tail` is the mean cost of the dearest paths.
    """

    scenario: Scenario
    paths: int
    steady: int
    figures: Mapping[str, np.ndarray] = field(repr=False)
    censored: Mapping[str, np.ndarray] = field(repr=False)
    served: np.ndarray = field(repr=False)
    undisturbed: np.ndarray = field(repr=False)
    start: np.ndarray = field(repr=False)
    tail: Estimate

    @property
    def struck(self) -> int:
        """Return on how many paths a disruption began."""
        return int((self.start >= 0).sum())

    @property
    def fell(self) -> int:
        """Return on how many of these service fell below that of the same path without disruptions."""
        return int((~np.isnan(self.figures["time_to_survive"]) & ~self.censored["time_to_survive"]).sum())

    def estimate(self, figure: str) -> Estimate:
        """Return the mean of a figure over the paths on which it is defined, with its 95 % interval."""
        return Estimate.of(self.figures[figure])

    def duration(self, figure: str) -> Duration:
        """Return the distribution of `time_to_survive` or `time_to_recover`, whose values may be censored."""
        return Duration.of(self.figures[figure], self.censored[figure])


class Evaluated(Protocol):
    """What resilience is measured of: an evaluation of a policy, as `rollout.Result` has it."""

    @property
    def scenario(self) -> Scenario: ...
    @property
    def paths(self) -> int: ...
    @property
    def periods(self) -> int: ...
    @property
    def warmup(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def player(self) -> Any: ...
    @property
    def figures(self) -> Mapping[str, np.ndarray]: ...
    @property
    def items(self) -> Mapping[str, Mapping[str, np.ndarray]]: ...


def measure_resilience(result: Evaluated, paths: int | None = None) -> Resilience | None:
    """Measure what disruptions did to a policy, against the same paths without them.

    Each path is played twice: as it is, and with all lanes working, the rest of its chance the same to the bit (a
    paired baseline on common random numbers). A policy keeps the parameters that it has for the scenario as it is.

    - Time to survive: from the start of a disruption to the first period in which the share of demand that is served
      from the shelf is more than `FALLS` below the baseline's (Simchi-Levi et al. 2015, of a node that is gone). Where
      service never falls it is censored at the length of the disruption, which the policy has survived.
    - Time to recover: from that start to the first period after the fall from which on service is within `RECOVERED` of
      the baseline's, in that period and over the `steady` periods that begin with it, the longest mean lead time and
      one more, since a delivery on its way can fill the shelf for as long. 0 where service never falls; censored where
      the next disruption, or the end of what is played, comes before.
    - Area of loss: how much lower service is than the baseline's, where it is lower, summed up until it is back
      (Bruneau et al. 2003).
    - CVaR: the mean costs less revenue of the dearest `TAIL` of the paths, of all of the result's (Rockafellar and
      Uryasev 2000).

    Args:
        result: what `evaluate` returned.
        paths: on how many of its paths; by default one in `SHARE`, 64 at least and `PATHS` at most.

    Returns:
        The figures, or None where no disruption begins on these paths.
    """
    return measure_all([result], paths)[0]


def measure_all(results: Sequence[Evaluated], paths: int | None = None) -> list[Resilience | None]:
    """Measure what disruptions did to several policies on the same paths, which are drawn once (`measure_resilience`).

    Raises:
        ValueError: for results of different paths.
    """
    first = results[0]
    scenario, span = first.scenario, first.warmup + first.periods
    if any(_where(result) != _where(first) for result in results):
        raise ValueError("results must be of the same paths of the same scenario")
    if not scenario.disruptions:
        return [None for _ in results]
    paths = min(first.paths, max(64, min(PATHS, first.paths // SHARE)) if paths is None else paths)
    layout, chance = Layout(scenario), Chance(scenario)
    numbers = 2 * span * max(1, layout.columns.chance + layout.columns.seen)
    disrupted: list[np.ndarray] = []
    plays: list[list[_Play]] = [[] for _ in results]
    for some in turns(paths, numbers):
        disrupted.append(chance.disrupted(first.seed, some, span))
        trace = chance.draw_pair(first.seed, some, span)
        for result, parts in zip(results, plays, strict=True):
            parts.append(_Play(result, Simulation(layout, trace)))
    spells = _first_spell(np.concatenate(disrupted, axis=1), first.warmup)
    if (spells[0] < 0).all():
        return [None for _ in results]
    return [_measured(result, paths, parts, spells) for result, parts in zip(results, plays, strict=True)]


def _where(result: Evaluated) -> tuple[Any, ...]:
    """Return which paths a result is of."""
    return result.scenario, result.paths, result.periods, result.warmup, result.seed


def _measured(
    result: Evaluated, paths: int, plays: list[_Play], spells: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> Resilience:
    """Return the figures of one policy from its plays, and from when disruptions start and are over."""
    scenario, (start, end, until) = result.scenario, spells
    steady = 1 + slowest_delivery(scenario)
    pair = _Pair(*(np.concatenate([getattr(each, name) for each in plays], axis=1) for name in _Pair._fields))
    figures, censored = _durations(pair, start, end, until, steady)
    figures |= _from_the_start(pair, start, max(1, round(scenario.horizon.year / 52)))
    figures["cost_of_disruptions"] = np.concatenate([each.more for each in plays])
    figures["share_expedited"] = share_expedited(result)[:paths]
    costs = net_cost(result.figures, scenario, result.periods)
    served, undisturbed = (1.0 - _share(short, pair.demanded) for short in (pair.short, pair.short_undisturbed))
    tail = conditional_value_at_risk(costs)
    ordered = {metric.name: figures[metric.name] for metric in RESILIENCE}
    return Resilience(scenario, paths, steady, ordered, censored, served, undisturbed, start, tail)


class _Pair(NamedTuple):
    """Units asked for, and not served from the shelf with and without disruptions (periods, paths)."""

    demanded: np.ndarray
    short: np.ndarray
    short_undisturbed: np.ndarray


class _Play:
    """A policy played on paths with and without disruptions, side by side."""

    def __init__(self, result: Evaluated, simulation: Simulation) -> None:
        """Play all periods."""
        with np.errstate(all="ignore"):
            counter, watched = play_all(
                result.player, simulation, result.warmup, None, _demanded_and_short, MoneyCounter
            )
            costs = net_cost(counter.figures(), result.scenario, result.periods)
        half = simulation.trace.paths // 2
        demanded, short = watched.transpose(1, 0, 2)
        self.demanded = demanded[:, :half]
        self.short, self.short_undisturbed = np.split(short, 2, axis=1)
        self.more = costs[:half] - costs[half:]


def _demanded_and_short(state: State, flows: Flows) -> tuple[Any, Any]:
    """Return the units asked for in a period, and those not served from the shelf, of all demands (paths,)."""
    return flows.demands["demanded"].sum(axis=1), flows.demands["short"].sum(axis=1)


def _first_spell(on: np.ndarray, warmup: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return when the first spell after the warm-up starts, when it is over, and when the next one starts (paths,).

    -1 where there is none; the number of periods where there is no end or no other.
    """
    periods = len(on)
    now = np.arange(periods)[:, None]
    before = np.vstack([np.zeros((1, on.shape[1]), bool), on[:-1]])
    starts = on & ~before & (now >= warmup)
    start = _first(starts)
    end = _first(~on & (now > start))
    until = _first(starts & (now > start))
    return np.where(start < periods, start, -1), end, until


def _first(where: np.ndarray) -> np.ndarray:
    """Return the first period in which something is true (periods, paths), or their number where it never is."""
    return np.where(where.any(axis=0), where.argmax(axis=0), len(where))


def _share(short: np.ndarray, demanded: np.ndarray) -> np.ndarray:
    """Return the share of demand that is short; nothing where none is asked for."""
    return np.divide(short, demanded, out=np.zeros(short.shape), where=demanded > 1e-12)


def _over(values: np.ndarray, length: int) -> np.ndarray:
    """Return sums over so many periods that begin with each, or over those that there are (periods, paths)."""
    total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    ends = np.minimum(np.arange(len(values)) + length, len(values))
    return total[ends] - total[:-1]


def _durations(
    pair: _Pair, start: np.ndarray, end: np.ndarray, until: np.ndarray, steady: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the times to survive and to recover and the area of loss, and which of the times are censored."""
    periods = len(pair.demanded)
    now, struck = np.arange(periods)[:, None], start >= 0
    more = pair.short - pair.short_undisturbed
    lower = _share(more, pair.demanded)
    fall = _first((now >= start) & (now < until) & (lower > FALLS + 1e-9))
    fell = struck & (fall < periods)
    later = _share(_over(more, steady), _over(pair.demanded, steady))
    within = (lower <= RECOVERED + 1e-9) & (later <= RECOVERED + 1e-9)
    back = _first((now > fall) & (now + steady <= until) & within)
    unseen = fell & (back == periods)
    last = np.maximum(fall + 1, until - steady + 1)  # it is not back before, where that is not seen
    recovered = np.where(fell, np.where(unseen, last, back) - start, 0)
    over = np.where(fell, np.where(unseen, until, back), end)
    counts = (now >= start) & (now < over)
    figures = {
        "time_to_survive": np.where(fell, fall - start, end - start),
        "time_to_recover": recovered,
        "area_of_loss": np.where(counts, np.maximum(lower, 0.0), 0.0).sum(axis=0),
    }
    censored = {"time_to_survive": struck & ~fell, "time_to_recover": unseen | (struck & ~fell & (end == periods))}
    return {name: np.where(struck, values, np.nan) for name, values in figures.items()}, censored


def _from_the_start(pair: _Pair, start: np.ndarray, week: int) -> dict[str, np.ndarray]:
    """Return the worst week's service, and the lengths of stockouts, from the first disruption on."""
    periods = len(pair.demanded)
    now = np.arange(periods)[:, None]
    counts = (now >= start) & (start >= 0)
    whole = counts & ((now + week <= periods) | (now == start))
    worst = np.where(whole, _share(_over(pair.short, week), _over(pair.demanded, week)), -1.0).max(axis=0)
    out = counts & (pair.short > 1e-9)
    lasted = now - np.maximum.accumulate(np.where(out, -1, now), axis=0)
    began = out & ~np.vstack([np.zeros((1, out.shape[1]), bool), out[:-1]])
    mean = np.divide(out.sum(axis=0), began.sum(axis=0), out=np.zeros(len(start)), where=began.any(axis=0))
    figures = {
        "worst_week": 1.0 - worst,
        "stockout_length": mean,
        "longest_stockout": np.where(out, lasted, 0).max(axis=0),
    }
    return {name: np.where(start >= 0, values, np.nan) for name, values in figures.items()}


def share_expedited(result: Evaluated) -> np.ndarray:
    """Return the share of units ordered on lanes faster than the main one of their stock (paths,).

    The main lane is the one with the largest share of the stock's orders, as the scenario says; nan where no stock has
    a faster one.
    """
    scenario, names = result.scenario, list(result.scenario.lanes)
    time = {name: lane.order_delay + lane.lead_time.mean for name, lane in scenario.lanes.items()}
    fast: list[str] = []
    beside: list[str] = []
    for into in scenario.feeds.values():
        if into:
            main = max(into, key=scenario.shares.__getitem__)
            faster = [name for name in into if time[name] < time[main]]
            fast += faster
            beside += into if faster else ()
    ordered = result.items["lanes"]["ordered"]
    units, total = (ordered[:, [names.index(name) for name in some]].sum(axis=1) for some in (fast, beside))
    return np.divide(units, total, out=np.full(result.paths, np.nan), where=total > 1e-12)


def conditional_value_at_risk(costs: np.ndarray, share: float = TAIL) -> Estimate:
    """Return the mean of the dearest share of costs (paths,), with its interval (Rockafellar and Uryasev 2000).

    It is the mean of `v + max(cost - v, 0) / share` with v the value at risk, the (1 - share) quantile; their standard
    error is that of the estimate for many paths. With fewer than 1 / share paths it is the dearest one, and has none.
    """
    n = len(costs)
    if n * share < 1:
        return Estimate(float(costs.max()), np.nan, np.nan, np.nan)
    v = np.sort(costs)[min(ceil(n * (1 - share) - 1e-9), n) - 1]
    return Estimate.of(v + np.maximum(costs - v, 0.0) / share)
