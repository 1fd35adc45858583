"""The sessions that a bulk action is about, a few at a time, and what they are in numbers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.http import QueryDict

from sessions_app.models import BulkAction, Session
from sessions_app.queries.filters import SessionFilters, parse_filters
from sessions_app.queries.session_list import OLDEST_FIRST, list_sessions

# What is counted before an action begins. Beyond that the page says "at least".
SURVEY_SESSIONS = 10_000
SURVEY_SECONDS = 2.0
# Bytes are measured of so many sessions and estimated of the others.
MEASURED_SESSIONS = 200
_BYTES = """
WITH keys AS (SELECT id, pg_column_size(k.*) AS size FROM request_key AS k WHERE k.session_id = ANY(%(ids)s::uuid[]))
SELECT coalesce((SELECT sum(pg_column_size(s.*)) FROM session AS s WHERE s.id = ANY(%(ids)s::uuid[])), 0)
     + coalesce((SELECT sum(size) FROM keys), 0)
     + coalesce((SELECT sum(pg_column_size(l.*)) FROM link AS l WHERE l.key_id = ANY(ARRAY(SELECT id FROM keys))), 0)
     + coalesce((SELECT sum(pg_column_size(r.*)) FROM request_log AS r WHERE r.session_id = ANY(%(ids)s::uuid[])), 0)
     + coalesce((SELECT sum(pg_column_size(p.*)) FROM part AS p WHERE p.session_id = ANY(%(ids)s::uuid[])), 0)
     + coalesce((SELECT sum(pg_column_size(s.*)) FROM request_search AS s WHERE s.session_id = ANY(%(ids)s::uuid[])), 0)
"""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some of the sessions: id, and how many requests each has.

    `place`: where the next chunk begins, "" at the end. `gone`: chosen ones that no longer exist. `later`: how many
    match but are left out, because they begin after the action was asked for.
    """

    sessions: list[tuple[uuid.UUID, int]]
    place: str
    gone: list[uuid.UUID] = field(default_factory=list)
    later: int = 0


def next_chunk(action: BulkAction, place: str, limit: int) -> Chunk:
    """The sessions from `place` on.

    By last activity, oldest first: a session that becomes active meanwhile comes once more and is never left out.
    Sessions that began after the action was asked for are left out. Raises FilterError for a query that is invalid.
    """
    if action.session_ids is not None:
        return _of_ids(action, action.session_ids, int(place or 0), limit)
    page = list_sessions(action.project, filters_of(action), OLDEST_FIRST, limit, place or None, is_patient=True)
    rows = [(row.id, row.request_count) for row in page.results if row.first_at <= action.made_at]
    return Chunk(rows, page.next_cursor or "", later=len(page.results) - len(rows))


def _of_ids(action: BulkAction, ids: Sequence[uuid.UUID], start: int, limit: int) -> Chunk:
    some = list(ids[start : start + limit])
    sessions = Session.objects.filter(project_id=action.project_id, id__in=some)
    found = dict(sessions.values_list("id", "request_count"))
    place = str(start + limit) if start + limit < len(ids) else ""
    return Chunk([(one, found[one]) for one in some if one in found], place, [one for one in some if one not in found])


def filters_of(action: BulkAction) -> SessionFilters:
    """The filters as the list had them: a range such as `24h` ends when the action was asked for."""
    return filters_at(action.query, action.made_at, action.zone)


def filters_at(query: str, moment: datetime, zone: str) -> SessionFilters:
    """Raises FilterError: an action on other sessions than the list showed would be worse than none."""
    return parse_filters(QueryDict(query), ZoneInfo(zone), moment).checked()


def survey(action: BulkAction) -> dict[str, Any]:
    """How many sessions and requests these are, and about how many bytes. `all` is False if there are more. `later`:
    how many match and are left out, because they begin in the future by a clock that is wrong.
    """
    deadline = time.monotonic() + SURVEY_SECONDS
    found: list[tuple[uuid.UUID, int]] = []
    place, more, later = "", True, 0
    while more and len(found) + later < SURVEY_SESSIONS and time.monotonic() < deadline:
        chunk = next_chunk(action, place, 1_000)
        found += chunk.sessions
        later += chunk.later
        place, more = chunk.place, bool(chunk.place)
    requests = sum(count for _, count in found)
    measured = found[:MEASURED_SESSIONS]
    size = _bytes_of([session_id for session_id, _ in measured])
    part = sum(count for _, count in measured)
    estimate = size * requests // part if part and len(found) > len(measured) else size
    return {"sessions": len(found), "requests": requests, "bytes": estimate, "all": not more, "later": later}


def _bytes_of(session_ids: list[uuid.UUID]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_BYTES, {"ids": session_ids})
        [size] = cursor.fetchone() or (0,)
        return int(size)
