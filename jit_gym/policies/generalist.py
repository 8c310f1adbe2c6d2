"""One trained agent that orders for any single stock, at once: `agent:generalist`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..chance import Chance
from ..chance.suppliers import is_random
from ..common.checks import one_line
from ..common.text import plain
from ..physics import Simulation, View
from ..scenario import Scenario
from ..scenario.supports import unsupported
from .base import Policy, PolicyError
from .generalist_computed import ComputedLevels
from .generalist_fixed_random import FixedCostRandomLeadTimes
from .generalist_lost import LostSales
from .generalist_lost_random import LostSalesRandomLeadTimes
from .generalist_random import RandomLeadTimes
from .generalist_stock import OneStock
from .generalist_two import TwoSuppliers
from .lead_times import lead_times
from .models import SUFFIX, Manifest, Model
from .plan import PlanningData
from .trained import Network, Perceptron

AGENT = "generalist"
World = OneStock | TwoSuppliers | ComputedLevels
KINDS: dict[str, type[OneStock] | type[FixedCostRandomLeadTimes] | type[TwoSuppliers]] = {
    "one-supplier": OneStock,
    "random-lead-times": RandomLeadTimes,
    "fixed-cost-random-lead-times": FixedCostRandomLeadTimes,
    "two-suppliers": TwoSuppliers,
}
"""The kinds of worlds, each with a network of its own."""
CHANGES = "changes of demand"  # by season, trend or spikes
SEQUENCE = "deviation of lead times in sequence"
PATHS, WARMUP, PERIODS = 64, 30, 200  # that are played to find the better of two ways to order
NEAR = 0.1  # of the range of a number in training, by which a world may be beyond it and still count as like those


class Generalist(Policy):
    """A network that was trained on a family of single stocks, and plays any world of their kind without training.

    It sees a world as numbers without a scale, so that units of goods and of money do not matter. Where customers are
    lost the network corrects the order of a projection of the pipeline, and with two suppliers those of a dual index.
    Where customers of one supplier wait, or dynamic programming is as good (`LostSales.fits`), orders are computed, and
    no network is asked. In a season with fixed costs and lead times that vary the better way is found by playing both.
    """

    name: ClassVar[str] = AGENT
    label: ClassVar[str] = f"agent:{AGENT}"
    world: World
    manifest: Manifest
    perceptron: Perceptron
    lowest: np.ndarray
    highest: np.ndarray

    def __init__(self, model: Model | None = None) -> None:
        """Take a model; by default those that are shipped, of which a scenario needs one."""
        self.model = model

    def fit(self, scenario: Scenario) -> Self:
        """Return this policy for a scenario.

        Raises:
            PolicyError: in one line, for a world that is not of its kind.
        """
        refuse(scenario, self.label)
        fitted = super().fit(scenario)
        kind = kind_of(scenario)
        fitted.world = world_of(scenario)
        fitted.world.check(self.label)
        fitted._read(self.model or shipped(kind), kind)
        if isinstance(fitted.world, FixedCostRandomLeadTimes) and fitted.world.shop.seasonal:
            fitted.world = fitted._better(fitted.world, LostSalesRandomLeadTimes(fitted.world.plan))
        return fitted

    def _better(self, *worlds: ComputedLevels) -> ComputedLevels:
        """Return the one of a world's numbers whose orders cost the least on a few paths, the same for each."""
        plan, costs = worlds[0].plan, []
        trace = Chance(plan.scenario).draw(0, PATHS, WARMUP + PERIODS)
        for world in worlds:
            play, total = Simulation(plan.layout, trace), 0.0
            for t in range(WARMUP + PERIODS):
                rewards = play.step(world.orders(View(play), self._corrected)).money["reward"]
                total -= float(rewards.sum()) if t >= WARMUP else 0.0
            costs.append(total)
        return worlds[int(np.argmin(costs))]

    def _corrected(self, inputs: np.ndarray) -> np.ndarray:
        """Return what the network says."""
        return self.perceptron(inputs.astype(np.float32))

    def _read(self, model: Model, kind: str) -> None:
        """Take the network of a model, or say in one line why it cannot be played."""
        self.manifest, world = model.manifest, KINDS[kind]
        if (made := self.manifest.network.get("kind")) != kind:
            raise PolicyError(f"{self.label}: the model is for {made}, and this world is of the kind {kind}")
        try:
            self.perceptron = Perceptron(model.arrays, str(self.manifest.network.get("activation")))
            self.lowest, self.highest = model.arrays["lowest"], model.arrays["highest"]
            if self.perceptron.inputs != len(world.inputs) or self.manifest.observation != world.inputs:
                raise ValueError(f"it must see {len(world.inputs)} numbers, got {self.perceptron.inputs}")
            if self.perceptron.outputs != world.outputs:
                raise ValueError(f"it must say {world.outputs} numbers, got {self.perceptron.outputs}")
            if {self.lowest.shape, self.highest.shape} != {(len(world.context_names),)}:
                raise ValueError("the training range must have a number for each of the world's")
        except (KeyError, TypeError, ValueError) as error:
            raise PolicyError(f"{self.label}: the model is damaged ({one_line(error)})") from None

    def __call__(self, view: View) -> Any:
        """Return orders (paths, lanes), in units."""
        return self.world.orders(view, self._corrected)

    @property
    def cycle(self) -> int | None:
        """Return after how many periods what it sees is as before; None where it never is."""
        return self.world.cycle

    @property
    def outside(self) -> dict[str, float]:
        """Return how far each number of this world lies beyond those trained on, as a share of their range.

        Only where it is more than a tenth, and a network is asked; and what is known to be doubtful (`_doubts`).
        """
        if not self.world.corrected:
            return _doubts(self.world)
        context, span = self.world.context, np.maximum(self.highest - self.lowest, 1e-6)
        beyond = np.maximum(np.maximum(self.lowest - context, context - self.highest) / span, 0.0)
        found = {name: float(far) for name, far in zip(self.world.context_names, beyond, strict=True) if far > NEAR}
        return found | _doubts(self.world)

    @property
    def is_sure(self) -> bool:
        """Tell whether the network was trained on worlds like this one, or orders are computed for them."""
        return not self.outside

    def notes(self) -> list[str]:
        """Say where it is not sure."""
        names, doubts = self.world.context_names, _doubts(self.world)
        said = [
            f"{name} {self.world.context[k]:.3g} ({self.lowest[k]:.3g} to {self.highest[k]:.3g})"
            for k, name in ((names.index(name), name) for name in self.outside if name not in doubts)
        ]
        said += [f"{name} {value:.3g} (0)" for name, value in doubts.items()]
        how = "its network was trained on" if self.world.corrected else "orders are computed for"
        return [f"{self.label}: is not sure here, as {how} other worlds: {', '.join(said)}"] if said else []

    @property
    def parameters(self) -> dict[str, Any]:
        """Return what distinguishes this model from any other."""
        return {"agent": AGENT, "model": self.manifest.digest, "trained": self.manifest.command}

    def __str__(self) -> str:
        return self.label


