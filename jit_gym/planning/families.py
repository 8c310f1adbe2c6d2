"""The families of distributions that are fitted to demand, and how likely a demand is under one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import gamma
from typing import Any

import numpy as np

from ..scenario.model import Distribution

PIECES = 8
"""Points at which the distribution function is looked up between two whole numbers, where they are large."""
TABLE = 5_000
"""The largest draw up to which it is added up exactly."""
LEAST = 1e-12
"""The least probability that counts, so that one odd value does not make a fit impossible."""


@dataclass(frozen=True)
class Family:
    """Distributions of one name, given by their mean and one number for their spread.

    `parameters(mean, spread)` returns those of scipy.stats; `whole` tells whether draws are counts, `spreads` whether
    there is a spread to choose, `positive` whether draws are never 0, and `most` the largest spread.
    """

    name: str
    parameters: Callable[[float, float], dict[str, float]]
    whole: bool = False
    spreads: bool = True
    positive: bool = False
    most: float = 4.5


def _lognorm(mean: float, cv: float) -> dict[str, float]:
    s = float(np.sqrt(np.log1p(cv**2)))
    return {"s": s, "scale": mean * float(np.exp(-(s**2) / 2))}


def _nbinom(mean: float, cv: float) -> dict[str, float]:
    size = 1 / cv**2
    return {"n": size, "p": size / (size + mean)}


def _weibull(mean: float, cv: float) -> dict[str, float]:
    shape = cv**-1.086  # which is nearly the one of this coefficient of variation
    return {"c": shape, "scale": mean / gamma(1 + 1 / shape)}


def _shifted(mean: float, cv: float) -> dict[str, float]:
    return {**_nbinom(max(mean - 1, 1e-6), cv), "loc": 1}


FAMILIES = (
    Family("poisson", lambda mean, cv: {"mu": mean}, whole=True, spreads=False),
    Family("nbinom", _nbinom, whole=True),
    Family("gamma", lambda mean, cv: {"a": 1 / cv**2, "scale": mean * cv**2}),
    Family("norm", lambda mean, cv: {"loc": mean, "scale": mean * cv}, most=1 / 3),  # what is cut off at 0 is little
    Family("lognorm", _lognorm),
    Family("weibull_min", _weibull),
)
"""For demand in nearly every period. The spread is the coefficient of variation; of `nbinom`, 1 / sqrt(n)."""

SOMETIMES = (
    Family("geom", lambda mean, cv: {"p": 1 / max(mean, 1 + 1e-9)}, whole=True, spreads=False, positive=True),
    Family("poisson", lambda mean, cv: {"mu": max(mean - 1, 1e-6), "loc": 1}, True, False, True),
    Family("nbinom", _shifted, whole=True, positive=True),
    Family("gamma", lambda mean, cv: {"a": 1 / cv**2, "scale": mean * cv**2}, positive=True),
    Family("lognorm", _lognorm, positive=True),
)
"""For the size of intermittent demand (Croston 1972)."""


@dataclass(frozen=True)
class Law:
    """How a period's demand comes about: whether there is any, a draw, and the factor that it is multiplied by.

    In whole units a continuous draw is rounded to the nearest, and what the factor makes of it is rounded up or down by
    chance, as the engine does (`jit_gym.chance`).
    """

    name: str
    parameters: tuple[tuple[str, float], ...]
    occurs: float
    whole: bool

    @property
    def distribution(self) -> Distribution:
        """Return the draw as a scenario has it, its parameters to six digits."""
        return Distribution(name=self.name, **{key: float(f"{value:.6g}") for key, value in self.parameters})

    def below(self, demand: np.ndarray, factor: np.ndarray) -> np.ndarray:
        """Return the probability of a demand (n,) or less, each with its factor (n,).

        With whole units D is X f rounded by chance, so P(D <= y) = E[min(max(y + 1 - X f, 0), 1)], which is the mean of
        P(X <= z / f) over z from y to y + 1.
        """
        return self._below(demand, factor, self._added_up(demand, factor))

    def likelihood(self, demand: np.ndarray, factor: np.ndarray, at_least: np.ndarray) -> float:
        """Return the logarithm of the likelihood of demands (n,), some of which are `at_least` as much as they are.

        In continuous units it is that of the tenth of a percent of the mean around each demand.
        """
        width = 1.0 if self.whole else 1e-3 * max(float(np.mean(demand)), 1e-9)
        table = self._added_up(demand, factor)
        less = demand - width
        before = self._below(less, factor, self._added_up(less, factor) if table is None else table)
        here = np.where(at_least, 1.0, self._below(demand, factor, table)) - before
        return float(np.log(np.maximum(here, LEAST)).sum())

    def quantile(self, u: np.ndarray | float, factor: np.ndarray) -> np.ndarray:
        """Return the quantiles of demand, before its rounding, each with its factor."""
        inside = (np.asarray(u) - (1 - self.occurs)) / self.occurs
        draw = self._stats.ppf(np.clip(inside, 0.0, 1.0), **dict(self.parameters))
        return np.where(inside <= 0, 0.0, np.maximum(draw, 0.0)) * factor

    def expected_from(self, demand: np.ndarray, factor: np.ndarray) -> np.ndarray:
        """Return the mean demand (n,) of those that are `demand` or more: what is expected where stock ran out."""
        start = self.below(demand - (1.0 if self.whole else 0.0), factor)
        u = (np.arange(64) + 0.5) / 64
        tail = self.quantile(np.minimum(start[:, None] + (1 - start[:, None]) * u, 1 - 1e-9), factor[:, None])
        return np.maximum(tail.mean(axis=1), demand)

    def _below(self, demand: np.ndarray, factor: np.ndarray, table: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
        """Return what `below` does, with the table of demands that are as large or larger."""
        inside = self._rounded_below(demand, factor, table) if self.whole else self._draw_below(demand / factor)
        return np.where(demand < 0, 0.0, 1.0 - self.occurs + self.occurs * inside)

    def _added_up(self, demand: np.ndarray, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Return P(X <= x) for whole numbers x and its integral from 0 to each, up to demands; None if too many."""
        if not self.whole:
            return None
        most = int(np.ceil((np.maximum(demand + 1.0, 0.0) / factor).max())) + 1
        if most > TABLE:
            return None
        at = self._draw_below(np.arange(float(most)))
        return at, np.concatenate([[0.0], np.cumsum(at)])

    def _rounded_below(
        self, demand: np.ndarray, factor: np.ndarray, table: tuple[np.ndarray, np.ndarray] | None
    ) -> np.ndarray:
        """Return the mean of P(X <= z / f) over z from y to y + 1, from sums over whole numbers where they are few."""
        if table is None:
            points = (np.arange(PIECES) + 0.5) / PIECES
            return self._draw_below((demand[:, None] + points) / factor[:, None]).mean(axis=1)
        at, sums = table

        def integral(x: np.ndarray) -> np.ndarray:
            whole = np.floor(x).astype(int)
            return sums[whole] + at[np.minimum(whole, len(at) - 1)] * (x - whole)

        low, high = np.maximum(demand, 0.0) / factor, np.maximum(demand + 1.0, 0.0) / factor
        return (integral(high) - integral(low)) * factor

    @property
    def _stats(self) -> Any:
        from scipy import stats

        return getattr(stats, self.name)

    def _draw_below(self, value: np.ndarray) -> np.ndarray:
        if self.whole and self.name not in ("poisson", "nbinom", "geom"):
            value = np.floor(value) + 0.5
        with np.errstate(all="ignore"):
            found = self._stats.cdf(value, **dict(self.parameters))
        return np.where(value < 0, 0.0, np.nan_to_num(found))


