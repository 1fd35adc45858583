"""The digester: it claims bodies from the inbox, and stores their logs and deletes the bodies in one transaction.

A crash at any point only repeats the work: idempotency keys keep logs from being stored twice.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import psycopg
from django.conf import settings
from django.db import transaction

from sessions_app.content.array_memory import ArrayMemory
from sessions_app.content.message_reader import CanonicalForms, MessageReader
from sessions_app.ingest import copies
from sessions_app.ingest.accept import check_item
from sessions_app.ingest.prepare import prepare, storable
from sessions_app.ingest.storing import BatchWriter, DigestStats, MustBeAloneError
from sessions_app.ingest.turns import GiveWayError, Turns, wait_for
from sessions_app.records import WireFormatError
from sessions_app.storage import inbox
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.inbox import Entry, Rejection
from sessions_app.storage.locks import LOCK_DIGEST, LOCK_GROUPING
from sessions_app.storage.prepared import PreparedLog
from sessions_app.wire import WireItem, format_of

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
REASON_CHARS = 2_000
_RETRIED = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
# Faults of the data, not of the database. The batch is halved until the bad log is alone.
_BLAMED = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, ValueError, OverflowError)


@dataclass(slots=True)
class Batch:
    """The logs of one transaction, and what happens to the inbox entries that they came from."""

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
    """What the digesters of a process remember of the conversations that they have read."""

    def __init__(self) -> None:
        self.arrays = ArrayMemory()
        self.canonical_forms: CanonicalForms = {}


class Digester:
    """Digests one batch after another, on this thread's connection. Threads may share a memory.

    `working_on` is called with the entries of each batch before anything of them is read.
    """

    def __init__(
        self, memory: Memory | None = None, working_on: Callable[[Sequence[Entry]], object] = lambda entries: None
    ) -> None:
        memory = memory or Memory()
        self.reader = MessageReader(memory.canonical_forms)
        self.memory = memory.arrays
        self.working_on = working_on
        self.turns = Turns()
        # Whether the batch keeps others from linking in the project, so that it may move stored requests.
        self._alone = False

    def digest_batch(self) -> DigestStats | None:
        """Digest one batch; None when the inbox is empty. A batch that failed because of other writers is repeated."""
        self._alone = False
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                stats = self._digest_once()
                return DigestStats() if stats is None and self.turns.rest() else stats
            except MustBeAloneError:
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
            cursor.execute(_SESSION_SETTINGS, prepare=False)
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

    def _new_batch(self) -> Batch:
        return Batch()

    def _conclude(self, cursor: psycopg.Cursor[Any], batch: Batch) -> None:
        """Finish the entries, in the transaction that stored their logs."""
        inbox.reject(cursor, batch.rejections)
        inbox.finish(cursor, batch.finished)
        if batch.advanced:
            inbox.advance(cursor, *batch.advanced)

    # --- reading ------------------------------------------------------------------------------------------------

    def _read(self, entries: Sequence[Entry]) -> Batch:
        batch = self._new_batch()
        for entry in inbox.with_bodies(entries):
            self._read_entry(entry, batch)
            if batch.is_full():
                break
        return batch

    def _read_entry(self, entry: Entry, batch: Batch) -> None:
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

    def _read_item(self, entry: Entry, index: int, item: WireItem, batch: Batch) -> None:
        wire = format_of(entry.source)
        size = len(item.raw)
        batch.read_bytes += size
        try:
            if item.error or size > settings.LOGSUI_MAX_LOG_BYTES:
                check_item(wire, item)
            assert entry.project_key is not None
            generated = generated_request_id(entry.project_key, entry.id, entry.received_at, index)
            record = wire.read_log(item.raw, _received_at(entry, index), generated, self.memory)
            prepared = prepare(entry.project_id, entry.project_key, record, self.reader)
            prepared.position = (entry.id, index)
            batch.logs.append(prepared)
            # A history that was only compared takes no memory in the batch.
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

    def _store(self, cursor: psycopg.Cursor[Any], logs: list[PreparedLog], batch: Batch) -> DigestStats:
        """Store logs. If the data is at fault, halve them until the bad log is alone, and reject that one."""
        if not logs:
            return DigestStats()
        try:
            with transaction.atomic():
                return BatchWriter(cursor, self.reader, self._alone).store(logs)
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
        """Keep other digesters from linking the same requests meanwhile.

        Requests whose callers chose their session depend on no other request, so batches of such requests run in
        parallel.
        """
        self._alone = self._alone or any(log.node.chosen is None or log.node.span for log in logs)
        if logs:
            wait_for(cursor, LOCK_GROUPING, logs[0].project_id, shared=not self._alone)


# A plan is kept for as long as the connection lives. It must not be one that reads a table from end to end, which is
# right while the table is small, and it must not depend on the values.
_SESSION_SETTINGS = """
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off; SET LOCAL jit = off;
SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL client_min_messages = warning
"""


def generated_request_id(project_key: uuid.UUID, entry_id: int, received_at: datetime, index: int) -> str:
    """The request id of a log without one. Digesting the entry again gives the same id."""
    hashed = _hash_of_entry(project_key, entry_id, received_at).copy()
    hashed.update(b"%d" % index)
    return f"log_{hashed.hexdigest()[:24]}"


# The logs of an entry are read one after the other.
@lru_cache(maxsize=4)
def _hash_of_entry(project_key: uuid.UUID, entry_id: int, received_at: datetime) -> hashlib._Hash:
    return hashlib.sha256(f"{project_key}:{entry_id}:{received_at.astimezone(UTC).isoformat()}:".encode())


def _received_at(entry: Entry, index: int) -> datetime:
    """When a log was received. The logs of a body follow each other, so that those without a start keep their order."""
    return entry.received_at + timedelta(microseconds=index)


def rejection(entry: Entry, raw: bytes, error: Exception) -> Rejection:
    """The rejection of a log or body that cannot be understood, or must not be read."""
    reason_type = error.type if isinstance(error, WireFormatError) else "internal_error"
    named = getattr(error, "field", None) or ""
    reason = str(error) or type(error).__name__
    return Rejection(
        entry.project_id, entry.source, entry.received_at, raw, reason_type, storable(reason)[:REASON_CHARS], named
    )


def _unstorable(entry: PreparedLog, error: Exception) -> Rejection:
    record = entry.record
    reason = storable(f"could not be stored: {error}")[:REASON_CHARS]
    return Rejection(entry.project_id, record.source, record.received_at, copies.log_bytes(entry), "unstorable", reason)


def digest_until_empty() -> DigestStats:
    """Digest until nothing is left in the inbox, except for what other digesters hold."""
    digester = Digester()
    total = DigestStats()
    while (stats := digester.digest_batch()) is not None:
        total += stats
    return total
