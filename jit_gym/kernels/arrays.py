"""Arrays for compiled code: views without reference counts, and tables of records that lie in one vector."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import extending, types
from numba.core import cgutils
from numba.np.arrayobj import populate_array

# Numba's types know nothing of the compiled side, nor of settings that come from the environment.
lower_builtin: Any = extending.lower_builtin
type_callable: Any = extending.type_callable
config: Any = numba.config


def borrowed(array: Any) -> Any:
    """Return the same array; the compiled form has no reference count: the caller must keep the array alive.

    Counting references to a dozen tables, on each path and period, costs more than the period itself.
    """
    return array


@type_callable(borrowed)
def _type_borrowed(context: Any) -> Any:
    return lambda array: array


@lower_builtin(borrowed, types.Array)
def _lower_borrowed(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    view = context.make_array(signature.args[0])(context, builder, args[0])
    view.meminfo = cgutils.get_null_value(view.meminfo.type)
    view.parent = cgutils.get_null_value(view.parent.type)
    return view._getvalue()


def table(vector: np.ndarray, kind: Any, first: int, rows: int, columns: int) -> np.ndarray:
    """Return the table (rows, columns) of records of a kind that lies in a contiguous vector from place `first` on.

    The compiled form is borrowed. It checks that the table lies inside the vector under NUMBA_BOUNDSCHECK=1 alone.
    """
    numbers = rows * columns * kind.itemsize // vector.itemsize
    rest = vector[first : first + numbers].view(kind).reshape(rows, columns)
    if config.DISABLE_JIT and kind.names:
        return rest.view(np.recarray)  # whose fields are attributes, as those of compiled records are
    return rest


@type_callable(table)
def _type_table(context: Any) -> Any:
    return lambda vector, kind, first, rows, columns: types.Array(kind.dtype, 2, "C")


@lower_builtin(table, types.Array, types.Any, types.Integer, types.Integer, types.Integer)
def _lower_table(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kind = signature.return_type
    source = context.make_array(signature.args[0])(context, builder, args[0])
    out = context.make_array(kind)(context, builder)
    first, rows, columns = (
        context.cast(builder, arg, was, types.intp) for arg, was in zip(args[2:], signature.args[2:], strict=True)
    )
    item = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    if config.BOUNDSCHECK:
        end = builder.add(builder.mul(first, source.itemsize), builder.mul(builder.mul(rows, columns), item))
        outside = builder.icmp_signed(">", end, builder.mul(source.nitems, source.itemsize))
        for count in (first, rows, columns):
            outside = builder.or_(outside, builder.icmp_signed("<", count, context.get_constant(types.intp, 0)))
        with builder.if_then(outside, likely=False):
            message = ("a table does not lie inside its vector",)
            context.call_conv.return_user_exc(builder, IndexError, message)
    pointer = builder.bitcast(builder.gep(source.data, [first]), out.data.type)
    shape, strides = (rows, columns), (builder.mul(columns, item), item)
    populate_array(out, data=pointer, shape=shape, strides=strides, itemsize=item, meminfo=None)
    return out._getvalue()
