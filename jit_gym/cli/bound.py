"""`jit-gym bound`: the least cost with all chance known in advance."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

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
)
from .progress import announce_compiling, console, print_notes, progress_bar


@app.command()
def bound(
    scenario: ScenarioName,
    set_: Overrides = None,
    paths: Annotated[int, typer.Option(metavar="N", min=1, help="On how many paths.")] = 256,
    periods: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many periods count; by default the scenario's.")
    ] = None,
    warmup: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="How many periods are played before those; by default as for compare."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="The seed of all chance.")] = 0,
    nodes: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Nodes of the search for whole numbers on each path, by default 100."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(metavar="N", hidden=True)] = None,
    relaxed: Annotated[
        bool, typer.Option("--relaxed", help="Relax fixed costs, batches, least orders and vehicles to shares: quick.")
    ] = False,
    history: HistoryFile = None,
    value: ValueColumn = None,
    date: DateColumn = None,
    where: Filters = None,
    demand: DemandName = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Compute the least cost with all chance known in advance: no policy can do better."""
    announce_compiling()
    from ..evaluation import caveats
    from ..report import bounds
    from ..scenario.window import window
    from ..theory import clairvoyant

    request = Request(scenario, set_, history, value, date, where, demand)
    world, notes = request.world()
    periods, warmup = window(world, periods, warmup)
    notes += caveats(world, periods=periods)
    print_notes(notes)
    options: dict[str, Any] = {"paths": paths, "periods": periods, "warmup": warmup, "seed": seed} | (
        {} if nodes is None else {"nodes": nodes}
    )
    if seconds is not None:
        print_notes(["--seconds does nothing any more, for a bound is the same on any machine (--nodes does)"])
    with progress_bar(paths, quiet=as_json, unit=" paths") as tick:
        found = clairvoyant(world, whole=not relaxed, progress=tick, **options)
    command = request.command("bound", **options, relaxed=relaxed)
    if as_json:
        print(json.dumps(bounds.document(found, command, notes), indent=2, allow_nan=False))
    else:
        bounds.print_bound(found, console())
