"""Stress tests: each policy on the same paths, struck by one shock at a time at a fixed period."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from ..chance import Chance, Trace
from ..common.checks import check_count
from ..common.executor import HERE, Executor, Tell
from ..common.text import nearest, quoted
from ..physics import Layout, Simulation
from ..policies import PolicyError, policy
from ..scenario import BadInput, Scenario, Shock, load, shocks
from ..scenario.library import shock_named
from ..scenario.load import variant
from ..scenario.window import slowest_delivery
from .comparison import named
from .item_losses import ItemLosses, item_losses
from .play import name_of, through_time
from .resilience import Resilience, measure_resilience
from .rollout import Result, evaluate

LONGEST = 50_000  # periods that are played at most, for a shock that lasts beyond the horizon
BUILDING_PATHS = 32  # by which it is seen whether a policy has built up its stock when a shock strikes
AFTER = 8  # mean lead times and one more that are played after the longest length of a shock


@dataclass(frozen=True, eq=False)
class Struck:
    """What one shock did to the policies that can play it: the world with it, and their results and resilience.

    `items` has what it did to each demand, for each policy, where that was asked for.
    """

    name: str
    shock: Shock
    scenario: Scenario
    results: tuple[Result, ...]
    measured: tuple[Resilience, ...]
    items: tuple[ItemLosses, ...] = ()


@dataclass(frozen=True, eq=False)
class Stress:
    """A table of shocks: each strikes `hits` in period `at`, on the same paths for each policy.

    `notes` says which shocks and policies are left out, and why.
    """

    scenario: Scenario
    hits: tuple[str, ...]
    at: int
    paths: int
    seed: int
    struck: tuple[Struck, ...]
    notes: tuple[str, ...]


def stress(
    policies: Sequence[Any] | None,
    scenario: str | Path | Scenario,
    names: Sequence[str] | None = None,
    *,
    hits: Sequence[str] | None = None,
    at: int | None = None,
    paths: int = 256,
    seed: int = 0,
    by_item: bool = False,
    executor: Executor = HERE,
    progress: Callable[[str], Any] | None = None,
) -> Stress:
    """Strike a scenario with one shock of the library at a time, and measure each policy's resilience.

    The scenario's own disruptions give way to the shock. Policies keep the parameters that they have for the scenario
    as it is: no policy knows of the shock, but for its warning.

    Args:
        policies: names, policies or functions; None plays those that the scenario names.
        scenario: a shipped name, a path to a YAML file, or a `Scenario`.
        names: of the shocks; by default all that are over within the horizon.
        hits: the suppliers, routes and lanes that they strike; by default those that the scenario's disruptions hit, or
            the only one that there is.
        at: the period in which they strike, by default a fifth of the horizon after its start.
        paths: how many paths; lengths of shocks differ between them.
        seed: of the traces.
        by_item: whether to tell of each demand what a shock does to it.
        executor: where the shocks are played: here, in processes, or on a Ray cluster; the result is the same.
        progress: told the title of each shock that is played.

    Raises:
        BadInput: for a shock that is unknown or does not fit the scenario, or arguments that make no sense.
    """
    scenario = load(scenario)
    check_count("paths", paths, 1)
    at = scenario.horizon.periods // 5 if at is None else at
    check_count("at", at, 0, scenario.horizon.periods - 1)
    targets = _targets(scenario, hits)
    players = [policy(each, scenario) for each in named(policies, scenario)]
    notes: list[str] = []
    chosen = _chosen(scenario, names, at, notes)
    worlds = {}
    for name, shock in chosen.items():
        try:
            worlds[name] = _struck_world(scenario, name, shock, targets, at)
        except BadInput as error:
            if names is not None:
                raise
            notes.append(f"{name} is left out: {error}")
    items = [(name, chosen[name], world) for name, world in worlds.items()]
    answers = executor.run(
        partial(_strike, players, paths, seed, at if by_item else None), items, progress=progress, first_here=True
    )
    struck = [each for each, _ in answers if each is not None]
    notes += [note for _, told in answers for note in told]
    if not struck:
        raise BadInput(f"shocks: none can be played on {scenario.name} ({'; '.join(dict.fromkeys(notes))})")
    notes += _still_building(struck[0], at, min(paths, BUILDING_PATHS), seed)
    return Stress(scenario, targets, at, paths, seed, tuple(struck), tuple(dict.fromkeys(notes)))


def _targets(scenario: Scenario, hits: Sequence[str] | None) -> tuple[str, ...]:
    """Return what is struck: what is asked for, or else what the scenario's own disruptions hit."""
    known = [*scenario.suppliers, *scenario.routes, *scenario.lanes]
    if hits is None:
        own = dict.fromkeys(target for each in scenario.disruptions.values() for target in each.hits)
        targets = tuple(target for target in own if target in known) or tuple(known[:1] if len(known) == 1 else ())
        if not targets:
            raise BadInput(
                f"hits: must say what is struck, as {scenario.name} has no disruptions (there are {', '.join(known)})"
            )
        return targets
    for target in hits:
        if target not in known:
            hint = nearest(target, known) or f" (there are {', '.join(known)})"
            raise BadInput(f"hits: unknown supplier, route or lane {quoted(target)}{hint}")
    return tuple(dict.fromkeys(hits))


