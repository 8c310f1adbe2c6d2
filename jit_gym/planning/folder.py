"""Open the folder of a shop that `jit-gym new --demand` wrote: its scenario, its sales, and the rules it orders by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
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
    """A shop: where it is, its scenario, and its cleaned sales."""

    path: Path
    scenario: Scenario
    sales: Sales

    @cached_property
    def rules(self) -> dict[str, str]:
        """Return the rule of each item that `rules.csv` names."""
        return read_rules(self.path / RULES, list(self.scenario.stocks))

    @property
    def first(self) -> int:
        """Return the number, among the periods of the sales, of the scenario's period 0.

        It is the one after the history that was fitted. Sales that were added to the file later lie behind it.
        """
        starts, grid = self.scenario.horizon.starts, self.sales.grid
        return grid.many if starts is None else int(grid.number(np.array([starts], "datetime64[D]"))[0])


def open_folder(path: str | Path) -> Folder:
    """Return the shop of a folder.

    Raises:
        BadInput: in one line, for a folder that `jit-gym new --demand` did not write, or whose files do not fit.
    """
    path = Path(path)
    if not path.is_dir():
        raise BadInput(f"{path}: is no folder (jit-gym new {path.name} --demand sales.csv ... writes one)")
    if not any(path.glob("*.yaml")):
        raise BadInput(f"{path}: must have one scenario, {path.resolve().name}.yaml, got 0 files of the kind")
    scenario = load(path)
    if not (path / SALES).is_file():
        raise BadInput(f"{path}: has no {SALES}, which jit-gym new writes beside the scenario")
    return Folder(path, scenario, cleaned(path / SALES))


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
