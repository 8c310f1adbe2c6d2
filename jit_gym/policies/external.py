"""Policies that were trained elsewhere: models of Stable-Baselines3, torch modules, ONNX files, functions by name."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self
from weakref import WeakKeyDictionary

import numpy as np

from ..common.checks import one_line
from ..common.text import nearest, quoted
from ..envs.env import Env
from ..envs.episodes import path_spaces
from ..envs.family import FamilyBatch
from ..envs.observation import MOST_ORDERED, Codec
from ..envs.vector import VectorEnv
from ..physics import Layout, View
from ..scenario import Scenario, reading
from .action import Action
from .base import Policy, PolicyError, act_in_sequence, parameters_in
from .wrappers import space_of

Decide = Callable[[np.ndarray, Any, np.ndarray], tuple[Any, Any]]
"""Observations (paths, n), a state of any kind (None at first) and whether it is the first period (paths,), to the
network's outputs and its next state."""

ALGORITHMS = {
    "stable_baselines3": ("a2c", "ddpg", "dqn", "ppo", "sac", "td3"),
    "sb3_contrib": ("ars", "crossq", "ppo-lstm", "qrdqn", "tqc", "trpo"),
}
CLASSES = {"crossq": "CrossQ", "ppo-lstm": "RecurrentPPO"}


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
            given = _unpickled(Path(given), trust)
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


class External(Policy):
    """A policy from elsewhere that reads observations, as an env shows them, and returns actions, as an env takes them.

    `jit_gym.external_policy` makes one. It may keep a state of its own, as recurrent networks do.
    """

    def __init__(
        self, decide: Decide, label: str, setting: Setting, *, width: int | None = None, in_units: bool
    ) -> None:
        """Take the function that decides, and what goes in and comes out.

        Args:
            decide: the model.
            label: what it is called.
            setting: what its observations and outputs mean.
            width: how many numbers it sees; None where it does not say.
            in_units: whether its outputs are orders in units (paths, lanes), whatever the setting says of them.
        """
        self.decide, self.label, self.setting, self.width, self.in_units = decide, label, setting, width, in_units
        self.names, self.columns = setting.names, None
        self._states: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def fit(self, scenario: Scenario) -> Self:
        """Return this policy for a scenario.

        Of a world that shows more than that where it was trained, or else than the first one that it was made for, it
        sees what it saw there.

        Raises:
            PolicyError: for a world that shows another number of things than the model sees, in one line.
        """
        fitted = super().fit(scenario)
        fitted.__dict__["codec"] = codec = self.setting.codec(scenario)
        fitted.action = None if self.in_units else self.setting.action(scenario)
        fitted._states = WeakKeyDictionary()
        shown, known = codec.names, self.names or tuple(codec.names)
        fitted.columns = [shown.index(name) for name in known] if set(known) < set(shown) else None
        shows = len(shown if fitted.columns is None else known)
        fitted.names = known
        normalize, width = self.setting.normalize, len(known) if self.width is None else self.width
        for what, numbers in (("sees", width), ("is normalised by", normalize and len(normalize.mean))):
            if numbers is not None and numbers != shows:
                raise PolicyError(f"{self.label}: {what} {numbers} numbers, and {scenario.name} shows {shows}")
        return fitted

    action: Action | None
    names: tuple[str, ...] | None
    columns: list[int] | None  # of what the world shows, those that it sees; None where it sees all

    def notes(self) -> list[str]:
        """Return what of the world it does not see, where that is anything, as one sentence."""
        if self.columns is None:
            return []
        unseen = [name for k, name in enumerate(self.codec.names) if k not in self.columns]
        return [f"{self.label}: does not see {', '.join(unseen)}, which were not shown where it was trained"]

    def __call__(self, view: View) -> Any:
        """Return orders (paths, lanes), in units; a model with a state goes on from the one in this simulation."""
        return act_in_sequence(self, view, self._states)

    def begin(self, view: View) -> None:
        """Return None: a model makes its first state itself."""

    def act(self, view: View, state: Any) -> tuple[Any, Any]:
        """Return orders (paths, lanes), in units, and the model's next state."""
        seen = self.codec.observe(view)
        seen = seen if self.columns is None else np.ascontiguousarray(seen[:, self.columns])
        if self.setting.normalize is not None:
            seen = self.setting.normalize(seen)
        starts = np.full(len(seen), state is None)
        outputs, state = self.decide(seen, state, starts)
        return self._orders(np.asarray(outputs), view), state

    def _orders(self, outputs: np.ndarray, view: View) -> Any:
        paths = len(view.on_hand)
        lanes = len(self.codec.lanes)
        choose = self.action is not None and self.action.discrete
        numbers = lanes if self.action is None or self.in_units else self.action.outputs
        if outputs.shape == (paths, 1) and choose:
            outputs = outputs[:, 0]
        shape = (paths,) if choose else (paths, numbers)
        if outputs.shape != shape or (choose and outputs.dtype.kind not in "iu"):
            must = f"must be whole numbers {shape}, choices" if choose else f"must be numbers {shape}"
            raise PolicyError(f"{self.label}: its actions {must}, got {outputs.dtype} {outputs.shape}")
        if self.in_units:
            return outputs.astype(float)
        if self.action is None:
            return self.codec.orders(outputs)
        if choose and (outputs.min() < 0 or outputs.max() >= self.action.outputs):
            raise PolicyError(f"{self.label}: its choices must be from 0 to {self.action.outputs - 1}")
        return self.action.orders(outputs, view)

    @property
    def parameters(self) -> dict[str, Any]:
        """Return what is known of it."""
        return {}

    def __str__(self) -> str:
        return self.label

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_states": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"_states": WeakKeyDictionary()})


