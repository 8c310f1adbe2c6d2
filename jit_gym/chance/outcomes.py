"""The possible outcomes of a period and their probabilities, for exact expectations instead of draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import lcm, prod

import numpy as np

from ..common.text import counted
from ..scenario import Demand, Distribution, Scenario, ScenarioError
from ..scenario.model import Disruption
from ..scenario.supports import unsupported
from .columns import Columns, hits_of, shared_hits_of
from .demand import level, marginals, pattern
from .regimes import transition
from .tables import counts

LARGEST = 1 << 20  # outcomes of a period, at most
MOST_PER_PHASE = 1024  # states of regimes and disruptions together; more are too many to look at

Points = tuple[np.ndarray, np.ndarray]  # values, and their probabilities


@dataclass(frozen=True)
class Outcomes:
    """The chance of a scenario as a Markov chain of exogenous states, and the outcomes of a period in each of them.

    An exogenous state is a phase of the season, the regime of each demand and the progress of each disruption. There
    are `per_phase` of them in each phase; number `phase * per_phase + j` is the j-th of a phase. The phase advances by
    one each period, and j moves by the matrix `transition`, the same in all phases.

    A period's outcome has two parts that are independent, given the exogenous state: that of supply, which is known
    before the demand, and the demand. Demand depends only on the phase and the regimes: on the *demand state* of an
    exogenous state.

    Where a history is replayed as it was, its demands are known in advance: the season is the history, and must not be
    played for longer.
    """

    columns: Columns
    season: int  # periods until the pattern of demand repeats
    phase: np.ndarray  # the period of the season of each state (states,)
    seen: np.ndarray  # what is seen in each state (states, columns.seen)
    transition: np.ndarray  # P(next j | j) (per_phase, per_phase)
    supply: np.ndarray  # rows of chance, demands 0 (outcomes, columns.chance)
    supply_chance: np.ndarray  # P(row | state) (states, outcomes)
    demand: np.ndarray  # rows of chance, all but the demands and the end 0 (outcomes, columns.chance)
    demand_chance: np.ndarray  # P(row | demand state) (demand states, outcomes)
    demand_state: np.ndarray  # the demand state of each exogenous state (states,)
    last_demand_state: np.ndarray  # the same in the last period, where what is left then has a value (states,)

    @property
    def states(self) -> int:
        """Return the number of states; episodes begin in the first."""
        return len(self.phase)

    @property
    def per_phase(self) -> int:
        """Return the number of exogenous states in each phase of the season."""
        return len(self.transition)

    @property
    def next(self) -> np.ndarray:
        """Return P(next state | state) (states, states)."""
        turn = np.roll(np.eye(self.season), 1, axis=1)  # a cyclic shift of the phases
        return np.kron(turn, self.transition)

    @property
    def hidden(self) -> bool:
        """Tell whether two states of one phase cannot be told apart by what is seen."""
        looks = np.column_stack([self.phase, np.round(self.seen, 9)])
        return len(np.unique(looks, axis=0)) < self.states

    def over(self, periods: int) -> Outcomes:
        """Return the same chain unrolled over `periods`: with a season of that length."""
        place = np.concatenate([t % self.season * self.per_phase + np.arange(self.per_phase) for t in range(periods)])
        again = {
            name: getattr(self, name)[place] for name in ("seen", "supply_chance", "demand_state", "last_demand_state")
        }
        return replace(self, season=periods, phase=np.repeat(np.arange(periods), self.per_phase), **again)

    @classmethod
    def of(cls, scenario: Scenario) -> Outcomes:
        """Enumerate the outcomes of a scenario.

        Raises:
            ScenarioError: for chance that depends on more of the past than can be seen, naming the field.
        """
        if scenario.units != "whole":
            raise ScenarioError("units: must be whole to be enumerated, got continuous (set units: whole)")
        _refuse_what_is_not_understood(scenario)
        columns = Columns.of(scenario)
        season = replayed(scenario) or lcm(*(_season(demand) for demand in scenario.demands.values()))
        shifting = {name: transition(demand.regimes) for name, demand in scenario.demands.items() if demand.regimes}
        spells = {name: _spells(name, disruption) for name, disruption in scenario.disruptions.items()}
        if (many := prod(len(chain) for chain in (*shifting.values(), *spells.values()))) > MOST_PER_PHASE:
            raise ScenarioError(
                f"disruptions: have {counted(many)} states together with the regimes, too many to look at"
            )
        if season * many > LARGEST:
            raise ScenarioError(f"demands: repeat after {season:,} periods together, too many to look at")
        matrix = np.eye(1)
        for chain in (*shifting.values(), *spells.values()):
            matrix = np.kron(matrix, chain)
        regimes, progress = _combinations(shifting), _combinations(spells)
        in_a_phase = list(product(regimes, progress))
        states = [(phase, *each) for phase in range(season) for each in in_a_phase]
        working = [_working(scenario, columns, on) for _, _, on in states]
        supply, supply_chance = _supply(scenario, columns, [chance for chance, _ in working])
        demand, demand_chance = _demand(scenario, columns, season, regimes)
        seen = np.array([row for _, row in working])
        for name, place in columns.forecast.items():
            factors = pattern(scenario.demands[name], season + columns.ahead, scenario.horizon)
            means = _means_ahead(scenario, name, columns.ahead)
            for row, (phase, regime, _) in zip(seen, states, strict=True):
                row[place] = means[regime.get(name, 0)]
                if factors is not None:
                    row[place] *= factors[phase : phase + columns.ahead]
        phases = np.array([phase for phase, _, _ in states])
        demand_state = np.repeat(np.arange(season * len(regimes)), len(progress))
        last_demand_state = demand_state
        if columns.last is not None:
            demand, demand_chance = _with_the_end(demand, demand_chance, columns.last)
            last_demand_state = demand_state + len(demand_chance) // 2
        rest = supply, supply_chance, demand, demand_chance, demand_state, last_demand_state
        return cls(columns, season, phases, seen, matrix, *rest)


def replayed(scenario: Scenario) -> int | None:
    """Return the length of the shortest history that is replayed as it was, or None without one."""
    histories = [demand.history for demand in scenario.demands.values() if demand.history is not None]
    lengths = [len(history.values or ()) for history in histories if history.replay == "as-it-was"]
    return min(lengths, default=None)


def horizon_of(scenario: Scenario) -> int | None:
    """Return the number of periods to solve, or None for the long run.

    It is the horizon where the world ends, or where a history is replayed, after which nothing is known.
    """
    return scenario.horizon.periods if scenario.horizon.ends or replayed(scenario) else None


def _combinations(chains: dict[str, np.ndarray]) -> list[dict[str, int]]:
    """Return all combinations of the states of some chains; the last one varies fastest."""
    return [dict(zip(chains, each, strict=True)) for each in product(*(range(len(chain)) for chain in chains.values()))]


def _means_ahead(scenario: Scenario, name: str, ahead: int) -> np.ndarray:
    """Return the mean demand without season of this and the next periods, by the regime seen (regimes, ahead)."""
    demand = scenario.demands[name]
    if not demand.regimes:
        return np.full((1, ahead), level(scenario, name)[0])
    means = np.array([marginal.moments[0] for marginal in marginals(scenario, name)])
    return np.column_stack([np.linalg.matrix_power(transition(demand.regimes), h) @ means for h in range(ahead)])


def _with_the_end(rows: np.ndarray, chances: np.ndarray, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each row twice, usual and of the last period, and the chances by demand state: usual, then in the last."""
    rows = np.repeat(rows, 2, axis=0)
    rows[1::2, last] = 1.0
    both = np.zeros((2, len(chances), len(rows)))
    both[0, :, 0::2] = both[1, :, 1::2] = chances
    return rows, both.reshape(-1, len(rows))


