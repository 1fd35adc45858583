"""Names that people give to sessions. They come before those of the logs, and no roll-up changes them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import transaction

from sessions_app.models import Session, SessionName
from sessions_app.storage import sql
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.locks import lock_digest, lock_grouping

NAME_CHARS = 200


def clean_name(text: str) -> str:
    """A name as it is stored: in one line, without control characters. "" if nothing is left."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:NAME_CHARS].strip()


def give(project_id: int, session_id: uuid.UUID, name: str, given_by: str) -> bool:
    """Name a session; "" takes the name away. False if there is no such session."""
    with transaction.atomic(), binary_cursor() as cursor:
        # Meanwhile the session is neither deleted nor emptied.
        lock_digest(cursor, project_id, shared=True)
        lock_grouping(cursor, project_id, shared=True)
        if not Session.objects.filter(project_id=project_id, id=session_id).exists():
            return False
        row = {"session_id": session_id, "project_id": project_id, "name": name, "given_by": given_by}
        cursor.execute(sql.load("give_session_name" if name else "take_session_name"), row)
        cursor.execute(sql.load("set_session_name"), row)
    return True


def given_to(session_id: uuid.UUID) -> SessionName | None:
    """The name that a person gave, with who did so and when."""
    return SessionName.objects.filter(session_id=session_id).first()


def follow(cursor: psycopg.Cursor[Any], emptied: Sequence[tuple[uuid.UUID, uuid.UUID]]) -> None:
    """Names of sessions that became empty go where one of their requests went: (session, key of that request)."""
    if not emptied:
        return
    columns = {"id": [row[0] for row in emptied], "key_id": [row[1] for row in emptied]}
    cursor.execute(sql.load("move_session_names"), columns)
    for session_id, name in sorted(cursor.fetchall()):
        cursor.execute(sql.load("set_session_name"), {"session_id": session_id, "name": name})
