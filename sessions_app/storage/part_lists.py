"""The parts to which requests refer."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence, Set
from datetime import date
from typing import Any

import psycopg

from sessions_app import ids
from sessions_app.content.documents import DIGEST_BYTES
from sessions_app.content.packed_digests import COUNT_BYTES, bundle_addresses
from sessions_app.storage import sql
from sessions_app.structure.grouping_rules import StoredAt

# The packed lists of a request's input, output and context parts.
PartLists = tuple[bytes, bytes, bytes]
# Rows and bytes.
Removed = tuple[int, int]


def of_requests(cursor: psycopg.Cursor[Any], requests: Sequence[StoredAt]) -> dict[uuid.UUID, PartLists]:
    """The part lists of requests, by their ids; one statement."""
    cursor.execute(
        sql.load("part_lists_of_requests"),
        {
            "ids": [stored.log_id for stored in requests],
            "session_ids": [stored.session_id for stored in requests],
            "buckets": [stored.bucket for stored in requests],
        },
    )
    return {row[0]: (bytes(row[1]), bytes(row[2]), bytes(row[3])) for row in cursor.fetchall()}


def of_session(cursor: psycopg.Cursor[Any], session_id: uuid.UUID, bucket: date) -> list[tuple[uuid.UUID, PartLists]]:
    """The ids and part lists of all requests of a session in one bucket, the first one first; one statement."""
    first, last = ids.id_range(session_id)
    cursor.execute(sql.load("part_lists"), {"session_id": session_id, "bucket": bucket, "first": first, "last": last})
    return [(row[0], (bytes(row[1]), bytes(row[2]), bytes(row[3]))) for row in cursor.fetchall()]


def digests(
    cursor: psycopg.Cursor[Any], session_id: uuid.UUID, bucket: date, part_lists: Sequence[PartLists]
) -> set[bytes]:
    """All digests to which these lists of one session and bucket refer, including those of bundles; one statement."""
    packed = [p for lists in part_lists for p in lists]
    addresses = {address for p in packed for address in bundle_addresses(p)}
    found = set(addresses)
    if addresses:
        wanted = sorted(ids.part_id(session_id, address) for address in addresses)
        where = {"session_id": session_id, "bucket": bucket, "ids": wanted}
        cursor.execute(sql.load("bundle_contents"), where)
        for _, content in cursor.fetchall():
            found.update(_chunks(bytes(content)))
    for p in packed:
        found.update(_chunks(p[COUNT_BYTES + len(bundle_addresses(p)) * DIGEST_BYTES :]))
    return found


def first_to_refer(
    cursor: psycopg.Cursor[Any],
    session_id: uuid.UUID,
    bucket: date,
    requests: Iterable[tuple[uuid.UUID, PartLists]],
    wanted: Set[bytes],
) -> dict[uuid.UUID, set[bytes]]:
    """Which of the wanted digests each of these requests refers to before any other; one statement.

    The requests may be of another session, if their parts were copied to this one.
    """
    requests = list(requests) if wanted else []
    addresses = {address for _, lists in requests for packed in lists for address in bundle_addresses(packed)}
    rest = set(wanted)
    within: dict[bytes, set[bytes]] = {}
    if addresses:
        ids_of_bundles = sorted(ids.part_id(session_id, address) for address in addresses)
        cursor.execute(sql.load("bundle_contents"), {"session_id": session_id, "bucket": bucket, "ids": ids_of_bundles})
        within = {ids.part_digest(row[0]): rest.intersection(_chunks(bytes(row[1]))) for row in cursor.fetchall()}
    found: dict[uuid.UUID, set[bytes]] = {}
    for request_id, lists in requests:
        own: set[bytes] = set()
        for packed in lists:
            bundles = bundle_addresses(packed)
            own.update(_chunks(packed[COUNT_BYTES + len(bundles) * DIGEST_BYTES :]))
            # What is in a bundle is found with the first request that has it.
            own.update(one for address in bundles for one in within.pop(address, ()))
        if own := own & rest:
            found[request_id] = own
            rest -= own
    return found


def _chunks(data: bytes) -> list[bytes]:
    return [data[i : i + DIGEST_BYTES] for i in range(0, len(data), DIGEST_BYTES)]