def _refuse_what_is_not_understood(scenario: Scenario) -> None:
    """Refuse fields that the exact solver does not support, by name."""
    for place in unsupported("E", scenario):
        raise ScenarioError(f"{place}: cannot be solved exactly yet (jit_gym.evaluate plays it)")
    for name, demand in scenario.demands.items():
        if demand.regimes and demand.regime_seen == "hidden" and demand.season:
            must = "must be at-once where a season is forecast, to be solved exactly, got hidden"
            raise ScenarioError(f"demands.{name}.regime_seen: {must}")


def _season(demand: Demand) -> int:
    """Return the periods until a demand's pattern repeats."""
    history = demand.history
    of_history = history.season if history is not None else 1
    return lcm(len(demand.season) or 1, of_history)


def _begins_and_ends(name: str, disruption: Disruption) -> tuple[float, float]:
    """Return the chances to pass from a quiet to a disrupted period, and back."""
    if disruption.starts.spell is None:
        key, got = ("at", "dates") if disruption.starts.once is None else ("once", str(disruption.starts.once))
        raise ScenarioError(f"disruptions.{name}.starts.{key}: must be rate or every to be solved exactly, got {got}")
    if disruption.lasts.is_forever:
        must = "must come to an end to be solved exactly"
        raise ScenarioError(f"disruptions.{name}.lasts: {must}, got {disruption.lasts}")
    begins = _memoryless(f"disruptions.{name}.starts.every", disruption.starts.spell)
    return begins, _memoryless(f"disruptions.{name}.lasts", disruption.lasts)


