"""Find the keys of a scenario that have no effect: they may be harmless, or a mistake in the scenario."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ..common.text import quoted
from .distribution import Distribution
from .model import PERIODS_PER_YEAR, Demand, Drift, Lane, PeriodsOfSupply, Scenario, Starts
from .part import meaning
from .regimes import never_reached
from .window import stays_as_it_is

Found = Iterator[tuple[str, str, str]]
"""The part, its key, and why the key has no effect or not the stated one."""


class NoEffect(UserWarning):
    """Tells that a key of a scenario does nothing, or not what it says; `load` warns so."""


def without_effect(scenario: Scenario) -> list[str]:
    """Return a sentence for each key that does nothing, as in `lanes.supplier.crossing: has no effect, because ...`.

    Contradictions are refused when a scenario is loaded; keys without effect may be harmless. Keys of several parts
    that have no effect for the same reason share a sentence. An `in_transit_cost` with a lead time of 0 is not
    reported: variants with a longer lead time use it.
    """
    places: dict[tuple[str, str], list[str]] = {}
    for look in _LOOKS:
        for part, key, why in look(scenario):
            places.setdefault((key, why), []).append(f"{part}.{key}" if key else part)
    sentences = []
    for (_, why), where in places.items():
        others = f" (and {', '.join(where[1:4])}{', ...' if len(where) > 4 else ''})" if len(where) > 1 else ""
        sentences.append(f"{where[0]}{others}: {why}")
    return sentences


def _horizon(scenario: Scenario) -> Found:
    horizon = scenario.horizon
    known, given = PERIODS_PER_YEAR.get(horizon.period), horizon.periods_per_year
    if known and given and not 0.4 * known <= given <= 1.05 * known:  # working time alone may be 0.4 of a year
        why = f"a year has {known} {horizon.period}s, got {quoted(given)} (name another period, or leave it out)"
        yield "horizon", "periods_per_year", why
    dated = any(not isinstance(when, int) for _, starts in _beginnings(scenario) for when in starts.at or ())
    if dated and not known and not given:
        why = f"{quoted(horizon.period)} is of unknown length, and dates count it as a day (set periods_per_year)"
        yield "horizon", "period", why
    if horizon.ends and scenario.objective.leftovers == "worthless":
        yield "objective", "leftovers", "has no effect, because the world ends with its horizon"
    if scenario.sources_ship == "after-receiving" and not any(lane.uses for lane in scenario.lanes.values()):
        yield "sources_ship", "", "has no effect, because no lane takes from a stock"


def _stocks(scenario: Scenario) -> Found:
    used = {stock for demand in scenario.demands.values() for stock in demand.draws_on}
    takers = Counter(stock for lane in scenario.lanes.values() for stock in lane.uses)
    for name, stock in scenario.stocks.items():
        place = f"stocks.{name}"
        if name not in used and name not in takers:
            yield place, "", "has no effect, because no demand and no lane draws on it"
        if stock.issuing == "lifo" and stock.shelf_life in (None, 1):
            why = "units have no shelf_life" if stock.shelf_life is None else "with a shelf_life of 1 all are as old"
            yield place, "issuing", f"has no effect, because {why}"
        if stock.waste_cost and stock.shelf_life is None and stock.storage_limit is None:
            yield place, "waste_cost", "has no effect, because without shelf_life and storage_limit nothing is wasted"
        if stock.volume != 1 and stock.warehouse is None:
            yield place, "volume", "has no effect, because no warehouse is named"
        losing = {f"lanes.{lane}" for lane in scenario.feeds[name]} | {place}
        if stock.loss_cost and not stock.shrinkage and not losing & scenario.destroyed_by.keys():
            yield place, "loss_cost", "has no effect, because without shrinkage or what destroys nothing is lost"
        if stock.shrinkage == 1:
            yield place, "shrinkage", "is 1, so that all that is left after a period is lost"
        if stock.scrap_value and stock.obsolete is None:
            yield place, "scrap_value", "has no effect, because without obsolete nothing is scrapped"
        if stock.rationing == "proportional" and takers[name] < 2:
            many = "no lane takes" if name not in takers else "one lane alone takes"
            yield place, "rationing", f"has no effect, because {many} from the stock"
        if stock.storage_limit == 0:
            yield place, "storage_limit", "is 0, so that all that arrives is wasted"


def _lanes(scenario: Scenario) -> Found:
    for name, lane in scenario.lanes.items():
        place, none = f"lanes.{name}", "has no effect, because"
        if lane.crossing and lane.lead_time.is_one_number and not lane.delays:
            yield place, "crossing", f"{none} the lead time is always the same"
        if lane.delays:
            unreached = set(never_reached(lane.delays.regimes)) if lane.delays.regimes else set()
            added = [each.periods for name, each in lane.delays.regimes.items() if name not in unreached]
            ends = scenario.horizon.periods
            added += [more for when, more in lane.delays.steps if scenario.horizon.period_of(when) < ends]
            if not any(added):
                yield place, "delays", f"{none} nothing is ever added to the lead time"
        if lane.initial != 0 and not _is_nothing(lane.initial) and round(lane.lead_time.mean) == 0:
            yield place, "initial", f"{none} with a mean lead time of 0 nothing is on the way at the start"
        if lane.initial_orders != 0 and not _is_nothing(lane.initial_orders) and not lane.order_delay:
            yield place, "initial_orders", f"{none} without order_delay no order is on its way"
        if not _can_wait(scenario, name):
            why = f"{none} whatever is ordered is shipped at once: it takes from no stock, and nothing fails"
            if lane.waiting_cost:
                yield place, "waiting_cost", why
            if lane.unshipped == "lapses":
                yield place, "unshipped", why
        for key in ("pays_after", "cost_erosion"):
            if getattr(lane, key) and not lane.unit_cost:
                yield place, key, f"{none} there is no unit_cost"
        if isinstance(lane.defects, Drift) and lane.defects.drift == 0:
            yield place, "defects.drift", f"{none} it is 0"
        old = scenario.too_old(name) <= lane.age_on_arrival.highest
        if lane.reject_cost and _never_rejects(lane) and not old:
            yield place, "reject_cost", f"{none} without defects nothing is rejected"
        if lane.minimum_life and not old:
            yield place, "minimum_life", f"{none} what arrives always has as much"
        if scenario.too_old(name) <= lane.age_on_arrival.lowest:
            yield place, "minimum_life", "is more than what arrives ever has, so that all of it is rejected"
        if isinstance(lane.defects, Distribution) and lane.defects.lowest == 1:
            yield place, "defects", "is 1, so that all that arrives is rejected"


def _suppliers_and_routes(scenario: Scenario) -> Found:
    for table, key in (("suppliers", "supplier"), ("routes", "route")):
        named = {getattr(lane, key) for lane in scenario.lanes.values()}
        for name in getattr(scenario, table):
            if name not in named:
                yield f"{table}.{name}", "", f"has no effect, because no lane names it as its {key}"
        sharing = Counter(getattr(lane, key) for lane in scenario.lanes.values())
        for name, part in getattr(scenario, table).items():
            if part.rationing == "proportional" and (part.capacity is None or sharing[name] < 2):
                why = "there is no capacity" if part.capacity is None else "no two lanes share the capacity"
                yield f"{table}.{name}", "rationing", f"has no effect, because {why}"
    kept = {stock.warehouse for stock in scenario.stocks.values()}
    for name, warehouse in scenario.warehouses.items():
        if name not in kept:
            yield f"warehouses.{name}", "", "has no effect, because no stock names it as its warehouse"
        if warehouse.rent and not warehouse.space:
            yield f"warehouses.{name}", "rent", "has no effect, because no space is rented"
        if warehouse.space and not warehouse.rent and not warehouse.rate:
            yield f"warehouses.{name}", "space", "has no effect, because it costs nothing: there is no rent and no rate"
    for name, supplier in scenario.suppliers.items():
        if supplier.late and supplier.late.chance == 0:
            yield f"suppliers.{name}", "late", "has no effect, because its chance is 0"
        if supplier.short and (supplier.short.chance == 0 or supplier.short.by.highest == 0):
            key = "chance" if supplier.short.chance == 0 else "share"
            yield f"suppliers.{name}", "short", f"has no effect, because its {key} is 0"


def _demands(scenario: Scenario) -> Found:
    constant = {name for name, demand in scenario.demands.items() if _is_constant(demand)}
    for name, demand in scenario.demands.items():
        place, none = f"demands.{name}", "has no effect, because"
        if demand.season and len(set(demand.season)) == 1:
            if demand.season[0] == 1:
                yield place, "season", f"{none} all its factors are 1"
            else:
                same = quoted(demand.season[0])
                yield place, "season", f"has the same factor in all periods, {same}, and is no season"
        for key in ("price_erosion", "pays_after"):
            if getattr(demand, key) and not demand.price:
                yield place, key, f"{none} there is no price"
        if demand.markdown and scenario.horizon.period_of(demand.markdown.starts) >= scenario.horizon.periods:
            late = scenario.horizon
            yield place, "markdown", f"{none} it starts after the {late.periods:,} {late.period}s of the horizon"
        if demand.markdown and demand.markdown.price == demand.price:
            yield place, "markdown", f"{none} the price stays as it is"
        for key in ("autocorrelation", "forecast"):
            if getattr(demand, key) and name in constant:
                yield place, key, f"{none} the demand does not vary"
        if demand.forecast and not any(demand.forecast.accuracy) and name not in constant:
            yield place, "forecast.accuracy", f"{none} it is 0 throughout: no more than the mean is known"
        if (history := demand.history) and history.replay == "as-it-was":
            for key in ("block", "season"):
                if getattr(history, key) > 1:
                    yield f"{place}.history", key, f"{none} the history is not resampled (set replay: resampled)"
        if demand.regimes:
            yield from _regimes(place, demand)
        if scenario.units == "whole":
            yield from _rounded(place, demand)
    for each in scenario.correlations:
        still = [name for name in each.between if name in constant]
        if still or each.correlation == 0:
            why = f"demands.{still[0]} does not vary" if still else "it is 0, as it is for demands that are not named"
            yield f"correlations of {each.between[0]} and {each.between[1]}", "", f"has no effect, because {why}"


def _regimes(place: str, demand: Demand) -> Found:
    unreached = list(never_reached(demand.regimes))
    for name in unreached:
        first = next(iter(demand.regimes))
        yield f"{place}.regimes.{name}", "", f"has no effect, because it never follows from {first!r}, the first"
    if demand.regime_seen == "hidden" and len(demand.regimes) == len(unreached) + 1:
        yield place, "regime_seen", "has no effect, because there is one regime"


def _rounded(place: str, demand: Demand) -> Found:
    fix = "in whole units (or set units: continuous)"
    if demand.history and demand.history.values:
        values = demand.history.values
        if fractions := sum(not value.is_integer() for value in values):
            yield f"{place}.history", "values", f"{fractions:,} of {len(values):,} are fractions, and are rounded {fix}"
    given = {f"{place}.distribution": demand.distribution}
    given |= {f"{place}.regimes.{name}.distribution": regime.distribution for name, regime in demand.regimes.items()}
    for where, distribution in given.items():
        if distribution and distribution.is_discrete and not distribution.is_whole:
            if distribution.is_fixed:
                value = distribution.lowest
                yield where, "", f"is rounded from {quoted(value)} to {int(value + 0.5)} {fix}"
            else:
                yield where, "", f"has values that are fractions, and are rounded {fix}"


def _events(scenario: Scenario) -> Found:
    periods = scenario.horizon.periods
    after = f"after the {periods:,} {scenario.horizon.period}s of the horizon"
    for place, starts in _beginnings(scenario):
        end = periods + place.endswith(".obsolete")  # units that are left are valued a period after the last one
        if starts.once is not None and starts.once.lowest >= end:
            yield place, "once", f"has no effect, because it comes {after}"
        if starts.at is None:
            spell = starts.spell
            if spell is not None and spell.lowest >= end:
                goes_on = "; where the long run is measured, they do come" if stays_as_it_is(scenario) else ""
                yield place, "every", f"has no effect on an episode, because the first one comes {after}{goes_on}"
            continue
        late = [when for when in starts.at if scenario.horizon.period_of(when) >= end]
        if not starts.at:
            yield place, "at", "has no effect, because it is empty"
        elif len(late) == len(starts.at):
            yield place, "at", f"has no effect, because {_listed(late)} {_are(late)} {after}"
        elif late:
            yield place, "at", f"names {_listed(late)}, which {_are(late)} {after}"
        if len(set(starts.at)) < len(starts.at):
            yield place, "at", "names a period twice"
    for name, spike in scenario.spikes.items():
        if spike.factor == 1:
            yield f"spikes.{name}", "factor", "has no effect, because it is 1"
    if scenario.regime in ("stressed", "held-out") and not any(each.shock for each in scenario.disruptions.values()):
        yield "regime", "", f"leaves no shock, because no disruption names one that is {scenario.regime}"
    driving = {disruption.driver for disruption in scenario.disruptions.values()}
    for name, driver in scenario.drivers.items():
        if name not in driving or driver.times == 1 or driver.chance in (0, 1):
            why = "no disruption names it" if name not in driving else "all years are alike"
            yield f"drivers.{name}", "", f"has no effect, because {why}"
    hitting = {key for keys in scenario.hit_by.values() for key in keys}
    for name, disruption in scenario.disruptions.items():
        place, none = f"disruptions.{name}", "has no effect, because"
        destroys = any(name in keys for keys in scenario.destroyed_by.values())
        if disruption.severity == 0 and not destroys and not disruption.delays:
            yield place, "severity", f"{none} it is 0"
        if disruption.destroys and not destroys:
            yield place, "destroys", f"{none} it hits no stock, and no lane or route on which anything is on the way"
        if name not in hitting and not destroys:
            yield place, "hits", f"{none} no lane has a supplier or a route that it hits"
        for key in ("stops", "severity", "recovers_over"):
            useless = name not in hitting or (key != "severity" and disruption.severity == 0)
            if destroys and useless and getattr(disruption, key) != type(disruption).model_fields[key].default:
                why = "stocks, and no lane" if name not in hitting else "with a severity of 0"
                why = f"it hits {why}" if name not in hitting else f"it stops nothing {why}"
                yield place, key, f"{none} {why}"
        dates = [scenario.horizon.period_of(when) for when in disruption.starts.at or ()]
        within = [date for date in dates if date < periods]
        if within and disruption.recovers_over and min(within) + disruption.lasts.lowest >= periods:
            yield place, "recovers_over", f"{none} it ends {after}"
        if within and disruption.seen_late and min(within) + disruption.seen_late >= periods:
            yield place, "seen_late", f"is so long that it is seen {after} (set seen: hidden)"


_LOOKS: tuple[Callable[[Scenario], Found], ...] = (
    _horizon, _stocks, _lanes, _suppliers_and_routes, _demands, _events
)  # fmt: skip


def _beginnings(scenario: Scenario) -> Iterator[tuple[str, Starts]]:
    """Yield the place and the `Starts` of each event."""
    for name, stock in scenario.stocks.items():
        if stock.obsolete:
            yield f"stocks.{name}.obsolete", stock.obsolete
    for table in ("spikes", "disruptions"):
        for name, event in getattr(scenario, table).items():
            yield f"{table}.{name}.starts", event.starts


def _is_nothing(quantity: Any) -> bool:
    return isinstance(quantity, PeriodsOfSupply) and quantity.periods_of_supply == 0


def _is_constant(demand: Demand) -> bool:
    """Tell whether a demand is not random, apart from its regime."""
    given = [demand.distribution, *(regime.distribution for regime in demand.regimes.values())]
    return not demand.history and demand.occurs == 1 and all(each.is_one_number for each in given if each)


def _never_rejects(lane: Lane) -> bool:
    if isinstance(lane.defects, Drift):
        return lane.defects.drift == 0
    return lane.defects.highest == 0


def _stopped(scenario: Scenario, lane: str, *kinds: str) -> bool:
    events = [scenario.disruptions[key] for key in scenario.hit_by[lane]]
    return any(event.stops in kinds and event.severity > 0 for event in events)


def _can_wait(scenario: Scenario, name: str) -> bool:
    """Tell whether a lane may ship less than it is asked for.

    A field of its supplier or route counts as a possible cause unless it is listed here as harmless.
    """
    lane = scenario.lanes[name]
    supplier, route = scenario.suppliers.get(lane.supplier or ""), scenario.routes.get(lane.route or "")
    failing = set(meaning(supplier) if supplier else ()) - {"late"}
    failing |= set(meaning(route) if route else ()) - {"vehicle_capacity", "vehicle_cost"}
    early = lane.capacity is not None and lane.initial_orders != 0  # initial orders are not cut to the capacity
    return bool(lane.uses or failing or early or _stopped(scenario, name, "shipping"))


def _listed(when: list[Any]) -> str:
    some = ", ".join(str(each) for each in when[:3])
    return some + (", ..." if len(when) > 3 else "")


def _are(when: list[Any]) -> str:
    return "lies" if len(when) == 1 else "lie"
