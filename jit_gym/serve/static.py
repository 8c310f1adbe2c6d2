"""The game without a server: one folder of files, for any web space, or a disk on which one opens index.html.

A page that was opened from a disk may fetch nothing and import no module, so everything that it needs is a script:
the game, the library's own Python files, and Python itself (Pyodide), each as a text that the script hands over.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..common import digest
from ..common.checks import BadInput, one_line
from ..common.files import check_folder, write_folder
from ..report.templating import environment
from .export import exported
from .games import GameSetup

SERIES = "314."  # of Pyodide: that of Python 3.14
WHERE = Path("node_modules/pyodide")
RUNTIME = ("pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
SOURCES = (
    "physics/numbers.py",
    "physics/period.py",
    "physics/plain_world.py",
    "serve/browser.py",
    "serve/plain_players.py",
)
"""The files of the library that run in the browser, as they are."""
SCRIPTS = ("charts.js", "page.js", "results.js", "runtime.js")

NOTICE = """Python in the browser: Pyodide {version} (https://github.com/pyodide/pyodide), with CPython's standard
library. Pyodide is licensed under the Mozilla Public License 2.0 (https://www.mozilla.org/MPL/2.0/), Python under
the PSF license (https://docs.python.org/3/license.html). All its files are as they were published; but for pyodide.js
they are written as text (base64) in a script, so that they load from a disk as they do from a server.
"""


def write_static(setup: GameSetup, folder: Path, seeds: Sequence[int], pyodide: Path | None = None) -> None:
    """Write a game into a new folder, with a path of chance for each seed; there is all of it or nothing.

    Args:
        setup: the game.
        folder: where to; there is none of this name, or an empty one.
        seeds: of the paths that students choose from.
        pyodide: the npm package `pyodide`; by default `node_modules/pyodide`.

    Raises:
        BadInput: in one line, where Pyodide is missing, for a folder with files, and a game that cannot be exported.
        OSError: if the folder cannot be written.
    """
    check_folder(folder)
    runtime = _runtime(pyodide or WHERE)
    write_folder(folder, {**page_files(exported(setup, seeds)), **runtime})


def page_files(document: dict[str, Any]) -> dict[str, str]:
    """Return the files of the page for an exported game, without Python itself."""
    text = json.dumps(document, allow_nan=False)
    assets = files("jit_gym.serve") / "static_page"
    page = environment().from_string((assets / "index.html.jinja").read_text(encoding="utf-8"))
    shown = {name: document[name] for name in ("name", "title", "description", "word", "weeks", "past_weeks", "seats")}
    return {
        "index.html": page.render(**shown, paths=len(document["paths"]), version=version("jit-gym")),
        "page.css": (assets / "page.css").read_text(encoding="utf-8"),
        **{name: (assets / name).read_text(encoding="utf-8") for name in SCRIPTS},
        "game.js": _script("game.json", text) + _script("digest", digest.of_text(text)[:16]),
        "python.js": "".join(_script(f"jit_gym/{name}", source) for name, source in python_files().items()),
    }


def python_files() -> dict[str, str]:
    """Return the library's files that run in the browser, by their names within the library."""
    package = files("jit_gym")
    return {name: package.joinpath(name).read_text(encoding="utf-8") for name in SOURCES}


def _script(name: str, text: str) -> str:
    """Return a script that hands a text over to the page, by its name."""
    safe = json.dumps(text).replace("</", "<\\/")
    return f"jitGymFile({json.dumps(name)}, {safe});\n"


def _runtime(package: Path) -> dict[str, str | bytes]:
    """Return the files of Python for the browser, from Pyodide's npm package."""
    get = "npm install pyodide@314 gets it into node_modules, or --pyodide names the folder of the npm package"
    try:
        found = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
        lock = json.loads((package / "pyodide-lock.json").read_text(encoding="utf-8"))["info"]
        contents = {name: (package / name).read_bytes() for name in ("pyodide.js", *RUNTIME)}
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise BadInput(f"{package}: is not Pyodide, the browser's Python: {missing} is missing ({get})") from None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{package}: is not Pyodide, or damaged ({one_line(error)}; {get})") from None
    if not str(found).startswith(SERIES):
        raise BadInput(f"{package}: must be Pyodide {SERIES}x, got {found} (npm install pyodide@314 gets one)")
    described = json.dumps({"info": lock, "packages": {}})
    return {
        "runtime/NOTICE.txt": NOTICE.format(version=found),
        "runtime/pyodide.js": contents["pyodide.js"],
        "runtime/lock.js": _script("pyodide-lock.json", described),
        **{f"runtime/{name}.js": _script(name, base64.b64encode(contents[name]).decode()) for name in RUNTIME},
    }
