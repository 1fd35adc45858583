"""When the requests of listed sessions ran."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection

from sessions_app.queries.session_list import SessionRow


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
