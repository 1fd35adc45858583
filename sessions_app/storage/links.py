"""Stores the links between requests: the keys by which one finds another."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import psycopg

from sessions_app.storage import sql


def insert(cursor: psycopg.Cursor[Any], rows: Iterable[tuple[uuid.UUID, int, datetime, uuid.UUID]]) -> None:
    """Store links: link key, role, start and key of a request each."""
    # UUIDs are compared in Python, their numbers are not.
    ordered = sorted(rows, key=lambda row: (row[0].int, row[1], row[2], row[3].int))
    columns = list(zip(*ordered, strict=True))
    if columns:
        names = ("link_key", "role", "started_at", "key_id")
        params = {name: list(values) for name, values in zip(names, columns, strict=True)}
        cursor.execute(sql.load("insert_links"), params)


def delete(cursor: psycopg.Cursor[Any], key_ids: Sequence[uuid.UUID]) -> None:
    cursor.execute(sql.load("delete_links"), {"key_ids": list(key_ids)})