def external_policy(
    model: Any,
    *,
    env: Any = None,
    means: str = "quantity",
    rule: Any = None,
    most: float = MOST_ORDERED,
    choices: Any = None,
    units: str = "mean-demand",
    most_ordered: float = MOST_ORDERED,
    normalize: Any = None,
    label: str | None = None,
    trust: bool = False,
) -> Policy | Callable[[View], Any]:
    """Return a policy that was trained elsewhere, for `compare`, `evaluate`, `stress`, `policy_map` and the others.

    Args:
        model: anything with Stable-Baselines3's `predict`, recurrent models too; a `torch.nn.Module` or any function
            that takes observations (paths, n) and returns actions; or a text: `"sb3:ppo:best.zip"`,
            `"onnx:model.onnx"`, or `"module:function"`, which names a function of a `View`, a policy or a model. A text
            may have the other arguments in brackets: `"onnx:model.onnx(means=order-up-to)"`.
        env: the env that it was trained on, single, batch or VecEnv, with its wrappers `ActionMeaning` and
            VecNormalize: it says all that follows. By default that of the model, where it has one.
        means: what its numbers between -1 and 1 stand for, as in `jit_gym.ActionMeaning`, whose `rule`, `most` and
            `choices` follow.
        rule: the rule that is corrected.
        most: how much can be ordered or corrected at most, in periods of use.
        choices: for a model that chooses: how many, or the choices themselves.
        units: `"mean-demand"` or `"raw"`, as in `gym.make`.
        most_ordered: as in `gym.make`.
        normalize: how observations were normalised: a VecNormalize, its file (which is unpickled, so it needs `trust`),
            or a pair of arrays, the mean and the standard deviation.
        label: what to call it.
        trust: unpickle `sb3:` files. Whoever wrote such a file can run any code here.

    Raises:
        PolicyError: for what is none of these, in one line.
    """
    given: dict[str, Any] = {"means": means, "rule": rule, "most": most, "choices": choices, "units": units}
    given |= {"most_ordered": most_ordered}
    if isinstance(model, str):
        return _named(model, env, given, normalize, label, trust)
    if env is None and hasattr(model, "get_env") and given == _DEFAULTS and normalize is None:
        env = model.get_env()
    setting = _setting(env, given, normalize, trust)
    name = label or type(model).__name__.lower()
    if hasattr(model, "predict"):
        return _predicting(model, name, setting)
    if _is_module(model):
        return External(_Module(model), label or type(model).__name__, setting, in_units=False)
    if callable(model):
        return External(_Function(model), label or str(getattr(model, "__name__", name)), setting, in_units=False)
    raise PolicyError(f"a model must have `predict`, be a torch module or a function, got {quoted(model)}")


_DEFAULTS: Mapping[str, Any] = {
    "means": "quantity",
    "rule": None,
    "most": MOST_ORDERED,
    "choices": None,
    "units": "mean-demand",
    "most_ordered": MOST_ORDERED,
}
OPTIONS = (*_DEFAULTS, "normalize", "label")
TEXT = re.compile(
    r"\s*(?P<what>(?:sb3:[\w-]+|onnx):[^()]+|[A-Za-z_][\w.]*:[A-Za-z_][\w.]*)\s*(?:\((?P<inside>.*)\))?\s*", re.S
)


