"""Learn what a suite's policies learn: the parameters of rules, the networks of agents."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..common.executor import Tell
from ..evaluation.tuning import tune
from ..policies import Rule, policy
from ..scenario import Scenario
from .suite import Run, Suite

LOST = 60.0  # seconds after which a training that was killed elsewhere has surely left its folder


class Learned(NamedTuple):
    """What came of learning: a policy as a text, and what that took."""

    plays: str
    """As `jit_gym.policy` takes it."""
    parameters: str
    """The same, but of an agent the digest of its network in place of the file's path."""
    spent: float
    """Periods of simulation, at most; nan where that is not known."""
    seconds: float
    estimate: float
    """What a tuned rule costs on paths that its search has not seen; nan of others."""


def tuned(suite: Suite, run: Run) -> Learned:
    """Look for the parameters of a rule in the world that its instance learns on."""
    import time

    entry, world = suite.policies[run.policy], learning_world(suite, run.instance)
    began = time.perf_counter()
    best = tune(entry.tunes, world, seed=suite.learning.tuning_seed + run.seed, budget=suite.learning.tuning)
    seconds, found = time.perf_counter() - began, best.tuning
    assert found is not None
    cost = found.estimate.mean if found.figure == "cost" else -found.estimate.mean
    return Learned(str(best), str(best), found.spent, seconds, cost)


def as_it_is(suite: Suite, run: Run) -> Learned:
    """Return a policy that learns nothing here; what a shipped agent was trained with is in its model."""
    text = suite.policies[run.policy].plays
    assert text is not None
    known = 0.0 if isinstance(policy(text, learning_world(suite, run.instance)), Rule) else np.nan
    return Learned(text, text, known, known, np.nan)


def trained(suite: Suite, run: Run, work: Path, command: str, tell: Tell) -> Learned:
    """Train an agent in a folder of its own, from the last checkpoint on; its row is that of its best network.

    Raises:
        BadInput: where the folder holds a training with other settings.
    """
    import torch

    from ..agents import program
    from ..agents.learner import periods_to_find, settings_of
    from ..agents.training import Run as Training

    instance, entry = suite.instances[run.instance], suite.policies[run.policy]
    assert entry.trains is not None
    world, learn = learning_world(suite, run.instance), program(entry.trains)
    own = instance.agents.get(run.policy, {})
    settings = settings_of(learn, suite.usual(entry.trains, world.name), entry.settings, own)
    torch.set_num_threads(1)  # now: the weights that an orthogonal matrix begins with depend on it in their last bits
    learner, folder = learn(world, settings, run.seed), folder_of_training(work, run)
    paths = suite.learning.validation
    model = Training(learner, folder, command, paths, wait=LOST, tell=tell).train()
    spent = learner.played(learner.steps)
    if spent is not None:
        evaluations = learner.begins + sum(learner.is_policy(k) for k in range(learner.steps))
        spent += evaluations * paths * world.horizon.periods
        named = (getattr(settings, name, None) for name in ("rule", "start"))
        spent += sum(periods_to_find(each, world) for each in named if each is not None)
    file = folder / "model.safetensors"
    digest = f"{entry.trains} {model.manifest.digest}"
    return Learned(f"agent:{file}", digest, np.nan if spent is None else spent, model.manifest.seconds, np.nan)


def learning_world(suite: Suite, instance: str) -> Scenario:
    """Return the world that policies learn in."""
    about = suite.instances[instance]
    return about.world(about.learns_on)


def folder_of_training(work: Path, run: Run) -> Path:
    """Return the folder of a training."""
    return work.joinpath(*run.instance.split("/"), run.policy, f"seed-{run.seed}")
