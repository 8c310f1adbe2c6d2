"""What is random in a scenario, and what of it can be seen: the columns of a row of chance."""

from __future__ import annotations

from dataclasses import dataclass

from ..scenario import Distribution, ScenarioError
from ..scenario.errors import at
from ..scenario.model import MOST_NUMBERS, Disruption, Scenario
from .lead_times import keep_sequence, longest
from .quality import rejects
from .suppliers import falls_short, is_random, slowest


class _Room:
    """Allocates consecutive columns of a row."""

    def __init__(self) -> None:
        self.taken = 0

    def one(self) -> int:
        self.taken += 1
        return self.taken - 1

    def some(self, width: int) -> slice:
        self.taken += width
        return slice(self.taken - width, self.taken)


@dataclass(frozen=True)
class Columns:
    """The column of each random quantity in a row of chance, and of each observable one in a row of what is seen."""

    demand: dict[str, int]
    lead_time: dict[str, int]  # lanes with random lead times only
    working: dict[tuple[str, str], int]  # the kind of disruption and the lane, where one can hit it
    filled: dict[str, int]  # lanes whose supplier may fall short
    defects: dict[str, int]  # lanes: the share that is rejected, or the units that are good before the process drifts
    rounding: dict[str, int]  # lanes whose rejected share is rounded to whole units
    age: dict[str, int]  # lanes whose goods are some periods old when they arrive
    cost: dict[str, int]  # lanes whose unit cost falls: what is left of it
    price: dict[str, int]  # demands whose price falls: what is left of it
    obsolete: dict[str, int]  # stocks that can become obsolete: 1 where they are
    last: int | None  # 1 in the last period, with a terminal value or cost
    shared: dict[str, int]  # suppliers and routes: the share of their capacity that is left, where it can be hit
    shrinkage: dict[str, int]  # stocks of which a share is stolen or damaged, where it is rounded to whole units
    destroyed: dict[str, int]  # places (`stocks.NAME`, `lanes.NAME`): the share that is destroyed
    destroyed_rounding: dict[str, int]  # the same places, where it is rounded to whole units
    forecast: dict[str, slice]  # seen: demands whose mean changes in a way that is known
    visible: dict[tuple[str, str], slice]  # seen: the kind and the lane of visible disruptions, now and as far as known
    seen_cost: dict[str, int]
    seen_price: dict[str, int]
    seen_obsolete: dict[str, slice]  # 1 in this and the next periods for which it is known
    coming: dict[str, int]  # spikes that are announced: periods until the next begins, of those it is announced ahead
    seen_delay: dict[str, int]  # lanes: periods that are added to the lead time today, over the most that ever are
    strikes_in: dict[str, int]  # the same of disruptions that destroy and are announced
    chance: int  # numbers in a row of chance
    seen: int  # numbers in a row of what is seen
    ahead: int  # periods that a forecast looks ahead, this one included

    @property
    def available(self) -> dict[str, int]:
        """Return where the share of capacity that can ship stands, for lanes whose shipping can be disrupted."""
        return {lane: column for (kind, lane), column in self.working.items() if kind == "shipping"}

    @classmethod
    def of(cls, scenario: Scenario) -> Columns:
        """Return the columns that this scenario needs, and no more."""
        lanes, demands, stocks = scenario.lanes, scenario.demands, scenario.stocks
        for name, lane in lanes.items():
            with at(f"lanes.{name}.lead_time"):
                if longest(lane.lead_time) and not (lane.crossing or keep_sequence(lane.lead_time)):
                    must = "without crossing, the chance to arrive must not fall with age"
                    raise ScenarioError(f"{must}, got {lane.lead_time} (set crossing: true)")
        known = [len(demand.forecast.accuracy) for demand in demands.values() if demand.forecast]
        ahead = max([1 + slowest(scenario, name) + lane.order_delay for name, lane in lanes.items()] + known)
        foretold = [name for name in demands if _changes_visibly(scenario, name)]
        hits = hits_of(scenario)
        eroding = [name for name, lane in lanes.items() if lane.cost_erosion]
        cheaper = [name for name, demand in demands.items() if demand.price_erosion or demand.markdown]
        ageing = [name for name, stock in stocks.items() if stock.obsolete]
        rejecting = [name for name, lane in lanes.items() if rejects(scenario, name)]
        whole = scenario.units == "whole"
        rounded = [name for name in rejecting if isinstance(lanes[name].defects, Distribution)]
        happens, shows = _Room(), _Room()
        columns = cls(
            demand={name: happens.one() for name in demands},
            lead_time={name: happens.one() for name in lanes if is_random(scenario, name)},
            working={key: happens.one() for key in hits},
            filled={name: happens.one() for name in lanes if falls_short(scenario, name)},
            defects={name: happens.one() for name in rejecting},
            rounding={name: happens.one() for name in rounded if whole},
            age={name: happens.one() for name, lane in lanes.items() if lane.age_on_arrival.highest > 0},
            cost={name: happens.one() for name in eroding},
            price={name: happens.one() for name in cheaper},
            obsolete={name: happens.one() for name in ageing},
            last=happens.one() if ends_with_money(scenario) else None,
            shared={name: happens.one() for name in shared_hits_of(scenario)},
            shrinkage={name: happens.one() for name, stock in stocks.items() if stock.shrinkage and whole},
            destroyed={place: happens.one() for place in scenario.destroyed_by},
            destroyed_rounding={place: happens.one() for place in scenario.destroyed_by if whole},
            forecast={name: shows.some(ahead) for name in foretold},
            visible={
                key: shows.some(1 + max(disruption.announced for disruption in events))
                for key, all_events in hits.items()
                if (events := [event for event in all_events.values() if event.seen == "at-once"])
            },
            seen_cost={name: shows.one() for name in eroding},
            seen_price={name: shows.one() for name in cheaper},
            seen_obsolete={name: shows.some(ahead) for name in ageing},
            coming={name: shows.one() for name, spike in scenario.spikes.items() if spike.announced},
            seen_delay={
                name: shows.one() for name, lane in lanes.items() if lane.delays and lane.delays.seen == "at-once"
            },
            strikes_in={
                name: shows.one()
                for name, disruption in scenario.disruptions.items()
                if disruption.announced and any(name in keys for keys in scenario.destroyed_by.values())
            },
            chance=happens.taken,
            seen=shows.taken,
            ahead=ahead,
        )
        if columns.chance + columns.seen > MOST_NUMBERS:
            must = f"must have {MOST_NUMBERS:,} numbers or less in a period for what is drawn and seen"
            got = f"got {columns.chance + columns.seen:,}"
            raise ScenarioError(f"{scenario.name}: {must}, {got} (look less far ahead: shorten lead times or warnings)")
        return columns


