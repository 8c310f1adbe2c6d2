"""What Numba lacks, in one place."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numba import extending, njit, types
from numba.core import cgutils
from numba.extending import overload
from numba.np.arrayobj import populate_array

intrinsic: Any = extending.intrinsic  # its types know nothing of the compiled side


@intrinsic
def borrowed(typing_context: Any, array: Any) -> Any:
    """Return the same array without its reference count, which whoever lends it must keep alive.

    Counting references to a dozen tables, on each path and period, costs more than the period itself.
    """

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(array)(context, builder, args[0])
        view.meminfo = cgutils.get_null_value(view.meminfo.type)
        view.parent = cgutils.get_null_value(view.parent.type)
        return view._getvalue()

    return array(array), build


def table(vector: np.ndarray, kind: Any, first: int, rows: int, columns: int) -> np.ndarray:
    """Return the table (rows, columns) of records of a kind that lies in a contiguous vector from place `first` on.

    The compiled form is borrowed, and checks nothing.
    """
    numbers = rows * columns * kind.itemsize // vector.itemsize
    return vector[first : first + numbers].view(kind).reshape(rows, columns)


@intrinsic
def _table(typing_context: Any, vector: Any, kind: Any, first: Any, rows: Any, columns: Any) -> Any:
    result = types.Array(kind.dtype, 2, "C")

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source = context.make_array(vector)(context, builder, args[0])
        out = context.make_array(result)(context, builder)
        item = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
        pointer = builder.bitcast(builder.gep(source.data, [args[2]]), out.data.type)
        shape = args[3], args[4]
        strides = builder.mul(args[4], item), item
        populate_array(out, data=pointer, shape=shape, strides=strides, itemsize=item, meminfo=None)
        return out._getvalue()

    return result(vector, kind, first, rows, columns), build


@overload(table, jit_options={"forceinline": True})
def _compiled_table(vector: Any, kind: Any, first: int, rows: int, columns: int) -> Any:
    def get(vector: Any, kind: Any, first: int, rows: int, columns: int) -> Any:
        return _table(vector, kind, np.intp(first), np.intp(rows), np.intp(columns))

    return get


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function of numbers and arrays when it is first called, and keep the result on disk.

    Numba renews what it keeps when the function's own file changes; but a kernel is mostly what it calls, so here any
    change in the rooms that hold kernels renews it.
    """
    dispatcher: Any = njit(cache=True, error_model="numpy", nogil=True)(function)
    dispatcher._cache._cache_file._source_stamp = _sources(Path(function.__code__.co_filename))
    return dispatcher


@cache
def _sources(own: Path) -> str:
    package = Path(__file__).parents[1]
    rooms = ("chance", "physics", "envs", "theory")
    files = sorted({own, *(file for room in rooms for file in (package / room).glob("*.py"))})
    stats = ((file.name, file.stat()) for file in files)
    return repr([(name, stat.st_mtime_ns, stat.st_size) for name, stat in stats])
