"""Demands: their distributions, histories, regimes, forecasts and correlations."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from ..common.text import quoted
from . import limits
from .distribution import Distribution
from .events import Moment
from .part import Part, Text, says
from .regimes import Phase
from .values import LONGEST_HORIZON, Name, NotNegative, Number, Positive, Share, Wait, of_units


class History(Part):
    """Demand as it was: a series of values, or a CSV file that `jit_gym.load` reads them from.

    `values`, `file`, `value`, `date`, `where`, `source`: values, or a file to read them from as it is loaded; what was
    read keeps the name of its file. Dates that are left out are warned of, for they are not periods without demand.

    `replay`, `block`, `season`: as it was, period t has the t-th value on every path. Resampled, blocks of consecutive
    values are drawn with replacement, which keeps what happens within them (the moving block bootstrap, Künsch 1989),
    and each value keeps its place in the season.
    """

    labels: ClassVar[frozenset[str]] = frozenset({"source"})
    most: ClassVar[Mapping[str, int]] = {"values": limits.VALUES}

    values: Annotated[tuple[NotNegative, ...], Field(min_length=1)] | None = None
    """The series itself: one quantity a period."""
    file: str | None = None
    """A CSV file to read the values from, relative to the scenario's own file."""
    value: str | None = None
    """The column of the file with the quantity."""
    date: str | None = None
    """The column of the file to sort by (ISO dates or numbers); in the file's order when absent."""
    where: dict[str, Annotated[str | int | float, says("must be a text or a number")]] = {}
    """Columns of the file and what to find in them: keep only such rows."""
    source: Text | None = None
    """Where the values came from, for the record."""
    replay: Literal["as-it-was", "resampled"] = "as-it-was"
    """Played from its start in every episode, or drawn from at random."""
    block: Annotated[int, Field(ge=1, le=LONGEST_HORIZON)] = 1
    """Periods drawn together when resampled."""
    season: Annotated[int, Field(ge=1, le=LONGEST_HORIZON)] = 1
    """Periods in a season when resampled: what is drawn keeps its place in it."""

    @field_validator("block", "season")
    @classmethod
    def _is_no_longer_than_the_history(cls, value: int, info: ValidationInfo) -> int:
        values = info.data.get("values")
        if values and info.data.get("replay") == "resampled" and value > len(values):
            raise ValueError(f"must be {len(values)} (the length of the history) or less, got {value}")
        return value

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.file is None) == (self.values is None):
            got = "neither" if self.file is None else "both"
            raise ValueError(f"needs either a file or values, got {got}")
        if self.file is not None and self.value is None:
            raise ValueError("needs 'value', the column of the file with the quantity")
        for key in ("value", "date", "where"):
            if self.file is None and getattr(self, key):
                hint = f" (the values were read from {self.source}: load that again)" if self.source else ""
                raise ValueError(f"{key!r} needs a file{hint}")
        return self


class Regime(Phase):
    """One of the states of the world that a demand passes through, each with demand of its own.

    `distribution`, `next`: a Markov chain moves at the start of each period, and demand has the distribution of the
    regime that it is in (Song and Zipkin 1993). The chances of `next` may add up to less than 1: what is left is to
    stay.
    """

    distribution: Distribution
    """Units a period while it lasts, drawn anew in each; cut at 0."""

    @field_validator("distribution")
    @classmethod
    def _is_not_negative(cls, value: Distribution) -> Distribution:
        return of_units(value)


