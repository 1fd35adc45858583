"""The filters of the session list: lists of values (facets), the time range, what is set, and other filters to try
when nothing is found.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone
from markupsafe import Markup

from sessions_app.models import Project
from sessions_app.pages.html.components import component
from sessions_app.pages.html.formats import exact, hue, in_zone, stamp
from sessions_app.queries.filters import ANY_RANGE, RANGES, ParsedFilters, SessionFilters
from sessions_app.queries.matching import COUNT_LIMIT, Memory, count_some
from sessions_app.queries.session_stats import FACET_LIMIT, MOST_COUNTED, FacetValue, facets
from sessions_app.records import SOURCES
from sessions_app.search_language import Values
from sessions_app.search_language.parser import MOST_CHARS

RANGE_NAMES = {
    "15m": "Last 15 minutes",
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
}
# Why a request is in its session. A session may have several of them, and is counted for each: the first request of
# most inferred sessions came without an id.
RULE_NAMES = {
    "session_id": "By session id",
    "trace_id": "By trace id",
    "previous_response_id": "Continues a response",
    "conversation": "Inferred from the conversation",
    "tool_call": "Continues a tool call",
    "attempt": "Repeated after a failure",
    "sub_agent": "Started by a tool call",
    "manual": "Moved manually",
    "own": "Begun without an id",
}
FACET_TITLES = {
    "status": "Status",
    "model": "Model",
    "user": "User",
    "tag": "Tag",
    "source": "Source",
    "rule": "Grouping",
    "failed_tool": "Failed tools",
}
# Further values are folded under "8 more".
FACET_ROWS = 8
# So many filters are tried one by one: what would be found without each.
MAX_CLEARED = 2


@dataclass(frozen=True)
class FacetRow:
    """A value, and the query string of the list with it, or without it if it is selected."""

    id: str
    query: str
    label: str
    mark: Markup
    count: str
    selected: bool


@dataclass(frozen=True)
class Facet:
    """A filter's values; those from index `fold` on, `folded` of them, are behind "8 more"."""

    name: str
    title: str
    rows: list[FacetRow]
    fold: int
    folded: int


def facet_lists(project: Project, filters: SessionFilters) -> dict[str, Any]:
    """The lists beside the sessions. `cut`, `limit` and `overlap` are for the note below them; empty when
    they do not apply.
    """
    found = facets(project, filters)
    shown = [_facet(name, values, filters) for name, values in found.values.items()]
    is_cut = any(len(facet.rows) >= FACET_LIMIT for facet in shown)
    return {
        "list": shown,
        "cut": exact(MOST_COUNTED) if found.is_cut else "",
        "since": stamp(found.since) if found.since else "",
        "limit": FACET_LIMIT if is_cut else 0,
        "overlap": len(found.values["rule"]) > 1,
    }


def _facet(name: str, values: list[FacetValue], filters: SessionFilters) -> Facet:
    rows = [_facet_row(name, item, filters) for item in values]
    fold = max(FACET_ROWS, sum(row.selected for row in rows))
    # The line "1 more" would take as much room as the row itself.
    if len(rows) == fold + 1:
        fold += 1
    return Facet(name, FACET_TITLES[name], rows, fold, max(len(rows) - fold, 0))


def _facet_row(name: str, item: FacetValue, filters: SessionFilters) -> FacetRow:
    label = value_label(name, item.value)
    # htmx keeps the focus on an element with the same id when it replaces the lists.
    row_id = f"f-{name}-{zlib.crc32(item.value.encode()):08x}"
    query = filters.toggled(name, item.value).url_query()
    return FacetRow(row_id, query, label, _facet_mark(name, label), exact(item.count), item.selected)


def _facet_mark(name: str, label: str) -> Markup:
    if name == "status":
        return component("facet", "status")(label)
    if name == "model":
        return component("facet", "model")(label, hue(label))
    return component("facet", "plain")(label)


def value_label(name: str, value: str) -> str:
    """A filter's value as the page writes it."""
    return {"source": SOURCES, "rule": RULE_NAMES}.get(name, {}).get(value, value)


@dataclass(frozen=True)
class RangeMenu:
    """The time range: its name on the button, the presets, and the two ends as the browser's fields write them."""

    label: str
    presets: list[tuple[str, str, bool]]
    since: str
    until: str


def range_menu(filters: SessionFilters) -> RangeMenu:
    """The menu with what these filters have chosen."""
    custom = not filters.range and bool(filters.since or filters.until)
    presets = [(name, label, filters.range == name) for name, label in RANGE_NAMES.items()]
    presets.append((ANY_RANGE, "Any time", not filters.range and not custom))
    since, until = (filters.since, filters.until) if custom else (None, None)
    return RangeMenu(range_label(filters), presets, _local_input(since), _local_input(until))


