"""Keys of a scenario whose values are varied, one after another: the axes of a map."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..common.checks import BadInput, check_count
from ..common.text import nearest, quoted
from . import yaml12
from .distribution import Distribution
from .errors import ScenarioError
from .load import load
from .model import Scenario, is_label
from .part import Part, meanings

CELLS = 12  # along an axis, where nothing else is said
MOST = 60  # along an axis
ROUNDED = 0.02  # of the distance between two values of a range; by no more are they rounded, so that they read well
_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?::(\d+))?(?::(geometric|linear))?")
_WRITTEN = "write KEY=LOW..HIGH, KEY=LOW..HIGH:CELLS, KEY=LOW..HIGH:CELLS:geometric, or KEY=A,B,C"


@dataclass(frozen=True)
class Axis:
    """A key of a scenario, and the values that it takes in turn.

    The key is one that an override may set, such as `lanes.supplier.lead_time` or `disruptions.fire.lasts.p`, or one of
    two that are worked out:

    - `PLACE.mean`, of a distribution: the parameter that sets the mean is changed, and the others stay. It is `p` of
      `geom` and `nbinom`, `mu` of `poisson`, `loc` of `norm`, `scale` of `expon` and `gamma`, `value` of a number.
    - `disruptions.NAME.uptime` (or `spikes.NAME.uptime`): the share of periods without the event. With a mean length L
      and a share u, it starts in a quiet period with chance (1 - u) / (u L): `starts` becomes `{rate: ...}`.
    """

    key: str
    values: tuple[Any, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the values as one reads them."""
        return tuple(map(_label, self.values))

    @property
    def changes(self) -> str:
        """Return the place in the scenario that the key changes, for keys that are worked out as well."""
        parent, _, last = self.key.rpartition(".")
        return f"{parent}.starts" if _is_uptime(self.key) else parent if last == "mean" else self.key

    @classmethod
    def of(cls, what: Any, scenario: Scenario, cells: int = CELLS) -> Axis:
        """Return the axis that a text, `KEY=LOW..HIGH:CELLS` or `KEY=A,B,C`, or a pair of key and values describes.

        Args:
            what: the text, the pair, or an axis. The values of a range lie at equal distances, or with `:geometric` at
                equal ratios. Those of a key that takes whole numbers alone, such as a lead time, are rounded.
            scenario: what the key belongs to.
            cells: how many values a range has that does not say it.

        Raises:
            BadInput: for what is no axis, has one value, is reversed, or has too many values.
        """
        if isinstance(what, Axis):
            return what
        if isinstance(what, tuple | list) and len(what) == 2 and isinstance(what[0], str):
            return _checked(what[0], list(what[1]))
        if not isinstance(what, str):
            raise BadInput(f"axis: must be a text or a pair of key and values, got {quoted(what)} ({_WRITTEN})")
        key, equals, rest = (part.strip() for part in what.partition("="))
        if not equals or not key or not rest:
            raise BadInput(f"axis: must be a key and its values, got {what!r} ({_WRITTEN})")
        if match := _RANGE.fullmatch(rest):
            low, high, count, kind = match.groups()
            values = _between(key, rest, float(low), float(high), int(count or cells), kind == "geometric")
            return _checked(key, _as_the_key_takes_them(key, values, scenario))
        if ".." in rest:
            raise BadInput(f"{key}: cannot read the range {rest!r} ({_WRITTEN})")
        try:
            return _checked(key, yaml12.parse(f"[{rest}]"))
        except ScenarioError:
            raise BadInput(f"{key}: cannot read the values {rest!r} ({_WRITTEN})") from None


def _between(key: str, text: str, low: float, high: float, count: int, geometric: bool) -> np.ndarray:
    """Return numbers from `low` to `high`, at equal distances or at equal ratios."""
    if low == high:
        raise BadInput(f"{key}: needs two values or more, got {text}")
    if low > high:
        raise BadInput(f"{key}: must go from the lower number to the higher, got {text}")
    if geometric and low <= 0:
        raise BadInput(f"{key}: a geometric range must begin above 0, got {text}")
    check_count(f"{key}: cells", count, 2, MOST)
    values = np.geomspace(low, high, count) if geometric else np.linspace(low, high, count)
    gaps = np.pad(np.diff(values), 1, constant_values=np.inf)
    for digits in range(2, 16):
        short = np.array([float(f"{value:.{digits}g}") for value in values])
        if (np.abs(short - values) <= ROUNDED * np.minimum(gaps[:-1], gaps[1:])).all() and short[0] == low:
            return short
    return values


def _as_the_key_takes_them(key: str, values: np.ndarray, scenario: Scenario) -> list[float] | list[int]:
    """Return the values of a range, as whole numbers where both ends are such and the key takes no others."""
    ends = values[[0, -1]]
    if (ends == np.round(ends)).all():
        first, whole = int(ends[0]), sorted({round(value) for value in values.tolist()})
        if _fits(scenario, {key: first}) and not _fits(scenario, {key: first + 0.5}):
            return whole
        if np.isin(values, whole).all():
            return whole
    return values.tolist()


def _fits(scenario: Scenario, settings: Mapping[str, Any]) -> bool:
    try:
        varied(scenario, settings)
    except BadInput:
        return False
    return True


def _checked(key: str, values: list[Any]) -> Axis:
    """Return an axis, after a look at its values."""
    if len(values) < 2:
        raise BadInput(f"{key}: needs two values or more, got {', '.join(map(str, values)) or 'none'}")
    check_count(f"{key}: cells", len(values), 2, MOST)
    if is_label(key):
        raise BadInput(f"{key}: is a label, which changes nothing (name a key that does)")
    axis = Axis(key, tuple(value.item() if isinstance(value, np.generic) else value for value in values))
    for label in axis.labels:
        if axis.labels.count(label) > 1:
            raise BadInput(f"{key}: must have each value once, got {label} twice")
    return axis


