"""The index by which requests are found: one row a request, with the hashes of what it says.

Each part that has text is covered by one row of its session and bucket: mostly by that of the request which brought it.
When requests leave or are deleted, the parts that others still need are covered by one of those.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import Any

import psycopg

from sessions_app import ids
from sessions_app.content.compression import decompress
from sessions_app.content.documents import DIGEST_BYTES, PartKind
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.search_facts import add_own
from sessions_app.content.search_text import PACKED_BYTES, Hasher
from sessions_app.content.searched_parts import SEARCHED, add_part
from sessions_app.records import RULE_MANUAL
from sessions_app.storage import rollups, sql
from sessions_app.storage.arrays import PackedNumbers
from sessions_app.storage.search_sources import SearchSource, load_sources
from sessions_app.structure.grouping_rules import CHOSEN_RULES, StoredAt

__all__ = ["SEARCHED", "Place", "SearchRow", "Taken", "Where"]

# A request: its id, session and bucket. A place: a session and a bucket.
Where = tuple[uuid.UUID, uuid.UUID, date]
Place = tuple[uuid.UUID, date]
# Texts that are read at once.
CHUNK_BYTES = 4 * 2**20


@dataclass(slots=True)
class SearchRow:
    """By what a request is found: see `models.RequestSearch`."""

    id: uuid.UUID
    session_id: uuid.UUID
    bucket: date
    project_id: int
    started_at: datetime
    words: bytes
    parts: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that was deleted: the digests of the parts that it covered, and its size in bytes."""

    digests: frozenset[bytes]
    size: int


def where(stored: StoredAt) -> Where:
    return (stored.log_id, stored.session_id, stored.bucket)


