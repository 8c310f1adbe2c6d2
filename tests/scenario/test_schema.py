"""An editor that has the schema accepts what `load` accepts, and marks what it can know to be wrong."""

import json
from pathlib import Path

import jsonschema
import pytest

from jit_gym.scenario import json_schema, names, yaml12

CONFIGS = Path(__file__).parents[2] / "configs"
SHOP = {"stocks": {"shop": {}}, "lanes": {"supplier": {"to": "shop"}}}
CUSTOMERS = {"from": "shop", "distribution": 5}


@pytest.fixture(scope="module")
def editor() -> jsonschema.Draft202012Validator:
    schema = json.loads(json.dumps(json_schema()))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", names())
def test_it_accepts_what_is_shipped(editor, name: str):
    raw = yaml12.parse((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))
    assert list(editor.iter_errors(json.loads(json.dumps(raw, default=str)))) == []


@pytest.mark.parametrize(
    "raw",
    [
        {**SHOP, "demands": {"customers": CUSTOMERS}},
        {**SHOP, "demands": {"customers": {**CUSTOMERS, "from": {"shop": 2}}}},
        {**SHOP, "demands": {"customers": {**CUSTOMERS, "distribution": {"name": "poisson", "mu": 5}}}},
        {**SHOP, "demands": {"customers": {"from": "shop", "regimes": {"calm": {"distribution": 5}}}}},
        {"extends": "lost-sales", "demands": {"customers": {"distribution": None, "regimes": {"calm": None}}}},
        {"extends": "lost-sales", "lanes": {"supplier": {"lead_time": 6}}},
        {"extends": "dual-sourcing", "lanes": {"expedited": None}},
        {"extends": "lost-sales", "spikes": {"fair": {"hits": ["customers"], "lasts": float("inf")}}},
        {"extends": "lost-sales", "spikes": {"fair": {"hits": ["customers"], "lasts": ".inf"}}},
    ],
)
def test_it_accepts_short_forms(editor, raw: dict):
    assert editor.is_valid(raw)


@pytest.mark.parametrize(
    "raw",
    [
        {},
        SHOP,
        {**SHOP, "demands": {"customers": CUSTOMERS}, "stock": {}},
        {**SHOP, "demands": {"customers": {**CUSTOMERS, "shortage_cots": 1}}},
        {**SHOP, "demands": {"customers": {**CUSTOMERS, "price": -1}}},
        {**SHOP, "demands": {"customers": {**CUSTOMERS, "unmet": "forgotten"}}},
        {**SHOP, "demands": {"our customers": CUSTOMERS}},
        {**SHOP, "demands": {"customers": {**CUSTOMERS, "forecast": {"accuracy": 0.5}}}},
        {**SHOP, "demands": {"customers": CUSTOMERS}, "correlations": [{"between": ["customers"]}]},
        {"extends": "lost-sales", "spikes": {"fair": {"hits": ["customers"], "lasts": "long"}}},
        {"extends": "lost-sales", "stocks": {"shop": {"shelf_life": 10**6}}},
        {"extends": 3},
    ],
)
def test_it_marks_what_is_wrong(editor, raw: dict):
    assert not editor.is_valid(raw)


def test_every_key_says_what_it_is():
    schema = json_schema()
    parts = {name: part for name, part in schema["$defs"].items() if name != "Distribution"}
    for name, part in {**parts, "Scenario": schema}.items():
        for key, value in part["properties"].items():
            assert value.get("description"), f"{name}.{key}"
