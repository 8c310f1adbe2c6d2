"""Long programs as loops: parts that do the same with other numbers, and sums over what they compute.

What happens to each of a thousand alike stocks is a part of a program that uses no result of the other parts; only
sums, such as that of all costs, use results of many. A part is compiled once, in a loop, so that a program of 70,000
operations becomes one of 100.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, NamedTuple

import numpy as np

from .symbols import Array, Operation, Program, operands

TERMS = "terms"
"""The name of the array in which parts leave the terms of sums, and in which the sums are."""

LONG = 16
"""Additions from which on a sum is one over parts, and not inside one of them."""


Store = tuple[str, int, int]
"""An array, which of its numbers (in a part: of its places) is written, and the operation whose result that is."""


class Part(NamedTuple):
    """Operations that are done several times, each time with numbers at other places of the arrays.

    Attributes:
        operations: what is computed, of results of earlier ones of these; `("load", array, j)` reads `places[time, j]`.
        stores: what is written to such places.
        places: which numbers are read and written (times, places).
    """

    operations: tuple[Operation, ...]
    stores: tuple[Store, ...]
    places: np.ndarray


class Sum(NamedTuple):
    """A sum of consecutive terms, from `first` to before `place`, where it is written."""

    first: int
    place: int


class Rolled(NamedTuple):
    """A program in loops: parts that leave terms, sums of these, and parts that use the sums."""

    parts: list[Part]
    sums: list[Sum]
    rest: list[Part]

    @property
    def length(self) -> int:
        """Return how many operations are compiled."""
        return sum(len(part.operations) for part in (*self.parts, *self.rest))

    @property
    def terms(self) -> Array:
        """Return the array of terms and sums."""
        return Array("path", self.sums[-1].place + 1 if self.sums else 0)


def rolled(program: Program) -> Rolled | None:
    """Return a program in loops, or None where few parts are alike, or a sum over parts is a term of another.

    A program that looks tables up is left as it is, as each part has tables of its own.
    """
    count = len(program.used())
    if program.tables:
        return None
    program, sums = _without_sums(program)
    results = {each.place for each in sums}
    parts: tuple[dict[Any, list[Any]], ...] = defaultdict(list), defaultdict(list)  # without and with sums
    stores = [(*place, number) for place, number in program.stores.items()]
    for part in _independent(program):
        operations, written, places = _part(program, [stores[k] for k in part])
        loaded = {places[each[2]] for each in operations if each[:2] == ("load", TERMS)}
        if loaded & results and any(array == TERMS for array, _, _ in written):
            return None
        parts[bool(loaded & results)][operations, written].append(places)
    before, after = (
        [Part(operations, written, np.array(places)) for (operations, written), places in each.items()]
        for each in parts
    )
    made = Rolled(before, sums, after)
    return made if made.length < count / 2 else None


def _without_sums(program: Program) -> tuple[Program, list[Sum]]:
    """Return a program that stores the terms of its long sums and loads these, and the sums themselves."""
    used = program.used()
    without, sums = Program(), list[Sum]()
    numbers: dict[int, int] = {}  # of operations in the new program
    chains = {chain[-1]: chain for chain in _chains(program, used)}
    inside = {number for chain in chains.values() for number in chain}
    for number in used:
        name, *given = program.operations[number]
        if number in chains:
            chain, first = chains[number], sums[-1].place + 1 if sums else 0
            added = [program.operations[chain[0]][1], *(program.operations[link][2] for link in chain)]
            sums.append(Sum(first, first + len(added)))
            for k, term in enumerate(added):
                without.stores[TERMS, first + k] = numbers[term]
            numbers[number] = without.load(TERMS, first + len(added)).number
        elif number not in inside:
            given = given if name in ("load", "constant") else [numbers[operand] for operand in given]
            numbers[number] = without.add(name, *given).number
    without.stores |= {place: numbers[number] for place, number in program.stores.items()}
    return without, sums


def _chains(program: Program, used: list[int]) -> list[list[int]]:
    """Return the additions of each long sum `((a + b) + c) + ...`, in their order; each is used by the next alone."""
    uses = Counter(program.stores.values())
    for number in used:
        uses.update(operands(program.operations[number]))
    chains: dict[int, list[int]] = {}  # by their last addition
    for number in used:
        name, *given = program.operations[number]
        if name == "+":
            before = chains.pop(given[0], []) if uses[given[0]] == 1 else []
            before.append(number)
            chains[number] = before
    return [chain for chain in chains.values() if len(chain) >= LONG]


def _independent(program: Program) -> list[list[int]]:
    """Return the stores (by their order in the program) of each part that uses no result of others.

    What reads a number that is written belongs to the part that writes it, as it must be read before.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count, edges = len(program.operations), list[tuple[int, int]]()
    shared = np.array([operation[0] in ("constant", "load") for operation in program.operations])
    read = {operation[1:]: k for k, operation in enumerate(program.operations) if operation[0] == "load"}
    shared[[read[place] for place in program.stores if place in read]] = False
    for number, operation in enumerate(program.operations):
        edges += [(number, operand) for operand in operands(operation) if not shared[operand]]
    for k, (place, number) in enumerate(program.stores.items(), count):
        edges += [(k, each) for each in (number, read.get(place)) if each is not None and not shared[each]]
    size = count + len(program.stores)
    links = np.array(edges, np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(links.shape[1], bool), (links[0], links[1])), shape=(size, size))
    parts: dict[int, list[int]] = {}
    for k, label in enumerate(connected_components(graph, directed=False)[1][count:].tolist()):
        parts.setdefault(label, []).append(k)
    return list(parts.values())


def _part(program: Program, written: list[Store]) -> tuple[tuple[Operation, ...], tuple[Store, ...], list[int]]:
    """Return the operations behind some stores, numbered anew, these stores, and the places that are used."""
    needed, ahead = set[int](), [number for _, _, number in written]
    while ahead:
        number = ahead.pop()
        if number not in needed:
            needed.add(number)
            ahead += operands(program.operations[number])
    numbers: dict[int, int] = {}
    operations, places = list[Operation](), list[int]()

    def add(number: int) -> int:
        """Add an operation, the first time that it is needed, and return its new number."""
        if number not in numbers:
            name, *given = program.operations[number]
            if name == "load":
                given = [given[0], len(places)]
                places.append(program.operations[number][2])
            elif name != "constant":
                given = [add(operand) for operand in given]
            numbers[number] = len(operations)
            operations.append((name, *given))
        return numbers[number]

    for number in sorted(needed):
        if program.operations[number][0] not in ("load", "constant"):
            add(number)
    stored = []
    for array, k, number in written:
        result = add(number)
        stored.append((array, len(places), result))
        places.append(k)
    return tuple(operations), tuple(stored), places
