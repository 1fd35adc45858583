"""The three views of a session, and the links that switch between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sessions_app.pages.thread.addresses import Addresses

CONVERSATION, WATERFALL, TABLE = "", "waterfall", "table"
# By the name in the address: what the view is called, and its icon. The keys 1, 2 and 3 are theirs in this order.
NAMES = {
    CONVERSATION: ("Conversation", "thread"),
    WATERFALL: ("Waterfall", "waterfall"),
    TABLE: ("Table", "table"),
}
# What htmx gets of each view.
PARTIALS = {
    CONVERSATION: "_session_requests.html",
    WATERFALL: "_session_waterfall_rows.html",
    TABLE: "_session_table_rows.html",
}


@dataclass(frozen=True, slots=True)
class ViewLink:
    """A link that shows the same part of the session in a view."""

    name: str
    icon: str
    key: str
    href: str
    is_current: bool


def view_named(text: str) -> str:
    """The view that a parameter names; the conversation for any other text."""
    return text if text in NAMES else CONVERSATION


def dense_link(addresses: Addresses, start: int | None) -> str:
    """A link to the same requests, each in one line or, where they are, in full."""
    query = replace(addresses, dense=not addresses.dense).query(start)
    asked = query if not addresses.dense else f"?dense=0{query.replace('?', '&', 1)}"
    return f"{addresses.session}{asked}"


def view_links(addresses: Addresses, start: int | None) -> Iterator[ViewLink]:
    """The links of all views. `start`: the request with which the page begins, unless it is the first."""
    for number, (view, (name, icon)) in enumerate(NAMES.items(), start=1):
        query = addresses.as_view(view).query(start)
        yield ViewLink(name, icon, str(number), f"{addresses.session}{query}", view == addresses.view)
