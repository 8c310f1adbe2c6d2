"""What a picture of an episode shows: which lanes and stocks share a row of it, and their quantities in a period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..chance import usage
from ..physics.layout import Layout
from ..physics.view import View
from ..scenario import Scenario
from .observation import Codec

ROWS = 6  # of the picture; of more lanes those into a stock share one, of more stocks each is a bar
SLOTS = 12  # places of the pipeline that are shown one by one; what arrives later is in the last of them


class Way(NamedTuple):
    """A row of the pipeline: a lane, or several, and whether it is known when they deliver."""

    name: str
    lanes: list[int]
    dated: bool


class Shelf(NamedTuple):
    """A stock, with the lanes into it or all of them in one row."""

    name: str
    stock: int
    ways: list[Way]


class Moment(NamedTuple):
    """What is observed at the start of a period, in units: the same that an agent sees, cut where it is cut there."""

    on_hand: np.ndarray  # (stocks,)
    owed: np.ndarray  # (stocks,): what customers wait for
    waiting: np.ndarray  # (lanes,): what is ordered and not yet shipped
    in_transit: np.ndarray  # (lanes,)
    slots: np.ndarray  # (lanes, places): what arrives in this period, in the next, ..., on lanes that are dated
    works: np.ndarray  # (lanes,): the share that is known to work


class Contents:
    """The rows of a picture of a scenario, and how an observation fills them."""

    def __init__(self, layout: Layout, codec: Codec) -> None:
        """Find the rows."""
        self.scenario, self.layout, self.codec = layout.scenario, layout, codec
        rows = layout.net.lanes
        self.dated = [not row["varies"] for row in rows]
        ends = [int(row["last_slot"] - row["first_slot"]) - 1 for row in rows if not row["varies"]]
        self.places = max(1, min(SLOTS, max(ends, default=1)))
        self.later = any(end > SLOTS for end in ends)
        self.shelves = _shelves(self.scenario, layout, self.dated)
        self.waits = any(name.endswith((".waiting", ".read_in_1")) for name in codec.names)
        self.use = np.array([mean or 1.0 for mean, _ in usage(self.scenario).values()])

    @property
    def rows(self) -> int:
        """Return how many rows there are; 0 where each stock is a bar."""
        return sum(len(shelf.ways) for shelf in self.shelves)

    def moment(self, observation: np.ndarray) -> Moment:
        """Return what an observation (numbers,) shows."""
        seen = self.codec.decode(np.array(observation)[None])
        view = View(seen)
        pipeline = seen.pipeline[0]
        slots = np.zeros((len(self.layout.lanes), self.places))
        for m, name in enumerate(self.layout.lanes):
            k = 1
            while (place := self.layout.slots.get(f"{name}.arrives_in_{k}")) is not None:
                slots[m, min(k, self.places) - 1] += pipeline[place]
                k += 1
            if (place := self.layout.slots.get(f"{name}.waits_at_the_dock")) is not None:
                slots[m, 0] += pipeline[place]
        return Moment(
            on_hand=view.on_hand[0],
            owed=(view.backlog @ self.layout.needs)[0],
            waiting=(view.on_order - view.in_transit)[0],
            in_transit=view.in_transit[0],
            slots=slots,
            works=view.available[0],
        )


def _shelves(scenario: Scenario, layout: Layout, dated: Sequence[bool]) -> list[Shelf]:
    """Return the stocks with rows for their lanes: one each if all fit, else one for all; none of too many stocks."""
    if len(scenario.stocks) > ROWS:
        return []
    apart = sum(max(len(lanes), 1) for lanes in scenario.feeds.values()) <= ROWS
    shelves = []
    for i, (stock, names) in enumerate(scenario.feeds.items()):
        lanes = [layout.lanes.index(name) for name in names]
        groups = [[m] for m in lanes] if apart and lanes else [lanes]
        ways = [Way(_lane_name(layout, group), group, all(dated[m] for m in group)) for group in groups]
        shelves.append(Shelf(stock, i, ways))
    return shelves


def _lane_name(layout: Layout, lanes: Sequence[int]) -> str:
    return layout.lanes[lanes[0]] if len(lanes) == 1 else f"{len(lanes)} lanes"
