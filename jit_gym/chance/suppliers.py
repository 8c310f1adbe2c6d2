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
    """Tell whether a lane's lead times need to be drawn: they vary, drift, or may be late or delayed."""
    late, way = supplier_of(scenario, lane).late, scenario.lanes[lane]
    is_late = late is not None and late.chance > 0
    return varies(way.lead_time) or way.delays is not None or is_late or bool(delayed_by(scenario, lane))


def delayed_by(scenario: Scenario, lane: str) -> dict[str, int]:
    """Return by how many periods each disruption that hits a lane delays what it ships."""
    delays = {key: scenario.disruptions[key].delays for key in scenario.hit_by[lane]}
    return {key: periods for key, periods in delays.items() if periods}


def falls_short(scenario: Scenario, lane: str) -> bool:
    """Tell whether what a lane ships may fall short."""
    short = supplier_of(scenario, lane).short
    return short is not None and short.chance > 0


def slowest(scenario: Scenario, lane: str) -> int:
    """Return the longest time in periods that a shipment on a lane may take, all delays included."""
    late, way = supplier_of(scenario, lane).late, scenario.lanes[lane]
    usual = longest(way.lead_time) + (way.delays.longest if way.delays else 0)
    later = int(counts(late.by).values[-1]) if late and late.chance else 0
    return usual + later + sum(delayed_by(scenario, lane).values())


def failing(u: np.ndarray, more: np.ndarray, how: Late | Short) -> np.ndarray:
    """Return by how much a supplier is late (periods) or short (share) in each period, from two uniform numbers."""
    return np.where(u < how.chance, quantile(how.by, more, whole=False), 0.0)
