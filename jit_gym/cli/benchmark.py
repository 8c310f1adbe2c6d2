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
    tier: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="How much of it: test, small or full; by default small, or with --verify and --fresh all rows.",
        ),
    ] = None,
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
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="Play the policies of the rows on paths that nobody has seen; status 1 if a row is off."
        ),
    ] = False,
    sample: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="With --verify or --fresh: so many runs, chosen at random; else all."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="With --fresh: of the paths and of the sample; by default one that the system draws. With --verify: of"
            " the sample; by default 0.",
        ),
    ] = None,
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
    _one_of(**{"--list": listed, "--verify": verify, "--fresh": fresh, "--page": page})
    for name, given in (("--sample", sample), ("--seed", seed)):
        if given is not None and not (verify or fresh):
            raise BadInput(f"{name}: is for --verify and --fresh (add one, or leave {name} out)")
    for name, more in (("--policy", policy), ("--check", check)):
        if more and (listed or verify or fresh or page):
            raise BadInput(f"{name}: is for rows that are computed (leave it out)")
    screen = console()
    if listed:
        for name, instance in bench_suite.instances.items():
            words = f"{name}  [{', '.join(instance.tags)}]  {instance.title} ({', '.join(bench_suite.tiers_of(name))})"
            screen.print(plain(words), markup=False, soft_wrap=True)
        return
    chosen = {"tier": tier, "only": only, "sample": sample}
    if verify:
        _verify(bench_suite, folder, executor, seed or 0, chosen)
        return
    if fresh:
        _fresh(bench_suite, folder, executor, seed, chosen)
        return
    if page:
        _page(bench_suite, folder)
        return
    bench = Bench(bench_suite, suite, tier or "small", only, folder, external_names(policy or ()))
    with suite_bar() as report:
        computed = bench.play(executor, report)
    screen.print(plain(summary(bench, computed)), markup=False, soft_wrap=True)
    if check is not None:
        _check(folder, check)


def _one_of(**asked: bool) -> None:
    """Refuse two things to do at once."""
    if len(both := [name for name, is_asked in asked.items() if is_asked]) > 1:
        raise BadInput(f"{both[1]}: cannot be done together with {both[0]} (leave one out)")


def _verify(suite: Any, folder: Path, executor: Executor, seed: int, chosen: dict[str, Any]) -> None:
    from ..benchmark.verify import verify

    with progress_bar(chosen["sample"] or 0, quiet=False, unit=" runs") as tick:
        found = verify(suite, folder, executor=executor, seed=seed, progress=tick, **chosen)
    for wrong in found.wrong:
        print(f"jit-gym: {plain(str(wrong))}", file=sys.stderr)
    hit = f"{len({each.row.key for each in found.wrong}):,} not hit" if found.wrong else "all numbers hit"
    words = f"{found.played:,} of {plural(found.of, 'row')} played again: {hit}"
    if found.left:
        words += f"; {plural(found.left, 'row')} of trained agents, whose networks are not here, were left out"
    console().print(f"{words}.", markup=False, soft_wrap=True)
    if found.wrong:
        raise typer.Exit(1)


def _fresh(suite: Any, folder: Path, executor: Executor, seed: int | None, chosen: dict[str, Any]) -> None:
    from ..benchmark.fresh import draw_seed, lines, play_fresh, summary

    seed, screen = draw_seed() if seed is None else seed, console()
    with progress_bar(chosen["sample"] or 0, quiet=False, unit=" runs") as tick:
        found = play_fresh(suite, folder, seed, executor, progress=tick, **chosen)
    for words in (*lines(found), *summary(found)):
        screen.print(plain(words), markup=False, soft_wrap=True)
    if found.wrong or found.impossible:
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
