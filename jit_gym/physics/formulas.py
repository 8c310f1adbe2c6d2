"""The textbooks' formulas for stocks, on plain numbers or arrays: several parts of the library plan with them."""

from __future__ import annotations

from typing import Any

import numpy as np


def base_stock_level(mean: Any, variance: Any, exposed: Any, z: Any, lead_time_variance: Any = 0.0) -> Any:
    """Return m (L + 1) + z sqrt((L + 1) s^2 + m^2 s_L^2), the level for a service level of normal demand.

    Demand over lead time and review, plus safety stock (Silver et al. 2017, section 6.7); not rounded to units.

    Args:
        mean: m, units of demand a period.
        variance: s^2 of the demand of a period, in units squared.
        exposed: L + 1 periods, the lead time and the review.
        z: standard deviations of safety stock, the `quantile` of a service level.
        lead_time_variance: s_L^2, in periods squared.
    """
    return mean * exposed + z * np.sqrt(exposed * variance + mean**2 * lead_time_variance)


def quantile(service_level: Any) -> np.ndarray:
    """Return z, the standard normal quantile of a service level."""
    from scipy.special import ndtri

    return np.asarray(ndtri(np.clip(service_level, 1e-6, 1 - 1e-6)))


def economic_cycle(fixed_cost: Any, mean: Any, holding_cost: Any) -> np.ndarray:
    """Return the periods between orders that cost least where use is steady, sqrt(2 K / (h m)) (Harris 1913).

    It is 0 where nothing is used, or holding costs nothing.
    """
    rate = np.asarray(holding_cost * mean)
    return np.sqrt(2 * fixed_cost / np.where(rate > 0, rate, np.inf))
