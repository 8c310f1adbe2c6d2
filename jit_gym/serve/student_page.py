"""What a student sees: a page to join, and the page of a seat."""

from __future__ import annotations

import time
from typing import Any

from nicegui import app, ui

from ..common.checks import BadInput
from .charts import money, pictures, standings, through_time
from .clock import Clock
from .frame import Figure, alert, count, countdown, facts, frame, heading, paragraph, refused, say, status, table
from .game import Game
from .lesson import Lesson
from .looks import Look
from .rankings import Rankings
from .results import standing

ANY = "the next free one"
EVERY = 0.5  # seconds between two looks at what has changed


def join_page(lesson: Lesson) -> None:
    """Ask for a name, and for a seat where there are several."""
    setup, browser = lesson.course.setup, str(app.storage.browser["id"])
    with frame(setup.title):
        paragraph(setup.scenario.description, "jit-quiet")
        known = [key for key, student in lesson.students.items() if student.browser == browser]
        for key in known:
            ui.link(f"Go on as {lesson.students[key].name}", f"/play/{key}")
        heading(2, "Join" if not known else "Join as somebody else")
        wrong = alert()
        with ui.element("div").classes("jit-form"):
            name = ui.input("Your name, as the class knows you").props("outlined maxlength=40 autocomplete=nickname")
            seat: Any = None
            if len(setup.seats) > 1:
                choices = {ANY: ANY, **{each.name: each.title for each in setup.seats}}
                seat = ui.select(choices, value=ANY, label="Seat").props("outlined")

            def join() -> None:
                chosen = None if seat is None or seat.value == ANY else seat.value
                keys: list[str] = []
                if not refused(wrong, lambda: keys.append(lesson.join(name.value or "", chosen, browser))):
                    ui.navigate.to(f"/play/{keys[0]}")

            ui.button("Join", on_click=join).props("no-caps")
            name.on("keydown.enter", join)
        paragraph(
            "Your name is shown to your teacher, and is in no file that leaves the teacher's computer.", "jit-quiet"
        )


def play_page(lesson: Lesson, clock: Clock, rankings: Rankings, key: str) -> None:
    """Show a student's seat; nothing that is done here depends on how often the page connects."""
    try:
        student = lesson.student(key)
    except BadInput as error:
        with frame("Not here"):
            paragraph(str(error), "jit-alert")
            ui.link("To the first page", "/")
        return
    Seat(lesson, clock, rankings, key, student.name)


