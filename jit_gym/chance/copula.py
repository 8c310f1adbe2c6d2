"""Demand from normal scores: correlated in time and with other demands, with regimes, and partly known in advance.

The normal score of a period's demand is the standard normal number z whose quantile the demand is, D = F^-1(Phi(z)).
Scores may depend on each other in any way that leaves each of them standard normal, and F stays the distribution:

- in time (ARTA; Cario and Nelson 1996): z_t = r z_{t-1} + sqrt(1 - r^2) e_t, where r is the autocorrelation;
- with other demands (NORTA; Cario and Nelson 1997): what is new, e_t, is correlated by the matrix's Cholesky factor;
- and known in advance (a martingale model of forecast evolution, here of the score; Graves et al. 1986; Heath and
  Jackson 1994): h periods ahead, E[e_t | known] has the variance W_h, the accuracy.

In regimes (Song and Zipkin 1993) F is that of the regime that a Markov chain is in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from ..kernels.cache import compiled
from ..scenario import Scenario
from .bits import UNIT
from .demand import Marginal, marginals
from .regimes import passed_through, transition

LOWEST, HIGHEST = UNIT / 2, 1.0 - UNIT / 2  # the range of uniforms from 32-bit words; scores beyond are clipped to it
FEW = 128  # values of a demand up to which its mean is an exact sum over the jumps of F^-1
POINTS = 4096  # scores for which a mean is tabulated
SCORES = np.linspace(ndtri(LOWEST), ndtri(HIGHEST), POINTS)

Source = Callable[[str], np.ndarray]  # uniform numbers of a source of chance (periods, paths)


class Copula:
    """What is needed to draw and to forecast one demand from normal scores."""

    def __init__(self, scenario: Scenario, name: str) -> None:
        """Prepare to draw one of a scenario's demands."""
        self.name, self.demand = name, scenario.demands[name]
        self.autocorrelation = self.demand.autocorrelation
        self.accuracy = self.demand.forecast.accuracy if self.demand.forecast else ()
        self.means = [Mean(marginal) for marginal in marginals(scenario, name)]
        self.transition = transition(self.demand.regimes) if self.demand.regimes else None
        self.mix_first, self.mix = _mixes(scenario, name)

    @classmethod
    def needed(cls, scenario: Scenario, name: str) -> bool:
        """Tell whether a demand depends on more than one number a period, or is known in advance."""
        demand = scenario.demands[name]
        return bool(demand.autocorrelation or demand.regimes or demand.forecast or name in scenario.correlated[0])

    @property
    def plain(self) -> bool:
        """Tell whether the demand of a period depends on one uniform number only, which may be known in part."""
        return self.alone and not self.demand.regimes

    @property
    def alone(self) -> bool:
        """Tell whether its score in a period depends on no other score."""
        return not self.autocorrelation and list(self.mix) == [self.name]


class Mean:
    """The mean of a demand whose normal score, given what is known, has mean m and variance v; from tables over m."""

    def __init__(self, marginal: Marginal) -> None:
        """Prepare the tables, which are computed when a variance is first asked for."""
        self.marginal, self.mean = marginal, marginal.moments[0]
        self._tables: dict[float, np.ndarray] = {}

    def __call__(self, score: np.ndarray, variance: float) -> np.ndarray | float:
        """Return E[F^-1(Phi(m + sqrt(v) X))], where X is standard normal, for scores m (periods, paths)."""
        if variance > 1.0 - 1e-12:
            return self.mean
        if variance < 1e-4:  # a jump of F^-1 is too steep for linear interpolation
            return self.marginal.quantile(np.clip(ndtr(score), LOWEST, HIGHEST))
        if variance not in self._tables:
            self._tables[variance] = self._table(np.sqrt(variance))
        return look_up(score, self._tables[variance], float(SCORES[0]), float(SCORES[1] - SCORES[0]))

    def _table(self, deviation: float) -> np.ndarray:
        """Return the mean for each of SCORES: the sum of the jumps of F^-1, each times its chance to be reached."""
        table = self.marginal.table
        if table is not None and len(table.values) <= FEW:
            at = ndtri(table.cumulative[:-1])
            return table.values[0] + ndtr((SCORES[:, None] - at) / deviation) @ np.diff(table.values)
        values = self.marginal.quantile(np.clip(ndtr(SCORES), LOWEST, HIGHEST))
        apart = (SCORES[1] - SCORES[0]) * (np.arange(2 * POINTS - 2) - POINTS + 1.5)  # from scores to midpoints
        return values[0] + np.convolve(np.diff(values), ndtr(apart / deviation), "valid")


