"""Guess which column of a spreadsheet says what, by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..common.checks import BadInput
from ..common.text import nearest

NAMES = {
    "date": (
        "date", "day", "week", "month", "period", "quarter", "datum", "tag", "woche", "monat", "fecha", "jour",
        "invoice_date", "invoicedate", "order_date", "sales_date", "timestamp", "time", "year",
    ),
    "quantity": (
        "units_sold", "quantity", "qty", "units", "sales_units", "unit_sales", "sold", "demand", "sales", "volume",
        "menge", "absatz", "anzahl", "stueck", "stück", "cantidad", "quantité", "pieces", "quantity_sold", "verkauf",
    ),
    "item": (
        "item", "sku", "product", "article", "item_id", "product_id", "item_nbr", "stockcode", "stock_code",
        "item_code", "product_code", "artikel", "part",
        "material", "produkt", "producto", "article_id", "item_name", "product_name",
    ),
    "place": (
        "store", "shop", "location", "place", "site", "warehouse", "store_id", "store_nbr", "filiale", "branch",
        "standort", "tienda", "magasin", "depot",
    ),
    "on_hand": (
        "on_hand", "stock_on_hand", "stock", "inventory", "soh", "closing_stock", "bestand", "lagerbestand",
        "inventory_level", "existencias",
    ),
    "promotion": ("promotion", "promo", "on_promotion", "onpromotion", "promoted", "aktion", "is_promo"),
    "ordered": ("ordered", "order_date", "ordered_on", "date_ordered", "po_date", "bestellt", "placed"),
    "arrived": (
        "arrived", "delivered", "received", "arrival_date", "delivery_date", "received_on", "date_received",
        "receipt_date", "geliefert", "arrival",
    ),
    "item_name": ("item_name",),
    "on_order": (
        "on_order", "qty_on_order", "quantity_on_order", "open_order", "open_orders", "open_quantity", "in_transit",
        "on_the_way", "offene_bestellung", "bestellmenge", "units_on_order",
    ),
    "expected": (
        "expected", "expected_on", "expected_date", "due", "due_date", "eta", "arrives", "arrival_date", "arrival",
        "delivery_date", "liefertermin", "erwartet",
    ),
    "counted": ("date", "as_of", "counted", "counted_on", "stock_date", "snapshot_date", "stand", "datum"),
    "supplier": ("supplier", "vendor", "lieferant", "lane"),
    "begins": (
        "date", "from", "begins", "begin", "start", "start_date", "first_day", "day", "week", "datum", "von", "fecha",
        "desde", "du",
    ),
    "until": ("to", "until", "ends", "end", "end_date", "last_day", "last", "bis", "hasta", "au"),
    "factor": ("factor", "times", "multiplier", "faktor"),
}  # fmt: skip
"""For each thing that a column can say, the names by which it is known, the likeliest first."""

DATED = re.compile(
    r"\d{4}[-/.]?\d{1,2}(?:[-/.]?\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}/\d{4}|\d{4}[- ]?[wWqQ]\d{1,2}|"
    r"[A-Za-z]{3,9}\.?[- ]\d{2,4}"
)
"""What looks like a date, or a month, week or quarter."""
EXACT = frozenset(
    {
        "on_hand", "promotion", "item_name", "on_order", "expected", "counted", "supplier", "begins", "until", "factor",
    }
)  # fmt: skip
"""What is not found by a part of a column's name."""


class Columns(NamedTuple):
    """Which column says what; None and () for what no column says. `guessed` names those that were not given."""

    date: str
    quantity: str
    by: tuple[str, ...]
    on_hand: str | None
    promotion: str | None
    guessed: tuple[str, ...]


def choose(
    there: Sequence[str],
    file: str,
    *,
    date: str | None = None,
    quantity: str | None = None,
    by: Sequence[str] | None = None,
    on_hand: str | None = None,
    promotion: str | None = None,
) -> Columns:
    """Return which column says what, as given or else as guessed by their names.

    Raises:
        BadInput: for a column that is not there, or where no name tells the date or the quantity.
    """
    for option, column in [("date", date), ("quantity", quantity), ("on-hand", on_hand), ("promotion", promotion)]:
        if column is not None:
            check(column, there, file, option)
    for column in by or ():
        check(column, there, file, "by")
    taken = {column for column in (date, quantity, on_hand, promotion, *(by or ())) if column is not None}
    guessed: list[str] = []

    def guess(what: str, given: str | None) -> str | None:
        if given is not None:
            return given
        found = named(what, [column for column in there if column not in taken])
        if found is not None:
            taken.add(found)
            guessed.append(f"{what.replace('_', ' ')} in {found!r}")
        return found

    def needed(what: str, given: str | None) -> str:
        if (found := guess(what, given)) is None:
            if wrong := unlike_rows(there):
                raise BadInput(f"{file}: {wrong}")
            raise BadInput(f"{file}: no column is called like a {what} (say --{what}; it has {', '.join(there)})")
        return found

    when, many = needed("date", date), needed("quantity", quantity)
    keys = tuple(by or ()) or tuple(filter(None, (guess("place", None), guess("item", None))))
    shelf, offer = guess("on_hand", on_hand), guess("promotion", promotion)
    return Columns(when, many, keys, shelf, offer, tuple(guessed))


def unlike_rows(there: Sequence[str]) -> str:
    """Say what is wrong where the columns are called like dates: no line of columns, or a column for each period."""
    dated = [column for column in there if DATED.fullmatch(column.strip())]
    if len(dated) > 2:
        return (
            f"has a column for each date, from {dated[0]} to {dated[-1]} (make a row of each: date, "
            "what tells items apart, units)"
        )
    if dated and all(DATED.fullmatch(column.strip()) or re.fullmatch(r"[\d.,-]+", column.strip()) for column in there):
        return f"must begin with a line of column names, got {', '.join(there)} (write one above it: date,units)"
    return ""


def of_items(there: Iterable[str], by: Sequence[str]) -> list[str]:
    """Return the columns that tell a shop's items apart: the columns `by`, or else one of names; none without."""
    folded = {column.casefold(): column for column in there}
    if by and all(column.casefold() in folded for column in by):
        return [folded[column.casefold()] for column in by]
    name = named("item_name", folded.values()) or named("item", folded.values())
    return [] if name is None else [name]


def named(what: str, there: Iterable[str]) -> str | None:
    """Return the column whose name is the likeliest for a thing: one that is its name, or else that has it in it.

    Stock on hand, promotions and what else a file need not have must have one of their names as it is.
    """
    plain = {column: re.sub(r"\W+", "_", column.casefold()).strip("_") for column in there}
    for name in NAMES[what]:
        for column, text in plain.items():
            if text == name:
                return column
    for name in NAMES[what] if what not in EXACT else ():
        for column, text in plain.items():
            if len(name) > 3 and re.search(rf"(?:^|_){re.escape(name)}(?:_|$)", text):
                return column
    return None


def check(column: str, there: Sequence[str], file: str, option: str | None = None) -> None:
    """Refuse a column that a file does not have."""
    if column not in there:
        hint = nearest(column, there) or f" (it has {', '.join(there)})"
        raise BadInput(f"{f'--{option}: ' if option else ''}{file} has no column {column!r}{hint}")
