"""Lists the requests of a project by their start, those that a query asks for.

A request is listed if it has all that is asked for itself: words in what it was the first to bring, facts in what it
says. The index of starts is walked in chunks that grow; see `search.walk`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from sessions_app import ids
from sessions_app.models import Project
from sessions_app.queries.fetching import fetched
from sessions_app.queries.filters import FilterError, SessionFilters
from sessions_app.queries.matching import COUNT_LIMIT, CountedMatches
from sessions_app.queries.matching import SECONDS as COUNT_SECONDS
from sessions_app.queries.search.branches import forks_and_retries
from sessions_app.queries.search.candidates import MOST_CANDIDATES, any_of
from sessions_app.queries.search.conditions import OF_ERRORS, Sql
from sessions_app.queries.search.contents import Content, FoundRow, load_contents
from sessions_app.queries.search.of_request import asked_of_request, has_one, says
from sessions_app.queries.search.orders import ORDERS, Direction
from sessions_app.queries.search.snippets import Snippet, snippets_of_request
from sessions_app.queries.search.walk import FIRST_CHUNK, LARGEST_CHUNK, SECONDS

NEWEST_FIRST, OLDEST_FIRST = "-started_at", "started_at"
MAX_LIMIT = 1_000
# If it seems that more requests than that must be walked through, the index is asked where what is wanted may be.
MOST_AHEAD = 5_000
# So many requests are looked into between two looks at the clock.
SLICE = 100
# Of so many sessions it is kept how their requests hang together.
MOST_STRUCTURES = 200

Place = tuple[datetime, uuid.UUID]


@dataclass(frozen=True, slots=True)
class ListedRequest:
    """A request as a list shows it. None means unknown; costs are in US dollars."""

    id: uuid.UUID
    session_id: uuid.UUID
    bucket: date
    started_at: datetime
    first_token_at: datetime | None
    ended_at: datetime | None
    received_at: datetime
    request_id: str
    kind: str
    call_type: str
    model: str
    provider: str
    status: str
    http_status: int | None
    error_type: str
    error_message: str
    finish_reason: str
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cost: Decimal | None
    user: str
    tags: list[str]
    input_preview: str
    output_preview: str
    session_title: str
    session_key: str | None

    @property
    def cursor(self) -> str:
        """Its place in the list."""
        return _direction(NEWEST_FIRST).cursor(self.started_at, self.id)


@dataclass(frozen=True, slots=True)
class RequestListPage:
    """Some requests, and the cursor for the next ones, None at the end. See `session_list.SessionPage`."""

    results: list[ListedRequest]
    next_cursor: str | None
    snippets: Mapping[uuid.UUID, list[Snippet]] = field(default_factory=dict)
    is_out_of_time: bool = False
    reached: datetime | None = None


# `Session.name`, in SQL.
NAME = "coalesce(nullif(s.given_name, ''), nullif(s.source_name, ''), s.title)"
_COLUMNS = (
    *("r.id", "r.session_id", "r.bucket", "x.started_at", "r.first_token_at", "r.ended_at", "r.received_at"),
    *("r.request_id", "r.kind", "r.call_type", "r.model", "r.provider", "r.status", "r.http_status", "r.error_type"),
    *("r.error_message", "r.finish_reason", "r.input_tokens", "r.output_tokens", "r.cached_tokens", "r.cost"),
    *("r.end_user", "r.tags", "r.input_preview", "r.output_preview", NAME, "s.session_key"),
)
_STARTED = replace(ORDERS["last_at"], name="started_at", sql="x.started_at")


def list_requests(
    project: Project,
    filters: SessionFilters,
    order: str = NEWEST_FIRST,
    limit: int = 50,
    cursor: str | None = None,
) -> RequestListPage:
    """Requests of a project by their start, `limit` of them (1 to 1,000) after `cursor`. Raises FilterError."""
    direction = _direction(order)
    if not 1 <= limit <= MAX_LIMIT:
        raise FilterError("limit", f"must be from 1 to {MAX_LIMIT:,}, got {limit}")
    place = direction.place(cursor) if cursor else None
    return _RequestWalk(project, filters, direction).page(limit, place)


def count_requests_outside(project: Project, filters: SessionFilters) -> CountedMatches:
    """How many requests match outside of the time range."""
    found = CountedMatches(0)
    for outside in filters.outside_range():
        walk = _RequestWalk(project, outside, _direction(NEWEST_FIRST), COUNT_SECONDS)
        page = walk.page(COUNT_LIMIT + 1, None)
        found = found.and_also(CountedMatches(len(page.results), not page.is_out_of_time))
        if found.number > COUNT_LIMIT:
            break
    return found


def _direction(order: str) -> Direction:
    if order not in (NEWEST_FIRST, OLDEST_FIRST):
        raise FilterError("order", f"must be {NEWEST_FIRST} or {OLDEST_FIRST}, got {order[:40]!r}")
    return Direction(_STARTED, order.startswith("-"), "x.id")


@dataclass(frozen=True, slots=True)
class _Possible:
    """A request that may match. `holds`: for each `has:` whether columns say that it is so."""

    row: ListedRequest
    at: FoundRow
    holds: Sequence[bool]


class _RequestWalk:
    def __init__(
        self, project: Project, filters: SessionFilters, direction: Direction, seconds: float | None = None
    ) -> None:
        self.project, self.filters, self.direction = project, filters, direction
        self.asked = asked_of_request(project, filters)
        self.deadline = time.monotonic() + (SECONDS if seconds is None else seconds)
        self.candidates: list[uuid.UUID] | None = self.asked.requests
        # Of the sessions that were looked into: the requests that others continue, and those that are retries.
        self.structures: dict[uuid.UUID, tuple[Set[uuid.UUID], Set[uuid.UUID]]] = {}
        # The last request that was looked at, if the time was over before a large one.
        self.reached: _Possible | None = None

    def page(self, limit: int, place: Place | None) -> RequestListPage:
        """The next `limit` requests after a place; fewer, with how far it came, if its time is over before."""
        found: list[tuple[ListedRequest, Content | None]] = []
        size, looked_at = max(FIRST_CHUNK, limit + 1), 0
        if self.asked.sessions is not None and self.candidates is None:
            self.candidates = self._of_sessions(self.asked.sessions)
        has_asked = self.candidates is not None
        while True:
            chunk, last = self._chunk(place, size)
            for some in self._slices(chunk):
                for one in self._matching(some):
                    found.append(one)
                    if len(found) > limit:
                        following = self.direction.cursor(found[limit - 1][0].started_at, found[limit - 1][0].id)
                        return self._written(found[:limit], following)
                looked_at_last = (self.reached or some[-1]).row
                place = (looked_at_last.started_at, looked_at_last.id)
                if time.monotonic() > self.deadline:
                    return self._ended(found, place)
            if last is None:
                return self._written(found, None)
            place = last
            if time.monotonic() > self.deadline:
                return self._ended(found, place)
            looked_at += size
            if not has_asked and looked_at * (limit + 1 - len(found)) > MOST_AHEAD * len(found):
                self.candidates, has_asked = self._candidates(), True
            size = min(size * 2, LARGEST_CHUNK)

    def _slices(self, chunk: list[_Possible]) -> Iterator[list[_Possible]]:
        size = SLICE if self.asked.needs_content or any(one.asks_session for one in self.asked.has) else LARGEST_CHUNK
        for start in range(0, len(chunk), size):
            yield chunk[start : start + size]

    def _ended(self, found: Sequence[tuple[ListedRequest, Content | None]], place: Place) -> RequestListPage:
        """The page when the time is over: the next one goes on from `place`."""
        page = self._written(found, self.direction.cursor(*place))
        return replace(page, is_out_of_time=True, reached=place[0])

    def _written(self, found: Sequence[tuple[ListedRequest, Content | None]], following: str | None) -> RequestListPage:
        needles = [one.needle for one in self.asked.wanted if one.needle and not one.negated]
        roles = frozenset(self.filters.query.values_of("in"))
        snippets = {
            row.id: snippets_of_request(content, needles, roles) for row, content in found if content and needles
        }
        return RequestListPage([row for row, _ in found], following, snippets)

    def _chunk(self, place: Place | None, size: int) -> tuple[list[_Possible], Place | None]:
        """Requests that may match among the next ones; and the place of the last one that was looked at."""
        rows = fetched(*self.statement(place, size))
        found = []
        width = len(_COLUMNS)
        for row in rows:
            if row[3] is None:
                continue
            parts, started_at, log_id, *holds = row[3 + width :]
            listed = ListedRequest(*row[3 : 3 + width])
            at = FoundRow(listed.session_id, log_id, listed.bucket, started_at, bytes(parts))
            found.append(_Possible(listed, at, holds))
        last = (rows[0][1], rows[0][2]) if rows and rows[0][0] == size else None
        return found, last

    def statement(self, place: Place | None, size: int) -> tuple[str, list[Any]]:
        """For those of the next requests that may match: _COLUMNS, the index's parts, its place, and what columns say
        of each `has:`. Before these, each row has the number of the next requests and the place of the last one; see
        `Walk.statement`.
        """
        where: list[Sql] = [("x.project_id = %s", [self.project.pk]), *self.asked.times]
        where += [("false", [])] if self.filters.unread else []
        for moment, sign in ((self.filters.since, ">="), (self.filters.until, "<=")):
            where += [(f"x.started_at {sign} %s", [moment])] if moment else []
        where += [(self.direction.after, list(place))] if place is not None else []
        where += [("x.id = ANY(%s::uuid[])", [self.candidates])] if self.candidates is not None else []
        matches = [*self.asked.sql, *(one.possible for one in self.asked.has)]
        matches += [any_of(one.groups) for one in self.asked.wanted if not one.negated]
        matches += [(OF_ERRORS, []) for one in self.asked.wanted if one.is_of_errors and not one.negated]
        if self.asked.sessions is not None:
            matches.append(("x.session_id = ANY(%s::uuid[])", [self.asked.sessions]))
        holds = "".join(f", coalesce({one.columns or 'false'}, false)" for one in self.asked.has)
        columns = ", ".join(f"{name} AS c{place}" for place, name in enumerate(_COLUMNS))
        statement = f"""
            WITH next AS MATERIALIZED (
                SELECT * FROM request_search AS x WHERE {" AND ".join(text for text, _ in where)}
                ORDER BY {self.direction.sql} LIMIT %s
            ), last AS (
                SELECT (SELECT count(*) FROM next), x.started_at, x.id FROM next AS x
                ORDER BY {self.direction.opposite.sql} LIMIT 1
            ), matching AS (
                SELECT {columns}, x.parts, x.started_at, x.id{holds} FROM next AS x
                JOIN request_log AS r ON r.id = x.id AND r.session_id = x.session_id AND r.bucket = x.bucket
                LEFT JOIN session AS s ON s.id = x.session_id
                WHERE {" AND ".join(f"({text})" for text, _ in matches)}
            )
            SELECT last.*, x.* FROM last LEFT JOIN matching AS x ON true ORDER BY {self.direction.sql}
        """  # noqa: S608 - texts of ours
        return statement, [value for _, values in (*where, ("", [size]), *matches) for value in values]

    def _matching(self, some: Sequence[_Possible]) -> Iterator[tuple[ListedRequest, Content | None]]:
        contents: Mapping[uuid.UUID, Content] = {}
        if self.asked.needs_content:
            keys = {one.row.session_id: one.row.session_key for one in some}
            contents = load_contents([one.at for one in some], keys)
        before: _Possible | None = None
        for one in some:
            content = contents.get(one.row.id)
            # The first is always looked at, so that each page goes on.
            if content and content.is_large and before and time.monotonic() > self.deadline:
                self.reached = before
                return
            before = one
            if says(self.asked, content) and self._has(one, content):
                yield one.row, content

    def _has(self, one: _Possible, content: Content | None) -> bool:
        for has, columns_hold in zip(self.asked.has, one.holds, strict=True):
            forks, retries = self._structure(one.row.session_id) if has.asks_session else (frozenset(), frozenset())
            if not has_one(has, columns_hold, content, one.row.id in forks, one.row.id in retries):
                return False
        return True

    def _structure(self, session_id: uuid.UUID) -> tuple[Set[uuid.UUID], Set[uuid.UUID]]:
        if session_id not in self.structures:
            if len(self.structures) >= MOST_STRUCTURES:
                self.structures.clear()
            self.structures[session_id] = forks_and_retries(self.project, session_id)
        return self.structures[session_id]

    def _candidates(self) -> list[uuid.UUID] | None:
        """The requests where what is asked for may be, if the index knows that they are few."""
        for groups in sorted(self.asked.hints, key=lambda one: -max(map(len, one), default=0)):
            if not groups or not all(groups) or time.monotonic() > self.deadline:
                continue
            text, params = any_of(groups)
            found = self._ids(f"x.project_id = %s AND ({text})", [self.project.pk, *params])
            if len(found) <= MOST_CANDIDATES:
                return sorted(found)
        return None

    def _of_sessions(self, sessions: Sequence[uuid.UUID]) -> list[uuid.UUID] | None:
        """The requests of these sessions, if they are few."""
        found: list[uuid.UUID] = []
        for session_id in sessions:
            first, last = ids.id_range(session_id)
            found += self._ids("x.session_id = %s AND x.id BETWEEN %s AND %s", [session_id, first, last])
            if len(found) > MOST_CANDIDATES:
                return None
        return sorted(found)

    def _ids(self, where: str, params: Sequence[Any]) -> list[uuid.UUID]:
        statement = f"SELECT x.id FROM request_search AS x WHERE {where} LIMIT %s"  # noqa: S608 - texts of ours
        with connection.cursor() as cursor:
            cursor.execute(statement, [*params, MOST_CANDIDATES + 1])
            return [row[0] for row in cursor.fetchall()]
