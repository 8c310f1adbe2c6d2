"""Find runs that have rows, and what is needed to play them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..common.checks import BadInput
from ..policies import PolicyError
from . import rows
from .judge import BestRule
from .rows import Row
from .suite import Run, Suite


class Again(NamedTuple):
    """A run that is to be played again: its policy as a text, and the best rule of its instance, each with its rows."""

    run: Run
    plays: str
    best: BestRule
    best_rows: list[Row]
    rows: list[Row]


def known_runs(suite: Suite, results: Path) -> dict[Run, list[Row]]:
    """Return all runs that have rows in a folder, and these.

    Raises:
        BadInput: for rows of another suite, and where there are none.
    """
    runs: dict[Run, list[Row]] = {}
    for row in rows.read_all(results):
        if row.suite != suite.name or row.instance not in suite.instances:
            raise BadInput(f"{results}: has rows of {row.suite} {row.instance}, which {suite.name} has not")
        runs.setdefault(Run(row.instance, row.policy, row.seed), []).append(row)
    if not runs:
        raise BadInput(f"{results}: has no rows to play again")
    return runs


def to_play(
    suite: Suite,
    results: Path,
    known: Mapping[Run, list[Row]],
    asked: Iterable[Run],
    sample: int | None = None,
    seed: int = 0,
) -> tuple[list[Again], list[Run]]:
    """Return some of the runs in a folder as they are to be played, and those whose networks are not there.

    Args:
        suite: the suite.
        results: the folder.
        known: all its runs.
        asked: those that are asked for.
        sample: how many of them, chosen at random; None takes all.
        seed: of the choice.

    Raises:
        BadInput: for a run whose best rule has no rows.
    """
    tasks, left = [], []
    for run in asked:
        own = known[run]
        plays = _plays(suite, results, run, own[0])
        if plays is None:
            left.append(run)
            continue
        best = known.get(Run(run.instance, own[0].best_rule, 0))
        if best is None:
            raise BadInput(
                f"{results}: {run.instance} has no rows of its best rule, {own[0].best_rule}"
                f" (add them: --only {run.instance})"
            )
        tasks.append(Again(run, plays, BestRule(own[0].best_rule, best[0].parameters), best, own))
    if sample is not None and sample < len(tasks):
        chosen = np.random.default_rng(seed).choice(len(tasks), sample, replace=False)
        tasks = [tasks[k] for k in sorted(chosen)]
    return tasks, left


def by_instance(tasks: Sequence[Again]) -> list[list[Again]]:
    """Return tasks in groups that have their instance and its best rule in common."""
    together: dict[tuple[str, BestRule], list[Again]] = {}
    for task in tasks:
        together.setdefault((task.run.instance, task.best), []).append(task)
    return list(together.values())


def _plays(suite: Suite, results: Path, run: Run, row: Row) -> str | None:
    """Return the policy of a row as a text; None of a trained agent whose network is not here, or is another one."""
    entry = suite.policies.get(run.policy)
    if entry is None or entry.trains is None:
        return row.parameters
    from ..policies.models import Model
    from .learn import folder_of_training

    file = folder_of_training(results / rows.WORK, run) / "model.safetensors"
    try:
        digest = Model.read(file).manifest.digest
    except PolicyError:
        return None
    return f"agent:{file.resolve()}" if row.parameters == f"{entry.trains} {digest}" else None
