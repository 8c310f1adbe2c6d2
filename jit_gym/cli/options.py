"""What the verbs are asked: their common options, and the world that these mean."""

from __future__ import annotations

import re
import shlex
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ..common.checks import BadInput
from ..common.executor import HERE, Executor
from ..common.text import plain
from ..common.threads import use_threads
from .progress import collect_warnings

if TYPE_CHECKING:
    from ..scenario import Scenario


def complete_scenario(incomplete: str) -> list[str]:
    """Complete a scenario in a shell: those that are shipped, and the YAML files beside."""
    from ..scenario import industry_names, names

    return [*names(), *industry_names(), *_beside(incomplete, ".yaml")]


def complete_policy(incomplete: str) -> list[str]:
    """Complete a policy in a shell: the rules, the agents that are shipped, and saved optima."""
    from ..report import catalogue

    return [*catalogue.rules(), *catalogue.agents(), *_beside(incomplete, ".npz")]


def complete_agent() -> list[str]:
    """Complete an agent to train in a shell."""
    from ..agents import known

    return known()


def _beside(incomplete: str, suffix: str) -> list[str]:
    folder = Path(incomplete + "x").parent  # of what is typed so far
    return [str(path) for path in sorted(folder.glob(f"*{suffix}"))] if folder.is_dir() else []


def _use_threads(count: int | None) -> int | None:
    """Set the threads of this process, where a command is told how many."""
    if count is not None:
        use_threads(count)
    return count


ScenarioName = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO", help="A shipped scenario, or the path of a YAML file.", autocompletion=complete_scenario
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a value, as in lanes.supplier.lead_time=6. May be repeated."
    ),
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="The seed of all chance.")]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Unpickle models of Stable-Baselines3 (sb3:...): runs what their authors put there."),
]
HistoryFile = Annotated[
    Path | None,
    typer.Option("--history", metavar="FILE.csv", help="Your own sales, in place of the scenario's demand."),
]
ValueColumn = Annotated[str | None, typer.Option("--value", metavar="COLUMN", help="The column with the quantity.")]
DateColumn = Annotated[str | None, typer.Option("--date", metavar="COLUMN", help="The column to sort by.")]
Filters = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="COLUMN=VALUE", help="Keep only such rows. May be repeated."),
]
DemandName = Annotated[
    str | None,
    typer.Option("--demand", metavar="NAME", help="Whose history it is, if there are several demands."),
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        callback=_use_threads,
        help="How many threads compute, by default one for each core, or what JIT_GYM_THREADS says.",
    ),
]
On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="WHERE",
        help="Where independent parts are computed: here, in processes, on a Ray cluster that is found or started"
        " (ray), or on one elsewhere (ray://HOST:10001). Results are the same.",
    ),
]
ProcessCount = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, max=64, help="How many processes; by default as many as threads."),
]
DateFormat = Annotated[str | None, typer.Option(metavar="FORM", help="Of the dates, as %d.%m.%Y.")]
DecimalMark = Annotated[str | None, typer.Option(metavar="MARK", help="The decimal mark, , or . where in doubt.")]
Sheet = Annotated[str | None, typer.Option(metavar="NAME", help="The sheet of an Excel file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else.")]


class Request(NamedTuple):
    """Which world a verb is asked for: a scenario, what is changed in it, and whose own history is played in it."""

    scenario: str
    set: list[str] | None = None
    history: Path | None = None
    value: str | None = None
    date: str | None = None
    where: list[str] | None = None
    demand: str | None = None

    def world(self) -> tuple[Scenario, list[str]]:
        """Load that world, and return it with the notes that are to be printed."""
        from ..scenario import load

        with collect_warnings() as notes:
            changed = overrides_of(self.set)
            world = load(self.scenario, changed | own_history(self.scenario, changed, *self[2:]))
        return world, notes

    def command(self, verb: str, *words: str, **options: Any) -> str:
        """Return the command line that asks a verb for this world again, as one would type it.

        An option that is None is left out, one that is True is a flag, and a list is repeated.
        """
        line = ["jit-gym", verb, self.scenario, *words]
        for name, value in (self._asdict() | options).items():
            if name == "scenario" or value is None or value is False:
                continue
            for each in value if isinstance(value, list) else [value]:
                line += [f"--{name.replace('_', '-')}", *([] if each is True else [str(each)])]
        return plain(shlex.join(line))


def executor_of(on: str | None, workers: int | None = None, default: Executor = HERE) -> Executor:
    """Return where independent parts are computed; a number of workers alone means processes.

    Raises:
        BadInput: for a place that there is not, or workers of another place than processes.
    """
    if on is None:
        return default if workers is None else Executor("processes", workers)
    if workers is not None and on != "processes":
        raise BadInput(f"--workers: is for --on processes, got --on {on}")
    return Executor(on, workers)


def overrides_of(texts: Sequence[str] | None) -> dict[str, Any]:
    """Return what `KEY=VALUE` texts change."""
    from ..scenario import parse_override

    return dict(parse_override(text) for text in texts or ())


def own_history(
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
        from ..scenario import load

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
    from ..scenario import ScenarioError
    from ..scenario.yaml12 import parse

    try:
        read = parse(wanted)
    except ScenarioError:
        return column, wanted
    return column, read if isinstance(read, int | float) and not isinstance(read, bool) else wanted


def several(text: str) -> list[str]:
    """Return the policies in one argument, `jit, base-stock(level=25)`, which may be separated by commas or blanks."""
    return re.findall(r"[^\s,(]+(?:\s*\(.*?(?:\)|$))?", text, re.DOTALL) or [text]


def trusted_policy(name: str, trust: bool) -> Any:
    """Return the model of a file that is unpickled, where that is allowed, and any other name as it is."""
    if not trust:
        return name
    from ..policies import external_policy, is_external

    return external_policy(name, trust=True) if is_external(name) else name


def saved_policy(name: str, world: Scenario, trust: bool = False) -> Any:
    """Return the policy that a file name means, and any other name as it is."""
    if not name.endswith(".npz"):
        return trusted_policy(name, trust)
    from ..theory import Optimal

    return Optimal.load(name, world)


def default_report(name: str, fingerprint: str, asked: Sequence[Any]) -> Path:
    """Return where a report goes: one file for a world as it is, and one for each other way that was asked for."""
    if not any(asked):
        return Path("reports") / f"{name}.html"
    from ..common import digest

    return Path("reports") / f"{name}-{digest.of_text(f'{fingerprint} {tuple(asked)!r}')[:8]}.html"
