"""Stocks: items held at places."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from ..common.text import quoted
from .events import Starts
from .part import Part, Text, says
from .values import LONGEST_WAIT, NotNegative, Positive, Share, Wait


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


class Stock(Part):
    """An item held at a place.

    `initial`, `holding_cost`, `unit_value`: step 6 charges holding for each unit that is there at the end of a period,
    after demand, waste and scrap. The value of a unit is no cost: it tells how much cash the stock ties up,
    and how often it turns (Silver et al. 2017).

    `shelf_life`, `issuing`, `waste_cost`: a unit can be used in the period of its arrival at this stock and in
    `shelf_life` - 1 more. Demand, and lanes that take from the stock, are given the oldest units first, or the newest.
    In step 5, after the demand, what is left at the end of its life is wasted, at `waste_cost` a unit and before
    holding is charged (Nahmias 1982). With a shelf life of 1 it is the newsvendor (Arrow et al. 1951). Initial units
    count as having arrived the period before; what arrives at another stock is fresh there.

    `storage_limit`: what arrives in step 4 and finds no room is wasted, at `waste_cost` a unit. Lanes fill the shelf in
    their order; the demand of the same period makes no room for them, as it comes later.

    `shrinkage`, `loss_cost`: at the end of step 5, after demand and waste and before holding is charged, a share of
    what is on hand is stolen or damaged (stock loss; Kang and Gershwin 2005), of each age alike. In whole units it is
    rounded up or down by chance, so that the share holds on average. What is lost was paid for when it was bought, and
    its replacement is paid for too; so `loss_cost` is what a lost unit costs besides: nothing, where lanes have a
    `unit_cost`, or its value, where they have none. It is charged in step 6, for units that disruptions destroy as
    well, on the shelf and on the way to it.

    `warehouse`, `volume`: its units take space in a warehouse, which charges for that, beside the `holding_cost`, which
    is for the money that is tied up.

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
    warehouse: str | None = None
    """Where it is kept, one of `warehouses`; no space is paid for without."""
    volume: Positive = 1.0
    """Space that a unit takes in its warehouse."""
    shrinkage: Share = 0.0
    """Share of what is on hand after each period's demand that is stolen or damaged, from 0 to 1."""
    loss_cost: NotNegative = 0.0
    """Money per unit lost (stolen, damaged or destroyed), besides what it cost to buy."""
    obsolete: Starts | None = None
    """When demand for it ends: from then on, what is left after each period is scrapped."""
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


class Warehouse(Part):
    """A place where stocks take up space, which is paid for.

    `space`, `rent`, `rate`: in step 6, with space S rented and space U taken by all its stocks at the end of the
    period, it costs `rent` S + `rate` max(U - S, 0). So without `space`, all space that is taken is paid for at the
    `rate`; with it, what is rented is paid for, used or not, and the `rate` is that of the overflow, which others take
    in. What is on the way takes no space. How much there is room for is up to the `storage_limit` of each stock.
    """

    title: Text | None = None
    """What it is, in words."""
    space: NotNegative = 0.0
    """Space that is rented, and paid for whether it is used or not."""
    rent: NotNegative = 0.0
    """Money per unit of space rented and period."""
    rate: NotNegative = 0.0
    """Money per unit of space and period that is used beyond what is rented."""
