"""Store the parts of a batch that are not stored yet.

What a part says is read in `ingest.new_requests`, of new parts only: most parts of a batch are history that was stored
before.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from sessions_app import ids
from sessions_app.content.compression import compress
from sessions_app.content.documents import PartKind, PartList, SplitDocument
from sessions_app.content.json_bytes import JsonBytes
from sessions_app.content.packed_digests import pack_digests
from sessions_app.storage import sql
from sessions_app.storage.prepared import PreparedLog


class PackedDocument:
    """The three part lists of a document as they are stored, and the bundles that they refer to."""

    def __init__(self, document: SplitDocument) -> None:
        self.input, bundles = pack_digests(document.input.digests)
        self.output, more = pack_digests(document.output.digests)
        self.context, others = pack_digests(document.context.digests)
        self.bundles = bundles | more | others


# By the keys of the logs whose documents they are.
PackedDocuments = dict[uuid.UUID, PackedDocument]


@dataclass(slots=True)
class NewPart:
    """A part of a batch that may not be stored yet.

    `default_role` is the role of a message that does not name one. `role` is the role of a message as it is stored.
    `log_key`: the key of the first log of the batch that has it.
    """

    id: uuid.UUID
    session_id: uuid.UUID
    bucket: date
    digest: bytes
    kind: PartKind
    default_role: str
    source: PartList | bytes
    index: int
    log_key: uuid.UUID
    role: str = ""

    @property
    def raw(self) -> JsonBytes:
        """The exact bytes. Cut out of the document only when they are needed, since most parts are stored already."""
        return self.source if isinstance(self.source, bytes) else self.source.content(self.index)


def pack(logs: Sequence[PreparedLog]) -> PackedDocuments:
    """The part lists of these logs."""
    return {log.key_id: PackedDocument(log.record.document) for log in logs}


def parts_of(logs: Sequence[PreparedLog], packed: PackedDocuments) -> list[NewPart]:
    """The distinct parts of a batch, sorted by key."""
    seen: dict[tuple[uuid.UUID, date], set[bytes]] = {}
    found: list[NewPart] = []
    for log in logs:
        known = seen.setdefault((log.session_id, log.bucket), set())
        document = log.record.document
        for parts, default_role in ((document.input, "user"), (document.output, "assistant"), (document.context, "")):
            if known.issuperset(parts.digests):
                continue
            for index, address in enumerate(parts.digests):
                if address not in known:
                    known.add(address)
                    found.append(_new_part(log, address, parts.kinds[index], default_role, parts, index))
        for address, content in packed[log.key_id].bundles.items():
            if address not in known:
                known.add(address)
                found.append(_new_part(log, address, PartKind.BUNDLE, "", content, 0))
    return sorted(found, key=lambda part: (part.session_id.bytes, part.id.bytes, part.bucket))


def _new_part(
    log: PreparedLog, address: bytes, kind: PartKind, default_role: str, source: PartList | bytes, index: int
) -> NewPart:
    part_id = ids.part_id(log.session_id, address)
    return NewPart(part_id, log.session_id, log.bucket, address, kind, default_role, source, index, log.key_id)


def missing(cursor: psycopg.Cursor[Any], parts: Sequence[NewPart]) -> list[NewPart]:
    """Those of these parts that are not stored; one statement."""
    cursor.execute(
        sql.load("probe_parts"),
        {
            "id": [part.id for part in parts],
            "session_id": [part.session_id for part in parts],
            "bucket": [part.bucket for part in parts],
        },
    )
    stored = set(cursor.fetchall())
    return [part for part in parts if (part.id, part.bucket) not in stored]


def insert(cursor: psycopg.Cursor[Any], parts: Sequence[NewPart]) -> list[NewPart]:
    """Insert parts; one statement. Returns those that no other writer inserted meanwhile."""
    if not parts:
        return []
    cursor.execute(
        sql.load("insert_parts"),
        {
            "id": [part.id for part in parts],
            "session_id": [part.session_id for part in parts],
            "bucket": [part.bucket for part in parts],
            "kind": [int(part.kind) for part in parts],
            "role": [part.role for part in parts],
            "byte_size": [len(part.raw) for part in parts],
            "content": [_stored_content(part) for part in parts],
        },
    )
    inserted = set(cursor.fetchall())
    return [part for part in parts if (part.id, part.bucket) in inserted]


def _stored_content(part: NewPart) -> bytes:
    # A bundle is a list of digests, which are random bytes and cannot be compressed.
    return bytes(part.raw) if part.kind is PartKind.BUNDLE else compress(part.raw)
