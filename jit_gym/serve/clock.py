"""The clock of a lesson on a server: it plays a week when that is due, table by table, so that no page waits long."""

from __future__ import annotations

import asyncio

from .lesson import Lesson

AT_ONCE = 5  # tables that are played before others may do something


class Clock:
    """Plays the weeks of a lesson when all have ordered, or the time is over."""

    def __init__(self, lesson: Lesson) -> None:
        """Take a lesson."""
        self.lesson = lesson
        self._busy = False

    async def tick(self) -> None:
        """Play the week if it is due."""
        if self.lesson.is_due():
            await self.turn()

    async def kept(self) -> None:
        """Wait until all that was done is on the disk.

        Raises:
            OSError: where it could not be written.
        """
        if self.lesson.store.written is not None:
            await asyncio.wrap_future(self.lesson.store.written)

    async def turn(self) -> None:
        """Play the week now; while it is played, do nothing."""
        if self._busy:
            return
        self._busy = True
        try:
            for k, _ in enumerate(self.lesson.turn_week(), 1):
                if k % AT_ONCE == 0:
                    await asyncio.sleep(0)
        finally:
            self._busy = False
