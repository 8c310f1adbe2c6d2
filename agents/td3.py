"""Twin delayed deterministic policy gradient, TD3 (Fujimoto et al. 2018), by Stable-Baselines3.

An off-policy actor-critic for continuous actions: a deterministic actor, the smaller of two critics as the target, and
an actor that is fitted once in `policy_delay` steps. It explores by noise on actions (`noise_type`, `noise_std`).
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
    """What can be set, with its default; `agents/settings/td3.yaml` holds tuned ones."""

    budget: Count = 1_000_000  # steps of all envs together
    chunk: Count = 100_000  # env steps between two evaluations, rounded to whole rollouts (n_envs * train_freq)
    n_envs: Count = 64
    discrete: bool = False  # must be false: TD3 only gives numbers between -1 and 1
    means: Meaning = "quantity"  # how the numbers are read: as quantities, levels, or corrections to a rule
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
    hyperparams: dict[str, Any] = field(default_factory=dict)  # TD3's: policy_delay, ...; RL Zoo's noise_*


class TD3(OffPolicy):
    """The program: `OffPolicy.step` trains for a segment of whole rollouts."""

    name: ClassVar[str] = "td3"
    unit: ClassVar[str] = "env steps"  # that the budget counts
    settable: ClassVar[type] = Settings
    settings: Settings
    algorithm: ClassVar[Any] = stable_baselines3.TD3
    chooses = False
    squash = "tanh"

    def adopted(self) -> None:
        """Give the target of the actor the weights of the actor."""
        self.algo.actor_target.load_state_dict(self.algo.actor.state_dict())

    @property
    def net(self) -> Any:
        """Return the layers of the actor."""
        return list(self.algo.actor.mu)
