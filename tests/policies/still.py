"""A moment to order in: a state that is given, not played."""

from __future__ import annotations

from typing import Any

import numpy as np

from jit_gym.physics import Layout, View
from jit_gym.policies import RULES, PolicyError, policy
from jit_gym.scenario import Scenario, load


class Still:
    """One path in a state that never changes; fields of the state that are not given are 0."""

    def __init__(self, scenario: Scenario, period: int, pipeline: list[float], seen: list[float], **state: Any) -> None:
        """Take the fields of the state, one number for each stock, lane or demand.

        `pipeline` has what arrives in the next 1, 2, ... periods, lane by lane. What has arrived already, which
        lies before it on each lane, is 99 units: a rule that counts them as on the way fails the test.
        """
        self.layout, self.period, self._state = Layout(scenario), period, state
        rows = self.layout.net.lanes
        self._coming = [range(int(row["first_slot"]) + 1, int(row["last_slot"])) for row in rows]
        coming = [slot for slots in self._coming for slot in slots]
        self.pipeline = np.zeros((1, int(self.layout.sizes.slots)))
        self.pipeline[0, [slots.start - 1 for slots in self._coming]] = 99.0
        assert len(pipeline) in (0, len(coming))
        self.pipeline[0, coming] = pipeline or 0.0
        columns = self.layout.columns
        self.seen = np.array([seen or [0.0] * columns.seen], float)

    def read(self, table: str, field: str) -> np.ndarray:
        """Return one field of the state (1, how many there are)."""
        given = self._state.get(field, [0.0] * len(getattr(self.layout, table)))
        if field == "in_transit" and field not in self._state:
            given = [self.pipeline[0, slots].sum() for slots in self._coming]
        return np.array([given], float)


def look(scenario: Scenario, period: int = 1, pipeline: Any = (), seen: Any = (), **state: Any) -> View:
    """Return the view of a state: `look(shop, on_hand=[5], waiting=[2])`."""
    return View(Still(scenario, period, list(pipeline), list(seen), **state))


def orders(what: Any, scenario: Scenario, **state: Any) -> list[float]:
    """Return what a policy orders on each lane in a state."""
    (row,) = policy(what, scenario)(look(scenario, **state)).tolist()
    return row


def fitting(scenario: str | Scenario) -> list[str]:
    """Return the names of all rules that fit a scenario."""
    return [name for name in RULES if fits(name, load(scenario))]


def fits(name: str, scenario: Scenario) -> bool:
    """Tell whether a rule fits a scenario."""
    try:
        policy(name, scenario)
    except PolicyError:
        return False
    return True
