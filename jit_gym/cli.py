"""The command `jit-gym`: list, show, compare, tune, solve, bound, train, new."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from .scenario import BadInput, NoEffect, Scenario, ScenarioError, json_schema, load, parse_override
from .scenario.part import plain
from .scenario.window import window
from .scenario.yaml12 import parse

if TYPE_CHECKING:
    from rich.console import Console


UsageError: Any = typer.BadParameter.__base__  # wherever this version of typer keeps it
EFFORT = 20_000_000  # periods of one lane that `compare` plays when nobody says how many paths: some seconds


class _Plain(TyperGroup):
    """Answers whatever goes wrong with one line on stderr and a status, never with a traceback."""

    def main(self, args: Sequence[str] | None = None, *more: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run a command: status 2 for bad input, 130 for Ctrl-C."""
        try:
            status = super().main(args, *more, **{**extra, "standalone_mode": False})
            sys.stdout.flush()
        except UsageError as error:
            command = error.ctx.command_path if error.ctx else "jit-gym"
            status = _refuse(f"{error.format_message().rstrip('.')} (see {command} --help)")
        except BrokenPipeError:  # whoever read has gone, and wants no more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 1
        except OSError as error:
            status = _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        except (BadInput, MemoryError) as error:
            status = _refuse(str(error) or "this is too large for the memory (try fewer paths or periods)")
        except (KeyboardInterrupt, typer.Abort):
            status = 130
        if standalone_mode:
            sys.exit(status)
        return status

    def invoke(self, ctx: Any) -> Any:
        """Run a command; where a file ends too early, Typer would take that for Ctrl-D."""
        try:
            return super().invoke(ctx)
        except EOFError:
            raise BadInput("a file ends before its time, and may be damaged") from None
        except ModuleNotFoundError as error:
            if (error.name or "jit_gym").startswith("jit_gym"):
                raise
            raise BadInput(f"the package {error.name} is missing (pip install 'jit-gym[train]')") from None


def _refuse(reason: str) -> int:
    print(f"jit-gym: {plain(' '.join(reason.split()))}", file=sys.stderr)
    return 2


