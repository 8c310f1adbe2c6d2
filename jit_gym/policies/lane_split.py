"""How the order for a stock is divided over the lanes that lead to it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..physics import Layout
from ..physics.numbers import is_tensor, like, product
from .lead_times import mean_time


class LaneSplit:
    """Divides orders for stocks over lanes, by the lanes' shares in the scenario or by others.

    Attributes:
        shares: each lane's share of the everyday orders for its stock (lanes,).
        stock_of: the index of the stock that each lane leads to (lanes,).
    """

    def __init__(self, layout: Layout) -> None:
        """Take the layout of a scenario."""
        self.layout, scenario = layout, layout.scenario
        self.whole = scenario.units == "whole"
        self.shares = np.array([scenario.shares[name] for name in scenario.lanes])
        self.stock_of: np.ndarray = layout.into.argmax(axis=1)
        into = layout.into
        self._up_to_lane = np.tril(
            into @ into.T
        ).T  # (lanes, lanes): 1 where one is another, or before it, into a stock
        self._cumulative_shares = self.shares @ self._up_to_lane

    def orders(self, quantities: Any, shares: np.ndarray | None = None) -> Any:
        """Return orders for the lanes (paths, lanes) from orders for the stocks (paths, stocks), by the lanes' shares.

        Whole units stay whole, and add up: a lane gets what its share adds to the rounded sum of the lanes before it.
        Other `shares` than the scenario's may be given, (lanes,) or (paths, lanes).
        """
        up_to = self._cumulative_shares if shares is None else shares @ self._up_to_lane
        shares = self.shares if shares is None else shares
        wanted = product(quantities, like(self.layout.into.T, quantities))
        if self.whole and not is_tensor(quantities):
            return np.floor(wanted * up_to + 0.5) - np.floor(wanted * (up_to - shares) + 0.5)
        return wanted * like(shares, wanted)

    @cached_property
    def outside_shares(self) -> np.ndarray:
        """Return the shares of orders where only lanes from outside are ordered on (lanes,)."""
        shares = np.where(self.layout.uses.any(axis=1), 0.0, self.shares)
        total = self.layout.into @ (shares @ self.layout.into)
        return shares / np.where(total > 0, total, 1.0)

    @cached_property
    def fastest(self) -> np.ndarray:
        """Return 1 for the lane into each stock that delivers soonest, and 0 for the others (stocks, lanes)."""
        scenario = self.layout.scenario
        out = np.zeros((len(self.layout.stocks), len(self.layout.lanes)))
        for i, names in enumerate(scenario.feeds.values()):
            out[i, self.layout.lanes.index(min(names, key=lambda name: mean_time(scenario, name)))] = 1.0
        return out
