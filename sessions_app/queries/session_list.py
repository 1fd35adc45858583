"""Lists the sessions of a project, newest activity first, with what the list shows beside them.

Every query starts from the project and walks an index; nothing counts a whole table.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from itertools import groupby
from operator import itemgetter, or_
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet

from sessions_app import ids
from sessions_app.content.needles import Needle, NoWordsError
from sessions_app.content.search_text import hashes_of
from sessions_app.models import Link, Project, RequestKey, RequestSearch, Session
from sessions_app.queries import moved
from sessions_app.queries.filters import ERROR, FilterError, SessionFilters
from sessions_app.structure.grouping_rules import LinkRole

NEWEST_FIRST, OLDEST_FIRST = "-last_at", "last_at"
MAX_LIMIT = 1_000
MAX_WORDS = 8
MAX_IDS = 100
COUNT_LIMIT = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CURSOR = re.compile(r"(-?\d{1,18})\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session with its roll-up. `session_key`: the caller's id, None if the session was formed without one.

    Tokens and cost are None if no request reported them; `cost` is in US dollars.
    """

    id: uuid.UUID
    session_key: str | None
    title: str
    preview: str
    first_at: datetime
    last_at: datetime
    request_count: int
    error_count: int
    retry_count: int
    step_count: int
    tool_error_count: int
    tool_looks_failed_count: int
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cost: Decimal | None
    model_names: list[str]
    users: list[str]
    tags: list[str]
    sources: list[str]
    rules: list[str]
    failed_tools: list[str]
    buckets: list[date]

    @property
    def duration(self) -> timedelta:
        return self.last_at - self.first_at

    @property
    def cursor(self) -> str:
        return encode_cursor(self.last_at, self.id)


@dataclass(frozen=True, slots=True)
class SessionPage:
    """Some sessions, and the cursor for the next ones, None at the end."""

    results: list[SessionRow]
    next_cursor: str | None


FIELDS = tuple(SessionRow.__dataclass_fields__)


def list_sessions(
    project: Project,
    filters: SessionFilters,
    order: str = NEWEST_FIRST,
    limit: int = 50,
    cursor: str | None = None,
) -> SessionPage:
    """Sessions of a project by their last activity, `limit` of them (1 to 1,000) after `cursor`.

    One statement. Raises FilterError for an invalid order, limit or cursor.
    """
    if order not in (NEWEST_FIRST, OLDEST_FIRST):
        raise FilterError("order", f"must be {NEWEST_FIRST} or {OLDEST_FIRST}, got {order[:40]!r}")
    if not 1 <= limit <= MAX_LIMIT:
        raise FilterError("limit", f"must be from 1 to {MAX_LIMIT:,}, got {limit}")
    sessions = matching(project, filters)
    if cursor:
        sessions = sessions.filter(_after(cursor, order))
    # A row more than asked for tells whether there is a next page.
    found = [SessionRow(*row) for row in _ordered(sessions, order).values_list(*FIELDS)[: limit + 1]]
    more = len(found) > limit
    return SessionPage(found[:limit], found[limit - 1].cursor if more else None)


def encode_cursor(last_at: datetime, session_id: uuid.UUID) -> str:
    """The place of a session in the list."""
    return f"{(last_at - _EPOCH) // _MICROSECOND}.{session_id.hex}"


def decode_cursor(cursor: str) -> tuple[datetime, uuid.UUID]:
    """The place that a cursor names. Raises FilterError."""
    match = _CURSOR.fullmatch(cursor)
    try:
        if match:
            return _EPOCH + int(match[1]) * _MICROSECOND, uuid.UUID(match[2])
    except OverflowError:
        pass
    raise FilterError("cursor", "is not one of this list: take it from the answer before")


def _after(cursor: str, order: str) -> Q:
    last_at, session_id = decode_cursor(cursor)
    # The first condition is a range of the index. The second one leaves out sessions of the same moment.
    if order == NEWEST_FIRST:
        return Q(last_at__lte=last_at) & (Q(last_at__lt=last_at) | Q(id__lt=session_id))
    return Q(last_at__gte=last_at) & (Q(last_at__gt=last_at) | Q(id__gt=session_id))


def _ordered(sessions: QuerySet[Session], order: str = NEWEST_FIRST) -> QuerySet[Session]:
    return sessions.order_by("-last_at", "-id") if order == NEWEST_FIRST else sessions.order_by("last_at", "id")


# --- filters --------------------------------------------------------------------------------------------------------


