"""Write each notebook twice from its source: with empty cells to fill, and with the solutions.

`python notebooks/write.py` writes `notebooks/NAME.ipynb` and `notebooks/solutions/NAME.ipynb` from
`notebooks/sources/NAME.md`, and the table of `docs/notebooks.md`. In a source, text and fenced blocks of `python` are
the cells of both. A block of `python exercise` is in the notebook for the student alone, one of `python solution`, and
text between `<!-- solution -->` and `<!-- end -->`, in the solutions alone. Cells have no outputs, and ids that follow
from where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

HERE = Path(__file__).parent
SOURCES = HERE / "sources"
PAGE = HERE.parent / "docs" / "notebooks.md"
BEGIN, END = "<!-- notebooks -->", "<!-- end of notebooks -->"
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
BLOCK = re.compile(
    r"^```python(?: (?P<kind>exercise|solution))?\n(?P<code>.*?)^```$|^<!-- solution -->\n(?P<text>.*?)^<!-- end -->$",
    re.DOTALL | re.MULTILINE,
)

Kind = Literal["exercise", "solution"]


def parts(source: str) -> Iterator[tuple[bool, Kind | None, str]]:
    """Yield the parts of a source in order: whether it is code, the one notebook that it is for, and what it says.

    Raises:
        ValueError: for a fence or a mark that belongs to no block.
    """
    begin = 0
    found = list(BLOCK.finditer(source))
    for block in [*found, None]:
        text = source[begin : block.start() if block else len(source)].strip()
        stray = re.search(r"^(```(?:python|$)|<!-- (?:solution|end)).*", text, re.MULTILINE)
        if stray:
            raise ValueError(f"{stray[0]!r} belongs to no block (write ```python, ```python exercise, ...)")
        if text:
            yield False, None, text
        if block is None:
            return
        if block["text"] is not None:
            yield False, "solution", block["text"].strip()
        else:
            yield True, block["kind"], block["code"].rstrip()
        begin = block.end()


def notebook(source: str, kind: Kind) -> str:
    """Return one of the two notebooks of a source, as the text of its file."""
    cells = []
    for k, (is_code, only, text) in enumerate(parts(source)):
        if only in (None, kind):
            cells.append((new_code_cell if is_code else new_markdown_cell)(text, id=f"cell-{k}"))
    return str(nbformat.writes(new_notebook(cells=cells, metadata=KERNEL), version=4)) + "\n"


def table(sources: dict[str, str]) -> str:
    """Return what one can do after each notebook, as rows of a table, from the sources by their names."""
    rows = ["| notebook | after it you can | needs |", "|---|---|---|"]
    for name, source in sources.items():
        title = re.findall(r"^# (.*)", source, re.MULTILINE)[0]
        able = re.findall(r"^- (.*?);?\.?$", source.split("**Before**")[0].replace("\n  ", " "), re.MULTILINE)
        needs = " ".join(re.findall(r"\*\*Before\*\*: (.*?)\s+\*\*Time\*\*", source, re.DOTALL)[0].split())
        links = f"[{title}](../notebooks/{name}.ipynb) ([solutions](../notebooks/solutions/{name}.ipynb))"
        rows.append(f"| {links} | {'; '.join(able)} | {needs.rstrip('.')} |")
    return "\n".join(rows)


def files() -> dict[Path, str]:
    """Return what each file that is written should hold."""
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("*.md"))}
    folders: dict[Kind, Path] = {"exercise": HERE, "solution": HERE / "solutions"}
    found = {
        folder / f"{name}.ipynb": notebook(source, kind)
        for name, source in sources.items()
        for kind, folder in folders.items()
    }
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    return found | {PAGE: f"{head}{BEGIN}\n{table(sources)}\n{END}{tail}"}


if __name__ == "__main__":
    for file, content in files().items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")
        print(file.relative_to(HERE.parent))
