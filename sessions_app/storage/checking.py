"""Compare the sessions' roll-ups with their requests, and correct those that are wrong."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from sessions_app.models import RequestLog, Session
from sessions_app.storage import rollups
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.locks import lock_digest

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """A session with a wrong roll-up: for each such column, the stored value and the right one.

    `empty`: the session has no request at all.
    """

    session_id: uuid.UUID
    columns: dict[str, tuple[Any, Any]]
    empty: bool = False


def check_rollups(project_id: int | None = None, *, fix: bool = False) -> Iterator[list[Difference]]:
    """The differences, one list for each chunk of sessions, which is empty if all is well.

    Each chunk is a transaction that keeps digesters out. It is rolled back unless `fix`, which also deletes sessions
    without requests.
    """
    after = uuid.UUID(int=0)
    while True:
        with transaction.atomic():
            found = _chunk(project_id, after)
            if not found:
                return
            with connection.cursor() as cursor:
                for locked in sorted({row["project_id"] for row in found.values()}):
                    lock_digest(cursor, locked)
            before = _chunk(project_id, after, max(found))
            after = max(found)
            differences = _compare(before)
            if fix:
                Session.objects.filter(id__in=[found.session_id for found in differences if found.empty]).delete()
            transaction.set_rollback(not fix)
        yield differences


def _chunk(project_id: int | None, after: uuid.UUID, last: uuid.UUID | None = None) -> dict[uuid.UUID, dict[str, Any]]:
    sessions = Session.objects.filter(id__gt=after)
    if last is not None:
        sessions = sessions.filter(id__lte=last)
    if project_id is not None:
        sessions = sessions.filter(project_id=project_id)
    return {row["id"]: dict(row) for row in sessions.order_by("id").values()[:CHUNK]}


def _compare(before: dict[uuid.UUID, dict[str, Any]]) -> list[Difference]:
    with binary_cursor() as cursor:
        wrong = rollups.recompute(cursor, before, are_changed=False)
    differences = [_difference(before[row["id"]], dict(row)) for row in Session.objects.filter(id__in=wrong).values()]
    full = set(RequestLog.objects.filter(session_id__in=before).values_list("session_id", flat=True).distinct())
    return differences + [Difference(session_id, {}, empty=True) for session_id in before if session_id not in full]


def _difference(was: dict[str, Any], should: dict[str, Any]) -> Difference:
    columns = {name: (was[name], value) for name, value in should.items() if was[name] != value}
    return Difference(was["id"], columns)
