"""The inbox: accepted bodies that wait for the digester; and the logs that were rejected."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import zstandard

from sessions_app.storage import sql
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.fullness import FULLNESS, InboxFull

__all__ = ["InboxFull"]

# The sender waits while a body is compressed, so speed matters more than size.
LEVEL = 1
FIRST_CLAIM = 4
# How many compressed bytes are fetched in one statement; a single larger body is fetched alone.
FETCHED_BYTES = 4 * 2**20
CHANNEL = "logsui_inbox"
# Larger than any body: their size is limited where they are accepted.
ANY_SIZE = 2**62


@dataclass(slots=True)
class Entry:
    """An accepted body, claimed by this transaction."""

    id: int
    project_id: int
    # None when the project has been deleted since.
    project_key: uuid.UUID | None
    project_slug: str | None
    source: str
    content_type: str
    received_at: datetime
    raw_bytes: int
    log_count: int
    digested_logs: int
    packed_bytes: int
    packed: bytes = b""

    def take_body(self) -> bytes:
        """The bytes as they came, without Content-Encoding. Can be called once: the compressed bytes are freed.

        For an entry from `with_bodies`.
        """
        packed, self.packed = self.packed, b""
        return unpack(packed)


def pack(body: bytes) -> bytes:
    """A body as inbox and rejected logs keep it (a zstd frame)."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(body)


def unpack(packed: bytes | memoryview) -> bytes:
    return zstandard.ZstdDecompressor().decompress(bytes(packed))


def put(project_id: int, source: str, content_type: str, body: bytes, log_count: int) -> tuple[int, datetime]:
    """Store a body durably; one statement, which commits unless it is in a transaction. Returns its id and time.

    Raises InboxFull.
    """
    _refuse_when_full(project_id)
    packed = pack(body)
    with binary_cursor() as cursor:
        cursor.execute(
            sql.load("put_inbox"),
            {
                "project_id": project_id,
                "source": source,
                "content_type": content_type[:200].replace("\x00", ""),
                "raw_bytes": len(body),
                "log_count": log_count,
                "body": packed,
            },
        )
        row = cursor.fetchone()
    assert row is not None
    FULLNESS.note_put(project_id, len(body))
    return row[0], row[1]


def _refuse_when_full(project_id: int) -> None:
    FULLNESS.check(project_id)


def next_project(cursor: psycopg.Cursor[Any], after: int) -> int | None:
    """The project whose turn comes after another one's; None when nothing waits."""
    cursor.execute(sql.load("next_project"), {"after": after})
    row = cursor.fetchone()
    return row[0] if row else None


def claim(
    cursor: psycopg.Cursor[Any], project_id: int, most_logs: int, most_bytes: int, most_each: int = ANY_SIZE
) -> list[Entry]:
    """A project's oldest entries that no other digester holds: about as many logs and bytes as asked for, at least one
    entry.

    Without their bodies. Entries of more than `most_each` bytes and suspects are left out. At first a few are taken,
    then as many more as their sizes suggest, since nobody else can take what is locked here.
    """
    entries: list[Entry] = []
    wanted = FIRST_CLAIM
    while wanted > 0:
        after = entries[-1].id if entries else 0
        where = {"project_id": project_id, "most": wanted, "after": after, "most_bytes": most_each}
        cursor.execute(sql.load("claim_inbox"), where)
        claimed = [Entry(*row) for row in cursor.fetchall()]
        entries += claimed
        if len(claimed) < wanted:
            break
        logs = sum(entry.log_count - entry.digested_logs for entry in entries)
        size = sum(entry.raw_bytes for entry in entries)
        missing = min((most_logs - logs) / max(logs, 1), (most_bytes - size) / max(size, 1))
        wanted = math.ceil(missing * len(entries))
    return entries


def with_bodies(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Claimed entries with their bodies. A few megabytes are fetched at a time, as the caller proceeds."""
    for together in _fetched_together(entries):
        if together[0].packed_bytes > FETCHED_BYTES:
            together[0].packed = b"".join(_pieces_of_body(together[0]))
        else:
            _fetch_bodies(together)
        yield from together


def _pieces_of_body(entry: Entry) -> Iterator[bytes]:
    """A large body in pieces: both ends of the database session keep buffers of the size of the largest message."""
    for start in range(0, entry.packed_bytes, FETCHED_BYTES):
        cursor = binary_cursor()
        piece = "SELECT substring(body FROM %b::int FOR %b::int) FROM inbox WHERE id = %b::bigint"
        cursor.execute(piece, [start + 1, FETCHED_BYTES, entry.id])
        yield bytes(cursor.fetchall()[0][0])


def _fetch_bodies(entries: Sequence[Entry]) -> None:
    # A cursor of its own: when it closes, its result with all the bodies is freed.
    cursor = binary_cursor()
    cursor.execute("SELECT id, body FROM inbox WHERE id = ANY(%b::bigint[])", [[entry.id for entry in entries]])
    bodies = dict(cursor)
    for entry in entries:
        entry.packed = bodies.pop(entry.id)


def _fetched_together(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    together: list[Entry] = []
    size = 0
    for entry in entries:
        if together and size + entry.packed_bytes > FETCHED_BYTES:
            yield together
            together, size = [], 0
        together.append(entry)
        size += entry.packed_bytes
    if together:
        yield together


def finish(cursor: psycopg.Cursor[Any], entry_ids: Sequence[int]) -> None:
    """Delete digested entries, in the transaction that stored their logs."""
    cursor.execute(sql.load("finish_inbox"), {"ids": list(entry_ids)})


def advance(cursor: psycopg.Cursor[Any], entry_id: int, digested_logs: int) -> None:
    """Note how many logs of a long body are stored."""
    cursor.execute("UPDATE inbox SET digested_logs = %b WHERE id = %b", [digested_logs, entry_id])


def is_waiting(entry_id: int) -> bool:
    with binary_cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM inbox WHERE id = %b)", [entry_id])
        row = cursor.fetchone()
    return bool(row and row[0])


@dataclass(frozen=True, slots=True)
class Rejection:
    """A log or body that could not be understood, and why."""

    project_id: int
    source: str
    received_at: datetime
    raw: bytes
    reason_type: str
    reason: str
    field: str = ""
    # Set for a whole body; a single log is always JSON.
    content_type: str = ""


def reject(cursor: psycopg.Cursor[Any], rejections: Sequence[Rejection]) -> None:
    """Keep what could not be understood."""
    if rejections:
        cursor.execute(
            sql.load("insert_rejected"),
            {
                "project_id": [r.project_id for r in rejections],
                "source": [r.source for r in rejections],
                "received_at": [r.received_at for r in rejections],
                "reason_type": [r.reason_type for r in rejections],
                "reason": [r.reason for r in rejections],
                "field": [r.field for r in rejections],
                "raw_bytes": [len(r.raw) for r in rejections],
                "content_type": [r.content_type for r in rejections],
                "body": [pack(r.raw) for r in rejections],
            },
        )
