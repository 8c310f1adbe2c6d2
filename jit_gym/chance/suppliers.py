"""Suppliers as they are: late now and then, short now and then, whichever lane they ship on."""

from __future__ import annotations

import numpy as np

from ..scenario import Scenario, Supplier
from ..scenario.model import Late, Short
from .lead_times import longest, varies
from .tables import counts, quantile


def supplier_of(scenario: Scenario, lane: str) -> Supplier:
    """Return who ships on a lane; a reliable nobody where none is named."""
    name = scenario.lanes[lane].supplier
    return scenario.suppliers[name] if name else Supplier()


def is_random(scenario: Scenario, lane: str) -> bool:
    """Tell whether a lane's lead times need to be drawn: they vary, or its supplier may be late."""
    late = supplier_of(scenario, lane).late
    return varies(scenario.lanes[lane].lead_time) or (late is not None and late.chance > 0)


def falls_short(scenario: Scenario, lane: str) -> bool:
    """Tell whether what a lane ships may fall short."""
    short = supplier_of(scenario, lane).short
    return short is not None and short.chance > 0


def slowest(scenario: Scenario, lane: str) -> int:
    """Return the most periods that a shipment on a lane may take."""
    late = supplier_of(scenario, lane).late
    return longest(scenario.lanes[lane].lead_time) + (int(counts(late.by).values[-1]) if late and late.chance else 0)


def failing(u: np.ndarray, more: np.ndarray, how: Late | Short) -> np.ndarray:
    """Return by how much a supplier is late or short in each period: mostly 0, from two numbers between 0 and 1."""
    return np.where(u < how.chance, quantile(how.by, more, whole=False), 0.0)
