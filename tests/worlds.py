"""Worlds to test in: a small shop to vary, and whole scenarios drawn at random."""

from __future__ import annotations

import datetime as dt
import os
import warnings
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import reject
from hypothesis import strategies as st

from jit_gym.report.provenance import yaml_of
from jit_gym.scenario import Distribution, Family, NoEffect, Scenario, ScenarioError, family, load, shocks

SHOP: dict[str, Any] = {
    "name": "shop",
    "units": "continuous",
    "horizon": {"periods": 20},
    "stocks": {"shop": {}},
    "lanes": {"supplier": {"to": "shop"}},
    "demands": {"customers": {"from": "shop", "distribution": 0}},
}


def shop(overrides: Mapping[str, Any] | None = None, **parts: Any) -> Scenario:
    """Return a shop with one stock, one lane and one demand, some parts replaced and some values overridden.

    >>> shop({"stocks.shop.initial": 5}, lanes={"lorry": {"to": "shop", "lead_time": 2}}).lanes["lorry"].lead_time.mean
    2.0
    """
    return load({**SHOP, **parts}, overrides)


def normal(**changes: Any) -> Scenario:
    """Return a shop whose customers wait, and ask for Normal(100, 10) a period; the lead time is 2."""
    customers = {"from": "shop", "distribution": {"name": "norm", "loc": 100, "scale": 10}, "unmet": "backlog"}
    world = {
        "units": "continuous",
        "lanes.supplier.lead_time": 2,
        "stocks.shop.initial": 300,
        "demands.customers": customers | {"shortage_cost": 9} | changes,
    }
    return load("lost-sales", world)


def worlds(usual: int) -> int:
    """Return how many random worlds to look at: as many as usual, or as JIT_GYM_WORLDS says (`make bounds`)."""
    return int(os.environ.get("JIT_GYM_WORLDS", usual))


def by_turns(names: Iterable[str], first: int) -> list[Any]:
    """Return names as parameters of a test, every second one slow; the usual ones begin with the first, or the second.

    So two tests that are tried in the same worlds share them out among the usual ones.
    """
    return [pytest.param(name, marks=pytest.mark.slow if (k - first) % 2 else ()) for k, name in enumerate(names)]


def loaded(world: dict[str, Any]) -> Scenario:
    """Return a world that is drawn, without a word about the keys in it that happen to do nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoEffect)
        return load(world)


def whole_numbers(low: int, high: int) -> st.SearchStrategy[float]:
    """Return whole numbers of units."""
    return st.integers(low, high).map(float)


def fractions(low: int, high: int) -> st.SearchStrategy[float]:
    """Return numbers of units that need not be whole, with no more digits than a person would type."""
    return st.integers(1000 * low, 1000 * high).map(lambda thousandths: thousandths / 1000)


money = st.sampled_from([0.0, 0.1, 1.0, 7.5])
terms = st.sampled_from([0, 0, 0, 1, 3, 40])  # the last is beyond any horizon here

spans = st.sampled_from(
    [
        1,
        4,
        float("inf"),
        {"name": "geom", "p": 0.3},
        {"name": "randint", "low": 1, "high": 5},
        {"name": "empirical", "values": [1, 6], "weights": [3, 1]},
    ]
)

lead_times = st.one_of(
    st.sampled_from([0, 1, 2, 3, 4, 7, 12]).map(lambda periods: {"lead_time": periods}),
    st.fixed_dictionaries(
        {
            "crossing": st.booleans(),
            "lead_time": st.sampled_from(
                [
                    {"name": "randint", "low": 0, "high": 4},
                    {"name": "empirical", "values": [0]},
                    {"name": "geom", "p": 0.6, "loc": -1},
                    {"name": "binom", "n": 3, "p": 0.5},
                    {"name": "empirical", "values": [0, 1, 2], "weights": [1, 2, 7]},
                ]
            ),
        }
    ),
    st.just({"crossing": True, "lead_time": {"name": "empirical", "values": [0, 5], "weights": [4, 1]}}),
)

distributions = st.sampled_from(
    [
        0,
        4,
        {"name": "poisson", "mu": 5},
        {"name": "geom", "p": 0.2, "loc": -1},
        {"name": "norm", "loc": 6, "scale": 4},
        {"name": "gamma", "a": 2, "scale": 3},
        {"name": "empirical", "values": [0, 2.5, 20], "weights": [5, 4, 1]},
    ]
)


spans_late = {"name": "randint", "low": 1, "high": 4}
share = {"name": "uniform"}
defects = st.sampled_from(
    [0, 0, 0, 0.1, 1, {"name": "beta", "a": 1, "b": 4}, {"name": "empirical", "values": [0, 0.5]}, {"drift": 0.2}]
)


slower = {"usual": {"periods": 0, "next": {"tight": 0.3}}, "tight": {"periods": 4, "next": {"usual": 0.3}}}
delays = st.sampled_from(
    [None, None, None, None, {"regimes": slower}, {"regimes": slower, "seen": "hidden"}, {"steps": [[2, 5], [6, 1]]}]
)


rarely = st.sampled_from([False, False, False, False, True])


def kits(units: Any) -> st.SearchStrategy[float]:
    """Return units of a stock in one of a kit, or in one of what a lane ships."""
    return units(1, 3) if units is whole_numbers else units(1, 3) | st.sampled_from([0.1, 0.25, 2.943])


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return what a strategy returns, or None."""
    return st.none() | strategy


