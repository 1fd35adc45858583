"""The index by which requests are found: one row a request, with the hashes of what it says.

Each part that has text is covered by one row of its session and bucket: mostly by that of the request which brought it.
When requests leave or are deleted, the parts that others still need are covered by one of those.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from sessions_app import ids
from sessions_app.content.compression import decompress
from sessions_app.content.documents import DIGEST_BYTES, PartKind
from sessions_app.content.message_reader import MessageReader
from sessions_app.content.search_text import hashes_of
from sessions_app.content.searched_parts import terms_of_part
from sessions_app.storage import part_lists, sql
from sessions_app.storage.part_lists import PartLists, Removed
from sessions_app.structure.grouping_rules import StoredAt

Place = tuple[uuid.UUID, date]


@dataclass(slots=True)
class SearchRow:
    """By what a request is found: see `models.RequestSearch`. `size` is in bytes, 0 if it is new."""

    id: uuid.UUID
    session_id: uuid.UUID
    bucket: date
    project_id: int
    started_at: datetime
    facts: list[int]
    words: list[int]
    parts: bytes
    size: int = 0

    @property
    def digests(self) -> list[bytes]:
        """Of the parts that it covers."""
        return [self.parts[i : i + DIGEST_BYTES] for i in range(0, len(self.parts), DIGEST_BYTES)]


def insert(cursor: psycopg.Cursor[Any], rows: Iterable[SearchRow]) -> None:
    """Insert rows; one statement."""
    ordered = sorted(rows, key=lambda row: (row.session_id.bytes, row.id.bytes))
    if not ordered:
        return
    facts, facts_from, facts_to = _joined([row.facts for row in ordered])
    words, words_from, words_to = _joined([row.words for row in ordered])
    cursor.execute(
        sql.load("insert_request_search"),
        {
            **_keys(ordered),
            "project_id": [row.project_id for row in ordered],
            "started_at": [row.started_at for row in ordered],
            "facts": facts,
            "facts_from": facts_from,
            "facts_to": facts_to,
            "words": words,
            "words_from": words_from,
            "words_to": words_to,
            "parts": [row.parts for row in ordered],
        },
    )


def _keys(rows: Sequence[SearchRow]) -> dict[str, list[Any]]:
    return {
        "id": [row.id for row in rows],
        "session_id": [row.session_id for row in rows],
        "bucket": [row.bucket for row in rows],
    }


def _joined(lists: Sequence[list[int]]) -> tuple[list[int], list[int], list[int]]:
    """Lists one after another, and where each begins and ends, counted from 1."""
    joined: list[int] = []
    starts, ends = [], []
    for one in lists:
        starts.append(len(joined) + 1)
        joined += one
        ends.append(len(joined))
    return joined, starts, ends


def take(cursor: psycopg.Cursor[Any], requests: Iterable[tuple[uuid.UUID, uuid.UUID, date]]) -> list[SearchRow]:
    """Delete the rows of requests (id, session, bucket), and return them."""
    return _rows(cursor, "take_request_search", requests)


def _rows(
    cursor: psycopg.Cursor[Any], statement: str, requests: Iterable[tuple[uuid.UUID, uuid.UUID, date]]
) -> list[SearchRow]:
    wanted = sorted(requests)
    if not wanted:
        return []
    log_ids, session_ids, buckets = map(list, zip(*wanted, strict=True))
    cursor.execute(sql.load(statement), {"id": log_ids, "session_id": session_ids, "bucket": buckets})
    return [_row(*row) for row in cursor.fetchall()]


def _row(*values: Any) -> SearchRow:
    row = SearchRow(*values)
    row.parts = bytes(row.parts)
    return row


# --- when requests go -----------------------------------------------------------------------------------------------


def move(
    cursor: psycopg.Cursor[Any],
    moves: Sequence[tuple[StoredAt, uuid.UUID, uuid.UUID]],
    lists: Mapping[uuid.UUID, PartLists],
    copied: Mapping[Place, set[bytes]],
) -> dict[Place, set[bytes]]:
    """Move the rows of requests, each given as where it was, its new session and its new id.

    `copied`: the digests of the parts that are new where they go. Returns the digests that the old rows covered.
    """
    taken = take(cursor, [(at.log_id, at.session_id, at.bucket) for at, _, _ in moves])
    left: dict[Place, set[bytes]] = defaultdict(set)
    for row in taken:
        left[row.session_id, row.bucket].update(row.digests)
    rows = {row.id: row for row in taken}
    waiting = {place: set(digests) for place, digests in copied.items()}
    new: list[SearchRow] = []
    changed: list[SearchRow] = []
    for stored, session_id, log_id in moves:
        # Missing if it was stored before there was an index.
        if moved := rows.get(stored.log_id):
            before, to_bring = moved.parts, waiting.get((session_id, moved.bucket), set())
            own = [digest for digest in moved.digests if digest in to_bring]
            to_bring.difference_update(own)
            moved.id, moved.session_id, moved.parts = log_id, session_id, b"".join(own)
            new.append(moved)
            if moved.parts != before:
                changed.append(moved)
    changed += _take_rest(cursor, new, moves, lists, waiting)
    _read_words(cursor, changed)
    insert(cursor, new)
    return left


def _take_rest(
    cursor: psycopg.Cursor[Any],
    rows: Sequence[SearchRow],
    moves: Sequence[tuple[StoredAt, uuid.UUID, uuid.UUID]],
    lists: Mapping[uuid.UUID, PartLists],
    waiting: Mapping[Place, set[bytes]],
) -> list[SearchRow]:
    """Give parts that a request which stays had brought to the first of those that moved with them."""
    by_id = {row.id: row for row in rows}
    found: list[SearchRow] = []
    for stored, session_id, log_id in moves:
        rest, row = waiting.get((session_id, stored.bucket)), by_id.get(log_id)
        if not rest or row is None:
            continue
        own = rest & part_lists.digests(cursor, session_id, stored.bucket, [lists[stored.log_id]])
        if own:
            rest -= own
            row.parts += b"".join(sorted(own))
            found.append(row)
    return found


def cover(
    cursor: psycopg.Cursor[Any],
    session_id: uuid.UUID,
    bucket: date,
    uncovered: set[bytes],
    needed: Sequence[tuple[uuid.UUID, PartLists]],
) -> None:
    """Let the first of the requests that are left cover parts whose row is gone. `needed`: their ids and part lists."""
    rest = set(uncovered)
    gained: dict[uuid.UUID, set[bytes]] = {}
    for log_id, lists in needed:
        if not rest:
            break
        own = rest & part_lists.digests(cursor, session_id, bucket, [lists])
        if own:
            rest -= own
            gained[log_id] = own
    if not gained:
        return
    rows = _rows(cursor, "load_request_search", [(log_id, session_id, bucket) for log_id in gained])
    for row in rows:
        row.parts, row.facts = b"".join(sorted(gained[row.id])), []
    _read_words(cursor, rows)
    _extend(cursor, rows)


def _extend(cursor: psycopg.Cursor[Any], rows: Sequence[SearchRow]) -> None:
    if not rows:
        return
    words, words_from, words_to = _joined([row.words for row in rows])
    more = {"words": words, "words_from": words_from, "words_to": words_to, "parts": [row.parts for row in rows]}
    cursor.execute(sql.load("extend_request_search"), _keys(rows) | more)


def _read_words(cursor: psycopg.Cursor[Any], rows: Iterable[SearchRow]) -> None:
    """Read the words of rows again, from the text of the parts that they cover."""
    by_place: dict[Place, list[SearchRow]] = defaultdict(list)
    for row in rows:
        by_place[row.session_id, row.bucket].append(row)
    for (session_id, bucket), some in by_place.items():
        terms = terms_of_parts(cursor, session_id, bucket, {digest for row in some for digest in row.digests})
        for row in some:
            own = set[str]().union(*(terms.get(digest, ()) for digest in row.digests))
            row.words = sorted({*hashes_of(own, row.project_id), *row.facts})


def terms_of_parts(
    cursor: psycopg.Cursor[Any], session_id: uuid.UUID, bucket: date, digests: Iterable[bytes]
) -> dict[bytes, set[str]]:
    """The terms of stored parts, by their digests; one statement."""
    wanted = {ids.part_id(session_id, digest): digest for digest in digests}
    if not wanted:
        return {}
    where = {"session_id": session_id, "bucket": bucket, "ids": sorted(wanted)}
    cursor.execute(sql.load("searched_parts"), where)
    reader = MessageReader()
    return {
        wanted[part_id]: terms_of_part(PartKind(kind), wanted[part_id], decompress(content), role, reader)
        for part_id, kind, role, content in cursor.fetchall()
    }


def delete_requests(
    cursor: psycopg.Cursor[Any], session_id: uuid.UUID, requests: Iterable[tuple[uuid.UUID, date]]
) -> tuple[Removed, dict[date, set[bytes]]]:
    """Delete the rows of requests of a session. Returns how many rows and bytes, and the digests that they covered."""
    rows = take(cursor, [(log_id, session_id, bucket) for log_id, bucket in requests])
    covered: dict[date, set[bytes]] = defaultdict(set)
    for row in rows:
        covered[row.bucket].update(row.digests)
    return (len(rows), sum(row.size for row in rows)), covered
