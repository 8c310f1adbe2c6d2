"""The scenario reference is what the schema says now: every part, every key, and what each of them does."""

import re
from pathlib import Path

import pytest

from jit_gym.report.reference import reference
from jit_gym.scenario import model
from jit_gym.scenario.part import Part

COMMITTED = Path(__file__).parents[2] / "docs/scenario-reference.md"
PARTS = [
    part
    for part in vars(model).values()
    if isinstance(part, type) and issubclass(part, Part) and part not in (Part, model.Event)
]
PLAIN = {"title", "name", "description"}  # labels
TABLES = set(model.Scenario.model_fields) - {"units", "sources_ship"}  # each is a part, or told in its row


def keys(part: type[Part]) -> set[str]:
    """Return the keys of a part as they are typed."""
    return {field.alias or name for name, field in part.model_fields.items()}


def sections() -> dict[str, str]:
    """Return the text below each heading."""
    _, *parts = re.split(r"^## ", reference(), flags=re.MULTILINE)
    return {title.strip(): text for title, _, text in (part.partition("\n") for part in parts)}


def opened(part: type[Part]) -> set[str]:
    """Return the keys with which the paragraphs on a part open: those before the first colon."""
    paragraphs = [line for line in sections()[part.__name__].splitlines() if line.startswith("`")]
    openings = [re.match(r"(`[^`]+`(, )?)+:", paragraph) for paragraph in paragraphs]
    named = [name for opening in openings if opening for name in re.findall(r"`([^`]+)`", opening.group())]
    return {name.partition(":")[0] for name in named}


def test_the_committed_reference_is_up_to_date():
    """A key that is added, or told otherwise, is in the file as well: `make reference` writes it again."""
    assert COMMITTED.read_text(encoding="utf-8") == reference(), "stale: run make reference"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_part_and_key_is_there(part: type[Part]):
    """Each part has its section, that begins with what it is, and each key a row with a meaning."""
    section = sections()[part.__name__]
    assert (part.__doc__ or "").splitlines()[0] in section
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", section, flags=re.MULTILINE))
    assert set(rows) - {"extends"} == (keys(part) if part is not model.Distribution else set())
    assert all(rows.values())


@pytest.mark.parametrize("part", [part for part in PARTS if part is not model.Distribution], ids=lambda p: p.__name__)
def test_every_mechanism_has_its_paragraph(part: type[Part]):
    """Each key that changes the world opens a paragraph that tells how; and none is told of that is not there."""
    needed = keys(part) - PLAIN - (TABLES if part is model.Scenario else set())
    if part is model.PeriodsOfSupply:  # its one key is what the part is
        needed = set()
    assert opened(part) == needed


def test_every_link_leads_somewhere():
    """What a row refers to has a heading."""
    linked = set(re.findall(r"\]\(#(\w+)\)", reference()))
    assert linked
    assert linked <= {title.lower() for title in sections()}


def test_the_steps_are_those_of_the_period():
    """The paragraphs speak of steps by number, and there are seven of them."""
    steps = re.findall(r"^(\d)\. (\w+)", sections()["The order of events"], flags=re.MULTILINE)
    words = ["See", "Order", "Ship", "Arrive", "Demand", "Pay", "Age"]
    assert steps == [(str(k), word) for k, word in enumerate(words, start=1)]
    assert {int(step) for step in re.findall(r"step (\d)", reference())} <= set(range(1, 8))


@pytest.mark.parametrize(
    ("part", "row"),
    [
        ("Stock", "| `shelf_life` | whole number from 1 to 10,000 |  |"),
        ("Stock", "| `initial` | number, 0 or more, or [PeriodsOfSupply](#periodsofsupply) | `0` |"),
        ("Stock", "| `issuing` | `fifo` or `lifo` | `fifo` |"),
        ("Lane", "| `to` | text | needed |"),
        ("Lane", "| `crossing` | `true` or `false` | `false` |"),
        ("Lane", "| `defects` | [Distribution](#distribution) or [Drift](#drift) | `0` |"),
        ("Lane", "| `share` | number from 0 to 1 |  |"),
        ("Starts", "| `at` | list: whole number or date |  |"),
        ("Demand", "| `from` | text, or mapping: name to number, above 0 | needed |"),
        ("Demand", "| `autocorrelation` | number, above -1, below 1 | `0` |"),
        ("Disruption", "| `stops` | `ordering`, `shipping`, `transit` or `receiving` | `shipping` |"),
        ("History", "| `where` | mapping: name to text or number |  |"),
        ("Correlation", "| `between` | list of 2: text, text | needed |"),
        ("Scenario", "| `lanes` | mapping: name to [Lane](#lane) | needed |"),
        ("Scenario", "| `name` | text |  |"),
    ],
)
def test_a_row_says_in_plain_words_what_may_be_typed(part: str, row: str):
    """A kind, its bounds and its default, as one types them; `needed` where there must be a value."""
    assert row in sections()[part]
