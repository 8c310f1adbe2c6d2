"""A trained policy: a small network in NumPy, which needs neither torch nor whatever trained it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np

from ..common.checks import one_line
from ..physics import View
from ..scenario import Scenario
from .action import Acting, Action, action_of
from .base import PolicyError, StatefulRule, act_in_sequence
from .models import Manifest, Model

ON_ONE_THREAD = 1 << 18  # multiplications of a product of matrices for which OpenBLAS takes one thread
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0.0, out=x),
    "tanh": lambda x: np.tanh(x, out=x),
}
SQUASHES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "clip": lambda x: x.clip(-1.0, 1.0),
    "tanh": np.tanh,
}


class Perceptron:
    """Layers of weights (outputs, inputs) and biases (outputs,), with an activation between them.

    What goes in is shifted and scaled first, (x - shift) * scale, as 32-bit floats.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], activation: str) -> None:
        """Take the layers from `layers.0.weight`, `layers.0.bias`, `layers.1.weight`, ...; `shift` and `scale`."""
        if activation not in ACTIVATIONS:
            raise ValueError(f"unknown activation {activation!r}")
        self.activation = activation
        self.shift, self.scale = arrays["shift"], arrays["scale"]
        if self.shift.ndim != 1 or self.scale.shape != self.shift.shape:
            raise ValueError(f"shift and scale must be lists of the same length, got {self.shift.shape}")
        self.layers: list[tuple[np.ndarray, np.ndarray]] = []
        width = len(self.shift)
        while (key := f"layers.{len(self.layers)}") + ".weight" in arrays:
            weight, bias = arrays[f"{key}.weight"], arrays[f"{key}.bias"]
            if bias.ndim != 1 or weight.shape != (len(bias), width):
                raise ValueError(f"{key} must be {(*bias.shape, width)}, got {weight.shape}")
            self.layers.append((weight, bias))
            width = len(bias)
        if not self.layers:
            raise ValueError("there are no layers")

    @property
    def inputs(self) -> int:
        """Return how many numbers go in."""
        return len(self.shift)

    @property
    def outputs(self) -> int:
        """Return how many numbers come out."""
        return len(self.layers[-1][1])

    def __call__(self, observation: np.ndarray) -> np.ndarray:
        """Return what comes out (paths, outputs) for observations (paths, inputs)."""
        x = (observation - self.shift) * self.scale
        *hidden, (weight, bias) = self.layers
        for w, b in hidden:
            x = times(x, w)
            x += b
            x = ACTIVATIONS[self.activation](x)
        return times(x, weight) + bias


