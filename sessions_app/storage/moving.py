"""Moves stored requests to other sessions, with their parts, and redirects their old ids.

A distributed PostgreSQL cannot move a row to another shard, so rows are inserted again and the old ones deleted. The
caller holds the grouping lock of the projects, so nobody else writes to these sessions.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from sessions_app import ids
from sessions_app.records import RULE_MANUAL, RULE_SUB_AGENT
from sessions_app.storage import dismissals, names, part_lists, pruning, rollups, search, sql, tags
from sessions_app.storage.part_lists import PartLists
from sessions_app.storage.rollups import Relabelled
from sessions_app.storage.search import Place, Taken, Where
from sessions_app.structure.grouping_rules import CHOSEN_RANK, CHOSEN_RULES, MANUAL_RANK, Home, StoredAt


@dataclass(frozen=True, slots=True)
class Move:
    """A stored request that belongs elsewhere, or stays for another reason. `key_id`: its idempotency key."""

    key_id: uuid.UUID
    project_id: int
    stored: StoredAt
    home: Home
    weak: bool = False
    duplicate_of: uuid.UUID | None = None

    @property
    def log_id(self) -> uuid.UUID:
        return ids.moved(self.stored.log_id, self.home.session_id)

    @property
    def leaves(self) -> bool:
        """Whether it goes to another session."""
        return self.stored.session_id != self.home.session_id

    @property
    def is_fixed(self) -> bool:
        """Whether a caller or a person puts it there."""
        return not self.weak and self.home.rule in (*CHOSEN_RULES, RULE_MANUAL)

    @property
    def changes_sums(self) -> bool:
        """Whether its session must be counted again, or may get another name."""
        is_run = (self.stored.rule == RULE_SUB_AGENT) != (self.home.rule == RULE_SUB_AGENT)
        return is_run or self.stored.duplicate_of != self.duplicate_of or (self.stored.is_fixed and not self.is_fixed)


def apply(cursor: psycopg.Cursor[Any], moves: Iterable[Move]) -> None:
    """Move requests; a constant number of statements, and a few for each session that some of its requests leave."""
    ordered = sorted(moves, key=lambda move: (move.home.session_id, move.key_id))
    stay = [move for move in ordered if not move.leaves]
    leave = [move for move in ordered if move.leaves]
    _relabel(cursor, stay)
    if not ordered:
        return
    lists = part_lists.of_requests(cursor, [move.stored for move in leave]) if leave else {}
    uncovered: dict[Place, set[bytes]] = {}
    if leave:
        copied = _copy_parts(cursor, leave, lists)
        taken = search.take(cursor, [search.where(move.stored) for move in leave])
        for statement in ("move_requests", "delete_moved_requests"):
            cursor.execute(sql.load(statement), _columns(leave))
        cursor.execute(sql.load("move_request_keys"), _columns(leave))
        redirect(cursor, [(move.stored.log_id, move.key_id) for move in leave])
        _ensure_sessions(cursor, leave)
        rollups.add_stored(cursor, [(move.log_id, move.home.session_id, move.stored.bucket) for move in leave])
        search.write_again(cursor, _covers(cursor, leave, lists, taken, copied))
        uncovered = search.by_place(taken)
    tidy(cursor, [(move.key_id, move.stored, lists[move.stored.log_id]) for move in leave], uncovered)


def tidy(
    cursor: psycopg.Cursor[Any],
    gone: Sequence[tuple[uuid.UUID, StoredAt, PartLists]],
    uncovered: Mapping[Place, set[bytes]],
) -> None:
    """Clean up after requests that left their sessions, each with its key, where it was and its parts there.

    Parts that no request needs are deleted; of `uncovered` ones, which the search index lost, the others are found
    again. A session without requests is deleted, and its id leads to where its first request went.
    """
    left: dict[uuid.UUID, list[tuple[uuid.UUID, StoredAt, PartLists]]] = defaultdict(list)
    for item in gone:
        left[item[1].session_id].append(item)
    emptied = _delete_empty(cursor, left) if left else set()
    survivors = [(session_id, min(key_id for key_id, _, _ in left[session_id])) for session_id in emptied]
    redirect(cursor, survivors)
    tags.follow(cursor, survivors)
    dismissals.follow(cursor, survivors)
    names.follow(cursor, survivors)
    rest = {session_id: items for session_id, items in sorted(left.items()) if session_id not in emptied}
    rollups.recompute(cursor, rest)
    for session_id, items in rest.items():
        by_bucket: dict[date, list[PartLists]] = defaultdict(list)
        for _, stored, lists in items:
            by_bucket[stored.bucket].append(lists)
        for bucket, unneeded in sorted(by_bucket.items()):
            pruning.prune(cursor, session_id, bucket, unneeded, uncovered.get((session_id, bucket), set()))


def redirect(cursor: psycopg.Cursor[Any], moved: Sequence[tuple[uuid.UUID, uuid.UUID]]) -> None:
    """Remember which keys old ids of requests and sessions lead to."""
    if moved:
        rows = sorted(moved)
        params = {"id": [row[0] for row in rows], "key_id": [row[1] for row in rows]}
        cursor.execute(sql.load("upsert_moved_ids"), params)


def _relabel(cursor: psycopg.Cursor[Any], moves: list[Move]) -> None:
    """Note why requests stay where they are. Usually that changes only the rules of a session."""
    if not moves:
        return
    cursor.execute(sql.load("relabel_requests"), _columns(moves))
    search.write_again(cursor, {search.where(move.stored): () for move in moves if move.stored.rule != move.home.rule})
    changed: dict[uuid.UUID, Relabelled] = defaultdict(Relabelled)
    for move in moves:
        session = changed[move.home.session_id]
        session.rules.update({move.home.rule: 1})
        session.rules.subtract({move.stored.rule: 1})
        if move.is_fixed:
            session.rank = min(session.rank, CHOSEN_RANK if move.home.rule in CHOSEN_RULES else MANUAL_RANK)
    rollups.relabel(cursor, changed)
    rollups.recompute(cursor, {move.home.session_id for move in moves if move.changes_sums})


def _columns(moves: Sequence[Move]) -> dict[str, list[Any]]:
    return {
        "key_id": [move.key_id for move in moves],
        "id": [move.stored.log_id for move in moves],
        "session_id": [move.stored.session_id for move in moves],
        "bucket": [move.stored.bucket for move in moves],
        "new_id": [move.log_id for move in moves],
        "new_session_id": [move.home.session_id for move in moves],
        "rule": [move.home.rule for move in moves],
        "rule_detail": [move.home.detail for move in moves],
        "weak": [move.weak for move in moves],
        "duplicate_of": [move.duplicate_of for move in moves],
    }


def _copy_parts(
    cursor: psycopg.Cursor[Any], moves: list[Move], lists: dict[uuid.UUID, PartLists]
) -> dict[Place, set[bytes]]:
    """Copy parts of these requests to where they go, if they are not there. Returns those of them that have text."""
    wanted: dict[tuple[uuid.UUID, date, uuid.UUID], list[PartLists]] = defaultdict(list)
    for move in moves:
        wanted[move.stored.session_id, move.stored.bucket, move.home.session_id].append(lists[move.stored.log_id])
    rows = sorted(
        (home, ids.part_id(home, digest), session_id, ids.part_id(session_id, digest), bucket)
        for (session_id, bucket, home), of_requests in wanted.items()
        for digest in part_lists.digests(cursor, session_id, bucket, of_requests)
    )
    if not rows:
        return {}
    names = ("new_session_id", "new_id", "session_id", "id", "bucket")
    params = {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    cursor.execute(sql.load("copy_parts"), params)
    copied: dict[Place, set[bytes]] = defaultdict(set)
    for part_id, session_id, bucket, kind in cursor.fetchall():
        if kind in search.SEARCHED:
            copied[session_id, bucket].add(ids.part_digest(part_id))
    return copied


def _covers(
    cursor: psycopg.Cursor[Any],
    moves: list[Move],
    lists: dict[uuid.UUID, PartLists],
    taken: Mapping[Where, Taken],
    copied: Mapping[Place, set[bytes]],
) -> dict[Where, set[bytes]]:
    """By which copied parts each moved request is found: those that it brought, then those that it refers to first."""
    found: dict[Where, set[bytes]] = {}
    places: dict[Place, list[Move]] = defaultdict(list)
    for move in moves:
        places[move.home.session_id, move.stored.bucket].append(move)
    for (session_id, bucket), some in places.items():
        rest = set(copied.get((session_id, bucket), ()))
        for move in some:
            row = taken.get(search.where(move.stored))
            own = found[move.log_id, session_id, bucket] = rest & row.digests if row else set()
            rest -= own
        refers = [(move.log_id, lists[move.stored.log_id]) for move in some]
        for log_id, own in part_lists.first_to_refer(cursor, session_id, bucket, refers, rest).items():
            found[log_id, session_id, bucket] |= own
    return found


def _ensure_sessions(cursor: psycopg.Cursor[Any], moves: list[Move]) -> None:
    """Insert rows for new sessions; their roll-ups are computed next."""
    rows = {move.home.session_id: move for move in moves}
    cursor.execute(
        sql.load("ensure_sessions"),
        {
            "id": list(rows),
            "project_id": [move.project_id for move in rows.values()],
            "session_key": [move.home.session_key for move in rows.values()],
        },
    )


def _delete_empty(cursor: psycopg.Cursor[Any], session_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Delete those of these sessions that have no request left, with their parts. Returns their ids."""
    cursor.execute(sql.load("delete_empty_sessions"), {"ids": sorted(session_ids)})
    deleted = sorted(cursor.fetchall())
    rows = [(session_id, bucket, *ids.id_range(session_id)) for session_id, buckets in deleted for bucket in buckets]
    if rows:
        names = ("session_id", "bucket", "first", "last")
        columns = {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
        cursor.execute(sql.load("delete_left_parts"), columns)
    return {session_id for session_id, _ in deleted}