app = typer.Typer(
    cls=_Plain,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _scenarios(incomplete: str) -> list[str]:
    """Complete a scenario in a shell: those that are shipped, and the YAML files beside."""
    from .scenario import names

    return [*names(), *_beside(incomplete, ".yaml")]


def _policies(incomplete: str) -> list[str]:
    """Complete a policy in a shell: the rules, the agents that are shipped, and saved optima."""
    from .report import catalogue

    return [*catalogue.rules(), *catalogue.agents(), *_beside(incomplete, ".npz")]


def _programs() -> list[str]:
    """Complete an agent to train in a shell."""
    from .agents import PROGRAMS

    return list(PROGRAMS)


def _beside(incomplete: str, suffix: str) -> list[str]:
    folder = Path(incomplete + "x").parent  # of what is typed so far
    return [str(path) for path in sorted(folder.glob(f"*{suffix}"))] if folder.is_dir() else []


Name = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO", help="A shipped scenario, or the path of a YAML file.", autocompletion=_scenarios
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a value, as in lanes.supplier.lead_time=6. May be repeated."
    ),
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="The seed of all chance.")]
HistoryFile = Annotated[
    Path | None,
    typer.Option("--history", metavar="FILE.csv", help="Your own sales, in place of the scenario's demand."),
]
Value = Annotated[str | None, typer.Option("--value", metavar="COLUMN", help="The column with the quantity.")]
Date = Annotated[str | None, typer.Option("--date", metavar="COLUMN", help="The column to sort by.")]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="COLUMN=VALUE", help="Keep only such rows. May be repeated."),
]
Whose = Annotated[
    str | None,
    typer.Option("--demand", metavar="NAME", help="Whose history it is, if there are several demands."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"jit-gym {version('jit_gym')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def jit_gym(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Just-in-time inventory control: compare replenishment policies on worlds that can go wrong.

    Begin with: jit-gym compare aisin-1997
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the scenarios that are shipped, and the policies."""
    from .report import catalogue

    scenarios, rules, agents = catalogue.scenarios(), catalogue.rules(), catalogue.agents()
    if as_json:
        print(json.dumps({"scenarios": scenarios, "policies": rules, "agents": agents}, indent=2))
        return
    console = _console()
    for title, entries, hint in (
        ("Scenarios", scenarios, "jit-gym show NAME tells more, jit-gym new NAME starts your own."),
        ("Policies", rules, "Parameters that are not given come from formulas: base-stock, or base-stock(level=25)."),
        ("Agents", agents, "Policies that were learned; jit-gym train SCENARIO --agent NAME trains your own."),
    ):
        console.print(title, style="bold")
        _print_pairs(console, entries)
        console.print(hint, style="dim")
        console.print()


@app.command()
def show(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="SCENARIO", help="A shipped scenario, or the path of a YAML file.", autocompletion=_scenarios
        ),
    ] = None,
    set_: Set = None,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print it as YAML: complete, with nothing left to look up.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of scenarios, for editors.")] = False,
    vocabulary: Annotated[
        bool, typer.Option("--reference", help="Print all that a scenario can say, and what it means, in Markdown.")
    ] = False,
) -> None:
    """Show what the world of a scenario is."""
    if sum([as_yaml, as_json, schema, vocabulary]) > 1:
        raise BadInput("only one of --yaml, --json, --schema and --reference can be shown")
    if schema:
        print(json.dumps(json_schema(), indent=2))
        return
    if vocabulary:
        from .report.reference import reference

        print(reference(), end="")
        return
    if scenario is None:
        raise BadInput("which SCENARIO? (jit-gym list names those that are shipped)")
    from .report.provenance import yaml_of

    with _warnings() as notes:
        world = load(scenario, _overrides(set_))
    _print_notes(notes)
    if as_yaml:
        print(yaml_of(world), end="")
    elif as_json:
        print(json.dumps(world.resolved, indent=2))
    else:
        _print_world(world)


@app.command()
def compare(
    scenario: Name,
    policies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POLICY",
            help="Names, with parameters or without: jit 'base-stock(level=25)'. The first is what the others are"
            " compared with. By default those that the scenario names.",
            autocompletion=_policies,
        ),
    ] = None,
    set_: Set = None,
    paths: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="How many times to play, by default what takes some seconds (at most 1024)."
        ),
    ] = None,
    periods: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many periods count; by default the scenario's.")
    ] = None,
    warmup: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="How many periods are played before those; by default some where the world has a long run, else none.",
        ),
    ] = None,
    seed: Seed = 0,
    tuned: Annotated[
        bool, typer.Option("--tuned", help="Tune each rule first, all with the same number of periods played.")
    ] = False,
    budget: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="With --tuned: how many periods may be played to tune each rule."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="Also show figures by demand, stock or lane, or by item: all three."),
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(metavar="PERCENT", min=0, max=99, help="Smaller differences count as practically the same."),
    ] = 0.5,
    history: HistoryFile = None,
    value: Value = None,
    date: Date = None,
    where: Where = None,
    demand: Whose = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Where to write the report, by default reports/SCENARIO.html."),
    ] = None,
    no_gap: Annotated[
        bool, typer.Option("--no-gap", help="Do not look for an optimum or a bound to compare with.")
    ] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no report.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as JSON; no report unless --report is given.")
    ] = False,
) -> None:
    """Compare policies on the same chance, and write a report."""
    _tell_of_compiling()
    from .evaluate import compare as play
    from .evaluate import named
    from .evaluate.rollout import is_certain
    from .evaluate.tuning import tuning_budget
    from .report import files, items

    if report is not None and no_report:
        raise BadInput("--report and --no-report exclude each other")
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise BadInput(f"--report: must end in .html, got {str(report)!r}")
    if budget is not None and not tuned:
        raise BadInput("--budget: is for tuning the rules first (add --tuned)")
    if by is not None:
        items.kinds(by)

    with _warnings() as notes:
        overrides = _overrides(set_)
        overrides |= _own_history(scenario, overrides, history, value, date, where, demand)
        world = load(scenario, overrides)
    names = [name for text in policies or () for name in _several(text)]
    asked: tuple[Any, ...] = names, set_, paths, periods, warmup, seed, tuned, budget, threshold != 0.5 and threshold
    asked += history, value, date, where, demand, no_gap
    players = named([_saved(name, world) for name in names] or None, world)
    counted, warmed = window(world, periods, warmup)
    work = len(players) * (warmed + counted)
    if paths is None:
        paths = 1 if is_certain(world, warmed + counted) else _affordable(work * len(world.lanes))
    tuning = (budget or tuning_budget(world)) if tuned else False
    target = None if no_report or (as_json and report is None) else report or _report_of(world, asked)
    if target is not None:
        files.check(target)

    _print_notes(notes)
    with _progress(work * paths + len(players) * tuning, quiet=as_json) as tick:
        comparison = play(
            players,
            world,
            paths=paths,
            periods=periods,
            warmup=warmup,
            seed=seed,
            gap=not no_gap,
            tuned=tuning,
            threshold=threshold / 100,
            progress=tick,
        )

    options: dict[str, Any] = {
        "set": set_,
        "history": history,
        "value": value,
        "date": date,
        "where": where,
        "demand": demand,
    }
    options |= {"paths": paths, "periods": counted, "warmup": warmed, "seed": seed}
    options |= {"budget": tuning or None, "threshold": None if threshold == 0.5 else threshold}
    flags = (" --tuned" if tuned else "") + (" --no-gap" if no_gap else "")
    command = _command("compare", scenario, *names, **options) + flags
    with _waiting("looking for the optimum or a bound", quiet=as_json):
        _ = comparison.distance
    console = _console()
    if as_json:
        from .report.numbers import document

        print(json.dumps(document(comparison, command, notes), indent=2, allow_nan=False))
    else:
        from .report import table

        table.show(comparison, console, by)
    if target is None:
        return
    from .report import page

    with _waiting("drawing the report", quiet=as_json):
        page.write(comparison, target, command=command, notes=notes, indexed=report is None)
    if not as_json:
        console.print(f"Report: {plain(str(target))}", style="dim", soft_wrap=True)


@app.command()
def tune(
    scenario: Name,
    policy: Annotated[
        str,
        typer.Argument(
            metavar="POLICY",
            help="A name; parameters that are given stay as they are: 's-S(s=17)'.",
            autocompletion=_policies,
        ),
    ],
    set_: Set = None,
    seed: Seed = 0,
    budget: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="How many periods may be played in all; by default some seconds' worth."),
    ] = None,
    periods: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="How many periods count; by default the long run, or the horizon."),
    ] = None,
    warmup: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="How many periods are played before those.")
    ] = None,
    history: HistoryFile = None,
    value: Value = None,
    date: Date = None,
    where: Where = None,
    demand: Whose = None,
    as_json: Json = False,
) -> None:
    """Find the parameters of a policy that do best, by simulation."""
    _tell_of_compiling()
    from .evaluate import compare, tuning
    from .report import tuned

    with _warnings() as notes:
        overrides = _overrides(set_)
        overrides |= _own_history(scenario, overrides, history, value, date, where, demand)
        world = load(scenario, overrides)
    search = tuning.prepare(policy, world, seed=seed, budget=budget, periods=periods, warmup=warmup)
    _print_notes(notes)
    with _progress(search.budget, quiet=as_json) as tick:
        best = search.winner(tick)
    fresh = {"periods": best.tuning.periods, "warmup": best.tuning.warmup, "seed": best.tuning.seed}
    played = compare([best], world, paths=min(best.tuning.paths, 256), **fresh)
    with _waiting("looking for the optimum or a bound", quiet=as_json):
        _ = played.distance

    options: dict[str, Any] = {"set": set_, "seed": seed, "budget": budget, "periods": periods, "warmup": warmup}
    options |= {"history": history, "value": value, "date": date, "where": where, "demand": demand}
    if as_json:
        command = _command("tune", scenario, policy, **options)
        print(json.dumps(tuned.document(best, played, command, notes), indent=2, allow_nan=False))
        return
    again = {name: options[name] for name in ("set", "history", "value", "date", "where", "demand")}
    tuned.show(best, played, _command("compare", scenario, "jit", str(best), **again), _console())


@app.command()
def solve(
    scenario: Name,
    policies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POLICY",
            help="Policies whose cost is computed too, exactly: 'base-stock(level=25)'.",
            autocompletion=_policies,
        ),
    ] = None,
    set_: Set = None,
    most_ordered: Annotated[
        float | None,
        typer.Option(metavar="UNITS", min=0, help="What a lane orders at most; by default what pays."),
    ] = None,
    most_states: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many states to look at before giving up.")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="Where to save the optimal policy; compare plays it by this name."),
    ] = None,
    history: HistoryFile = None,
    value: Value = None,
    date: Date = None,
    where: Where = None,
    demand: Whose = None,
    as_json: Json = False,
) -> None:
    """Compute the optimal policy and its cost, where the states are few enough."""
    _tell_of_compiling()
    from .evaluate import caveats
    from .report import files
    from .theory import exact_cost
    from .theory import solve as optimise

    if save is not None:
        if save.suffix != ".npz":
            raise BadInput(f"--save: must end in .npz, got {str(save)!r}")
        files.check(save)
    own: dict[str, Any] = {"history": history, "value": value, "date": date, "where": where, "demand": demand}
    with _warnings() as notes:
        overrides = _overrides(set_)
        world = load(scenario, overrides | _own_history(scenario, overrides, *own.values()))
    names = [name for text in policies or () for name in _several(text)]
    limits: dict[str, Any] = {} if most_states is None else {"most_states": most_states}
    notes += caveats(world)
    _print_notes(notes)
    with _telling(quiet=as_json) as tell:
        optimum = optimise(world, most_ordered=most_ordered, progress=tell, **limits)
        costs = [exact_cost(_saved(name, world), world, progress=tell, **limits) for name in names]
    if save is not None:
        files.write(save, optimum.policy.data)
    options = {"set": set_, **own, "most-ordered": most_ordered, "most-states": most_states, "save": save}
    command = _command("solve", scenario, *names, **options)
    from .report import optima

    if as_json:
        print(json.dumps(optima.document(optimum, costs, command, notes), indent=2, allow_nan=False))
        return
    console = _console()
    optima.show(optimum, costs, console)
    if save is not None:
        console.print(f"Policy: {plain(str(save))}", style="dim", soft_wrap=True)


@app.command()
def bound(
    scenario: Name,
    set_: Set = None,
    paths: Annotated[int, typer.Option(metavar="N", min=1, help="On how many paths.")] = 256,
    periods: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many periods count; by default the scenario's.")
    ] = None,
    warmup: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="How many periods are played before those; by default as for compare."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="The seed of all chance.")] = 0,
    nodes: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Nodes of the search for whole numbers on each path, by default 100."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(metavar="N", hidden=True)] = None,
    relaxed: Annotated[
        bool, typer.Option("--relaxed", help="Relax fixed costs, batches, least orders and vehicles to shares: quick.")
    ] = False,
    history: HistoryFile = None,
    value: Value = None,
    date: Date = None,
    where: Where = None,
    demand: Whose = None,
    as_json: Json = False,
) -> None:
    """Compute what somebody would pay at least who knew all chance in advance: nobody can do better."""
    _tell_of_compiling()
    from .evaluate import caveats
    from .report import bounds
    from .theory import clairvoyant

    own: dict[str, Any] = {"history": history, "value": value, "date": date, "where": where, "demand": demand}
    with _warnings() as notes:
        overrides = _overrides(set_)
        world = load(scenario, overrides | _own_history(scenario, overrides, *own.values()))
    periods, warmup = window(world, periods, warmup)
    notes += caveats(world, periods=periods)
    _print_notes(notes)
    options: dict[str, Any] = {"paths": paths, "periods": periods, "warmup": warmup, "seed": seed} | (
        {} if nodes is None else {"nodes": nodes}
    )
    if seconds is not None:
        _print_notes(["--seconds does nothing any more, for a bound is the same on any machine (--nodes does)"])
    with _progress(paths, quiet=as_json, unit=" paths") as tick:
        found = clairvoyant(world, whole=not relaxed, progress=tick, **options)
    command = _command("bound", scenario, **{"set": set_, **own, **options}) + (" --relaxed" if relaxed else "")
    if as_json:
        print(json.dumps(bounds.document(found, command, notes), indent=2, allow_nan=False))
    else:
        bounds.show(found, _console())


@app.command()
def train(
    scenario: Name,
    agent: Annotated[
        str,
        typer.Option(metavar="NAME", help="Who learns: dcl, hindsight, imitate, ppo, ...", autocompletion=_programs),
    ],
    set_: Set = None,
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
    _tell_of_compiling()
    from .agents import program, tuned
    from .agents.learner import settings_of
    from .evaluate import caveats

    learn = program(agent)
    with _warnings() as notes:
        world = load(scenario, _overrides(set_))
    _print_notes(notes + caveats(world))
    own = _overrides(setting) | ({} if budget is None else {"budget": budget})
    settings = settings_of(learn, tuned(agent, world.name), own)
    numbers = _seeds(seeds)
    from .agents import curve, export
    from .agents.training import Run, numbered
    from .report import files

    folder = out / world.name / agent
    console, runs = _console(), list[Run]()
    for seed in numbers:
        options: dict[str, Any] = {"agent": agent, "set": set_, "seeds": seed, "budget": budget, "setting": setting}
        options |= {
            "paths": paths,
            "patience": patience or None,
            "rule-budget": rule_budget,
            "out": None if out == Path("runs") else out,
        }
        command = _command("train", scenario, **options)
        run = Run(learn(world, settings, seed), folder, command, paths, patience, rule_budget)
        if not runs:
            folder = numbered(folder, run.config)
        run.folder = folder / f"seed-{seed}"
        with _learning(f"{agent} {world.name} seed {seed}", run):
            model = run.train()
        manifest = model.manifest
        if onnx:
            files.write(run.folder / "model.onnx", export.onnx(model))
        runs.append(run)
        cost, gap = manifest.cost, manifest.gap
        console.print(
            f"seed {seed}: cost {cost['mean']:.4g} ({cost['low']:.4g} to {cost['high']:.4g}),"
            f" {gap['percent']:+.2f} % ({gap['low']:+.2f} to {gap['high']:+.2f}) against {gap['rule']}",
            soft_wrap=True,
        )
    if (rule := next((run.rule for run in runs if run.rule is not None), None)) is not None:
        seen = [run.folder for run in runs]
        picture = curve.draw(folder, seen, agent, rule.policy, -rule.mean("profit"), learn.unit)
        console.print(f"Learning curve: {plain(str(picture))}", style="dim", soft_wrap=True)
    again = f"jit-gym compare {scenario} agent:{runs[0].folder / 'model.safetensors'}"
    console.print(f"Play it: {plain(again)}", soft_wrap=True)


def _seeds(text: str) -> list[int]:
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


@contextmanager
def _learning(title: str, run: Any) -> Iterator[None]:
    """Show how far a training is, what it costs, and how that compares with the best rule; a line each if no bar."""
    from tqdm import tqdm

    unit = f" {run.learner.unit}"
    with tqdm(desc=title, disable=None, file=sys.stderr, leave=False, unit=unit, unit_scale=True) as bar:

        def tell(words: str) -> None:
            bar.write(f"{title}: {words}", file=sys.stderr)
            sys.stderr.flush()

        def report(progress: Any) -> None:
            if bar.disable:
                if progress.evaluated:
                    tell(f"{progress.done:,} {progress.unit}: {progress.standing}")
                return
            bar.total = progress.total
            if not bar.n:
                bar.initial = progress.done  # what was trained before does not count for the speed
            bar.update(progress.done - bar.n)
            bar.set_postfix_str(progress.standing)

        run.report, run.tell = report, tell
        yield


@app.command()
def new(name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it; the file is NAME.yaml.")]) -> None:
    """Start a scenario of your own: from the shipped one of this name, or from one with comments."""
    from .report.catalogue import starter

    name = name.removesuffix(".yaml")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise BadInput(f"a name must be letters, digits, - and _, got {name!r}")
    path = Path(f"{name}.yaml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter(name))
    except FileExistsError:
        raise BadInput(f"{path}: is there already, and stays as it is") from None
    print(f"Wrote {path}. Next: jit-gym compare {path}")


def _overrides(texts: Sequence[str] | None) -> dict[str, Any]:
    return dict(parse_override(text) for text in texts or ())


def _own_history(
    scenario: str,
    overrides: dict[str, Any],
    file: Path | None,
    value: str | None,
    date: str | None,
    where: Sequence[str] | None,
    demand: str | None,
) -> dict[str, Any]:
    """Return the overrides that put a history of one's own in place of a demand's, or change the columns of one."""
    if file is None and value is None and date is None and not where:
        if demand is not None:
            raise BadInput("--demand: says whose --history it is, and there is none")
        return {}
    if demand is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong with the history that gives way does not matter
            demands = list(load(scenario, overrides).demands)
        if len(demands) > 1:
            raise BadInput(f"--demand: must say whose history it is ({', '.join(demands)})")
        demand = demands[0]
    place = f"demands.{demand}.history"
    own: dict[str, Any] = {}
    filters = dict(_filter(text) for text in where or ())
    if file is not None:
        own = {f"demands.{demand}.distribution": None, f"{place}.values": None, f"{place}.source": None}
        own |= {f"{place}.file": str(file), f"{place}.where": filters}
    else:
        own |= {f"{place}.where.{column}": wanted for column, wanted in filters.items()}
    return own | {f"{place}.{key}": column for key, column in (("value", value), ("date", date)) if column is not None}


def _filter(text: str) -> tuple[str, str | int | float]:
    """Return the column and the value in `column=value`; what looks like a number is found however it is written."""
    column, equals, wanted = (part.strip() for part in text.partition("="))
    if not equals or not column:
        raise BadInput(f"--where: must be written as column=value, got {text!r}")
    try:
        read = parse(wanted)
    except ScenarioError:
        return column, wanted
    return column, read if isinstance(read, int | float) and not isinstance(read, bool) else wanted


def _several(text: str) -> list[str]:
    """Return the policies in one argument, `jit, base-stock(level=25)`, which may be separated by commas or blanks."""
    return re.findall(r"[^\s,(]+(?:\s*\(.*?(?:\)|$))?", text, re.DOTALL) or [text]


def _affordable(work: int) -> int:
    """Return how many paths take some seconds, from 64 to 1024, given the work of one."""
    paths = 1024
    while paths > 64 and paths * work > EFFORT:
        paths //= 2
    return paths


def _report_of(world: Scenario, asked: tuple[Any, ...]) -> Path:
    """Return where a report goes: one file for a scenario as it is, and one for each other way that was asked for."""
    if not any(asked):
        return Path("reports") / f"{world.name}.html"
    digest = hashlib.sha256(f"{world.fingerprint} {asked!r}".encode()).hexdigest()[:8]
    return Path("reports") / f"{world.name}-{digest}.html"


def _print_notes(notes: Sequence[str]) -> None:
    """Say on stderr what must be known of a world before anything is computed."""
    for note in notes:
        print(f"jit-gym: note: {note}", file=sys.stderr)


def _command(*words: str, **options: Any) -> str:
    """Return a command line, as one would type it."""
    line = ["jit-gym", *words]
    for name, value in options.items():
        for each in value if isinstance(value, list) else [value]:
            line += [] if each is None else [f"--{name}", str(each)]
    return plain(shlex.join(line))


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect warnings, such as those of gaps in a history, as texts."""
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield notes
    said = [str(each.message) for each in caught if each.category in (UserWarning, NoEffect)]
    notes += dict.fromkeys(plain(" ".join(text.split())) for text in said)


@contextmanager
def _progress(total: int, quiet: bool, unit: str = " periods") -> Iterator[Any]:
    """Show how far a comparison or a bound is, on a terminal, if it takes more than two seconds."""
    from tqdm import tqdm

    disable = True if quiet else None  # None: unless stderr is a terminal
    with tqdm(total=total, delay=2, disable=disable, file=sys.stderr, leave=False, unit=unit, unit_scale=True) as bar:
        yield bar.update


@contextmanager
def _telling(quiet: bool) -> Iterator[Any]:
    """Show, on a terminal, what is being computed, if it takes more than a second."""
    from time import monotonic

    shown, begun = not quiet and sys.stderr.isatty(), monotonic()
    width = 0

    def tell(words: str) -> None:
        nonlocal width
        if shown and monotonic() > begun + 1:
            print(f"\r{words:<{width}}", end="", file=sys.stderr, flush=True)
            width = len(words)

    try:
        yield tell
    finally:
        if width:
            print(f"\r{'':<{width}}\r", end="", file=sys.stderr, flush=True)


@contextmanager
def _waiting(what: str, quiet: bool) -> Iterator[None]:
    """Say on a terminal what is being done, if it takes more than a second."""
    from threading import Timer

    shown = False

    def say() -> None:
        nonlocal shown
        shown = True
        print(f"\r{what} ...", end="", file=sys.stderr, flush=True)

    timer = Timer(1.0, say)
    timer.daemon = True
    if not quiet and sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if shown:
            print(f"\r{'':<{len(what) + 4}}\r", end="", file=sys.stderr, flush=True)


_is_a_program = False  # whether this is the command itself, and not called by some other program


def _tell_of_compiling() -> None:
    """Have it said on stderr, once, when code is compiled, which takes long only the first time."""
    from .chance.compiled import before_compiling

    told = not _is_a_program

    def tell() -> None:
        nonlocal told
        if not told:
            told = True
            print("jit-gym: compiling, once: about 10 s", file=sys.stderr, flush=True)

    before_compiling(tell)


def _saved(name: str, world: Scenario) -> Any:
    """Return the policy that a file name means, and any other name as it is."""
    if not name.endswith(".npz"):
        return name
    from .theory import Optimal

    return Optimal.load(name, world)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def _print_pairs(console: Console, pairs: dict[str, str]) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for name, text in pairs.items():
        grid.add_row(Text(f"  {name}", "bold cyan"), Text(text))
    console.print(grid)


def _print_world(scenario: Scenario) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from .report.world import world

    console, horizon = _console(), scenario.horizon
    console.print(Text(scenario.title or scenario.name, "bold"))
    if scenario.description:
        console.print(Text(" ".join(scenario.description.split())))
    starts = f" from {horizon.starts}" if horizon.starts else ""
    console.print(
        Text(f"\n{scenario.name}: {horizon.periods:,} {horizon.period}s{starts}, {scenario.units} units", "dim")
    )
    for table, things in world(scenario).items():
        console.print(Text(f"\n{table.capitalize()}", "bold"))
        for thing in things:
            title = f" ({thing.title})" if thing.title else ""
            says = ", ".join(f"{label} {value}" for label, value in thing.says.items())
            line = Text.assemble((thing.name, "bold cyan"), (title, "dim"), (": " if says else "") + says)
            console.print(Padding(line, (0, 0, 0, 2), expand=False))
    if scenario.policies:
        console.print(Text.assemble(("\nPolicies ", "bold"), ", ".join(scenario.policies)))
    console.print(Text(f"\nfingerprint {scenario.fingerprint}", "dim"))


def _note(message: Warning | str, category: type[Warning], *rest: Any) -> None:
    """Print a warning as the commands' other notes are printed, and one that is meant for programmers as usual."""
    if category is UserWarning:
        print(f"jit-gym: note: {' '.join(str(message).split())}", file=sys.stderr)
    else:
        _show_warning(message, category, *rest)


_show_warning = warnings.showwarning


def main() -> None:
    """Run the command line."""
    global _is_a_program
    _is_a_program = True
    warnings.showwarning = _note  # type: ignore[assignment]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app(prog_name="jit-gym")


if __name__ == "__main__":
    main()
