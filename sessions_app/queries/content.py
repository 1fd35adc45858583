"""Loads what requests sent and received: parts of many requests in one statement, and the documents of one."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from sessions_app.content.compression import decompress
from sessions_app.content.documents import DIGEST_BYTES, PartKind, join
from sessions_app.content.packed_digests import unpack_digests
from sessions_app.ids import part_id
from sessions_app.models import Part, RequestLog
from sessions_app.records import Documents
from sessions_app.structure.histories import addresses_of_bundles
from sessions_app.wire import documents_of

# One page loads at most this much content (uncompressed), small parts first. Larger parts have pages of their own.
MAX_PAGE_BYTES = 24_000_000
# The size of a set of headers.
MOST_HEADER_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part of a session. `content`: its exact JSON bytes, None if it was too large to be loaded with the others."""

    digest: bytes
    kind: PartKind
    role: str
    byte_size: int
    content: bytes | None


PARTS = """
SELECT id, kind, role, byte_size,
       CASE WHEN (kind <> 4 OR byte_size <= %(other_bytes)s
                  OR byte_size <= %(most)s AND id = ANY(%(others)s::uuid[]))
                 AND sum(byte_size) OVER (ORDER BY byte_size, id) <= %(budget)s
            THEN content END
FROM part
WHERE session_id = %(session_id)s AND bucket = ANY(%(buckets)s::date[]) AND id = ANY(%(ids)s::uuid[])
"""


def load_parts(
    session_id: uuid.UUID,
    buckets: Collection[date],
    digests: Iterable[bytes],
    other_bytes: int = 0,
    budget: int = MAX_PAGE_BYTES,
    *,
    others: Iterable[bytes] = (),
) -> dict[bytes, StoredPart]:
    """Parts of a session by digest; one statement.

    Parts of kind OTHER come with content only up to `other_bytes`. `others`: such parts that may be headers; they come
    with content up to the size of those.
    """
    ids = [part_id(session_id, digest) for digest in sorted(set(digests))]
    if not ids:
        return {}
    params: dict[str, Any] = {
        "session_id": session_id,
        "buckets": list(buckets),
        "ids": ids,
        "others": [part_id(session_id, digest) for digest in others],
        "most": MOST_HEADER_BYTES,
        "other_bytes": other_bytes,
        "budget": budget,
    }
    with connection.cursor() as cursor:
        cursor.execute(PARTS, params)
        rows = cursor.fetchall()
    return {part.digest: part for part in map(_stored_part, rows)}


def _stored_part(row: tuple[uuid.UUID, int, str, int, bytes | memoryview | None]) -> StoredPart:
    part_uuid, kind, role, byte_size, content = row
    raw = None if content is None else bytes(content) if kind == PartKind.BUNDLE else decompress(content)
    return StoredPart(part_uuid.bytes[-DIGEST_BYTES:], PartKind(kind), role, byte_size, raw)


def load_part(session_id: uuid.UUID, hex_digest: str) -> StoredPart | None:
    """A part of a session with its content, by its digest in hexadecimal digits; None if there is none."""
    try:
        digest = bytes.fromhex(hex_digest)
    except ValueError:
        return None
    if len(digest) != DIGEST_BYTES:
        return None
    found = Part.objects.filter(id=part_id(session_id, digest), session_id=session_id).exclude(kind=PartKind.BUNDLE)
    row = found.values_list("id", "kind", "role", "byte_size", "content").first()
    return None if row is None else _stored_part(row)


def load_bundles(session_id: uuid.UUID, buckets: Collection[date], packed_lists: Iterable[bytes]) -> dict[bytes, bytes]:
    """The bundles that packed lists refer to, by address; one statement, none when there are no bundles."""
    parts = load_parts(session_id, buckets, addresses_of_bundles(packed_lists), budget=2**40)
    return {part.digest: part.content for part in parts.values() if part.content is not None}


def load_log(log: RequestLog) -> bytes:
    """The JSON bytes of a stored log, as it was posted. Raises KeyError if parts of it are gone."""
    lists = [bytes(log.input_parts), bytes(log.output_parts), bytes(log.context_parts)]
    bundles = load_bundles(log.session_id, [log.bucket], lists)
    digests = [unpack_digests(packed, bundles) for packed in lists]
    wanted = [digest for part_list in digests for digest in part_list]
    parts = load_parts(log.session_id, [log.bucket], wanted, other_bytes=2**31, budget=2**40)
    return join_parts(log.skeleton, digests, parts)


def load_documents_of(session_id: uuid.UUID, places: Mapping[uuid.UUID, date]) -> Iterator[tuple[uuid.UUID, Documents]]:
    """The documents of some requests of a session by id, in this order, without those that are gone. `places`: the
    bucket of each.

    Three statements; then three for each request with parts beyond the first `MAX_PAGE_BYTES`. So memory holds that
    much and one request.
    """
    wanted = RequestLog.objects.filter(session_id=session_id, bucket__in=set(places.values()), id__in=list(places))
    logs = {log.id: log for log in wanted}
    packed = {log.id: [bytes(log.input_parts), bytes(log.output_parts), bytes(log.context_parts)] for log in wanted}
    bundles = load_bundles(session_id, set(places.values()), [one for lists in packed.values() for one in lists])
    digests = {log_id: [unpack_digests(one, bundles) for one in lists] for log_id, lists in packed.items()}
    every = [digest for lists in digests.values() for one in lists for digest in one]
    parts = load_parts(session_id, set(places.values()), every, other_bytes=2**31)
    for log in (logs[log_id] for log_id in places if log_id in logs):
        try:
            raw = join_parts(log.skeleton, digests[log.id], parts)
        except KeyError:
            raw = load_log(log)
        yield log.id, documents_of(log.source, raw)


def join_parts(
    skeleton: bytes | memoryview, lists: Sequence[Sequence[bytes]], parts: Mapping[bytes, StoredPart]
) -> bytes:
    """A log from its stored skeleton and the digests of its three lists. Raises KeyError if content is missing."""
    contents = [[_content(parts[digest]) for digest in digests] for digests in lists]
    return join(decompress(skeleton), *contents)


def _content(part: StoredPart) -> bytes:
    if part.content is None:
        raise KeyError(part.digest)
    return part.content


def load_documents(log: RequestLog) -> Documents:
    """The request, response, metadata and parameters of a stored log."""
    return documents_of(log.source, load_log(log))
