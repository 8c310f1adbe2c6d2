"""Write the scenario of a shop: its items' fitted demand, lead times and costs, each with where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..common.checks import BadInput
from ..common.text import plain, plural, quoted
from ..scenario import limits
from ..scenario.horizon import PERIODS_PER_YEAR
from .deliveries import LeadTime
from .fit import Extra, Fitted
from .reading import Sales

NUMBERS = {
    "unit_cost": "--unit-cost", "holding_cost": "--holding-cost", "shortage_cost": "--shortage-cost",
    "price": "--price", "fixed_cost": "--fixed-cost", "minimum_order": "--minimum-order", "batch": "--batch",
}  # fmt: skip
"""Terms that are a number, or the name of a column of the sales that has one for each item."""


@dataclass(frozen=True)
class Terms:
    """What the planner knows beside the sales. A text is a number, or a column of the sales with one for each item.

    `holding_rate` is a share of the unit cost a year, `service` the critical ratio. `lead_time` is in periods.
    `vehicle_capacity` and `vehicle_cost` are those of a truck that all items share, or all of a supplier.
    """

    lead_time: int | None = None
    unit_cost: str | None = None
    holding_rate: float | None = None
    holding_cost: str | None = None
    service: float | None = None
    shortage_cost: str | None = None
    price: str | None = None
    fixed_cost: str | None = None
    minimum_order: str | None = None
    batch: str | None = None
    vehicle_capacity: float | None = None
    vehicle_cost: float | None = None
    backlog: bool = False

    def columns(self) -> list[str]:
        """Return the columns of the sales that terms are in."""
        texts = [getattr(self, key) for key in NUMBERS]
        return list(dict.fromkeys(text for text in texts if text is not None and _number(text) is None))

    def check(self, deliveries: bool) -> None:
        """Refuse terms of which some are missing, all of them by name, or that contradict one another.

        Raises:
            BadInput: in one line.
        """
        missing = []
        if self.lead_time is None and not deliveries:
            missing.append("--lead-time PERIODS, or --deliveries FILE")
        if self.holding_cost is None and self.holding_rate is None:
            missing.append("--holding-rate SHARE (of the unit cost, a year), or --holding-cost (per unit and period)")
        if self.unit_cost is None and (self.holding_cost is None or self.price is not None):
            missing.append("--unit-cost NUMBER or COLUMN")
        if self.service is None and self.shortage_cost is None and self.price is None:
            missing.append("--service SHARE, --shortage-cost (per unit short), or --price (the margin is what is lost)")
        if missing:
            raise BadInput(f"what it costs must be told, not guessed: say {'; and '.join(missing)}")
        for one, other in (
            ("lead_time", "deliveries"), ("holding_rate", "holding_cost"), ("service", "shortage_cost"),
            ("service", "price"), ("shortage_cost", "price"),
        ):  # fmt: skip
            second = deliveries if other == "deliveries" else getattr(self, other) is not None
            if getattr(self, one) is not None and second:
                options = f"--{one} and --{other}".replace("_", "-")
                raise BadInput(f"{options}: say one of them, got both")
        if self.service is not None and not 0 < self.service < 1:
            raise BadInput(f"--service: must be more than 0 and less than 1, as 0.97, got {quoted(self.service)}")
        if self.holding_rate is not None and not 0 < self.holding_rate <= 10:
            raise BadInput(f"--holding-rate: must be a share a year, as 0.25, got {quoted(self.holding_rate)}")
        if self.backlog and self.price is not None:
            raise BadInput("--price: a sale that waits is not lost: say --service or --shortage-cost with --backlog")
        if self.vehicle_cost is not None and self.vehicle_capacity is None:
            raise BadInput("--vehicle-cost: needs --vehicle-capacity, the units that fit into one")

    def of(self, key: str, sales: Sales) -> np.ndarray | None:
        """Return a term of each item (items,); None where it is not told.

        Raises:
            BadInput: for an item without one, or one below 0.
        """
        text = getattr(self, key)
        if text is None:
            return None
        number = _number(text)
        values = sales.values[text] if number is None else np.full(len(sales.items), number)
        for item, value in zip(sales.items, values.tolist(), strict=True):
            if not value >= 0 or (value == 0 and key in ("unit_cost", "batch")):
                where = f"column {text!r}" if number is None else "the number"
                must = "more than 0" if key in ("unit_cost", "batch") else "0 or more"
                got = "nothing" if np.isnan(value) else quoted(value)
                raise BadInput(f"{NUMBERS[key]}: {where} must be {must} for each item, got {got} for {item}")
        return values


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def shortage_cost(holding_cost: float, service: float) -> float:
    """Return the shortage cost p for which p / (p + h) is the service level (the critical ratio; Arrow et al. 1951).

    >>> round(shortage_cost(0.02, 0.97), 4)
    0.6467
    """
    return holding_cost * service / (1.0 - service)


def assumptions(terms: Terms, sales: Sales) -> list[str]:
    """Return, in words, what the scenario assumes of costs and orders."""
    period = sales.grid.period
    said = []
    if terms.holding_rate is not None:
        said.append(
            f"Holding a unit for a {period} costs its unit cost x {terms.holding_rate:g} a year / "
            f"{sales.grid.per_year:.4g} {period}s a year."
        )
    else:
        said.append(f"Holding a unit for a {period} costs what --holding-cost says.")
    unmet = "waits, and costs that each period" if terms.backlog else "is lost"
    if terms.service is not None:
        said.append(
            f"A unit short costs p = h x {terms.service:g} / (1 - {terms.service:g}), so that the critical ratio "
            f"p / (p + h) is {terms.service:g} (Arrow et al. 1951), with h the holding cost. "
            f"Demand that is not met {unmet}."
        )
    elif terms.price is not None:
        said.append("A unit short costs the margin that is lost, price less unit cost; loss of goodwill is not in it.")
    else:
        said.append(f"A unit short costs what --shortage-cost says. Demand that is not met {unmet}.")
    said.append(
        "Revenue and the purchase of units are left out, as they are the same for each rule but for what is lost, "
        "whose margin is in the shortage cost."
    )
    said.append(
        "At the start each item has as many periods of supply as its mean lead time and one more, and none on its way."
    )
    said.append("Items are independent of one another; what correlates them is not fitted.")
    return said


def scenario_text(
    name: str,
    sales: Sales,
    fits: Sequence[Fitted],
    waits: Sequence[LeadTime] | None,
    terms: Terms,
    command: str,
) -> str:
    """Return the scenario as a YAML file with comments.

    Args:
        name: of the scenario, and its folder.
        sales: what was read.
        fits: what was fitted to each item, in their order.
        waits: the lead time of each item; None where the terms have one.
        terms: costs and limits.
        command: that writes it again.

    Raises:
        BadInput: for terms that an item does not have, or seasons that are too long for a file of scenarios.
    """
    entries = sum(len(each.pattern.season) for each in fits)
    if entries + 60 * len(fits) > limits.YAML_NODES:
        raise BadInput(
            f"--by: {len(fits):,} items with seasons have {entries:,} factors, more than a scenario holds "
            "(say --period week, or fewer items)"
        )
    return "\n".join(_lines(name, sales, fits, waits, terms, command)) + "\n"


def _lines(
    name: str, sales: Sales, fits: Sequence[Fitted], waits: Sequence[LeadTime] | None, terms: Terms, command: str
) -> Iterator[str]:
    grid, period = sales.grid, sales.grid.period
    costs = {key: terms.of(key, sales) for key in NUMBERS}
    yield f"# Written by: {plain(command)}"
    size = f"{plural(len(fits), 'item')}, {plural(grid.many, period)}"
    yield f"# from {plain(sales.file)}: {size} from {grid.starts[0]} on."
    yield "# What was read, how well each fit is, and its picture are in report.html. All numbers here can be changed."
    yield "#"
    for line in assumptions(terms, sales):
        yield f"# {line}"
    yield f"name: {name}"
    yield f"title: {_flow(f'{len(fits)} items from {sales.file}' if len(fits) > 1 else f'Sales from {sales.file}')}"
    yield f"units: {'whole' if sales.whole else 'continuous'}"
    horizon: dict[str, Any] = {"periods": max(round(grid.per_year), 1), "period": period}
    horizon["starts"] = grid.after().item()
    if grid.per_year != PERIODS_PER_YEAR[period]:
        horizon["periods_per_year"] = float(f"{grid.per_year:.6g}")
    yield f"horizon: {_flow(horizon)}        # the year after the history"
    times = [_lead_time(k, waits, terms) for k in range(len(fits))]
    yield "stocks:                             # holding_cost: per unit and period"
    for k, (item, key) in enumerate(zip(sales.items, sales.keys, strict=True)):
        holding = _holding(k, costs, terms, grid.per_year)
        stock = {"initial": {"periods_of_supply": _round(times[k][1] + 1)}, "unit_value": _of(costs["unit_cost"], k)}
        stock = {label: value for label, value in stock.items() if value is not None}
        yield f"  {_flow(item)}: {_flow({**stock, 'holding_cost': _round(holding)})}{_told(item, key)}"
    truck = terms.vehicle_capacity is not None
    suppliers = list(dict.fromkeys(sales.suppliers))
    if suppliers:
        yield "suppliers:"
        yield from (f"  {_flow(each)}: {{}}" for each in suppliers)
    if truck:
        vehicle = {"vehicle_capacity": terms.vehicle_capacity, "vehicle_cost": terms.vehicle_cost}
        told = _flow({key: value for key, value in vehicle.items() if value is not None})
        yield "routes:"
        yield from (f"  {_flow(f'truck-{each}')}: {told}" for each in suppliers)
        if not suppliers:
            yield f"  truck: {told}"
    yield "lanes:                              # lead_time: periods from an order to its arrival"
    for k, item in enumerate(sales.items):
        lane: dict[str, Any] = {"to": item, "lead_time": times[k][0]}
        if waits is not None and waits[k].crossing:
            lane["crossing"] = True
        who = sales.suppliers[k] if suppliers else None
        lane |= {"supplier": who} if who else {}
        lane |= {"route": f"truck-{who}" if who else "truck"} if truck else {}
        for label in ("fixed_cost", "minimum_order", "batch"):
            value = _of(costs[label], k)
            lane |= {label: value} if value else {}
        whence = "" if waits is None else f"        # {plural(waits[k].deliveries, 'arrival')}"
        yield f"  {_flow(f'buy-{item}')}: {_flow(lane)}{whence}"
    yield "demands:"
    for k, (item, each) in enumerate(zip(sales.items, fits, strict=True)):
        holding = _holding(k, costs, terms, grid.per_year)
        if each.poor:
            yield f"  # {item}: doubtful: {'; '.join(each.warnings)}"
        yield from (f"  # {item}: {note}" for note in each.notes)
        demand = _demand(item, each, _shortage(k, item, costs, terms, holding), terms)
        yield f"  {_flow(f'sell-{item}')}: {_flow(demand)}"
    spikes = list(_spikes(sales.items, fits, times))
    if spikes:
        yield "spikes:"
        yield from spikes
    fixed = costs["fixed_cost"] is not None or truck
    policies = [*(["s-S"] if fixed else []), "jit", "base-stock", "just-in-case", "adaptive"]
    yield f"policies: {_flow(policies)}"


def _demand(item: str, fitted: Fitted, shortage: float, terms: Terms) -> dict[str, Any]:
    unmet = "backlog" if terms.backlog else "lost"
    return {"from": item, **asked_for(fitted), "unmet": unmet, "shortage_cost": _round(shortage)}


def asked_for(fitted: Fitted) -> dict[str, Any]:
    """Return what was fitted to an item as a demand of a scenario has it: the keys that say how much is asked for."""
    demand: dict[str, Any] = {"distribution": fitted.distribution.model_dump(mode="json")}
    if fitted.law.occurs < 1:
        demand["occurs"] = _round(fitted.law.occurs)
    if len(fitted.pattern.season) > 1:
        demand["season"] = [float(f"{factor:.4g}") for factor in fitted.pattern.season]
    if fitted.trend:
        demand["trend"] = _round(fitted.trend)
    if fitted.autocorrelation:
        demand["autocorrelation"] = _round(min(max(fitted.autocorrelation, -0.95), 0.95))
    return demand


def extras_of(item: str, fitted: Fitted, lead_time: float) -> dict[str, dict[str, Any]]:
    """Return the spikes of an item by their names: its promotions, which are planned and so announced, and others.

    Args:
        item: its name.
        fitted: what was fitted to it.
        lead_time: its mean, in periods; a promotion is announced so long ahead, and one period more.
    """
    found = {}
    kinds: list[tuple[str, Extra | None, int]] = [
        ("promotion", fitted.promotion, int(np.ceil(lead_time)) + 1),
        ("spike", fitted.spike, 0),
    ]
    for kind, extra, ahead in kinds:
        if extra is None:
            continue
        spike: dict[str, Any] = {"hits": [f"sell-{item}"], "starts": {"rate": _round(extra.rate)}}
        spike["lasts"] = 1 if extra.lasts == 1 else {"name": "geom", "p": _round(1 / extra.lasts)}
        spike["factor"] = _round(extra.factor)
        found[f"{kind}-{item}"] = spike | ({"announced": ahead} if ahead else {})
    return found


def _spikes(items: Sequence[str], fits: Sequence[Fitted], times: Sequence[tuple[Any, float]]) -> Iterator[str]:
    """Yield a line for each item's promotions and its other spikes."""
    for item, fitted, (_, mean) in zip(items, fits, times, strict=True):
        for name, spike in extras_of(item, fitted, mean).items():
            extra = fitted.promotion if name.startswith("promotion-") else fitted.spike
            assert extra is not None
            whence = f"{plural(extra.periods, 'period')} of the history"
            yield f"  {_flow(name)}: {_flow(spike)}        # {whence}"


