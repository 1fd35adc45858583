"""Copies of a log that contradict the stored one: kept beside the request as they came, and counted nowhere.

A copy belongs to the request's idempotency key, which stays the same when the request moves. It has no row among the
requests, no parts, no words and no links, so it cannot be found and moves nothing.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from sessions_app.content.compression import compress, decompress
from sessions_app.content.sameness import canonical_json
from sessions_app.storage import sql

# The order of receipt: a body's number in the inbox, and the log's index in that body. What was stored before these
# were noted comes first.
Position = tuple[int, int]
MOST_TAKEN = 100
UNIT_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Contradicting:
    """A copy that contradicts: its exact JSON bytes, and the members in which it differs."""

    key_id: uuid.UUID
    project_id: int
    source: str
    received_at: datetime
    position: Position
    differs: tuple[str, ...]
    body: bytes

    @property
    def id(self) -> uuid.UUID:
        """Equal for all copies of one request that say the same."""
        hashed = hashlib.sha256(self.key_id.bytes + self.source.encode() + b"\x00" + canonical_json(self.body))
        return uuid.UUID(bytes=hashed.digest()[:16])


@dataclass(frozen=True, slots=True)
class StoredCopy:
    """A stored copy of a log: the request itself, or one beside it."""

    source: str
    received_at: datetime
    position: Position
    body: bytes


def add(cursor: psycopg.Cursor[Any], copies: Sequence[Contradicting]) -> int:
    """Keep copies beside their requests; two statements. Returns how many were new."""
    by_id: dict[uuid.UUID, Contradicting] = {}
    for copy in sorted(copies, key=lambda copy: copy.position):
        by_id.setdefault(copy.id, copy)
    rows = sorted(by_id.items())
    if not rows:
        return 0
    found = [copy for _, copy in rows]
    columns: dict[str, list[Any]] = {
        name: [getattr(copy, name) for copy in found] for name in ("key_id", "project_id", "source", "received_at")
    }
    columns |= {
        "id": [copy_id for copy_id, _ in rows],
        "entry_id": [copy.position[0] for copy in found],
        "entry_index": [copy.position[1] for copy in found],
        "differs": [UNIT_SEPARATOR.join(copy.differs) for copy in found],
        "byte_size": [len(copy.body) for copy in found],
        "body": [compress(copy.body) for copy in found],
    }
    cursor.execute(sql.load("insert_contradicting_copies"), columns)
    new = Counter(key_id for key_id, is_new in cursor.fetchall() if is_new)
    if new:
        ordered = sorted(new.items())
        counts = {"key_id": [key_id for key_id, _ in ordered], "copies": [count for _, count in ordered]}
        cursor.execute(sql.load("count_contradictions"), counts)
    return new.total()


def take(cursor: psycopg.Cursor[Any], key_id: uuid.UUID) -> list[StoredCopy]:
    """Remove the copies beside a request, the earliest `MOST_TAKEN` of them, and return them; one statement."""
    cursor.execute(sql.load("take_contradicting_copies"), {"key_id": key_id, "most": MOST_TAKEN})
    return [StoredCopy(row[0], row[1], (row[2], row[3]), decompress(row[4])) for row in cursor.fetchall()]


def original(cursor: psycopg.Cursor[Any], key_id: uuid.UUID) -> tuple[str, datetime, Position, bytes] | None:
    """The source of the request with this key, its time and position of receipt, and the hash of its content."""
    cursor.execute(
        "SELECT r.source, r.received_at, k.entry_id, k.entry_index, k.content_hash FROM request_key AS k"
        " JOIN request_log AS r ON r.id = k.request_log_id AND r.session_id = k.session_id AND r.bucket = k.bucket"
        " WHERE k.id = %b",
        [key_id],
    )
    row = cursor.fetchone()
    return None if row is None else (row[0], row[1], (row[2], row[3]), bytes(row[4]))


def set_position(cursor: psycopg.Cursor[Any], key_id: uuid.UUID, position: Position) -> None:
    """Note that a copy that says the same was received earlier."""
    cursor.execute(
        "UPDATE request_key SET entry_id = %b, entry_index = %b WHERE id = %b", [position[0], position[1], key_id]
    )
