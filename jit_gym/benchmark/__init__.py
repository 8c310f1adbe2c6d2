"""What does one cite? Suites of instances, results as tidy rows, and the command that makes and verifies them."""

from .rows import COLUMNS, REFERENCE, REGIMES, Row, read_all
from .suite import TAGS, Entry, Instance, Run, Suite, suite

__all__ = [
    "COLUMNS",
    "REFERENCE",
    "REGIMES",
    "TAGS",
    "Entry",
    "Instance",
    "Row",
    "Run",
    "Suite",
    "read_all",
    "suite",
]
