"""The command `jit-gym`, and `python -m jit_gym`."""

from __future__ import annotations

import signal
import sys
from typing import Any


def main() -> None:
    """Run the command line; Ctrl-C ends it with status 130 and without a word, whatever it interrupts.

    It may come while modules are imported or code is compiled, where libraries make another error of it, or in a
    callback, where Python can only print it.
    """
    stopped = False

    def stop(*_: Any) -> None:
        nonlocal stopped
        stopped = True
        raise KeyboardInterrupt

    def unraisable(what: Any) -> None:
        if not stopped:
            sys.__unraisablehook__(what)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else the caller ignores it
        signal.signal(signal.SIGINT, stop)
        sys.unraisablehook = unraisable
    try:
        from .cli import main as run

        run()
    except BaseException:
        if not stopped:
            raise
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Python resets handlers as it ends: a second one would kill it
        sys.exit(130)


if __name__ == "__main__":
    main()
