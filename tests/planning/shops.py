"""Small shops as `jit-gym new` writes them, without a fit, which advise makes anew."""

from pathlib import Path

import numpy as np
import yaml

from jit_gym.planning import Sales
from jit_gym.planning.grid import Grid

WEEKS = Grid("week", 0, tuple(range(7)), 2713, 0)


def sales(units: dict[str, np.ndarray], **flags: dict[str, np.ndarray]) -> Sales:
    """Return weekly sales of some items; `short` and `promoted` by item."""
    table = np.stack([np.asarray(each, float) for each in units.values()], axis=1)
    marks = {
        name: np.stack(
            [np.asarray(flags.get(name, {}).get(item, np.zeros(len(table))), bool) for item in units], axis=1
        )
        for name in ("short", "promoted")
    }
    grid = WEEKS._replace(many=len(table))
    return Sales("sales.csv", tuple(units), tuple((item,) for item in units), ("item",), grid, table, **marks,
                 values={}, notes=())  # fmt: skip


def shop(folder: Path, units: dict[str, np.ndarray], changes: dict | None = None, **flags: dict) -> Path:
    """Write a shop: each item with a lead time of 1, a holding cost of 1, and 9 a unit and week that waits."""
    folder.mkdir(exist_ok=True)
    sold = sales(units, **flags)
    document = {
        "name": folder.name,
        "units": "whole",
        "horizon": {"periods": 52, "period": "week"},
        "stocks": {i: {"initial": {"periods_of_supply": 2}, "holding_cost": 1, "unit_value": 2} for i in units},
        "lanes": {f"buy-{item}": {"to": item, "lead_time": 1} for item in units},
        "demands": {
            f"sell-{item}": {
                "from": item, "distribution": {"name": "poisson", "mu": 20}, "unmet": "backlog", "shortage_cost": 9,
            }
            for item in units
        },
    }  # fmt: skip
    for key, part in (changes or {}).items():
        document[key] = {**document.get(key, {}), **part}
    (folder / f"{folder.name}.yaml").write_text(yaml.safe_dump(document))
    sold.frame().to_csv(folder / "sales.csv", index=False)
    return folder


def poisson(mean: float, weeks: int = 120, seed: int = 1) -> np.ndarray:
    """Return Poisson sales."""
    return np.random.default_rng(seed).poisson(mean, weeks).astype(float)
