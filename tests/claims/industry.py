"""What the tests of the industries have in common: figures of several policies on the same paths."""

from __future__ import annotations

from typing import Any

import numpy as np

from jit_gym.evaluation import Result, evaluate
from jit_gym.scenario import Scenario

Z = 3.3  # of an interval that holds in 999 of 1,000 cases


def played(policies: list[str], scenario: Scenario, paths: int = 256, **more: Any) -> list[Result]:
    """Play policies on the same paths of a scenario."""
    return [evaluate(policy, scenario, paths=paths, seed=11, **more) for policy in policies]


def between(one: Result, other: Result, metric: str) -> tuple[float, float]:
    """Return an interval for how much higher a metric is on average than another's, path by path."""
    return interval(one.figures[metric] - other.figures[metric])


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return an interval for the mean of independent values."""
    error = Z * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - error), float(values.mean() + error)


def ratio(above: np.ndarray, below: np.ndarray) -> tuple[float, float]:
    """Return an interval for the ratio of two means over the same paths (delta method)."""
    share = above.mean() / below.mean()
    error = Z * (above - share * below).std(ddof=1) / np.sqrt(len(above)) / abs(below.mean())
    return float(share - error), float(share + error)
