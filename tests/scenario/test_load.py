"""A scenario comes from a name, a file, a mapping or another scenario, with what differs said once."""

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jit_gym.scenario import Distribution, Scenario, ScenarioError, industry_names, load, names, parse_override

MU = "demands.customers.distribution.mu"
LEAD_TIME = "lanes.supplier.lead_time"


@pytest.fixture
def write(tmp_path: Path):
    """Return a function that writes a file into a temporary folder and tells its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def complaint(scenario, overrides=None) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(scenario, overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_shop_of_zipkin_is_shipped():
    scenario = load("lost-sales")
    assert scenario.lanes["supplier"].lead_time.mean == 4
    assert scenario.demands["customers"].distribution.mean == 5
    assert (scenario.stocks["shop"].holding_cost, scenario.demands["customers"].shortage_cost) == (1, 19)


@pytest.mark.parametrize("name", names())
def test_what_is_shipped_loads_and_says_what_to_compare(name: str):
    scenario = load(name)
    assert scenario.name == name
    assert scenario.title
    assert scenario.policies


@pytest.mark.parametrize("name", names())
def test_a_loaded_scenario_loads_again_from_its_own_dump(name: str):
    scenario = load(name)
    for dump in (scenario.model_dump(), json.loads(scenario.model_dump_json())):
        assert load(dump) == Scenario.model_validate(dump) == scenario
        assert load(dump).title == scenario.title


@pytest.mark.parametrize("name", names())
def test_a_scenario_travels_between_processes(name: str):
    scenario = load(name)
    for part in [*scenario.lanes.values(), *scenario.demands.values()]:
        for distribution in filter(None, [getattr(part, "lead_time", None), getattr(part, "distribution", None)]):
            assert distribution.frozen.mean() is not None  # cached on the instance from here on
    for other in (pickle.loads(pickle.dumps(scenario)), copy.deepcopy(scenario)):
        assert other == scenario
        assert hash(other) == hash(scenario)
        assert other.fingerprint == scenario.fingerprint


def test_loading_a_scenario_returns_it():
    scenario = load("lost-sales")
    assert load(scenario) is scenario
    assert load(scenario, {MU: 7}).demands["customers"].distribution.mean == 7
    assert scenario.demands["customers"].distribution.mean == 5


def test_a_path_may_be_a_text_or_a_path(write):
    path = write("my shop.yaml", "extends: lost-sales")
    assert load(path) == load(str(path)) == load("lost-sales")
    assert load(path).name == "my-shop"


def test_importing_the_room_loads_neither_scipy_nor_pandas():
    program = "import sys, jit_gym.scenario; print({'scipy', 'pandas'} & set(sys.modules))"
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stderr


# ---- extends


def test_a_variant_is_its_difference(write):
    slow = load(write("slow.yaml", "extends: lost-sales\ntitle: Slow\nlanes: {supplier: {lead_time: 6}}"))
    assert slow == load("lost-sales", {LEAD_TIME: 6})
    assert (slow.name, slow.title, slow.policies) == ("slow", "Slow", load("lost-sales").policies)


def test_a_path_is_relative_to_the_file_that_extends_it(write):
    write("shops/base.yaml", "extends: lost-sales\nstocks: {shop: {holding_cost: 2}}")
    write("shops/far/middle.yml", "extends: ../base.yaml\nlanes: {supplier: {lead_time: 3}}")
    top = load(write("top.yaml", "extends: shops/far/middle.yml\nobjective: {discount: 0.9}"))
    assert top == load("lost-sales", {"stocks.shop.holding_cost": 2, LEAD_TIME: 3, "objective.discount": 0.9})


def test_mappings_merge_lists_replace_and_null_removes(write):
    changes = "policies: [constant]\nlanes: {expedited: null}\nstocks: {shop: {initial: null}}"
    scenario = load(write("single.yaml", f"extends: dual-sourcing\n{changes}"))
    assert scenario.policies == ("constant",)
    assert list(scenario.lanes) == ["regular"]
    assert scenario.stocks["shop"].initial == 0
    assert scenario.stocks["shop"].holding_cost == load("dual-sourcing").stocks["shop"].holding_cost


def test_a_distribution_of_another_name_replaces_and_one_of_the_same_name_merges(write):
    geom = write("a.yaml", "extends: lost-sales\ndemands: {customers: {distribution: {name: geom, p: 0.5}}}")
    assert load(geom).demands["customers"].distribution == Distribution(name="geom", p=0.5)
    loc = write("b.yaml", "extends: lost-sales\ndemands: {customers: {distribution: {loc: 2}}}")
    assert load(loc).demands["customers"].distribution == Distribution(name="poisson", mu=5, loc=2)


def test_an_anchor_is_a_copy(write):
    text = "extends: dual-sourcing\nlanes: {regular: &lane {to: shop, lead_time: 1}, expedited: *lane}"
    scenario = load(write("twins.yaml", text), {"lanes.regular.lead_time": 5})
    assert [lane.lead_time.mean for lane in scenario.lanes.values()] == [5, 1]


def test_yaml_is_read_as_version_1_2(write):
    changes = "title: NO\nhorizon: {periods: 1e3, period: 'on'}\nstocks: {shop: {initial: 010}}"
    scenario = load(write("numbers.yaml", f"extends: lost-sales\n{changes}"))
    assert (scenario.title, scenario.horizon.periods, scenario.stocks["shop"].initial) == ("NO", 1000, 10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: lost-sale", "my.yaml: extends: unknown scenario 'lost-sale' (did you mean 'lost-sales'?)"),
        (
            "extends: [lost-sales]",
            "my.yaml: extends: must be the name or the path of a scenario, got ['lost-sales']",
        ),
        ("extends: my.yaml", "my.yaml: extends: my.yaml: goes round in a circle"),
        ("extends: other.yaml", "my.yaml: extends: other.yaml: extends: my.yaml: goes round in a circle"),
        ("extends: broken.yaml", "my.yaml: extends: broken.yaml: line 2: 'a' is written twice"),
        ("lanes:\n  a: {to: b}\n  a: {to: c}", "my.yaml: line 3: 'a' is written twice"),
        ("lanes:\n  a: {to: b", "my.yaml: line 2: expected ',' or '}', but got '<stream end>'"),
        ("title: a: b", "my.yaml: line 1: mapping values are not allowed here"),
        ("title: !!python/object:os.system x", "my.yaml: line 1: unknown tag '!!python/object:os.system' (remove it)"),
        ("lanes: &a {b: *a}", "my.yaml: line 1: contains itself"),
        (
            "horizon: {starts: 2024-02-31}",
            "my.yaml: line 1: there is no date 2024-02-31 (day is out of range for month)",
        ),
        ("", "my.yaml: must be a mapping, got nothing"),
        ("- lost-sales", "my.yaml: must be a mapping, got ['lost-sales']"),
        (
            "extends: lost-sales\nlanes: {supplier: {lead_time: -1}}",
            "my.yaml: lanes.supplier.lead_time: must be 0 periods or more, got -1",
        ),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(write, text: str, message: str):
    write("other.yaml", "extends: my.yaml")
    write("broken.yaml", "a: 1\na: 2")
    assert complaint(write("my.yaml", text)) == message


def test_what_does_not_exist_is_said(tmp_path: Path):
    assert complaint("lost-sale") == "unknown scenario 'lost-sale' (did you mean 'lost-sales'?)"
    shipped = ", ".join([*names(), *industry_names()])
    assert complaint("???") == f"unknown scenario '???' (shipped are {shipped}; a path must end in .yaml)"
    assert complaint("nowhere.yaml") == "there is no file 'nowhere.yaml'"
    assert complaint(tmp_path) == f"{tmp_path.name}: must be a regular file, got a folder"


# ---- overrides


@pytest.mark.parametrize(
    ("overrides", "same"),
    [
        ({LEAD_TIME: 4}, {}),
        ({LEAD_TIME: {"name": "fixed", "value": 4.0}}, {}),
        ({LEAD_TIME: Distribution(name="fixed", value=4)}, {}),
        ({LEAD_TIME: np.int64(4), MU: np.float32(5)}, {}),
        ({f"{LEAD_TIME}.name": "poisson", f"{LEAD_TIME}.mu": 4}, {LEAD_TIME: {"name": "poisson", "mu": 4}}),
        ({"lanes.supplier.capacity": None}, {}),
        ({"stocks.shop.holding_cost": None}, {"stocks.shop.holding_cost": 0}),
        ({"stocks.shop.initial.periods_of_supply": 2}, {"stocks.shop.initial": {"periods_of_supply": 2}}),
        ({"objective.discount": 1}, {}),
        ({"demands.customers.from": {"shop": 1}}, {}),
        ({"demands.customers.from.shop": 2}, {"demands.customers.from": {"shop": 2}}),
        ({"title": "Other", "description": "", "name": "other", "policies": ["jit"]}, {}),
    ],
)
def test_overrides_that_make_the_same_world(overrides: dict, same: dict):
    assert load("lost-sales", overrides) == load("lost-sales", same)
    assert load(load("lost-sales"), overrides) == load(load("lost-sales"), same)


@pytest.mark.parametrize(
    ("nested", "dotted"),
    [
        ({"lanes": {"supplier": {"lead_time": 2}}}, {"lanes.supplier.lead_time": 2}),
        ({"horizon": {"periods": 9}, "stocks.shop.initial": 3}, {"horizon.periods": 9, "stocks.shop.initial": 3}),
        ({"demands": {"customers": {"distribution": {"mu": 7}}}}, {"demands.customers.distribution.mu": 7}),
        (
            {"demands": {"customers": {"distribution": {"name": "geom", "p": 0.2}}}},
            {"demands.customers.distribution": {"name": "geom", "p": 0.2}},
        ),
        (
            {"suppliers": {"maker": {}}, "lanes": {"supplier": {"supplier": "maker"}}},
            {"lanes.supplier.supplier": "maker", "suppliers.maker": {}},
        ),
    ],
)
def test_nested_overrides_are_merged(nested: dict, dotted: dict):
    """What Hydra and YAML files hand over nested means what its dotted paths mean."""
    assert load("lost-sales", nested) == load("lost-sales", dotted)


def test_an_override_may_add_a_whole_lane():
    assert list(load("lost-sales", {"lanes.express": {"to": "shop"}}).lanes) == ["supplier", "express"]


STRIKE = {"hits": ["supplier"], "starts": {"rate": 0.1}, "lasts": 2}


@pytest.mark.parametrize(
    ("overrides", "same"),
    [
        (
            {
                "disruptions.strike.lasts": 2,
                "disruptions.strike.hits": ["supplier"],
                "disruptions.strike.starts.rate": 0.1,
            },
            {"disruptions.strike": STRIKE},
        ),
        (
            {"lanes.express.lead_time": 1, "lanes.express.to": "shop"},
            {"lanes.express": {"to": "shop", "lead_time": 1}},
        ),
        (
            {
                "demands.more.from": "shop",
                "demands.more.distribution.name": "poisson",
                "demands.more.distribution.mu": 3,
            },
            {"demands.more": {"from": "shop", "distribution": {"name": "poisson", "mu": 3}}},
        ),
        (
            {"suppliers.maker.late.chance": 0.1, "suppliers.maker.late.by": 2, "lanes.supplier.supplier": "maker"},
            {"suppliers.maker": {"late": {"chance": 0.1, "by": 2}}, "lanes.supplier.supplier": "maker"},
        ),
        (
            {"stocks.depot.initial": 4, "lanes.in.to": "depot", "lanes.supplier.uses.depot": 1},
            {"stocks.depot": {"initial": 4}, "lanes.in": {"to": "depot"}, "lanes.supplier.uses": {"depot": 1}},
        ),
    ],
)
def test_several_overrides_together_make_a_new_entry(overrides: dict, same: dict):
    """In any order, each key of the entry may come by itself."""
    backwards = dict(reversed(overrides.items()))
    assert load("lost-sales", overrides) == load("lost-sales", same)
    assert load("lost-sales", backwards).model_dump()["lanes"] == load("lost-sales", same).model_dump()["lanes"]


def test_an_override_leaves_what_it_was_given_alone():
    given = {"to": "shop", "lead_time": {"name": "fixed", "value": 1}}
    load("lost-sales", {"lanes.express": given, "lanes.express.lead_time.value": 2})
    assert given["lead_time"]["value"] == 1


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("lane.supplier.lead_time", 4, "lane.supplier.lead_time: unknown key 'lane' (did you mean 'lanes'?)"),
        (
            "lanes.suplier.lead_time",
            4,
            "lanes.suplier.lead_time: unknown lane 'suplier' (did you mean 'supplier'?)",
        ),
        ("stocks.depot.initial", 4, "stocks.depot.initial: unknown stock 'depot'"),
        ("suppliers.maker.late.chance", 0.1, "suppliers.maker.late.chance: unknown supplier 'maker'"),
        (
            "disruptions.strike.lasts",
            2,
            "disruptions.strike: needs 'hits' and 'starts' too"
            " (write --set 'disruptions.strike={hits: [...], starts: {...}, lasts: 2}')",
        ),
        (
            "disruptions.storm.shock",
            "typhoon",
            "disruptions.storm: needs 'hits' too (write --set 'disruptions.storm={hits: [...], shock: ...}')",
        ),
        ("disruptions.strike.lsts", 2, "disruptions.strike.lsts: unknown disruption 'strike'"),
        (
            "lanes.express.lead_time",
            {"name": "poisson", "mu": 2},
            "lanes.express: needs 'to' too (write --set 'lanes.express={to: ..., lead_time: ...}')",
        ),
        (
            "spikes.rush.factor",
            2,
            "spikes.rush: needs 'hits', 'starts' and 'lasts' too"
            " (write --set 'spikes.rush={hits: [...], starts: {...}, lasts: ..., factor: 2}')",
        ),
        (
            "demands.more.from",
            "shop",
            "demands.more: needs 'distribution' too (write --set 'demands.more={distribution: {...}, from: ...}')",
        ),
        ("lanes.supplier.led_time", 4, "lanes.supplier: unknown key 'led_time' (did you mean 'lead_time'?)"),
        (
            "lanes.supplier.led_time.low",
            4,
            "lanes.supplier: unknown key 'led_time' (did you mean 'lead_time'?)",
        ),
        (
            "stocks.shop.holdng_cost",
            4,
            "stocks.shop: unknown key 'holdng_cost' (did you mean 'holding_cost'?)",
        ),
        (
            "demands.customers.distribution.name",
            "geom",
            "demands.customers.distribution: geom has no parameter 'mu' (it has loc, p)",
        ),
        (
            "demands.customers.distribution.mean",
            4,
            "demands.customers.distribution: poisson has no parameter 'mean' (it has loc, mu)",
        ),
        (LEAD_TIME, -1, "lanes.supplier.lead_time: must be 0 periods or more, got -1"),
        (f"{LEAD_TIME}.low", 2, "lanes.supplier.lead_time: needs 'name'"),
        ("lanes.supplier.to", None, "lanes.supplier: needs 'to'"),
        ("lanes", None, "needs 'lanes'"),
        (
            "lanes.supplier.share",
            0.5,
            "stocks.shop: the shares of its lanes must add up to 1, got supplier 0.5",
        ),
        ("", 4, ": unknown key ''"),
    ],
)
def test_a_bad_override_is_named_and_the_file_is_not_blamed(key: str, value: object, message: str):
    assert complaint("lost-sales", {key: value}) == message


def test_a_bad_file_is_blamed_for_what_the_overrides_leave_wrong(write):
    path = write("my.yaml", "extends: lost-sales\nstocks: {shop: {initial: -1}}")
    said = "stocks.shop.initial: must be 0 or more, or as in {periods_of_supply: 2}, got -1"
    assert complaint(path, {LEAD_TIME: 2}) == f"my.yaml: {said}"
    assert load(path, {"stocks.shop.initial": 1}).stocks["shop"].initial == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("key=4", 4),
        ("key=-.5", -0.5),
        ("key=1e-3", 0.001),
        ("key=true", True),
        ("key=lost", "lost"),
        ("key=a=b", "a=b"),
        ("key= {name: poisson, mu: 5}", {"name": "poisson", "mu": 5}),
        ("key=[jit, kanban]", ["jit", "kanban"]),
        ("key=null", None),
        ("key=", None),
        ("key='007'", "007"),
        ("key=C:\\my.csv", "C:\\my.csv"),
    ],
)
def test_the_value_of_an_override_is_written_as_in_yaml(text: str, value: object):
    assert parse_override(text) == ("key", value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("key", "an override must be written as key=value, got 'key'"),
        ("=4", "an override must be written as key=value, got '=4'"),
        ("key={a", "key: line 1: expected ',' or '}', but got '<stream end>'"),
    ],
)
def test_an_override_that_cannot_be_read_is_refused(text: str, message: str):
    with pytest.raises(ScenarioError) as caught:
        parse_override(text)
    assert str(caught.value) == message


@settings(deadline=None)
@given(
    st.floats(0, 1e6), st.integers(0, 30), st.floats(0.01, 100), st.sampled_from(["lost", "backlog"]),
    st.lists(st.floats(0, 10), max_size=3),
)  # fmt: skip
def test_any_scenario_loads_again_from_its_dump_with_the_same_fingerprint(cost, lead_time, mu, unmet, season):
    scenario = load(
        "lost-sales",
        {
            "stocks.shop.holding_cost": cost, LEAD_TIME: lead_time, MU: mu, "demands.customers.unmet": unmet,
            "demands.customers.season": season,
        },
    )  # fmt: skip
    again = load(json.loads(scenario.model_dump_json()))
    assert again.fingerprint == scenario.fingerprint
    assert again.model_dump() == scenario.model_dump()
