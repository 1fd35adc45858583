"""The numbers that some requests have in their sessions."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from sessions_app.queries.fetching import array_of, fetched
from sessions_app.queries.session_list import SessionRow
from sessions_app.structure.order import in_order
from sessions_app.structure.timeline import is_untimed

# Of so many requests the places are read for a page, those of short sessions first.
MOST_REQUESTS = 2_000


class _Row(NamedTuple):
    """A request as far as its place depends on itself and on attempts of the same call."""

    session_id: uuid.UUID
    id: uuid.UUID
    started_at: datetime
    ended_at: datetime | None
    received_at: datetime
    kind: str
    status: str
    call: str | None
    # What a request continues moves only those without a start, which are not numbered here.
    needs: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    previous: None = None
    attempt: None = None
    duplicate_of: None = None


def request_numbers(sessions: Iterable[SessionRow]) -> dict[uuid.UUID, int]:
    """The number of each request, as the pages of these sessions count; one statement.

    Missing are the requests of sessions that are too long to be counted for a list, and of those in which a log said no
    start: where such a request stands is known from what it continues.
    """
    chosen: list[SessionRow] = []
    left = MOST_REQUESTS
    for row in sorted(sessions, key=lambda row: row.request_count + row.step_count):
        left -= row.request_count + row.step_count
        if left < 0:
            break
        chosen.append(row)
    if not chosen:
        return {}
    statement = """
        SELECT session_id, id, started_at, ended_at, received_at, kind, status, call::text FROM request_log
        WHERE session_id = ANY(%s::uuid[]) AND bucket = ANY(%s::date[]) AND NOT step AND duplicate_of IS NULL
        ORDER BY session_id
    """
    buckets = sorted({bucket for row in chosen for bucket in row.buckets})
    rows = [_Row(*columns) for columns in fetched(statement, [array_of(row.id for row in chosen), buckets])]
    found: dict[uuid.UUID, int] = {}
    for _, group in groupby(rows, key=lambda row: row.session_id):
        requests = list(group)
        if not any(map(is_untimed, requests)):
            found |= {row.id: number for number, row in enumerate(in_order(requests), start=1)}
    return found
