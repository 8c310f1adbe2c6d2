"""Quality: the units rejected on arrival, as a share, or because the process drifted during the lot."""

from __future__ import annotations

import numpy as np

from ..scenario import Distribution, Scenario
from ..scenario.model import Drift
from .tables import quantile


def rejects(scenario: Scenario, name: str) -> bool:
    """Tell whether anything that arrives on a lane may be rejected: for a defect, or for its age."""
    lane = scenario.lanes[name]
    if scenario.too_old(name) <= lane.age_on_arrival.highest:
        return True
    if isinstance(lane.defects, Drift):
        return lane.defects.drift > 0
    return lane.defects.highest > 0


def defective(u: np.ndarray, defects: Distribution | Drift) -> np.ndarray:
    """Return the defects of each period's arrivals, from numbers between 0 and 1 (periods, paths).

    For a share it is the share that is rejected. For a process that drifts with chance q at each unit it is how many
    units are good before it does: k or more with chance (1 - q)^k, so that of a lot of n units n - (1 - q)(1 - (1 -
    q)^n) / q are defective on average (Porteus 1986, equation 1).
    """
    if isinstance(defects, Drift):
        with np.errstate(divide="ignore"):
            return np.floor(np.log(u) / np.log1p(-defects.drift))
    return quantile(defects, u, whole=False)
