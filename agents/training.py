"""Train an agent: save checkpoints from which a killed training goes on, evaluate, and save the best model."""

from __future__ import annotations

import io
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import count
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, NamedTuple

import numpy as np
import torch
import yaml
from filelock import FileLock, Timeout
from torch.utils.tensorboard import SummaryWriter

from jit_gym.common import files
from jit_gym.common.checks import one_line
from jit_gym.common.digest import sealed, unsealed
from jit_gym.common.executor import Tell
from jit_gym.common.provenance import commit
from jit_gym.evaluation import Estimate, Result, Service, evaluate
from jit_gym.policies import Network, PolicyError, policy
from jit_gym.policies.models import Model
from jit_gym.scenario import BadInput, Scenario, reading

from .learner import TEST, VALIDATION, Learner, best_of, rules_of

LIBRARIES = ("jit_gym", "numpy", "numba", "torch")


@dataclass
class Run:
    """One agent that is trained with one seed, in a folder of its own.

    The folder holds what RL Zoo's has (`config.yml`, `args.yml`, `command.txt`, `evaluations.npz`), the last
    checkpoint, the events for TensorBoard, and in the end `model.safetensors`. Steps are everywhere in the unit of the
    agent's budget: on the bar, in TensorBoard, and in `evaluations.npz`, which is as Stable-Baselines3's EvalCallback
    writes it:

    * `timesteps` (evaluations,)
    * `results` (evaluations, episodes): the sum of an env's rewards, in money
    * `ep_lengths` (evaluations, episodes): periods
    * `costs` (evaluations,): the mean cost a period, less revenue
    * `cpu_seconds` (evaluations,): of the processor, that training took until then, evaluations left out
    """

    learner: Learner
    folder: Path
    command: str | None = None
    paths: int = 512  # of each evaluation
    patience: int = 0  # evaluations without a better one after which training stops; 0: never
    rule_budget: int = 0  # periods that may be played to tune each rule that the agent is compared with; 0: formulas
    wait: float = (
        0.0  # seconds to wait for another process that trains in the folder, as one that was lost may for a while
    )
    report: Callable[[Progress], Any] = lambda progress: None
    tell: Callable[[str], Any] = lambda words: None  # takes lines for the user
    rule: Result | None = field(init=False, default=None)

    def train(self) -> Model:
        """Train from the last checkpoint on, or from the beginning, and return the model.

        Raises:
            BadInput: where the folder holds another training, or another process trains in it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / ".lock", timeout=self.wait):  # released by the system when a process is killed
                return self._train()
        except Timeout:
            what = "another process trains here (wait until it has ended, or choose another --out)"
            raise BadInput(f"{self.folder}: {what}") from None

    def _train(self) -> Model:
        torch.set_num_threads(1)
        done = self.folder / "model.safetensors"
        self._check_config()
        if done.is_file():
            self.tell(f"is done already, in {self.folder}")
            return Model.read(done)
        past = self._load()
        self.tell(plan(self.learner) if past.steps == 0 else f"goes on at {self._so_far(past)}")
        self.rule = self._best_rule()
        with SummaryWriter(str(self.folder), purge_step=self.learner.done(past.steps) + 1) as writer:
            self.learner.log = writer.add_scalar
            self._learn(past)
        model = self._certified(past)
        files.write(done, model.data)
        return model

    def _learn(self, past: Past) -> None:
        """Take the steps that are left."""
        learner = self.learner
        if past.steps == 0 and learner.begins:
            self._evaluate(past)
        self._report(past, evaluated=past.steps == 0 and bool(past.at))
        for k in range(past.steps, learner.steps):
            if past.over:
                break
            began, cpu_began = time.perf_counter(), time.process_time()
            figures = learner.step(k)
            past.steps, past.seconds = k + 1, past.seconds + time.perf_counter() - began
            past.cpu_seconds += time.process_time() - cpu_began
            for name, value in figures.items():
                learner.log(f"train/{name}", value, learner.done(k + 1))
            if is_policy := learner.is_policy(k):
                self._evaluate(past)
            self._save(past)
            self._report(past, evaluated=is_policy)
        if past.over:
            self.tell(f"stops at {self._so_far(past)}: {past.since} evaluations without a better one")

    def _so_far(self, past: Past) -> str:
        learner = self.learner
        return f"{learner.done(past.steps):,} of {learner.done(learner.steps):,} {learner.unit}"

    def _report(self, past: Past, evaluated: bool) -> None:
        """Report how far training is, and how the last policy that was evaluated compares with the rule."""
        learner, standing = self.learner, ""
        done = learner.done(past.steps)
        if past.costs:
            assert self.rule is not None
            standing = f"cost {past.costs[-1]:.4g}, {100 * self._gap(past.costs[-1]):+.2f} % to {self.rule.policy}"
        self.report(Progress(past.steps, done, learner.done(learner.steps), learner.unit, standing, evaluated))

    def _gap(self, cost: float) -> float:
        """Return how much more a cost is than the rule's, as a share of the rule's."""
        assert self.rule is not None
        rule = -self.rule.mean("profit")
        return (cost - rule) / abs(rule)

    def _best_rule(self) -> Result:
        """Return the result of the rule that the agent is compared with; `rule.txt` keeps its name and parameters."""
        file, scenario = self.folder / "rule.txt", self.learner.scenario
        if not file.is_file():
            files.write(file, best_rule(scenario, self.paths, self.rule_budget).policy + "\n")
        rule = reading.text(reading.read(file, reading.YAML)).strip()
        return evaluate(rule, scenario, paths=self.paths, seed=VALIDATION)

    @property
    def config(self) -> dict[str, Any]:
        """Return all that a training depends on, except its seed."""
        learner = self.learner
        config: dict[str, Any] = {"agent": learner.name, "fingerprint": learner.scenario.fingerprint}
        config |= {"settings": asdict(learner.settings), "paths": self.paths, "patience": self.patience}
        return config | {"rule_budget": self.rule_budget}

    def _check_config(self) -> None:
        """Write the configuration, or refuse a folder that holds another one."""
        learner = self.learner
        text = yaml.safe_dump({"seed": learner.seed, **self.config}, sort_keys=False)
        file = self.folder / "config.yml"
        if file.is_file() and file.read_bytes() != text.encode():
            raise BadInput(f"{self.folder}: holds a training with other settings (choose another --out, or remove it)")
        files.write(file, text)
        scenario = yaml.safe_dump(learner.scenario.resolved, sort_keys=False)
        files.write(self.folder / "args.yml", scenario)
        if self.command is not None:
            files.write(self.folder / "command.txt", self.command + "\n")

    def _evaluate(self, past: Past) -> None:
        """Evaluate the present policy on the validation seed, and keep it where it is the best so far."""
        model = self.learner.model()
        result = evaluate(Network(model), self.learner.scenario, paths=self.paths, seed=VALIDATION)
        worth, short = result.mean("discounted_reward"), lack(result)
        done, cost = self.learner.done(past.steps), -result.mean("profit")
        past.at.append(done)
        past.costs.append(cost)
        past.cpu_at.append(past.cpu_seconds)
        past.results.append(result.rewards)
        figures = {"cost": cost, "gap_to_rule": self._gap(cost), "mean_reward": result.rewards.mean()}
        for name, value in {**figures, "mean_ep_length": result.periods}.items():
            self.learner.log(f"eval/{name}", float(value), done)
        if past.best is None or (short, -worth) < (past.short, -past.worth):
            past.best, past.worth, past.short, past.since = model.data, worth, short, 0
        else:
            past.since += 1
        past.over = bool(self.patience) and past.since >= self.patience
        buffer = io.BytesIO()
        results = np.array(past.results)
        lengths = np.full(results.shape, result.periods)
        seconds = np.array(past.cpu_at)
        np.savez(buffer, timesteps=past.at, results=results, ep_lengths=lengths, costs=past.costs, cpu_seconds=seconds)
        files.write(self.folder / "evaluations.npz", buffer.getvalue())

    def _save(self, past: Past) -> None:
        buffer = io.BytesIO()
        torch.save({"past": _to_tensors(vars(past)), "learner": _to_tensors(self.learner.state())}, buffer)
        files.write(self.folder / "checkpoint.pt", sealed(buffer.getvalue()))

    def _load(self) -> Past:
        """Read the checkpoint, if there is one, and restore the learner from it."""
        file = self.folder / "checkpoint.pt"
        if not file.is_file():
            return Past()
        try:
            content = unsealed(reading.read(file, reading.CHECKPOINT))
            saved = _to_arrays(torch.load(io.BytesIO(content), weights_only=True))
            past = Past(**saved["past"])
            self.learner.restore(saved["learner"])
        except (ValueError, EOFError, KeyError, TypeError, AttributeError, RuntimeError, UnpicklingError) as error:
            what = f"is damaged, or of another version of jit_gym: {one_line(error)}"
            raise BadInput(f"{file}: {what} (remove it, and training begins anew)") from None
        return past

    def _certified(self, past: Past) -> Model:
        """Return the best model with its provenance, and its cost on the test seed, on which nothing was chosen."""
        if past.best is None:
            raise BadInput(f"{self.folder}: training made no policy")
        model, scenario = Model.parse(past.best), self.learner.scenario
        player = Network(model)
        paths = 4 * self.paths
        ours = evaluate(player, scenario, paths=paths, seed=TEST)
        assert self.rule is not None
        theirs = evaluate(self.rule.player, scenario, paths=paths, seed=TEST)
        cost, more = ours.estimate("profit"), _difference(ours, theirs)
        served = ours.estimate("fill_rate")
        asked = scenario.objective.fill_rate is not None
        service = (
            {"fill_rate": served.mean, "fill_rate_low": served.low, "fill_rate_high": served.high} if asked else {}
        )
        manifest = model.manifest.replace(
            command=self.command,
            versions={"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
            commit=commit(),
            seconds=round(past.seconds, 1),
            cost={"mean": -cost.mean, "low": -cost.high, "high": -cost.low, "paths": paths, "seed": TEST, **service},
            gap={"rule": theirs.policy, **more},
        )
        return Model(manifest, model.arrays)


@dataclass
class Past:
    """What training has done so far, as a checkpoint keeps it."""

    steps: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    cpu_at: list[float] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    results: list[np.ndarray] = field(default_factory=list)
    best: bytes | None = None
    worth: float = 0.0
    short: float = 0.0  # how much the best one lacks to surely reach the fill rate that is asked for, if one is
    since: int = 0
    over: bool = False


@dataclass(frozen=True)
class Progress:
    """What a progress bar shows: `done` of `total` units, and whether that is where `standing` was found."""

    step: int
    done: int
    total: int
    unit: str
    standing: str
    evaluated: bool


def plan(learner: Learner) -> str:
    """Return how much a learner is trained, and when it is evaluated: `600 gradient steps, evaluated every 50`."""
    at = [learner.done(k + 1) for k in range(learner.steps) if learner.is_policy(k)]
    total = f"{learner.done(learner.steps):,} {learner.unit}"
    if len(at) < 2:
        return f"{total}, evaluated at the end"
    every = at[1] - at[0]
    return f"{total}, evaluated every {every:,}" + (f" from {at[0]:,} on" if at[0] > every else "")


class Training(NamedTuple):
    """A training that may run in any process: what `Run` is made of, and whether the model is written as ONNX, too."""

    learn: Callable[..., Learner]
    scenario: Scenario
    settings: Any
    seed: int
    folder: Path
    command: str
    paths: int
    patience: int
    rule_budget: int
    onnx: bool = False
    wait: float = 0.0


class Trained(NamedTuple):
    """What came of a training: the manifest of its model, and the rule that it was compared with, if it was now."""

    seed: int
    folder: Path
    manifest: Any
    rule: Result | None


def train(training: Training, tell: Tell) -> Trained:
    """Train, telling pairs of the seed and a `Progress` or a line for the user.

    Raises:
        BadInput: where the run's folder is not on this machine.
    """
    base, seed = training.folder.parent, training.seed
    if not (base / "config.yml").is_file():
        raise BadInput(f"{base}: is not on a machine that trains (--out must be on storage that all machines share)")
    learner = training.learn(training.scenario, training.settings, seed)

    def told(what: Any) -> None:
        tell((seed, what))

    run = Run(learner, training.folder, *training[5:9], report=told, tell=told, wait=training.wait)
    model = run.train()
    if training.onnx:
        from .export import onnx

        files.write(training.folder / "model.onnx", onnx(model))
    return Trained(seed, training.folder, model.manifest, run.rule)


def numbered(base: Path, config: Mapping[str, Any]) -> Path:
    """Return the folder base_1, base_2, ... that holds trainings with this configuration, or a new one, the next.

    RL Zoo numbers its runs so; but there the same command begins anew, and here it goes on. A new folder is made by
    one process alone: another that starts at the same time gets the next number.
    """
    text, taken = yaml.safe_dump(dict(config), sort_keys=False), {0}
    for name in (folder.name.removeprefix(f"{base.name}_") for folder in base.parent.glob(f"{base.name}_*")):
        taken |= {int(name)} if name.isdecimal() else set()
    for number in sorted(taken):
        file = base.with_name(f"{base.name}_{number}") / "config.yml"
        if file.is_file() and file.read_bytes() == text.encode():
            return file.parent
    for number in count(max(taken) + 1):
        folder = base.with_name(f"{base.name}_{number}")
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            break
    files.write(folder / "config.yml", text)
    return folder


def best_rule(scenario: Scenario, paths: int, budget: int) -> Result:
    """Return the result of the best rule that a scenario names, on the validation seed.

    With a budget of periods for each, the rules are tuned before, on a seed of their own.
    """
    results = []
    for name in rules_of(scenario):
        try:
            rule = best_of(name, scenario, budget) if budget else policy(name, scenario)
            results.append(evaluate(rule, scenario, paths=paths, seed=VALIDATION))
        except PolicyError:
            continue
    return min(results, key=lambda result: (lack(result), -result.mean("discounted_reward")))


def lack(result: Result) -> float:
    """Return how much a policy lacks to surely reach the fill rate that its scenario asks for; 0 where none is."""
    required = result.scenario.objective.fill_rate
    return 0.0 if required is None else Service(required, result.estimate("fill_rate")).lack


def _difference(ours: Result, theirs: Result) -> dict[str, float]:
    """Return how much more an agent costs than a rule, in per cent of the rule's cost, on the same paths."""
    unit = abs(theirs.mean("profit")) / 100.0
    more = Estimate.of((theirs.figures["profit"] - ours.figures["profit"]) / unit)
    return {"percent": more.mean, "low": more.low, "high": more.high}


def _to_tensors(value: Any) -> Any:
    """Return a state with its arrays as tensors, which torch loads with `weights_only`; `_to_arrays` is the inverse."""
    if isinstance(value, Mapping):
        return {key: _to_tensors(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_to_tensors(each) for each in value]
    if isinstance(value, np.ndarray):
        return {"__array__": torch.from_numpy(np.ascontiguousarray(value))}
    return value.item() if isinstance(value, np.generic) else value


def _to_arrays(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value["__array__"].numpy() if "__array__" in value else {key: _to_arrays(v) for key, v in value.items()}
    return [_to_arrays(each) for each in value] if isinstance(value, list) else value
