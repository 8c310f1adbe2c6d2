"""The pattern of a series: its level, season, trend, and what promotions multiply it by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

WAVES = 6
"""The most sine waves in a season."""
STEPS = 25
"""Steps of Newton's method, of which it needs about six."""
GROWTH = (-0.8, 20.0)
"""What a trend may add over the whole series, as a share of its beginning."""


class Cycle(NamedTuple):
    """A season of so many periods, and the most waves that it may be made of."""

    periods: int
    waves: int


@dataclass(frozen=True)
class Pattern:
    """What each period multiplies demand by.

    `level` is the mean in the period after the last, without season and promotion. `season` has a factor for each
    period of a season, whose mean is 1, from that period on; it is (1,) without one. `trend` is the growth a period,
    as a share of the level. `factors` (n,) are those of the periods of the series, `marks` what is multiplied where
    each of the marks (such as promotions) is set.
    """

    level: float
    season: np.ndarray
    trend: float
    factors: np.ndarray
    marks: tuple[float, ...]
    waves: tuple[int, ...]


def pattern(
    demand: np.ndarray,
    cycles: tuple[Cycle, ...],
    marks: np.ndarray,
    peaks: tuple[int, ...] = (),
    grows: bool = True,
) -> Pattern:
    """Fit a pattern to demand: log-linear regression, whose variance is proportional to the mean (quasi-Poisson).

    The mean of period t is (1 + g t) exp(a + sum_k (c_k cos(2 pi k t / s) + d_k sin(2 pi k t / s)) + marks): harmonic
    regression (Hyndman and Athanasopoulos 2021, section 7.4) with a linear trend, which demands of a scenario have. How
    many waves there are, and whether there is a trend, is decided by the deviance over the dispersion plus log n for
    each parameter (Schwarz 1978).

    Args:
        demand: of each period (n,); nan where it is not known.
        cycles: seasons that there may be.
        marks: periods that are multiplied by a factor of their own, a column for each kind (n, kinds).
        peaks: places in the longest cycle that have a factor of their own, as each year's holidays do.
        grows: whether there may be a trend.
    """
    from scipy import optimize

    n = len(demand)
    known = np.isfinite(demand)
    t = np.arange(n)
    longest = max((cycle.periods for cycle in cycles), default=1)

    def design(at: np.ndarray, waves: tuple[int, ...], marked: np.ndarray) -> np.ndarray:
        columns = [np.ones(len(at)), *marked.T]
        for cycle, many in zip(cycles, waves, strict=True):
            for k in range(1, many + 1):
                angle = 2 * np.pi * k * at / cycle.periods
                columns.append(np.cos(angle))
                if 2 * k != cycle.periods:
                    columns.append(np.sin(angle))
        columns += [(at % longest == place).astype(float) for place in peaks]
        return np.stack(columns, axis=1)

    designs: dict[tuple[int, ...], np.ndarray] = {}

    def fitted(waves: tuple[int, ...], growth: float) -> tuple[np.ndarray, float, np.ndarray]:
        if waves not in designs:
            designs[waves] = design(t, waves, marks)
        x, grown = designs[waves], 1 + growth * t / n
        beta = _regression(x[known], demand[known], grown[known])
        mean = grown * np.exp(np.clip(x @ beta, -30, 30))
        y, m = demand[known], mean[known]
        deviance = 2 * float(np.sum(np.where(y > 0, y * np.log(np.maximum(y, 1e-300) / m), 0.0) - (y - m)))
        return beta, deviance, mean

    most = tuple(min(cycle.waves, cycle.periods // 2) if 2 * cycle.periods <= n else 0 for cycle in cycles)
    observed = int(known.sum())

    def parameters(waves: tuple[int, ...]) -> int:
        return design(t[:1], waves, marks[:1]).shape[1]

    while parameters(most) > observed // 3 and any(most):
        most = tuple(max(many - 1, 0) for many in most)

    def grown(waves: tuple[int, ...]) -> float:
        growth = optimize.minimize_scalar(
            lambda growth: fitted(waves, growth)[1], bounds=GROWTH, method="bounded", options={"xatol": 0.02}
        )
        return float(growth.x)

    growth = grown(tuple(0 for _ in cycles)) if grows and observed >= 12 else 0.0
    _, _, mean = fitted(most, growth)
    pearson = float(np.sum((demand[known] - mean[known]) ** 2 / mean[known]))
    dispersion = max(pearson / max(observed - parameters(most) - 1, 1), 1e-9)

    def worse(waves: tuple[int, ...], growth: float) -> float:
        return fitted(waves, growth)[1] / dispersion + (parameters(waves) + (growth != 0)) * np.log(observed)

    waves = tuple(0 for _ in cycles)
    for place, many in enumerate(most):
        options = [(*waves[:place], k, *waves[place + 1 :]) for k in range(many + 1)]
        waves = min(options, key=lambda each: worse(each, growth))
    growth = grown(waves) if growth else 0.0
    if not worse(waves, growth) < worse(waves, 0.0):
        growth = 0.0
    beta, _, mean = fitted(waves, growth)
    season = np.ones(1)
    if any(waves) or peaks:
        seasonal = beta.copy()
        seasonal[0] = 0.0
        used = [cycle.periods for cycle, many in zip(cycles, waves, strict=True) if many or peaks]
        turn = design(n + np.arange(max(used)), waves, np.zeros((max(used), marks.shape[1])))
        season = np.exp(np.clip(turn @ seasonal, -30, 30))
    level = float(np.exp(np.clip(beta[0], -30, 30)) * (1 + growth) * season.mean())
    found = np.exp(np.clip(beta[1 : 1 + marks.shape[1]], -10, 10))
    trend = growth / n / (1 + growth)
    return Pattern(level, season / season.mean(), trend, mean / level, tuple(found.tolist()), waves)


def _regression(x: np.ndarray, y: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the coefficients of a log-linear regression by Newton's method, the mean multiplied by `times` (n,)."""
    beta = np.zeros(x.shape[1])
    beta[0] = np.log(max(float(y.mean()) / float(times.mean()), 1e-9))
    ridge = 1e-6 * len(y) * np.eye(x.shape[1])
    for _ in range(STEPS):
        mean = times * np.exp(np.clip(x @ beta, -30, 30))
        step = np.linalg.solve((x.T * mean) @ x + ridge * max(float(mean.mean()), 1e-9), x.T @ (y - mean))
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return beta
