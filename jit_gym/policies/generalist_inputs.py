"""What `agent:generalist` sees of the state of one stock, and what it makes of it: a projection, and an order.

All quantities are in units of the mean demand of a period, and costs enter as the critical ratio, so that a world in
boxes and one in pieces, in cents and in euros, are the same. Functions of a state take NumPy arrays, and torch tensors
for training.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..physics import View
from ..physics.numbers import is_tensor
from .base import positive
from .generalist_demand import BEYOND, Coming

RECENT = 7  # orders that are seen one by one, the last ones
DENSITY = 0.3989422804014327  # of a standard normal number at 0

STATE = (
    "on hand",
    *(f"order {j} ago" for j in range(1, RECENT + 1)),
    *(f"stock {j} before" for j in range(1, RECENT + 1)),
    "stock on arrival",
    "its deviation",
    "sales lost until then",
    "inventory position",
    "demand now",
    "demand on arrival",
    *(f"demand {j} before" for j in range(1, RECENT + 1)),
    *(f"demand {j} after" for j in range(1, BEYOND + 1)),
    "deviation on arrival",
    "safety stock on arrival",
    "safety stock after",
)
"""What is seen of a state, each in the mean demand of a period until an order arrives."""


def arrivals(view: View, lane: int, lead_time: int) -> list[Any]:
    """Return what is on hand with this period's arrival, and what arrives in the next periods (paths,), in units.

    Args:
        view: the start of a period, of a world with one stock and one demand.
        lane: which lane it is that things arrive on.
        lead_time: the number of periods, 0 or more; one number is returned for each, but one at least.
    """
    first = view.on_hand[:, 0] - view.backlog[:, 0]
    if not lead_time:
        return [first]
    until = [view.arriving(lane, k) for k in range(1, lead_time + 1)]
    return [first + until[0], *(late - soon for soon, late in pairwise(until))]


class Projection(NamedTuple):
    """What will be left of a pipeline when an order placed now arrives (paths,): each in the unit of its numbers."""

    stock: Any  # the mean on hand before the demand of that period, this order left out
    variance: Any
    lost: Any  # the mean of the sales lost until then
    means: list[Any]  # the mean on hand before the demand of this period, the next one, ...
    variances: list[Any]


def project(arrivals: list[Any], demand: list[Any], deviations: list[Any]) -> Projection:
    """Project a pipeline of lost sales through its lead time, with the first two moments of normal approximations.

    Args:
        arrivals: x0, what is on hand with this period's arrival, and x1, x2, ..., what arrives then (paths,) each.
        demand: the mean demand of this period and of each until the order arrives.
        deviations: of each.
    """
    stock, variance, lost = arrivals[0], 0.0 * arrivals[0], 0.0 * arrivals[0]
    means, variances = [stock], [variance]
    for k in range(len(arrivals)):
        gap, deviation = stock - demand[k], (variance + deviations[k] ** 2 + 1e-6) ** 0.5
        z = gap / deviation
        chance, density = normal_distribution(z), DENSITY * _exp(-0.5 * z * z)
        left = gap * chance + deviation * density
        square = (gap * gap + deviation * deviation) * chance + gap * deviation * density
        lost = lost + left - gap
        variance = square - left * left
        stock = left + arrivals[k + 1] if k + 1 < len(arrivals) else left
        means.append(stock)
        variances.append(variance)
    return Projection(stock, variance, lost, means, variances)


class Seen(NamedTuple):
    """What the network sees, and what its output is added to."""

    inputs: Any  # (paths, inputs): `STATE` and what is seen of the world
    base: Any  # the order that a projection with the newsvendor's level says, in `unit`; may be less than 0 (paths,)
    unit: Any  # the mean demand of a period until the order arrives, in units (paths,)


def see(there: list[Any], coming: Coming, context: Any) -> Seen:
    """Return what the network sees of some states.

    Args:
        there: what is on hand with this period's arrival, and what arrives then (paths,) each, in units.
        coming: the demand that is expected.
        context: what is seen of each path's world (paths, numbers).
    """
    periods, zero = len(there), 0.0 * there[0]
    (unit,) = coming.unit
    x, d, deviations, levels = ([each / unit + zero for each in numbers] for numbers in (there, *coming[:3]))
    ahead = project(x, d[: periods + 1], deviations)
    state = [
        x[0],
        *(x[periods - j] if j < periods else 1.0 + zero for j in range(1, RECENT + 1)),
        *(ahead.means[max(periods - j, 0)] for j in range(1, RECENT + 1)),
        ahead.stock,
        (ahead.variance + 1e-6) ** 0.5,
        ahead.lost,
        (sum(x) - periods) / (periods + 1) ** 0.5,
        d[0] - 1.0,
        d[periods] - 1.0,
        *(d[max(periods - j, 0)] - 1.0 for j in range(1, RECENT + 1)),
        *(d[periods + j] - 1.0 for j in range(1, BEYOND + 1)),
        deviations[periods],
        levels[periods] - d[periods],
        levels[periods + 1] - d[periods + 1],
    ]
    return Seen(joined(state, context), levels[periods] - ahead.stock, unit + zero)


def decide(seen: Seen, corrections: Any) -> Any:
    """Return the orders (paths,), in units, for corrections (paths, 1)."""
    return seen.unit * positive(seen.base + corrections[:, 0])


def normal_distribution(x: Any) -> Any:
    """Return P(X <= x) for a standard normal X."""
    if is_tensor(x):
        import torch

        return torch.special.ndtr(x)
    from scipy.special import ndtr

    return ndtr(x)


def _exp(x: Any) -> Any:
    return x.exp() if is_tensor(x) else np.exp(x)


def joined(state: list[Any], context: Any) -> Any:
    """Return numbers of a state (paths,) each and what is seen of the worlds, side by side (paths, inputs)."""
    if is_tensor(state[0]):
        import torch

        return torch.cat([torch.stack(state, -1), context], -1)
    return np.hstack([np.stack(state, -1), np.broadcast_to(context, (len(state[0]), np.shape(context)[-1]))])
