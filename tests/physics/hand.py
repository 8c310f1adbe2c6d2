"""Worlds to play by hand: on numbers of chance that are given, or on those that dates leave no choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jit_gym.chance import Chance
from jit_gym.physics import Flows, Layout, View
from jit_gym.physics.plain import ByHand
from jit_gym.scenario import Scenario

from ..worlds import shop


def world(overrides: dict[str, Any] | None = None, **parts: Any) -> ByHand:
    """Return a shop to be played by hand."""
    return ByHand(Layout(shop(overrides, **parts)))


def luck(by_hand: ByHand, demand: Any = 0.0, **happens: Any) -> list[float]:
    """Return a row of chance in which all goes well, but for what is named: a number for all, or one for each name."""
    columns = by_hand.layout.columns
    row = [0.0] * columns.chance
    for table in (columns.working, columns.filled, columns.cost, columns.price, columns.shared):
        for column in table.values():
            row[column] = 1.0
    for table, value in {"demand": demand, **happens}.items():
        for name, column in getattr(columns, table).items():
            row[column] = value.get(name, row[column]) if isinstance(value, dict) else value
    return row


class Story(ByHand):
    """A world played by hand on one path of its own chance, with a view of what is seen of it."""

    def __init__(self, scenario: Scenario, seed: int = 1) -> None:
        """Draw what will happen."""
        super().__init__(Layout(scenario))
        self.trace = Chance(scenario).draw(seed, 1)

    @property
    def seen(self) -> np.ndarray:
        """Return what can be seen of chance at this moment (columns.seen,)."""
        return self.trace.seen[self.period, 0]

    @property
    def view(self) -> View:
        """Return what one sees before ordering."""
        return View(self)

    def step(self, order: Sequence[Any], chance: Sequence[Any] | None = None) -> Flows:
        """Play one period on what happens in it."""
        return super().step(order, self.trace.chance[self.period, 0].tolist() if chance is None else chance)


def story(overrides: dict[str, Any] | None = None, **parts: Any) -> Story:
    """Return a shop to be played on its own chance."""
    return Story(shop(overrides, **parts))


def lanes(flows: Flows, field: str) -> list[float]:
    """Return a field of every lane's flows."""
    return [getattr(lane, field) for lane in flows.lanes]


def days(by_hand: Story, orders: Sequence[float], *fields: str) -> list[list[float]]:
    """Play a day for each order, placed on every lane alike, and return these fields of the first lane, day by day."""
    flows = [by_hand.step([order] * len(by_hand.net.lanes)) for order in orders]
    return [[lanes(each, field)[0] for each in flows] for field in fields]
