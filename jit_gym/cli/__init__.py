"""The command `jit-gym`: one file a verb, in the order in which --help lists them."""

from . import list, show, compare, map, stress, tune, solve, bound, train, play, new, advise  # noqa: I001
from .app import app, main

__all__ = [
    "advise",
    "app",
    "bound",
    "compare",
    "list",
    "main",
    "map",
    "new",
    "play",
    "show",
    "solve",
    "stress",
    "train",
    "tune",
]
