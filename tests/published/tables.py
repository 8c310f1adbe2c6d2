"""Read other people's numbers."""

import csv
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def rows(file: str) -> list[dict[str, str]]:
    """Return the rows of a table; its first line says where they come from."""
    source, *table = (HERE / file).read_text(encoding="utf-8").splitlines()
    assert source.startswith("# ")
    return list(csv.DictReader(table))


def others() -> dict[str, Any]:
    """Return the numbers that are no table, each with its source."""
    return json.loads((HERE / "others.json").read_text(encoding="utf-8"))
