"""Training from the command line: it can be stopped at any moment, and tells what it cannot do."""

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import jit_gym
from jit_gym.agents import PROGRAMS, program, tuned
from jit_gym.agents.learner import TUNING, best_of, settings_of
from jit_gym.cli import app
from jit_gym.common.digest import sealed
from jit_gym.common.executor import Executor
from jit_gym.policies import RULES, Network, PolicyError
from jit_gym.policies.action import Action
from jit_gym.policies.models import Model
from jit_gym.policies.trained import Perceptron
from jit_gym.scenario import BadInput, load

pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from jit_gym.agents import curve
from jit_gym.agents.acting import corrections
from jit_gym.agents.training import Run, Training, numbered
from jit_gym.agents.training import train as train_one

ROOT = Path(__file__).parents[2]
SHOP = load("lost-sales", {"horizon.periods": 20, "lanes.supplier.lead_time": 1})
PLAIN = {"means": "quantity", "deviations": None, "relative": False, "out_of_step": False}
"""What of the shipped settings is left out, where it is not what is tested: tuning the rules takes seconds."""
TINY: dict[str, dict[str, Any]] = {
    "dcl": {"iterations": 1, "budget": 40, "chunk": 20, "futures": 32, "depth": 8, "epochs": 2},
    "hindsight": {"budget": 6, "chunk": 2, "batch": 8, "periods": 12, "warmup": 2},
    "imitate": {"budget": 3, "paths": 8, "epochs": 2},
    "ppo": {**PLAIN, "budget": 768, "chunk": 256, "n_envs": 8, "hyperparams": {"n_steps": 16, "batch_size": 64}},
    "ppo-lstm": {
        **PLAIN,
        "budget": 768,
        "chunk": 256,
        "n_envs": 8,
        "hidden": 8,
        "hyperparams": {"n_steps": 16, "batch_size": 64},
    },
    "dqn": {
        **PLAIN,
        "budget": 600,
        "chunk": 200,
        "n_envs": 4,
        "hyperparams": {"learning_starts": 64, "buffer_size": 256},
    },
    "sac": {
        **PLAIN,
        "budget": 192,
        "chunk": 64,
        "n_envs": 4,
        "hyperparams": {"learning_starts": 32, "buffer_size": 96},
    },
    "td3": {
        **PLAIN,
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


def run(agent: str, folder: Path, seed: int = 0, changes: dict[str, Any] | None = None, **more: Any) -> Run:
    """Return a tiny training of an agent, with some of its settings changed."""
    learn = program(agent)
    settings = settings_of(learn, tuned(agent, "lost-sales"), TINY[agent], changes or {})
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


@pytest.mark.parametrize(
    ("agent", "changes"),
    [
        ("ppo", {"normalize": True, "hyperparams": {"n_steps": 16, "batch_size": 64, "clip_range": "lin_0.2"}}),
        pytest.param("sac", {"normalize": True}, marks=pytest.mark.slow),
        pytest.param(
            "dqn",  # whose target network is due every 10 steps of all envs
            {"hyperparams": {"learning_starts": 64, "target_update_interval": 40, "exploration_fraction": 0.9}},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_else_training_depends_on_is_in_the_checkpoint(agent: str, changes: dict[str, Any], tmp_path: Path):
    """Running means, schedules, and when a target network is due: the same weights, in one go or from a checkpoint."""
    whole = run(agent, tmp_path / "whole", changes=changes).train()
    with pytest.raises(Stopped):
        run(agent, tmp_path / "parts", changes=changes, report=stop).train()
    assert same(whole, run(agent, tmp_path / "parts", changes=changes).train())


def test_a_damaged_checkpoint_is_refused_in_one_line(tmp_path: Path):
    """Any of 300 flipped bits, and any cut, is found; torch's own reader missed nine of ten."""
    with pytest.raises(Stopped):
        run("imitate", tmp_path, report=stop).train()
    file, random = tmp_path / "checkpoint.pt", np.random.default_rng(0)
    good = file.read_bytes()
    places = [*random.integers(len(good), size=250), *range(len(good) - 50, len(good))]
    bad = [good[:place] + bytes([good[place] ^ 1 << int(random.integers(8))]) + good[place + 1 :] for place in places]
    bad += [good[:length] for length in (0, 1, 80, len(good) // 2, len(good) - 1)]
    bad += [sealed(content) for content in (b"", b"no checkpoint", pickle.dumps(Path(), protocol=2))]
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
        curve.plot(tmp_path, [tmp_path], "agent", "jit", 1.0, "rounds")


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


@pytest.mark.parametrize(
    "rule",
    ["myopic", "projected-inventory-level(level=6)", "jit(level=14)", "moving-average(window=5, service_level=0.9)"],
)
def test_hindsight_corrects_any_shipped_rule(rule: str, tmp_path: Path):
    """One that looks orders up, and stateful ones: without a correction the model orders what its rule does."""
    learn = program("hindsight")
    changes = {"means": "correction", "rule": rule, "budget": 4, "rate": 1e-6, "relaxed": 0.5}
    learner = learn(SHOP, settings_of(learn, TINY["hindsight"], changes), 0)
    assert all(np.isfinite(list(learner.step(k).values())).all() for k in range(learner.steps))
    with torch.no_grad():
        learner.net[-1].weight.zero_()
        learner.net[-1].bias.zero_()
    plan = {"paths": 8, "periods": 20, "seed": 3}
    corrected, alone = (jit_gym.evaluate(player, SHOP, **plan) for player in (Network(learner.model()), rule))
    assert np.array_equal(corrected.figures["cost"], alone.figures["cost"])
    env = jit_gym.Env(SHOP)
    players, states = [jit_gym.policy(what, env) for what in (Network(learner.model()), rule)], [None, None]
    seen, _ = env.reset(seed=3)
    for t in range(20):  # from observations alone
        both = [player.predict(seen, state, np.array([t == 0])) for player, state in zip(players, states, strict=True)]
        (action, _), (expected, _) = both
        assert np.array_equal(action, expected)
        states = [state for _, state in both]
        seen = env.step(action)[0]


def test_a_rule_that_cannot_be_recorded_is_refused():
    """A rule of somebody's own that sorts what it sees, and what is no rule: in one line that names it."""

    @jit_gym.rule
    class Sorting(jit_gym.Rule):
        """Order what the least stock lacks."""

        name = "sorting"

        def formulas(self, plan: Any) -> dict[str, Any]:
            return {}

        def quantities(self, view: Any) -> Any:
            return 9.0 - np.sort(view.on_hand, axis=1)

    learn = program("hindsight")
    try:
        for rule, complaint in (
            ("sorting", "hindsight: rule: sorting: cannot be recorded: sort (base-stock can)"),
            ("agent:dcl", "hindsight: rule: agent:dcl: is no rule, and cannot be recorded as one (base-stock can)"),
        ):
            world = SHOP if rule == "sorting" else load("lost-sales")
            with pytest.raises(BadInput, match=re.escape(complaint)):
                learn(world, settings_of(learn, {"means": "correction", "rule": rule}), 0)
    finally:
        del RULES["sorting"]


@pytest.mark.parametrize("normalize", [False, True])
def test_a_memory_is_torchs(normalize: bool, tmp_path: Path):
    """A recurrent policy orders, period by period, what Stable-Baselines3's own predicts on the same observations."""
    training = run("ppo-lstm", tmp_path, changes={"normalize": normalize})
    training.learner.step(0)
    learner: Any = training.learner
    player = jit_gym.policy(Network(learner.model()), jit_gym.Env(SHOP))
    envs, states, ours = learner.envs, None, None
    envs.training = False  # the running means stay
    shift, scale = learner.scaled_by()
    seen, begins = envs.reset(), np.ones(envs.num_envs, bool)
    for _ in range(30):  # into the second episodes
        raw = seen / scale + shift
        actions, states = learner.algo.predict(seen, states, begins, deterministic=True)
        _, ours = player.predict(raw.astype(np.float32), ours, begins)
        assert np.allclose(ours[:, 1:9], states[0][0], atol=1e-4)  # after the period comes what is remembered
        seen, _, begins, _ = envs.step(actions)


@pytest.mark.parametrize("normalize", [True, {"norm_obs": False}, {"norm_reward": False, "clip_reward": 5}])
def test_running_means_become_part_of_the_network(normalize: Any):
    """RL Zoo's `normalize`: the saved network says on observations what Stable-Baselines3's does on scaled ones."""
    learner: Any = run("ppo", Path(), changes={"normalize": normalize, "discrete": False}).learner
    learner.step(0)
    learner.envs.training = False
    seen = learner.envs.reset()
    raw = learner.envs.unnormalize_obs(seen) / learner.scale + learner.shift
    says = Perceptron(learner.arrays(), learner.activation)(raw).clip(-1, 1)
    assert np.allclose(says, learner.algo.predict(seen, deterministic=True)[0], atol=1e-4)
    fixed = np.array_equal(learner.arrays()["scale"], learner.scale)
    assert fixed == (normalize == {"norm_obs": False})


def test_schedules_fall_over_the_whole_budget():
    """RL Zoo's lin_0.2 is 0.2 at first, 0.1 when half is trained, and 0 at the end, whatever the segments."""
    hyperparams = {"n_steps": 16, "batch_size": 64, "clip_range": "lin_0.2", "clip_range_vf": "lin_0.4"}
    changes = {"learning_rate": "lin_0.01", "budget": 512, "chunk": 256, "hyperparams": hyperparams}
    learner: Any = run("ppo", Path(), changes=changes).learner
    logged: dict[str, list[tuple[int, float]]] = {}
    learner.log = lambda name, value, done: logged.setdefault(name, []).append((done, value))
    for k in range(learner.steps):
        learner.step(k)
    assert [done for done, _ in logged["train/clip_range"]] == [256, 256, 512, 512]  # as it is logged: one rollout late
    for name, first in (("clip_range", 0.2), ("clip_range_vf", 0.4), ("learning_rate", 0.01)):
        values = [value for _, value in logged[f"train/{name}"]]
        assert values == pytest.approx([0.75 * first, 0.5 * first, 0.25 * first, 0.0])


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
def test_training_can_begin_with_a_clone_of_a_rule(agent: str, settings: dict[str, Any]):
    """Before the first step the agent costs what the rule does, within 2 %; without a clone it does not."""
    rule, learn = "capped-base-stock(level=14, cap=8)", program(agent)
    settings = settings_of(learn, tuned(agent, "lost-sales"), TINY[agent], settings, {"start": rule})
    clone = Network(learn(SHOP, settings, 0).model())
    costs = [jit_gym.evaluate(what, SHOP, paths=256, seed=5).mean("cost") for what in (clone, rule)]
    assert costs[0] == pytest.approx(costs[1], rel=0.02)


RELATIVE = {"means": "correction", "relative": True, "out_of_step": True, "deviations": 1.0}


@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("agent", ["ppo", "dqn", "sac", "td3", "ppo-lstm"])
def test_an_agent_that_corrects_begins_with_the_rule(agent: str, discrete: bool):
    """Before the first step it orders what the rule does, to the unit; then it learns to do otherwise."""
    if program(agent).chooses not in (None, discrete):
        pytest.skip("chooses otherwise")
    rule, learn = "capped-base-stock(level=14, cap=8)", program(agent)
    learner = learn(SHOP, settings_of(learn, TINY[agent], {**RELATIVE, "rule": rule, "discrete": discrete}), 0)
    costs = [
        jit_gym.evaluate(what, SHOP, paths=64, seed=5).figures["cost"] for what in (Network(learner.model()), rule)
    ]
    np.testing.assert_array_equal(*costs)
    assert learner.begins
    before = learner.arrays()
    learner.step(0)
    learner.step(1)
    assert any(not np.array_equal(array, before[name]) for name, array in learner.arrays().items())


def test_training_never_ends_worse_than_the_rule_it_corrects(tmp_path: Path):
    """The rule is the first policy that is evaluated, so a learning rate that ruins it leaves it as it was."""
    changes = {**RELATIVE, "rule": "base-stock(level=12)", "learning_rate": 3.0}
    training = run("ppo", tmp_path, changes=changes)
    model = training.train()
    with np.load(tmp_path / "evaluations.npz") as saved:
        at, costs, seconds = (saved[name] for name in ("timesteps", "costs", "cpu_seconds"))
    assert at[0] == seconds[0] == 0.0
    assert costs[0] == costs.min() < costs[-1]
    assert (np.diff(seconds) > 0).all()
    player, rule = Network(model), "base-stock(level=12)"
    costs = [jit_gym.evaluate(what, SHOP, paths=32, seed=5).mean("cost") for what in (player, rule)]
    assert costs[0] == costs[1]


def test_the_best_rule_is_the_cheapest_of_those_that_are_tuned():
    """`best` names the rule of the scenario that costs least, as `best_of` finds each; stateful ones are left out."""
    world = load("lost-sales", {"horizon.periods": 60, "lanes.supplier.lead_time": 2})
    named = {**world.resolved, "policies": ["jit", "base-stock", "capped-base-stock"]}
    world = load(named)
    best = best_of("best", world, 200_000)
    rules = [best_of(name, world, 200_000) for name in ("base-stock", "capped-base-stock")]
    costs = [jit_gym.evaluate(rule, world, paths=512, seed=TUNING).mean("profit") for rule in rules]
    assert str(best) == str(rules[int(np.argmax(costs))])
    with pytest.raises(PolicyError, match=r"best: lost-sales names no rule that can be corrected \(name one: "):
        best_of("best", load({**named, "policies": ["jit"]}), 200_000)


@pytest.mark.parametrize(
    ("lanes", "most", "values"),
    [(1, 128, range(-5, 6)), (1, 4, (-5, 0, 5)), (2, 128, range(-2, 3)), (2, 9, (-2, 0, 2))],
)
def test_corrections_to_choose_are_even_about_none(lanes: int, most: int, values: Any):
    """For lost sales a deviation of lead time and review is 5 units; with two suppliers it is sqrt(3 x 2), rounded."""
    world = load("lost-sales" if lanes == 1 else "dual-sourcing")
    action = Action.default(world, "correction", "base-stock(level=20)", deviations=1.0).fit(world)
    choices = corrections(action, most, "place").choices
    assert choices is not None
    assert choices.tolist() == [list(each) for each in product(values, repeat=lanes)]
    with pytest.raises(BadInput, match=f"place: must be {3**lanes} or more for {lanes} lanes, got 2"):
        corrections(action, 2, "place")


def test_a_clone_says_quantities():
    """So does an agent that begins with one, whatever its shipped settings are; levels are refused."""
    learn = program("ppo")
    assert tuned("ppo", "lost-sales")["means"] == "correction"
    assert settings_of(learn, tuned("ppo", "lost-sales"), {"start": "base-stock"}).means == "quantity"
    settings = settings_of(learn, TINY["ppo"], {"start": "base-stock", "means": "order-up-to"})
    with pytest.raises(BadInput, match="ppo: start: a clone says quantities"):
        learn(SHOP, settings, 0)


def test_training_stops_early_when_nothing_gets_better(tmp_path: Path):
    settings = settings_of(program("hindsight"), TINY["hindsight"], {"budget": 40, "rate": 0.0, "relaxed": 0.0})
    told: list[str] = []
    Run(program("hindsight")(SHOP, settings, 0), tmp_path, paths=8, patience=2, tell=told.append).train()
    assert len(np.load(tmp_path / "evaluations.npz")["costs"]) == 3
    assert told == [
        "40 gradient steps, evaluated every 2",
        "stops at 6 of 40 gradient steps: 2 evaluations without a better one",
    ]


def test_a_training_says_where_it_is(tmp_path: Path):
    """What is trained, in the unit of the budget; where it goes on after it was stopped; and that it is done."""
    told: list[str] = []
    with pytest.raises(Stopped):
        run("imitate", tmp_path, tell=told.append, report=stop).train()
    reports: list[Any] = []
    run("imitate", tmp_path, tell=told.append, report=reports.append).train()
    run("imitate", tmp_path, tell=told.append).train()
    assert told == [
        "3 rounds, evaluated every 1",
        "goes on at 2 of 3 rounds",
        f"is done already, in {tmp_path}",
    ]
    assert [(each.done, each.total, each.unit) for each in reports] == [(2, 3, "rounds"), (3, 3, "rounds")]
    assert [each.evaluated for each in reports] == [False, True]
    assert re.fullmatch(r"cost \d+\.?\d*, [+-]\d+\.\d\d % to .*", reports[1].standing)


@pytest.mark.parametrize(
    ("agent", "changes", "done"),
    [
        ("ppo", {"budget": 1000, "chunk": 300}, [256, 512, 768, 896]),  # rollouts of 8 x 16 steps
        ("ppo", {"budget": 300, "chunk": 5000}, [256]),
        ("ppo", {"budget": 300, "chunk": 1}, [128, 256]),
        ("dqn", {"budget": 100, "chunk": 40}, [32, 64, 96]),  # 4 envs x 4 steps
        (
            "td3",
            {
                "budget": 120,
                "chunk": 70,
                "n_envs": 1,
                "hyperparams": {"train_freq": [1, "episode"], "learning_starts": 0},
            },
            [80, 120],
        ),
        ("hindsight", {"budget": 5, "chunk": 2}, [2, 4, 5]),
        ("hindsight", {"budget": 5, "chunk": 50}, [5]),
        ("imitate", {"budget": 2}, [1, 2]),
        ("dcl", {"budget": 50, "chunk": 40, "iterations": 2}, [0, 40, 50, 50, 90, 100, 100]),
        ("dcl", {"budget": 10, "chunk": 40}, [0, 10, 10]),
    ],
)
def test_a_budget_is_a_promise(agent: str, changes: dict[str, Any], done: list[int]):
    """No more than the budget is trained, in whole rollouts, and less by less than one of these; steps fit into it."""
    learner = run(agent, Path(), changes=changes).learner
    assert [learner.done(k + 1) for k in range(learner.steps)] == done


@pytest.mark.parametrize("agent", ["ppo", "dqn"])
def test_as_many_env_steps_are_played_as_are_said(agent: str):
    learner: Any = run(agent, Path()).learner
    learner.step(0)
    assert learner.algo.num_timesteps == learner.done(1)


def test_the_help_names_every_unit():
    shown = " ".join(CliRunner().invoke(app, ["train", "--help"]).stdout.split())
    for agent in PROGRAMS:
        assert re.search(rf"{program(agent).unit}[^)]*\([^)]*\b{agent}\b", shown), agent


@pytest.mark.parametrize("agent", ["hindsight", "ppo"])
def test_evaluations_are_written_as_stable_baselines3_writes_them(agent: str, tmp_path: Path):
    """`timesteps`, `results` and `ep_lengths`, as EvalCallback has them: returns are sums of rewards, in money."""
    training = run(agent, tmp_path)
    training.train()
    with np.load(tmp_path / "evaluations.npz") as saved:
        at, results, lengths, costs = (saved[name] for name in ("timesteps", "results", "ep_lengths", "costs"))
    learner = training.learner
    assert at.tolist() == [learner.done(k + 1) for k in range(learner.steps) if learner.is_policy(k)]
    assert results.shape == lengths.shape == (len(at), 8)
    assert (lengths == SHOP.horizon.periods).all()
    assert -results.mean(-1) / SHOP.horizon.periods == pytest.approx(costs, rel=0.2)  # but for what is left in the end


def test_tensorboard_shows_rollouts_over_env_steps(tmp_path: Path):
    """Stable-Baselines3's own names, one value a rollout; and evaluations, at the same steps."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run("ppo", tmp_path, changes={"chunk": 384, "hyperparams": {"n_steps": 24, "batch_size": 64}}).train()
    events = accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    at = {name: [each.step for each in events.Scalars(name)] for name in events.Tags()["scalars"]}
    assert at["rollout/ep_rew_mean"] == at["rollout/ep_len_mean"] == at["time/fps"] == [192, 384, 576, 768]
    assert at["train/loss"][-1] == 768
    assert at["eval/cost"] == at["eval/gap_to_rule"] == at["eval/mean_reward"] == [384, 768]
    assert {each.value for each in events.Scalars("rollout/ep_len_mean")} == {20.0}


def test_runs_are_numbered(tmp_path: Path):
    """The same configuration goes on with its run; another one gets the next number, and so does a second process."""
    base, one, other = tmp_path / "ppo", {"budget": 1}, {"budget": 2}
    assert numbered(base, one) == tmp_path / "ppo_1"
    assert numbered(base, other) == tmp_path / "ppo_2"
    assert numbered(base, one) == tmp_path / "ppo_1"
    (tmp_path / "ppo_4").mkdir()  # by a process that has yet to say what it trains
    (tmp_path / "ppo_old").mkdir()
    assert numbered(base, {"budget": 3}) == tmp_path / "ppo_5"
    assert numbered(base, other) == tmp_path / "ppo_2"


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path):
    """The second is refused while the first trains, and not afterwards."""

    def again(progress: Any) -> None:
        with pytest.raises(BadInput, match=r": another process trains here \(wait until .*\)$"):
            run("imitate", tmp_path).train()

    run("imitate", tmp_path, report=again).train()
    run("imitate", tmp_path).train()


def test_the_command_says_what_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without a terminal there is a line an evaluation; the same command goes on, another gets a folder of its own."""
    monkeypatch.chdir(tmp_path)
    words = "train lost-sales --agent imitate --set horizon.periods=20 --paths 8 --rule-budget 0 --budget 2"
    settings = ["--setting=paths=8", "--setting=epochs=2", "--setting=rule=base-stock(level=20)"]

    def said(*more: str) -> list[str]:
        done = CliRunner().invoke(app, [*words.split(), *settings, *more])
        assert done.exit_code == 0, done.stderr
        return done.stderr.splitlines()

    first, *evaluations = said()
    assert first == "imitate lost-sales seed 0: 2 rounds, evaluated every 1"
    assert [line.partition(": cost")[0] for line in evaluations] == [
        f"imitate lost-sales seed 0: {k} rounds" for k in (1, 2)
    ]
    assert said() == ["imitate lost-sales seed 0: is done already, in runs/lost-sales/imitate_1/seed-0"]
    assert said("--seeds", "0,1")[1] == first.replace("seed 0", "seed 1")
    assert said("--setting=hidden=16")[0] == first
    assert {str(path.parent) for path in Path("runs").rglob("model.safetensors")} == {
        f"runs/lost-sales/imitate_{run}" for run in ("1/seed-0", "1/seed-1", "2/seed-0")
    }


def test_a_folder_with_another_training_is_left_alone(tmp_path: Path):
    run("imitate", tmp_path).train()
    with pytest.raises(BadInput, match="another"):
        run("imitate", tmp_path, seed=1).train()


@pytest.mark.parametrize(
    ("agent", "settings", "complaint"),
    [
        ("dcl", {"futurs": 3}, "dcl: unknown setting 'futurs' (did you mean 'futures'?)"),
        ("dcl", {"futures": 0}, "dcl: futures: must be 1 or more, got 0"),
        ("dcl", {"futures": "many"}, "dcl: futures: must be a whole number, got 'many'"),
        ("dcl", {"explore": 1.5}, "dcl: explore: must be 1 or less, got 1.5"),
        ("dcl", {"rate": "fast"}, "dcl: rate: must be a number, got 'fast'"),
        ("hindsight", {"batch": 0}, "hindsight: batch: must be 1 or more, got 0"),
        ("hindsight", {"clip": np.nan}, "hindsight: clip: must be a finite number, got nan"),
        ("hindsight", {"most": 0.5}, "hindsight: most: must be 1 or more, got 0.5"),
        (
            "hindsight",
            {"means": "level"},
            "hindsight: means: must be 'quantity', 'order-up-to' or 'correction', got 'level'",
        ),
        (
            "hindsight",
            {"means": "order-up-to", "most": 3},
            "hindsight: most: is for quantities and corrections, got 3 (leave it out)",
        ),
        ("imitate", {"chunk": 0}, "imitate: unknown setting 'chunk' (it has rule, budget, "),
        (
            "imitate",
            {"doubt": 1},
            "imitate: doubt: is for discrete actions, got 1 (leave it out, or set discrete=true)",
        ),
        ("ppo", {"n_envs": 0}, "ppo: n_envs: must be 1 or more, got 0"),
        (
            "ppo",
            {"learning_rate": "fast"},
            "ppo: learning_rate: must be a number above 0, or fall from one to nothing (lin_0.001), got 'fast'",
        ),
        *(
            (
                "ppo",
                {"discrete": True, name: value},
                f"ppo: {name}: is for continuous actions, got {value!r} (leave it out, or set discrete=false)",
            )
            for name, value in (("means", "order-up-to"), ("rule", "base-stock"), ("most", 3))
        ),
        ("sac", {"hyperparams": 3}, "sac: hyperparams: must be a mapping, got 3"),
        (
            "sac",
            {"normalize": "yes"},
            "sac: normalize: must be true, false, or a mapping such as {norm_reward: false},",
        ),
        ("sac", {"normalize": {"clip_obs": 5}}, "sac: normalize: unknown name 'clip_obs' (the saved network does not"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line(agent: str, settings: dict[str, Any], complaint: str):
    with pytest.raises(BadInput) as refused:
        settings_of(program(agent), settings)
    assert str(refused.value).startswith(complaint)


@pytest.mark.parametrize("agent", PROGRAMS)
def test_the_settings_that_are_shipped_are_sound(agent: str):
    for scenario in [*jit_gym.scenario.names(), *jit_gym.scenario.industry_names()]:
        settings_of(program(agent), tuned(agent, scenario))


@pytest.mark.parametrize(
    ("agent", "settings", "complaint"),
    [
        ("ppo", {"budget": 100}, "budget: must be 128 env steps or more, one rollout of 8 envs, got 100 (set fewer "),
        ("ppo", {"start": "jitt"}, "start: unknown policy 'jitt' (did you mean 'jit'?)"),
        ("ppo", {"means": "correction"}, "rule: must say what a correction corrects (add rule=base-stock)"),
        ("ppo", {"rule": "base-stock"}, "rule: is for corrections, got 'base-stock' (add means=correction)"),
        ("ppo", {"start": "jit", "normalize": True}, "normalize: a clone sees what it was cloned with (leave start "),
        ("imitate", {"rule": "agent:nobody"}, "rule: agent:nobody: there is no such agent"),
        ("hindsight", {"means": "correction", "rule": "jitt"}, "rule: unknown policy 'jitt' (did you mean 'jit'?)"),
        ("hindsight", {"warmup": 12}, "warmup: must be less than the 12 periods, got 12 (set less, or more periods)"),
        ("hindsight", {"device": "gpu"}, "device: must be auto or cpu"),
        ("sac", {"discrete": True}, "discrete: must be false for this algorithm, got true (ppo can do both)"),
        ("sac", {"budget": 20}, "hyperparams: learning_starts: must be less than the budget of 20 env steps, got 32 "),
        ("dqn", {"discrete": False}, "discrete: must be true for this algorithm, got false (ppo can do both)"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(agent: str, settings: dict[str, Any], complaint: str):
    with pytest.raises(BadInput) as refused:
        program(agent)(SHOP, settings_of(program(agent), TINY[agent], settings), 0)
    assert str(refused.value).startswith(f"{agent}: {complaint}")


@pytest.mark.parametrize("agent", ["imitate", "ppo", "dqn", "dcl"])
def test_too_many_orders_to_choose_from_are_refused_by_name(agent: str):
    learn = program(agent)
    settings = settings_of(learn, TINY[agent], {} if agent == "dcl" else {"discrete": True})
    with pytest.raises(BadInput, match=rf"^{agent}: .*orders to choose from in many, at most 256 can be tried"):
        learn(load("lost-sales", {"name": "many", "demands.customers.distribution.mu": 500}), settings, 0)


@pytest.mark.parametrize(
    ("agent", "hyperparams", "complaint"),
    [
        ("ppo", {"batch": 64}, "unknown name 'batch' (did you mean 'batch_size'?)"),
        ("ppo", {"learning_rate": 0.1}, "unknown name 'learning_rate' (it is a setting of its own)"),
        ("td3", {"learning_rate": 0.1}, "unknown name 'learning_rate' (it is a setting of its own)"),
        ("ppo", {"batch_size": 1.5}, "batch_size: must be a whole number, got 1.5"),
        ("ppo", {"n_steps": 0}, "n_steps: must be 1 or more, got 0"),
        ("ppo", {"gamma": 1.5}, "gamma: must be 1 or less, got 1.5"),
        ("ppo", {"gae_lambda": -0.1}, "gae_lambda: must be 0 or more, got -0.1"),
        (
            "ppo",
            {"clip_range": "lin_fast"},
            "clip_range: must be a number above 0, or fall from one to nothing (lin_0.001), got 'lin_fast'",
        ),
        ("ppo", {"clip_range_vf": 0}, "clip_range_vf: must be more than 0, got 0"),
        ("ppo", {"normalize": True}, "unknown name 'normalize' (it is a setting of its own)"),
        ("ppo", {"policy_kwargs": {"net": 3}}, "ActorCriticPolicy.__init__() got an unexpected keyword argument 'net'"),
        ("td3", {"noise_std": 0.1}, "noise_type: must be normal or ornstein-uhlenbeck, got None"),
        ("td3", {"noise_type": "normal"}, "noise_std: must be given with noise_type"),
        ("td3", {"noise_type": "normal", "noise_std": 0}, "noise_std: must be more than 0, got 0"),
        ("td3", {"train_freq": "often"}, "train_freq: must be a whole number, got 'often'"),
        ("td3", {"train_freq": [0, "step"]}, "train_freq: must be 1 or more, got 0"),
        ("td3", {"train_freq": [1, "episode"]}, "train_freq: counts episodes of one env, got 4 (set n_envs=1)"),
        ("td3", {"gradient_steps": 0}, "gradient_steps: must be 1 or more, or -1 (as many as env steps), got 0"),
        ("sac", {"ent_coef": "much"}, "ent_coef: must be a number or auto, got 'much'"),
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


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"lanes.supplier.defects": 0.1}, "lanes.supplier.defects"),
        ({"stocks.shop.terminal_value": 2}, "stocks.shop.terminal_value"),
        (
            {"suppliers.mill": {"short": {"chance": 0.1, "by": 0.5}}, "lanes.supplier.supplier": "mill"},
            "suppliers.mill",
        ),
        ({"lanes.supplier.lead_time": {"name": "geom", "p": 0.5}}, "lanes.supplier.lead_time"),
    ],
)
def test_dcl_names_the_field_that_it_does_not_support(changes: dict[str, Any], place: str):
    """What `scenario.supports` has no D for, and lead times that do not cross."""
    with pytest.raises(BadInput, match=rf"^dcl: samples futures that do not depend on the past, and {place}\S* does$"):
        program("dcl")(load("lost-sales", changes), settings_of(program("dcl")), 0)


def test_a_seed_that_is_too_large_is_refused_in_one_line():
    refused = CliRunner().invoke(app, ["train", "lost-sales", "--agent", "imitate", "--seeds", str(2**32)])
    assert refused.stderr.splitlines()[-1] == f"jit-gym: --seeds: must be less than 2**32, got {2**32}"


@pytest.mark.parametrize("agent", ["ppo", "ppo-lstm", "dqn", "sac", "td3"])
def test_an_agent_is_found_by_the_module_that_held_it_once(agent: str):
    from jit_gym.agents import sb3

    learn = program(agent)
    with pytest.warns(DeprecationWarning, match=rf"sb3\.{learn.__name__} is now called {learn.__module__}\."):
        assert getattr(sb3, learn.__name__) is learn


def test_the_common_settings_of_stable_baselines3s_agents_are_the_same():
    """Each agent's file has them all, to be read alone; so names, types and defaults are held alike here."""
    first, *others = (
        program(agent).settable.__dataclass_fields__ for agent in ("ppo", "ppo-lstm", "dqn", "sac", "td3")
    )
    for fields in others:
        assert list(fields) == list(first)
        for name, field in fields.items():
            alike = field.type, field.default, field.default_factory
            assert alike == (first[name].type, first[name].default, first[name].default_factory), name


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
    place = "lost-sales/dcl_1/seed-0"
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
    assert (tmp_path / "lost-sales/dcl_1/curve.png").read_bytes().startswith(b"\x89PNG")
    model = tmp_path / "lost-sales/dcl_1/seed-1/model.safetensors"
    assert model.with_suffix(".onnx").is_file()
    words = ["compare", "lost-sales", f"agent:{model}", "--set", "horizon.periods=20", "--paths", "8", "--json"]
    played = subprocess.run(
        [sys.executable, "-m", "jit_gym", *words], check=True, capture_output=True, text=True, cwd=ROOT
    )
    assert json.loads(played.stdout)


def trainings(folder: Path) -> list[Training]:
    """Return tiny trainings with two seeds, under a folder that is ready for them."""
    learn = program("hindsight")
    settings = settings_of(learn, tuned("hindsight", "lost-sales"), TINY["hindsight"])
    folder.mkdir()
    (folder / "config.yml").write_text("")
    return [
        Training(learn, SHOP, settings, seed, folder / f"seed-{seed}", "jit-gym train ...", 8, 0, 0) for seed in (0, 1)
    ]


@pytest.mark.slow
def test_seeds_that_are_trained_in_processes_are_the_same(tmp_path: Path):
    told: dict[str, list[Any]] = {"here": [], "processes": []}
    models = []
    for on, lines in told.items():
        trained = Executor(on, 2).run(train_one, trainings(tmp_path / on), progress=lines.append)
        models.append([Model.read(each.folder / "model.safetensors").arrays for each in trained])
        assert [each.seed for each in trained] == [0, 1]
    for one, other in zip(*models, strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)
    assert sorted(map(str, told["here"])) == sorted(map(str, told["processes"]))


def test_a_folder_that_is_not_on_this_machine_is_refused(tmp_path: Path):
    training, _ = trainings(tmp_path / "there")
    (training.folder.parent / "config.yml").unlink()
    with pytest.raises(BadInput, match="must be on storage that all machines share"):
        train_one(training, lambda told: None)


@pytest.mark.parametrize(
    ("scenario", "changes"),
    [
        ("lost-sales", {}),
        ("dual-sourcing", {"dither": True, "relaxed": 0.5}),
        ("serial", {"means": "order-up-to"}),
        ("perishable", {"means": "correction", "rule": "base-stock"}),
        ("lost-sales-hidden", {}),
        ("beer-game", {}),
    ],
)
def test_hindsight_on_a_gpu_learns_what_it_learns_on_a_processor(scenario, changes):
    """The same gradient steps, but for the rounding of 32-bit sums; the policy is played without torch."""
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    learn, costs = program("hindsight"), []
    for device in ("cpu", "cuda"):
        learner = learn(load(scenario), settings_of(learn, TINY["hindsight"], changes, {"device": device}), 0)
        costs.append([learner.step(k)["training_cost"] for k in range(learner.steps)])
    assert np.allclose(*costs, rtol=1e-3)


@pytest.mark.parametrize("scenario", ["lost-sales", "dual-sourcing", "serial", "perishable", "lost-sales-hidden"])
def test_hindsight_brings_nothing_to_another_device_while_it_plays(scenario):
    """A CUDA graph cannot wait for the processor: what never changes is brought in the steps before it is captured."""

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            found = func(*args, **(kwargs or {}))
            before, after = (
                {x.device.type for x in tree_leaves(each) if isinstance(x, torch.Tensor)}
                for each in ((args, kwargs), found)
            )
            if before != after and len(before | after) > 1:
                brought.append(str(func))
            return found

    learn, world, brought = program("hindsight"), load(scenario), []
    correction = {} if scenario == "dual-sourcing" else {"means": "correction", "rule": "base-stock"}
    learner = learn(world, settings_of(learn, TINY["hindsight"], correction), 0)
    learner.device = "meta"  # a device without numbers, which is everywhere
    learner.net.to("meta")
    if learner.rules:
        learner.rules = [learner._recorded(layout) for layout, _ in learner.worlds]
    for whole in (False, True):
        rows = learner.worlds[whole][1].draw(0, 8, world.horizon.periods if world.horizon.ends else 12).rows
        given = torch.empty(rows.shape, device="meta"), torch.zeros((), device="meta")
        learner._play(whole, *given)
        with Watch():
            learner._play(whole, *given)[0].backward()
    assert not brought
