"""Policies that were trained elsewhere: models of Stable-Baselines3, torch modules, ONNX files, functions by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np

from ..common.text import nearest, quoted
from ..envs.observation import MOST_ORDERED
from ..physics import View
from ..scenario import Scenario, reading
from .action import Action
from .base import Policy, PolicyError, act_in_sequence, parameters_in
from .external_models import ByName, Decide, Function, Module, Onnx, Predict, imported, is_module, saved
from .external_setting import Normalization, Setting


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
    if is_module(model):
        return External(Module(model), label or type(model).__name__, setting, in_units=False)
    if callable(model):
        return External(Function(model), label or str(getattr(model, "__name__", name)), setting, in_units=False)
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
    return not isinstance(what, Policy | type) and (hasattr(what, "predict") or is_module(what))


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
        session = Onnx(reading.read(Path(place), reading.SAVED), place)
        setting = _setting(env, given, normalize, trust)
        return External(session, label or what, setting, width=session.width, in_units=session.in_units)
    if kind == "sb3":
        algorithm, _, path = place.partition(":")
        model = saved(algorithm, path, trust)
    else:
        model = imported(kind, place)
        if not hasattr(model, "predict") and not is_module(model) and not asked:
            return ByName(kind, place, label or what)
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
        Predict(decide), label, setting, width=shape[0] if shape and len(shape) == 1 else None, in_units=False
    )
