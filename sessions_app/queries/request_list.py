"""Lists the requests of a project by their start, those that a query asks for.

A request is listed if it has all that is asked for itself: words in what it was the first to bring, facts in what it
says. The index of starts is walked in chunks that grow; see `search.walk`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from sessions_app.content.needles import Needle
from sessions_app.models import Project
from sessions_app.queries.filters import FilterError, SessionFilters
from sessions_app.queries.named_ids import sessions_named
from sessions_app.queries.search.conditions import Asked, Conditions, between, conditions_of, moment_of
from sessions_app.queries.search.contents import Content, FoundRow, load_contents
from sessions_app.queries.search.orders import ORDERS, Direction
from sessions_app.queries.search.snippets import Snippet, snippets_of_request
from sessions_app.queries.search.walk import FIRST_CHUNK, LARGEST_CHUNK, MOST_CANDIDATES, SECONDS, any_of
from sessions_app.search_language import Query, Range, TimeBound, Values

NEWEST_FIRST, OLDEST_FIRST = "-started_at", "started_at"
MAX_LIMIT = 1_000

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


_COLUMNS = (
    *("r.id", "r.session_id", "r.bucket", "x.started_at", "r.first_token_at", "r.ended_at", "r.request_id", "r.kind"),
    *("r.call_type", "r.model", "r.provider", "r.status", "r.http_status", "r.error_type", "r.error_message"),
    *("r.finish_reason", "r.input_tokens", "r.output_tokens", "r.cached_tokens", "r.cost", "r.end_user", "r.tags"),
    *("r.input_preview", "r.output_preview", "s.title", "s.session_key"),
)
# What a condition on a session asks of one request.
_RANGES = {
    "cost": "r.cost",
    "tokens": "(coalesce(r.input_tokens, 0) + coalesce(r.output_tokens, 0))",
    "duration": "extract(epoch FROM r.ended_at - r.started_at)",
    "ttft": "extract(epoch FROM r.first_token_at - r.started_at)",
    "requests": "s.request_count",
}
_EXACT = {"user": "r.end_user", "source": "r.source", "rule": "r.rule"}
_AMONG = {"tag": "r.tags", "failed_tool": "r.failed_tools"}
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


def _direction(order: str) -> Direction:
    if order not in (NEWEST_FIRST, OLDEST_FIRST):
        raise FilterError("order", f"must be {NEWEST_FIRST} or {OLDEST_FIRST}, got {order[:40]!r}")
    return Direction(_STARTED, order.startswith("-"), "x.id")


class _RequestWalk:
    def __init__(self, project: Project, filters: SessionFilters, direction: Direction) -> None:
        self.project, self.filters, self.direction = project, filters, direction
        rest, self.sql = _of_request(filters)
        self.conditions: Conditions = conditions_of(
            project, rest, lambda text: sessions_named(project, text), False, filters.zone
        )
        self.sql += self.conditions.sql
        self.sql.append(("NOT r.step AND r.duplicate_of IS NULL", []))
        if filters.query.values_of("kind"):
            self.sql[-1] = ("r.duplicate_of IS NULL", [])
        if filters.trace_id:
            self.sql.append(("x.session_id = ANY(%s::uuid[])", [sessions_named(project, filters.trace_id)]))
        self.deadline = time.monotonic() + SECONDS
        self.candidates: list[uuid.UUID] | None = None

    def page(self, limit: int, place: Place | None) -> RequestListPage:
        found: list[tuple[ListedRequest, Content | None]] = []
        size, is_first = max(FIRST_CHUNK, limit + 1), True
        while True:
            chunk, last = self._chunk(place, size)
            for one in self._matching(chunk):
                found.append(one)
                if len(found) > limit:
                    following = self.direction.cursor(found[limit - 1][0].started_at, found[limit - 1][0].id)
                    return self._written(found[:limit], following)
            if last is None:
                return self._written(found, None)
            place = last
            if time.monotonic() > self.deadline:
                page = self._written(found, self.direction.cursor(*last))
                return replace(page, is_out_of_time=True, reached=last[0])
            if is_first:
                self.candidates = self._candidates()
            is_first, size = False, min(size * 2, LARGEST_CHUNK)

    def _written(self, found: Sequence[tuple[ListedRequest, Content | None]], following: str | None) -> RequestListPage:
        needles: list[Needle] = self.conditions.needles
        roles = frozenset(self.filters.query.values_of("in"))
        snippets = {
            row.id: snippets_of_request(content, needles, roles) for row, content in found if content and needles
        }
        return RequestListPage([row for row, _ in found], following, snippets)

    def _chunk(self, place: Place | None, size: int) -> tuple[list[tuple[ListedRequest, FoundRow]], Place | None]:
        """Requests whose columns are as asked for, and which may have what is asked of the text."""
        where: list[tuple[str, list[Any]]] = [("x.project_id = %s", [self.project.pk])]
        for moment, sign in ((self.filters.since, ">="), (self.filters.until, "<=")):
            if moment:
                where.append((f"x.started_at {sign} %s", [moment]))
        if place is not None:
            where.append((self.direction.after, list(place)))
        if self.candidates is not None:
            where.append(("x.id = ANY(%s::uuid[])", [self.candidates]))
        matches = list(self.sql)
        for one in self.conditions.wanted:
            if not one.negated and not one.instead:
                text, params = any_of(one.groups)
                matches.append((text, params))
        statement = f"""
            WITH next AS MATERIALIZED (
                SELECT * FROM request_search AS x WHERE {" AND ".join(text for text, _ in where)}
                ORDER BY {self.direction.sql} LIMIT %s
            )
            SELECT {", ".join(_COLUMNS)}, x.parts,
                coalesce({" AND ".join(f"({text})" for text, _ in matches)}, false), x.started_at, x.id
            FROM next AS x
            LEFT JOIN request_log AS r ON r.id = x.id AND r.session_id = x.session_id AND r.bucket = x.bucket
            LEFT JOIN session AS s ON s.id = x.session_id
            ORDER BY {self.direction.sql}
        """  # noqa: S608 - texts of ours
        params = [value for _, values in (*where, ("", [size]), *matches) for value in values]
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
            rows = cursor.fetchall()
        found = []
        for *columns, parts, holds, _, _ in rows:
            if holds:
                row = ListedRequest(*columns)
                found.append((row, FoundRow(row.session_id, row.id, row.bucket, row.started_at, bytes(parts))))
        return found, ((rows[-1][-2], rows[-1][-1]) if len(rows) == size else None)

    def _matching(
        self, chunk: Sequence[tuple[ListedRequest, FoundRow]]
    ) -> Iterator[tuple[ListedRequest, Content | None]]:
        if not self.conditions.wanted:
            yield from ((row, None) for row, _ in chunk)
            return
        for start in range(0, len(chunk), FIRST_CHUNK):
            some = chunk[start : start + FIRST_CHUNK]
            contents = load_contents([at for _, at in some], {row.session_id: row.session_key for row, _ in some})
            for row, _ in some:
                content = contents.get(row.id)
                if content and all(one.check(content) != one.negated for one in self.conditions.wanted):
                    yield row, content

    def _candidates(self) -> list[uuid.UUID] | None:
        """The requests where what is asked for may be, if the index knows that they are few."""
        asked: list[Asked] = [one for one in self.conditions.wanted if not one.negated and all(one.groups)]
        groups = [one.groups for one in asked if not one.instead] + self.conditions.hints
        for group in groups:
            if not all(group):
                continue
            text, params = any_of(group)
            statement = f"SELECT x.id FROM request_search AS x WHERE x.project_id = %s AND ({text}) LIMIT %s"  # noqa: S608
            with connection.cursor() as cursor:
                cursor.execute(statement, [self.project.pk, *params, MOST_CANDIDATES + 1])
                found = [row[0] for row in cursor.fetchall()]
            if len(found) <= MOST_CANDIDATES:
                return sorted(found)
        return None


def _of_request(filters: SessionFilters) -> tuple[Query, list[tuple[str, list[Any]]]]:
    """What is asked of columns of a request, and the rest of the query."""
    rest: list[Any] = []
    found: list[tuple[str, list[Any]]] = []
    for clause in filters.query.clauses:
        condition = _condition(clause, filters)
        if condition is None:
            rest.append(clause)
        else:
            text, params = condition
            found.append((f"({text}) IS NOT TRUE", params) if clause.negated else (text, params))
    return Query(tuple(rest)), found


def _condition(clause: Any, filters: SessionFilters) -> tuple[str, list[Any]] | None:
    match clause:
        case Range(key=key):
            return between(_RANGES[key], clause)
        case TimeBound(key=key, text=text):
            moment = moment_of(text, filters.zone, datetime.now(UTC))
            return f"x.started_at {'>=' if key == 'after' else '<'} %s", [moment]
        case Values(key="status", values=values):
            return "r.status = ANY(%s::text[])", [["success" if one == "ok" else one for one in values]]
        case Values(key="model", values=values):
            return "(r.model = ANY(%s::text[]) OR r.requested_model = ANY(%s::text[]))", [list(values), list(values)]
        case Values(key=key, values=values) if key in _EXACT:
            return f"{_EXACT[key]} = ANY(%s::text[])", [list(values)]
        case Values(key=key, values=values) if key in _AMONG:
            return f"{_AMONG[key]} && %s::text[]", [list(values)]
        case Values(key="has", values=("error",)):
            return "r.status = 'error'", []
    return None
