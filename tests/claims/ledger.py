"""A claim: what is said, by whom, and what is found here; the tests make docs/claims.md from them, and hold it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jit_gym.common.statistics import Estimate

PAGE = Path(__file__).parents[2] / "docs/claims.md"
BORNE_OUT, IN_PART, NOT_BORNE_OUT = "yes", "in part", "no"


class Row(NamedTuple):
    """A row of docs/claims.md."""

    says: str
    source: str
    published: str
    ours: str
    holds: str
    needs: str
    test: str

    def __str__(self) -> str:
        """Return the row in Markdown."""
        return f"| {' | '.join(self)} |"


def claim(
    says: str, *, source: str, needs: str, published: str = "no size", holds: str = BORNE_OUT
) -> Callable[[Callable[[], str]], Callable[[], None]]:
    """Make a function that checks a claim, and returns what was found, a test that also holds its row of the page.

    Args:
        says: the claim, in a sentence.
        source: author and year, or where a text without an author stands.
        needs: what the claim depends on, or what is different here.
        published: the size that the source prints.
        holds: whether the model bears it out: `yes`, `in part` or `no`.
    """

    def made(check: Callable[[], str]) -> Callable[[], None]:
        def row() -> Row:
            return Row(says, source, published, check(), holds, needs, f"`{check.__name__}`")

        @functools.wraps(check)
        def test() -> None:
            found = str(row())
            assert found in PAGE.read_text(encoding="utf-8"), f"docs/claims.md is stale (make claims): {found}"

        test.row = row  # type: ignore[attr-defined]
        return test

    return made


def shown(estimate: Estimate, form: str = ".2f", unit: str = "") -> str:
    """Return a mean and its 95 % interval, as the page has them."""
    return f"{estimate.mean:{form}}{unit} [{estimate.low:{form}}, {estimate.high:{form}}]"


def saved(less: np.ndarray, more: np.ndarray) -> Estimate:
    """Return the share by which one mean is below another, on the same paths (delta method)."""
    share = less.mean() / more.mean()
    return Estimate.of(1.0 - share - (less - share * more) / more.mean())
