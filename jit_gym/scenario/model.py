"""What the world is: a scenario of stocks, lanes, suppliers, routes, demands and what can go wrong."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from ..common import digest
from ..common.checks import BadInput
from ..common.text import nearest, quoted
from . import limits
from .distribution import Distribution
from .part import InField, Part, Text, meaning, says

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
        """Refuse a period that is nearly a known one: as an unknown one it would count as a day."""
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
    """

    discount: Annotated[Number, Field(gt=0, le=1)] = 1.0
    """What a cost is worth one period earlier."""
    leftovers: Literal["at-cost", "worthless"] = "at-cost"
    """What units are worth that are left when the count stops but the business goes on."""


class PeriodsOfSupply(Part):
    """A quantity stated as so many periods of mean demand.

    The demand is that of the stock: of its customers, and of what other stocks are made of it. On a lane it is the
    lane's share of that. In whole units the quantity is rounded to the nearest.
    """

    periods_of_supply: NotNegative
    """Periods of mean demand."""


Quantity = Annotated[
    NotNegative | PeriodsOfSupply,
    says("must be 0 or more, or as in {periods_of_supply: 2}"),
]


Moment = Annotated[int | dt.date, says("must be a period or a date")]


class Starts(Part):
    """When something begins: after random quiet spells, at a rate, at given periods or dates, or once, at random.

    `every`, `rate`: the world begins in a quiet spell, and another one follows each event. With `rate`, spells are
    geometric, so that an event that lasts a geometric time comes and goes as a Markov chain does (Tomlin 2006).

    `at`: periods or dates, the same on every path; how long it then lasts may still be random.

    `once`: one event on each path, in a period drawn from the distribution, and none after it. Nobody knows the period
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
        return value and _spell(value)

    @field_validator("once")
    @classmethod
    def _once_is_a_period(cls, value: Distribution | None) -> Distribution | None:
        return value and _count(value, at_least=0)

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


class Stock(Part):
    """An item held at a place.

    `initial`, `holding_cost`, `unit_value`: step 6 charges holding for each unit that is there at the end of a period,
    after demand, waste and scrap. The value of a unit is charged to nobody: it tells how much cash the stock ties up,
    and how often it turns (Silver et al. 2017).

    `shelf_life`, `issuing`, `waste_cost`: a unit can be used in the period of its arrival at this stock and in
    `shelf_life` - 1 more. Demand, and lanes that take from the stock, are given the oldest units first, or the newest.
    In step 5, after the demand, what is left at the end of its life is wasted, at `waste_cost` a unit and before
    holding is charged (Nahmias 1982). With a shelf life of 1 it is the newsvendor (Arrow et al. 1951). Initial units
    count as having arrived the period before; what arrives at another stock is fresh there.

    `storage_limit`: what arrives in step 4 and finds no room is wasted, at `waste_cost` a unit. Lanes fill the shelf in
    their order; the demand of the same period makes no room for them, as it comes later.

    `obsolete`, `scrap_value`: from the period in which it becomes obsolete, demands that draw on the stock, alone or in
    a kit, ask for nothing any more. What is left after step 5 of that period, and of every later one, is scrapped and
    earns `scrap_value` a unit; customers who still wait are served before (Song and Zipkin 1996a). Dates are foreseen
    in forecasts; what comes by chance is seen when it has come.

    `terminal_value`: in step 6 of the last period of the episode, what is on hand, and on the way to the stock, earns
    so much a unit on top of the revenue (Veinott 1965). What waits at its source, unshipped, is worth nothing.

    `rationing`: in step 3, a stock that has less than its lanes ask for serves them in their order, or each with the
    same share of what it asks (proportional allocation; Cachon and Lariviere 1999). Whole units that a share leaves
    over go to the lanes in their order, at first one each.

    `seen_late`: what one sees of the stock at the start of a period is as old as that: on hand, of which age, used, and
    the backlog of demands that draw on it (of a kit, as late as its latest stock). Units on its lanes that have arrived
    meanwhile are still seen to be on the way. Orders and shipments are known at once, so no unit is counted twice
    (information delays; Bensoussan et al. 2007).
    """

    title: Text | None = None
    """What it is, in words."""
    initial: Quantity = 0.0
    """Units on hand at the start."""
    unit_value: NotNegative = 0.0
    """Money in one unit, for cash tied up and turns."""
    holding_cost: NotNegative = 0.0
    """Money per unit and period, on end-of-period stock."""
    storage_limit: NotNegative | None = None
    """Units that fit; what arrives beyond is wasted."""
    shelf_life: Annotated[int, Field(ge=1, le=LONGEST_WAIT)] | None = None
    """Periods in which a unit can be used, the one of its arrival included; what is left then is wasted."""
    issuing: Literal["fifo", "lifo"] = "fifo"
    """Which units are used first: the oldest, or the newest (with a shelf life only)."""
    waste_cost: NotNegative = 0.0
    """Money per unit wasted."""
    obsolete: Starts | None = None
    """When nobody asks for it any more: from then on, what is left after each period is scrapped."""
    scrap_value: NotNegative = 0.0
    """Money earned per unit scrapped."""
    terminal_value: NotNegative = 0.0
    """Money per unit that is left, on hand or on the way, when the episode ends."""
    rationing: Literal["priority", "proportional"] = "priority"
    """Whom it serves when it runs short: its lanes in their order, or each with the same share of what it asks."""
    seen_late: Wait = 0
    """Periods by which its records run late: what is on hand, used, waited for, and has arrived."""

    @field_validator("storage_limit")
    @classmethod
    def _there_is_room_for_what_is_there(cls, value: float | None, info: ValidationInfo) -> float | None:
        initial = info.data.get("initial")
        if value is not None and isinstance(initial, float) and initial > value:
            raise ValueError(f"must be {quoted(initial)} (the initial stock) or more, got {quoted(value)}")
        return value


class Drift(Part):
    """Defects that grow with the lot: a process that may drift out of control at each unit (Porteus 1986).

    `drift`: a process that drifts with chance q at each unit spoils, of what arrives together as a lot of n units, n -
    (1 - q)(1 - (1 - q)^n) / q on average (Porteus 1986, equation 1), so small lots are better ones. The units made
    before it drifts are good, all the others are rejected in step 4.
    """

    drift: Share
    """The chance, with each unit, that this and all that follow in the lot are defective; the next lot begins well."""


class Lane(Part):
    """One way to replenish a stock: from an outside supplier, or from other stocks.

    `to`, `uses`: one number of an action is what is wanted on one lane. Without `uses` an outside supplier ships, who
    has enough; one stock is transport, several are assembly: in step 3 the lane takes as many kits as the scarcest
    lasts for.

    `batch`, `capacity`, `minimum_order`: in step 2 what is wanted is rounded to the nearest batch, halves up (in whole
    units, to a unit), then cut to the batches that the capacity holds, and placed unless it is below the minimum. The
    capacity limits what step 3 ships as well (Federgruen and Zipkin 1986).

    `order_delay`, `lead_time`, `crossing`: an order placed in period t is read by its source in step 3 of period t +
    `order_delay`, and what is shipped in period t arrives in step 4 of period t + `lead_time`; with 0, in this very
    period. A random lead time is drawn for each period's shipments, and a later one overtakes none that is on the way
    (Kaplan 1970), unless they may cross.

    `unshipped`, `waiting_cost`: what its source is asked for and cannot ship in step 3, for lack of stock or capacity
    or in a disruption, waits there and goes first, or lapses and never comes. Each unit not shipped costs
    `waiting_cost` a period.

    `unit_cost`, `fixed_cost`, `in_transit_cost`: units are paid for when they are shipped, orders when they are placed
    (Scarf 1960), and what is on the way at the end of a period costs for that period (step 6).

    `cost_erosion`: with an erosion of e, a unit costs `unit_cost` (1 - e)^t in period t, on the day that it is shipped
    (Khouja and Park 2003).

    `pays_after`: a purchase is a cost of the period of its shipment, and payable until so many periods later, when it
    is paid in cash (trade credit, Haley and Higgins 1973). Books are kept of cash, receivable and payable: the rewards
    so far are what is in cash and receivable, less what is payable.

    `defects`, `reject_cost`: in step 4 what arrives is inspected, and what is rejected takes no room and does not come
    back. It has been paid for, and costs `reject_cost` a unit besides. A random share is drawn for each period's
    arrivals (random yield, Yano and Lee 1995). In whole units a share is rounded up or down by chance, so that it holds
    on average.

    `share`, `critical`: what rules go by, and no physics: how the everyday orders of a stock are split over its lanes,
    and which parts hybrid rules keep more of.

    `supplier`, `route`: what goes wrong with one of them goes wrong on all of its lanes at once.

    `initial`, `initial_orders`: what is on the way in the first period: units that arrive in each of the first
    `lead_time` periods (of a random one, its mean), and orders that are read in each of the first `order_delay`.
    """

    title: Text | None = None
    """What it is, in words."""
    to: str
    """The stock it replenishes."""
    uses: dict[str, Positive] = {}
    """The stocks it takes from, and units of each in one unit shipped; none when an outside supplier ships."""
    order_delay: Wait = 0
    """Periods that an order travels before its source reads it."""
    lead_time: Distribution = Distribution(name="fixed", value=0)
    """Periods from shipment to arrival."""
    crossing: bool = False
    """May a later order overtake an earlier one? (Random lead times only.)"""
    supplier: str | None = None
    """Who ships, one of `suppliers`."""
    route: str | None = None
    """The way the goods take, one of `routes`."""
    capacity: Positive | None = None
    """Units a period, ordered and shipped; no limit when absent."""
    batch: Positive | None = None
    """Units that orders are multiples of."""
    minimum_order: NotNegative = 0.0
    """Units; a smaller order is not placed."""
    unit_cost: NotNegative = 0.0
    """Money per unit, paid when it is shipped."""
    fixed_cost: NotNegative = 0.0
    """Money per order placed."""
    in_transit_cost: NotNegative = 0.0
    """Money per unit and period on the way."""
    waiting_cost: NotNegative = 0.0
    """Money per unit and period that its source was asked for and did not ship."""
    unshipped: Literal["waits", "lapses"] = "waits"
    """What becomes of an order that cannot be shipped at once."""
    pays_after: Wait = 0
    """Periods from a shipment to its payment (the supplier's payment terms)."""
    cost_erosion: Share = 0.0
    """The share of its unit cost that is lost each period."""
    defects: Annotated[
        Distribution | Drift, says("must be a share, a distribution of shares, or as in {drift: 0.01}")
    ] = Distribution(name="fixed", value=0)
    """The share of what arrives that is rejected: fixed, drawn anew, or growing with the lot (`{drift: 0.01}`)."""
    reject_cost: NotNegative = 0.0
    """Money per unit rejected."""
    share: Share | None = None
    """Of its stock's everyday orders, from 0 to 1; by default the first lane takes them all."""
    critical: bool = False
    """Would its failure stop the business? (Hybrid rules guard these.)"""
    initial: Quantity = 0.0
    """Units on the way at the start, arriving in each of the first periods."""
    initial_orders: Quantity = 0.0
    """Units in each period's order that is on its way to the source at the start (with an order delay)."""

    @field_validator("lead_time")
    @classmethod
    def _lead_time_is_a_count(cls, value: Distribution) -> Distribution:
        return _count(value, at_least=0)

    @field_validator("defects")
    @classmethod
    def _defects_are_a_share(cls, value: Distribution | Drift) -> Distribution | Drift:
        return _share(value) if isinstance(value, Distribution) else value


class Late(Part):
    """Shipments that come late now and then.

    `chance`, `by`: drawn once a period for a supplier, so that in step 3 all its lanes are late together. It adds to
    the lead time of each; as it is not the lane's own, a shipment that is late can be overtaken.
    """

    chance: Share
    """The chance that what is shipped in a period comes late."""
    by: Distribution
    """Periods by which it is late, 1 or more; later shipments may overtake it."""

    @field_validator("by")
    @classmethod
    def _by_is_a_count(cls, value: Distribution) -> Distribution:
        return _count(value, at_least=1)


class Short(Part):
    """Shipments that fall short now and then.

    `chance`, `by`: drawn once a period for a supplier, so that in step 3 all its lanes are short together. Of what a
    lane would ship, as capacity and disruptions allow, a share is missing, which was not paid for either. Where it
    lapses this is random yield (Yano and Lee 1995).
    """

    chance: Share
    """The chance that shipments of a period fall short."""
    by: Distribution = Distribution(name="fixed", value=1)
    """The share of what would be shipped that is missing, from 0 to 1; it waits at the source, or lapses."""

    @field_validator("by")
    @classmethod
    def _by_is_a_share(cls, value: Distribution) -> Distribution:
        return _share(value)


class Supplier(Part):
    """Who ships, from outside or from stocks: what several lanes, or a disruption, can have in common.

    `capacity`, `rationing`: in step 3 all its lanes together ship no more than that (a shared production resource,
    Evans 1967), and each of them orders and ships no more than that, as if the capacity were its own. Where its lanes
    could ship more, it serves them in their order, or each with the same share of what it could ship; whole units that
    a share leaves over go to the lanes in their order, at first one each. What a disruption that hits the supplier
    leaves, and what does not fall short, is a share of this capacity too. The lanes come all from outside, or all from
    stocks.

    `late`, `short`: what may happen to every shipment, without any event that could be seen to come. Disruptions are
    for what lasts.
    """

    title: Text | None = None
    """Who it is, in words."""
    capacity: Positive | None = None
    """Units a period that it ships on all its lanes together; no limit when absent."""
    rationing: Literal["priority", "proportional"] = "priority"
    """Which lanes it serves when they ask for more: in their order, or each with the same share of what it asks."""
    late: Late | None = None
    """How often its shipments come late."""
    short: Short | None = None
    """How often its shipments fall short."""


class Route(Part):
    """A way that goods take: a port, a road, a strait, a truck.

    `capacity`, `rationing`: in step 3 all its lanes together ship no more than that, shared as the capacity of a
    supplier is.

    `vehicle_capacity`, `vehicle_cost`: what the lanes of a route ship in a period is loaded together, into as few
    vehicles as hold it, and each that sets off costs the same however full it is (multiple set-up costs, Lippman 1971).
    With the `fixed_cost` of each lane this is the joint replenishment problem (Khouja and Goyal 2008). It is paid in
    step 6 of the period in which the units leave.

    `full_loads`: in step 3 only full vehicles set off (full truckloads, Jin and Muriel 2009). What the lanes could ship
    is loaded in their order; what does not fill another vehicle stays at its source, for no other lane in that period,
    and waits or lapses as its lane says. The lanes come all from outside, or all from stocks; in whole units, as many
    must fit into a vehicle.
    """

    title: Text | None = None
    """What it is, in words."""
    capacity: Positive | None = None
    """Units a period that all its lanes ship together; no limit when absent."""
    rationing: Literal["priority", "proportional"] = "priority"
    """Which lanes it serves when they ask for more: in their order, or each with the same share of what it asks."""
    vehicle_capacity: Positive | None = None
    """Units that fit into one vehicle, of all lanes that take this route together; no vehicles are counted without."""
    vehicle_cost: NotNegative = 0.0
    """Money per vehicle that sets off."""
    full_loads: bool = False
    """Do only full vehicles set off?"""

    @model_validator(mode="after")
    def _has_vehicles(self) -> Self:
        for key in ("vehicle_cost", "full_loads"):
            if getattr(self, key) and self.vehicle_capacity is None:
                raise ValueError(f"{key} needs vehicle_capacity, the units that fit into one")
        if self.full_loads and self.capacity is not None and self.capacity < (self.vehicle_capacity or 0.0):
            must = f"must be {quoted(self.capacity)} (the capacity) or less where only full vehicles set off"
            raise ValueError(f"vehicle_capacity: {must}, got {quoted(self.vehicle_capacity)}")
        return self


class History(Part):
    """Demand as it was: a series of values, or a CSV file that `jit_gym.load` reads them from.

    `values`, `file`, `value`, `date`, `where`, `source`: values, or a file to read them from as it is loaded; what was
    read remembers where it came from. Dates that are left out are warned of, for they are not periods without demand.

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


class Regime(Part):
    """One of the states of the world that a demand passes through, each with demand of its own.

    `distribution`, `next`: a Markov chain moves at the start of each period, and demand has the distribution of the
    regime that it is in (Song and Zipkin 1993). The chances of `next` may add up to less than 1: what is left is to
    stay.
    """

    title: Text | None = None
    """What it is, in words."""
    distribution: Distribution
    """Units a period while it lasts, drawn anew in each; cut at 0."""
    next: dict[str, Share] = {}
    """The chance that each other regime follows in the next period, from 0 to 1; what is left stays."""

    @field_validator("distribution")
    @classmethod
    def _is_not_negative(cls, value: Distribution) -> Distribution:
        return _units(value)

    @field_validator("next")
    @classmethod
    def _is_a_chance(cls, value: dict[str, float]) -> dict[str, float]:
        if (total := sum(value.values())) > 1 + 1e-9:
            raise ValueError(f"must add up to 1 or less, got {quoted(float(total))}")
        return value


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
        return value and _units(value)

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
        for key in ("occurs", "autocorrelation", "forecast"):
            if self.history and getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"{key!r} needs a distribution or regimes, got a history")
        return self


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
        return _spell(value)

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

    `hits`, `starts`, `lasts`: suppliers, routes and lanes; whatever it hits, each lane of it is struck at the same
    time. Disruptions of one kind that meet on a lane multiply what they leave.

    `stops: ordering`: in step 2 orders are cut to what is left, and what is cut is not made up for.

    `stops: shipping`: in step 3 no more is shipped than what is left of the capacity; without a capacity, a share of
    what is wanted stays behind. It waits or lapses, as the lane says (random capacity; Ciarallo et al. 1994; with all
    of it gone, an unreliable supplier, Parlar and Berkin 1991).

    `stops: transit`: a share of what is on the way comes no nearer in that period (step 7), and arrives as much later.
    The lane needs a lead time of 1 or more.

    `stops: receiving`: a share of what is due in step 4 waits at the dock, in transit, and is received when it can be.

    `severity`, `recovers_over`: after the last period of a disruption with n periods of recovery, the k-th has k of n +
    1 equal parts back. With severity s, 1 - s is left while it lasts. Whole units are shipped and moved whole.

    `seen`, `announced`, `seen_late`: one sees at the start of a period what is left of each lane, the worst of its
    kinds; or so many periods ahead, with its end; or not before so many periods later; or never.
    """

    stops: Literal["ordering", "shipping", "transit", "receiving"] = "shipping"
    """What it stops: taking orders, shipping them, what is on the way, or receiving what has come."""
    severity: Share = 1.0
    """The share of capacity (without one: of what is wanted, under way, or has come) that is gone, from 0 to 1."""
    recovers_over: Wait = 0
    """Periods after it over which what is gone comes back, in equal steps."""
    seen: Literal["at-once", "hidden"] = "at-once"
    """When one learns that it has begun."""
    announced: Wait = 0
    """Periods ahead that one knows of it."""
    seen_late: Wait = 0
    """Periods after which one learns what it does."""


class Scenario(Part):
    """A world to order in. Born valid, never changed; `jit_gym.load` makes one from YAML.

    Two scenarios are equal when their fingerprints are: when they are the same world, whatever it is called
    and however it was written.

    `units`: where they are whole, orders, shipments, demand, defects and kits are whole units.

    `sources_ship`: stocks ship in step 3, before they receive, or after step 4, so that what arrives today can leave
    today; then a lane from another stock has a lead time of 1 or more.
    """

    labels: ClassVar[frozenset[str]] = frozenset({"name", "title", "description", "policies"})
    most: ClassVar[Mapping[str, int]] = {"correlations": limits.PARTS}

    name: Name
    """Letters, digits, - and _; by default the name of its file."""
    title: Text = ""
    """One line."""
    description: Text = ""
    """What it is about, and where it comes from."""
    units: Literal["whole", "continuous"] = "whole"
    """Whether quantities are whole numbers."""
    sources_ship: Literal["before-receiving", "after-receiving"] = "before-receiving"
    """Whether what a stock receives can leave it in the same period."""
    horizon: Horizon = Horizon()
    """How long it lasts."""
    objective: Objective = Objective()
    """What is minimised."""
    stocks: dict[Name, Stock] = Field(min_length=1)
    """What is held."""
    lanes: dict[Name, Lane] = Field(min_length=1)
    """How it is replenished: each lane is one number of an order."""
    suppliers: dict[Name, Supplier] = {}
    """Who ships."""
    routes: dict[Name, Route] = {}
    """Which ways goods take."""
    demands: dict[Name, Demand] = Field(min_length=1)
    """Who draws on it."""
    correlations: tuple[Correlation, ...] = ()
    """Which demands rise and fall together; those not named do so by chance alone."""
    spikes: dict[Name, Spike] = {}
    """What multiplies demand for a while."""
    disruptions: dict[Name, Disruption] = {}
    """What stops supply for a while."""
    policies: tuple[Text, ...] = ()
    """What `compare` plays when nobody names any."""

    @field_validator("correlations")
    @classmethod
    def _are_told_once(cls, value: tuple[Correlation, ...]) -> tuple[Correlation, ...]:
        value = tuple(sorted(value, key=lambda each: each.between))
        for each, following in pairwise(value):
            if each.between == following.between:
                raise ValueError(f"the one between {' and '.join(each.between)} is given twice (remove one)")
        return value

    @model_validator(mode="after")
    def _names_fit_together(self) -> Self:
        """Refuse names that stand for two things or for none, each with its place."""
        places: dict[str, str] = {}
        for table in ("suppliers", "routes", "lanes"):
            for name in getattr(self, table):
                if name in places:
                    raise ValueError(f"{table}.{name}: {places[name]} has this name too (rename one)")
                places[name] = f"one of the {table}"
        for name, lane in self.lanes.items():
            _known(lane.to, self.stocks, f"lanes.{name}.to", "stock")
            for stock in lane.uses:
                _known(stock, self.stocks, f"lanes.{name}.uses", "stock")
            if lane.to in lane.uses:
                raise ValueError(f"lanes.{name}.uses: cannot take from the stock it replenishes, {lane.to!r}")
            if lane.uses and self.sources_ship == "after-receiving" and lane.lead_time.lowest < 1:
                must = "must be 1 period or more where stocks ship after receiving"
                raise ValueError(f"lanes.{name}.lead_time: {must}, got {lane.lead_time}")
            _known(lane.supplier, self.suppliers, f"lanes.{name}.supplier", "supplier")
            _known(lane.route, self.routes, f"lanes.{name}.route", "route")
        for name, demand in self.demands.items():
            for stock in demand.draws_on:
                _known(stock, self.stocks, f"demands.{name}.from", "stock")
            for key, regime in demand.regimes.items():
                for other in regime.next:
                    place = f"demands.{name}.regimes.{key}.next"
                    _known(other, demand.regimes, place, "regime")
                    if other == key:
                        raise ValueError(f"{place}: must name other regimes (what is left stays), got {key!r}")
        for name, spike in self.spikes.items():
            for target in spike.hits:
                _known(target, self.demands, f"spikes.{name}.hits", "demand")
        for name, disruption in self.disruptions.items():
            for target in disruption.hits:
                _known(target, places, f"disruptions.{name}.hits", "supplier, route or lane")
        for name, hits in self.hit_by.items():
            stalls = [key for key in hits if self.disruptions[key].stops == "transit"]
            if stalls and self.lanes[name].lead_time.lowest < 1:
                must = f"must be 1 period or more for {stalls[0]!r} to stop what is on the way"
                raise ValueError(f"lanes.{name}.lead_time: {must}, got {self.lanes[name].lead_time}")
        return self

    @model_validator(mode="after")
    def _orders_fit_capacities(self) -> Self:
        """Refuse capacities below a unit or an order, and capacities of lanes from outside and from stocks at once."""
        whole = self.units == "whole"
        kinds = (("lanes", self.lanes), ("suppliers", self.suppliers), ("routes", self.routes))
        for place, capacity in {
            f"{kind}.{name}.capacity": each.capacity for kind, parts in kinds for name, each in parts.items()
        }.items():
            if whole and capacity is not None and capacity < 1:
                must = "must be 1 or more where units are whole"
                raise ValueError(f"{place}: {must}, got {quoted(capacity)} (or set units: continuous)")
        sharing: dict[str, list[str]] = {}
        for name, lane in self.lanes.items():
            shared = self.shared_by(name)
            for place in shared:
                sharing.setdefault(place, []).append(name)
            for place, part in {f"lanes.{name}": lane, **shared}.items():
                if part.capacity is None:
                    continue
                if lane.batch and lane.batch > part.capacity:
                    must = f"must be {quoted(part.capacity)} (the capacity of {place}) or less"
                    raise ValueError(f"lanes.{name}.batch: {must}, got {quoted(lane.batch)}")
                batch = lane.batch or (1.0 if whole else 0.0)
                most = np.floor(part.capacity / batch + 1e-9) * batch if batch else part.capacity
                if lane.minimum_order > most * (1 + 1e-9):
                    in_batches = f" in batches of {quoted(batch)}" if most < part.capacity else ""
                    must = f"must be {quoted(float(most))} (the capacity of {place}{in_batches}) or less"
                    raise ValueError(f"lanes.{name}.minimum_order: {must}, got {quoted(lane.minimum_order)}")
        for place, names in sharing.items():
            _of_one_kind(f"{place}.capacity", {name: self.lanes[name] for name in names})
        return self

    @model_validator(mode="after")
    def _full_loads_can_be_full(self) -> Self:
        """Refuse vehicles that must be full and that the lanes of their route can never fill."""
        for key, route in self.routes.items():
            lanes = {name: lane for name, lane in self.lanes.items() if lane.route == key}
            if not route.full_loads or not lanes:
                continue
            _of_one_kind(f"routes.{key}.full_loads", lanes)
            limits = [limit for name in lanes if (limit := self.capacities[name]) is not None]
            if len(limits) == len(lanes) and route.vehicle_capacity and sum(limits) < route.vehicle_capacity:
                must = f"must be {quoted(sum(limits))} (the capacities of its lanes) or less with full_loads"
                raise ValueError(f"routes.{key}.vehicle_capacity: {must}, got {quoted(route.vehicle_capacity)}")
        return self

    @model_validator(mode="after")
    def _correlations_fit_together(self) -> Self:
        """Refuse correlations of what is no demand, has a history, or cannot all be so at once."""
        for each in self.correlations:
            for name in each.between:
                _known(name, self.demands, "correlations", "demand")
                if self.demands[name].history:
                    raise ValueError(f"correlations: demands.{name} has a history, which is as it was (leave it out)")
        names, matrix = self.correlated
        if names and np.linalg.eigvalsh(matrix)[0] < 1e-9:
            pairs = ", ".join(f"{' and '.join(each.between)} {quoted(each.correlation)}" for each in self.correlations)
            raise ValueError(f"correlations: cannot all be so at once (not positive definite), got {pairs}")
        return self

    @model_validator(mode="after")
    def _stocks_are_replenished(self) -> Self:
        """Refuse a stock that no lane leads to, and shares of its orders that do not add up to 1."""
        for stock, names in self.feeds.items():
            if not names:
                raise ValueError(f"stocks.{stock}: no lane leads to it (add one with 'to: {stock}')")
            given = {name: share for name in names if (share := self.lanes[name].share) is not None}
            total = sum(given.values())
            if total > 1 + 1e-9 or (len(given) == len(names) and total < 1 - 1e-9):
                shares = ", ".join(f"{name} {quoted(share)}" for name, share in given.items())
                raise ValueError(f"stocks.{stock}: the shares of its lanes must add up to 1, got {shares}")
        return self

    @model_validator(mode="after")
    def _nothing_is_made_of_itself(self) -> Self:
        """Refuse stocks that feed each other in a circle."""
        try:
            _ = self.downstream_first
        except CycleError as error:
            circle = " -> ".join(error.args[1])
            raise ValueError(f"lanes: these stocks feed each other in a circle: {circle}") from None
        return self

    @model_validator(mode="after")
    def _units_are_whole(self) -> Self:
        """Refuse fractions where they would leave a fraction of a unit on the shelf."""
        quantities: dict[str, Any] = {}
        for name, stock in self.stocks.items():
            quantities[f"stocks.{name}.initial"] = stock.initial
            quantities[f"stocks.{name}.storage_limit"] = stock.storage_limit
        for name, lane in self.lanes.items():
            quantities[f"lanes.{name}.batch"] = lane.batch
            quantities[f"lanes.{name}.initial"] = lane.initial
            quantities[f"lanes.{name}.initial_orders"] = lane.initial_orders
            for part, units in lane.uses.items():
                quantities[f"lanes.{name}.uses.{part}"] = units
        for name, route in self.routes.items():
            if route.full_loads:
                quantities[f"routes.{name}.vehicle_capacity"] = route.vehicle_capacity
        for name, demand in self.demands.items():
            for part, units in demand.draws_on.items():
                quantities[f"demands.{name}.from.{part}"] = units
        for place, quantity in quantities.items():
            if self.units == "whole" and isinstance(quantity, float) and not quantity.is_integer():
                raise ValueError(f"{place}: must be whole, got {quoted(quantity)} (or set units: continuous)")
        return self

    @model_validator(mode="after")
    def _demands_reach_a_unit(self) -> Self:
        """Refuse demands that are always rounded to nothing."""
        whole = self.units == "whole"
        for name, demand in self.demands.items() if whole else ():
            given = {f"demands.{name}.distribution": demand.distribution}
            given |= {
                f"demands.{name}.regimes.{key}.distribution": each.distribution for key, each in demand.regimes.items()
            }
            for place, distribution in given.items():
                if distribution and 0 < distribution.highest < 0.5:
                    must = "must reach 0.5 where units are whole, or it is always rounded to 0"
                    raise ValueError(f"{place}: {must}, got {distribution} (or set units: continuous)")
            values = demand.history.values if demand.history else None
            if values and 0 < max(values) < 0.5:
                must = "must reach 0.5 where units are whole, or all are rounded to 0"
                raise ValueError(
                    f"demands.{name}.history: {must}, got {quoted(max(values))} at most (or set units: continuous)"
                )
        return self

    @model_validator(mode="after")
    def _time_fits_together(self, info: ValidationInfo) -> Self:
        """Refuse dates before the start, and histories that are shorter than the horizon or were not read."""
        beginnings = {f"stocks.{name}.obsolete": stock.obsolete for name, stock in self.stocks.items()}
        for table in ("spikes", "disruptions"):
            beginnings |= {f"{table}.{name}.starts": event.starts for name, event in getattr(self, table).items()}
        for place, starts in beginnings.items():
            for when in (starts and starts.at) or ():
                try:
                    self.horizon.period_of(when)
                except ValueError as error:
                    raise ValueError(f"{place}.at: {error}") from None
        if info.context == UNREAD:
            return self
        for name, demand in self.demands.items():
            if (history := demand.history) is None:
                continue
            if history.values is None:
                raise ValueError(f"demands.{name}.history.file: was not read (jit_gym.load does)")
            length, periods = len(history.values), self.horizon.periods
            if history.replay == "as-it-was" and length < periods:
                limit = f"{length} (the length of demands.{name}.history)"
                hint = "or set replay: resampled"
                raise ValueError(f"horizon.periods: must be {limit} or less, got {periods} ({hint})")
        return self

    @cached_property
    def correlated(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Return the demands that `correlations` names, in their order, and the matrix of their correlations."""
        named = {name for each in self.correlations for name in each.between}
        names = tuple(name for name in self.demands if name in named)
        matrix = np.eye(len(names))
        for each in self.correlations:
            i, j = map(names.index, each.between)
            matrix[i, j] = matrix[j, i] = each.correlation
        return names, matrix

    def check_length(self, warmup: int, periods: int) -> None:
        """Refuse to play a world that ends for longer than it lasts."""
        if self.horizon.ends and warmup + periods > self.horizon.periods:
            raise BadInput(f"periods: {self.name} ends after {self.horizon.periods} periods, got {warmup} + {periods}")

    @cached_property
    def feeds(self) -> dict[str, tuple[str, ...]]:
        """Return the lanes into each stock, in their order."""
        into: dict[str, list[str]] = {stock: [] for stock in self.stocks}
        for name, lane in self.lanes.items():
            into[lane.to].append(name)
        return {stock: tuple(names) for stock, names in into.items()}

    @cached_property
    def downstream_first(self) -> tuple[str, ...]:
        """Return the stocks in an order in which each comes before those that it is made of."""
        made_of: dict[str, dict[str, None]] = {stock: {} for stock in self.stocks}
        for lane in self.lanes.values():
            made_of[lane.to] |= dict.fromkeys(lane.uses)
        return tuple(reversed(tuple(TopologicalSorter(made_of).static_order())))

    def upstream(self, stock: str) -> list[str]:
        """Return a stock and all that goes into it, each once, and before those that it is made of itself."""
        found, following = {stock}, [stock]
        while following:
            for name in self.feeds[following.pop()]:
                new = [source for source in self.lanes[name].uses if source not in found]
                found.update(new)
                following += new
        return sorted(found, key=self._rank.__getitem__)

    @cached_property
    def _rank(self) -> dict[str, int]:
        return {stock: k for k, stock in enumerate(self.downstream_first)}

    @cached_property
    def shares(self) -> dict[str, float]:
        """Return each lane's share of everyday orders; the first that is given none takes what is left."""
        shares = {}
        for names in self.feeds.values():
            left = 1.0 - sum(self.lanes[name].share or 0.0 for name in names)
            for name in names:
                if (share := self.lanes[name].share) is None:
                    share, left = left, 0.0
                shares[name] = share
        return shares

    def shared_by(self, lane: str) -> dict[str, Supplier | Route]:
        """Return the supplier and the route of a lane that have a capacity, by their places (`suppliers.NAME`)."""
        names = {"suppliers": self.lanes[lane].supplier, "routes": self.lanes[lane].route}
        parts = {f"{table}.{name}": getattr(self, table)[name] for table, name in names.items() if name}
        return {place: part for place, part in parts.items() if part.capacity is not None}

    @cached_property
    def capacities(self) -> dict[str, float | None]:
        """Return what each lane ships in a period at most: the least of its own capacity and those that it shares."""
        parts = {name: [lane, *self.shared_by(name).values()] for name, lane in self.lanes.items()}
        limits = {name: [part.capacity for part in its if part.capacity is not None] for name, its in parts.items()}
        return {name: min(its, default=None) for name, its in limits.items()}

    @cached_property
    def hit_by(self) -> dict[str, tuple[str, ...]]:
        """Return the disruptions that can hit each lane, by itself, its supplier or its route, in their order."""
        hitting: dict[str, dict[str, None]] = {}
        for key, disruption in self.disruptions.items():
            for target in disruption.hits:
                hitting.setdefault(target, {})[key] = None
        order = {key: k for k, key in enumerate(self.disruptions)}
        return {
            name: tuple(
                sorted(
                    {key for target in (name, lane.supplier, lane.route) if target for key in hitting.get(target, ())},
                    key=order.__getitem__,
                )
            )
            for name, lane in self.lanes.items()
        }

    @property
    def resolved(self) -> dict[str, Any]:
        """Return it as plain JSON that `jit_gym.load` takes back, histories included."""
        return self.model_dump(mode="json", exclude_unset=True, exclude_none=True)

    @cached_property
    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that are the same for the same world, on any machine.

        Titles and the like do not count, nor does how a value was written. Any number does, and so does the
        order of stocks, lanes and demands, which is the order of the numbers in orders and observations, and that of
        regimes, of which the first begins.
        """
        world = [meaning(self), list(self.stocks), list(self.lanes), list(self.demands)]
        world += [[name, *demand.regimes] for name, demand in self.demands.items() if demand.regimes]
        return digest.of_text(json.dumps(world, sort_keys=True))[:16]

    def __eq__(self, other: object) -> bool:
        return self.fingerprint == other.fingerprint if isinstance(other, Scenario) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.fingerprint)


def _one_off(word: str, known: str) -> bool:
    """Tell whether a word is another one but for a letter that is wrong, missing or too many."""
    from rapidfuzz.distance import OSA

    return OSA.distance(word, known, score_cutoff=1) <= 1


def _known(name: str | None, known: dict[str, Any], place: str, what: str) -> None:
    if name is not None and name not in known:
        raise ValueError(f"{place}: unknown {what} {quoted(name)}{nearest(name, known)}")


def _of_one_kind(place: str, lanes: dict[str, Lane]) -> None:
    """Refuse lanes of which some come from outside, which ship at another moment, and some from stocks."""
    inner = [name for name, lane in lanes.items() if lane.uses]
    outer = [name for name in lanes if name not in inner]
    if inner and outer:
        got = f"{', '.join(outer)} from outside and {', '.join(inner)} from stocks"
        raise ValueError(f"{place}: its lanes must come all from outside or all from stocks, got {got}")


def _units(value: Distribution) -> Distribution:
    """Refuse a distribution of units that counts below 0; a continuous one is cut there."""
    _finite(value)
    if value.is_discrete and value.lowest < 0:
        raise ValueError(f"must be 0 or more, got {value}")
    return value


def _count(value: Distribution, at_least: int, at_most: int = LONGEST_WAIT) -> Distribution:
    """Refuse a distribution of periods that is not one of whole numbers from `at_least` up to `at_most`."""
    _finite(value)
    if not value.is_whole:
        raise ValueError(f"must be a whole number of periods, got {value}")
    if value.lowest < at_least:
        raise ValueError(f"must be {at_least} period{'' if at_least == 1 else 's'} or more, got {value}")
    if not value.longest <= at_most:
        raise ValueError(f"must be {at_most:,} periods or less, got {value}")
    return value


def _spell(value: Distribution) -> Distribution:
    """Refuse a distribution that is neither one of whole numbers of periods, 1 or more, nor for ever."""
    if value.is_forever:
        return value
    if value.is_whole and not value.longest <= LONGEST_SPELL:
        raise ValueError(f"must be {LONGEST_SPELL:,} periods or less, or .inf for ever, got {value}")
    return _count(value, at_least=1, at_most=LONGEST_SPELL)


def _share(value: Distribution) -> Distribution:
    """Refuse a distribution of anything but shares from 0 to 1."""
    if value.lowest < 0 or value.highest > 1:
        raise ValueError(f"must be a share from 0 to 1, got {value}")
    return value


def _finite(value: Distribution) -> None:
    if value.is_forever:
        raise ValueError(f"must be a finite number, got {value}")
