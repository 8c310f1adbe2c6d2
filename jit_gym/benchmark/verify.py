"""Play committed rows again, and compare rows that others have made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ..common.executor import Executor, Tell
from . import rows
from .again import Again, by_instance, known_runs, to_play
from .judge import Origin, Reference, alike, find_reference, judge, reference_rows
from .learn import Learned
from .rows import REFERENCE, REGIMES, Row
from .suite import Suite

DIGITS = 1e-9  # relative: a processor may round the last of the ten digits otherwise
NOT_PLAYED = ("periods_spent", "parameters")
"""What is not found by playing: what learning took, and what was learned."""


class Wrong(NamedTuple):
    """A number that was not hit."""

    row: Row
    column: str
    found: str

    def __str__(self) -> str:
        was = self.row.cells[self.column]
        where = f"{self.row.instance} {self.row.policy} seed {self.row.seed}, {self.row.regime}"
        return f"{where}: {self.column} is {was or 'nothing'}, and {self.found or 'nothing'} when it is played again"


class Verified(NamedTuple):
    """What came of a verification: how many rows were played again, of how many, and what was not hit."""

    played: int
    of: int
    left: int
    """Rows of agents that were trained, whose networks are not here."""
    wrong: list[Wrong]


def verify(
    suite: Suite,
    results: Path,
    sample: int | None,
    executor: Executor,
    seed: int = 0,
    progress: Tell | None = None,
    *,
    tier: str | None = None,
    only: str | None = None,
) -> Verified:
    """Play rows again from the parameters that they hold, and compare all numbers.

    Agents that were trained are played where their networks are in the folder `work`; `jit-gym benchmark` with another
    `--out` trains them again.

    Args:
        suite: the suite.
        results: the folder of the rows.
        sample: how many of the runs, each of three rows, chosen at random; None plays all.
        executor: where they are played.
        seed: of the choice.
        progress: told 1 for each run that was played.
        tier: whose runs are played; by default all that have rows.
        only: a tag, an instance or a policy, as `Suite.runs` takes it.

    Raises:
        BadInput: for rows of another suite, and where there are none.
        ScenarioError: for a tier or a name that the suite does not have.
    """
    known = known_runs(suite, results)
    tasks, left = to_play(suite, results, known, suite.chosen(known, tier, only), sample, seed)
    found = executor.run(partial(_again, suite), by_instance(tasks), progress=progress)
    return Verified(
        sum(len(task.rows) for task in tasks),
        sum(map(len, known.values())),
        sum(len(known[run]) for run in left),
        [each for some in found for each in some],
    )


def _again(suite: Suite, tasks: Sequence[Again], tell: Tell) -> list[Wrong]:
    """Play runs of an instance again, and return which of their numbers are not hit."""
    instance, best = tasks[0].run.instance, tasks[0].best
    references = alike([find_reference(suite, instance, regime, best) for regime in REGIMES])
    wrong = []
    for task in tasks:
        wrong += _wrong(suite, task, references)
        tell(1)
    return wrong


def _wrong(suite: Suite, task: Again, references: Sequence[Reference]) -> list[Wrong]:
    """Play a run again, and return which of its numbers are not hit."""
    (run, plays, best, _, own), nowhere = task, Origin("", "", "")
    if run.policy == REFERENCE:
        again = reference_rows(suite, run.instance, best, references, nowhere)
    else:
        learned = Learned(plays, own[0].parameters, math.nan, math.nan, math.nan)
        again = judge(suite, run, learned, best, references, nowhere)
    wrong = []
    for row in own:
        cells = again[REGIMES.index(row.regime)].figures
        wrong += [
            Wrong(row, name, cells[name])
            for name, text in row.figures.items()
            if name not in NOT_PLAYED and not _same(text, cells[name])
        ]
    if {row.regime for row in own} != set(REGIMES):
        missing = next(regime for regime in REGIMES if regime not in {row.regime for row in own})
        wrong.append(Wrong(own[0], "regime", f"{missing}, which has no row,"))
    return wrong


def _same(one: str, other: str) -> bool:
    """Tell whether two cells hold the same: the same text, or the same number but for its last digit."""
    if one == other:
        return True
    try:
        return math.isclose(float(one), float(other), rel_tol=DIGITS, abs_tol=1e-12)
    except ValueError:
        return False


def disagreements(ours: Path, theirs: Path) -> tuple[int, list[str]]:
    """Return how many rows two folders have in common, and which of these do not agree, in words.

    They agree where the interval of one cost and that of the other have a point in common, and the world is the same.
    """
    known = {row.key: row for row in rows.read_all(theirs)}
    common, said = 0, []
    for row in rows.read_all(ours):
        other = known.get(row.key)
        if other is None:
            continue
        common += 1
        where = f"{row.instance} {row.policy} seed {row.seed}, {row.regime}"
        if row.fingerprint != other.fingerprint:
            said.append(f"{where}: is another world ({row.fingerprint}, and {other.fingerprint} there)")
            continue
        (low, high), (least, most) = _interval(row), _interval(other)
        if max(low, least) > min(high, most):
            said.append(f"{where}: costs {row.cost:.6g}, and {other.cost:.6g} there; their intervals do not meet")
    return common, said


def _interval(row: Row) -> tuple[Any, Any]:
    """Return the interval of a row's cost; where it has none, all that rounds to the same nine digits."""
    if math.isfinite(row.cost_low) and math.isfinite(row.cost_high):
        return row.cost_low, row.cost_high
    return row.cost - DIGITS * abs(row.cost), row.cost + DIGITS * abs(row.cost)
