"""PPO with a memory, for scenarios in which something is hidden: sb3-contrib's RecurrentPPO.

The policy of `ppo`, with a long short-term memory between the observation and the first layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import sb3_contrib

from . import ppo
from .learner import Count
from .networks import arrays_of


@dataclass(frozen=True)
class Settings(ppo.Settings):
    """The settings of `ppo`."""

    hidden: Count = 64  # units in each of two layers, and in the memory


class PPOLSTM(ppo.PPO):
    """The program: the steps of `ppo`, on env steps too; a model holds the memory as well."""

    name: ClassVar[str] = "ppo-lstm"
    settable: ClassVar[type] = Settings
    settings: Settings
    kind: ClassVar[str] = "MlpLstmPolicy"
    algorithm: ClassVar[Any] = sb3_contrib.RecurrentPPO

    def network_arguments(self) -> dict[str, Any]:
        """Return the width of the memory."""
        return {"lstm_hidden_size": self.settings.hidden}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of the memory, and of the layers that decide from its output."""
        width = self.settings.hidden
        arrays = arrays_of(self.net, np.zeros(width), np.ones(width))
        arrays["memory.shift"], arrays["memory.scale"] = (each.astype(np.float32) for each in self.scaled_by())
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            arrays[f"memory.{name}"] = getattr(self.algo.policy.lstm_actor, f"{name}_l0").detach().numpy().copy()
        return arrays
