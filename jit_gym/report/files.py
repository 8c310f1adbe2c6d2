"""Write files whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def check(path: Path) -> None:
    """Raise OSError unless a file can be written here; leave nothing behind."""
    with _beside(path):
        pass


def write(path: Path, content: str | bytes) -> None:
    """Write a file, with the folders it needs; whoever reads it sees the old one or the new one, never a half."""
    with _beside(path) as draft:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(draft, path.resolve())


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Make an empty file beside a path, and take away whatever is left of it, and of the folders that it needed."""
    if path.exists() and not path.is_file():
        raise OSError(f"cannot write {path}: it is not a file")
    if path.exists() and not os.access(path, os.W_OK):
        raise OSError(f"cannot write {path}: it is write-protected")
    real = path.resolve()
    missing = [folder for folder in real.parents if not folder.exists()]
    draft = real.with_name(f".{real.name}.{os.getpid()}.tmp")
    try:
        try:
            real.parent.mkdir(parents=True, exist_ok=True)
            draft.open("x").close()
        except (FileExistsError, NotADirectoryError):
            raise OSError(f"cannot write {path}: there is a file where a folder should be") from None
        except OSError as error:
            raise OSError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from None
        yield draft
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        for folder in missing:
            with suppress(OSError):  # it holds the file: it may stay
                folder.rmdir()
