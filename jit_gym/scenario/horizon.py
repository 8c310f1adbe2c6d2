"""How long an episode lasts, and what counts in it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..common.text import quoted
from .part import InField, Part, Text
from .values import LONGEST_HORIZON, LONGEST_SPELL, Number

PERIODS_PER_YEAR = {"hour": 8760, "day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}


class Horizon(Part):
    """How long an episode lasts, and whether the world ends with it.

    `periods`, `ends`: a business that goes on after the last period is truncated there, one that ends is terminated, as
    Gymnasium tells them apart (Pardo et al. 2018). What is left then is worth what the `terminal_value` of its stock
    says, and what still waits costs what the `terminal_cost` of its demand says.

    `starts`, `period`, `periods_per_year`: dates in the scenario become periods by the days of a year over its periods.
    """

    periods: Annotated[int, Field(ge=1, le=LONGEST_HORIZON)] = 200
    """Periods in an episode; for a scenario with a history that gives none, the length of the history."""
    period: Text = "day"
    """What a period is called: hour, day, week, month, quarter, year or anything else."""
    periods_per_year: Annotated[Number, Field(gt=0, le=LONGEST_SPELL)] | None = None
    """Periods in a year; known when `period` is an hour, day, week, month, quarter or year."""
    starts: dt.date | None = None
    """The date of period 0, for dates in the scenario."""
    ends: bool = False
    """True: the business ends here (terminated); false: it goes on unseen (truncated)."""

    @model_validator(mode="after")
    def _period_is_known_or_meant(self) -> Self:
        """Refuse a period that looks like a misspelt known one: an unknown one would count as a day."""
        word = self.period.casefold()
        if self.periods_per_year is None and self.period not in PERIODS_PER_YEAR:
            for known in PERIODS_PER_YEAR:
                if word == known or (word.startswith(known) and len(word) <= len(known) + 2) or _one_off(word, known):
                    raise InField(f"period: unknown period {quoted(self.period)} (did you mean {known!r}?)")
        return self

    @property
    def year(self) -> float:
        """Return how many periods a year has; a period of unknown length counts as a day."""
        return self.periods_per_year or PERIODS_PER_YEAR.get(self.period, 365)

    def period_of(self, when: int | dt.date) -> int:
        """Return the period in which a date lies (a number is a period already)."""
        if isinstance(when, int):
            return when
        if self.starts is None:
            raise ValueError(f"a date such as {when} needs horizon.starts, the date of period 0")
        if when < self.starts:
            raise ValueError(f"must not be before horizon.starts, {self.starts}, got {when}")
        return int((when - self.starts).days * self.year / 365 + 1e-9)


class Objective(Part):
    """What is minimised: the costs less the revenue, discounted by `discount` a period.

    `discount`: the reward of a period is its revenue less its costs; summed up as `discounted_reward`, that of the
    period k periods after the first one counts discount^k (Scarf 1960). Figures for a period are averages, and not
    discounted.

    `leftovers`: where the business goes on after the last period that is counted, units that are left then, on hand or
    on the way, are worth what they cost to buy on the cheapest lane, inputs included; customers who still wait count
    as served with such units (Veinott 1965). The same worth at the start of the first period counted is subtracted. A
    unit of a stock with a shelf life loses its worth evenly over it. Costs in `evaluate`, `compare`, `tune`, bounds and
    exact costs count so; the rewards of an env do not, since its episodes are truncated. Where the world ends, or a
    stock has a `terminal_value`, or a demand a `terminal_cost`, that holds instead.

    `fill_rate`: the share of demand that is served in its own period, from the shelf, over the periods that count.
    Costs are what they are without it. `tune` looks for the cheapest parameters that reach it, and `compare` says who
    does, and calls none the best that misses it. Formulas do not look at it. Agents learn to reach it, by a price of
    what is not served that `train` finds; `dcl` and exact solvers refuse it.
    """

    discount: Annotated[Number, Field(gt=0, le=1)] = 1.0
    """What a cost is worth one period earlier."""
    leftovers: Literal["at-cost", "worthless"] = "at-cost"
    """What units are worth that are left when the count stops but the business goes on."""
    fill_rate: Annotated[Number, Field(gt=0, le=1)] | None = None
    """The least fill rate that a policy must reach; none by default."""


def _one_off(word: str, known: str) -> bool:
    """Tell whether two words differ by at most one edit: a letter changed, missing or added, or two swapped."""
    from rapidfuzz.distance import OSA

    return OSA.distance(word, known, score_cutoff=1) <= 1
