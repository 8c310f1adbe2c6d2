"""`jit-gym order`: what to order this morning, from what is on hand and on order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..common.checks import BadInput
from ..common.text import plain
from .app import app
from .options import AsJson, DateFormat, DecimalMark, Sheet, complete_policy
from .progress import console, print_notes

if TYPE_CHECKING:
    import pandas as pd

COLUMN = "COLUMN"
FEW = 4
"""Items that are named of those with the same complaint."""


@app.command()
def order(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="That jit-gym new --demand wrote.")],
    stock: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="What is on hand and on order, CSV or Excel: a row an item, or a row an order."
        ),
    ] = None,
    date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="The day of the order, by default today.")
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            help="For all items; by default each item's in rules.csv, or else base-stock by formula.",
            autocompletion=complete_policy,
        ),
    ] = None,
    sales: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The sales since the folder was made, by default those in its sales.csv."),
    ] = None,
    promotions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Promotions and events that are planned: columns item, date, and if need be to and factor.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Where to write the table, by default FOLDER/today.csv.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace what FOLDER/orders.csv has of the same day and items.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it, and write nothing.")] = False,
    item: Annotated[
        str | None, typer.Option(metavar=COLUMN, help="The column of the items, guessed if absent.")
    ] = None,
    on_hand: Annotated[
        str | None, typer.Option(metavar=COLUMN, help="The column of the stock on hand, guessed.")
    ] = None,
    on_order: Annotated[
        str | None, typer.Option(metavar=COLUMN, help="The column of the units on order, guessed.")
    ] = None,
    ordered: Annotated[
        str | None, typer.Option(metavar=COLUMN, help="The column of the day they were ordered on, guessed.")
    ] = None,
    expected: Annotated[
        str | None, typer.Option(metavar=COLUMN, help="The column of the day they are expected on, guessed.")
    ] = None,
    date_format: DateFormat = None,
    decimal: DecimalMark = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """Say what to order today of each item, from whom, when it arrives and why, and what looks wrong."""
    if stock is None:
        raise BadInput("--stock: must be a file with what is on hand and on order (columns item, on_hand, on_order)")
    if out is not None and out.suffix.lower() != ".csv":
        raise BadInput(f"--out: must end in .csv, got {str(out)!r}")
    from ..common import files
    from ..planning import todays_orders
    from ..planning.folder import LOG, TODAY
    from ..planning.log import with_orders

    reading: dict[str, Any] = {"item": item, "on_hand": on_hand, "on_order": on_order, "ordered": ordered}
    reading |= {"expected": expected, "date_format": date_format, "decimal": decimal, "sheet": sheet}
    found = todays_orders(folder, stock, date=date, rule=rule, sales=sales, promotions=promotions, **reading)
    target = out or folder / TODAY
    if not dry_run:
        log = with_orders(folder, found.frame, replace=replace)
        files.check(folder / LOG)
        files.write(target, found.frame.to_csv(index=False, lineterminator="\n"))
        files.write(folder / LOG, log)
    print_notes(found.notes)
    if as_json:
        rows = json.loads(found.frame.to_json(orient="records", double_precision=12))
        told = {"orders": rows, "vehicles": dict(found.vehicles), "notes": list(found.notes)}
        print(json.dumps(told, indent=2, allow_nan=False))
        return
    print_orders(found.frame, found.vehicles)
    if not dry_run:
        where = f"Table: {plain(str(target))}. Log: {plain(str(folder / LOG))}"
        console().print(where, style="dim", soft_wrap=True)


def print_orders(frame: pd.DataFrame, vehicles: Any) -> None:
    """Print what is to be ordered, and what looks wrong."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out, some = console(), frame[frame["ordered"] > 0]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("item", overflow="fold")
    alone = bool((frame["supplier"] == "buy-" + frame["item"]).all())
    if not alone:
        table.add_column("from", overflow="fold")
    for head in ("order", "arrives", "on hand", "on order", "position", "level", "forecast"):
        table.add_column(head, justify="right", min_width=10 if head == "arrives" else len(head))
    for row in some.to_dict("records"):
        numbers = [f"{row[key]:,.6g}" for key in ("on_hand", "on_order", "position", "level")]
        who = [] if alone else [Text(row["supplier"])]
        table.add_row(
            Text(row["item"]), *who, f"{row['ordered']:,.6g}", row["arrives"], *numbers, f"{row['forecast']:,.4g}"
        )
    out.print(Text(f"Orders of {frame['date'].iloc[0]}", "bold"))
    if len(some):
        out.print(table)
        says = (
            "The position is on hand + on order - what customers wait for, the level that after the order, the forecast"
        )
        out.print(Text(f"{says} over lead time and review.", "dim"))
    planned = some[some["promotion"] != ""]
    for row in planned.head(FEW).to_dict("records"):
        out.print(Text(f"  {row['item']}: planned {row['promotion']}", "dim"))
    if len(planned) > FEW:
        out.print(Text(f"  and {len(planned) - FEW} more items with a promotion", "dim"))
    none = int((frame["ordered"] == 0).sum())
    if none:
        out.print(Text(f"{none} of {len(frame)} items need no order.", "dim"))
    for route, many in vehicles.items():
        if many:
            out.print(Text(f"{route}: {many:g} {'vehicle' if many == 1 else 'vehicles'}"))
    odd = frame[frame["looks_wrong"] != ""]
    if len(odd):
        out.print(Text("\nLooks wrong", "bold"))
        complaints: dict[str, list[str]] = {}
        for row in odd.to_dict("records"):
            complaints.setdefault(row["looks_wrong"], []).append(row["item"])
        for complaint, names in complaints.items():
            more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
            out.print(Text(f"  {', '.join(names[:FEW])}{more}: {complaint}"))
