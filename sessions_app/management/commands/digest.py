"""`manage.py digest`: digest the inbox until stopped, or with `--until-empty` until it is empty."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import time
from dataclasses import asdict
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, connection, connections

from logsui import memory as process_memory
from logsui.launcher import processes
from logsui.launcher.heartbeat import beat
from logsui.launcher.siblings import Siblings
from sessions_app.content import search_text
from sessions_app.ingest.cleanup import forget_bulk_actions
from sessions_app.ingest.digest import Digester, Memory
from sessions_app.ingest.progress import Progress
from sessions_app.ingest.storing import DigestStats
from sessions_app.ingest.suspects import Notes, Warden, command, digest_suspects, is_outage
from sessions_app.pricing import library
from sessions_app.storage.buckets import ensure_current_partitions
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.inbox import CHANNEL

log = logging.getLogger(__name__)

# Notifications wake the loop. Polling finds what they miss, such as entries that another digester released.
POLL_SECONDS = 1.0
MAINTENANCE_SECONDS = 3600.0
RECONNECT_SECONDS = 1.0
SWITCH_SECONDS = 0.000_5
BEAT_SECONDS = 1.0
# A batch holds many objects, hardly any in circles. Python's thresholds (700, 10, 10) look for those all the time.
GC_THRESHOLDS = (20_000, 20, 20)


class Command(BaseCommand):
    help = "Digest accepted logs from the inbox into sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="stop when the inbox is empty")
        parser.add_argument("--suspects", action="store_true", help="only digest what a digester died on, then stop")

    def handle(self, *args: Any, until_empty: bool, suspects: bool, **options: Any) -> None:
        if suspects:
            self.digest_suspects()
            return
        maintain()
        load_tables()
        # Each process has a connection of its own.
        connections.close_all()
        found = Siblings(settings.LOGSUI_DIGEST_PROCESSES, lambda number: asdict(digest(until_empty))).run()
        if until_empty:
            self.stdout.write(summary([DigestStats(**numbers) for numbers in found]))

    def digest_suspects(self) -> None:
        """Runs as a child of the digester, which reads each line of stdout."""
        follow = processes.die_with_parent(signal.SIGKILL, parent=os.getppid())
        if follow is not None:
            follow()
        notes = Notes()
        limit = limited("The digester of suspects", notes)

        def tell(line: str) -> None:
            print(line, flush=True)  # noqa: T201

        try:
            status = digest_suspects(tell, notes)
        except MemoryError:
            limit.end_without_memory()
        sys.exit(status)


def digest(until_empty: bool) -> DigestStats:
    """Digest in this process, in one thread, until it is told to stop or the inbox is empty."""
    notes = Notes()
    limit = limited("The digester", notes)
    warden = Warden(notes, command())
    warden.adopt()
    worker = DigestThread(until_empty, Memory(), notes, 0, limit)

    def stop(number: int, frame: object) -> None:
        warden.stop()
        worker.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    # After each database response, a thread waits for others that compute: 5 ms with Python's default interval.
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*GC_THRESHOLDS)
    warden.start()
    worker.start()
    progress = Progress([worker])
    while worker.is_alive():
        if progress.is_made():
            beat()
        worker.join(BEAT_SECONDS)
    if until_empty:
        warden.digest_until_none_wait()
    warden.stop()
    warden.join()
    notes.close()
    return worker.stats


def load_tables() -> None:
    """Make the tables that reading and pricing need, so that the processes share them."""
    library.load()
    search_text.load()


def limited(name: str, notes: Notes) -> process_memory.MemoryLimit:
    """Limit the memory of this process."""
    limit = process_memory.MemoryLimit(name, "LOGSUI_DIGESTER_MEMORY", settings.LOGSUI_DIGESTER_MEMORY, notes.told)
    # The thread that digests, the main thread, the warden and its helpers.
    limit.start(threads=5)
    return limit


def summary(all_stats: list[DigestStats]) -> str:
    """What all workers did, in one line."""
    total = DigestStats()
    for stats in all_stats:
        total += stats
    return (
        f"{total.bodies} bodies: {total.new} logs new, {total.completed} completed, "
        f"{total.duplicates} repeated, {total.contradicting} contradicting, {total.rejected} rejected"
    )


class DigestThread(threading.Thread):
    """Digests batch after batch. It sleeps while the inbox is empty, and finishes its batch when told to stop."""

    def __init__(
        self, until_empty: bool, memory: Memory, notes: Notes, number: int, limit: process_memory.MemoryLimit
    ) -> None:
        super().__init__()
        self.until_empty = until_empty
        self.stopping = False
        self.stats = DigestStats()
        self.notes, self.number, self.limit = notes, number, limit
        self.digester = Digester(memory, lambda entries: notes.note(number, entries))
        self.maintained_at = time.monotonic()
        self.worked = False
        self.memory = process_memory.Rest(connections.close_all)
        self.blames_batch = False
        # For Progress: how many batches and rests it has begun, and the pid of its database session.
        self.turns = 0
        self.backend_pid = 0

    def run(self) -> None:
        try:
            while not self.stopping:
                try:
                    self.work()
                except MemoryError:
                    self.limit.end_without_memory()
                except Exception as error:
                    self.note_failure(error)
                    connection.close()
                    self.turns += 1
                    time.sleep(RECONNECT_SECONDS)
        finally:
            connection.close()

    def note_failure(self, error: Exception) -> None:
        """A failure must not stop the digester. If the batch may have caused it, it is digested separately."""
        self.blames_batch = not is_outage(error)
        if isinstance(error, (OperationalError, psycopg.OperationalError)):
            log.warning("The database is not available, trying again: %s", error)
        else:
            log.exception("A batch could not be digested")

    def work(self) -> None:
        if self.blames_batch:
            self.notes.accuse(self.number)
            self.blames_batch = False
        with binary_cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        self.backend_pid = connection.connection.info.backend_pid
        while not self.stopping:
            self.turns += 1
            if time.monotonic() - self.maintained_at > MAINTENANCE_SECONDS:
                maintain()
                self.maintained_at = time.monotonic()
            stats = self.digester.digest_batch()
            self.notes.forget(self.number)
            if stats is not None:
                self.stats += stats
                self.worked = True
            elif self.until_empty:
                self.stopping = True
            elif self.rest():
                return
            else:
                # Returns at the first notification, or after POLL_SECONDS.
                next(connection.connection.notifies(timeout=POLL_SECONDS, stop_after=1), None)

    def rest(self) -> bool:
        """Return the memory of the last batches to the system, because one may have been large.

        Both ends of a database session keep buffers of the size of the largest message. Returns whether it was closed
        for that.
        """
        if not self.worked:
            return False
        self.worked = False
        process_memory.return_free_memory()
        return self.memory.after_work()


def maintain() -> None:
    """What is to be done when the digester starts, and every hour."""
    ensure_current_partitions()
    forget_bulk_actions()
