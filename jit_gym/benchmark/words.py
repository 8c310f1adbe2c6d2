"""Say in words what the figures of a leaderboard mean, what they do not, and how the policies stand."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import NamedTuple

from ..common.statistics import Estimate
from ..common.text import plural
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
        " what another training, or another tuning, would give is not in it.",
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
        "Periods of simulation that a run played to tune or train, those to choose among candidates included.",
        "Not time: an agent computes far more for each period than the tuning of a rule.",
    ),
)
"""What each figure means, in the order of the tables."""

REGIMES_SAY = {
    LEARNED: "on each instance the regime that rules were tuned and agents trained in, on paths that nobody has seen",
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
    """Say who may lead over all instances of a regime, and what the agents make of the best tuned rule."""
    complete = [each for each in standings if each.complete]
    ahead = [each.policy for each in complete if each.leads]
    said = []
    if ahead:
        where = f"{plural(complete[0].of, 'instance')}, {IN_REGIME[regime]}"
        rest = "is shown to be better than the others" if len(ahead) == 1 else "may each be the best"
        said.append(
            f"On all {where}, no single policy does as well as the {BEST_RULE} of each."
            if ahead == [BEST_RULE]
            else f"Of what was judged on all {where}, {_with_article(ahead)} {rest}."
        )
    for each in standings:
        if each.kind == "agent":
            said.append(agent_sentence(each))
    return " ".join(said)


def _with_article(policies: Sequence[str]) -> str:
    return listed([f"the {BEST_RULE}" if each == BEST_RULE else each for each in policies])


def agent_sentence(standing: Standing) -> str:
    """Say what an agent costs beside the best tuned rule, on how many instances, and how often it is ahead."""
    more = "more" if standing.versus.mean >= 0 else "less"
    versus = standing.versus if standing.versus.mean >= 0 else _mirrored(standing.versus)
    probability = between(standing.improvement)
    costs = f"costs {between(versus)} % {more} than the {BEST_RULE}"
    if not standing.complete:
        return (
            f"The agent {standing.policy}, which was judged on {standing.instances} of {standing.of} instances"
            f" ({seeds(standing.seeds)}), {costs} there; that says nothing of the others."
        )
    return (
        f"The agent {standing.policy} (all instances, {seeds(standing.seeds)}) {costs}; a run of it is cheaper with a"
        f" probability of {probability}."
    )


def _mirrored(more: Estimate) -> Estimate:
    return Estimate(-more.mean, more.error, -more.high, -more.low)


def seeds(least_and_most: tuple[int, int]) -> str:
    """Return with how many seeds, in words."""
    least, most = least_and_most
    return plural(most, "seed") if least == most else f"{least} to {most} seeds"


def judgements(standing: Standing) -> str:
    """Return on how many instances it is better, the same, unclear and worse."""
    return " / ".join(str(count) for name, count in standing.judgements.items() if name)


def periods(count: float) -> str:
    """Return a number of periods, short; in words where it is not known."""
    if isnan(count):
        return "not known"
    for size, unit in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if count >= size:
            return f"{number(count / size, 1 if count < 10 * size else 0)} {unit}"
    return number(count)


def leads(answer: bool | None) -> str:
    """Return whether a policy may lead: yes, no, or nothing where it is not ranked."""
    return {True: "yes", False: "no", None: "not ranked"}[answer]
