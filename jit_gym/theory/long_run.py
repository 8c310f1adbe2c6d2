"""What a policy costs, from its Markov chain: certified bounds in the long run, and sums over a number of periods."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .bellman import over_states
from .chain import Chain, expected_cost_to_go
from .iterate import SuccessiveApproximation
from .state_source import worth_of

RAREST = 1e-5  # times the tolerance: the chance a period to enter a state below which it is left out, at first
FINER = 1e-2  # by which that is multiplied where too much is left out
LEAST = 1e-36  # and below which it is not tried any more
GROWTH = 4.0  # how much the range of relative values grows, at least, where states lie twice as far


class ChainEvaluation(SuccessiveApproximation):
    """Policy evaluation on a chain: v <- c + b P v, with given costs c (states,) a period."""

    def __init__(self, chain: Chain, costs: np.ndarray, discount: float) -> None:
        """Start with values of 0."""
        super().__init__(chain.outcomes.season, discount)
        self.chain, self.costs = chain, costs
        known, out = np.flatnonzero(chain.expanded), chain.left_out
        self._states = [known[chain.phases(known) == phase] for phase in range(self.phases)]
        self._out = [out[chain.phases(out) == phase] for phase in range(self.phases)]
        self._replacements = chain.replacements
        self.values = [np.zeros(len(states)) for states in self._states]

    @property
    def first_phase(self) -> np.ndarray:
        """Return the values of the expanded states of the first phase (states,)."""
        return self.values[0]

    def sweep(self) -> None:
        """Replace v by c + b P v."""
        v = np.empty(len(self.costs))
        for phase in reversed(range(self.phases)):
            following = (phase + 1) % self.phases
            v[self._states[following]] = self.values[following]
            v[self._out[following]] = v[self._replacements[following]]
            arguments = self._states[phase], *self.chain.transitions, self.costs, self.discount, v
            over_states(expected_cost_to_go, len(self.values[phase]), *arguments, self.values[phase])

    def range(self, kept: np.ndarray | None = None) -> float:
        """Return the largest range of values in a phase, among some states (states,) or all."""
        all_values = zip(self.values, self._states, strict=True)
        some = [values if kept is None else values[kept[states]] for values, states in all_values]
        return max(float(np.ptp(values)) for values in some if len(values))


class Certified(NamedTuple):
    """Bounds of a chain's cost a period, and the chance a period to enter a state that was left out."""

    low: float
    high: float
    left_out: float


def long_run(chain: Chain, discount: float, tolerance: float) -> Certified:
    """Return bounds of what the policy costs a period, in the long run or discounted.

    If no state is left out they are those of `SuccessiveApproximation`. Otherwise let h be the relative values of the
    whole chain, e the chance a period to enter a state that is left out, and r the state that replaces it in the chain
    as it stands. The cost of that chain is too low by the sum over such entries of h(entered) - h(r) (Schweitzer 1968,
    "Perturbation theory and finite Markov chains": g' - g = pi' (P' - P) h, with the stationary distribution pi' of
    the one chain and the relative values h of the other). So with s the range of h over the states that are kept, the
    bounds are those of the chain as it stands, less e s, and more 4 e s. They hold

    - as long as it costs no less to go on from states left out than from the best of those kept, and
    - as long as it costs no more than 4 times their range above that. Where one backlog or stock only grows, and the
      policy does further out as it does at the edge, the states beyond are levels of a homogeneous walk, from each of
      which the next below takes the same time to reach (Neuts 1981); so h is a polynomial of the second degree in the
      level, and less than 4 times as high at twice the depth. How h grows is measured too: the chance of a state falls
      geometrically with its depth, so those with more than the square root of the chance are half as deep; if h has
      grown more than 4 times since, that growth is allowed for beyond.

    What a policy orders in states that were not expanded is unknown; so this is no proof for every policy, and a result
    says so. More states are kept until e s is less than the tolerance allows.
    """
    if not len(chain.left_out):
        low, high, _ = ChainEvaluation(chain, chain.costs, discount).run(tolerance, _words(chain), chain.progress)
        return Certified(low, high, 0.0)
    rarest = RAREST * tolerance
    while True:
        chain.reach(rarest, discount)
        evaluation = ChainEvaluation(chain, chain.costs, discount)
        low, high, _ = evaluation.run(tolerance / 2, _words(chain), chain.progress)
        kept, scale = evaluation.range(), max(1.0, abs(low + high) / 2)
        near = evaluation.range(chain.chance >= np.sqrt(rarest))
        more = max(GROWTH, kept / max(near, 1e-300)) * kept
        allowed = tolerance * scale / 2 / (kept + more + 1e-300)
        rate = ChainEvaluation(chain, _chance_to_leave(chain), discount).run(max(allowed / 10, 1e-15)).high
        if rate <= allowed or rarest < LEAST:
            return Certified(low - discount * rate * kept, high + discount * rate * more, rate)
        rarest *= FINER


def _words(chain: Chain) -> str:
    return f"{len(chain):,} states"


def _chance_to_leave(chain: Chain) -> np.ndarray:
    """Return the chance to enter a state that is left out, from each state (states,)."""
    out, known = (~chain.expanded).astype(float), np.flatnonzero(chain.expanded)
    found, nothing = np.zeros(len(out)), np.zeros(len(out))
    chances = np.zeros(len(known))
    expected_cost_to_go(0, len(known), known, *chain.transitions, nothing, 1.0, out, chances)
    found[known] = chances
    return found


class DiscountedSum(NamedTuple):
    """The discounted sum of the costs of a number of periods, expected at the start, and the chance left out."""

    low: float
    total: float
    high: float
    left_out: float


def discounted_sum(chain: Chain, periods: int, warmup: int, discount: float, rarest: float = 0.0) -> DiscountedSum:
    """Play the distribution of the state forward from the start, and add up what the periods after `warmup` cost.

    Units that are left count at what they are worth, and so do those that are there before the first period counted.

    States with a chance of no more than `rarest` are left out from then on; the bounds count them at no less than the
    cheapest state that was met, and no more than 4 times the dearest, in every period that is left.
    """
    total, lost, missing = 0.0, 0.0, 0.0
    for t in range(warmup + periods):
        if t == warmup:
            total += _expected_worth(chain)
        if rarest:
            rare = chain.distribution <= rarest
            lost += float(chain.distribution[rare].sum())
            chain.distribution[rare] = 0.0
        active = np.flatnonzero(chain.distribution)
        chain.expand(active[~chain.expanded[active]])
        if t >= warmup:
            costs = chain.last_costs(active) if t == warmup + periods - 1 else chain.costs[active]
            total += discount ** (t - warmup) * float(chain.distribution[active] @ costs)
            missing += discount ** (t - warmup) * lost
        chain.distribution = chain.next_distribution()
        if chain.progress is not None:
            chain.progress(f"{len(chain.states):,} states, period {t}")
    total -= discount**periods * _expected_worth(chain)
    costs = chain.costs[chain.expanded]
    low, high = missing * min(0.0, float(costs.min())), missing * GROWTH * float(np.abs(costs).max())
    return DiscountedSum(total + low, total, total + high, lost)


def _expected_worth(chain: Chain) -> float:
    """Return what units are expected to be worth now."""
    active = np.flatnonzero(chain.distribution)
    rows = chain.states.rows[active, :-1].astype(float)
    return float(chain.distribution[active] @ worth_of(chain.layout, rows))
