"""Proximal policy optimisation (Schulman et al. 2017), by Stable-Baselines3.

An on-policy actor-critic: play `n_steps` in every env, estimate advantages (GAE), and fit the policy for `n_epochs` to
a surrogate whose probability ratio is clipped to 1 ± `clip_range`; then forget what was played.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import stable_baselines3

from .hyperparams import Normalizing, Rate
from .learner import Count, Meaning, Most, NotNegative, Positive
from .sb3 import StableBaselines


@dataclass(frozen=True)
class Settings:
    """What can be set, with its default; `agents/settings/ppo.yaml` holds tuned ones."""

    budget: Count = 1_000_000  # steps of all envs together
    chunk: Count = 100_000  # env steps between two evaluations, rounded to whole rollouts (n_envs * n_steps)
    n_envs: Count = 64
    discrete: bool = False  # choose among quantities or corrections; false: numbers between -1 and 1
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
    hyperparams: dict[str, Any] = field(default_factory=dict)  # PPO's: n_steps, batch_size, gamma, ...


class PPO(StableBaselines):
    """The program: each step trains for a segment of whole rollouts."""

    name: ClassVar[str] = "ppo"
    unit: ClassVar[str] = "env steps"  # that the budget counts
    settable: ClassVar[type] = Settings
    settings: Settings
    algorithm: ClassVar[Any] = stable_baselines3.PPO

    @property
    def rollout(self) -> int:
        """Return the env steps that are played before the networks are fitted again."""
        return int(self.algo.n_steps * self.settings.n_envs)

    def step(self, k: int) -> dict[str, float]:
        """Train for segment k: play a rollout, fit the policy and the value to it, and again; log every rollout."""
        return self.learn(k, log_interval=1)

    @property
    def net(self) -> Any:
        """Return the layers of the policy, which are saved; the value's are left out."""
        return [*self.algo.policy.mlp_extractor.policy_net, self.algo.policy.action_net]
