"""The digester: claims bodies from the inbox and stores their logs, in one transaction with their removal.

A crash at any point repeats the work; idempotency keys make the repetition harmless.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.conf import settings
from django.db import transaction

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.message_reader import CanonicalForms, MessageReader
from sessions_app.ingest import copies
from sessions_app.ingest.accept import check_item
from sessions_app.ingest.grouping import Grouper
from sessions_app.ingest.prepare import prepare
from sessions_app.ingest.turns import GiveWayError, Turns, wait_for
from sessions_app.models import Project
from sessions_app.records import WireFormatError
from sessions_app.storage import buckets, contradictions, inbox, links, moving, rollups, traces, writer
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.contradictions import StoredCopy
from sessions_app.storage.inbox import Entry, Rejection
from sessions_app.storage.locks import LOCK_DIGEST, LOCK_GROUPING
from sessions_app.storage.moving import Move
from sessions_app.storage.reader import read_log
from sessions_app.storage.writer import Place, PreparedLog
from sessions_app.structure.grouping_rules import Node
from sessions_app.wire import format_of

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
_COMPLETED, _CONTRADICTS = "completed", "contradicts"
_RETRIED = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
# Faults of the data, not of the database: the batch is halved until the bad log is alone.
_BLAMED = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, ValueError, OverflowError)


@dataclass(slots=True)
class DigestStats:
    """What a run stored: bodies finished; logs new, completed by a later copy, repeated, rejected; other spans.

    `contradicting` are copies that say other things than the request that is stored; they are kept beside it.
    """

    bodies: int = 0
    new: int = 0
    completed: int = 0
    duplicates: int = 0
    contradicting: int = 0
    rejected: int = 0
    others: int = 0

    def __iadd__(self, other: DigestStats) -> DigestStats:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass(slots=True)
class _Batch:
    """The logs of one transaction, and what to do with the entries they came from."""

    logs: list[PreparedLog] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    advanced: tuple[int, int] | None = None
    read_bytes: int = 0
    most_logs: int = field(default_factory=lambda: settings.LOGSUI_DIGEST_BATCH_LOGS)

    def is_full(self) -> bool:
        logs_full = len(self.logs) + len(self.rejections) >= self.most_logs
        return logs_full or self.read_bytes >= settings.LOGSUI_DIGEST_BATCH_BYTES


class Memory:
    """What the digesters of a process remember of the conversations that they read."""

    def __init__(self) -> None:
        self.arrays = ArrayMemory()
        self.canonical_forms: CanonicalForms = {}


class Digester:
    """Digests batch after batch on this thread's connection. Threads may share a memory.

    `working_on` hears of the entries of each batch before anything of them is read.
    """

    def __init__(
        self, memory: Memory | None = None, working_on: Callable[[Sequence[Entry]], object] = lambda entries: None
    ) -> None:
        memory = memory or Memory()
        self.reader = MessageReader(memory.canonical_forms)
        self.memory = memory.arrays
        self.working_on = working_on
        self.turns = Turns()
        # Whether the batch has the project for itself, so that it may move what others stored.
        self._alone = False

    def digest_batch(self) -> DigestStats | None:
        """Digest one batch; None when the inbox is empty. Retries what other writers made fail."""
        self._alone = False
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                stats = self._digest_once()
                return DigestStats() if stats is None and self.turns.rest() else stats
            except _MustBeAloneError:
                self._alone = True
                self.turns.again()
            except GiveWayError:
                self.turns.leave()
                return DigestStats()
            except Exception as error:
                cause = error if isinstance(error, psycopg.Error) else error.__cause__
                if not isinstance(cause, _RETRIED) or attempt == MOST_ATTEMPTS:
                    raise
                log.info("batch repeated after %s", type(cause).__name__)
        return None

    def _digest_once(self) -> DigestStats | None:
        with transaction.atomic(), binary_cursor() as cursor:
            cursor.execute(_SESSION_SETTINGS)
            entries = self._claim(cursor)
            if not entries:
                return None
            self.working_on(entries)
            wait_for(cursor, LOCK_DIGEST, entries[0].project_id, shared=True)
            self.reader.start_batch()
            batch = self._read(entries)
            self._lock_project(cursor, batch.logs)
            stats = self._store(cursor, batch.logs, batch)
            self._conclude(cursor, batch)
        stats.bodies, stats.rejected = len(batch.finished), len(batch.rejections)
        return stats

    def _claim(self, cursor: psycopg.Cursor[Any]) -> list[Entry]:
        return self.turns.claim(cursor)

    def _new_batch(self) -> _Batch:
        return _Batch()

    def _conclude(self, cursor: psycopg.Cursor[Any], batch: _Batch) -> None:
        """What becomes of the entries, in the transaction that stored their logs."""
        inbox.reject(cursor, batch.rejections)
        inbox.finish(cursor, batch.finished)
        if batch.advanced:
            inbox.advance(cursor, *batch.advanced)

    # --- reading ------------------------------------------------------------------------------------------------

    def _read(self, entries: Sequence[Entry]) -> _Batch:
        batch = self._new_batch()
        for entry in inbox.with_bodies(entries):
            self._read_entry(entry, batch)
            if batch.is_full():
                break
        return batch

    def _read_entry(self, entry: Entry, batch: _Batch) -> None:
        if entry.project_key is None:
            batch.finished.append(entry.id)
            return
        body = entry.take_body()
        try:
            items = format_of(entry.source).split_body(body, entry.content_type)
        except (WireFormatError, KeyError) as error:
            batch.rejections.append(replace(rejection(entry, body, error), content_type=entry.content_type))
            batch.finished.append(entry.id)
            return
        for index in range(entry.digested_logs, len(items)):
            if batch.is_full():
                batch.advanced = (entry.id, index)
                return
            self._read_item(entry, index, items[index], batch)
        batch.finished.append(entry.id)

    def _read_item(self, entry: Entry, index: int, item: Any, batch: _Batch) -> None:
        wire = format_of(entry.source)
        size = len(item.raw)
        batch.read_bytes += size
        try:
            if item.error or size > settings.LOGSUI_MAX_LOG_BYTES:
                check_item(wire, item)
            assert entry.project_key is not None
            generated = generated_request_id(entry.project_key, entry.id, entry.received_at, index)
            record = wire.read_log(item.raw, entry.received_at, generated, self.memory)
            prepared = prepare(entry.project_id, entry.project_key, record, self.reader)
            prepared.position = (entry.id, index)
            batch.logs.append(prepared)
            # A history that was compared and not read takes no room in the batch.
            base = record.document.input.base
            batch.read_bytes -= len(base.text) if base else 0
        except WireFormatError as error:
            batch.rejections.append(rejection(entry, bytes(item.raw), error))
        except MemoryError:  # Other threads may be to blame; `ingest/suspects.py` finds out.
            raise
        except Exception as error:  # A log must never stop the digester, whatever is wrong with it or with us.
            log.exception("a log could not be read")
            batch.rejections.append(rejection(entry, bytes(item.raw), error))

    # --- storing ------------------------------------------------------------------------------------------------

    def _store(self, cursor: psycopg.Cursor[Any], logs: list[PreparedLog], batch: _Batch) -> DigestStats:
        """Store logs; when the data is at fault, halve them until the bad one is alone and reject it."""
        if not logs:
            return DigestStats()
        try:
            with transaction.atomic():
                return self._store_all(cursor, logs)
        except _BLAMED as error:
            if len(logs) == 1:
                log.warning("a log could not be stored: %s", error)
                batch.rejections.append(_unstorable(logs[0], error))
                return DigestStats()
            middle = len(logs) // 2
            stats = self._store(cursor, logs[:middle], batch)
            stats += self._store(cursor, logs[middle:], batch)
            return stats

    def _lock_project(self, cursor: psycopg.Cursor[Any], logs: list[PreparedLog]) -> None:
        """Keep other digesters from linking meanwhile what this batch links.

        Requests whose callers chose their sessions depend on no other request, so batches of these run side by side.
        """
        self._alone = self._alone or any(log.node.chosen is None or log.node.span for log in logs)
        if logs:
            wait_for(cursor, LOCK_GROUPING, logs[0].project_id, shared=not self._alone)

    def _store_all(self, cursor: psycopg.Cursor[Any], logs: list[PreparedLog]) -> DigestStats:
        buckets.ensure_partitions(entry.bucket for entry in logs)
        distinct = self._united(logs)
        stored = writer.stored_keys(cursor, distinct)
        distinct = self._with_stored_spans(cursor, distinct, stored)
        self._store_spans(cursor, [entry for entry in distinct if entry.key_id not in stored])
        # A copy of a request's span that looks like another one is a copy like any.
        others = [entry for entry in distinct if entry.is_other_span and entry.key_id not in stored]
        distinct = [entry for entry in distinct if not entry.is_other_span or entry.key_id in stored]
        moves = self._group(cursor, [entry for entry in distinct if entry.key_id not in stored], others=others)
        places = writer.claim_keys(cursor, distinct)
        fresh = [entry for entry in distinct if entry.key_id not in places]
        new = writer.insert_logs(cursor, fresh, self.reader)
        moving.apply(cursor, moves)
        rollups.count_retries(cursor, {entry.session_id for entry in new})
        contradicting = contradictions.add(cursor, [copy for entry in (*fresh, *others) for copy in entry.beside])
        again = [entry for entry in distinct if entry.key_id in places]
        completed, more = self._add_copies(cursor, again, places)
        contradicting += more
        spans = sum(entry.copies for entry in others)
        duplicates = len(logs) - spans - len(new) - completed - contradicting
        return DigestStats(0, len(new), completed, duplicates, contradicting, others=spans)

    def _with_stored_spans(
        self, cursor: psycopg.Cursor[Any], logs: list[PreparedLog], stored: set[uuid.UUID]
    ) -> list[PreparedLog]:
        """These logs, with spans that are kept with their trace alone completed by those that came."""
        contents = traces.contents(cursor, [entry for entry in logs if entry.key_id not in stored])
        if not contents:
            return logs
        return [
            copies.completed(entry, contents[entry.key_id], self.reader) if entry.key_id in contents else entry
            for entry in logs
        ]

    def _store_spans(self, cursor: psycopg.Cursor[Any], logs: list[PreparedLog]) -> None:
        spans = [entry for entry in logs if entry.node.span]
        if spans:
            projects = Project.objects.filter(id__in={entry.project_id for entry in spans}, keeps_other_spans=True)
            traces.store(cursor, spans, set(projects.values_list("id", flat=True)))

    def _group(
        self,
        cursor: psycopg.Cursor[Any],
        logs: list[PreparedLog],
        concerned: Iterable[uuid.UUID] = (),
        others: Sequence[PreparedLog] = (),
    ) -> list[Move]:
        """Settle logs in their sessions; returns what must move because they and `others` came."""
        nodes = [entry.node for entry in logs]
        links.assign(cursor, nodes)
        project_keys = {entry.project_id: entry.project_key for entry in [*logs, *others]}
        grouped = Grouper(cursor, project_keys).group(nodes, concerned, [entry.node for entry in others])
        if grouped.moves:
            self._must_be_alone()
        for entry in logs:
            entry.settle(grouped.homes[entry.key_id])
        return grouped.moves

    def _must_be_alone(self) -> None:
        if not self._alone:
            raise _MustBeAloneError

    def _united(self, logs: list[PreparedLog]) -> list[PreparedLog]:
        """One log for each key: copies within the batch are united before anything is written."""
        found: dict[uuid.UUID, list[PreparedLog]] = {}
        for entry in logs:
            found.setdefault(entry.key_id, []).append(entry)
        return [group[0] if len(group) == 1 else copies.united(group, self.reader) for group in found.values()]

    def _add_copies(
        self, cursor: psycopg.Cursor[Any], logs: list[PreparedLog], places: dict[uuid.UUID, Place]
    ) -> tuple[int, int]:
        """Add copies of stored requests: how many completed one, and how many contradict. Rare, so one by one."""
        completed = contradicting = 0
        for entry in logs:
            for copy in entry.pieces or [entry]:
                if copy.content_hash == places[entry.key_id].content_hash and not entry.pieces:
                    continue
                added = self._add_copy(cursor, copy)
                completed += added is _COMPLETED
                contradicting += added is _CONTRADICTS
        return completed, contradicting

    def _add_copy(self, cursor: psycopg.Cursor[Any], copy: PreparedLog) -> str:
        # Asked each time: what was stored before may have moved it.
        nodes = links.load_nodes(cursor, {copy.project_id: copy.project_key}, [copy.key_id])
        stored = contradictions.original(cursor, copy.key_id)
        place = nodes[0].stored if nodes else None
        body = read_log(cursor, place.log_id, place.session_id, place.bucket) if place else None
        if stored is None or body is None:
            log.warning("the request of key %s is gone", copy.key_id)
            return ""
        source, received_at, position, content_hash = stored
        before = copies.restored(copy, StoredCopy(source, received_at, position, body), self.reader)
        first, later = (before, copy) if before.position <= copy.position else (copy, before)
        if copy.content_hash == content_hash and first is before:
            return ""
        try:
            merged = copies.merged(first, later, self.reader)
        except copies.Contradiction as found:
            if first is before:
                return _CONTRADICTS if contradictions.add(cursor, [copies.contradicting(copy, found)]) else ""
            self._put_first(cursor, nodes[0], copy, before)
            return _CONTRADICTS
        if merged.content_hash == content_hash and merged.record.started_at == before.record.started_at:
            contradictions.set_position(cursor, copy.key_id, first.position)
            return ""
        self._must_be_alone()
        self._replace(cursor, nodes[0], merged)
        return _COMPLETED

    def _put_first(self, cursor: psycopg.Cursor[Any], before: Node, copy: PreparedLog, stored: PreparedLog) -> None:
        """Let a copy be the request that was received earlier than what is stored and contradicts it.

        All that is beside the request is compared with it anew, as if it had been digested first.
        """
        self._must_be_alone()
        beside = [copies.restored(copy, taken, self.reader) for taken in contradictions.take(cursor, copy.key_id)]
        self._replace(cursor, before, copy)
        for later in sorted([stored, *beside], key=lambda entry: entry.position):
            self._add_copy(cursor, later)

    def _replace(self, cursor: psycopg.Cursor[Any], before: Node, merged: PreparedLog) -> None:
        """Store a completed log; what continued its earlier copy is looked at again, for it may not any more."""
        assert before.stored
        buckets.ensure_partitions([merged.bucket])
        merged.node.stored = before.stored
        self._store_spans(cursor, [merged])
        concerned = links.continuing(cursor, before)
        links.delete(cursor, [merged.key_id])
        moves = self._group(cursor, [merged], concerned)
        writer.replace_log(cursor, before.stored, merged, self.reader)
        moving.apply(cursor, moves)
        rollups.count_retries(cursor, [before.stored.session_id, merged.session_id])


class _MustBeAloneError(Exception):
    """The batch moves what is stored, which it may only do when no other batch links in its projects meanwhile."""


_SESSION_SETTINGS = """
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL client_min_messages = warning
"""


def generated_request_id(project_key: uuid.UUID, entry_id: int, received_at: datetime, index: int) -> str:
    """The request id of a log that brings none: the same whenever the entry is digested again."""
    name = f"{project_key}:{entry_id}:{received_at.astimezone(UTC).isoformat()}:{index}"
    return f"log_{hashlib.sha256(name.encode()).hexdigest()[:24]}"


def rejection(entry: Entry, raw: bytes, error: Exception) -> Rejection:
    """For what of an entry can't be understood, or must not be read."""
    reason_type = error.type if isinstance(error, WireFormatError) else "internal_error"
    named = getattr(error, "field", None) or ""
    reason = str(error) or type(error).__name__
    return Rejection(entry.project_id, entry.source, entry.received_at, raw, reason_type, _storable(reason), named)


def _unstorable(entry: PreparedLog, error: Exception) -> Rejection:
    record = entry.record
    reason = _storable(f"could not be stored: {error}")
    return Rejection(entry.project_id, record.source, record.received_at, copies.log_bytes(entry), "unstorable", reason)


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()[:2000]


def digest_until_empty() -> DigestStats:
    """Digest until nothing waits that another digester does not hold."""
    digester = Digester()
    total = DigestStats()
    while (stats := digester.digest_batch()) is not None:
        total += stats
    return total
