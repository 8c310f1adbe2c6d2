"""What a shock does to each item: whether it runs dry, when, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..chance import Chance
from ..physics import Flows, Layout, Simulation, State
from .metrics import MoneyCounter
from .play import play_all, turns
from .rollout import Result

PATHS = 64
"""Paths on which items are looked at, at most."""


@dataclass(frozen=True, eq=False)
class ItemLosses:
    """What a shock did to each demand under one policy, against the same paths without it (demands,).

    `dry` is the share of paths on which less is served from the shelf, in some period from the shock on, than without
    it; `after` the median number of periods from the shock until then on these paths (nan where there are none); `lost`
    the units that are not served from the shelf for that reason, and `cost` what shortage and holding cost more, both
    over all periods, on average.
    """

    dry: np.ndarray
    after: np.ndarray
    lost: np.ndarray
    cost: np.ndarray


def item_losses(result: Result, at: int, paths: int = PATHS) -> ItemLosses:
    """Play a policy with and without the disruptions of its scenario, and tell what they did to each demand.

    Args:
        result: what `evaluate` returned.
        at: the period of the shock.
        paths: on how many of its paths.
    """
    scenario, layout, chance = result.scenario, Layout(result.scenario), Chance(result.scenario)
    span, demands = result.warmup + result.periods, len(layout.demands)
    backlogs = layout.net.demands["backlogs"] > 0

    def watch(state: State, flows: Flows) -> tuple[Any, Any, Any]:
        return flows.demands["short"], state.demands["backlog"], flows.stocks["held"]

    parts = []
    numbers = 2 * span * (max(1, layout.columns.chance + layout.columns.seen) + 2 * demands + len(layout.stocks))
    for some in turns(min(paths, result.paths), numbers):
        simulation = Simulation(layout, chance.draw_pair(result.seed, some, span))
        with np.errstate(all="ignore"):
            parts.append(play_all(result.player, simulation, result.warmup, None, watch, MoneyCounter)[1])
    struck, calm = (np.concatenate([np.split(part, 2, axis=2)[k] for part in parts], axis=2) for k in (0, 1))
    short = np.maximum(struck - calm, 0.0)[:, :demands]  # (periods, demands, paths)
    first = np.argmax(short[at:] > 1e-9, axis=0)
    dry = (short[at:] > 1e-9).any(axis=0)
    after = np.array(
        [np.median(when[is_dry]) if is_dry.any() else np.nan for when, is_dry in zip(first, dry, strict=True)]
    )
    more = (struck - calm).mean(axis=2).sum(axis=0)  # of what is short, waits and is held
    unmet = np.where(backlogs, more[demands : 2 * demands], more[:demands])
    held = more[2 * demands :] * layout.net.stocks["holding_cost"]
    costs = np.array([each.shortage_cost for each in scenario.demands.values()]) * unmet + (layout.needs > 0) @ held
    return ItemLosses(dry.mean(axis=1), after, short.mean(axis=2).sum(axis=0), costs)
