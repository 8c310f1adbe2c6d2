"""A lesson served by the command, and Debian's Chromium to look at it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MODULES = Path(os.environ.get("JIT_GYM_NODE_MODULES", ROOT / "node_modules"))
AXE = MODULES / "axe-core/axe.min.js"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`jit-gym play` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.process = folder, free_port(), None

    def start(self, *words: str) -> "Server":
        command = [sys.executable, "-m", "jit_gym", "play", *words, "--port", str(self.port)]
        self.log = self.folder.with_suffix(".log")
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))}
        how = {"stderr": subprocess.STDOUT, "cwd": self.folder.parent, "env": env}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, **how)
        for _ in range(600):
            if self.process.poll() is not None:
                raise AssertionError(self.log.read_text())
            try:
                urllib.request.urlopen(self.students, timeout=1).read()
                return self
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"no answer: {self.log.read_text()}")

    @property
    def students(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def teacher(self) -> str:
        return re.search(r"Teacher:\s+(\S+)", self.log.read_text())[1]

    def kill(self) -> None:
        """End it as a crash would: nothing is closed or written."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@pytest.fixture
def server(tmp_path):
    found = Server(tmp_path / "lesson")
    yield found
    found.stop()


@pytest.fixture(scope="module")
def chromium():
    """Return a browser without a window."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def fits(page) -> bool:
    """Tell whether nothing must be scrolled to the side to be read."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def faults(page) -> list[str]:
    """Return what axe-core finds to be serious or critical."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in grave]
