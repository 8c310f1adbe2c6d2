"""Train or measure in processes or on a cluster, and write a row for each task, with its birth certificate."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jit_gym.common import files
from jit_gym.common.checks import BadInput
from jit_gym.common.executor import Executor, Tell
from jit_gym.common.provenance import commit, in_words, now, versions
from jit_gym.scenario import Scenario

CERTIFICATE = ["fingerprint", "versions", "commit", "date"]
"""The last columns of each file in results/."""


def certificate(scenario: Scenario) -> dict[str, str]:
    """Return which world, code and libraries a row comes from, and when."""
    return {
        "fingerprint": scenario.fingerprint,
        "versions": in_words(versions("torch", "stable_baselines3")),
        "commit": str(commit("results")),
        "date": now(),
    }


def refuse_known(path: Path, key: Sequence[str], places: Iterable[tuple[object, ...]], replace: bool) -> None:
    """Refuse, before anything is trained, what has a row already, unless rows are to be replaced."""
    known = files.rows_of(path, key)
    there = [place for place in (tuple(map(str, place)) for place in places) if place in known]
    if there and not replace:
        raise BadInput(f"{path.name}: has {len(there)} of these rows, such as {', '.join(there[0])} (add --replace)")


def publish(
    path: Path, results: Path, columns: Sequence[str], key: Sequence[str], row: Mapping[str, object], mark: str,
    table: Callable[[list[dict[str, str]]], str], *, replace: bool = False,
) -> None:  # fmt: skip
    """Write a row; where that is into the results, write the table over all of them into results/README.md, too."""
    found = files.add_row(path, columns, key, row, replace=replace)
    if path == results:
        files.fill(results.with_name("README.md"), mark, table(found))


def add_where(parser: argparse.ArgumentParser, results: Path) -> None:
    """Add the options that say where rows are computed, and kept."""
    where = "processes, ray (a cluster that is found or started) or ray://HOST:10001"
    parser.add_argument("--on", default="processes", metavar="WHERE", help=where)
    parser.add_argument("--jobs", type=int, default=1, help="how many processes there are")
    parser.add_argument("--csv", type=Path, default=results, help=f"keep rows here, and not in results/{results.name}")


def executor(given: argparse.Namespace) -> Executor:
    """Return where rows are computed."""
    return Executor(given.on, given.jobs if given.on == "processes" else None)


def run(
    task: Callable[..., dict[str, Any]],
    arguments: Iterable[tuple[Any, ...]],
    executor: Executor,
    keep: Callable[[dict[str, Any]], str],
) -> None:
    """Do a task for each of some arguments; keep each row as it comes, once, and print what `keep` says."""
    rows = list(arguments)
    executor.run(partial(_row, task), rows, arrived=lambda place, row: print(keep(row), flush=True))


def _row(task: Callable[..., dict[str, Any]], arguments: tuple[Any, ...], tell: Tell) -> dict[str, Any]:
    return task(*arguments)
