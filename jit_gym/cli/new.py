"""`jit-gym new`: a scenario of one's own, to be edited, or fitted to one's own sales."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..common.checks import BadInput
from ..common.executor import Executor
from .app import app
from .options import DateFormat, DecimalMark, On, ProcessCount, Sheet, executor_of
from .progress import print_notes, progress_bar

if TYPE_CHECKING:
    from ..planning import Terms

COLUMN = "COLUMN"
WHERE = ("on", "workers")  # options that change no result
EACH = "NUMBER|COLUMN"


@app.command()
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it; the file is NAME.yaml.")],
    demand: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Your sales, CSV or Excel: writes a folder NAME with a scenario fitted to it."
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="COLUMN,...", help="The columns that tell items apart, as store,item.")
    ] = None,
    date: Annotated[
        str | None, typer.Option(metavar=COLUMN, help="The column of the dates, guessed if absent.")
    ] = None,
    quantity: Annotated[str | None, typer.Option(metavar=COLUMN, help="The column of the units sold, guessed.")] = None,
    on_hand: Annotated[
        str | None, typer.Option(metavar=COLUMN, help="The column of the stock at the end of the period, guessed.")
    ] = None,
    promotion: Annotated[
        str | None, typer.Option(metavar=COLUMN, help="The column that marks promotions, guessed.")
    ] = None,
    date_format: DateFormat = None,
    decimal: DecimalMark = None,
    sheet: Sheet = None,
    period: Annotated[
        str | None, typer.Option(metavar="PERIOD", help="day, week, month, quarter or year, by default what dates say.")
    ] = None,
    missing: Annotated[
        str | None, typer.Option(metavar="MEANING", help="What a period without a row is: zero or unknown.")
    ] = None,
    deliveries: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your deliveries, a row each: lead times are fitted to it.")
    ] = None,
    ordered: Annotated[
        str | None, typer.Option(metavar=COLUMN, help="Of the deliveries: the day of the order.")
    ] = None,
    arrived: Annotated[str | None, typer.Option(metavar=COLUMN, help="Of the deliveries: the day of arrival.")] = None,
    lead_time: Annotated[
        int | None, typer.Option(metavar="PERIODS", min=0, help="From an order to its arrival, without deliveries.")
    ] = None,
    unit_cost: Annotated[str | None, typer.Option(metavar=EACH, help="What a unit costs.")] = None,
    holding_rate: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Of the unit cost, what holding a unit costs in a year.")
    ] = None,
    holding_cost: Annotated[str | None, typer.Option(metavar=EACH, help="Or that per unit and period.")] = None,
    service: Annotated[
        float | None, typer.Option(metavar="SHARE", help="The critical ratio p / (p + h), for the shortage cost p.")
    ] = None,
    shortage_cost: Annotated[str | None, typer.Option(metavar=EACH, help="Or that per unit short.")] = None,
    price: Annotated[str | None, typer.Option(metavar=EACH, help="Or the price, whose margin is lost.")] = None,
    fixed_cost: Annotated[str | None, typer.Option(metavar=EACH, help="Of an order, if there is one.")] = None,
    minimum_order: Annotated[str | None, typer.Option(metavar=EACH, help="Units, if there is one.")] = None,
    batch: Annotated[str | None, typer.Option(metavar=EACH, help="Units that orders are multiples of.")] = None,
    vehicle_capacity: Annotated[
        float | None, typer.Option(metavar="UNITS", min=0, help="Of a truck that all items share.")
    ] = None,
    vehicle_cost: Annotated[float | None, typer.Option(metavar="MONEY", min=0, help="Of such a truck's trip.")] = None,
    supplier: Annotated[
        str | None,
        typer.Option(metavar=COLUMN, help="The column of each item's supplier; trucks are then one for each."),
    ] = None,
    backlog: Annotated[bool, typer.Option("--backlog", help="Customers wait; otherwise sales are lost.")] = False,
    on: On = None,
    workers: ProcessCount = None,
) -> None:
    """Start a scenario of your own: from your sales, from the shipped one of this name, or from one with comments."""
    name = name.removesuffix(".yaml")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise BadInput(f"a name must be letters, digits, - and _, got {name!r}")
    asked = context.params.items()
    given = {
        key: value
        for key, value in asked
        if key not in ("name", "demand", *WHERE) and value is not None and value is not False
    }
    if demand is None:
        if given:
            raise BadInput(f"--{next(iter(given)).replace('_', '-')}: is for sales of your own (say --demand FILE)")
        _starter(name)
        return
    from ..planning import Terms

    terms = Terms(
        lead_time, unit_cost, holding_rate, holding_cost, service, shortage_cost, price, fixed_cost, minimum_order,
        batch, vehicle_capacity, vehicle_cost, backlog,
    )  # fmt: skip
    keys = [column.strip() for column in by.split(",") if column.strip()] if by is not None else None
    reading: dict[str, Any] = {"date": date, "quantity": quantity, "on_hand": on_hand, "promotion": promotion}
    reading |= {"date_format": date_format, "decimal": decimal, "period": period, "missing": missing, "sheet": sheet}
    reading |= {"by": keys, "supplier": supplier}
    told = {"ordered": ordered, "arrived": arrived, "date_format": date_format}
    place = None if on is None and workers is None else executor_of(on, workers)
    _fitted(name, demand, reading, terms, deliveries, told, _command(name, demand, given), place)


def _starter(name: str) -> None:
    from ..report.catalogue import starter

    path = Path(f"{name}.yaml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter(name))
    except FileExistsError:
        raise BadInput(f"{path}: is there already, and stays as it is") from None
    print(f"Wrote {path}. Next: jit-gym compare {path}")


def _command(name: str, demand: Path, given: dict[str, Any]) -> str:
    """Return the command line that writes the folder again, as one would type it."""
    import shlex

    line = ["jit-gym", "new", name, "--demand", str(demand)]
    for key, value in given.items():
        line += [f"--{key.replace('_', '-')}", *([] if value is True else [str(value)])]
    return shlex.join(line)


def _fitted(
    name: str,
    demand: Path,
    reading: dict[str, Any],
    terms: Terms,
    deliveries: Path | None,
    told: dict[str, Any],
    command: str,
    executor: Executor | None,
) -> None:
    """Write a folder with the scenario that is fitted to sales, the cleaned sales, and the page of both."""
    from ..common import files
    from ..common.threads import threads
    from ..planning import assumptions, lead_times, read, scenario_text
    from ..planning import fits as fits_of
    from ..report import shop
    from ..scenario import load
    from ..scenario.yaml12 import parse

    folder = Path(name)
    if folder.exists():
        raise BadInput(f"{folder}: is there already, and stays as it is")
    terms.check(deliveries is not None)
    sales = read(demand, values=terms.columns(), **reading)
    waits, notes = None, [f"{sales.file}: {note}" for note in sales.notes]
    if deliveries is not None:
        waits, said = lead_times(deliveries, sales.grid, sales.by, sales.keys, **told)
        notes += [f"{deliveries.name}: {note}" for note in said]
    if executor is None:
        executor = Executor("processes") if len(sales.items) >= fits_of.MANY and threads() > 1 else Executor()
    with progress_bar(len(sales.items), quiet=False, unit=" items") as update:
        fits = fits_of.fit_all(sales, executor, update)
    text = scenario_text(name, sales, fits, waits, terms, command)
    scenario = load(parse(text))
    page = shop.page(scenario, sales, fits, waits, assumptions(terms, sales), notes, command)
    cleaned = sales.frame().to_csv(index=False, lineterminator="\n")
    files.write_folder(folder, {f"{name}.yaml": text, "sales.csv": cleaned, "report.html": page})
    print_notes(notes)
    doubtful = [each.item for each in fits if each.poor]
    if doubtful:
        few = ", ".join(doubtful[:5]) + (", ..." if len(doubtful) > 5 else "")
        print_notes([f"{len(doubtful)} of {len(fits)} fits are in doubt ({few}); report.html says why"])
    print(f"Wrote {folder}/{name}.yaml, sales.csv and report.html. Next: jit-gym compare {folder}")
