"""Who does better? Policies played on common traces, with intervals."""

import sys
from types import ModuleType

from .comparison import Comparison, Story, compare, fitted, tell
from .distance import Distance
from .metrics import METRICS
from .rollout import Result, evaluate
from .statistics import Estimate
from .tuning import Tuning, tune

__all__ = [
    "METRICS",
    "Comparison",
    "Distance",
    "Estimate",
    "Result",
    "Story",
    "Tuning",
    "compare",
    "evaluate",
    "fitted",
    "tell",
    "tune",
]


class _Room(ModuleType):
    """Lets `jit_gym.evaluate(...)` be called: once anything is imported from here, that name is this room."""

    __call__ = staticmethod(evaluate)


sys.modules[__name__].__class__ = _Room
