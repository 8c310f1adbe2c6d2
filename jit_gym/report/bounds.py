"""A clairvoyant bound for the terminal, and as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from ..theory import Bound
from .provenance import origin
from .words import a

if TYPE_CHECKING:
    from rich.console import Console


def print_bound(bound: Bound, console: Console) -> None:
    """Print the clairvoyant bound and its interval."""
    scenario, (low, high) = bound.scenario, bound.interval()
    period, discount = a(scenario.horizon.period), scenario.objective.discount
    weighed = f", weighed by {discount:g}^t" if discount < 1 else ""
    earned = bound.cost < 0
    most, cost = ("earns more", -bound.cost) if earned else ("costs less", bound.cost)
    console.print(f"{scenario.name}: nobody {most} than {cost:,.6g} {period}{weighed}", style="bold", soft_wrap=True)
    paths = f"{bound.paths:,} path{'' if bound.paths == 1 else 's'} of {bound.periods:,} {scenario.horizon.period}s"
    between = ""
    if isfinite(low):
        ends = sorted([-low, -high]) if earned else [low, high]
        between = f"; 95 % interval of the mean {ends[0]:,.6g} to {ends[1]:,.6g}"
    console.print(f"  on {paths}, seed {bound.seed}{between}", soft_wrap=True)
    if bound.gap > 0:
        stopped = int((bound.gaps > 0).sum())
        by = f"by up to {bound.gap:,.4g} {period}" if isfinite(bound.gap) else "by an unknown amount"
        more = f"stopped early on {stopped:,} of them: the bound may be too low {by} (try more --nodes)"
        console.print(f"  {more}", soft_wrap=True)


def document(bound: Bound, command: str | None = None, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return a bound as plain JSON."""
    low, high = bound.interval()
    return {
        "cost": bound.cost,
        "low": low if isfinite(low) else None,
        "high": high if isfinite(high) else None,
        "gap": bound.gap if isfinite(bound.gap) else None,
        "paths": bound.paths,
        "periods": bound.periods,
        "warmup": bound.warmup,
        "seed": bound.seed,
        "whole": bound.whole,
        "costs": bound.costs.tolist(),
        "gaps": [gap if isfinite(gap) else None for gap in bound.gaps.tolist()],
        "provenance": origin(bound.scenario, command, notes),
    }
