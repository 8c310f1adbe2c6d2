"""Keep what tasks find in a folder, by the digest of what it depends on, so that a run that was ended goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from ..common import files
from ..common.executor import Executor, Tell

T = TypeVar("T")


class Kept:
    """Findings in a folder, one file each, by the digest of what they depend on."""

    def __init__(self, folder: Path | None) -> None:
        """Keep findings in a folder, or none without one."""
        self.folder, self.used = folder, set[str]()

    def run(
        self,
        task: Callable[[Any, Tell], dict[str, Any]],
        items: Sequence[Any],
        keys: Sequence[str],
        read: Callable[[Mapping[str, Any]], T],
        executor: Executor,
        progress: Callable[[int], Any] | None,
    ) -> list[T]:
        """Return the findings on some items: those that are kept, and else what a task finds, which is kept."""
        kept = {k: found for k, key in enumerate(keys) if (found := self._read(key)) is not None}
        self.used |= set(keys)
        if progress is not None and kept:
            progress(len(kept))
        left = [k for k in range(len(items)) if k not in kept]

        def arrived(place: int, found: dict[str, Any]) -> None:
            if self.folder is not None:
                files.write(self.folder / f"{keys[left[place]]}.json", json.dumps(found))

        fresh = executor.run(task, [items[k] for k in left], progress=progress, arrived=arrived)
        kept |= dict(zip(left, fresh, strict=True))
        return [read(json.loads(json.dumps(kept[k]))) for k in range(len(items))]

    def _read(self, key: str) -> dict[str, Any] | None:
        if self.folder is None:
            return None
        with suppress(OSError, ValueError):
            found: dict[str, Any] = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            return found
        return None

    def tidy(self) -> None:
        """Remove what is kept of items, sales or settings that are no more."""
        if self.folder is not None and self.folder.is_dir():
            for path in self.folder.glob("*.json"):
                if path.stem not in self.used:
                    path.unlink(missing_ok=True)
