"""`jit-gym show`: what the world of a scenario is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..common.checks import BadInput
from .app import app
from .families import show_family
from .options import Overrides, Request, complete_scenario
from .progress import console, print_notes

if TYPE_CHECKING:
    from ..scenario import Scenario


@app.command()
def show(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="SCENARIO", help="A shipped scenario, or the path of a YAML file.", autocompletion=complete_scenario
        ),
    ] = None,
    set_: Overrides = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.svg",
            help="Draw who orders what from whom into a file; FILE.html is a page that says it in words, too.",
        ),
    ] = None,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print it as YAML: complete, with nothing left to look up.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of scenarios, for editors.")] = False,
    vocabulary: Annotated[
        bool, typer.Option("--reference", help="Print all that a scenario can say, and what it means, in Markdown.")
    ] = False,
) -> None:
    """Show what the world of a scenario is, or what varies in a family."""
    if sum([as_yaml, as_json, schema, vocabulary, picture is not None]) > 1:
        raise BadInput("only one of --yaml, --json, --schema, --reference and --picture can be shown")
    from ..scenario import is_family, json_schema

    if schema:
        print(json.dumps(json_schema(), indent=2))
        return
    if vocabulary:
        from ..report.reference import reference

        print(reference(), end="")
        return
    if scenario is None:
        raise BadInput("which SCENARIO? (jit-gym list names those that are shipped)")
    if picture is not None:
        _draw(scenario, set_, picture)
        return
    if is_family(scenario):
        show_family(scenario, set_, as_yaml=as_yaml, as_json=as_json)
        return
    from ..report.provenance import yaml_of

    request = Request(scenario, set_)
    world, notes = request.world()
    print_notes(notes)
    if as_yaml:
        print(yaml_of(world), end="")
    elif as_json:
        print(json.dumps(world.resolved, indent=2))
    else:
        print_world(world)


def _draw(scenario: str, set_: list[str] | None, path: Path) -> None:
    """Draw the network of a scenario, or of the one that a family varies, into a file."""
    from ..common.text import plain
    from ..report import network
    from ..scenario import family, is_family

    network.check(path)
    request = Request(scenario, set_)
    if is_family(scenario):
        if set_:
            raise BadInput("--set: does not change the network of a family (draw the scenario that it varies)")
        world = family(scenario).base
    else:
        world, notes = request.world()
        print_notes(notes)
    network.write(world, path, request.command("show", picture=path))
    console().print(f"Picture: {plain(str(path))}", style="dim", soft_wrap=True)


def print_world(scenario: Scenario) -> None:
    """Print all that a world holds, a line each."""
    from rich.padding import Padding
    from rich.text import Text

    from ..report.world import world

    out, horizon = console(), scenario.horizon
    out.print(Text(scenario.title or scenario.name, "bold"))
    if scenario.description:
        out.print(Text(" ".join(scenario.description.split())))
    starts = f" from {horizon.starts}" if horizon.starts else ""
    out.print(Text(f"\n{scenario.name}: {horizon.periods:,} {horizon.period}s{starts}, {scenario.units} units", "dim"))
    for table, things in world(scenario).items():
        out.print(Text(f"\n{table.capitalize()}", "bold"))
        for thing in things:
            title = f" ({thing.title})" if thing.title else ""
            says = ", ".join(f"{label} {value}" for label, value in thing.says.items())
            line = Text.assemble((thing.name, "bold cyan"), (title, "dim"), (": " if says else "") + says)
            out.print(Padding(line, (0, 0, 0, 2), expand=False))
    if scenario.policies:
        out.print(Text.assemble(("\nPolicies ", "bold"), ", ".join(scenario.policies)))
    out.print(Text(f"\nfingerprint {scenario.fingerprint}", "dim"))