def subsets(names: list[str], most: int = 3) -> st.SearchStrategy[list[str]]:
    """Return some of the names, at least one."""
    return st.lists(st.sampled_from(names), min_size=1, max_size=most, unique=True)


@st.composite
def lanes(draw: st.DrawFn, to: str, units: Any) -> dict[str, Any]:
    """Draw a lane to a stock, with any of its limits, costs, and ways to fail."""
    capacity = draw(optional(fractions(1, 15)))
    most = int(capacity or 8)
    batch = draw(optional(units(1, min(most, 5))))
    if batch:
        most = int(most // batch * batch)
    lane = {
        "to": to,
        **draw(lead_times),
        "capacity": capacity,
        "batch": batch,
        "minimum_order": draw(st.just(0.0) | units(0, most)),
        "unit_cost": draw(money),
        "fixed_cost": draw(money),
        "in_transit_cost": draw(money),
        "waiting_cost": draw(money),
        "unshipped": draw(st.sampled_from(["waits", "lapses"])),
        "order_delay": draw(st.sampled_from([0, 0, 0, 1, 2, 5])),
        "initial_orders": draw(st.just(0.0) | units(0, 6) | st.just({"periods_of_supply": 1.5})),
        "supplier": draw(optional(st.sampled_from(["near", "far"]))),
        "route": draw(optional(st.sampled_from(["road", "sea"]))),
        "initial": draw(st.just(0.0) | units(0, 6) | st.just({"periods_of_supply": 1.5})),
        "pays_after": draw(terms),
        "critical": draw(st.booleans()),
        "cost_erosion": draw(st.sampled_from([0.0, 0.0, 0.02])),
        "defects": draw(defects),
        "reject_cost": draw(money),
        "delays": draw(delays),
    }
    return {key: value for key, value in lane.items() if value is not None}


@st.composite
def shares(draw: st.DrawFn, many: int) -> list[float | None]:
    """Draw the share of each lane into a stock, in quarters: of none, of some, or of all of them."""
    given: list[float | None] = []
    for _ in range(many):
        left = 1.0 - sum(share or 0.0 for share in given)
        given.append(draw(st.sampled_from([None, None, 0.0, *(share for share in (0.25, 0.5, 0.75) if share <= left)])))
    if many > 1 and None not in given:
        given[-1] = 1.0 - sum(share or 0.0 for share in given[:-1])
    return given if many > 1 else [None]


def shortest(lead_time: Any) -> float:
    """Return the least lead time that can be drawn."""
    return float(Distribution.model_validate(lead_time).lowest)


def a_period_longer(lead_time: Any) -> Any:
    """Return a lead time that is a period longer."""
    if isinstance(lead_time, int):
        return lead_time + 1
    if "values" in lead_time:
        return {**lead_time, "values": [value + 1 for value in lead_time["values"]]}
    return {**lead_time, "loc": lead_time.get("loc", 0) + 1}


@st.composite
def regimes(draw: st.DrawFn) -> dict[str, Any]:
    """Draw one to three regimes, some of which may follow each other."""
    names = ["calm", "busy", "dead"][: draw(st.integers(1, 3))]
    chances = st.sampled_from([0.0, 0.1, 0.5])
    return {
        name: {
            "distribution": draw(distributions),
            "next": {other: draw(chances) for other in names if other != name and draw(st.booleans())},
        }
        for name in names
    }


@st.composite
def pasts(draw: st.DrawFn, periods: int) -> dict[str, Any]:
    """Draw a history that is played as it was, for at least so many periods, or drawn from in blocks."""
    quantities = st.sampled_from([0, 1, 3, 7.5, 12])
    if draw(st.booleans()):
        values = draw(st.lists(quantities, min_size=periods, max_size=periods + 3))
        return {"history": {"values": values}}
    values = draw(st.lists(quantities, min_size=1, max_size=9))
    shape = {name: draw(st.integers(1, len(values))) for name in ("block", "season")}
    return {"history": {"values": values, "replay": "resampled", **shape}}


futures = st.fixed_dictionaries(
    {
        "occurs": st.sampled_from([1.0, 1.0, 0.4]),
        "autocorrelation": st.sampled_from([0.0, 0.0, 0.7, -0.4]),
        "forecast": optional(
            st.fixed_dictionaries({"accuracy": st.sampled_from([[0.0], [1.0], [0.9, 0.5], [1, 0.8, 0.8, 0.3, 0]])})
        ),
    }
)


@st.composite
def correlations(draw: st.DrawFn, demands: dict[str, Any]) -> list[dict[str, Any]]:
    """Draw correlations of some pairs of demands, such as up to three of them can have at once."""
    free = [name for name, demand in demands.items() if "history" not in demand]
    pairs = [pair for pair in combinations(free, 2) if draw(st.booleans())]
    return [{"between": list(pair), "correlation": draw(st.sampled_from([-0.4, 0.3, 0.45]))} for pair in pairs]


@st.composite
def demands(draw: st.DrawFn, stocks: list[str], units: Any, periods: int) -> dict[str, Any]:
    """Draw a demand on a stock or a kit: with a past, or with a distribution or regimes and what is known of them."""
    drawn = st.fixed_dictionaries({"distribution": distributions})
    turning = st.fixed_dictionaries({"regimes": regimes(), "regime_seen": st.sampled_from(["at-once", "hidden"])})
    source = draw(pasts(periods) | drawn | drawn | turning)
    return {
        "from": {stock: draw(kits(units)) for stock in draw(subsets(stocks, 3) | subsets(stocks, 5))},
        **source,
        **({} if "history" in source or draw(st.booleans()) else draw(futures)),
        "season": draw(st.sampled_from([[], [0.5, 1, 1.5]])),
        "trend": draw(st.sampled_from([0.0, 0.03, -0.2])),
        **draw(st.sampled_from([{"unmet": "lost"}, {"unmet": "backlog"}, {"unmet": "backlog", "terminal_cost": 2.5}])),
        "shortage_cost": draw(money),
        "price": draw(money),
        "price_erosion": draw(st.sampled_from([0.0, 0.0, 0.05])),
        "pays_after": draw(terms),
        **({"price": 7.5, "markdown": {"starts": 4, "price": 5, "elasticity": 2}} if draw(rarely) else {}),
    }


@st.composite
def stocks(draw: st.DrawFn, units: Any) -> dict[str, Any]:
    """Draw a stock that keeps or perishes, holds its value or becomes obsolete, and tells at once or late."""
    never, limit = st.none(), draw(optional(units(5, 30)))
    limit = 0.0 if draw(st.integers(0, 15)) == 15 else limit
    once = {"once": {"name": "randint", "low": 2, "high": 20}}
    over = st.sampled_from([{"rate": 0.1}, {"at": [6]}, {"at": [0]}, {"every": float("inf")}, once])
    most = 20 if limit is None else int(min(limit, 20))
    return {
        "initial": draw(units(0, most) | st.just({"periods_of_supply": 2})),
        "storage_limit": limit,
        "unit_value": draw(money),
        "holding_cost": draw(money),
        "waste_cost": draw(money),
        "rationing": draw(st.sampled_from(["priority", "proportional"])),
        "shelf_life": draw(never | never | st.integers(1, 4) | st.sampled_from([1, 6, 9])),
        "issuing": draw(st.sampled_from(["fifo", "lifo"])),
        "shrinkage": draw(st.sampled_from([0.0, 0.0, 0.0, 0.0, 0.03, 0.5, 1.0])),
        "loss_cost": draw(money),
        "warehouse": draw(st.sampled_from([None, None, "shed", "barn"])),
        "volume": draw(st.sampled_from([1.0, 0.3, 2.0])),
        "obsolete": draw(never | never | never | over),
        "scrap_value": draw(money),
        "terminal_value": draw(st.just(0.0) | money),
        "seen_late": draw(st.sampled_from([0, 0, 0, 0, 1, 2, 4])),
    }


@st.composite
def warehouses(draw: st.DrawFn) -> dict[str, Any]:
    """Draw two warehouses, where space is rented, used, or free."""
    return {
        name: {"space": draw(st.sampled_from([0.0, 7.5])), "rent": draw(money), "rate": draw(money)}
        for name in ("shed", "barn")
    }


@st.composite
def disruptions(draw: st.DrawFn, lanes: dict[str, Any], stocks: list[str]) -> dict[str, Any]:
    """Draw a disruption of any kind; transit stops only where something is always on the way for a while."""
    if draw(rarely):
        return draw(named_shocks(lanes))
    destroys = draw(st.sampled_from([0.0, 0.0, 0.0, 0.4, 1.0]))
    stops = draw(st.sampled_from(["ordering", "shipping", "transit", "receiving"]))
    fragile = ["near", "far", "road", "sea", *lanes]
    if stops == "transit":
        quick = {name: lane for name, lane in lanes.items() if shortest(lane["lead_time"]) < 1}
        safe = {name for each in quick.items() for name in (each[0], each[1].get("supplier"), each[1].get("route"))}
        fragile = [name for name in fragile if name not in safe]
        if not fragile:
            stops, fragile = "receiving", list(lanes)
    event = draw(events(fragile + stocks * (destroys > 0)))
    ways = st.sampled_from([{}, {"announced": 2}, {"announced": 6}, {"seen_late": 1}, {"seen_late": 4}])
    driven = event["starts"].get("rate", 1.0) <= 0.5 and draw(st.booleans())
    return {
        **event,
        **(draw(ways) if event["seen"] == "at-once" else {}),
        **({"driver": "tension"} if driven else {}),
        "delays": draw(st.sampled_from([0, 0, 0, 1, 4])),
        "stops": stops,
        "destroys": destroys,
        "severity": draw(st.sampled_from([0.0, 0.25, 0.9, 1.0, 1.0])),
        "recovers_over": draw(st.sampled_from([0, 0, 2, 9])),
    }


@st.composite
def named_shocks(draw: st.DrawFn, lanes: dict[str, Any]) -> dict[str, Any]:
    """Draw a disruption that is one of the library, with some of its keys changed."""
    shock = {"shock": draw(st.sampled_from(sorted(shocks()))), "hits": draw(subsets(["near", "far", "road", *lanes]))}
    shock |= draw(st.sampled_from([{}, {"starts": {"rate": 0.1}}, {"starts": {"at": [3]}}]))
    shock |= draw(st.sampled_from([{}, {"lasts": 3}, {"seen": "hidden"}, {"destroys": 0.4}]))
    if shocks()[shock["shock"]].stops == "transit":
        shock["stops"] = "shipping"  # a lane here may have nothing on the way
    return shock


@st.composite
def suppliers(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a supplier who is reliable, late now and then, or short."""
    late = optional(st.fixed_dictionaries({"chance": st.just(0.3), "by": st.sampled_from([2, spans_late])}))
    short = optional(st.fixed_dictionaries({"chance": st.just(0.3), "by": st.sampled_from([1, 0.4, share])}))
    return {"late": draw(late), "short": draw(short)}


@st.composite
def shared(draw: st.DrawFn, key: str, name: str, lanes: dict[str, Any]) -> dict[str, Any]:
    """Draw a capacity of a supplier or a route that its lanes share, for lanes of one kind, that holds their orders."""
    its = [lane for lane in lanes.values() if lane.get(key) == name]
    least = max(
        [-(-lane["minimum_order"] // batch) * batch for lane in its if (batch := lane.get("batch") or 1)], default=0
    )
    least = max([least, *(lane.get("batch") or 1 for lane in its)])
    if not its or len({"uses" in lane for lane in its}) > 1 or draw(st.booleans()):
        return {}
    return {
        "capacity": least + draw(fractions(1, 12)),
        "rationing": draw(st.sampled_from(["priority", "proportional"])),
    }


@st.composite
def vehicles(draw: st.DrawFn, name: str, lanes: dict[str, Any], makers: dict[str, Any]) -> dict[str, Any]:
    """Draw a route's vehicles, if any; full ones only for lanes of one kind that can fill them."""
    its = [lane for lane in lanes.values() if lane.get("route") == name]
    mixed = len({"uses" in lane for lane in its}) > 1
    limits = [[lane.get("capacity"), makers.get(lane.get("supplier"), {}).get("capacity"), 6.0] for lane in its]
    full = not mixed and sum(min(each for each in limit if each) for limit in limits) >= 6
    ways = [{}, {"vehicle_capacity": 7.5, "vehicle_cost": 3.0}]
    ways += [{"vehicle_capacity": 6.0, "vehicle_cost": 3.0, "full_loads": True}] * full
    return draw(st.sampled_from(ways))


@st.composite
def events(draw: st.DrawFn, targets: list[str]) -> dict[str, Any]:
    """Draw what a spike and a disruption have in common."""
    ways = [
        st.fixed_dictionaries({"every": spans}),
        st.fixed_dictionaries({"rate": st.sampled_from([0.1, 0.5, 0.9])}),
        st.fixed_dictionaries({"at": st.lists(st.integers(0, 15), min_size=1, max_size=3)}),
        st.just({"once": {"name": "randint", "low": 0, "high": 16}}),
    ]
    return {
        "hits": draw(subsets(targets)),
        "starts": draw(st.one_of(ways)),
        "lasts": draw(spans),
        "seen": draw(st.sampled_from(["at-once", "hidden"])),
    }


horizons = st.sampled_from([12, 12, 12, 1, 2, 7, 20, 30])
calendars = st.sampled_from([{}, {}, {"period": "week"}, {"starts": dt.date(2021, 2, 20)}])
by_date = {"steps": [[dt.date(2021, 2, 22), 5], [dt.date(2021, 2, 26), 1]]}


@st.composite
def scenarios(draw: st.DrawFn, periods: int | None = None, aged: bool = True) -> Scenario:
    """Draw a scenario: up to six stocks, seven lanes and three demands, and any disruption or spike of them.

    Unless `aged` is false, goods may be old when they arrive, which the bound does not know.

    In half of them lanes take from other stocks, from such as come later in the order, so that no stock feeds itself.
    """
    whole = draw(st.booleans())
    units = whole_numbers if whole else fractions
    periods, calendar = draw(horizons) if periods is None else periods, draw(calendars)
    names = [f"stock-{k}" for k in range(draw(st.sampled_from([1, 1, 2, 2, 3, 3, 4, 6])))]
    ends = names + draw(st.lists(st.sampled_from(names), max_size=max(5 - len(names), 1)))
    all_lanes = {f"lane-{k}": draw(lanes(to, units)) for k, to in enumerate(ends)}
    network, late = draw(st.booleans()), draw(st.booleans())
    for lane in all_lanes.values():
        if "starts" in calendar and "steps" in lane.get("delays", {}):
            lane["delays"] = by_date
        later = names[names.index(lane["to"]) + 1 :]
        if network and later and draw(st.sampled_from([True, True, False])):
            lane["uses"] = {stock: draw(kits(units)) for stock in draw(subsets(later, 2) | subsets(later, 5))}
            lane["lead_time"] = a_period_longer(lane["lead_time"]) if late else lane["lead_time"]
    for name in names:
        into = [lane for lane in all_lanes.values() if lane["to"] == name]
        for lane, share in zip(into, draw(shares(len(into))), strict=True):
            lane |= {} if share is None else {"share": share}
    all_stocks = {name: draw(stocks(units)) for name in names}
    for lane in all_lanes.values():
        if aged and (life := all_stocks[lane["to"]].get("shelf_life")):
            spread = {"name": "randint", "low": 0, "high": life}
            lane |= {"age_on_arrival": draw(st.sampled_from([0, life - 1, spread]))}
            lane |= {"minimum_life": draw(st.sampled_from([0, 0, life // 2, life]))}
    all_demands = {f"demand-{k}": draw(demands(names, units, periods)) for k in range(draw(st.integers(1, 3)))}
    spikes, troubles = {}, {}
    for k in range(draw(st.integers(0, 2))):
        more = {"factor": draw(st.sampled_from([0.0, 0.5, 3.0])), "announced": draw(st.sampled_from([0, 1, 2, 3, 9]))}
        spikes[f"spike-{k}"] = draw(events(list(all_demands))) | more
        if spikes[f"spike-{k}"]["seen"] == "hidden":
            del spikes[f"spike-{k}"]["announced"]
    for k in range(draw(st.integers(0, 3))):
        troubles[f"disruption-{k}"] = draw(disruptions(all_lanes, names))
    makers = {
        "near": draw(shared("supplier", "near", all_lanes)),
        "far": draw(suppliers()) | draw(shared("supplier", "far", all_lanes)),
    }
    world = {
        "name": "random",
        "units": "whole" if whole else "continuous",
        "sources_ship": "after-receiving" if late else "before-receiving",
        "horizon": {"periods": periods, "ends": draw(st.sampled_from([False, False, True])), **calendar},
        "objective": {
            "discount": draw(st.sampled_from([1.0, 1.0, 0.9])),
            "leftovers": draw(st.sampled_from(["at-cost", "at-cost", "worthless"])),
        },
        "stocks": all_stocks,
        "lanes": all_lanes,
        "warehouses": draw(warehouses()),
        "suppliers": makers,
        "routes": {
            "road": draw(shared("route", "road", all_lanes)),
            "sea": draw(vehicles("sea", all_lanes, makers)),
        },
        "demands": all_demands,
        "correlations": draw(correlations(all_demands)),
        "spikes": spikes,
        "disruptions": troubles,
        "drivers": {"tension": {"chance": 0.5, "times": 3}},
    }
    return loaded(world)


@st.composite
def crowded(draw: st.DrawFn, periods: int = 12) -> Scenario:
    """Draw two shops behind a depot that two lanes supply: each pair of lanes shares a capacity, or full vehicles."""
    whole, late = draw(st.booleans()), draw(st.booleans())
    units = whole_numbers if whole else fractions
    all_lanes = {f"lane-{k}": draw(lanes(to, units)) for k, to in enumerate(["north", "south", "depot", "depot"])}
    inner, outer = [all_lanes["lane-0"], all_lanes["lane-1"]], [all_lanes["lane-2"], all_lanes["lane-3"]]
    for lane in inner:
        lane |= {"uses": {"depot": draw(units(1, 2))}, "supplier": "near", "route": "sea"}
        lane["lead_time"] = a_period_longer(lane["lead_time"]) if late else lane["lead_time"]
    for lane in outer:
        lane |= {"supplier": "far", "route": "road"}
    routes = {}
    for name, pair in (("sea", inner), ("road", outer)):
        most = sum(lane.get("capacity", 4.0) for lane in pair)
        full = {"vehicle_capacity": draw(whole_numbers(1, 4)), "vehicle_cost": 2.0, "full_loads": True}
        routes[name] = full if full["vehicle_capacity"] <= most and draw(st.booleans()) else {}
    makers = {name: draw(suppliers()) | draw(shared("supplier", name, all_lanes)) for name in ("near", "far")}
    for name, maker in (("sea", "near"), ("road", "far")):
        if routes[name] and "capacity" in makers[maker]:  # what must fill a vehicle has to fit through the capacity
            makers[maker]["capacity"] += routes[name]["vehicle_capacity"]
    names = ["north", "south", "depot"]
    return loaded(
        {
            "name": "crowded",
            "units": "whole" if whole else "continuous",
            "sources_ship": "after-receiving" if late else "before-receiving",
            "horizon": {"periods": periods},
            "stocks": {name: draw(stocks(units)) for name in names},
            "lanes": all_lanes,
            "warehouses": draw(warehouses()),
            "suppliers": makers,
            "routes": routes,
            "demands": {f"of-{name}": draw(demands([name], units, periods)) for name in names},
            "disruptions": {
                f"disruption-{k}": draw(disruptions(all_lanes, names)) for k in range(draw(st.integers(0, 2)))
            },
            "drivers": {"tension": {"chance": 0.5, "times": 3}},
        }
    )


VARIED: dict[str, dict[str, list[Any]]] = {
    "stocks": {
        "holding_cost": [0.0, 7.5],
        "shrinkage": [0.0, 0.5],
        "loss_cost": [0.0, 2.0],
        "volume": [0.3, 2.0],
        "warehouse": [None, "shed"],
        "seen_late": [0, 2],
        "issuing": ["fifo", "lifo"],
    },
    "lanes": {
        "unit_cost": [0.0, 2.0],
        "pays_after": [0, 3],
        "order_delay": [0, 2],
        "delays": [None, {"regimes": slower}, {"steps": [[2, 5]]}],
        "lead_time": [1, 4],
    },
    "demands": {
        "unmet": ["lost", "backlog"],
        "price_erosion": [0.0, 0.05],
        "markdown": [None, {"starts": 4, "price": 1, "elasticity": 2}],
        "season": [[], [0.5, 1.5]],
    },
    "disruptions": {"severity": [0.3, 1.0], "delays": [0, 3], "lasts": [1, 4], "destroys": [0.2, 1.0]},
    "warehouses": {"rate": [0.0, 2.0], "rent": [0.0, 2.0]},
}
"""Keys by table that the worlds of a random family may differ in, and values of each."""


@st.composite
def families(draw: st.DrawFn, file: Path) -> Family:
    """Draw a family of a scenario, which is written into a file: up to four keys vary."""
    scenario = draw(scenarios(periods=12))
    file.write_text(yaml_of(scenario), encoding="utf-8")
    keys = [
        (f"{table}.{name}.{field}", values)
        for table, fields in VARIED.items()
        for name in getattr(scenario, table)
        for field, values in fields.items()
    ]
    some = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=4, unique_by=lambda each: each[0]))
    made = {"name": "drawn", "family": {"of": str(file), "varies": dict(some)}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoEffect)
        try:
            return family(made)
        except ScenarioError:  # values that do not go with the rest of this scenario
            reject()
