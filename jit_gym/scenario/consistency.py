"""What must hold between the parts of a scenario: each function refuses one kind of misfit, with place and fix."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError
from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.text import nearest, quoted

if TYPE_CHECKING:
    from .lanes import Lane
    from .model import Scenario
    from .regimes import Phase


def check(scenario: Scenario, *, unread: bool) -> None:
    """Refuse a scenario whose parts do not fit together; `unread` lets CSV histories be that are still to be read."""
    names_fit_together(scenario)
    orders_fit_capacities(scenario)
    full_loads_can_be_full(scenario)
    correlations_fit_together(scenario)
    stocks_are_replenished(scenario)
    nothing_is_made_of_itself(scenario)
    units_are_whole(scenario)
    demands_reach_a_unit(scenario)
    goods_arrive_alive(scenario)
    time_fits_together(scenario, unread=unread)


def names_fit_together(scenario: Scenario) -> None:
    """Refuse duplicate names of lanes, suppliers and routes, unknown names, and lead times that they do not allow."""
    places: dict[str, str] = {}
    for table in ("suppliers", "routes", "lanes"):
        for name in getattr(scenario, table):
            if name in places:
                raise ValueError(f"{table}.{name}: {places[name]} has this name too (rename one)")
            places[name] = f"one of the {table}"
    for name, kept in scenario.stocks.items():
        _known(kept.warehouse, scenario.warehouses, f"stocks.{name}.warehouse", "warehouse")
    for name, lane in scenario.lanes.items():
        _known(lane.to, scenario.stocks, f"lanes.{name}.to", "stock")
        for stock in lane.uses:
            _known(stock, scenario.stocks, f"lanes.{name}.uses", "stock")
        if lane.to in lane.uses:
            raise ValueError(f"lanes.{name}.uses: cannot take from the stock it replenishes, {lane.to!r}")
        if lane.uses and scenario.sources_ship == "after-receiving" and lane.lead_time.lowest < 1:
            must = "must be 1 period or more where stocks ship after receiving"
            raise ValueError(f"lanes.{name}.lead_time: {must}, got {lane.lead_time}")
        if lane.delays:
            _regimes_follow(f"lanes.{name}.delays", lane.delays.regimes)
        _known(lane.supplier, scenario.suppliers, f"lanes.{name}.supplier", "supplier")
        _known(lane.route, scenario.routes, f"lanes.{name}.route", "route")
    for name, demand in scenario.demands.items():
        for stock in demand.draws_on:
            _known(stock, scenario.stocks, f"demands.{name}.from", "stock")
        _regimes_follow(f"demands.{name}", demand.regimes)
    for name, spike in scenario.spikes.items():
        for target in spike.hits:
            _known(target, scenario.demands, f"spikes.{name}.hits", "demand")
    for name, disruption in scenario.disruptions.items():
        _driven(scenario, name)
        place = f"disruptions.{name}.hits"
        for target in disruption.hits:
            if not disruption.destroys and target in scenario.stocks and target not in places:
                raise ValueError(f"{place}: the stock {target!r} can be hit by what destroys (add destroys: a share)")
            if disruption.destroys and target in scenario.stocks and target in places:
                raise ValueError(f"{place}: {target!r} is a stock and {places[target]} (rename one)")
            stocks = scenario.stocks if disruption.destroys else {}
            _known(target, places | stocks, place, f"supplier, route{', lane or stock' if stocks else ' or lane'}")
    for name, hits in scenario.hit_by.items():
        stalls = [key for key in hits if scenario.disruptions[key].stops == "transit"]
        if stalls and scenario.lanes[name].lead_time.lowest < 1:
            must = f"must be 1 period or more for {stalls[0]!r} to stop what is on the way"
            raise ValueError(f"lanes.{name}.lead_time: {must}, got {scenario.lanes[name].lead_time}")


def goods_arrive_alive(scenario: Scenario) -> None:
    """Refuse ages and lives of what arrives that do not fit the shelf life of its stock."""
    for name, lane in scenario.lanes.items():
        life, oldest = scenario.stocks[lane.to].shelf_life, lane.age_on_arrival.longest
        for key, value in (("age_on_arrival", oldest), ("minimum_life", lane.minimum_life)):
            if value and life is None:
                raise ValueError(f"lanes.{name}.{key}: needs a shelf life (set stocks.{lane.to}.shelf_life)")
        if life is None:
            continue
        if oldest >= life:
            must = f"must be less than {life} (stocks.{lane.to}.shelf_life), so that what arrives can be used"
            raise ValueError(f"lanes.{name}.age_on_arrival: {must}, got {lane.age_on_arrival}")
        if lane.minimum_life > life:
            must = f"must be {life} (stocks.{lane.to}.shelf_life) or less"
            raise ValueError(f"lanes.{name}.minimum_life: {must}, got {lane.minimum_life}")


def _regimes_follow(place: str, regimes: Mapping[str, Phase]) -> None:
    """Refuse regimes that are followed by unknown ones, or by themselves."""
    for key, regime in regimes.items():
        for other in regime.next:
            _known(other, dict(regimes), f"{place}.regimes.{key}.next", "regime")
            if other == key:
                must = "must name other regimes (what is left stays)"
                raise ValueError(f"{place}.regimes.{key}.next: {must}, got {key!r}")


def orders_fit_capacities(scenario: Scenario) -> None:
    """Refuse capacities below a unit, a batch or a minimum order, and ones shared by lanes of both kinds."""
    whole = scenario.units == "whole"
    kinds = (("lanes", scenario.lanes), ("suppliers", scenario.suppliers), ("routes", scenario.routes))
    for place, capacity in {
        f"{kind}.{name}.capacity": each.capacity for kind, parts in kinds for name, each in parts.items()
    }.items():
        if whole and capacity is not None and capacity < 1:
            must = "must be 1 or more where units are whole"
            raise ValueError(f"{place}: {must}, got {quoted(capacity)} (or set units: continuous)")
    sharing: dict[str, list[str]] = {}
    for name, lane in scenario.lanes.items():
        shared = scenario.shared_by(name)
        for place in shared:
            sharing.setdefault(place, []).append(name)
        for place, part in {f"lanes.{name}": lane, **shared}.items():
            if part.capacity is None:
                continue
            if lane.batch and lane.batch > part.capacity:
                must = f"must be {quoted(part.capacity)} (the capacity of {place}) or less"
                raise ValueError(f"lanes.{name}.batch: {must}, got {quoted(lane.batch)}")
            batch = lane.batch or (1.0 if whole else 0.0)
            most = np.floor(part.capacity / batch + 1e-9) * batch if batch else part.capacity
            if lane.minimum_order > most * (1 + 1e-9):
                in_batches = f" in batches of {quoted(batch)}" if most < part.capacity else ""
                must = f"must be {quoted(float(most))} (the capacity of {place}{in_batches}) or less"
                raise ValueError(f"lanes.{name}.minimum_order: {must}, got {quoted(lane.minimum_order)}")
    for place, names in sharing.items():
        _of_one_kind(f"{place}.capacity", {name: scenario.lanes[name] for name in names})


def full_loads_can_be_full(scenario: Scenario) -> None:
    """Refuse `full_loads` where the lanes of a route can never fill a vehicle."""
    for key, route in scenario.routes.items():
        lanes = {name: lane for name, lane in scenario.lanes.items() if lane.route == key}
        if not route.full_loads or not lanes:
            continue
        _of_one_kind(f"routes.{key}.full_loads", lanes)
        limits = [limit for name in lanes if (limit := scenario.capacities[name]) is not None]
        if len(limits) == len(lanes) and route.vehicle_capacity and sum(limits) < route.vehicle_capacity:
            must = f"must be {quoted(sum(limits))} (the capacities of its lanes) or less with full_loads"
            raise ValueError(f"routes.{key}.vehicle_capacity: {must}, got {quoted(route.vehicle_capacity)}")


def correlations_fit_together(scenario: Scenario) -> None:
    """Refuse correlations of unknown demands or of histories, and a matrix that is not positive definite."""
    for each in scenario.correlations:
        for name in each.between:
            _known(name, scenario.demands, "correlations", "demand")
            if scenario.demands[name].history:
                raise ValueError(f"correlations: demands.{name} has a history, which is as it was (leave it out)")
    names, matrix = scenario.correlated
    if names and np.linalg.eigvalsh(matrix)[0] < 1e-9:
        pairs = ", ".join(f"{' and '.join(each.between)} {quoted(each.correlation)}" for each in scenario.correlations)
        raise ValueError(f"correlations: cannot all be so at once (not positive definite), got {pairs}")


def stocks_are_replenished(scenario: Scenario) -> None:
    """Refuse a stock that no lane leads to, and shares of its orders that do not add up to 1."""
    for stock, names in scenario.feeds.items():
        if not names:
            raise ValueError(f"stocks.{stock}: no lane leads to it (add one with 'to: {stock}')")
        given = {name: share for name in names if (share := scenario.lanes[name].share) is not None}
        total = sum(given.values())
        if total > 1 + 1e-9 or (len(given) == len(names) and total < 1 - 1e-9):
            shares = ", ".join(f"{name} {quoted(share)}" for name, share in given.items())
            raise ValueError(f"stocks.{stock}: the shares of its lanes must add up to 1, got {shares}")


def nothing_is_made_of_itself(scenario: Scenario) -> None:
    """Refuse stocks that are made of each other in a circle."""
    try:
        _ = scenario.downstream_first
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ValueError(f"lanes: these stocks feed each other in a circle: {circle}") from None


def units_are_whole(scenario: Scenario) -> None:
    """Refuse fractional quantities where units are whole."""
    quantities: dict[str, Any] = {}
    for name, stock in scenario.stocks.items():
        quantities[f"stocks.{name}.initial"] = stock.initial
        quantities[f"stocks.{name}.storage_limit"] = stock.storage_limit
    for name, lane in scenario.lanes.items():
        quantities[f"lanes.{name}.batch"] = lane.batch
        quantities[f"lanes.{name}.initial"] = lane.initial
        quantities[f"lanes.{name}.initial_orders"] = lane.initial_orders
        for part, units in lane.uses.items():
            quantities[f"lanes.{name}.uses.{part}"] = units
    for name, route in scenario.routes.items():
        if route.full_loads:
            quantities[f"routes.{name}.vehicle_capacity"] = route.vehicle_capacity
    for name, demand in scenario.demands.items():
        for part, units in demand.draws_on.items():
            quantities[f"demands.{name}.from.{part}"] = units
    for place, quantity in quantities.items():
        if scenario.units == "whole" and isinstance(quantity, float) and not quantity.is_integer():
            raise ValueError(f"{place}: must be whole, got {quoted(quantity)} (or set units: continuous)")


def demands_reach_a_unit(scenario: Scenario) -> None:
    """Refuse demands that are always rounded to 0, where units are whole."""
    whole = scenario.units == "whole"
    for name, demand in scenario.demands.items() if whole else ():
        given = {f"demands.{name}.distribution": demand.distribution}
        given |= {
            f"demands.{name}.regimes.{key}.distribution": each.distribution for key, each in demand.regimes.items()
        }
        for place, distribution in given.items():
            if distribution and 0 < distribution.highest < 0.5:
                must = "must reach 0.5 where units are whole, or it is always rounded to 0"
                raise ValueError(f"{place}: {must}, got {distribution} (or set units: continuous)")
        values = demand.history.values if demand.history else None
        if values and 0 < max(values) < 0.5:
            must = "must reach 0.5 where units are whole, or all are rounded to 0"
            raise ValueError(
                f"demands.{name}.history: {must}, got {quoted(max(values))} at most (or set units: continuous)"
            )


def time_fits_together(scenario: Scenario, *, unread: bool) -> None:
    """Refuse dates before the start, and histories that are shorter than the horizon or were not read."""
    beginnings = {f"stocks.{name}.obsolete": stock.obsolete for name, stock in scenario.stocks.items()}
    for table in ("spikes", "disruptions"):
        beginnings |= {f"{table}.{name}.starts": event.starts for name, event in getattr(scenario, table).items()}
    for place, starts in beginnings.items():
        for when in (starts and starts.at) or ():
            try:
                scenario.horizon.period_of(when)
            except ValueError as error:
                raise ValueError(f"{place}.at: {error}") from None
    dates: list[tuple[str, Any]] = [
        (f"lanes.{name}.delays.steps", when)
        for name, lane in scenario.lanes.items()
        for when, _ in (lane.delays.steps if lane.delays else ())
    ]
    dates += [
        (f"demands.{name}.markdown.starts", d.markdown.starts) for name, d in scenario.demands.items() if d.markdown
    ]
    for place, when in dates:
        if isinstance(when, int) and when < 0:
            raise ValueError(f"{place}: must be period 0 or later, got {when}")
        try:
            scenario.horizon.period_of(when)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
    if unread:
        return
    for name, demand in scenario.demands.items():
        if (history := demand.history) is None:
            continue
        if history.values is None:
            raise ValueError(f"demands.{name}.history.file: was not read (jit_gym.load does)")
        length, periods = len(history.values), scenario.horizon.periods
        if history.replay == "as-it-was" and length < periods:
            limit = f"{length} (the length of demands.{name}.history)"
            hint = "or set replay: resampled"
            raise ValueError(f"horizon.periods: must be {limit} or less, got {periods} ({hint})")


def _driven(scenario: Scenario, name: str) -> None:
    """Refuse a driver that is unknown, or of a disruption that does not start at a rate, or not at one so high."""
    disruption, place = scenario.disruptions[name], f"disruptions.{name}"
    if disruption.driver is None:
        return
    if disruption.driver not in scenario.drivers:
        from .library import library

        hint = nearest(disruption.driver, {**scenario.drivers, **library().drivers})
        raise ValueError(f"{place}.driver: unknown driver {quoted(disruption.driver)}{hint}")
    rate, driver = disruption.starts.rate, scenario.drivers[disruption.driver]
    if rate is None:
        raise ValueError(f"{place}.driver: needs starts: {{rate: ...}}, which it changes")
    if (most := driver.rates(rate)[1]) > 1:
        must = f"must leave a chance to begin of 1 or less in years of {quoted(disruption.driver)}"
        raise ValueError(f"{place}.starts.rate: {must}, got {rate:g}, which makes {most:.4g}")


def _known(name: str | None, known: dict[str, Any], place: str, what: str) -> None:
    if name is not None and name not in known:
        raise ValueError(f"{place}: unknown {what} {quoted(name)}{nearest(name, known)}")


def _of_one_kind(place: str, lanes: dict[str, Lane]) -> None:
    """Refuse a mix of lanes from outside and from stocks, which ship at different moments of a period."""
    inner = [name for name, lane in lanes.items() if lane.uses]
    outer = [name for name in lanes if name not in inner]
    if inner and outer:
        got = f"{', '.join(outer)} from outside and {', '.join(inner)} from stocks"
        raise ValueError(f"{place}: its lanes must come all from outside or all from stocks, got {got}")
