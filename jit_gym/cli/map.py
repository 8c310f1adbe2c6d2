"""`jit-gym map`: which policy does better where, over two keys of a scenario."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ..common.checks import BadInput
from ..common.executor import HERE, Executor
from ..common.text import plain
from ..common.threads import threads as threads_of
from .app import app
from .compare import affordable_paths
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
    Trust,
    ValueColumn,
    complete_policy,
    executor_of,
    overrides_of,
    saved_policy,
    several,
)
from .progress import announce_compiling, collect_warnings, console, print_notes, progress_bar

EFFORT = 60_000_000  # periods of one lane that `map` plays by default: less than a minute
SHARED = 12  # cells that are worth another process


@app.command("map")
def map_(
    scenario: ScenarioName,
    policies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POLICY",
            help="Names, with parameters or without. The first is what savings are counted against. By default those"
            " that the scenario names.",
            autocompletion=complete_policy,
        ),
    ] = None,
    x: Annotated[
        list[str] | None,
        typer.Option(
            "--x",
            metavar="KEY=LOW..HIGH",
            help="The key across, as --set takes it, and its values: 1..12, 1..12:6 (six of them), 0.01..1:6:geometric,"
            " or a list 1,2,5. PLACE.mean is a distribution's mean, disruptions.NAME.uptime the share of time without.",
        ),
    ] = None,
    y: Annotated[list[str] | None, typer.Option("--y", metavar="KEY=LOW..HIGH", help="The key up, likewise.")] = None,
    cells: Annotated[
        int | None,
        typer.Option(metavar="N", min=2, max=60, help="How many values a range has that does not say it; usually 12."),
    ] = None,
    set_: Overrides = None,
    tune: Annotated[bool, typer.Option("--tune", help="Tune each rule in each cell first, on other paths.")] = False,
    budget: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="With --tune: how many periods may be played for a rule in a cell."),
    ] = None,
    paths: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="How many times to play each cell, by default what takes up to a minute."
        ),
    ] = None,
    periods: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many periods count; by default the scenario's.")
    ] = None,
    warmup: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="How many periods are played before those; by default as in compare."),
    ] = None,
    seed: Seed = 0,
    threshold: Annotated[
        float,
        typer.Option(metavar="PERCENT", min=0, max=99, help="Smaller differences count as practically the same."),
    ] = 0.5,
    history: HistoryFile = None,
    value: ValueColumn = None,
    date: DateColumn = None,
    where: Filters = None,
    demand: DemandName = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.svg", help="Where to write the picture: .svg, .png, or a page in .html."),
    ] = None,
    trust: Trust = False,
    on: On = None,
    workers: ProcessCount = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Draw which policy is best where, over two keys of a scenario."""
    announce_compiling()
    from ..evaluation.maps import budget_of, play, prepare
    from ..report import maps as report
    from ..scenario.axis import CELLS

    across, up = _axis("--x", x), _axis("--y", y)
    if budget is not None and not tune:
        raise BadInput("--budget: is for tuning the rules first (add --tune)")

    request = Request(scenario, set_, history, value, date, where, demand)
    world, notes = request.world()
    names = [name for text in policies or () for name in several(text)]
    players = [saved_policy(name, world, trust) for name in names] or None
    with collect_warnings():  # what has no effect in some cells does in others
        grid = prepare(players, world, x=across, y=up, cells=cells or CELLS, periods=periods, warmup=warmup)
    for option, axis in (("--x", grid.x), ("--y", grid.y)):
        if axis.key in overrides_of(set_):
            raise BadInput(f"--set {axis.key}: is what {option} varies (leave it out)")
    if out is not None:
        report.check(out, len(grid.policies))
    if paths is None:
        paths = affordable_paths(grid.work * len(world.lanes), EFFORT)
    tuned = (budget or budget_of(world)) if tune else 0
    count = min(threads_of(), len(grid.worlds) // SHARED)
    executor = executor_of(on, workers, Executor("processes", count) if count > 1 else HERE)

    print_notes(notes)
    work = grid.work * paths + len(grid.worlds) * len(grid.policies) * tuned
    with progress_bar(work, quiet=as_json) as tick:
        drawn = play(
            grid, paths=paths, seed=seed, tuned=tuned, threshold=threshold / 100, executor=executor, progress=tick
        )

    options: dict[str, Any] = {"x": across, "y": up, "cells": cells, "tune": tune}
    options |= {"budget": tuned or None, "paths": paths, "periods": periods, "warmup": warmup, "seed": seed}
    options |= {"threshold": None if threshold == 0.5 else threshold, "out": out, "trust": trust}
    command = request.command("map", *names, **options)
    if out is not None:
        report.write(drawn, out, command, notes)
    if as_json:
        print(json.dumps(report.document(drawn, command, notes), indent=2, allow_nan=False, default=str))
        return
    to = console()
    report.print_map(drawn, to)
    if out is not None:
        to.print(f"Picture: {plain(str(out))}", style="dim", soft_wrap=True)


def _axis(option: str, texts: list[str] | None) -> str:
    """Return the one text that an option was given, which says a key and its values."""
    if not texts or not texts[0]:
        raise BadInput(f"{option}: must name a key and its values (write {option} KEY=LOW..HIGH)")
    if len(texts) > 1:
        raise BadInput(f"{option}: must be given once, got {' and '.join(texts)}")
    return texts[0]
