"""The operations that differ by kind of number: plain floats, compiled floats, torch tensors, and recorded symbols.

Those of `period` need nothing but Python, so that it plays where there is neither NumPy nor Numba, such as in a
browser. What is for arrays imports NumPy when it is called; `compiled.py` has the forms for compiled code.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import torch

WORTH_A_LOOK = 4096  # multiplications of a product from which on it takes longer than a look at the matrix


def is_tensor(x: Any) -> bool:
    """Tell a torch tensor from a number, without importing torch."""
    return hasattr(x, "detach")


def is_symbol(x: Any) -> bool:
    """Tell a recorded symbol (`kernels.symbols.Symbol`) from a number, without importing what records."""
    return hasattr(x, "program")


def like(array: np.ndarray, x: Any) -> Any:
    """Return an array as a tensor or an array of symbols, if `x` is one, and as it is if not."""
    if type(x) is type(array):  # as it mostly is; an import inside a function takes a microsecond
        return array
    import numpy as np

    from ..kernels.symbol_arrays import SymbolArray

    if isinstance(x, SymbolArray):
        return SymbolArray(np.array(array, object))
    return _tensor_like(array, x) if is_tensor(x) else array


def _tensor_like(array: np.ndarray, x: torch.Tensor, dtype: torch.dtype | None = None) -> torch.Tensor:
    """Return an array as a tensor that is nobody else's; each is brought to a GPU once, which waits for that."""
    if x.device.type == "cpu":
        return x.new_tensor(array, dtype=dtype or x.dtype)
    return _brought(array.tobytes(), array.dtype.str, array.shape, dtype or x.dtype, x.device).clone()


@lru_cache(maxsize=1024)
def _brought(content: bytes, kind: str, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Any:
    import numpy as np
    import torch

    return torch.tensor(np.frombuffer(content, kind).reshape(shape), dtype=dtype, device=device)


def picked(values: Any, places: np.ndarray) -> Any:
    """Return columns of an array or a tensor (..., columns), as a copy."""
    if not is_tensor(values):
        return values[..., places]
    import torch

    return values.index_select(-1, _tensor_like(places, values, torch.int64))


def product(values: Any, matrix: Any) -> Any:
    """Return values @ matrix: of arrays, each path by itself, so that it is the same to the bit in every batch.

    NumPy's own product hands large ones to a library that divides them in its own way, and takes ten times as long
    where the numbers of a path do not lie side by side. A large product with a matrix that only picks values, at most
    one for each column, is a tenth of the work, and the same to the bit where the values are finite.
    """
    import numpy as np

    if not isinstance(values, np.ndarray):
        return values @ matrix
    if values.size * matrix.shape[-1] >= WORTH_A_LOOK:
        filled = matrix != 0.0
        rows = filled.argmax(axis=0)
        weights = matrix[rows, np.arange(matrix.shape[1])]
        if np.count_nonzero(weights) == np.count_nonzero(filled):
            found: np.ndarray = values.T[rows].T * weights
            found += 0.0  # a sum is never -0
            return found
    return np.einsum("...i,ij->...j", values, matrix)


def lesser(a: Any, b: Any) -> Any:
    """Return the smaller of two arrays, or of a tensor and an array or tensor, elementwise."""
    import numpy as np

    return a.minimum(b if is_tensor(b) else like(b, a)) if is_tensor(a) else np.minimum(a, b)


def minimum(a: Any, b: Any) -> Any:
    """Return the smaller of two numbers, elementwise for tensors."""
    for x in (a, b):
        if is_symbol(x):
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
    if is_symbol(condition):
        return condition.where(a, b)
    if is_tensor(condition):
        import torch

        kind: dict[str, Any] = {"dtype": torch.float64, "device": condition.device}
        a, b = (x if is_tensor(x) else torch.full((), x, **kind) for x in (a, b))
        return torch.where(condition, a, b)
    return a if condition else b


def floor(x: Any) -> Any:
    """Return the largest whole number up to `x`; its gradient is that of `x` (straight-through, Bengio et al. 2013)."""
    if is_symbol(x):
        return x.floor()
    if is_tensor(x):
        return x + (x.detach().floor() - x.detach())
    return float(math.floor(x))
