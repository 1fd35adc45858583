"""psycopg's own cursors: they bind on the server, in binary, which makes batches fast."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connection

from sessions_app.storage.arrays import ColumnDumper, PackedNumbers, PackedNumbersDumper

# Planning takes longer than the work of a small batch. A statement that came so often before is prepared, so that its
# plan is kept. Only cursors that bind on the server do that, so Django's are not concerned.
_PREPARED_AFTER = 2


def binary_cursor() -> psycopg.Cursor[Any]:
    """A server-binding cursor on this thread's connection, in its transaction. Close it, or use it in `with`."""
    connection.ensure_connection()
    connection.connection.prepare_threshold = _PREPARED_AFTER
    cursor: psycopg.Cursor[Any] = psycopg.Cursor(connection.connection)
    cursor.adapters.register_dumper(list, ColumnDumper)
    cursor.adapters.register_dumper(PackedNumbers, PackedNumbersDumper)
    return cursor


def separate_connection() -> psycopg.Connection[Any]:
    """A second connection, on which each statement commits by itself, and is durable a moment later.

    For what must survive this process, but not PostgreSQL. Threads may share it; close it.
    """
    parameters = connection.get_connection_params()
    for django_only in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(django_only, None)
    made = psycopg.connect(**parameters, autocommit=True)
    made.execute("SET synchronous_commit = off")
    return made
