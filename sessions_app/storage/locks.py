"""Advisory locks, by constant keys: a distributed PostgreSQL has them on its coordinator alone."""

from __future__ import annotations

from typing import Any

import psycopg

# With a project's id: shared while a batch is digested, exclusive while sessions or requests are deleted: a batch
# takes it for granted that the parts it found are still there when it commits.
LOCK_DIGEST = 7305871
# Exclusive while a partition is made.
LOCK_PARTITIONS = 7305872
# With a project's id: shared while requests are stored that stay where their callers put them, exclusive while any
# are stored, moved or linked whose sessions depend on others.
LOCK_GROUPING = 7305873
# With a digester's number: held by its connection while it lives.
LOCK_NOTES = 7305874
# With a project's id: while a digester works on the project. Others that help out take no large bodies.
LOCK_TURN = 7305875


def lock_digest(cursor: Any, project_id: int, *, shared: bool = False) -> None:
    """Keep digesters (not shared), or those who delete (shared), out of a project until the transaction ends."""
    lock(cursor, LOCK_DIGEST, project_id, shared=shared)


def lock_grouping(cursor: psycopg.Cursor[Any], project_id: int, *, shared: bool = False) -> None:
    """Hold the grouping lock of a project until the transaction ends."""
    lock(cursor, LOCK_GROUPING, project_id, shared=shared)


def lock(cursor: Any, name: int, project_id: int, *, shared: bool = False) -> None:
    """Hold one of these locks until the transaction ends."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    cursor.execute(f"SELECT {function}(%s::int, %s::int)", [name, project_id % 2**31])


def try_lock(cursor: Any, name: int, project_id: int, *, shared: bool = False) -> bool:
    """Hold one of these locks until the transaction ends, unless others do: False then, at once."""
    function = "pg_try_advisory_xact_lock_shared" if shared else "pg_try_advisory_xact_lock"
    cursor.execute(f"SELECT {function}(%s::int, %s::int)", [name, project_id % 2**31])
    row = cursor.fetchone()
    return bool(row and row[0])
