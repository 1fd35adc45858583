"""Counts the SQL statements that this process sends, through any cursor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


@contextmanager
def counted() -> Iterator[list[str]]:
    """All statements executed in the `with` block, through Django's cursors or ours, without COMMIT and the like."""
    found: list[str] = []
    execute = psycopg.Cursor.execute

    def noting(self: Any, query: Any, *args: Any, **options: Any) -> Any:
        found.append(
            query if isinstance(query, str) else bytes(query).decode() if isinstance(query, bytes) else repr(query)
        )
        return execute(self, query, *args, **options)

    psycopg.Cursor.execute = noting  # type: ignore[method-assign]
    try:
        yield found
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]
