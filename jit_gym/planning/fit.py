"""Fit what a scenario can say of demand to a series of sales, and judge the fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..scenario.model import Distribution
from .families import Law, best_law
from .grid import Grid
from .pattern import WAVES, Cycle, Pattern, pattern
from .shift import shifts, silent_since
from .transforms import Mixed, autocorrelation, kolmogorov, transforms

SHORTEST = 8
"""Periods with a known demand that a fit needs."""
OUTLIER = 3.5
"""Standard deviations above the median, robustly estimated, from which a demand is a spike."""
RARE = 0.2
"""The most periods, as a share, that may be spikes; more are what the demand is like."""
ROUNDS = 4
"""Rounds of expectation and maximisation, where demand was cut off by stock."""


class Extra(NamedTuple):
    """What multiplies demand now and then: by how much, how often it begins in a quiet period, and how long it is."""

    factor: float
    rate: float
    lasts: float
    periods: int


@dataclass(frozen=True)
class Fitted:
    """What was fitted to one item, how good it is, and what of it is doubtful.

    `trend` is the growth a period that goes on, as a share of the level: that of the pattern, or 0. `distance` is
    Kolmogorov's, between the probability integral transforms of the demands and what they should be, and `held_out`
    the same for the last quarter of the periods, under what was fitted to those before (nan where there are too few).
    `mean`, `low` and `high` (n,) are the mean and the 5 % and 95 % quantiles of each period, `sold` mean sales where
    the stock lasted, and `product_limit` the mean draw by the estimator of Kaplan and Meier (1958), to compare with the
    level.
    """

    item: str
    law: Law
    pattern: Pattern
    trend: float
    autocorrelation: float
    promotion: Extra | None
    spike: Extra | None
    known: int
    short: int
    distance: float
    held_out: float
    sold: float
    product_limit: float
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    spikes: np.ndarray
    warnings: tuple[str, ...]
    shifts: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def distribution(self) -> Distribution:
        """Return the distribution of the draw, as the scenario has it."""
        return self.law.distribution

    @property
    def poor(self) -> bool:
        """Tell whether a warning says that the fit is not to be relied on."""
        return bool(self.warnings)


class _Core(NamedTuple):
    """What is fitted to a part of the series, too."""

    pattern: Pattern
    law: Law
    spikes: np.ndarray
    marks: np.ndarray


def fit(
    units: np.ndarray,
    grid: Grid,
    *,
    item: str = "item",
    short: np.ndarray | None = None,
    promoted: np.ndarray | None = None,
    whole: bool = True,
) -> Fitted:
    """Fit a distribution, season, trend, promotions, spikes and intermittency to the sales of one item.

    A period without stock is one of demand that was cut off: parameters maximise the likelihood of "as much or more"
    there. Its mean comes by expectation and maximisation (Dempster et al. 1977), and the fit is judged against the
    product-limit estimator (Kaplan and Meier 1958), which needs no family. Nothing sold and nothing there says nothing.

    Kolmogorov's distances are warned of where they are longer than in 95 % of all cases by chance (99 % for the last
    quarter), among as many independent periods as autocorrelation leaves.

    A trend sets the level at the end of the series. It goes on after it only where the last quarter of the series
    was foretold better with a trend than without. Where the level changed for good (`shift.shifts`), that of the
    last part counts: what came before is multiplied by a factor of its own, and tells of the season. The last half
    of what came after a change is then foretold, in place of the last quarter, and there is no trend beside it. Of
    two to three years none is looked for: there it is not told from a season. What is sold no longer
    (`shift.silent_since`) has next to no demand.

    Args:
        units: sold in each period (n,); nan where it is not known.
        grid: the periods.
        item: its name, for warnings.
        short: where stock had run out (n,).
        promoted: where there was a promotion (n,).
        whole: whether units are whole.
    """
    n = len(units)
    cut = np.zeros(n, bool) if short is None else short & np.isfinite(units)
    offered = np.zeros(n, bool) if promoted is None else promoted
    demand = np.where(cut & (units <= 0), np.nan, units)
    cut = cut & np.isfinite(demand)
    known = int(np.isfinite(demand).sum())
    warnings = []
    cycles = seasons(grid)
    if known < SHORTEST or not np.nansum(demand) > 0:
        return _too_little(demand, item, whole, known, n)
    if (end := silent_since(demand)) < n:
        dead = np.where(np.arange(n) < end, np.nan, demand)
        told = f"nothing was sold since {grid.starts[end]}, {n - end} {grid.period}s: taken for sold no longer"
        return replace(_too_little(dead, item, whole, known, n), warnings=(told,))
    if offered.any() and (np.isfinite(demand) & ~offered).sum() < SHORTEST:
        offered = np.zeros(n, bool)
        warnings.append("nearly all periods have a promotion: none is told apart")
    steps, notes = _steps(demand, cut, offered, cycles), []
    core = _core(demand, cut, offered, steps, cycles, whole)
    for k in np.flatnonzero(np.diff(steps.sum(axis=1))) + 1:
        before, after = _level_about(core.pattern, steps, int(k))
        notes.append(
            f"its level changed in the {grid.period} of {grid.starts[k]}, from {before:.4g} to {after:.4g}: what came "
            "before tells of the season alone"
        )
    demand = np.where(offered & (core.marks[:, 0] == 0), np.nan, demand)  # one promotion is not judged by the others
    cut = cut & np.isfinite(demand)
    factors = core.pattern.factors
    score, sure = transforms(core.law, demand, factors, cut)
    distance = kolmogorov(score, cut[np.isfinite(demand)])
    r = autocorrelation(score, sure)
    independent = (1 - max(r, 0.0)) / (1 + max(r, 0.0))  # of the periods, the share that counts (Bartlett's formula)
    usual = 1.36 / np.sqrt(known * independent)
    if distance > usual:
        warnings.append(
            f"the distribution does not fit well: Kolmogorov's distance is {distance:.2f}, and by chance it is below "
            f"{usual:.2f} in 95 % of all cases"
        )
    held_out, trend, late = np.nan, 0.0, n // 4
    if steps.shape[1]:
        late = min(late, int((~steps[:, -1]).sum()) // 2)
    before = np.isfinite(demand[: n - late]) & ~offered[: n - late]
    if (
        before.sum() >= 2 * SHORTEST
        and (demand[: n - late][before] > 0).any()
        and np.isfinite(demand[n - late :]).sum() >= SHORTEST
    ):
        held_out, goes_on = _held_out(demand, cut, offered, steps, cycles, whole, late)
        trend = core.pattern.trend if goes_on else 0.0
        later = int(np.isfinite(demand[n - late :]).sum())
        usual = 1.63 / np.sqrt(later * independent)
        if held_out > usual:
            warnings.append(
                f"the last {late} periods are not like those before: Kolmogorov's distance is {held_out:.2f} there, "
                f"and by chance it is below {usual:.2f} in 99 % of all cases"
            )
    if known < 2 * max([cycle.periods for cycle in cycles if cycle.waves], default=0):
        warnings.append(f"only {known} periods are known, less than two years: no season of the year was looked for")
    free = np.isfinite(demand) & ~cut
    draws = demand / factors
    return Fitted(
        item=item,
        law=core.law,
        pattern=core.pattern,
        trend=trend,
        autocorrelation=r if abs(r) > max(2.58 / np.sqrt(known), 0.1) else 0.0,
        promotion=_extra(offered, core.pattern.marks[0]) if core.marks[:, 0].any() else None,
        spike=_extra(core.spikes, core.pattern.marks[1]) if core.spikes.any() else None,
        known=known,
        short=int((np.isfinite(units) & (np.zeros(n, bool) if short is None else short)).sum()),
        distance=distance,
        held_out=float(held_out),
        sold=float(demand[free].mean()) if free.any() else np.nan,
        product_limit=product_limit_mean(draws[np.isfinite(draws)], cut[np.isfinite(draws)]),
        mean=core.pattern.level * factors,
        low=core.law.quantile(0.05, factors),
        high=core.law.quantile(0.95, factors),
        spikes=core.spikes,
        warnings=tuple(warnings),
        shifts=tuple((np.flatnonzero(np.diff(steps.sum(axis=1))) + 1).tolist()),
        notes=tuple(notes),
    )


def seasons(grid: Grid) -> tuple[Cycle, ...]:
    """Return the seasons that demand by these periods may have: the days of a week, the weeks or months of a year."""
    if grid.period == "day":
        week = len(grid.open)
        return Cycle(week, week // 2), Cycle(52 * week, WAVES)
    year = round(grid.per_year)
    return (Cycle(year, WAVES),) if year > 1 else ()


def product_limit_mean(values: np.ndarray, at_least: np.ndarray) -> float:
    """Return the mean of values (n,), some of which are that or more, by the product-limit estimator.

    It is the area under the estimated survival function, up to the largest value (the restricted mean of Kaplan and
    Meier 1958).
    """
    from scipy import stats

    if not at_least.any():
        return float(values.mean())
    if at_least.all():
        return float("nan")
    data = stats.CensoredData(uncensored=values[~at_least], right=values[at_least])
    survival = stats.ecdf(data).sf
    at = np.concatenate([[0.0], survival.quantiles])
    return float(np.sum(np.diff(at) * np.concatenate([[1.0], survival.probabilities[:-1]])))


def _steps(demand: np.ndarray, cut: np.ndarray, offered: np.ndarray, cycles: tuple[Cycle, ...]) -> np.ndarray:
    """Tell which periods are before each change of the level (n, changes)."""
    n, none = len(demand), np.zeros((len(demand), 0), bool)
    usual = np.where(offered | cut, np.nan, demand)
    year = max([cycle.periods for cycle in cycles], default=1)
    unsure = 2 * year <= n < 3 * year  # in which a change is not told from a season that was seen twice
    if unsure or not np.nansum(usual) > 0 or np.isfinite(usual).sum() < SHORTEST:
        return none
    found = pattern(usual, cycles, np.zeros((n, 0)))
    places = np.arange(n) - n
    season = found.season[places % len(found.season)]
    changes = shifts(usual, np.maximum(season, 1e-9))
    return np.arange(n)[:, None] < np.array(changes, int)[None, :] if changes else none


def _level_about(found: Pattern, steps: np.ndarray, k: int) -> tuple[float, float]:
    """Return the level, without season, in the period before another and in that one, as if there were no trend."""
    factors = np.array(found.marks[2:])
    before, after = (float(np.prod(np.where(steps[t], factors, 1.0))) for t in (k - 1, k))
    return found.level * before, found.level * after


def _core(
    demand: np.ndarray,
    cut: np.ndarray,
    offered: np.ndarray,
    steps: np.ndarray,
    cycles: tuple[Cycle, ...],
    whole: bool,
) -> _Core:
    """Fit pattern and law, with spikes where that is likelier: less log(n) / 2 for each parameter (Schwarz 1978).

    With spikes it is the likelihood of the demands and of which periods have a spike; the two parameters are their
    factor and their share.
    """
    known = np.isfinite(demand)
    usable = (known & offered).sum() >= 2 and (known & ~offered).sum() >= SHORTEST
    full = np.where(offered & ~usable, np.nan, demand)  # too few promotions for a factor: not taken for usual demand
    offers = offered & usable
    none, grows = np.zeros(len(demand), bool), not steps.shape[1]
    plain = pattern(full, cycles, _marks(offers, none, steps), (), grows)
    spikes, peaks = _spikes(full, plain.factors / _of_marks(plain, offers, none), plain.level, offered, cycles, ())
    if spikes.any() or peaks:
        found = pattern(full, cycles, _marks(offers, spikes, steps), peaks, grows)
        usual = found.factors / _of_marks(found, offers, spikes)
        spikes, peaks = _spikes(full, usual, found.level, offered, cycles, peaks)
        plain = pattern(full, cycles, _marks(offers, none, steps), peaks, grows)
    core, likelihood = _with(plain, full, cut, offers, none, steps, cycles, peaks, whole)
    if spikes.any():
        found = pattern(full, cycles, _marks(offers, spikes, steps), peaks, grows)
        other, likelier = _with(found, full, cut, offers, spikes, steps, cycles, peaks, whole)
        n, many = int(np.isfinite(full).sum()), int(spikes.sum())
        likelier += many * np.log(many / n) + (n - many) * np.log(1 - many / n) - np.log(n)
        core = other if likelier > likelihood else core
    return core


def _marks(offers: np.ndarray, spikes: np.ndarray, steps: np.ndarray) -> np.ndarray:
    return np.column_stack([offers, spikes, steps]).astype(float)


def _of_marks(found: Pattern, offers: np.ndarray, spikes: np.ndarray) -> np.ndarray:
    """Return what promotions and spikes multiply demand by in each period (n,)."""
    return np.where(offers, found.marks[0], 1.0) * np.where(spikes, found.marks[1], 1.0)


def _with(
    found: Pattern,
    full: np.ndarray,
    cut: np.ndarray,
    offers: np.ndarray,
    spikes: np.ndarray,
    steps: np.ndarray,
    cycles: tuple[Cycle, ...],
    peaks: tuple[int, ...],
    whole: bool,
) -> tuple[_Core, float]:
    """Fit pattern and law, in turn with what is expected of demand where it was cut off; and how likely it is."""
    marks, at, told = _marks(offers, spikes, steps), np.isfinite(full), full
    law = best_law(told[at], found.factors[at], cut[at], found.level, whole)
    for _ in range(ROUNDS if (cut & at).any() else 0):
        full = full.copy()
        full[cut & at] = law.expected_from(told[cut & at], found.factors[cut & at])
        found = pattern(full, cycles, marks, peaks, not steps.shape[1])
        law = best_law(told[at], found.factors[at], cut[at], found.level, whole)
    return _Core(found, law, spikes, marks), law.likelihood(told[at], found.factors[at], cut[at])


def _spikes(
    demand: np.ndarray,
    factors: np.ndarray,
    level: float,
    offered: np.ndarray,
    cycles: tuple[Cycle, ...],
    peaks: tuple[int, ...],
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return the periods (n,) far above what is usual, and the places of the year where this recurs, which are season.

    A demand is far above where demand / usual exceeds the median by 3.5 standard deviations: 1.4826 times the median
    absolute deviation, and no less than that of a Poisson demand. A place of the year is season where it is far above
    in half of the years or more, if so many coincidences are not to be expected by chance.
    """
    none, usual = np.zeros(len(demand), bool), factors * level
    ratio = np.where(np.isfinite(demand) & ~offered, demand / usual, np.nan)
    middle = float(np.nanmedian(ratio))
    if not middle > 0.2:  # intermittent
        return none, peaks
    spread = max(1.4826 * float(np.nanmedian(np.abs(ratio - middle))), 1 / np.sqrt(max(float(np.nanmean(usual)), 1e-9)))
    high = np.nan_to_num(ratio) > middle + OUTLIER * spread
    if not high.any() or high.mean() > RARE:
        return none, peaks
    year = max((cycle.periods for cycle in cycles), default=1)
    years = len(demand) / year
    chance = year * years * (years - 1) / 2 * float(high.mean()) ** 2  # places that are high twice
    if year > 1 and years >= 2 and chance < 0.5:
        places, often = np.unique(np.flatnonzero(high) % year, return_counts=True)
        again = places[often >= max(2, years / 2)]
        peaks = tuple(sorted({*peaks, *again.tolist()}))
        high = high & ~np.isin(np.arange(len(demand)) % year, peaks)
    return high, peaks


