"""Say in one line what is wrong with a scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .part import InField, plain, show

SEEDS = 1 << 128  # a seed is less


class BadInput(ValueError):
    """Tells, in one line, what of that which somebody wrote cannot be used, and how to mend it."""


class ScenarioError(BadInput):
    """Tells what is wrong with a scenario: `FILE: PLACE: what is wrong, got VALUE (fix)`."""


def check_count(name: str, value: Any, least: int, most: int | None = None) -> None:
    """Refuse an argument that is not a whole number from `least` up, to `most` where one is given."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise BadInput(f"{name}: must be a whole number, {least} or more, got {value!r}")
    if most is not None and value > most:
        raise BadInput(f"{name}: must be {most:,} or less, got {value!r}")


def check_seed(seed: Any, name: str = "seed") -> int:
    """Return a seed as a plain number; refuse what is not a whole one from 0 to 2**128 - 1.

    Gymnasium draws seeds of 128 bits where it is given none.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise BadInput(f"{name}: must be a whole number, 0 or more, got {show(seed)}")
    if not 0 <= seed < SEEDS:
        raise BadInput(f"{name}: must be 0 or more and less than 2**128, got {show(seed)}")
    return int(seed)


def check_seeds(seeds: Any, rows: int, each: str, *, gaps: bool = False) -> list[Any]:
    """Return a list of seeds, one for each of some rows; None may stand for no seed where `gaps` are allowed."""
    if isinstance(seeds, str | bytes) or not isinstance(seeds, Sequence | np.ndarray):
        raise BadInput(f"seed: must be one whole number, or one for each {each}, got {show(seeds)}")
    if len(seeds) != rows:
        raise BadInput(f"seed: must be one number, or {rows}, one a {each}; got {len(seeds)}")
    some = [seed for seed in seeds if seed is not None] if gaps else list(seeds)
    if set(map(type, some)) == {int} and min(some) >= 0 and max(some) < SEEDS:
        return list(seeds)  # quick, as the rows of a batch are many
    return [None if gaps and seed is None else check_seed(seed, f"seed[{k}]") for k, seed in enumerate(seeds)]


def one_line(error: Exception) -> str:
    """Return what an error of a library says, short and in one line."""
    text = plain(" ".join(str(error).split())) or type(error).__name__
    return text if len(text) <= 150 else f"{text[:147]}..."


@contextmanager
def at(place: str) -> Iterator[None]:
    """Say where it is that something goes wrong inside."""
    try:
        yield
    except ScenarioError as error:
        raise ScenarioError(f"{place}: {error}") from None


# What must be, for each kind of pydantic's errors; the braces are filled from the error's context.
_MUST = {
    "bool_parsing": "be true or false",
    "bool_type": "be true or false",
    "date": "be a date such as 2024-12-31",
    "dict_type": "be a mapping",
    "extra_forbidden": "be given under one name only",
    "finite_number": "be a finite number",
    "float": "be a number",
    "greater_than": "be more than {gt:,.12g}",
    "greater_than_equal": "be {ge:,.12g} or more",
    "int": "be a whole number",
    "less_than": "be less than {lt:,.12g}",
    "less_than_equal": "be {le:,.12g} or less",
    "list_type": "be a list",
    "literal_error": "be {expected}",
    "model": "be a mapping",
    "string_pattern_mismatch": "be letters, digits, - and _",
    "string_type": "be a text",
    "too_short": "have {min_length} or more entries",
    "tuple_type": "be a list",
}


def sentence(error: ValidationError) -> str:
    """Return the first complaint of a validation error in plain words, and how many more there are."""
    details = error.errors(include_url=False)
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return _complaint(details[0]) + more


def _complaint(detail: ErrorDetails) -> str:
    kind, place, context = detail["type"], [str(part) for part in detail["loc"]], detail.get("ctx", {})
    if kind == "value_error" and isinstance(context["error"], InField):
        return ".".join([*place, str(context["error"])])
    if kind == "value_error":
        return ": ".join(filter(None, [".".join(place), str(context["error"])]))
    if kind == "missing":
        return ": ".join(filter(None, [".".join(place[:-1]), f"needs {place[-1]!r}"]))
    if place[-1] == "[key]":
        return f"{'.'.join(place[:-2])}: a name must be letters, digits, - and _, got {show(detail['input'])}"
    must = _MUST.get(kind) or _MUST.get(kind.split("_")[0])
    what = f"must {must.format(**context)}" if must else detail["msg"].lower()
    return f"{'.'.join(place)}: {what}, got {show(detail['input'])}"
