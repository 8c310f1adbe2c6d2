"""The base class of all parts of a scenario: frozen, strict about keys and numbers, with one-line errors."""

from __future__ import annotations

import ast
import datetime as dt
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from ..common.text import nearest, plain, quoted
from . import limits

ENDLESS = 1e300  # refused before fields are validated: above it, many an error message could not be formatted


class InField(ValueError):
    """Tells that one field of a part is wrong: `FIELD: what is wrong`."""


class Part(BaseModel):
    """A piece of a scenario: frozen, no unknown keys, finite numbers only."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )

    labels: ClassVar[frozenset[str]] = frozenset({"title"})  # fields that are left out of the fingerprint
    instead: ClassVar[Mapping[str, str]] = {}  # what to write in place of keys that one may expect
    most: ClassVar[Mapping[str, int]] = {}  # entries that a field may have, where the limit is not PARTS or ENTRIES

    @model_validator(mode="before")
    @classmethod
    def _has_so_many_entries(cls, data: Any) -> Any:
        for key, value in data.items() if isinstance(data, dict) else ():
            if isinstance(value, dict | list | tuple):
                most = cls.most.get(key, limits.PARTS if isinstance(value, dict) else limits.ENTRIES)
                if len(value) > most:
                    raise InField(f"{key}: must have {most:,} entries or less, got {len(value):,}")
        _check_numbers(data, ENDLESS)
        return data

    @model_validator(mode="wrap")
    @classmethod
    def _is_of_a_size(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Refuse numbers above `limits.NUMBER`, after the fields have checked limits of their own."""
        built = handler(data)
        _check_numbers(data, limits.NUMBER)
        return built

    @model_validator(mode="before")
    @classmethod
    def _knows_its_keys(cls, data: Any) -> Any:
        if isinstance(data, dict) and cls.model_config["extra"] == "forbid":
            names = {field.alias or name for name, field in cls.model_fields.items()}
            for key in data:
                if key not in names and key not in cls.model_fields:
                    hint = f" ({cls.instead[key]})" if key in cls.instead else nearest(key, names)
                    raise ValueError(f"unknown key {quoted(key)}{hint}")
        return data

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields replaced, checked like any other part."""
        if not update:
            return super().model_copy(deep=deep)
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return self.model_validate({**given, **update})


def _check_numbers(data: Any, most: float) -> None:
    """Refuse a number in a field, or in its table or list, above `most`; fields themselves refuse infinity and NaN."""
    for place, value in _fields(data):
        if isinstance(value, int | float) and most < abs(value) != float("inf"):
            must = f"{limits.NUMBER:g} or less" if value > 0 else f"{-limits.NUMBER:g} or more"
            raise InField(f"{place}: must be {must}, got {quoted(value)}")


def _fields(data: Any) -> Iterator[tuple[str, Any]]:
    """Yield the place and the value of each field, and of each entry of its table or list."""
    for key, value in data.items() if isinstance(data, dict) else ():
        yield key, value
        if isinstance(value, dict | list | tuple):
            for name, item in value.items() if isinstance(value, dict) else enumerate(value):
                yield f"{key}.{name}", item


def _printable(text: str) -> str:
    if plain(text) != text:
        raise ValueError(f"must have no control characters, got {quoted(text)}")
    return text


Text = Annotated[str, AfterValidator(_printable)]
"""A text without control characters, so that printing it cannot change the state of a terminal."""


@cache
def meanings(part: type[Part]) -> dict[str, str]:
    """Return what each field of a part means: the docstring that stands below it.

    They are read from the source when somebody asks; Pydantic (`use_attribute_docstrings`) reads them at each import,
    which takes a third of it.
    """
    found: dict[str, str] = {}
    for base in reversed(part.__mro__[: part.__mro__.index(Part)]):
        found |= _docstrings(base.__module__).get(base.__qualname__, {})
    return {name: text for name, text in found.items() if name in part.model_fields}


@cache
def _docstrings(module: str) -> dict[str, dict[str, str]]:
    """Return the docstrings that stand below the fields of each class of a module; none where there is no source."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:
        return {}
    return {node.name: dict(_below_fields(node.body)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _below_fields(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield field.target.id, inspect.cleandoc(below.value.value)


def meaning(value: Any) -> Any:
    """Return a value as plain JSON that is the same for values that mean the same.

    Numbers become floats; labels, and fields that hold their default, are left out.
    """
    if isinstance(value, Part):
        given = {
            name: item
            for name, field in type(value).model_fields.items()
            if name not in value.labels
            and (item := getattr(value, name)) != field.get_default(call_default_factory=True)
        }
        return meaning(given | (value.model_extra or {}))
    if isinstance(value, dict):
        return {key: meaning(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [meaning(item) for item in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) + 0.0  # -0.0 becomes 0.0
    return value


def says(sentence: str) -> WrapValidator:
    """Return a validator that replaces the errors of all members of a union by one sentence, with the value."""

    def validate(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(f"{sentence}, got {quoted(value)}") from None

    return WrapValidator(validate)
