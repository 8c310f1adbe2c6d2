"""Write models of an older format again: `python -m jit_gym.agents.reseal FILE ...`.

Format 1 had a digest over its arrays alone, so that a manifest could be edited; format 2 has one over the whole file.
Arrays and manifest stay as they are, and a file of format 2 is not touched, so that the step can be taken twice.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from jit_gym.policies import PolicyError
from jit_gym.policies.models import OLDER, Manifest, Model, contents, digest
from jit_gym.report import files
from jit_gym.scenario import reading
from jit_gym.scenario.errors import one_line


def reseal(data: bytes, path: str) -> bytes:
    """Return a model's file in the present format.

    Raises:
        PolicyError: for what is no model, or whose arrays are not those that were saved. An edited manifest of format 1
            cannot be told from any other.
    """
    header, arrays = contents(data, path)
    if header.get("format") != OLDER:
        return Model.parse(data, path).data
    try:
        manifest = Manifest(**json.loads(header["manifest"]))
        manifest = manifest.replace(observation=tuple(manifest.observation))
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyError(f"{path}: its manifest cannot be read ({one_line(error)})") from None
    if manifest.digest != digest(arrays):
        raise PolicyError(f"{path}: is damaged: its arrays are not those that were saved")
    return Model(manifest, arrays).data


def main() -> None:
    """Write each file again, whole or not at all."""
    for name in sys.argv[1:]:
        before = reading.read(Path(name), reading.SAVED)
        after = reseal(before, name)
        if after != before:
            files.write(Path(name), after)
        print(f"{name}: {'is of this format' if after == before else 'was written again'}")


if __name__ == "__main__":
    main()
