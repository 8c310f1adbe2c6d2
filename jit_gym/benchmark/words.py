"""Say in words what the figures of a leaderboard mean, what they do not, and how the policies stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import NamedTuple

from ..common.statistics import Estimate
from ..common.text import plural
from ..evaluation.judgement import Judgement
from ..report.words import between, listed, number
from .rows import ReferenceIs
from .standings import BEST_RULE, LEARNED, Standing


class Meaning(NamedTuple):
    """A figure, what it says, and what it does not say."""

    name: str
    says: str
    not_says: str


MEANINGS = (
    Meaning(
        "Over the best tuned rule, %",
        "How much more a policy costs than the tuned rule that was the best in its own tuning, on the same paths: the"
        " mean of the middle half of all runs (interquartile mean; a run is one seed on one instance, and each instance"
        " counts the same). Less than 0 is cheaper than that rule.",
        "The quarter of the runs at each end is left out, so rare failures do not show: see the worst instance. Another"
        " rule may have done better on the paths that judge. The line of the best tuned rule is another rule on each"
        " instance, chosen there; no single rule does so well everywhere.",
    ),
    Meaning(
        "Mean, %",
        "The mean of the same over all instances, the worst included.",
        "A few instances may decide it: see the worst one. Where it is far from the first figure, neither tells all.",
    ),
    Meaning(
        "Gap to the optimum, %",
        "The same mean, of how much more a policy costs than the least that any policy can cost, which is proven.",
        "It covers only instances that are small enough to be solved. What is true of them may fail in larger ones.",
    ),
    Meaning(
        "Gap to a bound, %",
        "The same mean, of how much more a policy costs than a planner who knew all chance in advance. No policy can do"
        " better, so the gap to the optimum is at most this.",
        "It is not the gap to the optimum: the best policy has such a gap too, and a large one says that chance matters"
        " or that the policy is bad, and not which. It compares policies on the same instances alone. Bounds more than"
        " a quarter below the best tuned rule are left out; on instances without an optimum and such a bound there is"
        " no gap but that to this rule.",
    ),
    Meaning(
        "Interval",
        "Where the figure would be in about 95 of 100 repetitions with other training seeds and other paths, on these"
        " same instances (a bootstrap of the seeds within each instance, and of the error of simulation).",
        "Nothing about instances that are not in the suite. A policy with one seed has an interval of simulation alone:"
        " what another training, or another tuning, would give is not in it. Rules have one, and so has the best tuned"
        " rule that all stand beside: differences of a tenth of a percent may be those of another tuning.",
    ),
    Meaning(
        "May lead",
        "All policies that are not shown to be worse than the best: the one that is truly the best on these instances"
        " is among them in about 95 of 100 repetitions, also after one has looked for the best of many.",
        "The order within the group means nothing. A policy that was not judged on all instances, since it does not fit"
        " them or was not run there, is not ranked: it may have been spared the difficult ones."
        " Each table has a group of its own, and of many tables one in twenty may leave the best out.",
    ),
    Meaning(
        "Profile",
        "For each size of gap, the share of runs that are at most so far above the reference: a curve that is above"
        " another one everywhere belongs to a policy that is better at every quantile.",
        "Where curves cross, neither is better. The band holds each point by itself, not the whole curve.",
    ),
    Meaning(
        "Probability of improvement",
        "Take an instance at random and one seed: how likely that run costs less than the best tuned rule there; a tie"
        " counts as a half.",
        "Not by how much: a tenth of a percent counts like half of the cost. Read it beside the first figure.",
    ),
    Meaning(
        "Better, same, unclear, worse",
        "On how many instances the mean of the seeds is better than the best tuned rule, practically the same (within"
        " 0.5 %), not told apart, or worse, each by its own 95 % interval.",
        "Of many instances a few are called better or worse by chance alone: about one in twenty.",
    ),
    Meaning(
        "Generalisation gap, percentage points",
        "How much the gap of a policy grows from the regime that it was tuned or trained in to the one that was held"
        " out, seed by seed; and how much more it loses than the best tuned rule does there.",
        "A world that is held out is harder for everybody, and a bound is loose by another amount in it. So a gap that"
        " grows shows a weakness of the policy only where it grows more than that of the rule. Rules by formula and the"
        " generalist are not surprised at all: they read the numbers of each world that they play.",
    ),
    Meaning(
        "Periods to learn",
        "Periods of simulation that a run played to tune or train, those to choose among candidates included; of the"
        " best tuned rule those of all rules that were tuned on an instance.",
        "Not time: an agent computes far more for each period than the tuning of a rule.",
    ),
)
"""What each figure means, in the order of the tables."""

REGIMES_SAY = {
    LEARNED: "on each instance the regime that rules were tuned and agents trained in, on paths new to them",
    "calm": "the world as its source has it, or without what goes wrong",
    "stressed": "the same world with more to cope with; where something goes wrong, the regime that policies learn in",
    "held-out": "the same world with what nothing was tuned or trained on",
}

IN_REGIME = {
    LEARNED: "in the regime that they learned in",
    "calm": "in calm worlds",
    "stressed": "in stressed worlds",
    "held-out": "in worlds that were held out",
}

REFERENCE_SAYS: dict[ReferenceIs, str] = {
    "optimum": "the optimum",
    "bound": "a bound",
    "best-known": "the best tuned rule, for want of an optimum and of a near bound",
}


def verdict(standings: Sequence[Standing], regime: str) -> str:
    """Say who may lead over all instances of a regime, and among whom."""
    ranked = [each for each in standings if each.leads is not None]
    if not ranked:
        return f"No policy was judged on all instances {IN_REGIME[regime]}, so none is ranked."
    ahead = _with_article([each.policy for each in ranked if each.leads])
    behind = [each.policy for each in ranked if not each.leads]
    where = f"all {plural(ranked[0].of, 'instance')}, {IN_REGIME[regime]}"
    several = sum(bool(each.leads) for each in ranked) > 1
    rest = "may each be the best" if several else "is shown to cost less in the middle half of its runs"
    if not behind:
        return f"{len(ranked)} policies were judged on {where}: {ahead} {rest if len(ranked) > 1 else 'alone'}."
    more = f"{_with_article(behind)} {'costs' if len(behind) == 1 else 'cost'} more"
    said = f"Of {len(ranked)} policies that were judged on {where}, {ahead} {rest}, and {more}."
    least = min(ranked, key=lambda each: each.mean.mean)
    if not least.leads:
        said += f" But on average, the worst instances included, {_with_article([least.policy])} costs least."
    return said


def marked(standing: Standing) -> str:
    """Return a policy's name, with a mark where it is told what others are not."""
    return f"{standing.policy} {TOLD}" if standing.told else standing.policy


