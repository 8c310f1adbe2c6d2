"""Learn by hindsight differentiable policy optimisation: follow the gradient of the cost through the physics.

Chance does not depend on orders and is drawn first, so the cost of a batch of paths is a function of the network's
weights alone, and torch differentiates it through the same period that evaluates policies (Madeka et al. 2022; Alvo et
al. 2023). At first units are divisible; later orders are rounded, and the gradient treats rounding as the identity.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field

from jit_gym.chance import Chance
from jit_gym.envs.observation import Codec
from jit_gym.physics import Layout, View
from jit_gym.physics.gradient import TensorSimulation
from jit_gym.physics.numbers import like
from jit_gym.physics.worth import Worth
from jit_gym.policies import PolicyError, Rule
from jit_gym.policies.recorded_rule import RecordedRule
from jit_gym.scenario import BadInput, Scenario, load

from .captured import gradient
from .imitate import beginning
from .learner import Count, Learner, Meaning, Most, NotNegative, Positive, Share, inside, scales
from .networks import adopt, perceptron
from .service import price_of


@dataclass(frozen=True)
class Settings:
    """What can be set."""

    budget: Count = 2000  # steps of gradient descent
    chunk: Count = 100  # of those between two evaluations
    batch: Count = 256  # paths a step
    periods: Count = 60  # of each path; a world that ends is played to its end
    warmup: Annotated[int, Field(ge=0)] = 0  # of those, at first, whose costs do not count
    hidden: Count = 32  # units in each of two layers
    rate: NotNegative = 3e-3  # at first; it falls to 0 along a cosine
    relaxed: Share = 0.6  # the share of the steps in which units are divisible
    means: Meaning = "quantity"  # how outputs are read: as quantities, levels, or corrections to a rule
    rule: str | None = None  # the rule that corrections correct: any that can be recorded, as all shipped ones
    most: Most = 2.5  # the most that is ordered at once, in periods of mean demand
    clip: Positive = 1.0  # the largest norm of the gradient
    dither: bool = False  # add fractions of a unit to initial stocks in whole units, for small demand (`_dither`)
    start: str | None = None  # begin with the weights of another agent (agent:NAME), or of a clone of a rule
    device: str = "auto"  # auto (a GPU where there is one), cpu, cuda, cuda:0, ...


class Hindsight(Learner):
    """The program: each step is a chunk of gradient steps."""

    name: ClassVar[str] = "hindsight"
    unit: ClassVar[str] = "gradient steps"
    settable: ClassVar[type] = Settings
    reaches_service: ClassVar[bool] = True
    activation, squash = "relu", "tanh"
    settings: Settings

    def __init__(self, scenario: Scenario, settings: Settings, seed: int) -> None:
        """Prepare a scenario, in whole units and in divisible ones."""
        super().__init__(scenario, settings, seed)
        self.price = price_of(scenario, step=0.05, slower=200.0)
        divisible = scenario if scenario.units == "continuous" else load(scenario, {"units": "continuous"})
        self.worlds = [(Layout(world), Chance(world)) for world in (divisible, scenario)]
        if not scenario.horizon.ends and settings.warmup >= settings.periods:
            raise BadInput(
                f"hindsight: warmup: must be less than the {settings.periods} periods, got {settings.warmup}"
                " (set less, or more periods)"
            )
        self.action = self.numbers()
        self.codec = Codec(self.worlds[1][0])
        self.shift, self.scale, _ = scales(scenario, seed)
        gpus = [f"cuda:{k}" for k in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)]
        devices = ["auto", "cpu", *(["cuda", *gpus] if gpus else [])]
        if settings.device not in devices:
            raise BadInput(f"hindsight: device: must be {' or '.join(devices)} here, got {settings.device!r}")
        self.device = ("cuda" if gpus else "cpu") if settings.device == "auto" else settings.device
        with inside("hindsight: rule"):
            self.rules = [self._recorded(layout) for layout, _ in self.worlds] if self.action.rule is not None else []
        hidden = [settings.hidden] * 2
        self.net = perceptron(len(self.codec.names), hidden, self.action.outputs, seed).to(self.device)
        with torch.no_grad():  # begin near `middle` of the action: the mean use
            self.net[-1].weight.mul_(0.1)
            self.net[-1].bias.zero_()
        if settings.start is not None:
            adopt(self.net, beginning(self), "hindsight: start")
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=settings.rate)
        weights = list(self.net.parameters())
        self.gradients = [gradient(partial(self._play, whole), weights, self.device) for whole in (False, True)]

    def _recorded(self, layout: Layout) -> RecordedRule:
        """Record the rule that is corrected, for divisible units where a world has these and the rule takes them."""
        rule = self.action.rule
        if isinstance(rule, Rule):
            with suppress(PolicyError):  # it plans with whole units alone, and orders these in a divisible world, too
                rule = rule.fit(layout.scenario)
        return RecordedRule(rule, layout, self.device)

    def step(self, k: int) -> dict[str, float]:
        """Take a chunk of gradient steps."""
        costs, lengths = [], []
        for j in range(self.done(k), self.done(k + 1)):
            cost, length = self._descend(j)
            costs.append(cost)
            lengths.append(length)
        return {"training_cost": float(np.mean(costs)), "gradient": float(np.mean(lengths))}

    def is_policy(self, k: int) -> bool:
        """Tell whether step k trained in whole units, as policies are evaluated, or was the last one."""
        return k + 1 == self.steps or self.done(k + 1) > self.settings.relaxed * self.budget

    def played(self, k: int) -> int:
        """Return how many periods the first k steps play: those of a batch of paths in each gradient step."""
        horizon = self.scenario.horizon
        return self.done(k) * self.settings.batch * (horizon.periods if horizon.ends else self.settings.periods)

    def state(self) -> dict[str, Any]:
        """Return all that the next steps depend on."""
        state = {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict()}
        return state if self.price is None else state | {"price": self.price.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.price is not None:
            self.price.restore(state["price"])

    def _descend(self, j: int) -> tuple[float, float]:
        """Take gradient step j on paths that only it uses; return their cost and the norm of the gradient."""
        settings = self.settings
        for group in self.optimizer.param_groups:
            group["lr"] = settings.rate * 0.5 * (1.0 + np.cos(np.pi * j / settings.budget))
        whole = j >= settings.relaxed * settings.budget
        horizon = self.scenario.horizon
        periods = horizon.periods if horizon.ends else settings.periods
        trace = self.worlds[whole][1].draw(self.seed, np.arange(j * settings.batch, (j + 1) * settings.batch), periods)
        given = [torch.as_tensor(trace.rows, dtype=torch.float32)]
        given.append(torch.tensor(0.0 if self.price is None else self.price.value))
        if settings.dither and self.worlds[whole][0] is self.worlds[1][0]:
            given.append(self._dither(j))
        cost, short, demanded = self.gradients[whole](*(numbers.to(self.device) for numbers in given))
        length = torch.nn.utils.clip_grad_norm_(self.net.parameters(), settings.clip)
        self.optimizer.step()
        if self.price is not None and demanded > 0:
            self.price.update(1.0 - float(short / demanded))
        return float(cost), float(length)

    def _play(
        self, whole: bool, rows: torch.Tensor, price: torch.Tensor, more: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Play some paths; return the cost of a period, and the units that were short and that were asked for.

        Args:
            whole: whether units are whole.
            rows: of a trace (periods + 1, paths, columns).
            price: of a unit that is short, where a service level is to be reached.
            more: units of each stock more than at first, or less (stocks, paths).
        """
        layout = self.worlds[whole][0]
        world, worth = TensorSimulation(layout, rows, torch.float32, self.device), Worth(layout)
        if more is not None:
            _add(more, world)
        warmup = 0 if self.scenario.horizon.ends else self.settings.warmup
        total, weight = torch.zeros((), device=self.device), 1.0
        short, demanded = total, total  # units
        base, own = None, None  # what the rule that is corrected orders, and its own state
        for t in range(world.periods):
            if t == warmup:
                total = total + sum(worth.of(world, t)).mean()
            view = View(world)
            if self.rules:
                base, own = self.rules[whole].act(world, own)
            flows = world.step(self.action.orders(self._outputs(view), view, base))
            money = flows.money[0]
            if t >= warmup:
                total = total + weight * (money.cost - money.revenue).mean()
                if self.price is not None:
                    missed = torch.stack([demand.short for demand in flows.demands]).sum(0).mean()
                    total, short = total + weight * price * missed, short + missed.detach()
                    demanded = demanded + torch.stack([demand.demanded for demand in flows.demands]).sum(0).mean()
                weight *= self.scenario.objective.discount
        total = total - weight * sum(worth.of(world, world.periods)).mean()
        return total / (world.periods - warmup), short, demanded

    def _dither(self, j: int) -> torch.Tensor:
        """Return up to half a unit more or less of each stock on each path (stocks, paths), to begin step j with.

        Whole units leave stock at 0 exactly time and again, where a cost has a kink and its gradient one side of it
        only. On paths a fraction apart the gradients are those of both sides, as far as each counts.
        """
        random = torch.Generator().manual_seed(hash((self.seed, j)) & 0x7FFFFFFF)
        return torch.rand((len(self.scenario.stocks), self.settings.batch), generator=random) - 0.5

    def _outputs(self, view: View) -> torch.Tensor:
        seen = self.codec.observe(view)
        outputs: torch.Tensor = torch.tanh(self.net((seen - like(self.shift, seen)) * like(self.scale, seen)))
        return outputs


def _add(more: torch.Tensor, world: TensorSimulation) -> None:
    """Add to each stock (stocks, paths) what is positive, and to its customers who wait what is negative."""
    for i, stock in enumerate(world.state.stocks):
        stock.on_hand = stock.on_hand + more[i].clamp(min=0.0)
        for d, demand in enumerate(world.state.demands):
            if world.layout.needs[d, i] and world.layout.net.demands[d]["backlogs"]:
                demand.backlog = demand.backlog + (-more[i]).clamp(min=0.0)
