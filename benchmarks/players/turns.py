"""Play games when asked: what the scripts of this folder have in common. It needs NumPy alone, as each runs elsewhere.

A script names its games. It reads the name of one from each line of its input, plays a round of it, and answers with a
line of JSON: how many `periods` were played in how many `seconds`, and the `mean` of what they cost or earned, with its
standard `error`. So whoever asks can let two libraries, each in an environment of its own, take turns.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, TextIO

import numpy as np

Round = Callable[[], "tuple[int, Any]"]
"""Plays a round; returns how many periods, and one number an independent sample: its cost or its reward.

In place of these numbers it may return a function that finds them, whose time does not count.
"""


def serve(package: str, games: Mapping[str, Callable[[], Round]]) -> None:
    """Answer each line of the input until it ends; what libraries print goes to the error output."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _answer(answers, {"package": package, "version": version(package)})
    begun: dict[str, Round] = {}
    for line in sys.stdin:
        name = line.strip()
        if name not in begun:
            begun[name] = games[name]()
        _answer(answers, played(begun[name]))


def played(play: Round) -> dict[str, Any]:
    """Play a round, and tell its periods and seconds, and the mean of its samples with its standard error."""
    clock = time.process_time if os.environ.get("BENCH_CLOCK") == "processor" else time.perf_counter
    begin = clock()
    periods, samples = play()
    seconds = clock() - begin
    values = np.asarray(samples() if callable(samples) else samples, float).ravel()
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return {"periods": periods, "seconds": seconds, "mean": float(values.mean()), "error": error}


def _answer(answers: TextIO, found: Mapping[str, Any]) -> None:
    answers.write(json.dumps(found) + "\n")
    answers.flush()
