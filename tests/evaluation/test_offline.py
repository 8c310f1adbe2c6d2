"""Data to learn from offline: what was written is what the env shows, and Minari reads it."""

import json
from importlib.util import find_spec

import gymnasium as gym
import numpy as np
import pytest

import jit_gym
from jit_gym.scenario import BadInput, ScenarioError

from ..commands import done, refused

h5py = pytest.importorskip("h5py")

SHORT = {"horizon.periods": 15}
WORLD = jit_gym.load("lost-sales", SHORT)
WORLDS = {  # a shipped one, several lanes in divisible units, one that ends, and one with disruptions
    "lost-sales": {},
    "dual-sourcing": SHORT,
    "fast-fashion": {},
    "lost-sales-hidden": SHORT,
}


def replay(env: gym.Env, seed: int, episode, infos=None) -> None:
    """Play an episode's actions in an env, and find everything that was written, to the bit."""
    seen, info = env.reset(seed=seed)
    seens, told, rewards, ends = [seen], [info], [], []
    for action in episode["actions"]:
        seen, reward, terminated, truncated, info = env.step(np.asarray(action))
        seens.append(seen)
        told.append(info)
        rewards.append(reward)
        ends.append((terminated, truncated))
    np.testing.assert_array_equal(episode["observations"], seens)
    np.testing.assert_array_equal(episode["rewards"], rewards)
    np.testing.assert_array_equal(episode["terminations"], [each for each, _ in ends])
    np.testing.assert_array_equal(episode["truncations"], [each for _, each in ends])
    assert np.asarray(episode["observations"]).dtype == np.float32
    assert any(ends[-1])
    for name in infos or ():
        np.testing.assert_array_equal(infos[name], [each[name] for each in told])


@pytest.mark.parametrize("name", WORLDS)
def test_an_episode_is_what_the_env_of_its_specification_plays(name, tmp_path):
    """Without Minari: the arrays, the seed and the specification in the two files."""
    world = jit_gym.load(name, WORLDS[name])
    made = jit_gym.record("base-stock", world, tmp_path, episodes=2, seed=7, infos=True)
    metadata = json.loads((made.folder / "data/metadata.json").read_text())
    spec = gym.envs.registration.EnvSpec.from_json(metadata["env_spec"])
    env = gym.make(spec)
    assert env.unwrapped.scenario == world
    assert (spec.id == "jit_gym/Scenario-v1") == bool(WORLDS[name])
    assert metadata["jit_gym"]["fingerprint"] == world.fingerprint
    with h5py.File(made.folder / "data/main_data.hdf5") as file:
        assert list(file) == ["episode_0", "episode_1"]
        for k, group in enumerate(file.values()):
            assert dict(group.attrs) == {"id": k, "seed": 7 + k, "total_steps": world.horizon.periods}
            episode = {key: group[key][()] for key in group if key != "infos"}
            infos = {key: flow[()] for key, flow in group["infos"].items()}
            assert {*infos, "path"} == {*env.reset()[1]}
            replay(env, 7 + k, episode, infos)
            np.testing.assert_allclose(made.returns[k], episode["rewards"].sum(), rtol=1e-12)


def test_minari_reads_it(tmp_path, monkeypatch):
    """`load_dataset` by its name; sampled, filtered, and its env is made again."""
    minari = pytest.importorskip("minari")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    made = jit_gym.record("anchoring", jit_gym.load("beer-game", SHORT), tmp_path, episodes=3, seed=2, rewards="money")
    assert made.dataset_id in minari.list_local_datasets()
    dataset = minari.load_dataset(made.dataset_id)
    assert (dataset.total_episodes, dataset.total_steps) == (3, 45)
    env = dataset.recover_environment()
    assert (env.observation_space, env.action_space) == (dataset.observation_space, dataset.action_space)
    metadata = dataset.storage.get_episode_metadata(range(3))
    for episode, about in zip(dataset, metadata, strict=True):
        replay(env, about["seed"], vars(episode))
    assert len(dataset.filter_episodes(lambda episode: episode.rewards.sum() <= made.returns.min())) > 0


