"""Order each item of a shop by a rule of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from ..common.checks import BadInput
from ..common.text import plural
from ..physics import View
from ..policies import Policy, PolicyError, Rule, policy
from ..policies import named as named_rule
from ..policies.limits import listed
from ..scenario import Scenario
from .folder import RULES

BY_DEFAULT = "base-stock"


class Mixed(Policy):
    """Orders each stock by a rule of its own: of each rule, the lanes that lead to its stocks."""

    name = "mixed"

    def __init__(self, players: Sequence[Any], lanes: Sequence[np.ndarray], words: str) -> None:
        """Take policies, fitted to the same world, and which lanes each decides on (lanes,)."""
        self.players, self.lanes, self.words = players, lanes, words

    def fit(self, scenario: Scenario) -> Self:
        """Return the same rules, each fitted to a scenario with the same lanes."""
        fitted = super().fit(scenario)
        fitted.players = [policy(each, scenario) for each in self.players]
        return fitted

    def __call__(self, view: View) -> np.ndarray:
        """Return orders (paths, lanes)."""
        orders = np.zeros((len(view.on_hand), len(self.lanes[0])))
        for player, lanes in zip(self.players, self.lanes, strict=True):
            orders += np.asarray(player(view)) * lanes
        return orders

    def __str__(self) -> str:
        return self.words


def by_own_rules(scenario: Scenario, rules: Mapping[str, str]) -> tuple[Mixed, list[str]]:
    """Return what orders each item of a shop by its rule in `rules.csv`, and notes.

    An agent plays worlds of one item alone; where the whole shop is played, the rule by default stands in its place.

    Raises:
        BadInput: in one line, for a rule that there is not.
    """
    notes = list[str]()
    if agents := [item for item, text in rules.items() if text.startswith("agent:")]:
        notes.append(
            f"{RULES}: an agent orders {listed(agents)} alone; with all items together it is {BY_DEFAULT} by formula"
        )
    players, own, said = players_of(scenario, {**rules, **dict.fromkeys(agents, BY_DEFAULT)})
    items = list(scenario.stocks)
    stock_of = np.array([items.index(lane.to) for lane in scenario.lanes.values()])
    lanes = [(own[stock_of] == k).astype(float) for k in range(len(players))]
    return Mixed(players, lanes, RULES), notes + said


def players_of(scenario: Scenario, rules: Mapping[str, str]) -> tuple[list[Any], np.ndarray, list[str]]:
    """Return the policies of a shop's items, which of them each item has (items,), and notes.

    Items whose rules differ in numbers alone have one policy, with a number for each of them. An agent is returned as
    its name, since it plays worlds of one item.
    """
    notes: list[str] = []
    items = list(scenario.stocks)
    named = {item: rules.get(item, "") for item in items}
    if without := [item for item, text in named.items() if not text]:
        some = f"{plural(len(without), 'item')} without a rule in rules.csv" if rules else "there is no rules.csv"
        notes.append(f"{some}: {BY_DEFAULT} by formula (jit-gym advise finds better ones; --rule names one)")
    groups: dict[Any, list[tuple[str, Any]]] = {}
    for item, text in named.items():
        try:
            each: Any = text if text.startswith("agent:") else named_rule(text or BY_DEFAULT)
        except PolicyError as error:
            raise BadInput(f"the rule of {item}: {error}") from None
        key = (type(each), *each.parameters) if isinstance(each, Rule) else text
        groups.setdefault(key, []).append((item, each))
    players, own = [], np.zeros(len(items), int)
    for k, members in enumerate(groups.values()):
        what = members[0][1]
        own[[items.index(item) for item, _ in members]] = k
        if isinstance(what, str):
            players.append(what)
            continue
        if isinstance(what, Rule):
            told = {
                name: {item: _of(each.parameters[name], item) for item, each in members} for name in what.parameters
            }
            what = type(what)(**told)
        players.append(policy(what, scenario))
    return players, own, notes


def _of(value: Any, item: str) -> Any:
    return value.get(item) if isinstance(value, Mapping) else value
