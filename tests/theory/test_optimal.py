"""Optimal policies: saved, loaded, and played in environments."""

import io
import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import jit_gym
from jit_gym.common.digest import sealed, unsealed
from jit_gym.evaluation import evaluate
from jit_gym.scenario import BadInput, load
from jit_gym.theory import Optimal, solve

SHOP = {"lanes.supplier.lead_time": 2}


@pytest.fixture(scope="module")
def policy() -> Optimal:
    """Return the optimal policy of a small shop."""
    return solve(load("lost-sales", SHOP)).policy


def test_what_is_saved_is_what_is_loaded(policy: Optimal, tmp_path: Path):
    """The same orders on the same paths, and the same scenario."""
    policy.save(tmp_path / "optimal.npz")
    again = Optimal.load(tmp_path / "optimal.npz")
    assert again.scenario == policy.scenario
    assert (again.cost, again.low, again.high) == (policy.cost, policy.low, policy.high)
    costs = [evaluate(each, policy.scenario, paths=64, seed=1).figures["cost"] for each in (policy, again)]
    np.testing.assert_array_equal(*costs)


def test_a_policy_of_another_scenario_is_refused(policy: Optimal, tmp_path: Path):
    """The file names the scenario it is for."""
    policy.save(tmp_path / "optimal.npz")
    with pytest.raises(BadInput, match="computed for another scenario"):
        Optimal.load(tmp_path / "optimal.npz", "lost-sales")


def archive(policy: Optimal, **changed: Any) -> bytes:
    """Return a saved policy with some arrays, or parts of its manifest, changed and sealed as if it had been saved."""
    file = io.BytesIO()
    with np.load(io.BytesIO(unsealed(saved(policy)))) as found:
        arrays = dict(found)
    about = json.loads(arrays.pop("manifest").tobytes())
    about |= {key: value for key, value in changed.items() if key in about}
    arrays |= {key: value for key, value in changed.items() if key in arrays}
    np.savez(file, manifest=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
    return sealed(file.getvalue())


def saved(policy: Optimal) -> bytes:
    with TemporaryDirectory() as folder:
        policy.save(Path(folder) / "optimal.npz")
        return (Path(folder) / "optimal.npz").read_bytes()


def refused(file: Path, content: bytes) -> str:
    """Return the one line in which a damaged file is refused."""
    file.write_bytes(content)
    with pytest.raises(
        BadInput, match=r"optimal\.npz: is no saved policy, or is damaged: .* \(solve again\)$"
    ) as caught:
        Optimal.load(file)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_flipped_bit_and_no_cut_is_missed(policy: Optimal, tmp_path: Path):
    """A digest over the whole file, whatever the archive's own sums do not cover, such as its names and dates."""
    good, random = saved(policy), np.random.default_rng(0)
    for place in {*range(0, 100), *range(len(good) - 300, len(good)), *random.integers(len(good), size=300).tolist()}:
        bad = bytearray(good)
        bad[place] ^= 1 << int(random.integers(8))
        refused(tmp_path / "optimal.npz", bytes(bad))
    for length in {*range(0, 100), *random.integers(len(good), size=100).tolist()}:
        refused(tmp_path / "optimal.npz", good[:length])


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"orders": np.full((1, 1, 300, 1), -1, np.int32)}, "orders must be 0 or more"),
        ({"orders": np.full((1, 1, 300, 1), 0.5)}, "orders must be whole numbers"),
        ({"orders": np.zeros((1, 1, 299, 1), np.int32)}, "states must be (299, 8), got (300, 8)"),
        ({"orders": np.zeros((1, 1, 300, 2), np.int32)}, "orders must be (1, 1, 300, 1), got (1, 1, 300, 2)"),
        ({"orders": np.zeros((0, 1, 300, 1), np.int32)}, "orders has the shape (0, 1, 300, 1)"),
        ({"states": np.full((300, 8), np.nan)}, "states must be whole numbers"),
        ({"phase": np.array([1])}, "phase must be from 0 to 0"),
        ({"longest": np.array([np.nan])}, "it holds what is not a number"),
        ({"use": np.array([True])}, "use must be (), got (1,)"),
        ({"arrivals": np.array(["x"])}, "arrivals is not (1,) numbers"),
        ({"cost": float("nan")}, "its cost is no number"),
        ({"cost": "cheap"}, "could not convert string to float"),
        ({"format": "jit_gym optimal policy 1"}, "its format must be 'jit_gym optimal policy 2'"),
        ({"fingerprint": "0" * 16}, "its scenario is not the one that it was computed for"),
        ({"scenario": {"name": "x"}}, "3 validation errors for Scenario"),
        ({"scenario": None}, "1 validation error for Scenario"),
    ],
)
def test_what_is_saved_is_checked_before_it_plays(
    changed: dict[str, Any], complaint: str, policy: Optimal, tmp_path: Path
):
    """Even with a digest that is right: shapes, kinds, ranges, and the scenario."""
    assert f"damaged: {complaint}" in refused(tmp_path / "optimal.npz", archive(policy, **changed))


