"""Write files whole or not at all, and nowhere else than where they were asked for."""

from __future__ import annotations

import csv
import io
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .checks import BadInput, reason


def check(path: Path) -> None:
    """Raise OSError unless a file can be written here; leave nothing behind."""
    with _beside(path):
        pass


def write(path: Path, content: str | bytes) -> None:
    """Write a file, with the folders it needs; readers see the old one or the new one, never a half.

    A file that is there keeps its mode; a new one gets what the umask leaves. Lone surrogates, which UTF-8 cannot hold,
    are written as `?`, so that a run is not lost for a title.

    Raises:
        OSError: in one line, where it cannot be written. A link is not followed: it may lead anywhere.
    """
    data = content.encode(errors="replace") if isinstance(content, str) else content
    with _beside(path) as (draft, file):
        file.write(data)
        file.close()
        os.replace(draft, path)


def write_folder(path: Path, contents: Mapping[str, str | bytes]) -> None:
    """Write a new folder of files, by their names within it; there is all of it or nothing.

    Raises:
        BadInput: for a folder that is there already, with anything in it.
        OSError: in one line, where it cannot be written.
    """
    check_folder(path)
    draft = path.absolute().with_name(f".{secrets.token_hex(8)}.jit_gym.tmp")
    missing = [folder for folder in draft.parents if not folder.exists()]
    try:
        for name, content in contents.items():
            write(draft / name, content)
        if path.exists():
            path.rmdir()  # which is empty
        os.replace(draft, path)
    except OSError as error:
        raise OSError(f"cannot write {path}: {reason(error)}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        for folder in missing:
            with suppress(OSError):  # it holds the new folder: it may stay
                folder.rmdir()


def check_folder(path: Path) -> None:
    """Raise BadInput unless a new folder can be written here: there is none yet, or an empty one."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise BadInput(f"{path}: is no folder (name a new one)")
    if path.is_dir() and any(path.iterdir()):
        raise BadInput(f"{path}: has files already, which stay as they are (name a new folder, or remove it)")


@contextmanager
def _beside(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a new file beside a path, and take away whatever is left of it, and of the folders that it needed.

    Its name is random, so that a draft left by a run that was killed does no harm.
    """
    mode = _mode(path)
    missing = [folder for folder in path.absolute().parents if not folder.exists()]
    draft = path.with_name(f".{secrets.token_hex(8)}.jit_gym.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(draft, flags, 0o666 if mode is None else mode)
        except (FileExistsError, NotADirectoryError):
            raise OSError(f"cannot write {path}: there is a file where a folder should be") from None
        except OSError as error:
            raise OSError(f"cannot write {path}: {reason(error)}") from None
        with open(handle, "wb") as file:
            if mode is not None and hasattr(os, "fchmod"):  # what the umask took away from it
                os.fchmod(handle, mode)
            yield draft, file
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        for folder in missing:
            with suppress(OSError):  # it holds the file: it may stay
                folder.rmdir()


def _mode(path: Path) -> int | None:
    """Return the mode of the file that is there, or None; refuse a link, what is no file, or is write-protected."""
    try:
        about = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise OSError(f"cannot write {str(path)!r}: {reason(error)}") from None
    if stat.S_ISLNK(about.st_mode):
        raise OSError(f"cannot write {path}: it is a link (name the file itself, or remove the link)")
    if not stat.S_ISREG(about.st_mode):
        raise OSError(f"cannot write {path}: it is not a file")
    if not os.access(path, os.W_OK):
        raise OSError(f"cannot write {path}: it is write-protected")
    return stat.S_IMODE(about.st_mode)


def rows_of(path: Path, key: Sequence[str]) -> dict[tuple[str, ...], dict[str, str]]:
    """Return the rows of a CSV file by their keys, the values of some columns; none of a file that is not there."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return {tuple(row[name] for name in key): row for row in csv.DictReader(io.StringIO(text))}


def add_row(
    path: Path, columns: Sequence[str], key: Sequence[str], row: Mapping[str, object], *, replace: bool = False
) -> list[dict[str, str]]:
    """Write a row to a CSV file, and return all rows, in the order of keys.

    Raises:
        BadInput: where a row of the same key is there already, unless `replace`.
    """
    rows, new = rows_of(path, key), {name: str(row[name]) for name in columns}
    place = tuple(new[name] for name in key)
    if place in rows and not replace:
        raise BadInput(f"{path}: has a row of {', '.join(place)} already, which stays as it is (add --replace)")
    rows[place] = new
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(found := [rows[each] for each in sorted(rows)])
    write(path, out.getvalue())
    return found


def fill(path: Path, mark: str, text: str) -> None:
    """Write a text between `<!-- mark -->` and `<!-- end of mark -->` in a file, in place of what stands there.

    Raises:
        ValueError: for a file without these marks.
    """
    first, last = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    before, found, rest = path.read_text(encoding="utf-8").partition(first)
    _, end, after = rest.partition(last)
    if not found or not end:
        raise ValueError(f"{path}: has no place for it ({first} and {last})")
    write(path, f"{before}{first}\n{text.strip()}\n{last}{after}")
