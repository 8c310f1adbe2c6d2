"""A comparison over the worlds of a family, as a table for the terminal and as plain JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..common.statistics import Estimate
from ..evaluation import FamilyComparison
from .columns import Column, grid
from .provenance import origin

if TYPE_CHECKING:
    from rich.console import Console


def print_table(comparison: FamilyComparison, console: Console, tuned: bool) -> None:
    """Print how each policy does against the first one over all worlds, and in how many it is the best."""
    table, left_out = grid(comparison.policies, columns(comparison), console.width)
    console.print(table)
    console.print()
    how = "tuned in each world" if tuned else "as given, or by formula in each world (--tuned tunes them)"
    console.print(f"{_range(comparison)}. Rules play {how}.", soft_wrap=True)
    for k in range(1, len(comparison.policies)):
        console.print(sentence(comparison, k), soft_wrap=True)
    if len(comparison.policies) > 2:
        console.print("The intervals hold all together with 95 %.", style="dim", soft_wrap=True)
    if left_out:
        console.print("A wider terminal shows more columns, and --json all figures.", style="dim", soft_wrap=True)


def columns(comparison: FamilyComparison) -> list[Column]:
    """Return what is shown of each policy; the first is what the others are compared with."""
    others = range(1, len(comparison.policies))
    shares = [comparison.over_worlds(k) for k in others]
    worst = [comparison.worst(k) for k in others]
    against = f"{comparison.figure}, %\nagainst {comparison.policies[0]}"
    wins = [f"{comparison.wins(k)} of {len(comparison.comparisons)}" for k in (0, *others)]
    intervals = [_interval(share) if math.isfinite(share.error) else "" for share in shares]
    return [
        Column(against, ["", *(_percent(share.mean) for share in shares)], 0),
        Column("95 % interval\nover worlds", ["", *intervals], 1),
        Column("best, or\nas good", wins, 2),
        Column("worst\nworld", ["", *(f"{_percent(most)} ({name.rpartition('-')[2]})" for name, most in worst)], 3),
    ]


def sentence(comparison: FamilyComparison, policy: int) -> str:
    """Return what the worlds tell of a policy against the first one."""
    first, name, share = comparison.policies[0], comparison.policies[policy], comparison.over_worlds(policy)
    what = {"cost": "costs", "profit": "earns", "discounted_reward": "earns (discounted)"}[comparison.figure]
    if not math.isfinite(share.error):
        return f"{name} {what} {_percent(share.mean)} against {first} in the one world that was played."
    if share.low <= 0 <= share.high:
        return f"Over these worlds {name} is not told apart from {first}: {_between(share)}."
    more = "more" if share.mean > 0 else "less"
    return f"Over these worlds {name} {what} {100 * abs(share.mean):.1f} % {more} than {first} ({_between(share)})."


def document(comparison: FamilyComparison, command: str, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return the numbers, and where they come from, as plain JSON; what is not defined is null."""
    frame, by_world = comparison.frame().reset_index(), comparison.by_world().reset_index()
    return {
        **origin(comparison.family.base, command, notes),
        "family": comparison.family.name,
        "regime": comparison.regime,
        "figure": comparison.figure,
        "policies": [_plain(row) for row in frame.to_dict("records")],
        "worlds": [_plain(row) for row in by_world.to_dict("records")],
    }


def _range(comparison: FamilyComparison) -> str:
    worlds = len(comparison.comparisons)
    varies = ", ".join(comparison.family.varied(comparison.regime))
    paths = comparison.comparisons[0].results[0].paths
    return (
        f"{worlds} worlds of {comparison.family.name}, regime {comparison.regime}, {paths} paths in each; what varies: "
        f"{varies}"
    )


def _between(share: Estimate) -> str:
    return f"95 % interval {_interval(share)} %"


def _interval(share: Estimate) -> str:
    return f"{100 * share.low:+.1f} to {100 * share.high:+.1f}"


def _percent(share: float) -> str:
    return f"{100 * share:+.1f} %" if math.isfinite(share) else "undefined"


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}