class LSTM:
    """A layer of long short-term memory (Hochreiter and Schmidhuber 1997), in the order of torch's gates.

    What goes in is shifted and scaled first, as in a `Perceptron`.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take the arrays `memory.shift`, `memory.weight_ih` and so on."""
        self.shift, self.scale, self.weight_ih, self.weight_hh, bias_ih, bias_hh = (
            arrays[f"memory.{name}"] for name in ("shift", "scale", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        self.width = self.weight_hh.shape[-1]
        gates = 4 * self.width
        shapes = self.weight_ih.shape, self.weight_hh.shape, bias_ih.shape, bias_hh.shape, self.scale.shape
        if shapes != ((gates, self.inputs), (gates, self.width), (gates,), (gates,), self.shift.shape):
            raise ValueError(f"memory has the shapes {shapes}")
        self.bias = bias_ih + bias_hh

    @property
    def inputs(self) -> int:
        """Return how many numbers go in."""
        return len(self.shift)

    def blank(self, paths: int) -> np.ndarray:
        """Return the layer's state at first: the output and the cell (paths, 2 * width), all 0."""
        return np.zeros((paths, 2 * self.width), np.float32)

    def __call__(self, observation: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Return the layer's state (paths, 2 * width) after one more observation (paths, inputs)."""
        x = (observation - self.shift) * self.scale
        output, cell = np.split(state, 2, axis=-1)
        gates = times(x, self.weight_ih) + times(output, self.weight_hh) + self.bias
        input_gate, forget_gate, update, output_gate = np.split(gates, 4, axis=-1)
        cell = _sigmoid(forget_gate) * cell + _sigmoid(input_gate) * np.tanh(update)
        return np.concatenate([_sigmoid(output_gate) * np.tanh(cell), cell], axis=-1)


def times(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return x @ weight.T (rows, outputs) with the same digits whatever the number of BLAS threads.

    OpenBLAS rounds single-precision products otherwise on several threads than on one, of which it takes one for up to
    2**18 multiplications; so rows are multiplied a block at a time.
    """
    rows = max(1, ON_ONE_THREAD // weight.size)
    if len(x) <= rows:
        return x @ weight.T
    return np.concatenate([x[k : k + rows] @ weight.T for k in range(0, len(x), rows)])


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.float32(0.5) * (np.tanh(np.float32(0.5) * x) + np.float32(1.0))


class Network(Acting):
    """A network that was trained on one scenario; it sees what an env of that scenario shows.

    It is read from a model (`jit_gym.policies.models`), and plays any scenario that shows the same things.
    """

    _states: WeakKeyDictionary[Any, Any]  # by simulation, of a memory and of a stateful rule that is corrected

    def __init__(self, model: Model, label: str | None = None) -> None:
        """Take a model; `label` is what the policy is called."""
        self.manifest: Manifest = model.manifest
        self.label = label or f"agent:{self.manifest.agent}"
        self.squash = self.manifest.network.get("squash")
        try:
            self.memory = LSTM(model.arrays) if "memory.shift" in model.arrays else None
            self.perceptron = Perceptron(model.arrays, str(self.manifest.network.get("activation")))
            self.action: Action = action_of(self.manifest.action, model.arrays)
            if not self.action.discrete and self.squash not in SQUASHES:
                raise ValueError(f"unknown squash {self.squash!r}")
            if self.memory is not None and self.memory.width != self.perceptron.inputs:
                raise ValueError(f"{self.perceptron.inputs} inputs cannot take {self.memory.width} things remembered")
            inputs = self.perceptron.inputs if self.memory is None else self.memory.inputs
            if inputs != len(self.manifest.observation):
                raise ValueError(f"{inputs} inputs cannot take {len(self.manifest.observation)} things observed")
            if self.perceptron.outputs != self.action.outputs:
                raise ValueError(f"{self.perceptron.outputs} outputs cannot say {self.action.outputs} things")
        except (KeyError, TypeError, ValueError, IndexError, AssertionError) as error:
            raise PolicyError(f"{self.label}: the model is damaged ({one_line(error)})") from None

    def fit(self, scenario: Scenario) -> Self:
        """Return this policy for a scenario, which need not be the one that it was trained on.

        A changed world may have other numbers and other names, but must show as many numbers of the same kinds, since
        the network's inputs stand for them; quantities are in periods of mean demand in either.

        Raises:
            PolicyError: for a world that shows other things, or has another number of lanes or stocks to order for.
        """
        fitted = super().fit(scenario)
        fitted.__dict__.pop("codec", None)
        shown, known = (_kinds(names) for names in (fitted.codec.names, self.manifest.observation))
        if shown != known:
            differ = f"{len(known)} numbers and this world shows {len(shown)}"
            if len(shown) == len(known):
                k = next(k for k, (one, other) in enumerate(zip(shown, known, strict=True)) if one != other)
                differ = f"{self.manifest.observation[k]} where this world shows {fitted.codec.names[k]}"
            raise PolicyError(
                f"{self.label}: was trained on {self.manifest.scenario}, which shows {differ}"
                " (jit-gym train makes an agent for this one)"
            )
        fitted.action = self.action.fit(scenario)
        fitted._states = WeakKeyDictionary()
        return fitted

    @property
    def cycle(self) -> int | None:
        """Return after how many periods the date that it sees comes again, None where it sees none or it never does."""
        if isinstance(self.action.rule, StatefulRule):
            return None
        cycles = self.codec.calendar.cycles
        return None if self.codec.calendar.passes or not cycles else math.lcm(*cycles)

    def __call__(self, view: View) -> Any:
        """Return orders (paths, lanes), in units; a state of its own is the one that it has in the simulation."""
        stateless = self.memory is None and not isinstance(self.action.rule, StatefulRule)
        return super().__call__(view) if stateless else act_in_sequence(self, view, self._states)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_states": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"_states": WeakKeyDictionary()})

    def begin(self, view: View) -> np.ndarray | None:
        """Return the first state (paths, n) of the network's memory, all 0, and of the rule corrected; None without."""
        memory = None if self.memory is None else self.memory.blank(len(view.on_hand))
        states = [state for state in (memory, self.action.begin(view)) if state is not None]
        return np.hstack(states) if states else None

    def act(self, view: View, state: np.ndarray | None) -> tuple[Any, np.ndarray | None]:
        """Return orders (paths, lanes), in units, and the states of the network's memory and of the rule corrected."""
        seen = self.codec.observe(view)
        if self.memory is None or state is None:
            return self.action.act(self._outputs(seen), view, state)
        width = self.memory.width
        memory = self.memory(seen, state[:, : 2 * width].astype(np.float32))
        past = state[:, 2 * width :] if state.shape[1] > 2 * width else None
        orders, past = self.action.act(self._outputs(memory[:, :width]), view, past)
        return orders, memory if past is None else np.hstack([memory, past])

    def network_outputs(self, view: View) -> np.ndarray:
        """Return choices (paths,), or numbers between -1 and 1 (paths, outputs), of a network without a memory."""
        return self._outputs(self.codec.observe(view))

    def _outputs(self, seen: np.ndarray) -> np.ndarray:
        out = self.perceptron(seen)
        return out.argmax(axis=-1) if self.action.discrete else SQUASHES[str(self.squash)](out)

    @property
    def parameters(self) -> dict[str, Any]:
        """Return what distinguishes this model from any other."""
        return {"agent": self.manifest.agent, "model": self.manifest.digest, "trained": self.manifest.command}

    def __str__(self) -> str:
        return self.label


def _kinds(names: Iterable[str]) -> list[str]:
    """Return what each number of an observation is, without the name of the stock, lane or demand."""
    return [name.rpartition(".")[2] for name in names]


def model_of(manifest: Manifest, arrays: Mapping[str, np.ndarray], action: Action) -> Model:
    """Return a trained policy as a model: the network's arrays, and the action's beside them."""
    more = {name: np.asarray(array, float) for name in Action.arrays if (array := getattr(action, name)) is not None}
    return Model(manifest.replace(action=action.description), {**arrays, **more})
