"""Say from the rows of a suite how each policy stands: over all instances, or those with a tag, in one regime.

Gaps to a proven optimum and to a bound are different figures, and never averaged together: a gap to a bound is the gap
to the optimum and what the bound is too low by, which nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from ..common.checks import BadInput
from ..common.statistics import Estimate
from ..evaluation.judgement import THRESHOLD, Judgement, judged
from .aggregate import Runs, Sample, leading
from .rows import REFERENCE, Kind, ReferenceIs, Row

LEARNED = "learned"
"""Beside the regimes: on each instance the one that its policies learned in, which is calm or stressed."""
REFERENCES: tuple[ReferenceIs, ...] = ("optimum", "bound")
"""What gaps are to. Where neither is known, the best known is the best tuned rule, and there is no gap to tell."""
BEST_RULE = "best tuned rule"
"""What stands beside the policies: on each instance the rule that its tuning says is the best there."""
HELD_OUT = "held-out"
HALF = 1.96  # standard errors in half of a 95 % interval over many paths
PERCENT = 100.0

Select = Callable[[Row], tuple[float, float, float]]


def gap_of(row: Row) -> tuple[float, float, float]:
    """Return how far a row is above its reference, and the ends of the interval."""
    return row.gap, row.gap_low, row.gap_high


def versus_of(row: Row) -> tuple[float, float, float]:
    """Return how much more a row costs than the best tuned rule there, and the ends of the interval."""
    return row.versus_best_rule, row.versus_best_rule_low, row.versus_best_rule_high


class Gap(NamedTuple):
    """Gaps of a policy to one kind of reference, in per cent."""

    instances: int
    middle: Estimate
    worst: tuple[str, float]
    leads: bool | None
    """Whether it may be the best; None where it was not judged on all instances, and so is not ranked."""


@dataclass(frozen=True)
class Standing:
    """How one policy stands on some instances in one regime; figures are per cent, but for shares and counts."""

    policy: str
    kind: Kind
    instances: int
    of: int
    """How many instances there are; a policy that was judged on fewer is not ranked."""
    told: bool
    """Whether it reads numbers of worlds in which others have not learned, who do not; it is not ranked then."""
    seeds: tuple[int, int]
    gaps: dict[ReferenceIs, Gap]
    versus: Estimate
    """The interquartile mean of what it costs over the best tuned rule."""
    mean: Estimate
    """The mean of the same, to which the worst instances count, too."""
    worst: tuple[str, float]
    improvement: Estimate
    """The probability that a run costs less than the best tuned rule, a tie counted as a half."""
    judgements: dict[Judgement, int]
    """On how many instances it is better, practically the same, worse, or not told apart from that rule."""
    leads: bool | None
    spent: float
    """Periods of simulation that a run played to learn, on average; nan where that is not known.

    Of the best tuned rule, those of all rules that were tuned on an instance, as it is the best of them.
    """

    def count(self, kind: ReferenceIs | None) -> int:
        """Return on how many instances it was judged, or on how many of those with a kind of reference."""
        if kind is None:
            return self.instances
        return self.gaps[kind].instances if kind in self.gaps else 0

    @property
    def complete(self) -> bool:
        """Tell whether it was judged on all instances."""
        return self.instances == self.of


class Beside(NamedTuple):
    """What one policy costs more than another on the instances of both, in per cent of the best tuned rule."""

    policy: str
    other: str
    instances: int
    more: Estimate
    judgements: dict[Judgement, int]


class Generalisation(NamedTuple):
    """What a policy loses in worlds that were held out, in per cent: held-out less the regime that it learned in."""

    policy: str
    kind: Kind
    gaps: dict[ReferenceIs, tuple[int, Estimate]]
    """Of the gap, on so many instances whose reference is of this kind in both regimes."""
    versus: tuple[int, Estimate]
    """Of what it costs above the best tuned rule, which meets the same change."""


@dataclass(frozen=True)
class Table:
    """The rows of one suite, to ask for standings."""

    rows: tuple[Row, ...]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Table:
        """Return the table of some rows; those of the reference itself are left out, whose gap is nothing.

        Raises:
            BadInput: for no rows, rows of several suites, or ones that do not agree which rule is the best.
        """
        kept = tuple(row for row in rows if row.policy != REFERENCE)
        if len(suites := {row.suite for row in kept}) != 1:
            raise BadInput(f"rows: must be of one suite, got {', '.join(sorted(suites)) or 'none'}")
        for what in ("best_rule", "reference_is", "learned_on", "fingerprint"):
            agreed: dict[tuple[str, str], str] = {}
            for row in kept:
                place, said = (row.instance, row.regime), getattr(row, what)
                if agreed.setdefault(place, said) != said:
                    raise BadInput(f"{row.instance}, {row.regime}: {what} is {said} and {agreed[place]} (run it again)")
        return cls(kept)

    @property
    def suite(self) -> str:
        """Return the name of the suite."""
        return self.rows[0].suite

    @cached_property
    def instances(self) -> list[str]:
        """Return all instances that have rows."""
        return sorted({row.instance for row in self.rows})

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Return what each policy is, in alphabetical order."""
        return {row.policy: row.kind for row in sorted(self.rows, key=lambda row: row.policy)}

    def within(self, regime: str) -> tuple[Row, ...]:
        """Return the rows of a regime: calm, stressed, held-out, or `LEARNED`."""
        return tuple(row for row in self.rows if row.regime == (row.learned_on if regime == LEARNED else regime))

    def only(self, instances: Iterable[str]) -> Table:
        """Return the table of some instances."""
        kept = set(instances)
        return Table(tuple(row for row in self.rows if row.instance in kept))

    def sample(self, policy: str, regime: str, measure: Select, reference: ReferenceIs | None = None) -> Sample | None:
        """Return what a policy scored in a regime, in per cent; None where it has no rows.

        Rows without the figure are left out: a share of a cost of nothing is not defined.

        Args:
            policy: its name, or `BEST_RULE`.
            regime: calm, stressed, held-out or `LEARNED`.
            measure: `gap_of` or `versus_of`.
            reference: instances whose reference is of this kind; all by default.
        """
        found: dict[str, list[Row]] = {}
        for row in self.within(regime):
            named = row.policy == (row.best_rule if policy == BEST_RULE else policy)
            if named and reference in (None, row.reference_is) and np.isfinite(measure(row)).all():
                found.setdefault(row.instance, []).append(row)
        if not found:
            return None
        runs = {instance: _runs(sorted(rows, key=lambda row: row.seed), measure) for instance, rows in found.items()}
        return Sample(f"{policy} {regime} {measure.__name__}", runs)

    def standings(self, regime: str, told: Collection[str] = ()) -> list[Standing]:
        """Return how each policy stands in a regime: those judged on most instances first, and of these the best.

        Args:
            regime: calm, stressed, held-out or `LEARNED`.
            told: policies that read the numbers of each world. Where others have not learned, they are not ranked.
        """
        told = () if regime == LEARNED else told
        here = self.within(regime)
        of: dict[ReferenceIs | None, set[str]] = {
            None: {row.instance for row in here if np.isfinite(versus_of(row)).all()}
        }
        known = [row for row in here if np.isfinite(gap_of(row)).all()]
        of |= {kind: {row.instance for row in known if row.reference_is == kind} for kind in REFERENCES}
        policies = [BEST_RULE, *dict.fromkeys(row.policy for row in sorted(here, key=lambda row: row.policy))]
        versus = {name: self.sample(name, regime, versus_of) for name in policies}
        gaps = {
            kind: {name: sample for name in policies if (sample := self.sample(name, regime, gap_of, kind))}
            for kind in REFERENCES
        }
        ahead = {
            kind: _ahead((each for name, each in gaps[kind].items() if name not in told), len(of[kind]))
            for kind in REFERENCES
        }
        first = _ahead([each for name, each in versus.items() if each and name not in told], len(of[None]))
        spent = {name: [row.periods_spent for row in here if row.policy == name] for name in policies}
        spent[BEST_RULE] = _spent_on_rules(here)
        found = [
            _standing(
                name,
                "tuned rule" if name == BEST_RULE else self.kinds[name],
                len(of[None]),
                name in told,
                sample,
                {
                    kind: Gap(
                        len(each.instances),
                        each.interquartile_mean,
                        each.worst,
                        ahead[kind].get(each.name),
                    )
                    for kind in REFERENCES
                    if (each := gaps[kind].get(name)) is not None
                },
                first.get(sample.name),
                spent[name],
            )
            for name, sample in versus.items()
            if sample is not None
        ]
        return sorted(found, key=lambda each: (-each.instances, each.versus.mean, each.policy != BEST_RULE))

    def beside(self, policy: str, other: str, regime: str) -> Beside | None:
        """Return how much more a policy costs than another where both were judged, each as the mean of its seeds."""
        mine, theirs = (self.sample(name, regime, versus_of) for name in (policy, other))
        if mine is None or theirs is None or not mine.runs.keys() & theirs.runs.keys():
            return None
        more = mine.averaged.less(theirs.averaged)
        return Beside(policy, other, len(more.instances), more.interquartile_mean, _judgements(more))

    def generalisation(self) -> list[Generalisation]:
        """Return what each policy loses from the regime that it learned in to the one that was held out."""
        found = []
        for policy in [BEST_RULE, *self.kinds]:
            versus = self._change(policy, versus_of, None)
            if versus is None:
                continue
            gaps = {kind: change for kind in REFERENCES if (change := self._change(policy, gap_of, kind)) is not None}
            found.append(Generalisation(policy, self.kinds.get(policy, "tuned rule"), gaps, versus))
        return sorted(found, key=lambda each: (each.versus[1].mean, each.policy))

    def _change(self, policy: str, measure: Select, reference: ReferenceIs | None) -> tuple[int, Estimate] | None:
        """Return on how many instances a figure is known in both regimes, and the change of its interquartile mean."""
        before, after = (self.sample(policy, each, measure, reference) for each in (LEARNED, HELD_OUT))
        if before is None or after is None or not before.runs.keys() & after.runs.keys():
            return None
        change = after.less(before)
        return len(change.instances), change.interquartile_mean


