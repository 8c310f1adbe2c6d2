"""Convert models of the older format: `python -m jit_gym.agents.reseal FILE ...`.

Observations of format 2 had each lane in units of its stock's use, and no calendar. Where the observation is the same
today (one lane a stock, nothing that depends on the date), the arrays are still valid; other agents must be trained
again. A file of format 3 is not changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from jit_gym.chance import usage
from jit_gym.common import digest, files
from jit_gym.common.checks import one_line
from jit_gym.envs.observation import Codec
from jit_gym.physics import Layout
from jit_gym.policies import PolicyError
from jit_gym.policies.models import KEY, OLDER, Manifest, Model, contents
from jit_gym.scenario import load, reading


def reseal(data: bytes, path: str) -> bytes:
    """Return a model's file in the present format.

    Raises:
        PolicyError: for what is no model, is not what was saved, or sees something else today.
    """
    header, arrays = contents(data, path)
    try:
        about = json.loads(header[KEY])
        if about["format"] != OLDER:
            return Model.parse(data, path).data
        if not digest.is_embedded(data, about["digest"]):
            raise PolicyError(f"{path}: is damaged: it is not what was saved")
        manifest = Manifest(**about["manifest"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PolicyError(f"{path}: its manifest cannot be read ({one_line(error)})") from None
    manifest = manifest.replace(observation=tuple(manifest.observation))
    if not _same_observation(manifest):
        raise PolicyError(f"{path}: sees something else today, and must be trained again (jit-gym train)")
    return Model(manifest, arrays).data


def _same_observation(manifest: Manifest) -> bool:
    """Tell whether the shipped scenario that a model was trained on shows what it showed then."""
    try:
        scenario = load(manifest.scenario)
    except ValueError:
        return False
    codec = Codec(Layout(scenario))
    uses = [mean for mean, _ in usage(scenario).values()] @ codec.layout.into.T
    same = scenario.fingerprint == manifest.fingerprint and tuple(codec.names) == manifest.observation
    return same and np.allclose(codec.lanes["use"], uses)


def main() -> None:
    """Write each file again, whole or not at all."""
    for name in sys.argv[1:]:
        before = reading.read(Path(name), reading.SAVED)
        try:
            after = reseal(before, name)
        except PolicyError as error:
            sys.exit(str(error))
        if after != before:
            files.write(Path(name), after)
        print(f"{name}: {'is of this format' if after == before else 'was written again'}")


if __name__ == "__main__":
    main()
