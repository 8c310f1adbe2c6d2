"""What the world is: a scenario of stocks, lanes, suppliers, routes, demands and what can go wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from ..common import digest
from ..common.checks import BadInput
from . import consistency, limits
from .demands import Correlation, Demand, Forecast, History, Markdown, Regime
from .distribution import Distribution
from .events import Disruption, Driver, Event, Spike, Starts
from .horizon import PERIODS_PER_YEAR, Horizon, Objective
from .lanes import Delays, Drift, Lane, Late, Route, Short, Slower, Supplier
from .part import Part, Text, meaning
from .stocks import PeriodsOfSupply, Quantity, Stock, Warehouse
from .values import LONGEST_HORIZON, LONGEST_SPELL, LONGEST_WAIT, MOST_NUMBERS, UNREAD, Name

__all__ = [
    "LONGEST_HORIZON", "LONGEST_SPELL", "LONGEST_WAIT", "MOST_NUMBERS", "PERIODS_PER_YEAR", "UNREAD",
    "Correlation", "Delays", "Demand", "Disruption", "Distribution", "Drift", "Driver", "Event", "Forecast", "History",
    "Horizon", "Lane", "Late", "Markdown", "Objective", "PeriodsOfSupply", "Quantity", "Regime", "Route", "Scenario",
    "Short", "Slower", "Spike", "Starts", "Stock", "Supplier", "Warehouse",
]  # fmt: skip

FAMILIES = "jit-gym compare and show take families, and jit_gym.family(...).world(0) is a scenario"


class Scenario(Part):
    """A world to order in. Born valid, never changed; `jit_gym.load` makes one from YAML.

    Two scenarios are equal when their fingerprints are: when they are the same world, whatever it is called
    and however it was written.

    `units`: where they are whole, orders, shipments, demand, defects and kits are whole units.

    `sources_ship`: stocks ship in step 3, before they receive, or after step 4, so that what arrives today can leave
    today; then a lane from another stock has a lead time of 1 or more.
    """

    labels: ClassVar[frozenset[str]] = frozenset({"name", "title", "description", "policies", "regime"})
    most: ClassVar[Mapping[str, int]] = {"correlations": limits.PARTS}
    instead: ClassVar[Mapping[str, str]] = {"family": f"this is a family of scenarios: {FAMILIES}"}

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
    warehouses: dict[Name, Warehouse] = {}
    """Where stocks take up space that is paid for."""
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
    drivers: dict[Name, Driver] = {}
    """What makes related disruptions likelier in some years."""
    regime: Literal["calm", "stressed", "held-out"] | None = None
    """Which of the shocks that its disruptions name are in it: none, those to train on, or those for judging alone."""
    policies: tuple[Text, ...] = ()
    """What `compare` plays where no policy is named."""

    @field_validator("correlations")
    @classmethod
    def _are_told_once(cls, value: tuple[Correlation, ...]) -> tuple[Correlation, ...]:
        value = tuple(sorted(value, key=lambda each: each.between))
        for each, following in pairwise(value):
            if each.between == following.between:
                raise ValueError(f"the one between {' and '.join(each.between)} is given twice (remove one)")
        return value

    @model_validator(mode="after")
    def _parts_fit_together(self, info: ValidationInfo) -> Self:
        """Refuse parts that do not fit together, one kind of misfit after another."""
        consistency.check(self, unread=info.context == UNREAD)
        return self

    @cached_property
    def correlated(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Return the names of correlated demands, in the order of `demands`, and their correlation matrix."""
        named = {name for each in self.correlations for name in each.between}
        names = tuple(name for name in self.demands if name in named)
        matrix = np.eye(len(names))
        for each in self.correlations:
            i, j = map(names.index, each.between)
            matrix[i, j] = matrix[j, i] = each.correlation
        return names, matrix

    def check_length(self, warmup: int, periods: int) -> None:
        """Refuse to play more periods than the horizon has, where the world ends with it."""
        if self.horizon.ends and warmup + periods > self.horizon.periods:
            raise BadInput(f"periods: {self.name} ends after {self.horizon.periods} periods, got {warmup} + {periods}")

    @cached_property
    def feeds(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the lanes into each stock, in the order of `lanes`."""
        into: dict[str, list[str]] = {stock: [] for stock in self.stocks}
        for name, lane in self.lanes.items():
            into[lane.to].append(name)
        return {stock: tuple(names) for stock, names in into.items()}

    @cached_property
    def downstream_first(self) -> tuple[str, ...]:
        """Return the stocks in topological order: each comes before the stocks that its lanes take from."""
        made_of: dict[str, dict[str, None]] = {stock: {} for stock in self.stocks}
        for lane in self.lanes.values():
            made_of[lane.to] |= dict.fromkeys(lane.uses)
        return tuple(reversed(tuple(TopologicalSorter(made_of).static_order())))

    def upstream(self, stock: str) -> list[str]:
        """Return a stock and its direct and indirect sources, each once, in the order of `downstream_first`."""
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
        """Return each lane's share of the orders of its stock; the first lane without `share` gets the rest."""
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
        """Return the most that each lane ships in a period: the least of its own capacity and those that it shares."""
        parts = {name: [lane, *self.shared_by(name).values()] for name, lane in self.lanes.items()}
        limits = {name: [part.capacity for part in its if part.capacity is not None] for name, its in parts.items()}
        return {name: min(its, default=None) for name, its in limits.items()}

    def too_old(self, lane: str) -> float:
        """Return the age, in periods, from which goods that arrive on a lane are rejected; infinity for never."""
        life, least = self.stocks[self.lanes[lane].to].shelf_life, self.lanes[lane].minimum_life
        return np.inf if life is None or not least else life - least + 1.0

    @cached_property
    def hit_by(self) -> dict[str, tuple[str, ...]]:
        """Return the disruptions that hit each lane, its supplier or its route, in the order of `disruptions`."""
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

    @cached_property
    def destroyed_by(self) -> dict[str, tuple[str, ...]]:
        """Return the disruptions that destroy what is on a shelf or on the way, by place (`stocks.NAME`, `lanes.NAME`).

        A lane loses what is on the way when it, or its route, is hit.
        """
        destroying = {key: set(each.hits) for key, each in self.disruptions.items() if each.destroys}
        places: dict[str, set[str | None]] = {f"stocks.{name}": {name} for name in self.stocks}
        places |= {f"lanes.{name}": {name, lane.route} for name, lane in self.lanes.items()}
        found = {place: tuple(key for key, hits in destroying.items() if hits & its) for place, its in places.items()}
        return {place: keys for place, keys in found.items() if keys}

    @property
    def resolved(self) -> dict[str, Any]:
        """Return the scenario as plain JSON that `jit_gym.load` accepts, with the values of histories."""
        return self.model_dump(mode="json", exclude_unset=True, exclude_none=True)

    @cached_property
    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that are the same for the same world, on any machine.

        Labels such as titles do not count, nor does the notation of a value. Any number counts, and so does the order
        of stocks, lanes and demands, which is the order of the numbers in orders and observations, and that of regimes,
        as the first is the initial one.
        """
        world = [meaning(self), list(self.stocks), list(self.lanes), list(self.demands)]
        world += [[name, *demand.regimes] for name, demand in self.demands.items() if demand.regimes]
        world += [[name, *lane.delays.regimes] for name, lane in self.lanes.items() if lane.delays]
        return digest.of_text(json.dumps(world, sort_keys=True))[:16]

    def __eq__(self, other: object) -> bool:
        return self.fingerprint == other.fingerprint if isinstance(other, Scenario) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.fingerprint)


def is_label(key: str) -> bool:
    """Tell whether a dotted key of a scenario names or describes something, and changes nothing."""
    labels = Scenario.labels - {"regime"}  # which says what disruptions there are
    return key in labels or (key.count(".") > 1 and key.endswith(".title"))
