"""Who decides what where many agents run one network: which lanes each orders on, what it sees and what it earns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from gymnasium.spaces import Box

from ..common.text import quoted
from ..physics.costs import earned, orders_read
from ..physics.tables import batch_state
from ..scenario import BadInput
from .episodes import EpisodeBatch
from .observation import Codec

AGENTS = ("stage", "lane")
REWARDED = ("own", "shared")


class Member(NamedTuple):
    """One agent of a team."""

    name: str
    stock: int
    """The place of its stock among all."""
    lanes: np.ndarray
    """The places of the lanes that it orders on."""
    places: np.ndarray
    """The places of what it sees among the numbers of the whole observation."""
    roles: tuple[str, ...]
    """What each of these numbers is to it: `stock.on_hand`, `customer_0.owed`, `lane_0.waiting`, ..., each once."""


class Team:
    """The agents of a scenario: one a stage (a stock, and all lanes to it), or one a lane.

    An agent sees, of the numbers of the whole observation: those of its stock; the backlog and the forecast of the
    demands that draw on its stock; what waits unshipped on the lanes that take from its stock, which is its backlog to
    other stocks; those of the lanes that it orders on; and what belongs to no stock, lane or demand: dates, announced
    spikes, a world's context. It does not see the stock of others, nor orders that are still on their way to it. What
    was asked of it in the last period is not a number of its own: it is what was used, and what was added to the
    backlogs.
    """

    def __init__(self, codec: Codec, agents: str = "stage", rewarded: str = "own") -> None:
        """Find out who sees what.

        Raises:
            BadInput: for other agents, another way to reward them, and names by which one cannot tell what is whose.
        """
        for name, value, known in (("agents", agents, AGENTS), ("rewarded", rewarded, REWARDED)):
            if value not in known:
                raise BadInput(f"{name}: must be {' or '.join(map(repr, known))}, got {quoted(value)}")
        scenario = codec.layout.scenario
        parts = (scenario.stocks, scenario.lanes, scenario.demands, scenario.spikes, scenario.disruptions)
        name, times = Counter(name for part in parts for name in part).most_common(1)[0]
        if times > 1:
            raise BadInput(
                f"{scenario.name}: {name!r} names {times} things, and agents see things by name (rename one)"
            )
        self.codec, self.shares = codec, rewarded == "shared"
        layout, into = codec.layout, codec.layout.net.lanes["to"].astype(int)
        if agents == "stage":
            who = [(name, i, np.flatnonzero(into == i)) for i, name in enumerate(layout.stocks)]
        else:
            who = [(name, int(into[m]), np.array([m])) for m, name in enumerate(layout.lanes)]
        self.members = []
        for name, stock, lanes in who:
            roles = dict(self._roles(stock, lanes))
            self.members.append(Member(name, stock, lanes, np.array(list(roles.values())), tuple(roles)))
        self.names = [member.name for member in self.members]

    def _roles(self, stock: int, lanes: np.ndarray) -> Iterator[tuple[str, int]]:
        """Yield what an agent sees: what it is to it, and its place among the numbers of the whole observation."""
        layout = self.codec.layout
        customers = [layout.demands[d] for d in np.flatnonzero(layout.needs[:, stock])]
        takers = [layout.lanes[m] for m in np.flatnonzero(layout.uses[:, stock])]
        mine = [layout.lanes[m] for m in lanes]
        dates = len(self.codec.from_state) + len(self.codec.from_seen)
        anybodys = {*layout.stocks, *layout.lanes, *layout.demands}
        for place, name in enumerate(self.codec.names):
            of, _, what = name.partition(".")
            if place >= dates or of not in anybodys:
                yield name, place
            elif of == layout.stocks[stock]:
                yield f"stock.{what}", place
            elif of in customers:
                yield f"customer_{customers.index(of)}.{'owed' if what == 'backlog' else what}", place
            elif of in mine:
                yield f"lane_{mine.index(of)}.{what}", place
            if place < dates and of in takers and what == "waiting":
                yield f"customer_{len(customers) + takers.index(of)}.owed", place

    def knows(self, member: Member) -> set[str]:
        """Return the names of the stock, the lanes and the demands that are an agent's own."""
        layout = self.codec.layout
        customers = [layout.demands[d] for d in np.flatnonzero(layout.needs[:, member.stock])]
        return {layout.stocks[member.stock], *(layout.lanes[m] for m in member.lanes), *customers}

    def observation_space(self, member: Member) -> Box:
        """Return the space of what an agent sees."""
        return Box(0.0, self.codec.high[member.places].astype(np.float32), dtype=np.float32)

    def action_space(self, member: Member) -> Box:
        """Return the space of what an agent orders: the numbers of its lanes of the whole action space."""
        whole = self.codec.spaces[1]
        return Box(whole.low[member.lanes], whole.high[member.lanes], dtype=np.float32)

    @cached_property
    def of_stocks(self) -> np.ndarray:
        """Return which part of each stock's money is each agent's (stocks, agents): all, or that of its lanes."""
        mine = np.array([[member.stock == i for member in self.members] for i in range(len(self.codec.layout.stocks))])
        return np.asarray(mine / mine.sum(axis=1, keepdims=True))

    @cached_property
    def of_lanes(self) -> np.ndarray:
        """Return whose money each lane's is (lanes, agents)."""
        lanes = range(len(self.codec.layout.lanes))
        return np.array([[m in member.lanes for member in self.members] for m in lanes], float)

    def rewards(self, episodes: EpisodeBatch, flows: np.ndarray, read: np.ndarray) -> np.ndarray:
        """Return what each agent is rewarded with for the last period, in money (paths, agents).

        Own rewards are those of the agent's stock (a part of it, where several lanes with an agent each lead there) and
        lanes, as `physics.costs.earned` divides the period's; they add up to that. A shared one is the period's.

        Args:
            episodes: the batch, as the period has ended.
            flows: all that happened in it (flows, paths).
            read: what sources read in it, from `orders_read` before it.
        """
        layout = episodes.layout
        if self.shares:
            return np.repeat(flows[episodes.reward_place][:, None], len(self.members), axis=1)
        state, tables, chance = episodes.tables(flows)
        part = earned(layout, state, tables, chance, read)
        return part.stocks @ self.of_stocks + part.lanes @ self.of_lanes

    def orders_read(self, episodes: EpisodeBatch) -> np.ndarray:
        """Return what sources will read in the coming period (paths, lanes), for `rewards` after it."""
        return orders_read(episodes.layout, batch_state(episodes.states, episodes.layout.sizes))
