"""What the address of a session asks for and the page cannot show."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import QueryDict

from sessions_app.pages.insights.time import asked_range
from sessions_app.pages.session.find import SessionFind
from sessions_app.pages.session.shown_time import is_number
from sessions_app.pages.session.switch import NAMES
from sessions_app.pages.session.table_columns import COLUMNS
from sessions_app.pages.session.table_view import KINDS
from sessions_app.pages.session.view import View
from sessions_app.pages.thread.place import whole_number
from sessions_app.pages.thread.wording import counted

PANELS = ("findings", "cache", "time", "costs", "filled")
_PLURALS = {"panel": "the panels", "only": "the kinds", "dense": "the values"}
# So much of a value is repeated.
MOST_CHARS = 60


def ignored(query: QueryDict, shown: View, found: SessionFind, pages: int | None = None) -> list[str]:
    """A line for each such parameter: its name and value, and why it has no effect. `pages` has the waterfall."""
    reasons = dict((*_of_parts(query, shown), *_of_views(query, pages), *_of_places(query, shown, found)))
    return [f"{name}={_short(value)}: {why}" for name, why in reasons.items() if (value := query.get(name) or "")]


def _of_parts(query: QueryDict, shown: View) -> Iterator[tuple[str, str]]:
    if query.get("view", "") not in NAMES:
        yield "view", f"the views are {', '.join(filter(None, NAMES))}"
    if not shown.layout.trace:
        yield "trace", "this session has no such trace"
    if shown.addresses.chosen is None:
        yield "branch", "only a trace is shown" if shown.layout.trace else "no request of a branch has this number"


def _of_views(query: QueryDict, pages: int | None) -> Iterator[tuple[str, str]]:
    for name, known in (("panel", PANELS), ("only", tuple(KINDS)), ("dense", ("1", "0"))):
        if query.get(name, "") not in (*known, "no" if name == "dense" else ""):
            yield name, f"{_PLURALS[name]} are {', '.join(known)}"
    if query.get("sort", "").removeprefix("-") not in COLUMNS:
        yield "sort", f"the columns are {', '.join(COLUMNS)}"
    for name in ("t0", "t1", "p0", "p1"):
        if not is_number(query.get(name, "")):
            yield name, "must be a number, of percent" if name.startswith("p") else "must be a number, of seconds"
    if pages is not None and not 1 <= whole_number(query.get("page", ""), 0) <= pages:
        yield "page", f"the waterfall has {counted(pages, 'page')}"


def _of_places(query: QueryDict, shown: View, found: SessionFind) -> Iterator[tuple[str, str]]:
    count = shown.addresses.count
    for name in ("from", "at"):
        if not 1 <= whole_number(query.get(name, ""), 0) <= count:
            yield name, f"this session has {counted(count, 'request')}"
    since, until = asked_range(query, count)
    for name, used in (("since", since), ("until", until)):
        if query.get(name, "").lstrip("#") != str(used):
            yield name, f"must be a request from {since if name == 'until' else 1} to {count}"
    if found.number is None:
        yield "hit", "no words are looked for" if not found.needles else "this session has no such place"


def _short(value: str) -> str:
    return value if len(value) <= MOST_CHARS else f"{value[:MOST_CHARS]}…"
