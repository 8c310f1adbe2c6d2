"""The operations that differ by kind of number: plain floats, compiled floats, torch tensors, and recorded symbols."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import overload

from ..kernels.symbol_arrays import SymbolArray
from ..kernels.symbols import Symbol

WORTH_A_LOOK = 4096  # multiplications of a product from which on it takes longer than a look at the matrix


def is_tensor(x: Any) -> bool:
    """Tell a torch tensor from a number, without importing torch."""
    return hasattr(x, "detach")


def like(array: np.ndarray, x: Any) -> Any:
    """Return an array as a tensor or an array of symbols, if `x` is one, and as it is if not."""
    if isinstance(x, SymbolArray):
        return SymbolArray(np.array(array, object))
    return x.new_tensor(array) if is_tensor(x) else array


def product(values: Any, matrix: Any) -> Any:
    """Return values @ matrix: of arrays, each path by itself, so that it is the same to the bit in every batch.

    NumPy's own product hands large ones to a library that divides them in its own way, and takes ten times as long
    where the numbers of a path do not lie side by side. A large product with a matrix that only picks values, at most
    one for each column, is a tenth of the work, and the same to the bit where the values are finite.
    """
    if not isinstance(values, np.ndarray):
        return values @ matrix
    if values.size * matrix.shape[-1] >= WORTH_A_LOOK:
        filled = matrix != 0.0
        rows = filled.argmax(axis=0)
        weights = matrix[rows, np.arange(matrix.shape[1])]
        if np.count_nonzero(weights) == np.count_nonzero(filled):
            picked: np.ndarray = values.T[rows].T * weights
            picked += 0.0  # a sum is never -0
            return picked
    return np.einsum("...i,ij->...j", values, matrix)


def lesser(a: Any, b: Any) -> Any:
    """Return the smaller of two arrays, or of a tensor and an array or tensor, elementwise."""
    return a.minimum(b if is_tensor(b) else like(b, a)) if is_tensor(a) else np.minimum(a, b)


def minimum(a: Any, b: Any) -> Any:
    """Return the smaller of two numbers, elementwise for tensors."""
    for x in (a, b):
        if isinstance(x, Symbol):
            return x.program.apply("min", a, b)
    if is_tensor(a):
        return a.minimum(b) if is_tensor(b) else a.clamp(max=b)
    if is_tensor(b):
        return b.clamp(max=a)
    return min(a, b)


def maximum(a: Any, b: Any) -> Any:
    """Return the larger of two numbers, elementwise for tensors."""
    return where(a > b, a, b)


def where(condition: Any, a: Any, b: Any) -> Any:
    """Return `a` where the condition holds and `b` elsewhere."""
    if isinstance(condition, Symbol):
        return condition.where(a, b)
    if is_tensor(condition):
        import torch

        a, b = (x if is_tensor(x) else torch.tensor(x, dtype=torch.float64) for x in (a, b))
        return torch.where(condition, a, b)
    return a if condition else b


def floor(x: Any) -> Any:
    """Return the largest whole number up to `x`; its gradient is that of `x` (straight-through, Bengio et al. 2013)."""
    if isinstance(x, Symbol):
        return x.floor()
    if is_tensor(x):
        return x + (x.detach().floor() - x.detach())
    return float(math.floor(x))


@overload(minimum, jit_options={"forceinline": True})
def _minimum(a, b):  # type: ignore[no-untyped-def]
    return lambda a, b: a if a < b else b


@overload(where, jit_options={"forceinline": True})
def _where(condition, a, b):  # type: ignore[no-untyped-def]
    return lambda condition, a, b: a if condition else b


@overload(floor, jit_options={"forceinline": True})
def _floor(x):  # type: ignore[no-untyped-def]
    return lambda x: np.floor(x)
