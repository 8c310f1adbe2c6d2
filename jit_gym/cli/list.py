"""`jit-gym list`: the scenarios, policies and agents that there are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .app import app
from .options import AsJson
from .progress import console

if TYPE_CHECKING:
    from rich.console import Console


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the scenarios that are shipped, and the policies."""
    from ..report import catalogue

    scenarios, industries, families = catalogue.scenarios(), catalogue.industries(), catalogue.families()
    rules, agents = catalogue.rules(), catalogue.agents()
    if as_json:
        everything = {"scenarios": scenarios, "industries": industries, "families": families}
        everything |= {"policies": rules, "agents": agents}
        print(json.dumps(everything, indent=2))
        return
    out = console()
    for title, entries, hint in (
        ("Scenarios", scenarios, "jit-gym show NAME tells more, jit-gym new NAME starts your own."),
        (
            "Industries",
            industries,
            "Scenarios as well, in calm years and in bad ones; docs/industries has a page on each.",
        ),
        ("Families", families, "Many worlds, each a variant of a scenario: jit-gym compare NAME plays 16 of them."),
        ("Policies", rules, "Parameters that are not given come from formulas: base-stock, or base-stock(level=25)."),
        ("Agents", agents, "Policies that were learned; jit-gym train SCENARIO --agent NAME trains your own."),
    ):
        out.print(title, style="bold")
        print_pairs(out, entries)
        out.print(hint, style="dim")
        out.print()


def print_pairs(out: Console, pairs: dict[str, str]) -> None:
    """Print names with what they mean, in two columns."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for name, text in pairs.items():
        grid.add_row(Text(f"  {name}", "bold cyan"), Text(text))
    out.print(grid)