class Forecast(Part):
    """What is known of a demand in advance (a martingale model of forecast evolution, Heath and Jackson 1994).

    `accuracy`: the normal score of what is new in a demand is known in part, h periods ahead with the h-th share of its
    variance: 0 is to know its mean, 1 to know it exactly. The demand itself is the same however much is known of it.
    """

    most: ClassVar[Mapping[str, int]] = {"accuracy": limits.AHEAD}

    accuracy: Annotated[tuple[Share, ...], Field(min_length=1)]
    """Of what is new in a demand, the share of variance known that many periods ahead, from 0 (this period) on."""

    @field_validator("accuracy")
    @classmethod
    def _does_not_rise(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        for near, far in pairwise(value):
            if far > near:
                raise ValueError(f"must not rise with the periods ahead, got {quoted(far)} after {quoted(near)}")
        return value


class Markdown(Part):
    """A lower price from some period on, and the demand that answers to it.

    `starts`, `price`, `elasticity`: from that period on, a unit served earns this price, less what erosion takes, and
    demand is multiplied by (price / old price)^-elasticity (constant elasticity; Talluri and van Ryzin 2004), rounded
    up or down by chance where units are whole. Forecasts know it.
    """

    starts: Moment
    """The first period (the first of all is 0) or date of the lower price."""
    price: Positive
    """Money earned per unit served from then on, before erosion."""
    elasticity: NotNegative
    """By how many percent demand is higher where the price is a percent lower; 0: it does not answer."""


class Correlation(Part):
    """Two demands that tend to be high together, or one high when the other is low (NORTA; Cario and Nelson 1997).

    `between`, `correlation`: what is new in each period's normal scores has this correlation, and each demand keeps its
    distribution. So demands that are counts or skewed are correlated a little less.
    """

    between: Annotated[tuple[str, str], says("must be two demands, as in [bread, butter]")]
    """The two demands."""
    correlation: Annotated[Number, Field(gt=-1, lt=1)]
    """The correlation of what is new in their normal scores in each period, -1 to 1."""

    @field_validator("between")
    @classmethod
    def _is_between_two(cls, value: tuple[str, str]) -> tuple[str, str]:
        if value[0] == value[1]:
            raise ValueError(f"must be two demands, got {value[0]!r} twice")
        return min(value), max(value)


class Demand(Part):
    """Who draws on a stock, or on a kit of stocks at once.

    `from`: in step 5 a demand, in its turn, takes as many whole kits as the scarcest of its stocks lasts for; one
    missing part stops the line.

    `distribution`, `history`, `regimes`: one of these says how many units are asked for in a period, before all that
    follows.

    `season`, `trend`: the demand of period t is multiplied by 1 + `trend` t (never below 0) and by the factor that is
    t's turn, rounded up or down by chance where units are whole.

    `occurs`: in a share of periods there is demand, drawn from the distribution; in the others there is none
    (intermittent demand, Croston 1972).

    `autocorrelation`: the normal score of a period's demand is r times the last one's and sqrt(1 - r^2) times what is
    new, so that the distribution stays as it is (Cario and Nelson 1996).

    `forecast`, `regime_seen`: rules and agents see a forecast of the mean of this and the next periods, which knows the
    season, the trend, spikes as they are seen, the past, and the regime unless it is hidden. What else it knows of the
    demand itself is up to `forecast`.

    `unmet`, `shortage_cost`: what cannot be served in step 5 is lost, and costs once; or it waits, is served before the
    next period's demand, and costs in each period that it waits (step 6).

    `terminal_cost`: in step 6 of the last period of the episode, what still waits costs so much a unit besides, as a
    part of the shortage cost: what it takes to serve it after the end, or to pay it off. It is the counterpart of the
    `terminal_value` of stocks; Veinott (1965) has both at the cost of a unit.

    `price`, `price_erosion`: a unit served earns `price` (1 - e)^t in period t, with an erosion of e.

    `markdown`: near the end of a season, what is left sells at another price.

    `pays_after`: a sale is revenue of its period, and receivable until so many periods later, when it is cash (see
    Lane).
    """

    most: ClassVar[Mapping[str, int]] = {"regimes": limits.REGIMES}

    title: Text | None = None
    """Who it is, in words."""
    draws_on: dict[str, Positive] = Field(alias="from")
    """The stock; or, for a kit, each stock and its units in one unit of demand."""
    distribution: Distribution | None = None
    """Units a period, drawn anew in each; cut at 0."""
    regimes: dict[Name, Regime] = {}
    """Regimes that it passes through, from the first on, instead of one distribution (Song and Zipkin 1993)."""
    regime_seen: Literal["at-once", "hidden"] = "at-once"
    """Whether one knows which regime the period that begins is in."""
    history: History | None = None
    """Units a period as they were."""
    occurs: Annotated[Number, Field(gt=0, le=1)] = 1.0
    """The chance that there is any demand in a period; in the others it is 0 (Croston 1972)."""
    autocorrelation: Annotated[Number, Field(gt=-1, lt=1)] = 0.0
    """The correlation of its normal score with the last period's, -1 to 1 (ARTA; Cario and Nelson 1996)."""
    forecast: Forecast | None = None
    """What is known of it in advance, beyond its mean."""
    season: tuple[NotNegative, ...] = ()
    """Factors on the demand, one a period, repeated."""
    trend: Number = 0.0
    """Growth a period, as a share of the first period's demand."""
    unmet: Literal["lost", "backlog"] = "lost"
    """What becomes of demand that the stock cannot serve."""
    shortage_cost: NotNegative = 0.0
    """Money per unit lost, or per unit waiting and period."""
    terminal_cost: NotNegative = 0.0
    """Money per unit that still waits when the episode ends."""
    price: NotNegative = 0.0
    """Money earned per unit served."""
    price_erosion: Share = 0.0
    """The share of its price that is lost each period."""
    markdown: Markdown | None = None
    """A lower price from some period on."""
    pays_after: Wait = 0
    """Periods from a sale to its payment (the customers' payment terms)."""

    @field_validator("draws_on", mode="before")
    @classmethod
    def _one_stock_is_a_kit_of_one(cls, value: Any) -> Any:
        return {value: 1.0} if isinstance(value, str) else value

    @field_validator("draws_on")
    @classmethod
    def _draws_on_something(cls, value: dict[str, float]) -> dict[str, float]:
        if not value:
            raise ValueError("must name one stock or more")
        return value

    @field_validator("distribution")
    @classmethod
    def _is_not_negative(cls, value: Distribution | None) -> Distribution | None:
        return value and of_units(value)

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        given = [key for key in ("distribution", "regimes", "history") if getattr(self, key)]
        if len(given) != 1:
            got = " and ".join(map(repr, given)) or "none"
            raise ValueError(f"needs one of 'distribution', 'regimes' and 'history', got {got}")
        if self.terminal_cost and self.unmet != "backlog":
            raise ValueError(f"'terminal_cost' needs unmet: backlog, got {self.unmet}")
        if self.regime_seen != "at-once" and not self.regimes:
            raise ValueError("'regime_seen' needs regimes")
        if self.markdown and not self.markdown.price <= self.price:
            must = f"must be {quoted(self.price)} (the price before) or less"
            raise ValueError(f"markdown.price: {must}, got {quoted(self.markdown.price)}")
        for key in ("occurs", "autocorrelation", "forecast"):
            if self.history and getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"{key!r} needs a distribution or regimes, got a history")
        return self