def _chosen(scenario: Scenario, names: Sequence[str] | None, at: int, notes: list[str]) -> dict[str, Shock]:
    """Return the shocks by name: those asked for, or all that are over within the horizon."""
    if names is not None:
        return {name: shock_named(name, "shock") for name in names}
    fits = {
        name: shock for name, shock in shocks().items() if at + _longest(scenario, shock) < scenario.horizon.periods
    }
    if left_out := [name for name in shocks() if name not in fits]:
        notes.append(
            f"shocks that may last beyond the horizon are left out (--shock plays them): {', '.join(left_out)}"
        )
    return fits


def _longest(scenario: Scenario, shock: Shock) -> int:
    """Return the longest length of a shock in periods."""
    return ceil(shock.days.greatest * scenario.horizon.year / 365.0)


def _struck_world(scenario: Scenario, name: str, shock: Shock, hits: tuple[str, ...], at: int) -> Scenario:
    """Return a scenario with one shock in place of its disruptions, and long enough to see what comes after it."""
    steady = 1 + slowest_delivery(scenario)
    periods = scenario.horizon.periods
    if not scenario.horizon.ends and not any(each.history for each in scenario.demands.values()):
        periods = max(periods, min(at + _longest(scenario, shock) + AFTER * steady, LONGEST))
    event = {"shock": name, "hits": list(hits), "starts": {"at": [at]}}
    changes: dict[str, Any] = {"disruptions": {**dict.fromkeys(scenario.disruptions), name: event}}
    if name in scenario.disruptions:  # another of that name, of which nothing must stay
        scenario = variant(scenario, {"disruptions": {name: None}})
        changes["disruptions"] = {**dict.fromkeys(scenario.disruptions), name: event}
    return variant(scenario, changes | {"horizon": {"periods": periods}, "drivers": dict.fromkeys(scenario.drivers)})


def _still_building(struck: Struck, at: int, paths: int, seed: int) -> list[str]:
    """Return a note for each policy that holds less when the shock strikes than it comes to hold without any.

    What a buffer is worth shows once it is there; a scenario that begins with little stock takes a while to fill it.
    """
    pair, period = Chance(struck.scenario).draw_pair(seed, paths), struck.scenario.horizon.period
    trace = Trace(pair.columns, pair.rows[:, paths:])  # the paths without the shock
    notes = []
    for result in struck.results:
        simulation = Simulation(Layout(struck.scenario), trace)
        held = through_time(result.player, simulation, lambda flows: flows.stocks["held"].sum(axis=1))
        usual = float(np.mean(held[-max(1, len(held) // 5) :]))
        if (now := held[max(at - 1, 0)]) < 0.9 * usual:
            has = f"holds {now:,.0f} units of the {usual:,.0f} that it comes to hold"
            notes.append(f"{result.policy} {has} when the shock strikes in {period} {at} (--at strikes later)")
    return notes


def _strike(
    players: Sequence[Any],
    paths: int,
    seed: int,
    items_from: int | None,
    item: tuple[str, Shock, Scenario],
    progress: Tell,
) -> tuple[Struck | None, list[str]]:
    """Return what one shock did to the policies that can play its world, if any can, and notes on those that cannot."""
    name, shock, world = item
    progress(shock.title)
    results, measures, notes = list[Result](), list[Resilience](), list[str]()
    for player in players:
        try:
            result = evaluate(player, world, paths=paths, seed=seed)
        except PolicyError as error:
            notes.append(f"{name_of(player)} cannot play {name}: {str(error).removeprefix(f'{name_of(player)}: ')}")
            continue
        measured = measure_resilience(result, paths)
        if measured is not None:
            results.append(result)
            measures.append(measured)
    by_item = () if items_from is None else tuple(item_losses(result, items_from) for result in results)
    return Struck(name, shock, world, tuple(results), tuple(measures), by_item) if results else None, notes
