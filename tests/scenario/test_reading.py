"""Whatever is read, a good scenario or one clear line comes out of it, and soon."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from jit_gym.common.text import plain
from jit_gym.scenario import ScenarioError, limits, load, reading, yaml12

CUSTOMERS = {"from": "shop", "distribution": 5}
BUSY = {"distribution": {"name": "empirical", "values": [1, 5], "weights": [1, 2]}, "next": {"calm": 0.5}}
RICH = {
    "name": "rich",
    "title": "All kinds of keys",
    "horizon": {"periods": 20, "period": "day", "starts": "2024-01-01"},
    "objective": {"discount": 0.99},
    "stocks": {
        "shop": {"initial": 5, "holding_cost": 1, "shelf_life": 3, "waste_cost": 1, "storage_limit": 50},
        "depot": {"initial": {"periods_of_supply": 2}, "obsolete": {"at": ["2024-01-15"]}, "seen_late": 1},
    },
    "suppliers": {"maker": {"late": {"chance": 0.1, "by": 2}, "short": {"chance": 0.1}}},
    "routes": {"road": {"vehicle_capacity": 10, "vehicle_cost": 3}},
    "lanes": {
        "to-shop": {"to": "shop", "uses": {"depot": 1}, "lead_time": {"name": "randint", "low": 1, "high": 3}},
        "to-depot": {"to": "depot", "supplier": "maker", "route": "road", "lead_time": 2, "capacity": 40, "batch": 2},
    },
    "demands": {
        "bread": {**CUSTOMERS, "season": [1, 2], "trend": 0.01, "forecast": {"accuracy": [0.5, 0.2]}, "occurs": 0.5},
        "milk": {"from": {"shop": 2}, "regimes": {"calm": {"distribution": 2, "next": {"busy": 0.1}}, "busy": BUSY}},
        "past": {"from": "shop", "history": {"values": [1, 2, 3], "replay": "resampled", "block": 2}},
    },
    "correlations": [{"between": ["bread", "milk"], "correlation": 0.3}],
    "spikes": {"rush": {"hits": ["bread"], "starts": {"at": [3]}, "lasts": 2, "factor": 3}},
    "disruptions": {"fire": {"hits": ["maker"], "starts": {"every": {"name": "geom", "p": 0.1}}, "lasts": 3}},
    "policies": ["jit"],
}
NASTY = [
    *(10**19, -(10**19), 10**400, 10**5000, 1e308, -1e308, 5e-324, -0.0, float("inf"), float("-inf"), float("nan")),
    *(None, True, "", "x" * 10_000, "\x00", "\x1b[31m", "\ud800", "é", "../..", "2024-02-31", b"\xff", 1j, object()),
    *([], {}, [[]], [None], {"": None}, {None: 1}, {1: 2}, {"a": {"b": {}}}, [10**400], [float("nan")], {"name": []}),
    *({"name": "poisson", "mu": 10**400}, {"name": "fixed", "value": float("inf")}, {"name": "rv_continuous"}),
    *({"name": "empirical", "values": [1e308, 1e308]}, {"name": "gamma", "a": 5e-324}, {"at": [10**400]}),
    *({"every": {"name": "fixed", "value": 10**400}}, {"periods_of_supply": 10**400}, {"drift": float("nan")}),
]  # fmt: skip


def complaint(scenario: Any, overrides: Any = None) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(scenario, overrides)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    return str(caught.value)


def written(folder: Path, content: str | bytes, name: str = "my.yaml") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def keys(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the way to every key of nested mappings."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, each in value.items():
            found += keys(each, (*path, key))
    return found


def with_at(value: Any, path: tuple[str, ...], new: Any) -> Any:
    """Return a copy of nested mappings with another value at a path."""
    if not path:
        return new
    return {**value, path[0]: with_at(value[path[0]], path[1:], new)}


PLACES = [pytest.param(path, marks=pytest.mark.slow if k % 6 else ()) for k, path in enumerate(keys(RICH))]


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(path))
def test_a_nasty_value_anywhere_is_a_scenario_or_one_line(path: tuple[str, ...]):
    """Each of some fifty values, in place of each key of a scenario that has all kinds of keys."""
    for nasty in NASTY:
        refused = ""
        try:
            assert load(with_at(RICH, path, nasty)).fingerprint
        except ScenarioError as error:
            refused = str(error)
        assert "\n" not in refused, nasty
        assert len(refused) < 500, nasty


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefghijk", "bcdefghijkl", strict=True)
)
MERGE_BOMB = "a: &a {x: 1}\n" + "".join(
    f"{new}: &{new} {{<<: [{', '.join([f'*{old}'] * 9)}]}}\n"
    for old, new in zip("abcdefghijk", "bcdefghijkl", strict=True)
)
NODES = f"has more than {limits.YAML_NODES:,} keys and values, what an alias stands for counted each time"
DEEP = f"is nested more than {limits.DEPTH} deep"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, f"line 6: {NODES}"),  # 9^11 texts, expanded
        (MERGE_BOMB, f"line 6: {NODES}"),
        ("a: &a\n  b: *a", "line 2: contains itself"),
        ("[" * 100_000, f"line 1: {DEEP}"),
        ("a: " + "{a: " * 1000, f"line 1: {DEEP}"),
        ("".join(f"{' ' * k}a:\n" for k in range(400)), f"line {limits.DEPTH}: {DEEP}"),
        ("a: 1\nb: !!bool maybe", "line 2: !!bool does not fit 'maybe' (remove the tag)"),
        ("!!int x", "line 1: !!int does not fit 'x' (remove the tag)"),
        ("!!int 1.5", "line 1: !!int does not fit '1.5' (remove the tag)"),
        ("!!float x", "line 1: !!float does not fit 'x' (remove the tag)"),
        ("!!timestamp x", "line 1: !!timestamp does not fit 'x' (remove the tag)"),
        ("!!timestamp 2024-01-01 12:00:00", "line 1: !!timestamp does not fit '2024-01-01 12:00:00' (remove the tag)"),
        ("!!python/name:os.system ''", "line 1: unknown tag '!!python/name:os.system' (remove it)"),
        ("!!binary zzz", "line 1: unknown tag '!!binary' (remove it)"),
        ("!!set {a, b}", "line 1: unknown tag '!!set' (remove it)"),
        ("!mine x", "line 1: unknown tag '!mine' (remove it)"),
        ("2024-13-01", "line 1: there is no date 2024-13-01 (month must be in 1..12)"),
        ("1" * 10_000, "line 1: '1111"),
        (f"a: 1\nb: -{'9' * 25}", "line 2: '-9999999999999999999999999' is too large a number (is it a name? put it"),
        ('"\\ud800"', "line 1: '\\ud800' is no text (half of a surrogate pair)"),
        ("a: b\nc: \x01", "line 2: has the control character '\\x01' (remove it)"),
        ("a: 1\n---\nb: 1", "line 2: begins a second document (a file holds one)"),
        ("{[1]: 2}", "line 1: has a mapping or a list for a key"),
        (f"a: *{'x' * 10_000}", "line 1: found undefined alias 'xxx"),
        (f"? {'x' * 10_000}\n: 1\n? {'x' * 10_000}\n: 2", "line 3: 'xxx"),
    ],
    ids=lambda value: value[:30].encode("unicode_escape").decode(),
)
def test_yaml_of_bad_will_or_bad_luck_is_refused_in_one_line(text: str, message: str):
    with pytest.raises(ScenarioError) as caught:
        yaml12.parse(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_yaml_text_of_many_nodes_is_refused(monkeypatch):
    """The limit, made small, so that the test is quick: 200,000 take ten seconds."""
    monkeypatch.setattr(limits, "YAML_NODES", 1000)
    with pytest.raises(ScenarioError, match="line 1: has more than 1,000 keys and values"):
        yaml12.parse("[" + "1," * 1001 + "]")
    assert len(yaml12.parse("[" + "1," * 999 + "]")) == 999


def test_a_tag_that_fits_is_taken():
    assert yaml12.parse("[!!int 5, !!str 5, !!float 5, !!bool true, !!null null]") == [5, "5", 5.0, True, None]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"title: caf\xe9", "line 1: is not written in UTF-8 (save it as UTF-8)"),
        ("title: é".encode("utf-16"), "is written in UTF-16 (save it as UTF-8)"),
        ("title: e".encode("utf-16-be"), "line 1: has a NUL byte (is it a text?)"),
        (b"a: 1\nb: \0", "line 2: has a NUL byte (is it a text?)"),
        (b"\x80", "line 1: is not written in UTF-8 (save it as UTF-8)"),
        (b"x" * (limits.YAML_BYTES + 1), "must have 5,000,000 bytes or less, got more (put long histories into a CSV"),
        (b'extends: lost-sales\ntitle: "\\e[31mred"', "title: must have no control characters, got '\\x1b[31mred'"),
    ],
    ids=["latin-1", "utf-16", "utf-16-be", "nul", "bytes", "large", "escape"],
)
def test_a_file_that_is_no_text_is_refused_by_its_name(tmp_path: Path, content: bytes, message: str):
    assert complaint(written(tmp_path, content)).startswith(f"my.yaml: {message}")


def test_a_byte_order_mark_is_skipped(tmp_path: Path):
    assert load(written(tmp_path, b"\xef\xbb\xbfextends: lost-sales")) == load("lost-sales")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes to make")
@pytest.mark.parametrize("name", ["my.yaml", "my.csv"])
def test_a_pipe_a_device_and_a_folder_are_refused_at_once(tmp_path: Path, name: str):
    """Nobody writes into the pipe: who opened it to read would wait for ever. Links are followed."""
    path = tmp_path / name
    kinds = [
        (lambda: os.mkfifo(path), "a pipe or a device"),
        (lambda: path.symlink_to("/dev/zero"), "a pipe or a device"),
    ]
    kinds += [(lambda: path.mkdir(), "a folder")]
    for make, kind in kinds:
        make()
        if name.endswith(".yaml"):
            said = complaint(path)
        else:
            history = {"demands.customers.distribution": None, "demands.customers.history.value": "units"}
            said = complaint("lost-sales", {**history, "demands.customers.history.file": str(path)})
            said = said.removeprefix("demands.customers.history: ")
        assert said == f"{name}: must be a regular file, got {kind}"
        path.rmdir() if path.is_dir() else path.unlink()


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path):
    assert complaint("a\0b.yaml") == "'a\\x00b.yaml' cannot be read: embedded null byte"
    assert complaint(f"{'x' * 300}.yaml").endswith("cannot be read: file name too long")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    assert complaint(tmp_path / "loop.yaml").endswith("cannot be read: too many levels of symbolic links")


@pytest.mark.skipif(os.getuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path):
    path = written(tmp_path, "extends: lost-sales")
    path.chmod(0)
    assert complaint(path).endswith("cannot be read: permission denied")


def test_files_extend_one_another_so_often_and_no_more(tmp_path: Path):
    written(tmp_path, "extends: lost-sales", "0.yaml")
    for k in range(30):
        written(tmp_path, f"extends: {k}.yaml", f"{k + 1}.yaml")
    assert load(tmp_path / "15.yaml") == load("lost-sales")
    with pytest.raises(ScenarioError, match="extends 20 files, one after another, and no more"):
        load(tmp_path / "30.yaml")


def test_python_may_not_nest_without_end_either():
    circle: dict[str, Any] = {}
    circle["lanes"] = circle
    assert complaint(circle) == DEEP
    assert complaint("lost-sales", {".".join(["lanes"] * 2000): 1}).endswith(f"lanes': {DEEP}")


@pytest.mark.parametrize(
    ("key", "many", "message"),
    [
        ("stocks", {f"s{k}": {} for k in range(5001)}, "stocks: must have 5,000 entries or less, got 5,002"),
        ("lanes", {f"s{k}": {} for k in range(5001)}, "lanes: must have 5,000 entries or less, got 5,002"),
        ("correlations", [{}] * 5001, "correlations: must have 5,000 entries or less, got 5,001"),
        ("demands.customers.season", [1.0] * 100_001, "demands.customers.season: must have 100,000 entries or less"),
        (
            "demands.customers.forecast",
            {"accuracy": [0.5] * 1001},
            "demands.customers.forecast.accuracy: must have 1,000 entries or less, got 1,001",
        ),
        (
            "demands.customers.distribution",
            {"name": "empirical", "values": [1] * 100_001},
            "demands.customers.distribution.values: must have 100,000 entries or less, got 100,001",
        ),
        ("lanes.supplier.capacity", 1e16, "lanes.supplier.capacity: must be 1e+15 or less, got 1e+16"),
        ("demands.customers.distribution", 2e15, "demands.customers.distribution: must be 1e+15 or less"),
        ("demands.customers.season", [1, 1e16], "demands.customers.season.1: must be 1e+15 or less, got 1e+16"),
        (
            "demands.customers.from",
            {"shop": 10**400},
            "demands.customers.from.shop: must be 1e+15 or less, got a number of",
        ),
        (
            "lanes.supplier.lead_time",
            10**19,
            "lanes.supplier.lead_time: must be 10,000 periods or less, got 10000000000000000000",
        ),
        ("demands.customers.trend", -1e16, "demands.customers.trend: must be -1e+15 or more, got -1e+16"),
    ],
)
def test_a_world_has_so_many_parts_and_no_more(key: str, many: Any, message: str):
    assert complaint("lost-sales", {key: many}).startswith(message)


def test_what_is_shown_is_plain():
    """Escape sequences, marks that turn the direction of writing, and lone surrogates are written out."""
    assert plain("a\x1b[2Jb\x07\x9b\u202e\ud800\r") == "a\\x1b[2Jb\\x07\\x9b\\u202e\\ud800\\r"
    assert plain("déjà vu\n\t漢字") == "déjà vu\n\t漢字"


def test_a_file_is_read_whole_or_not_at_all(tmp_path: Path):
    kind = reading.Kind(10, "make it shorter")
    assert reading.read(written(tmp_path, b"0123456789"), kind) == b"0123456789"
    with pytest.raises(ScenarioError, match=r"^my.yaml: must have 10 bytes or less, got more \(make it shorter\)$"):
        reading.read(written(tmp_path, b"0123456789a"), kind)
    assert stat.S_ISREG(os.stat(tmp_path / "my.yaml").st_mode)
