"""Open the folder of a shop that `jit-gym new --demand` wrote: its scenario, its sales, and the rules it orders by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..common.checks import BadInput
from ..common.text import nearest
from ..scenario import Scenario, load
from .reading import Sales, cleaned
from .spreadsheet import spreadsheet

SALES, RULES, LOG, TODAY = "sales.csv", "rules.csv", "orders.csv", "today.csv"
"""The files of a folder beside its scenario: cleaned sales, the rule of each item, past orders, the last ones."""


@dataclass(frozen=True)
class Folder:
    """A shop: where it is, its scenario, its cleaned sales, and the rule of each item that `rules.csv` names.

    `first` is the number, among the periods of the sales, of the scenario's period 0: the one after the history that
    was fitted. Sales that were added to the file later lie behind it.
    """

    path: Path
    scenario: Scenario
    sales: Sales
    rules: dict[str, str]
    first: int


def open_folder(path: str | Path) -> Folder:
    """Return the shop of a folder.

    Raises:
        BadInput: in one line, for a folder that `jit-gym new --demand` did not write, or whose files do not fit.
    """
    path = Path(path)
    if not path.is_dir():
        raise BadInput(f"{path}: is no folder (write one: jit-gym new NAME --demand SALES.csv)")
    scenario = load(path)
    if not (path / SALES).is_file():
        raise BadInput(f"{path}: has no {SALES} (write the folder again: jit-gym new NAME --demand SALES.csv)")
    sales = cleaned(path / SALES)
    if strange := [item for item in scenario.stocks if item not in sales.items]:
        raise BadInput(f"{path}/{SALES}: has no item {strange[0]!r}, which the scenario has (write the folder again)")
    starts = scenario.horizon.starts
    first = sales.grid.many if starts is None else int(sales.grid.number(np.array([starts], "datetime64[D]"))[0])
    return Folder(path, scenario, sales, read_rules(path / RULES, list(scenario.stocks)), first)


def struck_by_default(scenario: Scenario) -> list[str]:
    """Return what a shock strikes in a shop where nothing is said: its suppliers, or all lanes from outside."""
    lanes = [(name, lane) for name, lane in scenario.lanes.items() if not lane.uses]
    return list(dict.fromkeys(lane.supplier or name for name, lane in lanes))


def read_rules(path: str | Path, items: list[str]) -> dict[str, str]:
    """Return the rule of each item in a file with the columns item and rule; none where there is no such file.

    Raises:
        BadInput: in one line, for an unknown item, one that is there twice, or one without a rule.
    """
    path = Path(path)
    if not path.is_file():
        return {}
    opened = spreadsheet(path)
    if missing := [column for column in ("item", "rule") if column not in opened.table.columns]:
        there = ", ".join(map(str, opened.table.columns))
        raise BadInput(f"{opened.name}: has no column {missing[0]!r} (it has {there})")
    found: dict[str, str] = {}
    for line, item, rule in opened.table[["item", "rule"]].itertuples():
        item, rule = item.strip(), rule.strip()
        if item not in items:
            raise BadInput(f"{opened.name} line {line}: item: the shop has no item {item!r}{nearest(item, items)}")
        if item in found:
            raise BadInput(f"{opened.name} line {line}: item: {item} is there twice (remove one of the rows)")
        if not rule:
            raise BadInput(f"{opened.name} line {line}: rule: must name one, as base-stock(level=31), got nothing")
        found[item] = rule
    return found
