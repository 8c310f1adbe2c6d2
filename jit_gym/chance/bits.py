"""Random bits by counter: any draw of any path can be computed by itself, in any order.

Philox 4x32-10 (Salmon et al. 2011). A block of four 32-bit words is a function of a key and a counter alone. The key is
a hash of the seed and of the name of a source of chance, the counter holds the path and the block's number. So a path
does not depend on the batch that it is drawn in, or on what else is drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import register_jitable

from ..common.threads import share, usable
from ..kernels.cache import compiled

UNIT = 2.0**-32  # a word w stands for the number (w + 1/2) / 2**32, strictly between 0 and 1

WORTH_A_THREAD = 50_000  # numbers that are drawn in some 100 microseconds

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


def stream(seed: int, source: str) -> np.uint64:
    """Return the key of one source of chance (`demands.customers`, say) under a seed."""
    return np.frombuffer(hashlib.blake2b(f"{seed}/{source}".encode(), digest_size=8).digest(), "<u8")[0]


@register_jitable(forceinline=True)
def words(key: Any, path: Any, block: Any) -> tuple[Any, Any, Any, Any]:
    """Return the four 32-bit words, as uint64, of a path's block under a key."""
    k0, k1 = key & _LOW, key >> _HALF
    c0, c1 = np.uint64(block) & _LOW, np.uint64(block) >> _HALF
    c2, c3 = np.uint64(path) & _LOW, np.uint64(path) >> _HALF
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@compiled
def _fill(out: Any, first: Any, keys: Any, paths: Any) -> None:
    periods = out.shape[0]
    for block in range((periods + 3) // 4):
        for b in range(len(paths)):
            four = words(keys[b], paths[b], first + block)
            for k in range(min(4, periods - 4 * block)):
                out[4 * block + k, b] = (four[k] + 0.5) * UNIT


def uniforms(keys: np.ndarray, paths: np.ndarray, periods: int, first: int = 0) -> np.ndarray:
    """Return numbers strictly between 0 and 1, one for each period from `first` on and each path (periods, paths)."""
    before = first % 4
    out = np.empty((before + periods, len(paths)))
    share_draws(_fill, out, first - before, keys, paths)
    return out[before:]


def share_draws(
    draw: Callable[..., None], out: np.ndarray, first: int, keys: np.ndarray, paths: np.ndarray, *more: Any
) -> None:
    """Draw into `out` (periods, paths) on all threads: each draws some of the periods, or of the paths where few are.

    Memory that is used for the first time is cleared by the system, page by page; a page has many paths of a few
    periods, so threads that divide the periods do not wait for each other's pages.

    Args:
        draw: called with a part of `out`, the number of its first block of 4 periods, and its `keys` and `paths`.
        out: what is filled in.
        first: the period that it begins with, a multiple of 4.
        keys: of each path.
        paths: their numbers.
        more: what is handed over behind these.
    """
    assert first % 4 == 0, first
    before, blocks = first // 4, -(-len(out) // 4)
    if blocks < 4 * usable():
        least = WORTH_A_THREAD // max(1, len(out)) + 1
        share(lambda part: draw(out[:, part], before, keys[part], paths[part], *more), len(paths), least)
        return
    least = WORTH_A_THREAD // max(1, 4 * len(paths)) + 1
    share(
        lambda part: draw(out[4 * part.start : 4 * part.stop], before + part.start, keys, paths, *more), blocks, least
    )
