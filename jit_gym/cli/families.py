"""`jit-gym compare FAMILY`: which policy does better over the worlds of a family."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..common.executor import Executor
from ..common.text import plain
from .options import Request, default_report, overrides_of
from .progress import announce_compiling, collect_warnings, console, print_notes, progress_bar

PATHS = 256  # in each world, unless the user asks for others


def compare_worlds(
    name: str,
    policies: list[str],
    set_: list[str] | None,
    *,
    report: Path | None,
    writes: bool,
    worlds: int | None,
    regime: str | None,
    paths: int | None,
    periods: int | None,
    warmup: int | None,
    seed: int,
    tuned: bool,
    budget: int | None,
    threshold: float,
    executor: Executor,
    as_json: bool,
) -> None:
    """Play the policies in the worlds, print what came of it, and write a report where `writes` says so."""
    announce_compiling()
    from ..common import files
    from ..evaluation import THRESHOLD
    from ..evaluation.families import WORLDS, compare_family, named_in
    from ..evaluation.tuning import tuning_budget
    from ..report import families as pages
    from ..scenario import family
    from ..scenario.families import TRAIN
    from ..scenario.window import window

    with collect_warnings() as notes:
        of = family(name)
        of = of.changed(overrides_of(set_)) if set_ else of
    asked: tuple[Any, ...] = policies, set_, worlds, regime, paths, periods, warmup, seed, tuned, budget
    asked += (threshold != THRESHOLD and threshold,)
    which = f"{of.base.fingerprint} {of.members!r} {of.regimes!r}"
    target = (report or default_report(of.name, which, asked)) if writes else None
    if target is not None:
        files.check(target)
    worlds, regime, paths = worlds or WORLDS, regime or TRAIN, paths or PATHS
    players = named_in(policies or None, of)
    first = of.world(0, regime)
    counted, warmed = window(first, periods, warmup)
    tuning: bool | int = (budget or tuning_budget(first)) if tuned else False
    print_notes(notes)
    with progress_bar(worlds * len(players) * ((warmed + counted) * paths + tuning), quiet=as_json) as tick:
        comparison = compare_family(
            players, of, worlds=worlds, regime=regime, paths=paths, periods=periods, warmup=warmup, seed=seed,
            tuned=tuning, threshold=threshold, executor=executor, progress=tick,
        )  # fmt: skip
    options: dict[str, Any] = {"worlds": worlds, "regime": regime, "paths": paths, "periods": periods}
    options |= {"warmup": warmup, "seed": seed, "tuned": tuned, "budget": budget}
    options |= {"threshold": None if threshold == THRESHOLD else 100 * threshold}
    command = Request(name, set_).command("compare", *policies, **options)
    if as_json:
        print(json.dumps(pages.document(comparison, command, notes), indent=2, allow_nan=False))
    else:
        pages.print_table(comparison, console(), tuned)
    if target is None:
        return
    pages.write(comparison, target, tuned=tuned, command=command, notes=notes, indexed=report is None)
    if not as_json:
        console().print(f"Report: {plain(str(target))}", style="dim", soft_wrap=True)


def show_family(name: str, set_: list[str] | None, *, as_yaml: bool, as_json: bool) -> None:
    """Print what the worlds of a family have in common, and what varies in each regime."""
    from rich.text import Text

    from ..report.families import described, varied
    from ..scenario import family

    with collect_warnings() as notes:
        of = family(name)
        of = of.changed(overrides_of(set_)) if set_ else of
    print_notes(notes)
    if as_yaml:
        print(described(of), end="")
        return
    if as_json:
        print(json.dumps(of.model_dump(mode="json", exclude_unset=True), indent=2))
        return
    out = console()
    out.print(Text(of.title or of.name, "bold"))
    if of.description:
        out.print(Text(" ".join(of.description.split())))
    changed = f", with {', '.join(set_)}" if set_ else ""
    out.print(Text(f"\n{of.name}: a family of variants of {of.base.name}{changed}", "dim"))
    for regime in of.regimes:
        out.print(Text(f"\nWhat varies in {regime}", "bold"))
        for key, meaning, values in varied(of, regime):
            out.print(
                Text.assemble(("  " + key, "bold cyan"), (f" ({meaning})" if meaning else "", "dim"), f": {values}")
            )
    if of.policies:
        out.print(Text.assemble(("\nPolicies ", "bold"), ", ".join(of.policies)))
    out.print(Text(f"\nThe rest is {of.base.name} (jit-gym show {of.members.of})", "dim"))