class Seat:
    """The page of a seat: what changes on it, and when."""

    def __init__(self, lesson: Lesson, clock: Clock, rankings: Rankings, key: str, name: str) -> None:
        """Lay out the page, show what there is, and look for changes from then on."""
        self.lesson, self.clock, self.rankings, self.key = lesson, clock, rankings, key
        self._shown: tuple[Any, ...] = ()
        setup = lesson.course.setup
        self.seat = setup.seat(lesson.student(key).seat)
        with frame(f"{self.seat.title}: {name}"):
            with ui.element("div").classes("jit-bar"):
                self.week = ui.html("", sanitize=False, tag="b")
                countdown()
            self.state = status()
            self.news = status("jit-note")
            self.form = ui.element("div")
            with self.form:
                self._form()
            self.wrong = alert()
            self.facts = ui.html("", sanitize=False)
            self.results = ui.element("div")
            with ui.element("div").classes("jit-grid"):
                self.figures = [Figure() for _ in range(3)]
            with ui.element("details"):
                ui.html("All numbers as a table", sanitize=False, tag="summary")
                self.numbers = ui.html("", sanitize=False)
        with self.results:
            self.said = status()
            with ui.element("div").classes("jit-grid"):
                self.ranks = [Figure(), Figure()]
        self.refresh()
        ui.timer(EVERY, self.refresh)

    def _form(self) -> None:
        word = self.lesson.course.setup.scenario.horizon.period
        each = f" each {word}" if self.lesson.course.setup.periods > 1 else ""
        look = self.lesson.game(self.key).see(self.seat.name)
        with ui.element("div").classes("jit-form"):
            self.fields = []
            for entry, last in zip(look.entries, look.ordered.values(), strict=True):
                step = entry.step or 1
                label = f"{entry.title}, units{each}" + (f" (in {step:g}s)" if step > 1 else "")
                label += f", {entry.most:g} at most" if entry.most < float("inf") else ""
                value = round(last[-1], 6) if last else 0
                field = ui.number(label, value=value, min=0, step=step, format="%.10g")
                field.props("outlined inputmode=decimal").on("keydown.enter", self.order)
                self.fields.append(field)
            ui.button("Order", on_click=self.order).props("no-caps")

    async def order(self) -> None:
        """Order what stands in the fields; where all have ordered, the week is played."""
        units = [float("nan") if field.value is None else float(field.value) for field in self.fields]
        if not refused(self.wrong, lambda: self.lesson.order(self.key, units)):
            await self.clock.tick()
            try:
                await self.clock.kept()  # before anything is shown
            except OSError as error:
                say(self.wrong, f"Tell your teacher: the order is not kept: {error}")
        self.refresh()

    @property
    def game(self) -> Game:
        """Return the game that is played now, which is another after a fork."""
        return self.lesson.game(self.key)

    def refresh(self) -> None:
        """Show what has changed since the last time."""
        lesson = self.lesson
        if self.key not in lesson.students:
            say(self.state, "Your teacher has taken you out of the game.")
            self.form.set_visibility(False)
            return
        game, seat = self.game, self.seat.name
        over = lesson.status == "over" or game.over
        ranked = self.rankings.ask(lesson.course, len(game.moves)) if over else None
        pending = game.pending.get(seat)
        shown = lesson.version, lesson.here, game.week, pending, pending and lesson.missing, ranked is None
        if shown == self._shown:
            return
        setup, look, is_new = lesson.course.setup, game.see(seat), shown[:3] != self._shown[:3]
        self._shown = shown
        self._say_state(game, over)
        if not is_new and not over:
            return
        self.week.set_content(f"{setup.word.capitalize()} {min(game.week, setup.weeks)} of {setup.weeks}")
        say(self.news, ". ".join(look.news))
        self.news.set_visibility(bool(look.news))
        self.form.set_visibility(not over)
        self.facts.set_content(facts(told(look, setup.word)))
        for figure, picture in zip(self.figures, pictures(look, setup.word), strict=True):
            figure.show(picture)
        self.numbers.set_content(numbers(look, setup.word))
        count(None if lesson.deadline is None else lesson.deadline - time.time())
        self.results.set_visibility(over)
        if over and game.moves:
            self._say_results(game)

    def _say_state(self, game: Game, over: bool) -> None:
        lesson, pending = self.lesson, game.pending.get(self.seat.name)
        if over:
            say(self.state, "The game is over." if lesson.status == "over" else "You have played all weeks.")
        elif lesson.status == "lobby":
            say(self.state, "You are in. Your teacher will open the game; look at the weeks before week 1 meanwhile.")
        elif lesson.status == "paused":
            say(self.state, "Your teacher has paused the game.")
        elif pending is None:
            say(self.state, "Order for this " + lesson.course.setup.word + ".")
        else:
            ordered = ", ".join(f"{units:g}" for units in pending)
            others = lesson.missing
            say(self.state, f"Ordered {ordered}. You can change it until the week is played; {others} still to order.")

    def _say_results(self, game: Game) -> None:
        """Show what it cost, beside everything else that could have been done on the same path."""
        lesson, setup = self.lesson, self.lesson.course.setup
        mine, found = (
            standing(game, "you" if len(setup.seats) == 1 else "your table"),
            self.rankings.ask(lesson.course, len(game.moves)),
        )
        others = list(found.standings) if found else []
        say(
            self.said,
            f"It cost {money(mine.cost)}." + ("" if found else " What rules and agents cost is being computed."),
        )
        self.ranks[0].show(standings([mine, *others], "What it cost, and what else was possible"))
        series = {mine.name: mine.ordered}
        drawn = [each for each in others if each.ordered]
        if drawn:
            best = min(drawn, key=lambda each: each.cost)
            series[best.name] = best.ordered
        self.ranks[1].show(through_time("Orders on all lanes", series, 1 - setup.past_weeks, setup.word))


def told(look: Look, word: str) -> list[tuple[str, str]]:
    """Return what there is now: on hand, on order, what arrives when, forecasts, costs."""
    rows = [(f"On hand: {name}", f"{each[-1]:g}") for name, each in look.on_hand.items() if each]
    if any(look.owed):
        rows.append(("Owed to those who wait", f"{look.owed[-1]:g}"))
    rows += [(f"On order: {entry.title} ({entry.lead_time})", f"{entry.on_order:g}") for entry in look.entries]
    rows += [
        (f"Arriving this {word} and next: {entry.title}", ", ".join(f"{each:g}" for each in entry.arriving))
        for entry in look.entries
        if entry.arriving is not None
    ]
    for name, ahead in look.forecast.items():
        rows.append((f"Forecast of this {word} and next: {name}", ", ".join(f"{each:.0f}" for each in ahead)))
    if look.cost:
        rows.append((f"Cost of the last {word}", money(look.cost[-1])))
    return [*rows, (f"Cost since {word} 1", money(look.total))]


def numbers(look: Look, word: str) -> str:
    """Return all weeks as a table."""
    columns: dict[str, tuple[float, ...]] = {}
    for kind, series in (("on hand", look.on_hand), ("asked", look.asked), ("ordered", look.ordered)):
        columns |= {f"{kind}: {name}" if len(series) > 1 else kind: each for name, each in series.items()}
    columns |= {"owed": look.owed, "cost": look.cost}
    rows = [
        [f"{week}", *(f"{round(each[k], 2):g}" for each in columns.values())] for k, week in enumerate(look.numbers)
    ]
    return table([word, *columns], rows[::-1], "All numbers")
