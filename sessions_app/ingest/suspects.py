"""A log that kills the digester must not stop digestion: it is found and digested in a process of its own.

Before a batch is read, its inbox entries are noted in the database. The next digester finds notes of digesters that are
gone, and marks these entries as suspects. A separate process digests suspects one at a time, while all other entries
are digested as usual. Most suspects are innocent, and are stored. An entry that kills this process too is taken in ever
smaller pieces, until the log that does it is alone. When a log has done that MOST_STRIKES times, it is rejected without
being read.
"""

from __future__ import annotations

import logging
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError

from logsui import memory
from sessions_app.ingest.digest import Batch, Digester, rejection
from sessions_app.records import WireFormatError
from sessions_app.storage import suspects
from sessions_app.storage.connections import separate_connection
from sessions_app.storage.inbox import Entry
from sessions_app.wire import WireItem

log = logging.getLogger(__name__)

MOST_STRIKES = 3
# When an entry has ended a process this often, with whatever logs, the rest of it is rejected.
MOST_ENDINGS = 12
REASON_TYPE = "ended_the_digester"
LOOK_SECONDS = 1.0
# A process that digests suspects is hanging when it has said nothing for so long.
HANG_SECONDS = 180.0
# The exit status of that process when the database is down, which is no log's fault.
OUTAGE_STATUS = 75
# PostgreSQL's error codes that no log causes: shutting down or starting, another session's crash, connections, a full
# disk, others' locks, and what is missing in the installation.
_OUTAGES = ("57P0", "08", "53100", "53300", "55P03", "58", "42", "25006")
# How long suspects wait for other digesters' locks. Less than HANG_SECONDS, so that waiting is not taken for hanging.
LOCK_SECONDS = 30
DONE = "done"

Result = TypeVar("Result")


