"""The server of a lesson: its pages, its clock, and what it prints where it starts."""

from __future__ import annotations

import os
import secrets
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..common.checks import BadInput, reason
from .clock import Clock
from .lesson import Lesson
from .rankings import Beside, Rankings
from .takeaway import csv_text, report

LOOPBACK = "127.0.0.1"
TICK = 0.25  # seconds between two looks at the clock
PATIENCE = 120.0  # seconds for which a page that sleeps is kept


def build(lesson: Lesson, rankings: Rankings, links: list[str]) -> Clock:
    """Make the pages of a lesson, and return its clock; `links` are those by which students join."""
    from fastapi import Response
    from nicegui import app, ui

    from .frame import frame, paragraph
    from .student_page import join_page, play_page
    from .teacher_page import TeacherPage

    clock, title = Clock(lesson), lesson.course.setup.title
    app.config.quasar_config["loadingBar"] |= {"skipHijack": True}  # it has no name for screen readers

    def is_teacher(secret: str) -> bool:
        return secrets.compare_digest(secret.encode(), lesson.teacher.encode())

    @ui.page("/", title=title)
    def first() -> None:
        join_page(lesson)

    @ui.page("/play/{key}", title=title)
    def play(key: str) -> None:
        play_page(lesson, clock, rankings, key)

    @ui.page("/teacher/{secret}", title=f"Teacher: {title}")
    def teacher(secret: str) -> None:
        if is_teacher(secret):
            TeacherPage(lesson, clock, rankings, links)
            return
        with frame("Not here"):
            paragraph("This is not the teacher's link (the terminal shows it).", "jit-alert")

    def file(secret: str, name: str, kind: str, content: Any) -> Response:
        if not is_teacher(secret):
            return Response("not here", 404)
        headers = {"Content-Disposition": f'attachment; filename="{lesson.course.setup.name}-{name}"'}
        return Response(content(), media_type=kind, headers=headers)

    @app.get("/teacher/{secret}/report.html")
    def take_report(secret: str) -> Response:
        return file(secret, "lesson.html", "text/html; charset=utf-8", lambda: report(lesson, known()))

    @app.get("/teacher/{secret}/weeks.csv")
    def take_weeks(secret: str) -> Response:
        return file(secret, "weeks.csv", "text/csv; charset=utf-8", lambda: csv_text(lesson))

    def known() -> dict[str, Any]:
        """Return the rivals of each branch, as far as they are computed."""
        played = {
            letter: min((game.week - 1 for game in branch.games.values()), default=0)
            for letter, branch in lesson.branches.items()
        }
        found = {each: rankings.ask(lesson.branches[each].course, weeks) for each, weeks in played.items()}
        return {letter: each for letter, each in found.items() if each is not None}

    app.timer(TICK, clock.tick)
    return clock


def serve(lesson: Lesson, host: str, port: int, links: list[str]) -> None:
    """Serve a lesson until it is stopped.

    Raises:
        BadInput: for a port that is taken or may not be used.
    """
    check_port(host, port)
    os.environ.setdefault("NICEGUI_STORAGE_PATH", str(lesson.store.folder / "browsers"))
    from nicegui import ui

    lesson.store.writer = ThreadPoolExecutor(1, "lesson")  # so that no page waits for another one's file
    rankings = Rankings(Beside())
    rankings.ask(lesson.course, lesson.course.setup.weeks)  # long before they are looked at
    build(lesson, rankings, links)
    ui.run(
        host=host,
        port=port,
        title=lesson.course.setup.title,
        show=False,
        reload=False,
        dark=False,
        language="en-US",
        tailwind=False,
        storage_secret=lesson.cookie,
        reconnect_timeout=PATIENCE,
        binding_refresh_interval=None,
        show_welcome_message=False,
        uvicorn_logging_level="warning",
    )


def check_port(host: str, port: int) -> None:
    """Refuse an address on which nothing can be served.

    Raises:
        BadInput: in one line.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise BadInput(f"--port: {host}:{port} cannot be used: {reason(error)} (--port takes another)") from None


def addresses(host: str, port: int) -> list[str]:
    """Return the links by which students reach a server: of this machine alone, or of the network that it is in."""
    if host in ("0.0.0.0", "::"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:  # sends nothing: asks which way it would go
            try:
                probe.connect(("192.0.2.1", 9))
                host = probe.getsockname()[0]
            except OSError:
                host = socket.gethostname()
    return [f"http://{f'[{host}]' if ':' in host else host}:{port}/"]


def default_folder(name: str) -> Path:
    """Return a folder for a new lesson: `lessons/NAME-1`, or the first number that is free."""
    number = 1
    while (folder := Path("lessons") / f"{name}-{number}").exists():
        number += 1
    return folder
