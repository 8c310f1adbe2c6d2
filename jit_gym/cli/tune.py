"""`jit-gym tune`: the parameters of a rule that do best."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from .app import app
from .options import (
    AsJson,
    DateColumn,
    DemandName,
    Filters,
    HistoryFile,
    On,
    Overrides,
    ProcessCount,
    Request,
    ScenarioName,
    Seed,
    Threads,
    ValueColumn,
    complete_policy,
    executor_of,
)
from .progress import announce_compiling, console, print_notes, progress_bar, waiting


@app.command()
def tune(
    scenario: ScenarioName,
    policy: Annotated[
        str,
        typer.Argument(
            metavar="POLICY",
            help="A name; parameters that are given stay as they are: 's-S(s=17)'.",
            autocompletion=complete_policy,
        ),
    ],
    set_: Overrides = None,
    seed: Seed = 0,
    budget: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="How many periods may be played in all; by default some seconds' worth."),
    ] = None,
    periods: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="How many periods count; by default the long run, or the horizon."),
    ] = None,
    warmup: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="How many periods are played before those.")
    ] = None,
    history: HistoryFile = None,
    value: ValueColumn = None,
    date: DateColumn = None,
    where: Filters = None,
    demand: DemandName = None,
    on: On = None,
    workers: ProcessCount = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Find the parameters of a policy that do best, by simulation."""
    announce_compiling()
    from ..evaluation import compare, tuning
    from ..report import tuned

    executor = executor_of(on, workers)
    request = Request(scenario, set_, history, value, date, where, demand)
    world, notes = request.world()
    search = tuning.prepare(policy, world, seed=seed, budget=budget, periods=periods, warmup=warmup)
    print_notes(notes)
    with progress_bar(search.budget, quiet=as_json) as tick:
        best = search.winner(tick, executor)
    fresh = {"periods": best.tuning.periods, "warmup": best.tuning.warmup, "seed": best.tuning.seed}
    played = compare([best], world, paths=min(best.tuning.paths, 256), **fresh)
    with waiting("looking for the optimum or a bound", quiet=as_json):
        _ = played.optimality_gap

    if as_json:
        command = request.command("tune", policy, seed=seed, budget=budget, periods=periods, warmup=warmup)
        print(json.dumps(tuned.document(best, played, command, notes), indent=2, allow_nan=False))
        return
    tuned.print_tuned(best, played, request.command("compare", "jit", str(best)), console())
