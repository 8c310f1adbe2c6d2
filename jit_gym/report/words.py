"""Write numbers, and which policy does better, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from math import floor, isfinite, log10
from typing import NamedTuple

import numpy as np

from ..evaluation import Comparison, Estimate, Result, has_seen
from ..evaluation.metrics import sells
from ..policies import Generalist, Network, Rule

LONGEST = 25  # characters of a label


class Phrases(NamedTuple):
    """How the figure that decides is spoken of."""

    name: str
    one: str  # one policy does
    several: str  # several do
    most: str
    ahead: str
    behind: str


PHRASES = {
    "cost": Phrases("cost", "costs", "cost", "least", "less", "more"),
    "profit": Phrases("profit", "earns", "earn", "most", "more", "less"),
    "discounted_reward": Phrases("discounted reward", "is worth", "are worth", "most", "more", "less"),
}


def labels(comparison: Comparison) -> list[str]:
    """Return a short name of each policy that is not another's too; `descriptions` says the rest.

    Policies of one name are numbered: `base-stock (1)`, `base-stock (2)`.
    """
    names = [_short(result) for result in comparison.results]
    places = [names[:k].count(name) + 1 for k, name in enumerate(names)]
    return [name if names.count(name) == 1 else f"{name} ({place})" for name, place in zip(names, places, strict=True)]


def _short(result: Result) -> str:
    name, _ = parts(result)
    if isinstance(result.player, Network):
        name = f"agent:{result.player.manifest.agent}"
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}..."


def parts(result: Result) -> tuple[str, str]:
    """Return the name of a policy and its parameters, as in `level=25`."""
    name, _, inside = result.policy.partition("(")
    return name, inside.removesuffix(")")


def descriptions(comparison: Comparison, longest: int = 400) -> list[str]:
    """Return what each policy is beside its label: parameters of a rule, and what an agent was trained on."""
    return [_cut(_fewer(_described(result)), longest) for result in comparison.results]


def _fewer(text: str, most: int = 6) -> str:
    """Return parameters with the first few of many stocks: `level={a: 1, b: 2, ... 50 in all}`."""

    def shorten(found: re.Match[str]) -> str:
        entries = found[1].split(", ")
        return found[0] if len(entries) <= most else f"{{{', '.join(entries[:3])}, ... {len(entries)} in all}}"

    return re.sub(r"\{([^{}]*)\}", shorten, text)


def _described(result: Result) -> str:
    if isinstance(result.player, Network):
        manifest, name = result.player.manifest, parts(result)[0]
        same = manifest.fingerprint == result.scenario.fingerprint
        seen = ", on the very events played here" if has_seen(result.player, result.scenario) else ""
        where = f"trained on {manifest.scenario}{seen if same or seen else ', another world than this'}"
        return where if name == f"agent:{manifest.agent}" else f"{name.removeprefix('agent:')}, {where}"
    if isinstance(result.player, Generalist):
        if not result.player.world.corrected:
            return "computed from this world's numbers"
        return f"trained on {result.player.manifest.scenario}, and on no world in particular"
    return parts(result)[1]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def number(value: float, digits: int = 0) -> str:
    """Return a number with so many digits after the point, and commas between thousands."""
    text = f"{value:,.{digits}f}"
    return text if text.strip("-0.,") else text.removeprefix("-")


def digits(values: Iterable[float], halves: Iterable[float] = (), significant: int = 4) -> int:
    """Return how many digits after the point tell what is known of numbers that stand together.

    One or two digits of a typical half interval, as physicists do it, if these are not too many; where there is no
    interval, so many significant ones.
    """
    largest = max((abs(value) for value in values if isfinite(value)), default=0.0)
    before = floor(log10(largest)) if largest > 0 else 0
    precise = [half for half in halves if isfinite(half) and half > 0]
    if not precise:
        return min(max(significant - 1 - before, 0), 4) if largest > 0 else 0
    return min(max(-floor(log10(float(np.median(precise)) / 3)), 0), max(significant - before, 0), 4)


def half(estimate: Estimate) -> float:
    """Return half of the interval."""
    return (estimate.high - estimate.low) / 2


def between(estimate: Estimate) -> str:
    """Return a mean and its interval, `1.2 (0.9 to 1.5)`; the mean alone where there is none."""
    points = digits([estimate.mean], [half(estimate)], significant=3)
    mean, low, high = (number(value, points) for value in (estimate.mean, estimate.low, estimate.high))
    return f"{mean} ({low} to {high})" if estimate.error > 0 else mean


def a(period: str) -> str:
    """Return a period with its article: `a day`, `an hour`."""
    return f"an {period}" if period[:1] in "aeio" or period == "hour" else f"a {period}"


def rate(comparison: Comparison) -> str:
    """Return the unit of time of the figure that decides, with a blank: ` a day`; nothing for a discounted sum."""
    return "" if comparison.figure == "discounted_reward" else f" {a(comparison.scenario.horizon.period)}"


def listed(names: Sequence[str], last: str = "and") -> str:
    """Return names as a sentence lists them."""
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def settings(comparison: Comparison) -> str:
    """Return what was played, in a line."""
    result, scenario = comparison.results[0], comparison.scenario
    period = scenario.horizon.period
    paths = f"{result.paths:,} path{'' if result.paths == 1 else 's'}"
    periods = f"{result.periods:,} {period}{'' if result.periods == 1 else 's'}"
    warmup = f" after {result.warmup:,} of warm-up" if result.warmup else ""
    tuned = f"; each rule tuned on {comparison.tuned:,} {period}s of play" if comparison.tuned else ""
    return f"{scenario.name}: {paths} of {periods}{warmup}, seed {result.seed}{tuned}"


def conventions(comparison: Comparison) -> str:
    """Say how the numbers are to be read: the intervals, what counts as a difference, and what leftovers are worth."""
    said = []
    if not comparison.certain and comparison.results[0].paths > 1:
        together = len(comparison.results) > 2
        said.append("± is half of a 95 % interval" + ("; those of differences hold all together." if together else "."))
    if len(comparison.results) > 1 and comparison.threshold > 0:
        points = digits([comparison.practical], significant=2)
        size = f"{number(comparison.practical, points)}{rate(comparison)}"
        said.append(f"Differences under {100 * comparison.threshold:g} % ({size}) count as practically the same.")
    if counts_leftovers(comparison):
        said.append(
            "Units left at the end, on hand or on the way, count at what they cost (objective.leftovers: at-cost)."
        )
    if any(isinstance(result.player, Rule) and result.player.relies_on_formulas for result in comparison.results):
        said.append("Parameters that nobody gave are by textbook formulas; --tuned finds better ones first.")
    return " ".join(said)


def counts_leftovers(comparison: Comparison) -> bool:
    """Tell whether units that are left are worth anything, so that it must be said."""
    from ..physics import Layout
    from ..physics.worth import Worth

    return Worth(Layout(comparison.scenario)).counts


def gap_sentence(comparison: Comparison) -> str:
    """Say what the gap of each policy is a gap to; nothing where none was asked for."""
    best = comparison.optimality_gap
    if best is None:
        return ""
    earns, scenario, result = sells(comparison.scenario), comparison.scenario, comparison.results[0]
    sign = -1.0 if earns else 1.0
    level, period = sign * best.cost, a(scenario.horizon.period)
    much = f"{number(level, digits([level], significant=4))} {period}"
    weighed = f", weighed by {scenario.objective.discount:g}^t" if scenario.objective.discount < 1 else ""
    if best.optimum is not None:
        exact = sign * best.optimum.cost
        count = best.optimum.periods
        over = f"over {count:,} {scenario.horizon.period}s" if count else "in the long run"
        sense = "weighed so" if weighed else over
        proved = f"{number(exact, digits([exact]))} {period} {sense}, {best.optimum.states:,} states"
        verb = "earns" if earns else "costs"
        return f"Gap: to the optimum ({proved}), which {verb} {much} on these paths{weighed}."
    if best.to == "best":
        return f"Gap: to the best policy here; an optimum or a bound takes longer (try jit-gym bound {scenario.name})."
    would = "earn at most" if earns else "pay at least"
    where = "computed on these paths"
    if best.paths < result.paths:
        where = f"estimated from the first {best.paths:,} of these paths"
        where = where if best.paths > 1 else "estimated from the first of these paths"
    return (
        f"Gap: at most this. Who knew all chance in advance would {would} {much}{weighed}, {where}; the best that can"
        " be done without is somewhere between."
    )


def verdict(comparison: Comparison) -> str:
    """Say in a sentence or two which policy is best, by how much, and whether that is clear.

    An agent that has learned on the very events that were played is named behind, and never first.
    """
    return " ".join(filter(None, [_ranked(comparison), _not_ranked(comparison), _underserving(comparison)]))


class Rival(NamedTuple):
    """A policy that is not the best, and how much more of the deciding figure it has."""

    label: str
    more: Estimate
    is_first: bool


def _ranked(comparison: Comparison) -> str:
    phrases, best = PHRASES[comparison.figure], comparison.best
    level, period, paths = best.estimate(comparison.figure), rate(comparison), f"{best.paths:,} paths"
    names = dict(zip(map(id, comparison.results), labels(comparison), strict=True))
    winner = names[id(best)]
    rivals = [
        Rival(names[id(result)], comparison.against(result, best), result is comparison.results[0])
        for result in comparison.eligible or comparison.results
        if result is not best
    ]
    if not rivals:
        return f"{winner} {phrases.one} {between(level)}{period}."

    rivals.sort(key=lambda rival: abs(rival.more.mean))
    same, unclear = ([each for each in rivals if comparison.judged(each.more) == it] for it in ("same", "unclear"))
    beaten = [each for each in rivals if each not in same and each not in unclear]
    who = f"{listed([winner, *(each.label for each in same)])} {phrases.several if same else phrases.one}"
    much = number(level.mean, digits([level.mean], [half(level)], significant=3))
    alike = ", practically the same" if any(each.more.mean for each in same) else ", and the same" if same else ""
    text = f"{who} {phrases.most}{alike}: {much}{period}"
    mark = next((each for each in beaten if each.is_first), beaten[0] if beaten else None)
    if mark:
        text += f", {_size(mark.more)} {phrases.ahead} than {mark.label}{'' if mark.is_first else ', the next'}"
    next_one = f"{beaten[0].label}, the next, {phrases.one} {_size(beaten[0].more)} {phrases.behind}" if beaten else ""
    follows = bool(mark) and mark is not beaten[0]
    if comparison.certain:
        return f"{text}. Nothing is left to chance here{f': {next_one}' if follows else ''}."
    if best.paths == 1:
        return f"On this one path {text}. One path says nothing of chance."
    if len(unclear) == 1:
        return f"{text}. But {unclear[0].label} may be as good: on {paths} the difference is {_size(unclear[0].more)}."
    if unclear:
        return f"{text}. But {listed([each.label for each in unclear])} may be as good: {paths} do not tell them apart."
    if follows:
        return f"{text}. That is clear on {paths}: {next_one}."
    return f"{text}. That is clear on {paths}." if mark else f"{text}."


def _not_ranked(comparison: Comparison) -> str:
    """Say what policies cost that have learned on the very events that were played."""
    phrases, fair = PHRASES[comparison.figure], comparison.fair
    if not fair:
        return ""
    seen = [
        f"{label} {phrases.one} {between(result.estimate(comparison.figure))}{rate(comparison)}"
        for result, label in zip(comparison.results, labels(comparison), strict=True)
        if result not in fair
    ]
    return f"Not ranked, since trained on these very events: {listed(seen)}." if seen else ""


def _underserving(comparison: Comparison) -> str:
    """Say which policies are not ranked as they do not surely reach the fill rate asked for, or that nobody does."""
    required, fair, eligible = comparison.scenario.objective.fill_rate, comparison.fair, comparison.eligible
    if required is None or not fair:
        return ""
    what = f"a fill rate of {100 * required:g} %"
    if comparison.reaches(eligible[0]) == "misses":
        return f"All of them miss {what}."
    if comparison.reaches(eligible[0]) == "unclear":
        return f"Whether {what} is reached is not told on these paths."
    names = dict(zip(map(id, comparison.results), labels(comparison), strict=True))
    short = [names[id(result)] for result in fair if result not in eligible]
    return f"Not ranked, since they do not surely reach {what}: {listed(short)}." if short else ""


def in_business(comparison: Comparison) -> str:
    """Say what the best policy means for the business, beside the first: empty shelves, stopped periods, cash."""
    best, first = comparison.best, comparison.results[0]
    period, results = comparison.scenario.horizon.period, comparison.results
    label = labels(comparison)[0]
    others = [] if best is first else [first]

    def beside(texts: list[str], named: bool) -> str:
        head, *rest = texts
        return f"{head} ({f'{label}: ' if named else ''}{rest[0]})" if rest else head

    short = [f"{100 * (1 - each.mean('fill_rate')):.1f} %" for each in (best, *others)]
    said = [f"{beside(short, True)} of demand meets an empty shelf"]
    if any(each.mean("stopped_periods") > 0 for each in results):
        stopped = [number(each.mean("stopped_periods"), 1) for each in (best, *others)]
        said.append(f"{beside(stopped, False)} of {best.periods:,} {period}s sell nothing")
    if any(each.mean("inventory_value") > 0 for each in results):
        values = [each.mean("inventory_value") for each in (best, *others)]
        points = digits(values, significant=3)
        said.append(f"{beside([number(value, points) for value in values], False)} of cash is tied up in stock")
    else:
        lasts = [each.mean("periods_of_supply") for each in (best, *others)]
        if all(map(isfinite, lasts)):
            said.append(f"{beside([number(value, 1) for value in lasts], False)} {period}s of supply lie on the shelf")
    return f"With {labels(comparison)[results.index(best)]}, {listed(said)}."


def _size(gap: Estimate) -> str:
    """Return the size of a gap, whichever way it goes, with its interval."""
    return between(gap if gap.mean >= 0 else Estimate(-gap.mean, gap.error, -gap.high, -gap.low))
