"""An episode as an animated GIF, such as the one of the README.

`python -m jit_gym.report.film` (`make film`) writes docs/aisin-1997.gif again.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..common import files
from ..common.checks import BadInput
from ..envs import Env
from ..policies import policy as played_by

FILE, SCENARIO, POLICY = Path("docs/aisin-1997.gif"), "aisin-1997-record", "just-in-case"
FIRST, LAST = 358, 478  # periods: the fire comes in 368, and most suppliers work again in 464
SECONDS = 0.15  # that a picture stays
COLOURS = 64  # of a GIF: those that are seen most


def frames(scenario: str, policy: str, first: int, last: int, seed: int = 0) -> list[np.ndarray]:
    """Return the pictures (480, 640, 3) of path 0 of a seed, after `first` to `last` periods under a policy.

    Raises:
        BadInput: for periods that are not in the episode.
    """
    env = Env(scenario, render_mode="rgb_array")
    if not 0 <= first <= last <= env.scenario.horizon.periods:
        raise BadInput(f"film: periods must be from 0 to {env.scenario.horizon.periods}, got {first} to {last}")
    rule = played_by(policy, env)
    observation, _ = env.reset(seed=seed)
    shown = []
    for period in range(last + 1):
        if period >= first:
            shown.append(env.render())
        if period < last:
            observation, *_ = env.step(rule.predict(observation)[0])
    return shown


def gif(pictures: Sequence[np.ndarray], seconds: float = SECONDS) -> bytes:
    """Return pictures (height, width, 3) as a GIF that plays without end: the same bytes from the same pictures."""
    from PIL import Image

    colours, counts = np.unique(np.concatenate([_numbers(each) for each in pictures]), return_counts=True)
    often = colours[np.lexsort((colours, -counts))[:COLOURS]]
    apart = ((_parts(colours)[:, None] - _parts(often)) ** 2).sum(axis=-1)  # colours that stay are 0 from themselves
    nearest = apart.argmin(axis=1).astype(np.uint8)
    drawn = []
    for each in pictures:
        places = nearest[np.searchsorted(colours, _numbers(each))].reshape(each.shape[:2])
        drawn.append(Image.fromarray(places))
        drawn[-1].putpalette(_parts(often).astype(np.uint8).tobytes())
    file = io.BytesIO()
    drawn[0].save(
        file, "GIF", save_all=True, append_images=drawn[1:], duration=round(1000 * seconds), loop=0, optimize=True
    )
    return file.getvalue()


def _numbers(picture: np.ndarray) -> np.ndarray:
    """Return the colour of each pixel as one number."""
    red, green, blue = picture.reshape(-1, 3).astype(np.int64).T
    return red << 16 | green << 8 | blue


def _parts(colours: np.ndarray) -> np.ndarray:
    """Return the red, green and blue (n, 3) of colours that are numbers (n,)."""
    return np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=-1)


def write(path: Path = FILE) -> None:
    """Write the film of the fire of 1997.

    Raises:
        OSError: if it cannot be written; then there is no half of it either.
    """
    files.write(path, gif(frames(SCENARIO, POLICY, FIRST, LAST)))


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:]))
