"""Training from the command line: it can be stopped at any moment, and tells what it cannot do."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jit_gym
from jit_gym.agents import PROGRAMS, program, tuned
from jit_gym.agents.learner import best_of, settings_of
from jit_gym.policies import Network
from jit_gym.policies.models import Model
from jit_gym.scenario import BadInput, load, reading

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

from jit_gym.agents import curve
from jit_gym.agents.training import Run

ROOT = Path(__file__).parents[2]
SHOP = load("lost-sales", {"horizon.periods": 20, "lanes.supplier.lead_time": 1})
TINY: dict[str, dict[str, Any]] = {
    "dcl": {"iterations": 1, "budget": 40, "chunk": 20, "futures": 32, "depth": 8, "epochs": 2},
    "hindsight": {"budget": 6, "chunk": 2, "batch": 8, "periods": 12, "warmup": 2},
    "imitate": {"budget": 3, "paths": 8, "epochs": 2},
    "ppo": {"budget": 768, "chunk": 256, "n_envs": 8, "hyperparams": {"n_steps": 16, "batch_size": 64}},
    "ppo-lstm": {
        "budget": 768,
        "chunk": 256,
        "n_envs": 8,
        "hidden": 8,
        "hyperparams": {"n_steps": 16, "batch_size": 64},
    },
    "dqn": {"budget": 600, "chunk": 200, "n_envs": 4, "hyperparams": {"learning_starts": 64, "buffer_size": 256}},
    "sac": {"budget": 192, "chunk": 64, "n_envs": 4, "hyperparams": {"learning_starts": 32, "buffer_size": 96}},
    "td3": {
        "budget": 192,
        "chunk": 64,
        "n_envs": 4,
        "hyperparams": {
            "learning_starts": 32,
            "buffer_size": 96,
            "noise_type": "ornstein-uhlenbeck",
            "noise_std": 0.2,
        },
    },
}


class Stopped(Exception):
    """Stands for a kill, between two steps."""


def run(agent: str, folder: Path, seed: int = 0, **more: Any) -> Run:
    """Return a tiny training of an agent."""
    learn = program(agent)
    settings = settings_of(learn, tuned(agent, "lost-sales"), TINY[agent])
    return Run(learn(SHOP, settings, seed), folder, "jit-gym train ...", paths=8, **more)


def stop(progress: Any) -> None:
    """Stop after the second step."""
    if progress.step == 2:
        raise Stopped


def same(one: Model, other: Model) -> bool:
    """Tell whether two models have the same arrays, to the last bit."""
    return one.arrays.keys() == other.arrays.keys() and all(
        np.array_equal(one.arrays[name], other.arrays[name]) for name in one.arrays
    )


LONGER = {"ppo-lstm", "dqn", "sac", "td3"}  # on the same way through Stable-Baselines3 as ppo
LONGER |= {"dcl"}  # whose look-ahead takes half a minute to compile
AGENTS = [pytest.param(agent, marks=pytest.mark.slow if agent in LONGER else ()) for agent in TINY]


def test_every_agent_is_tried_here():
    assert set(TINY) == set(PROGRAMS)


@pytest.mark.parametrize("agent", AGENTS)
def test_training_that_was_stopped_ends_with_the_same_weights(agent: str, tmp_path: Path):
    """The same seed gives the same model, in one go or from a checkpoint; another seed gives another."""
    whole = run(agent, tmp_path / "whole").train()
    with pytest.raises(Stopped):
        run(agent, tmp_path / "parts", report=stop).train()
    assert (tmp_path / "parts" / "checkpoint.pt").is_file()
    assert not (tmp_path / "parts" / "model.safetensors").exists()
    assert same(whole, run(agent, tmp_path / "parts").train())
    assert not same(whole, run(agent, tmp_path / "other", seed=1).train())


def test_a_damaged_checkpoint_is_refused_in_one_line(tmp_path: Path):
    """Any of 300 flipped bits, and any cut, is found; torch's own reader missed nine of ten."""
    with pytest.raises(Stopped):
        run("imitate", tmp_path, report=stop).train()
    file, random = tmp_path / "checkpoint.pt", np.random.default_rng(0)
    good = file.read_bytes()
    places = [*random.integers(len(good), size=250), *range(len(good) - 50, len(good))]
    bad = [good[:place] + bytes([good[place] ^ 1 << int(random.integers(8))]) + good[place + 1 :] for place in places]
    bad += [good[:length] for length in (0, 1, 80, len(good) // 2, len(good) - 1)]
    bad += [reading.sealed(content) for content in (b"", b"no checkpoint", pickle.dumps(Path(), protocol=2))]
    again = run("imitate", tmp_path)
    for content in bad:
        file.write_bytes(content)
        with pytest.raises(BadInput, match=r"checkpoint\.pt: is damaged, or .* training begins anew\)$") as caught:
            again._load()
        assert "\n" not in str(caught.value)
    file.write_bytes(good)
    assert again._load().steps == 2


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive"])
def test_a_damaged_learning_curve_is_refused_in_one_line(tmp_path: Path, content: bytes):
    (tmp_path / "evaluations.npz").write_bytes(content)
    with pytest.raises(BadInput, match=r"evaluations\.npz: is damaged \(.*; the models that were trained are not\)$"):
        curve.draw(tmp_path, [tmp_path], "agent", "jit", 1.0)


@pytest.mark.parametrize("agent", AGENTS)
def test_what_was_trained_plays(agent: str, tmp_path: Path):
    """The model is a policy like any other; its manifest says what it costs, how it was trained, and on which seed."""
    manifest = run(agent, tmp_path).train().manifest
    result = jit_gym.evaluate(
        f"agent:{tmp_path / 'model.safetensors'}", SHOP, paths=32, seed=int(manifest.cost["seed"])
    )
    assert result.mean("cost") == pytest.approx(manifest.cost["mean"])
    assert manifest.cost["low"] < manifest.cost["mean"] < manifest.cost["high"]
    assert manifest.fingerprint == SHOP.fingerprint
    assert manifest.command == "jit-gym train ..."
    assert {"config.yml", "args.yml", "command.txt", "evaluations.npz"} <= {each.name for each in tmp_path.iterdir()}
    assert any(each.name.startswith("events.out.tfevents") for each in tmp_path.iterdir())


@pytest.mark.parametrize("agent", ["hindsight", "ppo"])
@pytest.mark.parametrize("means", [{"means": "order-up-to"}, {"means": "correction", "rule": "base-stock"}])
def test_what_an_agent_says_is_a_setting(agent: str, means: dict[str, Any], tmp_path: Path):
    """Levels, and corrections to a rule, whose parameters are found first: the model says which they are."""
    learn = program(agent)
    settings = settings_of(learn, TINY[agent], means)
    model = Run(learn(SHOP, settings, 0), tmp_path, paths=8).train()
    player = Network(model).fit(SHOP)
    assert player.action.means == means["means"]
    assert ("level=" in str(player.action.rule)) == (means["means"] == "correction")


def test_a_rule_without_a_gradient_is_refused():
    learn = program("hindsight")
    with pytest.raises(BadInput, match="hindsight: rule: myopic cannot be differentiated"):
        learn(SHOP, settings_of(learn, {"means": "correction", "rule": "myopic"}), 0)


def test_a_memory_is_torchs(tmp_path: Path):
    """A recurrent policy orders, period by period, what Stable-Baselines3's own predicts on the same observations."""
    training = run("ppo-lstm", tmp_path)
    training.learner.step(0)
    learner: Any = training.learner
    player = jit_gym.policy(Network(learner.model()), jit_gym.Env(SHOP))
    envs, states, ours = learner.envs, None, None
    seen, begins = envs.reset(), np.ones(envs.num_envs, bool)
    for _ in range(30):  # into the second episodes
        raw = seen / learner.scale + learner.shift
        actions, states = learner.algo.predict(seen, states, begins, deterministic=True)
        _, ours = player.predict(raw.astype(np.float32), ours, begins)
        assert np.allclose(ours[:, 1:9], states[0][0], atol=1e-4)  # after the period comes what is remembered
        seen, _, begins, _ = envs.step(actions)


@pytest.mark.parametrize(
    ("rule", "discrete"),
    [
        pytest.param("capped-base-stock(level=14, cap=8)", False, marks=pytest.mark.slow),
        pytest.param("capped-base-stock(level=14, cap=8)", True, marks=pytest.mark.slow),
        pytest.param("optimal", False, marks=pytest.mark.slow),
        pytest.param("optimal", True, marks=pytest.mark.slow),
    ],
)
def test_a_clone_costs_what_it_clones_costs(rule: str, discrete: bool, tmp_path: Path):
    """Imitating a rule, or the exact policy, on 20 periods of lost sales: within 1 % of its cost on other paths."""
    learn, settings = program("imitate"), {"budget": 4, "epochs": 40, "rule": rule, "discrete": discrete}
    Run(learn(SHOP, settings_of(learn, settings), 0), tmp_path, paths=64).train()
    clone, master = f"agent:{tmp_path / 'model.safetensors'}", best_of(rule, SHOP)
    costs = [jit_gym.evaluate(what, SHOP, paths=256, seed=5).figures["cost"] for what in (clone, master)]
    assert abs(np.mean(costs[0] - costs[1])) < 0.01 * costs[1].mean()


def test_a_clone_is_a_warm_start(tmp_path: Path):
    """Gradients begin where imitation ended: with no rate, the model is the clone; other sizes are refused."""
    learn = program("imitate")
    clone = Run(
        learn(SHOP, settings_of(learn, TINY["imitate"], {"hidden": 32}), 0), tmp_path / "clone", paths=8
    ).train()
    start = {"start": f"agent:{tmp_path / 'clone' / 'model.safetensors'}", "rate": 0.0}
    learn = program("hindsight")
    warm = Run(learn(SHOP, settings_of(learn, TINY["hindsight"], start), 0), tmp_path / "warm", paths=8).train()
    assert same(clone, warm)
    with pytest.raises(BadInput, match="layers of other sizes"):
        learn(SHOP, settings_of(learn, TINY["hindsight"], start, {"hidden": 16}), 0)


@pytest.mark.parametrize(
    ("agent", "settings"),
    [
        pytest.param("ppo", {"discrete": False, "activation": "tanh"}, marks=pytest.mark.slow),
        pytest.param("ppo", {"discrete": True}, marks=pytest.mark.slow),
        *(pytest.param(agent, {}, marks=pytest.mark.slow) for agent in ("dqn", "sac", "td3")),
    ],
)
def test_whoever_learns_may_begin_with_a_clone_of_a_rule(agent: str, settings: dict[str, Any]):
    """Before the first step the agent costs what the rule does, within 2 %; alone it knows nothing yet."""
    rule, learn = "capped-base-stock(level=14, cap=8)", program(agent)
    settings = settings_of(learn, tuned(agent, "lost-sales"), TINY[agent], settings, {"start": rule})
    clone = Network(learn(SHOP, settings, 0).model())
    costs = [jit_gym.evaluate(what, SHOP, paths=256, seed=5).mean("cost") for what in (clone, rule)]
    assert costs[0] == pytest.approx(costs[1], rel=0.02)


def test_a_clone_says_quantities():
    learn = program("ppo")
    settings = settings_of(learn, TINY["ppo"], {"start": "base-stock", "means": "order-up-to"})
    with pytest.raises(BadInput, match="ppo: start: a clone says quantities"):
        learn(SHOP, settings, 0)


def test_training_stops_early_when_nothing_gets_better(tmp_path: Path):
    settings = settings_of(program("hindsight"), TINY["hindsight"], {"budget": 40, "rate": 0.0, "relaxed": 0.0})
    Run(program("hindsight")(SHOP, settings, 0), tmp_path, paths=8, patience=2).train()
    assert len(np.load(tmp_path / "evaluations.npz")["costs"]) == 3


def test_a_folder_with_another_training_is_left_alone(tmp_path: Path):
    run("imitate", tmp_path).train()
    with pytest.raises(BadInput, match="another"):
        run("imitate", tmp_path, seed=1).train()


@pytest.mark.parametrize(
    ("agent", "settings", "complaint"),
    [
        ("dcl", {"futurs": 3}, "dcl: unknown setting 'futurs' (did you mean 'futures'?)"),
        ("dcl", {"futures": -3}, "dcl: futures: must be 0 or more, got -3"),
        ("dcl", {"futures": "many"}, "dcl: futures: must be a whole number, got 'many'"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line(agent: str, settings: dict[str, Any], complaint: str):
    with pytest.raises(BadInput) as refused:
        settings_of(program(agent), settings)
    assert str(refused.value) == complaint


@pytest.mark.parametrize(
    ("agent", "hyperparams", "complaint"),
    [
        ("ppo", {"batch": 64}, "unknown name 'batch' (did you mean 'batch_size'?)"),
        ("ppo", {"learning_rate": 0.1}, "unknown name 'learning_rate' (it is a setting of its own)"),
        ("td3", {"learning_rate": 0.1}, "unknown name 'learning_rate' (it is a setting of its own)"),
        ("ppo", {"batch_size": 1.5}, "batch_size: must be a whole number, got 1.5"),
        ("ppo", {"n_steps": 0}, "`n_steps * n_envs` must be greater than 1. Currently n_steps=0 and n_envs=8"),
        ("ppo", {"policy_kwargs": {"net": 3}}, "ActorCriticPolicy.__init__() got an unexpected keyword argument 'net'"),
        ("td3", {"noise_std": 0.1}, "noise_type: must be normal or ornstein-uhlenbeck, got None"),
        ("td3", {"noise_type": "normal"}, "noise_std: must be more than 0, got None"),
    ],
)
def test_a_wrong_hyperparameter_is_refused_in_one_line(agent: str, hyperparams: dict[str, Any], complaint: str):
    settings = settings_of(program(agent), TINY[agent], {"hyperparams": hyperparams})
    with pytest.raises(BadInput) as refused:
        program(agent)(SHOP, settings, 0)
    assert str(refused.value) == f"{agent}: hyperparams: {complaint}"


@pytest.mark.parametrize(
    ("scenario", "complaint"),
    [
        ("grocery", "dcl: samples futures that do not depend on the past, and demands.customers.history does"),
        ("or-gym-inv-management", "dcl: has "),
        ("serial", "dcl: chooses among whole units"),
    ],
)
def test_dcl_says_what_it_cannot_learn(scenario: str, complaint: str):
    with pytest.raises(BadInput, match=complaint):
        program("dcl")(load(scenario), settings_of(program("dcl")), 0)


def test_an_unknown_agent_is_refused_in_one_line():
    with pytest.raises(BadInput, match=r"unknown agent 'pp' \(did you mean 'ppo'\?\)"):
        program("pp")


def train(folder: Path, *more: str) -> list[str]:
    """Return the command line of a short training."""
    settings = [f"--setting={name}={value}" for name, value in (TINY["dcl"] | {"budget": 300}).items()]
    words = [
        "train",
        "lost-sales",
        "--agent",
        "dcl",
        "--set",
        "horizon.periods=20",
        "--paths",
        "16",
        "--rule-budget",
        "20000",
        "--out",
        str(folder),
    ]
    return [sys.executable, "-m", "jit_gym", *words, *settings, *more]


@pytest.mark.slow
def test_training_survives_being_killed_ten_times(tmp_path: Path):
    """SIGKILL at random moments, ten times: it goes on each time, and the model is that of a training left alone.

    Every second time it has just taken another step; the others, it may still be loading what it needs. So on no
    machine is it done before the tenth.
    """
    random = np.random.default_rng(0)
    longer = ("--setting=budget=4000", "--setting=futures=256")
    subprocess.run(train(tmp_path / "whole", *longer), check=True, capture_output=True, cwd=ROOT)
    place = "lost-sales/dcl/seed-0"
    checkpoint, done = (tmp_path / "killed" / place / name for name in ("checkpoint.pt", "model.safetensors"))
    for k in range(10):
        child = subprocess.Popen(
            train(tmp_path / "killed", *longer), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
        )
        before = checkpoint.read_bytes() if checkpoint.is_file() else b""
        moment = np.inf if k % 2 else time.monotonic() + random.uniform(0.2, 6.0)
        while child.poll() is None and time.monotonic() < moment:
            if checkpoint.is_file() and checkpoint.read_bytes() != before:
                break
            time.sleep(0.01)
        time.sleep(random.uniform(0.0, 0.1))
        assert child.poll() is None, "it ended before it was killed"
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
        assert not done.exists()
    subprocess.run(train(tmp_path / "killed", *longer), check=True, capture_output=True, cwd=ROOT)
    assert same(*(Model.read(tmp_path / each / place / "model.safetensors") for each in ("whole", "killed")))


@pytest.mark.slow
def test_the_command_trains_compares_and_draws(tmp_path: Path):
    """`jit-gym train` over two seeds writes models that `jit-gym compare` plays, and a learning curve."""
    done = subprocess.run(
        train(tmp_path, "--seeds", "0..1", "--onnx"), check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert "seed 1: cost" in done.stdout
    assert (tmp_path / "lost-sales/dcl/curve.png").read_bytes().startswith(b"\x89PNG")
    model = tmp_path / "lost-sales/dcl/seed-1/model.safetensors"
    assert model.with_suffix(".onnx").is_file()
    words = ["compare", "lost-sales", f"agent:{model}", "--set", "horizon.periods=20", "--paths", "8", "--json"]
    played = subprocess.run(
        [sys.executable, "-m", "jit_gym", *words], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert json.loads(played.stdout)
