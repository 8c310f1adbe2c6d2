"""The file of a trained policy: plain arrays (safetensors) and, in its header, the manifest. Nothing is unpickled."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import TypeAdapter, ValidationError

from ..common import digest
from ..common.checks import one_line
from ..common.text import nearest
from ..scenario import Scenario, reading
from ..scenario.errors import sentence
from ..scenario.part import Text
from .base import PolicyError

FORMAT = "jit_gym model 3"
OLDER = "jit_gym model 2"  # which saw lanes in units of their stock's use, and no calendar
KEY = "jit_gym"  # of the header
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Manifest:
    """What a model is: for which world, what it sees and says, where it came from, and how good it was found to be."""

    agent: Text
    scenario: Text
    fingerprint: Text
    observation: tuple[str, ...]
    network: Mapping[str, Any]
    action: Mapping[str, Any] = field(default_factory=dict)
    command: Text | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    commit: str | None = None
    seconds: float = 0.0  # that training took
    cost: Mapping[str, int | float] = field(default_factory=dict)
    gap: Mapping[str, Any] = field(default_factory=dict)
    digest: Text = ""  # of the arrays: what tells this model from any other

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
        """Return the file's content: the same for the same model, with a digest over all of it, the manifest included.

        The digest is that of the file with zeros in its place.
        """
        from safetensors.numpy import save

        arrays = {name: np.ascontiguousarray(array) for name, array in self.arrays.items()}
        manifest = asdict(self.manifest) | {"digest": digest.of_arrays(arrays)[:16]}
        header = {"digest": digest.BLANK, "format": FORMAT, "manifest": manifest}  # one key: safetensors keeps no order
        blank = save(arrays, {KEY: json.dumps(header, allow_nan=False)})
        return digest.embed(blank)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            PolicyError: in one line, for a file that is not there, damaged, or no model.
        """
        if not os.path.exists(path):
            raise PolicyError(f"{path}: there is no such model")
        return cls.parse(reading.read(path, reading.SAVED), str(path))

    @classmethod
    def parse(cls, data: bytes, path: str = "model") -> Self:
        """Read a file's content.

        Raises:
            PolicyError: in one line, for what is no model, or not to the last bit the one that was saved.
        """
        header, arrays = contents(data, path)
        try:
            about = json.loads(header[KEY])
            if about["format"] == OLDER:
                again = f"python -m jit_gym.agents.reseal {path} writes it again where what it sees is the same"
                raise PolicyError(f"{path}: is of an older format ({again})")
            if about["format"] != FORMAT:
                raise PolicyError(f"{path}: is no model of this version of jit_gym (its format must be {FORMAT!r})")
            if not digest.is_embedded(data, about["digest"]):
                raise PolicyError(f"{path}: is damaged: it is not what was saved")
            manifest = TypeAdapter(Manifest).validate_python(about["manifest"])
        except ValidationError as error:
            raise PolicyError(f"{path}: is no model: its manifest cannot be read ({sentence(error)})") from None
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise PolicyError(f"{path}: is damaged, or no model ({one_line(error)})") from None
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


def contents(data: bytes, path: str) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Return the texts in the header of a safetensors file, and its arrays, neither of them looked into."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        return dict(header.get("__metadata__", {})), arrays
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise PolicyError(f"{path}: is damaged, or no model ({one_line(error)})") from None