def best_law(demand: np.ndarray, factor: np.ndarray, at_least: np.ndarray, mean: float, whole: bool) -> Law:
    """Return the law of this mean that makes demands the likeliest, less log(n) / 2 for each parameter (Schwarz 1978).

    Args:
        demand: what was asked for (n,).
        factor: what its draw was multiplied by (n,).
        at_least: where demand was that much or more, as stock had run out (n,).
        mean: of the draw, with periods without any.
        whole: whether demands are whole units.
    """
    from scipy import optimize

    share = float(np.mean(demand > 0))
    found: list[tuple[float, Law]] = []
    for families, occurs in ((FAMILIES, 1.0), (SOMETIMES, share)):
        if families is SOMETIMES and not 0 < share <= 0.95:
            continue
        for family in families:
            if family.whole and (not whole or (family.positive and mean / occurs <= 1)):
                continue

            def law(log_spread: float, family: Family = family, occurs: float = occurs) -> Law:
                drawn = family.parameters(mean / occurs, float(np.exp(log_spread)))
                return Law(family.name, tuple(drawn.items()), occurs, whole)

            def badness(log_spread: float, law: Callable[[float], Law] = law) -> float:
                return -law(log_spread).likelihood(demand, factor, at_least)

            spread = 0.0
            if family.spreads:
                bounds = (-4.0, float(np.log(family.most)))
                best = optimize.minimize_scalar(badness, bounds=bounds, method="bounded", options={"xatol": 0.02})
                spread = float(best.x)
            parameters = 1 + family.spreads + (families is SOMETIMES)
            found.append((badness(spread) + parameters * np.log(len(demand)) / 2, law(spread)))
    return min(found, key=lambda each: each[0])[1]
