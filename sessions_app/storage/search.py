"""The index by which requests are found: one row a request, with the hashes of what it says.

Each part that has text is covered by one row of its session and bucket: mostly by that of the request which brought it.
When requests leave or are deleted, the parts that others still need are covered by one of those.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from sessions_app import ids
from sessions_app.content.compression import decompress
from sessions_app.content.documents import DIGEST_BYTES, PartKind
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.search_facts import own_terms
from sessions_app.content.search_text import hashes_of
from sessions_app.content.searched_parts import SEARCHED, terms_of_part
from sessions_app.records import RULE_MANUAL
from sessions_app.storage import rollups, sql
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
    words: list[int]
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
    words, starts, ends = _joined([row.words for row in ordered])
    cursor.execute(
        sql.load("insert_request_search"),
        {
            "id": [row.id for row in ordered],
            "session_id": [row.session_id for row in ordered],
            "bucket": [row.bucket for row in ordered],
            "project_id": [row.project_id for row in ordered],
            "started_at": [row.started_at for row in ordered],
            "words": words,
            "words_from": starts,
            "words_to": ends,
            "parts": [row.parts for row in ordered],
        },
    )


def _joined(lists: Sequence[list[int]]) -> tuple[list[int], list[int], list[int]]:
    """Lists one after another, and where each begins and ends, counted from 1."""
    joined: list[int] = []
    starts, ends = [], []
    for one in lists:
        starts.append(len(joined) + 1)
        joined += one
        ends.append(len(joined))
    return joined, starts, ends


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
    wanted = {(session_id, bucket, one) for (_, session_id, bucket), digests in covers.items() for one in digests}
    hashes = dict(_hashes_of_parts(cursor, wanted, {source.session_id: source.project_id for source in sources}))
    insert(cursor, [_row(source, covers[source.id, source.session_id, source.bucket], hashes) for source in sources])


def _row(
    source: SearchSource, digests: Iterable[bytes], hashes: Mapping[tuple[uuid.UUID, date, bytes], list[int]]
) -> SearchRow:
    key = source.session_key or "" if shows_key(source.rule) else ""
    own = own_terms(source, source.metadata, key, source.rule, source.failed_tools)
    words = set(hashes_of(own, source.project_id))
    for one in digests:
        words.update(hashes.get((source.session_id, source.bucket, one), ()))
    started_at = rollups.sane_time(source.started_at, source.received_at)
    parts = b"".join(sorted(digests))
    return SearchRow(source.id, source.session_id, source.bucket, source.project_id, started_at, sorted(words), parts)


def _hashes_of_parts(
    cursor: psycopg.Cursor[Any],
    wanted: Iterable[tuple[uuid.UUID, date, bytes]],
    projects: Mapping[uuid.UUID, int],
) -> Iterator[tuple[tuple[uuid.UUID, date, bytes], list[int]]]:
    """The hashes of the terms of parts. Few texts are in memory at once."""
    rows = sorted((ids.part_id(session_id, one), session_id, bucket) for session_id, bucket, one in wanted)
    if not rows:
        return
    cursor.execute(sql.load("sizes_of_parts"), _columns(rows))
    reader = MessageReader()
    for chunk in _chunks(sorted(cursor.fetchall())):
        reader.start_batch()
        cursor.execute(sql.load("contents_of_parts"), _columns(chunk))
        for part_id, session_id, bucket, kind, role, content in cursor.fetchall():
            one = ids.part_digest(part_id)
            terms = terms_of_part(PartKind(kind), one, decompress(content), role, reader)
            yield (session_id, bucket, one), hashes_of(terms, projects[session_id])


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
