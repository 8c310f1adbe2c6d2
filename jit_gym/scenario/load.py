"""Load a scenario: by its name, from a YAML file, or from another scenario, with overrides."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import ValidationError

from ..common.checks import BadInput
from ..common.plugins import register
from ..common.shipped import configs, file_of, industry_names, names, registered, scenario_files, shipped_files
from ..common.text import nearest, quoted
from . import history, limits, reading, yaml12
from .effects import NoEffect, without_effect
from .errors import ScenarioError, at, sentence
from .library import with_shocks
from .model import FAMILIES, UNREAD, Scenario
from .part import Part

Raw = dict[str, Any]
TABLES = {key for key, field in Scenario.model_fields.items() if get_origin(field.annotation) is dict}


def load(scenario: str | Path | Mapping[str, Any] | Scenario, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Return the scenario with this name, in this YAML file, folder or mapping, or this one itself, with overrides.

    An override sets one value, found by its path: `{"lanes.supplier.lead_time": 4}`; None takes the value
    away, which brings its default back. Nested ones, `{"lanes": {"supplier": {"lead_time": 4}}}`, are merged. CSV
    histories are read here: what is returned needs no other file. A file may extend another (`extends: lost-sales`) and
    say only what differs, with null for what is gone.

    >>> load("lost-sales", {"demands.customers.distribution.mu": 7}).demands["customers"].distribution.mean
    7.0

    Warns (`NoEffect`) of each key that does nothing, once. Raises ScenarioError, in one line, for what is missing, is
    not YAML, or makes no sense as a world.
    """
    if isinstance(scenario, Scenario) and not overrides:
        return scenario
    path = _find(scenario, Path()) if isinstance(scenario, str | Path) else None
    raw = _read(path) if path else _extended(_plain(scenario), Path())
    try:
        built = _build(_overridden(raw, overrides or {}))
    except ScenarioError as error:
        in_file = path and _complaint(raw) == str(error)
        raise ScenarioError(f"{path.name}: {error}" if path and in_file else str(error)) from None
    for note in without_effect(built):
        warnings.warn(note, NoEffect, stacklevel=2)
    return built


def variant(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Return a scenario with changes, as `load`, without warnings of what has no effect in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoEffect)
        return load(scenario, changes)


def register_scenarios(folder: str | Path | Traversable) -> None:
    """Make the scenarios in a folder, `NAME.yaml` each, known by their names like those that are shipped.

    Raises:
        BadInput: for a folder without any, or a name that is taken.
    """
    place = Path(folder) if isinstance(folder, str) else folder
    found = scenario_files(place) if place.is_dir() else {}
    if not found:
        raise BadInput(f"scenarios: {str(folder)!r} must be a folder with scenarios in it (NAME.yaml)")
    shipped = scenario_files(configs()) | shipped_files("industries")
    for name, file in found.items():
        if name in shipped:
            raise BadInput(f"scenarios: the name {name!r} is taken (by one that is shipped)")
        register(registered, "scenarios", name, str(file))


def source_of(name: str) -> str:
    """Return the YAML text of a scenario that is shipped, or that a plugin brings."""
    return _find(name, Path()).read_text(encoding="utf-8")


def parse_override(text: str) -> tuple[str, Any]:
    """Return the path and the value in `key=value`, the value written as in YAML.

    >>> parse_override("lanes.supplier.lead_time={name: randint, low: 2, high: 6}")
    ('lanes.supplier.lead_time', {'name': 'randint', 'low': 2, 'high': 6})
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not key:
        raise ScenarioError(f"an override must be written as key=value, got {text!r}")
    with at(key):
        return key, yaml12.parse(value)


def _find(name: str | Path, folder: Path) -> Path:
    """Return the path of a scenario: a file, relative to the folder, the shipped one with this name, or a folder's."""
    if isinstance(name, Path) or name.endswith((".yaml", ".yml")):
        return _inside(folder / name)
    if name not in (known := [*names(), *industry_names()]):
        if name and (inside := _inside(folder / name)) != folder / name:
            return inside
        families = shipped_files("families")
        if name in families:
            raise ScenarioError(f"{name!r} is a family of scenarios, and one scenario is needed ({FAMILIES})")
        hint = nearest(name, [*known, *families]) or f" (shipped are {', '.join(known)}; a path must end in .yaml)"
        raise ScenarioError(f"unknown scenario {name!r}{hint}")
    return file_of(name)