def is_model(what: Any) -> bool:
    """Tell whether something is a model of Stable-Baselines3, or like one, or a torch module."""
    return not isinstance(what, Policy | type) and (hasattr(what, "predict") or _is_module(what))


def is_external(text: str) -> bool:
    """Tell whether a text names a policy from elsewhere: `sb3:ppo:best.zip`, `onnx:model.onnx`, `module:function`."""
    return not text.lstrip().startswith("agent:") and TEXT.fullmatch(text) is not None


def _setting(env: Any, given: Mapping[str, Any], normalize: Any, trust: bool) -> Setting:
    """Return what a model saw and said: what its env tells, or what is given."""
    return Setting(**given, normalize=Normalization.of(normalize, trust)) if env is None else Setting.of_env(env)


def _named(text: str, env: Any, given: dict[str, Any], normalize: Any, label: str | None, trust: bool) -> Any:
    match = TEXT.fullmatch(text)
    if match is None:
        raise PolicyError(
            f"cannot read the policy {text!r} (write it like sb3:ppo:best.zip, onnx:model.onnx or module:function)"
        )
    what = match["what"].strip()
    asked = parameters_in(match["inside"] or "", what, text)
    for key in asked:
        if key not in OPTIONS:
            raise PolicyError(f"{what}: unknown option {key!r}{nearest(str(key), OPTIONS) or ''}")
    normalize, label = asked.pop("normalize", normalize), asked.pop("label", label)
    given = given | asked
    kind, _, place = what.partition(":")
    if kind == "onnx":
        session = _Onnx(reading.read(Path(place), reading.SAVED), place)
        setting = _setting(env, given, normalize, trust)
        return External(session, label or what, setting, width=session.width, in_units=session.in_units)
    if kind == "sb3":
        algorithm, _, path = place.partition(":")
        model = _saved(algorithm, path, trust)
    else:
        model = _imported(kind, place)
        if not hasattr(model, "predict") and not _is_module(model) and not asked:
            return _ByName(kind, place, label or what)
    return external_policy(model, env=env, **given, normalize=normalize, label=label or what, trust=trust)


def _predicting(model: Any, label: str, setting: Setting) -> External:
    """Return a model of Stable-Baselines3 as a policy."""
    network = getattr(model, "policy", model)
    decide = network if hasattr(network, "predict") else model
    space = getattr(model, "observation_space", None)
    shape = getattr(space, "shape", None)
    choices = getattr(getattr(model, "action_space", None), "n", None)
    if (
        choices is not None
        and setting.choices is None
        and not (setting.meaning is not None and setting.meaning.discrete)
    ):
        raise PolicyError(
            f"{label}: chooses one of {choices}: say what they mean (choices={choices}, or the env it was trained on)"
        )
    return External(
        _Predict(decide), label, setting, width=shape[0] if shape and len(shape) == 1 else None, in_units=False
    )


@dataclass(frozen=True)
class _Predict:
    """What Stable-Baselines3 calls a policy."""

    model: Any

    def __call__(self, seen: np.ndarray, state: Any, starts: np.ndarray) -> tuple[Any, Any]:
        """Return actions, not explored, and the state of a recurrent model."""
        return self.model.predict(seen, state=state, episode_start=starts, deterministic=True)


@dataclass(frozen=True)
class _Module:
    """A torch module: from observations to actions, both tensors of 32-bit floats."""

    module: Any

    def __call__(self, seen: np.ndarray, state: Any, starts: np.ndarray) -> tuple[Any, Any]:
        """Return actions; the module is in whatever mode it was given in."""
        import torch

        with torch.no_grad():
            outputs = self.module(torch.from_numpy(np.ascontiguousarray(seen)))
        return outputs.cpu().numpy(), None


@dataclass(frozen=True)
class _Function:
    """A function from observations (paths, n) to actions."""

    function: Callable[[np.ndarray], Any]

    def __call__(self, seen: np.ndarray, state: Any, starts: np.ndarray) -> tuple[Any, Any]:
        """Return actions."""
        return self.function(seen), None


