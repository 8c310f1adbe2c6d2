"""Other people's instances, as overrides of the scenarios that are shipped."""

import json
from typing import Any

from jit_gym.scenario import Scenario, load

from .tables import HERE

JOINT = json.loads((HERE / "joint_replenishment.json").read_text(encoding="utf-8"))["settings"]


def lost_sales(row: dict[str, str]) -> Scenario:
    """Return an instance of Zipkin's, as overrides of `lost-sales`."""
    geometric = {"name": "geom", "p": 1 / 6, "loc": -1}
    return load(
        "lost-sales",
        {
            "demands.customers.distribution": geometric
            if row["demand"] == "geometric"
            else {"name": "poisson", "mu": 5},
            "demands.customers.shortage_cost": float(row["shortage_cost"]),
            "stocks.shop.holding_cost": float(row["holding_cost"]),
            "lanes.supplier.lead_time": int(row["lead_time"]),
        },
    )


def perishable(row: dict[str, str]) -> Scenario:
    """Return one setting of De Moor et al. (2022)."""
    overrides = {
        "stocks.shop.shelf_life": int(row["shelf_life"]),
        "stocks.shop.issuing": row["issuing"],
        "stocks.shop.waste_cost": float(row["waste_cost"]),
        "lanes.supplier.lead_time": int(row["lead_time"]),
    }
    return load("perishable", overrides)


def joint(setting: dict[str, Any], more: dict[str, Any] | None = None) -> Scenario:
    """Return one setting of Vanvuchelen et al. (2020)."""
    overrides = {"routes.truck.vehicle_cost": setting["K"], "routes.truck.vehicle_capacity": setting["V"]}
    for k in (1, 2):
        overrides[f"lanes.order-{k}.fixed_cost"] = setting["k"][k - 1]
        overrides[f"stocks.item-{k}.holding_cost"] = setting["h"][k - 1]
        overrides[f"demands.customers-{k}.shortage_cost"] = setting["b"][k - 1]
    return load("joint-replenishment", overrides | (more or {}))
