"""The SQL statements that this process sends, through any cursor: how many, and which scan a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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


# So few rows are scanned sooner than looked up.
FEW_ROWS = 10_000
_ROWS = "SELECT relname FROM pg_class WHERE relname = ANY(%s::text[]) AND reltuples > %s"


@contextmanager
def scanned(tables: Sequence[str], few: int = FEW_ROWS) -> Iterator[set[str]]:
    """Those of these tables, or partitions of them, that statements in the `with` block read from end to end, as far as
    they have more than a few rows. Each statement is explained before it is executed.
    """
    found: set[str] = set()
    execute = psycopg.Cursor.execute
    scan = re.compile(rf"Seq Scan on ((?:{'|'.join(tables)})(?:_\d{{4}}_\d\d)?)\b")

    def explaining(self: Any, query: Any, *args: Any, **options: Any) -> Any:
        if isinstance(query, str) and query.lstrip().startswith(("SELECT", "WITH")):
            beside = type(self)(self.connection)
            plan = "\n".join(row[0] for row in execute(beside, f"EXPLAIN {query}", *args).fetchall())
            found.update(row[0] for row in execute(beside, _ROWS, [scan.findall(plan), few]).fetchall())
        return execute(self, query, *args, **options)

    psycopg.Cursor.execute = explaining  # type: ignore[method-assign]
    try:
        yield found
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]
