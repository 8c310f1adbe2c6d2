"""The kinds of values that fields have: numbers, shares, counts of periods, and distributions of each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .distribution import Distribution

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Number = Annotated[float, Field(strict=True)]  # neither '5' nor true is a number
NotNegative = Annotated[Number, Field(ge=0)]
Positive = Annotated[Number, Field(gt=0)]
Share = Annotated[Number, Field(ge=0, le=1)]
# The most that counts of periods may be. A wait (a lead time, a delay, payment terms, a shelf life, a warning) takes so
# many places in the state of every path; a spell or a date only has to fit into 64-bit whole numbers.
LONGEST_HORIZON = 10_000_000
LONGEST_WAIT = 10_000
LONGEST_SPELL = 1_000_000_000
MOST_NUMBERS = 1_000_000  # in the state of a path, and in what is drawn and seen of it in a period: 8 MB each
Wait = Annotated[int, Field(ge=0, le=LONGEST_WAIT)]
UNREAD = "CSV files are still to be read"  # the context of a validation that lets them be


def of_units(value: Distribution) -> Distribution:
    """Refuse a discrete distribution of units with values below 0; a continuous one is cut at 0 when drawn."""
    _finite(value)
    if value.is_discrete and value.lowest < 0:
        raise ValueError(f"must be 0 or more, got {value}")
    return value


def of_periods(value: Distribution, at_least: int, at_most: int = LONGEST_WAIT) -> Distribution:
    """Refuse a distribution that is not one of whole numbers from `at_least` to `at_most`."""
    _finite(value)
    if not value.is_whole:
        raise ValueError(f"must be a whole number of periods, got {value}")
    if value.lowest < at_least:
        raise ValueError(f"must be {at_least} period{'' if at_least == 1 else 's'} or more, got {value}")
    if not value.longest <= at_most:
        raise ValueError(f"must be {at_most:,} periods or less, got {value}")
    return value


def of_spells(value: Distribution) -> Distribution:
    """Refuse a distribution that is neither one of whole numbers, 1 or more, nor `.inf`."""
    if value.is_forever:
        return value
    if value.is_whole and not value.longest <= LONGEST_SPELL:
        raise ValueError(f"must be {LONGEST_SPELL:,} periods or less, or .inf for ever, got {value}")
    return of_periods(value, at_least=1, at_most=LONGEST_SPELL)


def of_shares(value: Distribution) -> Distribution:
    """Refuse a distribution with values outside 0 to 1."""
    if value.lowest < 0 or value.highest > 1:
        raise ValueError(f"must be a share from 0 to 1, got {value}")
    return value


def _finite(value: Distribution) -> None:
    if value.is_forever:
        raise ValueError(f"must be a finite number, got {value}")
