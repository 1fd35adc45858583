"""The rows of the session list: a session in the words of the page. The markup is in `components/session_row.jinja`."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from urllib.parse import quote, urlencode

from markupsafe import Markup

from sessions_app.pages.html.components import component, joined
from sessions_app.pages.html.formats import (
    clock,
    cost,
    exact,
    extent,
    hue,
    more_than_shown,
    session_title,
    short_id,
    tokens,
)
from sessions_app.pages.html.times import time_ago, time_begun
from sessions_app.pages.html.tool_calls import failed_results, failure_count
from sessions_app.pages.session.find import Target, address_of
from sessions_app.pages.sessions import row_cache
from sessions_app.pages.sessions.activity_strip import draw_strip
from sessions_app.queries.activity import Activity, activity
from sessions_app.queries.request_numbers import request_numbers
from sessions_app.queries.search.snippets import Snippet
from sessions_app.queries.session_list import FIELDS, SessionPage, SessionRow

USERS_SHOWN, TAGS_SHOWN, DOTS_SHOWN = 2, 3, 5
ID_CHARS = 60
_values_of = attrgetter(*FIELDS)
NOTHING_ACTIVE: Mapping[uuid.UUID, bool] = {}


@dataclass(slots=True)
class ListedSession:
    """What a row says. `users` have the address of their sessions; `hues` are the marks of the first models.
    `pick` is our id, by which the row is selected.

    `started`: when it began, where the name alone does not tell sessions apart.

    `id` and `shown_id`: the caller's, whole and as the row has room for it; only without one ours.
    """

    pick: str
    id: str
    shown_id: str
    title: str
    href: str
    users: list[tuple[str, str]]
    more_users: str
    tags: list[str]
    more_tags: str
    started: Markup | str
    strip: Markup
    requests: str
    has_errors: bool
    errors: str
    tool_failures: str
    tool_failures_title: str
    duration: str
    has_tokens: bool
    input_tokens: str
    output_tokens: str
    has_cost: bool
    cost: str
    models: list[str]
    hues: list[Markup]


def write_page(
    rows: Sequence[SessionRow],
    address: str,
    found: SessionPage | None = None,
    active: Mapping[uuid.UUID, bool] = NOTHING_ACTIVE,
) -> Markup:
    """The rows of a page, of which those that were written before are taken from memory. `address`: of the list.
    `found`: the places where the words of the query are. `active`: the sessions in which something happens now, and
    whether a request runs.
    """
    starts = _starts(rows)
    keys = {row.id: _key(row, address, starts) for row in rows}
    kept = {row.id: row_cache.written.get(keys[row.id]) for row in rows}
    begun = {row_id: text for row_id, text in kept.items() if text is not None}
    missing = [row for row in rows if row.id not in begun]
    spans = activity(missing)
    for row in missing:
        begun[row.id] = begin_row(row, spans.get(row.id, ()), address, starts.get(row.id, ""))
        row_cache.written.put(keys[row.id], begun[row.id])
    return _with_ends(((row, begun[row.id]) for row in rows), address, found, active)


def _starts(rows: Sequence[SessionRow]) -> dict[uuid.UUID, Markup | str]:
    """When those sessions began whose names are also those of others here."""
    names = Counter(session_title(row) for row in rows)
    return {row.id: time_begun(row.first_at) for row in rows if names[session_title(row)] > 1}


def _key(row: SessionRow, address: str, starts: Mapping[uuid.UUID, Markup | str]) -> tuple[Hashable, ...]:
    values = _values_of(row)
    return address, starts.get(row.id, ""), *[tuple(value) if type(value) is list else value for value in values]


def begin_row(row: SessionRow, spans: Sequence[Activity], address: str, started: Markup | str = "") -> Markup:
    """A row without its last cell, which tells how long ago something was."""
    return component("session_row", "session_row")(listed_session(row, spans, address, started))


def _with_ends(
    begun: Iterable[tuple[SessionRow, Markup]],
    address: str,
    found: SessionPage | None,
    active: Mapping[uuid.UUID, bool] = NOTHING_ACTIVE,
) -> Markup:
    """Rows with their last cells, and below them where the words of the query are."""
    end = component("session_row", "last_cell")
    begun = list(begun)
    numbers = request_numbers([row for row, _ in begun if found.snippets.get(row.id)]) if found else {}
    written = []
    for row, text in begun:
        written += [text, end(time_ago(row.last_at), row.id in active, active.get(row.id, False))]
        if found and row.id in found.snippets:
            written.append(_write_places(found, row.id, address, numbers))
        if found and row.id in found.unsure:
            written.append(component("session_row", "unsure")(f"{address}{row.id}/"))
    return joined(written)


def _write_places(found: SessionPage, session_id: uuid.UUID, address: str, numbers: Mapping[uuid.UUID, int]) -> Markup:
    session = f"{address}{session_id}/"
    snippets = found.snippets[session_id]
    places = [place_of(one, session, found.words, numbers.get(one.request_id)) for one in snippets]
    more = found.more.get(session_id, 0)
    href = f"{session}?{urlencode({'find': found.words})}#find"
    return component("session_row", "places")(places, more, href) if places else Markup("")


@dataclass(slots=True)
class FoundPlace:
    """Where something was found: `pieces` are texts, and whether each is what was found. `number`: of the request in
    its session; "" if it is not known, or if the row is the request itself.
    """

    href: str
    number: str
    role: str
    time: str
    pieces: Sequence[tuple[str, bool]]
    before: str
    after: str


def place_of(snippet: Snippet, session: str, words: str, number: int | None = None) -> FoundPlace:
    """A place in the words of the page; it leads to the text itself on the page of its session."""
    before, after = ("…" if is_cut else "" for is_cut in snippet.is_cut)
    href = address_of(session, words, Target(snippet.request_id, snippet.digest.hex()))
    shown = exact(number) if number else ""
    return FoundPlace(href, shown, snippet.role, clock(snippet.started_at), snippet.pieces, before, after)


def listed_session(
    row: SessionRow, spans: Sequence[Activity], address: str, started: Markup | str = ""
) -> ListedSession:
    failures = row.tool_error_count + row.tool_looks_failed_count
    return ListedSession(
        pick=str(row.id),
        id=row.session_key or str(row.id),
        shown_id=(row.session_key or short_id(row.id))[:ID_CHARS],
        title=session_title(row),
        href=f"{address}{row.id}/",
        users=[(name, f"{address}?user={quote(name, safe='')}") for name in row.users[:USERS_SHOWN]],
        more_users=more_than_shown(row.users, USERS_SHOWN),
        tags=row.tags[:TAGS_SHOWN],
        more_tags=more_than_shown(row.tags, TAGS_SHOWN),
        started=started,
        strip=draw_strip(row, spans),
        requests=exact(row.request_count),
        has_errors=bool(row.error_count),
        errors=exact(row.error_count),
        tool_failures=failure_count(failures) if failures else "",
        tool_failures_title=failed_results(row.tool_error_count, row.tool_looks_failed_count),
        duration=extent(row.duration),
        has_tokens=row.input_tokens is not None or row.output_tokens is not None,
        input_tokens=tokens(row.input_tokens),
        output_tokens=tokens(row.output_tokens),
        has_cost=row.cost is not None,
        cost=cost(row.cost),
        models=row.model_names,
        hues=[hue(name) for name in row.model_names[: DOTS_SHOWN + 1]],
    )
