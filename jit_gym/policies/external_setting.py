"""What a model from elsewhere saw and said where it was trained: what its observations and its outputs mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from ..common.text import quoted
from ..envs.env import Env
from ..envs.episodes import path_spaces
from ..envs.family import FamilyBatch
from ..envs.observation import MOST_ORDERED, Codec
from ..envs.vector import VectorEnv
from ..physics import Layout
from ..scenario import Scenario
from .action import Action
from .base import PolicyError
from .external_models import unpickled
from .wrappers import space_of


class Normalization(NamedTuple):
    """How observations were normalised in training: less their mean, over their standard deviation, and cut."""

    mean: np.ndarray  # (n,)
    deviation: np.ndarray  # (n,)
    clip: float = 10.0  # VecNormalize's default

    def __call__(self, seen: np.ndarray) -> np.ndarray:
        """Return observations (paths, n) as the model saw them in training."""
        return np.clip((seen - self.mean) / self.deviation, -self.clip, self.clip).astype(np.float32)

    @classmethod
    def of(cls, given: Any, trust: bool) -> Self | None:
        """Return what a VecNormalize does, or the file of one, or a pair of mean and deviation."""
        if given is None:
            return None
        if isinstance(given, str | Path):
            given = unpickled(Path(given), trust)
        if hasattr(given, "obs_rms"):
            if not given.norm_obs:
                return None
            statistics = given.obs_rms
            return cls(statistics.mean, np.sqrt(statistics.var + given.epsilon), given.clip_obs)
        try:
            mean, deviation = (np.asarray(part, float) for part in given)
        except (TypeError, ValueError):
            must = "must be a VecNormalize, its file, or a pair: the mean and the standard deviation of each number"
            raise PolicyError(f"normalize: {must}, got {quoted(given)}") from None
        if mean.ndim != 1 or mean.shape != deviation.shape or not (deviation > 0).all():
            raise PolicyError("normalize: must have a mean and a deviation above 0 for each number of an observation")
        return cls(mean, deviation)


@dataclass(frozen=True)
class Setting:
    """What a model saw and said in training: what its observations and its outputs mean."""

    means: str = "quantity"
    rule: Any = None
    most: float = MOST_ORDERED
    choices: Any = None
    units: str = "mean-demand"
    most_ordered: float = MOST_ORDERED
    normalize: Normalization | None = None
    meaning: Action | None = None  # of the wrapper that it was trained in
    family: Any = None  # the codecs of a family that it was trained on
    names: tuple[str, ...] | None = None  # of the numbers that it saw, where its env is known

    def codec(self, scenario: Scenario) -> Codec:
        """Return what observes and orders in a world as in the env that it was trained in."""
        if self.family is not None:
            return self.family.codec(self.family.layout(scenario))
        try:
            return Codec(Layout(scenario), self.units, self.most_ordered)
        except ValueError as error:
            raise PolicyError(str(error)) from None

    def action(self, scenario: Scenario) -> Action | None:
        """Return what its outputs mean; None for the actions of a plain env."""
        if self.meaning is not None:
            return self.meaning.fit(scenario)
        if self.choices is not None:
            return Action.choosing(scenario, self.means, self.rule, self.most, self.choices).fit(scenario)
        if self.means != "quantity" or self.rule is not None:
            return Action.default(scenario, self.means, self.rule, self.most).fit(scenario)
        return None

    @classmethod
    def of_env(cls, env: Any) -> Self:
        """Return the setting of an env, a batch, or a VecEnv, however it is wrapped in what this library knows.

        Raises:
            PolicyError: for what is no env of jit_gym, or is wrapped in something that changes what is seen or done.
        """
        inner, normalize, meaning = env, None, None
        while not isinstance(inner, Env | VectorEnv):
            if hasattr(inner, "obs_rms"):
                normalize = Normalization.of(inner, trust=True)
            meaning = getattr(inner, "meaning", meaning)
            inside = [getattr(inner, name) for name in ("venv", "envs", "env") if hasattr(inner, name)]
            if not inside:
                raise PolicyError(f"env: must be an env or a batch of jit_gym, got {quoted(env)}")
            inner = inside[0][0] if isinstance(inside[0], list) else inside[0]
        episodes = inner.episodes
        seen, done = episodes.codec.spaces
        if path_spaces(env) != (seen, done if meaning is None else space_of(meaning)):
            raise PolicyError(f"env: is wrapped in what changes its observations or actions, got {env}")
        codec, family = episodes.codec, episodes.codecs if isinstance(episodes, FamilyBatch) else None
        return cls(
            units="raw" if codec.raw else "mean-demand",
            most_ordered=codec.most_ordered,
            normalize=normalize,
            meaning=meaning,
            family=family,
            names=None if family is not None else tuple(codec.names),
        )
