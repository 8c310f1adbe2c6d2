"""Measure `jit-gym play` with many students: how long a move takes, and whether any order is lost when it is killed.

    python benchmarks/classroom.py --students 200 --rate 50 --seconds 40

Each student is a browser without a screen: it gets the page, keeps a WebSocket open, types a number and presses Order,
and waits until the page shows the next week. The server is one process beside this one; in the middle it is killed
(SIGKILL) and started again from its folder, and everybody comes back. At the end the folder is read: every order whose
week was shown must be there, once, in its week. With `--pace together` a week is shown when all have ordered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jit_gym.serve import Course, setup
from jit_gym.serve.lesson import Lesson

ELEMENTS = re.compile(r"parseElements\(String\.raw`(.*?)`", re.DOTALL)
CLIENT = re.compile(r"'client_id': '([^']+)'")
SHOWN = re.compile(r"^\w+ (\d+) of \d+$")
ESCAPES = (("&#36;", "$"), ("&#96;", "`"), ("&gt;", ">"), ("&lt;", "<"), ("&amp;", "&"))
BUTTON = "Order"
PATIENCE = 30.0  # seconds after which a move counts as lost


@dataclass
class Page:
    """A page that is open in a browser without a screen."""

    base: str
    path: str
    session: Any
    elements: dict[str, Any] = field(default_factory=dict)
    week: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    socket: Any = None
    client: str = ""
    messages: int = 0

    async def open(self) -> None:
        """Get the page, and connect."""
        import socketio

        async with self.session.get(self.base + self.path) as answer:
            html = await answer.text()
        text = ELEMENTS.search(html)[1]
        for written, meant in ESCAPES:
            text = text.replace(written, meant)
        self.elements, self.client = json.loads(text), CLIENT.search(html)[1]
        self._look(self.elements)
        if self.socket is not None:
            await self.socket.disconnect()
        self.socket = socketio.AsyncClient(reconnection=False)
        self.socket.on("update", self._update)
        query = f"client_id={self.client}&document_id={uuid.uuid4()}&tab_id={uuid.uuid4()}&next_message_id=0"
        url = f"{self.base}?{query}&implicit_handshake=true"
        await self.socket.connect(url, socketio_path="_nicegui_ws/socket.io", transports=["websocket"])

    def _update(self, message: dict[str, Any]) -> None:
        self.messages += 1
        self._look(message)

    def _look(self, elements: dict[str, Any]) -> None:
        for element in elements.values():
            content = (element or {}).get("props", {}).get("innerHTML") if isinstance(element, dict) else None
            if content and (found := SHOWN.match(content)):
                self.week = int(found[1])
                self.changed.set()

    async def fire(self, label: str, event: str, args: list[Any]) -> None:
        """Let something happen to the control with this label."""
        for number, element in self.elements.items():
            named = str(element.get("props", {}).get("label", ""))
            if named == label or named.startswith(f"{label}, "):
                for each in element["events"]:
                    if each["type"] == event:
                        written = [json.dumps(arg) for arg in args]
                        named = {"id": int(number), "client_id": self.client, "listener_id": each["listener_id"]}
                        await self.socket.emit("event", named | {"args": written})
                        return
        raise LookupError(f"{label} has no {event}")

    async def order(self, label: str, units: int) -> float:
        """Order, and return the seconds until the next week is shown."""
        self.changed.clear()
        week, began = self.week, time.perf_counter()
        await self.fire(label, "update:modelValue", [str(units)])
        await self.fire(BUTTON, "click", [{}])
        while self.week == week:
            await asyncio.wait_for(self.changed.wait(), PATIENCE)
            self.changed.clear()
        return time.perf_counter() - began


@dataclass
class Student:
    """A student: the page, and what was ordered and shown to be played."""

    page: Page
    units: list[int] = field(default_factory=list)  # of each week that was shown to be over
    seconds: list[float] = field(default_factory=list)


class Server:
    """`jit-gym play` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder, self.base = folder, f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "jit_gym", "play", "--resume", str(self.folder), "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                raise SystemExit("the server did not start")
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


