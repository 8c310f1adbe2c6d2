"""What a comparison cannot tell, in sentences, for those who act on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..chance.caveats import caveats as of_chance
from ..common.text import quoted
from ..physics import Layout
from ..physics.worth import Worth
from ..policies import External, Network, Rule
from ..policies.limits import listed
from ..scenario import Scenario
from ..scenario.window import by_the_clock, stays_as_it_is
from .play import name_of


def caveats(scenario: Scenario, players: Sequence[Any] = (), periods: int | None = None) -> list[str]:
    """Return what must be said beside any conclusion about policies in a scenario.

    Args:
        scenario: the world that was played.
        players: policies, fitted to it; what each knows beyond the others is said too.
        periods: how many counted; what these cannot tell of the long run is said too.
    """
    notes = [*serving_is_not_worth_it(scenario), *_same_on_every_path(scenario), *of_chance(scenario)]
    notes += _by_the_clock(scenario, periods)
    for player in players:
        notes += _knows(player, scenario)
    own = [note for each in players if isinstance(each, Rule | External) for note in each.notes()]
    return [*dict.fromkeys(notes), *_by_text(own)]


def _by_text(notes: Sequence[str]) -> Iterator[str]:
    """Yield notes of the form `name: text`, those with the same text as one."""
    names = dict[str, list[str]]()
    for name, text in (note.split(": ", 1) for note in dict.fromkeys(notes)):
        names.setdefault(text, []).append(name)
    yield from (f"{listed(who)}: {text}" for text, who in names.items())


def serving_is_not_worth_it(scenario: Scenario) -> Iterator[str]:
    """Say where it is cheapest to sell nothing: where a lost sale costs less than its units, or waiting costs nothing.

    What is found to be best there orders too little where customers are to be served.
    """
    layout = Layout(scenario)
    costs = layout.needs @ Worth(layout).unit_costs(0)
    for (name, demand), cost in zip(scenario.demands.items(), costs, strict=True):
        worth = demand.shortage_cost + demand.price
        if demand.unmet == "lost" and worth < cost:
            lost = f"a lost sale costs {quoted(worth)}" + (" with its price" if demand.price else "")
            yield (
                f"demands.{name}: {lost}, and its units cost {quoted(float(cost))} to buy, so selling"
                f" nothing is cheapest (set demands.{name}.price, or a higher shortage_cost)"
            )
        free = demand.unmet == "backlog" and not demand.shortage_cost and not demand.terminal_cost
        if free and not (scenario.horizon.ends and demand.price):
            yield (
                f"demands.{name}: customers who wait cost nothing, so serving nobody is cheapest"
                f" (set demands.{name}.shortage_cost)"
            )


def dated_events(scenario: Scenario) -> list[str]:
    """Return the places of what happens on every path at the same time: dated events, and histories as they were."""
    places = [
        f"{table}.{name}"
        for table in ("spikes", "disruptions")
        for name, event in getattr(scenario, table).items()
        if event.starts.at is not None
    ]
    places += [
        f"stocks.{name}.obsolete"
        for name, stock in scenario.stocks.items()
        if stock.obsolete is not None and stock.obsolete.at is not None
    ]
    places += [
        f"demands.{name}.history"
        for name, demand in scenario.demands.items()
        if demand.history is not None and demand.history.replay == "as-it-was"
    ]
    return places


def has_seen(player: Any, scenario: Scenario) -> bool:
    """Tell whether an agent has learned on the very events that it is judged on, so that it may know when they come."""
    if not isinstance(player, Network) or not dated_events(scenario):
        return False
    return scenario.name == player.manifest.scenario or scenario.fingerprint == player.manifest.fingerprint


def _same_on_every_path(scenario: Scenario) -> Iterator[str]:
    """Say which events come at the same time on every path, so that intervals say nothing about other times."""
    events = [place for place in dated_events(scenario) if not place.endswith(".history")]
    if events:
        yield (
            f"{', '.join(events)}: the same on every path, so intervals do not tell what another date would cost"
            " (starts: {rate: ...} or {once: ...} draws it)"
        )


def _by_the_clock(scenario: Scenario, periods: int | None) -> Iterator[str]:
    """Say which events come in step on all paths, and whether the periods that count have more or less of them."""
    for place, cycle in by_the_clock(scenario).items():
        same = f"{place}: comes every {cycle:,} {scenario.horizon.period}s on every path, as by the clock"
        rate = f"starts: {{rate: {1 / cycle:.3g}}} draws it"
        if periods is not None and periods % cycle and stays_as_it_is(scenario):
            yield (
                f"{same}, and the {periods:,} that count are not whole cycles: they may have more of it, or less, than"
                f" the long run has (play {-(-periods // cycle) * cycle:,}; {rate})"
            )
        else:
            yield f"{same}: intervals do not tell what chance in its timing would add ({rate})"


def _knows(player: Any, scenario: Scenario) -> Iterator[str]:
    required = scenario.objective.fill_rate
    learned = (
        isinstance(player, Network) and player.manifest.fingerprint == scenario.fingerprint
    )  # what it asks for, too
    if required is not None and not (learned or isinstance(player, Rule)):
        yield f"{name_of(player)}: does not look at objective.fill_rate, {100 * required:g} %; tuning and training do"
    if isinstance(player, Network):
        if has_seen(player, scenario):
            yield (
                f"{player}: was trained on these very events ({', '.join(dated_events(scenario))}), and is not called"
                " the best; how it would do at another time is not told"
            )
        elif player.manifest.fingerprint != scenario.fingerprint:
            yield (
                f"{player}: was trained on {player.manifest.scenario} (fingerprint {player.manifest.fingerprint}), and"
                f" plays a world that is not the same (jit-gym train makes one for it)"
            )
    elif isinstance(player, Rule) and player.tuning is not None and (events := dated_events(scenario)):
        yield f"{player.name}: its parameters were tuned on these very events ({', '.join(events)})"
