"""The variance of demand given its forecast, which safety stock has to cover.

A forecast h periods ahead is the mean demand given what is known (`Drawn.foretold`). The demand of n periods, given
what is known, has the variance sum over h and k of E[Cov(D_h, D_k | known)] (Heath and Jackson 1994); it is exact here.
For standard normal x and y with the correlation c, Cov(F^-1(Phi(x)), F^-1(Phi(y))) is a function G(c) of the
distribution F alone, and since the normal score of period h is known with a share w_h of its variance,

    E[Cov(D_h, D_k | known)] = G(r^(k-h)) - G(r^(k-h) w_h),    h <= k,

where r is the autocorrelation. Without one, that is Var(D) - G(w_h) for each period: the accuracy of a normal score,
translated to the demand's own variance.
"""

from __future__ import annotations

import numpy as np

from ..scenario import Scenario
from .copula import HIGHEST, LOWEST, Copula
from .demand import level
from .regimes import in_the_long_run

NODES = np.linspace(-8.0, 8.0, 2049)[:, None]  # normal scores; smooth functions of them are integrated to 1e-10
WEIGHTS = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()
EVEN = (np.arange(1 << 16)[:, None] + 0.5) / (1 << 16)  # numbers between 0 and 1, where a function has jumps
LONG, LONG_WITH_REGIMES = 256, 64  # periods up to which covariances are computed one by one
ANGLES = np.linspace(-np.pi / 2, np.pi / 2, 129)  # of correlations, c = sin(angle), for which G is tabulated


def unknown(scenario: Scenario, name: str, periods: int) -> np.ndarray:
    """Return E[Cov(D_h, D_k | known)] of this and the next periods' demand (periods, periods), in units squared.

    At most `LONG` periods (`LONG_WITH_REGIMES` with regimes) are returned; `growth` extrapolates beyond. Known are the
    season, the past, the regime where it is seen, and the share that the accuracy gives. The result is the mean over a
    season and the long run. Trend, spikes and the rounding of a season's demand to whole units are left out.
    """
    demand = scenario.demands[name]
    periods = min(periods, LONG_WITH_REGIMES if demand.regimes else LONG)
    if demand.history is not None:
        found = np.eye(periods) * level(scenario, name)[1]
    else:
        found = _Unknown(Copula(scenario, name)).matrix(periods)
    if demand.season:
        factors = np.asarray(demand.season)
        apart = np.abs(np.subtract.outer(np.arange(periods), np.arange(periods))) % len(factors)
        found = found * np.array([np.mean(factors * np.roll(factors, -d)) for d in range(len(factors))])[apart]
    return found


def growth(found: np.ndarray) -> float:
    """Return the growth of the variance of a sum per further period, from the later half of the covariances."""
    half = len(found) // 2
    return float(found.sum() - found[:half, :half].sum()) / (len(found) - half)


