"""What all parts of a scenario share: frozen, strict about names, plain in their complaints."""

from __future__ import annotations

import datetime as dt
import reprlib
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)


class Part(BaseModel):
    """A piece of a scenario: frozen, no unknown keys, finite numbers only."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )

    labels: ClassVar[frozenset[str]] = frozenset({"title"})  # fields that the world does not depend on

    @model_validator(mode="before")
    @classmethod
    def _knows_its_keys(cls, data: Any) -> Any:
        if isinstance(data, dict) and cls.model_config["extra"] == "forbid":
            names = {field.alias or name for name, field in cls.model_fields.items()}
            for key in data:
                if key not in names and key not in cls.model_fields:
                    raise ValueError(f"unknown key {key!r}{nearest(key, names)}")
        return data

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields replaced, checked like any other part."""
        if not update:
            return super().model_copy(deep=deep)
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return self.model_validate({**given, **update})


def meaning(value: Any) -> Any:
    """Return a value as plain JSON that is equal wherever the value means the same.

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
        return float(value) + 0.0  # no minus zero
    return value


def nearest(word: object, known: Iterable[str]) -> str:
    """Return ` (did you mean '...'?)` for the known word nearest to `word`, or nothing if none is near."""
    from rapidfuzz import fuzz, process

    match = process.extractOne(str(word), sorted(known), scorer=fuzz.ratio, score_cutoff=60)
    return f" (did you mean {match[0]!r}?)" if match else ""


def show(value: object) -> str:
    """Return a value as a complaint quotes it: short, on one line, whole numbers without a point."""
    if value is None:
        return "nothing"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, dt.date):
        return value.isoformat()
    return _SHORT.repr(value)


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def says(sentence: str) -> WrapValidator:
    """Let a field of several kinds complain in one sentence, whichever kind the value comes closest to."""

    def validate(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(f"{sentence}, got {show(value)}") from None

    return WrapValidator(validate)
