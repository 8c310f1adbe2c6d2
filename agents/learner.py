"""Define what all agents share: a `Learner` learns in steps, and can be stopped between any two."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from jit_gym.chance import Chance
from jit_gym.common.text import nearest
from jit_gym.envs.observation import Codec
from jit_gym.evaluation import evaluate
from jit_gym.evaluation.tuning import free, prepare, tune
from jit_gym.physics import Layout, Simulation, View
from jit_gym.policies import PolicyError, Rule, StatefulRule, policy
from jit_gym.policies.action import Action
from jit_gym.policies.models import Manifest, Model
from jit_gym.policies.trained import Perceptron, model_of
from jit_gym.scenario import BadInput, Scenario
from jit_gym.scenario.errors import sentence
from jit_gym.scenario.window import stays_as_it_is
from jit_gym.theory import solve

from .networks import arrays_of, scaling

VALIDATION, TEST, TUNING = (2**32 + k for k in (1, 2, 3))
"""The seeds that agents are chosen and judged on, and rules tuned on; agents learn on smaller ones."""

COMPARED = 512
"""Paths on which tuned rules are compared with each other."""

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Most = Annotated[float, Field(ge=1, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Meaning = Literal["quantity", "order-up-to", "correction"]


class Learner:
    """One agent that learns one scenario.

    A step depends on nothing but the scenario, the settings, the seed, its number, and what `state` returned before it.
    So training that was killed goes on from any saved state, and ends with the same policy.
    """

    name: ClassVar[str]
    unit: ClassVar[str]  # what the budget counts
    settable: ClassVar[type]
    reaches_service: ClassVar[bool] = False  # can it learn to reach a fill rate that is asked for?
    codec: Codec  # writes observations
    action: Action  # decodes the network's outputs into orders
    net: Any  # the deciding network, in torch; its inputs are (observation - shift) * scale
    shift: np.ndarray  # (inputs,)
    scale: np.ndarray  # (inputs,)
    activation: str  # between the layers: relu or tanh
    squash: str  # bounds continuous outputs to -1 to 1: tanh or clip

    def __init__(self, scenario: Scenario, settings: Any, seed: int) -> None:
        """Keep the arguments; a subclass raises a `BadInput` for a scenario or settings that it cannot learn.

        Raises:
            BadInput: for a scenario that asks for a fill rate, where the agent cannot learn to reach one.
        """
        if (asked := scenario.objective.fill_rate) is not None and not self.reaches_service:
            fix = "leave it out, and set a higher shortage_cost of demands; ppo and hindsight look at it"
            raise BadInput(f"objective.fill_rate: {self.name} learns costs alone, got {asked:g} ({fix})")
        self.scenario, self.settings, self.seed = scenario, settings, seed
        self.log: Callable[[str, float, int], Any] = lambda name, value, done: None  # takes figures within a step

    @property
    def budget(self) -> int:
        """Return the units that are trained in all."""
        budget: int = self.settings.budget
        return budget

    @property
    def chunk(self) -> int:
        """Return the units of one step; the last one may have fewer."""
        return min(self.settings.chunk, self.budget)

    @property
    def steps(self) -> int:
        """Return how many steps there are."""
        return -(-self.budget // self.chunk)

    def done(self, k: int) -> int:
        """Return the units of the budget that the first k steps use up."""
        return min(k * self.chunk, self.budget)

    def played(self, k: int) -> int | None:
        """Return how many periods of simulation the first k steps play, over all paths and at most; None if unknown."""
        return None

    @classmethod
    def unused(cls, settings: Any) -> dict[str, tuple[str, str]]:
        """Return the settings that have no effect beside the others, each with the reason and the fix."""
        if not hasattr(settings, "means"):
            return {}
        corrects = settings.means == "correction"
        if getattr(settings, "discrete", False) and not corrects:
            names = ["rule", "most", "deviations", *(["means"] if settings.means != "quantity" else [])]
            return dict.fromkeys(names, ("is for continuous actions", "leave it out, or set discrete=false"))
        if not corrects:
            names = ["rule", "deviations", *(["relative"] if getattr(settings, "relative", False) else [])]
            names += ["lead_times_ahead"] if getattr(settings, "lead_times_ahead", 0.0) else []
            out = dict.fromkeys(names, ("is for corrections", "add means=correction"))
            levels = {"most": ("is for quantities and corrections", "leave it out")}
            return out | (levels if settings.means == "order-up-to" else {})
        out = {}
        if getattr(settings, "deviations", None) is not None:
            out["most"] = "is not looked at beside deviations", "leave it out, or set deviations=null"
        if getattr(settings, "lead_times_ahead", 0.0) and not settings.relative:
            out["lead_times_ahead"] = "is for relative rewards", "add relative=true"
        return out

    @property
    def begins(self) -> bool:
        """Tell whether it is a policy that is worth an evaluation before the first step: it begins with another's."""
        return getattr(self.settings, "start", None) is not None

    def step(self, k: int) -> Mapping[str, float]:
        """Take step k, and return figures for TensorBoard."""
        raise NotImplementedError

    def is_policy(self, k: int) -> bool:
        """Tell whether the policy after step k is worth an evaluation."""
        return True

    def state(self) -> dict[str, Any]:
        """Return all that the next steps depend on: dictionaries and lists of tensors, arrays, numbers and texts."""
        raise NotImplementedError

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        raise NotImplementedError

    @property
    def forward(self) -> dict[str, Any]:
        """Return how a model applies its network: the activation, and the squashing of continuous outputs."""
        return {"activation": self.activation} | ({} if self.action.discrete else {"squash": self.squash})

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of the deciding network, as a model saves them."""
        return arrays_of(self.net, self.shift, self.scale)

    def numbers(self) -> Action:
        """Return a continuous action, decoded as the settings `means`, `rule` and `most` say."""
        settings = self.settings
        if settings.means == "correction" and settings.rule is None:
            raise BadInput(f"{self.name}: rule: must say what a correction corrects (add rule=base-stock)")
        rule, deviations = None, None
        if settings.means == "correction":
            deviations = getattr(settings, "deviations", None)
            with inside(f"{self.name}: rule"):
                rule = best_of(settings.rule, self.scenario)
        return Action.default(self.scenario, settings.means, rule, settings.most, deviations).fit(self.scenario)

    def model(self) -> Model:
        """Return the present policy."""
        manifest = Manifest(
            self.name,
            self.scenario.name,
            self.scenario.fingerprint,
            tuple(self.codec.names),
            self.forward,
            settings=dataclasses.asdict(self.settings),
        )
        return model_of(manifest, self.arrays(), self.action)


class Fitted(Learner):
    """An agent whose network is fitted to samples that it gathers; `kept` names the attributes that hold them."""

    kept: ClassVar[tuple[str, ...]]

    def state(self) -> dict[str, Any]:
        """Return the network and the samples."""
        return {"net": self.net.state_dict(), "arrays": {name: getattr(self, name) for name in self.kept}}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.net.load_state_dict(state["net"])
        for name, array in state["arrays"].items():
            setattr(self, name, array)

    def perceptron(self) -> Perceptron:
        """Return the present network in NumPy."""
        return Perceptron(self.arrays(), self.activation)


def settings_of(program: type[Learner], *layers: Mapping[str, Any]) -> Any:
    """Return a program's settings: its own, changed by each of some layers.

    What the last layer sets must have an effect; in the others it may be there for another scenario. A layer with a
    `start` makes actions mean quantities, as a clone says them, unless it says otherwise.

    Raises:
        BadInput: in one line, for a setting that is unknown, out of bounds, or ignored.
    """
    known = [field.name for field in dataclasses.fields(program.settable)]
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if key not in known:
                hint = nearest(key, known) or f" (it has {', '.join(known)})"
                raise BadInput(f"{program.name}: unknown setting {key!r}{hint}")
            merged[key] = value
        if layer.get("start") is not None and "means" not in layer and "means" in known:
            merged["means"] = "quantity"  # as a clone does
    try:
        settings: Any = TypeAdapter(program.settable).validate_python(merged)
    except ValidationError as error:
        raise BadInput(f"{program.name}: {sentence(error)}") from None
    given = layers[-1] if layers else {}
    for key, (why, fix) in program.unused(settings).items():
        if given.get(key) is not None:
            raise BadInput(f"{program.name}: {key}: {why}, got {given[key]!r} ({fix})")
    return settings


@contextmanager
def inside(place: str) -> Iterator[None]:
    """Begin the message of a BadInput with the place that it is about: `dcl: rule`."""
    try:
        yield
    except BadInput as error:
        raise BadInput(f"{place}: {error}") from None


def best_of(rule: Any, scenario: Scenario, budget: int | None = None) -> Any:
    """Return a policy for a scenario; a rule's parameters are found by simulation, unless they are given.

    `"optimal"` is the exact policy, where there are few enough states to solve the scenario; `"best"` is the rule that
    costs least, of those that the scenario names and that keep nothing in mind, each with its best parameters.
    """
    if rule == "optimal":
        return solve(scenario).policy
    if rule == "best":
        return best_rule(scenario, budget)
    player = policy(rule, scenario)
    if isinstance(player, Rule) and free(rule, player):
        return tune(rule, scenario, seed=TUNING, budget=budget)
    return player


def periods_to_find(rule: Any, scenario: Scenario) -> int:
    """Return how many periods `best_of` plays at most to find a policy by simulation."""
    if rule == "best":
        each = COMPARED * scenario.horizon.periods
        return sum(periods_to_find(name, scenario) + each for name in rules_of(scenario))
    if rule == "optimal":
        return 0
    with suppress(PolicyError):  # there is nothing to tune, or the scenario cannot be played by it
        return prepare(rule, scenario).budget
    return 0


def rules_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the rules that a scenario names, or else three that most can be played by."""
    return scenario.policies or ("jit", "base-stock", "just-in-case")


