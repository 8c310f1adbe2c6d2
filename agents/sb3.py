"""Stable-Baselines3's PPO, DQN, SAC and TD3 on the native batch of envs: one program, with a YAML of settings each.

The names of hyperparameters are RL Zoo's. Training goes in segments of whole rollouts: each begins with new episodes
and new seeds, so that the weights, the optimiser, the replay buffer and the running means are all that a checkpoint has
to hold. Schedules fall over the whole budget.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

import numpy as np
import sb3_contrib
import stable_baselines3
import torch
from gymnasium.spaces import Box
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from stable_baselines3.common.logger import KVWriter, Logger
from stable_baselines3.common.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.type_aliases import Schedule, TrainFrequencyUnit
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecEnvWrapper, VecNormalize

from jit_gym.common.text import nearest
from jit_gym.envs import VectorEnv
from jit_gym.envs.observation import Codec
from jit_gym.envs.sb3 import vec_env
from jit_gym.physics import Layout
from jit_gym.policies.action import Action
from jit_gym.policies.wrappers import encoded, space_of
from jit_gym.scenario import BadInput, Scenario
from jit_gym.scenario.errors import sentence

from .dcl import choices
from .imitate import beginning
from .learner import Count, Learner, Meaning, Most, NotNegative, Positive, Share, inside, scales
from .networks import adopt, arrays_of

ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
NOISES = {"normal": NormalActionNoise, "ornstein-uhlenbeck": OrnsteinUhlenbeckActionNoise}
OURS = {"policy", "env", "learning_rate", "action_noise", "tensorboard_log", "verbose", "seed", "device"}
"""What algorithms are made with that is no hyperparameter."""
ANY = 100.0  # periods of use: more than an action ever says
ANYTHING = ConfigDict(arbitrary_types_allowed=True)
FALLING = "lin_"  # RL Zoo's mark of what falls to nothing in a line
LIMITS: dict[str, Any] = {
    **dict.fromkeys(("n_steps", "batch_size", "n_epochs", "buffer_size", "stats_window_size", "train_freq"), Count),
    **dict.fromkeys(("target_update_interval", "policy_delay"), Count),
    **dict.fromkeys(("clip_range", "clip_range_vf", "max_grad_norm", "target_kl", "noise_std"), Positive),
    **dict.fromkeys(
        ("learning_starts", "ent_coef", "vf_coef", "target_policy_noise", "target_noise_clip"), NotNegative
    ),
    **dict.fromkeys(("gae_lambda", "exploration_initial_eps", "exploration_final_eps"), Share),
    **dict.fromkeys(("gamma", "tau", "exploration_fraction"), Annotated[float, Field(gt=0, le=1)]),
    **dict.fromkeys(("gradient_steps", "sde_sample_freq"), Annotated[int, Field(ge=-1)]),
    "target_entropy": Annotated[float, Field(allow_inf_nan=False)],
}
"""What a hyperparameter has to be if it is a number."""
AUTOMATIC = {"ent_coef": r"auto(_\d*\.?\d+)?", "target_entropy": "auto"}  # what it may be if it is a text


def _rate(value: Any) -> Any:
    """Return a learning rate as it was given, or say what it must be."""
    try:
        fine = 0 < float(str(value).removeprefix(FALLING)) < np.inf
    except ValueError:
        fine = False
    if not fine:
        raise ValueError(f"must be a number above 0, or fall from one to nothing (lin_0.001), got {value!r}")
    return value


Rate = Annotated[Any, AfterValidator(_rate)]


def _normalizing(value: Any) -> Any:
    """Return which running means are used, as a mapping, from RL Zoo's `true` or mapping."""
    if isinstance(value, bool):
        return {} if value else None
    if isinstance(value, Mapping):
        known = Normalize.__dataclass_fields__
        for name in value:
            if name == "clip_obs":
                raise ValueError("unknown name 'clip_obs' (the saved network does not clip what it sees; leave it out)")
            if name not in known:
                hint = nearest(name, known) or f" (it has {', '.join(known)})"
                raise ValueError(f"unknown name {name!r}{hint}")
    elif value is not None and not isinstance(value, Normalize):
        raise ValueError(f"must be true, false, or a mapping such as {{norm_reward: false}}, got {value!r}")
    return value


@dataclass(frozen=True)
class Normalize:
    """What VecNormalize does; it discounts with the algorithm's `gamma`, and clips no observation."""

    norm_obs: bool = True
    norm_reward: bool = True
    clip_reward: Positive = 10.0


