"""The page of claims has a row for each claim, and for nothing else."""

from __future__ import annotations

from .ledger import BORNE_OUT, IN_PART, NOT_BORNE_OUT, PAGE
from .page import COLUMNS, claims, modules


def test_the_page_has_a_row_for_each_claim():
    """Each claim checks its own row; here none is left over, and they stand in the order of the tests."""
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    named = [row[-1].strip(" |`") for row in rows if not row[0].startswith("| claim")]
    assert named == [name for module in modules() for name, _ in claims(module)]
    assert all(len(row) == len(COLUMNS) for row in rows)
    holds = COLUMNS.index("holds")
    assert {row[holds] for row in rows} <= {"holds", BORNE_OUT, IN_PART, NOT_BORNE_OUT}