def is_outage(error: BaseException) -> bool:
    """Whether a batch failed for a reason that none of its logs can have caused."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if isinstance(cause, psycopg.Error) and cause.sqlstate:
        return cause.sqlstate.startswith(_OUTAGES)
    # Without a code, the connection could not be made or broke. In the middle of a batch, a log may have caused that.
    return False


class Notes:
    """What the threads of this digester are digesting. Safe to use in threads; connects when it is first needed."""

    def __init__(self) -> None:
        self.digester = 0
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = threading.Lock()
        self._entries: dict[int, Sequence[Entry]] = {}

    def note(self, thread: int, entries: Sequence[Entry]) -> None:
        """A thread is about to digest these. Raises psycopg.OperationalError when the database is down."""
        self.remember(thread, entries)
        ids = [entry.id for entry in entries]
        self.run(lambda connection: suspects.note(connection, self.digester, thread, ids))

    def remember(self, thread: int, entries: Sequence[Entry]) -> None:
        """Only in this process, for what it says when it ends."""
        self._entries[thread] = entries

    def forget(self, thread: int) -> None:
        self._entries.pop(thread, None)

    def accuse(self, thread: int) -> int:
        """Suspect what a thread was digesting when it failed; returns the number of entries.

        Raises psycopg.OperationalError when the database is down; call it again then.
        """
        ids = [entry.id for entry in self._entries.get(thread, ())]
        accused = self.run(lambda connection: suspects.accuse(connection, ids)) if ids else 0
        self.forget(thread)
        return accused

    def told(self) -> list[str]:
        """The entries being digested, as texts, the largest first."""
        entries = [entry for batch in list(self._entries.values()) for entry in batch]
        entries.sort(key=lambda entry: -entry.raw_bytes)
        return [
            f"inbox entry {entry.id} of project {entry.project_slug} ({entry.raw_bytes:,} bytes)" for entry in entries
        ]

    def run(self, use: Callable[[psycopg.Connection[Any]], Result]) -> Result:
        """What `use` returns. Nobody else uses the connection meanwhile."""
        with self._lock:
            if self._connection is None or self._connection.closed or self._connection.broken:
                self._connection = self._connect()
            return use(self._connection)

    def _connect(self) -> psycopg.Connection[Any]:
        connection = separate_connection()
        while not suspects.register(connection, number := secrets.randbelow(2**31)):
            pass
        # Drop the notes under the broken connection's number: this process lives, and its threads know what failed.
        if self.digester:
            suspects.drop_notes(connection, self.digester)
        self.digester = number
        return connection

    def close(self) -> None:
        """For a digester that ends with nothing left to do."""
        with suppress(psycopg.Error), self._lock:
            if self._connection is not None:
                suspects.drop_notes(self._connection, self.digester)
                self._connection.close()


# -- the process of its own --------------------------------------------------------------------------------------------


class SuspectDigester(Digester):
    """Digests suspects: a piece of one entry at a time."""

    suspect: suspects.Suspect | None = None

    def _claim(self, cursor: psycopg.Cursor[Any]) -> list[Entry]:
        cursor.execute("SELECT set_config('lock_timeout', %b, true)", [f"{LOCK_SECONDS}s"])
        self.suspect = suspects.claim(cursor)
        return [self.suspect.entry] if self.suspect else []

    def _new_batch(self) -> Batch:
        batch = super()._new_batch()
        if self.suspect and self.suspect.most_logs and self.suspect.endings < MOST_ENDINGS:
            batch.most_logs = min(batch.most_logs, self.suspect.most_logs)
        return batch

    def _read_item(self, entry: Entry, index: int, item: WireItem, batch: Batch) -> None:
        assert self.suspect
        if self.suspect.strikes < MOST_STRIKES and self.suspect.endings < MOST_ENDINGS:
            super()._read_item(entry, index, item, batch)
            return
        reason = _reason(self.suspect.strikes, self.suspect.endings, self.suspect.reason)
        raw = bytes(item.raw)
        batch.read_bytes += len(raw)
        batch.rejections.append(rejection(entry, raw, WireFormatError(reason, type=REASON_TYPE)))

    def _conclude(self, cursor: psycopg.Cursor[Any], batch: Batch) -> None:
        super()._conclude(cursor, batch)
        assert self.suspect
        if batch.finished:
            suspects.release(cursor, self.suspect.entry.id)
        else:
            suspects.acquit(cursor, self.suspect, settings.LOGSUI_DIGEST_BATCH_LOGS)


def _reason(strikes: int, endings: int, last: str) -> str:
    if strikes >= MOST_STRIKES:
        return f"the digester ended {strikes} times while it digested this alone, the last time: {last}"
    return f"the body that this was in ended the digester {endings} times, the last time: {last}"


def digest_suspects(tell: Callable[[str], None], notes: Notes) -> int:
    """Digest suspects until there are none; returns an exit status. `tell` gets an entry's id before it is digested,
    and why one failed.

    For a process of its own: anything that ends it here, even an error, ends it for good. `notes` stay in this process.
    """

    def working_on(entries: Sequence[Entry]) -> None:
        notes.remember(0, entries)
        tell(str(entries[0].id))

    digester = SuspectDigester(working_on=working_on)
    try:
        while digester.digest_batch() is not None:
            tell(DONE)
    except MemoryError:
        raise
    except Exception as error:
        if is_outage(error):
            log.warning("the database is not there: %s", type(error).__name__)
            return OUTAGE_STATUS
        log.exception("a suspect could not be digested")
        # Without the message, which may quote the log.
        tell(f"it failed with {type(error.__cause__ or error).__name__}")
        return 1
    return 0


# -- who starts it -----------------------------------------------------------------------------------------------------


class Warden(threading.Thread):
    """Finds what digesters left behind when they died, and has suspects digested in a process of its own."""

    def __init__(self, notes: Notes, command: Sequence[str]) -> None:
        super().__init__(name="warden")
        self.notes, self.command = notes, command
        self.stopping = threading.Event()
        self.process: subprocess.Popen[str] | None = None

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self.adopt()
                self.digest_all_apart()
            except (psycopg.Error, OperationalError, InterfaceError) as error:
                log.info("suspects are looked for again later: %s", type(error).__name__)
            except Exception:
                log.exception("suspects could not be looked for")
            self.stopping.wait(LOOK_SECONDS)

    def adopt(self) -> None:
        """Suspect what dead digesters were digesting. Called at the start, before anything is digested."""
        accused = self.notes.run(lambda connection: suspects.adopt(connection, self.notes.digester))
        if accused:
            log.warning("%d inbox entries were being digested when a digester ended: they are digested apart", accused)

    def digest_all_apart(self) -> None:
        """Until there are no suspects left, except for those that other processes hold."""
        while not self.stopping.is_set() and self.notes.run(suspects.are_waiting):
            if not self.digest_apart():
                return

    def digest_until_none_wait(self) -> None:
        """For `--until-empty`: returns when no suspects are left, whichever process digests them."""
        while not self.stopping.is_set() and self.notes.run(suspects.exist):
            time.sleep(LOOK_SECONDS / 4)

    def digest_apart(self) -> bool:
        """Run the process until it ends; False when the next one should be started later."""
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        hang = Deadline(self.process)
        told: list[str] = []
        assert self.process.stdout is not None
        with self.process, hang:
            if self.stopping.is_set():
                self.process.terminate()
            for line in self.process.stdout:
                hang.reset()
                told = [] if line.strip() == DONE else [*told, line.strip()]
        status = self.process.returncode
        if self.stopping.is_set() or status in (0, OUTAGE_STATUS):
            return status == 0
        return self.strike(told, f"no end after {HANG_SECONDS:g} s" if hang.met else ending(status))

    def strike(self, told: list[str], reason: str) -> bool:
        """The process ended while it digested the entry that it named last. False when it had named none."""
        if told and not told[-1].isdecimal():
            reason = told.pop()
        if not told:
            return False
        # There are several ids when the batch was repeated.
        entry_id, batch_logs = int(told[-1]), settings.LOGSUI_DIGEST_BATCH_LOGS
        counts = self.notes.run(lambda connection: suspects.strike(connection, entry_id, reason, batch_logs))
        log.error("the digester of suspects ended while it digested inbox entry %d: %s", entry_id, reason)
        # By now its logs should have been rejected one by one, but it cannot even be taken apart.
        if counts and (counts[0] > MOST_STRIKES or counts[1] > MOST_ENDINGS + MOST_STRIKES):
            text = _reason(counts[0], counts[1], reason)
            self.notes.run(lambda connection: suspects.reject(connection, entry_id, REASON_TYPE, text))
        return True

    def stop(self) -> None:
        """Break off what is being digested apart. It is digested again later."""
        self.stopping.set()
        process = self.process
        if process is not None and process.poll() is None:
            process.terminate()


def ending(status: int) -> str:
    """How a process ended, as text."""
    if status == memory.EXIT_STATUS:
        return f"its memory met LOGSUI_DIGESTER_MEMORY ({settings.LOGSUI_DIGESTER_MEMORY / 2**20:,.0f} MiB)"
    if status < 0:
        return f"it was ended by {signal.Signals(-status).name}"
    return f"exit status {status}"


class Deadline:
    """Kills a process that has said nothing for HANG_SECONDS."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.met = False
        self.heard_at = time.monotonic()
        self.over = threading.Event()

    def reset(self) -> None:
        self.heard_at = time.monotonic()

    def __enter__(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def __exit__(self, *error: object) -> None:
        self.over.set()

    def _watch(self) -> None:
        while not self.over.wait(1.0):
            if time.monotonic() - self.heard_at > HANG_SECONDS:
                self.met = True
                self.process.kill()
                return


def command() -> list[str]:
    """The command that digests suspects in a process of its own."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), "digest", "--suspects"]
