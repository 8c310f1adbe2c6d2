"""What may happen, with its chances: for exact sums over a period instead of draws."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from ..scenario import Demand, Distribution, Scenario, ScenarioError
from ..scenario.model import Disruption
from ..scenario.part import meaning
from .demand import level, marginals, pattern
from .tables import counts
from .trace import Columns

LARGEST = 1 << 20  # outcomes of a period; more are too many to add up

# What of a scenario is understood here: a field that is not listed, and not at its default, is refused.
_UNDERSTOOD = {
    "stocks": {"initial", "unit_value", "holding_cost", "storage_limit", "shelf_life", "issuing", "waste_cost"}
    | {"rationing"},
    "lanes": {"to", "uses", "order_delay", "lead_time", "crossing", "supplier", "route", "capacity", "batch"}
    | {"minimum_order", "unit_cost", "fixed_cost", "in_transit_cost", "waiting_cost", "unshipped", "share"}
    | {"critical", "initial", "initial_orders", "reject_cost"},
    "suppliers": set(),
    "routes": {"vehicle_capacity", "vehicle_cost"},
    "demands": {"draws_on", "distribution", "occurs", "history", "season", "unmet", "shortage_cost", "price"},
    "spikes": set(),
    "disruptions": {"hits", "starts", "lasts", "stops", "severity", "seen"},
}
_TABLES = {*_UNDERSTOOD, "horizon", "objective", "policies", "units", "sources_ship"}

Points = tuple[np.ndarray, np.ndarray]  # values, and their probabilities


@dataclass(frozen=True)
class Outcomes:
    """The chance of a scenario as a Markov chain, and what may happen in a period in each of its states.

    A state is a place in the season and what is disrupted. A period's outcome has two parts that are independent, given
    the state: what happens before the demand, to supply, and the demand.
    """

    columns: Columns
    season: int  # periods until the demand's pattern repeats
    phase: np.ndarray  # in which period of the season each state is (states,)
    seen: np.ndarray  # what is seen in each state (states, columns.seen)
    next: np.ndarray  # P(next state | state) (states, states)
    supply: np.ndarray  # rows of chance, demands 0 (outcomes, columns.chance)
    supply_chance: np.ndarray  # P(row | state) (states, outcomes)
    demand: np.ndarray  # rows of chance, all but the demands 0 (outcomes, columns.chance)
    demand_chance: np.ndarray  # P(row | phase) (season, outcomes)

    @property
    def states(self) -> int:
        """Return the number of states; the first is the one at the start."""
        return len(self.phase)

    @property
    def hidden(self) -> bool:
        """Tell whether two states look the same, in the same period of the season."""
        looks = np.column_stack([self.phase, np.round(self.seen, 9)])
        return len(np.unique(looks, axis=0)) < self.states

    @classmethod
    def of(cls, scenario: Scenario) -> Outcomes:
        """Work out what may happen.

        Raises:
            ScenarioError: for chance that depends on more of the past than can be seen, naming the field.
        """
        if scenario.units != "whole":
            raise ScenarioError("units: must be whole to be enumerated, got continuous (set units: whole)")
        _refuse_what_is_not_understood(scenario)
        columns = Columns.of(scenario)
        season = int(np.lcm.reduce([_season(demand) for demand in scenario.demands.values()]))
        keys = list(scenario.disruptions)
        chances = [_begins_and_ends(key, scenario.disruptions[key]) for key in keys]
        modes = list(product((False, True), repeat=len(keys)))
        states = [(phase, on) for phase in range(season) for on in modes]
        move = np.ones((len(modes), len(modes)))
        for (a, old), (b, new) in product(enumerate(modes), enumerate(modes)):
            for (begins, ends), was, will in zip(chances, old, new, strict=True):
                move[a, b] *= (1 - ends if will else ends) if was else (begins if will else 1 - begins)
        turn = np.roll(np.eye(season), 1, axis=1)  # each phase is followed by the next
        working = [_working(scenario, columns, dict(zip(keys, on, strict=True))) for _, on in states]
        supply, supply_chance = _supply(scenario, columns, [chance for chance, _ in working])
        demand, demand_chance = _demand(scenario, columns, season)
        seen = np.array([row for _, row in working])
        for name, place in columns.forecast.items():
            ahead = np.arange(columns.ahead)
            factors = pattern(scenario.demands[name], season + columns.ahead)
            assert factors is not None
            for row, (phase, _) in zip(seen, states, strict=True):
                row[place] = level(scenario, name)[0] * factors[phase + ahead]
        phases = np.array([phase for phase, _ in states])
        return cls(columns, season, phases, seen, np.kron(turn, move), supply, supply_chance, demand, demand_chance)


def _refuse_what_is_not_understood(scenario: Scenario) -> None:
    """Refuse whatever a scenario says that is not known here to be Markov."""
    sorry = "cannot be solved exactly yet (jit_gym.evaluate plays it)"
    for table, understood in _UNDERSTOOD.items():
        for name, part in getattr(scenario, table).items():
            for field in meaning(part):
                if field not in understood:
                    if table in ("spikes", "cash"):
                        raise ScenarioError(f"{table}.{name}: {sorry}")
                    raise ScenarioError(f"{table}.{name}.{field}: {sorry}")
    for field in meaning(scenario):
        if field not in _TABLES:
            raise ScenarioError(f"{field}: {sorry}")
    for name, disruption in scenario.disruptions.items():
        if disruption.stops != "shipping":
            raise ScenarioError(f"disruptions.{name}.stops: only shipping is solved exactly, got {disruption.stops}")


def _season(demand: Demand) -> int:
    """Return the periods until a demand's pattern repeats."""
    history = demand.history
    of_history = history.season if history is not None else 1
    return int(np.lcm(len(demand.season) or 1, of_history))


