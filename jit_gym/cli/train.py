"""`jit-gym train`: an agent, from its settings to a model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from ..common.checks import BadInput
from ..common.text import plain
from .app import app
from .options import Overrides, Request, ScenarioName, complete_agent, overrides_of
from .progress import announce_compiling, console, print_notes, training_bar


@app.command()
def train(
    scenario: ScenarioName,
    agent: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Who learns: dcl, hindsight, imitate, ppo, ...", autocompletion=complete_agent
        ),
    ],
    set_: Overrides = None,
    seeds: Annotated[str, typer.Option(metavar="0..4", help="The seeds to train with, one after another.")] = "0",
    budget: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="How much to train at most, in the agent's own unit: env steps (ppo, ppo-lstm, dqn, sac, td3),"
            " gradient steps (hindsight), states in each iteration (dcl), rounds (imitate).",
        ),
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Change one of the agent's settings. May be repeated.")
    ] = None,
    paths: Annotated[int, typer.Option(metavar="N", min=2, help="The paths of each evaluation.")] = 512,
    patience: Annotated[
        int, typer.Option(metavar="N", min=0, help="Stop after so many evaluations without a better one; 0: never.")
    ] = 0,
    rule_budget: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Periods played to tune each rule that it is compared with; 0: formulas."
        ),
    ] = 2_000_000,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the runs lie, in SCENARIO/AGENT_1, AGENT_2, ...")
    ] = Path("runs"),
    onnx: Annotated[bool, typer.Option("--onnx", help="Write each model as ONNX, too.")] = False,
) -> None:
    """Train an agent on a scenario, and say how it compares with the best rule.

    The same command goes on with its run where it was stopped; other settings begin the run with the next number.
    """
    announce_compiling()
    from ..agents import program, tuned
    from ..agents.learner import settings_of
    from ..evaluation import caveats

    learn = program(agent)
    request = Request(scenario, set_)
    world, notes = request.world()
    print_notes(notes + caveats(world))
    own = overrides_of(setting) | ({} if budget is None else {"budget": budget})
    settings = settings_of(learn, tuned(agent, world.name), own)
    numbers = seeds_in(seeds)
    from ..agents import curve, export
    from ..agents.training import Run, numbered
    from ..common import files

    folder = out / world.name / agent
    screen, runs = console(), list[Run]()
    for seed in numbers:
        options: dict[str, Any] = {"agent": agent, "seeds": seed, "budget": budget, "setting": setting, "paths": paths}
        options |= {"patience": patience or None, "rule_budget": rule_budget}
        command = request.command("train", **options, out=None if out == Path("runs") else out)
        run = Run(learn(world, settings, seed), folder, command, paths, patience, rule_budget)
        if not runs:
            folder = numbered(folder, run.config)
        run.folder = folder / f"seed-{seed}"
        with training_bar(f"{agent} {world.name} seed {seed}", run):
            model = run.train()
        manifest = model.manifest
        if onnx:
            files.write(run.folder / "model.onnx", export.onnx(model))
        runs.append(run)
        cost, gap = manifest.cost, manifest.gap
        screen.print(
            f"seed {seed}: cost {cost['mean']:.4g} ({cost['low']:.4g} to {cost['high']:.4g}),"
            f" {gap['percent']:+.2f} % ({gap['low']:+.2f} to {gap['high']:+.2f}) against {gap['rule']}",
            soft_wrap=True,
        )
    if (rule := next((run.rule for run in runs if run.rule is not None), None)) is not None:
        seen = [run.folder for run in runs]
        picture = curve.plot(folder, seen, agent, rule.policy, -rule.mean("profit"), learn.unit)
        screen.print(f"Learning curve: {plain(str(picture))}", style="dim", soft_wrap=True)
    again = f"jit-gym compare {scenario} agent:{runs[0].folder / 'model.safetensors'}"
    screen.print(f"Play it: {plain(again)}", soft_wrap=True)


def seeds_in(text: str) -> list[int]:
    """Return the seeds in `0..4` or `0,3,7`."""
    match = re.fullmatch(r"(\d+)\.\.(\d+)", text)
    if match:
        found = list(range(int(match[1]), int(match[2]) + 1))
    elif re.fullmatch(r"\d+(,\d+)*", text):
        found = [int(part) for part in text.split(",")]
    else:
        found = []
    if not found:
        raise BadInput(f"--seeds: must be like 0..4, or 0,3,7, got {text!r}")
    if max(found) >= 1 << 32:  # larger ones are for what agents are judged on
        raise BadInput(f"--seeds: must be less than 2**32, got {max(found)}")
    return found
