"""Which states of a scenario can be counted as one, because their future costs are the same."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..chance.columns import hits_of
from ..chance.outcomes import horizon_of
from ..scenario import Scenario
from ..scenario.part import meaning
from ..scenario.supports import supports


class Merging(NamedTuple):
    """What is left out of a state, or brought to one form, so that states with the same future are one.

    Compiled code reads it too (`space.merge_states`).
    """

    ignores_use: bool  # the units used in the last period are left out
    arrives_early: np.ndarray  # (lanes,): what arrives next period counts as on hand
    nets_backlog: np.ndarray  # (demands,): units on hand serve the backlog at once, so that one of both is 0
    backlog_limit: np.ndarray  # (demands,): a backlog beyond so many units is cut ...
    backlog_step: np.ndarray  # (demands,): ... by a multiple of so many units


def nothing_merged(scenario: Scenario, *, ignores_use: bool) -> Merging:
    """Return a merging for a given policy, which may depend on all of the state, perhaps but for what was used."""
    none = np.zeros(len(scenario.demands), bool)
    unlimited = np.full(len(none), np.inf)
    return Merging(ignores_use, np.zeros(len(scenario.lanes), bool), none, unlimited, np.ones(len(none)))


def optimal_merging(scenario: Scenario) -> Merging:
    """Return which states may be merged when the policy is free to be the same in them.

    A scenario field that is not known to leave this valid (`scenario.supports`, column M) merges nothing.
    """
    plain = _has_no_more_than_is_known(scenario)
    simple = {name: plain and supports("M", "stocks", stock) for name, stock in scenario.stocks.items()}
    demands = len(scenario.demands)
    return Merging(
        True, _early_lanes(scenario, simple), _netted(scenario, simple), np.full(demands, np.inf), np.ones(demands)
    )


def _has_no_more_than_is_known(scenario: Scenario) -> bool:
    return not (scenario.spikes or scenario.correlations or any(map(meaning, scenario.suppliers.values())))


def _early_lanes(scenario: Scenario, simple: dict[str, bool]) -> np.ndarray:
    """Tell for which lanes next period's arrival counts as on hand (lanes,).

    Nothing may happen to the stock between now and then: no storage limit, no shelf life, no lane that takes from it
    before it receives, nothing that could stop what has been shipped.
    """
    sources = _sources(scenario)
    receives_first = scenario.sources_ship == "after-receiving"
    stopped = {lane for kind, lane in hits_of(scenario) if kind in ("transit", "receiving")}
    return np.array(
        [
            simple[lane.to]
            and supports("M", "lanes", lane)
            and (receives_first or lane.to not in sources)
            and name not in stopped
            for name, lane in scenario.lanes.items()
        ]
    )


def _netted(scenario: Scenario, simple: dict[str, bool]) -> np.ndarray:
    """Tell for which demands a unit on hand and a backlogged unit cancel out (demands,).

    The customer must be served without a price, alone, and from this stock only, and there must be no end at which
    only the unit on hand has a value.
    """
    sources = _sources(scenario)
    served = [name for demand in scenario.demands.values() for name in demand.draws_on]
    return np.array(
        [
            demand.unmet == "backlog"
            and supports("M", "demands", demand)
            and list(demand.draws_on.values()) == [1.0]
            and all(simple[name] and name not in sources and served.count(name) == 1 for name in demand.draws_on)
            and not (horizon_of(scenario) and any(scenario.stocks[name].terminal_value for name in demand.draws_on))
            for demand in scenario.demands.values()
        ]
    )


def _sources(scenario: Scenario) -> set[str]:
    """Return the stocks that lanes take units from."""
    return {name for lane in scenario.lanes.values() for name in lane.uses}
