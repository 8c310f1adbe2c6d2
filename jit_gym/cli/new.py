"""`jit-gym new`: a scenario of one's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from ..common.checks import BadInput
from .app import app


@app.command()
def new(name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it; the file is NAME.yaml.")]) -> None:
    """Start a scenario of your own: from the shipped one of this name, or from one with comments."""
    from ..report.catalogue import starter

    name = name.removesuffix(".yaml")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise BadInput(f"a name must be letters, digits, - and _, got {name!r}")
    path = Path(f"{name}.yaml")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter(name))
    except FileExistsError:
        raise BadInput(f"{path}: is there already, and stays as it is") from None
    print(f"Wrote {path}. Next: jit-gym compare {path}")
