"""Spikes, disruptions and obsolescence as spells: when each event on each path begins and ends."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import register_jitable

from ..kernels.cache import compiled
from ..scenario import Distribution
from ..scenario.model import LONGEST_HORIZON, LONGEST_SPELL, LONGEST_WAIT, Disruption, Horizon, Starts
from .bits import words
from .tables import counts, invert

NEVER = np.iinfo(np.int32).max  # marks periods in which no event is on: later than any period
FOREVER = Distribution(name="fixed", value=float("inf"))
FAR = float(1 << 30)  # periods; longer spells, and `.inf`, are cut to this

assert LONGEST_HORIZON + LONGEST_WAIT < LONGEST_SPELL < FAR < NEVER


@register_jitable(forceinline=True)
def _drawn(word: Any, table: Any, least: float) -> Any:
    """Return a number of periods, drawn from a table and clipped to least..FAR, so that sums fit into 64 bits."""
    return np.int64(min(max(invert(word, table[0], table[1], table[2]), least), FAR))


class Window(NamedTuple):
    """The periods of which events are asked, of all that are played; windows are asked for in their order."""

    first: int
    stop: int  # the first period after it
    following: int  # the first period of the window that is asked for next, which may begin in this one
    last: np.ndarray  # of each path the start, the end and the number of the last event before it; is moved on


@register_jitable(forceinline=True)
def _mark(out: Any, b: Any, window: Any, start: Any, end: Any, n: Any) -> None:
    """Mark the periods of an event of a path, and keep it for the next window where it begins before that."""
    first, stop, following, last = window
    for t in range(max(start, first), min(end, stop)):
        out[t - first, b] = start
    if start < following:
        last[b, 0], last[b, 1], last[b, 2] = start, end, n


@compiled
def _random_spells(out: Any, window: Any, keys: Any, paths: Any, every: Any, lasts: Any) -> None:
    """Fill in alternating quiet spells and events; event n of a path depends on the key, the path and n only."""
    for b in range(len(paths)):
        start, end, n = window[3][b, 0], window[3][b, 1], window[3][b, 2]
        _mark(out, b, window, start, end, n)
        while end < window[1]:
            w0, w1, _, _ = words(keys[b], paths[b], n)
            start = end + _drawn(w0, every, 1.0)
            end = start + _drawn(w1, lasts, 1.0)
            n += 1
            _mark(out, b, window, start, end, n)


@compiled
def _dated_spells(out: Any, window: Any, keys: Any, paths: Any, starts: Any, lasts: Any) -> None:
    first, stop = window[:2]
    for b in range(len(paths)):
        for n in range(len(starts)):
            _, w1, _, _ = words(keys[b], paths[b], n)
            end = starts[n] + _drawn(w1, lasts, 1.0)
            for t in range(max(starts[n], first), min(end, stop)):
                out[t - first, b] = min(out[t - first, b], starts[n])


@compiled
def _single_spells(out: Any, window: Any, keys: Any, paths: Any, once: Any, lasts: Any) -> None:
    """Fill in one event on each path; its start and its length depend on the key and the path only."""
    for b in range(len(paths)):
        w0, w1, _, _ = words(keys[b], paths[b], 0)
        start = _drawn(w0, once, 0.0)
        _mark(out, b, window, start, start + _drawn(w1, lasts, 1.0), 1)


@compiled
def _driven_spells(out: Any, window: Any, keys: Any, paths: Any, rates: Any, lasts: Any) -> None:
    """Fill in events that begin in each quiet period with a chance of its own (periods, paths), after one quiet one."""
    first, stop = window[:2]
    for b in range(len(paths)):
        start, end, n = window[3][b, 0], window[3][b, 1], window[3][b, 2]
        _mark(out, b, window, start, end, n)
        t = max(end + 1, first)
        while t < stop:
            w0, w1, _, _ = words(keys[b], paths[b], t)
            if w0 < rates[t - first, b] * 4294967296.0:
                end = t + _drawn(w1, lasts, 1.0)
                n += 1
                _mark(out, b, window, t, end, n)
                t = end
            t += 1


def spells(
    starts: Starts,
    lasts: Distribution,
    horizon: Horizon,
    keys: np.ndarray,
    paths: np.ndarray,
    periods: int,
    window: Window,
    rates: np.ndarray | None = None,
) -> np.ndarray:
    """Return when the event that is on in each period of a window began, and NEVER where none is on (those, paths).

    Each path begins in a quiet spell, unless the event begins in period 0. A quiet spell of n periods is n periods
    without the event. `periods` are all that are asked for, in all windows. `rates` are the chances to begin in each
    quiet period, where these differ (periods of the window, paths).
    """
    out = np.full((window.stop - window.first, len(paths)), NEVER, np.int32)
    length, where = tuple(counts(lasts, periods)), tuple(window)
    if rates is not None:
        _driven_spells(out, where, keys, paths, rates, length)
    elif starts.spell is not None:
        _random_spells(out, where, keys, paths, tuple(counts(starts.spell, periods)), length)
    elif starts.once is not None:
        _single_spells(out, where, keys, paths, tuple(counts(starts.once, periods)), length)
    else:
        dates = np.array(sorted(min(horizon.period_of(when), int(FAR)) for when in starts.at or ()), np.int64)
        _dated_spells(out, where, keys, paths, dates, length)
    return out


def left_working(disruption: Disruption, begun: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the share that a disruption leaves in each period, and when the last one began (periods, paths).

    After it ends, capacity recovers in equal steps: with `recovers_over` of n periods, k / (n + 1) of the loss is back
    in the k-th of them.
    """
    now = np.arange(len(begun), dtype=np.int64)[:, None]
    on = begun != NEVER
    last_on = np.maximum.accumulate(np.where(on, now, -NEVER), axis=0)
    gone = np.clip(1.0 - (now - last_on) / (disruption.recovers_over + 1.0), 0.0, 1.0)
    since = np.take_along_axis(begun, np.maximum(last_on, 0), axis=0)
    return 1.0 - disruption.severity * gone, since
