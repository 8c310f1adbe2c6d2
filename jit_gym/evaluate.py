"""Deprecated: `jit_gym.evaluate` is a function, and what else was here is in `jit_gym.evaluation`."""

from __future__ import annotations

import sys
import warnings
from types import ModuleType

from . import evaluation
from .evaluation import evaluate


class _Callable(ModuleType):
    """Once this module is imported, `jit_gym.evaluate` is its name, and must be callable as the function is."""

    __call__ = staticmethod(evaluate)


sys.modules[__name__].__class__ = _Callable
for _name in evaluation.__all__:
    globals()[_name] = getattr(evaluation, _name)
warnings.warn("jit_gym.evaluate is a function; import from jit_gym.evaluation", DeprecationWarning, stacklevel=2)
