"""Whether the digester's threads get on, however slowly: a long batch is not a standing one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import psutil
from django.db import DatabaseError, InterfaceError, connection

# How long a thread may look idle before the database is asked about it.
IDLE_SECONDS = 10.0
# Whether a session computes for its client, rather than waits for it. Waiting for another session's lock is no fault of
# the client's, and does not end by starting it again.
WORKS = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND state = 'active'"


class WatchedWorker(Protocol):
    """`turns` grows with each batch and rest; `backend_pid` is its session's process at the database, or 0."""

    turns: int
    backend_pid: int

    @property
    def native_id(self) -> int | None: ...

    def is_alive(self) -> bool: ...


class Progress:
    """Looks at the threads of this process; call it from another one than theirs."""

    def __init__(self, workers: Sequence[WatchedWorker]) -> None:
        self.workers = workers
        self.process = psutil.Process()
        self.seen: dict[int, tuple[object, float]] = {}

    def is_made(self) -> bool:
        """Whether each living worker begins batches, computes, or lets the database compute."""
        seconds = {thread.id: thread.user_time + thread.system_time for thread in self.process.threads()}
        return all(
            self.is_moving(number, worker, seconds) or works_in_database(worker.backend_pid)
            for number, worker in enumerate(self.workers)
            if worker.is_alive()
        )

    def is_moving(self, number: int, worker: WatchedWorker, seconds: dict[int, float]) -> bool:
        # Where the system numbers threads in another way, the time of all of them has to do.
        state = (worker.turns, seconds.get(worker.native_id or 0, sum(seconds.values())))
        before, since = self.seen.get(number, (None, 0.0))
        if state != before:
            self.seen[number] = (state, time.monotonic())
            return True
        return time.monotonic() - since < IDLE_SECONDS


def works_in_database(backend_pid: int) -> bool:
    """Asks on this thread's own connection. True while the database is away, too: the worker will notice by itself."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(WORKS, [backend_pid])
            return bool(cursor.fetchone()[0])
    except (DatabaseError, InterfaceError):
        connection.close()
        return True
