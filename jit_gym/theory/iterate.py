"""Value iteration, modified policy iteration, policy evaluation and backward induction on a decision process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .bellman import Operators
from .process import DecisionProcess
from .state_source import worth_of

MOST_SWEEPS = 100_000
PARTIAL_EVALUATIONS = 16  # sweeps of T_sigma between two sweeps of T, at most

Progress = Callable[[str], Any] | None


class CostBounds(NamedTuple):
    """Bounds of the cost of a period, and how many sweeps they took."""

    low: float
    high: float
    sweeps: int


class NotConverged(Exception):
    """The bounds do not come together: the cost depends on the state at the start, or the sweeps converge slowly."""

    def __init__(self, low: float, high: float) -> None:
        """Keep the bounds."""
        super().__init__(low, high)
        self.low, self.high = low, high


class SuccessiveApproximation:
    """Sweeps v <- T v, with bounds on the cost that hold whenever it is stopped.

    A sweep goes through the N phases of a season backwards, so that each phase uses the new values of the next one.
    With v the values at the season's first phase and Lv the same a sweep later, the long-run average cost g of a period
    obeys

        min (Lv - v) <= N g <= max (Lv - v)

    (Odoni 1969; Puterman 2005, theorem 8.5.5). The discounted cost V obeys

        Lv + c min (Lv - v) <= V <= Lv + c max (Lv - v),   c = B / (1 - B)

    with B = b^N the season's discount (MacQueen 1966).
    """

    def __init__(self, phases: int, discount: float) -> None:
        """Set N and the discount factor b."""
        self.phases, self.discount = phases, discount

    @property
    def first_phase(self) -> np.ndarray:
        """Return the values in the first phase, to be read or changed; the first one is that of the start."""
        raise NotImplementedError

    def sweep(self) -> None:
        """Replace the values v of all phases by T v."""
        raise NotImplementedError

    def evaluate_partially(self, span: float, damping: float) -> None:
        """Improve the values between two sweeps, after one that changed them within so large a span."""

    def run(self, tolerance: float, words: str = "", progress: Progress = None) -> CostBounds:
        """Sweep until the bounds are as near to each other as wanted.

        They are in money a period: the long-run average, or (1 - discount) times the discounted sum from the start.

        Args:
            tolerance: how near, as a share of the cost (in money, for one below 1).
            words: what comes before the sweep in what `progress` is told.
            progress: told after each sweep where the cost is.

        Raises:
            NotConverged: if they do not come together.
        """
        sweeps, last_span = 0, np.inf
        while True:
            old = self.first_phase.copy()
            self.sweep()
            sweeps += 1
            low, high, span = self.bounds(old)
            if progress is not None:
                progress(f"{words}, sweep {sweeps}: cost between {low:.6g} and {high:.6g}")
            if high - low <= tolerance * max(1.0, abs(low + high) / 2):
                return CostBounds(low, high, sweeps)
            if sweeps >= MOST_SWEEPS or not np.isfinite(span):
                raise NotConverged(low, high)
            damping = 0.5 if span > 0.98 * last_span else 1.0
            last_span = span
            self.stabilise(old, damping)
            self.evaluate_partially(span, damping)

    def bounds(self, old: np.ndarray) -> tuple[float, float, float]:
        """Return bounds of the cost of a period after a sweep from `old`, and the span of Lv - v."""
        change = self.first_phase - old
        least, most = float(change.min()), float(change.max())
        if self.discount == 1.0:
            return least / self.phases, most / self.phases, most - least
        season = self.discount**self.phases
        start = float(self.first_phase.flat[0])
        scale = season / (1 - season)
        return (1 - self.discount) * (start + scale * least), (1 - self.discount) * (start + scale * most), most - least

    def stabilise(self, old: np.ndarray, damping: float) -> None:
        """Damp values that oscillate (a periodic chain), and subtract the start's, so that they do not grow."""
        if damping < 1.0:
            self.first_phase[...] = old + damping * (self.first_phase - old)
        if self.discount == 1.0:
            self.first_phase[...] -= self.first_phase.flat[0]


