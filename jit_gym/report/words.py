"""Say numbers, and who does better, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, isfinite, log10

import numpy as np

from ..evaluate import Comparison, Estimate, Result


def aim(comparison: Comparison) -> str:
    """Return the figure that decides: profit where anything is sold at a price, and cost elsewhere."""
    return "profit" if any(result.mean("revenue") > 0 for result in comparison.results) else "cost"


def gap(result: Result, other: Result, figure: str) -> Estimate:
    """Return how much more of a figure a result has than another one, path by path."""
    return Estimate.of(result.figures[figure] - other.figures[figure])


def judged(more: Estimate, figure: str) -> str:
    """Return `better` or `worse` where the interval of a gap excludes 0, else `unclear`; `same` where there is no gap.

    On one path there is no interval, and so no judgement.
    """
    if not isfinite(more.error):
        return ""
    if more.low <= 0 <= more.high:
        return "unclear" if more.error > 0 else "same"
    return "better" if (more.mean > 0) == (figure == "profit") else "worse"


def parts(result: Result) -> tuple[str, str]:
    """Return the name of a policy and its parameters, as in `level=25`."""
    name, _, inside = result.policy.partition("(")
    return name, inside.removesuffix(")")


def labels(comparison: Comparison) -> list[str]:
    """Return the shortest name of each policy that is not another's too."""
    names = [parts(result)[0] for result in comparison.results]
    return [
        name if names.count(name) == 1 else result.policy
        for name, result in zip(names, comparison.results, strict=True)
    ]


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


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def distances(comparison: Comparison) -> str:
    """Say what the gap of each policy is a gap to; nothing where none was asked for."""
    best = comparison.distance
    if best is None:
        return ""
    figure, scenario, result = aim(comparison), comparison.scenario, comparison.results[0]
    sign = -1.0 if figure == "profit" else 1.0
    level, period = sign * Estimate.of(best.costs).mean, a(scenario.horizon.period)
    much = f"{number(level, digits([level], significant=3))} {period}"
    weighed = f", weighed by {scenario.objective.discount:g}^t" if scenario.objective.discount < 1 else ""
    where = "on these paths" if best.paths == result.paths else f"on the first {best.paths:,} of these paths"
    where = where if best.paths > 1 else "on the first of these paths" if result.paths > 1 else "on this path"
    if best.optimum is not None:
        exact = sign * best.optimum.cost
        sense = "weighed so" if weighed else "in the long run"
        proved = f"{number(exact, digits([exact]))} {period} {sense}, {best.optimum.states:,} states"
        return f"Gap: to the optimum ({proved}), which {_verb(figure)} {much} {where}{weighed}."
    if best.to == "best":
        return f"Gap: to the best policy here; an optimum or a bound takes longer (try jit-gym bound {scenario.name})."
    would = "earn at most" if figure == "profit" else "pay at least"
    return (
        f"Gap: at most this. Who knew all chance in advance would {would} {much} {where}{weighed}; the best "
        "that can be done without is somewhere between."
    )


def _verb(figure: str) -> str:
    return "earns" if figure == "profit" else "costs"


def verdict(comparison: Comparison) -> str:
    """Say in a sentence or two which policy is best, by how much, and whether that is clear."""
    figure, best = aim(comparison), comparison.best
    verb, most, ahead, behind = (
        ("earn", "most", "more", "less") if figure == "profit" else ("cost", "least", "less", "more")
    )
    level, period, paths = best.estimate(figure), a(comparison.scenario.horizon.period), f"{best.paths:,} paths"
    rivals = [
        (label, gap(result, best, figure), result is comparison.results[0])
        for result, label in zip(comparison.results, labels(comparison), strict=True)
    ]
    winner = rivals.pop([result is best for result in comparison.results].index(True))[0]
    if not rivals:
        return f"{winner} {verb}s {between(level)} {period}."

    rivals.sort(key=lambda rival: abs(rival[1].mean))
    same, unclear = (
        [each for each in rivals if judged(each[1], figure) == judgement] for judgement in ("same", "unclear")
    )
    beaten = [each for each in rivals if each not in same and each not in unclear]
    who = f"{listed([winner, *(label for label, _, _ in same)])} {verb}" + ("" if same else "s")
    much = number(level.mean, digits([level.mean], [half(level)], significant=3))
    text = f"{who} {most}{', and the same' if same else ''}: {much} {period}"
    mark = next((each for each in beaten if each[2]), beaten[0] if beaten else None)
    if mark:
        text += f", {_size(mark[1])} {ahead} than {mark[0]}{'' if mark[2] else ', the next'}"
    if best.paths == 1:
        return f"On this one path {text}. One path says nothing of chance."
    if len(unclear) == 1:
        return f"{text}. But {unclear[0][0]} may be as good: on {paths} the difference is {_size(unclear[0][1])}."
    if unclear:
        return (
            f"{text}. But {listed([label for label, _, _ in unclear])} may be as good: {paths} do not tell them apart."
        )
    if mark and mark is not beaten[0]:
        return f"{text}. That is clear on {paths}: {beaten[0][0]}, the next, {verb}s {_size(beaten[0][1])} {behind}."
    return f"{text}. That is clear on {paths}." if mark else f"{text}."


def _size(gap: Estimate) -> str:
    """Return the size of a gap, whichever way it goes, with its interval."""
    return between(gap if gap.mean >= 0 else Estimate(-gap.mean, gap.error, -gap.high, -gap.low))
