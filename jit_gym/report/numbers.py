"""A comparison as plain numbers, for programs to read."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from ..evaluate import METRICS, Comparison, Estimate
from .provenance import certificate
from .words import aim, gap, judged, verdict


def document(comparison: Comparison, command: str | None = None, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return each figure of each policy, the differences to the first one, and where they come from, as plain JSON."""
    first, figure = comparison.results[0], aim(comparison)
    return {
        "verdict": verdict(comparison),
        "best": comparison.best.policy,
        "policies": [
            {
                "policy": result.policy,
                "figures": {metric.name: plain(result.estimate(metric.name)) for metric in METRICS},
                "difference": {name: plain(gap(result, first, name)) for name in ("cost", "profit")},
                "against_first": judged(gap(result, first, figure), figure) or None,
            }
            for result in comparison.results
        ],
        "provenance": certificate(comparison, command, notes),
    }


def plain(estimate: Estimate) -> dict[str, float | None]:
    """Return an estimate by name; what is not defined is null."""
    return {name: value if isfinite(value) else None for name, value in estimate._asdict().items()}
