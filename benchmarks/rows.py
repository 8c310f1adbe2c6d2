"""Train or measure in several processes, and write a row of results for each task, with its birth certificate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from jit_gym.common import files
from jit_gym.common.checks import BadInput
from jit_gym.common.provenance import commit, in_words, versions
from jit_gym.scenario import Scenario

CERTIFICATE = ["fingerprint", "versions", "commit", "date"]
"""The last columns of each file in results/."""


def certificate(scenario: Scenario) -> dict[str, str]:
    """Return which world, code and libraries a row comes from, and when."""
    return {
        "fingerprint": scenario.fingerprint,
        "versions": in_words(versions("torch", "stable_baselines3")),
        "commit": str(commit("results")),
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }


def refuse_known(path: Path, key: Sequence[str], places: Iterable[tuple[object, ...]], replace: bool) -> None:
    """Refuse, before anything is trained, what has a row already, unless rows are to be replaced."""
    known = files.rows_of(path, key)
    there = [place for place in (tuple(map(str, place)) for place in places) if place in known]
    if there and not replace:
        raise BadInput(f"{path.name}: has {len(there)} of these rows, such as {', '.join(there[0])} (add --replace)")


def run(
    task: Callable[..., dict[str, Any]],
    arguments: Iterable[tuple[Any, ...]],
    jobs: int,
    keep: Callable[[dict[str, Any]], str],
) -> None:
    """Do a task for each of some arguments, several at once; keep each row as it comes, and print what `keep` says."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(task, *each) for each in arguments]):
            print(keep(future.result()), flush=True)