def _label(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key}={item}" for key, item in value.items() if key != "name")
        return f"{value.get('name', '')}({inside})"
    return quoted(value) if isinstance(value, int | float) else str(value)


# Scenarios


def varied(scenario: Scenario, settings: Mapping[str, Any]) -> Scenario:
    """Return a scenario with other values of some keys, those of an `Axis` included: first the means, then the uptimes.

    Raises:
        ScenarioError: where these values make no world.
    """
    overrides = {key: value for key, value in settings.items() if not _is_mean(key, scenario) and not _is_uptime(key)}
    for is_one, change in ((lambda key: _is_mean(key, scenario), _with_mean), (_is_uptime, _with_uptime)):
        for key in filter(is_one, settings):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what has no effect is said of the last world
                world = load(scenario, overrides)
            overrides |= change(world, key, settings[key])
    return load(scenario, overrides)


def _is_uptime(key: str) -> bool:
    return re.fullmatch(r"(disruptions|spikes)\.[^.]+\.uptime", key) is not None


def _is_mean(key: str, scenario: Scenario) -> bool:
    place, _, last = key.rpartition(".")
    at_hand = _found(scenario, place)
    return last == "mean" and isinstance(at_hand, Distribution) and "mean" not in at_hand.parameters


def _found(scenario: Scenario, place: str) -> Any:
    """Return what stands at a place of a scenario, or None."""
    here: Any = scenario
    for word in filter(None, place.split(".")):
        if isinstance(here, Distribution):
            here = here.parameters.get(word)
        elif isinstance(here, Part):
            names = {field.alias or name: name for name, field in type(here).model_fields.items()}
            here = getattr(here, names.get(word, word), None)
        else:
            here = here.get(word) if isinstance(here, Mapping) else None
    return here


_MEANS: dict[str, tuple[str, Callable[[dict[str, Any], float], float]]] = {
    "fixed": ("value", lambda has, mean: mean),
    "norm": ("loc", lambda has, mean: mean),
    "geom": ("p", lambda has, mean: 1.0 / (mean - has.get("loc", 0.0))),
    "poisson": ("mu", lambda has, mean: mean - has.get("loc", 0.0)),
    "nbinom": ("p", lambda has, mean: has["n"] / (has["n"] + mean - has.get("loc", 0.0))),
    "expon": ("scale", lambda has, mean: mean - has.get("loc", 0.0)),
    "gamma": ("scale", lambda has, mean: (mean - has.get("loc", 0.0)) / has["a"]),
}
"""For each distribution the parameter that sets its mean, and its value for a mean, given the other parameters."""


def _with_mean(world: Scenario, key: str, value: Any) -> dict[str, Any]:
    """Return the override that gives a distribution another mean."""
    place = key.removesuffix(".mean")
    distribution: Distribution = _found(world, place)
    if distribution.name not in _MEANS:
        known = ", ".join(_MEANS)
        raise ScenarioError(f"{key}: the mean of {distribution} cannot be set (it can be of {known})")
    name, inverse = _MEANS[distribution.name]
    number = _number(key, value)
    try:
        changed = inverse(distribution.parameters, number)
    except ZeroDivisionError:
        raise ScenarioError(f"{key}: {distribution.name} cannot have this mean, got {quoted(value)}") from None
    if distribution.is_fixed:
        return {place: value}
    return {place: {"name": distribution.name, **distribution.parameters, name: changed}}


def _with_uptime(world: Scenario, key: str, value: Any) -> dict[str, Any]:
    """Return the override that makes an event start as often as a share of periods without it asks for."""
    event_key = key.removesuffix(".uptime")
    event = _found(world, event_key)
    if event is None:
        table, _, name = event_key.partition(".")
        raise ScenarioError(f"{key}: unknown key {quoted(name)}{nearest(name, getattr(world, table))}")
    share = _number(key, value)
    if not 0 < share < 1:
        raise ScenarioError(f"{key}: must be a share above 0 and below 1, got {quoted(value)}")
    length = event.lasts.mean
    rate = (1.0 - share) / (share * length)
    if rate > 1:
        must = f"must be {1 / (1 + length):.4g} or more, where an event of {length:g} periods follows each quiet one"
        raise ScenarioError(f"{key}: {must}, got {quoted(value)}")
    return {f"{event_key}.starts": {"rate": rate}}


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ScenarioError(f"{key}: must be a number, got {quoted(value)}")
    return float(value)


def meaning_of(scenario: Scenario, key: str) -> str:
    """Return what a key means, in the first words of the schema's documentation, with the period's own name.

    >>> meaning_of(load("lost-sales"), "lanes.supplier.lead_time")
    'days from shipment to arrival'
    """
    place, _, last = key.rpartition(".")
    at_hand, period = _found(scenario, place), scenario.horizon.period
    if _is_uptime(key):
        return f"share of {period}s without the event"
    if isinstance(at_hand, Distribution):
        words = meaning_of(scenario, place)
        return f"{words}: {'mean' if _is_mean(key, scenario) else f'{last} of {at_hand.name}'}"
    if not isinstance(at_hand, Part):
        return ""
    names = {field.alias or name: name for name, field in type(at_hand).model_fields.items()}
    told = meanings(type(at_hand)).get(names.get(last, ""), "")
    words = re.split(r"[.;:(]|, \d", told.replace("\n", " "))[0].strip()
    words = re.sub(r"\b([Pp])eriod(s?)\b", rf"{period}\2", words)
    return words[:1].lower() + words[1:]
