"""`jit-gym train`: an agent, from its settings to a model."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..common.checks import BadInput
from ..common.executor import Executor
from ..common.text import plain
from .app import app
from .options import (
    On,
    Overrides,
    ProcessCount,
    Request,
    ScenarioName,
    Threads,
    complete_agent,
    executor_of,
    overrides_of,
)
from .progress import announce_compiling, console, print_notes, training_bar, training_words

LOST = 60.0  # seconds after which a training that begins again elsewhere takes the lost one's folder for its own


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
    seeds: Annotated[
        str, typer.Option(metavar="0..4", help="The seeds to train with, one after another or, with --on, together.")
    ] = "0",
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
    on: On = None,
    workers: ProcessCount = None,
    threads: Threads = None,
) -> None:
    """Train an agent on a scenario, and say how it compares with the best rule.

    The same command goes on with its run where it was stopped; other settings begin the run with the next number.
    """
    announce_compiling()
    from ..agents import program, tuned
    from ..agents.learner import settings_of
    from ..evaluation import caveats

    learn, executor = program(agent), executor_of(on, workers)
    request = Request(scenario, set_)
    world, notes = request.world()
    print_notes(notes + caveats(world))
    own = overrides_of(setting) | ({} if budget is None else {"budget": budget})
    settings = settings_of(learn, tuned(agent, world.name), own)
    numbers = seeds_in(seeds)
    from ..agents import curve
    from ..agents.training import Run, Trained, Training, numbered

    first = Run(learn(world, settings, numbers[0]), out / world.name / agent, None, paths, patience, rule_budget)
    folder = numbered(first.folder.resolve() if executor.on != "here" else first.folder, first.config)
    screen, trained = console(), dict[int, Trained]()
    options: dict[str, Any] = {"agent": agent, "budget": budget, "setting": setting, "paths": paths}
    options |= {"patience": patience or None, "rule_budget": rule_budget, "out": None if out == Path("runs") else out}
    wait = 0.0 if executor.on == "here" else LOST
    trainings = [
        Training(
            learn, world, settings, seed, folder / f"seed-{seed}", request.command("train", seeds=seed, **options),
            paths, patience, rule_budget, onnx, wait,
        )
        for seed in numbers
    ]  # fmt: skip

    def arrived(place: int, each: Trained) -> None:
        trained[place] = each
        cost, gap = each.manifest.cost, each.manifest.gap
        screen.print(
            f"seed {each.seed}: cost {cost['mean']:.4g} ({cost['low']:.4g} to {cost['high']:.4g}),"
            f" {gap['percent']:+.2f} % ({gap['low']:+.2f} to {gap['high']:+.2f}) against {gap['rule']}",
            soft_wrap=True,
        )
        if (asked := world.objective.fill_rate) is not None:
            low, high = 100 * cost["fill_rate_low"], 100 * cost["fill_rate_high"]
            screen.print(
                f"  fill rate {100 * cost['fill_rate']:.2f} % ({low:.2f} to {high:.2f}), {100 * asked:g} % asked for"
            )

    _train_all(trainings, executor, f"{agent} {world.name}", learn.unit, arrived)
    runs = [trained[place] for place in sorted(trained)]
    if (rule := next((run.rule for run in runs if run.rule is not None), None)) is not None:
        seen = [run.folder for run in runs]
        picture = curve.plot(folder, seen, agent, rule.policy, -rule.mean("profit"), learn.unit)
        screen.print(f"Learning curve: {plain(str(picture))}", style="dim", soft_wrap=True)
    again = f"jit-gym compare {scenario} agent:{runs[0].folder / 'model.safetensors'}"
    screen.print(f"Play it: {plain(again)}", soft_wrap=True)


def _train_all(trainings: list[Any], executor: Executor, title: str, unit: str, arrived: Any) -> None:
    """Train here, one after another with a bar each, or elsewhere, with the lines of each when it is done."""
    from ..agents.training import train as train_one

    if executor.on == "here":
        for place, training in enumerate(trainings):
            with training_bar(f"{title} seed {training.seed}", unit) as tell:
                trained = train_one(training, tell)
            arrived(place, trained)
        return

    def tell_line(told: tuple[int, Any]) -> None:
        seed, progress = told
        if words := training_words(progress):
            print(f"{title} seed {seed}: {words}", file=sys.stderr, flush=True)

    executor.run(train_one, trainings, progress=tell_line, arrived=arrived)


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
