"""Clone a rule, or any policy, into a network by imitation on the states that both visit (DAgger; Ross et al. 2011).

In each round the policy orders on some paths and the clone on the others, and the policy labels all states that are
visited. A clone is a warm start for other agents (their setting `start`), and tests the format of models: it must cost
what its rule costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from jit_gym.chance import Chance
from jit_gym.envs.observation import Codec
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import policy
from jit_gym.policies.action import Action
from jit_gym.policies.trained import SQUASHES, Network, Perceptron
from jit_gym.scenario import BadInput, Scenario

from .dcl import choices
from .learner import Count, Fitted, Learner, Most, NotNegative, Positive, Share, best_of, inside
from .networks import classify, perceptron, regress, scaling

QUICK: dict[str, Any] = {"budget": 3, "paths": 32, "epochs": 15}  # enough of a clone to go on from a trained agent
DOUBT = 0.4  # units; softens the labels of a clone that goes on learning, so that it still explores


@dataclass(frozen=True)
class Settings:
    """What can be set."""

    rule: str = "base-stock"  # or any other policy: "optimal", "agent:dcl", "capped-base-stock(level=31, cap=6)"
    budget: Count = 8  # rounds of visits and fits
    paths: Count = 128  # that are played in each round
    discrete: bool = False  # choose among quantities, in place of numbers between -1 and 1
    doubt: NotNegative = 0.0  # units by which a choice may be off and still share the label
    explore: Share = 0.1  # the share of random orders
    most: Most = 4.0  # the most that is ordered at once, in periods of mean demand
    hidden: Count = 64  # units in each of two layers
    activation: Literal["relu", "tanh"] = "relu"  # those of the agent that begins with the clone
    squash: Literal["tanh", "clip"] = "tanh"
    epochs: Count = 20
    rate: Positive = 3e-3


class Imitate(Fitted):
    """The program: each step visits states, labels them with the policy's orders, and fits the network."""

    name: ClassVar[str] = "imitate"
    unit: ClassVar[str] = "rounds"
    settable: ClassVar[type] = Settings
    reaches_service: ClassVar[bool] = True  # as far as the rule does that it clones, which is tuned to
    kept: ClassVar[tuple[str, ...]] = ("shift", "scale", "seen", "labels")
    settings: Settings

    def __init__(self, scenario: Scenario, settings: Settings, seed: int, place: str = "imitate: rule") -> None:
        """Prepare a scenario; errors about the rule begin with `place`, the setting that named it."""
        super().__init__(scenario, settings, seed)
        self.activation, self.squash = settings.activation, settings.squash
        with inside(place):
            self.master = best_of(settings.rule, scenario)
        self.layout, self.chance = Layout(scenario), Chance(scenario)
        self.codec = Codec(self.layout)
        if settings.discrete:
            with inside(f"{self.name}: discrete"):
                action = Action(choices=choices(scenario, None))
        else:
            action = Action.default(scenario, most=settings.most)
        self.action = action.fit(scenario)
        inputs = len(self.codec.names)
        self.net = perceptron(inputs, [settings.hidden] * 2, self.action.outputs, seed, settings.activation)
        self.shift, self.scale = np.zeros(inputs, np.float32), np.ones(inputs, np.float32)
        self.seen = np.zeros((0, inputs), np.float32)
        self.labels = np.zeros((0, self.action.outputs), np.float32)

    @property
    def chunk(self) -> int:
        """Return 1: each step is a round."""
        return 1

    @classmethod
    def unused(cls, settings: Settings) -> dict[str, tuple[str, str]]:
        """Return the settings that are for the other kind of actions."""
        if settings.discrete:
            return dict.fromkeys(("most", "squash"), ("is for continuous actions", "leave it out"))
        return {"doubt": ("is for discrete actions", "leave it out, or set discrete=true")}

    def played(self, k: int) -> int:
        """Return how many periods the first k rounds play: all paths, each to the horizon."""
        return k * self.settings.paths * self.scenario.horizon.periods

    def step(self, k: int) -> dict[str, float]:
        """Visit states, label them and fit the network to all that were labelled so far."""
        random = np.random.default_rng([self.seed, k])
        trace = self.chance.draw(int(random.integers(1 << 31)), self.settings.paths)
        world, clone, own = Simulation(self.layout, trace), self.perceptron(), random.random(trace.paths) < k / (k + 1)
        seen, labels = [self.seen], [self.labels]
        for _ in range(trace.periods):
            view = View(world)
            shown, orders = self.codec.observe(view), np.array(self.master(view), float)
            seen.append(shown)
            labels.append(self._label(orders))
            if k:
                orders[own] = self.action.orders(self._decoded(clone(shown)), view)[own]
            explores = random.random(trace.paths) < self.settings.explore
            orders[explores] = self.action.orders(self._random_outputs(random, explores.sum()), view)
            world.step(orders)
        self.seen, self.labels = np.concatenate(seen), np.concatenate(labels)
        if k == 0:
            self.shift, self.scale = scaling(self.seen)
        inputs = (self.seen - self.shift) * self.scale
        how: Any = {"epochs": self.settings.epochs, "rate": self.settings.rate, "seed": self.seed * 1000 + k}
        if self.action.discrete:
            doubt = np.full(len(inputs), self.settings.doubt)
            return {"loss": classify(self.net, inputs, self.labels, temperature=doubt, **how)}
        return {"loss": regress(self.net, inputs, self.labels, squash=self.settings.squash, **how)}

    def _label(self, orders: np.ndarray) -> np.ndarray:
        """Return targets (paths, outputs) for orders: numbers, or how many units each choice is off."""
        if self.action.discrete:
            return self.action.distances(orders).astype(np.float32)
        return self.action.numbers(orders).astype(np.float32)

    def _decoded(self, out: np.ndarray) -> np.ndarray:
        """Return what an `Action` decodes: the best choice, or squashed numbers."""
        return out.argmax(-1) if self.action.discrete else SQUASHES[self.settings.squash](out)

    def _random_outputs(self, random: np.random.Generator, count: int) -> np.ndarray:
        """Return so many random choices (count,), or numbers between -1 and 1 (count, outputs)."""
        outputs = self.action.outputs
        return random.integers(outputs, size=count) if self.action.discrete else random.uniform(-1, 1, (count, outputs))


