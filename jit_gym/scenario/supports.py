"""Which fields of a scenario each consumer supports: one table, so that what is not supported is refused by name.

A field with its default value is supported by all. A new field of the schema needs a row here: a test names those that
are missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from .model import Scenario
from .part import Part, meaning

CONSUMERS = {
    "E": "the exact solver (`jit-gym solve`, exact costs)",
    "M": "merging what arrives next with what is on hand, in the exact solver",
    "P": "leaving the lead time out, in the exact solver: the inventory position is the state",
    "L": "the closed form of the best levels (`theory.closed_forms.best_levels`)",
    "Q": "the rules for lost sales that compute what will be left of the pipeline (myopic, myopic-2, ...)",
    "D": "deep controlled learning (`jit-gym train --agent dcl`)",
    "B": "the clairvoyant bound (`jit-gym bound`)",
    "T": "play on tensors, with gradients (`physics.gradient`)",
    "F": "the formulas of rules, for which it does not matter or is taken into account (else a note says so)",
    "G": "the agent that plays any single stock (`agent:generalist`)",
}
"""Consumers by their letters in `SUPPORT`, and what they are."""

SUPPORT = {
    "horizon.periods": "EMPLQDBTFG",
    "horizon.period": "EMPLQDBTFG",
    "horizon.periods_per_year": "EMPLQDBTFG",
    "horizon.starts": "EMPLQDBTFG",
    "horizon.ends": "EM..QDBTFG",
    "objective.discount": "EMP.QDBTF.",
    "objective.leftovers": "EMPLQDBTFG",
    "objective.fill_rate": "......BT..",
    "units": "EMPLQDBTFG",
    "sources_ship": "EMPLQDBTFG",
    "stocks.initial": "EMPLQDBTFG",
    "stocks.unit_value": "EMPLQDBTFG",
    "stocks.holding_cost": "EMPLQDBTFG",
    "stocks.storage_limit": "E....DBT..",
    "stocks.shelf_life": "E....DBT..",
    "stocks.issuing": "E...QDBTFG",
    "stocks.waste_cost": "E...QDBTFG",
    "stocks.warehouse": "......BTF.",
    "stocks.volume": "......BTF.",
    "stocks.shrinkage": "......BT..",
    "stocks.loss_cost": "E...QDBTFG",
    "stocks.obsolete": "......BT..",
    "stocks.scrap_value": "....QDBTFG",
    "stocks.terminal_value": "EM..Q.BTF.",
    "stocks.rationing": "EM..QDBTFG",
    "stocks.seen_late": ".....DBTF.",
    "warehouses.space": "......BT..",
    "warehouses.rent": "......BTF.",
    "warehouses.rate": "......BTF.",
    "lanes.to": "EMPLQDBTFG",
    "lanes.uses": "EM...DBTF.",
    "lanes.order_delay": "EMP..DBTF.",
    "lanes.lead_time": "EMPLQDBTFG",
    "lanes.delays": "......BT..",
    "lanes.crossing": "EM..QDBTFG",
    "lanes.supplier": "EMPLQDBTFG",
    "lanes.route": "EMPLQDBTFG",
    "lanes.capacity": "EMP.QDBT..",
    "lanes.batch": "EMP..DBT..",
    "lanes.minimum_order": "EMP..DBT..",
    "lanes.unit_cost": "EMPLQDBTFG",
    "lanes.fixed_cost": "EMPL.DBT.G",
    "lanes.in_transit_cost": "EM..QDBTF.",
    "lanes.waiting_cost": "EMP.QDBTFG",
    "lanes.unshipped": "EMP.QDBTFG",
    "lanes.pays_after": "EMP.QDBTFG",
    "lanes.cost_erosion": "......BTF.",
    "lanes.defects": "......BT..",
    "lanes.reject_cost": "E...QDBTFG",
    "lanes.age_on_arrival": ".......T..",
    "lanes.minimum_life": ".......T..",
    "lanes.share": "EMPLQDBTFG",
    "lanes.critical": "EMPLQDBTFG",
    "lanes.initial": "EMPLQDBTFG",
    "lanes.initial_orders": "EMP.QDBTFG",
    "suppliers.capacity": "E....DBT..",
    "suppliers.rationing": "E....DBTFG",
    "suppliers.late": "....QDBTF.",
    "suppliers.short": "......BT..",
    "routes.capacity": "EM...DBT..",
    "routes.rationing": "EMP..DBTFG",
    "routes.vehicle_capacity": "EMPLQDBTFG",
    "routes.vehicle_cost": "EMP..DBT..",
    "routes.full_loads": "EM...DBT..",
    "demands.draws_on": "EMPLQDBTFG",
    "demands.distribution": "EMPLQDBTFG",
    "demands.regimes": "EMP...BT..",
    "demands.regime_seen": "EMP..DBTFG",
    "demands.history": "EMP.Q.BTFG",
    "demands.occurs": "EMP.QDBTFG",
    "demands.autocorrelation": "......BT..",
    "demands.forecast": "......BTF.",
    "demands.season": "EMP...BT.G",
    "demands.trend": "......BT.G",
    "demands.unmet": "EMPLQDBT.G",
    "demands.shortage_cost": "EMPLQDBTFG",
    "demands.terminal_cost": "E.....BTF.",
    "demands.price": "E...QDBTFG",
    "demands.price_erosion": "......BTF.",
    "demands.markdown": "......BT..",
    "demands.pays_after": "EMP.QDBTFG",
    "correlations.between": ".....DBT..",
    "correlations.correlation": ".....DBT..",
    "spikes.hits": "......BT.G",
    "spikes.starts": "......BT.G",
    "spikes.lasts": "......BT.G",
    "spikes.factor": "......BT.G",
    "spikes.seen": "......BT.G",
    "spikes.announced": "......BT.G",
    "disruptions.hits": "EMP...BT..",
    "disruptions.starts": "EMP...BT..",
    "disruptions.lasts": "EMP...BT..",
    "disruptions.stops": "EMP...BT..",
    "disruptions.severity": "EMP...BT..",
    "disruptions.destroys": "......BT..",
    "disruptions.delays": "......BT..",
    "disruptions.driver": "......BT..",
    "disruptions.recovers_over": "EMP...BT..",
    "disruptions.seen": "EMP...BT..",
    "disruptions.announced": ".MP...BT..",
    "disruptions.seen_late": ".MP...BT..",
    "drivers.chance": "......BTF.",
    "drivers.times": "......BTF.",
}
"""The letters of the consumers that support a field, `.` where one does not; some ask for whole units and more, too."""

EVENTS = ("spikes", "disruptions")
TABLES = ("stocks", "warehouses", "lanes", "suppliers", "routes", "demands", *EVENTS, "drivers")


@cache
def fields_of(consumer: str, table: str) -> frozenset[str]:
    """Return the fields of a table's parts that a consumer supports."""
    places = (place.partition(".") for place, letters in SUPPORT.items() if consumer in letters)
    return frozenset(field for name, _, field in places if name == table)