class _Unknown:
    """The covariances of a demand that is drawn from normal scores, before season, by regime."""

    def __init__(self, copula: Copula) -> None:
        self.copula, self.means = copula, copula.means
        self.mean = np.array([mean.mean for mean in copula.means])
        self.move = np.eye(1) if copula.transition is None else copula.transition
        self.share = in_the_long_run(self.move)
        self._known: dict[float, np.ndarray] = {}

    def matrix(self, periods: int) -> np.ndarray:
        """Return E[Cov(D_h, D_k | known)] for periods h and k ahead (periods, periods).

        With regimes a, b: E[D_h D_k] is the mean of mu_a mu_b + G_ab(r^(k-h)) over the regimes of both periods, and
        E[E[D_h | known] E[D_k | known]] that of mu_a mu_b + G_ab(r^(k-h) w_h) over their regimes as they are forecast,
        independently, from the regime that is seen, or from none.
        """
        r, products = self.copula.autocorrelation, np.outer(self.mean, self.mean)
        powers = [np.linalg.matrix_power(self.move, h) for h in range(periods)]
        seen = self.copula.demand.regime_seen == "at-once"
        first, later = np.triu_indices(periods)
        scores = r ** (later - first).astype(float)
        pairs = np.round([scores, scores * self.known(periods)[first]], 12)  # so that equal ones are computed once
        values, places = np.unique(pairs, return_inverse=True)
        found, (of_all, of_known) = self.covariances(values), places.reshape(2, -1)
        out = np.empty((periods, periods))
        if self.copula.transition is None:  # with one regime the products of means cancel
            out[first, later] = out[later, first] = (found[of_all] - found[of_known])[:, 0, 0]
        else:
            for h, k, i, j in zip(first, later, of_all, of_known, strict=True):
                both = self.share[:, None] * powers[k - h]
                told = powers[h].T @ (self.share[:, None] * powers[k]) if seen else np.outer(self.share, self.share)
                out[h, k] = out[k, h] = (both * (products + found[i])).sum() - (told * (products + found[j])).sum()
        return np.where(np.eye(periods) > 0, np.maximum(out, 0.0), out)

    def covariances(self, correlations: np.ndarray) -> np.ndarray:
        """Return G for each of some correlations (n, regimes, regimes); where there are many, by a spline of its angle.

        Near 1, G bends like the root of 1 - c, and so is nearly straight in the angle.
        """
        if len(correlations) <= len(ANGLES):
            return np.array([self.covariance(each) for each in correlations])
        from scipy.interpolate import CubicSpline

        angles = ANGLES if correlations.min() < 0 else ANGLES[ANGLES >= 0]
        return np.asarray(
            CubicSpline(angles, [self.covariance(each) for each in np.sin(angles)])(np.arcsin(correlations))
        )

    def known(self, periods: int) -> np.ndarray:
        """Return the share of the variance of each period's normal score that is known, w (periods,).

        1 - w_h = r^2 (1 - w_{h-1}) + (1 - r^2) (1 - W_h), with the accuracy W_h; the past is known.
        """
        old = self.copula.autocorrelation**2
        accuracy = np.zeros(periods)
        given = self.copula.accuracy[:periods]
        accuracy[: len(given)] = given
        unknown, out = 0.0, np.empty(periods)
        for h in range(periods):
            unknown = old * unknown + (1.0 - old) * (1.0 - accuracy[h])
            out[h] = 1.0 - unknown
        return out

    def covariance(self, correlation: float) -> np.ndarray:
        """Return G, the covariance of the demands that two correlated normal scores mean, by regime (regimes, regimes).

        Two scores with the correlation c >= 0 have a part in common, and given it they are independent: G(c) is the
        covariance of the mean demands given a part with the variance c; with c < 0 one of them has the part's opposite.
        """
        if correlation not in self._known:
            common = abs(correlation)
            if common < 1e-12:
                found = np.zeros((len(self.means), len(self.means)))
            elif correlation > 1.0 - 1e-4 and len(self.means) == 1:
                found = np.array([[self.means[0].marginal.moments[1]]])
            elif common > 1.0 - 1e-4:
                quantiles = [mean.marginal.quantile(np.clip(EVEN, LOWEST, HIGHEST)).ravel() for mean in self.means]
                others = quantiles if correlation > 0 else [each[::-1] for each in quantiles]
                found = np.array([[np.mean(one * other) for other in others] for one in quantiles])
                found -= np.outer([each.mean() for each in quantiles], [each.mean() for each in quantiles])
            else:
                first, second = (
                    [
                        np.broadcast_to(mean(sign * np.sqrt(common) * NODES, 1.0 - common), NODES.shape) - mean.mean
                        for mean in self.means
                    ]
                    for sign in (1.0, np.sign(correlation))
                )
                found = np.array([[(WEIGHTS * one * other).sum() for other in second] for one in first])
            self._known[correlation] = found
        return self._known[correlation]
