"""Events that begin by chance or on a date: spikes of demand, and disruptions of supply."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from ..common.text import quoted
from .distribution import Distribution
from .part import Part, Text, says
from .values import LONGEST_SPELL, NotNegative, Number, Share, Wait, of_periods, of_spells

Moment = Annotated[int | dt.date, says("must be a period or a date")]


class Starts(Part):
    """When something begins: after random quiet spells, at a rate, at given periods or dates, or once, at random.

    `every`, `rate`: the world begins in a quiet spell, and another one follows each event. With `rate`, spells are
    geometric, so that an event that lasts a geometric time comes and goes as a Markov chain does (Tomlin 2006).

    `at`: periods or dates, the same on every path; how long it then lasts may still be random.

    `once`: one event on each path, in a period drawn from the distribution, and none after it. The period is not known
    before; a drawn period beyond the end of the episode means that the event does not come.
    """

    every: Distribution | None = None
    """Periods from the end of one to the start of the next; `.inf`: it never begins."""
    rate: Annotated[Number, Field(gt=0, le=1)] | None = None
    """The chance to begin in any quiet period; short for `every: {name: geom, p: ...}`."""
    at: tuple[Moment, ...] | None = None
    """Periods (the first is 0) or dates."""
    once: Distribution | None = None
    """The period (the first is 0) in which the only event of a path begins."""

    @field_validator("every")
    @classmethod
    def _every_is_a_count(cls, value: Distribution | None) -> Distribution | None:
        return value and of_spells(value)

    @field_validator("once")
    @classmethod
    def _once_is_a_period(cls, value: Distribution | None) -> Distribution | None:
        return value and of_periods(value, at_least=0)

    @field_validator("at")
    @classmethod
    def _at_is_in_the_episode(cls, value: tuple[Moment, ...] | None) -> tuple[Moment, ...] | None:
        for when in value or ():
            if isinstance(when, int) and when < 0:
                raise ValueError(f"must be period 0 or later, got {when}")
            if isinstance(when, int) and when > LONGEST_SPELL:
                raise ValueError(f"must be period {LONGEST_SPELL:,} or earlier, got {when}")
        return value

    @model_validator(mode="after")
    def _is_one_of_four(self) -> Self:
        given = [key for key in ("every", "rate", "at", "once") if getattr(self, key) is not None]
        if len(given) != 1:
            got = " and ".join(map(repr, given)) or "none"
            raise ValueError(f"needs one of 'every', 'rate', 'at' and 'once', got {got}")
        return self

    @property
    def spell(self) -> Distribution | None:
        """Return the distribution of the quiet spells, or None where the event does not recur by chance."""
        return self.every or (Distribution(name="geom", p=self.rate) if self.rate else None)


class Driver(Part):
    """What makes related disruptions likelier in some years: tension between states, a pandemic, contracts that end.

    `chance`, `times`: each year of a path, from its first period on, has it with that chance, independently; in such a
    year its disruptions begin so many times as often as in another. Their own `rate` is the mean over all years: with
    rate r they begin in a quiet period with chance r / (1 + chance (times - 1)) in a year without it, and `times` that
    in a year with it. All that it drives depend on the same years, and so come together.
    """

    title: Text | None = None
    """What it is, in words."""
    chance: Share
    """The chance that a year has it."""
    times: Annotated[Number, Field(ge=1, le=1000)]
    """How many times as often its disruptions begin in such a year."""

    def rates(self, rate: float) -> tuple[float, float]:
        """Return the chances to begin in a quiet period of a year without it, and of one with it, from their mean."""
        without = rate / (1.0 + self.chance * (self.times - 1.0))
        return without, without * self.times


class Event(Part):
    """Something that comes, lasts and goes."""

    title: Text | None = None
    """What it is, in words."""
    hits: tuple[str, ...] = Field(min_length=1)
    """The names of what it hits."""
    starts: Starts
    """When it begins."""
    lasts: Distribution
    """Periods that it lasts, 1 or more; `.inf`: it never ends."""

    @field_validator("hits")
    @classmethod
    def _hits_each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if value.count(name) > 1:
                raise ValueError(f"must name each once, got {quoted(name)} {value.count(name)} times")
        return value

    @field_validator("lasts")
    @classmethod
    def _lasts_is_a_count(cls, value: Distribution) -> Distribution:
        return of_spells(value)

    @property
    def never_begins(self) -> bool:
        """Tell whether the quiet spell before it is for ever."""
        return self.starts.every is not None and self.starts.every.is_forever

    @model_validator(mode="after")
    def _is_seen_in_one_way(self) -> Self:
        ways = [f"{key}: {value}" for key in ("announced", "seen_late") if (value := getattr(self, key, 0))]
        ways = ["seen: hidden", *ways] if getattr(self, "seen", None) == "hidden" else ways
        if len(ways) > 1:
            raise ValueError(f"must be seen in one way, got {' and '.join(ways)}")
        return self


class Spike(Event):
    """Demand multiplied for a while.

    `hits`, `starts`, `lasts`, `factor`: while it lasts, the demand that it hits is multiplied, in step 5; several
    spikes multiply each other. In whole units it is rounded up or down by chance, so that the factor holds on average.

    `seen`, `announced`: a forecast knows a spike from its first period on, or so many periods ahead, and then its end
    as well; a hidden one never.
    """

    factor: NotNegative
    """What the demand is multiplied by."""
    seen: Literal["at-once", "hidden"] = "at-once"
    """When one learns that it has begun."""
    announced: Wait = 0
    """Periods ahead that a forecast knows of it."""


class Disruption(Event):
    """A supplier, a route or a lane that stops or slows down for a while.

    `hits`, `starts`, `lasts`: suppliers, routes and lanes, and stocks where it destroys; whatever it hits, each lane of
    it is struck at the same time. Disruptions of one kind that meet on a lane multiply what they leave.

    `stops: ordering`: in step 2 orders are cut to what is left, and what is cut is not made up for.

    `stops: shipping`: in step 3 no more is shipped than what is left of the capacity; without a capacity, a share of
    what is wanted stays behind. It waits or lapses, as the lane says (random capacity; Ciarallo et al. 1994; with all
    of it gone, an unreliable supplier, Parlar and Berkin 1991).

    `stops: transit`: a share of what is on the way comes no nearer in that period (step 7), and arrives as much later.
    The lane needs a lead time of 1 or more.

    `stops: receiving`: a share of what is due in step 4 waits at the dock, in transit, and is received when it can be.

    `destroys`: in the first period of each disruption, after step 2, a share of what is on the shelf of the stocks that
    it hits, of each age alike, and of what is on the way on the lanes and routes that it hits, is lost, at the
    `loss_cost` of the stock. What has left a supplier is out of reach of what hits that. In whole units the share is
    rounded up or down by chance, so that it holds on average. Disruptions that strike together multiply what they
    leave. A date that comes while the disruption lasts destroys nothing more. With `severity: 0` it stops nothing.

    `delays`: what is shipped in a period of it is so many periods longer on the way: a detour, or a queue before a
    port. What is shipped after it may overtake. With `severity: 0` it does nothing else. That the way is longer is not
    told, however the disruption is seen: one sees that what is in transit does not come. (The `delays` of a lane are.)

    `driver`: in some years it is likelier, as the others of that driver are; it then starts at a `rate`.

    `shock`: the event of the library (configs/shocks.yaml) that it is; each key that is not given beside it is taken
    from there.

    `severity`, `recovers_over`: after the last period of a disruption with n periods of recovery, the k-th has k of n +
    1 equal parts back. With severity s, 1 - s is left while it lasts. Whole units are shipped and moved whole.

    `seen`, `announced`, `seen_late`: one sees at the start of a period what is left of each lane, the worst of its
    kinds; or so many periods ahead, with its end; or not before so many periods later; or never. What is destroyed is
    missed where stock and shipments are seen, and one that is announced is seen to come (`strikes_in`).
    """

    labels: ClassVar[frozenset[str]] = frozenset({"title", "shock"})
    instead: ClassVar[Mapping[str, str]] = {  # the words of the library of shocks, which counts in days
        "days": "write lasts, in periods",
        "a_year": "write starts: {rate: ...}, the chance in a quiet period",
        "left": "write severity, the share that is gone",
        "adds": "write delays, in periods",
        "warning": "write announced, in periods",
    }

    stops: Literal["ordering", "shipping", "transit", "receiving"] = "shipping"
    """What it stops: taking orders, shipping them, what is on the way, or receiving what has come."""
    severity: Share = 1.0
    """The share of capacity (without one: of what is wanted, under way, or has come) that is gone, from 0 to 1."""
    destroys: Share = 0.0
    """The share of what is on the shelf (of stocks), or on the way (of lanes and routes), that is lost as it begins."""
    delays: Wait = 0
    """Periods by which what is shipped while it lasts comes later."""
    driver: Text | None = None
    """The name of what makes it likelier in some years: of the scenario, or of the library of shocks."""
    shock: Text | None = None
    """The name of an event of the library of shocks; keys beside it say what is different."""
    recovers_over: Wait = 0
    """Periods after it over which what is gone comes back, in equal steps."""
    seen: Literal["at-once", "hidden"] = "at-once"
    """When one learns that it has begun."""
    announced: Wait = 0
    """Periods ahead that one knows of it."""
    seen_late: Wait = 0
    """Periods after which one learns what it does."""
