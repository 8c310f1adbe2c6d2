"""Damaged and foreign input, drawn at random: scenarios, sales files, command lines."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

CONFIGS = Path(__file__).parents[2] / "configs"

NUMBERS = [
    "0",
    "-1",
    "-0",
    "0.4",
    "0.5",
    "1",
    "2.5",
    "7",
    "1e3",
    "1e30",
    "1e308",
    "1e-300",
    ".inf",
    "-.inf",
    ".nan",
    "1000000",
    "9223372036854775807",
    "9223372036854775808",
    "10000000000000000000",
    "007",
    "1_000",
    "0x10",
    "1e400",
]
WORDS = [
    "yes",
    "no",
    "null",
    "~",
    "true",
    "",
    "[]",
    "{}",
    "[1, 2]",
    "{a: 1}",
    "!!bool maybe",
    "!!int x",
    "!!python/none x",
    "'",
    '"\\ud800"',
    '"\\u001b[31m"',
    "2024-02-30",
    "2024-13-01",
    "lost",
    "backlog",
    "everything",
    "*anchor",
    "&anchor 1",
    "- 1",
    "shop",
    "supplier",
    "customers",
    "poisson",
    "{name: poisson, mu: -1}",
    "{name: norm, loc: 0, scale: 0}",
    "{name: geom, p: 0}",
    "{name: randint, low: 5, high: 2}",
    "{name: cauchy}",
    "{name: pareto, b: 0.5}",
    "{name: zipf, a: 1.01}",
    "{name: empirical, values: []}",
    "{name: fixed, value: 1e30}",
    "{name: uniform, scale: -1}",
    "{drift: 2}",
    "{periods_of_supply: -1}",
    "{periods_of_supply: 1e30}",
    "{rate: 2}",
    "{at: [-1]}",
    "{every: 0}",
]
KEYS = [
    "lead_time",
    "capacity",
    "batch",
    "minimum_order",
    "order_delay",
    "shelf_life",
    "storage_limit",
    "initial",
    "unmet",
    "price",
    "season",
    "trend",
    "regimes",
    "history",
    "forecast",
    "autocorrelation",
    "crossing",
    "defects",
    "share",
    "pays_after",
    "cost_erosion",
    "seen_late",
    "obsolete",
    "terminal_value",
    "route",
    "supplier",
    "uses",
    "to",
    "from",
    "hits",
    "starts",
    "lasts",
    "severity",
    "stops",
    "recovers_over",
    "announced",
    "horizon",
    "objective",
    "units",
]


def scenario(rng: random.Random) -> bytes:
    """Return a shipped scenario with a few faults: of its text, its values, its keys, its lines, or its bytes."""
    files = sorted(CONFIGS.glob("*.yaml"))
    text = rng.choice(files).read_text(encoding="utf-8")
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        text = rng.choice(TEXT_FAULTS)(text, rng)
    data = text.encode("utf-8", "surrogatepass")
    return rng.choice(BYTE_FAULTS)(data, rng) if rng.random() < 0.15 else data


def _number(text: str, rng: random.Random) -> str:
    return _replaced(text, r"(?<=[ \[:])-?\d+(?:\.\d+)?(?:e-?\d+)?(?=[,\s}\]])", rng.choice(NUMBERS), rng)


def _value(text: str, rng: random.Random) -> str:
    return _replaced(text, r"(?<=: )[^\n#{}\[\],]+(?=[,\n}])", rng.choice([*WORDS, *NUMBERS]), rng)


def _key(text: str, rng: random.Random) -> str:
    return _replaced(text, r"\b[a-z][a-z_-]+(?=: )", rng.choice(KEYS), rng)


def _typo(text: str, rng: random.Random) -> str:
    keys = list(re.finditer(r"\b[a-z][a-z_-]{3,}(?=: )", text))
    if not keys:
        return text
    key = rng.choice(keys)
    k = rng.randrange(key.start(), key.end())
    return text[:k] + text[k + 1 :]


def _more(text: str, rng: random.Random) -> str:
    """Add a key with some value to a mapping that stands in one line."""
    return _replaced(text, r"\{(?=[a-z])", f"{{{rng.choice(KEYS)}: {rng.choice([*WORDS, *NUMBERS])}, ", rng)


def _line_away(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    del lines[rng.randrange(len(lines))]
    return "\n".join(lines)


def _line_twice(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    k = rng.randrange(len(lines))
    return "\n".join([*lines[:k], lines[k], *lines[k:]])


def _lines_swapped(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    i, k = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[i], lines[k] = lines[k], lines[i]
    return "\n".join(lines)


def _indented(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    k = rng.randrange(len(lines))
    lines[k] = rng.choice(["  ", "\t", "    "]) + lines[k] if rng.random() < 0.5 else lines[k].lstrip()
    return "\n".join(lines)


def _replaced(text: str, pattern: str, new: str, rng: random.Random) -> str:
    found = list(re.finditer(pattern, text))
    if not found:
        return text
    place = rng.choice(found)
    return text[: place.start()] + new + text[place.end() :]


TEXT_FAULTS: list[Callable[[str, random.Random], str]] = [
    _number,
    _number,
    _number,
    _value,
    _value,
    _key,
    _typo,
    _more,
    _more,
    _line_away,
    _line_twice,
    _lines_swapped,
    _indented,
]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _flipped(data: bytes, rng: random.Random) -> bytes:
    if not data:
        return data
    k = rng.randrange(len(data))
    return data[:k] + bytes([data[k] ^ (1 << rng.randrange(8))]) + data[k + 1 :]


def _strange(data: bytes, rng: random.Random) -> bytes:
    k = rng.randrange(len(data) + 1)
    return data[:k] + rng.choice([b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\x1b[2J", b"\xed\xa0\x80"]) + data[k:]


BYTE_FAULTS: list[Callable[[bytes, random.Random], bytes]] = [_cut, _flipped, _strange]


def _shuffled(data: bytes, rng: random.Random) -> bytes:
    """Exchange two pieces of a file, as a disk does that loses the order of its blocks."""
    i, k = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[k:] + data[i:k] + data[:i]


def _blank(data: bytes, rng: random.Random) -> bytes:
    """Write zeros over a piece of a file, as a file system does that has lost its end in a power cut."""
    k = rng.randrange(len(data) + 1)
    return data[:k] + b"\0" * (len(data) - k)


def _number_changed(data: bytes, rng: random.Random) -> bytes:
    """Change a digit somewhere in a file's text, as a person does who edits a manifest."""
    digits = [place.start() for place in re.finditer(rb"(?<=[:,\[ ])\d", data[:20_000])]
    if not digits:
        return data
    k = rng.choice(digits)
    return data[:k] + str((int(data[k : k + 1]) + rng.randrange(1, 10)) % 10).encode() + data[k + 1 :]


