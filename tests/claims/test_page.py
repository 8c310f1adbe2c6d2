"""The page of claims has a row for each claim, and for nothing else."""

from __future__ import annotations

from .ledger import PAGE
from .page import COLUMNS, VERDICTS, claims, modules, summary


def test_the_page_has_a_row_for_each_claim():
    """Each claim checks its own row; here none is left over, and they stand in the order of the tests."""
    page = PAGE.read_text(encoding="utf-8")
    table = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in table if row != list(COLUMNS)]
    assert [row["test"].strip("`") for row in rows] == [name for module in modules() for name, _ in claims(module)]
    assert {row["holds"] for row in rows} <= set(VERDICTS)
    assert summary([(row["claim"], row["holds"]) for row in rows]) in page
