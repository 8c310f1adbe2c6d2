"""Which periods a figure is measured over: the long run where the scenario is stationary, else the horizon."""

from __future__ import annotations

import math
from typing import NamedTuple

from .model import Lane, Scenario

WARMUP = 120  # periods of the shortest warm-up
LONGEST = 10 * WARMUP  # periods of the longest warm-up, and of the longest cycle that is measured as a whole


class Window(NamedTuple):
    """How many periods are measured, and how many are played before them."""

    periods: int
    warmup: int


def window(scenario: Scenario, periods: int | None = None, warmup: int | None = None) -> Window:
    """Return the periods that count, and the warm-up before them, where they are not given.

    A stationary scenario that does not end has a long-run average: its horizon is measured after a warm-up, as a
    simulation's steady state is (Law 2015, section 9.5.1). Where events recur at nearly fixed times, it is rounded up
    to whole cycles, so that the share of time that they take is that of the long run (Law 2015, section 9.5.3).
    Elsewhere (an end, a discount, dates, a trend, a history played once) the horizon is measured from its start.
    """
    stays = stays_as_it_is(scenario)
    if warmup is None:
        warmup = settling(scenario) if stays else 0
    if periods is None:
        periods = in_whole_cycles(scenario, scenario.horizon.periods) if stays else scenario.horizon.periods
    return Window(periods, warmup)


def in_whole_cycles(scenario: Scenario, periods: int) -> int:
    """Return `periods` rounded up to whole cycles of all events that recur at nearly fixed times, or of the longest."""
    cycles = [cycle for cycle in by_the_clock(scenario).values() if cycle <= LONGEST]
    whole = math.lcm(*cycles)  # 1 without cycles
    if whole > LONGEST:
        whole = max(cycles)
    return -(-periods // whole) * whole


def by_the_clock(scenario: Scenario) -> dict[str, int]:
    """Return the cycle length in periods of each event that recurs at nearly the same time on every path.

    That is the case where the standard deviation of a cycle is less than a fifth of its mean: paths differ only after
    several cycles. The keys are places, such as `disruptions.strike`.
    """
    found = {}
    for table in ("disruptions", "spikes"):
        for name, event in getattr(scenario, table).items():
            spell, lasts = event.starts.spell, event.lasts
            if spell is None or event.never_begins or lasts.is_forever:
                continue
            cycle = spell.mean + lasts.mean
            if (spell.variance + lasts.variance) ** 0.5 < 0.2 * cycle:
                found[f"{table}.{name}"] = max(1, round(cycle))
    return found


def stays_as_it_is(scenario: Scenario) -> bool:
    """Tell whether a long-run average exists: no end, no discount, no trend, no dated or single events."""
    events = [*scenario.spikes.values(), *scenario.disruptions.values()]
    demands = scenario.demands.values()
    histories = [demand.history for demand in demands if demand.history is not None]
    once = any(history.replay == "as-it-was" for history in histories)
    once |= any(event.starts.spell is None for event in events)  # dated, or at a random period
    trends = any(demand.trend or demand.price_erosion or demand.markdown for demand in demands)
    trends |= any(lane.cost_erosion or (lane.delays and lane.delays.steps) for lane in scenario.lanes.values())
    ends = any(stock.obsolete or stock.terminal_value for stock in scenario.stocks.values()) or scenario.horizon.ends
    ends |= any(demand.terminal_cost for demand in demands)
    return not (ends or scenario.objective.discount < 1 or once or trends)


def season_of(scenario: Scenario) -> int:
    """Return the periods in the longest season of any demand."""
    demands = scenario.demands.values()
    return max(max(len(demand.season), demand.history.season if demand.history else 1, 1) for demand in demands)


def settling(scenario: Scenario) -> int:
    """Return about how many periods it takes until the initial state has no influence, in whole seasons.

    That is ten times the longest mean time of a unit through the network, or two cycles of the rarest disruption, but
    at least WARMUP and at most LONGEST.
    """
    cycles = [
        2.0 * (event.starts.spell.mean + (0.0 if event.lasts.is_forever else event.lasts.mean))
        for event in scenario.disruptions.values()
        if event.starts.spell is not None and not event.never_begins
    ]
    periods = int(min(max([WARMUP, 10 * (_longest_way(scenario) + 1.0), *cycles]), LONGEST))
    season = season_of(scenario)
    return -(-periods // season) * season


def slowest_delivery(scenario: Scenario) -> int:
    """Return the longest mean time on any lane from an order to its arrival, rounded up to whole periods."""
    return math.ceil(max(_time(lane) for lane in scenario.lanes.values()))


def _longest_way(scenario: Scenario) -> float:
    """Return the longest mean time from an order to a customer, over all lanes that a unit may take one after another.

    What a stock receives leaves it a period later where stocks ship before they receive.
    """
    stays = 1.0 if scenario.sources_ship == "before-receiving" else 0.0
    way: dict[str, float] = {}  # from the arrival at each stock to the customers
    for stock in scenario.downstream_first:
        leaving = [lane for lane in scenario.lanes.values() if stock in lane.uses]
        way[stock] = max((stays + _time(lane) + way[lane.to] for lane in leaving), default=0.0)
    return max(_time(lane) + way[lane.to] for lane in scenario.lanes.values())


def _time(lane: Lane) -> float:
    return lane.order_delay + lane.lead_time.mean + (lane.delays.longest if lane.delays else 0.0)
