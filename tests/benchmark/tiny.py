"""A suite that is played in seconds."""

from typing import Any

from jit_gym.benchmark import Suite, suite

JUDGING = {
    "paths": 16,
    "reference_paths": 8,
    "seeds": {"calm": 5000000001, "stressed": 5000000002, "held-out": 5000000003},
}


def raw(**changes: Any) -> dict[str, Any]:
    """Return a suite as its YAML file has it: two shops, a rule by formula, two that are tuned, and an agent."""
    shop = {
        "title": "A shop",
        "scenario": "lost-sales",
        "set": {"lanes.supplier.lead_time": 1, "horizon.periods": 40},
        "tags": ["lost-sales"],
        "group": "shop",
        "regimes": {
            "calm": {},
            "stressed": {"set": {"demands.customers.distribution": {"name": "nbinom", "n": 5, "p": 0.5}}},
            "held-out": {"set": {"demands.customers.distribution": {"name": "geom", "p": 0.2, "loc": -1}}},
        },
    }
    waits = {**shop["set"], "demands.customers.unmet": "backlog"}
    return {
        "name": "tiny",
        "title": "For tests",
        "judging": JUDGING,
        "learning": {"tuning": 60000, "tuning_seed": 7, "validation": 16},
        "low": "lot-for-lot",
        "policies": {
            "lot-for-lot": {"plays": "jit", "kind": "reference"},
            "formula": {"plays": "base-stock"},
            "base-stock": {"tunes": "base-stock"},
            "constant": {"tunes": "constant"},
            "hindsight": {"trains": "hindsight", "settings": {"budget": 4, "chunk": 2, "batch": 8, "periods": 10}},
        },
        "groups": {"shop": ["lot-for-lot", "formula", "base-stock", "constant", "hindsight"]},
        "tiers": {
            "test": {"title": "Rules", "instances": "all"},
            "full": {"title": "All", "instances": "all", "trained": ["shop/lost"], "seeds": 2},
        },
        "instances": {"shop/lost": shop, "shop/waits": {**shop, "set": waits, "tags": ["backlog", "lead-time"]}},
    } | changes


def tiny(**changes: Any) -> Suite:
    """Return that suite, with some of its entries replaced."""
    return suite(raw(**changes))
