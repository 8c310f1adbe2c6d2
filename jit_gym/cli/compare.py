"""`jit-gym compare`: which policy does better, on the same chance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ..common.checks import BadInput
from ..common.text import plain
from .app import app
from .families import compare_worlds
from .options import (
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
    default_report,
    executor_of,
    saved_policy,
    several,
)
from .progress import announce_compiling, console, print_notes, progress_bar, waiting

EFFORT = 20_000_000  # periods of one lane that `compare` plays by default: some seconds


@app.command()
def compare(
    scenario: ScenarioName,
    policies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POLICY",
            help="Names, with parameters or without: jit 'base-stock(level=25)'. The first is what the others are"
            " compared with. By default those that the scenario names.",
            autocompletion=complete_policy,
        ),
    ] = None,
    set_: Overrides = None,
    paths: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="How many times to play, by default what takes some seconds (at most 1024)."
        ),
    ] = None,
    periods: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many periods count; by default the scenario's.")
    ] = None,
    warmup: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="How many periods are played before those; by default some where the world has a long run, else none.",
        ),
    ] = None,
    seed: Seed = 0,
    tuned: Annotated[
        bool, typer.Option("--tuned", help="Tune each rule first, all with the same number of periods played.")
    ] = False,
    budget: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="With --tuned: how many periods may be played to tune each rule."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="KIND", help="Also show figures by demand, stock, lane or warehouse, or by item: all of them."
        ),
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(metavar="PERCENT", min=0, max=99, help="Smaller differences count as practically the same."),
    ] = 0.5,
    history: HistoryFile = None,
    value: ValueColumn = None,
    date: DateColumn = None,
    where: Filters = None,
    demand: DemandName = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Where to write the report, by default reports/SCENARIO.html."),
    ] = None,
    worlds: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Of a family: how many of its worlds to play; 16 by default.")
    ] = None,
    regime: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a family: which of its regimes, such as held-out.")
    ] = None,
    no_gap: Annotated[
        bool, typer.Option("--no-gap", help="Do not look for an optimum or a bound to compare with.")
    ] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no report.")] = False,
    on: On = None,
    workers: ProcessCount = None,
    threads: Threads = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as JSON; no report unless --report is given.")
    ] = False,
) -> None:
    """Compare policies on the same chance, and write a report."""
    announce_compiling()
    from ..common import files
    from ..evaluation import compare as play
    from ..evaluation import named
    from ..evaluation.rollout import is_certain
    from ..evaluation.tuning import tuning_budget
    from ..report import items
    from ..scenario import is_family
    from ..scenario.window import window

    if report is not None and no_report:
        raise BadInput("--report and --no-report exclude each other")
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise BadInput(f"--report: must end in .html, got {str(report)!r}")
    if budget is not None and not tuned:
        raise BadInput("--budget: is for tuning the rules first (add --tuned)")
    if by is not None:
        items.kinds(by)
    names = [name for text in policies or () for name in several(text)]
    executor = executor_of(on, workers)
    writes = not (no_report or (as_json and report is None))
    if is_family(scenario):
        given: dict[str, Any] = {"--history": history, "--value": value, "--date": date, "--where": where}
        given |= {"--demand": demand, "--by": by, "--no-gap": no_gap or None}
        if unfit := [name for name, each in given.items() if each is not None]:
            raise BadInput(f"{unfit[0]}: is for one scenario, not for a family (its YAML file says what varies)")
        asked_of: dict[str, Any] = {"worlds": worlds, "regime": regime, "paths": paths, "periods": periods}
        asked_of |= {"warmup": warmup, "seed": seed, "tuned": tuned, "budget": budget, "threshold": threshold / 100}
        compare_worlds(
            scenario, names, set_, report=report, writes=writes, executor=executor, as_json=as_json, **asked_of
        )
        return
    for name, given_for_a_family in (("--worlds", worlds), ("--regime", regime)):
        if given_for_a_family is not None:
            raise BadInput(f"{name}: is for a family, and {scenario} is one scenario (jit-gym list names families)")

    request = Request(scenario, set_, history, value, date, where, demand)
    world, notes = request.world()
    asked: tuple[Any, ...] = names, set_, paths, periods, warmup, seed, tuned, budget, threshold != 0.5 and threshold
    asked += (*request[2:], no_gap)
    players = named([saved_policy(name, world) for name in names] or None, world)
    counted, warmed = window(world, periods, warmup)
    work = len(players) * (warmed + counted)
    if paths is None:
        paths = 1 if is_certain(world, warmed + counted) else affordable_paths(work * len(world.lanes))
    tuning = (budget or tuning_budget(world)) if tuned else False
    target = (report or default_report(world.name, world.fingerprint, asked)) if writes else None
    if target is not None:
        files.check(target)

    print_notes(notes)
    with progress_bar(work * paths + len(players) * tuning, quiet=as_json) as tick:
        comparison = play(
            players,
            world,
            paths=paths,
            periods=periods,
            warmup=warmup,
            seed=seed,
            gap=not no_gap,
            gap_early=True,
            tuned=tuning,
            threshold=threshold / 100,
            executor=executor,
            progress=tick,
        )

    options: dict[str, Any] = {"paths": paths, "periods": counted, "warmup": warmed, "seed": seed}
    options |= {"budget": tuning or None, "threshold": None if threshold == 0.5 else threshold}
    command = request.command("compare", *names, **options, tuned=tuned, no_gap=no_gap)
    with waiting("looking for the optimum or a bound", quiet=as_json):
        _ = comparison.optimality_gap
    with waiting("playing without disruptions, to see what these cost", quiet=as_json):
        _ = comparison.resilience
    out = console()
    if as_json:
        from ..report.numbers import document

        print(json.dumps(document(comparison, command, notes), indent=2, allow_nan=False))
    else:
        from ..report import table

        table.print_table(comparison, out, by)
    if target is None:
        return
    from ..report import page

    with waiting("drawing the report", quiet=as_json):
        page.write(comparison, target, command=command, notes=notes, indexed=report is None)
    if not as_json:
        out.print(f"Report: {plain(str(target))}", style="dim", soft_wrap=True)


def affordable_paths(work: int, effort: int = EFFORT) -> int:
    """Return how many paths an effort in periods allows, from 64 to 1024, given the work of one."""
    paths = 1024
    while paths > 64 and paths * work > effort:
        paths //= 2
    return paths
