"""The Waterfall view of a session: its requests and steps on an axis of time, nested as their traces nest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from markupsafe import Markup

from sessions_app.pages.html.components import joined
from sessions_app.pages.session.find import SessionFind
from sessions_app.pages.session.shown_time import LEAST_SECONDS, ShownTime, shown_time, whole_time
from sessions_app.pages.session.view import RequestBlock, View
from sessions_app.pages.session.waterfall_rows import Placed, WaterfallWriter
from sessions_app.pages.thread.place import whole_number
from sessions_app.queries.session import RequestLine
from sessions_app.structure.trace_tree import TreeNode, rows, tree

# A longer session has a page for each block of so many rows.
MOST_ROWS = 300
# How much a step of the zoom narrows, and how far a step to the side goes.
_ZOOM, _MOVE = 0.5, 0.5
MOST_MODELS = 6


@dataclass(frozen=True, slots=True)
class ZoomLink:
    """A link that shows another part of the axis; "" as its address where there is nothing to show."""

    name: str
    icon: str
    key: str
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class RowPage:
    """The rows of a page: the numbers of the first and last one, of how many, and the links to the pages beside it, and
    to the first and last request where these are on other pages.
    """

    first: int
    last: int
    count: int
    before: str = ""
    after: str = ""
    first_href: str = ""
    last_href: str = ""


def waterfall(query: QueryDict, shown: View, found: SessionFind, mark_of: Callable[[int], Markup]) -> dict[str, Any]:
    """What the view shows: the rows of a block, those that ran in the shown part of the axis. `mark_of`: what rules say
    of a request.
    """
    time = shown_time(shown.axis, query)
    placed = list(rows(shown.once_for_part("nodes", lambda: _roots(shown)), *time.moments))
    page = _page(query, placed)
    here = placed[page * MOST_ROWS : (page + 1) * MOST_ROWS]
    writer = WaterfallWriter(shown, time, shown.addresses.as_view(""), found.counts, shown.tool_failures, mark_of)
    numbers = [node.index + 1 for node, _ in here if node.index is not None] or [1]
    return {
        "shown": RequestBlock(min(numbers), max(numbers), None, None),
        "rows": joined(writer.html(here)),
        "pages": max(len(placed) - 1, 0) // MOST_ROWS + 1,
        "row_page": _links(shown, time, page, placed),
        "shown_time": time,
        "ticks": time.ticks,
        "address": _href(shown, time, page + 1),
        "zoom": _zoom(shown, time),
        "models": shown.session.models[:MOST_MODELS],
        "more_models": max(len(shown.session.models) - MOST_MODELS, 0),
    }


def _roots(shown: View) -> list[TreeNode[RequestLine]]:
    order = shown.layout.order()
    if shown.addresses.is_part:
        order = ((index, line) for index, line in order if _is_shown(shown, index, line))
    return tree(order, shown.layout.traces.nesting, shown.runs)


def _is_shown(shown: View, index: int | None, line: RequestLine) -> bool:
    """Whether a request is in the branch that is shown; a step is with the request that it stands beside."""
    owner = index if index is not None else max(shown.layout.owners.get(line.id, 0), 0)
    return not shown.lines.requests or shown.addresses.shows(owner + 1)


def _page(query: QueryDict, placed: Sequence[Placed]) -> int:
    """The page that is asked for: by its number, or by the number of a request that it has."""
    last = max(len(placed) - 1, 0) // MOST_ROWS
    if "page" in query:
        return min(max(whole_number(query.get("page", ""), 1) - 1, 0), last)
    wanted = whole_number(query.get("from", ""), 0) - 1
    places = (place for place, (node, _) in enumerate(placed) if node.index is not None and node.index >= wanted)
    return next(places, 0) // MOST_ROWS if wanted > 0 else 0


def _links(shown: View, time: ShownTime, page: int, placed: Sequence[Placed]) -> RowPage:
    first, count = page * MOST_ROWS, len(placed)
    last = min(first + MOST_ROWS, count)
    links = {}
    if page:
        links = {"before": _href(shown, time, page), "first_href": _href_of(shown, time, placed, range(count))}
    if last < count:
        links |= {"after": _href(shown, time, page + 2), "last_href": _href_of(shown, time, placed, range(count)[::-1])}
    return RowPage(first + 1, last, count, **links)


def _href_of(shown: View, time: ShownTime, placed: Sequence[Placed], places: range) -> str:
    """The first of these rows that is a request, on its page."""
    place = next((place for place in places if placed[place][0].index is not None), None)
    if place is None:
        return ""
    return f"{_href(shown, time, place // MOST_ROWS + 1)}#r{(placed[place][0].index or 0) + 1}"


def _href(shown: View, time: ShownTime, page: int = 1) -> str:
    members = [shown.addresses.part, time.query(), f"page={page}" if page > 1 else ""]
    return f"{shown.addresses.session}?{'&'.join(filter(None, members))}"


def _zoom(shown: View, time: ShownTime) -> list[ZoomLink]:
    can_narrow = time.end - time.begin > 2 * LEAST_SECONDS
    left, right = time.place
    links = (
        ("out", "minus", "-", "Zoom out (-)", None if time.is_whole else time.zoomed(1 / _ZOOM)),
        ("fit", "fit", "0", "Show all (0)", None if time.is_whole else whole_time(time.axis)),
        ("in", "plus", "+", "Zoom in (+)", time.zoomed(_ZOOM) if can_narrow else None),
        ("earlier", "left", "ArrowLeft", "Earlier (←)", time.moved(-_MOVE) if left > 0 else None),
        ("later", "right", "ArrowRight", "Later (→)", time.moved(_MOVE) if right < 100 else None),
    )
    return [ZoomLink(name, icon, key, label, _href(shown, to) if to else "") for name, icon, key, label, to in links]
