"""An optimum for the terminal, and as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..chance.outcomes import replayed
from ..theory import ExactCost, Optimum
from .provenance import origin
from .words import a

if TYPE_CHECKING:
    from rich.console import Console


def print_optimum(optimum: Optimum, costs: Sequence[ExactCost], console: Console) -> None:
    """Print what the optimum costs, and what policies cost beside it."""
    from rich import box
    from rich.table import Table

    scenario = optimum.scenario
    period = a(scenario.horizon.period)
    discount = scenario.objective.discount
    sense = "in the long run"
    if optimum.periods is not None:
        sense = f"over {optimum.periods:,} {scenario.horizon.period}s" + ", known in advance" * bool(replayed(scenario))
    if discount < 1:
        sense = f"weighed by {discount:g}^t" if optimum.periods is None else f"{sense}, weighed by {discount:g}^t"
    console.print(f"{scenario.name}: at least {optimum.cost:,.6g} {period}, {sense}", style="bold", soft_wrap=True)
    between = f"between {optimum.low:,.8g} and {optimum.high:,.8g}"
    console.print(f"  {between}; {optimum.states:,} states, {optimum.sweeps} sweeps", soft_wrap=True)
    if optimum.proviso:
        console.print(f"  {optimum.proviso}", soft_wrap=True)
    if not costs:
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("policy", overflow="fold")
    for name in (f"cost {period}", "above the optimum"):
        table.add_column(name, justify="right")
    table.add_row("optimal", f"{optimum.cost:,.6g}", "")
    for each in costs:
        table.add_row(each.policy, f"{each.cost:,.6g}", _above(each, optimum))
    console.print(table)
    for each in costs:
        if each.proviso:
            between = f"between {each.low:,.8g} and {each.high:,.8g}"
            console.print(f"  {each.policy}: {between}, {each.proviso}", soft_wrap=True)


def _above(each: ExactCost, optimum: Optimum) -> str:
    gap = each.cost - optimum.cost
    return f"{100 * gap / optimum.cost:.2f} %" if optimum.cost > 0 else f"{gap:,.6g}"


def document(
    optimum: Optimum, costs: Sequence[ExactCost], command: str | None = None, notes: Sequence[str] = ()
) -> dict[str, Any]:
    """Return an optimum, and what policies cost beside it, as plain JSON."""
    return {
        "cost": optimum.cost,
        "low": optimum.low,
        "high": optimum.high,
        "states": optimum.states,
        "sweeps": optimum.sweeps,
        "periods": optimum.periods,
        "proviso": optimum.proviso,
        "policies": [
            {name: getattr(each, name) for name in ("policy", "cost", "low", "high", "states", "proviso")}
            for each in costs
        ],
        "provenance": origin(optimum.scenario, command, notes),
    }
