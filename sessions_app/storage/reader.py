"""Read a stored log entry back, byte for byte. To read many at once, use `queries.content`."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import psycopg

from sessions_app import ids
from sessions_app.content.compression import decompress
from sessions_app.content.documents import join
from sessions_app.content.packed_digests import bundle_addresses, unpack_digests


def read_log(cursor: psycopg.Cursor[Any], log_id: uuid.UUID, session_id: uuid.UUID, bucket: date) -> bytes | None:
    """The JSON bytes of a log entry; None when it is not stored there."""
    cursor.execute(
        "SELECT skeleton, input_parts, output_parts, context_parts FROM request_log"
        " WHERE id = %b AND session_id = %b AND bucket = %b",
        [log_id, session_id, bucket],
    )
    row = cursor.fetchone()
    if row is None:
        return None
    skeleton, *lists = row
    bundles = _contents(cursor, session_id, bucket, [b for packed in lists for b in bundle_addresses(packed)])
    digests = [unpack_digests(packed, bundles) for packed in lists]
    contents = _contents(cursor, session_id, bucket, [d for part_list in digests for d in part_list])
    filled = [[decompress(contents[d]) for d in part_list] for part_list in digests]
    return join(decompress(skeleton), *filled)


def _contents(
    cursor: psycopg.Cursor[Any], session_id: uuid.UUID, bucket: date, digests: list[bytes]
) -> dict[bytes, bytes]:
    if not digests:
        return {}
    wanted = sorted({ids.part_id(session_id, digest) for digest in digests})
    cursor.execute(
        "SELECT id, content FROM part WHERE id = ANY(%b::uuid[]) AND session_id = %b AND bucket = %b",
        [wanted, session_id, bucket],
    )
    return {row[0].bytes[ids.PREFIX_BYTES :]: bytes(row[1]) for row in cursor.fetchall()}
