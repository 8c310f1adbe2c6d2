"""Hyperparameters of Stable-Baselines3's algorithms, with RL Zoo's names: which there are, and what each may be."""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import numpy as np
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from stable_baselines3.common.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise
from stable_baselines3.common.type_aliases import Schedule
from stable_baselines3.common.utils import LinearSchedule

from jit_gym.common.text import nearest
from jit_gym.scenario import BadInput
from jit_gym.scenario.errors import sentence

from .learner import Count, NotNegative, Positive, Share, inside

NOISES = {"normal": NormalActionNoise, "ornstein-uhlenbeck": OrnsteinUhlenbeckActionNoise}
OURS = {"policy", "env", "learning_rate", "action_noise", "tensorboard_log", "verbose", "seed", "device"}
"""Arguments of the algorithms that are not hyperparameters."""
ARBITRARY = ConfigDict(arbitrary_types_allowed=True)
FALLING = "lin_"  # RL Zoo's prefix for a value that falls linearly to 0
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
"""Bounds of hyperparameters that are numbers."""
AUTOMATIC = {"ent_coef": r"auto(_\d*\.?\d+)?", "target_entropy": "auto"}  # patterns of those that are texts


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


Normalizing = Annotated[Normalize | None, BeforeValidator(_normalizing)]


def arguments_of(
    place: str, algorithm: Any, hyperparams: Mapping[str, Any], own: Collection[str], outputs: int
) -> dict[str, Any]:
    """Return an algorithm's arguments.

    RL Zoo's `noise_type` and `noise_std` (on actions between -1 and 1) become the noise with which SAC and TD3 explore.

    Args:
        place: the agent, for errors.
        algorithm: a class of Stable-Baselines3.
        hyperparams: its arguments by name, and RL Zoo's two.
        own: the names of the agent's settings, which are no hyperparameters.
        outputs: how many numbers an action has.

    Raises:
        BadInput: in one line, for an unknown hyperparameter, or one of a wrong type or out of bounds.
    """
    parameters = inspect.signature(algorithm).parameters
    noise = {"noise_type", "noise_std"} if "action_noise" in parameters else set()
    known = {name for name in parameters if name not in OURS and not name.startswith("_")} | noise
    arguments: dict[str, Any] = {}
    for name, value in hyperparams.items():
        if name not in known:
            hint = " (it is a setting of its own)" if name in own else nearest(name, known)
            raise BadInput(f"{place}: hyperparams: unknown name {name!r}{hint}")
        wanted: Any = {"noise_type": str, "noise_std": float}.get(name) or parameters[name].annotation
        with inside(f"{place}: hyperparams"):
            arguments[name] = _argument(name, value, wanted)
    if noise & arguments.keys():
        kind, deviation = arguments.pop("noise_type", None), arguments.pop("noise_std", None)
        if kind not in NOISES:
            raise BadInput(f"{place}: hyperparams: noise_type: must be {' or '.join(NOISES)}, got {kind!r}")
        if deviation is None:
            raise BadInput(f"{place}: hyperparams: noise_std: must be given with noise_type")
        arguments["action_noise"] = NOISES[kind](np.zeros(outputs), np.full(outputs, deviation))
    return arguments


def _argument(name: str, value: Any, wanted: Any) -> Any:
    """Return a hyperparameter as its algorithm takes it, a schedule for RL Zoo's `lin_0.2`."""
    if Schedule in get_args(wanted) and isinstance(value, str):
        return schedule(_valid(name, value, Rate))
    checked = _valid(name, value, wanted)
    number = checked[0] if isinstance(checked, tuple) else checked  # train_freq may be [4, step]
    if name in LIMITS and isinstance(number, int | float):
        _valid(name, number, LIMITS[name])
    elif isinstance(checked, str) and name in AUTOMATIC and not re.fullmatch(AUTOMATIC[name], checked):
        raise BadInput(f"{name}: must be a number or auto, got {checked!r}")
    return checked


def _valid(name: str, value: Any, wanted: Any) -> Any:
    """Return a value as a type, or raise a BadInput of one line, which for a union names its first member."""
    try:
        return TypeAdapter(dict[str, wanted], config=ARBITRARY).validate_python({name: value})[name]
    except ValidationError as error:
        if isinstance(wanted, UnionType) or get_origin(wanted) is Union:
            return _valid(name, value, next(each for each in get_args(wanted) if each is not type(None)))
        raise BadInput(sentence(error)) from None


def schedule(rate: Any) -> float | LinearSchedule:
    """Return a rate as Stable-Baselines3 takes it: a number, or for lin_0.001 a schedule that falls to 0."""
    start = float(str(rate).removeprefix(FALLING))
    return LinearSchedule(start, 0.0, 1.0) if str(rate).startswith(FALLING) else start
