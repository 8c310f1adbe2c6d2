"""What a teacher sees: everybody, the clock, and what can be done to the game."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from nicegui import ui

from ..common.checks import BadInput
from .charts import money, standings, through_time
from .clock import Clock
from .course import SPIKE
from .frame import Figure, alert, count, countdown, frame, heading, paragraph, refused, say, status, table
from .lesson import Lesson
from .rankings import Rankings
from .takeaway import Standings, class_standings

EVERY = 1.0  # seconds between two looks at what has changed
TIMERS = {
    "usual": "45 s for ten, then 30 s",
    "none": "no timer",
    **{f"{k}": f"{k} s" for k in (15, 20, 30, 45, 60, 90, 120)},
}
PACES = {"together": "all together", "own": "each table at its own pace"}


class TeacherPage:
    """The page behind the secret link."""

    def __init__(self, lesson: Lesson, clock: Clock, rankings: Rankings, links: list[str]) -> None:
        """Lay out the page, show what there is, and look for changes from then on."""
        self.lesson, self.clock, self.rankings = lesson, clock, rankings
        self._shown: tuple[Any, ...] = ()
        setup = lesson.course.setup
        with frame(f"Teacher: {setup.title}"):
            paragraph("Students join at " + " or ".join(links))
            with ui.element("div").classes("jit-bar"):
                self.week = ui.html("", sanitize=False, tag="b")
                countdown()
            self.state = status()
            self.wrong = alert()
            with ui.element("div").classes("jit-form"):
                self._button("Open", lesson.open)
                self._button("Pause", lesson.pause)
                self._button(f"Next {setup.word} now", self._next)
                self._button("End the game", lesson.finish)
            with ui.element("div").classes("jit-form"):
                self._pace()
            with ui.element("details"):
                ui.html("Go back, fork, change the world", sanitize=False, tag="summary")
                self._time_travel()
                self._world()
            heading(2, "Everybody")
            self.everybody = ui.html("", sanitize=False)
            with ui.element("details"):
                ui.html("Take somebody out", sanitize=False, tag="summary")
                self._release()
            with ui.element("div").classes("jit-grid"):
                self.figures = [Figure(), Figure()]
            heading(2, "Take away")
            paragraph("Nobody's name is in these files: tables have numbers.", "jit-quiet")
            with ui.element("div").classes("jit-form"):
                ui.link("Report (HTML)", f"/teacher/{lesson.teacher}/report.html")
                ui.link("All weeks (CSV)", f"/teacher/{lesson.teacher}/weeks.csv")
        self.refresh()
        ui.timer(EVERY, self.refresh)

    def _button(self, label: str, do: Callable[[], Any]) -> ui.button:
        return ui.button(label, on_click=lambda: self._do(do)).props("no-caps")

    def _do(self, do: Callable[[], Any]) -> None:
        refused(self.wrong, do)
        self.refresh()

    def _next(self) -> None:
        self.lesson.next_week()

    def _pace(self) -> None:
        lesson = self.lesson
        timer = {None: "none", 0: "usual"}.get(lesson.timer, str(lesson.timer))
        paces = ui.select(PACES, value=lesson.pace, label="Pace").props("outlined")
        choices = TIMERS if timer in TIMERS else TIMERS | {timer: f"{timer} s"}
        timers = ui.select(choices, value=timer, label="Timer").props("outlined")

        def choose() -> None:
            seconds = {"usual": 0, "none": None}.get(timers.value, -1)
            self._do(lambda: lesson.set_pace(paces.value, int(timers.value) if seconds == -1 else seconds))

        paces.on_value_change(choose)
        timers.on_value_change(choose)

    def _time_travel(self) -> None:
        lesson, word = self.lesson, self.lesson.course.setup.word
        with ui.element("div").classes("jit-form"):
            week = ui.number(f"Go back to the start of {word}", value=1, min=1, precision=0).props("outlined")
            self._button("Go back", lambda: lesson.rollback(int(week.value or 0)))
            self._button("Fork", lesson.fork)
            self.branches = ui.select(list(lesson.branches), value=lesson.here, label="Branch").props("outlined")
            self.branches.on_value_change(self._switch)
        paragraph(
            "A fork keeps the branch as it is, and the class goes on in a copy of it: play on in both, and compare.",
            "jit-quiet",
        )

    def _switch(self, event: Any) -> None:
        if event.value != self.lesson.here:
            self._do(lambda: self.lesson.switch(event.value))

    def _world(self) -> None:
        lesson = self.lesson
        course = lesson.course
        with ui.element("div").classes("jit-form"):
            events = ui.select(course.events, value=SPIKE, label="What strikes now").props("outlined")
            hits = ui.select(list(course.targets(SPIKE)), value=course.targets(SPIKE)[0], label="What it hits")
            hits.props("outlined")
            weeks = ui.number(f"For how many {course.setup.word}s", value=4, min=1, precision=0).props("outlined")
            factor = ui.number("Demand times", value=2, min=0, max=10, step=0.5).props("outlined")

            def chosen(event: Any) -> None:
                targets = list(lesson.course.targets(event.value))
                hits.set_options(targets, value=targets[0])
                factor.set_visibility(event.value == SPIKE)

            events.on_value_change(chosen)

            def strike() -> None:
                length = None if weeks.value is None else int(weeks.value)
                lesson.change(events.value, (hits.value,), length, float(factor.value or 0))

            self._button("Strike", strike)

    def _release(self) -> None:
        with ui.element("div").classes("jit-form"):
            self.who = ui.select({}, label="Who").props("outlined")

            def release() -> None:
                if self.who.value is None:
                    raise BadInput("take out: choose who")
                self.lesson.release(self.who.value)

            self._button("Take out", release)

    def refresh(self) -> None:
        """Show what has changed since the last time."""
        lesson = self.lesson
        found = self.rankings.ask(lesson.course, lesson.played) if lesson.status == "over" else None
        shown = lesson.version, lesson.here, found is None, lesson.orders
        if shown == self._shown:
            return
        is_new, self._shown = shown[:3] != self._shown[:3], shown
        waiting = set(lesson.waiting())
        setup = lesson.course.setup
        self.week.set_content(f"{setup.word.capitalize()} {min(lesson.week, setup.weeks)} of {setup.weeks}")
        words = {"lobby": "not open yet", "open": "open", "paused": "paused", "over": "over"}[lesson.status]
        changes = "".join(f" {setup.word.capitalize()} {each.week}: {each.title}." for each in lesson.course.changes)
        joined = f"{len(lesson.students)} have joined; {len(waiting)} still to order."
        say(self.state, f"Branch {lesson.here}, {words}. {joined}{changes}")
        self.everybody.set_content(self._everybody(waiting))
        if not is_new:
            return
        if set(self.branches.options) != set(lesson.branches) or self.branches.value != lesson.here:
            self.branches.set_options(list(lesson.branches), value=lesson.here)
        names = {key: student.name for key, student in lesson.students.items()}
        if self.who.options != names:
            self.who.set_options(names, value=self.who.value if self.who.value in names else None)
        count(None if lesson.deadline is None else lesson.deadline - time.time())
        self._draw(found)

    def _everybody(self, waiting: set[str]) -> str:
        lesson, word = self.lesson, self.lesson.course.setup.word
        rows = []
        for key, student in lesson.students.items():
            game = lesson.branch.games[student.table]
            week = game.ledger.weeks[-1] if game.ledger.weeks else None
            cost = sum(each.net_cost_of(student.seat) for each in game.ledger.weeks[lesson.course.setup.past_weeks :])
            ordered = "yes" if key not in waiting else ""
            stock = "" if week is None else f"{week.on_hand.sum():g}"
            rows.append([student.name, f"{student.table}", student.seat, f"{game.week}", ordered, stock, money(cost)])
        order = [seat.name for seat in lesson.course.setup.seats]
        rows.sort(key=lambda row: (int(row[1]), order.index(row[2])))
        return table(["name", "table", "seat", word, "has ordered", "stock of the table", "cost"], rows, "Everybody")

    def _draw(self, found: Any) -> None:
        """Draw the orders of the class, and, when the game is over, how everybody did."""
        lesson, setup = self.lesson, self.lesson.course.setup
        tables = sorted({student.table for student in lesson.students.values()})
        played = [lesson.branch.games[table] for table in tables]
        orders = [[float(week.asked.sum()) for week in game.ledger.weeks] for game in played]
        if orders:
            least = min(map(len, orders))
            cut = np.array([each[:least] for each in orders])
            series = {"highest": cut.max(axis=0), "mean": cut.mean(axis=0), "lowest": cut.min(axis=0)}
            series = {name: each.tolist() for name, each in series.items()}
            title = "Orders of the class, all lanes of a table"
            self.figures[0].show(through_time(title, series, 1 - setup.past_weeks, setup.word))
        ended = lesson.status == "over" and lesson.played > 0
        self.figures[1].place.set_visibility(ended)
        if ended:
            shown: Standings = class_standings(lesson, lesson.here, found)
            self.figures[1].show(standings(shown.shown, "How the class did"))
