"""Batches of many worlds at once for the training of `agent:generalist`, each in units of its own mean demand.

Worlds with the same lead time are played on one layout, whose physics does not see the difference: demand comes in
units of each world's mean, and costs are told apart afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch

from jit_gym.chance import Chance, Trace
from jit_gym.physics import Layout, View
from jit_gym.physics.gradient import TensorSimulation
from jit_gym.policies import generalist_inputs as one
from jit_gym.policies import generalist_random as late
from jit_gym.policies import generalist_two as two
from jit_gym.policies.generalist_demand import Coming, as_far
from jit_gym.policies.generalist_random import RandomLeadTimes
from jit_gym.policies.generalist_stock import OneStock
from jit_gym.policies.generalist_two import TwoSuppliers
from jit_gym.scenario import Scenario, load

LONGEST = 24  # periods of a lead time that varies, at most
DIVISIBLE = 1e6  # units in a period's mean demand, where they are divisible

Network = Callable[[torch.Tensor], torch.Tensor]


class Group:
    """Worlds of a family that can be played at once."""

    base: ClassVar[str]  # the scenario whose layout they are played on
    kind: ClassVar[type[OneStock] | type[TwoSuppliers]]

    def __init__(self, scenarios: Sequence[Scenario], worlds: Sequence[Any]) -> None:
        """Take worlds and their numbers."""
        self.worlds, self.chances = list(worlds), [Chance(scenario) for scenario in scenarios]
        self.layout = Layout(load(self.base, {**self.changes(self.worlds[0]), "units": "continuous"}))
        self.columns = Chance(self.layout.scenario).columns
        self.uncorrected = np.ones(len(self.worlds))  # what each costs a period without a correction

    @staticmethod
    def key(world: Any) -> tuple[Any, ...]:
        """Return what worlds that are played at once have in common."""
        raise NotImplementedError

    @staticmethod
    def changes(world: Any) -> dict[str, Any]:
        """Return what differs in the layout from its scenario, for worlds like this one."""
        raise NotImplementedError

    @cached_property
    def contexts(self) -> np.ndarray:
        """Return what is seen of each world (worlds, numbers)."""
        return np.array([world.context for world in self.worlds])

    def batch(self, which: np.ndarray, paths: int, periods: int, seed: int) -> Batch:
        """Return some of the worlds, with so many paths of each."""
        raise NotImplementedError

    def trace(self, which: np.ndarray, paths: int, periods: int, seed: int) -> tuple[np.ndarray, list[Trace]]:
        """Return rows of chance for some worlds, with their demand filled in, and the traces that it is from."""
        rows = np.zeros((periods + 1, len(which) * paths, self.columns.chance + self.columns.seen))
        traces = [self.chances[w].draw(seed, paths, periods) for w in which]
        for k, (w, trace) in enumerate(zip(which, traces, strict=True)):
            place = slice(k * paths, (k + 1) * paths)
            rows[:-1, place, self.columns.demand["customers"]] = trace.demand[:, :, 0].T / self.worlds[w].mean
        return rows, traces


class Batch:
    """Some worlds of a group, with some paths of each, and how they are played and charged."""

    def __init__(self, group: Group, which: np.ndarray, paths: int, rows: np.ndarray, seed: int) -> None:
        """Start to play."""
        self.group, self.paths, self.worlds = group, paths, [group.worlds[w] for w in which]
        self.play = TensorSimulation(group.layout, Trace(group.columns, rows), torch.float32)
        self.random = np.random.default_rng(seed)
        self.context = self.of(group.contexts[which])
        self.unit = self.of([world.mean if world.whole else DIVISIBLE for world in self.worlds])
        self.shortage = self.of([world.ratio / (1.0 - world.ratio) for world in self.worlds])

    def of(self, numbers: Any) -> torch.Tensor:
        """Return numbers of the worlds (worlds, ...) for each path (paths, ...)."""
        return torch.as_tensor(np.repeat(np.asarray(numbers, float), self.paths, axis=0)).float()

    def drawn(self, low: float, high: float) -> torch.Tensor:
        """Return random quantities between two multiples of the mean demand, in whole units (paths,)."""
        quantity = torch.as_tensor(self.random.uniform(low, high, len(self.unit))).float()
        return (quantity * self.unit).round() / self.unit

    def send(self, lane: int, periods: int) -> None:
        """Put an order on its way for each of the next periods, of 0.3 to 1.2 periods' demand."""
        first = int(self.group.layout.net.lanes[lane]["first_slot"])
        for k in range(1, periods + 1):
            units = self.drawn(0.3, 1.2)
            self.play.state.pipeline[first + k] = units
            self.play.state.lanes[lane].in_transit = self.play.state.lanes[lane].in_transit + units

    def rounded(self, order: torch.Tensor) -> torch.Tensor:
        """Return orders in whole units, with the gradient of what they were."""
        units = order * self.unit
        return order + ((units.round() - units) / self.unit).detach()

    def decide(self, network: Network | None, whole: bool, seen: list[np.ndarray] | None) -> torch.Tensor:
        """Return orders (paths, lanes) for the period that begins; without a network, uncorrected ones.

        Args:
            network: what makes corrections (paths, outputs) of inputs.
            whole: whether they are rounded to whole units.
            seen: takes the inputs, if given.
        """
        raise NotImplementedError

    def charge(self, flows: Any) -> torch.Tensor:
        """Return what the period cost (paths,), in the holding cost of the mean demand."""
        raise NotImplementedError


