"""Give the agents of Stable-Baselines3 (`ppo`, `dqn`, ...) their envs, hyperparameters, logging and saving.

Each agent's file has all its settings, so that it can be read alone; a test holds what they have in common alike. The
names of hyperparameters are RL Zoo's. Training goes in segments of whole rollouts. Each segment begins with new
episodes and new seeds, so a checkpoint holds the weights, the optimiser, the replay buffer and the running means, and
no state of an env. Schedules fall over the whole budget, not over a segment.
"""

from __future__ import annotations

import inspect
import math
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
import torch
from stable_baselines3.common.logger import KVWriter, Logger
from stable_baselines3.common.type_aliases import TrainFrequencyUnit
from stable_baselines3.common.vec_env import VecNormalize

from jit_gym.common.renamed import warn
from jit_gym.envs.observation import Codec
from jit_gym.physics import Layout
from jit_gym.policies.action import Action
from jit_gym.scenario import BadInput, Scenario

from .acting import Acting, corrections
from .dcl import choices
from .hyperparams import arguments_of, schedule
from .imitate import beginning
from .learner import Learner, inside, scales
from .networks import adopt, arrays_of
from .service import price_of, serves

ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}


class StableBaselines(Learner):
    """An agent whose algorithm is Stable-Baselines3's: each step is a segment of training.

    A subclass says which algorithm (`algorithm`, `kind` of policy), how many env steps a rollout has (`rollout`), which
    layers decide (`net`), and what else of the algorithm a checkpoint must hold (`state`, `restore`).
    """

    algorithm: ClassVar[Any]
    kind: ClassVar[str] = "MlpPolicy"
    reaches_service: ClassVar[bool] = True
    chooses: ClassVar[bool | None] = None  # True: discrete actions only; False: continuous only; None: both
    largest: ClassVar[float] = 1.0  # the relative reward of 1, in standard deviations
    squash = "clip"

    def __init__(self, scenario: Scenario, settings: Any, seed: int) -> None:
        """Make the envs and the algorithm."""
        super().__init__(scenario, settings, seed)
        if self.chooses is not None and settings.discrete != self.chooses:
            must, got = (str(each).lower() for each in (self.chooses, settings.discrete))
            raise BadInput(f"{self.name}: discrete: must be {must} for this algorithm, got {got} (ppo can do both)")
        self.action = self.choice() if settings.discrete else self.numbers()
        self.activation = settings.activation
        own = type(settings).__dataclass_fields__
        arguments = arguments_of(self.name, self.algorithm, settings.hyperparams, own, self.action.outputs)
        self.shift, self.scale, money = scales(scenario, seed)
        norm = settings.normalize
        if norm is not None and norm.norm_obs and settings.start is not None:
            raise BadInput(
                f"{self.name}: normalize: a clone sees what it was cloned with (leave start out, or set"
                " normalize={norm_obs: false})"
            )
        begun = None if settings.start is None else beginning(self)
        self.codec, self.price = Codec(Layout(scenario)), price_of(scenario, step=0.7, slower=4.0)
        self.envs: Any = Acting(
            scenario, settings.n_envs, self.action, self.shift, self.scale, money, self.relative, settings.out_of_step,
            self.ahead,
        )  # fmt: skip
        if self.relative:
            self.envs.money = self.largest * self.envs.deviation(seed)
        if self.price is not None:
            self.envs.charge(self.price)
        if norm is not None:
            gamma = arguments.get("gamma", inspect.signature(self.algorithm).parameters["gamma"].default)
            self.envs = VecNormalize(self.envs, clip_obs=np.inf, gamma=gamma, **vars(norm))
        networks = {
            "net_arch": [settings.hidden] * 2,
            "activation_fn": ACTIVATIONS[settings.activation],
            **self.network_arguments(),
            **(arguments.pop("policy_kwargs", None) or {}),
        }
        try:
            rate = schedule(settings.learning_rate)
            self.algo = self.algorithm(
                self.kind, self.envs, rate, policy_kwargs=networks, seed=seed, device="cpu", **arguments
            )
        except (TypeError, ValueError, AssertionError) as error:
            raise BadInput(f"{self.name}: hyperparams: {' '.join(str(error).split())}") from None
        self.algo._update_current_progress_remaining = self._set_progress
        self.algo.set_logger(Logger(None, [Scalars(self)]))
        self.check()
        if begun is not None:
            adopt(self.net, begun, f"{self.name}: start")
            self.adopted()
        elif self.relative:
            self.correct_nothing()
            self.adopted()

    def choice(self) -> Action:
        """Return choices among quantities, or among corrections of a rule."""
        settings, scenario = self.settings, self.scenario
        if settings.means != "correction":
            with inside(f"{self.name}: discrete"):
                return Action(choices=choices(scenario, None)).fit(scenario)
        numbers = self.numbers()
        return corrections(numbers, settings.choices, f"{self.name}: choices").fit(scenario)

    @property
    def relative(self) -> bool:
        """Tell whether it is rewarded with what it earns more than the rule that it corrects."""
        return bool(self.settings.relative) and self.action.rule is not None

    @property
    def ahead(self) -> int:
        """Return for how many periods the rule is played on after each order."""
        slowest = max(lane.lead_time.mean + lane.order_delay for lane in self.scenario.lanes.values())
        return math.ceil(self.settings.lead_times_ahead * (slowest + 1.0)) if self.relative else 0

    @property
    def begins(self) -> bool:
        """Tell whether it begins with another's policy, or with a rule that it does not correct yet."""
        return super().begins or self.relative

    def correct_nothing(self) -> None:
        """Make the last layer so small that the network corrects nothing, and prefers not to where it chooses."""
        last = [layer for layer in self.net if hasattr(layer, "weight")][-1]
        with torch.no_grad():
            last.weight.mul_(0.01)
            last.bias.zero_()
            if self.action.choices is not None:
                last.bias.sub_(torch.as_tensor(0.01 * np.abs(self.action.choices).sum(-1), dtype=torch.float32))

    @property
    def rollout(self) -> int:
        """Return the env steps that are played before the networks are fitted again."""
        raise NotImplementedError

    @property
    def net(self) -> Any:
        """Return the layers that decide when it does not explore, in their order."""
        raise NotImplementedError

    @property
    def budget(self) -> int:
        """Return the env steps of the whole rollouts that the budget allows."""
        return self.settings.budget // self.rollout * self.rollout

    @property
    def chunk(self) -> int:
        """Return the env steps of a segment: whole rollouts, and the nearest to what is asked for."""
        return min(max(1, round(self.settings.chunk / self.rollout)) * self.rollout, self.budget)

    def played(self, k: int) -> int:
        """Return how many periods the first k steps play: each env step is one, and the rule plays beside it, or on."""
        return self.done(k) * (2 + self.ahead if self.relative else 1)

    def check(self) -> None:
        """Refuse a budget with which nothing would be learned."""
        if not self.budget:
            raise BadInput(
                f"{self.name}: budget: must be {self.rollout:,} {self.unit} or more, one rollout of"
                f" {self.settings.n_envs} envs, got {self.settings.budget:,} (set fewer n_envs, or a larger budget)"
            )

    def adopted(self) -> None:
        """Bring other networks in line, after the deciding one was given the weights of a clone."""

    def learn(self, k: int, log_interval: int) -> dict[str, float]:
        """Train for segment k; what Stable-Baselines3 logs goes to `log` every `log_interval` rollouts or episodes."""
        self.begin(k)
        self.algo.learn(self.done(k + 1) - self.done(k), reset_num_timesteps=False, log_interval=log_interval)
        self.algo.logger.dump(self.algo.num_timesteps)
        if self.price is None:
            return {}
        self.price.update(served := serves(self.model(), self.scenario))
        return {"fill_rate": served, "shortage_price": self.price.value}

    def begin(self, k: int) -> None:
        """Set all that segment k begins with: schedules, new episodes, and seeds that depend on its number alone."""
        self._set_progress(self.done(k), 0)
        self.algo._last_obs = None
        self.algo.set_random_seed(int(np.random.default_rng([self.seed, k]).integers(1 << 31)))

    def _set_progress(self, done: int, _: int) -> None:
        """Tell the schedules which share of the whole budget is left (Stable-Baselines3 would count the segment's)."""
        self.algo._current_progress_remaining = 1.0 - done / self.budget

    def state(self) -> dict[str, Any]:
        """Return all that the next segments depend on: networks, optimisers, counters and running means."""
        algo = self.algo
        state = {"parameters": algo.get_parameters(), "timesteps": algo.num_timesteps, "updates": algo._n_updates}
        state["means"] = [vars(each) for each in self._means]
        return state if self.price is None else state | {"price": self.price.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        algo = self.algo
        algo.set_parameters(state["parameters"], exact_match=True)
        algo.num_timesteps, algo._n_updates = state["timesteps"], state["updates"]
        for means, held in zip(self._means, state["means"], strict=True):
            vars(means).update(held)
        if self.price is not None:
            self.price.restore(state["price"])

    @property
    def _means(self) -> list[Any]:
        """Return the running means and variances of observations and of returns, as far as they are used."""
        if not isinstance(self.envs, VecNormalize):
            return []
        return [self.envs.obs_rms, self.envs.ret_rms] if self.envs.norm_obs else [self.envs.ret_rms]

    def scaled_by(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the shift and the scale of observations: the fixed ones, and after them those of running means."""
        if not isinstance(self.envs, VecNormalize) or not self.envs.norm_obs:
            return self.shift, self.scale
        means: Any = self.envs.obs_rms
        return self.shift + means.mean / self.scale, self.scale / np.sqrt(means.var + self.envs.epsilon)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of the deciding network, as a model saves them."""
        return arrays_of(self.net, *self.scaled_by())

    def network_arguments(self) -> dict[str, Any]:
        """Return further `policy_kwargs` of the algorithm."""
        return {}


BUFFER = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


class OffPolicy(StableBaselines):
    """An agent that learns from a replay buffer, which is part of its checkpoint."""

    @property
    def rollout(self) -> int:
        """Return the env steps that are played before the networks are fitted again: `train_freq` of each env."""
        steps, unit = self.algo.train_freq
        steps *= self.scenario.horizon.periods if unit == TrainFrequencyUnit.EPISODE else 1
        return int(steps * self.settings.n_envs)

    def step(self, k: int) -> dict[str, float]:
        """Train for segment k: play `train_freq` steps, take `gradient_steps` on the replay buffer, and again.

        What is logged every `n_envs` episodes is about one rollout of episodes.
        """
        return self.learn(k, log_interval=self.settings.n_envs)

    def check(self) -> None:
        """Refuse a budget, or hyperparameters, with which nothing would be learned."""
        algo, envs = self.algo, self.settings.n_envs
        if algo.train_freq[1] == TrainFrequencyUnit.EPISODE and envs > 1:
            raise BadInput(
                f"{self.name}: hyperparams: train_freq: counts episodes of one env, got {envs} (set n_envs=1)"
            )
        super().check()
        if algo.gradient_steps == 0:
            raise BadInput(
                f"{self.name}: hyperparams: gradient_steps: must be 1 or more, or -1 (as many as env steps), got 0"
            )
        if algo.learning_starts >= self.budget:
            raise BadInput(
                f"{self.name}: hyperparams: learning_starts: must be less than the budget of"
                f" {self.settings.budget:,} {self.unit}, got {algo.learning_starts:,} (start earlier, or set a larger"
                " budget)"
            )

    def begin(self, k: int) -> None:
        """Set all that segment k begins with; noise that is correlated over time begins at 0."""
        if self.algo.action_noise is not None:
            self.algo.action_noise.reset()
        super().begin(k)

    def state(self) -> dict[str, Any]:
        """Return all that the next segments depend on, with the filled part of the replay buffer."""
        buffer = self.algo.replay_buffer
        held = buffer.buffer_size if buffer.full else buffer.pos
        arrays = {name: getattr(buffer, name)[:held] for name in BUFFER if name in vars(buffer)}
        return super().state() | {"buffer": arrays, "place": [buffer.pos, buffer.full]}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        super().restore(state)
        buffer = self.algo.replay_buffer
        for name, held in state["buffer"].items():
            getattr(buffer, name)[: len(held)] = held
        buffer.pos, buffer.full = state["place"]


class Scalars(KVWriter):
    """Passes what Stable-Baselines3 logs (`rollout/ep_rew_mean`, ...) to a learner's `log`."""

    def __init__(self, learner: Learner) -> None:
        """Take the learner."""
        self.learner = learner

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Log the numbers that are meant for TensorBoard."""
        for name, value in key_values.items():
            if "tensorboard" not in key_excluded[name] and isinstance(value, int | float | np.number):
                self.learner.log(name, float(value), step)

    def close(self) -> None:
        """Do nothing: `training.Run` opens and closes what `log` writes to."""


MOVED = {
    "PPO": ".ppo",
    "PPOLSTM": ".ppo_lstm",
    "DQN": ".dqn",
    "SAC": ".sac",
    "TD3": ".td3",
    "Settings": ".ppo",
}
"""Modules of names that this one held once."""


def __getattr__(name: str) -> Any:
    """Find a class where it is today, with a DeprecationWarning."""
    if name not in MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warn(f"{__name__}.{name}", f"{__package__}{MOVED[name]}.{name}")
    return getattr(import_module(MOVED[name], __package__), name)