def beginning(learner: Learner) -> Perceptron:
    """Return the network that an agent begins with: that of another agent, `agent:NAME`, or a clone of a policy.

    `agent:generalist` is cloned, as it sees other things than an env shows.

    The agent takes over its action, shift and scale.
    """
    start, scenario, forward = learner.settings.start, learner.scenario, learner.forward
    if learner.settings.means != "quantity":
        ours = f"{learner.settings.means}s"
        raise BadInput(f"{learner.name}: start: a clone says quantities, and this one {ours} (add means=quantity)")
    player = None
    if start.startswith("agent:"):
        with inside(f"{learner.name}: start"):
            player = policy(start, scenario)
    if not isinstance(player, Network):  # a rule, or an agent that sees other things
        own = {"discrete": learner.action.discrete, "hidden": learner.settings.hidden, "most": learner.settings.most}
        quick = QUICK if player is not None else {}
        settings = Settings(rule=start, doubt=DOUBT, **own, **quick, **forward)
        clone = Imitate(scenario, settings, learner.seed, f"{learner.name}: start")
        for k in range(clone.steps):
            clone.step(k)
        player = Network(clone.model()).fit(scenario)
    theirs = player.manifest.network
    if player.action.discrete != learner.action.discrete or player.memory is not None or theirs != forward:
        raise BadInput(f"{learner.name}: start: {start} plays with {theirs}, and {learner.name} with {forward}")
    learner.action, learner.shift, learner.scale = player.action, player.perceptron.shift, player.perceptron.scale
    return player.perceptron
