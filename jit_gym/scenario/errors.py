"""Turn validation errors into one line that names the place, the problem and the value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..common.checks import BadInput
from ..common.text import quoted
from .part import InField


class ScenarioError(BadInput):
    """Tells what is wrong with a scenario: `FILE: PLACE: what is wrong, got VALUE (fix)`."""


@contextmanager
def at(place: str) -> Iterator[None]:
    """Put a place in front of the message of each ScenarioError that is raised inside."""
    try:
        yield
    except ScenarioError as error:
        raise ScenarioError(f"{place}: {error}") from None


# For each type of pydantic's errors, what must be the case; the braces are filled from the error's context.
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
    """Return the first error of a ValidationError in plain words, and how many more there are."""
    details = error.errors(include_url=False)
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return _described(details[0]) + more


def _described(detail: ErrorDetails) -> str:
    kind, place, context = detail["type"], [str(part) for part in detail["loc"]], detail.get("ctx", {})
    if kind == "value_error" and isinstance(context["error"], InField):
        return ".".join([*place, str(context["error"])])
    if kind == "value_error":
        return ": ".join(filter(None, [".".join(place), str(context["error"])]))
    if kind == "missing":
        return ": ".join(filter(None, [".".join(place[:-1]), f"needs {place[-1]!r}"]))
    if place[-1] == "[key]":
        return f"{'.'.join(place[:-2])}: a name must be letters, digits, - and _, got {quoted(detail['input'])}"
    must = _MUST.get(kind) or _MUST.get(kind.split("_")[0])
    what = f"must {must.format(**context)}" if must else detail["msg"].lower()
    return f"{'.'.join(place)}: {what}, got {quoted(detail['input'])}"
