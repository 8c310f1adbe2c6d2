"""Choices that are looked up are those that the network makes."""

import numpy as np
import pytest

from jit_gym.agents import memoized
from jit_gym.agents.memoized import Memoized
from jit_gym.policies.trained import Perceptron

INPUTS, CHOICES, PATHS = 3, 5, 100


def network(hidden: int) -> Perceptron:
    """Return a random network with two hidden layers of this width."""
    random, widths = np.random.default_rng(1), (INPUTS, hidden, hidden, CHOICES)
    arrays = {"shift": random.normal(size=INPUTS), "scale": random.uniform(0.5, 1.5, INPUTS)}
    for k in range(3):
        arrays[f"layers.{k}.weight"] = random.normal(size=(widths[k + 1], widths[k]))
        arrays[f"layers.{k}.bias"] = random.normal(size=widths[k + 1])
    return Perceptron({name: array.astype(np.float32) for name, array in arrays.items()}, "relu")


def chosen(of: Perceptron, seen: np.ndarray) -> list[int]:
    """Return what a network chooses for observations (inputs, paths), each computed."""
    found: list[int] = of(seen.T).argmax(-1).tolist()
    return found


def counted(choose: Memoized, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that will hold for how many observations the network was asked each time."""
    asked: list[int] = []
    compute = choose._compute
    monkeypatch.setattr(choose, "_compute", lambda seen, paths: (asked.append(paths), compute(seen, paths))[1])
    return asked


def test_each_observation_is_computed_once(monkeypatch: pytest.MonkeyPatch):
    of, random = network(64), np.random.default_rng(2)
    choose = Memoized(of, PATHS)
    asked, known = counted(choose, monkeypatch), set[bytes]()
    for paths in (PATHS, 0, 1, 70, PATHS, PATHS):
        seen = random.integers(3, size=(INPUTS, PATHS)).astype(np.float32) / 3
        assert choose(seen, paths).tolist() == chosen(of, seen[:, :paths])
        known |= {x.tobytes() for x in seen[:, :paths].T}
        assert sum(asked) == len(known)
    assert len(known) == 27


def test_small_networks_choose_for_each_path(monkeypatch: pytest.MonkeyPatch):
    of = network(8)
    choose = Memoized(of, PATHS)
    asked, seen = counted(choose, monkeypatch), np.ones((INPUTS, PATHS), np.float32)
    assert choose(seen, PATHS).tolist() == chosen(of, seen)
    assert asked == [PATHS]


@pytest.mark.parametrize(("values", "looks_up"), [(6, True), (1 << 20, False)])
def test_a_full_table_is_emptied_and_used_on_if_it_was_of_use(
    values: int, looks_up: bool, monkeypatch: pytest.MonkeyPatch
):
    """Of 216 observations most are known when a table of 210 is full; where none comes again, none is."""
    monkeypatch.setattr(memoized, "MOST", 210)
    of, random = network(64), np.random.default_rng(3)
    choose = Memoized(of, PATHS)
    asked = counted(choose, monkeypatch)
    for _ in range(200):
        seen = random.integers(values, size=(INPUTS, PATHS)).astype(np.float32)
        assert choose(seen, 10).tolist() == chosen(of, seen[:, :10])
    assert choose.looks_up is looks_up
    if looks_up:
        assert 216 < sum(asked) < 1000  # it was emptied at least once
    else:
        assert sum(asked) == 2000


def test_observations_are_told_apart_by_their_last_bit():
    of = network(64)
    choose = Memoized(of, PATHS)
    seen = np.ones((INPUTS, 2), np.float32)
    seen[0, 1] = np.nextafter(seen[0, 0], np.float32(2))
    choose(seen, 2)
    assert len(choose._index) == 2