def range_label(filters: SessionFilters) -> str:
    """The time range in words."""
    if filters.range:
        return RANGE_NAMES[filters.range]
    if filters.since and filters.until:
        return "Custom range"
    if filters.since:
        return "Since " + f"{in_zone(filters.since):%Y-%m-%d %H:%M}"
    return "Until " + f"{in_zone(filters.until):%Y-%m-%d %H:%M}" if filters.until else "Any time"


def _local_input(moment: datetime | None) -> str:
    return f"{in_zone(moment):%Y-%m-%dT%H:%M}" if moment else ""


@dataclass(frozen=True)
class MarkedQuery:
    """A query that cannot be read: the text before what is wrong, that, and the text after it."""

    before: str
    wrong: str
    after: str
    message: str
    possible: list[str]


MOST_POSSIBLE = 8


def marked_query(parsed: ParsedFilters) -> MarkedQuery | None:
    """What is wrong in the query, and what may stand there; None if it can be read."""
    error = parsed.query_error
    if error is None or error.start is None or error.end is None:
        return None
    text, start, end = parsed.text[:MOST_CHARS], error.start, max(error.end, error.start + 1)
    possible = list(error.possible[:MOST_POSSIBLE])
    return MarkedQuery(text[:start], text[start:end] or "␣", text[end:], error.message, possible)


@dataclass(frozen=True)
class ActiveFilter:
    """A filter that is set, and the filters without it. The time range and the search text have no name."""

    name: str
    value: str
    rest: SessionFilters

    @property
    def label(self) -> str:
        return f"{self.name}:{self.value}" if self.name else self.value


def active_filters(filters: SessionFilters) -> list[ActiveFilter]:
    """The filters that are set, without the time range."""
    active = []
    if filters.trace_id:
        active.append(ActiveFilter("trace", filters.trace_id, filters.without("trace_id")))
    for clause in filters.query.clauses:
        rest = filters.asking(filters.query.minus(clause))
        if isinstance(clause, Values):
            sign = "not " if clause.negated else ""
            words = " or ".join(value_label(clause.key, value) for value in clause.values)
            active.append(ActiveFilter(clause.key, f"{sign}{words}", rest))
        else:
            active.append(ActiveFilter("", str(clause), rest))
    return active


def active_range(filters: SessionFilters) -> list[ActiveFilter]:
    """The time range, if one is set."""
    if not (filters.since or filters.until):
        return []
    ends = " to ".join(stamp(moment) for moment in (filters.since, filters.until) if moment)
    return [ActiveFilter("", range_label(filters) if filters.range else ends, filters.without("range"))]


# --- nothing found --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WayOut:
    """A button under an empty list: other filters, and how many sessions they find ("" when that was not counted)."""

    label: str
    found: str
    filters: SessionFilters


def period(filters: SessionFilters) -> str:
    """The time range within a sentence: `in the last hour`."""
    if filters.range:
        return "in the " + RANGE_NAMES[filters.range].lower()
    since = f"since {stamp(filters.since)}" if filters.since else ""
    until = f"until {stamp(filters.until)}" if filters.until else ""
    return f"{since} {until}".strip()


def ways_out(project: Project, filters: SessionFilters) -> Iterable[WayOut]:
    """Other filters to try when nothing is found: a wider time range, one filter less, none."""
    memory: Memory = {}
    if filters.since or filters.until:
        month = replace(filters, range="30d", since=timezone.now() - RANGES["30d"], until=None)
        wider = [month, filters.without("range")][filters.range == "30d" :]
        yield from _first_with_sessions(project, memory, [(range_label(candidate), candidate) for candidate in wider])
    active = active_filters(filters)
    # The search text first: it was mostly typed last. Then from the end, where the narrow filters are.
    cleared = [*active[:1], *active[:0:-1]][:MAX_CLEARED]
    yield from _first_with_sessions(project, memory, [(f"Clear {_filter_name(item)}", item.rest) for item in cleared])
    yield WayOut("Clear all filters", "", SessionFilters())


def _filter_name(item: ActiveFilter) -> str:
    return item.label if item.name else "search"


def _first_with_sessions(
    project: Project, memory: Memory, candidates: list[tuple[str, SessionFilters]]
) -> Iterable[WayOut]:
    for label, filters in candidates:
        count = count_some(project, filters, memory)
        if count:
            yield WayOut(label, f"{at_least(count)} session{'' if count == 1 else 's'}", filters)
            return


def at_least(count: int) -> str:
    """A number that was counted up to a limit: `12`, `100+`."""
    return f"{count}+" if count >= COUNT_LIMIT else str(count)
