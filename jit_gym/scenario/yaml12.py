"""Read YAML 1.2, with limits on nesting and aliases, and errors that name the line."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ..common.text import quoted
from . import limits
from .errors import ScenarioError

_KINDS: dict[str, re.Pattern[str]] = {}
"""The tags that are allowed, and the pattern that a value of each must match."""


class _Loader(yaml.SafeLoader):
    """Reads texts and numbers as YAML 1.2 does, and refuses a key that is written twice.

    PyYAML follows version 1.1, in which 1e3 is a text, the store NO is false and the article 0012 is ten. It also
    expands aliases without limit, recurses as deep as a text is nested, and names no line where a value does not
    match its tag; this loader refuses these with their line.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.nodes, self.depth = 0, 0
        self.sizes: dict[int, int] = {}  # nodes below each anchor, once it is complete

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        alias, before = isinstance(event, yaml.AliasEvent), self.nodes
        self.depth += 1
        if self.depth > limits.DEPTH:
            raise _at(event.start_mark, f"is nested more than {limits.DEPTH} deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        if alias:
            if id(node) not in self.sizes:
                raise _at(event.start_mark, "contains itself")
            self.nodes += self.sizes[id(node)]
        else:
            self.nodes += 1
        if self.nodes > limits.YAML_NODES:
            much = f"{limits.YAML_NODES:,} keys and values"
            raise _at(event.start_mark, f"has more than {much}, what an alias stands for counted each time")
        if event.anchor:
            self.sizes[id(node)] = self.nodes - before
        return node

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if (pattern := _KINDS.get(kind)) and not pattern.match(node.value):
            raise _at(node.start_mark, f"!!{kind} does not fit {quoted(node.value)} (remove the tag)")
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _at(key.start_mark, f"{quoted(key.value)} is written twice")
                seen.add(key.value)
        return node

    def construct_decimal(self, node: yaml.ScalarNode) -> int:
        if len(node.value) > 20:
            raise _at(node.start_mark, f"{quoted(node.value)} is too large a number (is it a name? put it in quotes)")
        return int(node.value)

    def construct_date(self, node: yaml.ScalarNode) -> Any:
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError as error:
            raise _at(node.start_mark, f"there is no date {node.value} ({error})") from None

    def construct_text(self, node: yaml.ScalarNode) -> str:
        text = self.construct_yaml_str(node)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise _at(node.start_mark, f"{quoted(text)} is no text (half of a surrogate pair)")
        return text

    def construct_unknown(self, node: yaml.Node) -> Any:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        raise _at(node.start_mark, f"unknown tag {quoted(tag)} (remove it)")


def _at(mark: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, problem, mark)


for _tag, _pattern, _first in [
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", list("-+.0123456789")),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", list("0123456789")),
    ("merge", r"<<", ["<"]),
]:
    _KINDS[_tag] = re.compile(f"(?:{_pattern})$")
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _KINDS[_tag], _first)
_Loader.yaml_constructors = {
    f"tag:yaml.org,2002:{_tag}": _construct
    for _tag, _construct in {
        "null": yaml.SafeLoader.construct_yaml_null,
        "bool": yaml.SafeLoader.construct_yaml_bool,
        "int": _Loader.construct_decimal,
        "float": yaml.SafeLoader.construct_yaml_float,
        "timestamp": _Loader.construct_date,
        "str": _Loader.construct_text,
        "seq": yaml.SafeLoader.construct_yaml_seq,
        "map": yaml.SafeLoader.construct_yaml_map,
    }.items()
} | {None: _Loader.construct_unknown}


_PLAINER = {
    "but found another document": "begins a second document (a file holds one)",
    "found unhashable key": "has a mapping or a list for a key",
}
"""Messages of PyYAML, and plainer ones that replace them."""


def parse(text: str) -> Any:
    """Return the content of a YAML text; raise ScenarioError with the line of what cannot be read."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        problem = _PLAINER.get(str(error.problem), str(error.problem))
        raise ScenarioError(line + (problem if len(problem) <= 200 else f"{problem[:197]}...")) from None
    except yaml.reader.ReaderError as error:
        line = f"line {text.count(chr(10), 0, error.position) + 1}: "
        raise ScenarioError(f"{line}has the control character {chr(error.character)!r} (remove it)") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ScenarioError(" ".join(str(error).split())) from None
