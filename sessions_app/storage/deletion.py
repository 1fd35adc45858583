"""Delete sessions and single requests with everything that belongs to them, and report what was deleted.

The hot tables have no foreign keys, so each table is named here. An advisory lock keeps the project's digesters out: a
batch relies on the parts that it has found until it commits.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection, transaction

from sessions_app import ids
from sessions_app.models import (
    ApiKey,
    Assignment,
    ContradictingCopy,
    Correction,
    InboxEntry,
    InboxUsage,
    Project,
    RejectedLog,
    RequestLog,
    Reroute,
    SearchBacklog,
    Session,
    TraceSpan,
)
from sessions_app.storage import mentions, pruning, rollups, search, sql
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.locks import lock_digest
from sessions_app.storage.mentions import Mentions
from sessions_app.storage.part_lists import PartLists

# Digesters wait for the transaction, so this is about as much as one should delete.
CHUNK_REQUESTS = 2_000
CHUNK_SESSIONS = 200
TABLES = ("session", "request_log", "part", "request_search", "request_key", "link")


@dataclass(slots=True)
class Removed:
    """Rows deleted from one table, and the bytes that they took in the database, without indexes."""

    rows: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Receipt:
    """What a deletion removed, by table, and what is left that mentions it."""

    tables: dict[str, Removed] = field(default_factory=lambda: {name: Removed() for name in TABLES})
    mentions: Mentions = field(default_factory=Mentions)

    def add(self, table: str, rows: int, size: int) -> None:
        removed = self.tables.setdefault(table, Removed())
        removed.rows += rows
        removed.bytes += size

    def add_some(self, table: str, rows: int, size: int) -> None:
        """Add rows of a table that is only listed when it had some."""
        if rows:
            self.add(table, rows, size)

    def merge(self, other: Receipt) -> None:
        for table, removed in other.tables.items():
            self.add(table, removed.rows, removed.bytes)
        self.mentions.merge(other.mentions)

    def note(self, mentions: Mentions) -> None:
        """Add what the search for mentions found. Rejected logs that it deleted are listed as a table."""
        self.add_some("rejected_log", mentions.deleted, mentions.deleted_bytes)
        self.mentions.merge(mentions)

    @property
    def sessions(self) -> int:
        return self.tables["session"].rows

    @property
    def requests(self) -> int:
        return self.tables["request_log"].rows

    @property
    def rows(self) -> int:
        return sum(removed.rows for removed in self.tables.values())

    @property
    def bytes(self) -> int:
        return sum(removed.bytes for removed in self.tables.values())


def delete_sessions(project_id: int, session_ids: Iterable[uuid.UUID]) -> Receipt:
    """Delete these sessions of a project; unknown ids are skipped. One transaction for each chunk."""
    receipt = Receipt()
    for chunk in _chunks(project_id, sorted(set(session_ids))):
        names: set[str] = set()
        with transaction.atomic():
            _lock_out_digesters(project_id)
            for session_id in chunk:
                names |= _names_of_session(project_id, session_id)
                receipt.merge(_delete_session(project_id, session_id))
            forget_keys(project_id, chunk)
        # Outside the transaction, so that digesters do not wait for it.
        receipt.note(mentions.remove(project_id, names))
    return receipt


def delete_requests(project_id: int, request_log_ids: Iterable[uuid.UUID]) -> Receipt:
    """Delete single requests, with the parts that no other request needs, and compute the roll-ups again.

    A session of which nothing is left is deleted.
    """
    receipt = Receipt()
    found = RequestLog.objects.filter(project_id=project_id, id__in=sorted(set(request_log_ids)))
    by_session: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for session_id, request_log_id in found.values_list("session_id", "id"):
        by_session[session_id].append(request_log_id)
    for session_id in sorted(by_session):
        with transaction.atomic():
            _lock_out_digesters(project_id)
            names = _names_of_requests(project_id, session_id, by_session[session_id])
            deleted = _delete_requests(project_id, session_id, by_session[session_id])
            if deleted.sessions:
                forget_keys(project_id, [session_id])
            receipt.merge(deleted)
        receipt.note(mentions.remove(project_id, names))
    return receipt


def forget_keys(project_id: int, session_ids: Sequence[uuid.UUID]) -> None:
    """Remove the keys of deleted sessions from corrections. Who corrected what, and when, is kept."""
    with connection.cursor() as cursor:
        cursor.execute(sql.load("delete_reroutes"), {"session_ids": list(session_ids)})
    gone = {str(session_id) for session_id in session_ids}
    for correction in Correction.objects.filter(project_id=project_id).only("id", "before"):
        rows = [*correction.before.get("assignments", {}).values()]
        rows += [row for _, _, row in correction.before.get("reroutes", ())]
        named = [row for row in rows if row and row[0] in gone and row[1] is not None]
        for row in named:
            row[1] = None
        if named:
            correction.save(update_fields=["before"])


def _names_of_session(project_id: int, session_id: uuid.UUID) -> set[str]:
    """The ids by which a rejected log may name a session: its key, and the ids of its requests and traces."""
    found = Session.objects.filter(id=session_id, project_id=project_id).values_list("session_key", "buckets").first()
    if found is None:
        return set()
    rows = _rows("names_of_requests", session_id=session_id, buckets=found[1], ids=None)
    return {name for name, *_ in [(found[0],), *rows] if name}


def _names_of_requests(project_id: int, session_id: uuid.UUID, request_log_ids: list[uuid.UUID]) -> set[str]:
    """The ids by which a rejected log may name these requests. If they are all of the session, those of the session."""
    buckets = _buckets(project_id, session_id)
    if buckets is None or _are_all(session_id, buckets, request_log_ids):
        return _names_of_session(project_id, session_id)
    rows = _rows("names_of_requests", session_id=session_id, buckets=buckets, ids=request_log_ids)
    return {name for (name,) in rows}


def _buckets(project_id: int, session_id: uuid.UUID) -> list[date] | None:
    """The months of a session, or None if it does not exist."""
    session = Session.objects.filter(id=session_id, project_id=project_id)
    return session.values_list("buckets", flat=True).first()


def _are_all(session_id: uuid.UUID, buckets: list[date], request_log_ids: list[uuid.UUID]) -> bool:
    """Whether nothing of a session is left without these. Steps are rows as well, which `request_count` leaves out."""
    rows = RequestLog.objects.filter(session_id=session_id, bucket__in=buckets)
    return not rows.exclude(id__in=request_log_ids).exists()


def delete_project(project: Project, most_sessions: int | None = None) -> Receipt:
    """Delete a project with everything in it. Its API keys and the inbox go first, so that nothing new arrives.

    With more than `most_sessions`, the project and the rest of them stay: call it again.
    """
    receipt = Receipt()
    for first in (ApiKey, InboxEntry, InboxUsage, RejectedLog):
        receipt.add(first._meta.db_table, first.objects.filter(project_id=project.pk).delete()[0], 0)
    latest = Session.objects.filter(project_id=project.pk).order_by("-last_at", "-id").values_list("id", flat=True)
    while session_ids := list(latest[:CHUNK_SESSIONS]):
        if most_sessions is not None and receipt.sessions >= most_sessions:
            return receipt
        receipt.merge(delete_sessions(project.pk, session_ids))
    corrections = Correction.objects.filter(project_id=project.pk)
    Assignment.objects.filter(correction_id__in=corrections.values("id")).delete()
    for last in (Correction, Reroute, TraceSpan, ContradictingCopy, SearchBacklog):
        last.objects.filter(project_id=project.pk).delete()
    # Logs that were being digested while the keys went may have been rejected since.
    receipt.add(RejectedLog._meta.db_table, RejectedLog.objects.filter(project_id=project.pk).delete()[0], 0)
    receipt.add(Project._meta.db_table, project.delete()[0], 0)
    return receipt


def _chunks(project_id: int, session_ids: list[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
    """Those sessions that exist, in chunks that one transaction should delete."""
    for start in range(0, len(session_ids), CHUNK_SESSIONS):
        some = session_ids[start : start + CHUNK_SESSIONS]
        rows = Session.objects.filter(project_id=project_id, id__in=some).values_list("id", "request_count")
        chunk: list[uuid.UUID] = []
        requests = 0
        for session_id, count in sorted(rows):
            if chunk and requests + count > CHUNK_REQUESTS:
                yield chunk
                chunk, requests = [], 0
            chunk.append(session_id)
            requests += count
        if chunk:
            yield chunk


def _lock_out_digesters(project_id: int) -> None:
    with connection.cursor() as cursor:
        lock_digest(cursor, project_id)


def _delete_session(project_id: int, session_id: uuid.UUID) -> Receipt:
    receipt = Receipt()
    deleted = _rows("delete_session", session_id=session_id, project_id=project_id)
    for buckets, size in deleted:
        receipt.add("session", 1, size)
        first, last = ids.id_range(session_id)
        where = {"session_id": session_id, "buckets": buckets, "first": first, "last": last}
        receipt.add("request_log", *_rows("delete_session_requests", **where)[0])
        receipt.add("part", *_rows("delete_session_parts", **where)[0])
        receipt.add("request_search", *_rows("delete_session_search", **where)[0])
        receipt.add_some("session_tag", *_rows("delete_session_tags", session_id=session_id)[0])
        receipt.add_some("dismissed_finding", *_rows("delete_dismissals", session_id=session_id)[0])
        receipt.add_some("session_name", *_rows("delete_session_names", session_id=session_id)[0])
        _delete_keys(receipt, "delete_session_keys", session_id=session_id)
    return receipt


def _delete_requests(project_id: int, session_id: uuid.UUID, request_log_ids: list[uuid.UUID]) -> Receipt:
    buckets = _buckets(project_id, session_id)
    if buckets is None:
        return Receipt()
    if _are_all(session_id, buckets, request_log_ids):
        return _delete_session(project_id, session_id)
    receipt = Receipt()
    rows = _rows("delete_requests", session_id=session_id, buckets=buckets, ids=request_log_ids)
    unneeded: dict[date, list[PartLists]] = defaultdict(list)
    for bucket, *lists, size, _ in rows:
        receipt.add("request_log", 1, size)
        unneeded[bucket].append((bytes(lists[0]), bytes(lists[1]), bytes(lists[2])))
    _delete_keys(receipt, "delete_request_keys", session_id=session_id, ids=request_log_ids)
    with binary_cursor() as cursor:
        taken = search.take(cursor, [(row[-1], session_id, row[0]) for row in rows])
        receipt.add("request_search", len(taken), sum(row.size for row in taken.values()))
        uncovered = search.by_place(taken)
        for bucket, lists_of_bucket in unneeded.items():
            parts = pruning.prune(
                cursor, session_id, bucket, lists_of_bucket, uncovered.get((session_id, bucket), set())
            )
            receipt.add("part", *parts)
        rollups.recompute(cursor, [session_id])
    return receipt


def _delete_keys(receipt: Receipt, statement: str, **where: Any) -> None:
    """Delete idempotency keys, and everything that refers to their requests."""
    count, size, key_ids = _rows(statement, **where)[0]
    receipt.add("request_key", count, size)
    receipt.add("link", *_rows("delete_links", key_ids=key_ids)[0])
    receipt.add_some("contradicting_copy", *_rows("delete_contradicting_copies", key_ids=key_ids)[0])
    with connection.cursor() as cursor:
        for other in ("delete_moved_ids", "delete_assignments", "delete_trace_spans"):
            cursor.execute(sql.load(other), {"key_ids": key_ids})


def _rows(statement: str, **parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql.load(statement), parameters)
        rows: list[Any] = cursor.fetchall()
        return rows