def matching(project: Project, filters: SessionFilters) -> QuerySet[Session]:
    """The sessions of a project that match, in no order."""
    sessions = Session.objects.filter(project_id=project.pk)
    if filters.since:
        sessions = sessions.filter(last_at__gte=filters.since)
    if filters.until:
        sessions = sessions.filter(last_at__lte=filters.until)
    if len(filters.statuses) == 1:
        failed = filters.statuses[0] == ERROR
        sessions = sessions.filter(error_count__gt=0) if failed else sessions.filter(error_count=0)
    for name, values in (
        ("model_names", filters.models),
        ("users", filters.users),
        ("tags", filters.tags),
        ("sources", filters.sources),
        ("rules", filters.rules),
        ("failed_tools", filters.failed_tools),
    ):
        if values:
            sessions = sessions.filter(**{f"{name}__overlap": list(values)})
    if filters.trace_id:
        sessions = sessions.filter(named_by(project, filters.trace_id))
    return _with_text(sessions, project, filters.text) if filters.text else sessions


class IsOneOf(Func):
    """`a = ANY(b)` for an array `b` from a sub-select. Unlike `IN`, it can use an index."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def named_by(project: Project, text: str) -> Q:
    """The sessions that an id leads to: a session's id or key, a trace id, or the id of a request, call or response.

    The id or key of a merged session leads to the session that it was merged into.
    """
    own = [ids.session_id(project.key, text)]
    with contextlib.suppress(ValueError):
        own.append(uuid.UUID(text))
    key, alias = ids.request_key(project.key, text), ids.alias_key(project.key, text)
    of_keys = RequestKey.objects.filter(id=key).values("session_id")
    named = Link.objects.filter(token=alias, role__lte=LinkRole.TRACE).values("key_id")[:MAX_IDS]
    of_aliases = RequestKey.objects.filter(id__in=named).values("session_id")
    elsewhere = (of_keys, of_aliases, moved.sessions_after(own))
    return reduce(or_, (Q(IsOneOf(F("id"), ArraySubquery(sessions))) for sessions in elsewhere), Q(id__in=own))


def _with_text(sessions: QuerySet[Session], project: Project, text: str) -> QuerySet[Session]:
    contains = Q()
    for word in text.split()[:MAX_WORDS]:
        with contextlib.suppress(NoWordsError):
            hashes = hashes_of(Needle(word).terms, project.pk)
            found = RequestSearch.objects.filter(project_id=project.pk, words__contains=hashes)
            contains &= Q(IsOneOf(F("id"), ArraySubquery(found.values("session_id"))))
    return sessions.filter(named_by(project, text) | contains)


# --- activity -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Activity:
    """A time in which requests followed each other closely. `start` and `end` are shares of the session's duration."""

    start: float
    end: float
    failed: bool


# A strip is about 140 pixels wide. Requests that start in the same slot are drawn as one bar.
ACTIVITY_SLOTS = 120
_ACTIVITY = """
WITH placed AS (
    SELECT r.session_id, r.status = 'error' AS failed,
           greatest(0, least(1, extract(epoch FROM r.started_at - s.first_at)::float8 / s.seconds)) AS start,
           greatest(0, least(1, extract(epoch FROM r.last - s.first_at)::float8 / s.seconds)) AS stop
    FROM unnest(%(ids)s::uuid[], %(first)s::timestamptz[], %(seconds)s::float8[]) AS s (id, first_at, seconds)
    JOIN (SELECT *, greatest(started_at, ended_at) AS last FROM request_log) AS r ON r.session_id = s.id
    WHERE r.bucket = ANY(%(buckets)s::date[])
)
SELECT session_id, failed, min(start), max(stop) FROM placed
GROUP BY session_id, failed, floor(start * %(slots)s)
ORDER BY session_id, min(start), failed
"""


def activity(rows: Iterable[SessionRow]) -> dict[uuid.UUID, list[Activity]]:
    """When the requests of these sessions ran; one statement, and at most 2 * ACTIVITY_SLOTS times a session."""
    rows = list(rows)
    if not rows:
        return {}
    params: dict[str, Any] = {
        "ids": [row.id for row in rows],
        "first": [row.first_at for row in rows],
        "seconds": [row.duration.total_seconds() or 1.0 for row in rows],
        "buckets": sorted({bucket for row in rows for bucket in row.buckets}),
        "slots": ACTIVITY_SLOTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVITY, params)
        found = cursor.fetchall()
    return {
        session_id: [Activity(start, end, failed) for _, failed, start, end in spans]
        for session_id, spans in groupby(found, key=itemgetter(0))
    }


# --- counts, each with a limit --------------------------------------------------------------------------------------


def count_newer(project: Project, filters: SessionFilters, cursor: str) -> int:
    """How many matching sessions are now before the place of `cursor`, new or updated: up to COUNT_LIMIT."""
    return _count(matching(project, filters).filter(_after(cursor, OLDEST_FIRST)))


def count_some(project: Project, filters: SessionFilters) -> int:
    """How many sessions match: up to COUNT_LIMIT."""
    return _count(matching(project, filters))


def _count(sessions: QuerySet[Session]) -> int:
    # The order makes it a walk along the index that ends at the limit.
    return _ordered(sessions).values("id")[:COUNT_LIMIT].count()
