"""Tell people how far a command is, on stderr and mostly on terminals alone."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..common.text import plain

if TYPE_CHECKING:
    from rich.console import Console

is_program = False
"""Whether this process is the command itself, and not another program that calls it."""


def _bar(**options: Any) -> Any:
    """Return a progress bar of tqdm's on stderr, which vanishes at its end."""
    from tqdm import tqdm

    tqdm.get_lock()  # made here: an interrupt while a bar makes it would leave half a bar, which complains
    return tqdm(file=sys.stderr, leave=False, unit_scale=True, **options)


@contextmanager
def progress_bar(total: int, quiet: bool, unit: str = " periods") -> Iterator[Any]:
    """Show how far a comparison or a bound is, on a terminal, if it takes more than two seconds."""
    disable = True if quiet else None  # None: unless stderr is a terminal
    with _bar(total=total, delay=2, disable=disable, unit=unit) as bar:
        yield bar.update


@contextmanager
def status_line(quiet: bool) -> Iterator[Any]:
    """Show, on a terminal, what is being computed, if it takes more than a second."""
    from time import monotonic

    shown, begun = not quiet and sys.stderr.isatty(), monotonic()
    width = 0

    def tell(words: str) -> None:
        nonlocal width
        if shown and monotonic() > begun + 1:
            print(f"\r{words:<{width}}", end="", file=sys.stderr, flush=True)
            width = len(words)

    try:
        yield tell
    finally:
        if width:
            print(f"\r{'':<{width}}\r", end="", file=sys.stderr, flush=True)


@contextmanager
def waiting(what: str, quiet: bool) -> Iterator[None]:
    """Say on a terminal what is being done, if it takes more than a second."""
    from threading import Timer

    shown = False

    def say() -> None:
        nonlocal shown
        shown = True
        print(f"\r{what} ...", end="", file=sys.stderr, flush=True)

    timer = Timer(1.0, say)
    timer.daemon = True
    if not quiet and sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if shown:
            print(f"\r{'':<{len(what) + 4}}\r", end="", file=sys.stderr, flush=True)


def announce_compiling() -> None:
    """Have it said on stderr what is compiled, once of each kind; that takes long only the first time.

    On a terminal the seconds are counted while that lasts.
    """
    from ..kernels.cache import before_compiling

    told: set[str] = set()

    def tell(what: str) -> None:
        if what not in told:
            print(f"jit-gym: compiling {what}, once: a few seconds", file=sys.stderr, flush=True)
            if not told and sys.stderr.isatty():
                count_while_compiling()
            told.add(what)

    if is_program:
        before_compiling(tell)


def count_while_compiling() -> None:
    """Count seconds on the terminal as long as Numba compiles, now and later."""
    from threading import Event, Thread
    from time import monotonic

    from numba.core import event

    class Counter(event.Listener):
        """Runs a thread that writes, from when the outermost function is compiled until that is done."""

        depth = 0

        def on_start(self, _: Any) -> None:
            self.depth += 1
            if self.depth == 1:
                self.done = Event()
                self.thread = Thread(target=_count, args=(self.done, monotonic()), daemon=True)
                self.thread.start()

        def on_end(self, _: Any) -> None:
            self.depth -= 1
            if self.depth == 0:
                self.done.set()
                self.thread.join()

    event.register("numba:compile", Counter())


def _count(done: Any, begun: float) -> None:
    """Write each second how long it has lasted, and take that away when it is done."""
    from time import monotonic

    width = 0
    while not done.wait(1.0):
        words = f"compiling: {monotonic() - begun:.0f} s"
        print(f"\r{words:<{width}}", end="", file=sys.stderr, flush=True)
        width = len(words)
    if width:
        print(f"\r{'':<{width}}\r", end="", file=sys.stderr, flush=True)


@contextmanager
def training_bar(title: str, unit: str) -> Iterator[Any]:
    """Show how far a training is, what it costs, and how that compares with the best rule; a line each if no bar."""
    with _bar(desc=title, disable=None, unit=f" {unit}") as bar:

        def tell(told: tuple[int, Any]) -> None:
            _, progress = told
            if isinstance(progress, str) or bar.disable:
                if words := training_words(progress):
                    bar.write(f"{title}: {words}", file=sys.stderr)
                    sys.stderr.flush()
                return
            bar.total = progress.total
            if not bar.n:
                bar.initial = progress.done  # what was trained before does not count for the speed
            bar.update(progress.done - bar.n)
            bar.set_postfix_str(progress.standing)

        yield tell


EVERY = 10.0  # seconds between two lines about a suite that nobody watches on a terminal


@contextmanager
def suite_bar() -> Iterator[Any]:
    """Show how far a suite is, with the time left: a bar on a terminal, and elsewhere a line now and then."""
    from time import monotonic

    said = monotonic()
    with _bar(disable=None, unit=" tasks", bar_format="{desc} {bar} {n_fmt}/{total_fmt} [{elapsed}{postfix}]") as bar:

        def tell(progress: Any) -> None:
            nonlocal said
            words = time_left(progress.left)
            if not bar.disable:
                bar.total, bar.n = progress.total, progress.done
                bar.set_description_str(plain(progress.what)[:60], refresh=False)
                bar.set_postfix_str(words)
            elif monotonic() > said + EVERY or progress.done == progress.total:
                said = monotonic()
                line = f"{progress.done:,} of {progress.total:,} tasks, {words}: {plain(progress.what)}"
                print(line, file=sys.stderr, flush=True)

        yield tell


def time_left(seconds: float) -> str:
    """Return how much time is left, as far as one can say: `about 7 min left`."""
    if seconds < 90:
        return f"about {seconds:.0f} s left"
    return f"about {seconds / 60:.0f} min left" if seconds < 5400 else f"about {seconds / 3600:.1f} h left"


def training_words(progress: Any) -> str:
    """Return what a training tells, as a line; nothing where no policy was evaluated."""
    if isinstance(progress, str):
        return progress
    return f"{progress.done:,} {progress.unit}: {progress.standing}" if progress.evaluated else ""


def console() -> Console:
    """Return what tables are printed on."""
    from rich.console import Console

    return Console(highlight=False)


def print_notes(notes: Sequence[str]) -> None:
    """Say on stderr what must be known of a world before anything is computed."""
    for note in notes:
        print(f"jit-gym: note: {note}", file=sys.stderr)


@contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Collect warnings, such as those of gaps in a history, as texts."""
    from ..scenario import NoEffect

    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield notes
    said = [str(each.message) for each in caught if each.category in (UserWarning, NoEffect)]
    notes += dict.fromkeys(plain(" ".join(text.split())) for text in said)