FILE_FAULTS = [*BYTE_FAULTS, _flipped, _flipped, _shuffled, _blank, _number_changed, _number_changed]


def file(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Return a file's bytes with a fault, or in its place nothing, noise, or another file with some of its own."""
    kind = rng.random()
    if kind < 0.05:
        return rng.choice([b"", b"\0", b"{}", rng.randbytes(rng.randrange(5_000)), *others])
    if kind < 0.1:
        k = rng.randrange(len(data) + 1)
        return data[:k] + rng.choice(others)[k:]
    return rng.choice(FILE_FAULTS)(data, rng)


def sales(rng: random.Random) -> bytes:
    """Return a sales file with faults that people make: of its cells, dates, rows, columns or bytes."""
    import datetime as dt

    step = rng.choice([7, 7, 7, 1, 30])
    days = [dt.date(2022, 1, 3) + dt.timedelta(days=step * k) for k in range(rng.choice([0, 1, 2, 30, 120]))]
    rows = [[str(day), "north", str(rng.randrange(90))] for day in days]
    for _ in range(rng.randrange(4)):
        if rows:
            row = rng.choice(rows)
            row[rng.randrange(3)] = rng.choice(
                [*NUMBERS, "", "n/a", "1.234,5", "1,000", "-3", "2022-02-30", '"', "03/04/22"]
            )
    if rows and rng.random() < 0.2:
        rows.append(rng.choice(rows))
    if rng.random() < 0.2:
        rng.shuffle(rows)
    head = rng.choice(
        [
            "week,store,units_sold",
            "week,store,units_sold",
            "week;store;units_sold",
            "week,store",
            "week,week,units_sold",
            "",
        ]
    )
    text = "\n".join([head, *(",".join(row) for row in rows)]) + "\n"
    data = text.encode(rng.choice(["utf-8", "utf-8", "utf-8", "latin-1", "utf-16"]))
    return rng.choice(BYTE_FAULTS)(data, rng) if rng.random() < 0.2 else data


RULES = [
    "jit",
    "kanban",
    "conwip",
    "base-stock",
    "just-in-case",
    "s-S",
    "R-Q",
    "hybrid",
    "emergency",
    "capped-base-stock",
    "myopic",
    "dual-index",
    "tailored-base-surge",
    "adaptive",
    "echelon-base-stock",
    "anchoring",
    "rerouting",
    "constant",
    "optimal",
]
ARGUMENTS = ["level", "s", "S", "cards", "container", "quantity", "cap", "smoothing", "R", "Q", "cover", "nothing"]


def policy(rng: random.Random) -> str:
    """Return the text of a policy, often a wrong one."""
    name = rng.choice(
        [*RULES, "agent:dcl", "agent:nobody", "agent:../x.safetensors", "nothing.npz", "", "base_stock", "jit()"]
    )
    if rng.random() < 0.5:
        return name
    inside = rng.choice(
        [
            "",
            f"{rng.choice(ARGUMENTS)}=",
            f"{rng.choice(ARGUMENTS)}={rng.choice([*NUMBERS, *WORDS])}",
            "1",
            "a=b=c",
            "{",
        ]
    )
    return f"{name}({inside}{rng.choice([')', ')', ')', ''])}"


def command(rng: random.Random) -> list[str]:
    """Return a command line, made of words that belong there and of some that do not."""
    verb = rng.choice(
        ["list", "show", "compare", "compare", "compare", "tune", "solve", "bound", "new", "train", "nothing", ""]
    )
    worlds = [
        "lost-sales",
        "dual-sourcing",
        "serial",
        "fixed-cost",
        "beer-game",
        "lost-sale",
        "nowhere.yaml",
        "/dev/null",
        ".",
        "",
    ]
    line = [verb, rng.choice(worlds)]
    if verb in ("compare", "tune", "solve"):
        line += [policy(rng) for _ in range(rng.randrange(3))]
    if verb in ("compare", "bound"):
        line += ["--paths", rng.choice(["1", "2", "3", "0", "-1", "x", "1e3"])]
    if verb in ("compare", "bound", "tune"):
        line += ["--periods", rng.choice(["1", "5", "20", "0", "x"]), "--warmup", rng.choice(["0", "3", "-2"])]
    if verb == "tune":
        line += ["--budget", rng.choice(["1", "500", "20000", "0", "1e9"])]
    if verb == "solve":
        line += ["--most-states", rng.choice(["10", "2000", "0"])]
    if verb == "train":
        line += [
            "--agent",
            rng.choice(["nobody", "dcl", "ppo", ""]),
            "--setting",
            "budget=0",
            "--seeds",
            rng.choice(["", "1..0", "x", "9..3"]),
        ]
    for _ in range(rng.randrange(3)):
        key = rng.choice(
            [
                "lanes.supplier.lead_time",
                "demands.customers.distribution",
                "stocks.shop.initial",
                "disruptions.e",
                "units",
                "x",
                "",
            ]
        )
        line += rng.choice(
            [
                ["--set", f"{key}={rng.choice([*NUMBERS, *WORDS])}"],
                ["--seed", rng.choice(NUMBERS)],
                ["--json"],
                ["--history", rng.choice(["nowhere.csv", ".", "/dev/null"])],
                ["--where", rng.choice(["a=b", "a", "="])],
                ["--nothing"],
                ["--by", rng.choice(["item", "lane", "moon"])],
                ["--threshold", rng.choice(["0", "1", "-1", "nan", "x"])],
            ]
        )
    return line