def insert(cursor: psycopg.Cursor[Any], rows: Iterable[SearchRow]) -> None:
    """Insert rows; one statement."""
    ordered = sorted(rows, key=lambda row: (row.session_id.bytes, row.id.bytes))
    if not ordered:
        return
    ends = list(accumulate(len(row.words) // PACKED_BYTES for row in ordered))
    cursor.execute(
        sql.load("insert_request_search"),
        {
            "id": [row.id for row in ordered],
            "session_id": [row.session_id for row in ordered],
            "bucket": [row.bucket for row in ordered],
            "project_id": [row.project_id for row in ordered],
            "started_at": [row.started_at for row in ordered],
            # All in one array, of which each row has a slice, counted from 1.
            "words": PackedNumbers(b"".join([row.words for row in ordered])),
            "words_from": [1 + end for end in [0, *ends[:-1]]],
            "words_to": ends,
            "parts": [row.parts for row in ordered],
        },
    )


def take(cursor: psycopg.Cursor[Any], requests: Iterable[Where]) -> dict[Where, Taken]:
    """Delete the rows of requests; one statement. Returns what they covered. A request may have no row yet."""
    wanted = sorted(set(requests))
    if not wanted:
        return {}
    cursor.execute(sql.load("take_request_search"), _columns(wanted))
    return {tuple(row[:3]): Taken(frozenset(digests_in(bytes(row[3]))), row[4]) for row in cursor.fetchall()}


def shows_key(rule: str) -> bool:
    """Whether a request is found by the key of its session: it is there because somebody named the session."""
    return rule in (*CHOSEN_RULES, RULE_MANUAL)


def by_place(taken: Mapping[Where, Taken]) -> dict[Place, set[bytes]]:
    """The digests that rows covered, by their sessions and buckets."""
    found: dict[Place, set[bytes]] = {}
    for (_, session_id, bucket), row in taken.items():
        found.setdefault((session_id, bucket), set()).update(row.digests)
    return found


def write_again(cursor: psycopg.Cursor[Any], requests: Mapping[Where, Iterable[bytes]]) -> None:
    """Write the rows of stored requests from what is stored; a constant number of statements.

    Each covers what it covered before, and the parts with the given digests.
    """
    before = take(cursor, requests)
    covers = {at: {*more, *(before[at].digests if at in before else ())} for at, more in requests.items()}
    sources = load_sources(cursor, _columns(sorted(covers)))
    hashers: dict[Where, Hasher] = {}
    for source in sources:
        hasher = hashers[source.id, source.session_id, source.bucket] = Hasher(source.project_id)
        key = source.session_key or "" if shows_key(source.rule) else ""
        add_own(hasher, source, source.metadata, key, source.rule, source.failed_tools)
    _add_parts(cursor, {at: covers[at] for at in hashers}, hashers)
    insert(cursor, [_row(source, covers, hashers) for source in sources])


def _row(source: SearchSource, covers: Mapping[Where, set[bytes]], hashers: Mapping[Where, Hasher]) -> SearchRow:
    at = (source.id, source.session_id, source.bucket)
    started_at = rollups.sane_time(source.started_at, source.received_at)
    return SearchRow(*at, source.project_id, started_at, hashers[at].packed(), b"".join(sorted(covers[at])))


def _add_parts(
    cursor: psycopg.Cursor[Any], covers: Mapping[Where, Iterable[bytes]], hashers: Mapping[Where, Hasher]
) -> None:
    """Add the texts of parts to what finds the requests that cover them. Few texts are in memory at once."""
    found = {(ids.part_id(at[1], one), at[1], at[2]): hashers[at] for at, digests in covers.items() for one in digests}
    if not found:
        return
    cursor.execute(sql.load("sizes_of_parts"), _columns(sorted(found)))
    reader = MessageReader()
    for chunk in _chunks(sorted(cursor.fetchall())):
        reader.start_batch()
        cursor.execute(sql.load("contents_of_parts"), _columns(chunk))
        for part_id, session_id, bucket, kind, role, content in cursor.fetchall():
            hasher = found[part_id, session_id, bucket]
            add_part(hasher, PartKind(kind), ids.part_digest(part_id), decompress(content), role, reader)


def _chunks(parts: Iterable[tuple[uuid.UUID, uuid.UUID, date, int]]) -> Iterator[list[Where]]:
    """Parts, each with its size, such that each chunk fits in memory."""
    chunk: list[Where] = []
    total = 0
    for part_id, session_id, bucket, size in parts:
        if chunk and total + size > CHUNK_BYTES:
            yield chunk
            chunk, total = [], 0
        chunk.append((part_id, session_id, bucket))
        total += size
    if chunk:
        yield chunk


def _columns(rows: Sequence[Where]) -> dict[str, list[Any]]:
    return {
        "id": [row[0] for row in rows],
        "session_id": [row[1] for row in rows],
        "bucket": [row[2] for row in rows],
    }


def covered(cursor: psycopg.Cursor[Any], session_id: uuid.UUID, bucket: date) -> dict[uuid.UUID, set[bytes]]:
    """The digests that each row of a session in one bucket covers, by the ids of the requests."""
    first, last = ids.id_range(session_id)
    place = {"session_id": session_id, "bucket": bucket, "first": first, "last": last}
    cursor.execute(sql.load("covered_parts"), place)
    return {row[0]: set(digests_in(bytes(row[1]))) for row in cursor.fetchall()}


def searchable(cursor: psycopg.Cursor[Any], session_id: uuid.UUID, bucket: date) -> set[bytes]:
    """The digests of all parts of a session in one bucket whose text can be searched."""
    first, last = ids.id_range(session_id)
    place = {"session_id": session_id, "bucket": bucket, "first": first, "last": last}
    cursor.execute(sql.load("searchable_parts"), place)
    return {ids.part_digest(row[0]) for row in cursor.fetchall()}


def digests_in(parts: bytes) -> list[bytes]:
    return [parts[start : start + DIGEST_BYTES] for start in range(0, len(parts), DIGEST_BYTES)]