class _Onnx:
    """An ONNX file: from `observation` to `orders` in units, or to `actions`; with a `memory`, also `remembered`.

    That is how `jit-gym train --onnx` writes them. In other files the first input is the observation, the first output
    the action.
    """

    def __init__(self, data: bytes, path: str) -> None:
        """Read a file's content."""
        self.data, self.path = data, path
        self._open()

    def _open(self) -> None:
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise PolicyError(f"onnx:{self.path}: needs onnxruntime (pip install 'jit-gym[onnx]')") from None
        try:
            self.session = onnxruntime.InferenceSession(self.data, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises a class of its own for each fault
            raise PolicyError(f"onnx:{self.path}: is damaged, or no ONNX file ({one_line(error)})") from None
        self.inputs = self.session.get_inputs()
        self.outputs = [output.name for output in self.session.get_outputs()]
        if len(self.inputs) > 2 or (len(self.inputs) == 2) != ("remembered" in self.outputs):
            names = ", ".join(each.name for each in self.inputs)
            raise PolicyError(
                f"onnx:{self.path}: must take an observation, and a memory that it returns; takes {names}"
            )
        width = self.inputs[0].shape[-1]
        self.width = width if isinstance(width, int) else None
        self.in_units = "orders" in self.outputs

    def __call__(self, seen: np.ndarray, state: Any, starts: np.ndarray) -> tuple[Any, Any]:
        """Return orders or actions, and the memory."""
        name = next((each for each in ("orders", "actions") if each in self.outputs), self.outputs[0])
        fed = {self.inputs[0].name: np.ascontiguousarray(seen, np.float32)}
        if len(self.inputs) == 1:
            return self.session.run([name], fed)[0], None
        memory = np.zeros((len(seen), self.inputs[1].shape[-1]), np.float32) if state is None else state
        outputs, memory = self.session.run([name, "remembered"], fed | {self.inputs[1].name: memory})
        return outputs, memory

    def __getstate__(self) -> dict[str, Any]:
        return {"data": self.data, "path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()


class _ByName:
    """A function of a `View` that is named by its module; it is imported again in another process."""

    def __init__(self, module: str, name: str, label: str) -> None:
        """Import it."""
        self.module, self.name, self.__name__ = module, name, label
        self.function = _imported(module, name)

    def __call__(self, *given: Any) -> Any:
        """Return orders in units (paths, lanes)."""
        return self.function(*given)

    def __reduce__(self) -> Any:
        return _ByName, (self.module, self.name, self.__name__)


def _imported(module: str, name: str) -> Any:
    """Return what a module has under a name; the module may lie in the current folder."""
    where = f"{module}:{name}"
    sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except ModuleNotFoundError as error:
        raise PolicyError(f"{where}: there is no module {error.name!r}") from None
    except AttributeError:
        known = [key for key in vars(importlib.import_module(module)) if not key.startswith("_")]
        raise PolicyError(f"{where}: {module} has no {name!r}{nearest(name, known) or ''}") from None
    finally:
        sys.path.remove(os.getcwd())
    if not callable(found) and not hasattr(found, "predict"):
        raise PolicyError(f"{where}: must be a function, a policy or a model, got {quoted(found)}")
    return found


def _saved(algorithm: str, path: str, trust: bool) -> Any:
    """Return a model that Stable-Baselines3 saved."""
    where = f"sb3:{algorithm}:{path}"
    names = [name for group in ALGORITHMS.values() for name in group]
    if algorithm not in names:
        hint = nearest(algorithm, names) or f" (known: {', '.join(names)})"
        raise PolicyError(f"{where}: unknown algorithm {algorithm!r}{hint}")
    if not os.path.exists(path):
        raise PolicyError(f"{where}: there is no such file")
    _must_be_trusted(path, trust)
    home = next(package for package, group in ALGORITHMS.items() if algorithm in group)
    try:
        made = getattr(importlib.import_module(home), CLASSES.get(algorithm, algorithm.upper()))
        return made.load(path, device="cpu")
    except ModuleNotFoundError as error:
        raise PolicyError(f"{where}: needs {error.name} (pip install 'jit-gym[train]')") from None
    except Exception as error:  # whatever unpickling raises
        raise PolicyError(f"{where}: is damaged, or no {algorithm} model ({one_line(error)})") from None


def _unpickled(path: Path, trust: bool) -> Any:
    if not path.exists():
        raise PolicyError(f"normalize: {path}: there is no such file")
    _must_be_trusted(str(path), trust)
    import pickle

    try:
        with path.open("rb") as file:
            return pickle.load(file)
    except Exception as error:  # whatever unpickling raises
        raise PolicyError(f"normalize: {path}: is damaged, or no VecNormalize ({one_line(error)})") from None


def _must_be_trusted(path: str, trust: bool) -> None:
    if not trust:
        raise PolicyError(
            f"{path}: is unpickled, which runs whatever code its author put there (add --trust if you trust it)"
        )


def _is_module(model: Any) -> bool:
    torch = sys.modules.get("torch")  # nobody has a module who has not imported it
    return torch is not None and isinstance(model, torch.nn.Module)
