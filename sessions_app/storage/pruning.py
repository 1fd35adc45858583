"""Delete parts that no request of their session needs any more."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg

from sessions_app import ids
from sessions_app.storage import part_lists, search, sql
from sessions_app.storage.part_lists import PartLists, Removed


def prune(
    cursor: psycopg.Cursor[Any],
    session_id: uuid.UUID,
    bucket: date,
    unneeded: Sequence[PartLists],
    uncovered: set[bytes],
) -> Removed:
    """Delete the parts in `unneeded` lists to which no other request of the session and bucket refers.

    Of `uncovered` parts, which no row of the search index covers any more, those that stay are covered again. Returns
    the rows and bytes deleted from `part`.
    """
    needed = part_lists.of_session(cursor, session_id, bucket)
    in_use = part_lists.digests(cursor, session_id, bucket, [lists for _, lists in needed])
    orphans = part_lists.digests(cursor, session_id, bucket, unneeded) - in_use
    where = {
        "session_id": session_id,
        "bucket": bucket,
        "ids": sorted(ids.part_id(session_id, digest) for digest in orphans),
    }
    cursor.execute(sql.load("delete_parts"), where)
    removed: Removed = cursor.fetchone() or (0, 0)
    covers = part_lists.first_to_refer(cursor, session_id, bucket, needed, uncovered - orphans)
    search.write_again(cursor, {(log_id, session_id, bucket): more for log_id, more in covers.items()})
    return removed
