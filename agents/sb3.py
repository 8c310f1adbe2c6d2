"""Stable-Baselines3's PPO, DQN, SAC and TD3 on the native batch of envs: one program, with a YAML of settings each.

The names of hyperparameters are RL Zoo's. Training goes in segments: each begins with new episodes and new seeds, and
with the learning rate of its time, so that the weights, the optimiser and the replay buffer are all that a checkpoint
has to hold.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import sb3_contrib
import stable_baselines3
import torch
from gymnasium.spaces import Box
from pydantic import ConfigDict, TypeAdapter, ValidationError
from stable_baselines3.common.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise
from stable_baselines3.common.vec_env import VecEnvWrapper

from jit_gym.envs import VectorEnv
from jit_gym.envs.observation import Coding
from jit_gym.envs.sb3 import vec_env
from jit_gym.physics import Layout
from jit_gym.policies.action import Action
from jit_gym.policies.wrappers import encoded, space_of
from jit_gym.scenario import BadInput, Scenario
from jit_gym.scenario.errors import sentence
from jit_gym.scenario.part import nearest

from .dcl import choices
from .imitate import beginning
from .learner import Learner, scales
from .networks import adopt, arrays_of

ACTIVATIONS = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
NOISES = {"normal": NormalActionNoise, "ornstein-uhlenbeck": OrnsteinUhlenbeckActionNoise}
OURS = {"policy", "env", "learning_rate", "action_noise", "tensorboard_log", "verbose", "seed", "device"}
"""What algorithms are made with that is no hyperparameter."""
ANY = 100.0  # periods of use: more than an action ever says
ANYTHING = ConfigDict(arbitrary_types_allowed=True)


@dataclass(frozen=True)
class Settings:
    """What can be set; `hyperparams` are the algorithm's arguments, and RL Zoo's `noise_type` and `noise_std`."""

    budget: int = 1_000_000  # steps of all envs together
    chunk: int = 100_000  # of those between two evaluations
    n_envs: int = 64
    discrete: bool = False  # choose among quantities, in place of numbers between -1 and 1
    means: str = "quantity"  # what the network says: quantity, order-up-to or correction
    rule: str | None = None  # which a correction corrects
    most: float = 2.5  # periods of mean demand that are ordered at once, at most
    hidden: int = 64  # units in each of two layers
    activation: str = "tanh"
    learning_rate: str | float = 3e-4  # lin_0.001 falls to nothing in a line
    start: str | None = None  # what to begin with: another agent (agent:NAME), or a clone of a rule
    hyperparams: dict[str, Any] = field(default_factory=dict)


class StableBaselines(Learner):
    """The program: each step is a segment of training."""

    settable: ClassVar[type] = Settings
    settings: Settings
    algorithm: ClassVar[Any]
    kind: ClassVar[str] = "MlpPolicy"
    squash = "clip"

    def __init__(self, scenario: Scenario, settings: Settings, seed: int) -> None:
        """Make the envs and the algorithm."""
        super().__init__(scenario, settings, seed)
        if settings.discrete:
            self.action = Action(choices=choices(scenario, None)).fit(scenario)
        else:
            self.action = self.numbers()
        if settings.activation not in ACTIVATIONS:
            raise BadInput(f"{self.name}: activation: must be tanh or relu, got {settings.activation!r}")
        self.activation = settings.activation
        arguments = arguments_of(self.name, self.algorithm, settings.hyperparams, self.action.outputs)
        self.shift, self.scale, money = scales(scenario, seed)
        begun = None if settings.start is None else beginning(self)
        self.coding = Coding(Layout(scenario), 1)
        self.envs = Acting(scenario, settings.n_envs, self.action, self.shift, self.scale, money)
        networks = {
            "net_arch": [settings.hidden] * 2,
            "activation_fn": ACTIVATIONS[settings.activation],
            **self.more(),
            **(arguments.pop("policy_kwargs", None) or {}),
        }
        try:
            self.algo = self.algorithm(
                self.kind, self.envs, 1e-3, policy_kwargs=networks, seed=seed, device="cpu", **arguments
            )
        except (TypeError, ValueError, AssertionError) as error:
            raise BadInput(f"{self.name}: hyperparams: {' '.join(str(error).split())}") from None
        if begun is not None:
            adopt(self.net, begun, f"{self.name}: start")
            if hasattr(self.algo, "actor_target"):
                self.algo.actor_target.load_state_dict(self.algo.actor.state_dict())

    @property
    def steps(self) -> int:
        """Return how many segments there are."""
        return -(-self.settings.budget // self.settings.chunk)

    def step(self, k: int) -> dict[str, float]:
        """Train for a segment."""
        self._begin(k)
        self.algo.learn(self.settings.chunk, reset_num_timesteps=False)
        return {name: float(value) for name, value in _logged(self.algo).items()}

    def _begin(self, k: int) -> None:
        """Set all that a segment begins with, from its number."""
        remaining = 1.0 - k / self.steps
        rate = self.settings.learning_rate
        rate = float(str(rate).removeprefix("lin_")) * (remaining if str(rate).startswith("lin_") else 1.0)
        self.algo.lr_schedule = lambda _: rate
        if hasattr(self.algo, "exploration_schedule"):
            schedule = stable_baselines3.common.utils.LinearSchedule(
                self.algo.exploration_initial_eps, self.algo.exploration_final_eps, self.algo.exploration_fraction
            )
            self.algo.exploration_schedule = lambda _: schedule(remaining)
        if (noise := getattr(self.algo, "action_noise", None)) is not None:
            noise.reset()
        self.algo._last_obs = None
        self.algo.set_random_seed(int(np.random.default_rng([self.seed, k]).integers(1 << 31)))

    def state(self) -> dict[str, Any]:
        """Return all that the next segments depend on."""
        algo = self.algo
        state = {"parameters": algo.get_parameters(), "timesteps": algo.num_timesteps, "updates": algo._n_updates}
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
        if "log_ent_coef" in state:
            algo.log_ent_coef.data.copy_(state["log_ent_coef"])
        if "buffer" in state:
            buffer = algo.replay_buffer
            for name, held in state["buffer"].items():
                getattr(buffer, name)[: len(held)] = held
            buffer.pos, buffer.full = state["place"]

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
        arrays |= {"memory.shift": self.shift, "memory.scale": self.scale}
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            arrays[f"memory.{name}"] = getattr(self.algo.policy.lstm_actor, f"{name}_l0").detach().numpy().copy()
        return arrays


class DQN(StableBaselines):
    """Deep Q-learning (Mnih et al. 2015)."""

    name: ClassVar[str] = "dqn"
    algorithm: ClassVar[Any] = stable_baselines3.DQN

    @property
    def net(self) -> Any:
        """Return the layers that tell what each choice is worth."""
        return list(self.algo.q_net.q_net)


class SAC(StableBaselines):
    """Soft actor-critic (Haarnoja et al. 2018)."""

    name: ClassVar[str] = "sac"
    algorithm: ClassVar[Any] = stable_baselines3.SAC
    squash = "tanh"

    @property
    def net(self) -> Any:
        """Return the layers of the actor's mean."""
        return [*self.algo.actor.latent_pi, self.algo.actor.mu]


