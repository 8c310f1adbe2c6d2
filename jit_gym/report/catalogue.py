"""List what is shipped, from the files alone: neither scenarios nor rules are loaded to read a line on each."""

from __future__ import annotations

import ast
import re
import sys
from contextlib import suppress
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType
from typing import Any

from ..common.plugins import load_plugins
from ..common.shipped import family_names, file_of, industry_names, names


def scenarios() -> dict[str, str]:
    """Return the title of each scenario."""
    return {name: _title(name) for name in names()}


def industries() -> dict[str, str]:
    """Return the title of each industry, calm and stressed."""
    return {name: _title(name) for name in industry_names()}


def families() -> dict[str, str]:
    """Return the title of each family."""
    return {name: _title(name) for name in family_names()}


def rules() -> dict[str, str]:
    """Return what each rule does, in a line, in the order in which the rules are registered."""
    package = _parsed("__init__")
    homes = {each.name: node.module for node in package if isinstance(node, ast.ImportFrom) for each in node.names}
    registry = next(
        node.value
        for node in package
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "RULES" and node.value is not None
    )
    mentioned = [node.id for node in ast.walk(registry) if isinstance(node, ast.Name) and node.id in homes]
    modules = {homes[each] for each in mentioned}
    classes = {node.name: node for each in modules for node in _parsed(each) if isinstance(node, ast.ClassDef)}
    shipped = {_name(classes[each]): _line(classes[each]) for each in mentioned}
    load_plugins()
    if (policies := sys.modules.get("jit_gym.policies")) is None:  # then no plugin has added a rule
        return shipped
    return shipped | {name: explained(rule()) for name, rule in policies.RULES.items() if name not in shipped}


def agents() -> dict[str, str]:
    """Return for which scenarios each agent is shipped, trained."""
    found: dict[str, list[str]] = {}
    spec = find_spec("jit_gym.agents")  # importing it would load what trains
    folders = (spec.submodule_search_locations or ()) if spec else ()
    for path in sorted(path for folder in folders for path in Path(folder).glob("models/*/*.safetensors")):
        found.setdefault(f"agent:{path.stem}", []).append(path.parent.name)
    paths = sorted(path for folder in folders for path in Path(folder).glob("models/generalist-*.safetensors"))
    kinds = [path.stem.removeprefix("generalist-") for path in paths]
    shipped = {agent: f"trained for {', '.join(scenarios)}" for agent, scenarios in found.items()}
    if kinds:
        shipped["agent:generalist"] = f"plays any single stock without training ({', '.join(kinds)})"
    return shipped


def starter(name: str) -> str:
    """Return a scenario file to begin with: the shipped one of this name, to be changed, or one with comments.

    Of a shipped one it says `extends`, and shows all that can be changed as comments: a variant is its difference.
    """
    kind = "variant" if name in (*names(), *industry_names()) else "starter"
    text = (files("jit_gym.report") / "templates" / f"{kind}.yaml").read_text(encoding="utf-8").replace("NAME", name)
    if kind == "variant":
        lines = file_of(name).read_text(encoding="utf-8").splitlines()
        text += "".join(f"# {line}".rstrip() + "\n" for line in lines if not line.startswith("name:"))
    return text


def _title(name: str) -> str:
    """Return the title in a scenario's file, which is read up to there: to parse all files takes a second."""
    import yaml

    depth, key = 0, None
    with suppress(yaml.YAMLError):  # loading it says what is wrong
        for event in yaml.parse(file_of(name).read_text(encoding="utf-8"), Loader=yaml.SafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth, key = depth + 1, None
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif depth == 1 and isinstance(event, yaml.NodeEvent):
                text = getattr(event, "value", "")  # an alias has none
                if key == "title":
                    return str(text)
                key = text if key is None else None
    return ""


def _parsed(module: str | None) -> list[ast.stmt]:
    """Return the statements of a module of the package `policies`."""
    return ast.parse((files("jit_gym") / "policies" / f"{module}.py").read_text(encoding="utf-8")).body


def _name(rule: ast.ClassDef) -> str:
    """Return what a rule is called, from its line `name: ClassVar[str] = "jit"`."""
    for node in rule.body:
        if (
            isinstance(node, ast.AnnAssign)
            and ast.unparse(node.target) == "name"
            and isinstance(node.value, ast.Constant)
        ):
            return str(node.value.value)
    return ""


def explained(player: Any) -> str:
    """Return what a policy does, in a line: the first paragraph of what its class, or the function itself, says."""
    if isinstance(player, FunctionType):
        return _first(player.__doc__ or "")
    return _first(type(player).__doc__ or "")


def _line(rule: ast.ClassDef) -> str:
    """Return what a rule's class says in a line."""
    return _first(ast.get_docstring(rule) or "")


def _first(text: str) -> str:
    """Return the first paragraph of a docstring, but for the literature that closes it."""
    first = " ".join(text.partition("\n\n")[0].split())
    return re.sub(r"\s*\((?:[^()]|\([^()]*\))*\)\.?$", "", first).rstrip(".").replace("`", "")
