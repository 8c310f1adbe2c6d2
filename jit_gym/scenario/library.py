"""The library of shocks: named events, with what is known of them, that a scenario's disruptions can name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Self, get_args

import numpy as np
from pydantic import Field, ValidationError, model_validator

from ..common.shipped import configs
from ..common.text import nearest, quoted
from . import yaml12
from .errors import ScenarioError, at, sentence
from .events import Disruption, Driver
from .horizon import Horizon
from .part import Part, Text
from .values import NotNegative, Number, Positive, Share

Stops = Literal["ordering", "shipping", "transit", "receiving"]
RegimeOfShocks = Literal["calm", "stressed", "held-out"]
KNOTS = 40  # values of a length at most; longer ones lie on a coarser grid
DRAWS = 4000  # quantiles by which a length is divided among them


class Lasting(Part):
    """The least, likeliest and greatest length in days: a PERT distribution (Malcolm et al. 1959).

    That is a beta distribution between the least and the greatest with mean (least + 4 likeliest + greatest) / 6.
    """

    least: Positive
    """Days at least."""
    likeliest: Positive
    """Days most often."""
    greatest: Positive
    """Days at most."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if not self.least <= self.likeliest <= self.greatest:
            got = f"{self.least:g}, {self.likeliest:g} and {self.greatest:g}"
            raise ValueError(f"least, likeliest and greatest must not fall, got {got}")
        return self

    @property
    def mean(self) -> float:
        """Return the mean length in days."""
        return (self.least + 4.0 * self.likeliest + self.greatest) / 6.0

    def in_periods(self, a_day: float) -> Any:
        """Return the distribution of the length in whole periods, as a scenario has it, given the periods of a day.

        A length between two whole numbers is divided between them so that the mean stays; one of less than a period
        lasts one.
        """
        values, weights = _spread(self.least, self.likeliest, self.greatest, a_day)
        if len(values) == 1:
            return values[0]
        return {"name": "empirical", "values": [*values], "weights": [*weights]}


