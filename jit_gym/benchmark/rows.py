"""Hold results as tidy rows: one policy on one instance, in one regime, with one seed."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self, get_args

from ..common import files
from ..common.checks import BadInput, one_line
from ..common.text import quoted

Kind = Literal["rule", "tuned rule", "agent", "external", "reference"]
ReferenceIs = Literal["optimum", "bound", "best-known"]
REFERENCE = "reference"
"""The policy of the rows that hold what the others are compared with: the reference high of each regime."""
DIGITS = 10  # significant ones of a number in a file
NOT_REPEATED = ("seconds", "command", "versions", "commit", "date")
"""The columns that tell who computed a row, when and how fast; all others are the same for everybody."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one policy does on one instance, in one regime, learned with one seed.

    Money is a period's mean, costs less revenue (with a discount, the mean that it weighs). `_low` and `_high` are the
    ends of 95 % intervals over the paths that judge; a number that is not defined is nan, and an empty cell in a file.
    """

    suite: str
    instance: str
    """As in the suite: `lost-sales/zipkin-p4-l4`."""
    regime: str
    """Which regime it was judged in: calm, stressed or held-out."""
    learned_on: str
    """The regime on which the policy was tuned or trained."""
    policy: str
    kind: Kind
    seed: int
    """Of tuning or training; 0 for what does neither."""
    cost: float
    cost_low: float
    cost_high: float
    gap: float
    """How far above the reference high the cost is, as a fraction of the reference's size, paired by path."""
    gap_low: float
    gap_high: float
    reference: float
    """The reference high: what the best there is to compare with costs, on all paths that judge."""
    reference_is: ReferenceIs
    reference_paths: int
    """On how many of the paths the reference is known."""
    reference_low: float
    """What lot-for-lot costs on the same paths."""
    best_rule: str
    """The tuned rule that cost least on the paths of its own tuning's report, which judge nothing."""
    versus_best_rule: float
    """How much more than that rule the policy costs, as a fraction of the size of that rule's cost, paired by path."""
    versus_best_rule_low: float
    versus_best_rule_high: float
    fill_rate: float
    fill_rate_low: float
    fill_rate_high: float
    cycle_service_level: float
    stockout_periods: float
    stock: float
    """Units on hand at the end of a period."""
    bullwhip: float
    cvar: float
    """Mean cost of the dearest 5 % of the paths."""
    struck: int
    """On how many of the paths on which resilience is measured a disruption began; the next ones are nan if on none."""
    time_to_survive: float
    """Median of the periods (Kaplan and Meier 1958) until service falls; nan where more than half survive it all."""
    time_to_recover: float
    """Median of the periods until service is back; nan where less than half are seen to."""
    area_of_loss: float
    """Service lost until it is back, as periods without any."""
    cost_of_disruptions: float
    """Cost above that of the same paths without their disruptions."""
    periods_spent: float
    """Periods of simulation played to tune or train at most, those to choose the best included; nan if not known."""
    seconds: float
    """How long tuning or training took on the machine that did it."""
    paths: int
    """How many paths judged."""
    periods: int
    """How many periods of each counted."""
    warmup: int
    """How many were played before those."""
    judged_seed: int
    """The seed of the paths that judge."""
    parameters: str
    """The policy with its parameters, as `jit_gym.policy` takes it; of an agent the digest of its network."""
    command: str
    fingerprint: str
    """Of the world that judged."""
    versions: str
    commit: str
    date: str

    @property
    def key(self) -> tuple[str, str, str, int]:
        """Return what there is one row of: policy, instance, regime and seed."""
        return self.policy, self.instance, self.regime, self.seed

    @property
    def figures(self) -> dict[str, str]:
        """Return the cells that are the same whoever computes the row, and beside what."""
        return {name: text for name, text in self.cells.items() if name not in NOT_REPEATED}

    @property
    def cells(self) -> dict[str, str]:
        """Return the row as texts, by column."""
        return {field.name: _text(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def of(cls, cells: Mapping[str, str], place: str) -> Self:
        """Return the row that texts by column mean.

        Raises:
            BadInput: for a column that is missing or unknown, or a cell that cannot be read, with `place` before it.
        """
        if wrong := set(cells) ^ set(COLUMNS):
            raise BadInput(f"{place}: its columns must be those of jit_gym.benchmark.rows, {quoted(min(wrong))} is not")
        values: dict[str, Any] = {}
        for name, kind in _TYPES.items():
            try:
                values[name] = math.nan if kind is float and not cells[name] else kind(cells[name])
            except ValueError as error:
                raise BadInput(f"{place}: {name}: {one_line(error)}") from None
        for name, allowed in (("kind", Kind), ("reference_is", ReferenceIs)):
            if values[name] not in get_args(allowed):
                raise BadInput(
                    f"{place}: {name}: must be one of {', '.join(get_args(allowed))}, got {quoted(values[name])}"
                )
        return cls(**values)


COLUMNS = tuple(field.name for field in fields(Row))
_TYPES: dict[str, Any] = {field.name: {"int": int, "float": float}.get(str(field.type), str) for field in fields(Row)}


def _text(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.{DIGITS}g}"
    return str(value)


def folder_of(results: Path, instance: str) -> Path:
    """Return the folder of an instance: `results/jit-bench-v1/lost-sales/zipkin-p4-l4`."""
    return results.joinpath(*instance.split("/"))


def file_of(results: Path, instance: str, policy: str) -> Path:
    """Return the file of a policy's rows on an instance."""
    return folder_of(results, instance) / f"{policy}.csv"


def read(path: Path) -> list[Row]:
    """Return the rows of a file, in its order; none of a file that is not there.

    Raises:
        BadInput: in one line, for a file that holds something else.
    """
    if not path.is_file():
        return []
    try:
        lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: is no CSV file: {one_line(error)}") from None
    rows = []
    for number, cells in enumerate(lines, 2):
        if None in cells or None in cells.values():
            raise BadInput(f"{path}, line {number}: must have {len(COLUMNS)} cells")
        rows.append(Row.of(cells, f"{path}, line {number}"))
    return rows


def read_all(results: Path) -> Iterator[Row]:
    """Yield the rows of all files of a suite, by instance and policy.

    Raises:
        BadInput: for a file that holds something else, and for two rows of the same policy, instance, regime and seed.
    """
    known: set[tuple[str, str, str, int]] = set()
    for path in sorted(results.rglob("*.csv")):
        if any(part.startswith(".") or part == WORK for part in path.relative_to(results).parts):
            continue
        for row in read(path):
            if row.key in known or path != file_of(results, row.instance, row.policy):
                raise BadInput(f"{path}: the row of {', '.join(map(str, row.key))} is there twice, or in a wrong file")
            known.add(row.key)
            yield row


WORK = "work"
"""The folder beside the instances for what is computed on the way; it holds no results."""


def add(results: Path, rows: Sequence[Row]) -> None:
    """Add rows of one policy on one instance to their file, all of them or none, in the order of seed and regime.

    Raises:
        BadInput: where one of them is there already.
    """
    (path,) = {file_of(results, row.instance, row.policy) for row in rows}
    known = read(path)
    there = {row.key for row in known} & {row.key for row in rows}
    if there:
        raise BadInput(f"{path}: has the row of {', '.join(map(str, min(there)))} already, which stays as it is")
    files.write(path, text_of([*known, *rows]))


def text_of(rows: Iterable[Row]) -> str:
    """Return rows as the text of a CSV file, in the order of seed, and of calm, stressed, held-out."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.cells for row in sorted(rows, key=lambda row: (row.seed, REGIMES.index(row.regime))))
    return out.getvalue()


REGIMES = ("calm", "stressed", "held-out")
"""Of an instance, in the order of its rows."""
