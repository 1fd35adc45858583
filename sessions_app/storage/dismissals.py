"""Findings that people have dismissed. They are found with every view of a session; these rows keep them apart."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import transaction

from sessions_app.models import DismissedFinding
from sessions_app.storage import sql
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.locks import lock_digest, lock_grouping

MOST_DISMISSED = 1_000

# A rule and what the finding is about.
Named = tuple[str, str]


def dismiss(project_id: int, session_id: uuid.UUID, named: Named, dismissed_by: str) -> None:
    """Dismiss a finding of a session; again changes nothing."""
    row = _row(project_id, session_id, named) | {"dismissed_by": dismissed_by, "most": MOST_DISMISSED}
    with transaction.atomic(), binary_cursor() as cursor:
        # Meanwhile the session is neither deleted nor emptied.
        lock_digest(cursor, project_id, shared=True)
        lock_grouping(cursor, project_id, shared=True)
        cursor.execute(sql.load("dismiss_finding"), row)


def restore(project_id: int, session_id: uuid.UUID, named: Named) -> None:
    """Show a finding again that was dismissed."""
    with transaction.atomic(), binary_cursor() as cursor:
        cursor.execute(sql.load("restore_finding"), _row(project_id, session_id, named))


def _row(project_id: int, session_id: uuid.UUID, named: Named) -> dict[str, Any]:
    rule, key = named
    return {"project_id": project_id, "session_id": session_id, "rule": rule, "key": key}


def dismissed(project_id: int, session_id: uuid.UUID) -> dict[Named, str]:
    """Who dismissed which findings of a session; one statement."""
    rows = DismissedFinding.objects.filter(project_id=project_id, session_id=session_id)
    return {(rule, key): by for rule, key, by in rows.values_list("rule", "key", "dismissed_by")}


def follow(cursor: psycopg.Cursor[Any], emptied: Sequence[tuple[uuid.UUID, uuid.UUID]]) -> None:
    """What was dismissed in sessions that became empty goes where one of their requests went: (session, its key)."""
    if emptied:
        columns = {"id": [row[0] for row in emptied], "key_id": [row[1] for row in emptied]}
        cursor.execute(sql.load("move_dismissals"), columns)