def _spells(name: str, disruption: Disruption) -> np.ndarray:
    """Return the chances to pass from quiet, disrupted, and each period of recovery to each of these."""
    begins, ends = _begins_and_ends(name, disruption)
    recovery = disruption.recovers_over
    if 2 + recovery > MOST_PER_PHASE:
        raise ScenarioError(f"disruptions.{name}.recovers_over: has too many periods to look at, got {recovery}")
    move = np.zeros((2 + recovery, 2 + recovery))
    for k in range(len(move)):
        move[k, k + 1 if 1 < k <= recovery else 0] = 1 - begins
        move[k, 1] = begins
    move[1] = 0.0
    move[1, 1] = 1 - ends
    move[1, 2 if recovery else 0] = ends
    return move


def _left(disruption: Disruption, progress: int) -> float:
    """Return the share that a disruption leaves: when quiet (0), while it lasts (1), and as it recovers (2, ...)."""
    back = (progress - 1) / (disruption.recovers_over + 1)
    return 1.0 - disruption.severity * (1.0 - back) if progress else 1.0


def _memoryless(place: str, spell: Distribution) -> float:
    """Return the chance that a spell ends in a period, which must not depend on how long it has lasted."""
    if spell.is_forever:
        return 0.0
    if spell.name == "geom" and float(spell.parameters.get("loc", 0)) == 0:
        return float(spell.parameters["p"])
    if np.array_equal(counts(spell).values, [1.0]):
        return 1.0
    must = "must be geometric, {name: geom, p: ...}, to be solved exactly"
    raise ScenarioError(f"{place}: {must}, for how long it has lasted is not seen; got {spell}")


