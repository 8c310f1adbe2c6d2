"""Say which runs of a suite have no rows yet, so that a table of some of them is not taken for the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from ..common.text import plural
from ..report.words import listed
from .rows import REGIMES, Row
from .suite import Run, Suite


class Progress(NamedTuple):
    """How many runs of the largest tier have all their rows, and of which policies some have not."""

    tier: str
    there: int
    of: int
    missing: dict[str, tuple[int, int]]
    """By policy: how many of its runs are missing, and how many it has in the tier."""

    @property
    def complete(self) -> bool:
        """Tell whether nothing is missing."""
        return not self.missing

    @property
    def sentence(self) -> str:
        """Return that in words."""
        if self.complete:
            return f"Complete: all {plural(self.of, 'run')} of the tier {self.tier} are there."
        lacking = listed([f"{name} ({count:,} of {of:,})" for name, (count, of) in self.missing.items()])
        return (
            f"Preliminary: {self.there:,} of the {plural(self.of, 'run')} of the tier {self.tier} are there. Missing"
            f" are runs of {lacking}; what is said of these may change."
        )


def progress(suite: Suite, rows: Iterable[Row]) -> Progress:
    """Return how much of a suite some rows are."""
    tier, runs = max(((name, suite.runs(name)) for name in suite.tiers), key=lambda each: len(each[1]))
    counts = Counter(Run(row.instance, row.policy, row.seed) for row in rows)
    absent = [run for run in runs if counts[run] < len(REGIMES)]
    of, missing = Counter(run.policy for run in runs), Counter(run.policy for run in absent)
    return Progress(tier, len(runs) - len(absent), len(runs), {name: (n, of[name]) for name, n in missing.items()})
