"""`jit-gym compare FAMILY`: which policy does better over the worlds of a family."""

from __future__ import annotations

import json
from typing import Any

from .options import Request
from .progress import announce_compiling, collect_warnings, console, print_notes, progress_bar

PATHS = 256  # in each world, unless the user asks for others


def compare_worlds(
    name: str,
    policies: list[str],
    *,
    worlds: int | None,
    regime: str | None,
    paths: int | None,
    periods: int | None,
    warmup: int | None,
    seed: int,
    tuned: bool,
    budget: int | None,
    threshold: float,
    as_json: bool,
) -> None:
    """Play the policies in the worlds, and print what came of it."""
    announce_compiling()
    from ..evaluation import THRESHOLD
    from ..evaluation.families import WORLDS, compare_family, named_in
    from ..evaluation.tuning import tuning_budget
    from ..report import families as report
    from ..scenario import family
    from ..scenario.families import TRAIN
    from ..scenario.window import window

    with collect_warnings() as notes:
        of = family(name)
    worlds, regime, paths = worlds or WORLDS, regime or TRAIN, paths or PATHS
    players = named_in(policies or None, of)
    first = of.world(0, regime)
    counted, warmed = window(first, periods, warmup)
    tuning: bool | int = (budget or tuning_budget(first)) if tuned else False
    print_notes(notes)
    with progress_bar(worlds * len(players) * ((warmed + counted) * paths + tuning), quiet=as_json) as tick:
        comparison = compare_family(
            players, of, worlds=worlds, regime=regime, paths=paths, periods=periods, warmup=warmup, seed=seed,
            tuned=tuning, threshold=threshold, progress=tick,
        )  # fmt: skip
    options: dict[str, Any] = {"worlds": worlds, "regime": regime, "paths": paths, "periods": periods}
    options |= {"warmup": warmup, "seed": seed, "tuned": tuned, "budget": budget}
    options |= {"threshold": None if threshold == THRESHOLD else 100 * threshold}
    command = Request(name).command("compare", *policies, **options)
    if as_json:
        print(json.dumps(report.document(comparison, command, notes), indent=2, allow_nan=False))
    else:
        report.print_table(comparison, console(), tuned)
