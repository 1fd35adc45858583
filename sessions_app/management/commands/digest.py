"""Digest the inbox: `manage.py digest` runs until it is told to stop, `--until-empty` until nothing waits."""

from __future__ import annotations

import logging
import signal
import time
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, connection

from sessions_app.ingest.digest import Digester, digest_until_empty
from sessions_app.storage.buckets import ensure_current_partitions
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.inbox import CHANNEL

log = logging.getLogger(__name__)

# Notifications wake the loop; the poll is for what they miss, such as entries that another digester let go.
POLL_SECONDS = 1.0
PARTITIONS_SECONDS = 3600.0
RECONNECT_SECONDS = 1.0


class Command(BaseCommand):
    help = "Digest accepted logs from the inbox into sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="stop when nothing waits any more")

    def handle(self, *args: Any, until_empty: bool, **options: Any) -> None:
        if until_empty:
            ensure_current_partitions()
            stats = digest_until_empty()
            self.stdout.write(
                f"{stats.bodies} bodies: {stats.new} logs new, {stats.completed} completed, "
                f"{stats.duplicates} repeated, {stats.rejected} rejected"
            )
            return
        Loop().run()


class Loop:
    """Batch after batch; sleeps while the inbox is empty; finishes its batch when told to stop."""

    def __init__(self) -> None:
        self.stopping = False
        self.digester = Digester()
        self.partitions_at = float("-inf")

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while not self.stopping:
            try:
                self.work()
            except (OperationalError, psycopg.OperationalError) as error:
                log.warning("the database is not there, trying again: %s", error)
                connection.close()
                time.sleep(RECONNECT_SECONDS)

    def stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def work(self) -> None:
        with binary_cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        while not self.stopping:
            if time.monotonic() - self.partitions_at > PARTITIONS_SECONDS:
                ensure_current_partitions()
                self.partitions_at = time.monotonic()
            if self.digester.digest_batch() is None and not self.stopping:
                # An empty generator after POLL_SECONDS, or the first notification at once.
                next(connection.connection.notifies(timeout=POLL_SECONDS, stop_after=1), None)
