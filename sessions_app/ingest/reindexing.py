"""Fills the search index for requests that are stored already, newest sessions first, in short transactions.

Requests that come meanwhile are indexed as they are stored. `SearchBacklog` has the place up to which all is done.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from django.db import transaction
from django.db.models import Q, QuerySet

from sessions_app.models import Project, SearchBacklog, Session
from sessions_app.storage import part_lists, search
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.locks import lock_digest, lock_grouping

# Of one transaction. Digesters that move requests, and deletions, wait for it.
CHUNK_SESSIONS, CHUNK_REQUESTS = 100, 200
TOP = datetime(9999, 1, 1, tzinfo=UTC)
_LAST_ID = uuid.UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Step:
    """What one transaction did: how many sessions it finished, and how many requests it indexed."""

    sessions: int
    requests: int


def begin(project: Project, *, rebuilds: bool) -> None:
    """Note that a project has to be looked through. `rebuilds`: what is indexed already, too."""
    values = {"before": TOP, "session_id": _LAST_ID, "passes": 0, "found": 0, "rebuilds": rebuilds}
    if rebuilds:
        SearchBacklog.objects.update_or_create(project_id=project.pk, defaults=values)
    else:
        SearchBacklog.objects.get_or_create(project_id=project.pk, defaults=values)


def sessions_left(project: Project) -> int:
    """How many sessions this pass has still to look at."""
    backlog = SearchBacklog.objects.filter(project_id=project.pk).first()
    return _sessions(backlog).count() if backlog else 0


def step(project: Project) -> Step | None:
    """Index the next requests of a project, in one transaction; None if all are."""
    with transaction.atomic(), binary_cursor() as cursor:
        # Nobody moves or deletes requests meanwhile. Others are stored, with their rows of the index.
        lock_digest(cursor, project.pk, shared=True)
        lock_grouping(cursor, project.pk, shared=True)
        backlog = SearchBacklog.objects.select_for_update().filter(project_id=project.pk).first()
        if backlog is None:
            return None
        sessions = list(_sessions(backlog).order_by("-last_at", "-id")[:CHUNK_SESSIONS])
        if not sessions:
            return _end_pass(backlog)
        done, requests = _index(cursor, sessions, backlog.rebuilds)
        if done:
            last = sessions[done - 1]
            backlog.before, backlog.session_id = last.last_at, last.id
        backlog.found += requests
        backlog.save()
        return Step(done, requests)


def _sessions(backlog: SearchBacklog) -> QuerySet[Session]:
    place = Q(last_at__lt=backlog.before) | Q(id__lt=backlog.session_id)
    sessions = Session.objects.filter(place, project_id=backlog.project_id, last_at__lte=backlog.before)
    return sessions.only("id", "last_at", "session_key", "buckets", "project_id")


def _end_pass(backlog: SearchBacklog) -> Step | None:
    if not backlog.found:
        backlog.delete()
        return None
    backlog.before, backlog.session_id = TOP, _LAST_ID
    backlog.passes, backlog.found, backlog.rebuilds = backlog.passes + 1, 0, False
    backlog.save()
    return Step(0, 0)


def _index(cursor: psycopg.Cursor[Any], sessions: Sequence[Session], rebuilds: bool) -> tuple[int, int]:
    """Index what is missing of these sessions. Returns how many sessions are done, and how many requests it indexed.

    A long session may take several transactions. One that is indexed again takes one.
    """
    requests = 0
    for done, session in enumerate(sessions):
        for bucket in session.buckets:
            wanted = _unindexed(cursor, session.id, bucket, rebuilds)
            for start in range(0, len(wanted), CHUNK_REQUESTS):
                some = wanted[start : start + CHUNK_REQUESTS]
                if requests >= CHUNK_REQUESTS and not rebuilds:
                    return done, requests
                search.write_again(cursor, {(one.log_id, session.id, bucket): one.gained for one in some})
                requests += len(some)
        if requests >= CHUNK_REQUESTS:
            return done + 1, requests
    return len(sessions), requests


@dataclass(slots=True)
class _Unindexed:
    """A request to be indexed, with the digests of parts that its row does not cover yet."""

    log_id: uuid.UUID
    gained: set[bytes]


def _unindexed(cursor: psycopg.Cursor[Any], session_id: uuid.UUID, bucket: date, rebuilds: bool) -> list[_Unindexed]:
    """The requests of a session in one bucket that have no row yet, or have to cover more parts; the first one first.

    A part that no row covers is covered by the first request that refers to it.
    """
    rows = search.covered(cursor, session_id, bucket)
    covered = set[bytes]().union(*rows.values())
    rest = search.searchable(cursor, session_id, bucket) - covered
    requests = part_lists.of_session(cursor, session_id, bucket)
    if not (rest or rebuilds) and all(log_id in rows for log_id, _ in requests):
        return []
    gained = part_lists.first_to_refer(cursor, session_id, bucket, requests, rest)
    return [
        _Unindexed(log_id, gained.get(log_id, set()))
        for log_id, _ in requests
        if rebuilds or log_id in gained or log_id not in rows
    ]
