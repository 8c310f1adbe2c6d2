"""Regimes as Markov chains: how they move, where they are in the long run, and the ones that a path passes through."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..scenario.regimes import Phase


def transition(regimes: Mapping[str, Phase]) -> np.ndarray:
    """Return the chances to pass from each regime to each (regimes, regimes)."""
    matrix = np.array([[regime.next.get(other, 0.0) for other in regimes] for regime in regimes.values()])
    return matrix + np.diag(np.maximum(1.0 - matrix.sum(axis=1), 0.0))


def in_the_long_run(matrix: np.ndarray) -> np.ndarray:
    """Return the share of time that a Markov chain which begins in the first state spends in each."""
    lazy = (matrix + np.eye(len(matrix))) / 2  # has the same long-run shares, and is aperiodic
    for _ in range(64):
        lazy = lazy @ lazy
        lazy /= lazy.sum(axis=1, keepdims=True)
    return lazy[0]


def passed_through(matrix: np.ndarray, u: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
    """Return the index of the regime in each period, from numbers between 0 and 1 (periods, paths).

    `before` are those of the period before these (paths,); without it they begin in the first regime.
    """
    beyond = np.cumsum(matrix, axis=1)[:, :-1]
    out = np.zeros(u.shape, int)
    if before is not None:
        out[0] = (u[0, :, None] > beyond[before]).sum(axis=-1)
    for t in range(1, len(out)):
        out[t] = (u[t, :, None] > beyond[out[t - 1]]).sum(axis=-1)
    return out
