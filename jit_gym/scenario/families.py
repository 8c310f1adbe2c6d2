"""Families of scenarios: one scenario, and what varies in it from world to world."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from itertools import product
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError, field_validator

from ..common.checks import check_count, check_seed
from ..common.shipped import family_names, file_of
from ..common.text import nearest, quoted
from . import reading, yaml12
from .distribution import Distribution
from .effects import NoEffect
from .errors import ScenarioError, at, sentence
from .load import load
from .model import Scenario, is_label
from .part import Part, Text, says
from .values import Name

TRAIN = "train"
"""The regime that is used where none is named."""


def _distribution(value: Any) -> Any:
    """Return the distribution that a mapping with a name describes, and anything else as it is."""
    if not isinstance(value, dict) or "name" not in value:
        return value
    try:
        return Distribution.model_validate(value)
    except ValidationError as error:
        raise ValueError(sentence(error)) from None


Varied = Annotated[
    Distribution | Annotated[tuple[Any, ...], Field(min_length=1)],
    says("must be a list of values, or a distribution such as {name: randint, low: 1, high: 9}"),
    BeforeValidator(_distribution),
]


class Members(Part):
    """What the worlds of a family have in common, and what differs between them."""

    of: str
    """The scenario that they are variants of: a name, or a path to a YAML file."""
    varies: dict[str, Varied] = Field(min_length=1)
    """Dotted keys of the scenario, each with a list of values, all as likely, or a distribution to draw from."""


class Family(Part):
    """A scenario and what varies in it; `world` returns one of its worlds.

    All worlds of a family have the same stocks, lanes, demands, shared capacities, units and horizon, so that one
    observation and one action fit them all. What varies are numbers, distributions and modes.
    """

    labels: ClassVar[frozenset[str]] = frozenset({"name", "title", "description", "policies"})

    name: Name
    """Letters, digits, - and _; by default the name of its file."""
    title: Text = ""
    """One line."""
    description: Text = ""
    """What it is about, and where it comes from."""
    members: Members = Field(alias="family")
    """Of what it is a family, and what varies."""
    regimes: dict[Name, dict[str, Varied]] = {TRAIN: {}}
    """What varies otherwise in each regime: `train`, and regimes that nothing was trained or tuned on."""
    policies: tuple[Text, ...] = ()
    """What `compare` plays where no policy is named; by default what the scenario names."""

    _base: Scenario = PrivateAttr()
    _worlds: dict[tuple[int, str, int], Scenario] = PrivateAttr(default_factory=dict)
    _extremes: list[Scenario] = PrivateAttr(default_factory=list)

    @field_validator("regimes")
    @classmethod
    def _has_a_train_regime(cls, value: dict[str, dict[str, Varied]]) -> dict[str, dict[str, Varied]]:
        if TRAIN not in value:
            raise ValueError(f"must have a regime {TRAIN!r}, got {', '.join(value) or 'none'}")
        return value

    def model_post_init(self, context: Any) -> None:
        """Load the scenario that the worlds are variants of."""
        with at("family.of"):
            self._base = load(self.members.of)

    @property
    def base(self) -> Scenario:
        """Return the scenario that the worlds are variants of."""
        return self._base

    @property
    def keys(self) -> list[str]:
        """Return the dotted keys that vary in any regime."""
        return list(dict.fromkeys([*self.members.varies, *(key for keys in self.regimes.values() for key in keys)]))

    def varied(self, regime: str = TRAIN) -> dict[str, Distribution | tuple[Any, ...]]:
        """Return what varies in a regime, by its key.

        Raises:
            ScenarioError: for a regime that the family does not have.
        """
        if regime not in self.regimes:
            hint = nearest(regime, self.regimes) or f" (it has {', '.join(self.regimes)})"
            raise ScenarioError(f"{self.name}: unknown regime {quoted(regime)}{hint}")
        return {**self.members.varies, **self.regimes[regime]}

    def values(self, k: int, regime: str = TRAIN, seed: int = 0) -> dict[str, Any]:
        """Return the values that world k of a regime and seed has, by their keys: the same on every machine."""
        check_count("world", k, 0)
        seed = check_seed(seed)
        varied = self.varied(regime)
        return {key: _value(each, _uniform(f"{seed}/{regime}/{k}/{key}")) for key, each in varied.items()}

    def world(self, k: int, regime: str = TRAIN, seed: int = 0) -> Scenario:
        """Return world k of a regime and seed: the same in each call, process and machine.

        Raises:
            ScenarioError: for an unknown regime, and where the values make no sense as a world of this family.
        """
        place = k, regime, seed
        if place not in self._worlds:
            self._worlds[place] = self._built(self.values(k, regime, seed), f"{regime}-{k}")
        return self._worlds[place]

    def extremes(self) -> list[Scenario]:
        """Return worlds with each key at its ends, together and one by one, in any regime: all shapes there can be.

        Raises:
            ScenarioError: where one of them makes no sense as a world of this family.
        """
        if not self._extremes:
            self._extremes = list(self._at_the_ends())
        return self._extremes

    def changed(self, overrides: Mapping[str, Any]) -> Family:
        """Return the same family of a changed scenario.

        Args:
            overrides: as `load` takes them; of keys that do not vary.

        Raises:
            ScenarioError: for a key that varies, or a scenario that makes no sense.
        """
        for key, varied in product(overrides, self.keys):
            if f"{varied}.".startswith(f"{key}.") or f"{key}.".startswith(f"{varied}."):
                raise ScenarioError(f"{key}: cannot be set, as {varied} varies in {self.name} (leave it out)")
        copy = self.model_copy()
        copy._base, copy._worlds, copy._extremes = load(self.base, overrides), {}, []
        copy.extremes()
        return copy

    def _at_the_ends(self) -> Iterator[Scenario]:
        ends = {key: _ends(key, [self.varied(name) for name in self.regimes]) for key in self.keys}
        low, high = ({key: pair[k] for key, pair in ends.items()} for k in (0, -1))
        yield self._built(high, "high")
        yield self.base
        yield self._built(low, "low")
        for key, values in ends.items():
            for j, value in enumerate(values):
                yield self._built({**low, key: value}, f"{key.rpartition('.')[2]}-{j}")

    def _built(self, values: Mapping[str, Any], label: str) -> Scenario:
        with at(self.name), at(f"world {label}"), warnings.catch_warnings():
            warnings.simplefilter("ignore", NoEffect)  # what does nothing in one world may matter in the next
            title = f"{self.base.title}: world {label} of {self.name}"
            world = load(self.base, {**values, "name": f"{self.name}-{label}", "title": title})
        for what, of in _ALIKE.items():
            if of(world) != of(self.base):
                must = f"must have the same {what} in all worlds, so that one observation and one action fit them all"
                raise ScenarioError(f"{self.name}: {must}, and {world.name} has others")
        return world


_ALIKE: dict[str, Callable[[Scenario], Any]] = {
    "stocks": lambda world: list(world.stocks),
    "lanes": lambda world: [(name, lane.to, lane.uses, lane.route) for name, lane in world.lanes.items()],
    "demands": lambda world: [(name, demand.draws_on) for name, demand in world.demands.items()],
    "routes": lambda world: list(world.routes),
    "warehouses": lambda world: list(world.warehouses),
    "shared capacities": lambda world: [list(world.shared_by(name)) for name in world.lanes],
    "units": lambda world: world.units,
    "horizon": lambda world: (world.horizon.periods, world.horizon.ends),
}


def family(which: str | Path | Mapping[str, Any] | Family) -> Family:
    """Return the family with this name, in this YAML file or mapping, or this one itself.

    >>> family("lost-sales-family").world(0).lanes["supplier"].lead_time.mean
    7.0

    Raises:
        ScenarioError: in one line, for what is missing, is not YAML, or makes no sense as a family.
    """
    if isinstance(which, Family):
        return which
    if isinstance(which, Mapping):
        return _checked({"name": "family", **which})
    path = Path(which)
    if not (isinstance(which, Path) or which.endswith((".yaml", ".yml"))):
        if which not in family_names():
            known = ", ".join(family_names())
            hint = nearest(which, family_names()) or f" (shipped are {known}; a path must end in .yaml)"
            raise ScenarioError(f"unknown family {which!r}{hint}")
        path = file_of(which)
    content = reading.read(path, reading.YAML)
    with at(path.name):
        raw = yaml12.parse(reading.text(content))
        if not isinstance(raw, dict):
            raise ScenarioError(f"must be a mapping, got {quoted(raw)}")
        members = raw.get("family")
        if isinstance(members, dict) and str(members.get("of", "")).endswith((".yaml", ".yml")):
            raw = {**raw, "family": {**members, "of": str(path.parent / members["of"])}}
        return _checked({"name": path.stem, **raw})


def is_family(which: Any) -> bool:
    """Tell whether this is a family, or the name or the file of one, and no scenario."""
    if isinstance(which, Family) or (isinstance(which, Mapping) and "family" in which):
        return True
    if not isinstance(which, str | Path):
        return False
    if str(which) in family_names():
        return True
    path = Path(which)
    if path.suffix not in (".yaml", ".yml") or not path.is_file():
        return False
    try:
        raw = yaml12.parse(reading.text(reading.read(path, reading.YAML)))
    except ScenarioError:  # loading it says what is wrong
        return False
    return isinstance(raw, dict) and "family" in raw


def _checked(raw: Mapping[str, Any]) -> Family:
    """Return a family whose worlds, as far as they can differ, all make sense."""
    try:
        built = Family.model_validate(dict(raw))
    except ValidationError as error:
        raise ScenarioError(sentence(error)) from None
    for key in built.keys:
        if is_label(key):
            raise ScenarioError(f"family.varies.{key}: is a label, which changes nothing (name a key that does)")
    for regime in built.regimes:
        built.world(0, regime)
    built.extremes()
    return built


def _uniform(source: str) -> float:
    """Return a number strictly between 0 and 1 that depends on a text alone."""
    return (int.from_bytes(blake2b(source.encode(), digest_size=8).digest(), "little") + 0.5) / 2.0**64


def _value(varied: Distribution | tuple[Any, ...], uniform: float) -> Any:
    """Return one of the values, or the quantile of the distribution."""
    if not isinstance(varied, Distribution):
        return varied[int(uniform * len(varied))]
    return _number(varied.quantile(uniform))


def _number(value: float) -> float | int:
    return int(value) if float(value).is_integer() else float(value)


def _ends(key: str, varied: list[dict[str, Distribution | tuple[Any, ...]]]) -> list[Any]:
    """Return the least and the greatest value of a key in any regime; of a list that is not of numbers, each value."""
    numbers: list[Any] = []
    others: dict[str, Any] = {}
    for regime in varied:
        each = regime.get(key, ())
        if isinstance(each, Distribution):
            numbers += [each.lowest if np.isfinite(each.lowest) else each.frozen.ppf(1e-9), each.longest]
            continue
        for value in each:
            if isinstance(value, int | float) and not isinstance(value, bool):
                numbers.append(value)
            else:
                others[repr(value)] = value
    ends = [_number(min(numbers)), _number(max(numbers))] if numbers else []
    return [*others.values(), *ends]
