"""Suppliers that are late or fall short at random, on all their lanes at once."""

from __future__ import annotations

import numpy as np

from ..scenario import Scenario, Supplier
from ..scenario.model import Late, Short
from .lead_times import longest, varies
from .tables import counts, quantile


def supplier_of(scenario: Scenario, lane: str) -> Supplier:
    """Return the supplier of a lane, or a default `Supplier`, never late or short, where none is named."""
    name = scenario.lanes[lane].supplier
    return scenario.suppliers[name] if name else Supplier()


def is_random(scenario: Scenario, lane: str) -> bool:
    """Tell whether a lane's lead times need to be drawn: they vary, or drift, or its supplier may be late."""
    late, way = supplier_of(scenario, lane).late, scenario.lanes[lane]
    return varies(way.lead_time) or way.delays is not None or (late is not None and late.chance > 0)


def falls_short(scenario: Scenario, lane: str) -> bool:
    """Tell whether what a lane ships may fall short."""
    short = supplier_of(scenario, lane).short
    return short is not None and short.chance > 0


def slowest(scenario: Scenario, lane: str) -> int:
    """Return the longest time in periods that a shipment on a lane may take, supplier delays included."""
    late, way = supplier_of(scenario, lane).late, scenario.lanes[lane]
    usual = longest(way.lead_time) + (way.delays.longest if way.delays else 0)
    return usual + (int(counts(late.by).values[-1]) if late and late.chance else 0)


def failing(u: np.ndarray, more: np.ndarray, how: Late | Short) -> np.ndarray:
    """Return by how much a supplier is late (periods) or short (share) in each period, from two uniform numbers."""
    return np.where(u < how.chance, quantile(how.by, more, whole=False), 0.0)
