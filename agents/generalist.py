"""Train `agent:generalist`: one network that orders for any single stock, by gradients over a family of worlds.

    python -m jit_gym.agents.generalist one-supplier --out runs/generalist
    python -m jit_gym.agents.generalist two-suppliers --out runs/generalist-two

The worlds and the settings are those of `agents/settings/generalist.yaml`. The network corrects what a formula orders
(`jit_gym.policies.generalist_inputs`, `generalist_two`). In each step some worlds are played at once on the
differentiable physics, each in units of its mean demand, and what they cost, over what they cost uncorrected, is
descended (hindsight differentiable policy optimisation; Madeka et al. 2022; Alvo et al. 2023). A training that was
stopped goes on from its folder.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import multiprocessing
import os
import shlex
import sys
import time
from dataclasses import dataclass
from importlib.resources import files as files_of
from pathlib import Path
from typing import Any

import numpy as np
import torch

from jit_gym.common import files
from jit_gym.common.checks import BadInput
from jit_gym.common.provenance import commit
from jit_gym.policies.generalist import AGENT, KINDS
from jit_gym.policies.models import Manifest, Model
from jit_gym.policies.plan import PlanningData
from jit_gym.scenario.families import Family, family

from . import tuned
from .generalist_worlds import GROUPS, Group
from .networks import arrays_of, perceptron, scaling


@dataclass(frozen=True)
class Settings:
    """What can be set."""

    family: str
    regimes: tuple[str, ...] = ("train",)  # from which worlds are drawn
    worlds: int = 500  # that are drawn from each of them
    steps: int = 1600
    groups: int = 3  # of worlds with the same lead time, that are played in a step
    batch: int = 32  # worlds of each group
    paths: int = 24  # of each world
    periods: int = 52
    warmup: int = 8  # of those, at first, whose costs do not count
    tail: int = 12  # of those, at last, whose orders do not teach: what comes of them is not seen in full
    hidden: int = 96  # units in each of two layers
    rate: float = 2e-3  # at first; it falls to 0 along a cosine
    relaxed: float = 1.0  # the share of the steps in which units are divisible (the best orders are whole all the same)
    clip: float = 0.5  # the largest norm of the gradient
    average: float = 0.995  # the weight of the past in the running mean of the weights, which is shipped


def family_of(settings: Settings) -> Family:
    """Return the family that worlds are drawn from: a file in `agents/families`."""
    return family(Path(str(files_of("jit_gym.agents"))) / "families" / f"{settings.family}.yaml")


class Trainer:
    """A network, and the worlds that it learns."""

    groups: list[Group]
    contexts: np.ndarray  # (worlds, numbers)
    pool: Any = None  # of processes that compute gradients

    def __init__(self, kind: str, settings: Settings, seed: int) -> None:
        """Draw worlds of a kind (`GROUPS`), and prepare a network that corrects nothing much."""
        self.kind, self.settings, self.seed = kind, settings, seed
        self.net = self._network()
        with torch.no_grad():
            self.net[-1].weight.mul_(0.05)
            self.net[-1].bias.zero_()
        self.shift, self.scale = scaling(self._prepare())
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=settings.rate, betas=(0.9, 0.98))
        self.mean = [weight.detach().clone() for weight in self.net.parameters()]
        self.done, self.seconds = 0, 0.0

    def _network(self) -> Any:
        """Return a new network."""
        world = KINDS[self.kind]
        return perceptron(len(world.inputs), [self.settings.hidden] * 2, world.outputs, self.seed)

    def _prepare(self) -> np.ndarray:
        """Draw the worlds, find what each costs uncorrected, and return what the network sees meanwhile (n, inputs)."""
        self.groups = self._grouped()
        self.contexts = np.concatenate([group.contexts for group in self.groups])
        seen: list[np.ndarray] = []
        with torch.no_grad():
            for group in self.groups:
                every = np.arange(len(group.worlds))
                costs = self.play(group, every, 16, seed=1, whole=True, corrected=False, seen=seen)
                group.uncorrected = costs.reshape(len(every), -1).mean(-1).numpy()
        return np.concatenate(seen)

    def _grouped(self) -> list[Group]:
        made, drawn = GROUPS[self.kind], family_of(self.settings)
        found: dict[tuple[Any, ...], list[tuple[Any, Any]]] = {}
        for regime in self.settings.regimes:
            for k in range(self.settings.worlds):
                scenario = drawn.world(k, regime, self.seed)
                world = made.kind(PlanningData(scenario))
                world.check(f"{drawn.name}, world {k}")
                found.setdefault(made.key(world), []).append((scenario, world))
        return [made(*zip(*found[key], strict=True)) for key in sorted(found)]

    def step(self) -> float:
        """Take a gradient step, and return what the worlds cost, over what they cost uncorrected."""
        settings, j, begun = self.settings, self.done, time.perf_counter()
        for group in self.optimizer.param_groups:
            falling = 0.5 * (1.0 + np.cos(np.pi * j / settings.steps))
            group["lr"] = float(settings.rate * min(1.0, (j + 1) / 50) * falling)
        self.optimizer.zero_grad()
        total = self._descend(np.random.default_rng([self.seed, j]), j)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), settings.clip)
        self.optimizer.step()
        with torch.no_grad():
            for mean, weight in zip(self.mean, self.net.parameters(), strict=True):
                mean.lerp_(weight, 1.0 - min(settings.average, 1.0 - 1.0 / (j + 2)))
        self.done += 1
        self.seconds += time.perf_counter() - begun
        return total

    def _descend(self, random: Any, j: int) -> float:
        """Add the gradient of step j to the weights', and return what it is the gradient of.

        Each group's is computed by itself, in processes where there are some, and they are added up in their order.
        """
        settings = self.settings
        share = np.array([len(group.worlds) for group in self.groups], float)
        chosen = random.choice(len(self.groups), settings.groups, replace=False, p=share / share.sum())
        weights = [weight.detach().numpy() for weight in self.net.parameters()]
        tasks = [(weights, int(g), random.integers(len(self.groups[g].worlds), size=settings.batch), j) for g in chosen]
        found = list(map(self.gradient, tasks) if self.pool is None else self.pool.map(_gradient, tasks))
        for k, weight in enumerate(self.net.parameters()):
            weight.grad = torch.as_tensor(sum(gradients[k] for _, gradients in found)) / len(found)
        return float(np.mean([loss for loss, _ in found]))

    def gradient(self, task: tuple[list[np.ndarray], int, np.ndarray, int]) -> tuple[float, list[np.ndarray]]:
        """Return what some worlds cost, over what they cost uncorrected, and its gradient.

        Args:
            task: the network's weights, a group, the worlds of it, and the step.
        """
        weights, g, which, j = task
        with torch.no_grad():
            for weight, value in zip(self.net.parameters(), weights, strict=True):
                weight.copy_(torch.as_tensor(value))
        group, settings = self.groups[g], self.settings
        whole = j >= settings.relaxed * settings.steps
        costs = self.play(group, which, settings.paths, seed=1000 + j, whole=whole)
        relative = costs.reshape(len(which), -1).mean(-1) / torch.as_tensor(group.uncorrected[which]).float()
        loss = relative.mean()
        found = torch.autograd.grad(loss, list(self.net.parameters()))
        return float(loss.detach()), [gradient.numpy() for gradient in found]

    def play(
        self,
        group: Group,
        which: np.ndarray,
        paths: int,
        seed: int,
        whole: bool,
        corrected: bool = True,
        seen: list[np.ndarray] | None = None,
    ) -> torch.Tensor:
        """Return what some worlds of a group cost a period (worlds * paths,), in their mean demand's holding cost.

        Args:
            group: of worlds.
            which: worlds.
            paths: of each.
            seed: of chance.
            whole: whether orders are rounded to whole units.
            corrected: whether the network corrects them.
            seen: takes what the network sees in each period, if given.
        """
        settings = self.settings
        batch = group.batch(which, paths, settings.periods, seed)
        total: Any = 0.0
        for t in range(settings.periods):
            learns = t < settings.periods - settings.tail
            network = (self._correction if learns else self._constant) if corrected else None
            flows = batch.play.step(batch.decide(network, whole, seen))
            if t >= settings.warmup:
                total = total + batch.charge(flows)
        return total / (settings.periods - settings.warmup)

    def _correction(self, inputs: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.net(self._scaled(inputs))
        return out

    def _constant(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return corrections with the weights as constants: states teach, orders do not."""
        weights = {name: weight.detach() for name, weight in self.net.named_parameters()}
        out: torch.Tensor = torch.func.functional_call(self.net, weights, (self._scaled(inputs),))
        return out

    def _scaled(self, inputs: torch.Tensor) -> torch.Tensor:
        return (inputs - torch.as_tensor(self.shift)) * torch.as_tensor(self.scale)

    def model(self, command: str) -> Model:
        """Return the running mean of the network as a model."""
        net = self._network()
        with torch.no_grad():
            for weight, mean in zip(net.parameters(), self.mean, strict=True):
                weight.copy_(mean)
        arrays, contexts = arrays_of(net, self.shift, self.scale), self.contexts.astype(np.float32)
        arrays |= {"lowest": contexts.min(axis=0), "highest": contexts.max(axis=0)}
        manifest = Manifest(
            AGENT,
            self.settings.family,
            family_of(self.settings).base.fingerprint,
            KINDS[self.kind].inputs,
            {"activation": "relu", "kind": self.kind},
            command=command,
            settings=dataclasses.asdict(self.settings),
            commit=commit(),
            seconds=round(self.seconds, 1),
        )
        return Model(manifest, arrays)

    def save(self, file: Path) -> None:
        """Write all that the next steps depend on."""
        buffer = io.BytesIO()
        state = {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(), "mean": self.mean}
        torch.save({**state, "done": self.done, "seconds": self.seconds}, buffer)
        files.write(file, buffer.getvalue())

    def restore(self, file: Path) -> None:
        """Go on from what was written."""
        state = torch.load(file, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.mean, self.done, self.seconds = state["mean"], state["done"], state["seconds"]


_trainer: list[Trainer] = []  # of this process, for its children


def pool_of(trainer: Trainer, jobs: int) -> Any:
    """Return processes that compute gradients: copies of this one, with all its worlds."""
    _trainer[:] = [trainer]
    return multiprocessing.get_context("fork").Pool(jobs, initializer=_begin)


def _begin() -> None:
    """Begin as a process of a pool: alone, as who stops the training stops it, and as threads do not survive a fork."""
    os.setsid()
    torch.set_num_threads(1)


def _gradient(task: Any) -> tuple[float, list[np.ndarray]]:
    return _trainer[0].gradient(task)


def settings_for(kind: str, changes: dict[str, Any]) -> Settings:
    """Return the settings of a kind, with some changed."""
    chosen = {**tuned(AGENT, kind), **changes}
    return Settings(**{**chosen, "regimes": tuple(chosen["regimes"])})


def main(trainers: dict[str, type[Trainer]], doc: str | None) -> None:
    """Train, and write `model.safetensors` to a folder."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=trainers)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs") / AGENT)
    parser.add_argument("--stop", type=int, help="after how many of the steps to stop; the rate falls as if all came")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes compute gradients")
    for entry in dataclasses.fields(Settings):
        if entry.type in ("int", "float"):
            parser.add_argument(f"--{entry.name}", type=int if entry.type == "int" else float, help="a setting")
    given = vars(parser.parse_args())
    kind, seed, out, jobs, stop = (given.pop(name) for name in ("kind", "seed", "out", "jobs", "stop"))
    torch.set_num_threads(1)
    settings = settings_for(kind, {name: each for name, each in given.items() if each is not None})
    trainer = trainers[kind](kind, settings, seed)
    if jobs > 1:
        trainer.pool = pool_of(trainer, jobs)
    checkpoint = out / "checkpoint.pt"
    if checkpoint.is_file():
        trainer.restore(checkpoint)
    command = shlex.join(["python", "-m", f"jit_gym.agents.{Path(sys.argv[0]).stem}", *sys.argv[1:]])
    last = min(trainer.settings.steps, stop or trainer.settings.steps)
    losses: list[float] = []
    while trainer.done < last:
        losses.append(trainer.step())
        if trainer.done % 50 == 0 or trainer.done == last:
            trainer.save(checkpoint)
            done = f"{trainer.done:,} of {trainer.settings.steps:,} steps"
            print(f"{done}, {trainer.seconds:.0f} s: {np.mean(losses[-50:]):.5f}", flush=True)
    files.write(out / "model.safetensors", trainer.model(command).data)


def run(trainers: dict[str, type[Trainer]], doc: str | None) -> None:
    """Train as `main` does, or say in one line why not."""
    try:
        main(trainers, doc)
    except BadInput as error:
        sys.exit(str(error))


if __name__ == "__main__":
    run(dict.fromkeys(GROUPS, Trainer), __doc__)