def unsupported(consumer: str, scenario: Scenario, parts: Mapping[str, Iterable[str]] | None = None) -> Iterator[str]:
    """Yield the place of each field of a scenario that a consumer does not support: `lanes.supplier.defects`.

    For a table of events of which a consumer supports no field, the places are names only: `spikes.fair`.

    Args:
        consumer: a letter of `CONSUMERS`.
        scenario: the scenario to look at.
        parts: which parts of which tables to look at; all of them by default.
    """
    for table in TABLES:
        known, all_of_it = fields_of(consumer, table), getattr(scenario, table)
        for name in all_of_it if parts is None else parts.get(table, ()):
            if not known and table in EVENTS:
                yield f"{table}.{name}"
                continue
            for field in meaning(all_of_it[name]):
                if field not in known:
                    yield f"{table}.{name}.{field}"
    known = fields_of(consumer, "objective")
    yield from (f"objective.{field}" for field in meaning(scenario.objective) if parts is None and field not in known)
    if parts is None and scenario.correlations and not fields_of(consumer, "correlations"):
        yield "correlations"


def supports(consumer: str, table: str, part: Part) -> bool:
    """Tell whether a consumer supports all fields of a part that differ from their defaults."""
    return set(meaning(part)) <= fields_of(consumer, table)
