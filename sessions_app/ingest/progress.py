"""Whether the digester's threads make progress. A long batch is not a hanging one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import psutil
from django.db import DatabaseError, InterfaceError, connection

# For how long a thread may look idle before the database is asked about it.
IDLE_SECONDS = 10.0
# Whether the database works for a session, or waits for its client. A session that waits for another one's lock
# counts as working: starting its client again would not help.
WORKS = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND state = 'active'"


class WatchedWorker(Protocol):
    """`turns` grows with each batch and each rest. `backend_pid` is the process of its database session, or 0."""

    turns: int
    backend_pid: int

    @property
    def native_id(self) -> int | None: ...

    def is_alive(self) -> bool: ...


class Progress:
    """Watches the threads of this process. Use it in a thread of its own."""

    def __init__(self, workers: Sequence[WatchedWorker]) -> None:
        self.workers = workers
        self.process = psutil.Process()
        self.seen: dict[int, tuple[object, float]] = {}

    def is_made(self) -> bool:
        """Whether each living worker begins batches, uses the CPU, or lets the database work."""
        seconds = {thread.id: thread.user_time + thread.system_time for thread in self.process.threads()}
        return all(
            self.is_moving(number, worker, seconds) or works_in_database(worker.backend_pid)
            for number, worker in enumerate(self.workers)
            if worker.is_alive()
        )

    def is_moving(self, number: int, worker: WatchedWorker, seconds: dict[int, float]) -> bool:
        # Some systems number threads differently; the time of all threads has to do there.
        state = (worker.turns, seconds.get(worker.native_id or 0, sum(seconds.values())))
        before, since = self.seen.get(number, (None, 0.0))
        if state != before:
            self.seen[number] = (state, time.monotonic())
            return True
        return time.monotonic() - since < IDLE_SECONDS


def works_in_database(backend_pid: int) -> bool:
    """Asks on this thread's own connection. True while the database is down: the worker will notice that itself."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(WORKS, [backend_pid])
            return bool(cursor.fetchone()[0])
    except (DatabaseError, InterfaceError):
        connection.close()
        return True
