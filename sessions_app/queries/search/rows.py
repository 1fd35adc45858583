"""The rows of the index in some sessions where what is asked for may be."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sessions_app import ids
from sessions_app.queries.fetching import array_of, fetched
from sessions_app.queries.search.candidates import any_of
from sessions_app.queries.search.conditions import OF_ERRORS, Asked
from sessions_app.queries.search.contents import FoundRow

# OFFSET keeps the words out of the inner query: for common ones PostgreSQL would rather read the whole table than the
# rows of some sessions. With the month beside each session only the partition of that month is looked into.
_ALL_ROWS = """
    CROSS JOIN LATERAL (
        SELECT * FROM request_search AS r
        WHERE r.session_id = s.id AND r.id BETWEEN s.first AND s.last AND r.bucket = s.bucket
            AND r.bucket = ANY(%s::date[]) OFFSET 0
    ) AS x
"""
# Requests that say something of an error are few, and have an index of their own.
_WITH_ERRORS = f"""
    CROSS JOIN LATERAL (
        SELECT r.id, r.session_id, r.bucket FROM request_log AS r
        WHERE r.session_id = s.id AND r.bucket = s.bucket AND r.bucket = ANY(%s::date[]) AND {OF_ERRORS} OFFSET 0
    ) AS e
    CROSS JOIN LATERAL (
        SELECT * FROM request_search AS r
        WHERE r.id = e.id AND r.session_id = e.session_id AND r.bucket = e.bucket
            AND r.bucket = ANY(%s::date[]) OFFSET 0
    ) AS x
"""  # noqa: S608 - texts of ours


def rows_of(sessions: Sequence[tuple[uuid.UUID, Sequence[date]]], wanted: Asked) -> dict[uuid.UUID, list[FoundRow]]:
    """The rows by session that may have what is wanted, the earliest first. Beside each session are its months."""
    own = [session_id for session_id, buckets in sessions for _ in buckets]
    bounds = [ids.id_range(session_id) for session_id in own]
    of_each = [bucket for _, buckets in sessions for bucket in buckets]
    places = [array_of(own), array_of(first for first, _ in bounds), array_of(last for _, last in bounds), of_each]
    rows = _WITH_ERRORS if wanted.is_of_errors else _ALL_ROWS
    months = [sorted(set(of_each))] * rows.count("%s")
    condition, params = any_of(wanted.groups)
    statement = f"""
        SELECT x.session_id, x.id, x.bucket, x.started_at, x.parts
        FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::date[]) AS s (id, first, last, bucket) {rows}
        WHERE ({condition}) ORDER BY x.started_at, x.id
    """  # noqa: S608 - texts of ours
    found: dict[uuid.UUID, list[FoundRow]] = defaultdict(list)
    for session_id, log_id, bucket, started_at, parts in fetched(statement, [*places, *months, *params]):
        found[session_id].append(FoundRow(session_id, log_id, bucket, started_at, bytes(parts)))
    return found
