"""The heads of the list's columns, which are links that order it, and the menu with all orders."""

from __future__ import annotations

from dataclasses import dataclass

from sessions_app.queries.filters import SessionFilters
from sessions_app.queries.search.orders import NEWEST_FIRST

# Each order, first the direction that is wanted most: its name in the address, and in words.
ORDER_NAMES = {
    "-last_at": "Latest activity",
    "last_at": "Oldest activity",
    "-first_at": "Latest start",
    "first_at": "Oldest start",
    "-cost": "Highest cost",
    "cost": "Lowest cost",
    "-tokens": "Most tokens",
    "tokens": "Fewest tokens",
    "-duration": "Longest",
    "duration": "Shortest",
    "-errors": "Most errors",
    "errors": "Fewest errors",
    "-requests": "Most requests",
    "requests": "Fewest requests",
}
# The class of a column, its name, what more there is to know, and its order; "" for none.
_COLUMNS = (
    ("c-title", "Session", "", ""),
    ("c-act", "Activity", "", ""),
    ("c-req num", "Req", "Requests", "requests"),
    ("c-err num", "Err", "Failed requests, then failed tool results", "errors"),
    ("c-dur num", "Duration", "", "duration"),
    ("c-tok num", "Tokens", "Tokens in → out", "tokens"),
    ("c-cost num", "Cost", "", "cost"),
    ("c-model", "Models", "", ""),
    ("c-last num", "Last", "Last activity", "last_at"),
)


@dataclass(frozen=True)
class ColumnHead:
    """`query`: of the list in this column's order, or the other way round if it has it; "" leads to the plain list.

    `sort`: the direction of the order that is shown, as ARIA says it; "" if it is by another column.
    """

    css: str
    name: str
    title: str
    is_link: bool
    query: str
    sort: str


def column_heads(filters: SessionFilters, order: str, columns: str = "") -> list[ColumnHead]:
    """The heads over a list in this order; `columns` is what the addresses say of them."""
    heads = []
    for css, name, title, key in _COLUMNS:
        is_sorted = order.removeprefix("-") == key
        turned = key if order == f"-{key}" else f"-{key}"
        sort = ("descending" if order.startswith("-") else "ascending") if is_sorted else ""
        heads.append(
            ColumnHead(css, name, title, bool(key), ordered_query(filters, turned, columns) if key else "", sort)
        )
    return heads


def order_choices(filters: SessionFilters, order: str, columns: str = "") -> list[tuple[str, str, bool]]:
    """The orders in words, the query string of each, and whether it is the one that is shown."""
    return [(words, ordered_query(filters, name, columns), name == order) for name, words in ORDER_NAMES.items()]


def ordered_query(filters: SessionFilters, order: str, columns: str = "") -> str:
    """The query string of the first page in an order; the usual one is not named."""
    return filters.url_query(order="" if order == NEWEST_FIRST else order, columns=columns)
