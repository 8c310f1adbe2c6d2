"""A comparison as plain numbers, for programs to read."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from ..evaluate import METRICS, Comparison, Distance, Estimate
from .provenance import certificate
from .words import aim, gap, judged, verdict


def document(comparison: Comparison, command: str | None = None, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return each figure of each policy, the differences to the first one, and where they come from, as plain JSON."""
    first, figure, best = comparison.results[0], aim(comparison), comparison.distance
    return {
        "verdict": verdict(comparison),
        "best": comparison.best.policy,
        "gap_to": best and _best(best),
        "policies": [
            {
                "policy": result.policy,
                "figures": {metric.name: plain(result.estimate(metric.name)) for metric in METRICS},
                "difference": {name: plain(gap(result, first, name)) for name in ("cost", "profit")},
                "against_first": judged(gap(result, first, figure), figure) or None,
                "gap": best and {"cost": plain(best.of(result)), "share": plain(best.share(result))},
            }
            for result in comparison.results
        ],
        "provenance": certificate(comparison, command, notes),
    }


def _best(best: Distance) -> dict[str, Any]:
    """Return what the gaps are gaps to: the optimum, a bound, or the best policy."""
    optimum = best.optimum and {"cost": best.optimum.cost, "states": best.optimum.states}
    unproved = best.unproved if isfinite(best.unproved) else None
    return {"to": best.to, "cost": best.cost, "paths": best.paths, "unproved": unproved, "optimum": optimum}


def plain(estimate: Estimate) -> dict[str, float | None]:
    """Return an estimate by name; what is not defined is null."""
    return {name: value if isfinite(value) else None for name, value in estimate._asdict().items()}
