"""`jit-gym benchmark`: a suite's rows, made, gone on with, and verified."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..common.checks import BadInput
from ..common.executor import Executor
from ..common.text import plain, plural
from .app import app
from .options import On, ProcessCount, Threads, executor_of
from .progress import announce_compiling, console, progress_bar, suite_bar


@app.command()
def benchmark(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="A shipped suite, or a YAML file.")] = "jit-bench-v1",
    tier: Annotated[str, typer.Option(metavar="NAME", help="How much of it: test, small or full.")] = "small",
    only: Annotated[
        str | None,
        typer.Option(
            metavar="TAG|INSTANCE|POLICY", help="That alone; several with commas: those of which all are true."
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]POLICY",
            help="Judge this policy alone, as compare takes it: mine=my_module:function, onnx:model.onnx. May be"
            " repeated.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the rows go; by default runs/SUITE.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the instances, and compute nothing.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Play rows that are there again.")] = False,
    sample: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="With --verify: so many runs, chosen at random; else all.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="With --sample: of the choice.")] = 0,
    page: Annotated[
        bool, typer.Option("--page", help="Write the leaderboard of the rows, beside their folder, and compute none.")
    ] = False,
    check: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Compare the rows with those in this folder; status 1 if any disagrees."),
    ] = None,
    on: On = None,
    workers: ProcessCount = None,
    threads: Threads = None,
) -> None:
    """Compute a suite's rows: each policy, on each instance, in each regime, with each seed.

    The same command goes on where it was stopped. Rows that are there stay as they are.
    """
    announce_compiling()
    from ..benchmark.run import Bench, external_names, summary
    from ..benchmark.suite import suite as suite_of

    bench_suite, executor = suite_of(suite), executor_of(on, workers, Executor("processes"))
    folder = Path("runs") / bench_suite.name if out is None else out
    for name, given in (("--sample", sample), ("--seed", seed)):
        if given and not verify:
            raise BadInput(f"{name}: is for --verify (add it, or leave {name} out)")
    screen = console()
    if listed:
        for name, instance in bench_suite.instances.items():
            words = f"{name}  [{', '.join(instance.tags)}]  {instance.title} ({', '.join(bench_suite.tiers_of(name))})"
            screen.print(plain(words), markup=False, soft_wrap=True)
        return
    if verify:
        _verify(bench_suite, folder, sample, executor, seed)
        return
    if page:
        _page(bench_suite, folder)
        return
    bench = Bench(bench_suite, suite, tier, only, folder, external_names(policy or ()))
    with suite_bar() as report:
        computed = bench.play(executor, report)
    screen.print(plain(summary(bench, computed)), markup=False, soft_wrap=True)
    if check is not None:
        _check(folder, check)


def _verify(suite: Any, folder: Path, sample: int | None, executor: Executor, seed: int) -> None:
    from ..benchmark.verify import verify

    with progress_bar(sample or 0, quiet=False, unit=" runs") as tick:
        found = verify(suite, folder, sample, executor, seed, tick)
    for wrong in found.wrong:
        print(f"jit-gym: {plain(str(wrong))}", file=sys.stderr)
    hit = f"{len({each.row.key for each in found.wrong}):,} not hit" if found.wrong else "all numbers hit"
    words = f"{found.played:,} of {plural(found.of, 'row')} played again: {hit}"
    if found.left:
        words += f"; {plural(found.left, 'row')} of trained agents, whose networks are not here, were left out"
    console().print(f"{words}.", markup=False, soft_wrap=True)
    if found.wrong:
        raise typer.Exit(1)


def _page(suite: Any, folder: Path) -> None:
    from ..benchmark import pages
    from ..benchmark.run import ROOT

    board, results = pages.leaderboard(suite, folder), folder.parent
    root = ROOT if results.resolve() == (ROOT / "results").resolve() else None
    for path in pages.write(board, results, root):
        console().print(plain(f"{path}"), markup=False, soft_wrap=True)


def _check(ours: Path, theirs: Path) -> None:
    from ..benchmark.verify import disagreements

    common, said = disagreements(ours, theirs)
    if not common:
        raise BadInput(f"--check: {theirs} has none of these rows")
    for words in said:
        print(f"jit-gym: {plain(words)}", file=sys.stderr)
    console().print(
        f"{plural(common, 'row')} compared with {theirs}: {len(said):,} disagree.", markup=False, soft_wrap=True
    )
    if said:
        raise typer.Exit(1)
