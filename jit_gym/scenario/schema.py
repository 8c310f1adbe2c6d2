"""The JSON Schema of scenario files, with which editors complete and check them."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from .distribution import INFINITE
from .model import Scenario
from .part import meanings


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file, short forms and `extends` included.

    Only `load` checks whether a name exists, which parameters a distribution has, and what a file that extends
    another may leave out.
    """
    schema = vocabulary()
    for part in schema["$defs"].values():
        part["properties"] = {key: _or_null(value) for key, value in part.get("properties", {}).items()}
    return schema


def vocabulary() -> dict[str, Any]:
    """Return the schema of a scenario whose keys may be left out, but must not be null."""
    schema = Scenario.model_json_schema(schema_generator=_Terse)
    needed = [key for key in schema.pop("required") if key != "name"]
    parts, keys = schema.pop("$defs"), schema.pop("properties")
    for part in parts.values():
        part.pop("required", None)
    parts["Distribution"] = {"anyOf": [{"type": "number"}, {"const": INFINITE}, parts["Distribution"]]}
    kit = parts["Demand"]["properties"]["from"]
    kit["anyOf"] = [{"type": "string"}, {key: kit.pop(key) for key in ("type", "additionalProperties")}]
    for table in (*keys.values(), parts["Demand"]["properties"]["regimes"]):
        for pattern, part in table.get("patternProperties", {}).items():
            table["patternProperties"] = {pattern: {"anyOf": [part, {"type": "null"}]}}
            table["additionalProperties"] = False
    extends = "The name or the path of a scenario that this one differs from: mappings merge, null removes."
    return {
        "$schema": _Terse.schema_dialect,
        **schema,
        "anyOf": [{"required": ["extends"]}, {"required": needed}],
        "properties": {"extends": {"type": "string", "description": extends}, **keys},
        "$defs": parts,
    }


def _or_null(value: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a key that may be null: a file removes a key of the one that it extends that way."""
    about: dict[str, Any] = {key: value.pop(key) for key in ("description", "default") if key in value}
    return {"anyOf": [value, {"type": "null"}], **about}


class _Terse(GenerateJsonSchema):
    """A generator that says what each field means, and leaves out titles which only repeat its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: Any) -> Any:
        made = super().model_schema(schema)
        for name, text in meanings(schema["cls"]).items():
            key = schema["cls"].model_fields[name].alias or name
            made["properties"][key]["description"] = text
        return made
