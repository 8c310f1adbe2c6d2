"""Deep Q-learning (Mnih et al. 2015), by Stable-Baselines3.

An off-policy method for discrete actions: a network estimates Q(s, a), is fitted to r + gamma max_a' Q_target(s', a')
on samples of a replay buffer, and acts greedily, but for a share of random actions that falls while it learns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import stable_baselines3

from .hyperparams import Normalizing, Rate
from .learner import Count, Meaning, Most, NotNegative, Positive
from .sb3 import OffPolicy


@dataclass(frozen=True)
class Settings:
    """What can be set, with its default; `agents/settings/dqn.yaml` holds tuned ones."""

    budget: Count = 1_000_000  # steps of all envs together
    chunk: Count = 100_000  # env steps between two evaluations, rounded to whole rollouts (n_envs * train_freq)
    n_envs: Count = 64
    discrete: bool = False  # must be set to true: DQN can only choose
    means: Meaning = "quantity"  # what is chosen: quantities, or corrections to a rule
    rule: str | None = None  # the rule that corrections correct; best: the best of those that the scenario names
    most: Most = 2.5  # the most that is ordered at once, in periods of mean demand
    deviations: Positive | None = None  # the most that is corrected, in deviations of use in lead time and review
    choices: Count = 128  # discrete corrections to choose among, at most
    relative: bool = False  # rewards are what is earned more than by the rule that is corrected, on the same path
    lead_times_ahead: NotNegative = 0.0  # of the slowest lane; what an order changes in them is its reward, at once
    out_of_step: bool = False  # rows begin in different periods
    hidden: Count = 64  # units in each of two layers
    activation: Literal["tanh", "relu"] = "tanh"
    learning_rate: Rate = 3e-4  # lin_0.001 falls linearly to 0 over the budget
    normalize: Normalizing = None  # scale observations and rewards by running means, on top of the fixed scales
    start: str | None = None  # begin with the weights of another agent (agent:NAME), or of a clone of a rule
    hyperparams: dict[str, Any] = field(default_factory=dict)  # DQN's: buffer_size, exploration_fraction, ...


class DQN(OffPolicy):
    """The program: `OffPolicy.step` trains for a segment of whole rollouts."""

    name: ClassVar[str] = "dqn"
    unit: ClassVar[str] = "env steps"  # that the budget counts
    settable: ClassVar[type] = Settings
    settings: Settings
    algorithm: ClassVar[Any] = stable_baselines3.DQN
    chooses = True
    largest = 20.0  # its loss is quadratic up to 1 alone: beyond, a rare, dear shortage would count for less than it is

    def begin(self, k: int) -> None:
        """Set all that segment k begins with; the share of random actions depends on how much budget is left."""
        super().begin(k)
        self.algo.exploration_rate = self.algo.exploration_schedule(self.algo._current_progress_remaining)

    def state(self) -> dict[str, Any]:
        """Return all that the next segments depend on; the calls tell when the target network is due."""
        return super().state() | {"calls": self.algo._n_calls}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        super().restore(state)
        self.algo._n_calls = state["calls"]

    @property
    def net(self) -> Any:
        """Return the layers of Q, whose largest output is the choice."""
        return list(self.algo.q_net.q_net)