@cache
def _spread(least: float, likeliest: float, greatest: float, a_day: float) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the whole periods that a PERT length in days is divided among, and their weights."""
    from scipy import stats

    span = greatest - least
    quantiles = (np.arange(DRAWS) + 0.5) / DRAWS
    rises, falls = (1.0 + 4.0 * part / span if span else 1.0 for part in (likeliest - least, greatest - likeliest))
    days = least + span * stats.beta.ppf(quantiles, rises, falls)
    periods = np.maximum(days * a_day, 1.0)
    first, last = int(np.floor(periods.min())), int(np.ceil(periods.max()))
    knots = np.unique(np.linspace(first, last, min(last - first + 1, KNOTS)).round()).astype(int)
    if len(knots) == 1:
        return (first,), (1.0,)
    below = np.clip(np.searchsorted(knots, periods, side="right") - 1, 0, len(knots) - 2)
    above = (periods - knots[below]) / (knots[below + 1] - knots[below])
    weights = np.bincount(below, 1.0 - above, len(knots)) + np.bincount(below + 1, above, len(knots))
    kept = weights > 0
    return tuple(knots[kept].tolist()), tuple((weights[kept] / DRAWS).round(6).tolist())


class Shock(Part):
    """A named event: how long it lasts, how often it comes, what it leaves, and where that is known from."""

    title: Text
    """What it is, in words."""
    days: Lasting
    """How long it lasts, in days."""
    a_year: Annotated[Number, Field(gt=0, lt=1)]
    """The chance that one begins in a year without one."""
    stops: Stops
    """What it stops or slows, as a disruption does."""
    left: Share
    """The share of capacity that is left."""
    adds: NotNegative = 0.0
    """Days by which what is shipped while it lasts comes later."""
    warning: NotNegative = 0.0
    """Days ahead that one knows of it."""
    driver: Text | None = None
    """What makes it likelier in some years."""
    regime: Literal["stressed", "held-out"]
    """Whether policies may be tuned and agents trained on it, or are only judged on it."""
    source: Text
    """Where the numbers come from."""
    assumed: tuple[str, ...] = ()
    """The keys whose numbers are assumed."""

    @model_validator(mode="after")
    def _assumed_are_keys(self) -> Self:
        known = {*type(self).model_fields, *Lasting.model_fields}
        for name in self.assumed:
            if name not in known:
                raise ValueError(f"assumed: unknown key {quoted(name)}{nearest(name, known)}")
        return self

    def disruption(self, horizon: Horizon) -> dict[str, Any]:
        """Return it as the raw disruption of a scenario, without what it hits: in periods of that scenario's length.

        The chance a year becomes the rate of a geometric quiet spell, 1 - (1 - chance)^(1 / periods of a year).
        """
        a_day = horizon.year / 365.0
        raw: dict[str, Any] = {
            "title": self.title,
            "starts": {"rate": 1.0 - (1.0 - self.a_year) ** (1.0 / horizon.year)},
            "lasts": self.days.in_periods(a_day),
            "stops": self.stops,
            "severity": round(1.0 - self.left, 12),
        }
        delays, announced = round(self.adds * a_day), round(self.warning * a_day)
        optional = {"delays": delays, "announced": announced, "driver": self.driver}
        return raw | {name: value for name, value in optional.items() if value}


class Library(Part):
    """The shocks by name, and what makes related ones likelier together."""

    drivers: dict[str, Driver]
    shocks: dict[str, Shock]

    @model_validator(mode="after")
    def _knows_its_drivers(self) -> Self:
        for name, shock in self.shocks.items():
            if shock.driver is not None and shock.driver not in self.drivers:
                raise ValueError(f"shocks.{name}.driver: unknown {quoted(shock.driver)}")
        return self


@cache
def library() -> Library:
    """Return the library that is shipped (configs/shocks.yaml)."""
    with at("shocks.yaml"):
        raw = yaml12.parse((configs() / "shocks.yaml").read_text(encoding="utf-8"))
        try:
            return Library.model_validate(raw)
        except ValidationError as error:
            raise ScenarioError(sentence(error)) from None


def shocks(regime: RegimeOfShocks | None = None) -> dict[str, Shock]:
    """Return the shocks of the library by name: all, or those of a regime; `calm` has none.

    >>> sorted(shocks("held-out"))
    ['canal-blocked', 'canal-short-of-water', 'lockdown', 'port-closed', 'strait-avoided']

    Raises:
        ScenarioError: for an unknown regime.
    """
    if regime is not None and regime not in get_args(RegimeOfShocks):
        must = ", ".join(get_args(RegimeOfShocks))
        raise ScenarioError(f"regime: must be one of {must}, got {quoted(regime)}")
    return {name: shock for name, shock in library().shocks.items() if regime in (None, shock.regime)}


def shock_named(name: Any, place: str) -> Shock:
    """Return a shock of the library by its name; `place` is where it is named.

    Raises:
        ScenarioError: for an unknown name.
    """
    known = library().shocks
    if not isinstance(name, str) or name not in known:
        hint = nearest(name, known) or f" (there are {', '.join(known)})"
        raise ScenarioError(f"{place}: unknown shock {quoted(name)}{hint}")
    return known[name]


def with_shocks(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a raw scenario whose disruptions that name a shock say all that the library knows of it.

    Keys that stand beside `shock` stay as they are. With a `regime`, the shocks of other regimes are left out. Drivers
    of the library that disruptions name are added, unless the scenario has its own of that name.
    """
    events = raw.get("disruptions")
    if not isinstance(events, dict):
        return dict(raw)
    horizon, regime, filled = _horizon(raw), raw.get("regime"), dict(events)
    for key, event in events.items():
        if not isinstance(event, dict) or event.get("shock") is None:
            continue
        shock = shock_named(event["shock"], f"disruptions.{key}.shock")
        if regime is not None and shock.regime != regime:
            del filled[key]
            continue
        known = shock.disruption(horizon)
        if "seen" in event or "seen_late" in event:
            known.pop("announced", None)
        starts = event.get("starts", known["starts"])
        if not isinstance(starts, dict) or "rate" not in starts:
            known.pop("driver", None)  # which changes a rate
        filled[key] = {**known, **event}
    return {**raw, "disruptions": filled, **_drivers(filled, raw.get("drivers") or {})}


def _drivers(events: Mapping[str, Any], own: Any) -> dict[str, Any]:
    """Return the drivers of a raw scenario with those of the library that its disruptions name, or nothing to add."""
    named = [event.get("driver") for event in events.values() if isinstance(event, dict)]
    missing = dict.fromkeys(name for name in named if isinstance(name, str) and name not in own)
    if not missing or not isinstance(own, dict):
        return {}
    known = library().drivers
    return {"drivers": own | {key: known[key].model_dump(exclude_unset=True) for key in missing if key in known}}


def _horizon(raw: Mapping[str, Any]) -> Horizon:
    """Return the horizon of a raw scenario; the usual one where it is wrong, which is said when all is checked."""
    try:
        return Horizon.model_validate(raw.get("horizon") or {})
    except ValidationError:
        return Horizon()


assert get_args(Stops) == get_args(Disruption.model_fields["stops"].annotation)
