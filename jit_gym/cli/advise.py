"""`jit-gym advise`: which rule suits which item of a shop, and what it saves against today's practice."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from ..common.text import plain
from ..common.threads import threads as cores
from .app import app
from .options import AsJson, On, ProcessCount, Seed, Threads, complete_policy, executor_of, several
from .progress import console, print_notes, progress_bar

FEW = 4  # items up to which they are judged in this process, as others take seconds to start


@app.command()
def advise(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What jit-gym new NAME --demand FILE wrote.")],
    practice: Annotated[
        str | None,
        typer.Option(
            metavar="RULE|FILE",
            help="What is done today: a rule, base-stock(cover=2) for two periods of mean demand, or a CSV file of past"
            " orders or of parameters; by default FOLDER/orders.csv, or else base-stock by formula.",
        ),
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            metavar="RULE",
            help="A rule or agent to try, in place of the usual ones. May be repeated.",
            autocompletion=complete_policy,
        ),
    ] = None,
    held_out: Annotated[
        int | None,
        typer.Option(metavar="PERIODS", min=1, help="By default a year, or a quarter of the history if that is less."),
    ] = None,
    seed: Seed = 0,
    on: On = None,
    workers: ProcessCount = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Say which rule suits each item of your shop, judged on the last part of your sales, which nothing else has seen.

    Findings are kept in FOLDER/.advise, item by item: ended and run again, it goes on.
    """
    from ..common import digest, files
    from ..common.executor import HERE, Executor
    from ..planning import advise as judge
    from ..planning import open_folder
    from ..planning.advice import KEPT
    from ..planning.folder import RULES as OWN
    from ..planning.trials import RULES
    from ..report import advice as report

    asked = [name for text in rules or () for name in several(text)]
    shop = open_folder(folder)
    many = len(shop.sales.items)
    default = Executor("processes") if many > FEW and cores() > 1 else HERE
    names = {name: folder / name for name in ("advice.html", "advice.csv", "advice-rules.csv")}
    for path in names.values():
        files.check(path)
    line = ["jit-gym", "advise", str(folder), *(["--practice", practice] if practice is not None else [])]
    line += [word for name in asked for word in ("--rule", name)]
    line += ["--held-out", str(held_out)] if held_out is not None else []
    command = plain(shlex.join([*line, *(["--seed", str(seed)] if seed else [])]))
    with progress_bar(many, quiet=as_json, unit=" items") as update, executor_of(on, workers, default) as executor:
        found = judge(
            shop, practice=practice, rules=asked or RULES, held_out=held_out, seed=seed, executor=executor,
            progress=update,
        )  # fmt: skip
    files.write(names["advice.html"], report.page(found, command))
    files.write(names["advice.csv"], report.csv_of(found.frame))
    files.write(names["advice-rules.csv"], report.csv_of(found.tried, index=False))
    wrote = [*names]
    own, mark, text = folder / OWN, folder / KEPT / "rules.sha256", report.rules_of(found)
    if not own.exists() or (mark.is_file() and mark.read_text() == digest.of_text(own.read_text(encoding="utf-8"))):
        files.write(own, text)
        files.write(mark, digest.of_text(text))
        wrote.append(own.name)
    else:
        print_notes([f"{own}: is there already, and stays as it is; the recommended rules are in advice.csv"])
    if as_json:
        print(json.dumps(report.document(found, command), indent=2, allow_nan=False))
    else:
        report.print_advice(found, console())
        console().print(f"Wrote {plain(str(folder))}: {', '.join(wrote)}", style="dim", soft_wrap=True)
