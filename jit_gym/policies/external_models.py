"""Models from elsewhere, each as a function that decides, and how they are found: by name, or in a file.

Nothing is unpickled unless the caller says that it is to be trusted.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..common.checks import one_line
from ..common.text import nearest, quoted
from .base import PolicyError

Decide = Callable[[np.ndarray, Any, np.ndarray], tuple[Any, Any]]
"""Observations (paths, n), a state of any kind (None at first) and whether it is the first period (paths,), to the
network's outputs and its next state."""

ALGORITHMS = {
    "stable_baselines3": ("a2c", "ddpg", "dqn", "ppo", "sac", "td3"),
    "sb3_contrib": ("ars", "crossq", "ppo-lstm", "qrdqn", "tqc", "trpo"),
}
CLASSES = {"crossq": "CrossQ", "ppo-lstm": "RecurrentPPO"}


@dataclass(frozen=True)
class Predict:
    """What Stable-Baselines3 calls a policy."""

    model: Any

    def __call__(self, seen: np.ndarray, state: Any, starts: np.ndarray) -> tuple[Any, Any]:
        """Return actions, not explored, and the state of a recurrent model."""
        return self.model.predict(seen, state=state, episode_start=starts, deterministic=True)


@dataclass(frozen=True)
class Module:
    """A torch module: from observations to actions, both tensors of 32-bit floats."""

    module: Any

    def __call__(self, seen: np.ndarray, state: Any, starts: np.ndarray) -> tuple[Any, Any]:
        """Return actions; the module is in whatever mode it was given in."""
        import torch

        with torch.no_grad():
            outputs = self.module(torch.from_numpy(np.ascontiguousarray(seen)))
        return outputs.cpu().numpy(), None


@dataclass(frozen=True)
class Function:
    """A function from observations (paths, n) to actions."""

    function: Callable[[np.ndarray], Any]

    def __call__(self, seen: np.ndarray, state: Any, starts: np.ndarray) -> tuple[Any, Any]:
        """Return actions."""
        return self.function(seen), None


class Onnx:
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


class ByName:
    """A function of a `View` that is named by its module; it is imported again in another process."""

    def __init__(self, module: str, name: str, label: str) -> None:
        """Import it."""
        self.module, self.name, self.__name__ = module, name, label
        self.function = imported(module, name)

    def __call__(self, *given: Any) -> Any:
        """Return orders in units (paths, lanes)."""
        return self.function(*given)

    def __reduce__(self) -> Any:
        return ByName, (self.module, self.name, self.__name__)


def imported(module: str, name: str) -> Any:
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


def saved(algorithm: str, path: str, trust: bool) -> Any:
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


def unpickled(path: Path, trust: bool) -> Any:
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


def is_module(model: Any) -> bool:
    torch = sys.modules.get("torch")  # nobody has a module who has not imported it
    return torch is not None and isinstance(model, torch.nn.Module)
