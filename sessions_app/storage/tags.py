"""Tags that people give to sessions. They are kept beside those of the logs, and the roll-up unites both.

A tag is only removed if a person gave it: those of the logs are part of what was sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from django.db import transaction

from sessions_app.models import Session, SessionTag
from sessions_app.records import TAG_CHARS
from sessions_app.storage import rollups, sql
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.locks import lock_digest, lock_grouping

MOST_TAGS = 50


def clean_tag(text: str) -> str:
    """A tag as it is stored: without control characters and white space around it. "" if nothing is left."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()[:TAG_CHARS]


def give(project_id: int, session_id: uuid.UUID, tag: str, given_by: str) -> bool:
    """Give a session a tag; giving it again changes nothing. False if there is no such session."""
    with transaction.atomic(), binary_cursor() as cursor:
        # Meanwhile the session is neither deleted nor emptied.
        lock_digest(cursor, project_id, shared=True)
        lock_grouping(cursor, project_id, shared=True)
        if not _exists(project_id, session_id):
            return False
        row = {"session_id": session_id, "project_id": project_id, "tag": tag, "given_by": given_by, "most": MOST_TAGS}
        cursor.execute(sql.load("give_session_tag"), row)
        if cursor.rowcount:
            cursor.execute(sql.load("add_session_tag"), row)
    return True


def take(project_id: int, session_id: uuid.UUID, tag: str) -> bool:
    """Take a tag that people gave from a session; one of the logs stays. False if there is no such session."""
    with transaction.atomic(), binary_cursor() as cursor:
        # The logs may have the tag too, so the roll-up is computed again, and no batch may add to it meanwhile.
        lock_digest(cursor, project_id)
        if not _exists(project_id, session_id):
            return False
        cursor.execute(sql.load("take_session_tag"), {"session_id": session_id, "tag": tag})
        if cursor.rowcount:
            rollups.recompute(cursor, [session_id])
    return True


def _exists(project_id: int, session_id: uuid.UUID) -> bool:
    return Session.objects.filter(project_id=project_id, id=session_id).exists()


def given_to(session_ids: Iterable[uuid.UUID]) -> dict[tuple[uuid.UUID, str], str]:
    """Who gave which tag, by session and tag."""
    found = SessionTag.objects.filter(session_id__in=list(session_ids)).order_by("tag")
    return {(row.session_id, row.tag): row.given_by for row in found}


def follow(cursor: psycopg.Cursor[Any], emptied: Sequence[tuple[uuid.UUID, uuid.UUID]]) -> None:
    """Tags of sessions that became empty go where one of their requests went: (session, key of that request)."""
    if not emptied:
        return
    columns = {"id": [row[0] for row in emptied], "key_id": [row[1] for row in emptied]}
    cursor.execute(sql.load("move_session_tags"), columns)
    rollups.recompute(cursor, {row[0] for row in cursor.fetchall()})
