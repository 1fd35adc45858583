"""What the address of a session asks for and the page cannot show."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import QueryDict

from sessions_app.pages.session.switch import NAMES
from sessions_app.pages.session.view import View
from sessions_app.pages.thread.place import whole_number
from sessions_app.pages.thread.wording import counted

PANELS = ("findings", "cache", "time", "costs", "filled")
# So much of a value is repeated.
MOST_CHARS = 60


def ignored(query: QueryDict, shown: View) -> list[str]:
    """A line for each such parameter: its name and value, and why it has no effect."""
    found = dict(_reasons(query, shown))
    return [f"{name}={_short(value)}: {why}" for name, why in found.items() if (value := query.get(name) or "")]


def _reasons(query: QueryDict, shown: View) -> Iterator[tuple[str, str]]:
    addresses = shown.addresses
    if query.get("view", "") not in NAMES:
        yield "view", f"the views are {', '.join(filter(None, NAMES))}"
    if not shown.layout.trace:
        yield "trace", "this session has no such trace"
    if addresses.chosen is None:
        yield "branch", "only a trace is shown" if shown.layout.trace else "no request of a branch has this number"
    if query.get("panel", "") not in PANELS:
        yield "panel", f"the panels are {', '.join(PANELS)}"
    for name in ("from", "at"):
        if not 1 <= whole_number(query.get(name, ""), 0) <= addresses.count:
            yield name, f"this session has {counted(addresses.count, 'request')}"


def _short(value: str) -> str:
    return value if len(value) <= MOST_CHARS else f"{value[:MOST_CHARS]}…"
