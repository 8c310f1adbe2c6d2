"""The command itself: what it answers where something is wrong, and how it starts."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ..common.checks import BadInput
from ..common.text import plain
from ..common.threads import threads
from . import progress

UsageError: Any = typer.BadParameter.__base__  # wherever this version of typer keeps it


class _Plain(TyperGroup):
    """Answers whatever goes wrong with one line on stderr and a status, never with a traceback."""

    def main(self, args: Sequence[str] | None = None, *more: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run a command: status 2 for bad input, 130 for Ctrl-C."""
        try:
            status = super().main(args, *more, **{**extra, "standalone_mode": False})
            sys.stdout.flush()
        except UsageError as error:
            command = error.ctx.command_path if error.ctx else "jit-gym"
            status = _refuse(f"{error.format_message().rstrip('.')} (see {command} --help)")
        except BrokenPipeError:  # the reader has closed the pipe
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = 1
        except OSError as error:
            status = _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        except (BadInput, MemoryError) as error:
            status = _refuse(str(error) or "this is too large for the memory (try fewer paths or periods)")
        except (KeyboardInterrupt, typer.Abort):
            status = 130
        if standalone_mode:
            sys.exit(status)
        return status

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options before the name of a command."""
        _without_a_flag(self, ctx)
        return super().parse_args(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command by its name."""
        if (command := super().get_command(ctx, cmd_name)) is not None:
            _without_a_flag(command, ctx)
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run a command; where a file ends too early, Typer would take that for Ctrl-D."""
        try:
            return super().invoke(ctx)
        except EOFError:
            raise BadInput("a file ends before its time, and may be damaged") from None
        except ModuleNotFoundError as error:
            if (error.name or "jit_gym").startswith("jit_gym"):
                raise
            raise BadInput(f"the package {error.name} is missing (pip install 'jit-gym[train]')") from None


def _without_a_flag(command: Any, ctx: Any) -> None:
    """Make flags that are not given False: Typer would load pydantic to see that None is, a fifth of `jit-gym list`."""
    for option in command.get_params(ctx):
        if getattr(option, "is_flag", False) and option.default is None:
            option.default = False


def _refuse(reason: str) -> int:
    print(f"jit-gym: {plain(' '.join(reason.split()))}", file=sys.stderr)
    return 2


app = typer.Typer(
    cls=_Plain,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"jit-gym {version('jit_gym')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def jit_gym(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Just-in-time inventory control: compare replenishment policies on worlds that can go wrong.

    Begin with: jit-gym compare aisin-1997
    """
    if context.invoked_subcommand is None:
        print(context.get_help())
    threads()  # what JIT_GYM_THREADS says is refused before anything is computed


def _note(message: Warning | str, category: type[Warning], *rest: Any) -> None:
    """Print a warning as the commands' other notes are printed, and one that is meant for programmers as usual."""
    if category is UserWarning:
        print(f"jit-gym: note: {' '.join(str(message).split())}", file=sys.stderr)
    else:
        _show_warning(message, category, *rest)


_show_warning = warnings.showwarning


def main() -> None:
    """Run the command line."""
    progress.is_program = True
    gc.set_threshold(50_000)  # of the many objects that imports make nearly all stay: looking for others takes a tenth
    warnings.showwarning = _note  # type: ignore[assignment]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app(prog_name="jit-gym")