def _inside(path: Path) -> Path:
    """Return the scenario of a folder, as `jit-gym new --demand` writes one; what has none is returned as it is."""
    if not os.path.isdir(path):  # which is False for names that no file can have, too
        return path
    if (own := path / f"{path.resolve().name}.yaml").is_file():
        return own
    found = sorted(path.glob("*.yaml"))
    if len(found) > 1:
        raise ScenarioError(f"{path}: is a folder with {len(found)} scenarios, and one is needed (name the file)")
    return found[0] if found else path


def _read(path: Path, chain: tuple[Path, ...] = ()) -> Raw:
    """Return the content of a scenario file, merged into the scenario that it extends."""
    content = reading.read(path, reading.YAML)
    path = path.resolve()
    with at(path.name):
        if path in chain:
            raise ScenarioError("goes round in a circle")
        if len(chain) >= limits.EXTENDED:
            raise ScenarioError(f"extends {limits.EXTENDED} files, one after another, and no more can be read")
        raw = _plain(_parsed(reading.text(content)))  # a copy
        if not isinstance(raw, dict):
            raise ScenarioError(f"must be a mapping, got {quoted(raw)}")
        raw = {"name": re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem), **raw}
        for each in _histories(raw):
            if isinstance(each.get("file"), str):
                each["file"] = str(path.parent / each["file"])
        return _extended(raw, path.parent, (*chain, path))


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    """Return the content of a YAML text, which must not be changed; to parse is most of the time that loading takes."""
    return yaml12.parse(text)


def _extended(raw: Raw, folder: Path, chain: tuple[Path, ...] = ()) -> Raw:
    """Return a raw scenario merged into the one that it extends."""
    parent = raw.pop("extends", None)
    if parent is None:
        return raw
    with at("extends"):
        if not isinstance(parent, str):
            raise ScenarioError(f"must be the name or the path of a scenario, got {quoted(parent)}")
        return _merge(_read(_find(parent, folder), chain), raw)


def _merge(base: Raw, new: Raw) -> Raw:
    """Return the base with the new values: mappings are merged, null removes a key, anything else replaces the value.

    A distribution with another name replaces the old one, since it has other parameters.
    """
    merged = dict(base)
    for key, value in new.items():
        old = merged.get(key)
        if value is None and key in merged:
            del merged[key]
        elif isinstance(value, dict) and isinstance(old, dict):
            name = value.get("name")
            other = isinstance(name, str) and name != old.get("name") and key != "where"
            merged[key] = value if other else _merge(old, value)
        else:
            merged[key] = value
    return merged


def _overridden(raw: Raw, overrides: Mapping[str, Any]) -> Raw:
    """Return a copy of a raw scenario with the values of the overrides at their paths."""
    copy: Raw = _plain(raw)
    nested = {key: value for key, value in overrides.items() if "." not in key and isinstance(value, Mapping)}
    overrides = {key: value for key, value in overrides.items() if key not in nested}
    for key in (*nested, *overrides):
        first, *_ = key.split(".")
        if first not in Scenario.model_fields:
            raise ScenarioError(f"{key}: unknown key {quoted(first)}{nearest(first, Scenario.model_fields)}")
    copy = _merge(copy, _plain(nested))
    for key, value in overrides.items():
        first, *_ = *parents, last = key.split(".")
        if len(parents) > limits.DEPTH:
            raise ScenarioError(f"{quoted(key)}: is nested more than {limits.DEPTH} deep")
        here = copy
        for depth, part in enumerate(parents):
            if depth == 1 and part not in here and first in TABLES:
                _check_new(key, here, overrides)
            if not isinstance(here.get(part), dict):
                here[part] = {}
            here = here[part]
        if value is None and last in here:
            del here[last]
        else:
            here[last] = _plain(value)
    return copy


