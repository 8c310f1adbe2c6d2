"""A comparison as plain numbers, for programs to read."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from ..common.statistics import mean_of_defined
from ..evaluation import ITEM_METRICS, Comparison, Duration, Estimate, OptimalityGap, Resilience, Result
from ..evaluation.resilience import FALLS, RECOVERED, TAIL
from .provenance import certificate
from .words import descriptions, labels, verdict


def document(comparison: Comparison, command: str | None = None, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return each figure of each policy, the differences to the first one, and where they come from, as plain JSON."""
    first, best = comparison.results[0], comparison.optimality_gap
    return {
        "verdict": verdict(comparison),
        "figure": comparison.figure,
        "best": comparison.best.policy,
        "practically_the_same_under": comparison.practical,
        "certain": comparison.certain,
        "gap_to": best and _best(best),
        "notes": list(comparison.notes),
        "policies": [
            {
                "policy": result.policy,
                "label": label,
                "description": description,
                "ranked": result in comparison.eligible,
                "reaches_fill_rate": comparison.reaches(result),
                "figures": {name: plain(result.estimate(name)) for name in result.figures},
                "items": _items(result),
                "resilience": result.resilience and resilience(result.resilience),
                "difference": {name: plain(comparison.difference(result, name)) for name in ("cost", "profit")},
                "against_first": comparison.judged(comparison.against(result, first)) or None,
                "gap": best and {"cost": plain(best.of(result)), "share": plain(best.share(result))},
            }
            for result, label, description in zip(
                comparison.results, labels(comparison), descriptions(comparison), strict=True
            )
        ],
        "provenance": certificate(comparison, command, notes),
    }


def _items(result: Result) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return the mean of each figure of each stock, lane, demand and warehouse, by their names."""
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for kind, metrics in ITEM_METRICS.items():
        means = {metric.name: mean_of_defined(result.items[kind][metric.name]) for metric in metrics}
        found[kind] = {
            name: {figure: value if isfinite(value := float(values[k])) else None for figure, values in means.items()}
            for k, name in enumerate(getattr(result.scenario, kind))
        }
    return found


def _best(best: OptimalityGap) -> dict[str, Any]:
    """Return what the gaps are gaps to: the optimum, a bound, or the best policy."""
    optimum = best.optimum and {"cost": best.optimum.cost, "states": best.optimum.states}
    unproved = best.unproved if isfinite(best.unproved) else None
    return {"to": best.to, "cost": best.cost, "paths": best.paths, "unproved": unproved, "optimum": optimum}


def resilience(each: Resilience) -> dict[str, Any]:
    """Return a policy's figures of resilience as plain JSON."""
    durations = {name: _plain_duration(each.duration(name)) for name in each.censored}
    return {
        "paths": each.paths,
        "struck": each.struck,
        "fell": each.fell,
        "thresholds": {"falls": FALLS, "recovered": RECOVERED, "steady_periods": each.steady, "tail": TAIL},
        **durations,
        **{name: plain(each.estimate(name)) for name in each.figures if name not in durations},
        "worst_5_percent_net_cost": plain(each.tail),
    }


def _plain_duration(duration: Duration) -> dict[str, float | None]:
    return {name: value if isfinite(value) else None for name, value in duration._asdict().items()}


def plain(estimate: Estimate) -> dict[str, float | None]:
    """Return an estimate by name; what is not defined is null."""
    return {name: value if isfinite(value) else None for name, value in estimate._asdict().items()}
