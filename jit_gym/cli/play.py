"""`jit-gym play`: a class, or one person, plays a scenario in the browser."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..common.checks import BadInput
from .app import app
from .options import Overrides, Seed, complete_policy, complete_scenario
from .progress import announce_compiling, print_notes

if TYPE_CHECKING:
    from ..serve.games import GameSetup


@app.command()
def play(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="SCENARIO", help="A shipped scenario, or the path of a YAML file.", autocompletion=complete_scenario
        ),
    ] = None,
    set_: Overrides = None,
    seed: Seed = 0,
    weeks: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Weeks (or days, shifts) to play, by default 36.")
    ] = None,
    past: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Weeks before week 1, which a rule has played.")
    ] = None,
    seats: Annotated[
        str, typer.Option(metavar="one|stocks", help="Of other scenarios than the games: one seat, or one a stock.")
    ] = "one",
    empty: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            help="Who plays seats that nobody takes: a rule or an agent.",
            autocompletion=complete_policy,
        ),
    ] = None,
    pace: Annotated[
        str, typer.Option(metavar="together|own", help="All week by week; or each at his own pace, open at once.")
    ] = "together",
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the lesson is kept, by default lessons/SCENARIO-1.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Go on with the lesson of this folder, as it was last written.")
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to serve: 0.0.0.0 is the network, by default this computer.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=1, max=65535, help="The port.")] = 8080,
    static: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Serve nothing: write the game as a folder of files for any web space or disk."
        ),
    ] = None,
    paths: Annotated[
        int, typer.Option(metavar="N", min=1, help="With --static: how many paths of chance to choose from.")
    ] = 8,
    pyodide: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --static: the npm package pyodide, by default node_modules/pyodide."),
    ] = None,
) -> None:
    """Serve a game of a scenario to a class: students join by one link, the teacher has another.

    With --static no server is needed: each plays by himself, in the browser, with rules in the other seats.
    """
    if static is not None:
        if scenario is None or resume is not None or folder is not None:
            raise BadInput("--static: needs a scenario, and keeps no lesson (leave out --resume and --folder)")
        _write_static(_setup(scenario, set_, seats, empty, past, weeks), static, range(seed, seed + paths), pyodide)
        return
    if find_spec("nicegui") is None:
        raise BadInput("the package nicegui is missing (pip install 'jit-gym[serve]')")
    if (scenario is None) == (resume is None):
        raise BadInput("play: needs a scenario, or --resume with the folder of a lesson (and not both)")
    if pace not in ("together", "own"):
        raise BadInput(f"--pace: must be together or own, got {pace!r}")
    announce_compiling()
    from ..serve.course import Course
    from ..serve.lesson import Lesson
    from ..serve.server import LOOPBACK, addresses, check_port, default_folder, serve

    check_port(host, port)
    if resume is not None:
        lesson = Lesson.resume(resume)
    else:
        game = _setup(str(scenario), set_, seats, empty, past, weeks)
        course = Course(game, seed)
        course.player(game.empty_rule)
        lesson = Lesson.begin(course, folder or default_folder(game.name))
        if pace == "own":
            lesson.set_pace("own", None)
            lesson.open()
    links = addresses(host, port)
    if host not in (LOOPBACK, "localhost", "::1"):
        print_notes([f"whoever reaches {links[0]} can join, and what is sent there is not encrypted"])
    print(f"Students: {links[0]}")
    print(f"Teacher:  {links[0]}teacher/{lesson.teacher}")
    print(f"Kept in:  {lesson.store.folder} (jit-gym play --resume {lesson.store.folder})")
    sys.stdout.flush()
    serve(lesson, host, port, links)


def _setup(
    scenario: str, set_: Overrides, seats: str, empty: str | None, past: int | None, weeks: int | None
) -> GameSetup:
    """Return the game that was asked for."""
    from ..scenario.load import parse_override
    from ..serve.games import Seating, setup

    overrides = dict(parse_override(each) for each in set_ or ())
    seating: Seating = "stocks" if seats == "stocks" else "one"
    if seats not in ("one", "stocks"):
        raise BadInput(f"--seats: must be one or stocks, got {seats!r}")
    return setup(scenario, overrides=overrides, seats=seating, empty_rule=empty, past_weeks=past, weeks=weeks)


def _write_static(game: GameSetup, folder: Path, seeds: range, pyodide: Path | None) -> None:
    """Write the game as a folder, and say what to do with it."""
    from ..serve.static import write_static

    announce_compiling()
    write_static(game, folder, seeds, pyodide)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    print(f"Wrote {folder} ({size:.0f} MB): open {folder / 'index.html'}, or copy the folder to any web space")
