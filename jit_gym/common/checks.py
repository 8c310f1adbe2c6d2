"""Refuse bad input in one line."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral  # NumPy's integers are registered as such, and NumPy need not be imported
from typing import Any

from .text import plain, quoted

SEEDS = 1 << 128  # a seed is less


class BadInput(ValueError):
    """Bad input: in one line, what is wrong, the value, and the fix."""


def check_count(name: str, value: Any, least: int, most: int | None = None) -> None:
    """Refuse an argument that is not a whole number from `least` up, to `most` where one is given."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise BadInput(f"{name}: must be a whole number, {least} or more, got {value!r}")
    if most is not None and int(value) > most:
        raise BadInput(f"{name}: must be {most:,} or less, got {value!r}")


def check_seed(seed: Any, name: str = "seed") -> int:
    """Return a seed as a plain number; refuse what is not a whole one from 0 to 2**128 - 1.

    Gymnasium draws seeds of 128 bits where it is given none.
    """
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise BadInput(f"{name}: must be a whole number, 0 or more, got {quoted(seed)}")
    if not 0 <= int(seed) < SEEDS:
        raise BadInput(f"{name}: must be 0 or more and less than 2**128, got {quoted(seed)}")
    return int(seed)


def check_seeds(seeds: Any, rows: int, each: str, *, gaps: bool = False) -> list[Any]:
    """Return a list of seeds, one for each of some rows; None may stand for no seed where `gaps` are allowed."""
    import numpy as np

    if isinstance(seeds, str | bytes) or not isinstance(seeds, Sequence | np.ndarray):
        raise BadInput(f"seed: must be one whole number, or one for each {each}, got {quoted(seeds)}")
    if len(seeds) != rows:
        raise BadInput(f"seed: must be one number, or {rows}, one a {each}; got {len(seeds)}")
    some = [seed for seed in seeds if seed is not None] if gaps else list(seeds)
    if set(map(type, some)) == {int} and min(some) >= 0 and max(some) < SEEDS:
        return list(seeds)  # quick, as the rows of a batch are many
    return [None if gaps and seed is None else check_seed(seed, f"seed[{k}]") for k, seed in enumerate(seeds)]


def one_line(error: Exception) -> str:
    """Return what an error of a library says, short and in one line."""
    text = plain(" ".join(str(error).split())) or type(error).__name__
    return text if len(text) <= 150 else f"{text[:147]}..."


def reason(error: Exception) -> str:
    """Return why the operating system refused something, in its own words."""
    return str(getattr(error, "strerror", None) or error).lower()
