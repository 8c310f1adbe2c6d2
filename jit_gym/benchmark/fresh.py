"""Play runs that have rows on paths that nobody has seen, and tell whether what the rows say holds there.

The seeds that judge are public, so a policy may have been fitted to their paths, and then every number of its rows is
hit by `verify`. On other paths of the same worlds an honest row is off by chance alone.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..common.checks import BadInput
from ..common.executor import Executor, Tell
from ..common.statistics import Estimate
from ..common.text import plural
from ..evaluation.optimality_gap import paid
from ..evaluation.rollout import evaluate_all
from ..policies import policy
from ..report.words import between, half, listed, number
from ..scenario.window import window
from .again import Again, by_instance, known_runs, to_play
from .judge import world_of
from .rows import REFERENCE, REGIMES, Row
from .suite import LEAST_SEED, Run, Suite
from .verify import DIGITS

MOST = 10**15  # of the seeds that are drawn: so many that nobody has played them all
FIGURES = COST, OVER = "cost", "over the best tuned rule"
"""What is compared: what a policy costs, and how much more than the best tuned rule, path by path."""


class Compared(NamedTuple):
    """One figure of a row, in money a period: as the row says, as on fresh paths, and the error of their difference."""

    row: Row
    figure: str
    said: float
    found: float
    error: float

    def off(self, intervals: int) -> Estimate:
        """Return how much more it is on fresh paths, in per cent of the cost; so many intervals hold together."""
        size = abs(self.row.cost) / 100 or 1.0
        return Estimate.with_error((self.found - self.said) / size, self.error / size, self.row.paths, intervals)

    def holds(self, intervals: int) -> bool:
        """Tell whether chance explains the difference; of a figure without chance, whether it rounds to the same."""
        off, rounding = self.off(intervals), 100 * DIGITS
        return off.low <= rounding and off.high >= -rounding

    @property
    def ratio(self) -> float:
        """Return the size of the difference in standard errors."""
        more = abs(self.found - self.said)
        return more / self.error if self.error else 0.0 if self.holds(1) else np.inf


@dataclass(frozen=True)
class Fresh:
    """What came of playing rows on fresh paths."""

    seed: int
    compared: Sequence[Compared]
    rows: Sequence[Row]
    """All rows that were asked for."""
    left: Sequence[Run]
    """Trained agents whose networks are not here."""

    @property
    def intervals(self) -> int:
        """Return how many figures with an error there are, whose intervals hold together."""
        return sum(each.error > 0 for each in self.compared)

    @property
    def wrong(self) -> list[Compared]:
        """Return the figures that do not hold."""
        return [each for each in self.compared if not each.holds(self.intervals)]

    @property
    def impossible(self) -> list[Row]:
        """Return rows that cost less than the optimum or a bound, with intervals that hold together for all rows.

        Such a policy knew what was to come, which fresh paths do not show where it reads them, too.
        """
        known = [row for row in self.rows if row.reference_is != "best-known" and np.isfinite(row.gap_high)]
        found = []
        for row in known:
            error = (row.gap_high - row.gap_low) / _width(row.reference_paths)
            if Estimate.with_error(row.gap, error, row.reference_paths, len(known)).high < -DIGITS:
                found.append(row)
        return found

    @property
    def worst(self) -> dict[Run, Compared]:
        """Return for each run the figure that is off by the most standard errors."""
        found: dict[Run, Compared] = {}
        for each in self.compared:
            run = Run(each.row.instance, each.row.policy, each.row.seed)
            if run not in found or each.ratio > found[run].ratio:
                found[run] = each
        return found


def draw_seed() -> int:
    """Return a seed that nobody can have known before: from the system's entropy, and none that learning uses."""
    return 2 * LEAST_SEED + secrets.randbelow(MOST)


def play_fresh(
    suite: Suite,
    results: Path,
    seed: int,
    executor: Executor,
    *,
    tier: str | None = None,
    only: str | None = None,
    sample: int | None = None,
    progress: Tell | None = None,
) -> Fresh:
    """Play runs with the parameters in their rows, or the networks beside them, on the paths of a seed.

    Args:
        suite: the suite.
        results: the folder of the rows; networks of trained agents are looked for in its folder `work`.
        seed: of the paths: it is that of the calm regime, and the next two are those of the others.
        executor: where they are played.
        tier: whose runs are played; by default all that have rows.
        only: a tag, an instance or a policy, as `Suite.runs` takes it.
        sample: how many of the runs, chosen at random by the same seed; None plays all.
        progress: told 1 for each run that was played.

    Raises:
        BadInput: for rows of another suite or world, where there are none, and for a policy that cannot be played.
        ScenarioError: for a tier or a name that the suite does not have, and for a seed whose paths are no fresh ones.
    """
    elsewhere, known = suite.judged_on(seed), known_runs(suite, results)
    asked = [run for run in suite.chosen(known, tier, only) if run.policy != REFERENCE]
    tasks, left = to_play(suite, results, known, asked, sample, seed)
    if not tasks:
        raise BadInput(f"{results}: has no such rows of policies that can be played (leave --only or --tier out)")
    found = executor.run(partial(_play, elsewhere), by_instance(tasks), progress=progress)
    played = {task.run for task in tasks}
    rows = [row for run in asked if run in played or run in left for row in known[run]]
    return Fresh(seed, [each for some in found for each in some], rows, left)