class OneSupplier(Group):
    """Worlds with one supplier whose customers are lost, and the same lead time."""

    base, kind = "lost-sales", OneStock

    @staticmethod
    def key(world: OneStock) -> tuple[Any, ...]:
        return (world.lead_time,)

    @staticmethod
    def changes(world: OneStock) -> dict[str, Any]:
        return {"lanes.supplier.lead_time": world.lead_time}

    def batch(self, which: np.ndarray, paths: int, periods: int, seed: int) -> Batch:
        rows, traces = self.trace(which, paths, periods, seed)
        return OfOneSupplier(self, which, paths, rows, seed, self.coming(which, traces))

    def coming(self, which: np.ndarray, traces: list[Trace]) -> list[torch.Tensor]:
        """Return the numbers of `Coming`, in the mean demand: one tensor for each kind (periods, paths, numbers)."""
        periods, paths = traces[0].periods, traces[0].paths
        numbers: list[list[np.ndarray]] = [[] for _ in Coming._fields]
        for w, trace in zip(which, traces, strict=True):
            world = self.worlds[w]
            shown = None
            if known := trace.columns.forecast:
                ahead = np.moveaxis(trace.seen[:-1, :, known["customers"]], -1, 0)
                shown = as_far(list(ahead), world.reach + 1)
            coming = world.coming(world.usual(np.arange(periods)[:, None]), shown)
            for some, of_kind in zip(numbers, coming, strict=True):
                shape = (periods, paths, len(of_kind))
                some.append(np.broadcast_to(np.stack(np.broadcast_arrays(*of_kind), -1) / world.mean, shape))
        return [torch.as_tensor(np.concatenate(some, axis=1)).float() for some in numbers]


class OfOneSupplier(Batch):
    """A batch with one supplier whose customers are lost."""

    def __init__(
        self, group: Group, which: np.ndarray, paths: int, rows: np.ndarray, seed: int, expected: list[torch.Tensor]
    ) -> None:
        super().__init__(group, which, paths, rows, seed)
        self.expected = expected
        self.play.state.stocks[0].on_hand = self.drawn(0.0, 2.0)
        self.send(0, self.worlds[0].lead_time)

    def coming(self) -> Coming:
        """Return what is expected of demand in the period that begins."""
        return Coming(*(list(numbers[self.play.period].unbind(-1)) for numbers in self.expected))

    def seen(self) -> one.Seen:
        """Return what the network sees."""
        return one.see(one.arrivals(View(self.play), 0, self.worlds[0].lead_time), self.coming(), self.context)

    def decide(self, network: Network | None, whole: bool, seen: list[np.ndarray] | None) -> torch.Tensor:
        state = self.seen()
        if seen is not None:
            seen.append(state.inputs.numpy())
        order = one.decide(state, network(state.inputs) if network else torch.zeros(len(self.unit), 1))
        return (self.rounded(order) if whole else order)[:, None]

    def charge(self, flows: Any) -> torch.Tensor:
        cost: torch.Tensor = self.play.state.stocks[0].on_hand + self.shortage * flows.demands[0].short
        return cost


