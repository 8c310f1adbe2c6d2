"""Make the world of one item of a shop, or of all, from its scenario and what was fitted to a part of its sales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..common.checks import BadInput
from ..scenario import Distribution, Scenario
from .fit import Fitted
from .shop import asked_for, extras_of

FITTED = ("distribution", "regimes", "history", "occurs", "season", "trend", "autocorrelation", "forecast")
"""What of a demand is fitted anew to the part of the history that a world is made from."""
SHARED = ("suppliers", "routes", "warehouses")


class Shop:
    """A scenario of items that are bought from outside and sold, one demand each, in parts.

    Attributes:
        scenario: all of it.
        items: the stocks that have sales, in the order of these.
        coupled: what items share that makes their orders depend on one another, by place; nothing of most shops.
    """

    def __init__(self, scenario: Scenario, items: Sequence[str]) -> None:
        """Take a scenario apart.

        Raises:
            BadInput: for a stock without its demand, one that feeds another, or a kit.
        """
        self.scenario, self.resolved = scenario, scenario.resolved
        self.items = tuple(item for item in items if item in scenario.stocks)
        if not self.items:
            raise BadInput(f"{scenario.name}: has no stock with sales (its stocks must be called as the items are)")
        for name, lane in scenario.lanes.items():
            if lane.uses:
                raise BadInput(f"lanes.{name}: must ship from outside, as advise judges items by themselves")
        for item in self.items:
            demand = scenario.demands.get(f"sell-{item}")
            if demand is None or demand.draws_on != {item: 1.0}:
                raise BadInput(f"demands.sell-{item}: must be the one demand of {item} (jit-gym new writes it so)")
        other = {f"sell-{item}" for item in self.items}
        if extra := [name for name in scenario.demands if name not in other]:
            raise BadInput(f"demands.{extra[0]}: has no sales to judge by (leave it out, with its stock and lanes)")
        self.lanes: dict[str, list[str]] = {item: [] for item in self.items}
        for name, lane in scenario.lanes.items():
            self.lanes[lane.to].append(name)
        self.coupled = tuple(self._coupled())
        self._demands = {
            name: {key: each for key, each in self.resolved["demands"][name].items() if key not in FITTED}
            for name in (f"sell-{item}" for item in self.items)
        }
        own = {f"{kind}-{item}" for item in self.items for kind in ("promotion", "spike")}
        self._hitting: dict[tuple[str, str], list[str]] = {}
        for table in ("spikes", "disruptions"):
            for name, event in self.resolved.get(table, {}).items():
                for hit in () if table == "spikes" and name in own else event["hits"]:
                    self._hitting.setdefault((table, hit), []).append(name)

    def _coupled(self) -> list[str]:
        scenario, found = self.scenario, []
        for table, key in (("suppliers", "supplier"), ("routes", "route")):
            for name, part in getattr(scenario, table).items():
                users = {lane.to for lane in scenario.lanes.values() if getattr(lane, key) == name}
                costs = getattr(part, "vehicle_cost", 0) or getattr(part, "full_loads", False)
                if len(users) > 1 and (costs or part.capacity is not None):
                    found.append(f"{table}.{name}")
        for name, house in scenario.warehouses.items():
            users = {key for key, stock in scenario.stocks.items() if stock.warehouse == name}
            if len(users) > 1 and house.space:
                found.append(f"warehouses.{name}")
        return found

    def part(self, items: Sequence[str], share: float = 1.0, as_it_is: bool = False) -> dict[str, Any]:
        """Return the scenario of some items, without what is fitted to their sales, or as it is.

        Args:
            items: their names.
            as_it_is: whether what is fitted to their sales stays.
            share: of each route that they have, as they are a part of those that use it: of its vehicles' capacity and
                cost.
        """
        whole = self.resolved
        lanes = {name: whole["lanes"][name] for item in items for name in self.lanes[item]}
        used = {
            "suppliers": {lane.get("supplier") for lane in lanes.values()},
            "routes": {lane.get("route") for lane in lanes.values()},
            "warehouses": {whole["stocks"][item].get("warehouse") for item in items},
        }
        tables: dict[str, Any] = {
            table: {name: part for name, part in whole.get(table, {}).items() if name in used[table]}
            for table in SHARED
        }
        if share < 1.0:
            tables["routes"] = {name: _part(route, share) for name, route in tables["routes"].items()}
        asked = self.resolved["demands"] if as_it_is else self._demands
        demands = {f"sell-{item}": asked[f"sell-{item}"] for item in items}
        there = {*items, *lanes, *demands, *tables["suppliers"], *tables["routes"]}
        for table in ("spikes", "disruptions"):
            hitting = {name: None for each in there for name in self._hitting.get((table, each), ())}
            if table == "spikes" and as_it_is:
                own = (f"{kind}-{item}" for item in items for kind in ("promotion", "spike"))
                hitting |= {name: None for name in own if name in whole.get(table, {})}
            events = ((name, whole[table][name]) for name in hitting)
            tables[table] = {
                name: {**event, "hits": [h for h in event["hits"] if h in there]} for name, event in events
            }
        tables |= {"lanes": lanes, "demands": demands}
        tables["stocks"] = {item: whole["stocks"][item] for item in items}
        rest = {key: value for key, value in whole.items() if key not in ("policies", "title", "correlations", *tables)}
        if len(items) == 1:
            rest["name"] = items[0]
        return {**rest, **{key: table for key, table in tables.items() if table}}


def fitted_document(
    part: Mapping[str, Any], fits: Mapping[str, Fitted], periods: int, starts: np.datetime64
) -> dict[str, Any]:
    """Return the scenario of some items whose demand is what was fitted to each.

    Args:
        part: what the scenario says of them (`Shop.part`).
        fits: what was fitted, by item.
        periods: how long an episode is.
        starts: the first day of period 0.
    """
    demands, spikes = dict(part["demands"]), dict(part.get("spikes", {}))
    for item, fitted in fits.items():
        demands[f"sell-{item}"] = {**demands[f"sell-{item}"], **asked_for(fitted)}
        spikes |= extras_of(item, fitted, lead_time(part, item))
    horizon = spanning(part, periods, starts)
    return {**part, "horizon": horizon, "demands": demands, **({"spikes": spikes} if spikes else {})}


def spanning(part: Mapping[str, Any], periods: int, starts: np.datetime64) -> dict[str, Any]:
    """Return the horizon of a scenario over other periods, from another date on where it has one."""
    horizon = {**part.get("horizon", {}), "periods": periods}
    return {**horizon, "starts": str(starts)} if "starts" in horizon else horizon


def lead_time(part: Mapping[str, Any], item: str) -> float:
    """Return the mean lead time of an item's quickest lane, in periods."""
    lanes = [lane for lane in part["lanes"].values() if lane["to"] == item]
    return min(Distribution.model_validate(lane.get("lead_time", 0)).mean for lane in lanes)


def _part(route: Mapping[str, Any], share: float) -> dict[str, Any]:
    """Return a route whose vehicles are a part of what they are: of their capacity, and of their cost."""
    keys = ("vehicle_capacity", "vehicle_cost", "capacity")
    return {key: value * share if key in keys else value for key, value in route.items() if key != "full_loads"}
