"""Soft actor-critic (Haarnoja et al. 2018), by Stable-Baselines3.

An off-policy actor-critic for continuous actions, whose objective adds the entropy of the policy times `ent_coef`,
which is learned when it is `auto`. The saved policy plays the actor's mean.
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
    """What can be set, with its default; `agents/settings/sac.yaml` holds tuned ones."""

    budget: Count = 1_000_000  # steps of all envs together
    chunk: Count = 100_000  # env steps between two evaluations, rounded to whole rollouts (n_envs * train_freq)
    n_envs: Count = 64
    discrete: bool = False  # must be false: SAC only gives numbers between -1 and 1
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
    hyperparams: dict[str, Any] = field(default_factory=dict)  # SAC's: ent_coef, buffer_size, ...; RL Zoo's noise_*


class SAC(OffPolicy):
    """The program: `OffPolicy.step` trains for a segment of whole rollouts."""

    name: ClassVar[str] = "sac"
    unit: ClassVar[str] = "env steps"  # that the budget counts
    settable: ClassVar[type] = Settings
    settings: Settings
    algorithm: ClassVar[Any] = stable_baselines3.SAC
    chooses = False
    squash = "tanh"

    def state(self) -> dict[str, Any]:
        """Return all that the next segments depend on, with the coefficient of entropy where it is learned."""
        learned = self.algo.log_ent_coef
        return super().state() | ({} if learned is None else {"log_ent_coef": learned.detach()})

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        super().restore(state)
        if "log_ent_coef" in state:
            self.algo.log_ent_coef.data.copy_(state["log_ent_coef"])

    @property
    def net(self) -> Any:
        """Return the layers of the actor's mean."""
        return [*self.algo.actor.latent_pi, self.algo.actor.mu]