def test_an_array_that_claims_to_be_huge_is_not_made(policy: Optimal, tmp_path: Path):
    """A header of 10^12 numbers, with the data of a few: its size is compared before memory is taken."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(unsealed(saved(policy)))) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "states.npy":
                header = io.BytesIO()
                about = {"descr": "<i4", "fortran_order": False, "shape": (10**9, 1000)}
                np.lib.format.write_array_header_1_0(header, about)
                content = header.getvalue() + b"\0" * 64
            new.writestr(name, content)
    assert "states is not (1000000000, 1000) numbers" in refused(tmp_path / "optimal.npz", sealed(file.getvalue()))


@pytest.mark.parametrize("what", ["text", "pickle", "array", "empty"])
def test_what_was_never_saved_is_refused_in_a_line(what: str, tmp_path: Path):
    """No archive at all, one that would have to be unpickled, or one of something else; sealed or not."""
    file = io.BytesIO()
    if what == "text":
        file.write(b"no policy")
    elif what == "pickle":
        np.savez(file, manifest=np.array([{"format": 1}], object))
    elif what == "array":
        np.savez(file, manifest=np.arange(3))
    for content in (file.getvalue(), sealed(file.getvalue())):
        refused(tmp_path / "optimal.npz", content)


def test_a_file_that_is_not_there_or_a_folder_says_so(tmp_path: Path):
    with pytest.raises(BadInput, match=r"there is no file '.*none\.npz'"):
        Optimal.load(tmp_path / "none.npz")
    with pytest.raises(BadInput, match="must be a regular file, got a folder"):
        Optimal.load(tmp_path)


@pytest.mark.parametrize("units", ["mean-demand", "raw"])
def test_it_plays_in_an_env(units: str, policy: Optimal):
    """By its observations alone it orders what it orders by the whole state: the costs are those of `evaluate`."""
    more: dict[str, Any] = {"num_envs": 64, "units": units, "most_ordered": 9, "rewards": "money"}
    envs = gym.make_vec("jit_gym/Scenario-v1", scenario=policy.scenario, **more)
    player = jit_gym.policy(policy, envs)
    observations, _ = envs.reset(seed=4)
    total = np.zeros(64)
    for _ in range(policy.scenario.horizon.periods):
        actions, _ = player.predict(observations)
        observations, rewards, _, _, _ = envs.step(actions)
        total += rewards
    played = evaluate(policy, policy.scenario, paths=64, seed=4).figures["cost"]
    np.testing.assert_allclose(-total / policy.scenario.horizon.periods, played)


def test_it_knows_what_to_do_where_it_can_never_come(policy: Optimal):
    """A shop that begins with 300 units is not among the states; it orders as from the nearest one: nothing."""
    from jit_gym.physics import View
    from jit_gym.theory.state_source import StateSource

    rows = policy.layout.start[None, :].repeat(2, axis=0)
    rows[0, 0] = 300
    orders = policy(View(StateSource(policy.layout, rows, np.zeros((2, 0)))))
    assert orders[0, 0] == 0
    assert orders[1, 0] > 0
