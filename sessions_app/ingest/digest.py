"""The digester: claims bodies from the inbox and stores their logs, in one transaction with their removal.

A crash at any point repeats the work; idempotency keys make the repetition harmless.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.conf import settings
from django.db import transaction

from sessions_app.documents import ArrayMemory
from sessions_app.ingest.accept import check_item
from sessions_app.ingest.completion import merge_logs
from sessions_app.ingest.grouping import Grouper
from sessions_app.ingest.prepare import prepare
from sessions_app.ingest.turns import GiveWayError, Turns, wait_for
from sessions_app.linking import Node
from sessions_app.messages import Meanings, MessageReader
from sessions_app.models import Project
from sessions_app.records import WireFormatError
from sessions_app.storage import buckets, inbox, links, moving, rollups, traces, writer
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.inbox import Entry, Rejection
from sessions_app.storage.locks import LOCK_DIGEST, LOCK_GROUPING
from sessions_app.storage.moving import Move
from sessions_app.storage.reader import read_log
from sessions_app.storage.writer import Place, PreparedLog
from sessions_app.wire import format_of

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
_RETRIED = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
# Faults of the data, not of the database: the batch is halved until the bad log is alone.
_BLAMED = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, ValueError, OverflowError)


@dataclass(slots=True)
class DigestStats:
    """What a run stored: bodies finished; logs new, completed by a later copy, repeated, rejected; other spans."""

    bodies: int = 0
    new: int = 0
    completed: int = 0
    duplicates: int = 0
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

    def is_full(self) -> bool:
        logs_full = len(self.logs) >= settings.LOGSUI_DIGEST_BATCH_LOGS
        return logs_full or self.read_bytes >= settings.LOGSUI_DIGEST_BATCH_BYTES


class Memory:
    """What the digesters of a process remember of the conversations that they read."""

    def __init__(self) -> None:
        self.arrays = ArrayMemory()
        self.meanings: Meanings = {}


class Digester:
    """Digests batch after batch on this thread's connection. Threads may share a memory."""

    def __init__(self, memory: Memory | None = None) -> None:
        memory = memory or Memory()
        self.reader = MessageReader(memory.meanings)
        self.memory = memory.arrays
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
            entries = self.turns.claim(cursor)
            if not entries:
                return None
            # After the claim, whose result with all its bodies the cursor lets go with the next statement.
            wait_for(cursor, LOCK_DIGEST, entries[0].project_id, shared=True)
            self.reader.start_batch()
            batch = self._read(entries)
            self._lock_project(cursor, batch.logs)
            stats = self._store(cursor, batch.logs, batch)
            inbox.reject(cursor, batch.rejections)
            inbox.finish(cursor, batch.finished)
            if batch.advanced:
                inbox.advance(cursor, *batch.advanced)
        stats.bodies, stats.rejected = len(batch.finished), len(batch.rejections)
        return stats

    # --- reading ------------------------------------------------------------------------------------------------

    def _read(self, entries: Sequence[Entry]) -> _Batch:
        batch = _Batch()
        for entry in entries:
            if batch.is_full():
                break
            self._read_entry(entry, batch)
        return batch

    def _read_entry(self, entry: Entry, batch: _Batch) -> None:
        if entry.project_key is None:
            batch.finished.append(entry.id)
            return
        body = entry.take_body()
        try:
            items = format_of(entry.source).split_body(body, entry.content_type)
        except (WireFormatError, KeyError) as error:
            batch.rejections.append(_rejection(entry, body, error))
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
            batch.logs.append(prepare(entry.project_id, entry.project_key, record, self.reader))
            # A history that was compared and not read takes no room in the batch.
            base = record.document.input.base
            batch.read_bytes -= len(base.text) if base else 0
        except WireFormatError as error:
            batch.rejections.append(_rejection(entry, bytes(item.raw), error))
        except Exception as error:  # A log must never stop the digester, whatever is wrong with it or with us.
            log.exception("a log could not be read")
            batch.rejections.append(_rejection(entry, bytes(item.raw), error))

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
        self._store_spans(cursor, [entry for entry in distinct if entry.key_id not in stored])
        others = [entry for entry in distinct if entry.is_other_span]
        distinct = [entry for entry in distinct if not entry.is_other_span]
        moves = self._group(cursor, [entry for entry in distinct if entry.key_id not in stored], others=others)
        places = writer.claim_keys(cursor, distinct)
        fresh = [entry for entry in distinct if entry.key_id not in places]
        new = writer.insert_logs(cursor, fresh, self.reader)
        moving.apply(cursor, moves)
        rollups.count_retries(cursor, {entry.session_id for entry in new})
        changed = [e for e in distinct if e.key_id in places and places[e.key_id].content_hash != e.content_hash]
        completed = self._complete(cursor, changed, places)
        spans = sum(entry.copies for entry in others)
        duplicates = len(logs) - spans - len(new) - completed
        return DigestStats(new=len(new), completed=completed, duplicates=duplicates, others=spans)

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
        """One log for each key: copies within the batch are merged before anything is written."""
        found: dict[uuid.UUID, PreparedLog] = {}
        for entry in logs:
            earlier = found.get(entry.key_id)
            if earlier is None:
                found[entry.key_id] = entry
                continue
            merged = earlier
            if earlier.content_hash != entry.content_hash:
                merged = self._merged(_log_bytes(earlier), entry)
            merged.copies = earlier.copies + entry.copies
            found[entry.key_id] = merged
        return list(found.values())

    def _complete(self, cursor: psycopg.Cursor[Any], logs: list[PreparedLog], places: dict[uuid.UUID, Place]) -> int:
        """Complete stored requests by later copies that say more. Rare, so one by one."""
        completed = 0
        for entry in logs:
            # Asked each time: what was stored before may have moved it.
            before = links.load_nodes(cursor, {entry.project_id: entry.project_key}, [entry.key_id])
            place = before[0].stored if before else None
            stored = read_log(cursor, place.log_id, place.session_id, place.bucket) if place else None
            if stored is None:
                log.warning("the request of key %s is gone", entry.key_id)
                continue
            merged = self._merged(stored, entry)
            if merged.content_hash != places[entry.key_id].content_hash:
                self._must_be_alone()
                self._replace(cursor, before[0], merged)
                completed += 1
        return completed

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

    def _merged(self, stored: bytes, entry: PreparedLog) -> PreparedLog:
        record = entry.record
        wire = format_of(record.source)
        merge = getattr(wire, "merged", merge_logs)
        united = merge(stored, _log_bytes(entry))
        again = wire.read_log(united, record.received_at, record.dedupe_key)
        # The key is what made the two one; it must not change with what the merged copy says.
        again.dedupe_key = record.dedupe_key
        return prepare(entry.project_id, entry.project_key, again, self.reader)


