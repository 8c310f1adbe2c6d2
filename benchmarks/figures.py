"""Figures of a benchmark beside their targets: as a table, and kept as JSON with what they come from."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from timing import by_processor

from jit_gym.common import files
from jit_gym.common.provenance import commit, now, versions


@dataclass(frozen=True)
class Figure:
    """One row: what was measured, and what is wanted."""

    what: str
    measured: float | None
    """None where it was not measured; `said` tells why."""
    unit: str = ""
    target: float | None = None
    most: bool = False
    """Is the target the most that is allowed? Else the least."""
    said: str = ""
    """In words: the rates behind a ratio, or why there is none."""

    @property
    def met(self) -> bool | None:
        """Tell whether the target is met; None without a figure or a target."""
        if self.measured is None or self.target is None:
            return None
        return self.measured <= self.target if self.most else self.measured >= self.target

    @property
    def cells(self) -> list[str]:
        """Return the row in words."""
        wanted = "" if self.target is None else f"{'at most' if self.most else 'at least'} {self.target:,g}"
        verdict = {True: "met", False: "missed", None: "" if self.target is None else "not measured"}[self.met]
        found = "" if self.measured is None else f"{number(self.measured)} {self.unit}".strip()
        return [self.what, wanted, found, verdict, self.said]


COLUMNS = ["what", "target", "measured", "verdict", "in numbers"]


def number(value: float) -> str:
    """Return a number with three digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def millions(rate: float) -> str:
    """Return a rate a second in words."""
    return f"{rate / 1e6:.3g} million" if rate >= 1e6 else f"{number(rate)}"


def machine() -> dict[str, Any]:
    """Return what a figure's time depends on: the machine, and how busy it is."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"system": platform.platform(), "processor": _processor(), "processors": processors(), "load": load}


def processors() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    """Return the name of the processor."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def certificate(rounds: int) -> dict[str, Any]:
    """Return which code, libraries and machine figures come from, and when; `load` is from before they are measured."""
    return {
        "versions": versions("gymnasium"),
        "commit": commit("results", "docs"),
        "date": now(),
        "machine": machine(),
        "rounds": rounds,
        "clock": "processor" if by_processor() else "wall",
    }


def heading(about: Mapping[str, Any]) -> str:
    """Return in a line what figures come from."""
    on = about["machine"]
    load = "" if on["load"] is None else f", load {on['load']:.1f} as it began"
    return (
        f"jit_gym {about['versions']['jit_gym']} at {about['commit']}, Python {about['versions']['python']}, "
        f"{on['processor']} ({on['processors']} cores{load}), {about['date'][:10]}, medians of {about['rounds']} rounds"
        + (", by the time of the processor where one core plays" if about["clock"] == "processor" else "")
    )


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    console = Console(markup=False, highlight=False)
    console.width = max(console.width, 150)  # narrower ones wrap each line
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    console.print(title, table, sep="\n")


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def keep(path: Path, about: Mapping[str, Any], rows: Iterable[Any]) -> None:
    """Write rows, each a dataclass, with what they come from."""
    files.write(path, json.dumps({"about": about, "rows": [asdict(row) for row in rows]}, indent=1) + "\n")


def table(kept: Mapping[str, Any]) -> str:
    """Return kept figures as Markdown."""
    return f"{heading(kept['about'])}:\n\n{markdown(COLUMNS, [Figure(**row).cells for row in kept['rows']])}\n"