def hits_of(scenario: Scenario) -> dict[tuple[str, str], dict[str, Disruption]]:
    """Return the disruptions of each kind that can hit each lane, by (kind, lane)."""
    found: dict[tuple[str, str], dict[str, Disruption]] = {}
    for lane, keys in scenario.hit_by.items():
        for key in keys:
            disruption = scenario.disruptions[key]
            found.setdefault((disruption.stops, lane), {})[key] = disruption
    return found


def ends_with_money(scenario: Scenario) -> bool:
    """Tell whether there is a terminal value of stock or a terminal cost of backlog."""
    values = any(stock.terminal_value for stock in scenario.stocks.values())
    return values or any(demand.terminal_cost for demand in scenario.demands.values())


def shared_hits_of(scenario: Scenario) -> dict[str, dict[str, Disruption]]:
    """Return the disruptions of shipping that hit each supplier or route whose lanes share a capacity."""
    found: dict[str, dict[str, Disruption]] = {}
    for lane in scenario.lanes:
        for place in scenario.shared_by(lane):
            name = place.partition(".")[2]
            hits = {key: each for key, each in scenario.disruptions.items() if name in each.hits}
            found[name] = {key: each for key, each in hits.items() if each.stops == "shipping"}
    return {name: hits for name, hits in found.items() if hits}


def _changes_visibly(scenario: Scenario, name: str) -> bool:
    demand = scenario.demands[name]
    spiked = any(name in spike.hits and spike.seen == "at-once" for spike in scenario.spikes.values())
    shifts = demand.regimes and demand.regime_seen == "at-once"
    return bool(
        demand.season
        or demand.trend
        or demand.markdown
        or spiked
        or shifts
        or demand.autocorrelation
        or demand.forecast
    )
