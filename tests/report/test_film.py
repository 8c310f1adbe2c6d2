"""The GIF of the README, and how others are made."""

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from jit_gym.report import film
from jit_gym.scenario import BadInput


def test_the_film_in_docs_is_small_and_shows_each_hour():
    """It has 640 by 480 pixels, less than a megabyte, and a picture for each hour before and after the fire."""
    assert film.FILE.stat().st_size < 1_000_000
    with Image.open(film.FILE) as shown:
        assert (shown.size, shown.n_frames) == ((640, 480), film.LAST - film.FIRST + 1)


def test_the_same_episode_makes_the_same_film():
    """Byte by byte, with a picture a period that differs from the one before."""
    first, second = (film.frames("lost-sales", "base-stock", 3, 8) for _ in range(2))
    assert len(first) == 6
    assert all(not np.array_equal(*pair) for pair in pairwise(first))
    assert film.gif(first) == film.gif(second)


def test_colours_stay_as_they_are():
    """Those that fill areas are exact, as they are what is seen most."""
    (picture,) = film.frames("lost-sales", "base-stock", 8, 8)
    with Image.open(io.BytesIO(film.gif([picture]))) as shown:
        changed = np.abs(np.asarray(shown.convert("RGB")).astype(int) - picture).max(axis=-1)
    assert (changed == 0).mean() > 0.98
    assert changed.max() < 32


def test_periods_that_are_not_in_the_episode_are_refused():
    with pytest.raises(BadInput, match="film: periods must be from 0 to 200, got 190 to 201"):
        film.frames("lost-sales", "jit", 190, 201)


@pytest.mark.slow
def test_the_film_in_docs_is_up_to_date():
    """The last picture is drawn again: all but a hundredth of its pixels are the same, whatever draws the letters."""
    now = film.frames(film.SCENARIO, film.POLICY, film.LAST, film.LAST)[0].astype(int)
    with Image.open(film.FILE) as shown:
        shown.seek(shown.n_frames - 1)
        there = np.asarray(shown.convert("RGB")).astype(int)
    assert (np.abs(now - there).max(axis=-1) > 64).mean() < 0.01, "it is stale: make film"
