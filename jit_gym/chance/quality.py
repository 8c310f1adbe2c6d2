"""Quality: what is rejected of what arrives, as a share of it, or because the process drifted during the lot."""

from __future__ import annotations

import numpy as np

from ..scenario import Lane
from ..scenario.model import Drift
from .bits import uniforms
from .tables import fill_continuous


def rejects(lane: Lane) -> bool:
    """Tell whether anything that arrives on a lane may be rejected."""
    if isinstance(lane.defects, Drift):
        return lane.defects.drift > 0
    return lane.defects.highest > 0


def fill_defects(out: np.ndarray, column: int, keys: np.ndarray, paths: np.ndarray, defects: object) -> None:
    """Draw what decides on each period's arrivals into one column of `out` (periods, paths, columns).

    For a share it is the share that is rejected. For a process that drifts with chance q at each unit it is how many
    units are good before it does: k or more with chance (1 - q)^k, so that of a lot of n units n - (1 - q)(1 - (1 -
    q)^n) / q are defective on average (Porteus 1986, "Optimal lot sizing, process quality improvement and setup cost
    reduction", equation 1).
    """
    if isinstance(defects, Drift):
        with np.errstate(divide="ignore"):
            out[:, :, column] = np.floor(np.log(uniforms(keys, paths, out.shape[0])) / np.log1p(-defects.drift))
    else:
        fill_continuous(out, column, keys, paths, defects, whole=False)  # type: ignore[arg-type]