def _held_out(
    demand: np.ndarray,
    cut: np.ndarray,
    offered: np.ndarray,
    steps: np.ndarray,
    cycles: tuple[Cycle, ...],
    whole: bool,
    late: int,
) -> tuple[float, bool]:
    """Return Kolmogorov's distance of the last periods to what was fitted before, and whether a trend goes on."""
    n = len(demand) - late
    core = _core(demand[:n], cut[:n], offered[:n], steps[:n], cycles, whole)
    ahead = np.arange(late)
    season = core.pattern.season[ahead % len(core.pattern.season)]
    usable = np.isfinite(demand[n:])
    if core.marks[:, 0].any():
        season = season * np.where(offered[n:], core.pattern.marks[0], 1.0)
    else:
        usable = usable & ~offered[n:]
    if usable.sum() < SHORTEST:
        return float("nan"), False
    later = np.where(usable, demand[n:], np.nan)
    found, law = [], Mixed(core.law, float(core.spikes.mean()), core.pattern.marks[1])
    for trend in (0.0, core.pattern.trend):
        u, _ = transforms(law, later, season * np.maximum(1 + trend * ahead, 0.01), cut[n:])
        found.append(kolmogorov(u, cut[n:][usable]))
    return min(found), found[1] < found[0]


def _extra(where: np.ndarray, factor: float) -> Extra:
    """Return how often something begins, how long it lasts on average, and its factor."""
    begins = int((where & ~np.concatenate([[False], where[:-1]])).sum())
    quiet = max(int((~where).sum()), 1)
    return Extra(factor, min(begins / quiet, 1.0), float(where.sum()) / max(begins, 1), int(where.sum()))


def _too_little(demand: np.ndarray, item: str, whole: bool, known: int, n: int) -> Fitted:
    """Return Poisson demand (or exponential, in continuous units) with the mean of the few periods that there are."""
    mean = max(float(np.nansum(demand)) / max(known, 1), 0.01)
    law = (
        Law("poisson", (("mu", mean),), 1.0, True) if whole else Law("gamma", (("a", 1.0), ("scale", mean)), 1.0, False)
    )
    ones = np.ones(n)
    why = f"only {known} periods are known" if known < SHORTEST else "nothing was ever sold"
    told = (
        f"{why}: taken for Poisson demand of {mean:.3g} a period" if whole else f"{why}: taken for exponential demand"
    )
    return Fitted(
        item, law, Pattern(mean, np.ones(1), 0.0, ones, (1.0, 1.0), ()), 0.0, 0.0, None, None, known, 0, np.nan, np.nan,
        mean, mean, mean * ones, law.quantile(0.05, ones), law.quantile(0.95, ones), np.zeros(n, bool), (told,),
    )  # fmt: skip
