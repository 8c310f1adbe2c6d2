"""Choose the rule of each item of a shop, from what rules came to before the held-out part on it and on all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..evaluation.judgement import THRESHOLD
from .verdict import PRACTICE, Findings, Tried

LOWEST = 0.01
"""The least cost that counts, as a share of the item's median rule: it is a logarithm that is taken."""
ENOUGH = 8
"""Items that must accept a rule, where the shop has as many, before it can be chosen: of fewer its mean is chance."""


class Choice(NamedTuple):
    """Which rule each item has, and how that came about.

    Attributes:
        rules: the key of each item's rule among what was tried; None where nothing was.
        why: each one in words.
        expected: what each rule is expected to cost, as a multiple of the item's median rule, by item.
        own: how far an item's own figures count, from 0 to 1; the rest is what a rule comes to on all items.
        group: the rule that does best on all items; nothing without a score.
        items: how many items have scores.
    """

    rules: tuple[str | None, ...]
    why: tuple[str, ...]
    expected: tuple[Mapping[str, float], ...]
    own: float
    group: str
    items: int


def choose(findings: Sequence[Findings]) -> Choice:
    """Return the rule of each item: what is least expected to cost, given its own figures and those of all items.

    A rule's figures on an item are logarithms of its cost over that of the item's median rule: in the world that was
    fitted, and in the back-test. Of what sets an item apart, the same share `own` holds for each rule: the variance
    between items that is not one between these two figures (empirical Bayes; Morris 1983). Today's practice may be good
    on one item and bad on another: its difference to the rule has a share of its own. Where the rule is not expected to
    be better by more than what anybody would act on, today's stays.

    Args:
        findings: on each item; those without a verdict have no scores.
    """
    judged = [k for k, found in enumerate(findings) if any(_scored(each) for each in found.tried.values())]
    rules: list[str | None] = [PRACTICE if found.tried else None for found in findings]
    why, expected = ["nothing can be compared with today's" for _ in findings], list[Mapping[str, float]]()
    if not judged:
        return Choice(tuple(rules), tuple(why), tuple({} for _ in findings), 1.0, "", 0)
    names = list(dict.fromkeys(name for k in judged for name, each in findings[k].tried.items() if _scored(each)))
    costs = np.full((2, len(judged), len(names)), np.nan)
    for row, k in enumerate(judged):
        for column, name in enumerate(names):
            each = findings[k].tried.get(name)
            if each is not None and _scored(each):
                costs[:, row, column] = [np.nan if value is None else value for value in (each.fitted, each.back_test)]
    by_all = ~np.isnan(costs[0]).any(axis=0)
    figures = np.stack([_figures(each, by_all) for each in costs])
    enough = (~np.isnan(costs[0])).sum(axis=0) >= min(ENOUGH, len(judged))
    mean, apart, noise = _parts(figures)
    ours = np.array([name != PRACTICE for name in names])
    own = _share(apart[:, by_all & ours], noise[:, by_all & ours])
    told = np.where(enough & ours, mean + own * apart, np.nan)
    if not ours.all():
        today = int(np.flatnonzero(~ours)[0])
        best = np.argmin(np.where(np.isnan(told), np.inf, told), axis=1)
        rows = np.arange(len(judged))
        more, *of_it = _parts((figures[:, :, today] - figures[:, rows, best])[:, :, None])  # what is alike cancels out
        told[:, today] = told[rows, best] + (more + _share(*of_it) * of_it[0])[:, 0]
    everywhere = np.where(by_all & enough & ours, mean, np.inf)
    group = names[int(np.argmin(everywhere))] if np.isfinite(everywhere).any() else ""
    each_told = dict(zip(judged, told, strict=True))
    for k in range(len(findings)):
        row = each_told.get(k, np.full(len(names), np.nan))
        known = {name: float(each) for name, each in zip(names, row, strict=True) if np.isfinite(each)}
        expected.append({name: float(np.exp(each)) for name, each in known.items()})
        if known:
            rules[k], why[k] = _least(known, group, len(judged))
    return Choice(tuple(rules), tuple(why), tuple(expected), own, group, len(judged))


def _least(known: Mapping[str, float], group: str, items: int) -> tuple[str, str]:
    """Return the rule that is expected to cost least, or today's where none is better by what matters, and why."""
    best = min(known, key=known.__getitem__)
    if PRACTICE in known and known[best] >= known[PRACTICE] + np.log1p(-THRESHOLD):
        return PRACTICE, f"nothing is expected to be better than today's by more than {100 * THRESHOLD:g} %"
    if items == 1:
        return best, "costs least in the fitted world and the back-test"
    if best == group:
        return best, "does best on all items, and nothing on this one tells otherwise"
    if group not in known:
        return best, "is expected to cost least on this item"
    less = 100 * (1 - np.exp(known[best] - known[group]))
    return best, f"is expected to cost {less:.2g} % less on this item than {group}, which does best on all"


def _scored(tried: Tried) -> bool:
    """Tell whether a rule was played in the fitted world; and, where there is a back-test, in that, too."""
    return tried.score is not None and tried.fitted is not None


def _figures(costs: np.ndarray, by_all: np.ndarray) -> np.ndarray:
    """Return the logarithm of costs (items, rules) over that of each item's median rule, of those that all accept.

    Where some cost is not above 0, as revenue is in it, the difference as a share of the median's size.
    """
    common = costs[:, by_all] if by_all.any() else costs
    missing = np.isnan(common).all(axis=1)
    middle = np.where(missing, np.nan, np.nanmedian(np.where(missing[:, None], 0.0, common), axis=1))[:, None]
    with np.errstate(all="ignore"):
        ratio = np.log(np.maximum(costs / middle, LOWEST))
        share = np.clip((costs - middle) / np.abs(middle), -1.0, 1.0)
    plain = np.nanmin(np.where(missing[:, None], 1.0, costs), axis=1)[:, None] > 0
    return np.where(plain, ratio, np.nan_to_num(share, nan=0.0) + 0 * costs)


def _parts(figures: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each rule's mean figure (rules,), how each item is apart from it, and the noise of that (items, rules).

    The noise is the variance that the mean of an item's two figures has, as they differ; nan where there is but one.
    """
    with np.errstate(all="ignore"):
        level = np.where(np.isnan(figures).all(axis=1), np.nan, _mean(figures, 1))  # of each kind of figure
        apart = figures - level[:, None]
        noise = (apart[0] - apart[1]) ** 2 / 4
    return _mean(level, 0), _mean(apart, 0), noise


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the mean of what is known; nan of nothing."""
    known = ~np.isnan(values)
    many = known.sum(axis=axis)
    return np.where(many > 0, np.where(known, values, 0.0).sum(axis=axis) / np.maximum(many, 1), np.nan)


def _share(apart: np.ndarray, noise: np.ndarray) -> float:
    """Return the share of the variance between items that is no noise; 1 where that cannot be told."""
    both = ~np.isnan(noise).any(axis=1)
    if both.sum() < 2 or not noise.size:
        return 1.0
    total = float(apart[both].var(axis=0, ddof=1).mean())
    chance = float(noise[both].sum() / (both.sum() - 1) / noise.shape[1])
    return float(np.clip(1.0 - chance / total, 0.0, 1.0)) if total > 0 else 0.0