class _MustBeAloneError(Exception):
    """The batch moves what is stored, which it may only do when no other batch links in its projects meanwhile."""


_SESSION_SETTINGS = """
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL client_min_messages = warning
"""


def generated_request_id(project_key: uuid.UUID, entry_id: int, received_at: datetime, index: int) -> str:
    """The request id of a log that brings none: the same whenever the entry is digested again."""
    name = f"{project_key}:{entry_id}:{received_at.astimezone(UTC).isoformat()}:{index}"
    return f"log_{hashlib.sha256(name.encode()).hexdigest()[:24]}"


def _log_bytes(entry: PreparedLog) -> bytes:
    return entry.record.document.joined()


def _rejection(entry: Entry, raw: bytes, error: Exception) -> Rejection:
    reason_type = error.type if isinstance(error, WireFormatError) else "internal_error"
    named = getattr(error, "field", None) or ""
    reason = str(error) or type(error).__name__
    return Rejection(entry.project_id, entry.source, entry.received_at, raw, reason_type, _storable(reason), named)


def _unstorable(entry: PreparedLog, error: Exception) -> Rejection:
    record = entry.record
    reason = _storable(f"could not be stored: {error}")
    return Rejection(entry.project_id, record.source, record.received_at, _log_bytes(entry), "unstorable", reason)


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()[:2000]


def digest_until_empty() -> DigestStats:
    """Digest until nothing waits that another digester does not hold."""
    digester = Digester()
    total = DigestStats()
    while (stats := digester.digest_batch()) is not None:
        total += stats
    return total
