"""Train an agent: checkpoints that survive being killed, evaluations, and a model in the end."""

from __future__ import annotations

import io
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
import yaml
from torch.utils.tensorboard import SummaryWriter

from jit_gym.evaluate import Estimate, Result, evaluate
from jit_gym.policies import Network, PolicyError, policy
from jit_gym.policies.models import Model
from jit_gym.report import files
from jit_gym.report.provenance import commit
from jit_gym.scenario import BadInput, Scenario, reading
from jit_gym.scenario.errors import one_line

from .learner import TEST, VALIDATION, Learner, best_of

LIBRARIES = ("jit_gym", "numpy", "numba", "torch")


@dataclass
class Run:
    """One agent that is trained with one seed, in a folder of its own.

    The folder holds what RL Zoo's has (`config.yml`, `args.yml`, `command.txt`, `evaluations.npz`), the last
    checkpoint, the events for TensorBoard, and in the end `model.safetensors`.
    """

    learner: Learner
    folder: Path
    command: str | None = None
    paths: int = 512  # of each evaluation
    patience: int = 0  # evaluations without a better one after which training stops; 0: never
    rule_budget: int = 0  # periods that may be played to tune each rule that the agent is compared with; 0: formulas
    report: Callable[[Progress], Any] = lambda progress: None
    rule: Result | None = field(init=False, default=None)

    def train(self) -> Model:
        """Train from the last checkpoint on, or from the beginning, and return the model."""
        torch.set_num_threads(1)
        done = self.folder / "model.safetensors"
        self._agree()
        if done.is_file():
            return Model.read(done)
        past = self._load()
        self.rule = self._best_rule()
        with SummaryWriter(str(self.folder)) as writer:
            self._learn(past, writer)
        model = self._certified(past)
        files.write(done, model.data)
        return model

    def _learn(self, past: Past, writer: SummaryWriter) -> None:
        """Take the steps that are left."""
        assert self.rule is not None
        if past.steps == 0 and getattr(self.learner.settings, "start", None) is not None:
            self._evaluate(past, {})  # what it begins with is a policy already
        for k in range(past.steps, self.learner.steps):
            if past.over:
                break
            began = time.perf_counter()
            figures = dict(self.learner.step(k))
            past.steps, past.seconds = k + 1, past.seconds + time.perf_counter() - began
            if self.learner.is_policy(k):
                self._evaluate(past, figures)
            self._save(past)
            for name, value in figures.items():
                writer.add_scalar(f"{self.learner.name}/{name}", value, k + 1)
            self.report(Progress(k + 1, self.learner.steps, past.costs[-1] if past.costs else None, self.rule))

    def _best_rule(self) -> Result:
        """Return the result of the rule that the agent is compared with; what it is, is written down."""
        file, scenario = self.folder / "rule.txt", self.learner.scenario
        if not file.is_file():
            files.write(file, best_rule(scenario, self.paths, self.rule_budget).policy + "\n")
        rule = reading.text(reading.read(file, reading.YAML)).strip()
        return evaluate(rule, scenario, paths=self.paths, seed=VALIDATION)

    def _agree(self) -> None:
        """Write what is trained, or refuse a folder in which something else was."""
        learner = self.learner
        config = {"agent": learner.name, "seed": learner.seed, "fingerprint": learner.scenario.fingerprint}
        config |= {"settings": asdict(learner.settings), "paths": self.paths, "patience": self.patience}
        text = yaml.safe_dump(config, sort_keys=False)
        file = self.folder / "config.yml"
        if file.is_file() and file.read_bytes() != text.encode():
            raise BadInput(f"{self.folder}: holds a training with other settings (choose another --out, or remove it)")
        files.write(file, text)
        scenario = yaml.safe_dump(learner.scenario.resolved, sort_keys=False)
        files.write(self.folder / "args.yml", scenario)
        if self.command is not None:
            files.write(self.folder / "command.txt", self.command + "\n")

    def _evaluate(self, past: Past, figures: dict[str, float]) -> None:
        """Play the present policy on the paths of the validation seed, and keep it if it is the best so far."""
        model = self.learner.model()
        result = evaluate(Network(model), self.learner.scenario, paths=self.paths, seed=VALIDATION)
        worth = result.mean("discounted_reward")
        past.at.append(past.steps)
        past.costs.append(result.mean("profit") * -1.0)
        figures["cost"] = past.costs[-1]
        assert self.rule is not None
        figures["gap_to_rule"] = past.costs[-1] / (-self.rule.mean("profit")) - 1.0
        if past.best is None or worth > past.worth:
            past.best, past.worth, past.since = model.data, worth, 0
        else:
            past.since += 1
        past.over = bool(self.patience) and past.since >= self.patience
        buffer = io.BytesIO()
        np.savez(buffer, timesteps=past.at, costs=past.costs)
        files.write(self.folder / "evaluations.npz", buffer.getvalue())

    def _save(self, past: Past) -> None:
        buffer = io.BytesIO()
        torch.save({"past": _plain(vars(past)), "learner": _plain(self.learner.state())}, buffer)
        files.write(self.folder / "checkpoint.pt", reading.sealed(buffer.getvalue()))

    def _load(self) -> Past:
        """Return how far training has come, and bring the learner there."""
        file = self.folder / "checkpoint.pt"
        if not file.is_file():
            return Past()
        try:
            content = reading.unsealed(reading.read(file, reading.CHECKPOINT))
            saved = _rich(torch.load(io.BytesIO(content), weights_only=True))
            past = Past(**saved["past"])
            self.learner.restore(saved["learner"])
        except (ValueError, EOFError, KeyError, TypeError, AttributeError, RuntimeError, UnpicklingError) as error:
            what = f"is damaged, or of another version of jit_gym: {one_line(error)}"
            raise BadInput(f"{file}: {what} (remove it, and training begins anew)") from None
        return past

    def _certified(self, past: Past) -> Model:
        """Return the best model, with its birth certificate: what it costs on paths that nothing was chosen on."""
        if past.best is None:
            raise BadInput(f"{self.folder}: training made no policy")
        model, scenario = Model.parse(past.best), self.learner.scenario
        player = Network(model)
        paths = 4 * self.paths
        ours = evaluate(player, scenario, paths=paths, seed=TEST)
        assert self.rule is not None
        theirs = evaluate(self.rule.player, scenario, paths=paths, seed=TEST)
        cost, more = ours.estimate("profit"), _difference(ours, theirs)
        manifest = model.manifest.replace(
            command=self.command,
            versions={"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
            commit=commit(),
            seconds=round(past.seconds, 1),
            cost={"mean": -cost.mean, "low": -cost.high, "high": -cost.low, "paths": paths, "seed": TEST},
            gap={"rule": theirs.policy, **more},
        )
        return Model(manifest, model.arrays)


@dataclass
class Past:
    """How far training has come."""

    steps: int = 0
    seconds: float = 0.0
    at: list[int] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    best: bytes | None = None
    worth: float = 0.0
    since: int = 0
    over: bool = False


@dataclass(frozen=True)
class Progress:
    """What a progress bar shows."""

    step: int
    steps: int
    cost: float | None
    rule: Result | None


def best_rule(scenario: Scenario, paths: int, budget: int) -> Result:
    """Return the result of the best rule that a scenario names, on the validation seed.

    With a budget of periods for each, the rules are tuned before, on a seed of their own.
    """
    results = []
    for name in scenario.policies or ("jit", "base-stock", "just-in-case"):
        try:
            rule = best_of(name, scenario, budget) if budget else policy(name, scenario)
            results.append(evaluate(rule, scenario, paths=paths, seed=VALIDATION))
        except PolicyError:
            continue
    return max(results, key=lambda result: result.mean("discounted_reward"))


def _difference(ours: Result, theirs: Result) -> dict[str, float]:
    """Return how much more an agent costs than a rule, in per cent of the rule's cost, on the same paths."""
    unit = abs(theirs.mean("profit")) / 100.0
    more = Estimate.of((theirs.figures["profit"] - ours.figures["profit"]) / unit)
    return {"percent": more.mean, "low": more.low, "high": more.high}


def _plain(value: Any) -> Any:
    """Return a state with its arrays as tensors, which torch reads back without unpickling objects."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return {"__array__": torch.from_numpy(np.ascontiguousarray(value))}
    return value.item() if isinstance(value, np.generic) else value


def _rich(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value["__array__"].numpy() if "__array__" in value else {key: _rich(v) for key, v in value.items()}
    return [_rich(each) for each in value] if isinstance(value, list) else value
