"""The period for compiled code: Numba gets to know its functions, and the operations on numbers that they use.

`period.py` itself is plain Python and imports no library. Compiled code imports from here what it plays of a period.
"""

from __future__ import annotations

from inspect import getmodule, isfunction

import numpy as np
from numba.extending import overload, register_jitable

from ..kernels.cache import inlined
from .numbers import floor, minimum, where
from .period import period


@overload(minimum, jit_options={"forceinline": True})
def _minimum(a, b):  # type: ignore[no-untyped-def]
    return lambda a, b: a if a < b else b


@overload(where, jit_options={"forceinline": True})
def _where(condition, a, b):  # type: ignore[no-untyped-def]
    return lambda condition, a, b: a if condition else b


@overload(floor, jit_options={"forceinline": True})
def _floor(x):  # type: ignore[no-untyped-def]
    return lambda x: np.floor(x)


for _function in vars(getmodule(period)).values():
    if isfunction(_function) and _function.__module__ == period.__module__:
        register_jitable(forceinline=True, error_model="numpy")(_function)

compiled_period = inlined(period)