def _check_new(key: str, known: Raw, overrides: Mapping[str, Any]) -> None:
    """Refuse an override in an entry that does not exist, unless all overrides together make a complete entry.

    A stock, a supplier or a route has no required keys: it is accepted where another override names it, and is taken
    for a typing error elsewhere.
    """
    table, name, *_ = key.split(".")
    place = f"{table}.{name}"
    given = {other.split(".")[2]: value for other, value in overrides.items() if other.startswith(f"{place}.")}
    given = {field: value for field, value in given.items() if value is not None}
    needs = _needs(table)
    missing = [field for field in needs if field not in given and not set(given) & set(_INSTEAD.get(field, ()))]
    named = any(name in str(value) for other, value in overrides.items() if not other.startswith(f"{place}."))
    if given and not missing and (needs or named):
        return
    if (hint := nearest(name, known)) or not needs or not set(given) <= _fields(table):
        raise ScenarioError(f"{key}: unknown {table.removesuffix('s')} {quoted(name)}{hint}")
    values = {field: overrides.get(f"{place}.{field}") for field in given}
    like = {field: f"{value:g}" for field, value in values.items() if isinstance(value, int | float)}
    written = ", ".join(f"{field}: {(_LIKE | like).get(field, '...')}" for field in [*missing, *given])
    *others, last = map(repr, missing)
    too = f"{', '.join(others)}{' and ' if others else ''}{last}{' too' if given else ''}"
    raise ScenarioError(f"{place}: needs {too} (write --set '{place}={{{written}}}')")


_INSTEAD = {"distribution": ("history", "regimes"), "starts": ("shock",), "lasts": ("shock",)}
_LIKE = {"hits": "[...]", "starts": "{...}", "distribution": "{...}"}


def _fields(table: str) -> set[str]:
    """Return the keys of an entry of a table."""
    _, kind = get_args(Scenario.model_fields[table].annotation)
    return {field.alias or name for name, field in kind.model_fields.items()}


def _needs(table: str) -> list[str]:
    """Return the required keys of an entry of a table."""
    _, kind = get_args(Scenario.model_fields[table].annotation)
    needed = [field.alias or name for name, field in kind.model_fields.items() if field.is_required()]
    return [*needed, "distribution"] if table == "demands" else needed


def _complaint(raw: Raw) -> str:
    """Return the error message of a raw scenario, or an empty text."""
    try:
        _build(_plain(raw))
    except ScenarioError as error:
        return str(error)
    return ""


def _build(raw: Raw) -> Scenario:
    """Return the scenario of a raw one; its horizon is by default the length of its shortest history."""
    raw = with_shocks(raw)
    try:
        if not any(True for _ in _histories(raw)):
            return Scenario.model_validate(raw)
        draft = Scenario.model_validate(raw, context=UNREAD)
        past = {name: demand.history for name, demand in draft.demands.items() if demand.history}
        for name, each in past.items():
            if each.values is None:
                with at(f"demands.{name}.history"):
                    raw["demands"][name]["history"] = history.read(each, draft.horizon)
        if past and "periods" not in draft.horizon.model_fields_set:
            shortest = min(len(raw["demands"][name]["history"]["values"]) for name in past)
            raw["horizon"] = {**raw.get("horizon", {}), "periods": shortest}
        return Scenario.model_validate(raw)
    except ValidationError as error:
        raise ScenarioError(sentence(error)) from None


def _histories(raw: Raw) -> Iterator[Raw]:
    """Yield the histories of a raw, unchecked scenario."""
    demands = raw.get("demands")
    for demand in demands.values() if isinstance(demands, dict) else ():
        each = demand.get("history") if isinstance(demand, dict) else None
        if isinstance(each, dict):
            yield each


def _plain(value: Any, depth: int = 0) -> Any:
    """Return a deep copy of a value as dicts, lists and numbers."""
    if depth > limits.DEPTH:
        raise ScenarioError(f"is nested more than {limits.DEPTH} deep")
    if isinstance(value, Part):
        value = value.model_dump(exclude_unset=True)
    if isinstance(value, Mapping):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value  # NumPy scalars and arrays
