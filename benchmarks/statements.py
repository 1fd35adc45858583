"""Count the SQL statements that this process sends, whichever cursor sends them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg


@contextmanager
def counted() -> Iterator[list[str]]:
    """The texts of all statements executed meanwhile, Django's own cursors and ours alike; COMMIT and such are none."""
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
