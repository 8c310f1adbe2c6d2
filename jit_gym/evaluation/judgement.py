"""What a difference means: better, worse, practically the same, or not told apart."""

from __future__ import annotations

from math import isfinite
from typing import Literal

from ..common.statistics import Estimate

THRESHOLD = 0.005  # of the best policy's figure; under it, a difference is practically nothing

Judgement = Literal["better", "worse", "same", "unclear", ""]


def judged(more: Estimate, figure: str, practical: float = 0.0) -> Judgement:
    """Return what a difference of a figure between two policies means.

    Args:
        more: the difference, with its interval.
        figure: less of `cost` is better, and more of any other figure.
        practical: the difference below which two policies are practically the same.

    Returns:
        `same` where the difference is practically nothing: where its interval lies within the practical threshold, or
        excludes 0 although its mean does (a test of equivalence; Schuirmann 1987). `unclear` where the interval holds
        0, else `better` or `worse`. Nothing on one path, which says nothing of chance.
    """
    if not isfinite(more.error):
        return ""
    within = -practical <= more.low <= more.high <= practical
    holds_zero = more.low <= 0 <= more.high
    if within or (abs(more.mean) <= practical and not holds_zero):
        return "same"
    if holds_zero:
        return "unclear"
    return "better" if (more.mean > 0) == (figure != "cost") else "worse"
