"""What all pages have in common: headings, pictures with a text alternative, messages, the look, the countdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from importlib.resources import files
from typing import Any

from nicegui import ui

from ..common.checks import BadInput
from ..report.figures import Picture

FILES = files("jit_gym.serve")
CSS = (FILES / "pages.css").read_text(encoding="utf-8")
COUNTDOWN = f"<script>\n{(FILES / 'pages.js').read_text(encoding='utf-8')}</script>"


@contextmanager
def frame(title: str) -> Iterator[None]:
    """Lay out a page with a heading; what is made inside stands in its main part."""
    ui.colors(primary="#00568a")
    ui.add_css(CSS)
    ui.add_head_html(COUNTDOWN)
    ui.query(".nicegui-content").classes("p-0")
    with ui.element("main").classes("jit-main"):
        heading(1, title)
        yield


def heading(level: int, text: str) -> ui.html:
    """Write a heading."""
    return ui.html(escape(text, quote=False), sanitize=False, tag=f"h{level}")


def paragraph(text: str = "", classes: str = "") -> ui.html:
    """Write a paragraph of plain text; `say` changes it."""
    return ui.html(escape(text, quote=False), sanitize=False, tag="p").classes(classes)


def say(paragraph: ui.html, text: str) -> None:
    """Change the text of a paragraph, if it is another."""
    if paragraph.content != (shown := escape(text, quote=False)):
        paragraph.set_content(shown)


def status(classes: str = "") -> ui.html:
    """Write an empty paragraph whose changes are read out by screen readers."""
    return paragraph("", classes).props('role="status" aria-live="polite"')


def alert() -> ui.html:
    """Write an empty paragraph for what went wrong, which is read out at once."""
    return paragraph("", "jit-alert").props('role="alert"')


def countdown() -> None:
    """Show how many seconds are left, counted in the browser; `count` sets them."""
    ui.html("", sanitize=False, tag="span").props('role="timer" data-countdown')


def count(seconds: float | None) -> None:
    """Let the browser of this page count from so many seconds; None: show nothing."""
    ui.run_javascript(f"window.jitCount({'null' if seconds is None else round(max(seconds, 0.0), 2)})")


class Figure:
    """A picture with its title and its text alternative, which can change."""

    def __init__(self) -> None:
        """Begin with an empty one."""
        self.place = ui.element("figure").classes("jit-figure")
        with self.place:
            self.title = heading(2, "")
            self.image = ui.html("", sanitize=False).props('role="img"')
            self.caption = paragraph("", "jit-quiet")

    def show(self, picture: Picture) -> None:
        """Show a picture."""
        say(self.title, picture.title)
        say(self.caption, picture.caption)
        if self.image.content != picture.svg:
            self.image.set_content(picture.svg)
            self.image.props["aria-label"] = picture.says
            self.image.update()


def table(head: list[str], rows: list[list[str]], label: str) -> str:
    """Return a table as HTML, whose texts are escaped; it can be scrolled by keyboard."""
    top = "".join(f'<th scope="col">{escape(each)}</th>' for each in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(each)}</td>" for each in row) + "</tr>" for row in rows)
    region = f'<div class="jit-scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
    return f"{region}<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def facts(pairs: list[tuple[str, str]]) -> str:
    """Return names and their values as HTML, escaped: beside each other, or below, as there is room."""
    told = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs)
    return f'<dl class="jit-facts">{told}</dl>'


def refused(where: ui.html, do: Callable[[], Any]) -> bool:
    """Do something, and tell whether it was refused; why is said in a paragraph."""
    try:
        do()
    except BadInput as error:
        say(where, str(error))
        return True
    say(where, "")
    return False