def _doubts(world: World) -> dict[str, float]:
    """Return what makes a world doubtful, and by how much.

    The network for fixed costs was trained on no demand that changes in its mean, and the orders for seasons in which
    lead times vary are computed as if they crossed.
    """
    if isinstance(world, FixedCostRandomLeadTimes) and world.moves:
        return {CHANGES: max(abs(each - 1.0) for each in world.shop.extremes)}
    if isinstance(world, LostSalesRandomLeadTimes) and not world.crosses:
        return {SEQUENCE: world.shop.lead_time_deviation}
    return {}


def kind_of(scenario: Scenario) -> str:
    """Return the kind of a world with one stock, one of `KINDS`."""
    if len(scenario.lanes) == 2:
        return "two-suppliers"
    ((name, lane),) = scenario.lanes.items()
    (demand,) = scenario.demands.values()
    if demand.unmet != "lost" or not is_random(scenario, name):
        return "one-supplier"
    return "fixed-cost-random-lead-times" if lane.fixed_cost else "random-lead-times"


def world_of(scenario: Scenario) -> World:
    """Return the numbers of a world with one stock: those that its network sees, or orders where none is needed."""
    plan, kind = PlanningData(scenario), kind_of(scenario)
    if len(scenario.lanes) == 1:
        ((name, _),), (demand,) = scenario.lanes.items(), scenario.demands.values()
        if demand.unmet == "backlog" or lead_times(scenario, name)[0] >= 1.0:
            return ComputedLevels(plan)
        if kind == "one-supplier" and (computed := LostSales(plan)).fits:
            return computed
    return KINDS[kind](plan)


def refuse(scenario: Scenario, label: str) -> None:
    """Raise a PolicyError, in one line, for a world that is not of the generalist's kind."""
    otherwise = "(jit-gym train makes an agent for this one)"
    for table, most in (("stocks", 1), ("demands", 1), ("lanes", 2)):
        if (count := len(getattr(scenario, table))) > most:
            must = f"one {table[:-1]}" if most == 1 else f"one or two {table}"
            raise PolicyError(f"{label}: plays worlds with {must}, got {count} {otherwise}")
    for place in unsupported("G", scenario):
        raise PolicyError(f"{label}: knows nothing of {place} {otherwise}")
    if scenario.horizon.ends:
        raise PolicyError(f"{label}: plays worlds that go on, and {scenario.name} ends {otherwise}")
    ((stock, units),) = next(iter(scenario.demands.values())).draws_on.items()
    if units != 1.0:
        raise PolicyError(f"{label}: plays stocks sold unit by unit, got {units:g} of {stock!r} for each {otherwise}")


def agent_named(name: str, scenario: Scenario) -> Generalist | Network:
    """Return the policy that `agent:NAME` names: the generalist, a model shipped for the scenario, or a file's."""
    if name == AGENT:
        return Generalist()
    model = Model.find(name, scenario)
    return Generalist(model) if model.manifest.agent == AGENT else Network(model, plain(f"agent:{name}"))


@cache
def shipped(kind: str) -> Model:
    """Return the model that is shipped for a kind of worlds."""
    return Model.read(Path(str(files("jit_gym.agents"))) / "models" / f"{AGENT}-{kind}{SUFFIX}")
