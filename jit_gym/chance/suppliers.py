"""Suppliers as they are: late now and then, short now and then, whichever lane they ship on."""

from __future__ import annotations

import numpy as np

from ..scenario import Scenario, Supplier
from ..scenario.model import Late, Short
from .bits import uniforms
from .lead_times import longest, varies
from .tables import counts, fill, fill_continuous


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


def lateness(keys: np.ndarray, more_keys: np.ndarray, paths: np.ndarray, periods: int, late: Late) -> np.ndarray:
    """Draw the periods by which each period's shipments are late (periods, paths): mostly 0."""
    by = np.empty((periods, len(paths), 1))
    fill(by, 0, more_keys, paths, counts(late.by))
    return np.where(uniforms(keys, paths, periods) < late.chance, by[:, :, 0], 0.0)


def filled(keys: np.ndarray, more_keys: np.ndarray, paths: np.ndarray, periods: int, short: Short) -> np.ndarray:
    """Draw the share of what would be shipped in each period that is (periods, paths): mostly 1."""
    by = np.empty((periods, len(paths), 1))
    fill_continuous(by, 0, more_keys, paths, short.by, whole=False)
    return np.where(uniforms(keys, paths, periods) < short.chance, 1.0 - by[:, :, 0], 1.0)
