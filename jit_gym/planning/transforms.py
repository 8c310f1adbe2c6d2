"""Judge a fit by the probability integral transforms of what was seen, which are uniform where it is right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .families import Law

FEWEST = 8
"""Pairs of periods that an autocorrelation needs."""


class Mixed(NamedTuple):
    """A law of demand of which some periods, at random, are multiplied by the factor of spikes."""

    law: Law
    share: float
    factor: float

    @property
    def whole(self) -> bool:
        """Tell whether demand is in whole units."""
        return self.law.whole

    def below(self, demand: np.ndarray, factor: np.ndarray) -> np.ndarray:
        """Return the probability of a demand (n,) or less, each with its factor (n,)."""
        usual, spike = self.law.below(demand, factor), self.law.below(demand, factor * self.factor)
        return (1 - self.share) * usual + self.share * spike


def transforms(
    law: Law | Mixed, demand: np.ndarray, factors: np.ndarray, cut: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability integral transforms of the known demands, at random within a step, and which are exact.

    A demand that was cut off has that of the sales, or more.
    """
    at = np.isfinite(demand)
    below, upto = law.below(demand[at] - 1.0, factors[at]), law.below(demand[at], factors[at])
    if not law.whole:
        below = np.where(demand[at] > 0, upto, 0.0)
    u = below + np.random.default_rng(0).random(at.sum()) * (upto - below)
    u = np.where(cut[at], below, u)
    sure = np.full(len(demand), np.nan)
    sure[at] = np.where(cut[at], np.nan, u)
    return u, sure


def kolmogorov(u: np.ndarray, at_least: np.ndarray) -> float:
    """Return the largest distance between the distribution of transforms and the uniform one (Kolmogorov's)."""
    from scipy import stats

    if at_least.all():
        return float("nan")
    data = stats.CensoredData(uncensored=u[~at_least], right=u[at_least])
    cdf = stats.ecdf(data).cdf
    after, before = cdf.probabilities, np.concatenate([[0.0], cdf.probabilities[:-1]])
    upto = cdf.quantiles <= u[~at_least].max()
    return float(np.maximum(np.abs(after - cdf.quantiles), np.abs(before - cdf.quantiles))[upto].max())


def autocorrelation(u: np.ndarray, sure: np.ndarray) -> float:
    """Return the correlation of the normal scores of one period and the next."""
    from scipy import special

    score = special.ndtri(np.clip(sure, 1e-4, 1 - 1e-4))
    pairs = np.isfinite(score[:-1]) & np.isfinite(score[1:])
    if pairs.sum() < FEWEST:
        return 0.0
    return float(np.corrcoef(score[:-1][pairs], score[1:][pairs])[0, 1])