class _OnProcess(SuccessiveApproximation):
    """Values (phases, exogenous states, pre-decision states) of a decision process."""

    def __init__(self, process: DecisionProcess, discount: float) -> None:
        super().__init__(process.outcomes.season, discount)
        self.process = process
        self.operators = Operators(process, discount)
        self.values = np.zeros(self.operators.shape)

    @property
    def first_phase(self) -> np.ndarray:
        """Return the values in the first phase (exogenous states, pre-decision states)."""
        first: np.ndarray = self.values[0]
        return first

    def next_values(self, phase: int) -> np.ndarray:
        """Return the values in the phase that follows."""
        following: np.ndarray = self.values[(phase + 1) % self.phases]
        return following


class ModifiedPolicyIteration(_OnProcess):
    """Value iteration with some sweeps of policy evaluation in between (Puterman and Shin 1978).

    A sweep of T finds a greedy policy sigma; up to `PARTIAL_EVALUATIONS` sweeps of T_sigma follow, which are quicker.
    The bounds are those of the sweeps of T.
    """

    def __init__(self, process: DecisionProcess, discount: float) -> None:
        """Start with values of 0."""
        super().__init__(process, discount)
        self.policy = np.zeros(self.operators.shape, np.int64)
        """The greedy policy of the last sweep: the pair chosen in each state."""

    def sweep(self) -> None:
        """Replace v by T v, and the policy by the greedy one."""
        for phase in reversed(range(self.phases)):
            self.values[phase] = self.operators.bellman_operator(phase, self.next_values(phase), self.policy[phase])

    def evaluate_partially(self, span: float, damping: float) -> None:
        """Replace v by T_sigma v, until that changes the values within a tenth of the span."""
        for _ in range(PARTIAL_EVALUATIONS):
            old = self.first_phase.copy()
            for phase in reversed(range(self.phases)):
                self.values[phase] = self.operators.T_sigma(phase, self.next_values(phase), self.policy[phase])
            change = self.first_phase - old
            self.stabilise(old, damping)
            if np.ptp(change) < 0.1 * span:
                break


class PolicyEvaluation(_OnProcess):
    """Policy evaluation with given costs a period: v <- c + b P_sigma v.

    With the costs C_sigma this is the sweep of T_sigma; with the indicator of some states as costs, the average cost is
    how often the policy visits them (`visit_rate`).
    """

    def __init__(self, process: DecisionProcess, discount: float, policy: np.ndarray, costs: np.ndarray) -> None:
        """Start with values of 0; the policy and the costs are (phases, exogenous states, pre-decision states)."""
        super().__init__(process, discount)
        self.policy, self.costs = policy, costs

    def sweep(self) -> None:
        """Replace v by c + b P_sigma v."""
        for phase in reversed(range(self.phases)):
            following = self.operators.discounted_next(phase, self.next_values(phase), self.policy[phase])
            self.values[phase] = following + self.costs[phase]


def visit_rate(
    process: DecisionProcess, policy: np.ndarray, states: np.ndarray, discount: float, tolerance: float
) -> float:
    """Return an upper bound of the share of periods that begin in some states under a policy.

    With a discount b below 1 period t counts (1 - b) b^t. The policy has the pair chosen in each state, `states` tells
    which states are meant; both are (phases, exogenous states, pre-decision states).
    """
    try:
        return PolicyEvaluation(process, discount, policy, states).run(max(tolerance, 1e-15)).high
    except NotConverged as error:
        return error.high


class FiniteHorizon(NamedTuple):
    """What backward induction finds."""

    total: float  # the discounted sum of costs from the start
    policy: np.ndarray  # the pair chosen in each period and state (periods, exogenous states, pre-decision states)
    operators: Operators


def backward_induction(
    process: DecisionProcess, discount: float, periods: int, progress: Progress = None
) -> FiniteHorizon:
    """Solve so many periods from their end: v_t = T v_(t+1) (Bellman 1957). Exact but for rounding.

    Where the world goes on after these periods, what is left then counts at what it is worth, and so does what is there
    at the start.
    """
    layout = process.layout
    operators = Operators(process, discount)
    left = -worth_of(layout, process.pre_states.all.astype(float))
    values = np.broadcast_to(left, operators.shape[1:])
    greedy = np.zeros(operators.shape[1:], np.int64)
    policy = np.empty((periods, *values.shape), np.int32)
    for t in reversed(range(periods)):
        values = operators.bellman_operator(t % operators.phases, values, greedy, last=t == periods - 1)
        policy[t] = greedy
        if progress is not None:
            progress(f"{process.num_states:,} states, period {t}")
    total = float(values[0, 0] + worth_of(layout, layout.start[None, :])[0])
    return FiniteHorizon(total, policy, operators)
