"""The file of a trained policy: plain arrays (safetensors) and, in its header, the manifest. Nothing is unpickled."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..scenario import Scenario
from ..scenario.part import nearest
from .rule import PolicyError

FORMAT = "jit_gym model 1"
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Manifest:
    """What a model is: for which world, what it sees and says, where it came from, and how good it was found to be."""

    agent: str
    scenario: str
    fingerprint: str
    observation: tuple[str, ...]
    network: Mapping[str, Any]
    action: Mapping[str, Any] = field(default_factory=dict)
    command: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    commit: str | None = None
    seconds: float = 0.0  # that training took
    cost: Mapping[str, float] = field(default_factory=dict)
    gap: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""

    def replace(self, **changes: Any) -> Self:
        """Return this manifest with some entries changed."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True)
class Model:
    """A manifest and its arrays."""

    manifest: Manifest
    arrays: Mapping[str, np.ndarray]

    @property
    def data(self) -> bytes:
        """Return the file's content."""
        from safetensors.numpy import save

        arrays = {name: np.ascontiguousarray(array) for name, array in self.arrays.items()}
        manifest = asdict(self.manifest) | {"digest": _digest(arrays)}
        return save(arrays, {"format": FORMAT, "manifest": json.dumps(manifest, allow_nan=False)})

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            PolicyError: in one line, for a file that is not there, damaged, or no model.
        """
        if not path.is_file():
            raise PolicyError(f"{path}: there is no such model")
        return cls.parse(path.read_bytes(), str(path))

    @classmethod
    def parse(cls, data: bytes, path: str = "model") -> Self:
        """Read a file's content."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            arrays = load(data)
            header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]).get("__metadata__", {})
        except (SafetensorError, TypeError, ValueError, KeyError) as error:
            raise PolicyError(f"{path}: is damaged, or no model ({error})") from None
        if header.get("format") != FORMAT:
            raise PolicyError(f"{path}: is no model of this version of jit_gym (its format must be {FORMAT!r})")
        try:
            manifest = Manifest(**json.loads(header["manifest"]))
            manifest = manifest.replace(observation=tuple(manifest.observation))
        except (KeyError, TypeError, ValueError) as error:
            raise PolicyError(f"{path}: its manifest cannot be read ({error})") from None
        if manifest.digest != _digest(arrays):
            raise PolicyError(f"{path}: is damaged: its arrays are not those that were saved")
        if not all(array.dtype.kind == "f" and np.isfinite(array).all() for array in arrays.values()):
            raise PolicyError(f"{path}: is damaged: it holds what is not a number")
        return cls(manifest, arrays)

    @classmethod
    def find(cls, name: str, scenario: Scenario) -> Self:
        """Read a model: of an agent shipped for a scenario (`dcl`), or for another (`lost-sales/dcl`), or in a file."""
        trained_on, _, agent = name.partition("/")
        if not name.endswith(SUFFIX) and agent in (others := shipped(trained_on)):
            return cls.read(others[agent])
        if name.endswith(SUFFIX) or os.sep in name:
            return cls.read(Path(name))
        known = shipped(scenario.name)
        if name not in known:
            there = f" (known: {', '.join(known)})" if known else " (jit-gym train makes one)"
            raise PolicyError(
                f"agent:{name}: there is no such agent for {scenario.name}{nearest(name, known) or there}"
            )
        return cls.read(known[name])


def shipped(scenario: str) -> dict[str, Path]:
    """Return the models that are shipped for a scenario, by their agents' names."""
    folder = Path(str(files("jit_gym.agents"))) / "models" / scenario
    return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def agents(scenario: Scenario) -> list[str]:
    """Return the names of the agents that are shipped for a scenario: none, if it was changed."""
    models = {name: Model.read(path) for name, path in shipped(scenario.name).items()}
    return [f"agent:{name}" for name, model in models.items() if model.manifest.fingerprint == scenario.fingerprint]


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Return 16 hexadecimal digits that change with any number of the arrays."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