def _runs(rows: Sequence[Row], measure: Select) -> Runs:
    """Return the scores of the seeds of one instance, in per cent."""
    values, low, high = (PERCENT * each for each in np.array([measure(row) for row in rows]).T)
    return Runs(values, (high - low) / (2 * HALF))


def _ahead(samples: Iterable[Sample], instances: int) -> dict[str, bool]:
    """Return, of those judged on all instances, whether each may be the best."""
    complete = [each for each in samples if len(each.instances) == instances]
    if not complete:
        return {}
    ahead = set(leading(complete))
    return {each.name: each.name in ahead for each in complete}


@lru_cache(maxsize=8192)  # selections of instances share them
def _judgement(name: str, instance: str, values: tuple[float, ...], errors: tuple[float, ...]) -> Judgement:
    """Return what the mean of the seeds on one instance says of a policy beside the best tuned rule."""
    runs = {instance: Runs(np.array(values), np.array(errors))}
    return judged(Sample(name, runs).mean, "cost", PERCENT * THRESHOLD)


def _judgements(versus: Sample) -> dict[Judgement, int]:
    """Return on how many instances a policy is better, practically the same, not told apart, or worse."""
    found: dict[Judgement, int] = {"better": 0, "same": 0, "unclear": 0, "worse": 0}
    for instance in versus.instances:
        found[_judgement(versus.name, instance, *(tuple(map(float, each)) for each in versus.runs[instance]))] += 1
    return found


def _spent_on_rules(rows: Iterable[Row]) -> list[float]:
    """Return for each instance the periods that were played to tune all its rules."""
    found: dict[str, float] = {}
    for row in rows:
        if row.kind == "tuned rule":
            found[row.instance] = found.get(row.instance, 0.0) + row.periods_spent
    return list(found.values())


def _standing(
    name: str,
    kind: Kind,
    of: int,
    told: bool,
    versus: Sample,
    gaps: dict[ReferenceIs, Gap],
    leads: bool | None,
    spent: Sequence[float],
) -> Standing:
    return Standing(
        policy=name,
        kind=kind,
        instances=len(versus.instances),
        of=of,
        told=told,
        seeds=versus.seeds,
        gaps=gaps,
        versus=versus.interquartile_mean,
        mean=versus.mean,
        worst=versus.worst,
        improvement=versus.below_zero,
        judgements=_judgements(versus),
        leads=leads,
        spent=float(np.mean(spent)),  # nan where it is not known of one
    )
