"""What RL Baselines3 Zoo reads of ours: its files name our envs, and hyperparameters that the algorithms take."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
import yaml

import jit_gym

pytest.importorskip("stable_baselines3")

from stable_baselines3.common.vec_env import DummyVecEnv

from jit_gym.agents import program, tuned
from jit_gym.agents.hyperparams import arguments_of

FILES = sorted((Path(__file__).parents[2] / "configs" / "agents").glob("*.yml"))
OWN = ("policy", "n_envs", "n_timesteps", "learning_rate", "env_wrapper")
"""What an entry has beside hyperparameters."""


def entries(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def test_each_agent_of_stable_baselines3_has_a_file():
    agents = {file.stem.replace("_", "-") for file in FILES}
    assert agents == {"ppo", "ppo-lstm", "dqn", "sac", "td3"}
    for file in FILES:
        assert "default" in entries(file)
        assert f"--conf-file configs/agents/{file.name}" in file.read_text(encoding="utf-8")
        assert tuned(file.stem.replace("_", "-"), "lost-sales")  # `jit-gym train` has settings of its own


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_entry_is_for_an_env_that_there_is_and_sound(file: Path):
    """The id is registered, the wrapper fits the env, and the algorithm knows each hyperparameter, of its type."""
    algorithm = program(file.stem.replace("_", "-")).algorithm
    for name, entry in entries(file).items():
        hyperparameters = {key: value for key, value in entry.items() if key not in OWN}
        venv = DummyVecEnv([lambda name=name, entry=entry: single(name, entry)] * entry["n_envs"])
        outputs = (venv.action_space.shape or (1,))[0]
        arguments = arguments_of(file.stem, algorithm, hyperparameters, OWN, outputs)
        made = algorithm(entry["policy"], venv, **arguments, device="cpu")
        assert made.gamma == entry["gamma"]
        assert entry["n_timesteps"] >= 100_000
        assert 0 < float(entry["learning_rate"].removeprefix("lin_")) < 0.1


def single(name: str, entry: dict[str, Any]) -> gym.Env:
    """Return the env of an entry, in its wrappers."""
    env = gym.make("jit_gym/LostSales-v1" if name == "default" else name)
    for wrapper in entry.get("env_wrapper", ()):
        ((place, arguments),) = wrapper.items()
        assert place == "jit_gym.ActionMeaning"
        env = jit_gym.ActionMeaning(env, **arguments)
    return env


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("rl_zoo3"), reason="needs rl_zoo3 (make recipes)")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_zoo_trains_with_it(file: Path, tmp_path: Path):
    """Unchanged but for its length."""
    name = list(entries(file))[-1]
    steps = int(entries(file)[name].get("learning_starts", 2000)) + 200
    command = [
        *(sys.executable, "-m", "rl_zoo3.train", "--algo", file.stem, "--env", name, "--gym-packages", "jit_gym"),
        *("--conf-file", file, "-n", str(steps), "--eval-freq", "-1", "--seed", "0", "--log-folder", tmp_path),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("jit_gym-*.zip"))
