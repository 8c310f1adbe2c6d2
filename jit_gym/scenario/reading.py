"""Read a file of any kind and size safely: a regular file below a limit is read in full, others are refused."""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path
from typing import NamedTuple

from ..common.checks import reason
from . import limits
from .errors import ScenarioError


class Kind(NamedTuple):
    """A kind of file: how many bytes it may have, and what the error advises for a larger one."""

    most: int
    instead: str


YAML = Kind(limits.YAML_BYTES, "put long histories into a CSV file")
CSV = Kind(limits.CSV_BYTES, "keep the rows and columns that are needed, or aggregate it")
SAVED = Kind(limits.SAVED_BYTES, "save it again")
CHECKPOINT = Kind(2**63, "")  # no limit: an agent may store all its samples
PIECE = 1 << 24  # bytes


def read(path: Path, kind: Kind) -> bytes:
    """Return the bytes of a regular file; it is opened without waiting, so that a pipe is refused.

    Raises:
        ScenarioError: in one line, for what is not there, is a folder, a pipe or a device, may not be read, or is too
            large.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError):
        raise ScenarioError(f"there is no file {str(path)!r}") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL byte
        raise ScenarioError(f"{str(path)!r} cannot be read: {reason(error)}") from None
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            what = "a folder" if stat.S_ISDIR(about.st_mode) else "a pipe or a device"
            raise ScenarioError(f"{path.name}: must be a regular file, got {what}")
        with open(handle, "rb", closefd=False) as file:  # in pieces: one large read would allocate its memory at once
            pieces: list[bytes] = []
            while sum(map(len, pieces)) <= kind.most and (piece := file.read(PIECE)):
                pieces.append(piece)
        content = b"".join(pieces)
    except OSError as error:
        raise ScenarioError(f"{path.name}: cannot be read: {reason(error)}") from None
    finally:
        os.close(handle)
    if len(content) > kind.most:
        raise ScenarioError(f"{path.name}: must have {kind.most:,} bytes or less, got more ({kind.instead})")
    return content


def text(content: bytes) -> str:
    """Return a text in UTF-8, without a byte-order mark.

    Raises:
        ScenarioError: for another encoding, or a byte that no text has, with its line.
    """
    for mark, encoding in ((codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16")):
        if content.startswith(mark):
            raise ScenarioError(f"is written in {encoding} (save it as UTF-8)")
    try:
        found = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ScenarioError(f"line {line}: is not written in UTF-8 (save it as UTF-8)") from None
    if (place := found.find("\0")) >= 0:
        raise ScenarioError(f"line {found.count(chr(10), 0, place) + 1}: has a NUL byte (is it a text?)")
    return found
