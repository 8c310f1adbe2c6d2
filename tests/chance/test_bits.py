"""Random bits: Philox's published vectors, and a stream of its own for every seed and source."""

import numpy as np
import pytest
from scipy import stats

from jit_gym.chance import bits
from jit_gym.chance.bits import UNIT, stream, uniforms, words
from jit_gym.chance.tables import Table, fill
from jit_gym.common.threads import use_threads

ONES = 2**32 - 1


@pytest.mark.parametrize(
    ("counter", "key", "block"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_philox_gives_the_published_words(counter: str, key: str, block: str):
    """Philox 4x32-10 on zeros, ones and the digits of pi (Salmon et al. 2011, Random123's kat_vectors)."""
    c0, c1, c2, c3 = (int(word, 16) for word in counter.split())
    k0, k1 = (int(word, 16) for word in key.split())
    low, high, whole = np.uint64(c0 | c1 << 32), np.uint64(c2 | c3 << 32), np.uint64(k0 | k1 << 32)
    assert " ".join(f"{int(word):08x}" for word in words(whole, high, low)) == block


def test_uniforms_are_the_words_of_their_path_in_order():
    """Period t of a path is word t mod 4 of its block t div 4, at the middle of its 2**-32."""
    keys, paths = np.array([5, 5, 9], np.uint64), np.array([0, 3, 3])
    drawn = uniforms(keys, paths, 11)
    for b in range(3):
        four = [words(keys[b], paths[b], block) for block in range(3)]
        expected = [(int(four[t // 4][t % 4]) + 0.5) * UNIT for t in range(11)]
        assert drawn[:, b].tolist() == expected


@pytest.mark.parametrize(("periods", "paths"), [(1, 50), (9, 50), (203, 5), (203, 0)])
def test_the_number_of_threads_changes_nothing(periods: int, paths: int, monkeypatch: pytest.MonkeyPatch):
    """They divide the periods, or the paths where there are few periods; each block is drawn where it belongs."""
    monkeypatch.setattr(bits, "WORTH_A_THREAD", 1)
    keys, which, found = np.full(paths, stream(1, "here")), np.arange(paths), []
    table = Table.of(np.arange(5.0), np.array([0.1, 0.2, 0.3, 0.2, 0.2]))
    try:
        for threads in (1, 2, 3, 7):
            use_threads(threads)
            out = np.full((periods, paths, 2), -1.0)
            fill(out, 1, keys, which, table)
            found.append((uniforms(keys, which, periods), out))
    finally:
        use_threads(None)
    for u, out in found:
        assert np.array_equal(u, found[0][0])
        assert (out[:, :, 0] == -1).all()
        assert np.array_equal(out[:, :, 1], np.searchsorted(table.cumulative, u))


def test_uniforms_never_reach_0_or_1():
    """The least and the greatest word stand for numbers strictly between 0 and 1, which every quantile allows."""
    assert 0 < (0 + 0.5) * UNIT < (ONES + 0.5) * UNIT < 1


def test_uniforms_are_uniform():
    """A million numbers fall evenly on 1,000 slices, and so do consecutive pairs on 32 x 32 squares (chi-square)."""
    u = uniforms(np.full(1000, stream(1, "test"), np.uint64), np.arange(1000), 1000)
    assert stats.chisquare(np.bincount((u * 1000).astype(int).ravel(), minlength=1000)).pvalue > 1e-3
    in_time = (u[0::2] * 32).astype(int) * 32 + (u[1::2] * 32).astype(int)
    across_paths = (u[:, 0::2] * 32).astype(int) * 32 + (u[:, 1::2] * 32).astype(int)
    for pairs in (in_time, across_paths):
        assert stats.chisquare(np.bincount(pairs.ravel(), minlength=1024)).pvalue > 1e-3


def test_every_seed_and_every_source_has_its_own_key():
    """No two of 100 seeds and 100 sources share a key, and 12/3 is not 1/23: the seed ends with a stroke."""
    sources = [f"demands.{k}" for k in range(100)]
    assert len({int(stream(seed, source)) for seed in range(100) for source in sources}) == 10_000
    assert stream(12, "3") != stream(1, "23")


def test_keys_are_the_same_on_any_machine():
    """A stream's key is the BLAKE2b hash of `seed/source`: another key would be another version of every env."""
    assert int(stream(0, "demands.customers")) == 0x94D1F6AF0134A4B6
