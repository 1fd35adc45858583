"""Whose logs a digester takes next. Projects take turns, so that a flood of logs in one does not delay the others.

A batch has logs of one project. Digesters (threads, processes, machines) prefer projects on which no other digester
works; advisory locks tell. Only when no other project waits, they help each other. A helper takes no large bodies, and
gives up waiting for a lock as soon as another project has something. So one project can keep one digester busy for
long, but all others are free for the next project within one batch.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.conf import settings
from django.db import transaction

from sessions_app.storage import inbox
from sessions_app.storage.inbox import Entry
from sessions_app.storage.locks import LOCK_TURN, lock, try_lock

# Claim more than a batch holds: most of it is history, which takes no memory in the batch.
CLAIMED_BATCHES = 4
# How long a digester waits for a lock before it looks for other projects, and how long it then skips this one.
WAIT_MILLISECONDS = 500
LEAVE_SECONDS = 0.25


class GiveWayError(Exception):
    """Others hold what the batch needs, and another project waits: the batch is left for later."""


@dataclass(slots=True)
class Turns:
    """The state of one digester: the project whose turn it was last, and projects to skip, each until some time."""

    latest: int = 0
    _left_until: dict[int, float] = field(default_factory=dict)

    def claim(self, cursor: psycopg.Cursor[Any]) -> list[Entry]:
        """Choose the next project and claim its oldest entries; none when there is nothing to do."""
        busy = []
        for project_id in self._in_turn(cursor):
            if not try_lock(cursor, LOCK_TURN, project_id):
                busy.append(project_id)
            elif entries := self._claim(cursor, project_id, CLAIMED_BATCHES * settings.LOGSUI_DIGEST_BATCH_BYTES):
                return entries
        for project_id in busy:
            most_bytes = settings.LOGSUI_DIGEST_BATCH_BYTES
            if entries := self._claim(cursor, project_id, most_bytes, most_bytes):
                return entries
        return []

    def _in_turn(self, cursor: psycopg.Cursor[Any]) -> list[int]:
        """The projects with something in the inbox, without those to skip, the next one first."""
        found: list[int] = []
        after = self.latest
        while (project_id := inbox.next_project(cursor, after)) is not None and project_id not in found:
            found.append(project_id)
            after = project_id
        return [project_id for project_id in found if self._left_until.get(project_id, 0) <= time.monotonic()]

    def _claim(
        self, cursor: psycopg.Cursor[Any], project_id: int, most_bytes: int, most_each: int = inbox.ANY_SIZE
    ) -> list[Entry]:
        entries = inbox.claim(cursor, project_id, settings.LOGSUI_DIGEST_BATCH_LOGS, most_bytes, most_each)
        if entries:
            self.latest = project_id
            self._left_until.pop(project_id, None)
        return entries

    def again(self) -> None:
        """Let it be the same project's turn again."""
        self.latest -= 1

    def leave(self) -> None:
        """Skip the project for a moment."""
        self._left_until[self.latest] = time.monotonic() + LEAVE_SECONDS

    def rest(self) -> bool:
        """Wait for the skipped projects; False when there are none."""
        until = max(self._left_until.values(), default=0.0)
        self._left_until.clear()
        time.sleep(max(until - time.monotonic(), 0.0))
        return until > 0


def wait_for(cursor: psycopg.Cursor[Any], lock_name: int, project_id: int, *, shared: bool) -> None:
    """Hold a project's lock until the transaction ends. Raises GiveWayError when another project waits meanwhile."""
    if try_lock(cursor, lock_name, project_id, shared=shared):
        return
    while True:
        try:
            with transaction.atomic():
                cursor.execute(f"SET LOCAL lock_timeout = {WAIT_MILLISECONDS}")
                lock(cursor, lock_name, project_id, shared=shared)
                cursor.execute("SET LOCAL lock_timeout = 0")
                return
        except psycopg.errors.LockNotAvailable:
            if inbox.next_project(cursor, project_id) not in (project_id, None):
                raise GiveWayError from None
