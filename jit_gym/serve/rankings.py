"""Computes beside the server how policies do on the path that a class plays, so that no page waits for it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Lock, Thread
from typing import Any

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


class Beside(Executor):
    """Computes each task in a process of its own, one after the other, which gives way to the server.

    A process ends with its task, or with the server that started it.
    """

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._context, self._one = get_context("spawn"), Lock()

    def submit(self, what: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return what a task will return."""
        future: Future[Any] = Future()
        Thread(target=self._run, args=(future, partial(what, *args, **kwargs)), daemon=True).start()
        return future

    def _run(self, future: Future[Any], task: Callable[[], Any]) -> None:
        try:
            with self._one:
                done, value = self._answer_of(task)
        except Exception as error:  # whatever it is, who waits for the future must be told
            done, value = False, error
        if done:
            future.set_result(value)
        else:
            future.set_exception(value)

    def _answer_of(self, task: Callable[[], Any]) -> tuple[bool, Any]:
        """Return whether a process of its own could do a task, and what it returned or raised."""
        ours, its = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_answer, args=(its, task), daemon=True)
        process.start()
        its.close()
        try:
            done, value = ours.recv()
        except EOFError:
            return False, RuntimeError("the process that computed them was ended")
        process.join()
        return done, value


def _answer(pipe: Connection, task: Callable[[], Any]) -> None:
    """Compute a task in a process of its own, on one thread and after others, and send what it returns or raises."""
    use_threads(1)
    if hasattr(os, "nice"):
        os.nice(NICE)
    try:
        answer: tuple[bool, Any] = True, task()
    except Exception as error:
        answer = False, RuntimeError(one_line(error))
    with suppress(BrokenPipeError):  # the server was killed meanwhile
        pipe.send(answer)
