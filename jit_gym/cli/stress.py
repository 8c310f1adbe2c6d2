"""`jit-gym stress`: what shocks do to each policy, one at a time, against the same paths without them."""

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
    saved_policy,
    several,
)
from .progress import announce_compiling, console, print_notes, status_line


def complete_shock() -> list[str]:
    """Complete a shock in a shell."""
    from ..scenario import shocks

    return [*shocks()]


@app.command()
def stress(
    scenario: ScenarioName,
    policies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POLICY",
            help="Names, with parameters or without: jit 'base-stock(level=25)'. By default those that the scenario"
            " names; in a shop's folder its rules.csv, beside base-stock by formula.",
            autocompletion=complete_policy,
        ),
    ] = None,
    set_: Overrides = None,
    shock: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A shock of the library, by default all that are over within the horizon. May be repeated.",
            autocompletion=complete_shock,
        ),
    ] = None,
    hits: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A supplier, route or lane that is struck, by default what the scenario's disruptions hit, or the"
            " only one; in a shop's folder all suppliers. May be repeated.",
        ),
    ] = None,
    at: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="The period in which they strike, by default a fifth of the horizon."),
    ] = None,
    paths: Annotated[int, typer.Option(metavar="N", min=1, help="How many times to play.")] = 128,
    seed: Seed = 0,
    history: HistoryFile = None,
    value: ValueColumn = None,
    date: DateColumn = None,
    where: Filters = None,
    demand: DemandName = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE.html", help="Where to write the page, by default reports/NAME-stress.html."
        ),
    ] = None,
    trust: Trust = False,
    on: On = None,
    workers: ProcessCount = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Strike a scenario with one shock at a time: how long each policy survives, when it is back, what it costs."""
    announce_compiling()
    from ..common import files
    from ..evaluation import stress as strike
    from ..evaluation import worth
    from ..planning.folder import RULES, read_rules, struck_by_default
    from ..planning.mixed import BY_DEFAULT, by_own_rules
    from ..report import stress as report

    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise BadInput(f"--out: must end in .html, got {str(out)!r}")
    executor = executor_of(on, workers)
    request = Request(scenario, set_, history, value, date, where, demand)
    world, notes = request.world()
    names = [name for text in policies or () for name in several(text)]
    players: list[Any] | None = [saved_policy(name, world, trust) for name in names] or None
    shop = Path(scenario).is_dir()
    if shop and not names and (Path(scenario) / RULES).is_file():
        own, said = by_own_rules(world, read_rules(Path(scenario) / RULES, list(world.stocks)))
        players, notes = [own, BY_DEFAULT], [*notes, *said]
    struck = struck_by_default(world) if shop and hits is None and not world.disruptions else hits
    target = out if out is not None or as_json else Path("reports") / f"{world.name}-stress.html"
    if target is not None:
        files.check(target)
    with status_line(quiet=as_json) as tell:
        how: dict[str, Any] = {"paths": paths, "seed": seed, "executor": executor, "progress": tell}
        found = strike(players, world, shock, hits=struck, at=at, by_item=shop, **how)
        tell("what a second source, a warning and information are worth")
        saved = worth(players, world, paths=paths, seed=seed)
    print_notes([*notes, *found.notes])
    asked: dict[str, Any] = {"shock": shock, "hits": hits, "at": at, "paths": paths, "seed": seed, "trust": trust}
    command = request.command("stress", *names, **asked)
    if as_json:
        print(json.dumps(report.document(found, saved, command, notes), indent=2, allow_nan=False))
    else:
        report.print_stress(found, saved, console())
    if target is not None:
        report.write(found, saved, target, command=command, notes=notes)
        if not as_json:
            console().print(f"Page: {plain(str(target))}", style="dim", soft_wrap=True)
