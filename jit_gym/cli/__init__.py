"""The command `jit-gym`: one file a verb, in the order in which --help lists them."""

from . import list, show, compare, map, stress, tune, solve, bound, train, record, play, new  # noqa: I001
from .app import app, main

__all__ = [
    "app",
    "bound",
    "compare",
    "list",
    "main",
    "map",
    "new",
    "play",
    "record",
    "show",
    "solve",
    "stress",
    "train",
    "tune",
]