class RandomLead(OneSupplier):
    """Worlds with one supplier whose customers are lost, and lead times that vary about the same mean."""

    kind = RandomLeadTimes

    @staticmethod
    def changes(world: OneStock) -> dict[str, Any]:
        lead_time = {"name": "randint", "low": 0, "high": LONGEST + 1}
        return {"lanes.supplier.lead_time": lead_time, "lanes.supplier.crossing": True}

    def batch(self, which: np.ndarray, paths: int, periods: int, seed: int) -> Batch:
        rows, traces = self.trace(which, paths, periods, seed)
        for k, trace in enumerate(traces):
            place = slice(k * paths, (k + 1) * paths)
            rows[:-1, place, self.columns.lead_time["supplier"]] = trace.lead_time[:, :, 0].T
        return OfRandomLead(self, which, paths, rows, seed, self.coming(which, traces))


class OfRandomLead(OfOneSupplier):
    """A batch with one supplier whose lead times vary."""

    def __init__(
        self, group: Group, which: np.ndarray, paths: int, rows: np.ndarray, seed: int, expected: list[torch.Tensor]
    ) -> None:
        super().__init__(group, which, paths, rows, seed, expected)
        self.arrives = list(self.of([world.arrives for world in self.worlds]).unbind(-1))
        self.late = list(self.of([world.late for world in self.worlds]).unbind(-1))

    def seen(self) -> one.Seen:
        view = View(self.play)
        return late.see(view.on_hand[:, 0], view.on_order[:, 0], self.coming(), self.arrives, self.late, self.context)


class TwoLanes(Group):
    """Worlds with two suppliers whose customers wait, and the same two lead times."""

    base, kind = "dual-sourcing", TwoSuppliers
    fast, slow = 1, 0  # the lanes of the layout

    @staticmethod
    def key(world: TwoSuppliers) -> tuple[Any, ...]:
        return world.fast.lead_time, world.slow.lead_time

    @staticmethod
    def changes(world: TwoSuppliers) -> dict[str, Any]:
        times = {"regular": world.slow.lead_time, "expedited": world.fast.lead_time}
        return {f"lanes.{lane}.lead_time": time for lane, time in times.items()}

    def batch(self, which: np.ndarray, paths: int, periods: int, seed: int) -> Batch:
        return OfTwoSuppliers(self, which, paths, self.trace(which, paths, periods, seed)[0], seed)


class OfTwoSuppliers(Batch):
    """A batch with two suppliers."""

    def __init__(self, group: Group, which: np.ndarray, paths: int, rows: np.ndarray, seed: int) -> None:
        super().__init__(group, which, paths, rows, seed)
        self.premium = self.of([world.premium for world in self.worlds])
        self.levels = self.of([world.levels for world in self.worlds]).unbind(-1)
        self.lead_times = self.worlds[0].fast.lead_time, self.worlds[0].slow.lead_time
        self.play.state.stocks[0].on_hand = self.drawn(0.0, 2.0)
        self.send(TwoLanes.slow, self.lead_times[1])

    def decide(self, network: Network | None, whole: bool, seen: list[np.ndarray] | None) -> torch.Tensor:
        there = two.pipeline(View(self.play), (TwoLanes.fast, TwoLanes.slow), self.lead_times, 1.0)
        state = two.see(there, self.lead_times[0], self.levels, self.context)
        if seen is not None:
            seen.append(state.inputs.numpy())
        pair = two.decide(state, network(state.inputs) if network else torch.zeros(len(self.unit), 2))
        fast, slow = (self.rounded(order) if whole else order for order in pair)
        return torch.stack([slow, fast], dim=-1)

    def charge(self, flows: Any) -> torch.Tensor:
        held, waits = self.play.state.stocks[0].on_hand, self.play.state.demands[0].backlog
        cost: torch.Tensor = held + self.shortage * waits + self.premium * flows.lanes[TwoLanes.fast].ordered
        return cost


GROUPS: dict[str, type[Group]] = {
    "one-supplier": OneSupplier,
    "random-lead-times": RandomLead,
    "two-suppliers": TwoLanes,
}
"""By the kind of worlds, as `policies.generalist.KINDS` names them."""