def _play(suite: Suite, tasks: Sequence[Again], tell: Tell) -> list[Compared]:
    """Play runs of an instance together in each regime, and compare them with their rows."""
    found: list[Compared] = []
    instance, best = tasks[0].run.instance, tasks[0].best
    for regime in REGIMES:
        world, seed = world_of(suite, instance, regime), suite.judging.seeds[regime]  # type: ignore[index]
        texts = list(dict.fromkeys([best.plays, *(task.plays for task in tasks)]))
        players = [policy(text, world) for text in texts]
        results = evaluate_all(players, world, suite.judging.paths, *window(world), seed, None)
        costs = dict(zip(texts, map(paid, results), strict=True))
        for task in tasks:
            rule = _row_of(task.best_rows, regime)
            row = _row_of(task.rows, regime)
            if row.fingerprint != world.fingerprint:
                raise BadInput(f"{instance}, {regime}: the row of {row.policy} is of another world ({row.fingerprint})")
            found += _compared(row, abs(rule.cost), costs[task.plays], costs[best.plays])
    for _ in tasks:
        tell(1)
    return found


def _row_of(some: Sequence[Row], regime: str) -> Row:
    """Return the row of a regime."""
    for row in some:
        if row.regime == regime:
            return row
    raise BadInput(f"{some[0].instance}: {some[0].policy} has no row of the regime {regime} (run it again)")


def _compared(row: Row, size: float, costs: np.ndarray, rule: np.ndarray) -> Iterator[Compared]:
    """Yield the figures of a row beside those on fresh paths.

    Args:
        row: the row.
        size: that of the best tuned rule's cost on the paths that judged, of which the row has a share.
        costs: of the policy on fresh paths (paths,), money a period.
        rule: those of the best tuned rule.
    """
    yield _figure(row, COST, row.cost, row.cost_high - row.cost_low, costs)
    if row.policy != row.best_rule and np.isfinite(row.versus_best_rule):
        width = row.versus_best_rule_high - row.versus_best_rule_low
        yield _figure(row, OVER, row.versus_best_rule * size, width * size, costs - rule)


def _figure(row: Row, name: str, said: float, width: float, values: np.ndarray) -> Compared:
    """Return a figure with an interval of a width beside its values on fresh paths (paths,)."""
    now = Estimate.of(values)
    return Compared(row, name, said, now.mean, float(np.hypot(width / _width(row.paths), now.error)))


def _width(paths: int) -> float:
    """Return how many standard errors wide an interval of a mean over so many paths is."""
    unit = Estimate.with_error(0.0, 1.0, paths)
    return unit.high - unit.low


def lines(fresh: Fresh) -> Iterator[str]:
    """Yield a line for each run: whether all its figures hold, and the one that is off by most."""
    many = fresh.intervals
    for run, each in fresh.worst.items():
        holds = "holds" if each.holds(many) else "does not hold"
        name = run.policy if run.seed == 0 else f"{run.policy} seed {run.seed}"
        off = between(each.off(many))
        yield (
            f"{run.instance} {name}: {holds}; {each.figure}, {each.row.regime}: {each.said:.6g} in the row,"
            f" {each.found:.6g} on fresh paths, {off} % of the cost more"
        )


def summary(fresh: Fresh) -> Iterator[str]:
    """Yield what does not hold, what chance explains, how much is found, and what was left out."""
    many, wrong = fresh.intervals, len(fresh.wrong)
    yield (
        f"{plural(len(fresh.compared), 'figure')} of {plural(len(fresh.worst), 'run')} on the paths of seed"
        f" {fresh.seed}: {wrong:,} {'does' if wrong == 1 else 'do'} not hold. Where rows are honest, all intervals hold"
        " together with 95 %."
    )
    outside = [each for each in fresh.compared if not each.holds(1)]
    dearer = sum(each.found > each.said for each in outside)
    yield (
        f"Outside an interval of its own: {len(outside):,} of {many:,} ({dearer:,} cost more on fresh paths,"
        f" {len(outside) - dearer:,} less); by chance about {number(0.05 * many, 1)}, as many of either kind."
    )
    halves = {figure: [half(each.off(many)) for each in fresh.compared if each.figure == figure] for figure in FIGURES}
    sizes = [f"{number(float(np.median(each)), 2)} % ({figure})" for figure, each in halves.items() if each]
    yield f"A row is found out where it is off by more than this share of the cost, as a median: {listed(sizes)}."
    for row in fresh.impossible:
        what = "the optimum" if row.reference_is == "optimum" else "a bound"
        yield (
            f"{row.instance} {row.policy} seed {row.seed}, {row.regime}: costs {number(-100 * row.gap, 2)} % less than"
            f" {what}: it knew what was to come, or the reference is wrong."
        )
    if fresh.left:
        counts = Counter(run.policy for run in fresh.left)
        named = listed([f"{name} ({plural(count, 'run')})" for name, count in counts.items()])
        yield f"Left out, as their networks are not here: {named}."