@pytest.mark.parametrize("what", ["agent:ppo", "moving-average", lambda view: view.on_hand * 0.0 + 3.0])
def test_any_policy_is_recorded(what, tmp_path):
    """A network, a rule with a state of its own, a function: `cut` is 0, so they order as they do in `evaluate`."""
    world = jit_gym.load("lost-sales")
    made = jit_gym.record(what, world, tmp_path, episodes=2, seed=9, rewards="money", most_ordered=100.0)
    assert made.cut == 0
    (first, second) = (jit_gym.evaluate(what, world, paths=1, seed=9 + k).rewards[0] for k in range(2))
    np.testing.assert_allclose(made.returns, [first, second], rtol=1e-6)


def test_orders_that_no_action_can_express_are_counted(tmp_path):
    """100 units where twice the use, 10, is the most: each order is cut, and 10 are ordered."""
    made = jit_gym.record(lambda view: view.on_hand * 0.0 + 100.0, WORLD, tmp_path, episodes=1, infos=True)
    assert made.cut == 1
    with h5py.File(made.folder / "data/main_data.hdf5") as file:
        assert (file["episode_0/infos/supplier.ordered"][1:] == 10).all()
        assert (file["episode_0/actions"][()] == 1).all()


def test_what_is_there_stays_and_what_is_wrong_leaves_nothing(tmp_path):
    made = jit_gym.record("jit", WORLD, tmp_path, episodes=1, name="shop/first-v0")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(BadInput, match=r"shop/first-v0: has files already, which stay as they are"):
        jit_gym.record("base-stock", WORLD, tmp_path, name=made.dataset_id)
    for wrong, error in (
        ({"name": "../first-v0"}, r"name: must be like shop/base-stock-v0, .* got '../first-v0'"),
        ({"name": "first"}, "name: must be like"),
        ({"episodes": 0}, "episodes: must be a whole number, 1 or more, got 0"),
        ({"units": "boxes"}, "units: must be 'mean-demand' or 'raw', got 'boxes'"),
        ({"rewards": "gold"}, "rewards: must be 'scaled' or 'money', got 'gold'"),
        ({"most_ordered": 0.5}, "most_ordered: must be 1 period"),
        ({"seed": 2**63 - 1, "episodes": 2}, r"seed: must be less than 2\*\*63"),
        ({"seed": -1}, "seed: must be 0 or more"),
    ):
        with pytest.raises(ValueError, match=error):
            jit_gym.record("jit", WORLD, tmp_path, **wrong)
    with pytest.raises(ValueError, match="orders must have the shape"):
        jit_gym.record(lambda view: 3.0, WORLD, tmp_path)
    with pytest.raises(ScenarioError, match="family"):
        jit_gym.record("jit", "lost-sales-family", tmp_path)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_the_command_writes_one_and_refuses_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    short = ["--set", "horizon.periods=10"]
    text = done("record", "lost-sales", "base-stock(level=25)", "--episodes", "3", *short)
    assert "3 episodes, 30 steps" in text
    assert 'minari.load_dataset("lost-sales/base-stock-level-25-v0")' in text
    told = json.loads(done("record", "lost-sales", "jit", "--episodes", "2", "--name", "mine/jit-v1", "--json", *short))
    assert (told["dataset_id"], told["steps"], len(told["returns"])) == ("mine/jit-v1", 20, 2)
    line = refused("record", "lost-sales", "base-stock(level=25)", *short)
    assert line.startswith("datasets/lost-sales/base-stock-level-25-v0: has files already")
    assert "did you mean 'kanban'" in refused("record", "lost-sales", "kanbann")
    assert refused("record", "lost-sales", "jit", "--units", "boxes").startswith("units: must be")
    (tmp_path / "best.zip").touch()
    assert "--trust" in refused("record", "lost-sales", "sb3:ppo:best.zip")


def test_without_h5py_it_says_what_to_install(monkeypatch, tmp_path):
    assert find_spec("h5py")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(BadInput, match=r"h5py is missing \(pip install 'jit-gym\[offline\]'\)"):
        jit_gym.record("jit", WORLD, tmp_path)