def _lead_time(k: int, waits: Sequence[LeadTime] | None, terms: Terms) -> tuple[Any, float]:
    """Return an item's lead time as a scenario has it, and its mean."""
    if waits is None:
        assert terms.lead_time is not None
        return terms.lead_time, float(terms.lead_time)
    return waits[k].distribution.model_dump(mode="json"), waits[k].distribution.mean


def _holding(k: int, costs: dict[str, np.ndarray | None], terms: Terms, per_year: float) -> float:
    told = _of(costs["holding_cost"], k)
    if told is not None:
        return told
    unit_cost = _of(costs["unit_cost"], k)
    assert unit_cost is not None
    assert terms.holding_rate is not None
    return unit_cost * terms.holding_rate / per_year


def _shortage(k: int, item: str, costs: dict[str, np.ndarray | None], terms: Terms, holding: float) -> float:
    if terms.service is not None:
        return shortage_cost(holding, terms.service)
    price, unit_cost = _of(costs["price"], k), _of(costs["unit_cost"], k)
    if price is not None:
        assert unit_cost is not None
        if not price > unit_cost:
            got = f"{quoted(price)} and {quoted(unit_cost)}"
            raise BadInput(f"--price: must be more than --unit-cost for each item, got {got} for {item}")
        return price - unit_cost
    told = _of(costs["shortage_cost"], k)
    assert told is not None
    return told


def _of(values: np.ndarray | None, k: int) -> float | None:
    return None if values is None else _round(float(values[k]))


def _round(value: float) -> float:
    """Return a number to six digits, as a whole number where it is one."""
    rounded = float(f"{value:.6g}")
    return int(rounded) if rounded.is_integer() else rounded


def _told(item: str, key: tuple[str, ...]) -> str:
    told = plain(" ".join(", ".join(key).split()))
    return f"        # {told}" if told and told != item else ""


def _flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**9, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...").strip()
