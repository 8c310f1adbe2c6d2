"""Learn to reach the fill rate that a scenario asks for (`objective.fill_rate`), by a price of what is not served.

A Lagrangian relaxation (Everett 1963; Altman 1999): what is minimised is the cost and, for each unit of demand that is
not served from the shelf in its own period, a price. The price rises while the policy serves too little and falls while
it serves more than is asked for, so that in the end it is the least at which the policy serves enough.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jit_gym.envs.episodes import EpisodeBatch
from jit_gym.evaluation import evaluate
from jit_gym.physics.tables import batch_flows
from jit_gym.policies import Network
from jit_gym.policies.models import Model
from jit_gym.scenario import BadInput, Scenario

SEED, PATHS = 2**32 + 5, 256
"""The paths on which `serves` measures what a policy serves; nothing else is played on them."""
MARGIN = 0.05
"""By which share of the demand that may stay unserved the price aims higher, so that the rate is surely reached."""


class ShortagePrice:
    """The money that an agent pays for each unit short, beside all costs, while it learns.

    It begins where a newsvendor would serve so much: h F / (1 - F), for a holding cost of h and a fill rate of F. It is
    multiplied by exp(step * e) each time it is told what a policy serves, f, where e = (F - f) / (1 - F), cut to [-1,
    1]. A step is smaller the more there were, so that the price settles.
    """

    def __init__(self, scenario: Scenario, step: float, slower: float) -> None:
        """Begin at the newsvendor's price.

        Args:
            scenario: one that asks for a fill rate.
            step: how much it changes at first.
            slower: after how many changes a step is a little more than two thirds of the first; after n times as many,
                one over the root of n + 1.

        Raises:
            BadInput: for a fill rate of 1, which no finite price surely reaches, and where holding costs nothing.
        """
        required = scenario.objective.fill_rate
        assert required is not None
        if required == 1.0:
            raise BadInput(
                "objective.fill_rate: agents need one that may be missed now and then, got 1 (ask for 0.999)"
            )
        held = max(stock.holding_cost for stock in scenario.stocks.values())
        if held <= 0:
            raise BadInput("objective.fill_rate: agents weigh it against holding costs, and there are none")
        self.required, self.step, self.slower, self.changes = required, step, slower, 0
        self.value = held * required / (1.0 - required)

    @property
    def aim(self) -> float:
        """Return the fill rate at which the price stays as it is: a little more than is asked for."""
        return self.required + MARGIN * (1.0 - self.required)

    def update(self, fill_rate: float) -> None:
        """Change the price, given what the present policy serves."""
        error = np.clip((self.aim - fill_rate) / (1.0 - self.required), -1.0, 1.0)
        self.value *= float(np.exp(self.step / np.sqrt(1.0 + self.changes / self.slower) * error))
        self.changes += 1

    def of(self, batch: EpisodeBatch, flows: np.ndarray) -> np.ndarray:
        """Return what each path pays for the units short of a period (paths,), from all of its flows (flows, paths)."""
        short = batch_flows(flows, batch.layout.sizes).demands["short"]
        return np.asarray(self.value * short.sum(axis=1))

    def state(self) -> list[float]:
        """Return what a checkpoint keeps."""
        return [self.value, float(self.changes)]

    def restore(self, state: list[float]) -> None:
        """Go on from a checkpoint."""
        self.value, self.changes = float(state[0]), int(state[1])


def serves(model: Model, scenario: Scenario) -> float:
    """Return the fill rate of a model's policy, which does not explore."""
    return evaluate(Network(model), scenario, paths=PATHS, seed=SEED).mean("fill_rate")


def price_of(scenario: Scenario, step: float, slower: float) -> Any:
    """Return the price of a unit short, or None where no fill rate is asked for."""
    return None if scenario.objective.fill_rate is None else ShortagePrice(scenario, step, slower)
