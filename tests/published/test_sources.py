"""Each table of published numbers says who printed them, and who recomputed them if these are not the printed ones."""

import json
import re

from .tables import HERE

AUTHOR_AND_YEAR = r"[A-Z][\w'-]+.*\((19|20)\d\d\)|Fundamentals of Supply Chain Theory|\([A-Z]\w+ et al. (19|20)\d\d\)"


def sources() -> dict[str, str]:
    """Return what each table says of its source: the first line of a CSV, `source` in a JSON file."""
    found = {path.name: path.read_text(encoding="utf-8").splitlines()[0] for path in HERE.glob("*.csv")}
    for path in HERE.glob("*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        parts = {"": content} if "source" in content else content
        found |= {f"{path.name}:{name}": part["source"] for name, part in parts.items() if isinstance(part, dict)}
    return found


def test_each_table_names_its_source():
    assert len(sources()) >= 8
    for name, source in sources().items():
        assert re.search(AUTHOR_AND_YEAR, source), (name, source)


def test_what_is_recomputed_says_by_whom():
    for name, source in sources().items():
        if "recomputed" in source:
            assert re.search(r"recomputed (independently for these tests|by [A-Z])", source), (name, source)