def best_rule(scenario: Scenario, budget: int | None) -> Any:
    """Return the rule that costs least on paths of the tuning's seed, of those that a correction can be made to.

    Raises:
        PolicyError: where the scenario names none.
    """
    found = []
    for name in rules_of(scenario):
        with suppress(PolicyError):
            if not isinstance(rule := best_of(name, scenario, budget), StatefulRule):
                found.append((evaluate(rule, scenario, paths=COMPARED, seed=TUNING).mean("discounted_reward"), rule))
    if not found:
        raise PolicyError(f"best: {scenario.name} names no rule that can be corrected (name one: rule=base-stock)")
    return max(found, key=lambda each: each[0])[1]


def scales(scenario: Scenario, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the shift and scale of observations (numbers,), and the standard deviation of rewards, while rules order.

    Base-stock plays 64 paths. Where there are disruptions, just-in-case plays 64 more, so that states with large stocks
    are in the sample.
    """
    layout = Layout(scenario)
    codec = Codec(layout)
    periods = min(scenario.horizon.periods, 100) if stays_as_it_is(scenario) else scenario.horizon.periods
    rules = ("base-stock", "just-in-case") if scenario.disruptions else ("base-stock",)
    seen, rewards = [], []
    for rule in rules:
        world, player = Simulation(layout, Chance(scenario).draw(seed, 64, periods)), policy(rule, scenario)
        for _ in range(periods):
            seen.append(codec.observe(View(world)))
            rewards.append(world.step(player(View(world))).money["reward"].copy())
    return *scaling(np.concatenate(seen)), float(np.std(rewards)) or 1.0
