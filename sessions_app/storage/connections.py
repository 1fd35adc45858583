"""The psycopg cursor under Django's: it binds on the server, in binary, which is what makes batches fast."""

from __future__ import annotations

import psycopg
from django.db import connection


def binary_cursor() -> psycopg.Cursor[tuple]:
    """A server-binding cursor of this thread's connection, in its transaction. Close it, or use it in `with`."""
    connection.ensure_connection()
    return psycopg.Cursor(connection.connection)