@compiled
def look_up(score: Any, table: Any, low: float, step: float) -> np.ndarray:
    """Interpolate linearly in a table over evenly spaced scores from `low` on (periods, paths)."""
    out = np.empty(score.shape)
    for t in range(score.shape[0]):
        for b in range(score.shape[1]):
            place = (score[t, b] - low) / step
            place = min(place, len(table) - 1.0) if place > 0.0 else 0.0  # NaN becomes 0, inside the table
            k = min(int(place), len(table) - 2)
            out[t, b] = table[k] + (place - k) * (table[k + 1] - table[k])
    return out


class Past(NamedTuple):
    """What a draw depends on of the periods before it."""

    score: np.ndarray | float  # of the last of them (paths,), where demand is autocorrelated
    regime: np.ndarray | None  # its index (paths,), where there are any
    chances: dict[int, np.ndarray]  # of each regime, so many periods ahead, where regimes are hidden


class Drawn:
    """One demand drawn on some paths: its normal scores, its regimes, and the forecasts of its mean."""

    def __init__(self, copula: Copula, source: Source, past: Past | None = None) -> None:
        """Set the source of uniform numbers, one a period and path for each name, and the past, if these go on."""
        self.copula, self.source, self.past = copula, source, past
        self._chances_after: dict[int, np.ndarray] = {}

    def after(self, periods: int) -> Past:
        """Return the past of the periods that follow these, once what is `foretold` was asked for."""
        score = self.scores[periods - 1] if self.copula.autocorrelation else 0.0
        regime = None if self.copula.transition is None else self.regimes[periods - 1]
        return Past(score, regime, self._chances_after)

    @cached_property
    def new(self) -> np.ndarray:
        """Return the innovations e of the scores (periods, paths); in the first period that is the score itself."""
        own = {name: ndtri(self.source(f"demands.{name}")) for name in self.copula.mix}
        mixed = sum(weight * own[name] for name, weight in self.copula.mix.items())
        assert isinstance(mixed, np.ndarray)
        if self.past is None:
            mixed[0] = sum(weight * own[name][0] for name, weight in self.copula.mix_first.items())
        return mixed

    @cached_property
    def scores(self) -> np.ndarray:
        """Return the normal scores (periods, paths), z_t = r z_{t-1} + sqrt(1 - r^2) e_t."""
        r = self.copula.autocorrelation
        if not r:
            return self.new
        scores = np.sqrt(1.0 - r * r) * self.new
        if self.past is None:
            scores[0] = self.new[0]
        else:
            scores[0] += r * self.past.score
        for t in range(1, len(scores)):
            scores[t] += r * scores[t - 1]
        return scores

    @cached_property
    def regimes(self) -> np.ndarray:
        """Return the index of the regime in each period (periods, paths)."""
        assert self.copula.transition is not None
        before = self.past and self.past.regime
        return passed_through(self.copula.transition, self.source(f"demands.{self.copula.name}.regime"), before)

    @property
    def demand(self) -> np.ndarray:
        """Return demand without season, trend and spikes (periods, paths)."""
        copula = self.copula
        u = self.source(f"demands.{copula.name}") if copula.alone else np.clip(ndtr(self.scores), LOWEST, HIGHEST)
        if copula.transition is None:
            return copula.means[0].marginal.quantile(u)
        out = np.empty(u.shape)
        for k, mean in enumerate(copula.means):
            inside = self.regimes == k
            out[inside] = mean.marginal.quantile(u[inside])
        return out

    def foretold(self, periods: int, ahead: int) -> Iterator[np.ndarray | float]:
        """Yield the mean demand 0, 1, ... `ahead` - 1 periods ahead, given what is known as each of the periods begins.

        Known are the scores of the past, the share of the innovations that the accuracy gives, and the regime of the
        period where regimes are seen, else that of the first period. Each mean is (periods, paths), or a number.
        """
        for h, (score, first, later) in enumerate(self._known(periods, ahead)):
            total: np.ndarray | float = 0.0
            for weight, mean in zip(self._chances(periods, h), self.copula.means, strict=True):
                each = mean(score, later)
                if first != later and self.past is None:
                    each = np.broadcast_to(each, score.shape).copy()
                    each[:1] = mean(score[:1], first)
                total = total + weight * each
            yield total

    def _known(self, periods: int, ahead: int) -> Iterator[tuple[np.ndarray, float, float]]:
        """Yield, for each period ahead, the mean of its score, and its variance in the first period and in the later.

        m_{t|s} = r m_{t-1|s} + sqrt(1 - r^2) K and v_{t|s} = r^2 v_{t-1|s} + (1 - r^2) (1 - W); K = E[e_t | known].
        """
        r, new = self.copula.autocorrelation, np.sqrt(1.0 - self.copula.autocorrelation**2)
        score = np.zeros((periods, self.new.shape[1]))
        score[1:] = self.scores[: periods - 1] if r else 0.0
        if r and self.past is not None:
            score[0] = self.past.score
        first = later = 0.0
        for h, (share, part) in enumerate(self._parts(ahead)):
            score = r * score
            score[1:] += new * part[h + 1 : h + periods]
            score[0] += (1.0 if h == 0 and self.past is None else new) * part[h]
            first = r * r * first + new * new * (1.0 - share) if h else 1.0 - share
            later = r * r * later + new * new * (1.0 - share)
            yield score, first, later

    def _parts(self, ahead: int) -> Iterator[tuple[float, np.ndarray]]:
        """Yield, for each period ahead, the accuracy W and E[e | known] of each period (periods, paths).

        E[e | known] is sampled backwards in time from e, as a Brownian bridge to 0, so that e is the same with and
        without a forecast.
        """
        before, part = 1.0, self.new
        for h in range(ahead):
            share = self.copula.accuracy[h] if h < len(self.copula.accuracy) else 0.0
            if share < before:
                part = share / before * part
                if share:
                    noise = ndtri(self.source(f"demands.{self.copula.name}.forecast.{h}"))
                    part = part + np.sqrt(share * (before - share) / before) * noise
            before = share or before
            yield share, part

    def _chances(self, periods: int, h: int) -> list[np.ndarray | float]:
        """Return the chance of each regime h periods ahead, given what is known as each period begins."""
        matrix = self.copula.transition
        if matrix is None:
            return [1.0]
        if self.copula.demand.regime_seen == "at-once":
            return list(np.linalg.matrix_power(matrix, h).T[:, self.regimes[:periods]])
        chances = [np.linalg.matrix_power(matrix, h)[0] if self.past is None else self.past.chances[h]]
        while len(chances) < periods:
            chances.append(chances[-1] @ matrix)
        self._chances_after[h] = chances[-1]
        return list(np.array(chances).T[:, :, None])


def _mixes(scenario: Scenario, name: str) -> tuple[dict[str, float], dict[str, float]]:
    """Return the weights of independent scores in the innovation of a demand, in the first period and in later ones.

    They are rows of Cholesky factors. The scores are stationary: in the first period their correlation is
    c sqrt((1 - r^2) (1 - s^2)) / (1 - r s) for the autocorrelations r and s.
    """
    names, matrix = scenario.correlated
    if name not in names:
        return {name: 1.0}, {name: 1.0}
    r = np.array([scenario.demands[each].autocorrelation for each in names])
    new = np.sqrt(1.0 - r * r)
    starts = matrix * np.outer(new, new) / (1.0 - np.outer(r, r))
    rows = (np.linalg.cholesky(each)[names.index(name)] for each in (starts, matrix))
    first, later = ({key: float(w) for key, w in zip(names, row, strict=True) if w} for row in rows)
    return first, later
