"""Read a spreadsheet as people export it, CSV or Excel, into a table of texts, whose lines are known."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..common.checks import BadInput
from ..common.text import quoted
from ..scenario import limits, reading
from ..scenario.csv_table import columns_of, table_of
from ..scenario.errors import ScenarioError, at

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = (",", ";", "\t", "|")
MARKS = {b"%PDF": "a PDF document", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture", b"GIF8": "a picture",
         b"SQLite format 3": "a database", b"PAR1": "a Parquet file", b"{\\rtf": "a text document"}  # fmt: skip
"""What files of other kinds begin with."""
HEADS = 5
"""Lines of as many fields as the others among which the columns may be: above them there may be groups of columns."""
LOOKED_AT = 50
"""Lines from which the separator and the line of the columns are told."""


class Spreadsheet(NamedTuple):
    """A table of texts, indexed by the lines of its file, and how it was read."""

    table: pd.DataFrame
    name: str
    separator: str
    notes: tuple[str, ...]


def spreadsheet(path: Path, sheet: str | None = None) -> Spreadsheet:
    """Read a CSV file with any common separator and encoding, or a sheet of an Excel file.

    The line of the columns is the first one that has as many fields as most of the lines below it; lines above it are
    left out, and said.

    Args:
        path: of the file.
        sheet: of an Excel file; the first one when absent.

    Raises:
        BadInput: in one line, for a file that is not there, too large, compressed, or no table.
    """
    content = reading.read(path, reading.CSV)
    if content.startswith(b"PK\x03\x04") and path.suffix.casefold() in (".xlsx", ".xlsm"):
        return _excel(content, path.name, sheet)
    if sheet is not None:
        raise BadInput(f"{path.name}: has no sheets, got --sheet {sheet} (it is no Excel file)")
    if content.startswith((b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise BadInput(f"{path.name}: is compressed, or an old spreadsheet (save it as .xlsx or CSV)")
    if (what := next((words for mark, words in MARKS.items() if content.startswith(mark)), None)) is not None:
        raise BadInput(f"{path.name}: is {what}, and no table (save it as .xlsx or CSV)")
    with at(path.name):
        text, said = _decoded(content)
    if not text.strip():
        raise BadInput(f"{path.name}: is empty")
    if re.match(r"\s*<(?:!doctype|html|table|\?xml|meta|head)\b", text, re.IGNORECASE):
        raise BadInput(
            f"{path.name}: is a web page or XML under the name of a table (open it, and save it as .xlsx or CSV)"
        )
    if (odd := re.search(r"[\x01-\x08\x0e-\x1f]", text)) is not None:
        line = text.count("\n", 0, odd.start()) + 1
        raise BadInput(f"{path.name} line {line}: holds {odd[0]!r}, which is in no text (save it as .xlsx or CSV)")
    if "\n" not in text and "\r" in text:
        text = text.replace("\r", "\n")
    separator, first = _layout(text)
    if separator is None:
        raise BadInput(
            f"{path.name} line 1: has one column, got {quoted(text.splitlines()[0])} "
            "(separate the columns by commas, semicolons, tabs or |)"
        )
    lines = text.splitlines(keepends=True)
    notes = [said] if said else []
    if first:
        text = "".join(lines[first:])
        if above := sum(1 for line in lines[:first] if line.strip() and not line.startswith("sep=")):
            notes.append(f"{above} {'line' if above == 1 else 'lines'} above the columns left out")
    if separator != ",":
        notes.append(f"columns are separated by {'tabs' if separator == chr(9) else separator}")
    table = table_of(text, path.name, filter(None, columns_of(text, separator)), separator, first + 1)
    table = _by_lines(table, text, separator, first)
    return Spreadsheet(_named(table, path.name), path.name, separator, tuple(notes))


def _decoded(content: bytes) -> tuple[str, str]:
    """Return the text of a file in UTF-8, UTF-16 with a byte-order mark, or else Windows-1252, and what was found."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16"), "written in UTF-16"
        except UnicodeDecodeError:
            raise ScenarioError("looks like UTF-16 and is not (save it as UTF-8)") from None
    try:
        return reading.text(content), ""
    except ScenarioError:
        if b"\0" in content:
            raise
        try:
            return content.decode("cp1252"), "not written in UTF-8, read as Windows-1252 (Latin-1)"
        except UnicodeDecodeError:
            return content.decode("latin-1"), "not written in UTF-8, read as Latin-1"