def _begins_and_ends(name: str, disruption: Disruption) -> tuple[float, float]:
    """Return the chances that a quiet period is followed by a disrupted one, and the other way round."""
    if disruption.starts.spell is None:
        raise ScenarioError(f"disruptions.{name}.starts.at: must be rate or every to be solved exactly, got dates")
    begins = _memoryless(f"disruptions.{name}.starts.every", disruption.starts.spell)
    return begins, _memoryless(f"disruptions.{name}.lasts", disruption.lasts)


def _memoryless(place: str, spell: Distribution) -> float:
    """Return the chance that a spell ends in any of its periods, if that is always the same."""
    if spell.name == "geom" and float(spell.parameters.get("loc", 0)) == 0:
        return float(spell.parameters["p"])
    if np.array_equal(counts(spell).values, [1.0]):
        return 1.0
    must = "must be geometric, {name: geom, p: ...}, to be solved exactly"
    raise ScenarioError(f"{place}: {must}, for how long it has lasted is not seen; got {spell}")


def _working(scenario: Scenario, columns: Columns, on: dict[str, bool]) -> tuple[np.ndarray, np.ndarray]:
    """Return the row of chance and the row of what is seen, with the disruptions that are on."""
    chance, seen = np.zeros(columns.chance), np.zeros(columns.seen)
    for lane, column in columns.available.items():
        hits = [scenario.disruptions[key] for key in scenario.hit_by[lane]]
        keys = scenario.hit_by[lane]
        chance[column] = prod(1 - hit.severity for key, hit in zip(keys, hits, strict=True) if on[key])
        visible = [1 - hit.severity for key, hit in zip(keys, hits, strict=True) if on[key] and hit.seen == "at-once"]
        if place := columns.visible.get(("shipping", lane)):
            seen[place] = prod(visible)
    return chance, seen


def _supply(scenario: Scenario, columns: Columns, working: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of what may happen to supply, and their chances by state: lead times in each of the modes."""
    draws: list[Points] = []
    for name in columns.lead_time:
        lane = scenario.lanes[name]
        if not lane.crossing and counts(lane.lead_time).values[-1] > 1:
            must = "must be fixed, or set crossing: true, to be solved exactly"
            raise ScenarioError(f"lanes.{name}.lead_time: {must}, got {lane.lead_time}")
        table = counts(lane.lead_time)
        draws.append((table.values, table.probabilities))
    lead_times, chances = _joint(draws)
    modes, mode = np.unique(np.round(working, 12), axis=0, return_inverse=True)
    rows = np.repeat(modes, len(lead_times), axis=0)
    rows[:, list(columns.lead_time.values())] = np.tile(lead_times, (len(modes), 1))
    chance = np.zeros((len(working), len(modes), len(lead_times)))
    chance[np.arange(len(working)), mode.ravel()] = chances
    return rows, chance.reshape(len(working), -1)


def _demand(scenario: Scenario, columns: Columns, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of what may be asked for, and their chances in each period of the season."""
    tables = [_of_phase(scenario, phase) for phase in range(season)]
    supports = [np.unique(np.concatenate([t[d][0] for t in tables])) for d in range(len(columns.demand))]
    if (many := prod(len(support) for support in supports)) > LARGEST:
        raise ScenarioError(f"demands: have {many:,} outcomes in a period together, too many to add up")
    values, _ = _joint([(support, np.ones(len(support))) for support in supports])
    rows = np.zeros((len(values), columns.chance))
    rows[:, list(columns.demand.values())] = values
    chance = np.ones((season, len(values)))
    for phase, each in enumerate(tables):
        for d, (support, probability) in enumerate(each):
            chance[phase] *= np.bincount(
                np.searchsorted(supports[d], support), probability, minlength=len(supports[d])
            )[np.searchsorted(supports[d], values[:, d])]
    return rows, chance


def _of_phase(scenario: Scenario, phase: int) -> list[Points]:
    """Return each demand's values and probabilities in one period of the season."""
    found = []
    for name, demand in scenario.demands.items():
        values, probability = _base(scenario, name, phase)
        if demand.season:
            scaled = values * demand.season[phase % len(demand.season)]
            low = np.floor(scaled)
            up = scaled - low  # rounded up as often as makes the mean right
            values = np.concatenate([low, low + 1])
            probability = np.concatenate([probability * (1 - up), probability * up])
        values, index = np.unique(values, return_inverse=True)
        probability = np.bincount(index, probability)
        found.append((values[probability > 0], probability[probability > 0]))
    return found


def _base(scenario: Scenario, name: str, phase: int) -> Points:
    """Return what season multiplies: values and probabilities of one period."""
    demand = scenario.demands[name]
    if (history := demand.history) is not None:
        place = f"demands.{name}.history"
        if history.replay == "as-it-was":
            raise ScenarioError(f"{place}.replay: must be resampled to be solved exactly, got as-it-was")
        if history.block > 1:
            raise ScenarioError(f"{place}.block: must be 1 to be solved exactly, got {history.block}")
        past = np.asarray(history.values, float)[phase % history.season :: history.season]
        return np.floor(past + 0.5), np.full(len(past), 1 / len(past))
    table = marginals(scenario, name)[0].table
    if table is None:
        raise ScenarioError(f"demands.{name}.distribution: has too many values to add up, got {demand.distribution}")
    return table.values, table.probabilities


def _joint(draws: list[Points]) -> tuple[np.ndarray, np.ndarray]:
    """Return all combinations of independent draws (outcomes, draws), and their probabilities."""
    points = list(product(*(values for values, _ in draws)))
    values = np.array(points, float).reshape(len(points), len(draws))
    chances = np.array([prod(each) for each in product(*(chances for _, chances in draws))], float)
    return values, chances