def _working(scenario: Scenario, columns: Columns, progress: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the row of chance and the row of what is seen, given the progress of each disruption."""
    chance, seen = np.zeros(columns.chance), np.zeros(columns.seen)
    for key, hits in hits_of(scenario).items():
        left = {name: _left(hit, progress[name]) for name, hit in hits.items()}
        chance[columns.working[key]] = prod(left.values())
        if place := columns.visible.get(key):
            seen[place] = prod(left[name] for name, hit in hits.items() if hit.seen == "at-once")
    for name, hits in shared_hits_of(scenario).items():
        chance[columns.shared[name]] = prod(_left(hit, progress[key]) for key, hit in hits.items())
    return chance, seen


def _supply(scenario: Scenario, columns: Columns, working: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of what may happen to supply, and their chances by state: lead times with what works in each."""
    draws: list[Points] = []
    for name in columns.lead_time:
        lane = scenario.lanes[name]
        if not lane.crossing and counts(lane.lead_time).values[-1] > 1:
            must = "must be fixed, or set crossing: true, to be solved exactly"
            raise ScenarioError(f"lanes.{name}.lead_time: {must}, got {lane.lead_time}")
        table = counts(lane.lead_time)
        draws.append((table.values, table.probabilities))
    lead_times, chances = _joint(draws)
    works, which = np.unique(np.round(working, 12), axis=0, return_inverse=True)
    rows = np.repeat(works, len(lead_times), axis=0)
    rows[:, list(columns.lead_time.values())] = np.tile(lead_times, (len(works), 1))
    chance = np.zeros((len(working), len(works), len(lead_times)))
    chance[np.arange(len(working)), which.ravel()] = chances
    return rows, chance.reshape(len(working), -1)


def _demand(
    scenario: Scenario, columns: Columns, season: int, regimes: list[dict[str, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of demand, and their chances by demand state."""
    demand_states = list(product(range(season), regimes))
    tables = [
        [_points(scenario, name, phase, regime.get(name, 0)) for name in columns.demand]
        for phase, regime in demand_states
    ]
    supports = [np.unique(np.concatenate([t[d][0] for t in tables])) for d in range(len(columns.demand))]
    if (many := prod(len(support) for support in supports)) > LARGEST:
        raise ScenarioError(f"demands: have {counted(many)} outcomes in a period together, too many to add up")
    values, _ = _joint([(support, np.ones(len(support))) for support in supports])
    rows = np.zeros((len(values), columns.chance))
    rows[:, list(columns.demand.values())] = values
    chance = np.ones((len(demand_states), len(values)))
    for demand_state, each in enumerate(tables):
        for d, (support, probability) in enumerate(each):
            chance[demand_state] *= np.bincount(
                np.searchsorted(supports[d], support), probability, minlength=len(supports[d])
            )[np.searchsorted(supports[d], values[:, d])]
    return rows, chance


def _points(scenario: Scenario, name: str, phase: int, regime: int) -> Points:
    """Return a demand's values and probabilities in one phase and regime."""
    season = scenario.demands[name].season
    values, probability = _base(scenario, name, phase, regime)
    if season:
        scaled = values * season[phase % len(season)]
        low = np.floor(scaled)
        up = scaled - low  # the chance to round up, which keeps the mean
        values = np.concatenate([low, low + 1])
        probability = np.concatenate([probability * (1 - up), probability * up])
    values, index = np.unique(values, return_inverse=True)
    probability = np.bincount(index, probability)
    return values[probability > 0], probability[probability > 0]


def _base(scenario: Scenario, name: str, phase: int, regime: int) -> Points:
    """Return the values and probabilities of a demand in one phase and regime, before season."""
    demand = scenario.demands[name]
    if (history := demand.history) is not None:
        place = f"demands.{name}.history"
        if history.replay == "as-it-was":
            return np.floor(np.asarray(history.values, float)[phase : phase + 1] + 0.5), np.ones(1)
        if history.block > 1:
            raise ScenarioError(f"{place}.block: must be 1 to be solved exactly, got {history.block}")
        past = np.asarray(history.values, float)[phase % history.season :: history.season]
        return np.floor(past + 0.5), np.full(len(past), 1 / len(past))
    marginal = marginals(scenario, name)[regime]
    if marginal.table is None:
        given = marginal.distribution
        raise ScenarioError(f"demands.{name}.distribution: has too many values to add up, got {given}")
    return marginal.table.values, marginal.table.probabilities


def _joint(draws: list[Points]) -> tuple[np.ndarray, np.ndarray]:
    """Return all combinations of independent draws (outcomes, draws), and their probabilities."""
    points = list(product(*(values for values, _ in draws)))
    values = np.array(points, float).reshape(len(points), len(draws))
    chances = np.array([prod(each) for each in product(*(chances for _, chances in draws))], float)
    return values, chances
