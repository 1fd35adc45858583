"""Advisory locks. Their keys are constants, because a distributed PostgreSQL has such locks only on its coordinator."""

from __future__ import annotations

from typing import Any

import psycopg

# With a project's id: shared while a batch is digested, exclusive while sessions or requests are deleted. A batch
# relies on the parts that it has found until it commits.
LOCK_DIGEST = 7305871
# Exclusive while a partition is made.
LOCK_PARTITIONS = 7305872
# With a project's id: shared while requests are stored whose callers chose their sessions; exclusive while other
# requests are stored or linked, or any are moved.
LOCK_GROUPING = 7305873
# With a digester's number: its connection holds this lock as long as it lives.
LOCK_NOTES = 7305874
# With a project's id: held while a digester works on the project. Digesters that help it take no large bodies.
LOCK_TURN = 7305875


def lock_digest(cursor: Any, project_id: int, *, shared: bool = False) -> None:
    """Keep digesters (not shared) or deletions (shared) out of a project until the transaction ends."""
    lock(cursor, LOCK_DIGEST, project_id, shared=shared)


def lock_grouping(cursor: psycopg.Cursor[Any], project_id: int, *, shared: bool = False) -> None:
    """Hold the grouping lock of a project until the transaction ends."""
    lock(cursor, LOCK_GROUPING, project_id, shared=shared)


def lock(cursor: Any, name: int, project_id: int, *, shared: bool = False) -> None:
    """Hold one of these locks until the transaction ends."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    cursor.execute(f"SELECT {function}(%s::int, %s::int)", [name, project_id % 2**31])


def try_lock(cursor: Any, name: int, project_id: int, *, shared: bool = False) -> bool:
    """Hold one of these locks until the transaction ends; False, at once, if others hold it."""
    function = "pg_try_advisory_xact_lock_shared" if shared else "pg_try_advisory_xact_lock"
    cursor.execute(f"SELECT {function}(%s::int, %s::int)", [name, project_id % 2**31])
    row = cursor.fetchone()
    return bool(row and row[0])