async def play(students: list[Student], label: str, rate: float, seconds: float, draw: random.Random) -> None:
    """Let students move at a rate, evenly spread, each after the move before is shown."""
    ends, every = time.perf_counter() + seconds, len(students) / rate

    async def one(student: Student, first: float) -> None:
        due = time.perf_counter() + first
        while due < ends:
            await asyncio.sleep(max(due - time.perf_counter(), 0.0))
            units = draw.randint(0, 12)
            student.seconds.append(await student.page.order(label, units))
            student.units.append(units)
            due += every

    await asyncio.gather(*(one(student, every * k / len(students)) for k, student in enumerate(students)))


async def gather_in_parts(students: list[Student], at_once: int = 20) -> None:
    """Let everybody open the page, some at a time."""
    for first in range(0, len(students), at_once):
        await asyncio.gather(*(student.page.open() for student in students[first : first + at_once]))


async def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Play a lesson, kill its server in the middle, and return what was measured."""
    import aiohttp

    lesson = Lesson.begin(Course(setup(options.scenario, weeks=52)), folder)
    keys = [lesson.join(f"Student {k}") for k in range(options.students)]
    lesson.set_pace(options.pace, None)
    label = lesson.course.setup.seats[0].entries[0].title
    server, draw = Server(folder), random.Random(1)
    server.start()
    async with AsyncExitStack() as stack:
        stack.callback(server.kill)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        students = [Student(Page(server.base, f"/play/{key}", session)) for key in keys]
        teacher = Page(server.base, f"/teacher/{lesson.teacher}", session)
        await teacher.open()
        began = time.perf_counter()
        await gather_in_parts(students)
        opened = time.perf_counter() - began
        await teacher.fire("Open", "click", [{}])
        await asyncio.sleep(1.0)
        await play(students, label, options.rate, options.seconds / 2, draw)
        before = [len(student.seconds) for student in students]
        server.kill()
        began = time.perf_counter()
        server.start()
        await teacher.open()
        await gather_in_parts(students)
        back = time.perf_counter() - began
        await teacher.fire("Open", "click", [{}])
        await asyncio.sleep(1.0)
        await play(students, label, options.rate, options.seconds / 2, draw)
        for page in (teacher, *(student.page for student in students)):
            await page.socket.disconnect()
    again = Lesson.resume(folder)
    lost = 0
    for key, student in zip(keys, students, strict=True):
        kept = [move[again.student(key).seat].units[0] for move in again.game(key).moves]
        lost += sum(a != b for a, b in zip(student.units, kept, strict=False)) + abs(len(student.units) - len(kept))
    seconds = np.array([each for student in students for each in student.seconds])
    return {
        "students": options.students,
        "pace": options.pace,
        "moves": len(seconds),
        "moves a second": round(len(seconds) / options.seconds, 1),
        "before it was killed": sum(before),
        "lost": lost,
        "ms, median": round(1000 * float(np.median(seconds)), 1),
        "ms, p95": round(1000 * float(np.quantile(seconds, 0.95)), 1),
        "ms, p99": round(1000 * float(np.quantile(seconds, 0.99)), 1),
        "ms, longest": round(1000 * float(seconds.max()), 1),
        "seconds until all pages were open": round(opened, 1),
        "seconds until all were back after the kill": round(back, 1),
    }


def parsed(words: list[str] | None = None) -> argparse.Namespace:
    """Return what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scenario", default="lost-sales")
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--pace", choices=("own", "together"), default="own")
    parser.add_argument("--rate", type=float, default=50.0, help="moves a second of all students together")
    parser.add_argument("--seconds", type=float, default=40.0, help="of play, half before and half after the kill")
    return parser.parse_args(words)


def main() -> None:
    """Measure, and print it as JSON; status 1 where an order was lost."""
    options = parsed()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(options, Path(folder) / "lesson"))
    print(json.dumps(found, indent=2))
    sys.exit(found["lost"] > 0)


if __name__ == "__main__":
    main()
