"""The command `jit-gym`: one file a verb, in the order in which --help lists them."""

from . import list, show, compare, map, stress, tune, solve, bound  # noqa: I001
from . import train, record, benchmark, play, new, advise, order
from .app import app, main

__all__ = [
    "advise",
    "app",
    "benchmark",
    "bound",
    "compare",
    "list",
    "main",
    "map",
    "new",
    "order",
    "play",
    "record",
    "show",
    "solve",
    "stress",
    "train",
    "tune",
]