def notes(standings: Sequence[Standing], seeds: int) -> tuple[str, ...]:
    """Return what must be known to read a table of standings.

    Args:
        standings: the table.
        seeds: with how many the suite trains its agents.
    """
    said = []
    sets = {each.instances for each in standings if not each.complete}
    if sets:
        said.append(
            "Policies that were judged on fewer instances stand below, those on most of them first. Their figures are"
            " each of other instances, and cannot be compared down the column."
        )
    few = [each for each in standings if each.kind == "agent" and each.seeds[0] < seeds]
    if few:
        said.append(
            f"Fewer than {seeds} trainings somewhere: {listed([each.policy for each in few])}. With one seed an"
            " interval is of one network on other paths; what another training comes to is not in it."
        )
    if any(each.told for each in standings):
        said.append(
            f"{TOLD} reads the numbers of each world that it plays, such as the mean and the variance of the demand."
            " Rules that were tuned and agents that were trained elsewhere are not told them, so it is not ranked here."
        )
    return tuple(said)


TOLD = "†"
"""The mark of policies that read the numbers of each world that they play."""


def _with_article(policies: Sequence[str]) -> str:
    return listed([f"the {BEST_RULE} of each" if each == BEST_RULE else each for each in policies])


def agent_sentence(standing: Standing, standings: Sequence[Standing]) -> str:
    """Say what an agent costs beside the best tuned rule: in the middle, on average and at worst, and what it spent."""
    on = f"on {'all' if standing.complete else f'{standing.instances} of'} {plural(standing.of, 'instance')}"
    told = ", which reads the numbers of each world," if standing.told else ""
    better, worse = standing.judgements["better"], standing.judgements["worse"]
    said = (
        f"{standing.policy}{told} {on} ({seeds(standing.seeds)}) costs {_more(standing.versus)} than the {BEST_RULE}"
        f" there in the middle half of its runs, and {_more(standing.mean)} on average; it is better on {better} and"
        f" worse on {worse}"
    )
    if standing.worst[1] > 0:
        said += f", at worst by {number(standing.worst[1], 1)} % ({standing.worst[0]})"
    rule = next((each for each in standings if each.policy == BEST_RULE), None)
    if rule is not None and not isnan(standing.spent) and not isnan(rule.spent):
        said += f". To learn, it plays {periods(standing.spent)} periods, and the tuning of an instance's rules"
        said += f" {periods(rule.spent)}"
    return f"{said}."


def _more(more: Estimate) -> str:
    """Return a difference in words: `0.4 (0.3 to 0.5) % less`."""
    return f"{around(more)} % more" if more.mean >= 0 else f"{around(_mirrored(more))} % less"


def around(estimate: Estimate) -> str:
    """Return a mean and its interval; the mean alone where the interval is no wider than its last digit."""
    text = between(estimate)
    mean, _, inside = text.partition(" (")
    return mean if inside == f"{mean} to {mean})" else text


def _mirrored(more: Estimate) -> Estimate:
    return Estimate(-more.mean, more.error, -more.high, -more.low)


def seeds(least_and_most: tuple[int, int]) -> str:
    """Return with how many seeds, in words."""
    least, most = least_and_most
    return plural(most, "seed") if least == most else f"{least} to {most} seeds"


def judgements(counts: Mapping[Judgement, int]) -> str:
    """Return on how many instances a policy is better, the same, unclear and worse."""
    return " / ".join(str(count) for name, count in counts.items() if name)


def periods(count: float) -> str:
    """Return a number of periods, short; in words where it is not known."""
    if isnan(count):
        return "not known"
    for size, unit in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if count >= size:
            return f"{number(count / size, 1 if count < 10 * size else 0)} {unit}"
    return number(count)


def leads(standing: Standing) -> str:
    """Return whether a policy may lead: yes, no, or that it is not ranked; of an agent that was trained once, so."""
    answer = {True: "yes", False: "no", None: "not ranked"}[standing.leads]
    once = standing.leads and standing.kind == "agent" and standing.seeds[0] == 1
    return f"{answer} (one training)" if once else answer
