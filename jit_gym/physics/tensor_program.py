"""Recorded programs on torch tensors: the same operations in the same order, which torch differentiates.

Rounding is treated as the identity by gradients, as in the period (`numbers.floor`). A table that is looked up has the
slope of straight lines between its entries. Where a number divides by 0, or is a root of 0, its gradient is 0 and not
infinite: such a number is mostly not chosen, and would make the gradient of what is chosen NaN.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..kernels.symbols import Place, Program
from .numbers import is_tensor

if TYPE_CHECKING:
    import torch


class TensorProgram:
    """A program, made ready for 64-bit floats on a device."""

    def __init__(self, program: Program, device: str = "cpu") -> None:
        """Take a program; its constants and tables are put on the device."""
        import torch

        self._like: dict[str, Any] = {"dtype": torch.float64, "device": device}
        self.stores = program.stores
        self._used = [(number, program.operations[number]) for number in program.used()]
        self._known = {
            number: torch.tensor(float.fromhex(operation[1]), **self._like)
            for number, operation in self._used
            if operation[0] == "constant"
        }
        self._tables = {name: torch.as_tensor(table, **self._like) for name, table in program.tables.items()}

    def __call__(self, given: Mapping[str, Sequence[torch.Tensor]]) -> dict[Place, torch.Tensor]:
        """Return what the program stores, given the numbers of each array that it loads: each (paths,), or one."""
        import torch

        values = dict(self._known)
        for number, (name, *operands) in self._used:
            if name == "load":
                array, k = operands
                loaded = given[array][k]  # a float, if it is the same on all paths
                as_tensor = torch.as_tensor if is_tensor(loaded) else partial(torch.full, ())
                values[number] = as_tensor(loaded, **self._like)
            elif name == "look":
                table, _, *places = operands
                values[number] = _looked_up(self._tables[table], [values[place] for place in places])
            elif name != "constant":
                values[number] = _result(name, *(values[operand] for operand in operands))
        return {place: values[number] for place, number in self.stores.items()}


_PLAIN: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "and": operator.and_,
    "or": operator.or_,
    "not": operator.invert,
}


def _result(name: str, *given: Any) -> Any:
    """Return the result of one operation on tensors."""
    import torch

    match name:
        case "where":
            return torch.where(*given)
        case "min":
            return torch.where(given[0] < given[1], *given)
        case "/":
            a, b = given
            quotient = a / torch.where(b == 0, 1.0, b)
            return torch.where(b == 0, (a / b).detach(), quotient)
        case "sqrt":
            (a,) = given
            root = torch.where(a > 0, a, 1.0).sqrt()
            return torch.where(a > 0, root, a.detach().sqrt())
        case "floor" | "round":
            (a,) = given
            rounded = a.detach().floor() if name == "floor" else a.detach().round()
            return rounded + (a - a.detach())
    return _PLAIN[name](*given)


def _looked_up(table: torch.Tensor, places: list[torch.Tensor]) -> torch.Tensor:
    """Return the entries (paths,) at these places, one number (paths,) for each axis; outside, the nearest entries."""
    whole = [
        place.detach().clamp(0, size - 1).nan_to_num(0.0).long()
        for place, size in zip(places, table.shape, strict=True)
    ]
    found = table[tuple(whole)]
    for axis, (place, size) in enumerate(zip(places, table.shape, strict=True)):
        if place.requires_grad and size > 1:
            before, after = list(whole), list(whole)
            before[axis], after[axis] = (whole[axis] - 1).clamp(min=0), (whole[axis] + 1).clamp(max=size - 1)
            slope = (table[tuple(after)] - table[tuple(before)]) / (after[axis] - before[axis])
            found = found + slope * (place - place.detach())
    return found
