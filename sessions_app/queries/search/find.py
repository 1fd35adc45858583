"""Finds words in one session: over all its requests, in the order in which they were made."""

from __future__ import annotations

import time
import uuid
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db import connection

from sessions_app import ids
from sessions_app.content.needles import Needle
from sessions_app.models import Project
from sessions_app.queries.search.candidates import any_of
from sessions_app.queries.search.conditions import groups_of
from sessions_app.queries.search.contents import Content, FoundRow, TooLate, load_contents

# So many requests are read at once.
SLICE = 500
SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Hit:
    """A text that has the words, and how often. `digest`: of its part, b"" for a text beside the messages."""

    request_id: uuid.UUID
    digest: bytes
    role: str
    count: int


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found, in order. `is_whole`: all requests were looked through; else the time was over."""

    hits: list[Hit] = field(default_factory=list)
    is_whole: bool = True

    @property
    def total(self) -> int:
        return sum(hit.count for hit in self.hits)


def find_in_session(
    project: Project,
    session_id: uuid.UUID,
    buckets: Sequence[date],
    needles: Sequence[Needle],
    roles: frozenset[str] = frozenset(),
    seconds: float = SECONDS,
) -> Hits:
    """The texts of a session that have any of these needles. A text is looked at where it came first, also one that a
    client sent back in another form.
    """
    deadline = time.monotonic() + seconds
    rows = _rows(project, session_id, buckets, needles)
    hits: list[Hit] = []
    seen: set[Hashable] = set()
    for start in range(0, len(rows), SLICE):
        if start and time.monotonic() > deadline:
            return Hits(hits, is_whole=False)
        some = rows[start : start + SLICE]
        contents = load_contents(some, {})
        for row in some:
            content = contents.get(row.id)
            if content is None:
                continue
            if content.is_large and row is not rows[0]:
                content.deadline = deadline
            try:
                for hit in _in_request(content, needles, roles, seen):
                    hits.append(hit)
            except TooLate:
                return Hits(hits, is_whole=False)
    return Hits(hits)


def _in_request(
    content: Content, needles: Sequence[Needle], roles: frozenset[str], seen: set[Hashable]
) -> Iterator[Hit]:
    for piece in content.pieces(roles, needles):
        count = sum(needle.count(piece.original.normal) for needle in needles)
        if count and (meaning := content.meaning(piece)) not in seen:
            seen.add(meaning)
            yield Hit(content.row.id, piece.digest, piece.role, count)


def _rows(
    project: Project, session_id: uuid.UUID, buckets: Sequence[date], needles: Sequence[Needle]
) -> list[FoundRow]:
    has_words, words = any_of(tuple(group for needle in needles for group in groups_of(project, needle)))
    first, last = ids.id_range(session_id)
    statement = f"""
        SELECT x.session_id, x.id, x.bucket, x.started_at, x.parts FROM request_search AS x
        WHERE x.session_id = %s AND x.project_id = %s AND x.bucket = ANY(%s::date[]) AND x.id BETWEEN %s AND %s
            AND ({has_words})
        ORDER BY x.started_at, x.id
    """  # noqa: S608 - texts of ours
    params = [session_id, project.pk, list(buckets), first, last, *words]
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        found = cursor.fetchall()
    return [FoundRow(session, log, bucket, start, bytes(parts)) for session, log, bucket, start, parts in found]
