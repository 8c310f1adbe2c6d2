"""An optimum for the terminal, and as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..theory import ExactCost, Optimum
from .provenance import origin
from .words import a

if TYPE_CHECKING:
    from rich.console import Console


def show(optimum: Optimum, costs: Sequence[ExactCost], console: Console) -> None:
    """Print what the optimum costs, and what policies cost beside it."""
    from rich import box
    from rich.table import Table

    scenario = optimum.scenario
    period = a(scenario.horizon.period)
    discount = scenario.objective.discount
    sense = "in the long run" if discount == 1 else f"weighed by {discount:g}^t"
    console.print(f"{scenario.name}: at least {optimum.cost:,.6g} {period}, {sense}", style="bold", soft_wrap=True)
    between = f"between {optimum.low:,.8g} and {optimum.high:,.8g}"
    console.print(f"  {between}; {optimum.states:,} states, {optimum.sweeps} sweeps", soft_wrap=True)
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
        "policies": [
            {"policy": each.policy, "cost": each.cost, "low": each.low, "high": each.high, "states": each.states}
            for each in costs
        ],
        "provenance": origin(optimum.scenario, command, notes),
    }