class TD3(StableBaselines):
    """Twin delayed deterministic policy gradient (Fujimoto et al. 2018)."""

    name: ClassVar[str] = "td3"
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
        self.stage, self.action = envs.stage, action
        self.shift, self.scale, self.money = shift, scale, money
        space: Any = space_of(action)  # Stable-Baselines3 has types of its own
        seen = Box(-np.inf, np.inf, shift.shape, np.float32)
        super().__init__(vec_env(envs), seen, space)

    def reset(self) -> np.ndarray:
        """Begin new episodes."""
        return self._show(self.venv.reset())  # type: ignore[arg-type]

    def step_async(self, actions: np.ndarray) -> None:
        """Order what the actions mean."""
        self.venv.step_async(encoded(self.action, actions, self.stage))

    def step_wait(self) -> Any:
        """Play the step."""
        seen, rewards, dones, infos = self.venv.step_wait()
        for info in infos:
            if "terminal_observation" in info:
                info["terminal_observation"] = (info["terminal_observation"] - self.shift) * self.scale
        return self._show(seen), rewards / np.float32(self.money), dones, infos  # type: ignore[arg-type]

    def _show(self, seen: np.ndarray) -> np.ndarray:
        return (seen - self.shift) * self.scale


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
            hint = " (it is a setting of its own)" if name == "learning_rate" else nearest(name, known)
            raise BadInput(f"{place}: hyperparams: unknown name {name!r}{hint}")
        wanted: Any = {"noise_type": str, "noise_std": float}.get(name) or parameters[name].annotation
        try:
            arguments |= TypeAdapter(dict[str, wanted], config=ANYTHING).validate_python({name: value})
        except ValidationError as error:
            raise BadInput(f"{place}: hyperparams: {sentence(error)}") from None
    if noise & arguments.keys():
        kind, spread = arguments.pop("noise_type", None), arguments.pop("noise_std", None)
        if kind not in NOISES:
            raise BadInput(f"{place}: hyperparams: noise_type: must be {' or '.join(NOISES)}, got {kind!r}")
        if spread is None or not spread > 0:
            raise BadInput(f"{place}: hyperparams: noise_std: must be more than 0, got {spread!r}")
        arguments["action_noise"] = NOISES[kind](np.zeros(outputs), np.full(outputs, spread))
    return arguments


def _logged(algo: Any) -> dict[str, float]:
    """Return the numbers that the algorithm logged last."""
    return {name: value for name, value in algo.logger.name_to_value.items() if isinstance(value, int | float)}


__all__ = ["DQN", "PPO", "PPOLSTM", "SAC", "TD3", "Settings"]
