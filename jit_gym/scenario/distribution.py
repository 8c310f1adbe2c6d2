"""Probability distributions of a scenario, with the names and parameters of scipy.stats."""

from __future__ import annotations

from functools import cached_property, lru_cache
from math import isfinite
from typing import Any

import numpy as np
from pydantic import (
    ConfigDict,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from ..common.checks import BadInput
from ..common.plugins import load_plugins, register
from ..common.text import nearest, quoted
from . import limits
from .part import Part

OWN_NAMES = ("fixed", "empirical")  # distributions that are not made by a generator of scipy.stats
INFINITE = ".inf"  # infinity in YAML; in JSON, which has no infinity, this text stands for it
DRAWN = 2.0**-33  # draws come from 32-bit words: their quantiles lie between this and 1 - this


class Distribution(Part):
    """A number that is drawn anew each time: `{name: poisson, mu: 5}`, or just `5` for a fixed one.

    `name` is any univariate distribution of scipy.stats, with its parameters under scipy's own names
    (`loc` and `scale` included), or one of two more: `{name: fixed, value: 4}` and
    `{name: empirical, values: [0, 1, 5], weights: [2, 1, 1]}` (equal weights when none are given).

    Where periods of an event are counted, `.inf` stands for ever.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, data: Any) -> Any:
        if isinstance(data, str) and data == INFINITE:
            return {"name": "fixed", "value": float("inf")}
        if isinstance(data, int | float) and not isinstance(data, bool):
            return {"name": "fixed", "value": data}
        if not isinstance(data, dict | Distribution):
            raise ValueError(f"must be a number, or as in {{name: poisson, mu: 5}}, got {quoted(data)}")
        return data

    @model_validator(mode="after")
    def _is_known_and_complete(self, info: ValidationInfo) -> Distribution:
        if self.is_forever:
            return self
        if self.name == "fixed":
            self._expect({"value"}, required={"value"})
        elif self.name == "empirical":
            self._expect({"values", "weights"}, required={"values"})
            self._check_empirical()
        else:
            self._check_scipy()
        mean, variance = self.mean, self.variance
        if not (isfinite(mean) and isfinite(variance)):
            raise ValueError(f"must have a finite mean and variance, got {self}")
        return self

    @model_serializer(mode="wrap")
    def _as_short_as_can_be(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
        if self.is_forever and info.mode == "json":
            return INFINITE
        return self.parameters["value"] if self.is_fixed else handler(self)

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters by name, without the distribution's own name."""
        return dict(self.__pydantic_extra__ or {})

    @cached_property
    def frozen(self) -> Any:
        """Return the frozen scipy.stats distribution (a discrete one for `fixed` and `empirical`)."""
        from scipy import stats

        if self.name in OWN_NAMES:
            values, weights = self.points
            return stats.rv_discrete(values=(np.arange(len(values)), weights))
        return _frozen(_kind(self.name), **self.parameters)

    @cached_property
    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the sorted values and probabilities of a `fixed` or `empirical` distribution."""
        if self.name == "fixed":
            return np.array([float(self.parameters["value"])]), np.array([1.0])
        values = np.asarray(self.parameters["values"], dtype=float)
        weights = np.asarray(self.parameters.get("weights", np.ones(len(values))), dtype=float)
        values, index = np.unique(values, return_inverse=True)
        return values, np.bincount(index, weights) / weights.sum()

    @property
    def is_fixed(self) -> bool:
        """Tell whether every draw is the same number."""
        return self.name == "fixed"

    @property
    def is_forever(self) -> bool:
        """Tell whether it is a number of periods without end, written as `.inf`."""
        return self.name == "fixed" and self.parameters == {"value": float("inf")}

    @property
    def is_one_number(self) -> bool:
        """Tell whether every draw is the same number, however that is written."""
        return self.is_fixed or self.lowest == self.highest

    @property
    def is_discrete(self) -> bool:
        """Tell whether the draws come from a countable set."""
        from scipy import stats

        return self.name in OWN_NAMES or isinstance(_kind(self.name), stats.rv_discrete)

    @property
    def is_whole(self) -> bool:
        """Tell whether every draw is a whole number."""
        if self.name in OWN_NAMES:
            return self.is_forever or all(value.is_integer() for value in self.points[0])
        return self.is_discrete and float(self.parameters.get("loc", 0)).is_integer()

    @property
    def mean(self) -> float:
        """Return the mean of a draw, before any cutting or rounding."""
        if self.name in OWN_NAMES:
            values, weights = self.points
            return float(values @ weights)
        return _moments(self.frozen)[0]

    @property
    def variance(self) -> float:
        """Return the variance of a draw, before any cutting or rounding."""
        if self.is_fixed:
            return 0.0
        if self.name in OWN_NAMES:
            values, weights = self.points
            return float((values - self.mean) ** 2 @ weights)
        return _moments(self.frozen)[1]

    def quantile(self, u: Any) -> Any:
        """Return the quantiles for numbers between 0 and 1, before any cutting or rounding."""
        if self.name in OWN_NAMES:
            values, weights = self.points
            index = np.searchsorted(np.cumsum(weights), u, side="left")
            return values[np.minimum(index, len(values) - 1)]
        with np.errstate(divide="ignore"):
            return np.maximum(self.frozen.ppf(u), self.lowest)

    @property
    def lowest(self) -> float:
        """Return the lower end of the support."""
        return float(self.points[0][0]) if self.name in OWN_NAMES else float(self.frozen.support()[0])

    @property
    def highest(self) -> float:
        """Return the upper end of the support."""
        return float(self.points[0][-1]) if self.name in OWN_NAMES else float(self.frozen.support()[1])

    @property
    def longest(self) -> float:
        """Return the largest number that can be drawn: the upper end of the support, or the quantile 1 - DRAWN."""
        if self.name in OWN_NAMES:
            return self.highest
        with np.errstate(all="ignore"):
            return float(self.frozen.ppf(1.0 - DRAWN))

    def __str__(self) -> str:
        if self.is_forever:
            return INFINITE
        if self.name == "fixed":
            return quoted(self.parameters["value"])
        inside = ", ".join(f"{key}={value}" for key, value in self.parameters.items())
        return f"{self.name}({inside})"

    def _expect(self, known: set[str], required: set[str]) -> None:
        """Refuse parameters that are unknown, missing or not finite numbers."""
        for key, value in self.parameters.items():
            if key not in known:
                hint = nearest(key, known) or f" (it has {', '.join(sorted(known))})"
                raise ValueError(f"{self.name} has no parameter {quoted(key)}{hint}")
            is_list = self.name == "empirical" and isinstance(value, list | tuple)
            for number in value if is_list else [value]:
                is_number = isinstance(number, int | float) and not isinstance(number, bool)
                if not is_number or (isinstance(number, float) and not isfinite(number)):
                    raise ValueError(f"{self.name}: {key} must be a finite number, got {quoted(number)}")
                if abs(number) > limits.NUMBER and self.name != "fixed":  # a fixed value is limited by its field
                    raise ValueError(f"{self.name}: {key} must be {limits.NUMBER:g} or less, got {quoted(number)}")
        missing = sorted(required - set(self.parameters))
        if missing:
            raise ValueError(f"{self.name} needs {' and '.join(missing)}")

    def _check_empirical(self) -> None:
        values = self.parameters["values"]
        weights = self.parameters.get("weights")
        if not isinstance(values, list | tuple) or not values:
            raise ValueError(f"empirical: values must be a list of one number or more, got {quoted(values)}")
        if weights is not None:
            if not isinstance(weights, list | tuple) or len(weights) != len(values):
                raise ValueError(f"empirical: weights must be a list of {len(values)}, one for each value")
            if min(weights) < 0 or sum(weights) <= 0:
                raise ValueError("empirical: weights must be 0 or more, and not all 0")

    def _check_scipy(self) -> None:
        from scipy import stats

        kind = _kind(self.name)
        kinds = stats.rv_discrete | stats.rv_continuous
        if not isinstance(kind, kinds):
            names = [name for name in dir(stats) if isinstance(getattr(stats, name), kinds)] + [*_added]
            raise ValueError(f"unknown distribution {quoted(self.name)}{nearest(self.name, [*names, *OWN_NAMES])}")
        shapes = set(kind.shapes.replace(" ", "").split(",")) if kind.shapes else set()
        optional = {"loc"} if isinstance(kind, stats.rv_discrete) else {"loc", "scale"}
        self._expect(shapes | optional, required=shapes)
        low, high = self.frozen.support()
        if np.isnan(low) or np.isnan(high):
            raise ValueError(f"must have parameters that {self.name} allows, got {self}")


_added: dict[str, Any] = {}
"""Registered distributions, by their names."""


def register_distribution(name: str, kind: Any) -> None:
    """Make a distribution known by a name: one made as scipy.stats makes its own, an `rv_discrete` or `rv_continuous`.

    Its `shapes` are the parameters that a scenario gives it, as in `{name: zero-inflated, p: 0.3, mu: 5}`.

    Raises:
        BadInput: for what is no such distribution, or a name that is taken.
    """
    from scipy import stats

    if not isinstance(kind, stats.rv_discrete | stats.rv_continuous):
        raise BadInput(f"distribution: must be an rv_discrete or rv_continuous of scipy.stats, got {quoted(kind)}")
    if name in OWN_NAMES or hasattr(stats, name):
        raise BadInput(f"distribution: the name {name!r} is taken (by scipy.stats, or here)")
    register(_added, "distribution", name, kind)


@lru_cache(maxsize=1024, typed=True)
def _frozen(kind: Any, /, **parameters: Any) -> Any:
    """Return a distribution of scipy.stats with its parameters; to make one takes a millisecond."""
    return kind(**parameters)


@lru_cache(maxsize=1024)
def _moments(frozen: Any) -> tuple[float, float]:
    """Return the mean and the variance of a frozen distribution."""
    with np.errstate(all="ignore"):  # scipy divides by zero for degenerate distributions
        return float(frozen.mean()), float(frozen.var())


def _kind(name: str) -> Any:
    """Return the generator of a name, from scipy.stats or registered; None if there is none."""
    from scipy import stats

    if (kind := getattr(stats, name, None)) is None:
        load_plugins()
        kind = _added.get(name)
    return kind
