"""Networks in machine code: the same to the bit as NumPy in the same order, and near what NumPy's own products say."""

import numpy as np
import pytest

from jit_gym.kernels import layers
from jit_gym.kernels.layers import TILE, Chooser


def network(*widths: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return layers of these widths, drawn at random."""
    random = np.random.default_rng(sum(widths))
    pairs = zip(widths[1:], widths[:-1], strict=True)
    return [
        (random.normal(size=pair).astype(np.float32), random.normal(size=pair[0]).astype(np.float32)) for pair in pairs
    ]


def chosen(of: list[tuple[np.ndarray, np.ndarray]], seen: np.ndarray) -> np.ndarray:
    """Return what is chosen for what is seen (paths, inputs)."""
    chooser = Chooser(of, len(seen))
    for b, x in enumerate(seen):
        chooser.inputs[b // TILE, :, b % TILE] = x
    chooser(len(seen))
    return chooser.chosen.ravel()[: len(seen)]


@pytest.mark.parametrize("widths", [(7, 32, 32, 11), (1, 3, 2), (12, 5, 1), (4, 6), (9, 130, 17, 40)])
@pytest.mark.parametrize("paths", [1, TILE, 3 * TILE + 5])
def test_machine_code_chooses_what_numpy_does(widths: tuple[int, ...], paths: int, monkeypatch: pytest.MonkeyPatch):
    of, seen = network(*widths), np.random.default_rng(paths).normal(size=(paths, widths[0])).astype(np.float32)
    compiled = chosen(of, seen)
    monkeypatch.setattr(layers.config, "DISABLE_JIT", True)
    assert np.array_equal(compiled, chosen(of, seen))
    x = seen.astype(float)
    for k, (weight, bias) in enumerate(of):
        x = x @ weight.T.astype(float) + bias
        x = np.maximum(x, 0.0) if k < len(of) - 1 else x
    assert (x[np.arange(paths), compiled] >= x.max(axis=1) - 1e-3).all()


@pytest.mark.parametrize("compiled", [True, False])
def test_sums_are_the_same_to_the_bit(compiled: bool, monkeypatch: pytest.MonkeyPatch):
    """Four inputs are added before they join the sum: of 1, and of 2**-24 four times and once, 1 + 2**-22 comes out."""
    monkeypatch.setattr(layers.config, "DISABLE_JIT", not compiled)
    small = np.float32(2.0**-24)
    weight = np.array([[0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], np.float32)
    target = np.float32(1.0 + 2.0**-22)  # what one by one would not reach, and all five at once would pass
    for threshold, expected in ((target, 0), (np.nextafter(target, np.float32(0)), 1)):
        of = [(weight, np.array([threshold, 1.0], np.float32))]
        assert chosen(of, np.full((1, 5), small))[0] == expected


@pytest.mark.parametrize("compiled", [True, False])
def test_the_first_of_the_largest_is_chosen(compiled: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(layers.config, "DISABLE_JIT", not compiled)
    of = [(np.zeros((4, 2), np.float32), np.array([1.0, 3.0, 3.0, 2.0], np.float32))]
    assert chosen(of, np.ones((5, 2), np.float32)).tolist() == [1] * 5
