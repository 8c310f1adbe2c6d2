"""The published instances that agents are measured on, as changes of the scenarios that are shipped."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).parents[1] / "tests" / "published"


def published(name: str) -> list[dict[str, str]]:
    """Return the rows of a published table."""
    _, *table = (PUBLISHED / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(table))


def lost_sales(row: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return an instance's name and what it changes in `lost-sales`."""
    geometric = {"name": "geom", "p": 1 / 6, "loc": -1}
    changes = {
        "demands.customers.distribution": geometric if row["demand"] == "geometric" else {"name": "poisson", "mu": 5},
        "demands.customers.shortage_cost": int(row["shortage_cost"]),
        "lanes.supplier.lead_time": int(row["lead_time"]),
    }
    return f"{row['demand']}-p{row['shortage_cost']}-L{row['lead_time']}", changes


def dual_sourcing(row: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return an instance's name and what it changes in `dual-sourcing`."""
    changes = {
        "lanes.regular.lead_time": int(row["regular_lead_time"]),
        "lanes.expedited.unit_cost": float(row["expedited_unit_cost"]),
    }
    return f"L{row['regular_lead_time']}-c{float(row['expedited_unit_cost']):g}", changes