def _layout(text: str) -> tuple[str | None, int]:
    """Return the separator that makes the most regular lines of two columns or more, and how many lines are above."""
    sample = "".join(islice(io.StringIO(text), LOOKED_AT))
    if (told := re.match(r"\W?sep=([,;|\t])\r?\n", sample)) is not None:  # a line that Excel reads
        return told[1], 1
    best: tuple[float, str | None, int] = (0.0, None, 0)
    for separator in SEPARATORS:
        records = list(_records(sample, separator))
        widths = [len(record) for _, record in records]
        if not any(widths):
            continue
        usual, often = Counter(width for width in widths if width).most_common(1)[0]
        if usual < 2 and (max(widths) < 2 or len([w for w in widths if w]) > 2):
            continue
        usual = usual if usual > 1 else max(widths)
        share = often / len([width for width in widths if width])
        score = share + 0.001 * min(usual, 100)  # of two that are as regular, the one with more columns
        if score > best[0]:
            alike = [place for place, width in enumerate(widths) if width == usual]
            row = next(
                (
                    below
                    for above, below in pairwise(alike[:HEADS])
                    if _groups(*(records[k][1] for k in (above, below)))
                ),
                alike[0],
            )
            best = score, separator, records[row][0]
    return best[1], best[2]


def _groups(above: list[str], below: list[str]) -> bool:
    """Tell whether a line has groups of columns, and the one below it the columns: more names, and no digit."""
    blank, names = (sum(not cell.strip() for cell in cells) for cells in (above, below))
    return blank > names and not any(re.search(r"\d", cell) for cell in below)


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a text, each with the lines above it; a field in quotes may have several lines."""
    reader, above = csv.reader(io.StringIO(text), delimiter=separator), 0
    while True:
        try:
            record = next(reader)
        except (StopIteration, csv.Error):
            return
        yield above, record if any(map(str.strip, record)) else []
        above = reader.line_num


def _by_lines(table: pd.DataFrame, text: str, separator: str, first: int) -> pd.DataFrame:
    """Return a table whose rows are told by their first lines, also where a field before has several lines."""
    if '"' not in text or not table.map(lambda cell: "\n" in cell or "\r" in cell).to_numpy().any():
        return table
    lines = [above + first + 1 for above, _ in _records(text, separator)][1:]
    return table.set_axis([lines[row - first - 2] if row - first - 2 < len(lines) else row for row in table.index])


def _named(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a table without columns that have neither name nor cells, and refuse two columns of one name."""
    empty = [place for place, column in enumerate(table.columns) if str(column).startswith("Unnamed:")]
    blank = [place for place in empty if not table.iloc[:, place].str.strip().any()]
    table = table.iloc[:, [place for place in range(table.shape[1]) if place not in blank]]
    columns = [str(column).strip() for column in table.columns]
    for column, times in Counter(columns).items():
        if times > 1:
            raise BadInput(f"{name} line 1: there are {times} columns {column!r} (rename or remove the others)")
    table = table.set_axis(columns, axis=1)
    if table.empty:
        raise BadInput(f"{name}: has no rows below its columns {', '.join(columns[:20])}")
    return table


def _excel(content: bytes, name: str, sheet: str | None) -> Spreadsheet:
    """Return a sheet as a table of texts: dates as ISO dates, numbers with a decimal point."""
    import pandas as pd

    try:
        from openpyxl import load_workbook
    except ModuleNotFoundError:
        raise BadInput(
            f"{name}: needs the package openpyxl (pip install 'jit-gym[excel]'), or save it as CSV"
        ) from None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(each.file_size for each in archive.infolist()) > 20 * limits.CSV_BYTES:
                raise BadInput(f"{name}: is too large when unpacked ({reading.CSV.instead})")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except BadInput:
        raise
    except Exception as error:  # openpyxl raises what its XML reader and zipfile do
        raise BadInput(f"{name}: is no Excel file that can be read ({type(error).__name__}; save it again)") from None
    if sheet is not None and sheet not in book.sheetnames:
        raise BadInput(f"{name}: has no sheet {sheet!r} (it has {', '.join(book.sheetnames)})")
    chosen = sheet or book.sheetnames[0]
    rows, cells = [], 0
    for row in book[chosen].iter_rows(values_only=True):
        cells += len(row)
        if cells > limits.CSV_CELLS:
            raise BadInput(f"{name}: must have {limits.CSV_CELLS:,} cells or less ({reading.CSV.instead})")
        rows.append([_text(cell) for cell in row])
    widths = [sum(map(bool, row)) for row in rows]
    if not any(widths):
        raise BadInput(f"{name}: sheet {chosen!r} is empty")
    usual = Counter(width for width in widths if width).most_common(1)[0][0]
    first = next(place for place, width in enumerate(widths) if width >= usual)
    columns = [text or f"Unnamed: {k}" for k, text in enumerate(rows[first])]
    table = pd.DataFrame(rows[first + 1 :], columns=columns, dtype=str)
    table.index += first + 2
    table = table[(table != "").any(axis=1)]
    notes = [f"sheet {chosen!r}"] if len(book.sheetnames) > 1 else []
    return Spreadsheet(_named(table, name), name, "", tuple(notes))


def _text(cell: object) -> str:
    """Return a cell of Excel as the text that a CSV file would have."""
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