@dataclass(frozen=True)
class Settings:
    """What can be set; `hyperparams` are the algorithm's arguments, and RL Zoo's `noise_type` and `noise_std`."""

    budget: Count = 1_000_000  # steps of all envs together
    chunk: Count = 100_000  # of those between two evaluations, to the nearest whole rollout
    n_envs: Count = 64
    discrete: bool = False  # choose among quantities, in place of numbers between -1 and 1
    means: Meaning = "quantity"  # what the network says
    rule: str | None = None  # which a correction corrects
    most: Most = 2.5  # periods of mean demand that are ordered at once, at most
    hidden: Count = 64  # units in each of two layers
    activation: Literal["tanh", "relu"] = "tanh"
    learning_rate: Rate = 3e-4  # lin_0.001 falls to nothing in a line
    normalize: Annotated[Normalize | None, BeforeValidator(_normalizing)] = None  # by running means, besides fixed ones
    start: str | None = None  # what to begin with: another agent (agent:NAME), or a clone of a rule
    hyperparams: dict[str, Any] = field(default_factory=dict)


class StableBaselines(Learner):
    """The program: each step is a segment of training."""

    unit: ClassVar[str] = "env steps"
    settable: ClassVar[type] = Settings
    settings: Settings
    algorithm: ClassVar[Any]
    chooses: ClassVar[bool | None] = None  # whether it can do nothing but choose, or nothing but say numbers
    kind: ClassVar[str] = "MlpPolicy"
    squash = "clip"

    def __init__(self, scenario: Scenario, settings: Settings, seed: int) -> None:
        """Make the envs and the algorithm."""
        super().__init__(scenario, settings, seed)
        if self.chooses is not None and settings.discrete != self.chooses:
            must, got = (str(each).lower() for each in (self.chooses, settings.discrete))
            raise BadInput(f"{self.name}: discrete: must be {must} for this algorithm, got {got} (ppo can do both)")
        if settings.discrete:
            with inside(f"{self.name}: discrete"):
                self.action = Action(choices=choices(scenario, None)).fit(scenario)
        else:
            self.action = self.numbers()
        self.activation = settings.activation
        arguments = arguments_of(self.name, self.algorithm, settings.hyperparams, self.action.outputs)
        self.shift, self.scale, money = scales(scenario, seed)
        norm = settings.normalize
        if norm is not None and norm.norm_obs and settings.start is not None:
            raise BadInput(
                f"{self.name}: normalize: a clone sees what it was cloned with (leave start out, or set"
                " normalize={norm_obs: false})"
            )
        begun = None if settings.start is None else beginning(self)
        self.codec = Codec(Layout(scenario), 1)
        self.envs: Any = Acting(scenario, settings.n_envs, self.action, self.shift, self.scale, money)
        if norm is not None:
            gamma = arguments.get("gamma", inspect.signature(self.algorithm).parameters["gamma"].default)
            self.envs = VecNormalize(self.envs, clip_obs=np.inf, gamma=gamma, **vars(norm))
        networks = {
            "net_arch": [settings.hidden] * 2,
            "activation_fn": ACTIVATIONS[settings.activation],
            **self.more(),
            **(arguments.pop("policy_kwargs", None) or {}),
        }
        try:
            rate = _schedule(settings.learning_rate)
            self.algo = self.algorithm(
                self.kind, self.envs, rate, policy_kwargs=networks, seed=seed, device="cpu", **arguments
            )
        except (TypeError, ValueError, AssertionError) as error:
            raise BadInput(f"{self.name}: hyperparams: {' '.join(str(error).split())}") from None
        self.algo._update_current_progress_remaining = self._progress
        self.algo.set_logger(Logger(None, [Scalars(self)]))
        self._check()
        if begun is not None:
            adopt(self.net, begun, f"{self.name}: start")
            if hasattr(self.algo, "actor_target"):
                self.algo.actor_target.load_state_dict(self.algo.actor.state_dict())

    @property
    def rollout(self) -> int:
        """Return the env steps that are played before the networks are fitted again."""
        if isinstance(self.algo, OnPolicyAlgorithm):
            steps = self.algo.n_steps
        else:
            steps, unit = self.algo.train_freq
            steps *= self.scenario.horizon.periods if unit == TrainFrequencyUnit.EPISODE else 1
        return int(steps * self.settings.n_envs)

    @property
    def budget(self) -> int:
        """Return the env steps of the whole rollouts that the budget allows."""
        return self.settings.budget // self.rollout * self.rollout

    @property
    def chunk(self) -> int:
        """Return the env steps of a segment: whole rollouts, and the nearest to what is asked for."""
        return min(max(1, round(self.settings.chunk / self.rollout)) * self.rollout, self.budget)

    def _check(self) -> None:
        """Refuse a budget with which nothing would be learned."""
        algo, budget, envs = self.algo, self.settings.budget, self.settings.n_envs
        if not isinstance(algo, OnPolicyAlgorithm) and algo.train_freq[1] == TrainFrequencyUnit.EPISODE and envs > 1:
            raise BadInput(
                f"{self.name}: hyperparams: train_freq: counts episodes of one env, got {envs} (set n_envs=1)"
            )
        if not self.budget:
            raise BadInput(
                f"{self.name}: budget: must be {self.rollout:,} {self.unit} or more, one rollout of {envs} envs, got"
                f" {budget:,} (set fewer n_envs, or a larger budget)"
            )
        if getattr(algo, "gradient_steps", 1) == 0:
            raise BadInput(
                f"{self.name}: hyperparams: gradient_steps: must be 1 or more, or -1 (as many as env steps), got 0"
            )
        if (idle := getattr(algo, "learning_starts", 0)) >= self.budget:
            raise BadInput(
                f"{self.name}: hyperparams: learning_starts: must be less than the budget of {budget:,} {self.unit},"
                f" got {idle:,} (start earlier, or set a larger budget)"
            )

    def step(self, k: int) -> dict[str, float]:
        """Train for a segment; what Stable-Baselines3 logs goes to `log`."""
        self._begin(k)
        often = 1 if isinstance(self.algo, OnPolicyAlgorithm) else self.settings.n_envs  # rollouts, or episodes
        self.algo.learn(self.done(k + 1) - self.done(k), reset_num_timesteps=False, log_interval=often)
        self.algo.logger.dump(self.algo.num_timesteps)
        return {}

    def _progress(self, done: int, _: int) -> None:
        """Tell the schedules how much of the whole budget is left, and not of the segment."""
        self.algo._current_progress_remaining = 1.0 - done / self.budget

    def _begin(self, k: int) -> None:
        """Set all that a segment begins with, from its number."""
        self._progress(self.done(k), 0)
        if hasattr(self.algo, "exploration_schedule"):
            self.algo.exploration_rate = self.algo.exploration_schedule(self.algo._current_progress_remaining)
        if (noise := getattr(self.algo, "action_noise", None)) is not None:
            noise.reset()
        self.algo._last_obs = None
        self.algo.set_random_seed(int(np.random.default_rng([self.seed, k]).integers(1 << 31)))

    def state(self) -> dict[str, Any]:
        """Return all that the next segments depend on."""
        algo = self.algo
        state = {"parameters": algo.get_parameters(), "timesteps": algo.num_timesteps, "updates": algo._n_updates}
        state["means"] = [vars(each) for each in self._means]
        if hasattr(algo, "_n_calls"):  # which tells DQN when its target network is due
            state["calls"] = algo._n_calls
        if (entropy := getattr(algo, "log_ent_coef", None)) is not None:
            state["log_ent_coef"] = entropy.detach()
        if (buffer := getattr(algo, "replay_buffer", None)) is not None:
            held = buffer.buffer_size if buffer.full else buffer.pos
            state["buffer"] = {name: getattr(buffer, name)[:held] for name in BUFFER if name in vars(buffer)}
            state["place"] = [buffer.pos, buffer.full]
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        algo = self.algo
        algo.set_parameters(state["parameters"], exact_match=True)
        algo.num_timesteps, algo._n_updates = state["timesteps"], state["updates"]
        if "calls" in state:
            algo._n_calls = state["calls"]
        for means, held in zip(self._means, state["means"], strict=True):
            vars(means).update(held)
        if "log_ent_coef" in state:
            algo.log_ent_coef.data.copy_(state["log_ent_coef"])
        if "buffer" in state:
            buffer = algo.replay_buffer
            for name, held in state["buffer"].items():
                getattr(buffer, name)[: len(held)] = held
            buffer.pos, buffer.full = state["place"]

    @property
    def _means(self) -> list[Any]:
        """Return the running means and variances, if there are any: of observations, and of returns."""
        if not isinstance(self.envs, VecNormalize):
            return []
        return [self.envs.obs_rms, self.envs.ret_rms] if self.envs.norm_obs else [self.envs.ret_rms]

    def scaled_by(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the shift and the scale of what the network sees: the fixed ones, and then those of running means."""
        if not isinstance(self.envs, VecNormalize) or not self.envs.norm_obs:
            return self.shift, self.scale
        means: Any = self.envs.obs_rms
        return self.shift + means.mean / self.scale, self.scale / np.sqrt(means.var + self.envs.epsilon)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of what decides."""
        return arrays_of(self.net, *self.scaled_by())

    def more(self) -> dict[str, Any]:
        """Return what else the networks are made with."""
        return {}

    @property
    def net(self) -> Any:
        """Return the layers that decide when it does not explore, in their order."""
        raise NotImplementedError


BUFFER = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


class PPO(StableBaselines):
    """Proximal policy optimisation (Schulman et al. 2017)."""

    name: ClassVar[str] = "ppo"
    algorithm: ClassVar[Any] = stable_baselines3.PPO

    @property
    def net(self) -> Any:
        """Return the layers of the policy, and not those of the value."""
        return [*self.algo.policy.mlp_extractor.policy_net, self.algo.policy.action_net]


class PPOLSTM(PPO):
    """PPO with a memory, for what is hidden (sb3-contrib's RecurrentPPO)."""

    name: ClassVar[str] = "ppo-lstm"
    kind: ClassVar[str] = "MlpLstmPolicy"
    algorithm: ClassVar[Any] = sb3_contrib.RecurrentPPO

    def more(self) -> dict[str, Any]:
        """Return the width of the memory."""
        return {"lstm_hidden_size": self.settings.hidden}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of the memory, and of what decides by it."""
        width = self.settings.hidden
        arrays = arrays_of(self.net, np.zeros(width), np.ones(width))
        arrays["memory.shift"], arrays["memory.scale"] = (each.astype(np.float32) for each in self.scaled_by())
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            arrays[f"memory.{name}"] = getattr(self.algo.policy.lstm_actor, f"{name}_l0").detach().numpy().copy()
        return arrays


class DQN(StableBaselines):
    """Deep Q-learning (Mnih et al. 2015)."""

    name: ClassVar[str] = "dqn"
    chooses = True
    algorithm: ClassVar[Any] = stable_baselines3.DQN

    @property
    def net(self) -> Any:
        """Return the layers that tell what each choice is worth."""
        return list(self.algo.q_net.q_net)


class SAC(StableBaselines):
    """Soft actor-critic (Haarnoja et al. 2018)."""

    name: ClassVar[str] = "sac"
    chooses = False
    algorithm: ClassVar[Any] = stable_baselines3.SAC
    squash = "tanh"

    @property
    def net(self) -> Any:
        """Return the layers of the actor's mean."""
        return [*self.algo.actor.latent_pi, self.algo.actor.mu]


class TD3(StableBaselines):
    """Twin delayed deterministic policy gradient (Fujimoto et al. 2018)."""

    name: ClassVar[str] = "td3"
    chooses = False
    algorithm: ClassVar[Any] = stable_baselines3.TD3
    squash = "tanh"

    @property
    def net(self) -> Any:
        """Return the layers of the actor."""
        return list(self.algo.actor.mu)


class Acting(VecEnvWrapper):
    """A batch whose actions mean what an `Action` says, and whose observations and rewards are of like size."""

    def __init__(
        self, scenario: Scenario, rows: int, action: Action, shift: np.ndarray, scale: np.ndarray, money: float
    ) -> None:
        """Make the batch."""
        envs = VectorEnv(scenario, rows, most_ordered=ANY, rewards="money")
        self.episodes, self.action = envs.episodes, action
        self.shift, self.scale, self.money = shift, scale, money
        space: Any = space_of(action)  # Stable-Baselines3 has types of its own
        seen = Box(-np.inf, np.inf, shift.shape, np.float32)
        super().__init__(vec_env(envs), seen, space)

    def reset(self) -> np.ndarray:
        """Begin new episodes."""
        return self._show(self.venv.reset())  # type: ignore[arg-type]

    def step_async(self, actions: np.ndarray) -> None:
        """Order what the actions mean."""
        self.venv.step_async(encoded(self.action, actions, self.episodes))

    def step_wait(self) -> Any:
        """Play the step."""
        seen, rewards, dones, infos = self.venv.step_wait()
        for info in infos:
            if "terminal_observation" in info:
                info["terminal_observation"] = (info["terminal_observation"] - self.shift) * self.scale
        return self._show(seen), rewards / np.float32(self.money), dones, infos  # type: ignore[arg-type]

    def _show(self, seen: np.ndarray) -> np.ndarray:
        return (seen - self.shift) * self.scale


class Scalars(KVWriter):
    """Hands what Stable-Baselines3 logs, `rollout/ep_rew_mean` and the like, to whoever trains."""

    def __init__(self, learner: Learner) -> None:
        """Hand it to a learner's `log`."""
        self.learner = learner

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Hand on the numbers that are meant for TensorBoard."""
        for name, value in key_values.items():
            if "tensorboard" not in key_excluded[name] and isinstance(value, int | float | np.number):
                self.learner.log(name, float(value), step)

    def close(self) -> None:
        """Do nothing: the learner's `log` is closed by who opened it."""


def arguments_of(place: str, algorithm: Any, hyperparams: dict[str, Any], outputs: int) -> dict[str, Any]:
    """Return what an algorithm is made with, or say in one line which of its hyperparameters cannot be.

    RL Zoo's `noise_type` and `noise_std` (on actions between -1 and 1) become the noise with which SAC and TD3 explore.
    """
    parameters = inspect.signature(algorithm).parameters
    noise = {"noise_type", "noise_std"} if "action_noise" in parameters else set()
    known = {name for name in parameters if name not in OURS and not name.startswith("_")} | noise
    arguments: dict[str, Any] = {}
    for name, value in hyperparams.items():
        if name not in known:
            own = name in Settings.__dataclass_fields__
            hint = " (it is a setting of its own)" if own else nearest(name, known)
            raise BadInput(f"{place}: hyperparams: unknown name {name!r}{hint}")
        wanted: Any = {"noise_type": str, "noise_std": float}.get(name) or parameters[name].annotation
        with inside(f"{place}: hyperparams"):
            arguments[name] = _argument(name, value, wanted)
    if noise & arguments.keys():
        kind, spread = arguments.pop("noise_type", None), arguments.pop("noise_std", None)
        if kind not in NOISES:
            raise BadInput(f"{place}: hyperparams: noise_type: must be {' or '.join(NOISES)}, got {kind!r}")
        if spread is None:
            raise BadInput(f"{place}: hyperparams: noise_std: must be given with noise_type")
        arguments["action_noise"] = NOISES[kind](np.zeros(outputs), np.full(outputs, spread))
    return arguments


def _argument(name: str, value: Any, wanted: Any) -> Any:
    """Return a hyperparameter as its algorithm takes it, a schedule for RL Zoo's `lin_0.2`."""
    if Schedule in get_args(wanted) and isinstance(value, str):
        return _schedule(_valid(name, value, Rate))
    checked = _valid(name, value, wanted)
    number = checked[0] if isinstance(checked, tuple) else checked  # train_freq may be [4, step]
    if name in LIMITS and isinstance(number, int | float):
        _valid(name, number, LIMITS[name])
    elif isinstance(checked, str) and name in AUTOMATIC and not re.fullmatch(AUTOMATIC[name], checked):
        raise BadInput(f"{name}: must be a number or auto, got {checked!r}")
    return checked


def _valid(name: str, value: Any, wanted: Any) -> Any:
    """Return a value of a type, or say in one line what it must be: of a union, its first member."""
    try:
        return TypeAdapter(dict[str, wanted], config=ANYTHING).validate_python({name: value})[name]
    except ValidationError as error:
        if isinstance(wanted, UnionType) or get_origin(wanted) is Union:
            return _valid(name, value, next(each for each in get_args(wanted) if each is not type(None)))
        raise BadInput(sentence(error)) from None


def _schedule(rate: Any) -> float | LinearSchedule:
    """Return what Stable-Baselines3 takes for a rate, or for one that falls to nothing over the budget: lin_0.001."""
    start = float(str(rate).removeprefix(FALLING))
    return LinearSchedule(start, 0.0, 1.0) if str(rate).startswith(FALLING) else start


__all__ = ["DQN", "PPO", "PPOLSTM", "SAC", "TD3", "Settings"]
