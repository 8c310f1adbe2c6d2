"""Lanes, and the suppliers and routes that they share."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import field_validator, model_validator

from ..common.text import quoted
from .distribution import Distribution
from .events import Moment
from .part import Part, Text, says
from .regimes import Phase
from .stocks import Quantity
from .values import Name, NotNegative, Positive, Share, Wait, of_periods, of_shares


class Drift(Part):
    """Defects that grow with the lot: a process that may drift out of control at each unit (Porteus 1986).

    `drift`: a process that drifts with chance q at each unit spoils, of what arrives together as a lot of n units, n -
    (1 - q)(1 - (1 - q)^n) / q on average (Porteus 1986, equation 1), so small lots are better ones. The units made
    before it drifts are good, all the others are rejected in step 4.
    """

    drift: Share
    """The chance, with each unit, that this and all that follow in the lot are defective; the next lot begins well."""


class Slower(Phase):
    """One of the states that a lane passes through, each with a lead time of its own.

    `periods`, `next`: while it lasts, what is shipped in step 3 takes so many periods longer. The chances of `next` may
    add up to less than 1: what is left is to stay.
    """

    periods: Wait
    """Periods that are added to the lead time of what is shipped while it lasts."""


class Delays(Part):
    """Lead times that drift for years, as those of chips did in 2021 and 2022.

    `regimes`, `seen`: a Markov chain moves at the start of each period, from the first regime on, and what is shipped
    takes as many periods longer as the regime says (supply conditions; Song and Zipkin 1996b). Where it is seen, one
    knows how many are added today, and not what follows.

    `steps`: from each period or date on, so many periods are added, the same on every path; before the first, none.

    Without crossing, nothing overtakes what was shipped before: it arrives at the same time at the earliest.
    """

    regimes: dict[Name, Slower] = {}
    """Regimes that the lane passes through, from the first on."""
    steps: tuple[tuple[Moment, Wait], ...] = ()
    """Periods or dates, in their order, and the periods that are added from then on: `[[2021-03-01, 6], ...]`."""
    seen: Literal["at-once", "hidden"] = "at-once"
    """Whether one knows how much longer what is shipped today takes."""

    @field_validator("steps")
    @classmethod
    def _come_in_their_order(cls, value: tuple[tuple[Moment, int], ...]) -> tuple[tuple[Moment, int], ...]:
        for (before, _), (when, _) in pairwise(value):
            if type(before) is not type(when) or not before < when:  # type: ignore[operator]
                raise ValueError(f"must be all periods or all dates, in their order, got {when} after {before}")
        if value and isinstance(first := value[0][0], int) and first < 0:
            raise ValueError(f"must be period 0 or later, got {first}")
        return value

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if bool(self.regimes) == bool(self.steps):
            got = "both" if self.steps else "neither"
            raise ValueError(f"needs either 'regimes' or 'steps', got {got}")
        return self

    @property
    def longest(self) -> int:
        """Return the most periods that are ever added."""
        return max([regime.periods for regime in self.regimes.values()] + [more for _, more in self.steps])


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

    `delays`: the lead time of what is shipped is longer by what they add; what a late supplier adds comes on top.

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

    `age_on_arrival`, `minimum_life`: goods with a shelf life are so many periods old when they arrive in step 4, and
    have as much less left; a random age is drawn for each period's arrivals, which makes the life that is left random
    (Nahmias 1982). Where less than `minimum_life` is left, all of them are rejected, as defects are.

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
    delays: Delays | None = None
    """Periods that are added to the lead time, by regime or by date."""
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
    age_on_arrival: Distribution = Distribution(name="fixed", value=0)
    """Periods of their shelf life that are gone when goods arrive: fixed, or drawn anew."""
    minimum_life: Wait = 0
    """Periods, the one of arrival included, in which goods must still be usable; those with less are rejected."""
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
        return of_periods(value, at_least=0)

    @field_validator("age_on_arrival")
    @classmethod
    def _age_is_a_count(cls, value: Distribution) -> Distribution:
        return of_periods(value, at_least=0)

    @field_validator("defects")
    @classmethod
    def _defects_are_a_share(cls, value: Distribution | Drift) -> Distribution | Drift:
        return of_shares(value) if isinstance(value, Distribution) else value


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
        return of_periods(value, at_least=1)


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
        return of_shares(value)


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
