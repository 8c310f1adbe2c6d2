"""`jit-gym record`: what a policy does, as a data set to learn from offline."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ..common.text import plain
from .app import app
from .options import (
    AsJson,
    Overrides,
    Request,
    ScenarioName,
    Threads,
    Trust,
    complete_policy,
    saved_policy,
)
from .progress import announce_compiling, console, print_notes


@app.command()
def record(
    scenario: ScenarioName,
    policy: Annotated[
        str,
        typer.Argument(
            metavar="POLICY",
            help="Who plays: a name, with parameters or without, as compare takes it.",
            autocompletion=complete_policy,
        ),
    ],
    set_: Overrides = None,
    episodes: Annotated[int, typer.Option(metavar="N", min=1, help="How many episodes.")] = 100,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="The seed of the first episode; the next has the next seed.")
    ] = 0,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The folder of data sets, as MINARI_DATASETS_PATH names it.")
    ] = Path("datasets"),
    name: Annotated[
        str | None, typer.Option(metavar="SHOP/NAME-v0", help="The data set's name, by default SCENARIO/POLICY-v0.")
    ] = None,
    units: Annotated[
        str, typer.Option(metavar="UNITS", help="Of observations and actions: mean-demand, or raw.")
    ] = "mean-demand",
    most_ordered: Annotated[
        float, typer.Option(metavar="PERIODS", min=1, help="The most that an action orders, in periods of use.")
    ] = 2.0,
    rewards: Annotated[str, typer.Option(metavar="UNIT", help="Of rewards: scaled, or money.")] = "scaled",
    infos: Annotated[bool, typer.Option("--infos", help="Write costs and flows of each step, too.")] = False,
    trust: Trust = False,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Record what a policy sees, does and earns, as a data set that Minari reads."""
    announce_compiling()
    from ..evaluation import record as write

    world, notes = Request(scenario, set_).world()
    print_notes(notes)
    asked: dict[str, Any] = {"units": units, "most_ordered": most_ordered, "rewards": rewards, "infos": infos}
    made = write(saved_policy(policy, world, trust), world, out, episodes=episodes, seed=seed, name=name, **asked)
    returns = [float(each) for each in made.returns]
    if as_json:
        print(json.dumps(asdict(made) | {"folder": str(made.folder), "returns": returns}, indent=2))
        return
    if made.cut:
        cut = f"{100 * made.cut:.2g} % of orders were more than an action can order, and cut to the most"
        print_notes([f"{cut} (--most-ordered {2 * most_ordered:g} allows more)"])
    screen = console()
    screen.print(
        f"{made.episodes:,} episodes, {made.steps:,} steps, {sum(returns) / len(returns):.4g} of reward an episode",
        soft_wrap=True,
    )
    read = f'MINARI_DATASETS_PATH={shlex.quote(str(out))}, minari.load_dataset("{made.dataset_id}")'
    screen.print(f"Read it: {plain(read)}", style="dim", soft_wrap=True)
