"""A scenario in words: its stocks, lanes, demands, and what can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any, NamedTuple

from ..scenario import (
    Correlation,
    Demand,
    Disruption,
    Distribution,
    Forecast,
    History,
    Lane,
    PeriodsOfSupply,
    Regime,
    Scenario,
    Spike,
    Starts,
    Stock,
    Supplier,
)
from ..scenario.model import Delays, Drift, Driver, Late, Markdown, Route, Short, Warehouse
from ..scenario.part import Part, meanings

TABLES: dict[str, type[Part]] = {
    "stocks": Stock,
    "warehouses": Warehouse,
    "lanes": Lane,
    "suppliers": Supplier,
    "routes": Route,
    "demands": Demand,
    "spikes": Spike,
    "disruptions": Disruption,
    "drivers": Driver,
}

PERIODS = {  # fields that count periods
    "lead_time", "lasts", "every", "late", "shelf_life", "seen_late", "announced", "recovers_over", "order_delay",
    "pays_after", "delays",
}  # fmt: skip
OF_LANES = ("suppliers", "routes")  # which tell of themselves only what their lanes do not


class Thing(NamedTuple):
    """A stock, a lane, a demand or an event: its name, its title, and what is not as usual, by field."""

    name: str
    title: str
    says: dict[str, str]


def world(scenario: Scenario) -> dict[str, list[Thing]]:
    """Return what there is in a scenario, table by table; tables without entries are left out."""
    tables = {table: _things(table, scenario) for table in TABLES}
    tables |= {table: [thing for thing in tables[table] if thing.says] for table in OF_LANES}
    tables = {table: things for table, things in tables.items() if things}
    for each in scenario.correlations:
        for one, other in permutations(each.between):
            said = next(thing.says for thing in tables["demands"] if thing.name == one)
            before = f"{said['correlation']}, " if "correlation" in said else ""
            said["correlation"] = f"{before}{each.correlation:g} with {other}"
    return tables


def meaning(table: str, label: str) -> str:
    """Return what a field means, as the scenario's own documentation has it."""
    for part in (TABLES[table], Correlation):
        for name, field in part.model_fields.items():
            if _label(name, field.alias) == label:
                return meanings(part).get(name, "")
    return ""


def _things(table: str, scenario: Scenario) -> list[Thing]:
    parts: dict[str, Any] = getattr(scenario, table)
    said = [  # the fields in which one or another is not as usual
        (key, field.alias)
        for key, field in TABLES[table].model_fields.items()
        if any(getattr(part, key) != field.get_default(call_default_factory=True) for part in parts.values())
    ]
    return [
        Thing(
            name,
            part.title or "",
            {
                _label(key, alias): _words(key, getattr(part, key), scenario)
                for key, alias in said
                if key != "title" and getattr(part, key) not in (None, False, {}, ())
            },
        )
        for name, part in parts.items()
    ]


def _label(name: str, alias: str | None) -> str:
    return (alias or name).replace("_", " ")


def _words(key: str, value: Any, scenario: Scenario) -> str:
    period = scenario.horizon.period
    if key in ("supplier", "route"):
        title = getattr(scenario, f"{key}s")[value].title
        return f"{value} ({title})" if title else str(value)
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, PeriodsOfSupply):
        return f"{_periods(value.periods_of_supply, period)} of supply"
    if isinstance(value, int | float):
        return _periods(value, period) if key in PERIODS else f"{value:,.10g}"
    if isinstance(value, Distribution):
        mean = _periods(value.mean, period) if key in PERIODS else f"{value.mean:,.4g}"
        return mean if value.is_fixed else f"{_drawn(value)}, mean {mean}"
    if isinstance(value, History):
        return _replayed(value, period)
    if isinstance(value, Regime):
        follows = ", ".join(f"{chance:g} {name}" for name, chance in value.next.items())
        return _words("distribution", value.distribution, scenario) + (f" (next: {follows})" if follows else "")
    if isinstance(value, Late | Short):
        unit = "late" if isinstance(value, Late) else "short"
        return f"with chance {value.chance:g}, by {_words(unit, value.by, scenario)}"
    if isinstance(value, Delays):
        added = {str(when): more for when, more in value.steps}
        added |= {name: regime.periods for name, regime in value.regimes.items()}
        kind = "from" if value.steps else "in regime"
        said = [f"{_periods(more, period)} {kind} {when}" for when, more in added.items()]
        return "longer by " + "; ".join([*said[:4], *(["..."] if len(said) > 4 else [])])
    if isinstance(value, Markdown):
        return f"to {value.price:g} from {period} {value.starts}, with an elasticity of {value.elasticity:g}"
    if isinstance(value, Drift):
        return f"more in a large lot: the process drifts with chance {value.drift:g} at each unit"
    if isinstance(value, Forecast):
        return f"accuracy {_words('accuracy', value.accuracy, scenario)}"
    if key == "regimes":
        return "; ".join(f"{name} {_words('regime', each, scenario)}" for name, each in value.items())
    if isinstance(value, Starts):
        if value.at is not None:
            return f"{period} {', '.join(map(str, value.at))}"
        if value.once is not None:
            if value.once.is_fixed:
                return f"{period} {value.once.mean:g}"
            return f"once, at a random {period}: {_drawn(value.once)}, mean {value.once.mean:,.4g}"
        return f"with chance {value.rate:g} a {period}" if value.rate else _after(value.every, scenario)
    if isinstance(value, Mapping):
        return ", ".join(name if units == 1 else f"{units:g} {name}" for name, units in value.items())
    if isinstance(value, tuple):
        some = [each if isinstance(each, str) else f"{each:g}" for each in value[:12]]
        return ", ".join([*some, f"... ({len(value)})"] if len(value) > 12 else some)
    return str(value)


def _after(every: Distribution | None, scenario: Scenario) -> str:
    return "never" if every is not None and every.is_forever else f"after {_words('every', every, scenario)}"


def _periods(value: float, period: str) -> str:
    if value == float("inf"):
        return "for ever"
    return f"{value:,.4g} {period}{'' if value == 1 else 's'}"


def _drawn(value: Distribution) -> str:
    """Return a distribution as it is written, long lists cut short."""
    lists = {key: list(item) for key, item in value.parameters.items() if isinstance(item, list | tuple)}
    if any(len(item) > 8 for item in lists.values()):
        return f"{value.name} of {len(next(iter(lists.values())))} values"
    return str(value)


def _replayed(history: History, period: str) -> str:
    values = history.values or ()
    how = "as it was"
    if history.replay == "resampled":
        how = "resampled"
        how += f" in blocks of {history.block}" if history.block > 1 else ""
        how += f", season {history.season}" if history.season > 1 else ""
    mean = sum(values) / max(len(values), 1)
    return f"{len(values):,} {period}s of {history.source or 'its own'}, {how}, mean {mean:,.4g}"
