"""Read YAML the way a scientist expects it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from .errors import ScenarioError


class _Loader(yaml.SafeLoader):
    """Reads texts and numbers as YAML 1.2 does, and refuses a key that is written twice.

    PyYAML follows version 1.1, in which 1e3 is a text, the store NO is false and the article 0012 is ten.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(None, None, f"{key.value!r} is written twice", key.start_mark)
                seen.add(key.value)
        return node

    def construct_decimal(self, node: yaml.ScalarNode) -> int:
        return int(node.value)


for _tag, _pattern, _first in [
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", list("-+.0123456789")),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", list("0123456789")),
    ("merge", r"<<", ["<"]),
]:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), _first)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_decimal)


def parse(text: str) -> Any:
    """Return what a YAML text says; raise ScenarioError with the line of what cannot be read."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ScenarioError(f"{line}{error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ScenarioError(" ".join(str(error).split())) from None
