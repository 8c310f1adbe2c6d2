"""The command `jit-gym`: one file a verb, in the order in which --help lists them."""

from . import list, show, compare, tune, solve, bound, stress, train, new  # noqa: I001
from .app import app, main

__all__ = ["app", "bound", "compare", "list", "main", "new", "show", "solve", "stress", "train", "tune"]
