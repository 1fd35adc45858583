"""Advisory locks, by constant keys: a distributed PostgreSQL has them on its coordinator alone."""

from __future__ import annotations

from typing import Any

import psycopg

# Shared while a batch is digested, exclusive while sessions or requests are deleted: a batch takes it for granted
# that the parts it found are still there when it commits.
LOCK_DIGEST = 7305871
# Exclusive while a partition is made.
LOCK_PARTITIONS = 7305872
# With a project's id: shared while requests are stored that stay where their callers put them, exclusive while any
# are stored, moved or linked whose sessions depend on others.
LOCK_GROUPING = 7305873
# With a digester's number: held by its connection while it lives.
LOCK_NOTES = 7305874


def lock_grouping(cursor: psycopg.Cursor[Any], project_id: int, *, shared: bool = False) -> None:
    """Hold the grouping lock of a project until the transaction ends."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    cursor.execute(f"SELECT {function}(%b::int, %b::int)", [LOCK_GROUPING, project_id % 2**31])
