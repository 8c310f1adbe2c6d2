"""`jit-gym solve`: the optimal policy, and exact costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ..common.checks import BadInput
from ..common.text import plain
from .app import app
from .options import (
    AsJson,
    DateColumn,
    DemandName,
    Filters,
    HistoryFile,
    Overrides,
    Request,
    ScenarioName,
    Threads,
    ValueColumn,
    complete_policy,
    saved_policy,
    several,
)
from .progress import announce_compiling, console, print_notes, status_line


@app.command()
def solve(
    scenario: ScenarioName,
    policies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POLICY",
            help="Policies whose cost is computed too, exactly: 'base-stock(level=25)'.",
            autocompletion=complete_policy,
        ),
    ] = None,
    set_: Overrides = None,
    most_ordered: Annotated[
        float | None,
        typer.Option(metavar="UNITS", min=0, help="What a lane orders at most; by default what pays."),
    ] = None,
    most_states: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many states to look at before giving up.")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="Where to save the optimal policy; compare plays it by this name."),
    ] = None,
    history: HistoryFile = None,
    value: ValueColumn = None,
    date: DateColumn = None,
    where: Filters = None,
    demand: DemandName = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Compute the optimal policy and its cost, where the states are few enough."""
    announce_compiling()
    from ..common import files
    from ..evaluation import caveats
    from ..theory import exact_cost
    from ..theory import solve as optimise

    if save is not None:
        if save.suffix != ".npz":
            raise BadInput(f"--save: must end in .npz, got {str(save)!r}")
        files.check(save)
    request = Request(scenario, set_, history, value, date, where, demand)
    world, notes = request.world()
    names = [name for text in policies or () for name in several(text)]
    limits: dict[str, Any] = {} if most_states is None else {"most_states": most_states}
    notes += caveats(world)
    print_notes(notes)
    with status_line(quiet=as_json) as tell:
        optimum = optimise(world, most_ordered=most_ordered, progress=tell, **limits)
        costs = [exact_cost(saved_policy(name, world), world, progress=tell, **limits) for name in names]
    if save is not None:
        files.write(save, optimum.policy.data)
    command = request.command("solve", *names, most_ordered=most_ordered, most_states=most_states, save=save)
    from ..report import optima

    if as_json:
        print(json.dumps(optima.document(optimum, costs, command, notes), indent=2, allow_nan=False))
        return
    out = console()
    optima.print_optimum(optimum, costs, out)
    if save is not None:
        out.print(f"Policy: {plain(str(save))}", style="dim", soft_wrap=True)
