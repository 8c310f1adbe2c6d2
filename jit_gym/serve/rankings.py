"""Computes beside the server how policies do on the path that a class plays, so that no page waits for it."""

from __future__ import annotations

import json
import os
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

from ..common.checks import one_line
from ..common.threads import use_threads
from .course import Change, Course
from .results import Rivals, rivals
from .saved import SavedCourse, course_document, course_of, parse

NICE = 10  # how far the server goes before it
Asked = tuple[int, tuple[Change, ...], int]


class Rankings:
    """Asks an executor for the rivals of courses, each once."""

    def __init__(self, executor: Executor) -> None:
        """Take where they are computed."""
        self.executor = executor
        self._asked: dict[Asked, Future[Rivals]] = {}

    def ask(self, course: Course, weeks: int) -> Rivals | None:
        """Return the rivals over the first weeks of a course, or None while they are computed."""
        if weeks < 1:
            return None
        happened = tuple(change for change in course.changes if change.week <= weeks)
        key = course.seed, happened, weeks
        if key not in self._asked:
            document = json.dumps(course_document(course) | {"changes": []})
            self._asked[key] = self.executor.submit(computed, document, happened, weeks)
        found = self._asked[key]
        if not found.done():
            return None
        try:
            return found.result()
        except Exception as error:  # whatever went wrong there, the lesson goes on, and says so
            return Rivals((), (f"rules and agents could not be computed: {one_line(error)}",))


def computed(document: str, changes: tuple[Change, ...], weeks: int) -> Rivals:
    """Return the rivals of a course that is given as JSON."""
    course = course_of(parse(SavedCourse, document.encode(), "course"))
    return rivals(replace(course, changes=changes), weeks)


def beside() -> ProcessPoolExecutor:
    """Return an executor with one process, which gives way to the server."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_give_way)


def _give_way() -> None:
    use_threads(1)
    if hasattr(os, "nice"):
        os.nice(NICE)
